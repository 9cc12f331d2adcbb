"""A draft field by field: what stands there, and the draft that a text in it makes.

1. The headers that follow the envelope are empty here, and what they follow is told beside them;
   a lone dash leaves one out.
2. What is no header yet, because somebody is still typing it, is kept as one without a value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import get_args

from smtpconsole.composer.draft import Draft, Headers
from smtpconsole.composer.lint import Content
from smtpconsole.composer.parts import Encoding
from smtpconsole.smtp import parameters
from smtpconsole.smtp.capabilities import Capabilities

NULL = "<>"  # the reverse path of nobody
LEFT_OUT = "-"
NAMED = ("From", "To", "Cc", "Bcc", "Reply-To", "Subject", "Date", "Message-ID")
_BREAKS = {10: "\u240a", 13: "\u240d"}  # one header stays one line


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its text, and the draft that another text makes."""

    name: str
    label: str
    shown: Callable[[Draft], str]
    written: Callable[[Draft, str], Draft]
    implied: Callable[[Draft], str]  # what it is when nothing is written
    choices: tuple[str, ...] = ()  # if it is one of these, and nothing else


@dataclass(frozen=True, slots=True)
class Difference:
    """Two fields that do not say the same."""

    names: tuple[str, ...]  # of the fields
    text: str


# --- the envelope -----------------------------------------------------------------------------


def _null(draft: Draft) -> str:
    return f"{NULL}  nobody: no report comes back"


def _sender(draft: Draft, text: str) -> Draft:
    text = text.strip()
    inner = text[1:-1] if text.startswith("<") and text.endswith(">") else text
    return replace(draft, sender=inner)


ENVELOPE = (
    Field("sender", "From", lambda draft: draft.sender or NULL, _sender, _null),
    Field(
        "recipients",
        "To",
        lambda draft: ", ".join(draft.recipients),
        lambda draft, text: draft.with_recipients(text),
        lambda draft: "whom it goes to",
    ),
    Field(
        "mail-parameters",
        "MAIL",
        lambda draft: " ".join(draft.mail_parameters),
        lambda draft, text: replace(draft, mail_parameters=tuple(text.split())),
        lambda draft: "Enter lists parameters",
    ),
    Field(
        "rcpt-parameters",
        "RCPT",
        lambda draft: " ".join(draft.rcpt_parameters),
        lambda draft, text: replace(draft, rcpt_parameters=tuple(text.split())),
        lambda draft: "Enter lists parameters",
    ),
)


# --- headers ----------------------------------------------------------------------------------


def _header(name: str) -> Field:
    return Field(
        name,
        name,
        lambda draft: _shown(draft, name),
        lambda draft, text: _with(draft, name, text),
        lambda draft: implied(draft, name),
    )


def _shown(draft: Draft, name: str) -> str:
    written = draft.header(name)
    if written is None:
        return draft.subject if name == "Subject" else ""
    return written or LEFT_OUT


def _with(draft: Draft, name: str, text: str) -> Draft:
    """The draft with another text in the first header of the name; the others stay."""
    place = next((n for n, (key, _) in enumerate(draft.headers) if _is(key, name)), None)
    before = draft.headers[:place] if place is not None else draft.headers
    after = draft.headers[place + 1 :] if place is not None else ()
    if name == "Subject" and place is None:
        return replace(draft, subject="" if text == LEFT_OUT else text)
    if not text:
        return replace(draft, headers=(*before, *after))
    value = "" if text.strip() == LEFT_OUT else text
    return replace(draft, headers=(*before, (name, value), *after))


def _is(key: str, name: str) -> bool:
    return key.lower() == name.lower()


def implied(draft: Draft, name: str) -> str:
    """What a header is when nobody writes it."""
    match name:
        case "From":
            return draft.sender or "none: the envelope has no sender"
        case "To":
            return ", ".join(draft.recipients)
        case "Date":
            return "now, when it is sent"
        case "Message-ID":
            return "a new one"
    return ""


HEADERS = tuple(_header(name) for name in NAMED)


def others(draft: Draft) -> str:
    """The headers that have no field of their own, a line each; a second of a name, too."""
    _, rest = _parted(draft.headers)
    lines = [f"{name}: {value}" if value else name or ":" for name, value in rest]
    return "\n".join(line.translate(_BREAKS) for line in lines)


def with_others(draft: Draft, text: str) -> Draft:
    """The draft with these lines for the headers without a field."""
    found: list[tuple[str, str]] = []
    for line in text.split("\n"):
        name, colon, value = line.partition(":")
        if line[:1] in (" ", "\t") and found:  # a header is folded so
            found[-1] = found[-1][0], f"{found[-1][1]} {line.strip()}".strip()
        elif line.strip():
            found.append((name.strip(), value.strip() if colon else ""))
    named, _ = _parted(draft.headers)
    written = {name.lower() for name, _ in named}
    for name in ("From", "To", "Subject"):  # the first of two: what it was until now
        if name.lower() not in written and any(_is(key, name) for key, _ in found):
            named = (*named, (name, _shown(draft, name) or implied(draft, name)))
    return replace(draft, headers=(*named, *found))


def _parted(headers: Headers) -> tuple[Headers, Headers]:
    """The headers with a field, the first of each name, and the rest."""
    seen: set[str] = set()
    named: list[tuple[str, str]] = []
    rest: list[tuple[str, str]] = []
    for name, value in headers:
        has_field = any(_is(name, each) for each in NAMED) and name.lower() not in seen
        seen.add(name.lower())
        (named if has_field else rest).append((name, value))
    return tuple(named), tuple(rest)


# --- how it is written ------------------------------------------------------------------------

AUTOMATIC = "as needed"
_FORMATS = ("fixed", "flowed")
_DOTS = ("doubled", "bare behind LF")  # of lines that begin with one

WRITING = (
    Field(
        "charset",
        "Charset",
        lambda draft: draft.charset,
        lambda draft, text: replace(draft, charset=text.strip() or "utf-8"),
        lambda draft: "utf-8",
    ),
    Field(
        "encoding",
        "Encoding",
        lambda draft: draft.encoding or AUTOMATIC,
        lambda draft, text: replace(draft, encoding=None if text == AUTOMATIC else text),  # type: ignore[arg-type]  # of the choices
        lambda draft: AUTOMATIC,
        choices=(AUTOMATIC, *get_args(Encoding)),
    ),
    Field(
        "format",
        "Format",
        lambda draft: _FORMATS[draft.is_flowed],
        lambda draft, text: replace(draft, is_flowed=text == _FORMATS[True]),
        lambda draft: _FORMATS[False],
        choices=_FORMATS,
    ),
)
# Of no use to most, and a danger to some: without a place in the form.
RARE = (
    Field(
        "dots",
        "Dots",
        lambda draft: _DOTS[draft.bare_dots],
        lambda draft, text: replace(draft, bare_dots=text == _DOTS[True]),
        lambda draft: _DOTS[False],
        choices=_DOTS,
    ),
)
FIELDS = {each.name.lower(): each for each in (*ENVELOPE, *HEADERS, *WRITING, *RARE)}


# --- what does not fit together ---------------------------------------------------------------


def differences(draft: Draft) -> Iterator[Difference]:
    """Where the envelope and the headers disagree: shown, and never forbidden."""
    shown = _addresses(draft, "From")
    if not draft.sender and shown:
        yield Difference(("sender",), "nobody (<>) gets reports of failure")
    elif shown and shown != {draft.sender.lower()}:
        yield Difference(("sender", "From"), "sender and From differ")
    named = {name: _addresses(draft, name) for name in ("To", "Cc", "Bcc")}
    said = {each.lower() for each in draft.recipients}
    everybody = set().union(*named.values())
    for name, people in named.items():
        if missing := people - said:
            yield Difference(("recipients", name), f"{name}: {_few(missing)} gets nothing")
    if hidden := said - everybody:
        yield Difference(("recipients", "To"), f"{_few(hidden)}: a blind copy")


def _addresses(draft: Draft, name: str) -> set[str]:
    """The addresses that a header will name, in lower case."""
    if draft.source is not None:
        return {each.lower() for each in Content(draft.source).addresses(name.lower())}
    written = draft.header(name)
    if written is None:
        follows = {"From": (draft.sender,), "To": draft.recipients}.get(name, ())
        return {each.lower() for each in follows if each}
    head = Content(f"{name}: {written}\r\n\r\n".encode("utf-8", "surrogateescape"))
    return {each.lower() for each in head.addresses(name.lower())}


def _few(names: set[str]) -> str:
    first, *rest = sorted(names)
    return f"{first} and {len(rest)} more" if rest else first


def forced(draft: Draft, known: Capabilities) -> Iterator[Difference]:
    """Parameters that are said although the server has not offered what they need."""
    if not known.keywords:  # no EHLO yet: nothing is known
        return
    tables = (("mail-parameters", parameters.MAIL), ("rcpt-parameters", parameters.RCPT))
    for name, table in tables:
        written = draft.mail_parameters if name == "mail-parameters" else draft.rcpt_parameters
        offers = {each.keyword: each.offered_by for each in table}
        for parameter in written:
            keyword = parameter.partition("=")[0].upper()
            offer = offers.get(keyword, keyword)
            if offer not in known:
                yield Difference((name,), f"{keyword} is forced: no {offer} offered")
