"""Writes the trunk and both judges' heads as one ONNX graph of standard operators.

The weights of the encoder and the embeddings are stored as 8-bit integers with
one scale per output channel (per row for the word embeddings). In the fp32
graph a Cast and a Mul turn the layer weights back into floats; the runtime
folds both once, when it creates the session, so it computes in fp32.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from shared.graph import Graph

from .trunk import EPSILON, HEADS, HIDDEN, LAYERS

OPSET = 20
#: Added to the attention scores of keys that a query may not see; exp() of it is exactly 0.
MASKED = -1e9


#: Greatest weight step: 127, or 63 beside 8-bit activations, so that sums of two products fit 16 bits
#: on processors without VNNI.
STEPS, REDUCED_STEPS = 127, 63


def quantise_rows(weight, steps=STEPS):
    """Symmetric 8-bit rounding: `[rows, n]` → (int8 `[rows, n]`, float32 scales `[rows, 1]`)."""
    scale = np.maximum(np.abs(weight).max(1, keepdims=True), 1e-12).astype(np.float32) / np.float32(steps)
    return np.clip(np.rint(weight / scale), -steps, steps).astype(np.int8), scale


def rounded(state):
    """The trunk's tensors as the graph stores them: 8-bit weights, float16 positions; float32 arrays."""
    found = {}
    for name, tensor in state.items():
        array = tensor.numpy().astype(np.float32)
        if name == "words.weight" or (array.ndim == 2 and name.startswith("layers.")):
            steps, scale = quantise_rows(array)
            array = steps.astype(np.float32) * scale
        elif name == "positions.weight":
            array = array.astype(np.float16).astype(np.float32)
        found[name] = array
    return found


def read(model):
    """Takes a graph of `build` apart again: `(state, heads)` as `build` wants them."""
    tensors = {i.name: numpy_helper.to_array(i) for i in model.graph.initializer}
    state, found = {}, {}
    for name, array in tensors.items():
        head = name.split("_")[0] in ("reward", "side", "objectives", "gating")
        if head:
            found[name] = array[:, 0] if name.endswith("_bias") else array
        elif name in ("words", "positions", "types"):
            scale = tensors["words_scale"] if name == "words" else np.float32(1)
            state[f"{name}.weight"] = array.astype(np.float32) * scale
        elif name.endswith((".weight", ".bias")):
            scale = tensors.get(name.removesuffix("weight") + "scale")
            state[name] = array if scale is None else (array.astype(np.float32) * scale).T
    return state, found


def build(state, heads, activations=None):
    """Builds the model.

    `state`: numpy tensors of `Trunk.state_dict()`; `heads`: see `_heads`.
    `activations`: None for fp32, or `{matmul name: (scale, zero point)}` for static 8-bit
    activations of those MatMuls (see quantise.py).
    """
    g = Graph()
    hidden, prompt, candidate = Encoder(g, state, activations or {}).run()
    return finished(g, "chat", _heads(g, heads, hidden, prompt, candidate))


def finished(g, name, results):
    """The model of a `Graph` whose outputs are `results`: `{tensor: shape of a row}`."""
    batch = ["batch", "sequence"]
    inputs = [
        helper.make_tensor_value_info(n, TensorProto.INT64, batch)
        for n in ("input_ids", "attention_mask", "token_type_ids")
    ]
    outputs = [
        helper.make_tensor_value_info(tensor, TensorProto.FLOAT, ["batch", *shape]) for tensor, shape in results.items()
    ]
    graph = helper.make_graph(g.nodes, name, inputs, outputs, g.initialisers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="rewardgate")
    model.ir_version = 10
    onnx.checker.check_model(model)
    return model


class Encoder:
    """Adds the trunk to a graph. What a token may see (`_bias`) and where it stands (`_places`) can be replaced."""

    def __init__(self, graph, state, activations):
        self.g, self.state, self.activations = graph, state, activations

    def run(self):
        """Adds embeddings and layers; returns names of hidden `[B, S, 384]` and of the 0/1 masks `[B, S]`."""
        g = self.g
        prompt, candidate = self._parts()
        bias = self._bias(prompt, candidate)
        states = [self._embeddings()]
        for index in range(LAYERS):
            states.append(self._layer(index, states[-1], bias))
        mean = g.op("Mul", g.op("Add", states[-1], states[-2]), g.constant(np.float32(0.5)))
        return mean, prompt, candidate

    def _parts(self):
        """0/1 masks `[B, S]` of the prompt's tokens and of the candidate's."""
        g = self.g
        valid = g.op("Cast", "attention_mask", to=TensorProto.FLOAT)
        candidate = g.op("Mul", valid, g.op("Cast", "token_type_ids", to=TensorProto.FLOAT))
        return g.op("Sub", valid, candidate), candidate

    def _bias(self, prompt, candidate):
        """Prefix mask as additive bias `[B, 1, S, S]`: 0 where a query may see a key, else MASKED."""
        g = self.g
        column = g.op("Unsqueeze", candidate, g.ints(2))
        row = g.op("Unsqueeze", candidate, g.ints(1))
        seen = g.op("Add", g.op("Unsqueeze", prompt, g.ints(1)), g.op("Mul", column, row))
        hidden = g.op("Sub", g.constant(np.float32(1)), seen)
        return g.op("Unsqueeze", g.op("Mul", hidden, g.constant(np.float32(MASKED))), g.ints(1))

    def _embeddings(self):
        g, s = self.g, self.state
        table, scale = quantise_rows(s["words.weight"])
        words = g.op("Cast", g.op("Gather", g.constant(table, "words"), "input_ids"), to=TensorProto.FLOAT)
        words = g.op("Mul", words, g.op("Gather", g.constant(scale, "words_scale"), "input_ids"))
        table = g.op("Cast", g.constant(s["positions.weight"].astype(np.float16), "positions"), to=TensorProto.FLOAT)
        places = g.op("Gather", table, self._places())
        types = g.op("Gather", g.constant(s["types.weight"], "types"), "token_type_ids")
        return self._norm("norm", g.op("Add", g.op("Add", words, types), places))

    def _places(self):
        """Position of every token: `[S]`, or `[B, S]`."""
        g = self.g
        length = g.op("Gather", g.op("Shape", "input_ids"), g.constant(np.int64(1)))
        return g.op("Range", g.constant(np.int64(0)), length, g.constant(np.int64(1)))

    def _norm(self, name, x):
        weight = self.g.constant(self.state[f"{name}.weight"], f"{name}.weight")
        bias = self.g.constant(self.state[f"{name}.bias"], f"{name}.bias")
        return self.g.op("LayerNormalization", x, weight, bias, axis=-1, epsilon=EPSILON)

    def _linear(self, name, x):
        """`x @ W + b` with an 8-bit W `[in, out]`, one scale per output channel."""
        g = self.g
        steps = REDUCED_STEPS if name in self.activations else STEPS
        rounded, scale = quantise_rows(self.state[f"{name}.weight"], steps)
        weight, scale = g.constant(rounded.T, f"{name}.weight"), g.constant(scale[:, 0], f"{name}.scale")
        if name in self.activations:
            step, zero = self.activations[name]
            step, zero = g.constant(np.float32(step)), g.constant(np.uint8(zero))
            x = g.op("DequantizeLinear", g.op("QuantizeLinear", x, step, zero), step, zero)
            weight = g.op("DequantizeLinear", weight, scale, g.constant(np.zeros(len(rounded), np.int8)), axis=1)
        else:
            weight = g.op("Mul", g.op("Cast", weight, to=TensorProto.FLOAT), scale)
        product = g.op("MatMul", x, weight, name=f"{name}.product")
        return g.op("Add", product, g.constant(self.state[f"{name}.bias"], f"{name}.bias"))

    def _attend(self, packed, bias):
        """Attention: queries, keys and values `[B, S, 3 · 384]` → `[B, S, 384]`."""
        g = self.g
        packed = g.op("Reshape", packed, g.ints(0, 0, 3, HEADS, HIDDEN // HEADS))
        packed = g.op("Transpose", packed, perm=[2, 0, 3, 1, 4])
        q, k, v = (g.op("Gather", packed, g.constant(np.int64(i)), axis=0) for i in range(3))
        q = g.op("Mul", q, g.constant(np.float32((HIDDEN // HEADS) ** -0.5)))
        scores = g.op("Add", g.op("MatMul", q, g.op("Transpose", k, perm=[0, 1, 3, 2])), bias)
        mixed = g.op("MatMul", g.op("Softmax", scores, axis=-1), v)
        return g.op("Reshape", g.op("Transpose", mixed, perm=[0, 2, 1, 3]), g.ints(0, 0, HIDDEN))

    def _layer(self, index, x, bias):
        g, at = self.g, f"layers.{index}"
        mixed = self._attend(self._linear(f"{at}.qkv", x), bias)
        x = self._norm(f"{at}.norm1", g.op("Add", x, self._linear(f"{at}.out", mixed)))
        inner = g.op("Gelu", self._linear(f"{at}.up", x))
        return self._norm(f"{at}.norm2", g.op("Add", x, self._linear(f"{at}.down", inner)))


def _heads(g, heads, hidden, prompt, candidate):
    """Adds the heads; returns the outputs with their shapes. `heads` holds float32 arrays:

    `reward_weight` `[2, 384]`, `side_weight` `[1, 384]`, `side_bias` `[1]` (see `PreferenceHeads`);
    `objectives_weight` `[K, 384]`,
    `objectives_bias` `[K]`; `gating_first_weight` `[H, 384]`, `gating_first_bias` `[H]`,
    `gating_second_weight` `[K, H]`, `gating_second_bias` `[K]` (temperature divided in).
    """

    def mean(part):
        """Mean of the hidden states over a 0/1 mask `[B, S]` → column `[B, 384, 1]`."""
        total = g.op("MatMul", g.op("Transpose", hidden, perm=[0, 2, 1]), g.op("Unsqueeze", part, g.ints(2)))
        count = g.op("ReduceSum", part, g.ints(1), keepdims=1)
        count = g.op("Unsqueeze", g.op("Max", count, g.constant(np.float32(1))), g.ints(2))
        return g.op("Div", total, count)

    def affine(name, column):
        """`W x + b` on a column `[B, n, 1]`; the weight stands left, so each item is its own product."""
        product = g.op("MatMul", g.constant(heads[f"{name}_weight"], f"{name}_weight"), column)
        return g.op("Add", product, g.constant(heads[f"{name}_bias"][:, None], f"{name}_bias"))

    state, start = mean(candidate), mean(prompt)
    g.op("Squeeze", state, g.ints(2), name="state")
    rewards = g.op("MatMul", g.constant(heads["reward_weight"], "reward_weight"), state)
    share = g.op("Sigmoid", affine("side", start))
    shares = g.op("Concat", g.op("Sub", g.constant(np.float32(1)), share), share, axis=1)
    reward = g.op("ReduceSum", g.op("Mul", shares, rewards), g.ints(1, 2), keepdims=0, name="reward")
    g.op("Squeeze", affine("objectives", state), g.ints(2), name="objectives")
    inner = g.op("Relu", affine("gating_first", start))
    logits = g.op("Squeeze", affine("gating_second", inner), g.ints(2))
    g.op("Softmax", logits, axis=-1, name="gating")
    count = len(heads["objectives_bias"])
    return {reward: [], "objectives": [count], "gating": [count], "state": [HIDDEN]}
