"""`rewardgate.ray` on a Ray cluster of this machine, from Parquet."""

import os

import pandas as pd
import pytest
import ray
from conftest import LONG, PAIRS

from rewardgate.ray import score_dataset


@pytest.fixture(scope="module")
def cluster():
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, runtime_env={"env_vars": {"PYTHONPATH": os.environ["PYTHONPATH"]}})
    yield
    ray.shutdown()


def scored(folder, pairs, address):
    rows = pd.DataFrame({"id": range(len(pairs)), "prompt": [p for p, _ in pairs], "candidates": [[text] for _, text in pairs]})
    rows.to_parquet(folder / "rows.parquet")
    table = score_dataset(ray.data.read_parquet(str(folder / "rows.parquet")), address, panel="chat", batch_size=7)
    return sorted(table.take_all(), key=lambda row: row["id"])


def test_every_row_gets_its_reward(cluster, address, rewards_of, tmp_path):
    rows = scored(tmp_path, PAIRS, address)
    assert [row["rewards"][0] for row in rows] == pytest.approx(rewards_of(PAIRS), abs=1e-5)
    assert {row["statuses"][0] for row in rows} == {"complete"}


def test_a_row_without_a_reward_has_none_and_the_reason(cluster, address, tmp_path):
    first, second = scored(tmp_path, [PAIRS[0], LONG], address)
    assert first["rewards"][0] is not None and first["failures"][0] is None
    assert second["rewards"][0] is None and second["failures"][0] == "ITEM_TOO_LONG"
