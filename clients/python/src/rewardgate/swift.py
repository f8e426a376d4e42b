"""Reward functions for ms-swift: in a plugin file, `orms["rewardgate"] = RewardGate` (or `AsyncRewardGate`).

Address and panel are those of REWARDGATE_ADDRESS and REWARDGATE_PANEL. A sample without a reward gets `None`, which ms-swift masks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from .connection import shared_client
from .samples import Sample, by_sample, items_of


class RewardGate:
    """A reward function of ms-swift, blocking.

    Attributes:
        address, panel: set in a subclass to say otherwise than the environment.
        reference: column with the reference answers, for example `solution`.
    """

    address: str | None = None
    panel: str | None = None
    reference: str | None = None

    def __init__(self, args: Any = None, **_: Any) -> None:
        self.args = args

    def __call__(self, completions: Sequence[str], **columns: Any) -> list[float | None]:
        """Rewards of completions; `messages` holds each conversation with the completion at its end."""
        references = columns.get(self.reference or "") or [None] * len(completions)
        samples = [
            Sample(list(messages[:-1]), completion, None if reference is None else str(reference))
            for messages, completion, reference in zip(columns["messages"], completions, references, strict=True)
        ]
        items, places = items_of(samples)
        results = shared_client(self.address, self.panel).score(items)
        return [candidate.reward for candidate in by_sample(results, places)]


class AsyncRewardGate(RewardGate):
    """The same, awaited beside other reward functions."""

    async def __call__(self, completions: Sequence[str], **columns: Any) -> list[float | None]:  # type: ignore[override]
        return await asyncio.to_thread(super().__call__, completions, **columns)
