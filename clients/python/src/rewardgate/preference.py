"""Comparing candidates of one prompt by their rewards."""

from __future__ import annotations

from dataclasses import dataclass

from .result import CandidateResult, ItemResult, required


@dataclass(frozen=True, slots=True)
class Comparison:
    """Which of two candidates is better."""

    better: int | None
    """0 or 1; None for a tie."""
    margin: float
    """Reward of the first less that of the second, in the panel's score space."""
    first: CandidateResult
    second: CandidateResult


def comparison_of(result: ItemResult) -> Comparison:
    """The comparison of an item with two candidates.

    Raises:
        NoRewardError: one of them has no reward.
    """
    a, b = result.require_rewards()
    return Comparison(None if a == b else int(b > a), a - b, result.candidates[0], result.candidates[1])


def ranking_of(result: ItemResult) -> list[int]:
    """Places of the candidates, best first; equal rewards keep their order.

    Raises:
        NoRewardError: one of them has no reward.
    """
    rewards = result.require_rewards()
    return sorted(range(len(rewards)), key=lambda place: -rewards[place])


def best_of(result: ItemResult) -> int:
    """Place of the best candidate among those that have a reward, the first of equals.

    Raises:
        NoRewardError: none has.
    """
    rewarded = [(reward, -place) for place, reward in enumerate(result.rewards) if reward is not None]
    if not rewarded:
        required(result.candidates[0], f"item {result.id}, candidate 0")
    return -max(rewarded)[1]
