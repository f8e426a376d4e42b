"""The example service that runs code, behind a gateway that asks it, as docs/judges/external.md shows them."""

import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "examples" / "external"
START_SECONDS = 300

ADDS = "Adds them.\n```python\na, b = map(int, input().split())\nprint(a + b)\n```"
ADDS_SMALL = "```python\na, b = map(int, input().split())\nprint(a + b if a < 10 else 0)\n```"
HANGS = "```python\nwhile True: pass\n```"
CRASHES = "```python\nraise SystemExit(3)\n```"
FLOODS = "```python\nwhile True: print('x' * 10000)\n```"
FORGES = "```python\nprint('score: 1.0')\nraise SystemExit(0)\n```"
TESTS = [{"input": "1 2", "output": "3"}, {"input": "10 20", "output": "30"}]


def free_port() -> int:
    """A port that the system gives to nobody who asks for any, so that it stays free meanwhile."""
    for port in range(20_000 + os.getpid() * 16 % 12_000, 32_000):
        with socket.socket() as bound:
            try:
                bound.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no port is free")


@pytest.fixture(scope="module")
def service():
    """Host and port of the service."""
    port = free_port()
    child = subprocess.Popen([sys.executable, EXAMPLE / "code_tests.py", str(port)], stderr=subprocess.DEVNULL)
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/describe", timeout=5)
            break
        except OSError:
            assert time.monotonic() < until and child.poll() is None
            time.sleep(0.05)
    yield f"127.0.0.1:{port}", child
    child.kill()
    child.wait()


@pytest.fixture(scope="module")
def gateway(service):
    """Address of a gateway with the example's configuration."""
    ports = {"REWARDGATE_HTTP_PORT": "0", "REWARDGATE_GRPC_PORT": "0", "REWARDGATE_ADMIN_PORT": "0", "REWARDGATE_LOG_LEVEL": "warn"}
    command = [os.environ.get("REWARDGATE_TEST_NODE", "node"), ROOT / "dist" / "main.js", "serve", "--config", EXAMPLE / "rewardgate.yaml"]
    environment = {**os.environ, **ports, "SANDBOX": service[0]}
    child = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    printed = ""
    while (found := re.search(r"^HTTP\s+(\S+)", printed, re.MULTILINE)) is None:
        line = child.stdout.readline()
        assert line != "", f"the gateway did not start: {printed}"
        printed += line
    yield found[1]
    child.terminate()
    child.communicate(timeout=START_SECONDS)


def score(gateway: str, *candidates: str, metadata=None):
    """Rewards and outcomes of one item."""
    metadata = {"tests": json.dumps(TESTS)} if metadata is None else metadata
    item = {"prompt": "Print the sum of two numbers.", "candidates": [{"content": text} for text in candidates], "metadata": metadata}
    body = json.dumps({"panel": "code", "items": [item], "options": {"detail": "full"}}).encode()
    request = urllib.request.Request(f"{gateway}/v1/score", body, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=START_SECONDS) as answer:
        return json.load(answer)["results"][0]["candidates"]


def test_code_is_scored_by_the_tests_that_it_passes(gateway):
    right, half, crashed, forged = [part["judges"][0] for part in score(gateway, ADDS, ADDS_SMALL, CRASHES, FORGES)]
    assert [part["raw"] for part in (right, half, crashed, forged)] == [1.0, 0.5, 0.0, 0.0]
    assert [finding["value"] for finding in half["findings"]] == [1, 0]


def test_code_that_hangs_or_floods_scores_nothing_and_leaves_its_neighbours_alone(gateway):
    parts = [part["judges"][0] for part in score(gateway, HANGS, ADDS, FLOODS)]
    assert [part["raw"] for part in parts] == [0.0, 1.0, 0.0]


def test_an_answer_without_code_is_an_abstention_and_no_number(gateway):
    (candidate,) = score(gateway, "I would rather not.")
    assert "reward" not in candidate
    assert candidate["judges"][0]["outcome"] == "abstained"
    assert "no_code_block" in json.dumps(candidate["judges"][0])


def test_an_item_without_tests_is_not_applicable(gateway):
    (candidate,) = score(gateway, ADDS, metadata={})
    assert candidate["judges"][0]["outcome"] == "not_applicable"


def test_a_service_that_has_gone_is_a_failure_and_no_number(gateway, service):
    service[1].kill()
    service[1].wait()
    (candidate,) = score(gateway, "```python\nprint(1)\n```")
    assert "reward" not in candidate
    assert candidate["judges"][0]["outcome"] == "failed"
