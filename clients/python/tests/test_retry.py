"""The pace of retries, with a clock of the test's."""

from __future__ import annotations

import random

from rewardgate.retry import Pacer, Retry


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def pacer(**kwargs: float) -> tuple[Pacer, Clock]:
    clock = Clock()
    return Pacer(Retry(**kwargs), clock, random.Random(0)), clock  # type: ignore[arg-type]


def test_waits_double_up_to_the_longest_and_start_over_after_a_success() -> None:
    paced, clock = pacer(first_wait=1.0, longest_wait=8.0)
    waits = []
    for _ in range(6):
        assert paced.failed()
        waits.append(paced.wait_seconds())
        clock.now += waits[-1]
    for wait, longest in zip(waits, [1, 2, 4, 8, 8, 8], strict=True):
        assert longest / 2 <= wait <= longest
    paced.succeeded()
    assert paced.failed()
    assert paced.wait_seconds() <= 1.0


def test_the_gateways_hint_counts_when_it_is_longer() -> None:
    paced, _ = pacer(first_wait=0.25)
    paced.failed(retry_after=5.0)
    assert paced.wait_seconds() == 5.0


def test_calls_that_fail_together_move_the_moment_once() -> None:
    paced, clock = pacer(first_wait=1.0, longest_wait=64.0)
    for _ in range(10):
        paced.failed()
    assert paced.wait_seconds() <= 1.0
    clock.now += 1.0
    paced.failed()
    assert paced.wait_seconds() <= 2.0


def test_the_budget_ends_and_earns_one_a_second() -> None:
    paced, clock = pacer(budget=3)
    assert [paced.failed() for _ in range(4)] == [True, True, True, False]
    clock.now += 1.0
    assert [paced.failed(), paced.failed()] == [True, False]
