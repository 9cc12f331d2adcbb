"""Drafts on disk, whole: JSON, so that nothing which somebody wrote is lost with the program."""

from __future__ import annotations

import base64
import json
import os
import tempfile
from contextlib import suppress
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, get_args

from smtpconsole.composer.draft import Draft
from smtpconsole.composer.errors import DraftError
from smtpconsole.composer.files import kept, read
from smtpconsole.composer.parts import Attachment, Encoding

FORMAT = 1


def save_draft(draft: Draft, path: Path) -> None:
    """The draft, whole; it replaces the file at once or not at all, and is its owner's alone."""
    text = json.dumps({"smtpconsole draft": FORMAT, **_plain(draft)}, ensure_ascii=False)

    def write() -> None:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with open(descriptor, "w", encoding="utf-8", errors="surrogateescape") as file:
                file.write(text)
            os.replace(name, path)
        except BaseException:
            with suppress(OSError):
                os.unlink(name)
            raise

    kept(write, path)


def load_draft(path: Path) -> Draft:
    """A draft that was saved; DraftError if the file is none, or of another version."""
    try:
        found = json.loads(read(path, "draft").decode("utf-8", "surrogateescape"))
        if not isinstance(found, dict) or found.get("smtpconsole draft") != FORMAT:
            raise ValueError("it is not a draft of this version")
        return _draft(found)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise DraftError(f"{path} cannot be read as a draft: {error}") from error


def _plain(draft: Draft) -> dict[str, Any]:
    values = asdict(draft)
    for name in ("source", "body_octets"):
        values[name] = _encoded(values[name])
    for each in values["attachments"]:
        each["data"] = _encoded(each["data"])
    return values


def _draft(values: dict[str, Any]) -> Draft:
    known = {each.name: values[each.name] for each in fields(Draft) if each.name in values}
    for name in ("recipients", "mail_parameters", "rcpt_parameters", "unsaid"):
        known[name] = tuple(_text(each) for each in known.get(name, ()))
    for name in ("sender", "subject", "body", "html", "calendar", "charset"):
        if name in known:
            known[name] = _text(known[name])
    known["headers"] = tuple((_text(name), _text(value)) for name, value in known["headers"])
    known["attachments"] = tuple(
        Attachment(**{**each, "data": _decoded(each["data"])}) for each in known["attachments"]
    )
    for name in ("source", "body_octets"):
        known[name] = _decoded(known.get(name))
    if known.get("encoding") not in (None, *get_args(Encoding)):
        raise ValueError(f"{known['encoding']!r} is no transfer encoding")
    known["filler"] = max(0, int(known.get("filler", 0)))
    return Draft(**known)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _encoded(data: bytes | None) -> str | None:
    return None if data is None else base64.b64encode(data).decode("ascii")


def _decoded(text: str | None) -> Any:
    return None if text is None else base64.b64decode(text, validate=True)
