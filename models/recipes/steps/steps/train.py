"""Fine-tunes the upper two layers and the head on the labels of the steps."""

import random
import time

import torch
from torch.nn import functional as F

from .model import BATCH, pad

FROZEN, EPOCHS, RATE, HEAD_RATE = 3, 4, 1e-4, 1e-3


def train(judge, encoded, labels, seed):
    """Trains on rows of `(ids, groups, ends)` and their labels, in place. Cross-entropy over all labelled steps of a batch.

    The states after the frozen layers are computed once and kept in fp16.
    """
    torch.manual_seed(seed)
    random.seed(seed)
    for module in (judge.trunk.words, judge.trunk.positions, judge.trunk.types, judge.trunk.norm, *judge.trunk.layers[:FROZEN]):
        module.requires_grad_(False)
    states = _states(judge, encoded)
    upper = [p for layer in judge.trunk.layers[FROZEN:] for p in layer.parameters()]
    groups = [{"params": upper, "lr": RATE}, {"params": judge.head.parameters(), "lr": HEAD_RATE}]
    optimiser = torch.optim.AdamW(groups, weight_decay=0.01)
    total = EPOCHS * -(-len(encoded) // BATCH) + EPOCHS
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, [RATE, HEAD_RATE], total_steps=total, pct_start=0.1)
    start = time.time()
    for epoch in range(EPOCHS):
        judge.train()
        for rows in _batches(encoded):
            _, group, ends = pad([encoded[row] for row in rows])
            x = torch.zeros(*group.shape, states[rows[0]].shape[1])
            for place, row in enumerate(rows):
                x[place, : len(states[row])] = states[row].float()
            logits = judge.upper(x, group, ends, FROZEN)
            pairs = [(own[: len(labels[row])], torch.tensor(labels[row][: len(own)]).float()) for own, row in zip(logits, rows)]
            loss = F.binary_cross_entropy_with_logits(torch.cat([a for a, _ in pairs]), torch.cat([b for _, b in pairs]))
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_([*upper, *judge.head.parameters()], 1.0)
            optimiser.step()
            schedule.step()
        print(f"epoch {epoch + 1} of {EPOCHS}: last loss {loss.item():.3f}, {time.time() - start:.0f} s", flush=True)


def _states(judge, encoded):
    judge.eval()
    states = [None] * len(encoded)
    order = sorted(range(len(encoded)), key=lambda row: len(encoded[row][0]))
    with torch.no_grad():
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            ids, groups, _ = pad([encoded[row] for row in rows])
            x = judge.lower(ids, groups, FROZEN)
            for place, row in enumerate(rows):
                states[row] = x[place, : len(encoded[row][0])].half()
    return states


def _batches(encoded):
    """Batches of rows of like length, in random order."""
    order = list(range(len(encoded)))
    random.shuffle(order)
    batches = []
    for start in range(0, len(order), 8 * BATCH):
        chunk = sorted(order[start : start + 8 * BATCH], key=lambda row: len(encoded[row][0]))
        batches += [chunk[at : at + BATCH] for at in range(0, len(chunk), BATCH)]
    random.shuffle(batches)
    return batches
