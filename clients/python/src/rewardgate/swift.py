"""Reward functions for ms-swift: in a plugin file, `orms["rewardgate"] = RewardGate` (or `AsyncRewardGate`).

Address and panel are those of REWARDGATE_ADDRESS and REWARDGATE_PANEL. ms-swift leaves `None` out of the sum over its reward functions, and so
trains on 0 where there is no other; so a sample without a reward raises, unless the number that stands for it is stated.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from .connection import shared_client
from .errors import RequestError
from .images import Images, column_of_images, with_images
from .item import reference_of
from .result import CandidateResult, required
from .samples import Sample, by_sample, items_of

_ROLES = {"tool_call": "assistant", "tool_response": "tool"}
"""Roles of ms-swift's own, as those of chat APIs."""


class RewardGate:
    """A reward function of ms-swift, blocking.

    Attributes:
        address, panel: set in a subclass to say otherwise than the environment.
        reference: column with the reference answers, for example `solution`.
        images: whether judges are shown the images of prompts, which `omit` leaves out; videos and sounds cannot be shown.
        on_failure: a number that stands for a reward that there is not. Default none: a failure raises.
    """

    address: str | None = None
    panel: str | None = None
    reference: str | None = None
    images: Images = "send"
    on_failure: float | None = None

    def __init__(self, args: Any = None, **_: Any) -> None:
        self.args = args

    def __call__(self, completions: Sequence[str], **columns: Any) -> list[float]:
        """Rewards of completions; `messages` holds each conversation with the completion at its end.

        Raises:
            NoRewardError: a completion has no reward, and no number is stated for it.
            RequestError: there is no column of the name that `reference` says.
        """
        if self.reference is not None and self.reference not in columns:
            # Without their reference, judges that need one would not count, and any answer be as good as the right one.
            named = ", ".join(sorted(columns))
            raise RequestError("REQUEST_INVALID", f"no column {self.reference!r} with the reference answers; the columns are {named}")
        references = [None] * len(completions) if self.reference is None else columns[self.reference]
        samples = [
            Sample(self._prompt(messages[:-1], columns, i), completion, reference_of(reference, f"column {self.reference!r}"))
            for i, (messages, completion, reference) in enumerate(zip(columns["messages"], completions, references, strict=True))
        ]
        items, places = items_of(samples, self.images)
        results = shared_client(self.address, self.panel).score(items)
        return [self._reward(candidate, place) for place, candidate in enumerate(by_sample(results, places))]

    def _prompt(self, messages: Sequence[Mapping[str, Any]], columns: Mapping[str, Any], place: int) -> list[Mapping[str, Any]]:
        """The messages in the roles of chat APIs, with the images of their column where ms-swift's tags stand."""
        messages = [{**message, "role": _ROLES.get(message["role"], message["role"])} for message in messages]
        if self.images == "omit":
            return messages
        for kind in ("videos", "audios"):
            if columns.get(kind) is not None and columns[kind][place]:
                said = f'completion {place} has {kind}, which judges cannot be shown; state images = "omit" to have the text judged alone'
                raise RequestError("REQUEST_INVALID", said)
        images = column_of_images(columns, place)
        return with_images(messages, images, tag="<image>") if images else messages

    def _reward(self, candidate: CandidateResult, place: int) -> float:
        if candidate.reward is None and self.on_failure is not None:
            return self.on_failure
        return required(candidate, f"completion {place}")


class AsyncRewardGate(RewardGate):
    """The same, awaited beside other reward functions."""

    async def __call__(self, completions: Sequence[str], **columns: Any) -> list[float]:  # type: ignore[override]
        return await asyncio.to_thread(super().__call__, completions, **columns)
