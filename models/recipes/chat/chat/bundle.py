"""Writes the files of a bundle: judge.yaml, calibration.json, golden.jsonl, and their digests."""

import hashlib
import json
import os

import numpy as np
import yaml

from .evaluate import pair_metrics, temperature_fit
from .golden import write_lines
from .tokenise import MAX_TOKENS, TEMPLATE


def digest(path):
    """SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def calibration(graph, selection, validation, fitted_on):
    """Temperature of the pairs of the selection part, with the median of their scores as zero.

    `selection`, `validation`: scores `[2 N]` of both parts, by turns of the preferred and the other candidate.
    """
    select, validate = (scores[::2] - scores[1::2] for scores in (selection, validation))
    slope = float(f"{temperature_fit(select):.6g}")
    return {
        "apiVersion": "rewardgate/v1", "method": "affine",
        "params": {"slope": slope, "intercept": float(f"{-slope * np.median(selection):.6g}")},
        "spaceIn": "logit", "spaceOut": "logit", "graphSha256": digest(graph),
        "fittedOn": {"data": fitted_on, "n": len(select)},
        "metrics": {"before": pair_metrics(validate), "after": pair_metrics(slope * validate)},
    }


def write(folder, trunk, judge, calibrated, golden, reads=(MAX_TOKENS, TEMPLATE)):
    """Writes one bundle.

    `judge`: what is particular to it (name, kind, outputs, keys of its kind, training …); `trunk`: folder of graph and
    tokenizer; `reads`: tokens of a text, and the chat template.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "calibration.json").write_text(json.dumps(calibrated, indent=2) + "\n")
    write_lines(folder / "golden.jsonl", golden)
    # Those of another kind of processor were of the graph before: ../../processors records them anew.
    (folder / "golden.arm64.jsonl").unlink(missing_ok=True)
    def beside(name):
        return os.path.normpath(os.path.join(os.path.relpath(trunk, folder), name))

    files = {"graph": beside("model.onnx"), "tokenizer": beside("tokenizer.json"),
             "calibration": "calibration.json", "golden": "golden.jsonl"}
    spec = {
        "apiVersion": "rewardgate/v1", "name": folder.name, "kind": judge["kind"],
        "description": judge["description"], "license": "Apache-2.0",
        "model": {
            "maxTokens": reads[0], "template": reads[1],
            "inputs": {"ids": "input_ids", "mask": "attention_mask", "segments": "token_type_ids"},
            "outputs": judge["outputs"],
        },
        **judge["own"],
        "space": "logit",
        "determinism": {"class": "tolerance", "bound": 1.0e-5},
        "goldenTolerance": judge["goldenTolerance"],
        "files": {name: {"path": path, "sha256": digest(folder / path)} for name, path in files.items()},
        "training": judge["training"],
    }
    text = yaml.safe_dump(spec, sort_keys=False, allow_unicode=True, width=110)
    (folder / "judge.yaml").write_text(text)
