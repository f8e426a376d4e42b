"""Reads a model's output where a marker token stands, inside the graph.

A judge that scores several stretches of one text in one pass (the candidates of a prompt, the steps of a solution) puts a
marker token after each. Outputs of a graph must have one row per text and a width that is known, so the graph answers with
the values at the first K markers, in order, and NaN for the rest; a reader then knows how many markers the text really had.
"""

import numpy as np
from onnx import TensorProto


def read_at_markers(g, per_token, ids, marker, most, name=None):
    """Adds the read-out to a `Graph`.

    `per_token`: name of a float tensor `[B, S]`, a value at every token; `ids`: name of the int64 token ids `[B, S]`;
    `marker`: id of the marker token; `most`: K ≥ 1. Returns the name of a float tensor `[B, K]`, called `name` if given.
    Uses integers and a gather, no arithmetic on the values, so they arrive bit by bit. Padding must not be the marker.
    """
    index, found = marker_places(g, ids, marker, most)
    return g.op("Where", found, g.op("GatherElements", per_token, index, axis=1), g.constant(np.float32(np.nan)), name=name)


def marker_places(g, ids, marker, most):
    """Adds the search for markers to a `Graph`; returns names of the places of the first `most` of them, int64 `[B, K]`, 0 where
    there is none, and of whether there is one, bool `[B, K]`."""
    here = g.op("Equal", ids, g.constant(np.int64(marker)))
    rank = g.op("CumSum", g.op("Cast", here, to=TensorProto.INT64), g.constant(np.int64(1)))
    wanted = g.constant(np.arange(1, most + 1, dtype=np.int64).reshape(1, most, 1))
    hit = g.op("And", g.op("Equal", g.op("Unsqueeze", rank, g.ints(1)), wanted), g.op("Unsqueeze", here, g.ints(1)))
    hit = g.op("Cast", hit, to=TensorProto.INT64)
    length = g.op("Gather", g.op("Shape", ids), g.constant(np.int64(1)))
    places = g.op("Range", g.constant(np.int64(0)), length, g.constant(np.int64(1)))
    index = g.op("ReduceSum", g.op("Mul", hit, places), g.ints(2), keepdims=0)
    return index, g.op("Cast", g.op("ReduceSum", hit, g.ints(2), keepdims=0), to=TensorProto.BOOL)


def at_markers(per_token, ids, marker, most):
    """The same in numpy: float `[B, S]`, int `[B, S]` → float32 `[B, most]`."""
    found = np.full((len(ids), most), np.nan, np.float32)
    for row, (values, tokens) in enumerate(zip(per_token, ids)):
        places = np.flatnonzero(tokens == marker)[:most]
        found[row, :len(places)] = values[places]
    return found
