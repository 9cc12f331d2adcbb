"""Sender, recipients and octets out of an `email.message` (RFC 5322, 3.6.2, 3.6.3, 3.6.6)."""

from __future__ import annotations

import copy
import email.policy
from collections.abc import Iterable
from email.generator import BytesGenerator
from email.headerregistry import Address, Group
from email.message import EmailMessage, Message
from email.utils import getaddresses
from io import BytesIO
from typing import Any

from smtpconsole.smtp import addresses

_HIDDEN = ("Bcc", "Resent-Bcc")


def parse_address(address: str) -> str:
    """The bare address in what somebody wrote; ValueError if it breaks out of a path."""
    return addresses.mailbox(address)


def quote_address(address: str) -> str:
    """The bare address between angle brackets."""
    return f"<{parse_address(address)}>"


def flatten_message(
    message: EmailMessage | Message, /, *, utf8: bool = False, cte_type: str = "8bit"
) -> bytes:
    """The message as octets with CRLF, without Bcc; the message itself is left as it is.

    An `EmailMessage` is written under its own policy, and headers in UTF-8 only with `utf8`
    (RFC 6532); a legacy `Message` as compat32 writes it.  `cte_type` "7bit" recodes bodies of
    8 bits (RFC 6152).  No line is altered that begins with "From ".
    """
    shown = copy.copy(message)
    shown._headers = list(message._headers)  # type: ignore[union-attr]  # a copy shares them
    for name in _HIDDEN:
        del shown[name]
    own: Any = message.policy
    if isinstance(message, EmailMessage) and isinstance(own, email.policy.EmailPolicy):
        policy: Any = own.clone(linesep="\r\n", cte_type=cte_type, utf8=utf8)
        if not utf8:
            _use_a_labels(shown)
    else:
        policy = email.policy.compat32.clone(linesep="\r\n", cte_type=cte_type)
    with BytesIO() as octets:
        BytesGenerator(octets, mangle_from_=False, policy=policy).flatten(shown)
        return octets.getvalue()


def _use_a_labels(message: Message) -> None:
    """Rewrite the headers that have addresses with domains of other letters (RFC 5891)."""
    for at, (name, value) in enumerate(message._headers):  # type: ignore[attr-defined]
        groups = getattr(value, "groups", ())
        if all(each.domain.isascii() for group in groups for each in group.addresses):
            continue
        rewritten = tuple(
            Group(group.display_name, tuple(map(_with_a_labels, group.addresses)))
            for group in groups
        )
        pair = message.policy.header_store_parse(name, rewritten)  # type: ignore[arg-type]
        message._headers[at] = pair  # type: ignore[attr-defined]


def _with_a_labels(address: Address) -> Address:
    domain = addresses.with_a_labels(f"@{address.domain}")[1:]
    return Address(address.display_name, address.username, domain)


def extract_addresses(header: Any, /) -> list[str]:
    """The bare addresses of a header's value, in their order; ValueError if it is none of these."""
    if header is None:
        return []
    found = getattr(header, "addresses", None)
    if found is not None:  # EmailMessage has parsed it
        return [each.addr_spec for each in found if each.addr_spec and each.addr_spec != "<>"]
    texts = [str(header)] if isinstance(header, str) or not isinstance(header, Iterable) else header
    try:
        pairs = getaddresses([str(text) for text in texts])
    except RecursionError:  # the email package takes comments in comments one by one
        raise ValueError("the comments of an address are nested too deep") from None
    return [addresses.mailbox(address) for _, address in pairs if address]


def extract_sender(message: Message, /) -> str | None:
    """Who sends: Sender, else From; of a resent message its Resent- headers."""
    prefix = _resent(message)
    for name in (f"{prefix}Sender", f"{prefix}From"):
        found = extract_addresses(message[name])
        if found:
            return found[0]
    return None


def extract_recipients(message: Message, /) -> list[str]:
    """Who gets it: To, Cc and Bcc, in this order, every header of a name."""
    prefix = _resent(message)
    return [
        address
        for name in ("To", "Cc", "Bcc")
        for header in message.get_all(f"{prefix}{name}", [])
        for address in extract_addresses(header)
    ]


def _resent(message: Message) -> str:
    dates = message.get_all("Resent-Date", [])
    if len(dates) > 1:
        raise ValueError("Message has more than one 'Resent-' header block")
    return "Resent-" if dates else ""
