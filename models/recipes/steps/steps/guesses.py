"""Guesses that read no text: what a judge of steps has to beat."""

import math

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

#: Columns that each guess may use: the subset, the place of the step, its length, and sizes of the prompt and of what came before.
GUESSES = {
    "place": ["subset", "place"],
    "length": ["subset", "length"],
    "place and sizes": ["subset", "place", "length", "before", "so far", "prompt", "difference", "ratio"],
}


def sizes(tokenizer, traces):
    """Columns for every step of every trace, lengths in tokens: a list of dicts per trace. Nothing of later steps is in them."""
    count = lambda text: len(tokenizer.encode(text, add_special_tokens=False).ids)
    subsets = sorted({trace.subset for trace in traces})
    rows = []
    for trace in traces:
        prompt, lengths = count(trace.prompt), [count(step) for step in trace.steps]
        rows.append([
            {"subset": subsets.index(trace.subset), "place": place, "length": length, "before": lengths[place - 1] if place else 0,
             "so far": sum(lengths[:place]), "prompt": prompt, "difference": place - prompt, "ratio": place / max(prompt, 1)}
            for place, length in enumerate(lengths)
        ])
    return rows


def guess(rows, traces, columns):
    """Gradient-boosted trees over the columns, fitted on the labels of the training part: log-odds per step, a list per trace."""
    table = lambda steps: np.array([[step[column] for column in columns] for step in steps], float)
    known = [(step, label) for row, trace in zip(rows, traces) if trace.part == "train" for step, label in zip(row, trace.labels())]
    trees = HistGradientBoostingClassifier(
        categorical_features=[0], learning_rate=0.05, max_iter=200, max_leaf_nodes=8, min_samples_leaf=20, random_state=0
    ).fit(table([step for step, _ in known]), [label for _, label in known])
    return [trees.decision_function(table(row)).tolist() for row in rows]


def usual_place(traces):
    """The commonest place of the first mistake in each subset of the training part (None where most have none)."""
    counts = {}
    for trace in traces:
        if trace.part == "train":
            own = counts.setdefault(trace.subset, {})
            own[trace.mistake] = own.get(trace.mistake, 0) + 1
    return {subset: max(own, key=lambda place: (own[place], -(place if place is not None else math.inf))) for subset, own in counts.items()}
