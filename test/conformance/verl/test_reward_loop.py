"""verl's reward loop against the wire `classify`, and with the Python client's functions as its reward function."""

import asyncio
import contextlib
import logging
import os
import pathlib
import signal
import socket
import threading
import time

import aiohttp
import pytest
import uvicorn
from conftest import data_of

# verl's router registers what it does at start in a way of which FastAPI says that it is old.
pytestmark = pytest.mark.filterwarnings(r"ignore:\s*on_event is deprecated")

VERSIONS = ["0.7.0", "0.7.1", "0.8.0", "0.9.1"]
WITH_ROUTER = ["0.8.0", "0.9.1"]
PAIRS = [(f"How long do I boil {count} eggs?", answer) for count in range(1, 9) for answer in ("Eight minutes, then cold water.", "Google it.")]
LONG = ("Say something long.", "word " * 3000)


def near(rewards):
    return pytest.approx(rewards, abs=1e-5)


def scores(outputs):
    return [output["reward_score"] for output in outputs]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("engine", ["vllm", "sglang"])
@pytest.mark.parametrize("tokenizer", ["rm", "llama"])
def test_the_worker_gets_the_panels_rewards_in_order(worker_of, address, rewards_of, version, engine, tokenizer):
    async def ask():
        return await worker_of(version, address, engine=engine, tokenizer=tokenizer).compute_score_batch(data_of(PAIRS))

    assert scores(asyncio.run(ask())) == near(rewards_of(PAIRS))


@pytest.mark.parametrize("version", VERSIONS)
def test_what_cannot_be_judged_is_refused_at_once_and_raises(worker_of, address, caplog, version):
    async def ask():
        return await worker_of(version, address).compute_score_batch(data_of([LONG]))

    with caplog.at_level(logging.WARNING), pytest.raises(aiohttp.ClientResponseError) as raised:
        asyncio.run(ask())
    assert raised.value.status == 400
    assert len(caplog.messages) == 1 and "Not retrying" in caplog.messages[0]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_response_without_a_word_is_judged(worker_of, address, rewards_of, version):
    async def ask():
        return await worker_of(version, address).compute_score_batch(data_of([("Say nothing.", "")]))

    assert scores(asyncio.run(ask())) == near(rewards_of([("Say nothing.", "")]))


def kill_the_gateway():
    """Kills the one that runs. After another test killed it, it answers a moment before its process id is written down."""
    for _ in range(600):
        try:
            return os.kill(int(pathlib.Path(os.environ["REWARDGATE_TEST_PID_FILE"]).read_text()), signal.SIGKILL)
        except (ProcessLookupError, ValueError):
            time.sleep(0.1)
    raise AssertionError("no gateway runs that could be killed")


@pytest.mark.parametrize("version", ["0.7.0", "0.9.1"])
def test_a_batch_outlives_a_gateway_that_is_killed_and_comes_back(worker_of, address, rewards_of, caplog, version):
    fresh = [(f"{prompt} ({version})", answer) for prompt, answer in PAIRS]
    expected = rewards_of(fresh)

    async def ask():
        worker = worker_of(version, address)
        kill_the_gateway()
        return await worker.compute_score_batch(data_of(fresh))

    with caplog.at_level(logging.WARNING):
        assert scores(asyncio.run(ask())) == near(expected)
    assert any("Retrying" in message for message in caplog.messages)


@contextlib.contextmanager
def serving(app):
    """An application at an address of its own: host:port."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@pytest.mark.parametrize("version", WITH_ROUTER)
def test_the_gateway_stands_behind_verls_router_as_an_engine_does(worker_of, verl_of, address, rewards_of, version):
    router = verl_of(version, "verl.experimental.reward_loop.router.naive_router").NaiveRouter([f"http://{address}"] * 2)

    async def ask(router_address):
        outputs = await worker_of(version, router_address).compute_score_batch(data_of(PAIRS))
        return outputs + await worker_of(version, router_address, engine="sglang").compute_score_batch(data_of(PAIRS))

    with serving(router.app) as router_address:
        assert scores(asyncio.run(ask(router_address))) == near(rewards_of(PAIRS) * 2)


def function_of(name: str, **kwargs) -> dict:
    return {"path": "pkg://rewardgate.verl", "name": name, "reward_kwargs": {"address": os.environ["REWARDGATE_TEST_GRPC"], "panel": "chat", **kwargs}}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", ["compute_score", "compute_score_async"])
@pytest.mark.parametrize("manager", ["naive", "dapo", "rate_limited"])
def test_the_clients_function_is_loaded_as_the_reward_function_of_each_manager(worker_of, rewards_of, version, name, manager):
    async def ask():
        worker = worker_of(version, None, enable=False, manager=manager, function=function_of(name), max_concurrent=4)
        return await worker.compute_score_batch(data_of(PAIRS))

    outputs = asyncio.run(ask())
    assert scores(outputs) == near(rewards_of(PAIRS))
    # verl takes the keys of the first sample for all.
    assert {tuple(output["reward_extra_info"]) for output in outputs} == {("score", "rewardgate_failed", "rewardgate_chat-reward")}


@pytest.mark.parametrize("version", VERSIONS)
def test_a_failure_in_the_clients_function_raises_unless_a_number_was_stated(worker_of, rewards_of, version):
    async def ask(**kwargs):
        worker = worker_of(version, None, enable=False, function=function_of("compute_score", **kwargs))
        return await worker.compute_score_batch(data_of([PAIRS[0], LONG]))

    with pytest.raises(Exception, match="ITEM_TOO_LONG"):
        asyncio.run(ask())
    good, failed = asyncio.run(ask(on_failure=-1.0))
    assert good["reward_score"] == near(rewards_of(PAIRS[:1])[0]) and good["reward_extra_info"]["rewardgate_failed"] == 0
    assert failed["reward_score"] == -1 and failed["reward_extra_info"]["rewardgate_failed"] == 1


@pytest.mark.parametrize("version", VERSIONS)
def test_verls_rate_limited_manager_makes_a_zero_of_a_failure_and_says_so(worker_of, version):
    async def ask():
        worker = worker_of(version, None, enable=False, manager="rate_limited", function=function_of("compute_score"))
        return await worker.compute_score_batch(data_of([LONG]))

    (output,) = asyncio.run(ask())
    assert output["reward_score"] == 0 and "ITEM_TOO_LONG" in output["reward_extra_info"]["error"]
