"""What a client of another system is held against: the rewards of the gateway's own API."""

import json
import os
import urllib.request

import pytest


@pytest.fixture(scope="session")
def rewards_of():
    """What the panel `chat` gives for pairs of a prompt, which is one turn of the user, and a response."""

    def ask(pairs: list[tuple[str, str]]) -> list[float]:
        items = [{"prompt": [{"role": "user", "content": prompt}], "candidates": [{"content": text}]} for prompt, text in pairs]
        body = json.dumps({"panel": "chat", "items": items}).encode()
        request = urllib.request.Request(f"{os.environ['REWARDGATE_TEST_HTTP']}/v1/score", body, {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=300) as answer:
            return [result["candidates"][0]["reward"] for result in json.load(answer)["results"]]

    return ask
