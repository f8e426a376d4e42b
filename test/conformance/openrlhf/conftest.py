"""OpenRLHF's own client code, of several versions beside each other, without the rest of it.

What its modules import at their top and these calls do not need is stood in for: Ray, which runs a function elsewhere, runs it here, and
PyTorch makes lists of tensors. Requests, chunks, tries and waits are theirs.
"""

import importlib.util
import os
import pathlib
import sys
import types

import pytest
import requests  # noqa: F401  loaded before modules are put back, which would load half of it anew
from own_rewards import rewards_of  # noqa: F401  a fixture

PACKAGES = pathlib.Path(os.environ["REWARDGATE_TEST_PACKAGES"])


class Handle:
    """An actor, or a remote function, that runs where it is called."""

    def __init__(self, target):
        self._target = target

    def remote(self, *args, **kwargs):
        made = self._target(*args, **kwargs)
        return made if not isinstance(self._target, type) else types.SimpleNamespace(
            **{name: Handle(getattr(made, name)) for name in dir(made) if not name.startswith("_")}
        )


@pytest.fixture
def client_code():
    """Loads a module of a version of OpenRLHF as its file stands."""
    before = dict(sys.modules)

    def load(version: str, module: str):
        folder = PACKAGES / f"openrlhf=={version}" / "openrlhf" / "utils"
        sys.modules["ray"] = types.SimpleNamespace(remote=Handle, get=lambda references: references)
        sys.modules["torch"] = types.SimpleNamespace(tensor=lambda values, **_: list(values), float32=None)
        for name, file in [("openrlhf.utils.logging_utils", "logging_utils.py"), (f"openrlhf.utils.{module}", f"{module}.py")]:
            spec = importlib.util.spec_from_file_location(name, folder / file)
            sys.modules[name] = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(sys.modules[name])
        return sys.modules[f"openrlhf.utils.{module}"]

    for parent in ("openrlhf", "openrlhf.utils"):
        sys.modules[parent] = types.ModuleType(parent)
    yield load
    sys.modules.clear()
    sys.modules.update(before)


@pytest.fixture(scope="session")
def url() -> str:
    return os.environ["REWARDGATE_TEST_HTTP"] + "/get_reward"
