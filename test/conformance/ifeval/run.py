"""The rule `instructions` beside IFEval's own checkers, strict and loose, on real replies and on texts at the boundary of each instruction.

Instructions are drawn as the checkers draw them; REWARDGATE_TEST_ROWS may name a file of IFEval's rows (`answer` holds the
instructions) to take theirs as well. Every disagreement has a reason in reasons.py, or the run fails.
"""

import collections
import gzip
import json
import logging
import os
import pathlib
import random
import urllib.request

import checkers
import reasons
import texts

DRAWS = 24
REPLIES = 60
GOLDEN = pathlib.Path(__file__).parents[2] / "golden"
Pair = collections.namedtuple("Pair", "id arguments text loose ours theirs")


def replies():
    """Replies of models and people from the golden files, spread over them."""
    with gzip.open(GOLDEN / "group-scores.jsonl.gz", "rt", encoding="utf-8") as file:
        found = [candidate for line in file for candidate in json.loads(line)["candidates"]]
    unique = list(dict.fromkeys(found))
    return unique[:: len(unique) // REPLIES]


def prompts():
    with gzip.open(GOLDEN / "chat-scores.jsonl.gz", "rt", encoding="utf-8") as file:
        return [json.loads(line)["prompt"][-1]["content"] for line in file]


def instructions(registry):
    """Arguments by instruction id, as written in references: drawn by the checkers, and those of a file."""
    random.seed(1)
    drawn = {name: [draw(checker(name), name) for _ in range(DRAWS)] for name, checker in registry.items()}
    if "REWARDGATE_TEST_ROWS" in os.environ:
        opened = gzip.open if os.environ["REWARDGATE_TEST_ROWS"].endswith(".gz") else open
        with opened(os.environ["REWARDGATE_TEST_ROWS"], "rt", encoding="utf-8") as file:
            for reference in (json.loads(json.loads(line)["answer"]) for line in file):
                for name, arguments in zip(reference["instruction_id_list"], reference["kwargs"]):
                    drawn[name].append({key: value for key, value in (arguments or {}).items() if value is not None})
    return {name: list({json.dumps(a, sort_keys=True): a for a in arguments}.values()) for name, arguments in drawn.items()}


def draw(checker, name):
    if name == "combination:repeat_prompt":
        return {"prompt_to_repeat": random.choice(prompts())}
    checker.build_description()
    return checker.get_instruction_args() or {}


def ask(panel, reference, candidates):
    """For each candidate whether it follows each instruction of the reference; None where the judge abstains."""
    item = {"prompt": "Write.", "reference": reference, "candidates": [{"content": text} for text in candidates]}
    body = json.dumps({"panel": panel, "items": [item]}).encode()
    request = urllib.request.Request(f"{os.environ['REWARDGATE_TEST_HTTP']}/v1/score", body, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=300) as answer:
        judged = [candidate["judges"][0] for candidate in json.load(answer)["results"][0]["candidates"]]
    return [[finding["value"] == 1 for finding in part["findings"]] if part["outcome"] == "scored" else None for part in judged]


def pairs(name, checker_class, all_arguments, real):
    """Every text of an instruction, strict and loose, with both verdicts."""
    for arguments in all_arguments:
        checker = checker_class(name)
        checker.build_description(**arguments)
        reference = json.dumps({"instruction_id_list": [name], "kwargs": [arguments]})
        candidates = [*texts.made(name, arguments), *real]
        for loose in (False, True):
            for text, ours in zip(candidates, ask("loose" if loose else "strict", reference, candidates)):
                yield Pair(name, arguments, text, loose, ours and ours[0], checkers.verdict(checker, text, loose))


def main():
    logging.disable(logging.ERROR)  # The checkers log every text whose language they cannot tell.
    registry = checkers.load()
    real = replies()
    total, agreed, unexplained = 0, 0, 0
    for name, all_arguments in instructions(registry).items():
        compared = list(pairs(name, registry[name], all_arguments, real))
        differing = [pair for pair in compared if pair.ours != pair.theirs]
        followed = sum(pair.theirs for pair in compared)
        total, agreed = total + len(compared), agreed + len(compared) - len(differing)
        print(f"{name}: {len(compared) - len(differing)} of {len(compared)} the same, {followed} of them followed")
        by_reason = collections.defaultdict(list)
        for pair in differing:
            by_reason[reasons.reason(pair)].append(pair)
        for why, found in sorted(by_reason.items(), key=lambda entry: -len(entry[1])):
            unexplained += 0 if why else len(found)
            print(f"  {len(found)}: {why or 'UNEXPLAINED'}")
            shown = {texts.readable(pair.text): pair for pair in found}
            for text, pair in list(shown.items())[: 2 if why else 12]:
                how = "loosely" if pair.loose else "strictly"
                arguments = texts.readable(pair.arguments)
                print(f"    {how}, {arguments}, the rule says {pair.ours} and the checker {pair.theirs}: {text}")
    print(f"{agreed} of {total} verdicts the same")
    raise SystemExit(1 if unexplained else 0)


main()
