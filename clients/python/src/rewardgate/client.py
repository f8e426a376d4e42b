"""The client, blocking."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any

import grpc

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
    """A connection to a gateway; safe to share between threads. Use `rewardgate.aio.Client` in asyncio code.

    Nothing is lost and nothing is made up: a candidate that has no reward after every try has `reward=None` and says why, and a call
    that fails raises with what was scored before.

    Args:
        address: host and port of the gateway's gRPC listener.
        panel: panel that judges, unless a call names another.
        options: choices of every request, unless a call has others.
        retry: how failures that may pass are tried again.
        concurrency: calls in flight at once.
        credentials: for TLS, from `grpc.ssl_channel_credentials`; None for plain text.
        metadata: headers of every call, for example an authorization.
    """

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
        self.panel = panel
        self._options = options or Options()
        self._retry = retry or Retry()
        self._pacer = Pacer(self._retry)
        self._limits = Limits()
        self._metadata = tuple(metadata)
        self._channel = (
            grpc.insecure_channel(checked_address(address), channel_options())
            if credentials is None
            else grpc.secure_channel(checked_address(address), credentials, channel_options())
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
        self._concurrency = concurrency
        self._pool = ThreadPoolExecutor(concurrency, thread_name_prefix="rewardgate")
        self._closed = threading.Event()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Ends calls that are under way and the connection."""
        self._closed.set()
        self._channel.close()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def score(
        self, items: Iterable[Item], *, panel: str | None = None, options: Options | None = None, timeout: float | None = None
    ) -> list[ItemResult]:
        """Scores items, in calls of a size that the gateway takes, several at once.

        Args:
            timeout: seconds for all of it; default that of the client's `Retry`.

        Returns:
            One result per item, in order.

        Raises:
            RequestError: the request is wrong.
            UnavailableError: no answer within the time; `results` holds what there was.
        """
        self._pause(0.0)
        deadline = time.monotonic() + (self._retry.timeout if timeout is None else timeout)
        chunks = list(chunks_of(items, self._limits))
        futures = [self._pool.submit(self._score_chunk, chunk, panel or self.panel, options or self._options, deadline) for chunk in chunks]
        results: list[ItemResult | None] = []
        error: RewardGateError | None = None
        for chunk, future in zip(chunks, futures, strict=True):
            try:
                results.extend(future.result())
            except RewardGateError as thrown:
                error = error or thrown
                results.extend(thrown.results or [None] * len(chunk))
        if error is not None:
            error.results = results
            raise error
        return [result for result in results if result is not None]

    def score_one(self, prompt: Prompt, candidates: Sequence[Content | Candidate], **kwargs: Any) -> ItemResult:
        """Scores the candidates of one prompt; keywords as for `score`."""
        return self.score([Item(prompt, candidates)], **kwargs)[0]

    def compare(self, prompt: Prompt, first: Content | Candidate, second: Content | Candidate, **kwargs: Any) -> Comparison:
        """Which of two candidates is better.

        Raises:
            NoRewardError: one of them has no reward; and as `score`.
        """
        return comparison_of(self.score_one(prompt, [first, second], **kwargs))

    def rank(self, prompt: Prompt, candidates: Sequence[Content | Candidate], **kwargs: Any) -> list[int]:
        """Places of the candidates, best first; equal rewards keep their order.

        Raises:
            NoRewardError: one of them has no reward; and as `score`.
        """
        return ranking_of(self.score_one(prompt, candidates, **kwargs))

    def best_of_n(self, prompt: Prompt, candidates: Sequence[Content | Candidate], **kwargs: Any) -> int:
        """Place of the best candidate among those that have a reward.

        Raises:
            NoRewardError: none has; and as `score`.
        """
        return best_of(self.score_one(prompt, candidates, **kwargs))

    def stream(
        self,
        items: Iterable[Item],
        *,
        ordered: bool = True,
        window: int = 256,
        panel: str | None = None,
        options: Options | None = None,
    ) -> Iterator[ItemResult]:
        """Scores items as they come, over one stream, which is opened again where it breaks, for what is unanswered.

        Memory is bounded by `window`, however many items there are. An item that is refused comes out with its candidates failed.

        Args:
            items: pulled as there is room, in a thread of the stream's own.
            ordered: results in the order of the items; otherwise as they finish.
            window: most items between `items` and what has been taken.

        Raises:
            RequestError: the stream as a whole is refused.
            UnavailableError: the gateway has answered nothing of what it was sent for as long as the client's `Retry` allows.
        """
        frame = stream_frame_of(panel or self.panel, options or self._options, self._retry.attempt_timeout)
        run = _StreamRun(iter(items), Book(window, ordered, self._retry.timeout), self._pacer, frame)
        last_answer = time.monotonic()
        try:
            while not run.book.done:
                self._pause(self._pacer.wait_seconds())
                call = self._stream(run.requests(), metadata=self._metadata)
                try:
                    for response in call:
                        last_answer = time.monotonic()
                        yield from run.take(response)
                    if not run.book.done:
                        # The gateway ended the stream, as it does when it stops.
                        self._pacer.failed()
                except grpc.RpcError as error:
                    if run.thrown is not None:
                        raise run.thrown from None
                    told = error_of_call(error)
                    if not told.retryable:
                        raise told from None
                    if not self._pacer.failed(told.retry_after) or run.waited(last_answer) > self._retry.timeout:
                        raise told from None
                finally:
                    run.stop()
                    call.cancel()
            if run.thrown is not None:
                raise run.thrown
        finally:
            run.end()

    def panels(self) -> list[Any]:
        """The gateway's panels, as `rewardgate.v1.PanelInfo`."""
        return list(self._ask("ListPanels", _wire.ListPanelsRequest()).panels)

    def members(self, panel: str | None = None) -> list[str]:
        """Names of a panel's members that answers show, in their order.

        Raises:
            RequestError: no such panel.
        """
        wanted = panel or self.panel
        for info in self.panels():
            if info.name == wanted:
                return [member.name for member in info.members if member.standing != "audit"]
        raise RequestError("PANEL_NOT_FOUND", f"no panel {wanted!r} at the gateway; Client.panels() lists them")

    def version(self) -> str:
        """Version of the gateway."""
        return str(self._ask("GetVersion", _wire.GetVersionRequest()).version)

    def wait_until_ready(self, timeout: float = 60.0) -> None:
        """Waits until the gateway answers.

        Raises:
            UnavailableError: it does not in time.
        """
        deadline = time.monotonic() + timeout
        while True:
            try:
                self._calls["GetVersion"](
                    _wire.GetVersionRequest(), timeout=max(0.001, deadline - time.monotonic()), metadata=self._metadata, wait_for_ready=True
                )
                return
            except grpc.RpcError as error:
                told = error_of_call(error)
                if not told.retryable or time.monotonic() >= deadline:
                    raise told from None
                self._pause(0.1)

    def _ask(self, method: str, request: Any) -> Any:
        deadline = time.monotonic() + self._retry.timeout
        while True:
            self._pause(self._pacer.wait_seconds())
            try:
                answer = self._calls[method](request, timeout=self._retry.attempt_timeout, metadata=self._metadata)
                self._pacer.succeeded()
                return answer
            except grpc.RpcError as error:
                told = error_of_call(error)
                if not told.retryable or not self._pacer.failed(told.retry_after) or time.monotonic() >= deadline:
                    raise told from None

    def _score_chunk(self, chunk: Sequence[Entry], panel: str, options: Options, deadline: float) -> list[ItemResult]:
        attempts = Attempts(chunk, self._limits, self._retry, self._pacer, deadline)
        while not attempts.done:
            self._pause(attempts.wait())
            timeout = attempts.timeout()
            try:
                request = request_of(attempts.open, panel, options, timeout)
                response = self._calls["Score"](request, timeout=timeout, metadata=self._metadata)
            except grpc.RpcError as error:
                attempts.failed(error)
            else:
                attempts.answered(response)
        return attempts.results()

    def _pause(self, seconds: float) -> None:
        if self._closed.wait(seconds) if seconds > 0 else self._closed.is_set():
            raise UnavailableError("CANCELLED", "the client was closed")


class _StreamRun:
    """One stream over several connections: a thread pulls the caller's items, and one of gRPC's for each connection sends what is there."""

    def __init__(self, items: Iterator[Item], book: Book, pacer: Pacer, frame: Any) -> None:
        self.book = book
        self.thrown: BaseException | None = None
        """What the caller's iterator raised."""
        self._items = items
        self._pacer = pacer
        self._frame = frame
        self._fresh: deque[Entry] = deque()
        self._changed = threading.Condition()
        self._connection = 0
        self._ended = False
        # Apart from the connections: the caller's iterator may wait for the answer to an item that has to be sent again.
        threading.Thread(target=self._pull, name="rewardgate-items", daemon=True).start()

    def requests(self) -> Iterator[Any]:
        """Messages of a new connection: what is unanswered, then what comes."""
        with self._changed:
            self._connection += 1
            self._fresh.clear()
            return self._requests(self._connection, self.book.unanswered())

    def stop(self) -> None:
        """Ends the messages of the connection."""
        with self._changed:
            self._connection += 1
            self._changed.notify_all()

    def end(self) -> None:
        """Asks for no further items."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def waited(self, since: float) -> float:
        """Seconds for which something has waited for an answer, counted from `since` at the earliest."""
        with self._changed:
            return self.book.waited(since)

    def take(self, response: Any) -> Iterator[ItemResult]:
        """Takes one answer, and gives what may come out."""
        with self._changed:
            settle(self.book, self._pacer, response)
            ready = self.book.take_ready()
            self._changed.notify_all()
        yield from ready

    def _requests(self, mine: int, unanswered: list[Entry]) -> Iterator[Any]:
        for sent in unanswered:
            yield stream_request_of(sent, self._frame)
        while (entry := self._next(mine)) is not None:
            yield stream_request_of(entry, self._frame)

    def _next(self, mine: int) -> Entry | None:
        """What a connection sends next; None at its end."""
        with self._changed:
            while mine == self._connection and not self.book.idle:
                wait = self._pacer.wait_seconds() if self.book.repeats else None
                if wait == 0.0:
                    return self.book.take_again()
                if wait is None and self._fresh:
                    return self._fresh.popleft()
                self._changed.wait(wait)
        return None

    def _pull(self) -> None:
        try:
            while self._has_room():
                item = next(self._items)
                with self._changed:
                    self._fresh.append(self.book.admit(item))
                    self._changed.notify_all()
        except StopIteration:
            pass
        except BaseException as thrown:  # noqa: BLE001 it is raised where the results are taken
            self.thrown = thrown
        with self._changed:
            self.book.exhausted = True
            self._changed.notify_all()

    def _has_room(self) -> bool:
        """Waits until another item may be asked for; False when nobody wants it any more."""
        with self._changed:
            self._changed.wait_for(lambda: self.book.room or self._ended)
            return not self._ended
