import json
import os
import urllib.request

import pytest


@pytest.fixture(scope="session")
def http():
    """host:port, which is what Triton's clients take."""
    return os.environ["REWARDGATE_TEST_HTTP"].removeprefix("http://")


@pytest.fixture(scope="session")
def grpc():
    return os.environ["REWARDGATE_TEST_GRPC"]


@pytest.fixture(scope="session")
def rewards_of():
    """The panel's rewards of pairs of prompt and response, as the gateway's own API gives them."""

    def ask(pairs):
        items = [{"prompt": prompt, "candidates": [{"content": response}]} for prompt, response in pairs]
        body = json.dumps({"panel": "chat", "items": items}).encode()
        request = urllib.request.Request(f"{os.environ['REWARDGATE_TEST_HTTP']}/v1/score", body, {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return [result["candidates"][0]["reward"] for result in json.load(answer)["results"]]

    return ask


def pytest_terminal_summary(terminalreporter):
    """A row of docs/compatibility.md for each system."""
    systems = {
        "test_clients.py": ("Triton and PyTriton", "tritonclient 2.73.0, nvidia-pytriton 0.7.0"),
        "test_nemo_aligner.py": ("NeMo-Aligner", "nemo-aligner 0.7.0, nvidia-pytriton 0.7.0"),
    }
    passed = [report.nodeid for report in terminalreporter.getreports("passed")]
    with open(os.environ["REWARDGATE_TEST_RESULTS"], "a") as results:
        for file, (system, version) in systems.items():
            count = sum(file in name for name in passed)
            results.write(json.dumps({"system": system, "version": version, "result": f"{count} tests"}) + "\n")
