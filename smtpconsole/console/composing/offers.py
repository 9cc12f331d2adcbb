"""What there is to choose from, and what is said of it: messages, templates, parameters, files."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from smtpconsole.composer import files
from smtpconsole.composer.messages import MESSAGES
from smtpconsole.composer.parts import media_type
from smtpconsole.console.answers import ConsoleError
from smtpconsole.console.composing.keeping import left_over
from smtpconsole.console.filenames import path_of
from smtpconsole.console.paths import draft_folder, template_folder
from smtpconsole.smtp.parameters import Parameter

if TYPE_CHECKING:
    from smtpconsole.console.console import Console

_MOST = 500  # files of a folder that are listed
_FILE_URL = re.compile(r"file://[^/]*(/.*)")


@dataclass(frozen=True, slots=True)
class Offer:
    """One thing to choose."""

    name: str
    value: str  # the line to enter, the parameter, the path
    told: tuple[str, ...] = ()
    leads_on: bool = False  # there is more to choose behind it


def messages(console: Console) -> list[Offer]:
    """What can be put into the composer, each as the line that does so."""
    made = [
        Offer(
            each.name,
            f"/message {each.name}",
            (
                each.tests,
                f"A sound server answers {each.expects}.",
                *((f"Beware: {each.warning}.",) if each.warning else ()),
            ),
        )
        for each in MESSAGES.values()
    ]
    return [*_beginnings(console), *_left(), *made, *_templates()]


def _beginnings(console: Console) -> Iterator[Offer]:
    if console.draft.source is not None:
        told = ("The fields as they were before the source was opened or edited.",)
        yield Offer("(back to the fields)", "/draft fields", told)
    yield Offer("(empty)", "/draft new", ("An empty message in the same envelope.",))


def _left() -> Iterator[Offer]:
    for number, each in enumerate(left_over(draft_folder()), 1):
        told = ("It was written, and not sent.", *each.draft.body.splitlines()[:2])
        yield Offer(f"(left) {each}", f"/draft restore {number}", told)


def _templates() -> Iterator[Offer]:
    for name, path in files.templates(template_folder()).items():
        told = (f"Your template {path}, its tokens filled in.",)
        yield Offer(f"template {name}", f"/draft template {shlex.quote(name)}", told)


def parameters(console: Console, table: Sequence[Parameter]) -> list[Offer]:
    """The parameters of a command, those that the server offers first."""
    known = console.known

    def offer(each: Parameter) -> Offer:
        if not known.keywords:
            told = f"It needs {each.offered_by}; the server was not asked yet what it offers."
        elif each.offered_by in known:
            told = f"The server offers {each.offered_by}."
        else:
            told = f"The server does not offer {each.offered_by}: it is said all the same."
        mark = "" if each.offered_by in known else "  (not offered)" if known.keywords else ""
        return Offer(f"{each.example}{mark}", each.example, (told, each.rfc))

    return sorted(map(offer, table), key=lambda each: each.name.endswith(")"))


# --- files ------------------------------------------------------------------------------------


def pasted_path(text: str) -> str:
    """The path that a terminal or a file manager pastes: quoted, escaped, as a URL."""
    text = text.strip()
    if found := _FILE_URL.fullmatch(text):
        from urllib.parse import unquote

        return unquote(found[1], errors="surrogateescape")
    if not os.path.exists(text) and re.search(r"[\\'\"]", text):  # Path.exists raises at times
        try:
            words = shlex.split(text)
        except ValueError:
            return text
        return words[0] if len(words) == 1 else text
    return text


def paths(text: str) -> list[Offer]:
    """The files and folders that a path may go on with."""
    try:
        typed = path_of(text) if text else Path()
    except ConsoleError as error:
        return [Offer(error.text, text, (), leads_on=True)]
    is_folder = not text or text.endswith("/") or text in ("~", ".", "..")
    folder, begun = (typed, "") if is_folder else (typed.parent, typed.name)
    opening = text if is_folder else text[: len(text) - len(begun)]
    if opening and not opening.endswith("/"):
        opening += "/"
    try:
        found = sorted(folder.iterdir(), key=lambda each: (not each.is_dir(), each.name.lower()))
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        return [Offer(f"{folder}: {why}", opening, (), leads_on=True)]
    shown = [
        each
        for each in found
        if each.name.lower().startswith(begun.lower())
        and (begun.startswith(".") or not each.name.startswith("."))
    ]
    return [_path(each, opening) for each in shown[:_MOST]]


def _path(path: Path, opening: str) -> Offer:
    if path.is_dir():
        return Offer(f"{path.name}/", f"{opening}{path.name}/", ("a folder",), leads_on=True)
    try:
        facts = path.stat()
    except OSError as error:
        told = (error.strerror or str(error)).lower()
    else:
        when = datetime.fromtimestamp(facts.st_mtime).astimezone()
        told = f"{media_type(path.name)}, {facts.st_size:,} octets, of {when:%Y-%m-%d %H:%M}"
    return Offer(path.name, f"{opening}{path.name}", (told,))
