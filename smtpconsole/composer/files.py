"""Messages out of files and into them: `.eml`, mbox and templates.

A message that was read is a source: what is sent is what the file holds, but for line ends, which
files of this platform have otherwise than the wire.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, TypeVar

from smtpconsole.composer.draft import Draft
from smtpconsole.composer.errors import DraftError
from smtpconsole.composer.lint import Content
from smtpconsole.composer.parts import LARGEST
from smtpconsole.composer.tokens import About, filled
from smtpconsole.smtp import content

T = TypeVar("T")
_PIECE = 1024 * 1024  # octets


def read_eml(path: Path, draft: Draft) -> Draft:
    """A message out of a file, in the envelope of its headers where they name one."""
    return received(read(path, "message"), draft)


def read_mbox(path: Path, draft: Draft) -> list[Draft]:
    """The messages of an mbox, each as `read_eml` gives it; DraftError if there is none."""
    read(path, "mailbox", most=1)
    import mailbox

    box = mailbox.mbox(path, create=False)
    try:
        found = [received(box.get_bytes(key), draft) for key in box.keys()]  # noqa: SIM118
    finally:
        box.close()
    if not found:
        raise DraftError(f"{path} holds no message that begins with a line 'From '")
    return found


def received(data: bytes, draft: Draft) -> Draft:
    """Octets as a draft; the envelope is its headers', and else that of the draft given."""
    if data.count(b"\n") != data.count(b"\r\n") and b"\r\n" not in data:
        data = content.canonical(data)  # a text file of this platform
    head = Content(data)
    sender = _addresses(head, "sender") or _addresses(head, "from") or [draft.sender]
    recipients = [each for name in ("to", "cc", "bcc") for each in _addresses(head, name)]
    said = set(draft.recipients) - set(draft.unsaid)
    found = tuple(dict.fromkeys(recipients)) or draft.recipients
    return Draft(
        sender[0],
        found,
        draft.mail_parameters,
        draft.rcpt_parameters,
        source=data,
        unsaid=tuple(each for each in found if each not in said),
    )


def _addresses(head: Content, name: str) -> list[str]:
    # The email package is of no use to somebody who only looks at a server.
    from email.utils import getaddresses

    values = [value.decode("utf-8", "replace") for value in head.values(name)]
    try:
        return [address for _, address in getaddresses(values) if "@" in address]
    except RecursionError:  # comments in comments, of which nobody wrote a thousand
        return []


def write_eml(octets: bytes, path: Path) -> None:
    """The message as a file of its own; DraftError if there is one already."""

    def write() -> None:
        with path.open("xb") as file:
            file.write(octets)

    kept(write, path)


def append_mbox(octets: bytes, path: Path) -> None:
    """The message at the end of an mbox, which is made if it is not there."""
    import mailbox

    def append() -> None:
        box = mailbox.mbox(path)
        try:
            box.add(octets.replace(b"\r\n", b"\n"))
        finally:
            box.close()

    kept(append, path)


def read_template(path: Path, about: About) -> Draft:
    """A message with tokens, filled in for the draft it is used for."""
    text = read(path, "template").decode("utf-8", "surrogateescape")
    octets = filled(text, about).encode("utf-8", "surrogateescape")
    return replace(received(octets, about.draft), sender=about.draft.sender)


def templates(folder: Path) -> dict[str, Path]:
    """The templates of a folder by their names; none if there is no such folder."""
    return {path.stem: path for path in sorted(folder.glob("*.eml"))}


def read(path: Path, what: str, *, most: int = LARGEST) -> bytes:
    """The octets of a file; DraftError if it cannot be had."""
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size > LARGEST:
                raise DraftError(f"{path} has {size:,} octets, more than {LARGEST:,} can be opened")
            return b"".join(_pieces(file, most))
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise DraftError(f"{path} cannot be read as a {what}: {why}") from error


def _pieces(file: BinaryIO, most: int) -> Iterator[bytes]:
    """Python makes room for all that it is asked to read, however little there is."""
    while most and (piece := file.read(min(most, _PIECE))):
        most -= len(piece)
        yield piece


def kept(write: Callable[[], T], path: Path) -> T:
    """Do what writes a file; DraftError if it cannot be done."""
    try:
        return write()
    except FileExistsError as error:
        raise DraftError(f"{path} is there already; name another file") from error
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise DraftError(f"{path} cannot be written: {why}") from error
