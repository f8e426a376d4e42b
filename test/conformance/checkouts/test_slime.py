"""slime's `--rm-type remote_rm` against `/slime` and `/slime:object`."""

import asyncio
import os
import pathlib
import signal
import types

import pytest

RULES = [f"client_under_test.{name}" for name in ("deepscaler", "f1", "gpqa", "math_dapo_utils", "math_utils")]
STOOD_IN = [*RULES, "slime", "slime.utils", "slime.utils.misc", "slime.utils.types"]
PAIRS = [(f"How long do I boil {count} eggs?", answer) for count in range(1, 9) for answer in ("Eight minutes, then cold water.", "Google it.")]


def near(rewards):
    return pytest.approx(rewards, abs=1e-5)


def samples_of(pairs, prompt):
    """As a rollout makes them: with the mark that ended the answer, unless it skips special tokens."""
    return [
        types.SimpleNamespace(prompt=prompt(question), response=f"{answer}<|im_end|>", label=None, metadata={}, custom_rm_path=None)
        for question, answer in pairs
    ]


def ask(slime, url, samples):
    args = types.SimpleNamespace(rm_url=url, rm_type="remote_rm", custom_rm_path=None)

    async def all_of_them():
        rewards = await slime.batched_async_rm(args, samples)
        await slime._get_shared_session().close()
        return rewards

    return asyncio.run(all_of_them())


@pytest.mark.parametrize(
    "prompt",
    [lambda text: [{"role": "user", "content": text}], lambda text: f"<|im_start|>user\n{text}<|im_end|>\n<|im_start|>assistant\n"],
    ids=["messages", "templated"],
)
@pytest.mark.parametrize("form", ["number", "object"])
def test_a_rollout_gets_the_panels_rewards_in_order(module_of, http, rewards_of, prompt, form):
    slime = module_of("slime", STOOD_IN)
    rewards = ask(slime, f"{http}/slime{':object' if form == 'object' else ''}", samples_of(PAIRS, prompt))
    assert [reward["reward"] if form == "object" else reward for reward in rewards] == near(rewards_of(PAIRS))


def test_a_rollout_outlives_a_gateway_that_is_killed_and_comes_back(module_of, http, rewards_of):
    fresh = [(f"{question} Please.", answer) for question, answer in PAIRS]
    expected = rewards_of(fresh)
    slime = module_of("slime", STOOD_IN)
    os.kill(int(pathlib.Path(os.environ["REWARDGATE_TEST_PID_FILE"]).read_text()), signal.SIGKILL)
    assert ask(slime, f"{http}/slime", samples_of(fresh, lambda text: [{"role": "user", "content": text}])) == near(expected)
