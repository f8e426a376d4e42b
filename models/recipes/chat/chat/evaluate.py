"""Runs the exported graph and measures it."""

import math

import numpy as np
import onnxruntime
from scipy.optimize import brentq
from scipy.special import expit
from scipy.stats import spearmanr


class Session:
    """The exported graph on one CPU thread; scores items one by one, unpadded."""

    def __init__(self, model, threads=1):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        model = model if isinstance(model, (bytes, str)) else str(model)
        self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self.names = [o.name for o in self._session.get_outputs()]

    def run(self, rows, length=None):
        """Runs rows `(ids, types)` as one batch, right-padded to `length` or the longest; dict of arrays."""
        length = length or max(len(ids) for ids, _ in rows)
        ids, mask, types = (np.zeros((len(rows), length), np.int64) for _ in range(3))
        for i, (tokens, kinds) in enumerate(rows):
            ids[i, : len(tokens)], mask[i, : len(tokens)], types[i, : len(tokens)] = tokens, 1, kinds
        feeds = {"input_ids": ids, "attention_mask": mask, "token_type_ids": types}
        return dict(zip(self.names, self._session.run(None, feeds)))

    def each(self, rows):
        """Runs rows one at a time; dict of arrays stacked over rows."""
        found = [self.run([row]) for row in rows]
        return {name: np.concatenate([f[name] for f in found]) for name in self.names}


def wilson(right, total, z=1.959964):
    """95 % Wilson interval of a share; `right` may be fractional (ties count half)."""
    share = right / total
    centre = (share + z * z / (2 * total)) / (1 + z * z / total)
    half = z / (1 + z * z / total) * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    return centre - half, centre + half


def accuracy(margins):
    """Share of positive margins, ties half."""
    margins = np.asarray(margins)
    return float(((margins > 0) + 0.5 * (margins == 0)).mean())


def correlation(predicted, actual):
    """Spearman correlation and count, for a card."""
    return {"spearman": round(float(spearmanr(predicted, actual).statistic), 4), "n": len(actual)}


def described(margins):
    """Accuracy with interval and count, for a card."""
    low, high = wilson(accuracy(margins) * len(margins), len(margins))
    return {"accuracy": round(accuracy(margins), 4), "low": round(low, 4), "high": round(high, 4), "n": len(margins)}


def temperature_fit(margins, limit=100.0):
    """Slope a of `p = sigmoid(a m)` by maximum likelihood, in (1e-6, limit)."""
    def slope(a):
        return float(-np.sum(margins * expit(-a * margins)))

    if slope(limit) < 0:
        return limit
    return brentq(slope, 1e-6, limit) if slope(1e-6) < 0 else 1e-6


def pair_metrics(margins, bins=10):
    """NLL, confidence ECE (bins on [0.5, 1]) and accuracy of `p = sigmoid(margin)`, all rounded to 4 places."""
    p = expit(margins)
    right = (margins > 0) + 0.5 * (margins == 0)
    sure, right = np.maximum(p, 1 - p), np.asarray(right, float)
    slot = np.minimum(((sure - 0.5) * 2 * bins).astype(int), bins - 1)
    ece = sum(abs(sure[slot == b].mean() - right[slot == b].mean()) * (slot == b).mean()
              for b in range(bins) if (slot == b).any())
    return {"nll": round(float(-np.log(p.clip(1e-12)).mean()), 4), "ece": round(float(ece), 4),
            "accuracy": round(accuracy(margins), 4)}


def calibration_report(margins, groups, slope):
    """Pair metrics before and after a slope, per group of pairs: `{group: {before, after}}`.

    `margins` `[N]`; `groups` `[N]`, names.
    """
    return {str(name): {"before": pair_metrics(margins[groups == name]),
                        "after": pair_metrics(slope * margins[groups == name])} for name in np.unique(groups)}


def length_report(scores, lengths, margins, gaps):
    """How much the score follows length.

    `scores`, `lengths` over candidates; `margins`, `gaps` (length of preferred − other) over pairs.
    """
    return {
        "spearman": round(float(spearmanr(scores, lengths).statistic), 4),
        "longer_won": described(margins[gaps > 0]),
        "longer_lost": described(margins[gaps < 0]),
    }
