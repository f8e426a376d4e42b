"""Text that a trainer has put through its policy's chat template, taken apart again."""

from __future__ import annotations

import re
import unicodedata

from .errors import RequestError
from .item import Message

_ENDINGS = (
    *("<|im_end|>", "<|endoftext|>", "<|eot_id|>", "<|eom_id|>", "<|end_of_text|>", "<end_of_turn>", "<eos>", "</s>", "<|end|>", "<|return|>"),
    *("<｜end▁of▁sentence｜>", "<|user|>", "<|observation|>"),
)
_DEEPSEEK = "begin▁of▁sentence|User|Assistant|tool▁outputs?▁begin|tool▁outputs?▁end"
_STYLES = (
    ("", r"<\|im_start\|>", r"<\|im_start\|> ?(\w+)(?:<\|im_sep\|>|\n)(.*?)(<\|im_end\|>\n?|\Z)()"),
    ("", r"<\|start_header_id\|>", r"<\|start_header_id\|>(\w+)<\|end_header_id\|>\n\n(.*?)(<\|eo[tm]_id\|>|\Z)()"),
    ("", r"<start_of_turn>", r"<start_of_turn>(\w+)\n(.*?)(<end_of_turn>\n?|\Z)()"),
    # DeepSeek's: what the system says has no mark of its own, nor what the assistant says of what tools gave.
    (
        "<｜User｜>",
        r"<｜(?:begin▁of▁sentence|User)｜>",
        rf"(?:<｜({_DEEPSEEK})｜>|\A)(.*?)(?:(<｜end▁of▁sentence｜>)|(?=(<｜(?:{_DEEPSEEK})｜>)|\Z))",
    ),
    # Mistral's.
    (
        "",
        r"\A\s*<s>\s*\[(?:INST|SYSTEM_PROMPT)\]",
        r"\[(SYSTEM_PROMPT|/?INST|/?TOOL_RESULTS)\](.*?)(?:(</s>)|(?=(\[/?(?:SYSTEM_PROMPT|INST|TOOL_RESULTS)\])|\Z))",
    ),
    # GLM's, whose turns end where the next begins, Phi's and Zephyr's.
    (
        "",
        r"\A\s*(?:\[gMASK\]\s*<sop>\s*|<s>\s*)?<\|(?:system|user)\|>",
        r"<\|(system|user|assistant|observation)\|>\n?(.*?)"
        r"(?:(<\|end\|>\n?|</s>\n?)|(?=(<\|(?:system|user|assistant|observation)\|>)|\Z))",
    ),
)
"""What texts of a template hold, how they begin, and their turns: role, text, and the mark that ends the turn, where there is one."""
_ROLES = {
    "system": "system",
    "developer": "developer",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "model": "assistant",
    "tool": "tool",
    "ipython": "tool",
    "observation": "tool",
    "begin▁of▁sentence": "system",
    "system_prompt": "system",
    "inst": "user",
    "/inst": "assistant",
    **dict.fromkeys(("tool_results", "tool▁outputs▁begin", "tool▁output▁begin"), "tool"),
    **dict.fromkeys(("/tool_results", "tool▁outputs▁end", "tool▁output▁end"), "assistant"),
}
# So much of a prompt tells its end from other places: more than its template writes there.
_TELLING = 64


def conversation_of(query: str, prompt: str) -> tuple[list[Message], str]:
    """The messages behind a templated prompt, and the response behind it in the query.

    What the prompt begins of the assistant's turn, as `<think>` of policies that reason, is the beginning of the response.

    Raises:
        RequestError: the query does not begin with the prompt.
    """
    messages, begun = _beginning_of(prompt)
    return messages, begun + response_of(query, prompt)


def messages_of(prompt: str) -> list[Message]:
    """The messages behind a templated prompt of ChatML, Llama 3, Gemma, DeepSeek, Mistral, GLM or Phi; any other text is one of the user."""
    return _beginning_of(prompt)[0]


def response_of(query: str, prompt: str) -> str:
    """What the policy wrote behind the prompt, without the marks that end a turn.

    A query is decoded tokens, so the prompt may stand there as the tokenizer gives it back: with its Unicode composed, as those of Qwen do,
    or with other white space, as that of Llama 3 and those of SentencePiece; and of a prompt that was too long its end alone.

    Raises:
        RequestError: the query does not begin with the prompt.
    """
    readings = (prompt, unicodedata.normalize("NFC", prompt))
    ends = (find(reading, query) for reading in readings for find in (_end_of, _end_apart_from_spaces))
    end = next((each for each in ends if each is not None), None)
    if end is None:
        raise RequestError("REQUEST_INVALID", "a query does not begin with its prompt, so what was written is not known")
    response = query[end:]
    while True:
        trimmed = response.rstrip()
        ending = next((mark for mark in _ENDINGS if trimmed.endswith(mark)), None)
        if ending is None:
            return response
        response = trimmed.removesuffix(ending)


def _beginning_of(prompt: str) -> tuple[list[Message], str]:
    turns = _turns_of(prompt)
    begun = ""
    if turns and turns[-1][0] == "assistant" and not turns[-1][2]:
        begun = turns.pop()[1]
    messages: list[Message] = [{"role": role, "content": text.strip()} for role, text, _ in turns]
    if not messages:
        return [{"role": "user", "content": prompt}], ""
    return messages, begun if begun.strip() else ""


def _turns_of(text: str) -> list[tuple[str, str, bool]]:
    """Role, text and whether its mark ends it, of each turn in the template whose mark comes first."""
    placed = [(at.start(), turn) for holds, begins, turn in _STYLES if holds in text and (at := re.search(begins, text))]
    if not placed:
        return []
    _, turn = min(placed)
    found = re.findall(turn, text, re.DOTALL)
    # Between marks that stand side by side nobody speaks.
    spoken = [each for each in found if "▁" not in each[0] or each[1].strip() or each[2]]
    roles = ((_ROLES.get(role.lower() or "system"), content, bool(mark or next_mark)) for role, content, mark, next_mark in spoken)
    return [(role, content, closed) for role, content, closed in roles if role is not None]


def _end_of(prompt: str, query: str) -> int | None:
    if query.startswith(prompt):
        return len(prompt)
    at = query.find(prompt[-_TELLING:]) if len(prompt) >= _TELLING else -1
    end = at + _TELLING
    # The first character of a prompt that was cut at its start may be cut in two.
    return end if at >= 0 and prompt.endswith(query[:end].lstrip("\ufffd")) else None


def _end_apart_from_spaces(prompt: str, query: str) -> int | None:
    """The same of a whole prompt, where decoding has dropped spaces, as before punctuation, or added some, as behind special tokens."""
    end = 0
    for character in "".join(prompt.split()):
        while query[end : end + 1].isspace():
            end += 1
        if query[end : end + 1] != character:
            return None
        end += 1
    # What stands at the end is the template's as far as it is the same.
    for space in prompt[len(prompt.rstrip()) :]:
        end += query.startswith(space, end)
    return end
