"""The client for asyncio."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any

import grpc
import grpc.aio

from . import _wire
from ._attempts import Attempts
from ._book import Book, settle
from ._channel import ADDRESS, channel_options, checked_address
from ._chunks import Entry, Limits, chunks_of, request_of, stream_frame_of, stream_request_of
from .errors import RequestError, RewardGateError, UnavailableError, error_of_call
from .item import Candidate, Content, Item, Options, Prompt
from .preference import Comparison, best_of, comparison_of, ranking_of
from .result import ItemResult
from .retry import Pacer, Retry


class Client:
    """A connection to a gateway, for one event loop; arguments and promises as those of `rewardgate.Client`."""

    def __init__(
        self,
        address: str = ADDRESS,
        *,
        panel: str,
        options: Options | None = None,
        retry: Retry | None = None,
        concurrency: int = 4,
        credentials: grpc.ChannelCredentials | None = None,
        metadata: Sequence[tuple[str, str]] = (),
    ) -> None:
        if concurrency < 1:
            raise ValueError(f"concurrency: {concurrency}; at least 1 call has to be in flight")
        self.panel = panel
        self._options = options or Options()
        self._retry = retry or Retry()
        self._pacer = Pacer(self._retry)
        self._limits = Limits()
        self._metadata = tuple(metadata)
        self._channel = (
            grpc.aio.insecure_channel(checked_address(address), channel_options())
            if credentials is None
            else grpc.aio.secure_channel(checked_address(address), credentials, channel_options())
        )
        self._calls = {
            name: self._channel.unary_unary(
                f"/{_wire.SERVICE}/{name}", request_serializer=request.SerializeToString, response_deserializer=response.FromString
            )
            for name, (request, response) in _wire.METHODS.items()
        }
        self._stream = self._channel.stream_stream(
            f"/{_wire.SERVICE}/ScoreStream",
            request_serializer=_wire.ScoreStreamRequest.SerializeToString,
            response_deserializer=_wire.ScoreStreamResponse.FromString,
        )
        self._slots = asyncio.Semaphore(concurrency)
        self._closed = False

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()

    async def close(self) -> None:
        """Ends calls that are under way and the connection."""
        self._closed = True
        await self._channel.close()

    async def score(
        self, items: Iterable[Item], *, panel: str | None = None, options: Options | None = None, timeout: float | None = None
    ) -> list[ItemResult]:
        """As `rewardgate.Client.score`."""
        deadline = time.monotonic() + (self._retry.timeout if timeout is None else timeout)
        chunks = list(chunks_of(items, self._limits))
        calls = [self._score_chunk(chunk, panel or self.panel, options or self._options, deadline) for chunk in chunks]
        results: list[ItemResult | None] = []
        error: RewardGateError | None = None
        for chunk, answer in zip(chunks, await asyncio.gather(*calls, return_exceptions=True), strict=True):
            if isinstance(answer, RewardGateError):
                error = error or answer
                results.extend(answer.results or [None] * len(chunk))
            elif isinstance(answer, BaseException):
                raise answer
            else:
                results.extend(answer)
        if error is not None:
            error.results = results
            raise error
        return [result for result in results if result is not None]

    async def score_one(self, prompt: Prompt, candidates: Sequence[Content | Candidate], **kwargs: Any) -> ItemResult:
        """As `rewardgate.Client.score_one`."""
        return (await self.score([Item(prompt, candidates)], **kwargs))[0]

    async def compare(self, prompt: Prompt, first: Content | Candidate, second: Content | Candidate, **kwargs: Any) -> Comparison:
        """As `rewardgate.Client.compare`."""
        return comparison_of(await self.score_one(prompt, [first, second], **kwargs))

    async def rank(self, prompt: Prompt, candidates: Sequence[Content | Candidate], **kwargs: Any) -> list[int]:
        """As `rewardgate.Client.rank`."""
        return ranking_of(await self.score_one(prompt, candidates, **kwargs))

    async def best_of_n(self, prompt: Prompt, candidates: Sequence[Content | Candidate], **kwargs: Any) -> int:
        """As `rewardgate.Client.best_of_n`."""
        return best_of(await self.score_one(prompt, candidates, **kwargs))

    async def stream(
        self,
        items: Iterable[Item] | AsyncIterable[Item],
        *,
        ordered: bool = True,
        window: int = 256,
        panel: str | None = None,
        options: Options | None = None,
    ) -> AsyncIterator[ItemResult]:
        """As `rewardgate.Client.stream`; the items may come asynchronously."""
        frame = stream_frame_of(panel or self.panel, options or self._options, self._retry.attempt_timeout)
        run = _StreamRun(_asynchronous(items), Book(window, ordered, self._retry.timeout), self._pacer, frame)
        puller = asyncio.create_task(run.pull())
        last_answer = time.monotonic()
        try:
            while not run.book.done:
                await self._pause(self._pacer.wait_seconds())
                call = self._stream(run.requests(), metadata=self._metadata)
                try:
                    with self._told_of_its_close():
                        async for response in call:
                            last_answer = time.monotonic()
                            for result in run.take(response):
                                yield result
                    if puller.done():
                        puller.result()
                    if not run.book.done:
                        # The gateway ended the stream, as it does when it stops.
                        self._pacer.failed()
                except grpc.RpcError as error:
                    told = error_of_call(error)
                    if not told.retryable:
                        raise told from None
                    if not self._pacer.failed(told.retry_after) or run.book.waited(last_answer) > self._retry.timeout:
                        raise told from None
                finally:
                    run.stop()
                    call.cancel()
            await puller
        finally:
            puller.cancel()

    async def panels(self) -> list[Any]:
        """As `rewardgate.Client.panels`."""
        return list((await self._ask("ListPanels", _wire.ListPanelsRequest())).panels)

    async def members(self, panel: str | None = None) -> list[str]:
        """As `rewardgate.Client.members`."""
        wanted = panel or self.panel
        for info in await self.panels():
            if info.name == wanted:
                return [member.name for member in info.members if member.standing != "audit"]
        raise RequestError("PANEL_NOT_FOUND", f"no panel {wanted!r} at the gateway; Client.panels() lists them")

    async def version(self) -> str:
        """As `rewardgate.Client.version`."""
        return str((await self._ask("GetVersion", _wire.GetVersionRequest())).version)

    async def wait_until_ready(self, timeout: float = 60.0) -> None:
        """As `rewardgate.Client.wait_until_ready`."""
        deadline = time.monotonic() + timeout
        while True:
            left = max(0.001, deadline - time.monotonic())
            try:
                with self._told_of_its_close():
                    await self._calls["GetVersion"](_wire.GetVersionRequest(), timeout=left, metadata=self._metadata, wait_for_ready=True)
                return
            except grpc.RpcError as error:
                told = error_of_call(error)
                if not told.retryable or time.monotonic() >= deadline:
                    raise told from None
                await self._pause(0.1)

    async def _ask(self, method: str, request: Any) -> Any:
        deadline = time.monotonic() + self._retry.timeout
        while True:
            await self._pause(self._pacer.wait_seconds())
            try:
                with self._told_of_its_close():
                    answer = await self._calls[method](request, timeout=self._retry.attempt_timeout, metadata=self._metadata)
                self._pacer.succeeded()
                return answer
            except grpc.RpcError as error:
                told = error_of_call(error)
                if not told.retryable or not self._pacer.failed(told.retry_after) or time.monotonic() >= deadline:
                    raise told from None

    async def _score_chunk(self, chunk: Sequence[Entry], panel: str, options: Options, deadline: float) -> list[ItemResult]:
        async with self._slots:
            attempts = Attempts(chunk, self._limits, self._retry, self._pacer, deadline)
            while not attempts.done:
                await self._pause(attempts.wait())
                timeout = attempts.timeout()
                try:
                    request = request_of(attempts.open, panel, options, timeout)
                    with self._told_of_its_close():
                        response = await self._calls["Score"](request, timeout=timeout, metadata=self._metadata)
                except grpc.RpcError as error:
                    attempts.failed(error)
                else:
                    attempts.answered(response)
        return attempts.results()

    async def _pause(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        if self._closed:
            raise UnavailableError("CANCELLED", "the client was closed")

    @contextmanager
    def _told_of_its_close(self) -> Iterator[None]:
        """What gRPC cancels since the client is closed is an error of the call; who made it was not cancelled."""
        try:
            yield
        except asyncio.CancelledError:
            task = asyncio.current_task()
            cancelled = task is not None and sys.version_info >= (3, 11) and task.cancelling() > 0
            if cancelled or not self._closed:
                raise
            raise UnavailableError("CANCELLED", "the client was closed") from None


class _StreamRun:
    """One stream over several connections: one task pulls the caller's items, each connection sends what is there."""

    def __init__(self, items: AsyncIterator[Item], book: Book, pacer: Pacer, frame: Any) -> None:
        self.book = book
        self._items = items
        self._pacer = pacer
        self._frame = frame
        self._fresh: list[Entry] = []
        self._waiting: list[asyncio.Future[None]] = []
        self._connection = 0

    async def pull(self) -> None:
        """Admits the caller's items as there is room."""
        try:
            async for item in self._items:
                while not self.book.room:
                    await self._change(None)
                self._fresh.append(self.book.admit(item))
                self._tell()
        finally:
            self.book.exhausted = True
            self._tell()

    def requests(self) -> AsyncIterator[Any]:
        """Messages of a new connection: what is unanswered, then what comes."""
        self._connection += 1
        self._fresh.clear()
        return self._requests(self._connection, self.book.unanswered())

    def stop(self) -> None:
        """Ends the messages of the connection."""
        self._connection += 1
        self._tell()

    def take(self, response: Any) -> list[ItemResult]:
        """Takes one answer, and gives what may come out."""
        settle(self.book, self._pacer, response)
        self._tell()
        return self.book.take_ready()

    async def _requests(self, mine: int, unanswered: list[Entry]) -> AsyncIterator[Any]:
        for entry in unanswered:
            yield stream_request_of(entry, self._frame)
        while mine == self._connection and not self.book.idle:
            wait = self._pacer.wait_seconds() if self.book.repeats else None
            if wait == 0.0:
                yield stream_request_of(self.book.take_again(), self._frame)
            elif self._fresh:
                yield stream_request_of(self._fresh.pop(0), self._frame)
            else:
                await self._change(wait)

    def _tell(self) -> None:
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            if not each.done():
                each.set_result(None)

    async def _change(self, seconds: float | None) -> None:
        """Waits for the next change, or for some seconds. It counts from the call on: an event that two tasks clear would lose one."""
        change: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(change)
        try:
            await asyncio.wait_for(change, seconds)
        except asyncio.TimeoutError:
            pass


async def _asynchronous(items: Iterable[Item] | AsyncIterable[Item]) -> AsyncIterator[Item]:
    if isinstance(items, AsyncIterable):
        async for item in items:
            yield item
    else:
        for item in items:
            yield item
