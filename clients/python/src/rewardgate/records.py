"""Rows of a table or of a JSON file as items, and results as columns: what the adapters for files, datasets and Ray share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .errors import RequestError
from .item import Item, Prompt, item_to_wire, labels_of, reference_of
from .result import ItemResult


@dataclass(frozen=True, slots=True)
class Columns:
    """Names of the columns of a row.

    A row holds a prompt, as text or messages, and its candidates: a list of texts, or one text. A column that is named for references is in
    every row, and null in one that has none.
    """

    prompt: str = "prompt"
    candidates: str = "candidates"
    id: str | None = "id"
    reference: str | None = None
    metadata: Sequence[str] = ()


def item_of_row(row: Any, columns: Columns, where: str) -> Item:
    """The item of a row.

    Raises:
        RequestError: a column is missing or holds something else.
    """
    if not isinstance(row, Mapping):
        raise RequestError("REQUEST_INVALID", f"{where}: no object with {columns.prompt!r} and {columns.candidates!r}")
    for name in (columns.prompt, columns.candidates):
        if row.get(name) is None:
            raise RequestError("REQUEST_INVALID", f"{where}: no column {name!r}; the columns are {', '.join(row)}", field=name)
    given = row.get(columns.id) if columns.id is not None else None
    reference = row.get(columns.reference) if columns.reference is not None else None
    try:
        item = Item(
            _prompt(row[columns.prompt]),
            _candidates(row[columns.candidates], where),
            id="" if given is None else str(given),
            reference=reference_of(reference, f"column {columns.reference!r}"),
            metadata=labels_of({name: row[name] for name in columns.metadata}),
        )
        # What no message can hold, such as a role that is none, is told here, where its row is known.
        item_to_wire(item, item.id)
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        what = f"{type(error).__name__}: {error}"
        raise RequestError("REQUEST_INVALID", f"{where}: no prompt with candidates can be made of it ({what})") from None
    if columns.reference is not None and columns.reference not in row:
        # Without its reference, judges that need one would not count, and any answer be as good as the right one.
        said = f"no column {columns.reference!r}, which is null where there is no reference answer; the columns are {', '.join(row)}"
        raise RequestError("REQUEST_INVALID", f"{where}: {said}", field=columns.reference)
    return item


def _prompt(prompt: Any) -> Prompt:
    return prompt if isinstance(prompt, str) else [{"role": turn["role"], "content": turn["content"]} for turn in prompt]


def _candidates(candidates: Any, where: str) -> list[str]:
    if isinstance(candidates, str):
        return [candidates]
    if isinstance(candidates, Mapping):
        raise RequestError("REQUEST_INVALID", f"{where}: the candidates are an object; they are a list, or one text")
    return [_content(each, where) for each in candidates]


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
