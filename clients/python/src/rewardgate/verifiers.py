"""A group reward function for rubrics of verifiers: `vf.Rubric(funcs=[group_reward(panel="chat")])`.

A rubric makes a 0 of an exception, so a rollout without a reward is marked as an error in its state and gets NaN, which nobody takes for
a score.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from .connection import shared_client
from .errors import NoRewardError, RewardGateError
from .images import Images
from .result import CandidateResult, required
from .retry import Retry
from .samples import Sample, by_sample, items_of


def group_reward(
    address: str | None = None, *, panel: str | None = None, reference: bool = True, images: Images = "send", retry: Retry | None = None
) -> Callable[..., Awaitable[list[float]]]:
    """A reward function over the rollouts of a group.

    Args:
        images: whether judges are shown the images of prompts, which `omit` leaves out.
        reference: whether the answers are reference answers.
        retry: how long a group waits for a gateway that is away.
    """

    async def rewardgate(
        prompts: Sequence[Any], completions: Sequence[Any], answers: Sequence[Any], states: Sequence[dict[str, Any]]
    ) -> list[float]:
        samples = [
            Sample(prompt, completion, answer if reference and isinstance(answer, str) and answer else None)
            for prompt, completion, answer in zip(prompts, completions, answers, strict=True)
        ]
        try:
            items, places = items_of(samples, images)
            results = await asyncio.to_thread(shared_client(address, panel, retry=retry).score, items)
        except RewardGateError as error:
            for state in states:
                state["error"] = error
            return [float("nan")] * len(states)
        return [_reward(candidate, state) for candidate, state in zip(by_sample(results, places), states, strict=True)]

    return rewardgate


def _reward(candidate: CandidateResult, state: dict[str, Any]) -> float:
    try:
        return required(candidate, "rollout")
    except NoRewardError as error:
        state["error"] = error
        return float("nan")
