"""Packs prompts with their candidates into padded tensors."""

import numpy as np
import torch


def pack(tokeniser, prompt, candidates, max_tokens):
    """Encodes one prompt with its candidates as one row.

    Returns `(prompt ids, [candidate ids, …])`. Where candidates truncate the
    prompt differently, the shortest prompt part is used for all.
    """
    split = []
    for candidate in candidates:
        ids, types = tokeniser.encode(prompt, candidate, max_tokens)
        start = types.index(1)
        split.append((ids[:start], ids[start:]))
    return min((p for p, _ in split), key=len), [c for _, c in split]


def collate(rows):
    """Pads packed rows into int64 tensors `ids`, `place`, `group` `[B, S]` and `count`, the most candidates."""
    length = max(len(p) + sum(map(len, cs)) for p, cs in rows)
    ids, place, group = (np.zeros((len(rows), length), np.int64) for _ in range(3))
    group -= 1
    for i, (prompt, candidates) in enumerate(rows):
        at = len(prompt)
        ids[i, :at], place[i, :at], group[i, :at] = prompt, np.arange(at), 0
        for k, tokens in enumerate(candidates, 1):
            end = at + len(tokens)
            ids[i, at:end] = tokens
            place[i, at:end] = len(prompt) + np.arange(len(tokens))
            group[i, at:end] = k
            at = end
    batch = {"ids": ids, "place": place, "group": group}
    return {name: torch.from_numpy(a) for name, a in batch.items()} | {"count": max(len(c) for _, c in rows)}


def by_tokens(rows, budget, rng=None):
    """Groups row indices into batches of similar length with about `budget` padded tokens each.

    With `rng` (numpy Generator) lengths are jittered and the order of batches is shuffled.
    """
    lengths = np.array([len(p) + sum(map(len, cs)) for p, cs in rows], float)
    noise = 1.0 if rng is None else rng.uniform(0.8, 1.2, len(rows))
    batches, current, longest = [], [], 0
    for index in np.argsort(lengths * noise, kind="stable"):
        longest = max(longest, lengths[index])
        if current and longest * (len(current) + 1) > budget:
            batches.append(current)
            current, longest = [], lengths[index]
        current.append(int(index))
    batches.append(current)
    if rng is not None:
        rng.shuffle(batches)
    return batches
