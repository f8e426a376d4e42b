"""The rules `bleu` and `chrf` beside sacreBLEU, on every pair of a hypothesis and a reference that the golden files hold.

The golden files hold segments of WMT 2019, texts on which tokenizers differ, and replies: two to the same prompt stand for hypothesis and
reference. REWARDGATE_TEST_ROWS may name a file of more: JSON lines with `hypothesis` and `reference`, or pairs whose `meta` holds a
`reference`. A difference above 1e-6 of 100 is listed, and the run fails.
"""

import gzip
import itertools
import json
import logging
import os
import pathlib
import urllib.request

from sacrebleu.metrics import BLEU, CHRF

GOLDEN = pathlib.Path(__file__).parents[2] / "golden"
TOLERANCE = 1e-6
AT_ONCE = 100


def rows(path):
    with (gzip.open if str(path).endswith(".gz") else open)(path, "rt", encoding="utf-8") as file:
        yield from map(json.loads, file)


def segments():
    """Pairs of a hypothesis and a reference, without repeats."""
    found = [(row["hypothesis"], row["reference"]) for row in rows(GOLDEN / "sacrebleu.jsonl")]
    for row in rows(GOLDEN / "group-scores.jsonl.gz"):
        found += itertools.combinations(row["candidates"], 2)
    replies = [row["candidate"] for row in rows(GOLDEN / "chat-scores.jsonl.gz")]
    found += zip(replies[::2], replies[1::2])
    if "REWARDGATE_TEST_ROWS" in os.environ:
        for row in rows(os.environ["REWARDGATE_TEST_ROWS"]):
            reference = row["reference"] if "reference" in row else row["meta"]["reference"]
            found += [(row[side], reference) for side in ("hypothesis", "chosen", "rejected") if side in row]
    return list(dict.fromkeys(found))


def metrics():
    """Functions of hypothesis and reference by judge: sacreBLEU's numbers, of 100."""
    chrf = CHRF()
    made = {"chrf": lambda h, r: chrf.sentence_score(h, [r]).score}
    for judge, tokenizer in {"wmt": "13a", "zh": "zh", "char": "char", "none": "none"}.items():
        for name, effective in ((judge, False), (f"{judge}-effective", True)):
            metric = BLEU(tokenize=tokenizer, effective_order=effective)
            made[name] = lambda h, r, metric=metric: metric.sentence_score(h, [r]).score
    return made


def ask(some):
    """The gateway's numbers by judge for each pair, of 100."""
    items = [{"prompt": "Translate.", "candidates": [{"content": hypothesis}], "reference": reference} for hypothesis, reference in some]
    body = json.dumps({"panel": "metrics", "items": items}).encode()
    request = urllib.request.Request(f"{os.environ['REWARDGATE_TEST_HTTP']}/v1/score", body, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=300) as answer:
        results = json.load(answer)["results"]
    return [{part["judge"]: 100 * part["raw"] for part in result["candidates"][0]["judges"]} for result in results]


def main():
    logging.disable(logging.WARNING)  # sacreBLEU advises on effective order at every short segment.
    theirs = metrics()
    pairs = [pair for pair in segments() if pair[1] != ""]  # An empty reference is none, and the rules are not applicable.
    largest, differing = 0.0, 0
    for start in range(0, len(pairs), AT_ONCE):
        some = pairs[start : start + AT_ONCE]
        for pair, ours in zip(some, ask(some)):
            for name, metric in theirs.items():
                off = abs(ours[name] - metric(*pair))
                largest = max(largest, off)
                if off > TOLERANCE:
                    differing += 1
                    print(f"{name}: {ours[name]} and not {metric(*pair)} for {pair}")
    print(f"{len(pairs)} pairs, {len(theirs)} metrics each: {differing} differ by more than {TOLERANCE}, largest difference {largest:.1e}")
    raise SystemExit(1 if differing else 0)


main()
