"""Text that a trainer has put through its policy's chat template, taken apart again."""

from __future__ import annotations

import re

from .errors import RequestError
from .item import Message

_ENDINGS = ("<|im_end|>", "<|endoftext|>", "<|eot_id|>", "<|end_of_text|>", "<end_of_turn>", "<eos>", "</s>", "<|end|>")
_STYLES = (
    ("<|im_start|>", re.compile(r"<\|im_start\|>(\w+)\n(.*?)(?:<\|im_end\|>\n?|$)", re.DOTALL)),
    ("<|start_header_id|>", re.compile(r"<\|start_header_id\|>(\w+)<\|end_header_id\|>\n\n(.*?)(?:<\|eot_id\|>|$)", re.DOTALL)),
    ("<start_of_turn>", re.compile(r"<start_of_turn>(\w+)\n(.*?)(?:<end_of_turn>\n?|$)", re.DOTALL)),
)
_ROLES = {
    "system": "system",
    "developer": "developer",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "model": "assistant",
    "tool": "tool",
    "ipython": "tool",
}


def messages_of(prompt: str) -> list[Message]:
    """The messages behind a templated prompt of ChatML, Llama 3 or Gemma; any other text is one message of the user."""
    style = next((turn for begins, turn in _STYLES if begins in prompt), None)
    if style is None:
        return [{"role": "user", "content": prompt}]
    turns: list[Message] = [
        {"role": _ROLES[role], "content": text.strip()} for role, text in style.findall(prompt) if role in _ROLES
    ]
    # What the template opens for the policy to write is no message yet.
    if turns and turns[-1]["role"] == "assistant" and turns[-1]["content"] == "":
        turns.pop()
    return turns or [{"role": "user", "content": prompt}]


def response_of(query: str, prompt: str) -> str:
    """What the policy wrote behind the prompt, without the marks that end a turn.

    Raises:
        RequestError: the query does not begin with the prompt.
    """
    if not query.startswith(prompt):
        raise RequestError("REQUEST_INVALID", "a query does not begin with its prompt, so what was written is not known")
    response = query[len(prompt) :]
    while True:
        trimmed = response.rstrip()
        ending = next((mark for mark in _ENDINGS if trimmed.endswith(mark)), None)
        if ending is None:
            return response
        response = trimmed.removesuffix(ending)
