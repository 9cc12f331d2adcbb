"""Domain names as people write them, and as the DNS wants them."""

from __future__ import annotations


class NoName(ValueError):
    """What was given is no domain name; the text says why."""


def ascii_name(name: str) -> str:
    """The name in A-labels (RFC 5890), lower case, without a final dot; NoName if it is none."""
    given = name.strip().removesuffix(".")
    if not given:
        raise NoName("the name is empty")
    if not given.isascii():
        given = _encoded(given)
    labels = given.split(".")
    if not all(labels):
        raise NoName(f"{name} has an empty part between two dots")
    if any(len(label) > 63 for label in labels) or len(given) > 253:
        raise NoName(f"{name[:40]}… is too long: 63 characters a part, and 253 in all, are allowed")
    if not all(char.isalnum() or char in "-_." for char in given):
        raise NoName(f"{name!r} is no domain name")
    return given.lower()


def _encoded(name: str) -> str:
    import idna

    try:
        return idna.encode(name, uts46=True).decode("ascii")
    except idna.IDNAError as error:
        raise NoName(f"{name} is no international domain name: {str(error).lower()}") from error


def shown_name(name: str) -> str:
    """The name, and behind it what its A-labels stand for: `xn--mller-kva.ch (müller.ch)`."""
    if "xn--" not in name:
        return name
    import idna

    try:
        return f"{name} ({idna.decode(name)})"
    except idna.IDNAError:
        return name


def is_below(name: str, domain: str) -> bool:
    """The name is the domain, or one in it."""
    return name == domain or name.endswith(f".{domain}")
