"""Groups of candidates of one prompt, from pair files and ranked files.

Besides the schema `pair` of the chat recipe there is `ranked`: `{id, prompt, responses: [], ratings: [], subset, meta}`,
higher ratings are better and ties occur. The split by prompt is the chat recipe's, so what is held out there is held out here.
"""

from dataclasses import dataclass

import numpy as np

from chat.data import part_of, read_rows

#: Most candidates of one pass.
MOST = 8

#: Pair files, each pair a group of two, with the share of their pairs that is used; ranked files with the groups that each row gives.
PAIRS = {"hh_helpful_test": 1.0, "hh_harmless_test": 1.0, "mtbench_human200": 1.0, "llmeval2_200": 1.0, "pandalm_test": 0.5}
RANKED = {"pandalm_ranked": 1, "xstest_ranked": 1, "summeval_ranked": 1, "ukp_convincing_ranked": 6}


@dataclass(frozen=True)
class Group:
    """Candidates of one prompt with what people think of them, `levels` high for good; equal levels are ties."""

    id: str
    source: str
    prompt: list
    candidates: tuple
    levels: tuple
    part: str


def read_groups(folder, name):
    """All groups of one file, whole: a ranked row with 30 candidates is one group of 30."""
    found = []
    for r in read_rows(folder, name):
        is_pair = "chosen" in r
        candidates = (r["chosen"], r["rejected"]) if is_pair else tuple(r["responses"])
        levels = (1.0, 0.0) if is_pair else tuple(r["ratings"])
        found.append(Group(r["id"], name, r["prompt"], candidates, levels, part_of(r["prompt"])))
    return found


def picked(group, order):
    """The group with only the candidates of `order`, in that order."""
    return Group(group.id, group.source, group.prompt, tuple(group.candidates[i] for i in order),
                 tuple(group.levels[i] for i in order), group.part)


def drawn(groups, rng, most=MOST):
    """Groups with at most `most` candidates, drawn and ordered at random; those without any preference go."""
    found = []
    for group in groups:
        n = len(group.candidates)
        for _ in range(RANKED.get(group.source, 1)):
            one = picked(group, rng.permutation(n)[:min(n, most)])
            if len(set(one.levels)) > 1:
                found.append(one)
    return found


def of_part(folder, part, rng):
    """Groups of all files that lie in one part of the split."""
    found = []
    for name in [*PAIRS, *RANKED]:
        groups = [g for g in read_groups(folder, name) if g.part == part]
        found += drawn([g for g in groups if rng.random() < PAIRS.get(name, 1.0)], rng)
    return found


def pairs_of(group):
    """Pairs `(better, worse)` of indices whose levels differ."""
    levels = group.levels
    return [(i, j) for i in range(len(levels)) for j in range(len(levels)) if levels[i] > levels[j]]
