"""Turns a conversation and a candidate into token ids and segment ids.

A chat template is rendered into control text (the template's own) and content
text (what the messages say). Only control text may become special tokens, so a
message that spells `[SEP]` cannot forge a boundary.
"""

import json
import re
from functools import lru_cache

import jinja2
from tokenizers import Tokenizer

MAX_TOKENS = 512

#: Role markers take the place of three unused vocabulary entries of BERT.
ROLE_TOKENS = {"[unused0]": "[USER]", "[unused1]": "[ASSISTANT]", "[unused2]": "[SYSTEM]"}

TEMPLATE = (
    "[CLS]{% for m in messages %}{% if loop.last %}[SEP]{{ m.content }}[SEP]"
    "{% elif m.role == 'assistant' %}[ASSISTANT]{{ m.content }}"
    "{% elif m.role == 'system' %}[SYSTEM]{{ m.content }}"
    "{% else %}[USER]{{ m.content }}{% endif %}{% endfor %}"
)


def adapt_tokenizer(base_json):
    """Returns the text of the shipped tokenizer.json, made from the base model's.

    Padding, truncation and the post-processor go (the template adds the special
    tokens); three unused entries become the role markers, listed as special.
    """
    spec = json.loads(base_json)
    spec["padding"] = spec["truncation"] = spec["post_processor"] = None
    vocabulary = spec["model"]["vocab"]
    renamed = {ROLE_TOKENS.get(token, token): index for token, index in vocabulary.items()}
    spec["model"]["vocab"] = renamed
    for token in ROLE_TOKENS.values():
        spec["added_tokens"].append(
            {"id": renamed[token], "content": token, "single_word": False, "lstrip": False,
             "rstrip": False, "normalized": False, "special": True}
        )
    spec["added_tokens"].sort(key=lambda token: token["id"])
    return json.dumps(spec, ensure_ascii=False, separators=(",", ":"))


class ChatTokenizer:
    """Encodes items for the chat judges; agrees token by token with the gateway's tokenisation."""

    def __init__(self, tokenizer_json, template=TEMPLATE):
        self._control = Tokenizer.from_str(tokenizer_json)
        self._content = Tokenizer.from_str(tokenizer_json)
        self._content.encode_special_tokens = True
        self._template = jinja2.Environment(autoescape=False).from_string(template)
        self.control = lru_cache(maxsize=4096)(self._encode_control)
        self.content = lru_cache(maxsize=65536)(self._encode_content)

    def _encode_control(self, text):
        return tuple(self._control.encode(text, add_special_tokens=False).ids)

    def _encode_content(self, text):
        return tuple(self._content.encode(text, add_special_tokens=False).ids)

    def segments(self, prompt, candidate):
        """Renders an item into a list of `(message index or None, ids)`; None marks control text."""
        messages = [*prompt, {"role": "assistant", "content": candidate}]
        marked = [{"role": m["role"], "content": f"\0{i}\0"} for i, m in enumerate(messages)]
        pieces = re.split("\0(\\d+)\0", self._template.render(messages=marked))
        found = []
        for position, piece in enumerate(pieces):
            if position % 2:
                index = int(piece)
                found.append((index, self.content(messages[index]["content"])))
            elif piece:
                found.append((None, self.control(piece)))
        return found

    def encode(self, prompt, candidate, max_tokens=MAX_TOKENS):
        """Returns `(ids, types)`, two lists of int; type 1 from the candidate's first token on.

        Over `max_tokens`, content tokens of the prompt are dropped, oldest first;
        if that is not enough, tokens of the candidate, from its end. Control
        tokens always stay.
        """
        segments = self.segments(prompt, candidate)
        last = len(prompt)
        excess = sum(len(ids) for _, ids in segments) - max_tokens
        ids, types, is_candidate = [], [], 0
        for index, piece in segments:
            if index == last:
                is_candidate = 1
                over = max(0, excess)
                piece = piece[: max(0, len(piece) - over)]
            elif index is not None and excess > 0:
                dropped = min(excess, len(piece))
                excess -= dropped
                piece = piece[dropped:]
            ids.extend(piece)
            types.extend([is_candidate] * len(piece))
        return ids, types
