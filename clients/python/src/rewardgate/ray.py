"""Scoring of Ray datasets on a cluster: Parquet or JSON in, with rewards out; Ray shows the progress."""

from __future__ import annotations

from typing import Any

from .connection import shared_client
from .records import Columns, columns_of_result, item_of_row


class Scorer:
    """A callable class for `Dataset.map_batches(..., batch_format="pandas")`."""

    def __init__(self, address: str | None = None, panel: str | None = None, columns: Columns | None = None) -> None:
        self._client = shared_client(address, panel)
        self._columns = columns or Columns()

    def __call__(self, batch: Any) -> Any:
        rows = batch.to_dict("records")
        items = [item_of_row(_plain(row), self._columns, f"row {place} of its batch") for place, row in enumerate(rows)]
        scored = [columns_of_result(result) for result in self._client.score(items)]
        return batch.assign(**{name: [row[name] for row in scored] for name in ("rewards", "statuses", "failures")})


def score_dataset(
    dataset: Any,
    address: str | None = None,
    *,
    panel: str | None = None,
    columns: Columns | None = None,
    batch_size: int = 1000,
    concurrency: int | tuple[int, int] = 2,
    num_cpus: float = 0.25,
    **resources: Any,
) -> Any:
    """A dataset with new columns `rewards`, `statuses` and `failures`, one entry per candidate of each row.

    Args:
        concurrency: workers, which all call the one gateway.
        num_cpus: what Ray sets aside for each worker, which waits for the gateway most of the time; whole ones would leave a small cluster
            none to read the dataset with.
        resources: further arguments of `map_batches`, for example `memory`.
    """
    return dataset.map_batches(
        Scorer,
        fn_constructor_args=(address, panel, columns),
        batch_format="pandas",
        batch_size=batch_size,
        concurrency=concurrency,
        num_cpus=num_cpus,
        **resources,
    )


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """Arrays, which Arrow makes of lists, as lists."""
    return {name: value.tolist() if hasattr(value, "tolist") else value for name, value in row.items()}
