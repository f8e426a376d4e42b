"""Records the golden scores of the chat judges on the kind of processor that this runs on.

Python's ONNX Runtime scores the items of `golden.jsonl` once more, on one thread and each text alone. The result goes into a
file of its own, which judge.yaml names beside the first. Rows whose score lies at the edge of a rounding are left out.

    python record.py                 writes them
    python record.py --narrow        leaves further rows out of what another machine of this architecture wrote
    python record.py --check         compares with what was written, and writes nothing
"""

import argparse
import hashlib
import json
import os
import platform
import sys
from pathlib import Path

# ONNX Runtime's builds report to their maker unless this is there when the library is loaded.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import numpy as np
import onnxruntime
import yaml

RECIPES = Path(__file__).resolve().parents[1]
MODELS = RECIPES.parent
sys.path += [str(RECIPES / name) for name in ("chat", "group")]

from chat.golden import rounded, write_lines
from chat.tokenise import ChatTokenizer
from group.tokenise import GroupTokenizer

#: Judges whose graphs round activations to 8 bits, so that a last bit decides steps of a score.
JUDGES = ("chat-reward", "chat-objectives", "chat-group")
#: Key in judge.yaml and name of the golden file by what Python calls the processor.
ARM64 = ("goldenArm64", "golden.arm64.jsonl")
RECORDS = {"aarch64": ARM64, "arm64": ARM64}
#: A row that moves by more than this share of the tolerance from one kind of processor to another lies at the edge of a rounding: the next
#: kind may fall on either side, so it tells nothing about how a text was read.
EDGE = 0.5


class Bundle:
    """A bundle: its judge.yaml, and its graph on one thread with the options of the gateway's inference processes."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.manifest = yaml.safe_load((self.folder / "judge.yaml").read_text(encoding="utf-8"))
        model = self.manifest["model"]
        self.template, self.max_tokens, self.outputs = model["template"], model["maxTokens"], model["outputs"]
        self._inputs = model["inputs"]
        self.tokenizer_json = self.path("tokenizer").read_text(encoding="utf-8")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        options.enable_mem_pattern = False
        self._session = onnxruntime.InferenceSession(str(self.path("graph")), options, providers=["CPUExecutionProvider"])

    def path(self, file):
        """Where a file of the bundle lies."""
        return self.folder / self.manifest["files"][file]["path"]

    def golden(self, file):
        """The rows of one of its golden files."""
        with open(self.path(file), encoding="utf-8") as lines:
            return [json.loads(line) for line in lines]

    def run(self, ids, types):
        """The graph's outputs for one text, without padding: name → float64 numbers, as wide as they go over the wire."""
        columns = {"ids": ids, "mask": [1] * len(ids), "segments": types}
        names = [output.name for output in self._session.get_outputs()]
        feeds = {self._inputs[key]: np.array([values], np.int64) for key, values in columns.items()}
        return {name: np.ravel(array).astype(np.float64) for name, array in zip(names, self._session.run(None, feeds), strict=True)}

    def gated(self, objectives, gating):
        """The score of a judge with objectives: the gated sum of what they are less their penalties on verbosity, float64."""
        declared = self.manifest["objectives"]
        penalties = np.array([objective["penalty"] for objective in declared])
        verbosity = [objective["name"] for objective in declared].index(self.manifest["verbosity"])
        return float(gating @ (objectives - penalties * objectives[verbosity]))


def scored(bundle):
    """The golden rows of a bundle with the numbers that this machine computes."""
    kind, outputs = bundle.manifest["kind"], bundle.outputs
    tokeniser = (GroupTokenizer if kind == "multi_response" else ChatTokenizer)(bundle.tokenizer_json, bundle.template)
    for row in bundle.golden("golden"):
        if kind == "multi_response":
            found = bundle.run(*tokeniser.encode_group(row["prompt"], row["candidates"], bundle.max_tokens))
            yield row | {"scores": rounded(found[outputs["scores"]][: len(row["candidates"])])}
            continue
        found = bundle.run(*tokeniser.encode(row["prompt"], row["candidate"], bundle.max_tokens))
        if kind == "scalar":
            yield row | {"score": rounded(found[outputs["score"]])[0]}
            continue
        objectives, gating = found[outputs["objectives"]], found[outputs["gating"]]
        score = float(f"{bundle.gated(objectives, gating):.9g}")
        yield row | {"score": score, "objectives": rounded(objectives), "gating": rounded(gating)}


def difference(ours, theirs):
    """Largest difference between the numbers of two records of a row, and the row's id."""
    numbers = [np.hstack([row.get(key, []) for key in ("score", "scores", "objectives", "gating")]) for row in (ours, theirs)]
    return float(np.abs(numbers[0] - numbers[1]).max()), ours["id"]


def record(bundle, rows, key, name):
    """Writes a golden file and has judge.yaml name it."""
    path = bundle.folder / name
    write_lines(path, rows)
    bundle.manifest["files"][key] = {"path": name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    text = yaml.safe_dump(bundle.manifest, sort_keys=False, allow_unicode=True, width=110)
    (bundle.folder / "judge.yaml").write_text(text, encoding="utf-8")


def main():
    """Parses the command line, records or checks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, default=MODELS, help="folder of the bundles (default: where this recipe lies)")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--narrow", action="store_true", help="leave out rows that move too much from there to here; write no new score")
    mode.add_argument("--check", action="store_true", help="compare only; ends with 1 where a number is beyond the tolerance")
    args = parser.parse_args()
    machine = platform.machine()
    if machine not in RECORDS and not args.check:
        parser.error(f"nothing is recorded for {machine}: it is held to golden.jsonl, which a judge's own recipe writes; try --check")
    key, name = RECORDS.get(machine, ("golden", ""))
    beyond = False
    for bundle in (Bundle(args.models / judge) for judge in JUDGES):
        tolerance = bundle.manifest["goldenTolerance"]
        against = key if (args.check or args.narrow) and key in bundle.manifest["files"] else "golden"
        recorded = {row["id"]: row for row in bundle.golden(against)}
        rows = [row for row in scored(bundle) if row["id"] in recorded]
        moves = [difference(row, recorded[row["id"]]) for row in rows]
        off, worst = max(moves)
        beyond |= not off <= tolerance
        print(f"{bundle.folder.name}: {len(rows)} rows, off by {off:.3g} from files.{against} at most (row {worst})", flush=True)
        if not args.check:
            edges = {row for move, row in moves if not move <= EDGE * tolerance}
            kept = [row for row in (recorded.values() if args.narrow else rows) if row["id"] not in edges]
            record(bundle, kept, key, name)
            print(f"  {len(kept)} rows recorded; left out: {', '.join(sorted(edges)) or 'none'}", flush=True)
    return 1 if args.check and beyond else 0


if __name__ == "__main__":
    sys.exit(main())
