"""How ms-swift and verifiers call a reward function, in their own code, without the rest of them. What it imports and does not need here is
stood in for; of PyTorch, arrays do what ms-swift asks of it."""

import importlib
import os
import pathlib
import sys
import types

import numpy as np
import pytest
from compatibility import write_rows
from own_rewards import rewards_of  # noqa: F401  a fixture

PACKAGES = pathlib.Path(os.environ["REWARDGATE_TEST_PACKAGES"])
LONG = ("Say something long.", "word " * 3000)
PAIRS = [(f"How long do I boil {count} eggs?", answer) for count in (1, 2, 3) for answer in ("Eight minutes, then cold water.", "Google it.")]


class Anything(types.ModuleType):
    """A module that has whatever is imported from it: a class."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {"__class_getitem__": classmethod(lambda cls, _: cls)})


class Rows(np.ndarray):
    """An array with the methods of a tensor that are called."""

    def all(self, dim=None, **_):
        return np.asarray(self).all(axis=dim)


@pytest.fixture
def package():
    """Imports a module of a package as its file stands, its parents bare and some modules stood in for."""
    before = dict(sys.modules)

    def load(pin: str, module: str, bare: list[str], stood_in: list[str]):
        for name in [*bare, *stood_in]:
            sys.modules[name] = Anything(name)
            parent, _, child = name.rpartition(".")
            if parent:
                setattr(sys.modules[parent], child, sys.modules[name])
        for name in bare:
            sys.modules[name].__path__ = [str(PACKAGES.joinpath(pin, *name.split(".")))]
        return importlib.import_module(module)

    yield load
    sys.modules.clear()
    sys.modules.update(before)


@pytest.fixture
def swift(package):
    """ms-swift's scoring of samples by reward functions."""
    torch = types.ModuleType("torch")
    torch.nn = types.ModuleType("torch.nn")
    torch.nn.Module = type("Module", (), {})
    torch.nan, torch.float32, torch.device, torch.Tensor = np.nan, np.float32, object, np.ndarray
    torch.zeros = lambda shape, device: np.zeros(shape)
    torch.tensor = lambda values, dtype, device: np.array(values, dtype=dtype)
    torch.isnan = lambda rows: np.isnan(rows).view(Rows)
    sys.modules |= {"torch": torch, "torch.nn": torch.nn}
    bare, stood_in = ["swift", "swift.rl_core"], ["swift.rl_core.data", "swift.utils", "swift.dataset"]
    loaded = package("ms-swift==4.6.0", "swift.rl_core.grpo_algorithm", bare, stood_in)
    rows = staticmethod(lambda rows: {key: [row[key] for row in rows] for key in rows[0]})
    sys.modules["swift.dataset"].RowPreprocessor = type("RowPreprocessor", (), {"rows_to_batched": rows})
    return loaded


@pytest.fixture(scope="session")
def address() -> str:
    return os.environ["REWARDGATE_TEST_GRPC"]


def pytest_terminal_summary(terminalreporter):
    systems = {"test_swift.py": ("ms-swift", "4.6.0"), "test_verifiers.py": ("verifiers", "0.1.14, 0.3.1")}
    write_rows(terminalreporter, systems)
