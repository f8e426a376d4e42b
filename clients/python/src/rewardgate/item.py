"""What is judged: one prompt with its candidates, and the choices of a request."""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from . import _wire

Content: TypeAlias = str | Sequence[Mapping[str, Any]]
"""Text, or parts as chat APIs write them: `{"type": "text", "text": …}`, `{"type": "image_url", "image_url": {"url": …}}`."""

Message: TypeAlias = Mapping[str, Any]
"""One turn: `{"role": "user", "content": …}`; roles are system, developer, user, assistant and tool."""

Prompt: TypeAlias = str | Sequence[Message]
"""One message of the user, or several messages, oldest first."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One completion, with what its policy knows of it."""

    content: Content
    tokens: int | None = None
    """Length in the policy's tokens, for panels with length terms."""
    kl: float | None = None
    """KL divergence from the reference policy on this completion, nats, for panels with a KL budget."""
    truncated: bool = False
    """Whether generation was cut off before its end."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """One thing that a good response does, for judges that take criteria from the request."""

    text: str
    name: str = ""
    hard: bool = False
    weight: float | None = None
    depends_on: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Item:
    """The unit of work: one prompt with its candidates, which together form a group."""

    prompt: Prompt
    candidates: Sequence[Content | Candidate]
    id: str = ""
    """Comes back with the result. Empty: its place among the items, in decimal."""
    reference: str | None = None
    """Reference answer, for judges that compare with one."""
    domain: str | None = None
    language: str | None = None
    """BCP 47 tag."""
    metadata: Mapping[str, str] = field(default_factory=dict)
    baselines: Sequence[Content | Candidate] = ()
    """Completions of a reference policy, for panels that compare with them."""
    criteria: Sequence[Criterion] = ()


@dataclass(frozen=True, slots=True)
class Options:
    """Choices of a request; what is left out is the gateway's default."""

    detail: Literal["reward", "judges", "full"] = "judges"
    """How much the answer says: the reward, each judge's part as well, or objectives and findings too."""
    cache: Literal["use", "bypass", "refresh"] = "use"
    priority: Literal["critical", "standard", "sheddable"] = "standard"
    objective_weights: Mapping[str, float] = field(default_factory=dict)
    """Objective name → weight; steers multi-objective judges."""
    run: str | None = None
    """Training run that the request belongs to; the gateway keeps statistics under this name."""
    step: int | None = None
    policy_version: str | None = None


def reference_of(value: Any, where: str) -> str | None:
    """A reference answer as text: a text, a number, or none.

    Raises:
        TypeError: it is something else, as a list of answers, whose text is the right answer to nothing.
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, numbers.Number):
        return text_of_number(value)
    said = f"a reference answer is a text or a number, not {type(value).__name__}; take one of several, or write them as one text"
    raise TypeError(f"{where}: {said}")


def text_of_number(value: numbers.Number) -> str | None:
    """A number as text; NaN, which fills the gaps of a column, is none. Whole ones have no fraction: gaps make floats of a column's whole numbers."""
    if isinstance(value, numbers.Real) and not isinstance(value, numbers.Rational):
        number = float(value)
        if math.isnan(number):
            return None
        if number.is_integer() and abs(number) < 2**53:
            return str(int(number))
    return str(value)


def labels_of(values: Mapping[str, Any]) -> dict[str, str]:
    """Metadata of an item; a value that is not there is no label, where `None` or `nan` would be one that routes and services read."""
    there = {name: value for name, value in values.items() if value is not None and not (isinstance(value, float) and math.isnan(value))}
    return {name: str(value) for name, value in there.items()}


def item_to_wire(item: Item, wire_id: str) -> Any:
    """The item as a message, under an id of the client's own.

    Raises:
        ValueError, TypeError: something of it has no form that a message could take.
    """
    for name in ("candidates", "baselines"):
        # A text is a sequence of texts to Python, and each of its characters would be judged.
        if isinstance(getattr(item, name), str):
            raise TypeError(f"{name}: a text, not a list; one candidate stands in a list too")
    message = _wire.Item(id=wire_id, metadata=dict(item.metadata))
    if isinstance(item.prompt, str):
        message.prompt.text = item.prompt
    else:
        for turn in item.prompt:
            added = message.prompt.messages.messages.add()
            added.role = _wire.enum_value(added, "role", str(turn["role"]))
            _fill_content(added.content, turn["content"])
    for candidate in item.candidates:
        _fill_candidate(message.candidates.add(), candidate)
    for baseline in item.baselines:
        _fill_candidate(message.baselines.add(), baseline)
    for criterion in item.criteria:
        added = message.criteria.add(name=criterion.name, text=criterion.text, hard=criterion.hard, depends_on=criterion.depends_on)
        if criterion.weight is not None:
            added.weight = criterion.weight
    for name in ("reference", "domain", "language"):
        value = getattr(item, name)
        if value is not None:
            setattr(message, name, value)
    return message


def options_to_wire(options: Options, timeout: float) -> Any:
    """The options as a message that allows `timeout` seconds."""
    message = _wire.ScoreOptions(objective_weights=dict(options.objective_weights), deadline_ms=max(1, int(timeout * 1000)))
    for name in ("detail", "cache", "priority"):
        setattr(message, name, _wire.enum_value(message, name, getattr(options, name)))
    return message


def _fill_candidate(message: Any, candidate: Content | Candidate) -> None:
    if not isinstance(candidate, Candidate):
        candidate = Candidate(candidate)
    _fill_content(message.content, candidate.content)
    message.truncated = candidate.truncated
    if candidate.tokens is not None:
        message.tokens = candidate.tokens
    if candidate.kl is not None:
        message.kl = candidate.kl


def _fill_content(message: Any, content: Content) -> None:
    if isinstance(content, str):
        message.text = content
        return
    for part in content:
        added = message.parts.parts.add()
        if part["type"] == "text":
            added.text = part["text"]
        elif part["type"] == "image_url":
            added.image_url.url = part["image_url"]["url"]
        else:
            raise ValueError(f"content: no part of type {part['type']!r}; one of text, image_url")
