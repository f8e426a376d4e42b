"""The blocking client against a real gateway."""

from __future__ import annotations

import asyncio
import dataclasses
import math
import pathlib
import subprocess
import sys
import threading
import time

import pytest

from rewardgate import Candidate, Client, Criterion, Item, NoRewardError, Options, RequestError, Retry, UnavailableError, aio
from rewardgate._chunks import Limits, chunks_of

from .conftest import ROOT, Gateway, free_port

AWAY = """apiVersion: rewardgate/v1
backends:
  service: {{ type: external, url: "http://127.0.0.1:{port}", healthIntervalSeconds: 1 }}
judges:
  code-tests: {{ kind: external, backend: service, version: "1", space: unit, metadata: [tests] }}
panels:
  code: {{ members: [{{ judge: code-tests }}] }}
"""

PROMPT = "How do I boil an egg?"
GOOD = "Put it in boiling water for eight minutes, then cool it under cold water."
BAD = "no"


def answer(i: int) -> str:
    return f"<think>t</think><answer>{i}</answer>"


def test_scores_come_in_order_each_with_every_judges_part(client: Client) -> None:
    results = client.score([Item(PROMPT, [GOOD, BAD], id="mine"), Item([{"role": "user", "content": PROMPT}], [GOOD])])
    assert [result.id for result in results] == ["mine", "1"]
    first, second = results[0].candidates
    assert first.status == "complete" and first.failure is None
    assert [part.member for part in first.judges] == client.members()
    assert sum(part.contribution or 0 for part in first.judges) == pytest.approx(first.reward)
    assert results[1].rewards == pytest.approx([first.reward], abs=1e-5)
    assert results[0].panel_revision == results[1].panel_revision != ""


def test_detail_says_how_much_comes_back(client: Client) -> None:
    item = [Item(PROMPT, [GOOD])]
    assert client.score(item, options=Options(detail="reward"))[0].candidates[0].judges == []
    full = client.score(item, options=Options(detail="full", cache="bypass"))[0].candidates[0].judges
    assert any(len(part.objectives) > 1 and len(part.gating) > 1 for part in full)
    with pytest.raises(ValueError, match="one of reward, judges, full"):
        client.score(item, options=Options(detail="all"))  # type: ignore[arg-type]


def test_compare_rank_and_best_of_n_agree_with_the_rewards(client: Client) -> None:
    a, b = client.score_one(PROMPT, [GOOD, BAD]).require_rewards()
    comparison = client.compare(PROMPT, GOOD, BAD)
    assert comparison.better == int(b > a) and comparison.margin == pytest.approx(a - b, abs=1e-5)
    assert client.compare(PROMPT, GOOD, GOOD).better is None
    ranking = client.rank(PROMPT, [BAD, GOOD])
    assert ranking == ([1, 0] if a > b else [0, 1])
    assert client.best_of_n(PROMPT, [BAD, GOOD]) == ranking[0]


def test_a_result_says_how_far_its_item_was_taken(gateway: Gateway) -> None:
    candidates = [[answer(2), answer(3)], [answer(2), "So it is 2"]]
    items = [Item("1 + 1", group, reference="2") for group in candidates]
    with Client(gateway.address, panel="staged") as client:
        settled, still_open = client.score(items)
    with Client(gateway.address, panel="rules") as client:
        assert client.score(items)[0].judging is None
    assert settled.judging is not None and still_open.judging is not None
    assert (settled.judging.asked, settled.judging.stopped, settled.judging.spared) == (1, "settled", 2)
    assert [part.outcome for part in settled.candidates[0].judges] == ["scored", "not_asked"]
    assert (still_open.judging.asked, still_open.judging.open_by, still_open.judging.left_open) == (2, ["best"], [])


def test_more_items_than_a_call_takes_are_split_and_come_back_whole(gateway: Gateway, patient: Retry) -> None:
    with Client(gateway.address, panel="rules", retry=patient) as client:
        items = [Item("1 + 1", [answer(2), answer(i % 5)], reference="2") for i in range(3000)]
        results = client.score(items)
    assert [result.id for result in results] == [str(i) for i in range(3000)]
    assert [result.rewards for result in results] == [[1.0, 1.0 if i % 5 == 2 else 0.25] for i in range(3000)]


def test_everything_that_an_item_says_arrives(gateway: Gateway) -> None:
    item = Item(
        [{"role": "system", "content": [{"type": "text", "text": "Add."}]}, {"role": "user", "content": "1 + 1"}],
        [Candidate(answer(2), tokens=3, kl=0.5, truncated=True)],
        reference="2",
        domain="maths",
        language="en",
        metadata={"source": "test"},
        baselines=[answer(3)],
        criteria=[Criterion("adds", name="sum", hard=True, weight=2.0), Criterion("shows it", depends_on=["sum"])],
    )
    options = Options(priority="critical", run="run", step=3, policy_version="v1")
    with Client(gateway.address, panel="rules", options=options) as client:
        assert client.score([item])[0].rewards == [1.0]
        with pytest.raises(ValueError, match="image_url"):
            client.score_one("p", [[{"type": "audio"}]])


def test_a_request_that_is_wrong_is_refused_by_the_place_of_its_item_and_loses_no_other(gateway: Gateway) -> None:
    items = [Item("1 + 1", [answer(2)] * 4, reference="2") for _ in range(600)]
    items[500] = Item("1 + 1", [], id="empty")
    with Client(gateway.address, panel="rules") as client:
        with pytest.raises(RequestError) as caught:
            client.score(items)
        assert caught.value.reason == "CANDIDATES_EMPTY"
        assert caught.value.field == "items[500].candidates"
        assert caught.value.results is not None and len(caught.value.results) == 600
        assert caught.value.results[0] is not None and caught.value.results[500] is None
        with pytest.raises(RequestError, match="PANEL_NOT_FOUND"):
            client.score(items[:1], panel="other")
        with pytest.raises(RequestError, match="PANEL_NOT_FOUND"):
            client.members("other")


@pytest.mark.parametrize(
    "item",
    [Item("1 + 1", [answer(2)], reference="2"), Item("1 + 1", [answer(2)] * 4, reference="2"), Item("1 " * 800, [answer(2)], reference="2")],
    ids=["items", "candidates", "bytes"],
)
def test_a_gateway_that_takes_less_in_a_call_gets_less_and_nothing_is_lost(narrow: Gateway, item: Item) -> None:
    items = [item] * 300
    with Client(narrow.address, panel="rules") as client:
        results = client.score(items)
        assert [(result.id, result.rewards) for result in results] == [(str(i), [1.0] * len(item.candidates)) for i in range(300)]

    async def awaited() -> None:
        async with aio.Client(narrow.address, panel="rules") as client:
            assert await client.score(items) == results

    asyncio.run(awaited())


def test_an_item_that_no_call_may_hold_is_named_and_the_others_of_its_call_may_be_scored_before_it(narrow: Gateway) -> None:
    items = [Item("1 + 1", [answer(2)] * (9 if i == 5 else 1), reference="2") for i in range(10)]
    with Client(narrow.address, panel="rules") as client, pytest.raises(RequestError) as caught:
        client.score(items)
    assert (caught.value.reason, caught.value.field, caught.value.limit) == ("TOO_LARGE", "items[5].candidates", 8)
    assert caught.value.results is not None
    assert [None if each is None else each.rewards for each in caught.value.results[:5]] == [[1.0]] * 5


def test_limits_that_a_gateway_told_hold_for_later_calls() -> None:
    limits = Limits()
    for field, limit in [("items", 100), ("items[7].candidates", 300), (None, 1 << 20), ("items[7].prompt", 2), ("items", 200)]:
        limits.learn(RequestError("TOO_LARGE", "more", field=field, limit=limit))
    assert limits == Limits(100, 300, 1 << 19)
    assert [len(chunk) for chunk in chunks_of([Item("p", ["a"])] * 250, limits)] == [100, 100, 50]
    assert [len(chunk) for chunk in chunks_of([Item("p", ["a"] * 100)] * 7, limits)] == [3, 3, 1]


def test_a_text_in_the_place_of_the_candidates_is_refused_and_not_judged_by_its_characters(gateway: Gateway) -> None:
    with Client(gateway.address, panel="rules") as client:
        with pytest.raises(TypeError, match="candidates: a text, not a list"):
            client.score_one("1 + 1", answer(2))
        with pytest.raises(TypeError, match="baselines"):
            client.score([Item("1 + 1", [answer(2)], baselines=answer(3))])
        with pytest.raises(TypeError, match="candidates"):
            list(client.stream([Item("1 + 1", answer(2))]))


def test_a_candidate_without_reward_is_none_and_says_why(client: Client) -> None:
    result = client.score_one(PROMPT, [[{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}]])
    assert result.rewards == [None]
    assert result.candidates[0].status == "failed" and result.candidates[0].failure is not None
    with pytest.raises(NoRewardError, match="item 0, candidate 0"):
        result.require_rewards()


def test_no_gateway_is_an_error_after_the_time_allowed_and_never_a_number() -> None:
    with Client("127.0.0.1:9", panel="chat", retry=Retry(timeout=1, first_wait=0.05, longest_wait=0.2)) as client:
        with pytest.raises(UnavailableError) as caught:
            client.score([Item(PROMPT, [GOOD])])
        assert caught.value.results == [None]
        with pytest.raises(UnavailableError):
            list(client.stream([Item(PROMPT, [GOOD])]))
        with pytest.raises(UnavailableError):
            client.wait_until_ready(timeout=0.3)


def test_a_url_in_the_place_of_the_address_is_refused_at_once() -> None:
    for made in (Client, aio.Client):
        with pytest.raises(RequestError, match="is a URL; name host and port of the gRPC listener, such as localhost:50051"):
            made("http://localhost:8080", panel="chat")


def test_calls_ride_through_a_gateway_that_dies_and_comes_back(mortal: Gateway, patient: Retry) -> None:
    items = [Item("1 + 1", [answer(i % 5)], reference="2") for i in range(20_000)]
    done = threading.Event()

    def interrupt() -> None:
        for _ in range(2):
            time.sleep(0.3)
            mortal.kill()
            mortal.start()
        done.set()

    with Client(mortal.address, panel="rules", retry=patient) as client:
        client.wait_until_ready()
        breaker = threading.Thread(target=interrupt)
        breaker.start()
        while not done.is_set():
            rewards = [result.rewards[0] for result in client.score(items)]
            assert rewards == [1.0 if i % 5 == 2 else 0.25 for i in range(20_000)]
        breaker.join()


def test_a_stream_answers_in_order_through_deaths_of_the_gateway(mortal: Gateway, patient: Retry) -> None:
    count = 6000
    items = (Item("1 + 1", [answer(i % 5)], id=f"id-{i}", reference="2") for i in range(count))
    seen = 0
    with Client(mortal.address, panel="rules", retry=patient) as client:
        client.wait_until_ready()
        for i, result in enumerate(client.stream(items, window=64)):
            assert result.id == f"id-{i}"
            assert result.rewards == [1.0 if i % 5 == 2 else 0.25]
            seen += 1
            if i in (1000, 3000):
                mortal.kill()
                mortal.start()
    assert seen == count


def test_a_stream_outlasts_its_items_pauses_though_the_gateway_ends_it_meanwhile(hasty: Gateway) -> None:
    taken = threading.Semaphore(0)

    def items():  # type: ignore[no-untyped-def]
        for i in range(3):
            yield Item("1 + 1", [answer(2)], id=f"id-{i}", reference="2")
            assert taken.acquire(timeout=120)
            # The pause is longer than the gateway may leave an item without an answer.
            time.sleep(4.0)

    with Client(hasty.address, panel="rules", retry=Retry(timeout=2.0, longest_wait=0.05)) as client:
        seen = []
        for result in client.stream(items()):
            seen.append((result.id, result.rewards))
            taken.release()
    assert seen == [(f"id-{i}", [1.0]) for i in range(3)]


def test_a_stream_sends_again_what_failed_while_its_items_wait_for_the_answer(tmp_path: pathlib.Path, patient: Retry) -> None:
    """More items than a client has retries, all of which fail while the service that judges is away."""
    port = free_port()
    made = Gateway(tmp_path)
    (tmp_path / "rewardgate.yaml").write_text(AWAY.format(port=port))
    made.start()
    services: list[subprocess.Popen[bytes]] = []
    taken = threading.Semaphore(0)
    count = 200
    item = Item("Print 1.", ["```python\nprint(1)\n```"], metadata={"tests": '[{"input": "", "output": "1"}]'})

    def items():  # type: ignore[no-untyped-def]
        yield from [item] * count
        time.sleep(2.0)
        services.append(subprocess.Popen([sys.executable, str(ROOT / "examples" / "external" / "code_tests.py"), str(port)]))
        for _ in range(count):
            assert taken.acquire(timeout=120), "an item is never answered"
        yield item

    try:
        with Client(made.address, panel="code", retry=dataclasses.replace(patient, budget=100)) as client:
            seen = []
            for result in client.stream(items()):
                seen.append(result.rewards)
                taken.release()
        assert seen == [[1.0]] * (count + 1)
    finally:
        made.kill()
        for service in services:
            service.kill()
            service.wait()


def test_a_stream_takes_no_more_items_than_its_window_ahead(gateway: Gateway) -> None:
    pulled = 0

    def items():  # type: ignore[no-untyped-def]
        nonlocal pulled
        for _ in range(1000):
            pulled += 1
            yield Item("1 + 1", [answer(2)], reference="2")

    with Client(gateway.address, panel="rules") as client:
        for place, _ in enumerate(client.stream(items(), window=10)):
            assert pulled <= place + 1 + 2 * 10


def test_a_stream_gives_refused_items_as_failed_and_raises_what_its_items_raise(gateway: Gateway) -> None:
    with Client(gateway.address, panel="rules") as client:
        results = list(client.stream([Item("1 + 1", [answer(2)], reference="2"), Item("", [answer(2)]), Item("1 + 1", [answer(2)], reference="2")]))
        assert [result.rewards for result in results] == [[1.0], [None], [1.0]]
        assert results[1].candidates[0].failure is not None and results[1].candidates[0].failure.reason == "REQUEST_INVALID"

        def broken():  # type: ignore[no-untyped-def]
            yield Item("1 + 1", [answer(2)], reference="2")
            raise LookupError("mine")

        with pytest.raises(LookupError, match="mine"):
            list(client.stream(broken()))
        assert list(client.stream([])) == []


def test_a_stream_refuses_options_that_are_none_before_it_asks_for_an_item(gateway: Gateway) -> None:
    def items():  # type: ignore[no-untyped-def]
        raise AssertionError("asked for an item")
        yield

    with Client(gateway.address, panel="rules") as client:
        with pytest.raises(ValueError, match="one of critical, standard, sheddable"):
            list(client.stream(items(), options=Options(priority="high")))  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            list(client.stream(items(), options=Options(run=7)))  # type: ignore[arg-type]


def test_unordered_results_are_all_there(gateway: Gateway) -> None:
    with Client(gateway.address, panel="rules") as client:
        results = list(client.stream((Item("1 + 1", [answer(2)], reference="2") for _ in range(500)), ordered=False))
    assert sorted(int(result.id) for result in results) == list(range(500))


def test_a_closed_client_refuses_calls(address: str) -> None:
    client = Client(address, panel="chat")
    client.close()
    with pytest.raises(UnavailableError, match="the client was closed"):
        client.score([Item(PROMPT, [GOOD])])


def test_rewards_are_finite_an_empty_candidates_too(client: Client) -> None:
    rewards = client.score_one(PROMPT, [GOOD, BAD, ""]).require_rewards()
    assert len(rewards) == 3 and all(math.isfinite(reward) for reward in rewards)
