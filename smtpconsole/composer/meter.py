"""A draft against what the server offers: how large, how long, what it needs, what to mind."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from smtpconsole.composer.draft import Draft
from smtpconsole.composer.lint import Content, Remark, lint
from smtpconsole.smtp import addresses
from smtpconsole.smtp.capabilities import Capabilities

_MOST_RECIPIENTS = 100  # that every server must take (RFC 5321, 4.5.3.1.8)
_FALSE_END = re.compile(rb"(?<!\r)\n\.(?=\r|\n)|\r\n\.(?=\n)|\r\.(?=\r)")
_SIGNER = re.compile(rb"[;\s]d\s*=\s*([^;\s]+)")


@dataclass(frozen=True, slots=True)
class Measure:
    """What a message weighs, and everything there is to say about it."""

    octets: int  # as SIZE counts them: dots are not doubled (RFC 1870, 3)
    on_the_wire: int  # as DATA sends them, with the final dot
    longest_line: int
    is_8bit: bool
    needs_utf8: bool
    limit: int | None  # the server's SIZE
    recipients: int
    remarks: tuple[Remark, ...]

    def __str__(self) -> str:
        size = f"{self.octets:,} octets" + (f" of {self.limit:,}" if self.limit else "")
        people = "1 recipient" if self.recipients == 1 else f"{self.recipients} recipients"
        parts = [size, f"longest line {self.longest_line:,}", "8-bit" if self.is_8bit else "7-bit"]
        count = sum(remark.severity != "info" for remark in self.remarks)
        told = {0: "nothing to remark", 1: "1 remark"}.get(count, f"{count} remarks")
        return " · ".join([*parts, people, told])


@dataclass(frozen=True, slots=True)
class _Subject:
    draft: Draft
    content: Content
    size: int
    known: Capabilities


_Check = Callable[[_Subject], Iterator[Remark]]


def measure(draft: Draft, octets: bytes, known: Capabilities) -> Measure:
    """Measure the octets of a draft (`Draft.to_bytes`) for a server that offers `known`."""
    content = Content(octets)
    size = len(octets) + draft.filler
    subject = _Subject(draft, content, size, known)
    remarks = [*(remark for check in _CHECKS for remark in check(subject)), *lint(octets)]
    return Measure(
        octets=size,
        on_the_wire=size + _doubled(draft, content) + len(b".\r\n"),
        longest_line=content.longest_line,
        is_8bit=content.is_8bit,
        needs_utf8=draft.needs_utf8 or not content.head.isascii(),
        limit=known.size,
        recipients=len(draft.recipients),
        remarks=tuple(sorted(remarks, key=lambda each: _ORDER[each.severity])),
    )


def _doubled(draft: Draft, content: Content) -> int:
    """Dots that are doubled on the way."""
    if not draft.bare_dots:
        return content.dots
    return content.octets.startswith(b".") + content.octets.count(b"\r\n.")


_ORDER = {"error": 0, "warning": 1, "info": 2}


def _size(subject: _Subject) -> Iterator[Remark]:
    limit = subject.known.size
    if limit is not None and subject.size > limit:
        text = f"{subject.size:,} octets are more than the {limit:,} that the server takes"
        yield Remark("error", "over-size", text, "RFC 1870 6.1")


def _needs(subject: _Subject) -> Iterator[Remark]:
    known = subject.known
    if not known.keywords:  # no EHLO yet: nothing can be said about what is offered
        return
    if subject.content.is_8bit and "8BITMIME" not in known:
        text = "the message has octets beyond ASCII, and the server does not offer 8BITMIME"
        yield Remark("warning", "8bitmime-not-offered", text, "RFC 6152 3")
    if subject.draft.needs_utf8 and "SMTPUTF8" not in known:
        text = "an address is not ASCII, and the server does not offer SMTPUTF8"
        yield Remark("error", "smtputf8-not-offered", text, "RFC 6531 3.2")


def _recipients(subject: _Subject) -> Iterator[Remark]:
    count = len(subject.draft.recipients)
    limits = (subject.known.parameters("LIMITS") or "").upper()
    found = re.search(r"\bRCPTMAX=(\d+)", limits)
    most, section = (int(found[1]), "RFC 9422 4.2") if found else (_MOST_RECIPIENTS, "")
    if count > most:
        told = "that the server takes" if found else "that every server must take"
        text = f"{count} recipients are more than the {most} {told} at a time"
        yield Remark("warning", "many-recipients", text, section or "RFC 5321 4.5.3.1.8")


def _alignment(subject: _Subject) -> Iterator[Remark]:
    draft, content = subject.draft, subject.content
    shown = {addresses.domain(each) for each in content.addresses("from")}
    envelope = addresses.domain(draft.sender)
    if envelope and shown and envelope not in shown:
        text = f"From is of {_few(shown)}, the envelope of {envelope}: SPF does not align"
        yield Remark("info", "from-not-aligned", text, "RFC 9989")
    signers = {
        found[1].decode("ascii", "replace").lower()
        for value in content.values("dkim-signature")
        if (found := _SIGNER.search(b";" + value))
    }
    if signers and shown and not signers & shown:
        text = f"the signature is of {_few(signers)}, From of {_few(shown)}"
        yield Remark("warning", "dkim-not-aligned", text, "RFC 9989")


def _visible_recipients(subject: _Subject) -> Iterator[Remark]:
    named = {each.lower() for each in subject.content.addresses("to", "cc", "bcc")}
    said = {each.lower() for each in subject.draft.recipients}
    if hidden := said - named:
        text = f"no header names {_few(hidden)}: a blind copy"
        yield Remark("info", "blind-copy", text, "RFC 5322 3.6.3")
    if missing := named - said:
        text = f"the headers name {_few(missing)}, but the envelope does not: they get nothing"
        yield Remark("info", "not-in-envelope", text, "RFC 5321 B")


def _bare_dots(subject: _Subject) -> Iterator[Remark]:
    if subject.draft.bare_dots and (count := len(_FALSE_END.findall(subject.content.octets))):
        text = f"{count} lone dots stand between bare line ends, and go out single: some servers"
        text += " end the message there, and take the rest for commands"
        yield Remark("warning", "false-end", text, "RFC 5321 4.1.1.4")


def _growth(subject: _Subject) -> Iterator[Remark]:
    files = sum(len(each.data) for each in subject.draft.attachments)
    if files and subject.draft.source is None:
        text = f"{files:,} octets of attachments grow to {files * 78 // 57:,} in base64"
        yield Remark("info", "base64-growth", text, "RFC 2045 6.8")


_CHECKS: tuple[_Check, ...] = (
    *(_size, _needs, _recipients, _alignment, _visible_recipients, _bare_dots, _growth),
)


def _few(names: set[str]) -> str:
    first, *rest = sorted(names)
    return f"{first} and {len(rest)} more" if rest else first
