"""`rewardgate.datasets` on tables of Hugging Face's datasets, whole and streamed."""

import pytest
from conftest import LONG, PAIRS
from datasets import Dataset, load_from_disk

from rewardgate.datasets import score_dataset


def rows_of(pairs):
    return [{"prompt": [{"role": "user", "content": prompt}], "candidates": [text], "split": "any"} for prompt, text in pairs]


@pytest.mark.parametrize("streamed", [False, True])
def test_every_row_gets_its_reward_in_its_order(address, rewards_of, streamed):
    table = Dataset.from_list(rows_of(PAIRS))
    scored = score_dataset(table.to_iterable_dataset() if streamed else table, address, panel="chat", batch_size=7)
    rows = list(scored)
    assert [row["rewards"][0] for row in rows] == pytest.approx(rewards_of(PAIRS), abs=1e-5)
    assert [row["prompt"][0]["content"] for row in rows] == [prompt for prompt, _ in PAIRS]
    assert {row["statuses"][0] for row in rows} == {"complete"} and {row["split"] for row in rows} == {"any"}


def test_a_row_without_a_reward_has_none_and_the_reason(address):
    first, second = score_dataset(Dataset.from_list(rows_of([PAIRS[0], LONG])), address, panel="chat")
    assert first["rewards"][0] is not None and first["failures"] == [None]
    assert second["rewards"] == [None] and second["failures"] == ["ITEM_TOO_LONG"]


@pytest.mark.parametrize("pairs", [[PAIRS[0], LONG], [LONG, PAIRS[0]]])
def test_the_first_failure_and_the_first_reward_may_come_in_any_batch(address, pairs):
    rows = list(score_dataset(Dataset.from_list(rows_of(pairs)), address, panel="chat", batch_size=1))
    assert sorted(row["statuses"][0] for row in rows) == ["complete", "failed"]
    assert [row["rewards"] == [None] for row in rows] == [row["failures"] == ["ITEM_TOO_LONG"] for row in rows] == [pair == LONG for pair in pairs]


def test_rewards_of_an_earlier_run_are_not_taken_for_those_of_this_one(address, tmp_path, monkeypatch):
    Dataset.from_list(rows_of(PAIRS[:2])).save_to_disk(tmp_path / "table")
    monkeypatch.setenv("REWARDGATE_ADDRESS", address)
    runs = []
    for panel in ("chat", "other"):
        monkeypatch.setenv("REWARDGATE_PANEL", panel)
        runs.append([row["rewards"] for row in score_dataset(load_from_disk(tmp_path / "table"))])
    assert runs[0] != runs[1]
