"""Static 8-bit activations for the encoder's matrix products. No range is computed at run time."""

import numpy as np
import onnx
from onnx import TensorProto, helper

from . import evaluate, export

#: Rows that calibrate the ranges, and the quantile of their extremes that is kept.
CALIBRATION_ROWS, SHARE = 200, 0.999


def products(model):
    """Names of the encoder's matrix products with constant weights, and the tensors they read."""
    return {n.output[0].removesuffix(".product"): n.input[0]
            for n in model.graph.node if n.op_type == "MatMul" and n.output[0].endswith(".product")}


def calibrate(model, rows, share=SHARE):
    """Ranges of the inputs of the encoder's products over training rows.

    Takes, per row, the least and greatest value, and over rows the `share` quantile of each, so
    single outliers do not stretch the range. Returns `{product: (scale, zero point)}` for uint8.
    """
    watched = products(model)
    probe = onnx.ModelProto()
    probe.CopyFrom(model)
    for tensor in dict.fromkeys(watched.values()):
        probe.graph.output.append(helper.make_tensor_value_info(tensor, TensorProto.FLOAT, None))
    session = evaluate.Session(probe.SerializeToString())
    low, high = {name: [] for name in watched}, {name: [] for name in watched}
    for row in rows:
        out = session.run([row])
        for name, tensor in watched.items():
            low[name].append(out[tensor].min())
            high[name].append(out[tensor].max())
    found = {}
    for name in watched:
        least = min(0.0, float(np.quantile(low[name], 1 - share)))
        most = max(0.0, float(np.quantile(high[name], share)))
        scale = (most - least) / 255
        found[name] = scale, int(round(-least / scale))
    return found


def variant(model, rows):
    """The graph with static 8-bit activations, calibrated on encoded rows."""
    state, found = export.read(model)
    return export.build(state, found, calibrate(model, rows[:CALIBRATION_ROWS]))
