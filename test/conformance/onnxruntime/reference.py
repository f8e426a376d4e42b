"""What Python says of the judges that ship: the recipes' tokenisation, and ONNX Runtime on one text at a time."""

import pathlib
import sys

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[3]
MODELS = ROOT / "models"
sys.path.append(str(MODELS / "recipes" / "processors"))

from record import Bundle, ChatTokenizer, GroupTokenizer, onnxruntime

VERSION = onnxruntime.__version__


def chat_numbers(rows):
    """Every number of chat-objectives and chat-reward for rows of one candidate: a list of one dictionary per row."""
    bundle, scalar = Bundle(MODELS / "chat-objectives"), Bundle(MODELS / "chat-reward").manifest
    for part, keys in {"model": ("template", "maxTokens", "inputs"), "files": ("graph", "tokenizer")}.items():
        assert all(bundle.manifest[part][key] == scalar[part][key] for key in keys), "the two judges no longer share a forward pass"
    names = [objective["name"] for objective in bundle.manifest["objectives"]]
    tokeniser = ChatTokenizer(bundle.tokenizer_json, bundle.template)

    def numbers(row):
        ids, types = tokeniser.encode(row["prompt"], row["candidate"], bundle.max_tokens)
        assert len(ids) == row["tokens"], f"{row['id']}: the tokenizer of Python has changed since the row was recorded"
        out = bundle.run(ids, types)
        objectives, gating = out[bundle.outputs["objectives"]], out[bundle.outputs["gating"]]
        found = {"chat-reward tokens": len(ids), "chat-objectives tokens": len(ids)}
        found["chat-reward raw"] = out[scalar["model"]["outputs"]["score"]][0]
        found["chat-objectives raw"] = bundle.gated(objectives, gating)
        for name, objective, weight in zip(names, objectives, gating, strict=True):
            found |= {f"chat-objectives objectives.{name}": objective, f"chat-objectives gating.{name}": weight}
        return [found]

    return [numbers(row) for row in rows]


def group_numbers(rows):
    """Every number of chat-group for rows of several candidates: a list per row of a dictionary per candidate."""
    bundle = Bundle(MODELS / "chat-group")
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
