"""Reward functions for verl: `reward.custom_reward_function.path` is `pkg://rewardgate.verl` or this file, `name` one of its functions.

verl loads a file outside its package, so nothing here is imported relative to it.

What a function needs to know comes as `reward_kwargs`: `address`, `panel`, and where the prompt is. Every answer has the same keys, since
verl takes those of the first sample for all: `score`, `rewardgate_failed`, and `rewardgate_<member>` for each member that counts and is asked
about every sample, which `algorithm.gdpo_reward_keys` may name.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Mapping, Sequence
from typing import Any

from rewardgate.connection import counting_members, shared_client
from rewardgate.errors import RequestError
from rewardgate.images import Images
from rewardgate.item import Prompt, labels_of
from rewardgate.result import CandidateResult, required
from rewardgate.samples import Sample, by_sample, items_of, label_of, score_of

PROMPT_KEYS = ("prompt", "raw_prompt", "question")


def compute_score(
    data_source: str,
    solution_str: str,
    ground_truth: Any,
    extra_info: Mapping[str, Any] | None = None,
    **kwargs: Any,
) -> dict[str, float]:
    """The reward of one sample, and each member's score.

    Args:
        data_source: goes along as the label `data_source`.
        ground_truth: the reference answer, where it is text or a number.
        extra_info: holds the prompt, as text or messages.
        kwargs: `address`, `panel` (default REWARDGATE_ADDRESS, REWARDGATE_PANEL), `prompt_key`, `images` (`omit` leaves those of
            prompts out), and `on_failure`: a number that stands for a reward that there is not, with `rewardgate_failed` 1; without it a failure
            raises, which verl does not take for a reward.

    Raises:
        NoRewardError: the sample has no reward, or a member that counts no score.
        RequestError: there is no prompt.
    """
    return compute_score_batch([data_source], [solution_str], [ground_truth], [extra_info or {}], **kwargs)[0]


async def compute_score_async(
    data_source: str, solution_str: str, ground_truth: Any, extra_info: Mapping[str, Any] | None = None, **kwargs: Any
) -> dict[str, float]:
    """As `compute_score`, for reward loops that await."""
    return await asyncio.to_thread(compute_score, data_source, solution_str, ground_truth, extra_info, **kwargs)


def compute_score_batch(
    data_sources: Sequence[str],
    solution_strs: Sequence[str],
    ground_truths: Sequence[Any],
    extra_infos: Sequence[Mapping[str, Any]],
    *,
    address: str | None = None,
    panel: str | None = None,
    prompt_key: str | None = None,
    images: Images = "send",
    on_failure: float | None = None,
    **_: Any,
) -> list[dict[str, float]]:
    """The form of the manager `batch`, which verl had up to 0.6: neighbouring samples of one prompt are one group; otherwise as `compute_score`."""
    client = shared_client(address, panel)
    samples = [
        Sample(_prompt_of(info, prompt_key), text, label_of(truth), tuple(labels_of({"data_source": source}).items()))
        for source, text, truth, info in zip(data_sources, solution_strs, ground_truths, extra_infos, strict=True)
    ]
    items, places = items_of(samples, images)
    members = _counting(address, panel)
    return [_answer(candidate, members, on_failure) for candidate in by_sample(client.score(items), places)]


def _answer(candidate: CandidateResult, members: Sequence[str], on_failure: float | None) -> dict[str, float]:
    scores = {member: score_of(candidate, member) for member in members}
    failed = candidate.reward is None or None in scores.values()
    if failed and on_failure is None:
        required(candidate, "sample")
        lacking = next(member for member, score in scores.items() if score is None)
        raise RequestError("PANEL_INCOMPLETE", f"member {lacking} has no score; state on_failure to go on without", retryable=True)
    fallback = 0.0 if on_failure is None else on_failure
    answer = {"score": fallback if candidate.reward is None else candidate.reward, "rewardgate_failed": float(failed)}
    for member, score in scores.items():
        answer[f"rewardgate_{member}"] = fallback if score is None else score
    return answer


@functools.lru_cache
def _counting(address: str | None, panel: str | None) -> tuple[str, ...]:
    """Names of the panel's members that count and are asked about every sample, asked for once."""
    return tuple(counting_members(shared_client(address, panel), later_stages=False))


def _prompt_of(info: Mapping[str, Any], key: str | None) -> Prompt:
    for name in (key,) if key is not None else PROMPT_KEYS:
        value = info.get(name)
        if isinstance(value, str):
            return value
        # Datasets of messages come as lists or as arrays of objects.
        if value is not None and len(value) > 0:
            return list(value)
    wanted = key or " or ".join(PROMPT_KEYS)
    raise RequestError("REQUEST_INVALID", f"extra_info has no {wanted}, and a panel judges a response to a prompt; state prompt_key")
