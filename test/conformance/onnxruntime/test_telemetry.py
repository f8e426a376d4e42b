"""ONNX Runtime's builds report to their maker unless a variable says no when they are loaded; no recipe lets them, nor do these tests."""

import os
import pathlib
import re
import subprocess
import sys

import pytest

RECIPES = pathlib.Path(__file__).resolve().parents[3] / "models" / "recipes"
IMPORT = re.compile(r"^(import|from) onnxruntime\b", re.MULTILINE)
USERS = [path for path in sorted(RECIPES.rglob("*.py")) if IMPORT.search(path.read_text(encoding="utf-8"))]

# Imports a module as the recipe's commands do, up to the import of the runtime, in the place of which the variable is printed. Packages
# that are not installed here are stood in for.
UP_TO_THE_RUNTIME = """
import importlib, importlib.abc, importlib.machinery, os, sys, types, unittest.mock

class StandIn(types.ModuleType):
    __path__ = []
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return unittest.mock.MagicMock()

class Runtime(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "onnxruntime":
            print("variable:", os.environ.get("ORT_DISABLE_TELEMETRY"), flush=True)
            os._exit(0)

class Absent(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path, target=None):
        return importlib.machinery.ModuleSpec(name, self, is_package=True)
    def create_module(self, spec):
        return StandIn(spec.name)
    def exec_module(self, module):
        pass

sys.meta_path.insert(0, Runtime())
sys.meta_path.append(Absent())
importlib.import_module(sys.argv[1])
"""


def test_a_process_with_a_model_leaves_no_identifier_cache_or_log_whatever_its_environment_says(tmp_path):
    code = "import reference; reference.Bundle(reference.MODELS / 'chat-group').run([1, 2, 3], [0, 0, 1])"
    # Bare: the runtime also keeps silent where a variable says that it runs in a CI.
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "ORT_DISABLE_TELEMETRY": "0"}
    command = [sys.executable, "-B", "-c", code]
    subprocess.run(command, env=environment, cwd=pathlib.Path(__file__).parent, check=True, capture_output=True, timeout=300)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", USERS, ids=lambda path: path.relative_to(RECIPES).as_posix())
def test_a_recipe_turns_telemetry_off_before_it_loads_the_runtime(path):
    package = path.parent if (path.parent / "__init__.py").exists() else None
    module = path.stem if package is None else f"{package.name}.{path.stem}"
    search = [path.parent if package is None else package.parent, RECIPES / "chat", RECIPES]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, search)), "ORT_DISABLE_TELEMETRY": "0"}
    command = [sys.executable, "-B", "-c", UP_TO_THE_RUNTIME, module]
    told = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert told.stdout.strip() == "variable: 1", told.stderr


def test_there_are_recipes_that_load_it():
    assert len(USERS) >= 4
