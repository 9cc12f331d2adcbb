"""A script of console lines that says the same again, and expects the same codes."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence

from smtpconsole.transcript import quoting
from smtpconsole.transcript.dialogue import talks
from smtpconsole.transcript.formats import About, export_format
from smtpconsole.transcript.steps import Close, Connect, Login, Message, Say, StartTls, Step, steps
from smtpconsole.transcript.turns import Turn

SUFFIX = "smtp"
STAMP = re.compile(r"# (?:smtpconsole \S+; |sha256 [0-9a-f]{64}$)")  # lines about the file
_VARIABLE = re.compile(r"\$(?=[A-Za-z_{$])")  # what would be read as one


@export_format("script", SUFFIX)
def script(turns: Sequence[Turn], about: About) -> str:
    """Console lines that say the same again and expect the same codes; passwords are asked for."""
    lines = list(quoting.remarks([about.stamp]))
    for talk in talks(turns):
        for step in steps(talk):
            lines += _lines(step)
    return "".join(f"{line}\n" for line in lines)


def _lines(step: Step) -> Iterator[str]:
    match step:
        case Connect(target, code, header):
            if target is not None:
                spelled = "".join(map(_spelled, header))
                option = f" --proxy-header {shlex.quote(f'raw:{spelled}')}" if header else ""
                yield f"/connect {quoting.plain(target.written)}{option}"
            yield from _expect(code)
        case StartTls(code):
            yield "STARTTLS"
            yield from _expect(code)
        case Login():
            yield from _login(step)
        case Message():
            yield "DATA"
            yield from _expect(step.code)
            if step.content is not None:
                yield from _content(step.said)
                yield from _expect(*step.codes)
        case Say(data, b"", codes):
            yield _raw(data, len(codes))  # typed, it would have consequences
            yield from _expect(*codes)
        case Say(data, _, codes):
            yield said(data, len(codes))
            yield from _expect(*codes)
        case Close():
            yield "/close"


def _login(step: Login) -> Iterator[str]:
    words = ["/login"]
    if step.user:
        words.append(quoting.plain(step.user))
    if step.mechanism:
        words.append(f"--mechanism {quoting.plain(step.mechanism)}")
    yield " ".join(words)
    yield from _expect(step.code)


def _expect(*codes: int | None) -> Iterator[str]:
    known = [code for code in codes if code is not None]
    if known:
        yield f"/expect {' '.join(str(code) if code >= 0 else 'none' for code in known)}"


def _content(data: bytes) -> Iterator[str]:
    *lines, rest = data.split(b"\r\n")
    for line in lines:
        yield said(line + b"\r\n", 0, in_content=True)
    if rest:
        yield _raw(rest, 0)


def said(data: bytes, replies: int, *, in_content: bool = False) -> str:
    """The console line that says these octets."""
    line = data.removesuffix(b"\r\n")
    text = line.decode("utf-8", "surrogateescape")
    is_typed = line != data and text.isprintable() and (in_content or text.strip() != "")
    if not is_typed or (not in_content and text[:1] in "?#"):
        return _raw(data, replies)
    text = _VARIABLE.sub("$$", text)
    return f"/{text}" if text.startswith("/") else text


def _raw(data: bytes, replies: int) -> str:
    told = "".join(_spelled(octet) for octet in data)
    option = "" if replies == 1 else f" --replies {replies}"
    dashes = told.startswith("--")  # which would be an option
    word = shlex.quote(f"\\x2d{told[1:]}" if dashes else told)
    return f"/raw {word}{option}"


_NAMED = {0x0D: r"\r", 0x0A: r"\n", 0x09: r"\t", 0x5C: r"\\"}


def _spelled(octet: int) -> str:
    if octet in _NAMED:
        return _NAMED[octet]
    return chr(octet) if 0x20 <= octet < 0x7F else f"\\x{octet:02x}"
