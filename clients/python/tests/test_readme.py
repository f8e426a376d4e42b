"""The snippets of README.md for trainers that call Python, run as they stand and then called as those trainers call them."""

from __future__ import annotations

import importlib
import importlib.util
import json
import pathlib
import re
import subprocess
import sys
import types
from collections.abc import Callable
from typing import Any

import pytest

from rewardgate import Client, verl

from .conftest import ROOT

PROMPT = "How do I boil an egg?"
ANSWERS = ["Eight minutes in boiling water, then cold water.", "Google it."]
SHIPPED = "127.0.0.1:50051"


def snippet(language: str, trainer: str, address: str) -> str:
    """The block of README.md for a trainer, with the address of the gateway under test in the place of the usual one."""
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.findall(rf"^```{language} {trainer}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert len(found) == 1
    assert len(found[0].splitlines()) <= 10 and SHIPPED in found[0]
    return str(found[0]).replace(SHIPPED, address)


def near(client: Client) -> Any:
    return pytest.approx(client.score_one(PROMPT, ANSWERS).rewards, abs=1e-5)


def test_trl(client: Client, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "trl", types.SimpleNamespace(GRPOTrainer=types.SimpleNamespace))  # type: ignore[arg-type]
    names: dict[str, Any] = {"policy": object(), "dataset": object()}
    exec(snippet("python", "trl", address), names)
    rewards = names["trainer"].reward_funcs(
        prompts=[[{"role": "user", "content": PROMPT}]] * 2,
        completions=[[{"role": "assistant", "content": answer}] for answer in ANSWERS],
        completion_ids=[[1, 2], [3]],
        trainer_state=None,
        log_metric=lambda name, value: None,
        log_extra=lambda column, values: None,
    )
    assert rewards == near(client)


def loaded(path: str) -> types.ModuleType:
    """A module as verl loads it: a package by its name, a file apart from its package."""
    if path.startswith("pkg://"):
        return importlib.import_module(path.removeprefix("pkg://"))
    spec = importlib.util.spec_from_file_location("custom_module", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def call(function: Callable[..., dict[str, float]], kwargs: dict[str, str]) -> list[float]:
    info = {"question": PROMPT, "index": 0, "num_turns": 2, "rollout_reward_scores": {}}
    return [function(data_source="d", solution_str=text, ground_truth="", extra_info=info, **kwargs)["score"] for text in ANSWERS]


def test_the_clients_own_page_says_what_its_example_prints(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    page = (ROOT / "clients" / "python" / "README.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    (said,) = re.findall(r"# (\[.*\]); None", code)
    exec(code.replace("localhost:50051", address), {})
    printed = capsys.readouterr().out.splitlines()
    # Kinds of processor differ in the second digit.
    assert json.loads(printed[0]) == pytest.approx(json.loads(said), abs=0.1)
    assert [line.split()[0] for line in printed[1:]] == ["chat-objectives", "chat-reward"]


def test_the_stubs_of_docs_api_md_work_beside_the_client(client: Client, address: str, tmp_path: pathlib.Path) -> None:
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"^```python\n(# pip install grpcio grpcio-tools\n.*?)^```$", page, re.MULTILINE | re.DOTALL)
    _, generate = code.splitlines()[:2]
    command = generate.removeprefix("# python ").replace("_out=.", f"_out={tmp_path}")
    subprocess.run(["bash", "-ec", f"{sys.executable} {command}"], check=True, capture_output=True, cwd=ROOT, timeout=300)
    (tmp_path / "ask.py").write_text(f"import rewardgate.client\n{code.replace(SHIPPED, address)}")
    asked = subprocess.run([sys.executable, "ask.py"], check=True, capture_output=True, text=True, cwd=tmp_path, timeout=300)
    expected = client.score_one(PROMPT, ["Put it in boiling water for eight minutes."]).rewards
    assert [float(asked.stdout)] == pytest.approx(expected, abs=1e-5)


def test_verl(client: Client, address: str) -> None:
    shell = 'python3() { printf "%s\\n" "$@"; }\n' + snippet("sh", "verl", address)
    arguments = subprocess.run(["bash", "-ec", shell], capture_output=True, text=True, check=True, timeout=300).stdout.splitlines()
    assert arguments[:2] == ["-m", "verl.trainer.main_ppo"]
    settings = dict(each.lstrip("+").removeprefix("reward.custom_reward_function.").split("=", 1) for each in arguments[2:])
    function = getattr(loaded(settings.pop("path")), settings.pop("name"))
    assert call(function, {name.removeprefix("reward_kwargs."): value for name, value in settings.items()}) == near(client)


def test_verl_loads_the_module_as_a_file_too(client: Client, address: str) -> None:
    function = loaded(str(pathlib.Path(verl.__file__))).compute_score
    assert call(function, {"address": address, "panel": "chat"}) == near(client)
