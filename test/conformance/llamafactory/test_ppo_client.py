"""LLaMA-Factory's `reward_model_type: api` against POST /v1/score/evaluation of the configuration that ships."""

import pytest

VERSIONS = ["0.8.3", "0.9.5"]
PAIRS = [(f"How long do I boil {count} eggs?", answer) for count in (1, 2, 3) for answer in ("Eight minutes, then cold water.", "Google it.")]


def templated(pairs, end="<|im_end|>"):
    """Query and response as the trainer decodes them, special tokens and all."""
    return [f"<|im_start|>user\n{prompt}<|im_end|>\n<|im_start|>assistant\n{response}{end}" for prompt, response in pairs]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("end", ["<|im_end|>", "<|im_end|>\n", ""])
def test_a_mini_batch_gets_the_panels_rewards_in_order(client_of, url, rewards_of, version, end):
    assert client_of(version)(url, templated(PAIRS, end)) == pytest.approx(rewards_of(PAIRS), abs=1e-5)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_failure_raises_since_its_answer_has_no_scores(client_of, url, version):
    with pytest.raises(KeyError, match="scores"):
        client_of(version)(url, [*templated(PAIRS), "text in no template"])
