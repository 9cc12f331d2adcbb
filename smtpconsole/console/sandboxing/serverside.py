"""The sandbox's side in rows: what `/mailbox` and `/sandbox diary` say, and what its pane shows.

Everything in it is a client's word, and as it came: whoever shows it makes it visible.
"""

from __future__ import annotations

import email.parser
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email.utils import getaddresses
from typing import TYPE_CHECKING, Literal

from smtpconsole.composer import tree
from smtpconsole.visible import octets, visible

if TYPE_CHECKING:
    from smtpconsole.sandbox import Letter as Letter  # for faces, too
    from smtpconsole.sandbox import Sandbox as Sandbox
    from smtpconsole.sandbox.diary import Note

Role = Literal["text", "title", "good", "error", "warning", "muted"]

LINES = 400  # of a message that are shown, or of the list of messages
NOTES = 400  # that are shown, the last ones
_LONGEST = 2000  # octets or characters of a line
_PREVIEW = 2000  # octets of what is no text
_GUTTER = " " * 13  # a time and a mark


@dataclass(frozen=True, slots=True)
class Row:
    """A line, as long as it is; what does not fit continues at column `indent`."""

    text: str
    role: Role = "text"
    indent: int = 0
    opens: str = ""  # "letter 3", "part 1.2", "source", or a line to enter


# --- its side of the talk ---------------------------------------------------------------------


def state(sandbox: Sandbox) -> Iterator[Row]:
    """Where it listens, what is on, what it has."""
    if not sandbox.is_running:
        yield Row("the sandbox has ended", "title")
        return
    others = [f"{name} {port}" for name, port in sandbox.ports.items() if name != "smtp"]
    yield Row(f"localhost:{sandbox.port}  " + "  ".join(others), "title", 2, "/sandbox show")
    on = sandbox.faults.on
    for fault in on:
        yield Row(f"*** fault {fault.written}: {fault.title}", "warning", 4, f"/fault {fault.name}")
    if not on:
        yield Row("no fault is on; /fault has them", "muted", 2, "/fault")


def talk(notes: Iterable[Note]) -> Iterator[Row]:
    """What was said to it, and what it made of that, in the marks of the wire."""
    peer = second = ""
    for note in notes:
        if note.peer != peer:
            peer = note.peer
            yield Row(f"         === {peer}", "muted", 13)
        time = f"{note.at.astimezone():%H:%M:%S}"
        shown, second = (time if time != second else ""), time
        kind, _, about = note.about.partition(" ")
        yield from _noted(note, kind, about, f"{shown:8} ")


def _noted(note: Note, kind: str, about: str, time: str) -> Iterator[Row]:
    match kind:
        case "said":
            yield Row(f"{time} -> {note.what}", "text", 13)
        case "reply":
            text = note.what.removeprefix("answered ")
            yield Row(f"{time}<-  {text}", "warning", 13, f"?{about}")
        case "fault":
            yield Row(f"{time}*** {note.what}", "error", 13, f"/fault {about}")
        case "letter":
            yield Row(f"{time}=== {note.what}, {note.why}", "good", 13, note.about)
            return
        case _:
            yield Row(f"{time}=== {note.what}", "muted", 13)
    if note.why:
        yield Row(f"{_GUTTER}{note.why}", "muted", 13)


# --- its mailbox ------------------------------------------------------------------------------


def mailbox(sandbox: Sandbox) -> Iterator[Row]:
    """What has arrived, the newest first."""
    letters = sandbox.mailbox.letters()
    yield Row(counted(len(letters)), "title")
    for letter in letters[: -LINES - 1 : -1]:
        opens = f"letter {letter.number}"
        time = f"{letter.received.astimezone():%H:%M:%S}"
        subject = _cut(letter.subject) or "(no subject)"
        yield Row(f"{letter.number:>3}  {subject}", "text", 5, opens)
        people = f"{letter.sender or '<>'} to {_few(letter.recipients)}"
        yield Row(f"     {time} {people}", "muted", 5, opens)
    yield from _rest(len(letters), "messages")


def counted(count: int) -> str:
    """How many messages there are."""
    return f"{count or 'no'} message{'' if count == 1 else 's'} in its mailbox"


def letter(found: Letter) -> Iterator[Row]:
    """A message: envelope, headers, parts, text."""
    time = f"{found.received.astimezone():%H:%M:%S}"
    yield Row(f"message {found.number}, {time}, {len(found.content):,} octets", "title")
    yield from _envelope(found)
    yield Row("")
    yield Row("headers", "title")
    yield from _headers(found.content)
    yield Row("")
    yield Row("parts", "title")
    for part in tree.tree(found.content):
        indent = "  " * part.depth
        yield Row(f"  {indent}{part.number}  {part}", "text", 6, f"part {part.number}")
    yield Row("  the source, octet by octet", "muted", 4, "source")
    yield Row("")
    yield Row("text", "title")
    yield from _lines(tree.text_of(found.content))


def _envelope(found: Letter) -> Iterator[Row]:
    yield Row("envelope", "title")
    options = " ".join(found.mail_options)
    yield Row(f"  from  <{found.sender}> {options}".rstrip(), "text", 8)
    given = found.rcpt_options or ((),) * len(found.recipients)
    for address, wishes in list(zip(found.recipients, given, strict=True))[:LINES]:
        yield Row(f"  to    <{address}> {' '.join(wishes)}".rstrip(), "text", 8)
    yield from _rest(len(found.recipients), "recipients")
    where = _few(tuple(dict.fromkeys(found.mailboxes))) or "nobody"
    kept = f"{where}; kept here, never sent on" if found.relayed else where
    yield Row(f"  for   {kept}", "text", 8)
    under = "under TLS" if found.tls else "in the clear"
    user = f"logged in as {found.user}" if found.user else "not logged in"
    yield Row(f"  by    {found.helo} at {found.peer}, {under}, {user}", "muted", 8)
    yield from _differences(found)


def _differences(found: Letter) -> Iterator[Row]:
    """Where a reader sees other people than the envelope had (RFC 5321, 3.7.1; 5322, 3.6.2)."""
    headers = email.parser.BytesHeaderParser().parsebytes(found.content)
    writers = _addresses(headers.get_all("From", ()))
    if writers and found.sender not in writers:
        yield Row(f"  ! the header From says {_few(writers)}", "warning", 4)
    readers = _addresses([*headers.get_all("To", ()), *headers.get_all("Cc", ())])
    unseen = tuple(each for each in found.recipients if each not in readers)
    if unseen:
        yield Row(f"  ! no header To or Cc names {_few(unseen)}", "warning", 4)


def _addresses(fields: Iterable[object]) -> tuple[str, ...]:
    try:
        return tuple(found for _, found in getaddresses([str(field) for field in fields]) if found)
    except RecursionError:  # comments in comments, of which no reader shows a thousand
        return ()


def _headers(content: bytes) -> Iterator[Row]:
    """The header section as it came, folded where it was."""
    head, blank, _ = content.partition(b"\r\n\r\n")
    lines = head.removeprefix(b"\r\n").split(b"\r\n") if blank or b":" in head else []
    if not lines or lines == [b""]:
        yield Row("  none", "muted")
    for line in lines[:LINES]:
        yield Row(f"  {visible(line[:_LONGEST])}", "text", 6)
    yield from _rest(len(lines))


def part(found: Letter, number: str) -> Iterator[Row]:
    """One part, decoded; KeyError if there is none of the number."""
    what = {each.number: each for each in tree.tree(found.content)}[number]
    yield Row(f"part {number} of message {found.number}: {what}", "title", 2)
    yield Row("")
    data = tree.opened(found.content, number)
    if what.is_multipart:
        yield Row("  it holds other parts, and nothing of its own", "muted")
    elif what.kind.startswith(("text/", "message/")):
        yield from _lines(_decoded(data, what.charset))
    else:
        yield Row(f"  {octets(data[:_PREVIEW])}", "text", 2)
        if len(data) > _PREVIEW:
            yield Row(f"  and {len(data) - _PREVIEW:,} octets more", "muted")


def source(found: Letter) -> Iterator[Row]:
    """The octets as they came, a line each; only CR LF ends one."""
    yield Row(f"source of message {found.number}", "title")
    lines = found.content.split(b"\r\n")
    if lines[-1] == b"":
        lines.pop()
    for number, line in enumerate(lines[:LINES], 1):
        more = f" and {len(line) - _LONGEST:,} octets more" if len(line) > _LONGEST else ""
        yield Row(f"{number:>4}  {octets(line[:_LONGEST])}{more}", "text", 6)
    yield from _rest(len(lines))


def _decoded(data: bytes, charset: str) -> str:
    try:
        return data.decode(charset or "utf-8", "surrogateescape")
    except (LookupError, ValueError):
        return data.decode("utf-8", "surrogateescape")


def _lines(text: str) -> Iterator[Row]:
    lines = text.replace("\r\n", "\n").removesuffix("\n").split("\n")
    if lines == [""]:
        yield Row("  none", "muted")
        return
    for line in lines[:LINES]:
        yield Row(f"  {_cut(line)}", "text", 2)
    yield from _rest(len(lines))


def _rest(count: int, what: str = "lines") -> Iterator[Row]:
    if count > LINES:
        yield Row(f"  and {count - LINES:,} {what} more", "muted")


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _few(people: tuple[str, ...]) -> str:
    first = ", ".join(people[:3])
    return first if len(people) <= 3 else f"{first} and {len(people) - 3} more"
