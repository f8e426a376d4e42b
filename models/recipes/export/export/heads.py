"""What a judge reads off a model's hidden states. Every head returns its outputs: name → shape after the batch."""

import numpy as np
from onnx import TensorProto

from shared.markers import read_at_markers


def last_token(g, hidden, pad):
    """State of a text's last token that is attended to and is not `pad` (an id, or None): `[B, S, H]` → `[T, H]`.

    transformers reads the rightmost token that is not padding by its id, so a text that ends in that very token is read
    before it; this does the same, by id and mask.
    """
    counted = g.tokens()
    if pad is not None:
        other = g.op("Not", g.op("Equal", g.of_texts("input_ids"), g.constant(np.int64(pad))))
        counted = g.op("Mul", counted, g.op("Cast", other, to=TensorProto.INT64))
    index = g.op("ReduceMax", g.op("Mul", counted, g.places()), g.ints(1), keepdims=1)
    return g.state_at(hidden, index)


def first_token(g, hidden):
    """State of the first token."""
    return g.op("Gather", hidden, g.constant(np.int64(0)), axis=1)


def mean(g, hidden):
    """Mean over the tokens."""
    valid = g.op("Unsqueeze", g.op("Cast", "attention_mask", to=TensorProto.FLOAT), g.ints(2))
    total = g.op("ReduceSum", g.op("Mul", hidden, valid), g.ints(1), keepdims=0)
    return g.op("Div", total, g.op("ReduceSum", valid, g.ints(1), keepdims=0))


def scalar(g, logits, labels, positive):
    """One number from logits `[B, labels]`: the only logit, or the log-odds of one of two labels."""
    if labels == 1:
        g.op("Squeeze", logits, g.ints(1), name="score")
    else:
        ours = g.op("Gather", logits, g.constant(np.int64(positive)), axis=1)
        theirs = g.op("Gather", logits, g.constant(np.int64(1 - positive)), axis=1)
        g.op("Sub", ours, theirs, name="score")
    return {"score": []}


def named_objectives(g, logits, labels):
    """Every logit as an objective, weighed alike."""
    g.op("Identity", logits, name="objectives")
    rows = g.op("Slice", g.op("Shape", logits), g.ints(0), g.ints(1))
    shape = g.op("Concat", rows, g.ints(labels), axis=0)
    g.op("Expand", g.constant(np.full((1, labels), 1 / labels, np.float32)), shape, name="gating")
    return {"objectives": [labels], "gating": [labels]}


def armo(g, hidden, norm, model, pattern):
    """ArmoRM (arXiv:2406.12845): objectives from the last token, gating from where the prompt ends.

    `model`: see armo.py. `pattern`: token ids that end the prompt; its last occurrence counts, and a text without it gets NaN.
    """
    state = norm(last_token(g, hidden, None))
    g.op("Identity", g.linear(model.regression, "regression", state), name="objectives")
    index, found = _last_occurrence(g, pattern)
    gate = norm(g.state_at(hidden, index))
    for at, layer in enumerate(model.gating):
        gate = g.linear(layer, f"gating.{at}", gate)
        if at < len(model.gating) - 1:
            gate = g.op("Relu", gate)
    shares = g.op("Softmax", g.op("Div", gate, g.number(model.temperature)), axis=-1)
    shares = g.op("Mul", shares, g.number(model.logit_scale))
    g.op("Where", found, shares, g.number(np.nan), name="gating")
    count = model.regression.out_features
    return {"objectives": [count], "gating": [count]}


def _last_occurrence(g, pattern):
    """Where `pattern` starts last in each text: int64 `[T, 1]`, and whether it does: bool `[T, 1]`."""
    hit = None
    for offset, token in enumerate(pattern):
        same = g.op("Equal", _ahead(g, "input_ids", offset, len(pattern)), g.constant(np.int64(token)))
        hit = same if hit is None else g.op("And", hit, same)
    if g.branches:
        # What stands behind the prefix in its row goes on from it in one text at most, so no pattern may reach out of a branch.
        ends = _ahead(g, "branch_ids", len(pattern) - 1, len(pattern))
        hit = g.op("And", hit, g.op("Equal", "branch_ids", ends))
    hit = g.of_texts(g.op("Cast", hit, to=TensorProto.INT64))
    place = g.op("Add", g.places(), g.constant(np.int64(1)))
    place = g.op("Mul", g.op("Mul", hit, place), g.tokens())
    last = g.op("ReduceMax", place, g.ints(1), keepdims=1)
    found = g.op("Greater", last, g.constant(np.int64(0)))
    return g.op("Max", g.op("Sub", last, g.constant(np.int64(1))), g.constant(np.int64(0))), found


def _ahead(g, x, offset, most):
    """What stands `offset` < `most` places further on, −1 beyond the row's end: int64 `[B, S]` → `[B, S]`."""
    rows = g.op("Slice", g.op("Shape", x), g.ints(0), g.ints(1))
    tail = g.op("Expand", g.constant(np.array([[-1]], np.int64)), g.op("Concat", rows, g.ints(most), axis=0))
    end = g.op("Add", g.op("Reshape", g.length(), g.ints(1)), g.ints(offset))
    return g.op("Slice", g.op("Concat", x, tail, axis=1), g.ints(offset), end, g.ints(1))


def steps(g, per_token, marker, most):
    """A number at every marker token, NaN beyond the last: `[B, S]` → output `steps` `[T, most]`."""
    ids = "input_ids"
    if g.branches:
        own = g.op("Cast", g.tokens(), to=TensorProto.BOOL)
        ids = g.op("Where", own, g.of_texts("input_ids"), g.constant(np.int64(-1)))
    read_at_markers(g, g.of_texts(per_token), ids, marker, most, name="steps")
    return {"steps": [most]}
