"""TRL's trainers on a tiny causal model that is made here, with rewards from a panel: GRPO with a gateway that is killed in the middle, and what
RLOO and OnlineDPO make of a sample that has no reward."""

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
from trl import GRPOConfig, GRPOTrainer, RLOOConfig, RLOOTrainer
from trl.experimental.online_dpo import OnlineDPOConfig, OnlineDPOTrainer

import rewardgate.trl
from rewardgate import Client, NoRewardError, Retry

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


def train(functions, trainer_class=GRPOTrainer, config_class=GRPOConfig, **settings):
    """Trains for 20 steps, unless the settings say otherwise; returns what the trainer logged at each."""
    settings = {"max_steps": STEPS, **settings}
    if trainer_class is not OnlineDPOTrainer:
        settings = {"num_generations": GENERATIONS, "max_completion_length": 12, "shuffle_dataset": False, **settings}
    model, tokenizer = policy()
    before = {name: value.clone() for name, value in model.named_parameters()}
    rows = [{"prompt": [{"role": "user", "content": question}]} for question in QUESTIONS * 10]
    with tempfile.TemporaryDirectory() as out:
        config = config_class(
            output_dir=out,
            per_device_train_batch_size=4 * GENERATIONS,
            learning_rate=1e-3,
            use_cpu=True,
            bf16=False,
            seed=7,
            logging_steps=1,
            save_strategy="no",
            report_to=[],
            disable_tqdm=True,
            **settings,
        )
        trainer = trainer_class(model, reward_funcs=functions, args=config, train_dataset=Dataset.from_list(rows), processing_class=tokenizer)
        trainer.remove_callback(PrinterCallback)
        trainer.train()
    log = [entry for entry in trainer.state.log_history if "loss" in entry]
    assert len(log) == settings["max_steps"], f"{len(log)} steps"
    assert all(math.isfinite(entry["loss"]) for entry in log)
    moved = [not torch.equal(value, before[name]) for name, value in trainer.model.named_parameters()]
    assert any(moved) and all(bool(torch.isfinite(value).all()) for value in trainer.model.parameters())
    return log


def counts(given, steps=STEPS):
    """Of each function, how many samples got a number and how many None; nothing else is there."""
    for name, calls in given.items():
        assert len(calls) == steps, f"{name} was called {len(calls)} times"
        values = [value for call in calls for value in call]
        assert all(value is None or math.isfinite(value) for value in values)
        yield name, sum(value is not None for value in values), sum(value is None for value in values)


def record(system, text):
    print(text, flush=True)
    with open(os.environ["REWARDGATE_TEST_RESULTS"], "a") as results:
        results.write(json.dumps({"system": system, "version": trl.__version__, "result": text}) + "\n")


def tell(title, log, given):
    assert math.isfinite(log[-1]["reward"]), "the last reward is not finite"
    lost = [step for step, call in enumerate(next(iter(given.values())), 1) if all(value is None for value in call)]
    parts = ", ".join(f"`{name}` {there} rewards and {none} None" for name, there, none in counts(given))
    text = f"{title}: {STEPS} steps, {parts}; steps without any reward: {lost or 'none'}; last reward {log[-1]['reward']:.3f}"
    record("TRL, `GRPOTrainer`", text)
    return lost


def watched_run(functions, **settings):
    """A run in which the gateway is killed: what the trainer logged, and what it was given."""
    watched = Watched(functions)
    return train(watched.functions, **settings), watched.given


def short_run(trainer_class, config_class, on_failure=None, **settings):
    """A run of two steps with one function: how many samples it gave a number and how many `None`, and what it gave."""
    watched = Watched([rewardgate.trl.reward_function(GRPC, panel="chat", on_failure=on_failure)])
    train(watched.functions, trainer_class, config_class, max_steps=2, **settings)
    [(_, there, none)] = counts(watched.given, steps=2)
    return there, none, [value for call in watched.given["chat"] for value in call]


def other_trainers():
    # Without a penalty there is no reference policy, which RLOO would load from the name that this one has not got.
    there, none, _ = short_run(RLOOTrainer, RLOOConfig, beta=0.0)
    assert (there, none) == (24, 8)
    record("TRL, `RLOOTrainer`", f"2 steps, {there} rewards and {none} None (too long), which it masks")
    try:
        short_run(OnlineDPOTrainer, OnlineDPOConfig, max_new_tokens=12)
        raise AssertionError("OnlineDPO was given None, of which it makes a 0")
    except NoRewardError as error:
        assert "state on_failure" in error.message
    there, none, given = short_run(OnlineDPOTrainer, OnlineDPOConfig, on_failure=-9.0, max_new_tokens=12)
    assert none == 0 and given.count(-9.0) > 0
    stated = given.count(-9.0)
    record("TRL, `OnlineDPOTrainer`", f"2 steps, {there - stated} rewards and {stated} times the number stated for a failure; without one it raises")


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

    other_trainers()


main()
