"""The mail transactions of a connection, for tools that know of nothing smaller."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from smtpconsole.smtp.events import Target
from smtpconsole.transcript.dialogue import Talk
from smtpconsole.transcript.steps import Connect, Login, Message, Say, StartTls, Step, steps

_PATH = re.compile(
    r"\s*(?:MAIL FROM|RCPT TO):\s*<(?P<path>(?:\"[^\"]*\"|[^>\"])*)>(?P<rest>.*)", re.I
)
_NAME = re.compile(r"\s*(EHLO|HELO|LHLO)(?:\s+(.*))?", re.IGNORECASE | re.DOTALL)


@dataclass(slots=True)
class Letter:
    """An envelope, and the message if it was sent."""

    sender: str
    mail_parameters: tuple[str, ...] = ()
    recipients: list[str] = field(default_factory=list)
    rcpt_parameters: list[tuple[str, ...]] = field(default_factory=list)
    content: bytes | None = None
    is_pipelined: bool = False
    group: int = 0


@dataclass(slots=True)
class Visit:
    """What the client wanted of a server."""

    target: Target | None = None
    hello: str = ""  # EHLO, HELO or LHLO; "" if none was said
    name: str = ""
    has_starttls: bool = False
    login: Login | None = None
    letters: list[Letter] = field(default_factory=list)
    others: list[str] = field(default_factory=list)  # commands with no place above
    last: str = "CONNECT"  # how far it came


def visit(talk: Talk) -> Visit:
    """A connection told as what it was for."""
    told = Visit()
    for step in steps(talk):
        _add(told, step)
    return told


def _add(told: Visit, step: Step) -> None:
    match step:
        case Connect(target):
            told.target = target
        case StartTls():
            told.has_starttls, told.last = True, "TLS"
        case Login():
            told.login, told.last = step, "AUTH"
        case Message():
            _message(told, step)
        case Say():
            _said(told, step)


def _message(told: Visit, step: Message) -> None:
    if told.letters:
        told.letters[-1].content = step.content
        told.last = "DATA"


def _said(told: Visit, step: Say) -> None:
    line = step.line
    if (found := _NAME.fullmatch(line)) is not None:
        told.hello, told.name = found[1].upper(), (found[2] or "").strip()
        told.last = told.last if told.last in ("TLS", "AUTH") else "EHLO"
        return
    path = _PATH.fullmatch(line)
    if step.verb == b"MAIL" and path is not None:
        told.letters.append(Letter(path["path"], tuple(path["rest"].split()), group=step.group))
        told.last = "MAIL"
    elif step.verb == b"RCPT" and path is not None and told.letters:
        letter = told.letters[-1]
        letter.recipients.append(path["path"])
        letter.rcpt_parameters.append(tuple(path["rest"].split()))
        letter.is_pipelined = letter.is_pipelined or letter.group == step.group
        told.last = "RCPT"
    elif step.verb == b"BDAT" and told.letters:
        letter = told.letters[-1]
        _, _, chunk = step.data.partition(b"\r\n")
        letter.content = (letter.content or b"") + chunk
        told.last = "DATA"
    elif step.verb != b"QUIT":
        told.others.append(line.split("\r\n", 1)[0])
