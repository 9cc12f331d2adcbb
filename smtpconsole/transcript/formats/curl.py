"""Command lines for curl: the same session once more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import quote

from smtpconsole.smtp import content as octets
from smtpconsole.transcript import quoting
from smtpconsole.transcript.dialogue import talks
from smtpconsole.transcript.formats import About, export_format
from smtpconsole.transcript.formats.swaks import NO_SERVER
from smtpconsole.transcript.letters import Letter, Visit, visit
from smtpconsole.transcript.turns import Turn


@export_format("curl", "sh")
def curl(turns: Sequence[Turn], about: About) -> str:
    """Command lines for curl, one for each message; curl asks for the password."""
    lines = ["#!/bin/sh", *quoting.remarks([about.stamp])]
    for talk in talks(turns):
        told = visit(talk)
        lines += ["", *quoting.remarks(f"not said by curl: {each}" for each in told.others)]
        letters: list[Letter | None] = [*told.letters] or [None]
        for letter in letters:
            words = list(_arguments(told, letter))
            content = letter.content if letter is not None else None
            if content is None:
                lines.append(quoting.command(words))
            else:  # curl doubles the dots, and adds the last
                lines.append(quoting.piped(octets.canonical(content), words))
    return "".join(f"{line}\n" for line in lines)


def _arguments(told: Visit, letter: Letter | None) -> Iterator[str]:
    yield from ("curl", "--verbose", "--url", _url(told))
    if told.target is not None and told.target.path:
        yield from ("--unix-socket", told.target.path)
    if told.has_starttls:
        yield "--ssl-reqd"
    if told.login is not None:
        # Without a colon curl asks for the password; one in the name would begin it.
        yield from ("--user", (told.login.user or "USER").replace(":", "%3A"))
        if told.login.mechanism:
            yield from ("--login-options", f"AUTH={told.login.mechanism}")
    if letter is None:
        yield from ("--request", "NOOP")
        return
    yield from ("--mail-from", letter.sender)
    for each in letter.recipients:
        yield from ("--mail-rcpt", each)
    yield from ("--upload-file", "-") if letter.content is not None else ("--request", "NOOP")


def _url(told: Visit) -> str:
    target = told.target
    if target is None or target.is_local:
        return f"smtp://{NO_SERVER}/{_quoted(told.name)}"
    scheme = "smtps" if target.implicit_tls else "smtp"
    host = f"[{target.host}]" if ":" in target.host else _quoted(target.host)
    return f"{scheme}://{host}:{target.port}/{_quoted(told.name)}"


def _quoted(text: str) -> str:
    return quote(text, safe="", errors="surrogateescape")
