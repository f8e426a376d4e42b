"""When to try again: patience of one call, and a budget that all calls of a client share."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Retry:
    """How a client tries again.

    While the gateway is away or overloaded, every call waits until one shared moment, which moves out with each failure: the
    gateway's own hint, or an exponential back-off with jitter. Retries of all calls draw on one budget, so that a gateway that
    struggles is not buried.
    """

    timeout: float = 300.0
    """Seconds that a call may take in all, tries and waits included."""
    attempt_timeout: float = 60.0
    """Seconds that one try may take."""
    first_wait: float = 0.25
    """Seconds before the second try."""
    longest_wait: float = 15.0
    budget: int = 100
    """Retries of calls that may be made at once; one more is earned each second. Of an item of a stream a retry is the 256th part of one."""


class Pacer:
    """The shared moment and budget of one client. Thread-safe."""

    def __init__(self, retry: Retry, clock: Callable[[], float] = time.monotonic, rng: random.Random | None = None) -> None:
        self._retry = retry
        self._clock = clock
        self._rng = rng or random.Random()
        self._lock = threading.Lock()
        self._not_before = 0.0
        self._failures = 0
        self._tokens = float(retry.budget)
        self._counted_at = clock()

    def wait_seconds(self) -> float:
        """Seconds until calls may go out."""
        with self._lock:
            return max(0.0, self._not_before - self._clock())

    def succeeded(self) -> None:
        """A call came back: the next failure starts from the shortest wait."""
        with self._lock:
            self._failures = 0

    def failed(self, retry_after: float | None = None, cost: float = 1.0) -> bool:
        """A call did not: moves the shared moment out.

        Args:
            retry_after: the gateway's hint, seconds.
            cost: what another try takes of the budget; less than 1 for a part of what a call may hold.

        Returns:
            Whether the budget pays for another try.
        """
        with self._lock:
            now = self._clock()
            self._tokens = min(float(self._retry.budget), self._tokens + (now - self._counted_at))
            self._counted_at = now
            # Calls that went out together fail together and count once.
            if now >= self._not_before:
                self._failures += 1
                wait = min(self._retry.longest_wait, self._retry.first_wait * 2 ** min(self._failures - 1, 20))
                wait = wait / 2 + self._rng.random() * wait / 2
                self._not_before = now + max(wait, retry_after or 0.0)
            if self._tokens < cost:
                return False
            self._tokens -= cost
            return True
