"""Images as trainers hold them, in messages or in columns of their own, as the `data:` addresses that judges read."""

from __future__ import annotations

import base64
import io
import pathlib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, TypeAlias

from .errors import RequestError

Images: TypeAlias = Literal["send", "omit"]
"""Whether judges are shown the images of a prompt, or the text is judged alone: for judges that read the response and not the prompt."""

_SHOWN = (
    *("image", "image_url", "input_image", "video", "video_url", "input_video"),
    *("audio", "audio_url", "input_audio", "file", "input_file"),
)
"""Kinds of parts that are nothing without what they show."""
_PICTURES = ("image", "image_url", "input_image")
_KINDS = ((b"\x89PNG\r\n\x1a\n", "png"), (b"\xff\xd8\xff", "jpeg"), (b"GIF8", "gif"), (b"RIFF", "webp"))


def shows(part: Mapping[str, Any]) -> bool:
    """Whether a part of a message shows something other than text."""
    return part.get("type") in _SHOWN


def shown(part: Mapping[str, Any]) -> Mapping[str, Any]:
    """The part as chat APIs write an image.

    Raises:
        RequestError: it holds no image that can be sent.
    """
    kind = part.get("type")
    url = _address(_held(part)) if kind in _PICTURES else None
    if url is None:
        # The text beside it would be judged as if it were all of the prompt.
        said = 'send an image as {"type": "image_url", "image_url": {"url": "data:…"}}, or state images="omit" to have the text judged alone'
        raise RequestError("REQUEST_INVALID", f"a message has a part of type {kind!r} that holds no PNG, JPEG, GIF or WebP; {said}")
    return {"type": "image_url", "image_url": {"url": url}}


def with_images(messages: Sequence[Mapping[str, Any]], images: Sequence[Any], *, tag: str | None = None) -> list[Mapping[str, Any]]:
    """Messages with the images of a column in their places: those that parts without an image mark, or `tag` in the text; where nothing
    marks one, before the first message of the user.

    Raises:
        RequestError: there are more or fewer places than images.
    """
    turns = [{**turn, "content": _split(turn.get("content"), tag)} for turn in messages]
    places = sum(_is_place(part) for turn in turns for part in _parts(turn["content"]))
    held = sum(shows(part) for turn in turns for part in _parts(turn["content"])) - places
    if places == 0 and held == len(images):
        return list(messages)
    user = next((turn for turn in turns if turn["role"] == "user"), None)
    if places == 0 and held == 0 and user is not None:
        user["content"] = [*({"type": "image"} for _ in images), *_parts(user["content"])]
    elif places != len(images):
        raise RequestError("REQUEST_INVALID", f"{len(images)} images for {places} places of images in a prompt")
    left = iter(images)
    return [{**turn, "content": _filled(turn["content"], left)} for turn in turns]


def column_of_images(columns: Mapping[str, Any], place: int) -> Sequence[Any]:
    """The images that a sample has in the columns that trainers give images in: a list of them, or one."""
    images = [columns[name][place] for name in ("images", "image") if columns.get(name) is not None]
    return next((each if isinstance(each, (list, tuple)) else [each] for each in images if each is not None), [])


def _filled(content: Any, images: Iterator[Any]) -> Any:
    if content is None or isinstance(content, str):
        return content
    return [{"type": "image", "image": next(images)} if _is_place(part) else part for part in content]


def _split(content: Any, tag: str | None) -> Any:
    if tag is None or not isinstance(content, str) or tag not in content:
        return content
    pieces = re.split(f"({re.escape(tag)})", content)
    return [{"type": "image"} if piece == tag else {"type": "text", "text": piece} for piece in pieces if piece]


def _parts(content: Any) -> Sequence[Mapping[str, Any]]:
    if content is None:
        return ()
    return ({"type": "text", "text": content},) if isinstance(content, str) else content


def _is_place(part: Mapping[str, Any]) -> bool:
    return part.get("type") == "image" and _held(part) is None


def _held(part: Mapping[str, Any]) -> Any:
    """What a part holds, under the names of chat APIs and of chat templates."""
    for name in ("image_url", "image", "url", "path", "base64"):
        value = part.get(name)
        if isinstance(value, Mapping) and "url" in value:
            value = value["url"]
        if value is not None:
            return f"data:image/png;base64,{value}" if name == "base64" else value
    return None


def _address(image: Any) -> str | None:
    """An image as an address: text is one, or names a file; a table holds `bytes` or a `path`; Pillow's are written as PNG."""
    if isinstance(image, Mapping):
        image = image.get("bytes") or image.get("path")
    if isinstance(image, str):
        if re.match(r"(data|https?):", image):
            return image
        try:
            image = pathlib.Path(image.removeprefix("file://")).read_bytes()
        except OSError as error:
            said = f"no address of an image, and no file that can be read ({error.strerror}): {image[:60]!r}; images=\"omit\" leaves images out"
            raise RequestError("REQUEST_INVALID", said) from None
    elif callable(getattr(image, "save", None)):
        written = io.BytesIO()
        image.save(written, format="PNG")
        image = written.getvalue()
    if not isinstance(image, bytes):
        return None
    kind = next((kind for begins, kind in _KINDS if image.startswith(begins)), None)
    return None if kind is None else f"data:image/{kind};base64,{base64.b64encode(image).decode()}"
