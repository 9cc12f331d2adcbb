"""Command lines for `openssl s_client`, which shakes hands and then says what it is given."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from smtpconsole.smtp import content as octets
from smtpconsole.transcript import quoting
from smtpconsole.transcript.dialogue import Talk, talks
from smtpconsole.transcript.formats import About, export_format
from smtpconsole.transcript.formats.swaks import NO_SERVER
from smtpconsole.transcript.letters import visit
from smtpconsole.transcript.steps import Connect, Login, Message, Say, StartTls, Step, steps
from smtpconsole.transcript.turns import Turn

_HELLO = re.compile(rb"\s*(?:EHLO|LHLO)\b", re.IGNORECASE)


@export_format("openssl", "sh")
def openssl(turns: Sequence[Turn], about: About) -> str:
    """Command lines for openssl s_client, which says what was said, a second after each other."""
    lines = ["#!/bin/sh", *quoting.remarks([about.stamp])]
    for talk in talks(turns):
        lines += ["", *_connection(talk)]
    return "".join(f"{line}\n" for line in lines)


def _connection(talk: Talk) -> Iterator[str]:
    told = visit(talk)
    target = told.target
    host = target.host if target is not None and target.host else NO_SERVER
    port = target.port if target is not None and target.port else 25
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    # -quiet: else a line that begins with R renegotiates, and one with Q quits.
    words = ["openssl", "s_client", "-quiet", "-connect", where]
    if re.search("[a-z]", host, re.IGNORECASE) and ":" not in host:
        words += ["-servername", host]
    said = steps(talk)
    if target is None or not target.implicit_tls:
        words += ["-starttls", "lmtp" if told.hello == "LHLO" else "smtp"]
        words += ["-name", told.name or "localhost"]
        if not told.has_starttls:
            yield "# This session had no TLS; openssl cannot do without."
        said = _behind_tls(said)
    yield "{"
    yield "    sleep 1"
    for step in said:
        yield from (f"    {line}" for line in _said(step))
    yield "} |"
    yield quoting.command(words)


def _behind_tls(said: list[Step]) -> list[Step]:
    """What is left to be said: openssl itself says EHLO and STARTTLS first."""
    for at, step in enumerate(said):
        if isinstance(step, StartTls):
            return said[at + 1 :]
    return [step for step in said if not isinstance(step, Say) or not _HELLO.match(step.data)]


def _said(step: Step) -> Iterator[str]:
    match step:
        case Say(data):
            yield from _printed(data)
        case Message(_, content):
            yield from _printed(b"DATA\r\n")
            if content is not None:
                yield from _printed(octets.stuffed(octets.canonical(content)))
        case Login(mechanism, user):
            yield from quoting.remarks([f"here {user or 'somebody'} logged in with {mechanism}"])
        case Connect() | StartTls():
            return


def _printed(data: bytes) -> Iterator[str]:
    lines = list(quoting.printed(data))
    if lines:
        yield " \\\n    ".join(lines)
        yield "sleep 1"
