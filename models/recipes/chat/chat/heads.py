"""Fits what sits on the frozen trunk: scales, verbosity penalties and gating (ArmoRM, Wang et al. 2024)."""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.stats import spearmanr
from torch.nn import functional as F

from .trunk import Gating

#: Candidate penalties of `fit_penalties`, ascending.
PENALTY_GRID = (0, 0.01, 0.025, 0.05, 0.075, 0.1, 0.125, *np.round(np.arange(0.15, 0.96, 0.05), 2).tolist())


@dataclass(frozen=True)
class GatingSettings:
    """Hyperparameters of `fit_gating`."""

    seed: int = 0
    epochs: int = 3
    inner: int = 64
    rate: float = 1e-3
    weight_decay: float = 0.05
    dropout: float = 0.2
    side: float = 1.0


def ridge(states, target, alpha=1.0):
    """Least squares with an L2 penalty: `states` `[N, 384]`, `target` `[N]` → weight `[384]`, bias."""
    mean = states.mean(0)
    centred = states - mean
    normal = centred.T @ centred + alpha * np.eye(states.shape[1])
    weight = np.linalg.solve(normal, centred.T @ (target - target.mean()))
    return weight, target.mean() - mean @ weight


def margin_ridge(gaps, alpha):
    """Least squares of the margin 1 with an L2 penalty and no intercept: gaps `[N, 384]` of pairs → weight `[384]`."""
    return np.linalg.solve(gaps.T @ gaps + alpha * np.eye(gaps.shape[1]), gaps.sum(0))


def standardise(weight, bias, states):
    """Rescales linear heads `[K, 384]`, `[K]` to mean 0 and deviation 1 on reference states `[N, 384]`."""
    scores = states @ weight.T + bias
    deviation = scores.std(0)
    return weight / deviation[:, None], (bias - scores.mean(0)) / deviation


def fit_penalties(rewards, verbosity, threshold):
    """Least verbosity penalty per objective: `rewards` `[N, K]` → `[K]`.

    The first p of the grid with `Spearman(r_k - p r_v, r_v) <= threshold`; 1 if none.
    A constant column keeps 0. The verbosity term itself gets 1.
    """
    length = rewards[:, verbosity]
    penalties = np.ones(rewards.shape[1])
    for k in range(rewards.shape[1]):
        if k == verbosity:
            continue
        if np.ptp(rewards[:, k]) == 0:
            penalties[k] = 0
            continue
        for p in PENALTY_GRID:
            if spearmanr(rewards[:, k] - p * length, length).statistic <= threshold:
                penalties[k] = p
                break
    return penalties


def fit_gating(prompts, margins, kinds, settings):
    """Trains the gating network on preference pairs with everything else frozen.

    `prompts` `[N, 384]`; `margins` `[N, K]`: penalised objectives of the preferred minus the
    other candidate; `kinds` int `[N]`: index of the objective whose preferences the pair is from.
    Minimises the Bradley–Terry loss of `beta * sum_k g_k m_k` with a learnt scale beta, plus
    `side` times the cross-entropy of telling the sets apart by the weights of their objectives.
    Returns (gating network, beta).
    """
    torch.manual_seed(settings.seed)
    prompts, margins = (torch.tensor(np.asarray(a), dtype=torch.float32) for a in (prompts, margins))
    kinds = torch.as_tensor(kinds)
    gating = Gating(margins.shape[1], settings.inner, dropout=settings.dropout)
    log_beta = torch.nn.Parameter(torch.zeros(()))
    optimiser = torch.optim.AdamW(
        [{"params": gating.parameters(), "weight_decay": settings.weight_decay},
         {"params": [log_beta], "weight_decay": 0.0, "lr": 1e-2}], lr=settings.rate)
    sides = sorted(set(kinds.tolist()))
    place = torch.tensor([sides.index(k) for k in kinds.tolist()])
    for _ in range(settings.epochs):
        gating.train()
        for indices in torch.randperm(len(prompts)).split(64):
            logits = gating.logits(prompts[indices])
            margin = log_beta.exp() * (torch.softmax(logits, -1) * margins[indices]).sum(1)
            told = F.cross_entropy(logits[:, sides], place[indices])
            loss = F.softplus(-margin).mean() + settings.side * told
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return gating.eval(), float(log_beta.exp().detach())


def scores_of(objectives, gating, penalties, verbosity):
    """Gated score `sum_k g_k (r_k - p_k r_v)`: `[N, K]`, `[N, K]`, `[K]` → `[N]`."""
    adjusted = objectives - penalties * objectives[:, verbosity : verbosity + 1]
    return (gating * adjusted).sum(1)
