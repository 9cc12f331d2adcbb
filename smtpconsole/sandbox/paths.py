"""Addresses and parameters out of what a client says (RFC 5321, 4.1.1.2 and 4.1.2)."""

from __future__ import annotations

import re

_PATH = re.compile(r'<((?:"(?:[^"\\]|\\.)*"|[^<>"\\])*)>(.*)', re.DOTALL)
_ROUTE = re.compile(r"@[^:]*:")  # RFC 5321, appendix C: it is ignored
_PARAMETER = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*)(?:=([^\x00-\x20=\x7f]+))?")


class NoPath(ValueError):
    """It is no address, or no parameter; `reply` says why to the client."""

    def __init__(self, reply: str) -> None:
        super().__init__(reply)
        self.reply = reply


def parse_path(text: str, syntax: str) -> tuple[str, str]:
    """The address between the angle brackets, and what stands behind them."""
    text = text.strip(" ")
    found = _PATH.fullmatch(text)
    if found is None:
        if "<" in text or ">" in text or not text:
            raise NoPath("553 5.1.3 Address is malformed: it stands between < and >")
        raise NoPath(f"501 5.5.4 Address needs its angle brackets; syntax: {syntax}")
    rest = found[2]
    if rest and not rest.startswith(" "):
        raise NoPath(f"501 5.5.4 Parameters stand apart from the address; syntax: {syntax}")
    return _ROUTE.sub("", found[1], count=1) if found[1].startswith("@") else found[1], rest


def parse_address(text: str, *, is_utf8: bool) -> str:
    """A bare address, or one between angle brackets."""
    found = _PATH.fullmatch(text)
    if found is None and ("<" in text or ">" in text):
        raise NoPath("553 5.1.3 Address is malformed: it stands between < and >")
    if found is not None and found[2].strip(" "):
        raise NoPath("553 5.1.3 Address is malformed: nothing follows it")
    return checked(found[1] if found else text, is_utf8=is_utf8)


def checked(address: str, *, is_utf8: bool) -> str:
    """An address that can be written down, and is ASCII where that is wanted."""
    if not address.isprintable():
        raise NoPath("553 5.1.3 Address holds control characters or is not UTF-8")
    if not address.isascii() and not is_utf8:
        raise NoPath("553 5.6.7 Address beyond ASCII needs SMTPUTF8")
    return address


def parse_parameters(text: str) -> dict[str, str | None]:
    """Parameters by their name in upper case; the value as it is written."""
    parameters: dict[str, str | None] = {}
    for word in text.split(" "):
        if not word:
            continue
        found = _PARAMETER.fullmatch(word)
        if found is None:
            raise NoPath("501 5.5.4 Parameter is malformed: it is NAME or NAME=value")
        if found[1].upper() in parameters:
            raise NoPath(f"501 5.5.4 Parameter {found[1].upper()} is given twice")
        parameters[found[1].upper()] = found[2]
    return parameters
