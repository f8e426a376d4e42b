"""Messages of `rewardgate.v1`, made from descriptors that ship beside this file.

The descriptors are the gateway's own, so there is no generated code that would tie a user to one version of protobuf.
"""

from __future__ import annotations

from importlib import resources
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

SERVICE = "rewardgate.v1.RewardService"


def _load() -> descriptor_pool.DescriptorPool:
    # A pool of its own: the program may hold stubs of the same files.
    pool = descriptor_pool.DescriptorPool()
    data = resources.files(__package__).joinpath("descriptors.binpb").read_bytes()
    for file in descriptor_pb2.FileDescriptorSet.FromString(data).file:
        pool.Add(file)
    return pool


_POOL = _load()


def _message(name: str) -> Any:
    return message_factory.GetMessageClass(_POOL.FindMessageTypeByName(name))


Item = _message("rewardgate.v1.Item")
ItemResult = _message("rewardgate.v1.ItemResult")
ListPanelsRequest = _message("rewardgate.v1.ListPanelsRequest")
ListPanelsResponse = _message("rewardgate.v1.ListPanelsResponse")
ListJudgesRequest = _message("rewardgate.v1.ListJudgesRequest")
ListJudgesResponse = _message("rewardgate.v1.ListJudgesResponse")
GetVersionRequest = _message("rewardgate.v1.GetVersionRequest")
GetVersionResponse = _message("rewardgate.v1.GetVersionResponse")
ScoreOptions = _message("rewardgate.v1.ScoreOptions")
ScoreRequest = _message("rewardgate.v1.ScoreRequest")
ScoreResponse = _message("rewardgate.v1.ScoreResponse")
ScoreStreamRequest = _message("rewardgate.v1.ScoreStreamRequest")
ScoreStreamResponse = _message("rewardgate.v1.ScoreStreamResponse")
Status = _message("google.rpc.Status")
ErrorInfo = _message("google.rpc.ErrorInfo")
RetryInfo = _message("google.rpc.RetryInfo")
BadRequest = _message("google.rpc.BadRequest")

METHODS = {
    "Score": (ScoreRequest, ScoreResponse),
    "ListJudges": (ListJudgesRequest, ListJudgesResponse),
    "ListPanels": (ListPanelsRequest, ListPanelsResponse),
    "GetVersion": (GetVersionRequest, GetVersionResponse),
}


def enum_name(message: Any, field: str) -> str:
    """Name of an enum field's value without the prefix of its type, in lower case: `complete` for `CANDIDATE_STATUS_COMPLETE`."""
    return _word(message, field, getattr(message, field))


def enum_names(message: Any, field: str) -> list[str]:
    """As `enum_name`, of a repeated field."""
    return [_word(message, field, number) for number in getattr(message, field)]


def _word(message: Any, field: str, number: int) -> str:
    enum = message.DESCRIPTOR.fields_by_name[field].enum_type
    value: str = enum.values_by_number[number].name
    prefix = enum.values_by_number[0].name.removesuffix("UNSPECIFIED")
    return value.removeprefix(prefix).lower()


def enum_value(message: Any, field: str, word: str) -> int:
    """Number of an enum field's value by its word; the inverse of `enum_name`.

    Raises:
        ValueError: the word is none of the field's.
    """
    enum = message.DESCRIPTOR.fields_by_name[field].enum_type
    prefix = enum.values_by_number[0].name.removesuffix("UNSPECIFIED")
    known = {value.name.removeprefix(prefix).lower(): value.number for value in enum.values}
    if word not in known:
        words = ", ".join(name for name in known if name != "unspecified")
        raise ValueError(f"{field}: no {word!r}; one of {words}")
    return int(known[word])
