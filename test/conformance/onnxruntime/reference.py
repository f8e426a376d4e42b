"""What Python says of the judges that ship: the recipes' tokenisation, and ONNX Runtime on one text at a time."""

import os
import pathlib
import sys

# Read when the library is loaded, which else reports to its maker: no other file here imports it.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import numpy as np
import onnxruntime
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[3]
MODELS = ROOT / "models"
VERSION = onnxruntime.__version__
sys.path += [str(MODELS / "recipes" / name) for name in ("chat", "group")]

from chat.tokenise import ChatTokenizer
from group.tokenise import GroupTokenizer


def manifest_of(name):
    """What judge.yaml says of a judge that ships."""
    return yaml.safe_load((MODELS / name / "judge.yaml").read_text(encoding="utf-8"))


class Bundle:
    """A folder under models/: its judge.yaml, and its graph on one thread with the options of the gateway's inference processes."""

    def __init__(self, name):
        folder = MODELS / name
        self.manifest = manifest_of(name)
        model, files = self.manifest["model"], self.manifest["files"]
        self.template, self.max_tokens, self.outputs = model["template"], model["maxTokens"], model["outputs"]
        self._inputs = model["inputs"]
        self.tokenizer_json = (folder / files["tokenizer"]["path"]).read_text(encoding="utf-8")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        options.enable_mem_pattern = False
        graph = str(folder / files["graph"]["path"])
        self._session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])

    def run(self, ids, types):
        """The graph's outputs for one text, without padding: name → float64 numbers, as wide as they go over the wire."""
        columns = {"ids": ids, "mask": [1] * len(ids), "segments": types}
        names = [output.name for output in self._session.get_outputs()]
        feeds = {self._inputs[key]: np.array([values], np.int64) for key, values in columns.items()}
        return {name: np.ravel(array).astype(np.float64) for name, array in zip(names, self._session.run(None, feeds), strict=True)}


def chat_numbers(rows):
    """Every number of chat-objectives and chat-reward for rows of one candidate: a list of one dictionary per row."""
    bundle, scalar = Bundle("chat-objectives"), manifest_of("chat-reward")
    for part, keys in {"model": ("template", "maxTokens", "inputs"), "files": ("graph", "tokenizer")}.items():
        assert all(bundle.manifest[part][key] == scalar[part][key] for key in keys), "the two judges no longer share a forward pass"
    names = [objective["name"] for objective in bundle.manifest["objectives"]]
    penalties = np.array([objective["penalty"] for objective in bundle.manifest["objectives"]])
    verbosity = names.index(bundle.manifest["verbosity"])
    tokeniser = ChatTokenizer(bundle.tokenizer_json, bundle.template)

    def numbers(row):
        ids, types = tokeniser.encode(row["prompt"], row["candidate"], bundle.max_tokens)
        assert len(ids) == row["tokens"], f"{row['id']}: the tokenizer of Python has changed since the row was recorded"
        out = bundle.run(ids, types)
        objectives, gating = out[bundle.outputs["objectives"]], out[bundle.outputs["gating"]]
        found = {"chat-reward tokens": len(ids), "chat-objectives tokens": len(ids)}
        found["chat-reward raw"] = out[scalar["model"]["outputs"]["score"]][0]
        found["chat-objectives raw"] = gating @ (objectives - penalties * objectives[verbosity])
        for name, objective, weight in zip(names, objectives, gating, strict=True):
            found |= {f"chat-objectives objectives.{name}": objective, f"chat-objectives gating.{name}": weight}
        return [found]

    return [numbers(row) for row in rows]


def group_numbers(rows):
    """Every number of chat-group for rows of several candidates: a list per row of a dictionary per candidate."""
    bundle = Bundle("chat-group")
    tokeniser = GroupTokenizer(bundle.tokenizer_json, bundle.template)

    def numbers(row):
        ids, types = tokeniser.encode_group(row["prompt"], row["candidates"], bundle.max_tokens)
        scores = bundle.run(ids, types)[bundle.outputs["scores"]]
        own = scores[: len(row["candidates"])]
        assert np.isnan(scores[len(own) :]).all()
        shares = np.exp(own - own.max()) / np.exp(own - own.max()).sum()
        return [
            {"chat-group raw": score, "chat-group tokens": len(ids), "chat-group findings.best of the group": share}
            for score, share in zip(own, shares, strict=True)
        ]

    return [numbers(row) for row in rows]
