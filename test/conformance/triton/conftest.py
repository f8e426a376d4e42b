import os

import pytest
from compatibility import write_rows
from own_rewards import rewards_of  # noqa: F401  a fixture


@pytest.fixture(scope="session")
def http():
    """host:port, which is what Triton's clients take."""
    return os.environ["REWARDGATE_TEST_HTTP"].removeprefix("http://")


@pytest.fixture(scope="session")
def grpc():
    return os.environ["REWARDGATE_TEST_GRPC"]


def pytest_terminal_summary(terminalreporter):
    systems = {
        "test_clients.py": ("Triton and PyTriton", "tritonclient 2.73.0, nvidia-pytriton 0.7.0"),
        "test_nemo_aligner.py": ("NeMo-Aligner", "nemo-aligner 0.7.0, nvidia-pytriton 0.7.0"),
    }
    write_rows(terminalreporter, systems)
