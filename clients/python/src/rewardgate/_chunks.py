"""How items become calls, and answers items again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from . import _wire
from .errors import RewardGateError
from .item import Item, Options, item_to_wire, options_to_wire
from .result import ItemResult, result_from_wire

MAX_ITEMS = 256
MAX_CANDIDATES = 1024
MAX_BYTES = 2 << 20
"""The gateway takes messages of 4 MiB; an item that is larger goes alone and is refused by name."""

_CANDIDATES = re.compile(r"items\[\d+\]\.candidates")


@dataclass(slots=True)
class Limits:
    """What one call holds: what any gateway takes unless it is set to take less, and then what it said when it refused a call."""

    items: int = MAX_ITEMS
    candidates: int = MAX_CANDIDATES
    size: int = MAX_BYTES
    """Bytes of the items."""

    def learn(self, refusal: RewardGateError) -> None:
        """Takes the limit that a refused call passed, where it is one of calls and not of one text."""
        if refusal.reason != "TOO_LARGE" or refusal.limit is None:
            return
        if refusal.field is None:
            # Of the message, which holds more than the items.
            self.size = min(self.size, refusal.limit // 2)
        elif refusal.field == "items":
            self.items = min(self.items, refusal.limit)
        elif _CANDIDATES.fullmatch(refusal.field):
            self.candidates = min(self.candidates, refusal.limit)


@dataclass(slots=True)
class Entry:
    """An item on its way: its place among the caller's items, and its message, whose id is that place."""

    place: int
    item: Item
    message: Any


def entry_of(place: int, item: Item) -> Entry:
    """The item at its place."""
    return Entry(place, item, item_to_wire(item, str(place)))


def id_of(entry: Entry) -> str:
    """The id under which the caller knows the item."""
    return entry.item.id or str(entry.place)


def chunks_of(items: Iterable[Item], limits: Limits) -> Iterator[list[Entry]]:
    """Entries in calls that the gateway takes, in order; every item in exactly one."""
    return parted((entry_of(place, item) for place, item in enumerate(items)), limits)


def parted(entries: Iterable[Entry], limits: Limits) -> Iterator[list[Entry]]:
    """The same of entries."""
    chunk: list[Entry] = []
    candidates = size = 0
    for entry in entries:
        more = len(entry.item.candidates) + len(entry.item.baselines)
        bytes_more = entry.message.ByteSize()
        full = len(chunk) >= limits.items or candidates + more > limits.candidates or size + bytes_more > limits.size
        if chunk and full:
            yield chunk
            chunk, candidates, size = [], 0, 0
        chunk.append(entry)
        candidates += more
        size += bytes_more
    if chunk:
        yield chunk


def request_of(entries: Sequence[Entry], panel: str, options: Options, timeout: float) -> Any:
    """The unary call for some entries."""
    request = _wire.ScoreRequest(panel=panel, items=[entry.message for entry in entries], options=options_to_wire(options, timeout))
    fill_run(request, options)
    return request


def stream_frame_of(panel: str, options: Options, timeout: float) -> Any:
    """What all messages of a stream say beside their items. Made before the stream, since what is wrong with it is for the caller to hear:
    in the midst of one gRPC would make a broken connection of it, which is tried again."""
    frame = _wire.ScoreStreamRequest(panel=panel, options=options_to_wire(options, timeout))
    fill_run(frame, options)
    return frame


def stream_request_of(entry: Entry, frame: Any) -> Any:
    """The message of a stream for one entry."""
    request = _wire.ScoreStreamRequest(item=entry.message)
    request.MergeFrom(frame)
    return request


def fill_run(request: Any, options: Options) -> None:
    """Says which training run a request belongs to."""
    for name in ("run", "step", "policy_version"):
        value = getattr(options, name)
        if value is not None:
            setattr(request, name, value)


def results_of(entries: Sequence[Entry], response: Any) -> list[ItemResult]:
    """The results of a unary call, matched by id, in the order of the entries.

    Raises:
        ValueError: the answer is not about these items.
    """
    by_id = {result.id: result for result in response.results}
    if len(by_id) != len(entries) or len(response.results) != len(entries):
        raise ValueError(f"the gateway answered {len(response.results)} results for {len(entries)} items")
    return [checked(entry, by_id[str(entry.place)], response.panel_revision) for entry in entries]


def checked(entry: Entry, message: Any, panel_revision: str) -> ItemResult:
    """The result of an entry, which must have one answer per candidate.

    Raises:
        ValueError: it has not.
    """
    if len(message.candidates) != len(entry.item.candidates):
        raise ValueError(f"the gateway answered {len(message.candidates)} candidates for {len(entry.item.candidates)}")
    return result_from_wire(message, id_of(entry), panel_revision)
