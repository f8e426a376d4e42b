"""What goes wrong, as exceptions. A failed judgement is never a number."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import grpc

from . import _wire

if TYPE_CHECKING:
    from .result import ItemResult


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a candidate has no reward, or a judge no score."""

    reason: str
    """A key of the gateway's error table, for example `ITEM_TOO_LONG`."""
    message: str
    """What, where, what to do. Holds no text of a prompt or of a candidate."""
    retryable: bool
    """Whether the same request may succeed later."""


class RewardGateError(Exception):
    """Base of every error of this package."""

    def __init__(
        self,
        reason: str,
        message: str,
        *,
        retryable: bool = False,
        retry_after: float | None = None,
        field: str | None = None,
        limit: int | None = None,
        results: Sequence[ItemResult | None] | None = None,
    ) -> None:
        super().__init__(f"{reason}: {message}")
        self.reason = reason
        """A key of the gateway's error table."""
        self.message = message
        self.retryable = retryable
        """Whether the same request may succeed later."""
        self.retry_after = retry_after
        """Seconds after which the gateway thinks a retry sensible."""
        self.field = field
        """Path of the field at fault."""
        self.limit = limit
        """The limit that was passed, in the unit that the message names."""
        self.results = results
        """What was scored before the error, one per item, None where there is nothing."""


class RequestError(RewardGateError):
    """The request is wrong and will be refused again: fix it."""


class UnavailableError(RewardGateError):
    """The gateway could not be reached, or was overloaded, for as long as the call allowed."""


class NoRewardError(RewardGateError):
    """A candidate has no reward, and the caller asked for one."""


_UNREACHABLE = {
    grpc.StatusCode.UNAVAILABLE: "UNAVAILABLE",
    grpc.StatusCode.DEADLINE_EXCEEDED: "DEADLINE_EXCEEDED",
    grpc.StatusCode.CANCELLED: "CANCELLED",
    # What a proxy or a connection that was reset answers.
    grpc.StatusCode.UNKNOWN: "UNKNOWN",
    grpc.StatusCode.INTERNAL: "INTERNAL",
}
_DETAILS = "grpc-status-details-bin"


def error_of_call(error: grpc.RpcError) -> RewardGateError:
    """The error of a call that failed as a whole, with the gateway's reason and hints where it gave some."""
    code: grpc.StatusCode = error.code()
    told = _details_of(error)
    if told is None:
        retryable = code in _UNREACHABLE
        kind = UnavailableError if retryable else RequestError
        return kind(_UNREACHABLE.get(code, code.name), error.details() or code.name, retryable=retryable)
    reason, message, retry_after, field, limit = told
    retryable = retry_after is not None or code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
    kind = UnavailableError if retryable else RequestError
    return kind(reason, message, retryable=retryable, retry_after=retry_after, field=field, limit=limit)


def renumbered(error: RewardGateError, places: Sequence[int]) -> RewardGateError:
    """The error of a call that held the items at `places`, about the caller's own numbering of them."""

    def place(match: re.Match[str]) -> str:
        index = int(match[1])
        return f"items[{places[index]}]" if index < len(places) else match[0]

    message, field = _ITEM.sub(place, error.message), error.field and _ITEM.sub(place, error.field)
    return type(error)(error.reason, message, retryable=error.retryable, retry_after=error.retry_after, field=field, limit=error.limit)


_ITEM = re.compile(r"\bitems\[(\d+)\]")


def error_of_message(message: Any) -> RewardGateError:
    """The error of one item of a stream, from its `rewardgate.v1.Error`."""
    details = message.details
    retry_after = details.retry_after_ms / 1000 if details.HasField("retry_after_ms") else None
    field = details.field if details.HasField("field") else None
    kind = UnavailableError if message.retryable else RequestError
    return kind(message.reason, message.message, retryable=message.retryable, retry_after=retry_after, field=field)


def _details_of(error: grpc.RpcError) -> tuple[str, str, float | None, str | None, int | None] | None:
    for key, value in error.trailing_metadata() or ():
        if key == _DETAILS and isinstance(value, bytes):
            break
    else:
        return None
    status = _wire.Status.FromString(value)
    reason, retry_after, field, limit = "", None, None, None
    for detail in status.details:
        if detail.type_url.endswith("google.rpc.ErrorInfo"):
            info = _wire.ErrorInfo.FromString(detail.value)
            reason, limit = info.reason, int(info.metadata["limit"]) if "limit" in info.metadata else None
        elif detail.type_url.endswith("google.rpc.RetryInfo"):
            delay = _wire.RetryInfo.FromString(detail.value).retry_delay
            retry_after = delay.seconds + delay.nanos / 1e9
        elif detail.type_url.endswith("google.rpc.BadRequest"):
            violations = _wire.BadRequest.FromString(detail.value).field_violations
            field = violations[0].field if violations else None
    return (reason, status.message, retry_after, field, limit) if reason else None
