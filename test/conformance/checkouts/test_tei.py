"""A gRPC client that is generated from text-embeddings-inference's own proto against `tei.v1`."""

import importlib
import os
import sys

import grpc
import pytest
from conftest import FILES, source_of
from grpc_tools import protoc

PROMPT = "How long do I boil an egg?"
TEXTS = ["Google it.", "Eight minutes, then cold water."]
TEMPLATED = [f"<|im_start|>user\n{PROMPT}<|im_end|>\n<|im_start|>assistant\n{text}<|im_end|>\n" for text in TEXTS]


def near(rewards):
    return pytest.approx(rewards, abs=1e-5)


@pytest.fixture(scope="module")
def tei(tmp_path_factory):
    """The generated modules, and a channel."""
    folder = tmp_path_factory.mktemp("generated")
    file = source_of("TEI") / FILES["TEI"]
    assert protoc.main(["", f"-I{file.parent}", f"--python_out={folder}", f"--grpc_python_out={folder}", str(file)]) == 0
    sys.path.insert(0, str(folder))
    with grpc.insecure_channel(os.environ["REWARDGATE_TEST_GRPC"]) as channel:
        yield importlib.import_module("tei_pb2"), importlib.import_module("tei_pb2_grpc"), channel
    sys.path.remove(str(folder))


@pytest.fixture
def rewards(rewards_of):
    return rewards_of([(PROMPT, text) for text in TEXTS])


def test_info_tells_of_a_classifier(tei):
    messages, services, channel = tei
    info = services.InfoStub(channel).Info(messages.InfoRequest())
    assert (info.model_id, info.model_type) == ("chat", messages.MODEL_TYPE_CLASSIFIER)


def test_texts_and_pairs_are_predicted_one_by_one_and_in_streams(tei, rewards):
    messages, services, channel = tei
    stub = services.PredictStub(channel)
    texts = [messages.PredictRequest(inputs=text) for text in TEMPLATED]
    pairs = [messages.PredictPairRequest(inputs=[PROMPT, text]) for text in TEXTS]
    for answers in (
        [stub.Predict(text) for text in texts],
        [stub.PredictPair(pair) for pair in pairs],
        stub.PredictStream(iter(texts)),
        stub.PredictPairStream(iter(pairs)),
    ):
        assert [answer.predictions[0].score for answer in answers] == near(rewards)


def test_texts_are_ranked_at_once_and_from_a_stream(tei, rewards):
    messages, services, channel = tei
    stub = services.RerankStub(channel)
    ranked = sorted(enumerate(rewards), key=lambda each: -each[1])
    asked = stub.Rerank(messages.RerankRequest(query=PROMPT, texts=TEXTS, return_text=True))
    streamed = stub.RerankStream(iter([messages.RerankStreamRequest(query=PROMPT, text=text) for text in TEXTS]))
    for answer in (asked, streamed):
        assert [rank.index for rank in answer.ranks] == [index for index, _ in ranked]
        assert [rank.score for rank in answer.ranks] == near([reward for _, reward in ranked])
    assert [rank.text for rank in asked.ranks] == [TEXTS[index] for index, _ in ranked]


def test_what_cannot_be_judged_is_refused(tei):
    messages, services, channel = tei
    with pytest.raises(grpc.RpcError) as refused:
        services.PredictStub(channel).Predict(messages.PredictRequest(inputs="text in no template"))
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
