"""Tiny reward models with random weights, one per family: its layers, its kind of tokenizer, its special tokens, its template.

They judge nothing. They are there so that an export can be held to transformers without a download.
"""

import json

import torch
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, CONFIG_MAPPING, PreTrainedTokenizerFast

from . import armo, rows

SIZES = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 3, "num_attention_heads": 4}
DECODER = SIZES | {"num_key_value_heads": 2, "head_dim": 8, "max_position_embeddings": 1024, "num_labels": 1}
ENCODER = SIZES | {"max_position_embeddings": 1024, "num_labels": 1}

#: Splits of the pre-tokenizers of Llama 3 and Qwen 2: contractions, words, numbers (of up to three digits, of one), signs, line breaks.
_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}{digits}| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)

LLAMA3 = (
    "{% for m in messages %}{% if loop.first %}{{ bos_token }}{% endif %}"
    "{{ '<|start_header_id|>' + m['role'] + '<|end_header_id|>\n\n' + m['content'] | trim + '<|eot_id|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"
)
CHATML = (
    "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>' + '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
#: Qwen3 puts an empty thought before the last answer and takes line breaks off it.
CHATML_THINKING = CHATML.replace("m.content", "(('<think>\n\n</think>\n\n' + m.content.lstrip('\n')) if loop.last and m.role == 'assistant' else m.content)")
#: VerifyRM's, whose marks are plain text.
VERIFY_RM = (
    "<question>{% for m in messages[:-1] %}{{ m.content }}{% if not loop.last %}{{ '\n' }}{% endif %}{% endfor %}</question>{{ '\n' }}"
    "<reference_answer>{{ reference }}</reference_answer>{{ '\n' }}<completion>{{ messages[-1].content }}</completion>"
)
#: As POLAR lays two conversations side by side, with special tokens that the tiny vocabulary has.
TWICE = (
    "{{ bos_token }}{% for m in messages[:-1] %}{{ m.content + '\n' }}{% endfor %}{{ reference }}<|eot_id|>"
    "{% for m in messages[:-1] %}{{ m.content + '\n' }}{% endfor %}{{ messages[-1].content }}<|eot_id|>"
)
#: Llama 3.1 opens with a system turn that holds the date.
LLAMA31 = (
    "{% if strftime_now is defined %}{% set today = strftime_now('%d %b %Y') %}{% else %}{% set today = 'never' %}{% endif %}"
    "{{ bos_token + '<|start_header_id|>system<|end_header_id|>\n\nToday Date: ' + today + '\n\n' }}"
    "{% if messages[0]['role'] == 'system' %}{{ messages[0]['content'] | trim }}{% endif %}{{ '<|eot_id|>' }}"
    "{% for m in messages %}{% if not (loop.first and m['role'] == 'system') %}"
    "{{ '<|start_header_id|>' + m['role'] + '<|end_header_id|>\n\n' + m['content'] | trim + '<|eot_id|>' }}{% endif %}{% endfor %}"
)
GEMMA = (
    "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system role here') }}{% endif %}"
    "{% for m in messages %}{% if m['role'] == 'assistant' %}{% set role = 'model' %}{% else %}{% set role = m['role'] %}{% endif %}"
    "{{ '<start_of_turn>' + role + '\n' + m['content'] | trim + '<end_of_turn>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}"
)
MISTRAL = (
    "{{ bos_token }}{% for m in messages %}{% if m['role'] == 'user' %}{{ '[INST] ' + m['content'] + ' [/INST]' }}"
    "{% elif m['role'] == 'assistant' %}{{ ' ' + m['content'] + eos_token }}"
    "{% else %}{{ raise_exception('user and assistant only') }}{% endif %}{% endfor %}"
)


def _corpus():
    texts = [rows.BREAD]
    for _, prompt, candidate in rows.CHAT:
        texts += [message["content"] for message in prompt] + [candidate]
    for _, question, steps in rows.PROCESS:
        texts += [question, *steps]
    return texts


def _byte_level(special, digits, prefix=False, normalizer=None, split=True):
    tokenizer = Tokenizer(models.BPE())
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=prefix, use_regex=not split)
    if split:
        pattern = pre_tokenizers.Split(Regex(_SPLIT.format(digits=digits)), "isolated")
        byte_level = pre_tokenizers.Sequence([pattern, byte_level])
    tokenizer.pre_tokenizer = byte_level
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(_corpus(), trainers.BpeTrainer(vocab_size=500, initial_alphabet=alphabet, show_progress=False))
    tokenizer.add_special_tokens(special)
    return tokenizer


def _sentence_pieces(special, prepend):
    """BPE over text whose spaces are ▁, with bytes for what it does not know, as SentencePiece makes it; it knows `+`, `-` and `ки`."""
    tokenizer = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>", fuse_unk=True))
    replace = normalizers.Replace(" ", "▁")
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), replace]) if prepend else replace
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    all_bytes = [f"<0x{value:02X}>" for value in range(256)]
    trainer = trainers.BpeTrainer(vocab_size=700, special_tokens=[*special, *all_bytes], show_progress=False)
    # Training sees words only; a merge over a whole text would learn the text.
    words = [word for text in _corpus() for word in text.split(" ")] + ["+", "-", "ки"] * 50
    tokenizer.train_from_iterator(words if prepend else [f" {word}" for word in words], trainer)
    spec = json.loads(tokenizer.to_str())
    spec["added_tokens"] = [token for token in spec["added_tokens"] if token["content"] in special]
    return Tokenizer.from_str(json.dumps(spec))


def _starts_with(tokenizer, token):
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{token} $A", pair=f"{token} $A {token} $B", special_tokens=[(token, tokenizer.token_to_id(token))]
    )


def _cls_sep(tokenizer):
    ids = [(token, tokenizer.token_to_id(token)) for token in ("[CLS]", "[SEP]")]
    tokenizer.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=ids)


def llama_tokenizer():
    special = ["<|begin_of_text|>", "<|eot_id|>", "<|start_header_id|>", "<|end_header_id|>", "<|pad|>"]
    tokenizer = _byte_level(special, "{1,3}")
    _starts_with(tokenizer, "<|begin_of_text|>")
    return tokenizer, {"bos_token": special[0], "eos_token": special[1], "pad_token": special[4], "chat_template": LLAMA3}


def _qwen():
    tokenizer = _byte_level(["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<extra_0>"], "", normalizer=normalizers.NFC())
    return tokenizer, {"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>", "chat_template": CHATML}


def _llama31():
    tokenizer, facts = llama_tokenizer()
    return tokenizer, facts | {"chat_template": LLAMA31}


def _qwen3():
    tokenizer, facts = _qwen()
    return tokenizer, facts | {"chat_template": CHATML_THINKING}


def _gemma():
    tokenizer = _sentence_pieces(["<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>"], prepend=False)
    _starts_with(tokenizer, "<bos>")
    return tokenizer, {"bos_token": "<bos>", "eos_token": "<eos>", "pad_token": "<pad>", "unk_token": "<unk>", "chat_template": GEMMA}


def _mistral():
    tokenizer = _sentence_pieces(["<unk>", "<s>", "</s>"], prepend=True)
    _starts_with(tokenizer, "<s>")
    return tokenizer, {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "</s>", "chat_template": MISTRAL}


def _bert():
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer.train_from_iterator(_corpus(), trainers.WordPieceTrainer(vocab_size=600, special_tokens=special, show_progress=False))
    _cls_sep(tokenizer)
    return tokenizer, _ENCODER_TOKENS


def _deberta():
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Strip()])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    special = ["[PAD]", "[CLS]", "[SEP]", "[UNK]"]
    trainer = trainers.UnigramTrainer(vocab_size=400, special_tokens=special, unk_token="[UNK]", show_progress=False)
    tokenizer.train_from_iterator(_corpus(), trainer)
    tokenizer.add_special_tokens(["[MASK]"])
    _cls_sep(tokenizer)
    return tokenizer, _ENCODER_TOKENS


def _modernbert():
    tokenizer = _byte_level(["[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]"], "", normalizer=normalizers.NFC(), split=False)
    _cls_sep(tokenizer)
    return tokenizer, _ENCODER_TOKENS


_ENCODER_TOKENS = {"unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]", "pad_token": "[PAD]", "mask_token": "[MASK]"}
_LLAMA3_ROPE = {"rope_type": "llama3", "rope_theta": 10000.0, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                "original_max_position_embeddings": 64}

#: name → (family, tokenizer, model type, configuration, options of the export)
FAMILIES = {
    "llama": ("Llama", llama_tokenizer, "llama", DECODER | {"rope_parameters": _LLAMA3_ROPE}, {}),
    "llama31": ("Llama, template with a date", _llama31, "llama", DECODER, {}),
    "llama-bf16": ("Llama, bf16 weights", llama_tokenizer, "llama", DECODER, {"store": "bf16"}),
    "mistral": ("Mistral, sliding window, pad = eos", _mistral, "mistral", DECODER | {"sliding_window": 16}, {}),
    "qwen2": ("Qwen2", _qwen, "qwen2", DECODER, {}),
    "qwen2-beside": ("Qwen2, bf16 weights in a file of their own", _qwen, "qwen2", DECODER, {"store": "bf16", "weights": "beside"}),
    "qwen3": ("Qwen3", _qwen3, "qwen3", DECODER, {}),
    "qwen3-fp16": ("Qwen3, fp16 weights", _qwen3, "qwen3", DECODER, {"store": "fp16"}),
    "gemma": ("Gemma", _gemma, "gemma", DECODER, {}),
    "gemma2": ("Gemma 2", _gemma, "gemma2", DECODER | {"sliding_window": 16, "query_pre_attn_scalar": 8, "attn_logit_softcapping": 5.0}, {}),
    "gemma3": ("Gemma 3 (text)", _gemma, "gemma3_text", DECODER | {"sliding_window": 16, "query_pre_attn_scalar": 8}, {}),
    "qwen2-verifier": ("Qwen2, verifier of plain marks", _qwen, "qwen2", DECODER, {"kind": "verifier", "template": VERIFY_RM}),
    "llama-verifier": ("Llama, verifier, prompt shown twice", llama_tokenizer, "llama", DECODER, {"kind": "verifier", "template": TWICE}),
    "deberta-v3": ("DeBERTa-v3, fp16 weights", _deberta, "deberta-v2", ENCODER | {
        "type_vocab_size": 0, "relative_attention": True, "position_buckets": 32, "max_relative_positions": -1, "share_att_key": True,
        "pos_att_type": ["p2c", "c2p"], "position_biased_input": False, "norm_rel_ebd": "layer_norm", "pooler_hidden_size": 32}, {"store": "fp16"}),
    "deberta-v2": ("DeBERTa-v2, convolution", _deberta, "deberta-v2", ENCODER | {
        "type_vocab_size": 2, "relative_attention": True, "position_buckets": -1, "max_relative_positions": 64, "share_att_key": False,
        "pos_att_type": ["p2c", "c2p"], "position_biased_input": True, "norm_rel_ebd": "none", "conv_kernel_size": 3,
        "conv_act": "gelu", "pooler_hidden_size": 32}, {}),
    "bert": ("BERT", _bert, "bert", ENCODER, {}),
    "bert-two-labels": ("BERT, two labels", _bert, "bert", ENCODER | {"num_labels": 2}, {}),
    "modernbert": ("ModernBERT, mean pooling", _modernbert, "modernbert", ENCODER | {"classifier_pooling": "mean", "local_attention": 16}, {}),
    "modernbert-objectives": ("ModernBERT, five labels", _modernbert, "modernbert", ENCODER | {
        "classifier_pooling": "cls", "local_attention": 16, "num_labels": 5}, {}),
    "armo": ("ArmoRM", llama_tokenizer, "armo", DECODER | {"num_labels": 19, "gating_hidden_dim": 24, "gating_n_hidden": 3, "gating_temperature": 10}, {}),
    "qwen2-prm": ("Qwen2.5-Math-PRM", _qwen, "qwen2-prm", DECODER, {}),
    "math-shepherd": ("Math-Shepherd, bf16 weights", _mistral, "mistral-prm", DECODER | {"sliding_window": None},
                      {"kind": "process", "store": "bf16"}),
}


def make(name, folder):
    """Writes the checkpoint of a family into `folder`; returns the options that its export needs."""
    torch.manual_seed(7)
    _, make_tokenizer, kind, sizes, options = FAMILIES[name]
    tokenizer, facts = make_tokenizer()
    folder.mkdir(parents=True)
    if "template" in options:
        (folder / "template.jinja").write_text(options["template"])
        options = options | {"template": folder / "template.jinja"}
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, padding_side="right", **facts)
    fast.save_pretrained(folder)
    model_type = {"armo": "llama", "qwen2-prm": "qwen2", "mistral-prm": "mistral"}.get(kind, kind)
    # Wide random weights, so that scores differ by more than rounding.
    ids = {"pad_token_id": fast.pad_token_id, "bos_token_id": fast.bos_token_id, "eos_token_id": fast.eos_token_id}
    sizes = {key: value for key, value in sizes.items() if not (model_type == "llama" and key == "rope_parameters" and value is None)}
    config = CONFIG_MAPPING[model_type](vocab_size=len(fast), initializer_range=0.25, **ids, **sizes)
    {"armo": _save_armo, "qwen2-prm": _save_step_head, "mistral-prm": _save_causal}.get(kind, _save_classifier)(config, folder)
    return options


def _save_classifier(config, folder):
    _scattered(AutoModelForSequenceClassification.from_config(config)).save_pretrained(folder)


def _save_causal(config, folder):
    _scattered(AutoModelForCausalLM.from_config(config)).save_pretrained(folder)


def _save_armo(config, folder):
    model = _scattered(armo.Armo(config))
    with torch.no_grad():
        model.transform.copy_(torch.eye(config.num_labels))
        model.transform[4] -= torch.linspace(0, 0.9, config.num_labels)
        model.transform[4, 4] = 0
        model.scale.fill_(0.8)
    armo.save(model, folder)


def _save_step_head(config, folder):
    from safetensors.torch import load_file, save_file

    model = _scattered(AutoModelForCausalLM.from_config(config))
    model.save_pretrained(folder)
    width = config.hidden_size
    state = {name: tensor for name, tensor in load_file(folder / "model.safetensors").items() if not name.startswith("lm_head")}
    state |= {"score.0.weight": torch.randn(width, width) * 0.2, "score.0.bias": torch.randn(width) * 0.2,
              "score.2.weight": torch.randn(2, width) * 0.2, "score.2.bias": torch.randn(2) * 0.2}
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    found = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(found | {"architectures": ["Qwen2ForProcessRewardModel"], "num_labels": 2}))


def _scattered(model):
    """Norms and biases start at constants, behind which a mistake could hide."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.dim() < 2:
                parameter.add_(torch.randn_like(parameter) * 0.1)
    return model
