"""Reads traces with the place of their first mistake, and turns them into token ids with a marker after each step.

A row of `bigbench_mistake.jsonl.gz` holds a prompt, the steps of one solution and `mistake_index`, counted from 0, or null
where there is no mistake. What follows a mistake has no label.
"""

from dataclasses import dataclass

from chat.data import part_of, read_rows

MAX_TOKENS = 512
#: Ids of the BERT vocabulary; the marker and the role take the place of unused entries.
CLS, SEP, USER, STEP = 101, 102, 1, 4


@dataclass(frozen=True)
class Trace:
    """One solution in steps. `mistake` is the place of the first wrong step, or None."""

    prompt: str
    steps: list
    mistake: int | None
    subset: str
    part: str

    def labels(self):
        """1 for each right step up to the first mistake, which is 0; what follows is left out."""
        last = len(self.steps) if self.mistake is None else self.mistake + 1
        return [0 if place == self.mistake else 1 for place in range(last)]


def read_traces(folder):
    """Returns every trace of the file, each with its part."""
    return [
        Trace(row["prompt"][0]["content"], row["meta"]["steps"], row["meta"]["mistake_index"], row["subset"], part_of(row["prompt"]))
        for row in read_rows(folder, "bigbench_mistake")
    ]


def encode(tokenizer, prompt, steps):
    """Returns `(ids, groups, ends)`: group 0 is the prompt, k the k-th step with its marker, whose place is `ends[k - 1]`.

    Steps that do not fit are left out, from the first that does not.
    """
    ids = [CLS, USER, *tokenizer.encode(prompt, add_special_tokens=False).ids, SEP]
    groups, ends = [0] * len(ids), []
    for number, step in enumerate(steps, 1):
        own = [*tokenizer.encode(step, add_special_tokens=False).ids, STEP]
        if len(ids) + len(own) > MAX_TOKENS:
            break
        ids += own
        groups += [number] * len(own)
        ends.append(len(ids) - 1)
    return ids, groups, ends
