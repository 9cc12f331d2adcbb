"""MAIL and RCPT for a message, with the parameters that it needs and the server offers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from smtpconsole.smtp.addresses import domain
from smtpconsole.smtp.capabilities import Capabilities
from smtpconsole.smtp.commands import Send, mail, rcpt
from smtpconsole.smtp.streams import Content

if TYPE_CHECKING:
    from smtpconsole.smtp.parameters import Wishes

_NONE: Wishes = {}


def envelope(
    known: Capabilities,
    sender: str,
    recipients: Sequence[str],
    content: Content,
    *,
    mail_options: Sequence[str] = (),
    rcpt_options: Sequence[str] = (),
) -> tuple[Send, list[Send]]:
    """The commands of one envelope; bytes are canonical, and the size is declared if it is known.

    ValueError if an address would break out of its path or a parameter holds a control
    character; UnicodeEncodeError if an address needs SMTPUTF8 and the option is not given.
    """
    options = list(mail_options)
    encoding = "utf-8" if "SMTPUTF8" in map(str.upper, options) else "ascii"
    size = size_of(content) if "SIZE" in known else None
    return (
        mail(sender, size=size, options=options, encoding=encoding),
        [rcpt(each, options=rcpt_options, encoding=encoding) for each in recipients],
    )


def wished(
    known: Capabilities,
    sender: str,
    recipients: Sequence[str],
    content: Content,
    *,
    mail_wishes: Wishes = _NONE,
    rcpt_wishes: Wishes | Mapping[str, Wishes] = _NONE,
    mail_options: Sequence[str] = (),
    rcpt_options: Sequence[str] = (),
    is_secure: bool = True,
    insist: bool = False,
) -> tuple[Send, list[Send]]:
    """The commands of one envelope, with parameters by name (`parameters.MAIL`, `RCPT`).

    `rcpt_wishes` are for all recipients; those of one stand under its address instead.  Options
    are said besides, as they are and unchecked.  The size
    is checked against what the server takes.  Raises Unfit for what the server has not offered,
    unless that is insisted on; and what `envelope` and `parameters.spelled` raise.
    """
    from smtpconsole.smtp import parameters  # most programs wish for nothing, and import quicker

    each_wishes = [_of(rcpt_wishes, recipient) for recipient in recipients]
    if not insist:
        size = size_of(content)
        checked = {"size": size if "SIZE" in known else None, **mail_wishes}
        found = parameters.objections(known, checked, is_secure=is_secure)
        for wishes in each_wishes:
            found += parameters.objections(known, wishes, is_secure=is_secure)
        if found:
            raise parameters.Unfit(list(dict.fromkeys(found)))
    options = [*parameters.spelled(parameters.MAIL, mail_wishes), *mail_options]
    opening, _ = envelope(known, sender, (), content, mail_options=options)
    if mail_wishes.get("size") is not None:  # a size of one's own is said instead
        opening, _ = envelope(Capabilities(), sender, (), content, mail_options=options)
    encoding = "utf-8" if "SMTPUTF8" in map(str.upper, options) else "ascii"
    return opening, [
        rcpt(
            recipient,
            options=[*parameters.spelled(parameters.RCPT, wishes), *rcpt_options],
            encoding=encoding,
        )
        for recipient, wishes in zip(recipients, each_wishes, strict=True)
    ]


def _of(wishes: Wishes | Mapping[str, Wishes], recipient: str) -> Wishes:
    own = wishes.get(recipient)
    if isinstance(own, Mapping):
        return own
    return {name: value for name, value in wishes.items() if not isinstance(value, Mapping)}


def size_of(content: Content) -> int | None:
    """The octets that are declared, and checked (RFC 1870); None if nobody knows yet."""
    return len(content) if isinstance(content, bytes) else content.size


def groups(known: Capabilities, recipients: Sequence[str]) -> list[list[str]]:
    """The recipients as the server takes them in one transaction each (RFC 9422).

    RCPTMAX is how many there may be, RCPTDOMAINMAX of how many domains.
    """
    most, domains = known.limit("RCPTMAX"), known.limit("RCPTDOMAINMAX")
    found: list[list[str]] = []
    seen: set[str] = set()
    for recipient in recipients:
        name = domain(recipient)
        is_full = not found or (most is not None and len(found[-1]) >= most)
        if is_full or (domains is not None and name not in seen and len(seen) >= domains):
            found.append([])
            seen = set()
        found[-1].append(recipient)
        seen.add(name)
    return found
