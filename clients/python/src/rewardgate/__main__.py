"""`python -m rewardgate FILE`: scores a file of JSON lines, in order, with memory that does not grow with it."""

from __future__ import annotations

import argparse
import gzip
import json
import os
import sys
import time
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from .client import Client
from .connection import setting
from .errors import RequestError, RewardGateError
from .item import Item
from .records import Columns, columns_of_result, item_of_row


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command.

    Returns:
        Exit status: 0 when every candidate has a reward, 1 when one has none, 2 when the file could not be scored to its end; what was
        scored stays, and the same command with `--resume` goes on behind it.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.resume and options.output is None:
        parser.error("--resume needs --output, the file to go on with")
    if options.window < 1:
        parser.error("--window is at least 1")
    columns = Columns(options.prompt, options.candidates, options.id, options.reference)
    try:
        options.file.stat()  # a name that is wrong is told before the output is emptied
        done, earlier = _written(options.output) if options.resume else (0, 0)
        address = setting(options.address, "REWARDGATE_ADDRESS", "address of the gateway (--address)")
        panel = setting(options.panel, "REWARDGATE_PANEL", "panel (--panel)")
        with Client(address, panel=panel) as client, _writable(options.output, options.resume) as out:
            progress = _Progress(done)
            failed = 0
            for result in client.stream(_items(options.file, columns, done), window=options.window):
                failed += sum(reward is None for reward in result.rewards)
                out.write(json.dumps({"id": result.id, **columns_of_result(result)}, ensure_ascii=False) + "\n")
                progress.add(len(result.candidates), failed)
            progress.end(failed)
    except (RewardGateError, OSError) as error:
        print(f"rewardgate: {error}", file=sys.stderr)
        return 2
    return 1 if failed + earlier else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="rewardgate-score", description="Scores a file of JSON lines with a panel.")
    parser.add_argument("file", type=Path, help="JSON lines, gzipped when the name ends in .gz")
    parser.add_argument("-o", "--output", type=Path, default=None, help="where the answers go; default standard output")
    parser.add_argument("--address", help="host and port of the gateway's gRPC listener; default REWARDGATE_ADDRESS")
    parser.add_argument("--panel", help="default REWARDGATE_PANEL")
    parser.add_argument("--prompt", default="prompt", help="key of the prompt, text or messages")
    parser.add_argument("--candidates", default="candidates", help="key of the candidates, a list of texts or one text")
    parser.add_argument("--id", default="id", help="key of the id; default id, and the line's place where there is none")
    parser.add_argument("--reference", default=None, help="key of the reference answer, null in a line that has none")
    parser.add_argument("--window", type=int, default=256, help="items on their way at once; default 256")
    parser.add_argument("--resume", action="store_true", help="go on behind what the output already holds")
    return parser


def _items(file: Path, columns: Columns, skip: int) -> Iterator[Item]:
    try:
        with gzip.open(file, "rt", encoding="utf-8") if file.suffix == ".gz" else file.open(encoding="utf-8") as lines:
            place = 0
            for number, line in enumerate(lines, 1):
                if not line.strip():
                    continue
                place += 1
                if place <= skip:
                    continue
                try:
                    row = json.loads(line)
                except ValueError:
                    raise RequestError("REQUEST_INVALID", f"{file}, line {number}: not valid JSON") from None
                item = item_of_row(row, columns, f"{file}, line {number}")
                yield item if item.id else Item(item.prompt, item.candidates, str(place - 1), item.reference)
    except (OSError, EOFError, UnicodeError, zlib.error) as error:
        raise RequestError("REQUEST_INVALID", f"{file} cannot be read to its end: {error}") from None


def _written(output: Path) -> tuple[int, int]:
    """How many results the output holds, and how many rewards they lack. What was half written is cut off."""
    if not output.exists():
        return 0, 0
    with output.open("rb+") as written:
        data = count = lacking = 0
        for line in written:
            if not line.endswith(b"\n"):
                # The run was killed while it wrote this one.
                written.truncate(data)
                break
            try:
                lacking += json.loads(line)["rewards"].count(None)
            except (ValueError, LookupError, TypeError, AttributeError):
                raise RequestError("REQUEST_INVALID", f"{output}, line {count + 1}: no result, so there is nothing to go on with") from None
            data += len(line)
            count += 1
    return count, lacking


def _writable(output: Path | None, resume: bool) -> IO[str]:
    if output is None:
        return os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    return output.open("a" if resume else "w", encoding="utf-8", buffering=1)


class _Progress:
    """One line on standard error: rewritten on a terminal, written now and then elsewhere."""

    def __init__(self, done: int) -> None:
        self._started = self._shown = time.monotonic()
        self._candidates = 0
        self._terminal = sys.stderr.isatty()
        if done:
            print(f"{done} items were there already", file=sys.stderr)

    def add(self, candidates: int, failed: int) -> None:
        self._candidates += candidates
        now = time.monotonic()
        if now - self._shown >= (0.5 if self._terminal else 5.0):
            self._shown = now
            print(self._line(failed), end="\r" if self._terminal else "\n", file=sys.stderr, flush=True)

    def end(self, failed: int) -> None:
        print(self._line(failed), file=sys.stderr)

    def _line(self, failed: int) -> str:
        rate = self._candidates / max(1e-9, time.monotonic() - self._started)
        return f"{self._candidates} candidates, {rate:.0f}/s, {failed} without reward"


if __name__ == "__main__":
    raise SystemExit(main())
