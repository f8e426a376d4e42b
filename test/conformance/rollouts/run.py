"""A file of 100,000 candidates through `python -m rewardgate`, with a gateway that is killed in the middle: nothing lost, in order, in a memory
that does not grow, with its progress shown."""

import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

ITEMS = 12_500
CANDIDATES = 8
KILLED_AT = 0.4
# Growth of the client between a fifth of the file and its end; the answers alone would be ten times that.
MOST_GROWTH_MIB = 16


def rows():
    """Items whose right answer is at a place that differs, so that no mix-up goes unseen."""
    for place in range(ITEMS):
        answers = [str(place + offset) for offset in range(CANDIDATES)]
        yield {"id": f"item-{place}", "prompt": f"Which number comes after {place + place % CANDIDATES - 1}? {'x' * 300}", "candidates": answers,
               "answer": str(place + place % CANDIDATES)}  # fmt: skip


def resident_mib(pid):
    found = re.search(r"VmRSS:\s+(\d+) kB", pathlib.Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


def lines_in(file):
    if not file.exists():
        return 0
    with file.open("rb") as stream:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: stream.read(1 << 20), b""))


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        rollouts, rewards, shown = folder / "rollouts.jsonl", folder / "rewards.jsonl", folder / "progress.txt"
        with rollouts.open("w") as file:
            for row in rows():
                file.write(json.dumps(row) + "\n")
        command = [sys.executable, "-m", "rewardgate", str(rollouts), "-o", str(rewards), "--reference", "answer"]
        command += ["--address", os.environ["REWARDGATE_TEST_GRPC"], "--panel", "rules"]
        began = time.monotonic()
        killed = False
        memory = []
        with shown.open("w") as progress:
            client = subprocess.Popen(command, stderr=progress)
            while client.poll() is None:
                done = lines_in(rewards) / ITEMS
                memory.append((done, resident_mib(client.pid)))
                if done > KILLED_AT and not killed:
                    killed = True
                    os.kill(int(pathlib.Path(os.environ["REWARDGATE_TEST_PID_FILE"]).read_text()), signal.SIGKILL)
                time.sleep(0.2)
        seconds = time.monotonic() - began
        assert client.returncode == 0, shown.read_text()[-2000:]
        assert killed, "the gateway was not killed, since the file was done too soon to see it"

        with rewards.open() as answers:
            scored = 0
            for place, line in enumerate(answers):
                row = json.loads(line)
                assert row["id"] == f"item-{place}", (place, row["id"])
                assert row["rewards"] == [1.0 if offset == place % CANDIDATES else 0.25 for offset in range(CANDIDATES)], (place, row)
                scored += len(row["rewards"])
        assert scored == ITEMS * CANDIDATES, scored

        early = max(mib for done, mib in memory if done <= 0.2)
        most = max(mib for _, mib in memory)
        assert most - early < MOST_GROWTH_MIB, (early, most)
        updates = len(re.findall(r"candidates", shown.read_text()))
        assert updates > 1, shown.read_text()
        result = (
            f"{scored:,} candidates, each with its reward and in order, in {seconds:.0f} s with the gateway killed at {KILLED_AT:.0%}; "
            f"client {early:.0f} MiB in the first fifth, {most:.0f} MiB at most; progress shown {updates} times"
        )
        print(result)
        with open(os.environ["REWARDGATE_TEST_RESULTS"], "a") as file:
            file.write(json.dumps({"system": "Python client, a file of rollouts", "version": "of this repository", "result": result}) + "\n")


main()
