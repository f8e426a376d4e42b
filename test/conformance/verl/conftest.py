"""verl's reward loop of several versions beside each other, without the rest of it.

Its worker, its reward managers, its router and how it loads a reward function are the files of the packages as they stand. What they
import and these calls do not need is stood in for: Ray, PyTorch and tensors of batches, and what opens a tokenizer.
"""

import importlib
import os
import pathlib
import sys
import types

import numpy as np
import pytest
import requests  # noqa: F401  loaded before modules are put back, which would load half of it anew
from own_rewards import rewards_of  # noqa: F401  a fixture

PACKAGES = pathlib.Path(os.environ["REWARDGATE_TEST_PACKAGES"])
# Modules of others, and packages of verl whose own files import much more than these calls need.
ABSENT = ["ray", "ray.actor", "omegaconf", "tensordict", "torch", "transformers"]
BARE = ["verl", "verl.experimental.reward_loop", "verl.utils", "verl.workers"]
STOOD_IN = [
    "verl.protocol",
    "verl.single_controller.ray.base",
    "verl.utils.fs",
    "verl.utils.reward_score",
    "verl.utils.transferqueue_utils",
    "verl.workers.reward_manager",
    "verl.experimental.reward_loop.reward_model",
]


class Anything(types.ModuleType):
    """A module that has whatever is imported from it: a class, which also serves as a decorator."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


def as_it_is(*given, **_):
    """A decorator, with or without arguments, that changes nothing."""
    return given[0] if given and isinstance(given[0], type) else as_it_is


class Config(dict):
    """A configuration as OmegaConf has it: keys are attributes too, and one that there is not is None."""

    def __getattr__(self, name):
        return self.get(name)


class Tokenizer:
    """As much of a tokenizer as the worker asks of one: a token is a character, and the template is the one given."""

    def __init__(self, turn: str = "", eos: str | None = None, bos: str | None = None):
        self._turn, self.eos_token, self.bos_token = turn, eos, bos

    def decode(self, ids, skip_special_tokens=False):
        text = "".join(chr(token) for token in ids)
        return text.replace(self.eos_token, "") if skip_special_tokens else text

    def apply_chat_template(self, chat, add_generation_prompt, tokenize):
        assert not add_generation_prompt and not tokenize
        return (self.bos_token or "") + "".join(self._turn.format(**message) for message in chat)


CHATML = Tokenizer("<|im_start|>{role}\n{content}<|im_end|>\n")
LLAMA = Tokenizer("<|start_header_id|>{role}<|end_header_id|>\n\n{content}<|eot_id|>", bos="<|begin_of_text|>")
POLICY = Tokenizer(eos="<|im_end|>")


class Data(list):
    """A batch: a slice of one is one."""

    def __getitem__(self, index):
        found = super().__getitem__(index)
        return Data(found) if isinstance(index, slice) else found


def data_of(pairs, truths=None, pad: int = 3):
    """Rollouts of pairs of prompt and response, as tokens of the policy: ended by its token, padded behind it."""

    def item(prompt, response, truth):
        tokens = [ord(letter) for letter in response + POLICY.eos_token]
        return types.SimpleNamespace(
            batch={"responses": np.array(tokens + [0] * pad), "attention_mask": np.array([1] * (9 + len(tokens)) + [0] * pad)},
            non_tensor_batch={
                "raw_prompt": [{"role": "user", "content": prompt}],
                "data_source": "conformance",
                "reward_model": {"ground_truth": truth},
                "extra_info": {"prompt": prompt},
            },
        )

    return Data(item(prompt, response, truth) for (prompt, response), truth in zip(pairs, truths or [None] * len(pairs), strict=True))


def config_of(engine="vllm", tokenizer="rm", enable=True, manager="naive", function=None, **reward):
    """One configuration in the places of every version."""
    model = Config(enable=enable, model_path=tokenizer, model=Config(path=tokenizer), rollout=Config(name=engine), reward_manager=manager)
    custom = Config(function or {})
    return Config(
        actor_rollout_ref=Config(model=Config(path="policy", tokenizer_path=None)),
        reward_model=model,
        custom_reward_function=custom,
        reward=Config(
            reward_model=model, custom_reward_function=custom, reward_manager=Config(source="register", name=manager), **reward
        ),
        trainer=Config(experiment_name="conformance"),
    )


@pytest.fixture
def verl_of():
    """Imports modules of a version of verl as their files stand."""
    before = dict(sys.modules)

    def load(version: str, module: str):
        folder = PACKAGES / f"verl=={version}" / "verl"
        for name in [*ABSENT, *BARE, *STOOD_IN]:
            sys.modules[name] = Anything(name)
        for name in BARE:
            sys.modules[name].__path__ = [str(folder.joinpath(*name.split(".")[1:]))]
        sys.modules["ray"].remote = as_it_is
        sys.modules["omegaconf"].DictConfig = Config
        sys.modules["verl.workers.reward_manager"].register = as_it_is
        sys.modules["verl.utils.reward_score"].get_default_compute_score = lambda _: None
        sys.modules["verl.utils.reward_score"].default_compute_score = None
        sys.modules["verl.utils.fs"].copy_to_local = lambda path: path
        sys.modules["verl.utils.transferqueue_utils"].tqbridge = as_it_is
        sys.modules["verl.utils"].hf_tokenizer = lambda path, **_: {"policy": POLICY, "rm": CHATML, "llama": LLAMA}[path]
        return importlib.import_module(module)

    yield load
    sys.modules.clear()
    sys.modules.update(before)


@pytest.fixture
def worker_of(verl_of):
    """verl's worker of rewards, asked at an address; called inside of a running loop, as in its process."""

    def make(version: str, address: str | None, **config):
        loop = verl_of(version, "verl.experimental.reward_loop.reward_loop")
        importlib.import_module("verl.experimental.reward_loop.reward_manager")
        return loop.RewardLoopWorker(config_of(**config), address)

    return make


@pytest.fixture(scope="session")
def address() -> str:
    """host:port, which is all that verl takes."""
    return os.environ["REWARDGATE_TEST_HTTP"].removeprefix("http://")
