"""Words in a template that stand for what is known when it is used: `%FROM_ADDRESS%` and so on.

The names are those that users of swaks know, and a few more.  What is no token stays as it is.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime, make_msgid

from smtpconsole.composer.draft import Draft
from smtpconsole.smtp import addresses

_TOKEN = re.compile(r"%([A-Z][A-Z_]+)%")


@dataclass(frozen=True, slots=True)
class About:
    """What a template is used for."""

    draft: Draft
    now: datetime
    session: str = ""  # what the session is called, e.g. the name of its journal
    server: str = ""


Value = Callable[[About], str]

TOKENS: dict[str, tuple[str, Value]] = {
    "FROM": ("the reverse path", lambda about: about.draft.sender),
    "FROM_ADDRESS": ("the same", lambda about: about.draft.sender),
    "FROM_DOMAIN": ("its domain", lambda about: addresses.domain(about.draft.sender)),
    "TO": ("the recipients", lambda about: ", ".join(about.draft.recipients)),
    "TO_ADDRESS": ("the same", lambda about: ", ".join(about.draft.recipients)),
    "CC_ADDRESS": ("the header Cc", lambda about: about.draft.header("Cc") or ""),
    "BCC_ADDRESS": ("the header Bcc", lambda about: about.draft.header("Bcc") or ""),
    "SUBJECT": ("the subject", lambda about: about.draft.subject),
    "BODY": ("the text", lambda about: about.draft.body),
    "DATE": ("now, as Date wants it", lambda about: format_datetime(about.now)),
    "MESSAGEID": ("a new Message-ID", lambda about: make_msgid(domain=_domain(about))),
    "NEW_HEADERS": ("the headers of the draft", lambda about: _headers(about.draft)),
    "NEWLINE": ("a line end", lambda about: "\r\n"),
    "SERVER": ("the server", lambda about: about.server),
    "SESSION": ("the name of the session", lambda about: about.session),
    "HOSTNAME": ("this machine", lambda about: socket.gethostname()),
    "VERSION": ("this program's version", lambda about: _version()),
    "SWAKS_VERSION": ("the same", lambda about: _version()),
}


def filled(text: str, about: About) -> str:
    """The text with its tokens replaced; a value is not looked through for further ones."""

    def value(found: re.Match[str]) -> str:
        known = TOKENS.get(found[1])
        return known[1](about) if known is not None else found[0]

    return _TOKEN.sub(value, text)


def _domain(about: About) -> str:
    return addresses.domain(about.draft.sender) or "localhost"


def _version() -> str:
    from importlib.metadata import version  # which loads more than all the rest

    return version("smtpconsole")


def _headers(draft: Draft) -> str:
    return "\r\n".join(f"{name}: {value}" for name, value in draft.headers if value)
