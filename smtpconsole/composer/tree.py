"""The MIME tree of a message, as a reader would take it apart; each part can be opened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from email.message import Message


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a message."""

    number: str  # "1.2" is the second part of the first
    depth: int
    kind: str
    name: str
    encoding: str
    octets: int  # decoded
    defects: tuple[str, ...]
    charset: str = ""

    def __str__(self) -> str:
        told = [self.kind, f"{self.octets:,} octets" if not self.is_multipart else "", self.name]
        if self.encoding and self.encoding not in ("7bit", "8bit", "binary"):
            told.append(self.encoding)
        return "  ".join(text for text in (*told, *self.defects) if text)

    @property
    def is_multipart(self) -> bool:
        """It holds others."""
        return self.kind.startswith("multipart/")


def tree(octets: bytes) -> list[Part]:
    """Every part, in the order of the message; total, whatever the octets are."""
    return [_part(number, part) for number, part in _walk(octets)]


def opened(octets: bytes, number: str) -> bytes:
    """The decoded octets of a part; KeyError if there is none of the number."""
    return _payload(dict(_walk(octets))[number])


def _parsed(octets: bytes) -> Message:
    import email
    import email.policy  # which is slow to load

    try:
        return email.message_from_bytes(octets, policy=email.policy.SMTP)
    except RecursionError:  # comments in comments, which the older policy does not read
        return email.message_from_bytes(octets, policy=email.policy.compat32)


def _walk(octets: bytes) -> list[tuple[str, Message]]:
    root = _parsed(octets)
    found: list[tuple[str, Message]] = []
    pending = [("1", root)]
    while pending:  # not by recursion: a message may be nested deeper than the stack
        number, part = pending.pop(0)
        found.append((number, part))
        payload = part.get_payload()
        if isinstance(payload, list):
            pending = [
                *((f"{number}.{place}", each) for place, each in enumerate(payload, 1)),
                *pending,
            ]
    return found


def _part(number: str, part: Message) -> Part:
    try:
        name = part.get_filename() or ""
        encoding = str(part.get("Content-Transfer-Encoding", "")).strip().lower()
        charset = part.get_content_charset() or ""
    except Exception:  # the email package raises many a thing on what nobody would write
        name, encoding, charset = "(cannot be read)", "(cannot be read)", ""
    return Part(
        number,
        number.count("."),
        part.get_content_type(),
        str(name),
        encoding,
        len(_payload(part)),
        tuple(type(defect).__name__ for defect in part.defects),
        charset,
    )


def _payload(part: Message) -> bytes:
    if isinstance(part.get_payload(), list):
        return b""
    try:
        payload = part.get_payload(decode=True)
    except Exception:  # as above
        return b""
    return payload if isinstance(payload, bytes) else b""


def text_of(octets: bytes) -> str:
    """The text that a reader shows first; "" if there is none."""
    from email.message import EmailMessage

    message = _parsed(octets)
    if not isinstance(message, EmailMessage):
        return _payload(message).decode("utf-8", "replace")
    body = message.get_body(("plain", "html"))
    return _payload(body).decode("utf-8", "replace") if body is not None else ""
