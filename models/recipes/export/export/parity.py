"""Exports a tiny random model of every family and holds the gateway to transformers on each; writes the table into a document.

    PYTHONPATH=.. python -m export.parity --doc ../../../docs/models.md
"""

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

import torch
import transformers
import yaml

from . import tiny
from .__main__ import arguments, export

ROOT = Path(__file__).resolve().parents[4]
BEGIN, END = "<!-- parity: begin -->", "<!-- parity: end -->"
#: What issue and bundles ask of the differences.
BOUND = 1e-4


def export_all(folder, names):
    """Bundles of the families, by name: `(folder, what was exported)`."""
    found = {}
    for name in names:
        options = tiny.make(name, folder / name / "checkpoint")
        more = [part for key, value in options.items() for part in (f"--{key}", str(value))]
        bundle = folder / name / name
        export(arguments([str(folder / name / "checkpoint"), "--out", str(bundle), "--license", "Apache-2.0", *more]))
        config = json.loads((folder / name / "checkpoint" / "config.json").read_text())
        found[name] = bundle, config
    return found


def verify(folders):
    """What `rewardgate models verify` of this checkout says of bundles."""
    command = ["node", "--import", "tsx", "src/main.ts", "models", "verify", "--json", *map(str, folders)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if not done.stdout:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout)


def bos_of(bundle, config):
    """How often BOS stands in the rows: `once`, `none`, or a count that is wrong."""
    bos = config.get("bos_token_id")
    rows = [json.loads(line) for line in (bundle / "golden.jsonl").read_text().splitlines()]
    counts = {row["ids"].count(bos) for row in rows} if bos is not None else {0}
    return {frozenset({1}): "once", frozenset({0}): "none"}.get(frozenset(counts), str(sorted(counts)))


def table(names, found, verified):
    lines = ["| family | architecture | kind | rows | off by, alone | off by, in batches | off by, behind a prefix | tokens equal | BOS | result |",
             "|---|---|---|---:|---:|---:|---:|---|---|---|"]
    good = True
    for name in names:
        bundle, config = found[name]
        result = verified[name]
        if "error" in result:
            good = False
            lines.append(f"| {tiny.FAMILIES[name][0]} | {config['architectures'][0]} | | | | | | | | **fails**: {result['error'][:120]} |")
            continue
        alone, moved = result["goldenMaxAbsError"], result["compositionMaxAbsError"]
        shared = yaml.safe_load((bundle / "judge.yaml").read_text())["training"]["parity"].get("behindPrefix")
        passes = max(alone + moved, shared or 0) <= BOUND and result["tokenRows"] == result["rows"]
        good &= passes
        lines.append(
            f"| {tiny.FAMILIES[name][0]} | `{config['architectures'][0]}` | {result['kind']} | {result['rows']} | {alone:.1e} | {alone + moved:.1e} "
            f"| {'–' if shared is None else f'{shared:.1e}'} | {result['tokenRows']} of {result['rows']} | {bos_of(bundle, config)} | {'passes' if passes else '**fails**'} |"
        )
    return "\n".join(lines), good


def main():
    parser = argparse.ArgumentParser(prog="python -m export.parity", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"families (default: all of {', '.join(tiny.FAMILIES)})")
    parser.add_argument("--doc", type=Path, help="document whose table is replaced")
    parser.add_argument("--keep", type=Path, help="folder, not there yet, for the bundles")
    options = parser.parse_args()
    names = options.names or list(tiny.FAMILIES)
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        found = export_all(folder, names)
        results = verify([bundle for bundle, _ in found.values()])
        text, good = table(names, found, dict(zip(names, results)))
    print(text)
    if options.doc:
        before, rest = options.doc.read_text().split(BEGIN)
        versions = f"transformers {transformers.__version__}, torch {torch.__version__.split('+')[0]}"
        options.doc.write_text(f"{before}{BEGIN}\n{text}\n\nMade with {versions}.\n{END}{rest.split(END)[1]}")
    if not good:
        raise SystemExit("not every family passes")


if __name__ == "__main__":
    main()
