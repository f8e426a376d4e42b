"""Reads the preference and rating files and splits them by prompt.

A file is gzipped JSON lines, `<name>.jsonl.gz`, in one of two schemas:

- pair:  `{id, prompt: [{role, content}], chosen, rejected, subset, meta}`
- rated: `{id, prompt: [{role, content}], response, ratings: {dimension: number}, subset, meta}`
"""

import gzip
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

#: Share of prompts, in percent, that goes to the final validation and to the selection part.
VALIDATION_PERCENT = 16
SELECTION_PERCENT = 12


@dataclass(frozen=True)
class Pair:
    """Two candidates of one prompt; a human (or the construction of the set) prefers `chosen`."""

    id: str
    source: str
    prompt: list
    chosen: str
    rejected: str
    part: str


@dataclass(frozen=True)
class Rated:
    """One candidate with one or more absolute ratings."""

    id: str
    source: str
    prompt: list
    candidate: str
    ratings: dict
    part: str


def read_rows(folder, name):
    """Yields the JSON rows of `<folder>/<name>.jsonl.gz`."""
    with gzip.open(Path(folder) / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def part_of(prompt):
    """Names the part of a row: `validation`, `selection` or `train`.

    The first user turn alone decides, so conversations that start alike never
    lie on two sides: SHA-256 of its UTF-8 text, first 8 bytes, big endian, mod 100;
    below 16 is validation, below 28 selection, the rest train.
    """
    first = next((m["content"] for m in prompt if m["role"] == "user"), prompt[0]["content"])
    bucket = int.from_bytes(hashlib.sha256(first.encode("utf-8")).digest()[:8], "big") % 100
    if bucket < VALIDATION_PERCENT:
        return "validation"
    return "selection" if bucket < VALIDATION_PERCENT + SELECTION_PERCENT else "train"


def read_pairs(folder, name):
    """Returns the pairs of one file as `Pair`, each with its part."""
    return [
        Pair(r["id"], name, r["prompt"], r["chosen"], r["rejected"], part_of(r["prompt"]))
        for r in read_rows(folder, name)
    ]


def read_rated(folder, name):
    """Returns the rated rows of one file as `Rated`, each with its part."""
    return [
        Rated(r["id"], name, r["prompt"], r["response"], r["ratings"], part_of(r["prompt"]))
        for r in read_rows(folder, name)
    ]
