"""vLLM as an engine of the gateway, its numbers held against transformers, and as the reference of the gateway's own wires."""

import json
import math
import os
import urllib.error
import urllib.request
from pathlib import Path

import pytest

GATEWAY = os.environ["REWARDGATE_TEST_HTTP"]
MODELS = Path(os.environ["MODELS"])
SCORER = os.environ["VLLM_SCORER"]


def post(url, body):
    data = json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"content-type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=600) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def rows(name):
    return json.loads((MODELS / f"{name}.json").read_text(encoding="utf-8"))


def judged(panel, rows, **more):
    """The parts of each row's one candidate."""
    items = [
        {"id": str(at), "prompt": row["prompt"], "candidates": [{"content": row["candidate"]}], **({"reference": row["reference"]} if "reference" in row else {})}
        for at, row in enumerate(rows)
    ]
    status, answer = post(f"{GATEWAY}/v1/score", {"panel": panel, "items": items, **more})
    assert status == 200, answer
    return [result["candidates"][0] for result in answer["results"]]


def shape(value):
    """Names and types; null agrees with anything."""
    if isinstance(value, dict):
        return {key: shape(one) for key, one in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return None if value is None else "number" if isinstance(value, (int, float)) else type(value).__name__


def same_shape(real, own, at="body"):
    if isinstance(real, dict) and isinstance(own, dict):
        assert set(own) <= set(real), f"{at}: {set(own) - set(real)} is not vLLM's"
        required = {key for key, value in real.items() if value is not None}
        assert required <= set(own), f"{at}: {required - set(own)} is missing"
        for key in own:
            same_shape(real[key], own[key], f"{at}.{key}")
    elif isinstance(real, list) and isinstance(own, list):
        for one, other in zip(real, own):
            same_shape(one, other, f"{at}[]")
    else:
        assert real is None or own is None or real == own, f"{at}: {own} is not {real}"


def test_scores_are_those_of_transformers_raw_and_with_one_beginning_of_sequence():
    wanted = rows("scores")
    found = [candidate["judges"][0]["raw"] for candidate in judged("reward", wanted)]
    worst = max(abs(row["score"] - raw) for row, raw in zip(wanted, found))
    assert worst < 1e-4
    assert min(found) < 0 and max(found) > 1
    print(f"scores differ by at most {worst:.1e}")


def test_without_the_switch_the_server_squashes():
    text = "<|begin_of_text|>good"
    ask = lambda **more: post(f"{SCORER}/classify", {"model": "scorer", "input": text, "add_special_tokens": False, **more})[1]["data"][0]["probs"][0]
    raw = ask(use_activation=False, activation=False)
    assert math.isclose(ask(), 1 / (1 + math.exp(-raw)), abs_tol=1e-6)


def test_pairs_are_those_of_transformers():
    for row in rows("pairs"):
        [candidate] = judged("relevance", [{"prompt": [{"role": "user", "content": row["query"]}], "candidate": row["text"]}])
        assert math.isclose(candidate["judges"][0]["raw"], row["score"], abs_tol=1e-4)


def test_steps_are_those_of_transformers_and_a_typed_marker_makes_none():
    wanted = rows("steps-scored")
    for row, candidate in zip(wanted, judged("steps", wanted, options={"detail": "full"})):
        steps = [finding["value"] for finding in candidate["judges"][0]["findings"]]
        assert steps == pytest.approx(row["steps"], abs=1e-4)
    [typed] = judged("steps", [{**wanted[0], "candidate": "one <|endoftext|> step\n\ntwo"}], options={"detail": "full"})
    assert len(typed["judges"][0]["findings"]) == 2


def test_log_probabilities_of_references_are_those_of_transformers():
    wanted = rows("likelihoods")
    worst = 0
    for row, candidate in zip(wanted, judged("answer", wanted, options={"detail": "full"})):
        [part] = candidate["judges"]
        worst = max(worst, abs(part["raw"] - row["score"]) / row["tokens"])
        assert next(finding["value"] for finding in part["findings"] if finding["name"] == "tokens") == row["tokens"]
    assert worst < 1e-4


def test_a_text_that_is_too_long_is_said_to_be_so_by_every_panel():
    long = {"prompt": [{"role": "user", "content": "2 + 2 = ?"}], "candidate": "%$&! " * 400, "reference": "4"}
    for panel in ("reward", "relevance", "steps", "answer"):
        [candidate] = judged(panel, [long])
        assert candidate["judges"][0]["error"]["reason"] == "ITEM_TOO_LONG", panel
        assert "reward" not in candidate or candidate["reward"] is None


def test_a_text_that_fills_the_models_context_to_the_token_has_a_score_or_is_too_long():
    base = rows("likelihoods")[0]
    for more in range(3):
        text = "%" * (512 - len(base["ids"]) - 1 + more)
        [candidate] = judged("answer", [{**base, "candidate": base["candidate"] + text}])
        part = candidate["judges"][0]
        assert part["outcome"] == "scored" if more == 0 else part["error"]["reason"] == "ITEM_TOO_LONG", (more, part)


def test_a_chat_model_that_babbles_gets_no_number_in_its_name():
    [candidate] = judged("babble", [rows("scores")[0]])
    assert candidate["judges"][0]["outcome"] in ("failed", "abstained", "scored")
    if candidate["judges"][0]["outcome"] != "scored":
        assert candidate.get("reward") is None


def test_classify_and_score_of_the_gateway_have_the_shape_and_the_numbers_of_vllms():
    text = "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nWhat is good?<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\nbread<|eot_id|>"
    raw = {"use_activation": False, "activation": False}
    classify = {"model": "scorer", "input": [text, text.replace("bread", "water")], "add_special_tokens": False, **raw}
    pairs = {"model": "scorer", "text_1": "good?", "text_2": ["bread", "water"], **raw}
    for path, body, number in (("/classify", classify, lambda row: row["probs"][0]), ("/score", pairs, lambda row: row["score"])):
        status, real = post(SCORER + path, body)
        assert status == 200
        status, own = post(GATEWAY + path, body)
        assert status == 200, own
        same_shape(shape(real), shape(own))
        assert [number(row) for row in own["data"]] == pytest.approx([number(row) for row in real["data"]], abs=1e-4)
        assert [row["index"] for row in own["data"]] == [0, 1]
        for refused in ({"model": "scorer"}, {"model": "scorer", "input": 7, "text_1": 7, "text_2": 7}):
            real_status, _ = post(SCORER + path, refused)
            own_status, _ = post(GATEWAY + path, refused)
            assert 400 <= real_status < 500 and 400 <= own_status < 500


def test_one_answer_mixes_a_judge_of_the_gateway_vllm_and_llamacpp():
    item = {
        "id": "mixed",
        "prompt": "What is the capital of France?",
        "reference": "Paris",
        "candidates": [{"content": "The capital of France is Paris."}, {"content": "I do not know."}],
    }
    status, answer = post(f"{GATEWAY}/v1/score", {"panel": "mixed", "items": [item], "options": {"deadlineMs": 300_000}})
    assert status == 200, answer
    for candidate in answer["results"][0]["candidates"]:
        parts = {part["judge"]: part for part in candidate["judges"]}
        assert list(parts) == ["helpful", "reward", "answer", "critic"]
        assert [parts[name]["outcome"] for name in ("helpful", "reward", "answer")] == ["scored"] * 3
        # A model of 135 million parameters may fail to keep the form: then it counts for nothing, and the answer says so.
        assert (candidate["status"], parts["critic"]["outcome"]) in (("complete", "scored"), ("degraded", "failed"), ("degraded", "abstained"))
        total = sum(part.get("contribution", 0) for part in parts.values())
        assert math.isclose(candidate["reward"], total, abs_tol=1e-9)
        print({name: part.get("raw", part["outcome"]) for name, part in parts.items()})
