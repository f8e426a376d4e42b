"""Writes chat-group as one ONNX graph: the trunk over a prompt and all its candidates, and a value at every marker.

A plain attention over the whole row would compute every candidate against every other and mask the result, which for short prompts
costs more than the shared prompt saves. So the linear layers run over the row as it is, and for attention the candidates are laid
side by side, padded to the longest of the batch: each against a copy of the prompt's keys with its own behind them. All padding is
at the end of what is summed, where it adds exact zeros, so that neither batch-mates nor company move a rounding to 8 bits.
"""

import numpy as np
from onnx import TensorProto

from chat import export
from chat.trunk import HEADS, HIDDEN, POSITIONS
from shared.graph import Graph
from shared.markers import marker_places, read_at_markers

from .data import MOST

DEPTH = HIDDEN // HEADS


def build(state, heads, marker, activations=None):
    """Builds the model; `state` and `activations` as `chat.export.build` takes them.

    `heads`: float32 `reward_weight` `[2, 384]`, `side_weight` `[1, 384]`, `side_bias` `[1]`; `marker`: id of the token
    that stands after each candidate. Output `scores` `[B, MOST]`, NaN where there is no candidate.
    """
    g = Graph()
    encoder = GroupEncoder(g, state, marker, activations or {})
    hidden, prompt, candidate = encoder.run()
    values = _values(g, heads, hidden, prompt, candidate, encoder.layout)
    read_at_markers(g, values, "input_ids", marker, MOST, name="scores")
    return export.finished(g, "chat-group", {"scores": [MOST]})


class Layout:
    """Where everything stands: names of int64 tensors unless said otherwise. B rows of S tokens hold up to K candidates of up to R.

    `place` `[B, S]`: position that a token counts; `number` `[B, S]`: which candidate it is of; `into` `[B, K · R, 1]`: the token
    at each place of the side-by-side layout; `keys` `[B, K · T, 1]`: the tokens that a candidate sees, prompt first;
    `back` `[B, S, 1]`: the place of each token in prompt followed by the side-by-side layout; `longest` `[1]`: tokens of the longest
    prompt, P; `count`, `length`, `seen` `[1]`: K, R and T; `sizes` `[B, K]`: tokens of each candidate; `prompt_bias` `[B, 1, 1, P]`,
    `key_bias` `[B, K, 1, 1, T]`: float, 0 at tokens and `MASKED` at padding; `own` `[B, K, R]`: bool, false at padding.
    """

    def __init__(self, g, marker, prompt, candidate):
        one, zero, unit = g.ints(1), g.ints(0), g.constant(np.int64(1))
        total = g.op("Gather", g.op("Shape", "input_ids"), unit)
        steps = _upto(g, total)
        places, found = marker_places(g, "input_ids", marker, MOST)
        found = g.op("Cast", found, to=TensorProto.INT64)
        start = g.op("Cast", g.op("ReduceSum", prompt, one, keepdims=1), to=TensorProto.INT64)
        starts = g.op("Concat", start, g.op("Add", g.op("Slice", places, zero, g.ints(MOST - 1), one), unit), axis=1)
        sizes = g.op("Mul", g.op("Sub", g.op("Add", places, unit), starts), found)
        self.count = g.op("Max", g.op("Reshape", g.op("ReduceMax", g.op("ReduceSum", found, one, keepdims=0), keepdims=0), one), one)
        self.length = g.op("Max", g.op("Reshape", g.op("ReduceMax", sizes, keepdims=0), one), one)
        self.longest = g.op("Reshape", g.op("ReduceMax", start, keepdims=0), one)
        self.sizes, starts = (g.op("Slice", tensor, zero, self.count, one) for tensor in (sizes, starts))
        here = g.op("Cast", g.op("Equal", "input_ids", g.constant(np.int64(marker))), to=TensorProto.INT64)
        number = g.op("CumSum", here, unit, exclusive=1)
        self.number = g.op("Min", number, g.op("Sub", self.count, one))
        offset = g.op("Sub", steps, g.op("GatherElements", starts, self.number, axis=1))
        is_candidate = g.op("Cast", candidate, to=TensorProto.BOOL)
        place = g.op("Where", is_candidate, g.op("Add", start, offset), steps)
        self.place = _within(g, place, g.constant(np.int64(POSITIONS)))

        span = _upto(g, g.op("Squeeze", self.length))
        begins = g.op("Unsqueeze", starts, g.ints(2))
        self.own = g.op("Less", span, g.op("Unsqueeze", self.sizes, g.ints(2)))
        self.into = g.op("Reshape", _within(g, g.op("Add", begins, span), total), g.ints(0, -1, 1))
        reach = g.op("Add", self.sizes, start)
        self.seen = g.op("Max", g.op("Reshape", g.op("ReduceMax", reach, keepdims=0), one), one)
        keys, before = _upto(g, g.op("Squeeze", self.seen)), g.op("Unsqueeze", start, g.ints(2))
        of_own = g.op("Add", g.op("Sub", keys, before), begins)
        self.keys = g.op("Reshape", _within(g, g.op("Where", g.op("Less", keys, before), keys, of_own), total), g.ints(0, -1, 1))
        self.key_bias = g.op("Unsqueeze", _bias(g, g.op("Less", keys, g.op("Unsqueeze", reach, g.ints(2)))), g.ints(2, 3))
        head = g.op("Cast", g.op("Slice", prompt, zero, self.longest, one), to=TensorProto.BOOL)
        self.prompt_bias = g.op("Unsqueeze", _bias(g, head), g.ints(1, 2))

        beside = g.op("Add", g.op("Add", g.op("Mul", self.number, self.length), offset), self.longest)
        whole = g.op("Add", self.longest, g.op("Mul", self.count, self.length))
        self.back = g.op("Unsqueeze", _within(g, g.op("Where", is_candidate, beside, steps), whole), g.ints(2))


def _upto(g, count):
    """0 to a scalar `count` − 1."""
    return g.op("Range", g.constant(np.int64(0)), count, g.constant(np.int64(1)))


def _within(g, index, size):
    """Indices brought into 0 to `size` − 1: those of padding may lie anywhere."""
    return g.op("Max", g.op("Min", index, g.op("Sub", size, g.constant(np.int64(1)))), g.constant(np.int64(0)))


def _bias(g, kept):
    """Bool → 0 where true, `MASKED` where false."""
    return g.op("Where", kept, g.constant(np.float32(0)), g.constant(np.float32(export.MASKED)))


class GroupEncoder(export.Encoder):
    """The trunk whose candidates see the prompt and themselves, each at positions that follow the prompt's."""

    def __init__(self, graph, state, marker, activations):
        super().__init__(graph, state, activations)
        self.marker, self.layout = marker, None

    def _bias(self, prompt, candidate):
        self.layout = Layout(self.g, self.marker, prompt, candidate)

    def _places(self):
        return self.layout.place

    def _attend(self, packed, bias):
        g, at = self.g, self.layout
        packed = g.op("Reshape", packed, g.ints(0, 0, 3, HIDDEN))
        q, k, v = (g.op("Gather", packed, g.constant(np.int64(i)), axis=2) for i in range(3))
        q = g.op("Mul", q, g.constant(np.float32(DEPTH ** -0.5)))
        first = [self._heads(g.op("Slice", part, g.ints(0), at.longest, g.ints(1)), at.longest) for part in (q, k, v)]
        prompt = self._mix(*first, at.prompt_bias, [0, 2, 1, 3], at.longest)
        cq = self._heads(g.op("GatherND", q, at.into, batch_dims=1), at.count, at.length)
        ck, cv = (self._heads(g.op("GatherND", part, at.keys, batch_dims=1), at.count, at.seen) for part in (k, v))
        candidates = self._mix(cq, ck, cv, at.key_bias, [0, 1, 3, 2, 4], g.op("Mul", at.count, at.length))
        return g.op("GatherND", g.op("Concat", prompt, candidates, axis=1), at.back, batch_dims=1)

    def _heads(self, part, *sizes):
        """`[B, product of sizes, 384]` → `[B, …, HEADS, last size, DEPTH]`."""
        g = self.g
        split = g.op("Reshape", part, g.op("Concat", g.ints(0), *sizes, g.ints(HEADS, DEPTH), axis=0))
        return g.op("Transpose", split, perm=[0, 1, 3, 2, 4] if len(sizes) == 2 else [0, 2, 1, 3])

    def _mix(self, q, k, v, bias, order, size):
        """Attention of split heads, joined again: `[B, size, 384]`."""
        g = self.g
        last = len(order) - 1
        turned = g.op("Transpose", k, perm=[*range(last - 1), last, last - 1])
        weights = g.op("Softmax", g.op("Add", g.op("MatMul", q, turned), bias), axis=-1)
        mixed = g.op("Transpose", g.op("MatMul", weights, v), perm=order)
        return g.op("Reshape", mixed, g.op("Concat", g.ints(0), size, g.ints(HIDDEN), axis=0))


def _values(g, heads, hidden, prompt, candidate, layout):
    """At every token the value of its candidate, `[B, S]`: the mean over the candidate's tokens of the mixed reward."""

    def column(name):
        return g.constant(np.ascontiguousarray(heads[name].T), name)

    count = g.op("Max", g.op("ReduceSum", prompt, g.ints(1), keepdims=1), g.constant(np.float32(1)))
    total = g.op("MatMul", g.op("Unsqueeze", prompt, g.ints(1)), hidden)
    start = g.op("Div", total, g.op("Unsqueeze", count, g.ints(2)))
    side = g.op("Add", g.op("MatMul", start, column("side_weight")), g.constant(heads["side_bias"], "side_bias"))
    share = g.op("Sigmoid", side)
    shares = g.op("Concat", g.op("Sub", g.constant(np.float32(1)), share), share, axis=2)
    rewards = g.op("Mul", g.op("MatMul", hidden, column("reward_weight")), shares)
    single = g.op("ReduceSum", rewards, g.ints(2), keepdims=0)
    beside = g.op("GatherND", single, layout.into, batch_dims=1)
    beside = g.op("Reshape", beside, g.op("Concat", g.ints(0), layout.count, layout.length, axis=0))
    beside = g.op("Where", layout.own, beside, g.constant(np.float32(0)))
    sizes = g.op("Max", g.op("Cast", layout.sizes, to=TensorProto.FLOAT), g.constant(np.float32(1)))
    means = g.op("Div", g.op("ReduceSum", beside, g.ints(2), keepdims=0), sizes)
    return g.op("GatherElements", means, layout.number, axis=1)
