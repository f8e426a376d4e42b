"""Turns a prompt and its candidates into one row of token ids, with a marker after each candidate."""

import json

from chat.tokenise import TEMPLATE as CHAT_TEMPLATE
from chat.tokenise import ChatTokenizer

#: Most tokens of a row.
MAX_TOKENS = 1024

#: The marker takes the place of the next unused vocabulary entry after the role markers.
UNUSED, MARKER = "[unused3]", "[SCORE]"

TEMPLATE = CHAT_TEMPLATE.replace("{{ m.content }}[SEP]", "{{ m.content }}" + MARKER, 1)


def adapt_tokenizer(trunk_json):
    """The text of the shipped tokenizer.json: that of chat-trunk with the marker as one more special token."""
    spec = json.loads(trunk_json)
    spec["model"]["vocab"] = {MARKER if token == UNUSED else token: index for token, index in spec["model"]["vocab"].items()}
    spec["added_tokens"].append(
        {"id": spec["model"]["vocab"][MARKER], "content": MARKER, "single_word": False, "lstrip": False,
         "rstrip": False, "normalized": False, "special": True}
    )
    spec["added_tokens"].sort(key=lambda token: token["id"])
    return json.dumps(spec, ensure_ascii=False, separators=(",", ":"))


class GroupTokenizer(ChatTokenizer):
    """Encodes groups; agrees token by token with the gateway's tokenisation."""

    def __init__(self, tokenizer_json, template=TEMPLATE):
        super().__init__(tokenizer_json, template)
        self.marker, = self.control(MARKER)

    def split(self, prompt, candidates, max_tokens=MAX_TOKENS):
        """`(prompt ids, [candidate ids with the marker, …])`.

        Over `max_tokens` the oldest content tokens of the prompt go. Candidates are never cut.

        Raises ValueError if the candidates leave nothing of a prompt that has a token.
        """
        segments = self.segments(prompt, "")
        last = len(prompt)
        before = segments[:[index for index, _ in segments].index(last)]
        rows = [[*self.content(text), self.marker] for text in candidates]
        content = sum(len(ids) for index, ids in before if index is not None)
        excess = max(0, sum(len(ids) for _, ids in before) + sum(map(len, rows)) - max_tokens)
        if excess > 0 and excess >= content:
            raise ValueError(f"the candidates leave nothing of the prompt within {max_tokens} tokens")
        kept = []
        for index, ids in before:
            dropped = min(excess, len(ids)) if index is not None else 0
            excess -= dropped
            kept.extend(ids[dropped:])
        return kept, rows

    def encode_group(self, prompt, candidates, max_tokens=MAX_TOKENS):
        """The row `(ids, types)` of a group, two lists of int; type 1 from the first candidate's first token on."""
        start, rows = self.split(prompt, candidates, max_tokens)
        rest = [token for row in rows for token in row]
        return start + rest, [0] * len(start) + [1] * len(rest)

    def fitting(self, group):
        """The row of a `Group`, None if it does not fit."""
        try:
            return self.encode_group(group.prompt, group.candidates)
        except ValueError:
            return None
