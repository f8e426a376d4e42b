"""Scoring of Hugging Face datasets."""

from __future__ import annotations

from typing import Any

from .connection import shared_client
from .records import Columns, columns_of_result, item_of_row


def score_dataset(
    dataset: Any, address: str | None = None, *, panel: str | None = None, columns: Columns | None = None, batch_size: int = 1000
) -> Any:
    """A dataset with a reward for each candidate of each row, in new columns `rewards`, `statuses` and `failures`.

    Works with `datasets.Dataset`, which shows its progress, and with `datasets.IterableDataset`.

    Raises:
        RequestError, UnavailableError: as `Client.score`.
    """
    names = columns or Columns()

    def score(batch: dict[str, list[Any]], indices: list[int]) -> dict[str, list[Any]]:
        rows = [dict(zip(batch, values, strict=True)) for values in zip(*batch.values(), strict=True)]
        items = [item_of_row(row, names, f"row {index}") for row, index in zip(rows, indices, strict=True)]
        scored = [columns_of_result(result) for result in shared_client(address, panel).score(items)]
        return {name: [row[name] for row in scored] for name in ("rewards", "statuses", "failures")}

    from datasets import Features, IterableDataset, Value

    # Told, since types guessed from a first batch without a failure, or without a reward, would refuse the first one that comes.
    added = {"rewards": [Value("float64")], "statuses": [Value("string")], "failures": [Value("string")]}
    features = None if dataset.features is None else Features({**dataset.features, **added})
    # What an earlier run cached may be of another panel or revision, or lack what a gateway that was away did not give.
    anew = {} if isinstance(dataset, IterableDataset) else {"load_from_cache_file": False}
    return dataset.map(score, batched=True, with_indices=True, batch_size=batch_size, features=features, **anew)
