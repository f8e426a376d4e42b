"""Fits the heads again on the states of the graph that ships, and puts them into that graph.

A graph with 8-bit activations gives other states than the trunk in fp32, and fine-tuning has fitted the training rows
already, so heads that are read from these states want a stronger penalty than probes of the base weights.

    python -m chat.refit --data DATA --models MODELS --golden GOLDEN
"""

import argparse
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from . import evaluate, export, heads, tokenise, train
from .fit import MARGIN_STRENGTH, SETS, SETTINGS, fit_heads
from .publish import pairs_of, write_all


def pooled_states(model, encoded):
    """States that the heads of a graph read: encoded pairs by turns `[2 N]` → `[N, 3, 384]` (prompt, first, second)."""
    reads = {n.input[0]: n.input[1] for n in model.graph.node if n.op_type == "MatMul"}
    prompt, candidate = reads["side_weight"], reads["reward_weight"]
    probe = onnx.ModelProto()
    probe.CopyFrom(model)
    for tensor in (prompt, candidate):
        probe.graph.output.append(helper.make_tensor_value_info(tensor, TensorProto.FLOAT, None))
    out = evaluate.Session(probe.SerializeToString()).each(encoded)
    prompts, candidates = (out[name][:, :, 0].reshape(len(encoded) // 2, 2, -1) for name in (prompt, candidate))
    return np.concatenate([prompts[:, :1], candidates], axis=1)


def preferences(pooled, kinds, alpha, side_strength):
    """Reward heads by ridge on margins, and the share of the mixture: tensors of `PreferenceHeads` by name.

    `pooled` `[N, 3, 384]`; `kinds` int `[N]`. The margins of either head have deviation 1 over all pairs.
    """
    deviation = pooled[:, 1:].reshape(-1, pooled.shape[2]).std(0) + 1e-3
    gaps = (pooled[:, 1] - pooled[:, 2]) / deviation
    weight = np.stack([heads.margin_ridge(gaps[kinds == k], alpha) for k in (0, 1)])
    weight /= (gaps @ weight.T).std(0)[:, None]
    side, offset = train.side_probe(pooled[:, 0], kinds, side_strength)
    return {"rewards.weight": weight / deviation, "side.weight": side, "side.bias": offset}


def with_heads(model, found):
    """The graph with other heads, its encoder untouched; `found` as in `export.build`."""
    made = onnx.ModelProto()
    made.CopyFrom(model)
    for tensor in made.graph.initializer:
        if tensor.name in found:
            array = np.asarray(found[tensor.name], np.float32).reshape(tuple(tensor.dims))
            tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))
    onnx.checker.check_model(made)
    return made


def refitted(model, tokeniser, pairs, rated):
    """Refits preferences, verbosity, penalties and gating on training pairs: `(model, penalties)`.

    `rated`: weight `[K, 384]` and bias `[K]` of the rated objectives, which stay as they are.
    """
    encoded = [tokeniser.encode(p.prompt, c) for p in pairs for c in (p.chosen, p.rejected)]
    kinds = np.array([SETS.index(p.source) for p in pairs])
    pooled = pooled_states(model, encoded).astype(np.float64)
    lengths = np.array([sum(types) for _, types in encoded])
    own = preferences(pooled, kinds, MARGIN_STRENGTH, SETTINGS.side_strength)
    found, penalties = fit_heads(pooled, lengths, kinds, own, rated)
    return with_heads(model, found), penalties


def main():
    """Parses the command line, refits the heads of shipped bundles and writes the bundles anew."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--models", type=Path, required=True, help="folder of the bundles")
    parser.add_argument("--golden", type=Path, help="folder for the goldens of the tests")
    args = parser.parse_args()
    graph = args.models / "chat-trunk" / "model.onnx"
    tokeniser = tokenise.ChatTokenizer((args.models / "chat-trunk" / "tokenizer.json").read_text(encoding="utf-8"))
    pairs = pairs_of(args.data)
    model = onnx.load(graph)
    rated = export.read(model)[1]
    model, penalties = refitted(model, tokeniser, pairs["train"], (rated["objectives_weight"], rated["objectives_bias"]))
    graph.write_bytes(model.SerializeToString())
    write_all(args.models, tokeniser, pairs, penalties, args.data, args.golden)


if __name__ == "__main__":
    main()
