"""Addresses masked so that a report still reads: the same one is always the same `user1@host1`.

1. First everything is read and learnt: mailboxes, the host names beside them, the server's, the
   client's and the certificates' names, addresses of the network.  Then everything is told with
   those replaced, wherever they stand.
2. Names learnt make their neighbours known: what ends in the domain of a name is masked, too.
3. Base64 that decodes to text with an address in it is replaced by base64 of the masked text;
   `%40`, `=40` and xtext's `+40` are read as the sign that they stand for.
4. What says nothing of anybody stays: localhost, the loopback, the reserved example names of the
   masks themselves.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from smtpconsole.smtp import events
from smtpconsole.smtp.commands import GREETING
from smtpconsole.transcript.turns import Side, Turn
from smtpconsole.transcript.values import changed

_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_NAME = rf"(?:{_LABEL}\.)+(?:xn--[a-z0-9-]+|[^\W\d_]{{2,24}})"
_MAILBOX = re.compile(
    r"(?<![\w.+%=/-])(?P<key>[\w.]{0,24}(?:from|rcpt|auth|login|user|address|to)=)?"
    rf"(?P<local>[\w.!#$&'*+/=^`{{|}}~-]{{1,128}}?|\"[^\"\r\n]{{1,128}}\")"
    rf"(?P<at>@|%40|=40|\+40)(?P<domain>{_NAME}|localhost|\[[0-9A-Fa-f.:]{{2,60}}\])(?![\w-])",
    re.IGNORECASE,
)
_V4 = r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w]|\.\d)"
_V6 = r"(?<![\w:.])(?:[0-9a-f]{0,4}:){2,7}(?:(?:\d{1,3}\.){3}\d{1,3}|[0-9a-f]{0,4})(?![\w:])"
_NETWORK = re.compile(f"{_V4}|{_V6}", re.IGNORECASE)
_FULL_NAME = re.compile(_NAME, re.IGNORECASE)
_BASE64 = re.compile(
    r"(?<![A-Za-z0-9+/=])(?:[A-Za-z0-9+/]{60,100}\r?\n)*[A-Za-z0-9+/]{8,}={0,2}(?![A-Za-z0-9+/=])"
)
_GREETED = re.compile(r"\s*(?:EHLO|HELO|LHLO)\s+(\S+)", re.IGNORECASE)
_SOFT_BREAK = re.compile(r"=\r?\n")
_DISPLAY = re.compile(
    r"^((?:Resent-)?(?:From|To|Cc|Bcc|Sender|Reply-To):[ \t]*)"
    r"(?:\"[^\"\n]*\"|[^\"<>,@\n]+?)[ \t]*(?=<)",
    re.IGNORECASE | re.MULTILINE,
)
_CODE = re.compile(r"\d{3}[ -]")
_KEPT = {"localhost", "localhost.localdomain"}
_SECOND_LEVELS = {"ac", "co", "com", "edu", "gov", "net", "or", "org"}  # as in co.uk


class Masker:
    """Learns addresses, and replaces them."""

    def __init__(self) -> None:
        self._hosts: dict[str, str] = {}
        self._users: dict[str, str] = {}
        self._networks: dict[str, str] = {}
        self._domains: set[str] = set()  # what ends in them is masked, too
        self._labels: set[str] = set()  # names without a domain, as they were written
        self._pattern: re.Pattern[str] | None = None

    # --- learning -----------------------------------------------------------------------------

    def learn(self, text: str) -> None:
        """Read a text for the first time."""
        for plain in (text, *_decoded(text)):
            for found in _MAILBOX.finditer(plain):
                self.learn_host(found["domain"])

    def learn_host(self, name: str) -> None:
        """A host name that tells of somebody."""
        name = name.strip("[]").rstrip(".")
        if name.lower() in _KEPT or _network(name) is not None:
            return
        if re.fullmatch(_LABEL, name):
            self._labels.add(name)
            self._pattern = None
            return
        name = name.lower()
        if _FULL_NAME.fullmatch(name) and name not in self._domains:
            self._domains.add(name)
            if (parent := _registered(name)) is not None:
                self._domains.add(parent)
            self._pattern = None

    # --- replacing ----------------------------------------------------------------------------

    def mask(self, text: str) -> str:
        """The text with every address replaced."""
        text = _BASE64.sub(self._within_base64, text)
        text = _MAILBOX.sub(self._mailbox, text)
        text = _NETWORK.sub(self._network, text)
        return self._names().sub(lambda found: self._host(found[0]), text)

    def mask_octets(self, data: bytes) -> bytes:
        """The same for octets."""
        text = data.decode("utf-8", "surrogateescape")
        return self.mask(text).encode("utf-8", "surrogateescape")

    def mask_message(self, text: str) -> str:
        """The text of a message: names beside addresses go, and lines are made whole first."""
        if "quoted-printable" in text.lower():
            text = _SOFT_BREAK.sub("", text)
        return self.mask(_DISPLAY.sub(r"\1", text))

    def _names(self) -> re.Pattern[str]:
        if self._pattern is None:
            known = sorted(self._domains, key=lambda name: (-len(name), name))
            domain = "|".join(map(re.escape, known)) or r"(?!)"
            label = "|".join(map(re.escape, sorted(self._labels))) or r"(?!)"
            self._pattern = re.compile(  # a label as it was written: `mail` is no `MAIL`
                rf"(?<![\w.-])(?:(?i:(?:{_LABEL}\.)*(?:{domain}))|{label})(?![\w-]|\.[^\W_])"
            )
        return self._pattern

    def _mailbox(self, found: re.Match[str]) -> str:
        whole = f"{found['local']}@{found['domain']}".lower()
        user = self._users.setdefault(whole, f"user{len(self._users) + 1}")
        domain = found["domain"]
        is_literal = domain.startswith("[")
        host = f"[{self._address(domain[1:-1])}]" if is_literal else self._host(domain)
        return f"{found['key'] or ''}{user}{found['at']}{host}"

    def _host(self, name: str) -> str:
        name = name.lower()
        if name in _KEPT or _is_mask(name):
            return name
        return self._hosts.setdefault(name, f"host{len(self._hosts) + 1}.example")

    def _network(self, found: re.Match[str]) -> str:
        return self._address(found[0])

    def _address(self, text: str) -> str:
        address = _network(text)
        if address is None or address.is_loopback or address.is_unspecified:
            return text
        key = str(address)
        if key in self._networks.values():  # masked already, as part of something larger
            return text
        if key not in self._networks:
            number = len(self._networks) + 1
            # RFC 5737 and RFC 3849: addresses that are nobody's.
            high, low = divmod(number, 254)
            nobody = ("192.0.2", "198.51.100", "203.0.113")[min(high, 2)]
            masked = f"{nobody}.{low}" if address.version == 4 else f"2001:db8::{number:x}"
            self._networks[key] = masked
        return self._networks[key]

    def _within_base64(self, found: re.Match[str]) -> str:
        text = _text_of_base64(found[0])
        if text is None:
            return found[0]
        masked = self.mask(text)
        if masked == text:
            return found[0]
        anew = base64.b64encode(masked.encode()).decode("ascii")
        if "\n" not in found[0]:
            return anew
        end = "\r\n" if "\r\n" in found[0] else "\n"
        return end.join(anew[at : at + 76] for at in range(0, len(anew), 76))


def _decoded(text: str) -> Iterable[str]:
    for found in _BASE64.finditer(text):
        plain = _text_of_base64(found[0])
        if plain is not None:
            yield plain


def _text_of_base64(text: str) -> str | None:
    """What base64 stands for, if that is text."""
    try:
        decoded = base64.b64decode("".join(text.split()), validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    return decoded if all(char.isprintable() or char in "\0\1\r\n\t" for char in decoded) else None


def _network(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text.removeprefix("IPv6:"))
    except ValueError:
        return None


def _is_mask(name: str) -> bool:
    return re.fullmatch(r"host\d+\.example", name) is not None


def _registered(name: str) -> str | None:
    """The domain that a name belongs to, as far as that can be told without a list."""
    labels = name.split(".")
    kept = 3 if len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVELS else 2
    return ".".join(labels[-kept:]) if len(labels) >= kept and len(labels) > 1 else None


# --- turns ----------------------------------------------------------------------------------


def learnt(turns: Iterable[Turn]) -> Masker:
    """A masker that knows what is in the turns."""
    masker = Masker()
    for turn in turns:
        for line in turn.lines:
            masker.learn(_CODE.sub("", line) if turn.side is Side.SERVER else line)
        if turn.side is Side.CLIENT and (found := _GREETED.match(turn.lines[0])):
            masker.learn_host(found[1])
        elif turn.side is Side.SERVER and turn.verb in (GREETING, b"EHLO", b"HELO", b"LHLO"):
            name = turn.lines[0][4:].split(" ", 1)[0]
            masker.learn_host(name if "." in name else "")
        _learn_event(masker, turn.event)
    return masker


def _learn_event(masker: Masker, event: events.Event | None) -> None:
    match event:
        case events.Dialling(target):
            masker.learn_host(target.host)
        case events.Resolved(host):
            masker.learn_host(host)
        case events.Secured(facts) | events.NotSecured(facts, _):
            masker.learn_host(facts.server_name or "")
            for certificate in facts.chain[:1]:
                for name in certificate.names:
                    masker.learn_host(name.removeprefix("*."))


def without_addresses(turns: Sequence[Turn]) -> tuple[list[Turn], Callable[[str], str]]:
    """The turns with their addresses masked, and what masks more of the same."""
    masker = learnt(turns)
    told = []
    for turn in turns:
        new = _masked(turn, masker)
        if new.event is not None:
            new = replace(new, event=changed(_without_octets(new.event), masker.mask))
        told.append(new)
    return told, masker.mask


def _masked(turn: Turn, masker: Masker) -> Turn:
    if turn.side is Side.SERVER:  # the code is no part of an address
        lines = [_behind_code(line, masker.mask) for line in turn.lines]
    else:
        text = "\n".join(turn.lines)
        masked = masker.mask_message(text) if turn.is_content else masker.mask(text)
        lines = masked.split("\n") if masked != text else turn.lines
    new = turn.telling(lines) if lines != turn.lines else turn
    if new.send is not None:
        send = new.send
        about = masker.mask(send.about) if isinstance(send.about, str) else send.about
        data = send.data if turn.side is Side.CLIENT else masker.mask_octets(send.data)
        new = replace(new, send=replace(send, data=data, about=about))
    return new


def _behind_code(line: str, change: Callable[[str], str]) -> str:
    found = _CODE.match(line)
    return f"{found[0]}{change(line[found.end() :])}" if found is not None else change(line)


def _without_octets(event: events.Event) -> events.Event:
    """A certificate's octets hold its names: they are left out."""
    if not isinstance(event, events.Secured | events.NotSecured):
        return event
    chain = tuple(replace(each, der=b"", sha256="") for each in event.facts.chain)
    return replace(event, facts=replace(event.facts, chain=chain))
