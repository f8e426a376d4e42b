"""The books of one stream: what was sent, what was answered, what comes out next."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from typing import Any

from ._chunks import MAX_ITEMS, Entry, checked, entry_of, id_of
from .errors import Failure, RewardGateError, error_of_message
from .item import Item
from .result import CandidateResult, ItemResult
from .retry import Pacer


@dataclass(frozen=True, slots=True)
class _Sent:
    entry: Entry
    since: float


class Book:
    """Items between the caller's iterator and the results, at most `window` of them, whatever happens to the connection.

    Not thread-safe: its user holds a lock.

    Args:
        ordered: whether results come out in the order of the items.
        patience: seconds after which an item's failure is its last, though it may pass.

    Raises:
        ValueError: a window that no item fits into.
    """

    def __init__(self, window: int, ordered: bool, patience: float) -> None:
        if window < 1:
            raise ValueError(f"window: {window}; at least 1 item has to be under way")
        self._window = window
        self._ordered = ordered
        self._patience = patience
        self._sent: dict[str, _Sent] = {}
        self._waiting: dict[int, ItemResult] = {}
        self._ready: list[ItemResult] = []
        self._again: deque[Entry] = deque()
        self._next_in = 0
        self._next_out = 0
        self.exhausted = False
        """Whether the caller's items have ended."""

    @property
    def room(self) -> bool:
        """Whether another item may be admitted: results that wait for an earlier one count as well."""
        return not self.exhausted and len(self._sent) + len(self._waiting) < self._window

    @property
    def idle(self) -> bool:
        """Whether nothing waits for an answer and nothing will."""
        return self.exhausted and not self._sent

    @property
    def done(self) -> bool:
        """Whether every item has come out."""
        return self.idle and not self._waiting and not self._ready

    @property
    def repeats(self) -> bool:
        """Whether an item is to be sent once more."""
        return bool(self._again)

    def admit(self, item: Item) -> Entry:
        """A new item, to be sent."""
        entry = entry_of(self._next_in, item)
        self._next_in += 1
        self._sent[str(entry.place)] = _Sent(entry, time.monotonic())
        return entry

    def unanswered(self) -> list[Entry]:
        """What a new connection has to be sent first, in order."""
        self._again.clear()
        return [sent.entry for sent in self._sent.values()]

    def waited(self, since: float) -> float:
        """Seconds for which something has waited for an answer, counted from `since` at the earliest; 0 where nothing waits."""
        oldest = next(iter(self._sent.values()), None)
        return 0.0 if oldest is None else time.monotonic() - max(since, oldest.since)

    def entry(self, key: str) -> Entry | None:
        """The item of an answer; None when nobody waits for one."""
        sent = self._sent.get(key)
        return sent.entry if sent else None

    def patient(self, entry: Entry) -> bool:
        """Whether the item has time for another try."""
        return time.monotonic() - self._sent[str(entry.place)].since < self._patience

    def again(self, entry: Entry) -> None:
        """The item is to be sent once more."""
        self._again.append(entry)

    def take_again(self) -> Entry:
        """The next item to be sent once more."""
        return self._again.popleft()

    def settle(self, entry: Entry, result: ItemResult) -> None:
        """The last result of an item."""
        del self._sent[str(entry.place)]
        if not self._ordered:
            self._ready.append(result)
            return
        self._waiting[entry.place] = result
        while self._next_out in self._waiting:
            self._ready.append(self._waiting.pop(self._next_out))
            self._next_out += 1

    def take_ready(self) -> list[ItemResult]:
        """What comes out now."""
        ready, self._ready = self._ready, []
        return ready


def settle(book: Book, pacer: Pacer, response: Any) -> None:
    """Enters one answer of a stream: the last result of its item, or that the item goes out again."""
    entry = book.entry(response.id)
    if entry is None:
        return
    retry_after = None
    if response.WhichOneof("outcome") == "error":
        error = error_of_message(response.error)
        retry_after = error.retry_after
        result = _failed(entry, error)
    else:
        try:
            result = checked(entry, response.result, response.panel_revision)
        except ValueError as wrong:
            result = _failed(entry, RewardGateError("ANSWER_INVALID", str(wrong)))
    # Items of a stream fail together as those of a call do: were each to cost what a call costs, a judge that is away for a moment would
    # take the budget with the first of a window, and the rest would come out without a reward.
    if result.retryable and book.patient(entry) and pacer.failed(retry_after, 1 / MAX_ITEMS):
        book.again(entry)
        return
    if not result.retryable:
        pacer.succeeded()
    book.settle(entry, result)


def _failed(entry: Entry, error: RewardGateError) -> ItemResult:
    """An item that was refused or failed as a whole: every candidate failed, none has a number."""
    failure = Failure(error.reason, error.message, error.retryable)
    candidate = CandidateResult("failed", None, failure, [], None, [])
    return ItemResult(id_of(entry), [candidate] * len(entry.item.candidates), "", None)
