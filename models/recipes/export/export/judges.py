"""What can be exported: each class opens a checkpoint, scores a text with torch and adds its graph.

`inputs` names the graph's inputs, `score(ids)` returns the fields of a golden row, `add(g)` returns the outputs. A judge whose
`inputs` hold BRANCHES reads several candidates behind one prompt.
"""

import torch
from transformers import AutoModel, AutoModelForCausalLM, AutoModelForSequenceClassification

from . import armo, decoder, encoders, heads
from . import template as templates
from .graph import BRANCHES

#: Kinds with one number for a text.
ONE_NUMBER = ("scalar", "verifier")
ENCODERS = {"bert": encoders.bert, "deberta-v2": encoders.deberta, "modernbert": encoders.modernbert}


def open_judge(folder, config, tokenizer, options):
    """The judge that a checkpoint's architecture and `--kind` make."""
    architecture = (config.architectures or ["?"])[0]
    supported = [*decoder.MODEL_TYPES, *ENCODERS]
    if (family := config.get_text_config().model_type) not in supported:
        raise SystemExit(f"models of type {family!r} are not supported; supported: {', '.join(supported)}")
    if architecture == armo.ARCHITECTURE:
        return ArmoJudge(folder, tokenizer, options)
    if architecture.endswith("ForProcessRewardModel"):
        return StepHeadJudge(folder, config, tokenizer, options)
    if architecture.endswith("ForCausalLM") and options.kind == "process":
        return StepTokenJudge(folder, config, tokenizer, options)
    if architecture.endswith("ForSequenceClassification"):
        return Classifier(folder, tokenizer, options)
    raise SystemExit(
        f"architecture {architecture} is not known: exported are *ForSequenceClassification, {armo.ARCHITECTURE}, "
        "*ForProcessRewardModel, and *ForCausalLM with --kind process"
    )


def _eager(loader, folder, stored):
    """A model whose weights were rounded to the stored type and are computed with in float32."""
    return _rounded(loader.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager", trust_remote_code=False), stored).eval()


@torch.no_grad()
def _rounded(model, stored):
    """Rounds weights to the stored type. What a model works out from its configuration, as rotary frequencies and Gemma's scale of embeddings,
    stays float32: rounded frequencies turn far tokens by another angle."""
    for weight in model.parameters():
        weight.copy_(weight.to(stored))
    return model


class Classifier:
    """`*ForSequenceClassification`: one logit, the log-odds of two, or every logit as an objective.

    As a `verifier` it reads a reference answer too, which its template shows as `reference`.
    """

    def __init__(self, folder, tokenizer, options):
        self.model = _eager(AutoModelForSequenceClassification, folder, options.stored)
        config = self.config = self.model.config
        self.labels, self.positive = config.num_labels, options.positive
        self.encoder = ENCODERS.get(config.model_type)
        self.kind = options.kind or ("scalar" if self.labels <= 2 else "objectives")
        if self.kind in ONE_NUMBER and self.labels > 2:
            raise SystemExit(f"the model has {self.labels} labels and a {self.kind} judge one number; use --kind objectives")
        if self.kind == "verifier" and "reference" not in (options.template or ""):
            raise SystemExit("a verifier reads a reference: give a template that shows it as `reference` with --template FILE")
        self.space = "logit"
        self.names = [str(config.id2label[i]) for i in range(self.labels)]
        self.uses_pair = self.encoder is not None and not options.template
        # A chat template makes one text, whose tokens are all of the first type.
        self.uses_types = self.uses_pair and (config.model_type == "bert" or (getattr(config, "type_vocab_size", 0) or 0) > 1)
        if self.uses_pair:
            self.template = templates.pair(tokenizer)
        else:
            self.template = templates.chat(tokenizer, options.template, options.bos)
        more = BRANCHES if self.encoder is None else ["token_type_ids"] if self.uses_types else []
        self.inputs = ["input_ids", "attention_mask", *more]
        self.tokenizer = tokenizer

    def ids(self, prompt, candidate, reference=""):
        """Token ids of an item, and types where the model reads them, as transformers makes them."""
        if self.uses_pair:
            # As a batch: alone, an empty response would be taken for none, and the text for no pair.
            made = self.tokenizer([templates.pair_prompt(prompt)], [candidate], return_token_type_ids=True)
            return made["input_ids"][0], made["token_type_ids"][0]
        messages = [*prompt, {"role": "assistant", "content": candidate}]
        return self.tokenizer.apply_chat_template(messages, chat_template=self.template, tokenize=True, reference=reference,
                                                  add_generation_prompt=False, return_dict=False), None

    @torch.no_grad()
    def score(self, ids, types, _candidate):
        ids = torch.tensor([ids])
        more = {"token_type_ids": torch.tensor([types])} if "token_type_ids" in self.inputs else {}
        logits = self.model(input_ids=ids, attention_mask=torch.ones_like(ids), **more).logits[0].double().numpy()
        if self.kind == "objectives":
            return {"score": float(logits.mean()), "objectives": list(logits), "gating": [1 / self.labels] * self.labels}
        return {"score": float(logits[0] if self.labels == 1 else logits[self.positive] - logits[1 - self.positive])}

    def add(self, g):
        base = getattr(self.model, self.model.base_model_prefix)
        if self.encoder is None:
            base = getattr(base, "language_model", base)
            hidden, norm = decoder.build(g, base)
            logits = g.linear(self.model.score, "score_head", norm(heads.last_token(g, hidden, base.config.pad_token_id)))
        else:
            hidden = self.encoder(g, base, "token_type_ids" in self.inputs)
            logits = g.linear(self.model.classifier, "classifier", self._pool(g, base, hidden))
        if self.kind in ONE_NUMBER:
            return heads.scalar(g, logits, self.labels, self.positive)
        return heads.named_objectives(g, logits, self.labels)

    def _pool(self, g, base, hidden):
        if self.config.model_type == "modernbert":
            state = heads.first_token(g, hidden) if self.config.classifier_pooling == "cls" else heads.mean(g, hidden)
            head = self.model.head
            state = g.activation(self.config.classifier_activation, g.linear(head.dense, "head.dense", state))
            return g.layer_norm(head.norm, "head.norm", state)
        pooler = base.pooler if self.config.model_type == "bert" else self.model.pooler
        activation = "tanh" if self.config.model_type == "bert" else self.config.pooler_hidden_act
        return g.activation(activation, g.linear(pooler.dense, "pooler", heads.first_token(g, hidden)))

    def manifest(self):
        if self.kind in ONE_NUMBER:
            return {}
        return {"objectives": [{"name": name, "penalty": 0.0} for name in self.names]}

    outputs = property(lambda self: ["score"] if self.kind in ONE_NUMBER else ["objectives", "gating"])


class ArmoJudge:
    """ArmoRM: objectives and gating."""

    kind, space, outputs, inputs = "objectives", "native", ["objectives", "gating"], ["input_ids", "attention_mask", *BRANCHES]

    def __init__(self, folder, tokenizer, options):
        self.model = armo.load(folder)
        self.model.model.set_attn_implementation("eager")
        _rounded(self.model, options.stored)
        self.config, self.tokenizer = self.model.config, tokenizer
        self.template = templates.chat(tokenizer, options.template, options.bos)
        text = templates.between_prompt_and_response(tokenizer, self.template)
        self.pattern = tokenizer(text, add_special_tokens=False)["input_ids"]
        self.penalties, self.verbosity = armo.penalties(self.model.transform)
        count = self.config.num_labels
        self.names = armo.OBJECTIVES if count == len(armo.OBJECTIVES) else [f"objective-{i}" for i in range(count)]

    ids = Classifier.ids
    uses_pair = False

    @torch.no_grad()
    def score(self, ids, _types, _candidate):
        ids = torch.tensor([ids])
        objectives, gating, reward = self.model(ids, torch.ones_like(ids), self.pattern)
        return {"score": float(reward), "objectives": objectives.tolist(), "gating": gating.tolist()}

    def add(self, g):
        hidden, norm = decoder.build(g, self.model.model)
        return heads.armo(g, hidden, norm, self.model, self.pattern)

    def manifest(self):
        made = {"objectives": [{"name": n, "penalty": p} for n, p in zip(self.names, self.penalties)]}
        return made | ({} if self.verbosity is None else {"verbosity": self.names[self.verbosity]})


class StepJudge:
    """What process reward models share: a marker token after every step, and a number there."""

    kind, space, outputs, inputs = "process", "unit", ["steps"], ["input_ids", "attention_mask", *BRANCHES]
    uses_pair = False
    separator = "\n\n"

    def manifest(self):
        splitting = {"by": "lines"} if self.separator == "\n" else {"by": "marker", "marker": self.separator}
        return {"marker": self.marker_text, "maxSteps": self.max_steps, "steps": splitting, "reading": "logit", "aggregation": "min"}

    def messages(self, prompt, candidate):
        steps = [step.strip() for step in candidate.split(self.separator) if step.strip()]
        return [*prompt, {"role": "assistant", "content": "".join(step + self.marker_text for step in steps)}]

    @torch.no_grad()
    def score(self, ids, _types, _candidate):
        ids = torch.tensor([ids])
        margins = self.margins(ids)[ids[0] == self.marker]
        return {"score": float(torch.sigmoid(margins.double()).min())}


class StepHeadJudge(StepJudge):
    """Qwen2.5-Math-PRM: a two-class head of two layers at `<extra_0>`; class 1 is a right step."""

    def __init__(self, folder, config, tokenizer, options):
        self.model = _eager(AutoModel, folder, options.stored)
        self.config, self.tokenizer, self.max_steps = config, tokenizer, options.max_steps
        self.head = _load_head(folder, config.hidden_size, options.stored)
        self.marker_text = options.marker or "<extra_0>"
        self.marker = _single_token(tokenizer, self.marker_text)
        self.template = templates.chat(tokenizer, options.template, options.bos)

    def ids(self, prompt, candidate):
        return self.tokenizer.apply_chat_template(self.messages(prompt, candidate), chat_template=self.template, tokenize=True,
                                                  add_generation_prompt=False, return_dict=False), None

    def margins(self, ids):
        hidden = self.model(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state[0]
        logits = self.head(hidden)
        return logits[:, 1] - logits[:, 0]

    def add(self, g):
        hidden, norm = decoder.build(g, self.model)
        inner = g.op("Relu", g.linear(self.head[0], "head.0", norm(hidden)))
        logits = g.linear(self.head[2], "head.2", inner)
        bad, good = g.op("Split", logits, outputs=2, axis=-1, num_outputs=2)
        return heads.steps(g, g.op("Squeeze", g.op("Sub", good, bad), g.ints(2)), self.marker, self.max_steps)


class StepTokenJudge(StepJudge):
    """Math-Shepherd: a language model that answers `+` or `-` at every step tag (arXiv:2312.08935)."""

    separator = "\n"

    def __init__(self, folder, config, tokenizer, options):
        self.model = _eager(AutoModelForCausalLM, folder, options.stored)
        self.config, self.tokenizer, self.max_steps = config, tokenizer, options.max_steps
        self.marker_text = f" {options.marker or 'ки'}\n"
        self.marker = tokenizer(f"{options.marker or 'ки'}", add_special_tokens=False)["input_ids"][-1]
        answers = tokenizer(f"{options.good} {options.bad}", add_special_tokens=False)["input_ids"]
        if len(answers) != 2:
            raise SystemExit(f"{options.good!r} and {options.bad!r} are not one token each")
        self.good, self.bad = answers
        start = tokenizer.bos_token or ""
        self.template = (
            templates.quoted_text(start) + "{% for m in messages %}{% if not loop.first %}{{ ' ' }}{% endif %}{{ m.content }}{% endfor %}"
        )

    def ids(self, prompt, candidate):
        text = " ".join(message["content"] for message in self.messages(prompt, candidate))
        return self.tokenizer((self.tokenizer.bos_token or "") + text, add_special_tokens=False)["input_ids"], None

    def margins(self, ids):
        logits = self.model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits[0]
        return logits[:, self.good] - logits[:, self.bad]

    def add(self, g):
        hidden, norm = decoder.build(g, self.model.model)
        table = self.model.lm_head.weight
        direction = torch.stack([table[self.good], table[self.bad]], 1)
        logits = g.op("MatMul", norm(hidden), g.weight(direction, "answers"))
        good, bad = g.op("Split", logits, outputs=2, axis=-1, num_outputs=2)
        return heads.steps(g, g.op("Squeeze", g.op("Sub", good, bad), g.ints(2)), self.marker, self.max_steps)


def _load_head(folder, width, stored):
    """The head `score.0`, ReLU, `score.2` of a checkpoint folder."""
    from pathlib import Path

    from safetensors import safe_open

    head = torch.nn.Sequential(torch.nn.Linear(width, width), torch.nn.ReLU(), torch.nn.Linear(width, 2))
    state = {}
    for path in sorted(Path(folder).glob("*.safetensors")):
        with safe_open(path, "pt") as file:
            state |= {key.removeprefix("score."): file.get_tensor(key) for key in file.keys() if key.startswith("score.")}
    head.load_state_dict({name: tensor.to(stored).float() for name, tensor in state.items()})
    return head.eval()


def _single_token(tokenizer, text):
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    if len(ids) != 1:
        raise SystemExit(f"the marker {text!r} is {len(ids)} tokens and must be one; name another with --marker")
    return ids[0]
