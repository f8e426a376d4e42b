"""Rerankers of LlamaIndex without its core: their files are as they stand, and the classes that they derive from are stood in for."""

import contextlib
import importlib.util
import os
import pathlib
import sys
import types

import pytest
import requests  # noqa: F401  loaded before modules are put back, which would load half of it anew
from own_rewards import rewards_of  # noqa: F401  a fixture

PACKAGES = pathlib.Path(os.environ["REWARDGATE_TEST_PACKAGES"])


class Names(type):
    """A class that has every name that is asked of it, as an enumeration has its members."""

    def __getattr__(cls, name):
        return name


class Anything(types.ModuleType):
    """A module that has whatever is imported from it."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Names(name, (), {"__init__": lambda self, *_, **fields: self.__dict__.update(fields)})


class Postprocessor:
    """What a reranker derives from: fields that are set, and callbacks that nobody hears."""

    callback_manager = types.SimpleNamespace(event=lambda *_, **__: contextlib.nullcontext(types.SimpleNamespace(on_end=lambda **_: None)))

    def __init__(self, **fields):
        self.__dict__.update(fields)


class Node:
    """A document as a reranker is given it."""

    def __init__(self, text):
        self.text, self.node, self.score = text, self, None

    def get_content(self, metadata_mode):
        return self.text


@pytest.fixture
def reranker_of():
    """A module of LlamaIndex's rerankers."""
    before = dict(sys.modules)

    def load(pin: str, package: str):
        core = ["", ".base", ".base.llms", ".base.llms.generic_utils", ".bridge", ".bridge.pydantic", ".callbacks", ".instrumentation"]
        core += [".instrumentation.events", ".instrumentation.events.rerank", ".postprocessor", ".postprocessor.types", ".schema"]
        for name in ["llama_index", *("llama_index.core" + part for part in core)]:
            sys.modules[name] = Anything(name)
        sys.modules["llama_index.core.base.llms.generic_utils"].get_from_param_or_env = lambda _, given, *__: given
        sys.modules["llama_index.core.bridge.pydantic"].Field = sys.modules["llama_index.core.bridge.pydantic"].PrivateAttr = lambda **_: None
        sys.modules["llama_index.core.instrumentation"].get_dispatcher = lambda _: types.SimpleNamespace(event=lambda _: None)
        sys.modules["llama_index.core.postprocessor.types"].BaseNodePostprocessor = Postprocessor
        file = PACKAGES / pin / "llama_index" / "postprocessor" / package / "base.py"
        spec = importlib.util.spec_from_file_location(package, file)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    yield load
    sys.modules.clear()
    sys.modules.update(before)


@pytest.fixture(scope="session")
def http() -> str:
    return os.environ["REWARDGATE_TEST_HTTP"]
