"""Rows of docs/compatibility.md, which scripts/conformance.mjs reads."""

import json
import os


def write_rows(terminalreporter, systems: dict[str, tuple[str, str]]) -> None:
    """A row for each system: its name and version, by the file of its tests, and how many of them passed."""
    passed = [report.nodeid for report in terminalreporter.getreports("passed")]
    with open(os.environ["REWARDGATE_TEST_RESULTS"], "a") as results:
        for file, (system, version) in systems.items():
            result = f"{sum(file in name for name in passed)} tests"
            results.write(json.dumps({"system": system, "version": version, "result": result}) + "\n")
