"""One command from the data folder and chat-trunk to the bundle of chat-group.

    PYTHONPATH=../chat:.. python -m group.build --data DATA --models ../.. --golden ../../../test/golden
"""

import argparse
import json
from pathlib import Path

import numpy as np
import onnx
import torch

from chat import bundle, evaluate, golden as chat_golden, quantise
from chat import export as chat_export
from chat.trunk import Trunk

from . import data, export, golden, measure, train
from .tokenise import MAX_TOKENS, TEMPLATE, GroupTokenizer, adapt_tokenizer

SETTINGS = train.Settings()
#: `int8`: static 8-bit activations in the encoder; `fp32`: none.
PRECISION = "int8"
#: How far a golden score may be off on another kind of processor, where 8-bit roundings can fall the other way.
GOLDEN_TOLERANCE = {"int8": 0.1, "fp32": 1.0e-4}[PRECISION]
#: The two sets of preferences; the calibration is fitted on their selection part, the figures are of their validation part.
SETS = tuple(train.KINDS)


def start(models, tokeniser):
    """Trunk and value heads of `chat-trunk`; the marker starts as the separator that it stands for."""
    state, heads = chat_export.read(onnx.load(models / "chat-trunk" / "model.onnx"))
    trunk = Trunk(dropout=SETTINGS.dropout)
    trunk.load_state_dict({name: torch.tensor(array) for name, array in state.items()})
    separator, = tokeniser.control("[SEP]")
    with torch.no_grad():
        trunk.words.weight[tokeniser.marker] = trunk.words.weight[separator]
    return trunk.eval(), train.ValueHeads(heads)


def graph(trunk, heads, tokeniser, groups):
    """The model to ship, its activation ranges taken from training groups."""
    state = {name: tensor.numpy() for name, tensor in trunk.state_dict().items()}
    model = export.build(state, heads.arrays(), tokeniser.marker)
    if PRECISION == "fp32":
        return model
    picked = [groups[i] for i in np.random.default_rng(0).permutation(len(groups))]
    rows = [encoded for g in picked if (encoded := tokeniser.fitting(g)) is not None][:quantise.CALIBRATION_ROWS]
    return export.build(state, heads.arrays(), tokeniser.marker, quantise.calibrate(model, rows))


def measured(judge, groups):
    """Scores of pairs `[2 N]`, by turns of the preferred and the other candidate, and which set each pair is of `[N]`."""
    scores = np.concatenate([judge.scores(g) for g in groups])
    return scores, np.array([g.source for g in groups])


def main():
    """Parses the command line and builds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with the gzipped JSON-lines files")
    parser.add_argument("--models", type=Path, required=True, help="folder of the bundles: chat-trunk is read, chat-group written")
    parser.add_argument("--golden", type=Path, help="folder for the golden of the tests")
    parser.add_argument("--checkpoint", type=Path, help="fine-tuned weights: read if the file exists, else written")
    parser.add_argument("--threads", type=int, default=2, help="threads of the training (default 2)")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    text = adapt_tokenizer((args.models / "chat-trunk" / "tokenizer.json").read_text(encoding="utf-8"))
    tokeniser = GroupTokenizer(text)
    groups = data.of_part(args.data, "train", np.random.default_rng(SETTINGS.seed))
    trunk, heads = start(args.models, tokeniser)
    if args.checkpoint and args.checkpoint.exists():
        saved = torch.load(args.checkpoint)
        trunk.load_state_dict(saved["trunk"])
        heads.load_state_dict(saved["heads"])
    else:
        train.fine_tune(trunk, heads, tokeniser, groups, SETTINGS)
        if args.checkpoint:
            torch.save({"trunk": trunk.state_dict(), "heads": heads.state_dict()}, args.checkpoint)

    folder = args.models / "chat-group"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tokenizer.json").write_text(text, encoding="utf-8")
    (folder / "model.onnx").write_bytes(graph(trunk, heads, tokeniser, groups).SerializeToString())
    judge = measure.GroupJudge(args.models)
    pairs = {part: [g for name in SETS for g in data.read_groups(args.data, name) if g.part == part]
             for part in ("selection", "validation")}
    selection, _ = measured(judge, pairs["selection"])
    validation, sources = measured(judge, pairs["validation"])
    margins = validation[::2] - validation[1::2]
    calibrated = bundle.calibration(folder / "model.onnx", selection, validation,
                                    "selection part of hh_helpful_test and hh_harmless_test")
    metrics = {"helpful": evaluate.described(margins[sources == SETS[0]]),
               "harmless": evaluate.described(margins[sources == SETS[1]]), "union": evaluate.described(margins),
               "length": measure.length_bias(judge, pairs["validation"])}
    spec = {
        "kind": "multi_response",
        "description": "Rewards of up to eight chat replies to one prompt in one pass, each read at its own marker.",
        "outputs": {"scores": "scores"},
        "own": {"most": data.MOST, "company": "unseen", "beyond": "chunk"},
        "goldenTolerance": GOLDEN_TOLERANCE,
        "training": {"data": [*data.PAIRS, *data.RANKED], "seed": SETTINGS.seed, "recipe": "models/recipes/group",
                     "metrics": metrics},
    }
    bundle.write(folder, folder, spec, calibrated, golden.bundle_rows(judge.session, tokeniser), (MAX_TOKENS, TEMPLATE))
    by_set = evaluate.calibration_report(margins, sources, calibrated["params"]["slope"])
    print(*map(json.dumps, (metrics, calibrated, by_set)), sep="\n", flush=True)
    if args.golden:
        chat_golden.write_lines(args.golden / "group-scores.jsonl.gz", golden.score_rows(judge.session, tokeniser, args.data))


if __name__ == "__main__":
    main()
