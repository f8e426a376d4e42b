"""Samples as trainers hold them, a prompt and a completion each, as items whose candidates are compared, and back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from .errors import RequestError
from .item import Candidate, Content, Item, Prompt
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


def items_of(samples: Sequence[Sample]) -> tuple[list[Item], list[tuple[int, int]]]:
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
        prompt, content = _parted(sample)
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


def _parted(sample: Sample) -> tuple[Prompt, Content]:
    prompt, completion = sample.prompt, sample.completion
    if isinstance(completion, str):
        return _plain(prompt), completion
    if not completion:
        return _plain(prompt), ""
    # What stands behind the policy's last message, as the answer of a tool when its turns are used up, is nothing that it wrote.
    written = [place for place, message in enumerate(completion) if message.get("role") == "assistant"]
    judged = written[-1] if written else len(completion) - 1
    before = completion[:judged]
    turns = [*_turns(prompt), *_turns(before)] if before else _plain(prompt)
    return turns, _content(completion[judged].get("content"))


def _plain(prompt: Prompt) -> Prompt:
    return prompt if isinstance(prompt, str) else _turns(prompt)


def _turns(messages: Prompt) -> list[Mapping[str, Any]]:
    if isinstance(messages, str):
        return [{"role": "user", "content": messages}]
    return [turn for message in messages for turn in _turns_of(message)]


def _turns_of(message: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """A message, and behind it the tools that it calls, as a message each."""
    content, calls = _content(message.get("content")), message.get("tool_calls") or ()
    if content or not calls:
        yield {"role": message["role"], "content": content}
    for call in calls:
        function = call.get("function") or call
        arguments = function.get("arguments")
        written = arguments if isinstance(arguments, str) else json.dumps(arguments or {}, ensure_ascii=False, default=str)
        yield {"role": message["role"], "content": f"{function.get('name') or 'tool'}({written})"}


def _content(content: Any) -> Content:
    """Text as one, unless images stand in it; tables fill the parts of one list with each other's keys, which are left out here."""
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    parts = [_part(part) for part in content]
    if all(part["type"] == "text" for part in parts):
        return "".join(part["text"] for part in parts)
    return parts


def _part(part: Mapping[str, Any]) -> Mapping[str, Any]:
    kind = part.get("type")
    if kind not in _SHOWN:
        return {"type": "text", "text": part.get("text") or ""}
    url = (part.get("image_url") or {}).get("url")
    if kind != "image_url" or not isinstance(url, str):
        # The text beside it would be judged as if it were all of the prompt.
        said = 'send an image as {"type": "image_url", "image_url": {"url": "data:…"}}, or leave such parts out to have the text judged alone'
        raise RequestError("REQUEST_INVALID", f"a message has a part of type {kind!r} that holds nothing to send; {said}")
    return {"type": "image_url", "image_url": {"url": url}}


_SHOWN = ("image", "image_url", "input_image", "video", "video_url", "audio", "audio_url", "input_audio", "file", "input_file")
"""Kinds of parts that are nothing without what they show."""
