"""What trainers call, called as they call it, against a real gateway."""

from __future__ import annotations

import asyncio
import copy
import gzip
import json
import math
import pathlib
import pickle
import subprocess
import sys
from decimal import Decimal
from fractions import Fraction
from types import SimpleNamespace
from typing import IO

import pytest

from rewardgate import Candidate, Client, Item, NoRewardError, RequestError, Retry, UnavailableError, swift, trl, verifiers, verl
from rewardgate.__main__ import main
from rewardgate.connection import shared_client
from rewardgate.images import with_images
from rewardgate.records import Columns, item_of_row
from rewardgate.samples import Sample, items_of, label_of
from rewardgate.templates import conversation_of, messages_of, response_of

from .conftest import Gateway

RIGHT = "<think>t</think><answer>2</answer>"
WRONG = "<think>t</think><answer>3</answer>"
CHATML = "<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user\n1 + 1<|im_end|>\n<|im_start|>assistant\n"


def texts(item: Item) -> list[object]:
    return [each.content if isinstance(each, Candidate) else each for each in item.candidates]


def test_a_label_is_a_reference_answer_where_it_is_text_or_a_number() -> None:
    labels = ["four", 4, 0.5, {"answer": 4}, ["4"], None]
    assert [label_of(label) for label in labels] == ["four", "4", "0.5", None, None, None]


def test_a_number_of_a_column_with_gaps_is_the_text_that_it_is_without_them() -> None:
    numbers = [17.0, -3.0, 0.5, math.nan, math.inf, 1e300, 2.0**53, Decimal("4.0"), Fraction(1, 2), True]
    written = ["17", "-3", "0.5", None, "inf", "1e+300", "9007199254740992.0", "4.0", "1/2", "True"]
    assert [label_of(number) for number in numbers] == written
    rows = [{"prompt": "p", "candidates": ["a"], "answer": answer} for answer in (17.0, math.nan)]
    assert [item_of_row(row, Columns(reference="answer"), "row").reference for row in rows] == ["17", None]


def test_a_label_that_is_not_there_is_none_of_an_item() -> None:
    row = {"prompt": "p", "candidates": ["a"], "kind": None, "form": math.nan, "level": 0, "source": "book"}
    item = item_of_row(row, Columns(metadata=("kind", "form", "level", "source")), "row 0")
    assert item.metadata == {"level": "0", "source": "book"}
    function = trl.reward_function("127.0.0.1:9", panel="p", metadata=("kind",))
    (first, second) = function._scorer._samples(["p", "p"], ["a", "b"], {"kind": [None, "form"]})  # type: ignore[attr-defined]
    assert (first.metadata, second.metadata) == ((), (("kind", "form"),))


def test_neighbouring_samples_of_one_prompt_form_a_group() -> None:
    samples = [Sample("p", "a"), Sample("p", "b"), Sample("q", "c"), Sample("p", "d"), Sample("p", "e", reference="r")]
    items, places = items_of(samples)
    assert [(item.prompt, texts(item), item.reference) for item in items] == [
        ("p", ["a", "b"], None),
        ("q", ["c"], None),
        ("p", ["d"], None),
        ("p", ["e"], "r"),
    ]
    assert places == [(0, 0), (0, 1), (1, 0), (2, 0), (3, 0)]


def test_what_a_policy_wrote_before_its_last_message_belongs_to_the_prompt() -> None:
    completion = [{"role": "assistant", "content": "call"}, {"role": "tool", "content": "42"}, {"role": "assistant", "content": "It is 42."}]
    items, _ = items_of([Sample([{"role": "user", "content": "q"}], completion)])
    assert [turn["content"] for turn in items[0].prompt] == ["q", "call", "42"]  # type: ignore[index]
    assert texts(items[0]) == ["It is 42."]


def test_calls_of_tools_are_told_and_what_a_tool_said_last_is_not_judged_as_what_the_policy_wrote() -> None:
    call = {"type": "function", "function": {"name": "add", "arguments": {"a": 1, "b": "ü"}}}
    asked = {"role": "assistant", "content": "Let me add.", "tool_calls": [call]}
    silent = {"role": "assistant", "tool_calls": [{"function": {"name": "add", "arguments": '{"a": 1}'}}]}
    said = {"role": "tool", "name": "add", "content": "2"}
    answer = {"role": "assistant", "content": "It is 2.", "tool_calls": None}
    items, _ = items_of([Sample("1 + 1", [asked, said, silent, said, answer]), Sample("1 + 1", [asked, said])])
    assert [turn["content"] for turn in items[0].prompt] == ["1 + 1", "Let me add.", 'add({"a": 1, "b": "ü"})', "2", 'add({"a": 1})', "2"]  # type: ignore[index]
    assert [texts(item) for item in items] == [["It is 2."], ["Let me add."]]


IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}


def test_images_of_a_prompt_go_on_to_the_gateway(gateway: Gateway) -> None:
    prompt = [{"role": "user", "content": [{**IMAGE, "text": None}, {"type": "text", "text": "What is it?", "image_url": None}]}]
    items, _ = items_of([Sample(prompt, "a cat"), Sample(prompt, "a dog")])
    assert len(items) == 1 and len(texts(items[0])) == 2
    assert items[0].prompt == [{"role": "user", "content": [IMAGE, {"type": "text", "text": "What is it?"}]}]
    function = trl.reward_function(gateway.address, panel="rules")
    # Rules read the response alone, so the image does not keep them from it.
    assert function([prompt] * 2, ["a cat", RIGHT]) == [0.0, 1.0]


PNG = b"\x89PNG\r\n\x1a\n"


class Picture:
    """As Pillow's, which trainers put into prompts."""

    def save(self, file: IO[bytes], format: str) -> None:
        assert format == "PNG"
        file.write(PNG)


def test_images_are_sent_as_trainers_hold_them(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "cat.jpg"
    file.write_bytes(b"\xff\xd8\xff")
    question = {"type": "text", "text": "What is it?"}
    png, jpeg = (f"data:image/{kind};base64,{text}" for kind, text in (("png", "iVBORw0KGgo="), ("jpeg", "/9j/")))
    for part, url in [
        ({"type": "image", "image": Picture()}, png),
        ({"type": "image", "image": {"bytes": PNG, "path": None}}, png),
        ({"type": "image", "base64": "iVBORw0KGgo=", "image": None}, png),
        ({"type": "image", "path": str(file)}, jpeg),
        ({"type": "image_url", "image_url": f"file://{file}"}, jpeg),
        ({"type": "input_image", "image_url": "https://example.org/cat.png"}, "https://example.org/cat.png"),
    ]:
        items, _ = items_of([Sample([{"role": "user", "content": [part, question]}], "a cat")])
        assert items[0].prompt == [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}, question]}]
    with pytest.raises(RequestError, match="no file that can be read.*images=.omit"):
        items_of([Sample([{"role": "user", "content": [{"type": "image", "image": "gone.png"}]}], "a cat")])


def test_images_in_columns_of_their_own_are_shown_where_the_prompt_has_their_places() -> None:
    shown = {"type": "image", "image": PNG}
    place, question = {"type": "image"}, {"type": "text", "text": "What is it?"}
    asked = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "What is it?"}]
    assert with_images(asked, [PNG]) == [asked[0], {"role": "user", "content": [shown, question]}]
    assert with_images([{"role": "user", "content": [place, question]}], [PNG]) == [{"role": "user", "content": [shown, question]}]
    filled = [{"role": "user", "content": [shown, question]}]
    assert with_images(filled, [PNG]) == filled
    tagged = [{"role": "user", "content": "<image>What is it?"}]
    assert with_images(tagged, [PNG], tag="<image>") == [{"role": "user", "content": [shown, question]}]
    with pytest.raises(RequestError, match="2 images for 1 places"):
        with_images(tagged, [PNG, PNG], tag="<image>")


def test_a_column_of_images_reaches_judges_or_is_left_out_by_choice(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[object] = []
    score = Client.score
    monkeypatch.setattr(Client, "score", lambda self, items: [sent.extend(item.prompt for item in items), score(self, items)][1])
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
    shown, told = [{"role": "user", "content": [image, {"type": "text", "text": "1 + 1"}]}], [{"role": "user", "content": "1 + 1"}]

    class Swift(swift.RewardGate):
        address, panel, reference = gateway.address, "rules", "solution"

    class Reading(Swift):
        images = "omit"

    messages = [[{"role": "user", "content": "<image>1 + 1"}, {"role": "assistant", "content": RIGHT}]]
    assert Swift()([RIGHT], messages=messages, solution=["2"], images=[[{"bytes": PNG, "path": None}]]) == [1.0]
    assert Reading()([RIGHT], messages=messages, solution=["2"], images=[[{"bytes": PNG, "path": None}]]) == [1.0]
    with pytest.raises(RequestError, match="videos"):
        Swift()([RIGHT], messages=messages, solution=["2"], videos=[["v.mp4"]])
    place = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "1 + 1"}]}]
    for choice in ("send", "omit"):
        function = trl.reward_function(gateway.address, panel="rules", images=choice)
        assert function([place], [RIGHT], images=[[Picture()]]) == [1.0]
    where = {"address": gateway.address, "panel": "rules"}
    assert verl.compute_score("vqa", RIGHT, "2", {"prompt": place}, **where, images="omit")["score"] == 1.0
    assert sent == [shown, [{"role": "user", "content": "<image>1 + 1"}], shown, told, told]


def test_parts_of_text_are_one_text() -> None:
    parts = [{"type": "text", "text": "It is "}, {"type": "text", "text": "a cat."}]
    items, _ = items_of([Sample([{"role": "user", "content": parts}], [{"role": "assistant", "content": parts}])])
    assert (items[0].prompt, texts(items[0])) == ([{"role": "user", "content": "It is a cat."}], ["It is a cat."])


@pytest.mark.parametrize(
    "part", [{"type": "image"}, {"type": "image", "image": object()}, {"type": "image_url", "image_url": None}, {"type": "video", "video": "v.mp4"}]
)
def test_what_cannot_be_sent_is_refused_and_the_text_beside_it_is_not_judged_alone(part: dict[str, object]) -> None:
    prompt = [{"role": "user", "content": [part, {"type": "text", "text": "What is it?"}]}]
    with pytest.raises(RequestError, match="image_url"):
        items_of([Sample(prompt, "a cat")])
    with pytest.raises(RequestError, match="image_url"):
        verl.compute_score("vqa", "a cat", "a cat", {"prompt": prompt}, address="127.0.0.1:9", panel="rules", on_failure=0.0)


def test_templated_text_is_taken_apart() -> None:
    assert messages_of(CHATML) == [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "1 + 1"}]
    assert response_of(f"{CHATML}2<|im_end|>\n", CHATML) == "2"
    assert messages_of("plain") == [{"role": "user", "content": "plain"}]
    with pytest.raises(RequestError):
        response_of("other", CHATML)


@pytest.mark.parametrize("begun", ["<think>\n", "<think>\n\n</think>\n\n", "Sure: "])
def test_what_a_template_begins_of_the_policys_turn_is_part_of_it(begun: str) -> None:
    messages, response = conversation_of(f"{CHATML}{begun}2<|im_end|>", CHATML + begun)
    assert (messages, response) == (messages_of(CHATML), f"{begun}2")
    assert conversation_of(f"{CHATML}2", CHATML) == (messages_of(CHATML), "2")


@pytest.mark.parametrize(
    ("prompt", "given_back"),
    [
        ("cafe\u0301 ", "caf\u00e9 "),
        ("it 's x != y , or ' z ' ?", "it's x!= y, or'z '?"),
        ("<s>[INST] q [/INST] a</s>[INST] x", "<s> [INST] q [/INST] a</s> [INST] x"),
        ("Once upon a time. " * 20 + "And then?", "upon a time. " + "Once upon a time. " * 3 + "And then?"),
        ("Once upon a time. " * 20 + "And then?", "\ufffda time. " + "Once upon a time. " * 3 + "And then?"),
    ],
    ids=["composed", "without_spaces", "with_spaces", "cut", "cut_within_a_character"],
)
def test_a_prompt_is_known_as_its_tokenizer_gives_it_back(prompt: str, given_back: str) -> None:
    end = "<|im_end|>\n<|im_start|>assistant\n"
    assert response_of(f"{given_back}{end}2<|im_end|>", prompt + end) == "2"
    with pytest.raises(RequestError):
        response_of(f"other {given_back}{end}2", prompt + end)


@pytest.mark.parametrize(
    "text",
    [
        "<｜begin▁of▁sentence｜><｜begin▁of▁sentence｜>Be kind.<｜User｜>1 + 1<｜Assistant｜>",
        "Be kind.<｜User｜>1 + 1<｜Assistant｜>",
        "<s>[SYSTEM_PROMPT]Be kind.[/SYSTEM_PROMPT][INST]1 + 1[/INST]",
        "[gMASK]<sop><|system|>\nBe kind.<|user|>\n1 + 1<|assistant|>\n",
        "<|system|>\nBe kind.<|end|>\n<|user|>\n1 + 1<|end|>\n<|assistant|>\n",
        "<|im_start|>system<|im_sep|>Be kind.<|im_end|><|im_start|>user<|im_sep|>1 + 1<|im_end|><|im_start|>assistant<|im_sep|>",
    ],
    ids=["DeepSeek", "DeepSeek without its first mark", "Mistral", "GLM", "Phi 3", "Phi 4"],
)
def test_the_templates_of_other_policies_are_taken_apart(text: str) -> None:
    asked = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "1 + 1"}]
    assert conversation_of(f"{text}2", text) == (asked, "2")
    assert conversation_of(f"{text}<think>\n2", f"{text}<think>\n") == (asked, "<think>\n2")


def test_a_text_is_read_in_the_template_whose_mark_comes_first() -> None:
    turns = [("user", "<|im_start|>user\n?", "eot_id"), ("assistant", "call", "eom_id"), ("ipython", "4", "eot_id")]
    text = "".join(f"<|start_header_id|>{role}<|end_header_id|>\n\n{content}<|{mark}|>" for role, content, mark in turns)
    assert [(turn["role"], turn["content"]) for turn in messages_of(text)] == [
        ("user", "<|im_start|>user\n?"),
        ("assistant", "call"),
        ("tool", "4"),
    ]


class TestTrl:
    def call(self, function, **columns):  # type: ignore[no-untyped-def]
        prompts = [[{"role": "user", "content": "1 + 1"}]] * 3
        completions = [[{"role": "assistant", "content": text}] for text in (RIGHT, WRONG, RIGHT)]
        ids = [[1], [1, 2], [1, 2, 3]]
        return function(prompts=prompts, completions=completions, completion_ids=ids, answer=["2", "2", "2"], trainer_state=None, **columns)

    def test_one_function_gives_the_panels_rewards_and_logs_each_member(self, gateway: Gateway) -> None:
        metrics: dict[str, float] = {}
        extra: dict[str, list[float | None]] = {}
        function = trl.reward_function(gateway.address, panel="rules", reference="answer")
        rewards = self.call(function, log_metric=metrics.__setitem__, log_extra=extra.__setitem__)
        assert rewards == [1.0, 0.25, 1.0]
        assert function.__name__ == "rules"
        assert metrics["rewardgate/right"] == pytest.approx(2 / 3) and metrics["rewardgate/failed"] == 0
        assert extra["right"] == [1.0, 0.0, 1.0] and len(extra["watch"]) == 3

    def test_one_function_for_each_member_from_one_call(self, gateway: Gateway) -> None:
        functions = trl.reward_functions(gateway.address, panel="rules", reference="answer")
        assert [function.__name__ for function in functions] == ["right", "form"]  # the shadow is watched, and never trained on
        assert [self.call(function)[:2] for function in functions] == [[1.0, 0.0], [1.0, 1.0]]
        named = trl.reward_functions(gateway.address, panel="rules", members=["watch"], reference="answer")
        assert [function.__name__ for function in named] == ["watch"]

    def test_a_table_of_routes_has_no_members_of_its_own_and_says_so(self, gateway: Gateway) -> None:
        with pytest.raises(RequestError, match=r"'routed' sends items to other panels.*members=\['form', 'right'\].*reward_function"):
            trl.reward_functions(gateway.address, panel="routed", reference="answer")
        named = trl.reward_functions(gateway.address, panel="routed", members=["right", "form"], reference="answer")
        assert [self.call(function) for function in named] == [[1.0, 0.0, 1.0], [1.0, 1.0, 1.0]]

    def test_a_sample_without_reward_is_none(self, gateway: Gateway) -> None:
        function = trl.reward_function(gateway.address, panel="rules")
        functions = trl.reward_functions(gateway.address, panel="rules", members=["right", "form"])
        assert [self.call(each) for each in functions] == [[None] * 3, [1.0] * 3]
        assert self.call(function) == [1.0] * 3  # the panel counts without a judge that an item gives nothing to

    @pytest.mark.parametrize("answer", [["2", "two"], {"target": "2"}], ids=["several", "an object"])
    def test_a_reference_answer_that_is_no_text_is_refused_since_no_answer_would_be_right(self, gateway: Gateway, answer: object) -> None:
        function = trl.reward_function(gateway.address, panel="rules", reference="answer")
        with pytest.raises(TypeError, match="column 'answer': a reference answer is a text or a number"):
            function(["1 + 1"], [RIGHT], answer=[answer])
        with pytest.raises(RequestError, match="column 'answer': a reference answer is a text or a number"):
            item_of_row({"prompt": "1 + 1", "candidates": RIGHT, "answer": answer}, Columns(reference="answer"), "row 0")
        assert function(["1 + 1"] * 3, [RIGHT] * 3, answer=["2", 2, Fraction(2)]) == [1.0] * 3

    def test_no_member_is_trained_on_alone_where_the_panel_gives_no_reward(self, gateway: Gateway) -> None:
        functions = trl.reward_functions(gateway.address, panel="guarded", reference="answer")
        assert [function.__name__ for function in functions] == ["form"]
        assert [self.call(each) for each in functions] == [[1.0, None, 1.0]]  # the second has the form, and its answer is vetoed
        metrics: dict[str, float] = {}
        self.call(functions[0], log_metric=metrics.__setitem__)
        assert metrics == {"rewardgate/failed": pytest.approx(1 / 3)}

    @pytest.mark.parametrize(
        ("version", "told"),
        [("1.5.0", {"log_metric": lambda *_: None}), ("1.16.0", {})],
        ids=["before 1.6, of any", "of OnlineDPO, which sums what is not there as 0"],
    )
    def test_a_sample_without_reward_raises_where_the_trainer_would_make_a_zero_of_its_none(
        self, gateway: Gateway, monkeypatch: pytest.MonkeyPatch, version: str, told: dict[str, object]
    ) -> None:
        monkeypatch.setitem(sys.modules, "trl", SimpleNamespace(__version__=version))
        where = {"address": gateway.address, "panel": "guarded", "reference": "answer"}
        with pytest.raises(NoRewardError, match="completion 1, of whose None this trainer makes a 0.*on_failure"):
            self.call(trl.reward_function(**where), **told)
        stated = trl.reward_function(**where, on_failure=-1.0)
        assert self.call(stated, **told) == [1.0, -1.0, 1.0]
        away = trl.reward_function("127.0.0.1:9", panel="away", retry=Retry(timeout=0.3, first_wait=0.05), when_unavailable="none")
        with pytest.raises(NoRewardError, match="completion 0"):
            self.call(away, **told)

    @pytest.mark.parametrize(
        ("version", "told", "rewards"),
        [
            ("1.16.0", {}, [-9.0, -9.0, -9.0]),
            ("1.16.0", {"log_metric": lambda *_: None}, [1.0, 1.0, 0.0]),
            ("0.29.0", {}, [1.0, 1.0, 0.0]),
        ],
        ids=["of OnlineDPO, which fills them up", "of GRPO", "before 1.0, of any"],
    )
    def test_ids_tell_how_long_a_completion_is_where_they_are_its_own(
        self, gateway: Gateway, monkeypatch: pytest.MonkeyPatch, version: str, told: dict[str, object], rewards: list[float]
    ) -> None:
        monkeypatch.setitem(sys.modules, "trl", SimpleNamespace(__version__=version))
        assert self.call(trl.reward_function(gateway.address, panel="counted", on_failure=-9.0), **told) == rewards

    def test_a_sample_without_reward_is_none_to_trainers_that_leave_it_out(self, gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "trl", SimpleNamespace(__version__="1.6.0"))
        function = trl.reward_function(gateway.address, panel="guarded", reference="answer")
        assert self.call(function, log_metric={}.__setitem__) == [1.0, None, 1.0]

    def test_a_gateway_that_is_away_ends_the_run_or_leaves_its_samples_out(self) -> None:
        for_a_moment = Retry(timeout=0.3, first_wait=0.05)
        with pytest.raises(UnavailableError):
            self.call(trl.reward_function("127.0.0.1:9", panel="rules", retry=for_a_moment))
        silent = trl.reward_function("127.0.0.1:9", panel="silent", retry=for_a_moment, when_unavailable="none")
        assert self.call(silent) == [None, None, None]

    def test_an_asynchronous_function_gives_the_same(self, gateway: Gateway) -> None:
        function = trl.asynchronous(trl.reward_function(gateway.address, panel="rules", reference="answer", name="mine"))
        assert asyncio.iscoroutinefunction(function) and function.__name__ == "mine"
        assert asyncio.run(self.call(function)) == [1.0, 0.25, 1.0]

    def test_functions_go_to_another_process_as_asynchronous_grpo_sends_them(self, gateway: Gateway) -> None:
        functions = [
            trl.reward_function(gateway.address, panel="rules", reference="answer"),
            *trl.reward_functions(gateway.address, panel="rules", reference="answer"),
        ]
        sent = pickle.loads(pickle.dumps(functions))
        assert [each.__name__ for each in sent] == ["rules", "right", "form"]
        assert [self.call(each) for each in sent] == [[1.0, 0.25, 1.0], [1.0, 0.0, 1.0], [1.0] * 3]

    def test_the_judges_that_trl_removed(self, gateway: Gateway) -> None:
        where = {"address": gateway.address, "panel": "rules"}
        prompts = ["1 + 1", "1 + 1"]
        plain = "2"
        assert trl.RankJudge(**where).judge(prompts, [[plain, RIGHT], [RIGHT, plain]]) == [[1, 0], [0, 1]]
        assert trl.PairwiseJudge(**where).judge(prompts, [[plain, RIGHT], [RIGHT, plain]], shuffle_order=True) == [1, 0]
        strict = trl.BinaryJudge(**where, threshold=1.0)
        lax = trl.BinaryJudge(**where, threshold=0.2)
        assert strict.judge(prompts, [RIGHT, WRONG], ["2", "2"]) == [1, 0]
        assert trl.AllTrueJudge([strict, lax]).judge(prompts, [RIGHT, WRONG], ["2", "2"]) == [1, 0]


class TestVerl:
    def test_every_answer_has_the_same_keys(self, gateway: Gateway) -> None:
        where = {"address": gateway.address, "panel": "rules"}
        answer = verl.compute_score("gsm8k", RIGHT, "2", {"question": "1 + 1"}, **where)
        assert answer == {"score": 1.0, "rewardgate_failed": 0.0, "rewardgate_right": 1.0, "rewardgate_form": 1.0}
        info = {"prompt": [{"role": "user", "content": "1 + 1"}]}
        batch = verl.compute_score_batch(["gsm8k"] * 2, [RIGHT, WRONG], [2, 2], [info, info], **where)
        assert [each["score"] for each in batch] == [1.0, 0.25]
        assert {tuple(each) for each in batch} == {tuple(answer)}
        assert asyncio.run(verl.compute_score_async("gsm8k", WRONG, "2", info, **where))["score"] == 0.25

    @pytest.mark.parametrize("truth", [Decimal(2), Fraction(2)], ids=["decimal", "fraction"])
    def test_a_number_of_any_kind_is_a_reference(self, gateway: Gateway, truth: object) -> None:
        # The integers of NumPy, which tables of data give, are no `int`, but registered as numbers like these.
        answer = verl.compute_score("gsm8k", WRONG, truth, {"question": "1 + 1"}, address=gateway.address, panel="rules")
        assert (answer["score"], answer["rewardgate_right"]) == (0.25, 0.0)

    def test_a_sample_that_an_early_stage_settled_has_its_reward_and_did_not_fail(self, gateway: Gateway) -> None:
        info = {"question": "1 + 1"}
        where = {"address": gateway.address, "panel": "staged"}
        answers = verl.compute_score_batch(["gsm8k"] * 2, [RIGHT, WRONG], ["2", "2"], [info, info], **where)
        assert answers == [{"score": score, "rewardgate_failed": 0.0, "rewardgate_right": score} for score in (1.0, 0.0)]

    def test_a_failure_raises_unless_a_number_is_stated_for_it(self, gateway: Gateway) -> None:
        where = {"address": gateway.address, "panel": "rules"}
        info = {"question": "1 + 1"}
        with pytest.raises((NoRewardError, RequestError)):
            verl.compute_score("gsm8k", RIGHT, None, info, **where)
        stated = verl.compute_score("gsm8k", RIGHT, None, info, **where, on_failure=-1.0)
        assert (stated["rewardgate_failed"], stated["rewardgate_right"]) == (1.0, -1.0)
        with pytest.raises(RequestError, match="prompt_key"):
            verl.compute_score("gsm8k", RIGHT, "2", {}, **where)


def test_swift_takes_the_conversation_before_the_completion(gateway: Gateway) -> None:
    class Mine(swift.RewardGate):
        address, panel, reference = gateway.address, "rules", "solution"

    class Awaited(swift.AsyncRewardGate):
        address, panel, reference = gateway.address, "rules", "solution"

    messages = [[{"role": "user", "content": "1 + 1"}, {"role": "assistant", "content": text}] for text in (RIGHT, WRONG)]
    columns = {"messages": messages, "solution": ["2", "2"], "trainer_state": None}
    assert Mine()([RIGHT, WRONG], **columns) == [1.0, 0.25]
    assert asyncio.run(Awaited()([RIGHT, WRONG], **columns)) == [1.0, 0.25]


def test_swift_calls_tools_in_roles_of_its_own(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    class Mine(swift.RewardGate):
        address, panel, reference = gateway.address, "rules", "solution"

    sent: list[object] = []
    score = Client.score
    monkeypatch.setattr(Client, "score", lambda self, items: [sent.extend(item.prompt for item in items), score(self, items)][1])
    turns = [("user", "1 + 1"), ("tool_call", "add(1, 1)"), ("tool_response", "2"), ("assistant", RIGHT)]
    messages = [[{"role": role, "content": content} for role, content in turns]]
    assert Mine()([RIGHT], messages=messages, solution=["2"]) == [1.0]
    assert [turn["role"] for turn in sent[0]] == ["user", "assistant", "tool"]  # type: ignore[attr-defined]


def test_swift_is_told_of_a_column_of_references_that_is_not_there(gateway: Gateway) -> None:
    class Misspelt(swift.RewardGate):
        address, panel, reference = gateway.address, "rules", "solutions"

    messages = [[{"role": "user", "content": "1 + 1"}, {"role": "assistant", "content": WRONG}]]
    with pytest.raises(RequestError, match="no column 'solutions'.*messages, solution"):
        Misspelt()([WRONG], messages=messages, solution=["2"])


def test_swift_is_told_of_a_failure_by_an_error_or_by_the_number_that_was_stated(gateway: Gateway) -> None:
    class Raising(swift.RewardGate):
        address, panel, reference = gateway.address, "guarded", "solution"

    class Stated(Raising):
        on_failure = -1.0

    messages = [[{"role": "user", "content": "1 + 1"}, {"role": "assistant", "content": text}] for text in (RIGHT, WRONG)]
    columns = {"messages": messages, "solution": ["2", "2"]}
    with pytest.raises(NoRewardError, match="completion 1"):
        Raising()([RIGHT, WRONG], **columns)
    assert Stated()([RIGHT, WRONG], **columns) == [1.0, -1.0]


def test_verifiers_marks_a_rollout_without_reward_as_an_error_and_gives_it_no_number(gateway: Gateway) -> None:
    function = verifiers.group_reward(gateway.address, panel="rules")
    states: list[dict[str, object]] = [{}, {}]
    prompts = [[{"role": "user", "content": "1 + 1"}]] * 2
    rewards = asyncio.run(function(prompts=prompts, completions=[RIGHT, WRONG], answers=["2", "2"], states=states))
    assert rewards == [1.0, 0.25] and states == [{}, {}]
    lost = verifiers.group_reward("127.0.0.1:9", panel="empty", retry=Retry(timeout=0.3, first_wait=0.05))
    given = asyncio.run(lost(prompts=prompts, completions=[RIGHT, WRONG], answers=["", ""], states=states))
    assert all(math.isnan(each) for each in given)
    assert all("error" in state for state in states)
    blind: list[dict[str, object]] = [{}]
    unseen = [[{"role": "user", "content": [{"type": "image"}]}]]
    assert math.isnan(asyncio.run(function(prompts=unseen, completions=[RIGHT], answers=["2"], states=blind))[0])
    assert isinstance(blind[0]["error"], RequestError)


def test_clients_of_one_panel_have_each_their_own_patience() -> None:
    short = Retry(timeout=0.3)
    impatient = shared_client("127.0.0.1:9", "rules", retry=short)
    assert shared_client("127.0.0.1:9", "rules", retry=Retry(timeout=0.3)) is impatient
    assert shared_client("127.0.0.1:9", "rules") is not impatient


class TestFiles:
    def write(self, folder: pathlib.Path, count: int) -> pathlib.Path:
        file = folder / "in.jsonl"
        lines = [{"id": f"id-{i}", "prompt": "1 + 1", "candidates": [RIGHT, WRONG][i % 2 :], "answer": "2"} for i in range(count)]
        file.write_text("".join(json.dumps(line) + "\n" for line in lines))
        return file

    def arguments(self, gateway: Gateway, file: pathlib.Path, out: pathlib.Path) -> list[str]:
        return [str(file), "-o", str(out), "--address", gateway.address, "--panel", "rules", "--reference", "answer"]

    def test_a_file_is_scored_in_order_and_resumed_where_it_ended(self, gateway: Gateway, tmp_path: pathlib.Path) -> None:
        file, out = self.write(tmp_path, 1000), tmp_path / "out.jsonl"
        assert main(self.arguments(gateway, file, out)) == 0
        whole = out.read_text().splitlines()
        rows = [json.loads(line) for line in whole]
        assert [row["id"] for row in rows] == [f"id-{i}" for i in range(1000)]
        assert rows[0] == {"id": "id-0", "rewards": [1.0, 0.25], "statuses": ["complete"] * 2, "failures": [None] * 2}
        out.write_text("\n".join(whole[:300]) + '\n{"id": "id-300", "rew')
        assert main([*self.arguments(gateway, file, out), "--resume"]) == 0
        assert out.read_text().splitlines() == whole

    def test_a_line_that_is_wrong_is_named(self, gateway: Gateway, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
        file = tmp_path / "in.jsonl"
        for text, said in [('{"prompt": "p"}\n', "line 1: no column 'candidates'"), ("{}\n[\n", "line 1"), ("\n{\n", "line 2: not valid JSON")]:
            file.write_text(text)
            assert main(self.arguments(gateway, file, tmp_path / "out.jsonl")) == 2
            assert said in capsys.readouterr().err

    @pytest.mark.parametrize(
        "row",
        [
            ["1 + 1", "2"],
            {"prompt": 2, "candidates": ["2"]},
            {"prompt": [{"content": "1 + 1"}], "candidates": ["2"]},
            {"prompt": [{"role": "bot", "content": "1 + 1"}], "candidates": ["2"]},
            {"prompt": [{"role": "user", "content": [{"type": "audio"}]}], "candidates": ["2"]},
            {"prompt": "1 + 1", "candidates": 2},
            {"prompt": "1 + 1", "candidates": {"first": "2"}},
            {"prompt": "1 + 1", "candidates": ["\ud800"]},
        ],
    )
    def test_a_row_that_is_no_prompt_with_candidates_is_named_and_what_came_before_it_is_kept(
        self, gateway: Gateway, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str], row: object
    ) -> None:
        file, out = self.write(tmp_path, 3), tmp_path / "out.jsonl"
        file.write_text(file.read_text() + json.dumps(row) + "\n")
        assert main(self.arguments(gateway, file, out)) == 2
        assert "line 4: " in capsys.readouterr().err
        assert len(out.read_text().splitlines()) == 3

    def test_a_key_of_references_that_lines_do_not_have_is_named(
        self, gateway: Gateway, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        file, out = self.write(tmp_path, 2), tmp_path / "out.jsonl"
        assert main([*self.arguments(gateway, file, out), "--reference", "answr"]) == 2
        assert "line 1: no column 'answr'" in capsys.readouterr().err
        file.write_text(json.dumps({"prompt": "1 + 1", "candidates": [RIGHT], "answer": None}) + "\n")
        assert main(self.arguments(gateway, file, out)) == 0

    def test_a_file_that_cannot_be_read_is_named_and_leaves_an_output_alone_that_was_there(
        self, gateway: Gateway, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        out = tmp_path / "out.jsonl"
        out.write_text("kept\n")
        missing = tmp_path / "missing.jsonl"
        assert main(self.arguments(gateway, missing, out)) == 2
        assert "missing.jsonl" in capsys.readouterr().err and out.read_text() == "kept\n"
        whole = gzip.compress(self.write(tmp_path, 1000).read_bytes())
        for name, data in [("cut.jsonl.gz", whole[:-100]), ("plain.jsonl.gz", b"{}\n"), ("latin.jsonl", b'{"prompt": "\xe9"}\n')]:
            (tmp_path / name).write_bytes(data)
            assert main(self.arguments(gateway, tmp_path / name, out)) == 2
            assert f"{name} cannot be read to its end" in capsys.readouterr().err
        assert main(self.arguments(gateway, self.write(tmp_path, 1), tmp_path / "no" / "out.jsonl")) == 2
        assert "out.jsonl" in capsys.readouterr().err

    def test_a_resumed_run_says_what_the_whole_output_lacks_and_goes_on_with_nothing_else(
        self, gateway: Gateway, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        file, out = self.write(tmp_path, 2), tmp_path / "out.jsonl"
        out.write_text('{"id": "id-0", "rewards": [1.0, null], "statuses": ["complete", "failed"], "failures": [null, "QUEUE_FULL"]}\n')
        assert main([*self.arguments(gateway, file, out), "--resume"]) == 1
        assert len(out.read_text().splitlines()) == 2
        out.write_text("mine\n")
        assert main([*self.arguments(gateway, file, out), "--resume"]) == 2
        assert "line 1: no result" in capsys.readouterr().err and out.read_text() == "mine\n"
        with pytest.raises(SystemExit, match="2"):
            main([str(file), "--resume"])
        assert "--output" in capsys.readouterr().err


def test_reward_functions_survive_a_process_of_their_own(gateway: Gateway) -> None:
    scorer = trl._Scorer(gateway.address, "rules", None, (), "raise", None)
    assert pickle.loads(pickle.dumps(copy.copy(scorer))).members() == ["right", "form"]
    code = f"from rewardgate import Client; print(Client({gateway.address!r}, panel='rules').members())"
    assert "right" in subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=300).stdout
