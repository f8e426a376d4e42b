"""Writes the files of a bundle and measures the graph against torch before it does."""

import hashlib
import json
import re
import shutil
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import yaml

from . import rows
from . import template as templates
from .graph import BRANCHES
from .judges import ONE_NUMBER

#: Largest difference between the graph's and transformers' numbers that is exported.
TOLERANCE = 1e-4
#: Fewer goldens than this could pass by luck.
LEAST_GOLDENS = 16


def golden_rows(judge, max_tokens):
    """Rows that the template takes and that fit, with transformers' ids and numbers, and the encoded texts."""
    found, texts = [], []
    for item in rows.PROCESS if judge.kind == "process" else rows.CHAT:
        if judge.kind == "process":
            name, prompt, candidate, _ = rows.process_item(item, judge.separator)
        else:
            name, prompt, candidate = item
        reference = {"reference": rows.reference_of(name)} if judge.kind == "verifier" else {}
        try:
            ids, types = judge.ids(prompt, candidate, **reference)
        except Exception as refusal:  # A template that takes no system message raises an error of its own.
            if not any(message["role"] == "system" for message in prompt):
                raise
            print(f"  left out: row {name}, {str(refusal)[:80]}")
            continue
        if lost := templates.left_out(judge.tokenizer, judge.template, prompt):
            if not any(message["role"] == "system" for message in prompt):
                raise SystemExit(f"the template leaves out or changes a message of row {name}: {lost[:80]!r}; correct it with --template")
            print(f"  left out: row {name}, of which the template shows no {lost[:80]!r}")
            continue
        if len(ids) > max_tokens:
            print(f"  left out: row {name}, {len(ids)} tokens")
            continue
        fields = judge.score(ids, types, candidate)
        if not np.isfinite(fields["score"]):
            raise SystemExit(f"the model's own score of row {name} is not finite")
        numbers = {key: rounded(value) for key, value in fields.items()}
        found.append({"id": name, "prompt": prompt, **reference, "candidate": candidate, **numbers, "ids": [int(i) for i in ids]})
        texts.append((list(ids), types))
    if len(found) < LEAST_GOLDENS:
        raise SystemExit(f"{len(found)} golden rows, fewer than {LEAST_GOLDENS}; raise --max-tokens")
    return found, texts


def rounded(value):
    """Nine significant digits give back the same float32."""
    if isinstance(value, list):
        return [rounded(v) for v in value]
    return float(f"{value:.9g}")


class Session:
    """The graph in ONNX Runtime."""

    def __init__(self, path, judge, pad):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self._judge, self._pad = judge, pad

    def run(self, texts):
        """Outputs for texts `(ids, types)`, a row each, padded on the right: name → a row per text."""
        shape = len(texts), max(len(ids) for ids, _ in texts)
        feeds = {name: np.zeros(shape, np.int64) for name in self._judge.inputs} | {"input_ids": np.full(shape, self._pad, np.int64)}
        for row, (ids, types) in enumerate(texts):
            feeds["input_ids"][row, : len(ids)], feeds["attention_mask"][row, : len(ids)] = ids, 1
            if "token_type_ids" in feeds:
                feeds["token_type_ids"][row, : len(ids)] = types
            if "position_ids" in feeds:
                feeds["position_ids"][row, : len(ids)] = range(len(ids))
        if "text_places" in feeds:
            feeds["text_places"] = np.array([[row, 0] for row in range(len(texts))])
        return self._outputs(feeds)

    def run_behind_prefix(self, texts):
        """The same for texts in one row behind the longest prefix that they share."""
        start = shared_length([ids for ids, _ in texts])
        rows = {name: [] for name in ("input_ids", "position_ids", "branch_ids")}
        for branch, ids in enumerate([texts[0][0][:start], *(ids[start:] for ids, _ in texts)]):
            rows["input_ids"] += ids
            rows["position_ids"] += range(start if branch else 0, (start if branch else 0) + len(ids))
            rows["branch_ids"] += [branch] * len(ids)
        feeds = {name: np.array([row], np.int64) for name, row in rows.items()}
        feeds["attention_mask"] = np.ones_like(feeds["input_ids"])
        feeds["text_places"] = np.array([[0, branch + 1] for branch in range(len(texts))])
        return self._outputs(feeds)

    def _outputs(self, feeds):
        return dict(zip(self._judge.outputs, self._session.run(self._judge.outputs, feeds)))


def shared_length(texts):
    """Tokens at the start of all texts that are the same."""
    return next((at for at, tokens in enumerate(zip(*texts)) if len(set(tokens)) > 1), min(map(len, texts)))


def numbers(judge, outputs, row):
    """The numbers of a row as a golden row holds them: the score, then objectives and gating."""
    if judge.kind in ONE_NUMBER:
        return np.array([outputs["score"][row]])
    if judge.kind == "process":
        margins = outputs["steps"][row].astype(np.float64)
        return np.array([(1 / (1 + np.exp(-margins[~np.isnan(margins)]))).min()])
    objectives, gating = (outputs[name][row].astype(np.float64) for name in ("objectives", "gating"))
    manifest = judge.manifest()
    penalties = np.array([objective["penalty"] for objective in manifest["objectives"]])
    names = [objective["name"] for objective in manifest["objectives"]]
    verbosity = objectives[names.index(manifest["verbosity"])] if "verbosity" in manifest else 0
    return np.concatenate([[gating @ (objectives - penalties * verbosity)], objectives, gating])


def measure(judge, session, golden, texts):
    """Largest differences: from transformers, each text alone; between a text alone and among others; and from transformers, behind a
    prefix that is read once, None where the graph reads every text in a row of its own."""
    alone = [numbers(judge, session.run([text]), 0) for text in texts]
    recorded = [np.array([row["score"], *row.get("objectives", []), *row.get("gating", [])]) for row in golden]
    parity = max(float(np.abs(a - r).max()) for a, r in zip(alone, recorded))
    order = np.random.default_rng(0).permutation(len(texts))
    batches = [order[start : start + size] for size in (2, 5, len(texts)) for start in range(0, len(order), size)]
    moved = largest(judge, session.run, texts, batches, alone)
    if BRANCHES[0] not in judge.inputs:
        return parity, moved, None
    of_prompts = {}
    for i, row in enumerate(golden):
        of_prompts.setdefault(json.dumps(row["prompt"]), []).append(i)
    batches += of_prompts.values()
    moved = max(moved, largest(judge, session.run_behind_prefix, texts, batches, alone))
    return parity, moved, largest(judge, session.run_behind_prefix, texts, batches, recorded)


def largest(judge, run, texts, batches, expected):
    """Largest difference between what `run` says of texts in batches and what is expected of them."""
    found = 0.0
    for batch in batches:
        outputs = run([texts[i] for i in batch])
        for row, i in enumerate(batch):
            found = max(found, float(np.abs(numbers(judge, outputs, row) - expected[i]).max()))
    return found


def write(folder, judge, model, weights, facts, tokenizer_json, options):
    """Writes the bundle into `folder`, a new one; returns what was measured. `weights`: path of those beside the graph, or None."""
    folder = Path(folder)
    folder.mkdir(parents=True)
    golden, texts = golden_rows(judge, options.max_tokens)
    files = {"graph": "model.onnx", "tokenizer": "tokenizer.json", "golden": "golden.jsonl"}
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    if weights is not None:
        files["weights"] = weights.name
        shutil.move(weights, folder / weights.name)
        onnx.checker.check_model(folder / "model.onnx")
    (folder / "tokenizer.json").write_text(tokenizer_json)
    (folder / "golden.jsonl").write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in golden))
    session = Session(folder / "model.onnx", judge, facts["pad"])
    parity, moved, shared = measure(judge, session, golden, texts)
    for how, off in {"alone": parity, "behind a shared prefix": shared or 0.0}.items():
        if not off <= options.tolerance:
            raise SystemExit(f"the graph is off by {off:.2e} from transformers, {how}, more than {options.tolerance:g}; nothing is usable")
    bound = max(1e-5, float(f"{8 * moved:.0e}"))
    inputs = {"ids": "input_ids", "mask": "attention_mask"}
    if "token_type_ids" in judge.inputs:
        inputs["segments"] = "token_type_ids"
    if shared is not None:
        inputs["prefix"] = dict(zip(("positions", "branches", "texts"), BRANCHES))
    spec = {
        "apiVersion": "rewardgate/v1",
        "name": options.name,
        "kind": judge.kind,
        "description": options.description,
        "license": options.license,
        "model": {"maxTokens": options.max_tokens, "template": judge.template, "inputs": inputs,
                  "outputs": {name: name for name in judge.outputs}},
        **judge.manifest(),
        "space": options.space or judge.space,
        "determinism": {"class": "tolerance", "bound": bound},
        "goldenTolerance": options.tolerance,
        "files": {name: {"path": path, "sha256": digest(folder / path)} for name, path in files.items()},
        "source": facts["source"],
        "training": facts["training"] | {"parity": {"rows": len(golden), "maxDifference": rounded(parity), "amongOthers": rounded(moved)}
                                         | ({} if shared is None else {"behindPrefix": rounded(shared)})},
    }
    (folder / "judge.yaml").write_text(yaml.safe_dump(spec, sort_keys=False, allow_unicode=True, width=110))
    return {"rows": len(golden), "parity": parity, "moved": moved, "shared": shared}


def digest(path):
    """SHA-256 of a file, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def license_of(folder):
    """The licence that a model card's front matter names, or None."""
    card = Path(folder) / "README.md"
    found = card.is_file() and re.search(r"^license:\s*([^\s#]+)", card.read_text(errors="replace"), re.M)
    return found[1] if found else None
