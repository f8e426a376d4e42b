"""Chat templates as the gateway renders them: every special token written out, no date, no variable of a tokenizer."""

import re

TOKENS = ("bos_token", "eos_token", "pad_token", "unk_token", "cls_token", "sep_token")
#: Stands for today in templates that print the date, so that a score does not change over night.
DATE = "26 Jul 2024"


def chat(tokenizer, text=None, bos="keep", date=DATE):
    """The template of a chat model for the gateway, from `text` or the tokenizer's own.

    `bos`: `keep` what the template writes; `add` the BOS in front where it writes none; `drop` it. The gateway adds no
    token of its own, so what a template writes stands once.
    """
    text = text or tokenizer.chat_template
    if isinstance(text, dict):
        text = text["default"]
    if not text:
        raise SystemExit("the tokenizer has no chat template; give one with --template FILE")
    text = re.sub(r"strftime_now\s+is\s+defined", "true", text)
    text = re.sub(r"strftime_now\([^)]*\)", repr(date), text)
    tokens = {name: getattr(tokenizer, name, None) for name in TOKENS if re.search(rf"\b{name}\b", text)}
    for name, token in tokens.items():
        if token is None:
            raise SystemExit(f"the chat template prints {name} and the tokenizer has none")
        if name == "bos_token" and bos == "drop":
            tokens[name] = ""
    head = "".join("{%- set " + name + " = " + quoted(str(token)) + " %}" for name, token in tokens.items())
    if bos == "add" and tokenizer.bos_token not in render(tokenizer, in_front(head, text), [{"role": "user", "content": "a"}]):
        head = "{{- " + quoted(tokenizer.bos_token) + " }}" + (head or "{#- BOS #}")
    return in_front(head, text)


def in_front(head, text):
    """`text` behind `head`, which ends in a tag or a comment: the line break behind that is dropped, so that `text` starts a line, as it did
    alone, and keeps or loses the white space that it starts with as it did."""
    return f"{head}\n{text}" if head else text


def pair(tokenizer):
    """The template of a model that reads a prompt and a response as a pair: `[CLS] prompt [SEP] response [SEP]`.

    Which tokens stand where is read off the tokenizer. Turns of a longer prompt are joined by line breaks.
    """
    start, between, end = pair_tokens(tokenizer)
    return (
        quoted_text(start) + "{% for m in messages %}{% if loop.last %}" + quoted_text(between) + "{{ m.content }}"
        + quoted_text(end) + "{% else %}{% if not loop.first %}{{ '\\n' }}{% endif %}{{ m.content }}{% endif %}{% endfor %}"
    )


def pair_tokens(tokenizer):
    """Special tokens before, between and after the texts of a pair."""
    encoded = tokenizer("a", "b")["input_ids"]
    plain = [tokenizer(text, add_special_tokens=False)["input_ids"] for text in ("a", "b")]
    first = encoded.index(plain[0][0])
    second = len(encoded) - encoded[::-1].index(plain[1][-1]) - len(plain[1])
    parts = encoded[:first], encoded[first + len(plain[0]) : second], encoded[second + len(plain[1]) :]
    return tuple("".join(tokenizer.convert_ids_to_tokens(part)) for part in parts)


def pair_prompt(prompt):
    """The prompt of a pair as one text."""
    return "\n".join(message["content"] for message in prompt)


def render(tokenizer, template, messages):
    """The rendered conversation, by transformers."""
    return tokenizer.apply_chat_template(messages, chat_template=template, tokenize=False, add_generation_prompt=False, reference="")


def left_out(tokenizer, template, prompt):
    """The first content of `prompt` that its rendering does not hold, or None: Mistral's templates show a system message with the last turn alone,
    which is the user's where text is generated and the assistant's where it is judged."""
    text = render(tokenizer, template, [*prompt, {"role": "assistant", "content": "a"}])
    return next((m["content"] for m in prompt if m["content"].strip() not in text), None)


def between_prompt_and_response(tokenizer, template):
    """What the template writes between the last message of the user and the response."""
    text = render(tokenizer, template, [{"role": "user", "content": "QqQ"}, {"role": "assistant", "content": "ZzZ"}])
    return text[text.index("QqQ") + 3 : text.index("ZzZ")]


def quoted(text):
    """A Jinja string literal."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n") + "'"


def quoted_text(text):
    return "{{ " + quoted(text) + " }}" if "{" in text else text
