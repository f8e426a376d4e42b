"""Share of translation pairs in which the better one is nearer to the reference: python measure.py DATA/wmt19_darr.jsonl.gz"""

import gzip
import json
import math
import sys

from build import TRUNK, Similarity


def wilson(share, count, z=1.96):
    """Interval of 95 % of a share of `count`."""
    centre = (share + z * z / 2 / count) / (1 + z * z / count)
    half = z * math.sqrt(share * (1 - share) / count + z * z / 4 / count**2) / (1 + z * z / count)
    return centre - half, centre + half


def accuracy(rows, measure):
    """Share of rows whose chosen text measures higher; a tie counts half."""
    better = 0.0
    for row in rows:
        reference = row["meta"]["reference"]
        difference = measure(row["chosen"], reference) - measure(row["rejected"], reference)
        better += 1 if difference > 0 else 0.5 if difference == 0 else 0
    return better / len(rows)


def main(path):
    with gzip.open(path, "rt", encoding="utf8") as file:
        rows = [json.loads(line) for line in file]
    for name, measure in [("similarity", Similarity(TRUNK / "words.onnx").score), ("length", lambda text, _: len(text))]:
        share = accuracy(rows, measure)
        low, high = wilson(share, len(rows))
        print(f"{name}: {share:.3f} ({low:.3f}–{high:.3f}), {len(rows)} pairs")


if __name__ == "__main__":
    main(sys.argv[1])
