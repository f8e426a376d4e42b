"""Clients that are in no package registry: SLIME_SOURCE, ROLL_SOURCE and TEI_SOURCE name checkouts of THUDM/slime, alibaba/ROLL and
huggingface/text-embeddings-inference.

Their files are as they stand. Rules for answers that slime's imports, and PyTorch and the workers that ROLL's does, are stood in for.
"""

import importlib.util
import logging
import os
import pathlib
import subprocess
import sys
import types

import pytest
import requests  # noqa: F401  loaded before modules are put back, which would load half of it anew
from compatibility import write_rows
from own_rewards import rewards_of  # noqa: F401  a fixture

FILES = {
    "slime": "slime/rollout/rm_hub/__init__.py",
    "ROLL": "roll/pipeline/rlvr/rewards/remote_reward_system_worker.py",
    "TEI": "proto/tei.proto",
}


class Anything(types.ModuleType):
    """A module that has whatever is imported from it: a class, which also serves as a decorator."""

    __path__ = ()

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


def as_it_is(*given, **_):
    return given[0] if given and callable(given[0]) else as_it_is


def source_of(name: str) -> pathlib.Path:
    return pathlib.Path(os.environ[f"{name.upper()}_SOURCE"])


@pytest.fixture
def module_of():
    """The file of a trainer that holds its client."""
    before = dict(sys.modules)

    def load(name: str, stood_in: list[str]):
        for each in stood_in:
            sys.modules[each] = Anything(each)
        if "roll.distributed.scheduler.decorator" in sys.modules:
            sys.modules["roll.distributed.scheduler.decorator"].register = as_it_is
            sys.modules["roll.distributed.scheduler.decorator"].Dispatch = types.SimpleNamespace(ONE_TO_ALL=0, DP_MP_COMPUTE=1)
            sys.modules["roll.utils.logging"].get_logger = lambda: logging.getLogger("roll")
        file = source_of(name) / FILES[name]
        package = {"submodule_search_locations": [str(file.parent)]} if file.name == "__init__.py" else {}
        spec = importlib.util.spec_from_file_location("client_under_test", file, **package)
        module = sys.modules["client_under_test"] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    yield load
    sys.modules.clear()
    sys.modules.update(before)


@pytest.fixture(scope="session")
def http() -> str:
    return os.environ["REWARDGATE_TEST_HTTP"]


def pytest_terminal_summary(terminalreporter):
    """The version of each system is the commit of its checkout."""
    systems = {}
    for name in FILES:
        commit = subprocess.run(["git", "rev-parse", "--short=12", "HEAD"], cwd=source_of(name), capture_output=True, text=True, check=True)
        systems[f"test_{name.lower()}.py"] = (name, f"`{commit.stdout.strip()}`")
    write_rows(terminalreporter, systems)
