"""Reward functions for ms-swift: in a plugin file, `orms["rewardgate"] = RewardGate` (or `AsyncRewardGate`).

Address and panel are those of REWARDGATE_ADDRESS and REWARDGATE_PANEL. ms-swift leaves `None` out of the sum over its reward functions, and so
trains on 0 where there is no other; so a sample without a reward raises, unless the number that stands for it is stated.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from .connection import shared_client
from .errors import RequestError
from .result import CandidateResult, required
from .samples import Sample, by_sample, items_of


class RewardGate:
    """A reward function of ms-swift, blocking.

    Attributes:
        address, panel: set in a subclass to say otherwise than the environment.
        reference: column with the reference answers, for example `solution`.
        on_failure: a number that stands for a reward that there is not. Default none: a failure raises.
    """

    address: str | None = None
    panel: str | None = None
    reference: str | None = None
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
            Sample(list(messages[:-1]), completion, None if reference is None else str(reference))
            for messages, completion, reference in zip(columns["messages"], completions, references, strict=True)
        ]
        items, places = items_of(samples)
        results = shared_client(self.address, self.panel).score(items)
        return [self._reward(candidate, place) for place, candidate in enumerate(by_sample(results, places))]

    def _reward(self, candidate: CandidateResult, place: int) -> float:
        if candidate.reward is None and self.on_failure is not None:
            return self.on_failure
        return required(candidate, f"completion {place}")


class AsyncRewardGate(RewardGate):
    """The same, awaited beside other reward functions."""

    async def __call__(self, completions: Sequence[str], **columns: Any) -> list[float]:  # type: ignore[override]
        return await asyncio.to_thread(super().__call__, completions, **columns)
