"""The judge that was tried: the trunk of the chat judges under a mask by which a step sees the prompt and the steps before it."""

import torch
from chat.trunk import HIDDEN, Trunk
from torch import nn

from .data import SEP, STEP

BATCH = 8


class StepJudge(nn.Module):
    """A logit per step, linear in the mean state of its tokens and the state at its marker."""

    def __init__(self, tensors):
        super().__init__()
        self.trunk = Trunk(dropout=0.1)
        self.trunk.load_base(tensors)
        with torch.no_grad():
            self.trunk.words.weight[STEP] = self.trunk.words.weight[SEP]
        self.head = nn.Linear(2 * HIDDEN, 1)
        nn.init.zeros_(self.head.weight)
        nn.init.constant_(self.head.bias, 2.2)

    def lower(self, ids, groups, frozen):
        """Token ids and groups `[B, S]` (group −1 is padding) → states after the first layers, `[B, S, 384]`."""
        trunk, places = self.trunk, torch.arange(ids.shape[1]).expand_as(ids)
        x = trunk.norm(trunk.words(ids) + trunk.positions(places) + trunk.types((groups > 0).long()))
        mask = step_mask(groups)
        for layer in trunk.layers[:frozen]:
            x = layer(x, mask)
        return x

    def upper(self, x, groups, ends, frozen):
        """The other layers and the head: a list of logits `[H]`, one tensor per row."""
        return [self.head(features).squeeze(1) for features in self.features(x, groups, ends, frozen)]

    def features(self, x, groups, ends, frozen):
        """What the head reads of each step, `[H, 768]` per row: the mean state of its tokens and the state at its marker."""
        mask = step_mask(groups)
        for layer in self.trunk.layers[frozen:]:
            x = layer(x, mask)
        found = []
        for row, own in enumerate(ends):
            member = (groups[row] == torch.arange(1, len(own) + 1).unsqueeze(1)).float()
            mean = member @ x[row] / member.sum(1, keepdim=True)
            found.append(torch.cat([mean, x[row, own]], 1))
        return found


def step_mask(groups):
    """`groups` int64 `[B, S]` → bool `[B, 1, S, S]`: a token sees its own group and those before it; padding sees itself."""
    query, key = groups.unsqueeze(2), groups.unsqueeze(1)
    itself = torch.eye(groups.shape[1], dtype=torch.bool).unsqueeze(0)
    return (((key >= 0) & (key <= query)) | itself).unsqueeze(1)


def pad(encoded):
    """Rows of `(ids, groups, ends)` → ids and groups `[B, S]`, and the ends."""
    length = max(len(ids) for ids, _, _ in encoded)
    ids = torch.zeros(len(encoded), length, dtype=torch.long)
    groups = torch.full((len(encoded), length), -1)
    for row, (own, group, _) in enumerate(encoded):
        ids[row, : len(own)] = torch.tensor(own)
        groups[row, : len(own)] = torch.tensor(group)
    return ids, groups, [ends for _, _, ends in encoded]


def score(judge, encoded):
    """Logits that each step is right, one list per row, in order."""
    return [logits.tolist() for logits in over(judge, encoded, judge.upper)]


def features(judge, encoded):
    """What the head reads of each step, an array `[H, 768]` per row, in order."""
    return [own.numpy() for own in over(judge, encoded, judge.features)]


def over(judge, encoded, read):
    """What `read` makes of every row, in order. Longest rows first, so that little is padded."""
    judge.eval()
    found = [None] * len(encoded)
    order = sorted(range(len(encoded)), key=lambda row: -len(encoded[row][0]))
    with torch.no_grad():
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            ids, groups, ends = pad([encoded[row] for row in rows])
            for row, own in zip(rows, read(judge.lower(ids, groups, 0), groups, ends, 0)):
                found[row] = own
    return found
