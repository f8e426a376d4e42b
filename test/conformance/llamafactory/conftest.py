"""LLaMA-Factory's PPO client of several versions beside each other, without the rest of it.

Its file is as it stands; PyTorch, of which it makes a tensor, and Transformers, of which it asks whether DeepSpeed is on, are stood in for.
"""

import importlib
import os
import pathlib
import sys
import types

import pytest
import requests  # noqa: F401  loaded before modules are put back, which would load half of it anew
from own_rewards import rewards_of  # noqa: F401  a fixture

PACKAGES = pathlib.Path(os.environ["REWARDGATE_TEST_PACKAGES"])
BARE = ["llamafactory", "llamafactory.train", "llamafactory.train.ppo", "llamafactory.extras"]


@pytest.fixture
def client_of():
    """The function that asks a server for rewards."""
    before = dict(sys.modules)

    def load(version: str):
        folder = PACKAGES / f"llamafactory=={version}" / "llamafactory"
        for name in BARE:
            sys.modules[name] = types.ModuleType(name)
            sys.modules[name].__path__ = [str(folder.joinpath(*name.split(".")[1:]))]
        sys.modules["torch"] = types.ModuleType("torch")
        sys.modules["torch"].Tensor = list
        for name in ("transformers", "transformers.utils", "transformers.utils.import_utils", "transformers.integrations"):
            sys.modules[name] = types.ModuleType(name)
        sys.modules["transformers.utils.import_utils"]._is_package_available = None
        sys.modules["transformers.integrations"].is_deepspeed_zero3_enabled = lambda: False
        return importlib.import_module("llamafactory.train.ppo.ppo_utils").get_rewards_from_server

    yield load
    sys.modules.clear()
    sys.modules.update(before)


@pytest.fixture(scope="session")
def url() -> str:
    return os.environ["REWARDGATE_TEST_HTTP"] + "/v1/score/evaluation"
