"""Causal decoders: Llama, Mistral, Qwen2, Qwen3, Gemma, Gemma 2 and Gemma 3 (text).

They differ in norms, in where a norm stands, in biases, in caps and in which layers look back a window only; the parts
are read off the torch modules, so that one function builds them all.
"""

import numpy as np

from .graph import Graph

MODEL_TYPES = ("llama", "mistral", "qwen2", "qwen3", "gemma", "gemma2", "gemma3_text")


def build(g: Graph, model):
    """Adds the layers of a torch decoder; returns hidden states `[B, S, H]` before the last norm, and that norm."""
    config = model.config
    if config.model_type not in MODEL_TYPES:
        raise SystemExit(f"decoder {config.model_type!r} is not supported; supported: {', '.join(MODEL_TYPES)}")
    if getattr(config, "use_bidirectional_attention", False):
        raise SystemExit("a decoder with bidirectional attention is not supported")
    decoder = _Decoder(g, model)
    x = g.op("Gather", g.weight(model.embed_tokens.weight, "embed_tokens"), "input_ids")
    scale = getattr(model.embed_tokens, "embed_scale", None)
    if scale is not None:
        x = g.op("Mul", x, g.number(float(scale)))
    for index, layer in enumerate(model.layers):
        x = decoder.layer(f"layers.{index}", layer, decoder.kind_of(index), x)
    return x, lambda state: decoder.norm(model.norm, "norm", state)


class _Decoder:
    def __init__(self, g, model):
        self.g, self.config = g, model.config
        self.gemma = model.config.model_type.startswith("gemma")
        self.kinds = self._layer_kinds(model)
        self.rotary = {kind: self._rotation(model.rotary_emb, kind) for kind in sorted(set(self.kinds))}
        self.biases = {kind: self._bias(kind) for kind in sorted(set(self.kinds))}

    def kind_of(self, index):
        return self.kinds[index]

    def _layer_kinds(self, model):
        config = model.config
        if config.model_type == "mistral":
            kind = "full_attention" if config.sliding_window is None else "sliding_attention"
            return [kind] * config.num_hidden_layers
        return getattr(config, "layer_types", None) or ["full_attention"] * config.num_hidden_layers

    def _rotation(self, rotary, kind):
        """Cosines and sines: `[S, head width]`, or `[B, 1, S, head width]` with branches."""
        g = self.g
        name = "inv_freq" if hasattr(rotary, "inv_freq") else f"{kind}_inv_freq"
        scaling = getattr(rotary, name.replace("inv_freq", "attention_scaling"))
        types = self.config.rope_parameters
        rope = types.get(kind, types) if isinstance(types, dict) else types
        if rope.get("rope_type", "default") in ("dynamic", "longrope"):
            raise SystemExit(f"rotary positions of type {rope['rope_type']!r} change with the length of a text and are not supported")
        at = g.op("Cast", g.positions(), to=1)
        at = g.op("Unsqueeze", at, g.ints(1, 3) if g.branches else g.ints(1))
        angles = g.op("Mul", at, g.constant(getattr(rotary, name).float().numpy()[None, :]))
        angles = g.op("Concat", angles, angles, axis=-1)
        return tuple(g.op("Mul", g.op(kind, angles), g.number(scaling)) for kind in ("Cos", "Sin"))

    def _bias(self, kind):
        g = self.g
        back = g.distances()
        conditions = [g.op("GreaterOrEqual", back, g.constant(np.int64(0)))]
        if kind == "sliding_attention":
            conditions.append(g.op("Less", back, g.constant(np.int64(self.config.sliding_window))))
        elif kind != "full_attention":
            raise SystemExit(f"layers of type {kind!r} are not supported")
        # One axis more, for the queries that share a key.
        return g.op("Unsqueeze", g.bias(*conditions), g.ints(1))

    def norm(self, module, name, x):
        """Root mean square norm; Gemma stores its weight − 1."""
        g = self.g
        eps = getattr(module, "variance_epsilon", None) or module.eps
        mean = g.op("ReduceMean", g.op("Mul", x, x), g.ints(-1), keepdims=1)
        scaled = g.op("Div", x, g.op("Sqrt", g.op("Add", mean, g.number(eps))))
        weight = module.weight.float() + 1 if self.gemma else module.weight
        return g.op("Mul", scaled, g.weight(weight, f"{name}.weight"))

    def layer(self, at, layer, kind, x):
        around = hasattr(layer, "pre_feedforward_layernorm")
        mixed = self._attention(f"{at}.self_attn", layer.self_attn, kind, self.norm(layer.input_layernorm, f"{at}.norm1", x))
        if around:
            mixed = self.norm(layer.post_attention_layernorm, f"{at}.norm2", mixed)
        x = self.g.op("Add", x, mixed)
        before = layer.pre_feedforward_layernorm if around else layer.post_attention_layernorm
        inner = self._feed_forward(f"{at}.mlp", layer.mlp, self.norm(before, f"{at}.norm3", x))
        if around:
            inner = self.norm(layer.post_feedforward_layernorm, f"{at}.norm4", inner)
        return self.g.op("Add", x, inner)

    def _feed_forward(self, at, mlp, x):
        g = self.g
        name = getattr(self.config, "hidden_activation", None) or self.config.hidden_act
        gate = g.activation(name, g.linear(mlp.gate_proj, f"{at}.gate", x))
        return g.linear(mlp.down_proj, f"{at}.down", g.op("Mul", gate, g.linear(mlp.up_proj, f"{at}.up", x)))

    def _attention(self, at, module, kind, x):
        g, config = self.g, self.config
        width, keys = module.head_dim, config.num_key_value_heads
        shared = config.num_attention_heads // keys
        q = g.heads(g.linear(module.q_proj, f"{at}.q", x), config.num_attention_heads, width)
        k = g.heads(g.linear(module.k_proj, f"{at}.k", x), keys, width)
        v = g.heads(g.linear(module.v_proj, f"{at}.v", x), keys, width)
        if hasattr(module, "q_norm"):
            q, k = self.norm(module.q_norm, f"{at}.q_norm", q), self.norm(module.k_norm, f"{at}.k_norm", k)
        q, k = self._rotate(q, kind, width), self._rotate(k, kind, width)
        q = g.op("Reshape", q, g.ints(0, keys, shared, -1, width))
        k = g.op("Transpose", g.op("Unsqueeze", k, g.ints(2)), perm=[0, 1, 2, 4, 3])
        scores = g.op("Mul", g.op("MatMul", q, k), g.number(module.scaling))
        cap = getattr(module, "attn_logit_softcapping", None) if config.model_type == "gemma2" else None
        if cap is not None:
            scores = g.op("Mul", g.op("Tanh", g.op("Div", scores, g.number(cap))), g.number(cap))
        shares = g.op("Softmax", g.op("Add", scores, self.biases[kind]), axis=-1)
        mixed = g.op("Reshape", g.op("MatMul", shares, g.op("Unsqueeze", v, g.ints(2))), g.ints(0, keys * shared, -1, width))
        mixed = g.op("Reshape", g.op("Transpose", mixed, perm=[0, 2, 1, 3]), g.ints(0, 0, keys * shared * width))
        return g.linear(module.o_proj, f"{at}.o", mixed)

    def _rotate(self, x, kind, width):
        g = self.g
        cos, sin = self.rotary[kind]
        first, second = g.op("Split", x, outputs=2, axis=-1, num_outputs=2)
        turned = g.op("Concat", g.op("Neg", second), first, axis=-1)
        return g.op("Add", g.op("Mul", x, cos), g.op("Mul", turned, sin))
