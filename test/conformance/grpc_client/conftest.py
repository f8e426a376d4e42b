"""A client as any user would make it: stubs from protos/ by grpcio-tools, against a gateway that is running."""

import importlib
import os
import pathlib
import sys
import types

import grpc
import pytest
from grpc_tools import protoc

ROOT = pathlib.Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def address() -> str:
    """Host and port of the gateway's gRPC listener."""
    return os.environ["REWARDGATE_TEST_GRPC"]


@pytest.fixture(scope="session")
def api(tmp_path_factory) -> types.SimpleNamespace:
    """Messages and stubs of rewardgate.v1, generated for this run."""
    out = tmp_path_factory.mktemp("stubs")
    files = sorted((ROOT / "protos" / "rewardgate" / "v1").glob("*.proto"))
    arguments = ["protoc", f"-I{ROOT / 'protos'}", f"--python_out={out}", f"--grpc_python_out={out}", *map(str, files)]
    assert protoc.main(arguments) == 0
    sys.path.insert(0, str(out))
    names = {}
    for module in ("item_pb2", "reward_pb2", "reward_service_pb2", "reward_service_pb2_grpc"):
        names.update(vars(importlib.import_module(f"rewardgate.v1.{module}")))
    return types.SimpleNamespace(**{name: value for name, value in names.items() if not name.startswith("_")})


@pytest.fixture
def channel(address):
    """A channel of its own for each test."""
    with grpc.insecure_channel(address) as opened:
        grpc.channel_ready_future(opened).result(timeout=300)
        yield opened


@pytest.fixture
def stub(api, channel):
    return api.RewardServiceStub(channel)


@pytest.fixture
def item(api):
    """Makes an item with one candidate per text."""

    def make(item_id: str, *texts: str):
        candidates = [api.Candidate(content=api.Content(text=text)) for text in texts]
        return api.Item(id=item_id, prompt=api.Prompt(text="How do I boil an egg?"), candidates=candidates)

    return make
