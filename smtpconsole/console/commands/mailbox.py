"""/mailbox"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from smtpconsole.console.answers import Answer, ConsoleError
from smtpconsole.console.arguments import NUMBER, TEXT
from smtpconsole.console.commands import command
from smtpconsole.console.console import Console
from smtpconsole.console.sandboxing import sandboxes, serverside
from smtpconsole.console.sandboxing.serverside import Row


@command
async def mailbox(
    console: Console,
    message: Annotated[int, NUMBER] = 0,
    *,
    part: Annotated[str, TEXT] = "",
    source: bool = False,
    delete: bool = False,
) -> None:
    """List what the sandbox has received, or open a message.

    /mailbox 2 shows the second message: its envelope, headers, parts and text.  --part 1.2 shows
    one of its parts, --source its octets as they came, --delete throws it away.  F7 has the same.
    """
    sandbox = console.sandbox
    if sandbox is None:
        raise sandboxes.none()
    if not message:
        newest = sandbox.mailbox.letters()[-1:]
        ways = tuple(f"/mailbox {each.number}" for each in newest)
        console.front.show(_answer(serverside.mailbox(sandbox), ways))
        return
    letter = sandbox.mailbox.letter(message)
    if letter is None:
        raise ConsoleError(f"there is no message {message}", next=("/mailbox",))
    if delete:
        sandbox.mailbox.delete(message)
        console.front.show(Answer(f"message {message} is gone", (), ("/mailbox",)))
    elif source:
        console.front.show(_answer(serverside.source(letter)))
    elif part:
        try:
            console.front.show(_answer(serverside.part(letter, part)))
        except KeyError as error:
            raise ConsoleError(
                f"message {message} has no part {part}", next=(f"/mailbox {message}",)
            ) from error
    else:
        ways = (f"/mailbox {message} --source", f"/mailbox {message} --delete")
        console.front.show(_answer(serverside.letter(letter), ways))


def _answer(rows: Iterable[Row], ways: tuple[str, ...] = ()) -> Answer:
    first, *rest = rows
    return Answer(first.text, tuple(row.text for row in rest), ways)
