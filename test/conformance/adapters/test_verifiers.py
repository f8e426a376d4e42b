"""`rewardgate.verifiers` in a rubric of verifiers, whose rubrics ended with 0.4."""

import asyncio
import math

import pytest
from conftest import LONG, PAIRS

import rewardgate.verifiers
from rewardgate import NoRewardError

ROOTS = {"0.1.14": "verifiers", "0.3.1": "verifiers.legacy"}


@pytest.fixture(params=ROOTS)
def rubric(request, package):
    root = ROOTS[request.param]
    bare = ["verifiers", root, f"{root}.rubrics", f"{root}.utils"]
    stood_in = [f"{root}.{name}" for name in ("types", "utils.error_utils", "utils.logging_utils")]
    return package(f"verifiers=={request.param}", f"{root}.rubrics.rubric", bare, stood_in).Rubric


def states_of(pairs):
    return [
        {"prompt": [{"role": "user", "content": p}], "completion": [{"role": "assistant", "content": r}], "answer": "", "task": "t", "trajectory": []}
        for p, r in pairs
    ]


def test_a_group_gets_the_panels_rewards_and_the_rubrics_advantages(rubric, address, rewards_of):
    states = states_of(PAIRS)
    asyncio.run(rubric(funcs=[rewardgate.verifiers.group_reward(address, panel="chat")]).score_group(states))
    rewards = rewards_of(PAIRS)
    assert [state["reward"] for state in states] == pytest.approx(rewards, abs=1e-5)
    mean = sum(rewards) / len(rewards)
    assert [state["advantage"] for state in states] == pytest.approx([reward - mean for reward in rewards], abs=1e-5)
    assert [state["metrics"]["rewardgate"] for state in states] == pytest.approx(rewards, abs=1e-5)


def test_a_rollout_without_a_reward_is_an_error_and_no_number(rubric, address, rewards_of):
    states = states_of([PAIRS[0], LONG])
    asyncio.run(rubric(funcs=[rewardgate.verifiers.group_reward(address, panel="chat")]).score_group(states))
    assert states[0]["reward"] == pytest.approx(rewards_of(PAIRS[:1])[0], abs=1e-5) and "error" not in states[0]
    assert math.isnan(states[1]["reward"]) and isinstance(states[1]["error"], NoRewardError)
