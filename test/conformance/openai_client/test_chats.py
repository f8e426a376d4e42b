"""OpenAI's own client against the wire `chat`, with a chat server behind the gateway."""

import os

import openai
import pytest


@pytest.fixture
def client():
    with openai.OpenAI(base_url=os.environ["REWARDGATE_TEST_HTTP"] + "/v1", api_key="none", max_retries=0) as opened:
        yield opened


def asked(text, **more):
    return {"model": "genrm-demo", "messages": [{"role": "user", "content": text}], **more}


def test_an_answer_comes_whole_in_the_name_of_the_servers_model(client):
    answer = client.chat.completions.create(**asked("one two three", temperature=0))
    assert (answer.choices[0].message.content, answer.model, answer.usage.total_tokens) == ("one two three", "served", 2)


def test_an_answer_comes_word_by_word(client):
    words = [chunk.choices[0].delta.content for chunk in client.chat.completions.create(**asked("one two three", stream=True))]
    assert words == ["one", "two", "three"]


def test_a_stream_that_breaks_off_raises_with_the_gateways_reason(client):
    words = []
    with pytest.raises(openai.APIError, match="broke the connection") as raised:
        for chunk in client.chat.completions.create(**asked("one two BREAK", stream=True)):
            words.append(chunk.choices[0].delta.content)
    assert words == ["one", "two"] and raised.value.code == "BACKEND_UNAVAILABLE"


@pytest.mark.parametrize("stream", [False, True])
def test_a_refusal_comes_with_the_servers_status_and_words(client, stream):
    with pytest.raises(openai.BadRequestError, match="no such thing"):
        client.chat.completions.create(**asked("refuse", stream=stream))
