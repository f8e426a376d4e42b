"""Rows of a table or of a JSON file as items, and results as columns: what the adapters for files, datasets and Ray share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .errors import RequestError
from .item import Item
from .result import ItemResult


@dataclass(frozen=True, slots=True)
class Columns:
    """Names of the columns of a row.

    A row holds a prompt, as text or messages, and its candidates: a list of texts, or one text.
    """

    prompt: str = "prompt"
    candidates: str = "candidates"
    id: str | None = "id"
    reference: str | None = None
    metadata: Sequence[str] = ()


def item_of_row(row: Mapping[str, Any], columns: Columns, where: str) -> Item:
    """The item of a row.

    Raises:
        RequestError: a column is missing or holds something else.
    """
    for name in (columns.prompt, columns.candidates):
        if row.get(name) is None:
            raise RequestError("REQUEST_INVALID", f"{where}: no column {name!r}; the columns are {', '.join(row)}", field=name)
    prompt, candidates = row[columns.prompt], row[columns.candidates]
    texts = [candidates] if isinstance(candidates, str) else [_content(each, where) for each in candidates]
    given = row.get(columns.id) if columns.id is not None else None
    reference = row.get(columns.reference) if columns.reference is not None else None
    return Item(
        prompt if isinstance(prompt, str) else [{"role": turn["role"], "content": turn["content"]} for turn in prompt],
        texts,
        id="" if given is None else str(given),
        reference=None if reference is None else str(reference),
        metadata={name: str(row[name]) for name in columns.metadata},
    )


def _content(candidate: Any, where: str) -> str:
    if isinstance(candidate, str):
        return candidate
    if isinstance(candidate, Mapping) and isinstance(candidate.get("content"), str):
        return str(candidate["content"])
    raise RequestError("REQUEST_INVALID", f"{where}: a candidate is neither text nor an object with text as content")


def columns_of_result(result: ItemResult) -> dict[str, Any]:
    """What a scored row gains: `rewards`, `statuses` and `failures`, one per candidate; a reward that there is not is None."""
    return {
        "rewards": result.rewards,
        "statuses": [candidate.status for candidate in result.candidates],
        "failures": [None if candidate.failure is None else candidate.failure.reason for candidate in result.candidates],
    }
