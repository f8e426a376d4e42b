"""Measures a finished graph, and writes the bundles of both judges and the goldens of the tests."""

import json

import numpy as np

from . import bundle, data, evaluate, golden, heads
from .fit import HELPFUL, OBJECTIVES, RATINGS, SETS, SETTINGS, VERBOSITY

#: `int8`: static 8-bit activations in the encoder; `fp32`: none.
PRECISION = "int8"
#: How far a golden score may be off on another kind of processor, where 8-bit roundings can fall the other way.
GOLDEN_TOLERANCE = {"int8": 0.1, "fp32": 1.0e-4}[PRECISION]


def measure(session, tokeniser, pairs, penalties):
    """Scores of pairs by the exported graph, candidates by turns: preferred, other.

    Returns `{scores: {judge: [2 N]}, lengths [2 N], kinds [N]}`.
    """
    encoded = [tokeniser.encode(p.prompt, c) for p in pairs for c in (p.chosen, p.rejected)]
    out = session.each(encoded)
    gated = heads.scores_of(out["objectives"].astype(np.float64), out["gating"], penalties, VERBOSITY)
    return {
        "scores": {"chat-reward": out["reward"].astype(np.float64), "chat-objectives": gated},
        "lengths": np.array([sum(types) for _, types in encoded]),
        "kinds": np.array([SETS.index(p.source) for p in pairs]),
        "objectives": out["objectives"], "gating": out["gating"],
    }


def figures_of(measured, judge):
    """Figures of one judge on one part."""
    scores, gaps = measured["scores"][judge], measured["lengths"][::2] - measured["lengths"][1::2]
    margins = scores[::2] - scores[1::2]
    return {
        "helpful": evaluate.described(margins[measured["kinds"] == 0]),
        "harmless": evaluate.described(margins[measured["kinds"] == 1]),
        "union": evaluate.described(margins),
        "length": evaluate.length_report(scores, measured["lengths"], margins, gaps),
    }


def judges(penalties):
    """What is particular to each judge's judge.yaml."""
    return {
        "chat-reward": {
            "kind": "scalar",
            "description": "One Bradley-Terry reward of a chat reply, trained on helpfulness and harmlessness preferences.",
            "outputs": {"score": "reward", "state": "state"},
            "own": {},
            "goldenTolerance": GOLDEN_TOLERANCE,
        },
        "chat-objectives": {
            "kind": "objectives",
            "description": "Eight objectives of a chat reply, weighed by a gate that reads the prompt only.",
            "outputs": {"objectives": "objectives", "gating": "gating", "state": "state"},
            "own": {
                "objectives": [{"name": n, "penalty": float(p)} for n, p in zip(OBJECTIVES, penalties)],
                "verbosity": "verbosity",
            },
            "goldenTolerance": GOLDEN_TOLERANCE,
        },
    }


def write_bundles(out, session, tokeniser, penalties, selection, validation):
    """Writes both bundles: calibration on the selection part, metrics on the validation part."""
    graph = out / "chat-trunk" / "model.onnx"

    def gated(outputs):
        score = heads.scores_of(outputs["objectives"].astype(np.float64), outputs["gating"].astype(np.float64),
                                penalties, VERBOSITY)
        return {"score": float(f"{score[0]:.9g}"), "objectives": golden.rounded(outputs["objectives"]),
                "gating": golden.rounded(outputs["gating"])}

    rows = golden.bundle_rows(session, tokeniser, {
        "chat-reward": lambda outputs: {"score": golden.rounded(outputs["reward"])[0]}, "chat-objectives": gated,
    })
    for name, judge in judges(penalties).items():
        figures = figures_of(validation, name)
        calibrated = bundle.calibration(graph, selection["scores"][name], validation["scores"][name],
                                        "selection part of hh_helpful_test and hh_harmless_test")
        judge["training"] = {"data": data_of(name), "seed": SETTINGS.seeds[0], "recipe": "models/recipes/chat",
                             "metrics": figures}
        bundle.write(out / name, graph.parent, judge, calibrated, rows[name])
        scores, slope = validation["scores"][name], calibrated["params"]["slope"]
        by_set = evaluate.calibration_report(scores[::2] - scores[1::2], np.array(SETS)[validation["kinds"]], slope)
        print(name, *map(json.dumps, (figures, calibrated, by_set)), sep="\n", flush=True)


def data_of(judge):
    """Names of the files that a judge was trained on."""
    rated = sorted({file for sources in RATINGS.values() for file, _ in sources})
    return [*SETS, *(rated if judge == "chat-objectives" else [])]


def write_goldens(folder, session, tokeniser, pairs, extra):
    """Writes the goldens of the tests: tokenizer.jsonl and chat-scores.jsonl.gz."""
    golden.write_lines(folder / "tokenizer.jsonl", golden.tokenizer_rows(tokeniser))
    golden.write_lines(folder / "chat-scores.jsonl.gz", golden.score_rows(session, tokeniser, pairs + extra))


def pairs_of(folder):
    """Both preference sets by part: `{part: [Pair]}`."""
    pairs = [p for name in SETS for p in data.read_pairs(folder, name)]
    return {part: [p for p in pairs if p.part == part] for part in ("train", "selection", "validation")}


def write_all(out, tokeniser, pairs, penalties, folder, goldens):
    """Writes both bundles beside the finished graph in `out`, and the goldens of the tests into `goldens` if given."""
    session = evaluate.Session(out / "chat-trunk" / "model.onnx")
    write_bundles(out, session, tokeniser, penalties,
                  measure(session, tokeniser, pairs["selection"], penalties),
                  measure(session, tokeniser, pairs["validation"], penalties))
    if goldens:
        helpful = [p for p in pairs["validation"] if p.source == HELPFUL][:160]
        write_goldens(goldens, session, tokeniser, helpful, data.read_pairs(folder, "mtbench_human200")[:40])
