"""Samples as trainers hold them, a prompt and a completion each, as items whose candidates are compared, and back."""

from __future__ import annotations

import json
import numbers
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from .images import Images, shown, shows
from .item import Candidate, Content, Item, Prompt, text_of_number
from .result import CandidateResult, ItemResult

Completion: TypeAlias = str | Sequence[Mapping[str, Any]]
"""Text, or the messages of a rollout: the last that the policy wrote is judged, after those before it."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One completion of a prompt."""

    prompt: Prompt
    completion: Completion
    reference: str | None = None
    metadata: tuple[tuple[str, str], ...] = ()
    tokens: int | None = None


def items_of(samples: Sequence[Sample], images: Images = "send") -> tuple[list[Item], list[tuple[int, int]]]:
    """Items of neighbouring samples with equal prompts, references and metadata, which form a group, as trainers lay them out.

    Returns:
        The items, and for each sample the places of its item and of its candidate there.

    Raises:
        RequestError: a message shows something that cannot be sent.
    """
    items: list[Item] = []
    places: list[tuple[int, int]] = []
    last: tuple[Any, ...] | None = None
    candidates: list[Any] = []
    for sample in samples:
        prompt, content = _parted(sample, images)
        key = (prompt, sample.reference, sample.metadata)
        if key != last:
            last, candidates = key, []
            items.append(Item(prompt, candidates, reference=sample.reference, metadata=dict(sample.metadata)))
        candidates.append(Candidate(content, tokens=sample.tokens))
        places.append((len(items) - 1, len(candidates) - 1))
    return items, places


def by_sample(results: Sequence[ItemResult], places: Sequence[tuple[int, int]]) -> list[CandidateResult]:
    """The result of each sample."""
    return [results[item].candidates[candidate] for item, candidate in places]


def score_of(candidate: CandidateResult, member: str) -> float | None:
    """A member's own score after calibration and transforms; None when it has none."""
    for part in candidate.judges:
        if part.member == member:
            return part.transformed if part.outcome == "scored" else None
    return None


def label_of(value: Any) -> str | None:
    """A label as a reference answer, where it is text or a number; those of other kinds are for other functions."""
    if isinstance(value, numbers.Number):
        return text_of_number(value)
    return value if isinstance(value, str) else None


def _parted(sample: Sample, images: Images) -> tuple[Prompt, Content]:
    prompt, completion = sample.prompt, sample.completion
    if isinstance(completion, str):
        return _plain(prompt, images), completion
    if not completion:
        return _plain(prompt, images), ""
    # What stands behind the policy's last message, as the answer of a tool when its turns are used up, is nothing that it wrote.
    written = [place for place, message in enumerate(completion) if message.get("role") == "assistant"]
    judged = written[-1] if written else len(completion) - 1
    before = completion[:judged]
    turns = [*_turns(prompt, images), *_turns(before, images)] if before else _plain(prompt, images)
    return turns, _content(completion[judged].get("content"), images)


def _plain(prompt: Prompt, images: Images) -> Prompt:
    return prompt if isinstance(prompt, str) else _turns(prompt, images)


def _turns(messages: Prompt, images: Images) -> list[Mapping[str, Any]]:
    if isinstance(messages, str):
        return [{"role": "user", "content": messages}]
    return [turn for message in messages for turn in _turns_of(message, images)]


def _turns_of(message: Mapping[str, Any], images: Images) -> Iterator[Mapping[str, Any]]:
    """A message, and behind it the tools that it calls, as a message each."""
    content, calls = _content(message.get("content"), images), message.get("tool_calls") or ()
    if content or not calls:
        yield {"role": message["role"], "content": content}
    for call in calls:
        function = call.get("function") or call
        arguments = function.get("arguments")
        written = arguments if isinstance(arguments, str) else json.dumps(arguments or {}, ensure_ascii=False, default=str)
        yield {"role": message["role"], "content": f"{function.get('name') or 'tool'}({written})"}


def _content(content: Any, images: Images) -> Content:
    """Text as one, unless images stand in it; tables fill the parts of one list with each other's keys, which are left out here."""
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    parts = [_part(part) for part in content if images == "send" or not shows(part)]
    if all(part["type"] == "text" for part in parts):
        return "".join(part["text"] for part in parts)
    return parts


def _part(part: Mapping[str, Any]) -> Mapping[str, Any]:
    return shown(part) if shows(part) else {"type": "text", "text": part.get("text") or ""}
