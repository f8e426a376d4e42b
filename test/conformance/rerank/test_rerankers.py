"""Reranking and classifying clients against `/rerank`, `/v1/rerank`, `/v2/rerank` and `/predict` of the configuration that ships."""

import types

import cohere
import pytest
from conftest import Node
from huggingface_hub import InferenceClient
from huggingface_hub.errors import HfHubHTTPError

PROMPT = "How long do I boil an egg?"
TEXTS = ["Google it.", "Eight minutes, then cold water.", "", "An egg is boiled for as long as you like."]
PAIRS = [(PROMPT, text) for text in TEXTS]


def near(rewards):
    return pytest.approx(rewards, abs=1e-5)


def ranked(rewards):
    return sorted(enumerate(rewards), key=lambda each: -each[1])


@pytest.mark.parametrize("client", [cohere.Client, cohere.ClientV2])
@pytest.mark.parametrize("top_n", [None, 2])
def test_coheres_clients_get_the_texts_ranked_by_the_panels_rewards(client, http, rewards_of, top_n):
    answer = client(api_key="none", base_url=http).rerank(model="any", query=PROMPT, documents=TEXTS, **({"top_n": top_n} if top_n else {}))
    expected = ranked(rewards_of(PAIRS))[:top_n]
    assert [result.index for result in answer.results] == [index for index, _ in expected]
    assert [result.relevance_score for result in answer.results] == near([reward for _, reward in expected])


def test_coheres_client_is_told_of_a_failure_by_an_error(http):
    with pytest.raises(cohere.core.ApiError) as raised:
        cohere.ClientV2(api_key="none", base_url=http).rerank(model="any", query="", documents=TEXTS)
    assert raised.value.status_code == 400


def test_llamaindexs_client_of_text_embeddings_inference_scores_every_node(reranker_of, http, rewards_of):
    module = reranker_of("llama-index-postprocessor-tei-rerank==0.6.0", "tei_rerank")
    nodes = [Node(text) for text in TEXTS]
    found = module.TextEmbeddingInference(base_url=http, top_n=len(TEXTS))._postprocess_nodes(nodes, types.SimpleNamespace(query_str=PROMPT))
    rewards = rewards_of(PAIRS)
    assert [node.score for node in nodes] == near(rewards)
    assert {node.text for node in found} == set(TEXTS)


def test_llamaindexs_client_of_jina_gets_the_best_nodes(reranker_of, http, rewards_of):
    module = reranker_of("llama-index-postprocessor-jinaai-rerank==0.6.0", "jinaai_rerank")
    rerank = module.JinaRerank(base_url=f"{http}/v1", top_n=3, api_key="none")
    found = rerank._postprocess_nodes([Node(text) for text in TEXTS], types.SimpleNamespace(query_str=PROMPT))
    expected = ranked(rewards_of(PAIRS))[:3]
    assert [each.node.text for each in found] == [TEXTS[index] for index, _ in expected]
    assert [each.score for each in found] == near([reward for _, reward in expected])


def test_hugging_faces_client_classifies_a_templated_conversation(http, rewards_of):
    client = InferenceClient(model=f"{http}/predict")
    text = f"<|im_start|>user\n{PROMPT}<|im_end|>\n<|im_start|>assistant\n{TEXTS[1]}<|im_end|>\n"
    # A single text has one list of labels, as text-embeddings-inference answers it.
    label = client.text_classification(text)
    assert (label.label, label.score) == ("reward", near(rewards_of(PAIRS[1:2])[0]))
    with pytest.raises(HfHubHTTPError, match="chat template"):
        client.text_classification("text in no template")
