"""Two ways to ask the gateway about all rows: so that it batches them, and so that it cannot."""

import json
import os
import urllib.request

import pytest
from google.protobuf.json_format import MessageToDict

from rewardgate import Client, Item, Options


def together_over_grpc(panel, items):
    """Candidates of each item, all items in one call."""
    asked = [Item(item["prompt"], [candidate["content"] for candidate in item["candidates"]], id=item["id"]) for item in items]
    with Client(os.environ["REWARDGATE_TEST_GRPC"], panel=panel, options=Options(detail="full", cache="bypass")) as client:
        return [MessageToDict(result.message)["candidates"] for result in client.score(asked)]


def one_by_one_over_http(panel, items):
    """The same, each item in a call of its own after the last one's answer."""

    def ask(item):
        body = {"panel": panel, "items": [item], "options": {"detail": "full", "cache": "bypass"}}
        url, headers = f"{os.environ['REWARDGATE_TEST_HTTP']}/v1/score", {"content-type": "application/json"}
        request = urllib.request.Request(url, json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=300) as answer:
            return json.load(answer)["results"][0]["candidates"]

    return [ask(item) for item in items]


@pytest.fixture(scope="session", params=[together_over_grpc, one_by_one_over_http], ids=lambda ask: ask.__name__)
def ask(request):
    """Asks a panel about items; answers every number that a judge told of a candidate, by name, in lists like the items'."""

    def numbers(part):
        assert "raw" in part, f"{part['judge']} gave no score: {part.get('error')}"
        found = {"raw": part["raw"], "tokens": part["tokens"]}
        for key in ("objectives", "gating"):
            found |= {f"{key}.{name}": value for name, value in part.get(key, {}).items()}
        found |= {f"findings.{finding['name']}": finding["value"] for finding in part.get("findings", [])}
        return {f"{part['judge']} {name}": value for name, value in found.items()}

    def asked(panel, items):
        return [
            [{name: value for part in candidate["judges"] for name, value in numbers(part).items()} for candidate in candidates]
            for candidates in request.param(panel, items)
        ]

    return asked


@pytest.fixture(scope="session")
def largest():
    """What was compared, by panel and way: how many numbers, and the largest difference. It becomes a row of docs/compatibility.md."""
    found = {}
    yield found
    count, difference = sum(count for count, _ in found.values()), max(difference for _, difference in found.values())
    row = {"system": "ONNX Runtime in Python", "version": "1.30.0", "result": f"{count} numbers, largest difference {difference:.1e}"}
    with open(os.environ["REWARDGATE_TEST_RESULTS"], "a", encoding="utf-8") as results:
        results.write(json.dumps(row) + "\n")
