"""TRL's GRPOTrainer on a tiny causal model that is made here, with rewards from a panel, and a gateway that is killed in the middle."""

import json
import logging
import math
import os
import pathlib
import signal
import tempfile

import torch
import trl
from datasets import Dataset
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast, PrinterCallback
from trl import GRPOConfig, GRPOTrainer

import rewardgate.trl
from rewardgate import Client, Retry

STEPS = 20
GENERATIONS = 4
KILLED_AT_CALL = 8
GRPC = os.environ["REWARDGATE_TEST_GRPC"]
TOKENIZER = pathlib.Path(__file__).parents[2] / "support" / "tokenizers" / "chatml.json"
CHATML = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
# The last is more than the 512 tokens that the judges read, so that they refuse it, once in every step.
QUESTIONS = ["How do I boil an egg?", "Name a city in Italy.", "Is water wet?", "?" * 520]
SHORTER_THAN_THE_OUTAGE = Retry(timeout=1.5, attempt_timeout=1.0, first_wait=0.1)


def policy():
    """A Llama of two layers with seeded weights, and its tokenizer."""
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_file=str(TOKENIZER), chat_template=CHATML, eos_token="<|im_end|>", pad_token="<|endoftext|>"
    )
    torch.manual_seed(1)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=8192,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=None,
    )
    return LlamaForCausalLM(config), tokenizer


class Watched:
    """Reward functions that keep what they gave the trainer, and kill the gateway as a call begins."""

    def __init__(self, functions):
        self.given = {function.__name__: [] for function in functions}
        self.functions = [self._watch(function) for function in functions]
        self._calls = 0

    def _watch(self, function):
        first = function.__name__ == next(iter(self.given))

        def reward(**kwargs):
            if first:
                self._calls += 1
                if self._calls == KILLED_AT_CALL:
                    os.kill(int(pathlib.Path(os.environ["REWARDGATE_TEST_PID_FILE"]).read_text()), signal.SIGKILL)
                elif self._calls == KILLED_AT_CALL + 1:
                    with Client(GRPC, panel="chat") as client:
                        client.wait_until_ready(120)
            rewards = function(**kwargs)
            self.given[function.__name__].append(rewards)
            return rewards

        reward.__name__ = function.__name__
        return reward


def train(functions, **settings):
    """Trains for 20 steps; returns what the trainer logged at each."""
    model, tokenizer = policy()
    before = {name: value.clone() for name, value in model.named_parameters()}
    rows = [{"prompt": [{"role": "user", "content": question}]} for question in QUESTIONS * 10]
    with tempfile.TemporaryDirectory() as out:
        config = GRPOConfig(
            output_dir=out,
            max_steps=STEPS,
            per_device_train_batch_size=4 * GENERATIONS,
            num_generations=GENERATIONS,
            max_completion_length=12,
            learning_rate=1e-3,
            use_cpu=True,
            bf16=False,
            seed=7,
            shuffle_dataset=False,
            logging_steps=1,
            save_strategy="no",
            report_to=[],
            disable_tqdm=True,
            **settings,
        )
        trainer = GRPOTrainer(model, reward_funcs=functions, args=config, train_dataset=Dataset.from_list(rows), processing_class=tokenizer)
        trainer.remove_callback(PrinterCallback)
        trainer.train()
    log = [entry for entry in trainer.state.log_history if "loss" in entry]
    assert len(log) == STEPS, f"{len(log)} steps"
    assert all(math.isfinite(entry["loss"]) for entry in log)
    moved = [not torch.equal(value, before[name]) for name, value in trainer.model.named_parameters()]
    assert any(moved) and all(bool(torch.isfinite(value).all()) for value in trainer.model.parameters())
    assert math.isfinite(log[-1]["reward"]), "the last reward is not finite"
    return log


def counts(given):
    """Of each function, how many samples got a number and how many None; nothing else is there."""
    for name, calls in given.items():
        assert len(calls) == STEPS, f"{name} was called {len(calls)} times"
        values = [value for call in calls for value in call]
        assert all(value is None or math.isfinite(value) for value in values)
        yield name, sum(value is not None for value in values), sum(value is None for value in values)


def tell(title, log, given):
    lost = [step for step, call in enumerate(next(iter(given.values())), 1) if all(value is None for value in call)]
    parts = ", ".join(f"`{name}` {there} rewards and {none} None" for name, there, none in counts(given))
    text = f"{title}: {STEPS} steps, {parts}; steps without any reward: {lost or 'none'}; last reward {log[-1]['reward']:.3f}"
    print(text, flush=True)
    with open(os.environ["REWARDGATE_TEST_RESULTS"], "a") as results:
        results.write(json.dumps({"system": "TRL, `GRPOTrainer`", "version": trl.__version__, "result": text}) + "\n")
    return lost


def watched_run(functions, **settings):
    """A run in which the gateway is killed: what the trainer logged, and what it was given."""
    watched = Watched(functions)
    return train(watched.functions, **settings), watched.given


def main():
    logging.getLogger("trl").setLevel(logging.ERROR)
    gone = {"when_unavailable": "none", "retry": SHORTER_THAN_THE_OUTAGE}
    long_ones = STEPS * GENERATIONS

    log, given = watched_run([rewardgate.trl.reward_function(GRPC, panel="chat", **gone)])
    assert tell("one combined function, masked", log, given) == [KILLED_AT_CALL]
    assert [none for _, _, none in counts(given)] == [long_ones + 3 * GENERATIONS]

    members = rewardgate.trl.reward_functions(GRPC, panel="chat", **gone)
    log, given = watched_run(members, multi_objective_aggregation="normalize_then_sum", reward_weights=[0.5, 0.5])
    assert tell("one function per member, `normalize_then_sum`, masked", log, given) == [KILLED_AT_CALL]
    assert [none for _, _, none in counts(given)] == [long_ones + 3 * GENERATIONS] * 2

    log, given = watched_run([rewardgate.trl.reward_function(GRPC, panel="chat")])
    assert tell("one combined function, riding the outage out", log, given) == []
    assert [none for _, _, none in counts(given)] == [long_ones]


main()
