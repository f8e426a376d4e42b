"""Fine-tunes the upper layers and the value heads on groups of candidates, listwise.

The start is `chat-trunk` with the heads of `chat-reward`. A row holds the prompt and all candidates under the chat recipe's prefix
mask, so a candidate sees the prompt and itself.
"""

import time
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from chat.batches import by_tokens, collate
from chat.train import lower_states, padded
from chat.trunk import HIDDEN, pool

#: Sets whose groups also train a reward of their own, and the share that tells them apart.
KINDS = {"hh_helpful_test": 0, "hh_harmless_test": 1}


@dataclass(frozen=True)
class Settings:
    """Hyperparameters; lengths in tokens, rates are those of AdamW.

    `own`, `side`: weights of the listwise loss of a set's own reward and of telling the two sets apart, beside that of the
    mixed value, which is 1.
    """

    seed: int = 0
    epochs: int = 1
    frozen: int = 3
    rate: float = 5e-5
    head_rate: float = 3e-4
    layer_decay: float = 0.9
    weight_decay: float = 0.01
    dropout: float = 0.1
    own: float = 0.25
    side: float = 0.5
    pair_tokens: int = 256
    group_tokens: int = 512
    batch_tokens: int = 3000


class ValueHeads(nn.Module):
    """Two linear rewards of a candidate, mixed by a share that the prompt decides."""

    def __init__(self, heads):
        super().__init__()
        self.rewards = nn.Linear(HIDDEN, 2, bias=False)
        self.side = nn.Linear(HIDDEN, 1)
        with torch.no_grad():
            self.rewards.weight.copy_(torch.tensor(heads["reward_weight"]))
            self.side.weight.copy_(torch.tensor(heads["side_weight"]))
            self.side.bias.copy_(torch.tensor(heads["side_bias"]).view(-1))

    def forward(self, pooled):
        """Pooled `[B, 1 + N, 384]`, row 0 the prompt → values `[B, N]`, both rewards `[B, N, 2]`, side logit `[B]`."""
        own, side = self.rewards(pooled[:, 1:]), self.side(pooled[:, 0])[:, 0]
        share = torch.sigmoid(side).unsqueeze(1)
        return (1 - share) * own[..., 0] + share * own[..., 1], own, side

    def arrays(self):
        """The weights as `export.build` wants them."""
        named = {"reward_weight": self.rewards.weight, "side_weight": self.side.weight, "side_bias": self.side.bias}
        return {name: p.detach().numpy().astype(np.float32) for name, p in named.items()}


def plackett_luce(values, levels, present):
    """Mean listwise loss of groups with ties.

    From the best level down: the candidates of a level share the target of a softmax over them and all worse ones. The worst
    level has no rival and no term. Two candidates: Bradley–Terry. `values`, `levels`, `present` `[B, N]`.
    """
    total = values.new_zeros(())
    for b in range(len(values)):
        v, l = values[b][present[b]], levels[b][present[b]]
        terms = []
        for level in sorted(set(l.tolist()), reverse=True)[:-1]:
            remaining = l <= level
            terms.append(-F.log_softmax(v[remaining], 0)[l[remaining] == level].mean())
        total = total + torch.stack(terms).mean()
    return total / len(values)


def shortened(tokeniser, group, limit):
    """`(prompt ids, [candidate ids, …])` within `limit`: for training alone, ends of the longest candidates go where they must."""
    candidates = [list(tokeniser.content(text)) for text in group.candidates]
    while sum(len(c) + 1 for c in candidates) > limit - 64:
        longest = max(candidates, key=len)
        del longest[-max(1, len(longest) // 10):]
    room = limit - sum(len(c) + 1 for c in candidates)
    start, _ = tokeniser.split(group.prompt, [], room)
    return start, [[*c, tokeniser.marker] for c in candidates]


def loss_of(heads, pooled, groups, settings):
    """Listwise loss of the mixed value, plus that of a set's own reward and of telling the sets apart."""
    most = pooled.shape[1] - 1
    levels = torch.tensor([[*g.levels, *[0.0] * (most - len(g.levels))] for g in groups])
    present = torch.tensor([[i < len(g.levels) for i in range(most)] for g in groups])
    values, own, side = heads(pooled)
    loss = plackett_luce(values, levels, present)
    known = [i for i, g in enumerate(groups) if g.source in KINDS]
    if known:
        kinds = torch.tensor([KINDS[groups[i].source] for i in known])
        single = own[known].gather(2, kinds.view(-1, 1, 1).expand(-1, most, 1))[..., 0]
        part = len(known) / len(groups)
        loss = loss + part * settings.own * plackett_luce(single, levels[known], present[known])
        loss = loss + part * settings.side * F.softplus(side[known] * (1 - 2 * kinds)).mean()
    return loss


def fine_tune(trunk, heads, tokeniser, groups, settings):
    """Trains layers `frozen` and above and the heads in place, seeded, with bf16 matrix products."""
    torch.manual_seed(settings.seed)
    rng = np.random.default_rng(settings.seed)
    rows = [shortened(tokeniser, g, settings.pair_tokens if g.source in KINDS else settings.group_tokens) for g in groups]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        lower = lower_states(trunk, rows, settings.frozen, budget=4000)
    parameters = [{"params": list(heads.parameters()), "base": settings.head_rate, "weight_decay": 0.0}]
    for depth, layer in enumerate(reversed(trunk.layers[settings.frozen:])):
        parameters.append({"params": list(layer.parameters()), "weight_decay": settings.weight_decay,
                           "base": settings.rate * settings.layer_decay**depth})
    every = [p for g in parameters for p in g["params"]]
    optimiser = torch.optim.AdamW(parameters, betas=(0.9, 0.98))
    plan = [b for _ in range(settings.epochs) for b in by_tokens(rows, settings.batch_tokens, rng)]
    started, seen = time.time(), 0.0
    trunk.train()
    for step, indices in enumerate(plan):
        progress = step / len(plan)
        for g in optimiser.param_groups:
            g["lr"] = g["base"] * min(1.0, progress / 0.1) * min(1.0, (1 - progress) / 0.9)
        batch = collate([rows[i] for i in indices])
        with torch.autocast("cpu", dtype=torch.bfloat16):
            hidden = trunk.upper(padded([lower[i] for i in indices]), batch["group"], settings.frozen)
        pooled = pool(hidden.float(), batch["group"], batch["count"])
        loss = loss_of(heads, pooled, [groups[i] for i in indices], settings)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(every, 1.0)
        optimiser.step()
        seen += float(loss.detach()) / len(plan)
    print(f"seed {settings.seed}: mean loss {seen:.4f}, {time.time() - started:.0f} s", flush=True)
    trunk.eval()
