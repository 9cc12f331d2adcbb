"""Command lines for swaks: the same session once more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from smtpconsole.smtp import content as octets
from smtpconsole.transcript import quoting
from smtpconsole.transcript.dialogue import Talk, talks
from smtpconsole.transcript.formats import About, export_format
from smtpconsole.transcript.letters import Letter, Visit, visit
from smtpconsole.transcript.turns import Turn

NO_SERVER = "SERVER"  # where the transcript names none
_PROTOCOLS = {"HELO": "SMTP", "LHLO": "LMTP"}
_MECHANISMS = {"PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5", "NTLM"}
PASSWORD = "SWAKS_OPT_auth_password"


@export_format("swaks", "sh")
def swaks(turns: Sequence[Turn], about: About) -> str:
    """Command lines for swaks, one for each message; the password is asked for."""
    lines = ["#!/bin/sh", *quoting.remarks([about.stamp])]
    for talk in talks(turns):
        lines += ["", *command_lines(talk)]
    return "".join(f"{line}\n" for line in lines)


def command_lines(talk: Talk) -> Iterator[str]:
    """The commands for one connection, with what swaks cannot say as remarks."""
    told = visit(talk)
    yield from quoting.remarks(f"not said by swaks: {line}" for line in told.others)
    letters: list[Letter | None] = [*told.letters] or [None]
    for letter in letters:
        parameters = _parameters(letter) if letter is not None else []
        yield from quoting.remarks(f"not said by swaks: parameter {each}" for each in parameters)
        words = arguments(told, letter)
        content = letter.content if letter is not None else None
        if content is None:
            yield quoting.command(words)
            continue
        if told.login is not None:
            # Standard input is the message, so swaks cannot ask there.
            yield f': "${{{PASSWORD}:?set and export it, and swaks logs in with it}}"'
        yield quoting.piped(octets.stuffed(octets.canonical(content)), words)


def arguments(told: Visit, letter: Letter | None) -> list[str]:
    """The words of one command."""
    words = ["swaks", *_server(told)]
    if told.hello:
        words += ["--ehlo", _value(told.name)]
    if told.login is not None:
        words += [
            "--auth",
            *([told.login.mechanism] if told.login.mechanism in _MECHANISMS else []),
        ]
        words += ["--auth-user", _value(told.login.user or "USER")]
        if letter is None or letter.content is None:
            words.append("--protect-prompt")
    if letter is None:
        return [*words, "--quit-after", told.last if told.last != "DATA" else "AUTH"]
    words += ["--from", _value(letter.sender or "<>")]
    if letter.recipients:
        words += ["--to", _value(",".join(letter.recipients))]
    if letter.is_pipelined:
        words.append("--pipeline")
    if letter.content is not None:
        return [*words, "--no-data-fixup", "--data", "-"]
    return [*words, "--quit-after", "RCPT" if letter.recipients else "MAIL"]


def _server(told: Visit) -> Iterator[str]:
    target = told.target
    if target is None:
        yield from ("--server", NO_SERVER)
    elif target.path:
        yield from ("--socket", _value(target.path))
    elif target.command:
        yield from ("--pipe", _value(target.command))
    elif target.mx:
        yield from ("--copy-routing", _value(target.host))
    else:
        yield from ("--server", _value(target.host), "--port", str(target.port))
    if told.hello in _PROTOCOLS:
        yield from ("--protocol", _PROTOCOLS[told.hello])
    if target is not None and target.implicit_tls:
        yield "--tls-on-connect"
    elif told.has_starttls:
        yield "--tls"


def _value(text: str) -> str:
    """A value that swaks takes for itself: not an option, a file or standard input."""
    if text.startswith("@"):
        return f"@{text}"
    return f"<{text}>" if text.startswith("-") else text


def _parameters(letter: Letter) -> list[str]:
    both = [*letter.mail_parameters, *(each for some in letter.rcpt_parameters for each in some)]
    return list(dict.fromkeys(both))
