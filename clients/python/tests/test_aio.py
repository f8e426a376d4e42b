"""The client for asyncio against a real gateway."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

import rewardgate
from rewardgate import Item, Options, RequestError, Retry, UnavailableError
from rewardgate.aio import Client

from .conftest import Gateway


def answer(i: int) -> str:
    return f"<think>t</think><answer>{i}</answer>"


def items(count: int) -> list[Item]:
    return [Item("1 + 1", [answer(i % 5)], id=f"id-{i}", reference="2") for i in range(count)]


def rewards(count: int) -> list[float]:
    return [1.0 if i % 5 == 2 else 0.25 for i in range(count)]


def test_has_every_call_of_the_blocking_client_and_waits_for_a_gateway_as_it_does(gateway: Gateway) -> None:
    calls = {name for name in dir(rewardgate.Client) if not name.startswith("_")}
    assert calls == {name for name in dir(Client) if not name.startswith("_")}

    async def run() -> None:
        async with Client(gateway.address, panel="rules") as client:
            await client.wait_until_ready()
        async with Client("127.0.0.1:9", panel="rules") as client:
            with pytest.raises(UnavailableError):
                await client.wait_until_ready(timeout=0.3)

    asyncio.run(run())


def test_scores_ranks_and_compares_as_the_blocking_client(gateway: Gateway) -> None:
    async def run() -> None:
        async with Client(gateway.address, panel="rules") as client:
            results = await client.score(items(1500))
            assert [result.rewards[0] for result in results] == rewards(1500)
            assert [result.id for result in results] == [f"id-{i}" for i in range(1500)]
            one = await client.score_one("1 + 1", [answer(2)])
            assert one.rewards == [1.0]
            assert await client.members() == ["right", "form", "watch"]
            assert await client.version()
            with pytest.raises(RequestError):
                await client.score([Item("1 + 1", [])])

    asyncio.run(run())


def test_a_stream_answers_in_order_through_a_death_of_the_gateway(mortal: Gateway, patient: Retry) -> None:
    async def source() -> AsyncIterator[Item]:
        for item in items(3000):
            yield item

    async def run() -> None:
        async with Client(mortal.address, panel="rules", retry=patient) as client:
            seen = []
            async for result in client.stream(source(), window=64):
                seen.append(result)
                if len(seen) == 1000:
                    await asyncio.to_thread(mortal.kill)
                    await asyncio.to_thread(mortal.start)
            assert [result.rewards[0] for result in seen] == rewards(3000)
            assert [result.id for result in seen] == [f"id-{i}" for i in range(3000)]

    asyncio.run(run())


def test_a_stream_outlasts_its_items_pauses_though_the_gateway_ends_it_meanwhile(hasty: Gateway) -> None:
    taken = asyncio.Semaphore(0)

    async def source() -> AsyncIterator[Item]:
        for item in items(3):
            yield item
            await taken.acquire()
            # The pause is longer than the gateway may leave an item without an answer.
            await asyncio.sleep(4.0)

    async def run() -> None:
        async with Client(hasty.address, panel="rules", retry=Retry(timeout=2.0, longest_wait=0.05)) as client:
            seen = []
            async for result in client.stream(source()):
                seen.append(result.rewards[0])
                taken.release()
            assert seen == rewards(3)

    asyncio.run(run())


def test_a_stream_with_room_for_one_item_sends_the_next_when_the_last_is_answered(gateway: Gateway) -> None:
    async def run() -> None:
        async with Client(gateway.address, panel="rules") as client:
            seen = [result.rewards[0] async for result in client.stream(items(200), window=1)]
            assert seen == rewards(200)

    asyncio.run(asyncio.wait_for(run(), 300))


def test_a_stream_refuses_options_that_are_none(gateway: Gateway) -> None:
    async def run() -> None:
        async with Client(gateway.address, panel="rules") as client:
            with pytest.raises(ValueError, match="one of reward, judges, full"):
                async for _ in client.stream(items(1), options=Options(detail="all")):  # type: ignore[arg-type]
                    pass

    asyncio.run(run())


def test_a_closed_client_ends_its_calls_with_an_error_and_cancels_nobody(address: str) -> None:
    held = [Item("p", [f"{i} word" * 400]) for i in range(500)]

    async def run() -> None:
        client = Client(address, panel="chat")

        async def streamed() -> None:
            async for _ in client.stream(held):
                pass

        calls = [asyncio.create_task(client.score(held)), asyncio.create_task(streamed())]
        await client.version()
        await client.close()
        for ended in await asyncio.gather(*calls, return_exceptions=True):
            assert isinstance(ended, UnavailableError) and "the client was closed" in str(ended)
        for late in (client.score(held[:1]), client.version(), streamed()):
            with pytest.raises(UnavailableError, match="the client was closed"):
                await late

    asyncio.run(run())


def test_a_task_that_is_cancelled_is_cancelled(address: str) -> None:
    async def run() -> None:
        async with Client(address, panel="chat") as client:
            task = asyncio.create_task(client.score([Item("p", [f"{i} word" * 400]) for i in range(500)]))
            await client.version()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await client.version()

    asyncio.run(run())


def test_a_stream_raises_what_its_items_raise(gateway: Gateway) -> None:
    async def broken() -> AsyncIterator[Item]:
        yield items(1)[0]
        raise LookupError("mine")

    async def run() -> None:
        async with Client(gateway.address, panel="rules") as client:
            with pytest.raises(LookupError, match="mine"):
                async for _ in client.stream(broken()):
                    pass

    asyncio.run(run())
