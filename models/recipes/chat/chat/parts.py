"""Writes the pairs of one part of the split as JSON lines, for `rewardgate calibrate`.

`selection.jsonl` holds both preference sets together, to fit on; `validation-<set>.jsonl` one set each, to measure on.
The judges were trained on neither.
"""

import argparse
import json
from pathlib import Path

from chat.data import part_of, read_rows

SETS = ("hh_helpful_test", "hh_harmless_test")


def main():
    """Reads `--data` and writes into `--out`."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--data", required=True)
    arguments.add_argument("--out", required=True)
    given = arguments.parse_args()
    out = Path(given.out)
    out.mkdir(parents=True, exist_ok=True)
    rows = {name: list(read_rows(given.data, name)) for name in SETS}
    write(out / "selection.jsonl", [row for name in SETS for row in rows[name]], "selection")
    for name in SETS:
        write(out / f"validation-{name}.jsonl", rows[name], "validation")


def write(path, rows, part):
    """Writes the rows of `part` and prints how many there are."""
    kept = [row for row in rows if part_of(row["prompt"]) == part]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in kept), encoding="utf-8")
    print(f"{path}: {len(kept)} pairs")


if __name__ == "__main__":
    main()
