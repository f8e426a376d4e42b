"""Fits all heads of the two judges on frozen states."""

import numpy as np

from . import heads, train
from .trunk import HIDDEN

HELPFUL, HARMLESS = "hh_helpful_test", "hh_harmless_test"
SETS = (HELPFUL, HARMLESS)

OBJECTIVES = ("helpfulness", "harmlessness", "coherence", "consistency", "fluency", "relevance", "safety", "verbosity")
VERBOSITY = OBJECTIVES.index("verbosity")
#: Where the ratings of the other objectives come from: (file, dimension), the first one decides the ridge.
RATINGS = {
    "coherence": [("summeval", "coherence")],
    "consistency": [("summeval", "consistency")],
    "fluency": [("summeval", "fluency"), ("nlg_emnlp17", "naturalness")],
    "relevance": [("summeval", "relevance"), ("nlg_emnlp17", "informativeness")],
    "safety": [("diasafety", "safe")],
}

SETTINGS = train.Settings()
#: Ridge of the reward heads on the states of the finished graph; features have deviation 1.
MARGIN_STRENGTH = 1e4
GATING = heads.GatingSettings()
#: Spearman correlation with length that an objective may keep.
THRESHOLD = 0.6


def fit_heads(pooled, lengths, kinds, own, rated):
    """All heads on frozen states. Returns (heads for `export.build`, penalties `[K]`).

    `pooled` `[N, 3, 384]`, `lengths` `[2 N]`, `kinds` int `[N]` of pairs; `own`: tensors of `PreferenceHeads` by name;
    `rated`: weight `[K, 384]` and bias `[K]` of the rated objectives.
    """
    states, lengths = pooled[:, 1:].reshape(-1, HIDDEN), np.log1p(lengths)
    weight, bias = (np.array(part, np.float64) for part in rated[:2])
    weight[:2], bias[:2] = own["rewards.weight"], 0
    weight[VERBOSITY], bias[VERBOSITY] = heads.ridge(states, (lengths - lengths.mean()) / lengths.std())
    weight, bias = heads.standardise(weight, bias, states)
    rewards = states @ weight.T + bias
    penalties = heads.fit_penalties(rewards, VERBOSITY, THRESHOLD)
    adjusted = (rewards - penalties * rewards[:, VERBOSITY:VERBOSITY + 1]).reshape(len(pooled), 2, -1)
    gating, beta = heads.fit_gating(pooled[:, 0], adjusted[:, 0] - adjusted[:, 1], kinds, GATING)
    tensors = {name: p.detach().numpy() for name, p in gating.named_parameters()}
    found = {
        "reward_weight": own["rewards.weight"], "side_weight": own["side.weight"], "side_bias": own["side.bias"],
        "objectives_weight": beta * weight, "objectives_bias": beta * bias,
        "gating_first_weight": tensors["first.weight"], "gating_first_bias": tensors["first.bias"],
        "gating_second_weight": tensors["second.weight"], "gating_second_bias": tensors["second.bias"],
    }
    return {name: np.asarray(value, np.float32) for name, value in found.items()}, penalties
