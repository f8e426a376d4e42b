"""tritonclient over HTTP and gRPC, and PyTriton's ModelClient over both, against the wire `triton`."""

from pathlib import Path

import numpy as np
import pytest
import tritonclient.grpc as over_grpc
import tritonclient.http as over_http
from pytriton.client import ModelClient
from pytriton.client.exceptions import PyTritonClientInferenceServerError
from tokenizers import Tokenizer
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

# PyTriton sets a timeout that gRPC has for inference alone, and says so.
pytestmark = pytest.mark.filterwarnings("ignore:tritonclient.grpc doesn't support timeout")

MODEL = "reward_model"
TOKENIZER = Path(__file__).parents[2] / "support" / "tokenizers" / "chatml.json"
PAIRS = [(f"How long do I boil {count} eggs?", answer) for count in (1, 2) for answer in ("Eight minutes, then cold water – ✓.", "Google it.")]
SENTENCES = [f"<|im_start|>user\n{prompt}<|im_end|>\n<|im_start|>assistant\n{answer}<|im_end|>\n" for prompt, answer in PAIRS]
TOO_LONG = "egg " * 20_000


def column(texts):
    return np.array([[text.encode()] for text in texts], dtype=object)


def pair(pairs):
    return {"prompt": column([prompt for prompt, _ in pairs]), "response": column([response for _, response in pairs])}


def tokens():
    rows = [Tokenizer.from_file(str(TOKENIZER)).encode(text, add_special_tokens=False).ids for text in SENTENCES]
    padded = np.zeros((len(rows), max(map(len, rows))), dtype=np.int64)
    for row, ids in zip(padded, rows, strict=True):
        row[: len(ids)] = ids
    return {"tokens": padded, "sequence_lengths": np.array([[len(ids)] for ids in rows], dtype=np.int64)}


def near(rewards):
    return pytest.approx(rewards, abs=1e-5)


@pytest.fixture(params=[over_http, over_grpc], ids=["http", "grpc"])
def triton(request):
    address = request.getfixturevalue("http" if request.param is over_http else "grpc")
    client = request.param.InferenceServerClient(address)
    yield request.param, client
    client.close()


@pytest.fixture(params=["http", "grpc"])
def pytriton(request):
    with ModelClient(f"{request.param}://{request.getfixturevalue(request.param)}", MODEL, init_timeout_s=60, inference_timeout_s=60) as client:
        yield client


def infer(triton, arrays, outputs=None, **options):
    module, client = triton
    inputs = [module.InferInput(name, array.shape, np_to_triton_dtype(array.dtype)) for name, array in arrays.items()]
    for tensor, array in zip(inputs, arrays.values(), strict=True):
        tensor.set_data_from_numpy(array)
    asked = [module.InferRequestedOutput(name) for name in outputs] if outputs else None
    return client.infer(MODEL, inputs, outputs=asked, **options)


@pytest.mark.parametrize("arrays", [lambda: {"sentences": column(SENTENCES)}, lambda: pair(PAIRS), tokens], ids=["sentences", "pairs", "tokens"])
def test_tritonclient_gets_the_panels_rewards_of_texts_and_of_tokens(triton, rewards_of, arrays):
    rewards = infer(triton, arrays(), request_id="7").as_numpy("rewards")
    assert (rewards.dtype, rewards.shape) == (np.float32, (len(PAIRS), 1))
    assert rewards[:, 0] == near(rewards_of(PAIRS))


def test_tritonclient_sends_json_and_compressed_bodies_too(http, rewards_of):
    client = over_http.InferenceServerClient(http)
    inputs = [over_http.InferInput(name, array.shape, "BYTES") for name, array in pair(PAIRS).items()]
    for tensor, array in zip(inputs, pair(PAIRS).values(), strict=True):
        tensor.set_data_from_numpy(array, binary_data=False)
    outputs = [over_http.InferRequestedOutput("rewards", binary_data=False)]
    for algorithm in (None, "gzip", "deflate"):
        answer = client.infer(MODEL, inputs, outputs=outputs, request_compression_algorithm=algorithm, response_compression_algorithm=algorithm)
        assert answer.as_numpy("rewards")[:, 0] == near(rewards_of(PAIRS))
    client.close()


def test_tritonclient_reads_health_metadata_and_configuration(triton):
    module, client = triton
    assert client.is_server_live() and client.is_server_ready() and client.is_model_ready(MODEL) and client.is_model_ready(MODEL, "1")
    kwargs = {"as_json": True} if module is over_grpc else {}
    metadata = client.get_model_metadata(MODEL, **kwargs)
    assert [output["name"] for output in metadata["outputs"]] == ["rewards", "valid"]
    config = client.get_model_config(MODEL, **kwargs)
    config = config.get("config", config)
    assert [(output["name"], output["data_type"]) for output in config["output"]] == [("rewards", "TYPE_FP32")]
    assert client.get_server_metadata(**kwargs)["name"] == "rewardgate"


def test_tritonclient_is_told_of_a_failure_and_never_of_a_number(triton):
    rows = pair([*PAIRS, ("Eggs?", TOO_LONG)])
    with pytest.raises(InferenceServerException, match="chat-reward"):
        infer(triton, rows)
    answer = infer(triton, rows, ["rewards", "valid"])
    assert answer.as_numpy("valid")[:, 0].tolist() == [True] * len(PAIRS) + [False]
    assert np.isnan(answer.as_numpy("rewards")[:, 0]).tolist() == [False] * len(PAIRS) + [True]


def test_tritonclient_is_told_of_a_model_that_there_is_not(triton):
    module, client = triton
    assert not client.is_model_ready("other")
    with pytest.raises(InferenceServerException, match='no model "other"') as refused:
        client.get_model_metadata("other")
    assert refused.value.status() == ("404" if module is over_http else "StatusCode.NOT_FOUND")


def test_tritonclient_calls_from_many_threads_at_once(http, rewards_of):
    client = over_http.InferenceServerClient(http, concurrency=8)
    wanted = rewards_of(PAIRS)
    running = []
    for row in range(len(PAIRS)):
        for _ in range(8):
            array = column(SENTENCES[row : row + 1])
            tensor = over_http.InferInput("sentences", array.shape, "BYTES")
            tensor.set_data_from_numpy(array)
            running.append((row, client.async_infer(MODEL, [tensor])))
    for row, waiting in running:
        assert waiting.get_result().as_numpy("rewards")[0, 0] == near(wanted[row])
    client.close()


def test_pytriton_reads_the_configuration_and_gets_the_panels_rewards(pytriton, rewards_of):
    assert {spec.name for spec in pytriton.model_config.inputs} >= {"sentences", "tokens", "sequence_lengths"}
    # As NeMo-Aligner asks.
    for arrays in ({"sentences": column(SENTENCES)}, tokens()):
        answer = pytriton.infer_batch(**arrays)
        assert list(answer) == ["rewards"]
        assert (answer["rewards"].dtype, answer["rewards"].shape) == (np.float32, (len(PAIRS), 1))
        assert answer["rewards"][:, 0] == near(rewards_of(PAIRS))


def test_pytriton_asks_for_one_sample_without_a_batch(pytriton, rewards_of):
    answer = pytriton.infer_sample(sentences=np.array([SENTENCES[0].encode()], dtype=object))
    assert answer["rewards"] == near(rewards_of(PAIRS[:1]))


def test_pytriton_is_told_of_a_failure_and_never_of_a_number(pytriton):
    with pytest.raises(PyTritonClientInferenceServerError, match="chat-reward"):
        pytriton.infer_batch(**pair([*PAIRS, ("Eggs?", TOO_LONG)]))
