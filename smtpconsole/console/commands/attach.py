"""/attach"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from smtpconsole.composer.errors import DraftError
from smtpconsole.composer.parts import attached
from smtpconsole.console.answers import Answer, ConsoleError
from smtpconsole.console.arguments import PATH, TEXT
from smtpconsole.console.commands import command
from smtpconsole.console.console import Console
from smtpconsole.console.filenames import path_of


@command
async def attach(
    console: Console,
    file: Annotated[str, PATH] = "",
    *,
    type: Annotated[str, TEXT] = "",
    inline: Annotated[str, TEXT] = "",
    remove: bool = False,
) -> None:
    """Attach a file to the message in the composer, or list what is attached.

    --type says its media type where the name misleads; --inline gives it a Content-ID, by which
    the HTML shows it (cid:...); --remove takes the file of that name, or every file, away.
    """
    draft = console.draft
    if remove:
        kept = tuple(each for each in draft.attachments if file and each.name != file)
        console.draft = replace(draft, attachments=kept)
    elif file:
        try:
            found = attached(path_of(file), content_id=inline)
        except DraftError as error:
            raise ConsoleError(str(error)) from error
        found = replace(found, kind=type or found.kind)
        console.draft = replace(draft, attachments=(*draft.attachments, found))
    rows = [
        f"{each.name}  {each.kind}  {len(each.data):,} octets"
        + (f"  inline, cid:{each.content_id}" if each.is_inline else "")
        for each in console.draft.attachments
    ]
    console.front.show(Answer("attached" if rows else "nothing is attached", tuple(rows)))
