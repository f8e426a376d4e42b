"""Fine-tunes the upper layers of the trunk on preference pairs, starting from linear probes.

Probe first, then fine-tune (Kumar et al. 2022): heads that already fit keep the first steps from
distorting the features, which matters with a few thousand pairs.
"""

import time
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from torch import nn
from torch.nn import functional as F

from .batches import by_tokens, collate
from .trunk import HIDDEN, pool

#: The two sets of preferences and the objectives that they train.
PREFERENCES = ("helpfulness", "harmlessness")


@dataclass(frozen=True)
class Settings:
    """Hyperparameters of the fine-tuning; lengths in tokens, rates are those of AdamW.

    `own`, `side`: weights of the loss of a pair's own head and of telling the sets apart,
    beside that of the mixture, which is 1.
    """

    seeds: tuple = (0, 1)
    epochs: int = 2
    frozen: int = 3
    rate: float = 5e-5
    head_rate: float = 3e-4
    layer_decay: float = 0.9
    weight_decay: float = 0.01
    dropout: float = 0.1
    probe_strength: float = 1e-3
    side_strength: float = 3e-3
    own: float = 0.5
    side: float = 0.5
    max_tokens: int = 256
    batch_tokens: int = 3000


@torch.no_grad()
def pooled_states(trunk, rows, budget=6000):
    """Pooled states of packed rows in fp32: list of `[candidates + 1, 384]` arrays, row 0 the prompt."""
    trunk.eval()
    found = [None] * len(rows)
    for indices in by_tokens(rows, budget):
        batch = collate([rows[i] for i in indices])
        pooled = pool(trunk(batch), batch["group"], batch["count"]).numpy()
        for i, index in enumerate(indices):
            found[index] = pooled[i, : len(rows[index][1]) + 1]
    return found


class PreferenceHeads(nn.Module):
    """Two linear rewards and a mixture of them that the prompt decides.

    `r_j = w_j · candidate`; `reward = (1 - pi) r_0 + pi r_1` with `pi = sigmoid(v · prompt + b)`.
    """

    def __init__(self, weight, side, offset):
        super().__init__()
        self.rewards = nn.Linear(HIDDEN, len(PREFERENCES), bias=False)
        self.side = nn.Linear(HIDDEN, 1)
        with torch.no_grad():
            self.rewards.weight.copy_(torch.as_tensor(weight))
            self.side.weight.copy_(torch.as_tensor(side))
            self.side.bias.copy_(torch.as_tensor(offset))

    def forward(self, pooled):
        """Pooled pairs `[B, 3, 384]` → margins of both rewards `[B, 2]`, of their mixture `[B]`, side logit `[B]`."""
        scores = self.rewards(pooled[:, 1:])
        margins, side = scores[:, 0] - scores[:, 1], self.side(pooled[:, 0])[:, 0]
        share = torch.sigmoid(side)
        return margins, (1 - share) * margins[:, 0] + share * margins[:, 1], side


def probe(better, worse, strength):
    """Bradley–Terry head by L2 logistic regression: two `[N, 384]` → weight `[384]`.

    Features are put on unit deviation first, so `strength` (C of scikit-learn) means the same for all.
    """
    deviation = np.concatenate([better, worse]).std(0) + 1e-3
    gap = (better - worse) / deviation
    model = LogisticRegression(C=strength, fit_intercept=False, max_iter=500)
    model.fit(np.concatenate([gap, -gap]), np.repeat([1, 0], len(gap)))
    return (model.coef_[0] / deviation).astype(np.float32)


def probes(states, kinds, settings):
    """`PreferenceHeads` fitted on pooled states `[N, 3, 384]` of frozen features; `kinds` `[N]`: 0, 1."""
    weight = np.stack([probe(states[kinds == k, 1], states[kinds == k, 2], settings.probe_strength) for k in (0, 1)])
    return PreferenceHeads(weight, *side_probe(states[:, 0], kinds, settings.side_strength))


def side_probe(prompts, kinds, strength):
    """Tells the sets apart from prompts `[N, 384]` by L2 logistic regression: weight `[1, 384]`, bias `[1]`."""
    mean, deviation = prompts.mean(0), prompts.std(0) + 1e-3
    model = LogisticRegression(C=strength, max_iter=500).fit((prompts - mean) / deviation, kinds)
    side = model.coef_ / deviation
    return side.astype(np.float32), (model.intercept_ - side @ mean).astype(np.float32)


@torch.no_grad()
def lower_states(trunk, rows, frozen, budget=6000):
    """Hidden states after the first `frozen` layers, computed once: list of float16 `[S, 384]`."""
    trunk.eval()
    found = [None] * len(rows)
    for indices in by_tokens(rows, budget):
        hidden = trunk.lower(collate([rows[i] for i in indices]), frozen)
        for i, index in enumerate(indices):
            length = len(rows[index][0]) + sum(map(len, rows[index][1]))
            found[index] = hidden[i, :length].half().clone()
    return found


def padded(states):
    """Stacks `[S, 384]` tensors of several lengths into float32 `[B, longest, 384]`."""
    return nn.utils.rnn.pad_sequence(states, batch_first=True).float()


@torch.no_grad()
def pair_states(trunk, rows, lower, frozen, budget=6000):
    """Pooled states of packed pairs `[N, 3, 384]`: prompt, first candidate, second candidate."""
    trunk.eval()
    found = np.zeros((len(rows), 3, HIDDEN), np.float32)
    for indices in by_tokens(rows, budget):
        batch = collate([rows[i] for i in indices])
        hidden = trunk.upper(padded([lower[i] for i in indices]), batch["group"], frozen)
        found[indices] = pool(hidden, batch["group"], 2).numpy()
    return found


def multiplies_bf16():
    """Whether the processor multiplies bf16 matrices itself; where it does not, emulation is slower than fp32."""
    return torch.ops.mkldnn._is_mkldnn_bf16_supported()


def fine_tune(trunk, heads, rows, lower, kinds, settings, seed):
    """Trains layers `frozen` and above and the heads in place, seeded, with bf16 matrix products if `multiplies_bf16`.

    `rows`: packed pairs, the preferred candidate first; `lower`: their `lower_states`;
    `kinds` int `[N]`: 0 helpful, 1 harmless.
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    groups = [{"params": list(heads.parameters()), "base": settings.head_rate, "weight_decay": 0.0}]
    for depth, layer in enumerate(reversed(trunk.layers[settings.frozen:])):
        groups.append({"params": list(layer.parameters()), "weight_decay": settings.weight_decay,
                       "base": settings.rate * settings.layer_decay**depth})
    parameters = [p for group in groups for p in group["params"]]
    optimiser = torch.optim.AdamW(groups, betas=(0.9, 0.98))
    plan = [b for _ in range(settings.epochs) for b in by_tokens(rows, settings.batch_tokens, rng)]
    started, seen = time.time(), 0.0
    trunk.train()
    for step, indices in enumerate(plan):
        progress = step / len(plan)
        for group in groups:
            group["lr"] = group["base"] * min(1.0, progress / 0.1) * min(1.0, (1 - progress) / 0.9)
        batch = collate([rows[i] for i in indices])
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=multiplies_bf16()):
            hidden = trunk.upper(padded([lower[i] for i in indices]), batch["group"], settings.frozen)
        loss = preference_loss(*heads(pool(hidden.float(), batch["group"], 2)), kinds[indices], settings)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        seen += float(loss.detach()) / len(plan)
    print(f"seed {seed}: mean loss {seen:.4f}, {time.time() - started:.0f} s", flush=True)


def preference_loss(margins, mixture, side, kinds, settings):
    """Mean Bradley–Terry loss `-log sigmoid(margin)` of mixture and own head, plus the side's cross-entropy.

    `margins` `[B, 2]`, `mixture` and `side` `[B]`; `kinds` int array `[B]`.
    """
    kinds = torch.as_tensor(kinds)
    own = margins.gather(1, kinds.view(-1, 1))[:, 0]
    told = F.softplus(side * (1 - 2 * kinds))
    return (F.softplus(-mixture) + settings.own * F.softplus(-own) + settings.side * told).mean()


def average(modules):
    """Mean of the weights of several modules of one shape (a soup, Wortsman et al. 2022), as a state dict."""
    states = [m.state_dict() for m in modules]
    return {name: torch.stack([s[name] for s in states]).mean(0) for name in states[0]}
