"""What comes back: a reward per candidate with every judge's part. A number that does not exist is None, never 0."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from . import _wire
from .errors import Failure, NoRewardError


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a judge saw on the way to its score."""

    name: str
    value: float | None
    text: str | None
    start: int | None
    end: int | None


@dataclass(frozen=True, slots=True)
class JudgePart:
    """One judge's part in a candidate's reward. Contributions sum to the reward."""

    member: str
    judge: str
    outcome: str
    """`scored`, `failed`, `skipped`, `abstained`, `not_applicable` or `not_asked`."""
    raw: float | None
    """The judge's own number, present exactly when it scored."""
    calibrated: float | None
    transformed: float | None
    weight: float
    """Effective weight, ≥ 0; 0 when the member did not count."""
    contribution: float | None
    advantage: float | None
    """Standardised within the group, where the panel standardises members apart (GDPO)."""
    objectives: Mapping[str, float]
    gating: Mapping[str, float]
    critique: str | None
    """What a generative judge wrote: text of a model that read the candidate."""
    findings: Sequence[Finding]
    shadow: bool
    cached: bool
    imputed: bool
    failure: Failure | None


@dataclass(frozen=True, slots=True)
class CandidateResult:
    """The result of one candidate."""

    status: str
    """`complete`, `degraded`, `failed` or `vetoed`."""
    reward: float | None
    """Finite; None when there is none."""
    failure: Failure | None
    """Why there is no reward."""
    judges: Sequence[JudgePart]
    advantage: float | None
    missing: Sequence[str]
    """Members that should count and gave no score of their own."""


@dataclass(frozen=True, slots=True)
class Judging:
    """How far an item was taken through the stages of its panel, and what that cost."""

    stages: int
    """Stages that the panel has."""
    asked: int
    """Stages whose judges were asked."""
    stopped: str
    """`settled`: nothing was open. `exhausted`: nobody was left to ask. `moot`: no reward depends on the others."""
    open_by: Sequence[str]
    """Why the last of several stages was asked."""
    left_open: Sequence[str]
    """What is still open; empty unless exhausted."""
    spared: int
    """Scores, candidate times judge, that nobody was asked for."""
    tokens: int
    """Tokens that models read for the item; scores out of the cache cost none."""


@dataclass(frozen=True, slots=True)
class ItemResult:
    """The result of one item."""

    id: str
    candidates: Sequence[CandidateResult]
    panel_revision: str
    """Digest over everything that decides a reward of the panel."""
    message: Any
    """The whole answer as `rewardgate.v1.ItemResult`."""
    judging: Judging | None = None
    """How far the item was taken; present where the panel judges in stages."""

    @property
    def rewards(self) -> list[float | None]:
        """Reward of each candidate, None where there is none."""
        return [candidate.reward for candidate in self.candidates]

    def require_rewards(self) -> list[float]:
        """Reward of each candidate.

        Raises:
            NoRewardError: a candidate has none.
        """
        return [required(candidate, f"item {self.id}, candidate {place}") for place, candidate in enumerate(self.candidates)]

    @property
    def retryable(self) -> bool:
        """Whether a candidate failed in a way that may pass."""
        return any(candidate.failure is not None and candidate.failure.retryable for candidate in self.candidates)


def required(candidate: CandidateResult, where: str) -> float:
    """The candidate's reward.

    Raises:
        NoRewardError: it has none.
    """
    if candidate.reward is not None:
        return candidate.reward
    failure = candidate.failure or Failure("CONSTRAINT_VIOLATED", "the panel gives it no reward", False)
    raise NoRewardError(failure.reason, f"{where}: {failure.message}", retryable=failure.retryable)


def result_from_wire(message: Any, item_id: str, panel_revision: str) -> ItemResult:
    """The result under the caller's own id."""
    return ItemResult(item_id, [_candidate(each) for each in message.candidates], panel_revision, message, _judging(message))


def _judging(message: Any) -> Judging | None:
    if not message.HasField("judging"):
        return None
    judging = message.judging
    return Judging(
        stages=judging.stages,
        asked=judging.asked,
        stopped=_wire.enum_name(judging, "stopped"),
        open_by=_wire.enum_names(judging, "open_by"),
        left_open=_wire.enum_names(judging, "left_open"),
        spared=judging.spared,
        tokens=judging.tokens,
    )


def _candidate(message: Any) -> CandidateResult:
    return CandidateResult(
        status=_wire.enum_name(message, "status"),
        reward=_optional(message, "reward"),
        failure=_failure(message),
        judges=[_part(each) for each in message.judges],
        advantage=_optional(message, "advantage"),
        missing=list(message.missing),
    )


def _part(message: Any) -> JudgePart:
    return JudgePart(
        member=message.member,
        judge=message.judge,
        outcome=_wire.enum_name(message, "outcome"),
        raw=_optional(message, "raw"),
        calibrated=_optional(message, "calibrated"),
        transformed=_optional(message, "transformed"),
        weight=message.weight,
        contribution=_optional(message, "contribution"),
        advantage=_optional(message, "advantage"),
        objectives=dict(message.objectives),
        gating=dict(message.gating),
        critique=_optional(message, "critique"),
        findings=[
            Finding(each.name, *(_optional(each, name) for name in ("value", "text", "start", "end"))) for each in message.findings
        ],
        shadow=message.shadow,
        cached=message.cached,
        imputed=message.imputed,
        failure=_failure(message),
    )


def _failure(message: Any) -> Failure | None:
    if not message.HasField("error"):
        return None
    return Failure(message.error.reason, message.error.message, message.error.retryable)


def _optional(message: Any, name: str) -> Any:
    return getattr(message, name) if message.HasField(name) else None
