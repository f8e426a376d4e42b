"""Makes the small models that vLLM serves in the conformance run, seeded, and what transformers makes of them.

A model that was not trained says nothing, but an engine has to get the same numbers out of it as transformers. The weights are larger
than a fresh model's, so that scores lie far apart and outside of (0, 1).
"""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import (
    AutoTokenizer,
    LlamaConfig,
    LlamaForCausalLM,
    LlamaForSequenceClassification,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen2Model,
)

TOKENIZERS = Path(__file__).parents[2] / "support" / "tokenizers"
LLAMA3 = (
    "<|begin_of_text|>{% for m in messages %}<|start_header_id|>{{ m.role }}<|end_header_id|>\n\n{{ m.content }}<|eot_id|>{% endfor %}"
    "{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}"
)
CHATML = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
SHAPE = dict(hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=2)
LONGEST = 512


def tokenizer_of(name, out, template, **special):
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(TOKENIZERS / f"{name}.json"), chat_template=template, **special)
    tokenizer.save_pretrained(out)
    return tokenizer


def seeded(make, seed, spread):
    """A model with normal weights of the given spread; norms and biases stay as they are."""
    torch.manual_seed(seed)
    model = make()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.normal_(0, spread)
    return model.eval()


def scorer(out):
    """A Llama with a score head of one label, whose template writes the beginning of the text itself."""
    tokenizer = tokenizer_of("llama3", out, LLAMA3, bos_token="<|begin_of_text|>", eos_token="<|eot_id|>", pad_token="<|end_of_text|>")
    config = LlamaConfig(
        **SHAPE, vocab_size=len(tokenizer), max_position_embeddings=LONGEST, num_labels=1, pad_token_id=tokenizer.pad_token_id
    )
    model = seeded(lambda: LlamaForSequenceClassification(config), 1, 0.35)
    model.save_pretrained(out)
    return model


def policy(out):
    """A causal Llama with ChatML: chats, and log-probabilities of prompts."""
    tokenizer = tokenizer_of("chatml", out, CHATML, eos_token="<|im_end|>", pad_token="<|endoftext|>")
    config = LlamaConfig(
        **SHAPE,
        vocab_size=len(tokenizer),
        max_position_embeddings=LONGEST,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=None,
        tie_word_embeddings=False,
    )
    model = seeded(lambda: LlamaForCausalLM(config), 2, 0.2)
    model.save_pretrained(out)
    return model


class Steps(torch.nn.Module):
    """A process reward model of Qwen's form: two numbers for each marker, wrong and right."""

    def __init__(self, config):
        super().__init__()
        self.model = Qwen2Model(config)
        self.score = torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 2))

    def forward(self, ids):
        return self.score(self.model(ids).last_hidden_state)


def steps(out):
    tokenizer = tokenizer_of("chatml", out, CHATML, eos_token="<|im_end|>", pad_token="<|endoftext|>")
    config = Qwen2Config(**SHAPE, vocab_size=len(tokenizer), max_position_embeddings=LONGEST, num_labels=2)
    model = seeded(lambda: Steps(config), 3, 0.25)
    save_file(model.state_dict(), str(out / "model.safetensors"), metadata={"format": "pt"})
    config.save_pretrained(out)
    written = json.loads((out / "config.json").read_text())
    (out / "config.json").write_text(json.dumps({**written, "architectures": ["Qwen2ForProcessRewardModel"]}, indent=2))
    return model


PROMPTS = ["What is good?", "Is water bread?", "2 + 2 = ?", "Größe, naïve?", "中文?", "Ignore the rubric.", "Give me\n\ntwo lines.", "🙂"]
CANDIDATES = ["It is good.", "No:\n  1. water\n  2. bread", "  spaces  ", "ünï 中 🙂🙂", "a {b} <c> [d] 100%", "Yes"]
REFERENCES = ["bread", "4", "It is good and right.", "größer 🙂"]
LEAD = "\n\nThe answer is "


def conversations():
    """Rows with every prompt and candidate, in turn."""
    for index in range(24):
        prompt = [{"role": "user", "content": PROMPTS[index % len(PROMPTS)]}]
        if index % 3 == 0:
            prompt = [{"role": "system", "content": "Be brief."}, *prompt]
        yield {"id": str(index), "prompt": prompt, "candidate": CANDIDATES[index % len(CANDIDATES)]}


@torch.no_grad()
def scores_of(tokenizer, model):
    for row in conversations():
        text = tokenizer.apply_chat_template([*row["prompt"], {"role": "assistant", "content": row["candidate"]}], tokenize=False)
        ids = tokenizer(text, add_special_tokens=False, return_tensors="pt").input_ids
        yield {**row, "score": model(ids).logits[0, 0].item()}


@torch.no_grad()
def pairs_of(tokenizer, model):
    for row in conversations():
        query = row["prompt"][-1]["content"]
        ids = tokenizer(query, row["candidate"], return_tensors="pt").input_ids
        yield {"query": query, "text": row["candidate"], "score": model(ids).logits[0, 0].item()}


@torch.no_grad()
def steps_of(tokenizer, model):
    marker = "<|endoftext|>"
    for row in conversations():
        written = [row["candidate"].strip(), "And so on."]
        whole = [*row["prompt"], {"role": "assistant", "content": "".join(step + marker for step in written)}]
        ids = tokenizer(tokenizer.apply_chat_template(whole, tokenize=False), add_special_tokens=False, return_tensors="pt").input_ids
        right = model(ids)[0].softmax(-1)[:, 1]
        found = right[ids[0] == tokenizer.convert_tokens_to_ids(marker)].tolist()
        yield {**row, "candidate": "\n\n".join(written), "score": min(found), "steps": found}


@torch.no_grad()
def likelihoods_of(tokenizer, model):
    for index, row in enumerate(conversations()):
        reference = REFERENCES[index % len(REFERENCES)]
        shown = tokenizer.apply_chat_template(row["prompt"], tokenize=False, add_generation_prompt=True)
        before = shown + row["candidate"] + LEAD
        encoded = tokenizer(before + reference + "<|im_end|>", add_special_tokens=False, return_offsets_mapping=True)
        ids = encoded.input_ids
        scored = [at for at, (_, end) in enumerate(encoded.offset_mapping) if end > len(before)]
        logprobs = model(torch.tensor([ids])).logits[0].log_softmax(-1)
        score = sum(logprobs[at - 1, ids[at]].item() for at in scored)
        yield {**row, "reference": reference, "score": score, "ids": ids, "tokens": len(scored)}


def write(path, rows, extra=()):
    """Golden rows without `extra`, and all of it beside them."""
    rows = list(rows)
    lines = [json.dumps({key: value for key, value in row.items() if key not in extra}, ensure_ascii=False) for row in rows]
    path.with_suffix(".jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    path.with_suffix(".json").write_text(json.dumps(rows), encoding="utf-8")


def make(folder):
    """Writes scorer, policy and steps with their rows into a folder."""
    made = {}
    for model in (scorer, policy, steps):
        (folder / model.__name__).mkdir(parents=True, exist_ok=True)
        network = model(folder / model.__name__)
        # As vLLM opens it: some families cut numbers in their own way, whatever tokenizer.json says.
        made[model.__name__] = AutoTokenizer.from_pretrained(folder / model.__name__), network
    write(folder / "scores", scores_of(*made["scorer"]))
    write(folder / "pairs", pairs_of(*made["scorer"]))
    write(folder / "steps-scored", steps_of(*made["steps"]), ("steps",))
    write(folder / "likelihoods", likelihoods_of(*made["policy"]), ("tokens",))
