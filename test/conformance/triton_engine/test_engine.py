import json
import os
import urllib.request

import pytest

from reward import reward

CANDIDATES = [f"answer {number}, {'very ' * number}long" for number in range(40)] + ["", "naïve 文字 🙂"]


def ask(panel, candidates):
    items = [{"prompt": "Why?", "candidates": [{"content": content} for content in candidates]}]
    body = json.dumps({"panel": panel, "items": items}).encode()
    request = urllib.request.Request(f"{os.environ['REWARDGATE_TEST_HTTP']}/v1/score", body, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return [candidate["reward"] for candidate in json.load(answer)["results"][0]["candidates"]]


@pytest.mark.parametrize(("panel", "precision"), [("http", 1e-6), ("grpc", 1e-6), ("half", 5e-3)])
def test_each_candidate_has_the_number_of_its_own_text(panel, precision):
    expected = [reward(f"[user] Why?\n[assistant] {content}\n") for content in CANDIDATES]
    assert ask(panel, CANDIDATES) == pytest.approx(expected, abs=precision)


def test_both_protocols_agree():
    assert ask("http", CANDIDATES) == ask("grpc", CANDIDATES)
