"""Measures chat-group beside chat-reward, on the same rows and the same machine.

    PYTHONPATH=../chat:.. python -m group.measure --data DATA --models ../..
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

from chat import evaluate, tokenise

from . import data
from .data import MOST
from .tokenise import MAX_TOKENS, GroupTokenizer

#: Sets that neither judge was trained on; all of their rows count.
UNSEEN = ("rm_bench", "oasst1_zh_ranked")
#: Tokens of prompt and candidate of the speed measurement, and sizes of groups.
LENGTHS, SIZES = ((128, 64), (64, 128)), (2, 4, 8)


class GroupJudge:
    """chat-group in ONNX Runtime on one thread."""

    def __init__(self, models):
        folder = models / "chat-group"
        self.tokeniser = GroupTokenizer((folder / "tokenizer.json").read_text(encoding="utf-8"))
        self.session = evaluate.Session(folder / "model.onnx")

    def scores(self, group):
        """Score of each candidate `[N]`, in one pass; None if the group does not fit."""
        row = self.tokeniser.fitting(group)
        if row is None:
            return None
        return self.session.run([row])["scores"][0][:len(group.candidates)].astype(np.float64)


class RewardJudge:
    """chat-reward in ONNX Runtime on one thread."""

    def __init__(self, models):
        folder = models / "chat-trunk"
        self.tokeniser = tokenise.ChatTokenizer((folder / "tokenizer.json").read_text(encoding="utf-8"))
        self.session = evaluate.Session(folder / "model.onnx")

    def scores(self, group):
        """Score of each candidate `[N]`, each alone."""
        rows = [self.tokeniser.encode(group.prompt, text) for text in group.candidates]
        return self.session.each(rows)["reward"].astype(np.float64)


def margins(group, scores):
    """Score differences of the pairs with a preference, `[pairs]`."""
    return np.array([scores[i] - scores[j] for i, j in data.pairs_of(group)])


def shares(found):
    """Mean over groups of the share of pairs that are in order, with a 95 % bootstrap interval over groups."""
    right = np.array([((m > 0) + 0.5 * (m == 0)).mean() for m in found])
    draws = np.random.default_rng(0).choice(right, (4000, len(right))).mean(1)
    low, high = np.quantile(draws, [0.025, 0.975])
    pairs = sum(map(len, found))
    return {"accuracy": round(float(right.mean()), 4), "low": round(float(low), 4), "high": round(float(high), 4),
            "groups": len(found), "pairs": pairs}


def accuracies(judges, groups):
    """Figures of both judges on groups that both can read, and how often only one of them is right."""
    found = {name: [] for name in judges}
    left_out = 0
    for group in groups:
        scores = {name: judge.scores(group) for name, judge in judges.items()}
        if any(s is None for s in scores.values()):
            left_out += 1
            continue
        for name, s in scores.items():
            found[name].append(margins(group, s))
    flat = {name: np.concatenate(m) for name, m in found.items()}
    first, second = flat.values()
    return {**{name: shares(m) for name, m in found.items()}, "too long": left_out,
            "only chat-group right": int(((first > 0) & (second <= 0)).sum()),
            "only chat-reward right": int(((second > 0) & (first <= 0)).sum())}


def order_bias(judge, groups, seed=0):
    """How the order of candidates moves scores: every group in all cyclic orders and in one random order."""
    rng, moved, flips, runs, slot, total = np.random.default_rng(seed), 0.0, 0, 0, 0.0, 0.0
    for group in groups:
        n = len(group.candidates)
        plain = judge.scores(group)
        if plain is None or n < 2:
            continue
        rows = []
        for order in [*(np.roll(np.arange(n), -s) for s in range(n)), rng.permutation(n)]:
            scores = judge.scores(data.picked(group, order))
            back = np.empty(n)
            back[order] = scores
            moved = max(moved, float(np.abs(back - plain).max()))
            flips += int(np.argmax(back) != np.argmax(plain))
            runs += 1
            rows.append(scores)
        cycle = np.array(rows[:n])
        slot += n * float(((cycle.mean(0) - cycle.mean()) ** 2).sum())
        total += float(((cycle - cycle.mean()) ** 2).sum())
    return {"runs": runs, "largest move": moved, "flips of the best": flips, "variance that slots explain": slot / total}


def company(judge, groups):
    """Largest difference between a candidate in its group and the same candidate alone, over groups whose prompt is whole."""
    worst = 0.0
    for group in groups:
        if len(judge.tokeniser.fitting(group)[0]) >= MAX_TOKENS:
            continue
        together = judge.scores(group)
        for i in range(len(group.candidates)):
            alone = judge.scores(data.picked(group, [i]))
            worst = max(worst, float(np.abs(together[i] - alone[0]).max()))
    return worst


def invariance(judge, groups, batches=100, seed=0):
    """Largest move of any score against the group alone, over random right-padded batches."""
    rng, worst = np.random.default_rng(seed), 0.0
    rows = [judge.tokeniser.encode_group(g.prompt, g.candidates) for g in groups]
    rows = [row for row in rows if len(row[0]) <= 300]
    alone = [judge.session.run([row])["scores"][0] for row in rows]
    for _ in range(batches):
        picked = rng.choice(len(rows), rng.integers(2, 9), replace=False)
        together = judge.session.run([rows[i] for i in picked])["scores"]
        worst = max(worst, float(np.nanmax(np.abs(together - np.array([alone[i] for i in picked])))))
    return {"batches": batches, "rows": len(rows), "largest move": worst}


def length_bias(judge, groups):
    """Spearman correlation of score and length within HH pairs, and accuracy by which candidate is longer."""
    scores, lengths, gaps, found = [], [], [], []
    for group in groups:
        s = judge.scores(group)
        n = np.array([len(judge.tokeniser.content(c)) for c in group.candidates])
        scores.extend(s)
        lengths.extend(n)
        gaps.append(n[0] - n[1])
        found.append(s[0] - s[1])
    gaps, found = np.array(gaps), np.array(found)
    return {"spearman": round(float(spearmanr(scores, lengths).statistic), 4),
            "longer_won": evaluate.described(found[gaps > 0]), "longer_lost": evaluate.described(found[gaps < 0])}


def speeds(group_judge, reward_judge, repeats=7, seed=0):
    """Candidates per second of both, by turns, unpadded: one pass of N against N texts as one batch; the best of the repeats."""
    rng, found = np.random.default_rng(seed), []
    for prompt, candidate in LENGTHS:
        for n in SIZES:
            start = rng.integers(1000, 30000, prompt)
            rows = [rng.integers(1000, 30000, candidate) for _ in range(n)]
            packed = np.concatenate([start, *[np.append(r, group_judge.tokeniser.marker) for r in rows]])
            one = packed, [0] * prompt + [1] * (len(packed) - prompt)
            each = [(np.concatenate([start, r]), [0] * prompt + [1] * candidate) for r in rows]
            best = {"chat-group": np.inf, "chat-reward": np.inf}
            for _ in range(repeats):
                for name, session, batch in (("chat-group", group_judge.session, [one]), ("chat-reward", reward_judge.session, each)):
                    began = time.perf_counter()
                    session.run(batch)
                    best[name] = min(best[name], time.perf_counter() - began)
            per_second = {name: round(n / seconds, 1) for name, seconds in best.items()}
            found.append({"prompt": prompt, "candidate": candidate, "n": n, **per_second,
                          "ratio": round(per_second["chat-group"] / per_second["chat-reward"], 2)})
    return found


def main():
    """Parses the command line, measures and prints JSON lines."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--models", type=Path, required=True, help="folder of the bundles")
    parser.add_argument("--part", default="validation", help="part of the sets that chat-group was trained on")
    args = parser.parse_args()
    judges = {"chat-group": GroupJudge(args.models), "chat-reward": RewardJudge(args.models)}
    groups = {name: [data.picked(g, range(min(MOST, len(g.candidates)))) for g in data.read_groups(args.data, name)]
              for name in (*data.PAIRS, *data.RANKED, *UNSEEN)}
    held = {name: [g for g in rows if name in UNSEEN or g.part == args.part] for name, rows in groups.items()}
    held = {name: [g for g in rows if len(set(g.levels)) > 1] for name, rows in held.items()}
    held["hh"] = held["hh_helpful_test"] + held["hh_harmless_test"]
    for name, rows in held.items():
        print(json.dumps({"set": name, "part": "all" if name in UNSEEN else args.part} | accuracies(judges, rows)), flush=True)
    judge = judges["chat-group"]
    ranked = [g for name in data.RANKED for g in held[name] if judge.scores(g) is not None]
    print(json.dumps({"length": length_bias(judge, held["hh"])}), flush=True)
    print(json.dumps({"order": order_bias(judge, ranked + held["hh"][::5])}), flush=True)
    print(json.dumps({"largest move by company": company(judge, ranked)}), flush=True)
    print(json.dumps({"invariance": invariance(judge, ranked + held["hh"][:100])}), flush=True)
    for figures in speeds(judge, judges["chat-reward"]):
        print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()
