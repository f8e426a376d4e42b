"""A real gateway for the tests of the client: the one at REWARDGATE_TEST_GRPC, and one that a test may kill."""

from __future__ import annotations

import os
import pathlib
import re
import signal
import socket
import subprocess
from collections.abc import Iterator

import pytest

from rewardgate import Client, Retry

ROOT = pathlib.Path(__file__).resolve().parents[3]
RULES = """apiVersion: rewardgate/v1
judges:
  right: { rule: numeric }
  form: { rule: format, tags: [think, answer] }
  brief: { rule: lengthBand, unit: characters, min: 0, max: 40 }
  tokens: { rule: lengthBand, unit: tokens, max: 2 }
panels:
  rules:
    members:
      - { judge: right, weight: 0.75 }
      - { judge: form, weight: 0.25 }
      - { judge: brief, name: watch, standing: shadow, weight: 1 }
  counted:
    members:
      - { judge: tokens }
  guarded:
    members:
      - { judge: form }
    constraints:
      judges:
        - { name: right, judge: right, atLeast: 1 }
  staged:
    members:
      - { judge: right, weight: 0.75 }
      - { judge: form, weight: 0.25, stage: 1 }
    sequence: { best: true }
  routed:
    routes:
      - { when: { metadata: { kind: form } }, panel: table }
    otherwise: rules
  table:
    routes:
      - { when: { language: de }, panel: guarded }
    otherwise: rules
"""


@pytest.fixture(scope="session")
def address() -> str:
    return os.environ["REWARDGATE_TEST_GRPC"]


@pytest.fixture
def client(address: str) -> Iterator[Client]:
    with Client(address, panel="chat") as opened:
        opened.wait_until_ready()
        yield opened


def free_port() -> int:
    """A port that the system gives to nobody who asks for any, nor to a client's end of a connection, so that it stays free meanwhile."""
    for port in range(20_000 + os.getpid() * 16 % 12_000, 32_000):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            if port not in taken:
                taken.add(port)
                return port
    raise AssertionError("no port is free")


taken: set[int] = set()


class Gateway:
    """A gateway of rules, which starts in a second, on one port that survives its death."""

    def __init__(self, folder: pathlib.Path, settings: str = "") -> None:
        self._config = folder / "rewardgate.yaml"
        self._config.write_text(RULES + settings)
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        ports = {"REWARDGATE_HTTP_PORT": "0", "REWARDGATE_GRPC_PORT": str(self.port), "REWARDGATE_ADMIN_PORT": "0"}
        self._process = subprocess.Popen(
            ["node", "dist/main.js", "serve", "--config", str(self._config)],
            cwd=ROOT,
            env={**os.environ, **ports, "REWARDGATE_LOG_LEVEL": "warn"},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if re.match(r"gRPC\s", line):
                return
        raise AssertionError("the gateway did not start")

    def kill(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            assert self._process.stdout is not None
            self._process.stdout.close()
            self._process = None


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """One for all tests that leave it alive."""
    made = Gateway(tmp_path_factory.mktemp("gateway"))
    made.start()
    yield made
    made.kill()


@pytest.fixture
def mortal(tmp_path: pathlib.Path) -> Iterator[Gateway]:
    """One that the test may kill."""
    made = Gateway(tmp_path)
    made.start()
    yield made
    made.kill()


@pytest.fixture
def hasty(tmp_path: pathlib.Path) -> Iterator[Gateway]:
    """One that ends a stream as soon as nothing comes."""
    made = Gateway(tmp_path, "server: { timeouts: { idleSeconds: 0.2 } }\n")
    made.start()
    yield made
    made.kill()


@pytest.fixture(scope="session")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """One that takes less in a call than the client sends by itself."""
    limits = "server: { limits: { maxItems: 3, maxCandidates: 8, maxGrpcMessageBytes: 4096 } }\n"
    made = Gateway(tmp_path_factory.mktemp("narrow"), limits)
    made.start()
    yield made
    made.kill()


@pytest.fixture
def patient() -> Retry:
    """Waits that suit a test: short, and long enough for a gateway to start on any machine."""
    return Retry(timeout=600, attempt_timeout=60, first_wait=0.05, longest_wait=0.5, budget=1000)

