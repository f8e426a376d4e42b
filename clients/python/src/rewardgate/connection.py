"""Clients for code that a trainer calls: made at the first call of each process, kept until it ends."""

from __future__ import annotations

import os
import threading
from typing import Any

from .client import Client
from .errors import RequestError

_clients: dict[tuple[int, str, str], Client] = {}
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


def shared_client(address: str | None, panel: str | None, **kwargs: Any) -> Client:
    """The process's client for an address and a panel, by default those of REWARDGATE_ADDRESS and REWARDGATE_PANEL.

    Trainers fork and pickle what they are given, which no connection survives; so adapters keep these two words and ask here.
    """
    address = setting(address, "REWARDGATE_ADDRESS", "address of the gateway")
    panel = setting(panel, "REWARDGATE_PANEL", "panel")
    key = (os.getpid(), address, panel)
    with _lock:
        client = _clients.get(key)
        if client is None:
            client = _clients[key] = Client(address, panel=panel, **kwargs)
        return client
