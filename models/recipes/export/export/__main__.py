"""Turns a Hugging Face reward model into a bundle: `python -m export MODEL --out FOLDER`."""

import argparse
import json
import shutil
import tempfile
from pathlib import Path

import transformers
from transformers import AutoConfig, AutoTokenizer

from . import bundle
from .graph import LARGEST_FILE, STORED, Graph
from .judges import open_judge

#: Files of a hub repository that an export reads; code is not among them.
WANTED = ["*.json", "*.safetensors", "*.model", "*.txt", "*.jinja", "README.md"]


def arguments(argv=None):
    parser = argparse.ArgumentParser(prog="python -m export", description=__doc__)
    parser.add_argument("model", help="folder of a checkpoint with safetensors, or a hub id such as org/name")
    parser.add_argument("--out", required=True, type=Path, help="folder of the bundle; it must not be there yet")
    parser.add_argument("--revision", help="revision of a hub id; the bundle records the commit")
    parser.add_argument("--kind", choices=["scalar", "objectives", "process", "verifier"], help="judge kind; by default the architecture says")
    parser.add_argument("--name", help="name of the judge (default: the folder's)")
    parser.add_argument("--description", help="one sentence for people")
    parser.add_argument("--license", help="SPDX licence of the weights (default: what the model card says)")
    parser.add_argument("--space", choices=["logit", "probability", "unit", "logProbability", "native"], help="what a score means")
    parser.add_argument("--max-tokens", type=int, default=4096, help="most tokens of a text (default: 4096, or less where the model reads less)")
    parser.add_argument("--store", choices=["auto", *STORED], default="auto", help="type of stored weights (default: the checkpoint's)")
    parser.add_argument("--weights", choices=["auto", "beside"], default="auto",
                        help="beside: in a file of their own, as they are anyway from 2 GiB on (default: auto)")
    parser.add_argument("--template", type=Path, help="file with a Jinja chat template, instead of the tokenizer's")
    parser.add_argument("--bos", choices=["keep", "add", "drop"], default="keep", help="BOS: as the template has it, added in front, or dropped")
    parser.add_argument("--positive", type=int, choices=[0, 1], default=1, help="of two labels, the good one (default: 1)")
    parser.add_argument("--marker", help="process: the step token (default: <extra_0>, or ки)")
    parser.add_argument("--good", default="+", help="process, language model: answer to a right step")
    parser.add_argument("--bad", default="-", help="process, language model: answer to a wrong step")
    parser.add_argument("--max-steps", type=int, default=64, help="process: most steps of a response (default: 64)")
    parser.add_argument("--tolerance", type=float, default=bundle.TOLERANCE, help="largest difference from transformers (default: 1e-4)")
    return parser.parse_args(argv)


def export(options):
    """Exports one model; returns what was measured."""
    if options.out.exists():
        raise SystemExit(f"{options.out} is there already; name a new folder")
    folder, source = fetch(options.model, options.revision)
    config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
    tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    text = config.get_text_config()
    store = options.store
    if store == "auto":
        half = {"torch.bfloat16": "bf16", "torch.float16": "fp16"}
        store = half.get(str(getattr(text, "dtype", None) or getattr(config, "dtype", None)), "fp32")
    options.stored = STORED[store]
    options.template = options.template and options.template.read_text()
    options.name = options.name or options.out.name
    options.license = options.license or bundle.license_of(folder)
    if not options.license:
        raise SystemExit("the model card names no licence; say which with --license")
    architecture = (config.architectures or ["?"])[0]
    options.description = options.description or f"{architecture} of {source['model']}, exported."
    positions = getattr(text, "max_position_embeddings", None) or options.max_tokens
    options.max_tokens = min(options.max_tokens, positions)
    judge = open_judge(folder, config, tokenizer, options)
    warn_of_bos(judge, tokenizer)
    facts = {
        "source": source,
        "pad": tokenizer.pad_token_id or 0,
        "training": {"recipe": "models/recipes/export", "architecture": architecture, "store": store, "transformers": transformers.__version__},
    }
    # Nothing that was left half-way may look like a bundle.
    with tempfile.TemporaryDirectory(dir=_parent(options.out)) as made:
        large = stored_bytes(judge.model, options.stored) >= LARGEST_FILE
        weights = Path(made) / "model.onnx.data" if large or options.weights == "beside" else None
        graph = Graph(store, weights, branches="branch_ids" in judge.inputs)
        model = graph.model(judge.inputs, judge.add(graph))
        measured = bundle.write(Path(made) / "bundle", judge, model, weights, facts, tokenizer_json(tokenizer), options)
        shutil.move(Path(made) / "bundle", options.out)
    return measured


def stored_bytes(model, kind):
    """Bytes of a model's parameters in a graph."""
    return sum(p.numel() * (4 if p.dim() < 2 else kind.itemsize) for p in model.parameters())


def _parent(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.parent


def fetch(model, revision):
    """The checkpoint's folder, and where it is from."""
    if Path(model).is_dir():
        return Path(model), {"model": Path(model).name}
    from huggingface_hub import snapshot_download

    folder = Path(snapshot_download(model, revision=revision, allow_patterns=WANTED))
    return folder, {"model": model, "revision": folder.name}


def tokenizer_json(tokenizer):
    """The tokenizer as one file, without padding and truncation, which the gateway does itself."""
    spec = json.loads(tokenizer.backend_tokenizer.to_str())
    spec["padding"] = spec["truncation"] = None
    return json.dumps(spec, ensure_ascii=False, separators=(",", ":"))


def warn_of_bos(judge, tokenizer):
    """Says so when a tokenizer puts a BOS in front and the template does not: trainers differ in what they do then."""
    if judge.uses_pair or tokenizer.bos_token_id is None:
        return
    ids, _ = judge.ids([{"role": "user", "content": "a"}], "b")
    count = list(ids[:3]).count(tokenizer.bos_token_id)
    if count > 1:
        raise SystemExit("the template writes BOS more than once; correct it with --template or --bos drop")
    if count == 0 and tokenizer("a")["input_ids"][0] == tokenizer.bos_token_id:
        print("  note: the tokenizer puts a BOS in front and the chat template does not; --bos add if the model was trained with one")


def main():
    measured = export(arguments())
    print(f"  {measured['rows']} golden rows; off by {measured['parity']:.1e} from transformers, by {measured['moved']:.1e} among others")
    if measured["shared"] is not None:
        print(f"  candidates of one prompt are read behind it in one row; off by {measured['shared']:.1e} then")


if __name__ == "__main__":
    main()
