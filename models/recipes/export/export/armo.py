"""ArmoRM as a model of its own: a Llama decoder, a regression layer and a gating network (arXiv:2406.12845).

Its checkpoints come with code that transformers would have to execute. Nothing of that is run: the parts are rebuilt here from
the paper, the configuration and the names of the weights.
"""

import json
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import nn
from transformers import AutoConfig, AutoModel

ARCHITECTURE = "LlamaForRewardModelWithGating"
#: Objectives of the published model, in order; the paper lists their data.
OBJECTIVES = [
    "helpsteer-helpfulness", "helpsteer-correctness", "helpsteer-coherence", "helpsteer-complexity", "helpsteer-verbosity",
    "ultrafeedback-overall_score", "ultrafeedback-instruction_following", "ultrafeedback-truthfulness",
    "ultrafeedback-honesty", "ultrafeedback-helpfulness", "beavertails-is_safe", "prometheus-score",
    "argilla-overall_quality", "argilla-judge_lm", "code-complexity", "code-style", "code-explanation",
    "code-instruction-following", "code-readability",
]


class Armo(nn.Module):
    """`regression` `[d → K]`, `gating` layers `[d → … → K]`, `transform` `[K, K]` and the decoder `model`."""

    def __init__(self, config):
        super().__init__()
        facts = config.to_dict()
        labels = config.num_labels
        width, depth = facts.get("gating_hidden_dim", 1024), facts.get("gating_n_hidden", 3)
        sizes = [config.hidden_size, *[width] * depth, labels]
        self.config = config
        self.temperature = float(facts.get("gating_temperature", 10))
        self.model = AutoModel.from_config(config)
        self.regression = nn.Linear(config.hidden_size, labels, bias=False)
        self.gating = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))
        self.transform = nn.Parameter(torch.eye(labels))
        self.scale = nn.Parameter(torch.ones(1))

    @property
    def logit_scale(self):
        return float(self.scale.detach()[0])

    def forward(self, input_ids, attention_mask, pattern):
        """Objectives, gating and reward of one text, `[1, S]`, computed by torch."""
        hidden = self.model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state[0]
        end = int(attention_mask[0].nonzero().max())
        objectives = self.regression(hidden[end])
        gate = hidden[last_occurrence(input_ids[0].tolist(), pattern)]
        for index, layer in enumerate(self.gating):
            gate = layer(gate)
            if index < len(self.gating) - 1:
                gate = torch.relu(gate)
        gating = torch.softmax(gate / self.temperature, -1) * self.scale[0]
        return objectives, gating, gating @ (objectives @ self.transform)


def last_occurrence(ids, pattern):
    """Index at which `pattern` starts last."""
    for start in range(len(ids) - len(pattern), -1, -1):
        if ids[start : start + len(pattern)] == pattern:
            return start
    raise ValueError("the text does not hold the tokens that end the prompt")


_RENAMED = {"regression_layer.weight": "regression.weight", "reward_transform_matrix": "transform", "gating.logit_scale": "scale"}


def load(folder):
    """The model of a checkpoint folder with safetensors, in float32."""
    config = AutoConfig.from_pretrained(folder)
    model = Armo(config)
    found = {}
    for path in sorted(Path(folder).glob("*.safetensors")):
        for name, tensor in load_file(path).items():
            name = _RENAMED.get(name, name)
            if name.startswith("gating.layers."):
                name = name.replace("gating.layers.", "gating.")
            found[name] = tensor.float()
    for index, layer in enumerate(model.gating):
        if f"gating.{index}.bias" not in found:
            layer.bias = None
    found.setdefault("transform", torch.eye(config.num_labels))
    found.setdefault("scale", torch.ones(1))
    missing, unexpected = model.load_state_dict({n: t.reshape(-1) if n == "scale" else t for n, t in found.items()}, strict=False)
    if missing or unexpected:
        raise SystemExit(f"the checkpoint is no ArmoRM as known here: missing {missing[:5]}, unexpected {unexpected[:5]}")
    return model.eval()


def save(model, folder):
    """Writes a model under the names of the published checkpoint."""
    from safetensors.torch import save_file

    back = {ours: theirs for theirs, ours in _RENAMED.items()}
    state = {}
    for name, tensor in model.state_dict().items():
        name = back.get(name, name)
        if name.startswith("gating.") and name.split(".")[1].isdigit():
            name = "gating.layers." + name.removeprefix("gating.")
        state[name] = tensor.contiguous()
    save_file(state, Path(folder) / "model.safetensors")
    config = {**model.config.to_dict(), "architectures": [ARCHITECTURE]}
    (Path(folder) / "config.json").write_text(json.dumps(config))


def penalties(transform):
    """The share of verbosity that each objective loses, and the index of verbosity, from `transform`; `rewards · transform`.

    The gateway computes `r'_k = r_k − p_k · r_verbosity`, which is what published matrices do.
    """
    change = torch.eye(len(transform)) - transform.detach().float()
    rows = change.abs().sum(1).nonzero().flatten().tolist()
    if len(rows) > 1:
        raise SystemExit("the reward transform is not of the form r_k − p_k · r_verbosity, which is all that the kind objectives computes")
    if not rows:
        return [0.0] * len(transform), None
    return [float(value) for value in change[rows[0]]], rows[0]
