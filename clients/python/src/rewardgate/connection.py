"""Clients for code that a trainer calls: made at the first call of each process, kept until it ends."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from typing import Any

from .client import Client
from .errors import RequestError
from .retry import Retry

_clients: dict[tuple[int, str, str, Retry | None], Client] = {}
_lock = threading.Lock()


def setting(given: str | None, variable: str, what: str) -> str:
    """A setting that was given, or that of an environment variable.

    Raises:
        RequestError: neither is there.
    """
    value = given or os.environ.get(variable)
    if not value:
        raise RequestError("SETTING_MISSING", f"no {what}: pass it, or set {variable}")
    return value


def shared_client(address: str | None, panel: str | None, *, retry: Retry | None = None) -> Client:
    """The process's client for an address, a panel and a patience; the first two by default those of REWARDGATE_ADDRESS and
    REWARDGATE_PANEL.

    Trainers fork and pickle what they are given, which no connection survives; so adapters keep these words and ask here.
    """
    address = setting(address, "REWARDGATE_ADDRESS", "address of the gateway")
    panel = setting(panel, "REWARDGATE_PANEL", "panel")
    key = (os.getpid(), address, panel, retry)
    with _lock:
        client = _clients.get(key)
        if client is None:
            client = _clients[key] = Client(address, panel=panel, retry=retry)
        return client


def members_behind(client: Client) -> list[str]:
    """Names of the members that make up the reward of a client's panel, whichever panel its routes send an item to."""
    panels = {info.name: info for info in client.panels()}

    def names(panel: Any) -> Iterator[str]:
        yield from (member.name for member in panel.members if member.standing == "counts")
        for row in panel.routes:
            yield from names(panels[row.panel])

    return list(dict.fromkeys(names(panels[client.panel])))


def counting_members(client: Client, *, later_stages: bool = True) -> list[str]:
    """Names of the members that make up the reward of a client's panel, in their order: no shadows, which are only watched.

    Args:
        later_stages: also those that are asked only while an item is open.

    Raises:
        RequestError: no such panel.
    """
    for info in client.panels():
        if info.name == client.panel:
            return [member.name for member in info.members if member.standing == "counts" and (later_stages or member.stage == 0)]
    raise RequestError("PANEL_NOT_FOUND", f"no panel {client.panel!r} at the gateway")
