"""The measurements that decide between the precisions: accuracy, batch invariance and speed.

    python -m chat.compare --data DATA --models MODELS
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import onnx
import yaml

from . import build, data, evaluate, publish, quantise, tokenise
from .fit import SETS

SHAPES = [(batch, length) for length in (64, 128, 256) for batch in (1, 8)]


def invariance(session, rows, batches=1000, largest=32, seed=0):
    """Largest move of any output against the row alone, over random right-padded batches.

    Returns `{output: largest absolute difference}`.
    """
    rng = np.random.default_rng(seed)
    alone = [session.run([row]) for row in rows]
    worst = dict.fromkeys(session.names, 0.0)
    for _ in range(batches):
        picked = rng.choice(len(rows), rng.integers(1, largest + 1), replace=False)
        together = session.run([rows[i] for i in picked])
        for name in session.names:
            expected = np.concatenate([alone[i][name] for i in picked])
            worst[name] = max(worst[name], float(np.abs(together[name] - expected).max()))
    return worst


def speeds(sessions, shapes, vocabulary=30522, repeats=7, seed=0):
    """Texts per second of several sessions, taken in turn; `shapes` are (batch, length).

    Returns `{(batch, length): {session name: best of the repeats}}`.
    """
    rng = np.random.default_rng(seed)
    found = {}
    for batch, length in shapes:
        rows = [(rng.integers(1000, vocabulary, length), [0] * (length // 2) + [1] * (length - length // 2))
                for _ in range(batch)]
        best = dict.fromkeys(sessions, float("inf"))
        for _ in range(repeats):
            for name, session in sessions.items():
                started = time.perf_counter()
                session.run(rows)
                best[name] = min(best[name], time.perf_counter() - started)
        found[batch, length] = {name: round(batch / seconds, 1) for name, seconds in best.items()}
    return found


def main():
    """Parses the command line, measures and prints JSON lines."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--models", type=Path, required=True, help="folder of the bundles, built in fp32")
    parser.add_argument("--batches", type=int, default=1000)
    args = parser.parse_args()
    trunk = args.models / "chat-trunk"
    tokeniser = tokenise.ChatTokenizer((trunk / "tokenizer.json").read_text(encoding="utf-8"))
    spec = yaml.safe_load((args.models / "chat-objectives" / "judge.yaml").read_text())
    penalties = np.array([o["penalty"] for o in spec["objectives"]])
    pairs = [p for name in SETS for p in data.read_pairs(args.data, name)]
    calibrating = build.shuffled_rows(tokeniser, [p for p in pairs if p.part == "train"])
    model = onnx.load(trunk / "model.onnx")
    eight = quantise.variant(model, calibrating)
    sessions = {"fp32": evaluate.Session(model.SerializeToString()), "int8": evaluate.Session(eight.SerializeToString())}
    for shape, figures in speeds(sessions, SHAPES).items():
        print(json.dumps({"batch": shape[0], "length": shape[1], "texts per second": figures}), flush=True)
    for part in ("selection", "validation"):
        rows = [p for p in pairs if p.part == part]
        measured = {name: publish.measure(session, tokeniser, rows, penalties) for name, session in sessions.items()}
        for judge in ("chat-reward", "chat-objectives"):
            print(json.dumps({"part": part, "judge": judge} | paired(measured, judge)), flush=True)
    short = [row for row in calibrating if len(row[0]) <= 160][:300]
    for name, session in sessions.items():
        print(json.dumps({"invariance": name} | invariance(session, short, args.batches)), flush=True)


def paired(measured, judge):
    """Accuracy of both precisions on the same pairs, the pairs that only one gets right, and the scores' correlation."""
    scores = {name: m["scores"][judge] for name, m in measured.items()}
    right = {name: s[::2] > s[1::2] for name, s in scores.items()}
    return {
        **{name: publish.figures_of(m, judge)["union"]["accuracy"] for name, m in measured.items()},
        "only fp32 right": int((right["fp32"] & ~right["int8"]).sum()),
        "only int8 right": int((right["int8"] & ~right["fp32"]).sum()),
        "correlation": round(float(np.corrcoef(scores["fp32"], scores["int8"])[0, 1]), 4),
    }


if __name__ == "__main__":
    main()
