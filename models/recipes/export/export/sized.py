"""Exports a Llama reward model of a stated size with random weights, for measurements of speed; it judges nothing.

    PYTHONPATH=.. python -m export.sized --out FOLDER
"""

import argparse
import tempfile
from pathlib import Path

import torch
from transformers import AutoModelForSequenceClassification, CONFIG_MAPPING, PreTrainedTokenizerFast

from . import tiny
from .__main__ import arguments, export


def main():
    parser = argparse.ArgumentParser(prog="python -m export.sized", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True, type=Path, help="folder of the bundle; it must not be there yet")
    parser.add_argument("--hidden", type=int, default=512, help="width (default: 512)")
    parser.add_argument("--layers", type=int, default=6, help="layers (default: 6)")
    parser.add_argument("--max-tokens", type=int, default=2560, help="most tokens of a text (default: 2560)")
    options = parser.parse_args()
    torch.manual_seed(7)
    tokenizer, facts = tiny.llama_tokenizer()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, padding_side="right", **facts)
    config = CONFIG_MAPPING["llama"](
        vocab_size=len(fast), hidden_size=options.hidden, intermediate_size=options.hidden * 11 // 4, num_hidden_layers=options.layers,
        num_attention_heads=options.hidden // 64, max_position_embeddings=options.max_tokens, num_labels=1, pad_token_id=fast.pad_token_id,
        bos_token_id=fast.bos_token_id, eos_token_id=fast.eos_token_id,
    )
    model = AutoModelForSequenceClassification.from_config(config)
    with tempfile.TemporaryDirectory() as checkpoint:
        fast.save_pretrained(checkpoint)
        model.save_pretrained(checkpoint)
        measured = export(arguments([checkpoint, "--out", str(options.out), "--license", "Apache-2.0", "--max-tokens", str(options.max_tokens)]))
    print(f"{sum(p.numel() for p in model.parameters()) / 1e6:.1f} million parameters; off by {measured['parity']:.1e} from transformers")


if __name__ == "__main__":
    main()
