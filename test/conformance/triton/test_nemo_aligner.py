"""NeMo-Aligner's own client of a remote reward model, over PyTriton's real one. What it does on GPUs is stood in for by arrays."""

import importlib
import os
import pathlib
import sys
import types

import numpy as np
import pytest
from test_clients import MODEL, PAIRS, near, tokens

# NeMo-Aligner waits for a week, and PyTriton says that this is long.
pytestmark = pytest.mark.filterwarnings("ignore:Client network")

PACKAGE = pathlib.Path(os.environ["REWARDGATE_TEST_PACKAGES"]) / "nemo-aligner==0.7.0" / "nemo_aligner"
BARE = ["nemo_aligner", "nemo_aligner.models", "nemo_aligner.models.nlp", "nemo_aligner.models.nlp.gpt", "nemo_aligner.servers", "nemo_aligner.utils"]
STOOD_IN = ["torch", "torch.nn", "torch.nn.functional", "omegaconf", "nemo", "nemo.utils", "nemo_aligner.utils.parallel_state"]


class Rows(np.ndarray):
    """An array with the methods of a tensor that the client calls."""

    def cpu(self):
        return self

    def numpy(self):
        return np.asarray(self)

    def size(self, axis):
        return self.shape[axis]

    def unsqueeze(self, axis):
        return np.expand_dims(self, axis)


def pad(rows, sides, value):
    return np.pad(rows, [(0, 0), sides], constant_values=value).view(Rows)


@pytest.fixture
def client_of():
    """The module that stands for a reward model in NeMo-Aligner's trainers."""
    before = dict(sys.modules)
    for name in [*BARE, *STOOD_IN, "nemo_aligner.utils.distributed"]:
        sys.modules[name] = types.ModuleType(name)
    for name in BARE:
        sys.modules[name].__path__ = [str(PACKAGE.joinpath(*name.split(".")[1:]))]
    torch = sys.modules["torch"]
    torch.nn, torch.cuda = sys.modules["torch.nn"], types.SimpleNamespace(current_device=lambda: "cpu")
    torch.nn.functional = sys.modules["torch.nn.functional"]
    torch.nn.functional.pad = pad
    torch.tensor = lambda rows, device: np.array(rows)
    sys.modules["omegaconf"].DictConfig = dict
    sys.modules["nemo.utils"].logging = types.SimpleNamespace(info=lambda _: None)
    sys.modules["nemo_aligner.utils"].parallel_state = sys.modules["nemo_aligner.utils.parallel_state"]
    distributed = sys.modules["nemo_aligner.utils.distributed"]
    distributed.broadcast_2d_tensor_within_mp = lambda rows: rows
    distributed.run_if_model_parallel_src = lambda call, **kwargs: call(**kwargs)
    distributed.gather_tensor = None
    yield importlib.import_module("nemo_aligner.models.nlp.gpt.reward_critic_clients").RemoteGPTRMClient
    sys.modules.clear()
    sys.modules.update(before)


@pytest.mark.parametrize("padded", [None, 256])
def test_a_rollout_of_nemo_aligner_gets_the_panels_rewards(client_of, http, rewards_of, padded):
    ip, port = http.split(":")
    model = types.SimpleNamespace(name=MODEL, ip=ip, port=int(port))
    client = client_of(types.SimpleNamespace(reward_model=model, pad_to_length=padded))
    rows = tokens()
    batch = {"response_tokens": rows["tokens"].view(Rows), "response_lengths": rows["sequence_lengths"][:, 0].view(Rows)}
    rewards = client.infer_rm(batch).result()
    client.communicator.close()
    assert rewards.shape == (len(PAIRS), 1) and rewards[:, 0] == near(rewards_of(PAIRS))
