"""/draft"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from smtpconsole.composer import files
from smtpconsole.composer.drafts import load_draft, save_draft
from smtpconsole.composer.errors import DraftError
from smtpconsole.composer.messages import fresh
from smtpconsole.composer.tokens import About
from smtpconsole.composer.tree import tree
from smtpconsole.console.answers import Answer, ConsoleError
from smtpconsole.console.arguments import NUMBER, PATH, choice
from smtpconsole.console.commands import command
from smtpconsole.console.console import Console
from smtpconsole.console.drafting import measured, octets
from smtpconsole.console.paths import template_folder


@command
async def draft(
    console: Console,
    action: Annotated[str, choice("show", "new", "open", "save", "template")] = "show",
    file: Annotated[str, PATH] = "",
    *,
    number: Annotated[int, NUMBER] = 1,
) -> None:
    """Show the message in the composer, or begin, open or save one.

    open reads .eml, mbox (--number says which of its messages) and .json, which is a draft as
    save keeps it; save writes .eml as it would be sent, .mbox at the end of one, and .json.
    template fills in one of your own, by name or file.
    """
    try:
        told = _ACTIONS[action](console, file, number)
    except DraftError as error:
        raise ConsoleError(str(error)) from error
    lines = [str(measured(console))] if console.draft.recipients else []
    console.front.show(Answer(told, (*lines, *_remarks(console), *_parts(console)), ("/rehearse",)))


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
    console.draft = files.read_template(known.get(file, Path(file).expanduser()), about)
    return f"{file} is in the composer, its tokens filled in"


def _path(file: str) -> Path:
    if not file:
        raise ConsoleError("which file?", "name one that ends in .eml, .mbox or .json")
    return Path(file).expanduser()


_ACTIONS: dict[str, Callable[[Console, str, int], str]] = {
    "show": _show,
    "new": _new,
    "open": _open,
    "save": _save,
    "template": _template,
}
