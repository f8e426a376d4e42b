"""ROLL's remote reward system against `/roll` and `/roll:result`."""

import pytest

STOOD_IN = ["torch", "codetiming", "roll", "roll.configs", "roll.configs.worker_config", "roll.distributed", "roll.distributed.executor"]
STOOD_IN += ["roll.distributed.executor.worker", "roll.distributed.scheduler", "roll.distributed.scheduler.decorator"]
STOOD_IN += ["roll.distributed.scheduler.protocol", "roll.models", "roll.models.model_providers", "roll.utils", "roll.utils.logging"]
PAIRS = [(f"How long do I boil {count} eggs?", answer) for count in (1, 2, 3) for answer in ("Eight minutes, then cold water.", "Google it.")]


@pytest.fixture
def handler_of(module_of, http):
    def make(timeout):
        addresses = {"submit_url": f"{http}/roll", "get_result_url": f"{http}/roll:result"}
        return module_of("ROLL", STOOD_IN).RewardSystemHandler(addresses, [{"plugin_name": "any"}], timeout)

    return make


def test_samples_are_submitted_and_their_rewards_fetched_in_order(handler_of, rewards_of):
    rows = [["project", "experiment", 0, str(place), "0", {"ground_truth": None}, *pair] for place, pair in enumerate(PAIRS)]
    assert handler_of(60).multi_thread_request_reward_system(rows) == pytest.approx(rewards_of(PAIRS), abs=1e-5)


def test_prompts_are_judged_as_the_messages_that_the_worker_decodes_without_special_tokens(handler_of, rewards_of):
    rows = [
        ["project", "experiment", 0, str(place), "0", {"ground_truth": None}, f"user\n{prompt}\nassistant\n", answer]
        for place, (prompt, answer) in enumerate(PAIRS)
    ]
    assert handler_of(60).multi_thread_request_reward_system(rows) == pytest.approx(rewards_of(PAIRS), abs=1e-5)


def test_a_failed_judgement_has_no_score_for_which_the_client_asks_until_its_time_is_over(handler_of):
    score, dimensions = handler_of(3).get_reward("Say something long.", "word " * 20_000, {}, "0", "0")
    assert (score, dimensions) == (None, None)
