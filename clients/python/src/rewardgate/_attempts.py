"""The course of one call over several tries: what is still open, what was won, when to stop."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from typing import Any

import grpc

from ._chunks import Entry, Limits, parted, results_of
from .errors import RewardGateError, UnavailableError, error_of_call, renumbered
from .result import ItemResult
from .retry import Pacer, Retry


class Attempts:
    """Entries of one unary call until each has its last result; of several, one after the other, where the gateway refuses the one as too large.

    Used in a loop: `timeout()` before a try, then `answered` or `failed`, until `done`.
    """

    def __init__(self, entries: Sequence[Entry], limits: Limits, retry: Retry, pacer: Pacer, deadline: float) -> None:
        self._entries = entries
        self._limits = limits
        self._retry = retry
        self._pacer = pacer
        self._deadline = deadline
        self._results: dict[int, ItemResult] = {}
        self._later = deque(parted(entries, limits))
        self.open: list[Entry] = self._later.popleft()
        """Entries of the next try, without a last result."""

    @property
    def done(self) -> bool:
        return not self.open

    def wait(self) -> float:
        """Seconds to wait before the next try.

        Raises:
            UnavailableError: the call's time would be over.
        """
        seconds = self._pacer.wait_seconds()
        if time.monotonic() + seconds >= self._deadline:
            raise self._gave_up(UnavailableError("DEADLINE_EXCEEDED", "the call's time is over", retryable=True))
        return seconds

    def timeout(self) -> float:
        """Seconds that the next try may take."""
        return max(0.001, min(self._retry.attempt_timeout, self._deadline - time.monotonic()))

    def answered(self, response: Any) -> None:
        """Takes what came back. Items with a candidate that failed in a way that may pass stay open while there is time and budget."""
        again = []
        try:
            results = results_of(self.open, response)
        except ValueError as error:
            raise self._gave_up(RewardGateError("ANSWER_INVALID", str(error))) from None
        for entry, result in zip(self.open, results, strict=True):
            self._results[entry.place] = result
            if result.retryable:
                again.append(entry)
        if not again:
            self._pacer.succeeded()
        elif not self._pacer.failed() or time.monotonic() + self._pacer.wait_seconds() >= self._deadline:
            again = []
        self._go_on(again)

    def failed(self, error: grpc.RpcError) -> None:
        """Takes the failure of a try.

        Raises:
            RewardGateError: another try makes no sense, or there is no time or budget for one.
        """
        told = error_of_call(error)
        if told.reason == "TOO_LARGE":
            self._limits.learn(told)
            parts = list(parted(self.open, self._limits))
            if len(parts) > 1:
                self._later.extendleft(reversed(parts))
                self._go_on([])
                return
        if not told.retryable:
            raise self._gave_up(told) from None
        if not self._pacer.failed(told.retry_after) or time.monotonic() + self._pacer.wait_seconds() >= self._deadline:
            # What an earlier try of the same call answered stands.
            if all(entry.place in self._results for entry in self.open):
                self._go_on([])
                return
            raise self._gave_up(told) from None

    def results(self) -> list[ItemResult]:
        """Last result of every entry, in order."""
        return [self._results[entry.place] for entry in self._entries]

    def _go_on(self, again: list[Entry]) -> None:
        self.open = again or (self._later.popleft() if self._later else [])

    def _gave_up(self, error: RewardGateError) -> RewardGateError:
        error = renumbered(error, [entry.place for entry in self.open])
        error.results = [self._results.get(entry.place) for entry in self._entries]
        return error
