"""What a stream makes of its answers, with a clock of the test's."""

from __future__ import annotations

import random
from typing import Any

import pytest

from rewardgate import Client, Item, _wire, aio
from rewardgate._book import Book, settle
from rewardgate._chunks import Entry
from rewardgate.retry import Pacer, Retry

WINDOW = 256


def without_reward(entry: Entry) -> Any:
    """The answer about an item whose judge is away."""
    response = _wire.ScoreStreamResponse(id=str(entry.place))
    candidate = response.result.candidates.add()
    candidate.status = _wire.enum_value(candidate, "status", "failed")
    candidate.error.reason, candidate.error.message, candidate.error.retryable = "BACKEND_UNAVAILABLE", "the server is away", True
    return response


def test_a_whole_window_whose_judge_is_away_is_sent_again_and_again() -> None:
    now = 100.0
    pacer = Pacer(Retry(), lambda: now, random.Random(0))
    book = Book(WINDOW, True, patience=300.0)
    entries = [book.admit(Item("1 + 1", ["2"])) for _ in range(WINDOW)]
    for _ in range(50):
        for entry in entries:
            settle(book, pacer, without_reward(entry))
        assert book.take_ready() == []
        assert [book.take_again() for _ in range(WINDOW)] == entries
        assert not book.repeats
        now += pacer.wait_seconds()


def test_what_would_wait_for_ever_is_refused(address: str) -> None:
    with Client(address, panel="chat") as client, pytest.raises(ValueError, match="window"):
        list(client.stream([Item("1 + 1", ["2"])], window=0))
    with pytest.raises(ValueError):
        Client(address, panel="chat", concurrency=0)
    with pytest.raises(ValueError, match="concurrency"):
        aio.Client(address, panel="chat", concurrency=0)


def test_the_budget_ends_for_the_items_of_a_stream_too() -> None:
    pacer = Pacer(Retry(budget=1), lambda: 100.0, random.Random(0))
    book = Book(2 * WINDOW, True, patience=300.0)
    for entry in [book.admit(Item("1 + 1", ["2"])) for _ in range(2 * WINDOW)]:
        settle(book, pacer, without_reward(entry))
    assert [book.take_again().place for _ in range(WINDOW)] == list(range(WINDOW))
    assert not book.repeats
