"""Encoders: BERT, DeBERTa-v2 and -v3, ModernBERT. Each returns hidden states `[B, S, H]`."""

import numpy as np
import torch
from transformers.models.deberta_v2.modeling_deberta_v2 import make_log_bucket_position

from .graph import Graph


def bert(g: Graph, model, uses_types):
    """BERT with absolute positions."""
    e = model.embeddings
    x = g.op("Gather", g.weight(e.word_embeddings.weight, "words"), "input_ids")
    kinds = g.weight(e.token_type_embeddings.weight, "types")
    if uses_types:
        x = g.op("Add", x, g.op("Gather", kinds, "token_type_ids"))
    else:
        x = g.op("Add", x, g.op("Gather", kinds, g.constant(np.int64(0))))
    x = g.op("Add", x, g.op("Gather", g.weight(e.position_embeddings.weight, "positions"), g.positions()))
    x = g.layer_norm(e.LayerNorm, "embeddings.norm", x)
    bias = g.bias()
    heads = model.config.num_attention_heads
    width = model.config.hidden_size // heads
    for index, layer in enumerate(model.encoder.layer):
        at, own = f"layers.{index}", layer.attention.self
        q, k, v = (g.heads(g.linear(m, f"{at}.{n}", x), heads, width) for n, m in (("q", own.query), ("k", own.key), ("v", own.value)))
        mixed = _attend(g, g.op("Mul", g.op("MatMul", q, _turned(g, k)), g.number(width**-0.5)), bias, v, heads * width)
        x = _after_attention(g, at, layer, x, mixed, model.config.hidden_act)
    return x


def deberta(g: Graph, model, uses_types):
    """DeBERTa-v2 and -v3: disentangled attention over relative positions in logarithmic buckets."""
    config, e, encoder = model.config, model.embeddings, model.encoder
    if not encoder.relative_attention:
        raise SystemExit("a DeBERTa without relative attention is not supported")
    x = g.op("Gather", g.weight(e.word_embeddings.weight, "words"), "input_ids")
    if e.position_embeddings is not None:
        x = g.op("Add", x, g.op("Gather", g.weight(e.position_embeddings.weight, "positions"), g.positions()))
    if e.token_type_embeddings is not None:
        kinds = g.weight(e.token_type_embeddings.weight, "types")
        x = g.op("Add", x, g.op("Gather", kinds, "token_type_ids" if uses_types else g.constant(np.int64(0))))
    if e.embed_proj is not None:
        x = g.linear(e.embed_proj, "embed_proj", x)
    valid = g.op("Unsqueeze", g.op("Cast", "attention_mask", to=1), g.ints(2))
    x = g.op("Mul", g.layer_norm(e.LayerNorm, "embeddings.norm", x), valid)
    embedded, bias = x, g.bias()
    relative = _RelativePositions(g, config, encoder)
    for index, layer in enumerate(encoder.layer):
        at, own = f"layers.{index}", layer.attention.self
        heads, width = own.num_attention_heads, own.attention_head_size
        q, k, v = (
            g.heads(g.linear(m, f"{at}.{n}", x), heads, width)
            for n, m in (("q", own.query_proj), ("k", own.key_proj), ("v", own.value_proj))
        )
        scores = relative.scores(at, own, q, k)
        x = _after_attention(g, at, layer, x, _attend(g, scores, bias, v, heads * width), config.hidden_act)
        if index == 0 and encoder.conv is not None:
            x = _convolution(g, config, encoder.conv, embedded, x, valid)
    return x


class _RelativePositions:
    """Content-to-position and position-to-content scores (arXiv:2006.03654)."""

    def __init__(self, g, config, encoder):
        self.g = g
        first = encoder.layer[0].attention.self
        self.span = first.pos_ebd_size
        table = encoder.get_rel_embedding().detach()[: 2 * self.span]
        # Normed, so no longer a number of the stored type.
        self.table = g.constant(table[None].float().numpy())
        # The bucket of every distance that a text can have, as torch computes it.
        reach = max(config.max_position_embeddings, 2 * self.span)
        distance = torch.arange(-reach + 1, reach)
        if first.position_buckets > 0:
            distance = make_log_bucket_position(distance, first.position_buckets, first.max_relative_positions).long()
        at = g.op("Add", g.distances(), g.constant(np.int64(reach - 1)))
        c2p = (distance + self.span).clamp(0, 2 * self.span - 1).numpy()
        p2c = (-distance + self.span).clamp(0, 2 * self.span - 1).numpy()
        self.c2p, self.p2c = (g.op("Gather", g.constant(values), at) for values in (c2p, p2c))

    def scores(self, at, own, q, k):
        """Attention scores `[B, heads, S, S]`."""
        g = self.g
        terms = 1 + ("c2p" in own.pos_att_type) + ("p2c" in own.pos_att_type)
        scale = g.number((own.attention_head_size * terms) ** 0.5)
        total = g.op("MatMul", q, g.op("Div", _turned(g, k), scale))
        if "c2p" in own.pos_att_type:
            keys = self._project(f"{at}.pos_k", own.key_proj if own.share_att_key else own.pos_key_proj, own)
            found = self._pick(g.op("MatMul", q, _turned(g, keys)), self.c2p)
            total = g.op("Add", total, g.op("Div", found, scale))
        if "p2c" in own.pos_att_type:
            queries = self._project(f"{at}.pos_q", own.query_proj if own.share_att_key else own.pos_query_proj, own)
            found = self._pick(g.op("MatMul", k, _turned(g, queries)), self.p2c)
            total = g.op("Add", total, g.op("Div", _turned(g, found), scale))
        return total

    def _project(self, name, module, own):
        return self.g.heads(self.g.linear(module, name, self.table), own.num_attention_heads, own.attention_head_size)

    def _pick(self, values, index):
        """`values[b, h, i, index[i, j]]`."""
        g = self.g
        sizes = g.op("Slice", g.op("Shape", values), g.ints(0), g.ints(3))
        shape = g.op("Concat", sizes, g.op("Reshape", g.length(), g.ints(1)), axis=0)
        return g.op("GatherElements", values, g.op("Expand", g.op("Unsqueeze", index, g.ints(0, 1)), shape), axis=-1)


def _convolution(g, config, conv, embedded, x, valid):
    """The convolution beside the first layer of DeBERTa-v2."""
    weight = g.weight(conv.conv.weight, "conv.weight")
    edge = conv.conv.padding[0]
    out = g.op("Conv", g.op("Transpose", embedded, perm=[0, 2, 1]), weight, g.weight(conv.conv.bias, "conv.bias"),
               pads=[edge, edge], group=conv.conv.groups)
    out = g.op("Mul", g.op("Transpose", out, perm=[0, 2, 1]), valid)
    out = g.layer_norm(conv.LayerNorm, "conv.norm", g.op("Add", x, g.activation(conv.conv_act, out)))
    return g.op("Mul", out, valid)


def modernbert(g: Graph, model, uses_types):
    """ModernBERT: rotary positions, gated feed-forward, local attention in most layers."""
    config = model.config
    x = g.op("Gather", g.weight(model.embeddings.tok_embeddings.weight, "words"), "input_ids")
    x = g.layer_norm(model.embeddings.norm, "embeddings.norm", x)
    heads = config.num_attention_heads
    width = config.hidden_size // heads
    near = g.op("LessOrEqual", g.op("Abs", g.distances()), g.constant(np.int64(config.sliding_window)))
    biases = {"full_attention": g.bias(), "sliding_attention": g.bias(near)}
    rotation = {kind: _rotation(g, model.rotary_emb, kind) for kind in sorted(set(config.layer_types))}
    for index, layer in enumerate(model.layers):
        at, kind = f"layers.{index}", config.layer_types[index]
        normed = x if index == 0 else g.layer_norm(layer.attn_norm, f"{at}.norm1", x)
        packed = g.op("Reshape", g.linear(layer.attn.Wqkv, f"{at}.qkv", normed), g.ints(0, 0, 3, heads, width))
        packed = g.op("Transpose", packed, perm=[2, 0, 3, 1, 4])
        q, k, v = (g.op("Gather", packed, g.constant(np.int64(i)), axis=0) for i in range(3))
        q, k = (_rotate(g, part, rotation[kind]) for part in (q, k))
        scores = g.op("Mul", g.op("MatMul", q, _turned(g, k)), g.number(width**-0.5))
        mixed = _attend(g, scores, biases[kind], v, heads * width)
        x = g.op("Add", x, g.linear(layer.attn.Wo, f"{at}.out", mixed))
        inner = g.linear(layer.mlp.Wi, f"{at}.up", g.layer_norm(layer.mlp_norm, f"{at}.norm2", x))
        value, gate = g.op("Split", inner, outputs=2, axis=-1, num_outputs=2)
        inner = g.op("Mul", g.activation(config.hidden_activation, value), gate)
        x = g.op("Add", x, g.linear(layer.mlp.Wo, f"{at}.down", inner))
    return g.layer_norm(model.final_norm, "final_norm", x)


def _rotation(g, rotary, kind):
    angles = g.op("Unsqueeze", g.op("Cast", g.positions(), to=1), g.ints(1))
    angles = g.op("Mul", angles, g.constant(getattr(rotary, f"{kind}_inv_freq").float().numpy()[None, :]))
    angles = g.op("Concat", angles, angles, axis=-1)
    scaling = g.number(getattr(rotary, f"{kind}_attention_scaling"))
    return tuple(g.op("Mul", g.op(name, angles), scaling) for name in ("Cos", "Sin"))


def _rotate(g, x, rotation):
    first, second = g.op("Split", x, outputs=2, axis=-1, num_outputs=2)
    turned = g.op("Concat", g.op("Neg", second), first, axis=-1)
    return g.op("Add", g.op("Mul", x, rotation[0]), g.op("Mul", turned, rotation[1]))


def _turned(g, x):
    return g.op("Transpose", x, perm=[0, 1, 3, 2])


def _attend(g, scores, bias, v, width):
    mixed = g.op("MatMul", g.op("Softmax", g.op("Add", scores, bias), axis=-1), v)
    return g.op("Reshape", g.op("Transpose", mixed, perm=[0, 2, 1, 3]), g.ints(0, 0, width))


def _after_attention(g, at, layer, x, mixed, activation):
    """The rest of a layer of BERT or DeBERTa, each part with its norm behind it."""
    out = layer.attention.output
    x = g.layer_norm(out.LayerNorm, f"{at}.norm1", g.op("Add", x, g.linear(out.dense, f"{at}.out", mixed)))
    inner = g.activation(activation, g.linear(layer.intermediate.dense, f"{at}.up", x))
    return g.layer_norm(layer.output.LayerNorm, f"{at}.norm2", g.op("Add", x, g.linear(layer.output.dense, f"{at}.down", inner)))
