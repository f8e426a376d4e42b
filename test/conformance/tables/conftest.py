import os

import pytest
from compatibility import write_rows
from own_rewards import rewards_of  # noqa: F401  a fixture

PAIRS = [(f"How long do I boil {count} eggs?", answer) for count in range(1, 26) for answer in ("Eight minutes, then cold water.", "Google it.")]
LONG = ("Say something long.", "word " * 3000)


@pytest.fixture(scope="session")
def address() -> str:
    return os.environ["REWARDGATE_TEST_GRPC"]


def pytest_terminal_summary(terminalreporter):
    systems = {"test_ray.py": ("Ray Data", "ray 2.60.0"), "test_datasets.py": ("Hugging Face datasets", "datasets 5.2.0")}
    write_rows(terminalreporter, systems)
