"""The judges that ship, over the gateway's wires, against Python's ONNX Runtime at the same time on the same machine."""

import gzip
import json
import math
import subprocess
import sys

import pytest
from reference import MODELS, ROOT, VERSION, chat_numbers, group_numbers

TOLERANCE = 1e-5


def rows_of(name):
    """Rows of test/golden: real prompts and replies. What was recorded beside them on another machine is not looked at here."""
    with gzip.open(ROOT / "test" / "golden" / f"{name}-scores.jsonl.gz", "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


CHATS, GROUPS = rows_of("chat"), rows_of("group")


@pytest.fixture(scope="session")
def python_chats():
    return chat_numbers(CHATS)


@pytest.fixture(scope="session")
def python_groups():
    return group_numbers(GROUPS)


def item_of(row, candidates):
    return {"id": row["id"], "prompt": row["prompt"], "candidates": [{"content": text} for text in candidates]}


def compare(rows, gateway, python):
    """How many numbers there are and the largest difference; fails with the worst rows where one is beyond the tolerance."""
    found = []
    for row, ours, theirs in zip(rows, gateway, python, strict=True):
        for candidate, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
            assert mine.keys() == other.keys(), row["id"]
            for name, value in mine.items():
                assert math.isfinite(value) and math.isfinite(other[name]), (row["id"], candidate, name)
                found.append((abs(value - other[name]), f"{row['id']}, candidate {candidate}, {name}: {value} and not {other[name]}"))
    found.sort(reverse=True)
    beyond = [told for difference, told in found if difference > TOLERANCE]
    assert not beyond, f"{len(beyond)} of {len(found)} numbers differ by more than {TOLERANCE}: " + "; ".join(beyond[:5])
    return len(found), found[0][0]


def test_both_runtimes_are_of_one_version():
    assert VERSION == json.loads((ROOT / "package.json").read_text())["dependencies"]["onnxruntime-node"]


def test_every_number_of_200_real_rows_is_pythons_within_1e_5(ask, python_chats, largest, request):
    assert len(CHATS) == 200
    gateway = ask("chat", [item_of(row, [row["candidate"]]) for row in CHATS])
    largest[request.node.name] = compare(CHATS, gateway, python_chats)
    # A reward, a gated sum, eight objectives, eight gates and two counts of tokens.
    assert largest[request.node.name][0] == 200 * 20


def test_every_number_of_real_groups_of_two_to_eight_is_pythons_within_1e_5(ask, python_groups, largest, request):
    assert len(GROUPS) >= 100 and {len(row["candidates"]) for row in GROUPS} >= {2, 8}
    gateway = ask("group", [item_of(row, row["candidates"]) for row in GROUPS])
    largest[request.node.name] = compare(GROUPS, gateway, python_groups)
    # A score, a share and a count of tokens.
    assert largest[request.node.name][0] == 3 * sum(len(row["candidates"]) for row in GROUPS)


def test_the_recipe_that_records_golden_scores_gives_those_of_this_architecture_within_their_tolerance():
    command = [sys.executable, "-B", MODELS / "recipes" / "processors" / "record.py", "--check"]
    told = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert told.returncode == 0, told.stdout + told.stderr
    assert told.stdout.count("\n") == 3, told.stdout
