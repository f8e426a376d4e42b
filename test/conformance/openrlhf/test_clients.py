"""OpenRLHF's remote reward clients, old and new, against POST /get_reward of the configuration that ships, and with `rewardgate.openrlhf`."""

import asyncio
import os
import types

import pytest

import rewardgate.openrlhf

PAIRS = [(f"How long do I boil {count} eggs?", answer) for count in (1, 2, 3) for answer in ("Eight minutes, then cold water.", "Google it.")]
PROMPTS = [f"<|im_start|>user\n{prompt}<|im_end|>\n<|im_start|>assistant\n" for prompt, _ in PAIRS]
QUERIES = [f"{prompt}{answer}<|im_end|>\n" for prompt, (_, answer) in zip(PROMPTS, PAIRS, strict=True)]
LABELS = [None, "8", *[None] * 4]


def near(rewards):
    return pytest.approx(rewards, abs=1e-5)


def test_the_oldest_client_that_sends_queries_alone_gets_the_panels_rewards(client_code, url, rewards_of):
    old = client_code("0.5.7", "remote_rm_utils")
    assert old.remote_rm_fn(url, QUERIES) == near(rewards_of(PAIRS))


@pytest.mark.parametrize("addresses", [1, 2, 4])
def test_the_old_client_splits_a_rollout_over_its_addresses_and_joins_it_in_order(client_code, url, rewards_of, addresses):
    old = client_code("0.9.0", "remote_rm_utils")
    model = old.RemoteRewardModel.remote(types.SimpleNamespace(), [url] * addresses)
    answers = model.get_rewards.remote(QUERIES, PROMPTS, LABELS)
    assert len(answers) == addresses
    for key in ("rewards", "scores"):
        assert [number for answer in answers for number in answer[key]] == near(rewards_of(PAIRS))
    # The trainer takes the keys of the first answer for all of them.
    assert {tuple(answer["extra_logs"]) for answer in answers} == {("rm_failed",)}
    assert [number for answer in answers for number in answer["extra_logs"]["rm_failed"]] == [0] * len(PAIRS)


def test_the_old_client_is_told_of_a_failure_by_an_error(client_code, url):
    old = client_code("0.9.0", "remote_rm_utils")
    model = old.RemoteRewardModel.remote(types.SimpleNamespace(), url)
    with pytest.raises(Exception, match="Request error for 5 times"):
        model.get_rewards.remote(["of another prompt"], PROMPTS[:1], [None])


@pytest.mark.parametrize("version", ["0.9.10", "0.11.0", "0.11.2"])
@pytest.mark.parametrize("addresses", [1, 3])
def test_a_newer_client_asks_for_one_sample_at_a_time(client_code, url, rewards_of, version, addresses):
    executor = client_code(version, "agent").SingleTurnAgentExecutor([url] * addresses)

    async def ask():
        calls = [executor._fetch_rewards_via_http([q], [p], [label]) for q, p, label in zip(QUERIES, PROMPTS, LABELS, strict=True)]
        return await asyncio.gather(*calls)

    answers = [every[0] for every in asyncio.run(ask())]
    assert [answer["rewards"][0] for answer in answers] == near(rewards_of(PAIRS))
    assert {tuple(answer["extra_logs"]) for answer in answers} == {("rm_failed",)}


class Words:
    """As much of a tokenizer as the executor asks of one: a token is a character."""

    def __call__(self, text, **_):
        ids = types.SimpleNamespace(tolist=lambda: [ord(letter) for letter in text])
        return {"input_ids": [ids]}

    def decode(self, ids, **_):
        return "".join(map(chr, ids))


class Engine:
    """An engine that always writes the same."""

    def __init__(self, text):
        self._text = text

    async def generate(self, *_, **__):
        tokens = [ord(letter) for letter in self._text]
        return types.SimpleNamespace(outputs=[types.SimpleNamespace(token_ids=tokens, finish_reason="stop", logprobs=None)])


@pytest.mark.parametrize("version", ["0.11.0", "0.11.2"])
def test_a_finished_rollout_of_the_newest_executor_carries_the_reward(client_code, url, rewards_of, version):
    executor = client_code(version, "agent").SingleTurnAgentExecutor(url)
    sampling = types.SimpleNamespace(max_tokens=64, logprobs=None)

    async def roll(prompt, answer):
        return await executor.execute(prompt, None, sampling, 1024, Words(), Engine(answer))

    (output,) = [asyncio.run(roll(PROMPTS[0], PAIRS[0][1] + "<|im_end|>"))]
    assert output["reward"] == output["scores"] == near(rewards_of(PAIRS[:1]))
    assert output["extra_logs"] == {"rm_failed": [0]}


def test_the_newest_executor_swallows_a_failure_and_has_no_reward(client_code, url):
    executor = client_code("0.11.2", "agent").SingleTurnAgentExecutor(url.replace("/get_reward", "/elsewhere"))
    sampling = types.SimpleNamespace(max_tokens=64, logprobs=None)
    output = asyncio.run(executor.execute(PROMPTS[0], None, sampling, 1024, Words(), Engine("8")))
    assert output["reward"] is None and output["scores"] is None


@pytest.fixture
def file_of_the_client(monkeypatch):
    """The file with a reward function that OpenRLHF loads, and its settings."""
    monkeypatch.setenv("REWARDGATE_ADDRESS", os.environ["REWARDGATE_TEST_GRPC"])
    monkeypatch.setenv("REWARDGATE_PANEL", "chat")
    return rewardgate.openrlhf.__file__


def test_the_old_client_loads_the_function_from_its_file_and_calls_it_with_chunks(client_code, file_of_the_client, rewards_of):
    old = client_code("0.9.0", "remote_rm_utils")
    model = old.RemoteRewardModel.remote(types.SimpleNamespace(micro_rollout_batch_size=4), file_of_the_client)
    answers = model.get_rewards.remote(QUERIES, PROMPTS, LABELS)
    for key in ("rewards", "scores"):
        assert [number for answer in answers for number in answer[key]] == near(rewards_of(PAIRS))
    # The trainer takes the keys of the first answer for all of them.
    (members,) = {tuple(answer["extra_logs"]) for answer in answers}
    assert all(len(answer["extra_logs"][member]) == len(answer["rewards"]) for answer in answers for member in members)


@pytest.mark.parametrize("version", ["0.9.10", "0.11.0", "0.11.2"])
def test_a_newer_executor_loads_the_function_from_its_file(client_code, file_of_the_client, rewards_of, version):
    executor = client_code(version, "agent").SingleTurnAgentExecutor(file_of_the_client)
    answers = [asyncio.run(executor._fetch_rewards_via_func([q], [p], [None]))[0] for q, p in zip(QUERIES, PROMPTS, strict=True)]
    assert [answer["rewards"][0] for answer in answers] == near(rewards_of(PAIRS))
