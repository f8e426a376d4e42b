"""How items become calls, and answers items again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from . import _wire
from .item import Item, Options, item_to_wire, options_to_wire
from .result import ItemResult, result_from_wire

MAX_ITEMS = 256
MAX_CANDIDATES = 1024
MAX_BYTES = 2 << 20
"""The gateway takes messages of 4 MiB; an item that is larger goes alone and is refused by name."""


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


def chunks_of(items: Iterable[Item]) -> Iterator[list[Entry]]:
    """Entries in calls that the gateway takes, in order; every item in exactly one."""
    chunk: list[Entry] = []
    candidates = size = 0
    for place, item in enumerate(items):
        entry = entry_of(place, item)
        more = len(item.candidates) + len(item.baselines)
        bytes_more = entry.message.ByteSize()
        full = len(chunk) >= MAX_ITEMS or candidates + more > MAX_CANDIDATES or size + bytes_more > MAX_BYTES
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
