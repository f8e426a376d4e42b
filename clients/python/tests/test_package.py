"""What a user installs: a wheel that holds all it needs, with types that hold."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import zipfile

CLIENT = pathlib.Path(__file__).resolve().parents[1]


def test_the_wheel_holds_the_client_its_descriptors_and_its_types(tmp_path: pathlib.Path) -> None:
    code = f"import os; os.chdir({str(CLIENT)!r}); from hatchling.build import build_wheel; print(build_wheel({str(tmp_path)!r}))"
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, timeout=300)
    (wheel,) = tmp_path.glob("rewardgate-*.whl")
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    names = {path.name for path in (site / "rewardgate").iterdir()}
    assert {"__init__.py", "py.typed", "descriptors.binpb", "aio.py", "trl.py", "verl.py", "openrlhf.py"} <= names
    env = {**os.environ, "PYTHONPATH": str(site)}
    used = subprocess.run(
        [sys.executable, "-c", "import rewardgate; print(rewardgate.__file__); rewardgate.Client('127.0.0.1:9', panel='p').close()"],
        check=True,
        capture_output=True,
        text=True,
        env=env,
        cwd=tmp_path,
        timeout=300,
    )
    assert str(site) in used.stdout


def test_its_types_hold_under_strict_mypy() -> None:
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--cache-dir", os.devnull], capture_output=True, text=True, cwd=CLIENT, timeout=800
    )
    assert checked.returncode == 0, checked.stdout
