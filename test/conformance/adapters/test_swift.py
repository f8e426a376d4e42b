"""`rewardgate.swift` as ms-swift's GRPO trainers call a reward function."""

import types

import pytest
from conftest import LONG, PAIRS

import rewardgate.swift
from rewardgate import NoRewardError


def samples_of(pairs):
    def sample(prompt, response):
        messages = [{"role": "user", "content": prompt}, {"role": "assistant", "content": response}]
        return types.SimpleNamespace(messages=messages, to_reward_row=lambda: {"messages": messages, "solution": "8"})

    return [sample(*pair) for pair in pairs]


def scored(swift, function, pairs):
    rewards = swift.score_completions(samples_of(pairs), [function], None, use_gym_env=False, device=None, trainer_state=object())
    return rewards[:, 0].tolist()


@pytest.mark.parametrize("kind", [rewardgate.swift.RewardGate, rewardgate.swift.AsyncRewardGate])
def test_samples_get_the_panels_rewards_in_order(swift, address, rewards_of, kind):
    function = type("Mine", (kind,), {"address": address, "panel": "chat", "reference": "solution"})(args=None)
    assert scored(swift, function, PAIRS) == pytest.approx(rewards_of(PAIRS), abs=1e-5)


@pytest.mark.parametrize("kind", [rewardgate.swift.RewardGate, rewardgate.swift.AsyncRewardGate])
def test_a_failure_ends_the_step_unless_a_number_was_stated(swift, address, kind):
    function = type("Mine", (kind,), {"address": address, "panel": "chat"})(args=None)
    with pytest.raises(NoRewardError, match="completion 1"):
        scored(swift, function, [PAIRS[0], LONG])
    function.on_failure = -1.0
    assert scored(swift, function, [PAIRS[0], LONG])[1] == -1
