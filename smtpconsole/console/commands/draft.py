"""/draft"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from smtpconsole.composer import files
from smtpconsole.composer.drafts import load_draft, save_draft
from smtpconsole.composer.errors import DraftError
from smtpconsole.composer.fields import FIELDS, HEADERS
from smtpconsole.composer.messages import fresh
from smtpconsole.composer.tokens import About
from smtpconsole.composer.tree import opened, tree
from smtpconsole.console.answers import Answer, ConsoleError
from smtpconsole.console.arguments import NUMBER, PATH, WORDS, choice, is_number
from smtpconsole.console.commands import command
from smtpconsole.console.composing.drafting import measured, notes, octets, restored
from smtpconsole.console.console import Console
from smtpconsole.console.filenames import path_of
from smtpconsole.console.paths import template_folder
from smtpconsole.visible import octets as plain

_SHOWN = 16 * 1024  # octets of a part
_NAMES = ("show", "new", "open", "save", "template", "part", "fields", "set", "restore")


@command
async def draft(
    console: Console,
    action: Annotated[str, choice(*_NAMES)] = "show",
    file: Annotated[str, PATH] = "",
    value: Annotated[str, WORDS] = "",
    *,
    number: Annotated[int, NUMBER] = 1,
) -> None:
    """Show the message in the composer, or begin, open or save one.

    open reads .eml, mbox (--number says which of its messages) and .json, which is a draft as
    save keeps it; save writes .eml as it would be sent, .mbox at the end of one, and .json.
    template fills in one of your own, by name or file.  part shows a part by its number in the
    MIME tree, such as 1.2, decoded.  fields leaves the source, and goes back to the fields.  set
    writes a field by its name: sender <>, recipients, mail-parameters RET=HDRS, rcpt-parameters,
    a header such as reply-to, charset, encoding, format, dots.  restore brings a message back
    that was written and not sent, the last one, or that of a number.
    """
    if action == "set":
        _set(console, file, value)
    if action == "part":
        console.front.show(_part(console, file or "1"))
        return
    try:
        told = _ACTIONS[action](console, file, number)
    except DraftError as error:
        raise ConsoleError(str(error)) from error
    lines = [str(measured(console))] if console.draft.recipients else []
    differ = [f"≠ {each.text}" for each in notes(console)]
    lines += [*differ, *_remarks(console), *_parts(console)]
    console.front.show(Answer(told, tuple(lines), ("/rehearse",)))


def _remarks(console: Console) -> list[str]:
    if not console.draft.recipients:
        return ["it has no recipient yet: /send ADDRESS names one"]
    return [
        f"{_MARKS[each.severity]} {each.text}  {each.section}  ({each.code})"
        for each in measured(console).remarks
    ]


_MARKS = {"error": "!", "warning": "*", "info": "-"}


def _parts(console: Console) -> list[str]:
    if not console.draft.recipients:
        return []
    parts = tree(octets(console))
    if len(parts) < 2:
        return []
    return [f"{'  ' * part.depth}{part.number}  {part}" for part in parts]


def _show(console: Console, file: str, number: int) -> str:
    return f"the message in the composer: {console.draft.subject or 'without subject'}"


def _new(console: Console, file: str, number: int) -> str:
    console.draft = fresh(console.draft)
    return "the composer is empty"


def _open(console: Console, file: str, number: int) -> str:
    path = _path(file)
    if path.suffix == ".json":
        console.draft = load_draft(path)
    elif path.suffix in ("", ".mbox"):
        found = files.read_mbox(path, console.draft)
        if not 1 <= number <= len(found):
            raise DraftError(f"{path} holds {len(found)} messages; --number says which")
        console.draft = found[number - 1]
    else:
        console.draft = files.read_eml(path, console.draft)
    return f"{path} is in the composer"


def _save(console: Console, file: str, number: int) -> str:
    path = _path(file)
    if path.suffix == ".json":
        save_draft(console.draft, path)
    elif path.suffix == ".mbox":
        files.append_mbox(octets(console), path)
    else:
        files.write_eml(octets(console), path)
    return f"saved as {path.resolve()}"


def _template(console: Console, file: str, number: int) -> str:
    folder = template_folder()
    known = files.templates(folder)
    if not file:
        names = ", ".join(known) or "none"
        raise ConsoleError(f"your templates: {names}", f"they are the .eml files in {folder}")
    journal = console.journal.path
    about = About(
        console.draft,
        console.now(),
        session=journal.stem if journal is not None else "",
        server=str(console.target or ""),
    )
    console.draft = files.read_template(known.get(file, path_of(file)), about)
    return f"{file} is in the composer, its tokens filled in"


def _path(file: str) -> Path:
    if not file:
        raise ConsoleError("which file?", "name one that ends in .eml, .mbox or .json")
    return path_of(file)


def _restore(console: Console, file: str, number: int) -> str:
    return restored(console, int(file) if is_number(file) else number)


def _set(console: Console, name: str, text: str) -> None:
    field = FIELDS.get(name.lower())
    if field is None:
        raise ConsoleError(f"there is no field {name!r}", f"there are {', '.join(FIELDS)}")
    if field.choices and text not in field.choices:
        raise ConsoleError(f"{name} is one of: {', '.join(field.choices)}")
    if field in HEADERS and console.draft.source is not None:
        raise ConsoleError("the message is a source; its headers are written there")
    console.draft = field.written(console.draft, text)


def _fields(console: Console, file: str, number: int) -> str:
    if console.draft.source is None:
        raise ConsoleError("the message is made of its fields already")
    console.draft = replace(console.draft, source=None)
    return "the source is gone, and the message is made of its fields"


def _part(console: Console, number: str) -> Answer:
    """A part as a reader would have it, its transfer encoding undone."""
    message = octets(console)
    known = {part.number: part for part in tree(message)}
    if number not in known:
        raise ConsoleError(f"there is no part {number}", f"there are {', '.join(known)}")
    data = opened(message, number)
    is_text = known[number].kind.startswith("text/") or known[number].kind == "message/rfc822"
    lines = data[:_SHOWN].decode("utf-8", "replace").splitlines() if is_text else dumped(data)
    more = len(data) > _SHOWN
    rest = (f"... {len(data) - _SHOWN:,} octets more",) if more else ()
    return Answer(f"part {number}: {known[number]}", (*lines, *rest))


def dumped(data: bytes) -> list[str]:
    """Octets in rows of sixteen, with their characters."""
    rows = range(0, min(len(data), _SHOWN // 8), 16)
    return [
        f"{at:04x}  {data[at : at + 16].hex(' '):47}  {plain(data[at : at + 16])}" for at in rows
    ]


_ACTIONS: dict[str, Callable[[Console, str, int], str]] = {
    "show": _show,
    "new": _new,
    "open": _open,
    "save": _save,
    "template": _template,
    "fields": _fields,
    "set": _show,
    "restore": _restore,
}
