"""What a key can mend: a remark's code, and the draft without the fault.

A mend changes as little as it can.  A message that is octets is mended as octets; the others are
mended where they were written.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from email.utils import format_datetime, make_msgid

from smtpconsole.composer.draft import Draft
from smtpconsole.composer.lint import Content
from smtpconsole.smtp import addresses
from smtpconsole.smtp import content as line_ends

Mend = Callable[[Draft, datetime], Draft]

MENDS: dict[str, Mend] = {}


def mend(*codes: str) -> Callable[[Mend], Mend]:
    """Register a function as the mend of remarks."""

    def register(function: Mend) -> Mend:
        MENDS.update(dict.fromkeys(codes, function))
        return function

    return register


@mend("no-date")
def _date(draft: Draft, now: datetime) -> Draft:
    """Give it the date of now."""
    return _with(draft, "Date", format_datetime(now))


@mend("no-message-id", "bad-message-id")
def _message_id(draft: Draft, now: datetime) -> Draft:
    """Give it a Message-ID of its own."""
    domain = addresses.domain(draft.sender)
    return _with(draft, "Message-ID", make_msgid(domain=domain or "localhost"))


@mend("no-from")
def _from(draft: Draft, now: datetime) -> Draft:
    """Take From from the envelope."""
    return _with(draft, "From", draft.sender or "postmaster@localhost")


@mend("no-mime-version")
def _mime_version(draft: Draft, now: datetime) -> Draft:
    """Say that it is MIME."""
    return _with(draft, "MIME-Version", "1.0")


@mend("bcc")
def _bcc(draft: Draft, now: datetime) -> Draft:
    """Leave Bcc out; the envelope keeps the recipients."""
    return _without(draft, "bcc")


@mend("repeated-header")
def _repeated(draft: Draft, now: datetime) -> Draft:
    """Keep the first header of each name."""
    if draft.source is None:
        seen: dict[str, tuple[str, str]] = {}
        for pair in draft.headers:
            seen.setdefault(pair[0].lower(), pair)
        return replace(draft, headers=tuple(seen.values()))
    names: set[str] = set()

    def is_first(name: str) -> bool:
        known = name in names
        names.add(name)
        return not known

    return _filtered(draft, is_first)


@mend("bare-cr", "bare-lf")
def _line_ends(draft: Draft, now: datetime) -> Draft:
    """Make every line end CRLF."""
    return replace(draft, source=line_ends.canonical(draft.source or b""))


@mend("nul")
def _nul(draft: Draft, now: datetime) -> Draft:
    """Leave the NUL octets out."""
    if draft.source is not None:
        return replace(draft, source=draft.source.replace(b"\0", b""))
    return replace(draft, body=draft.body.replace("\0", ""), html=draft.html.replace("\0", ""))


@mend("long-line", "8bitmime-not-offered", "7bit-lie")
def _encoding(draft: Draft, now: datetime) -> Draft:
    """Let the text be encoded as it needs."""
    return replace(draft, encoding=None if draft.source is None else draft.encoding)


@mend("false-end")
def _dots(draft: Draft, now: datetime) -> Draft:
    """Double the dots behind bare line ends, too."""
    return replace(draft, bare_dots=False)


@mend("from-not-aligned")
def _align(draft: Draft, now: datetime) -> Draft:
    """Take the envelope's sender from From."""
    found = _content(draft, now).addresses("from")
    return replace(draft, sender=found[0]) if found else draft


@mend("not-in-envelope")
def _envelope(draft: Draft, now: datetime) -> Draft:
    """Send it to everybody whom the headers name."""
    named = _content(draft, now).addresses("to", "cc", "bcc")
    return replace(draft, recipients=tuple(dict.fromkeys((*draft.recipients, *named))))


def mended(draft: Draft, code: str, *, now: datetime) -> Draft:
    """The draft without what a remark is about; the same draft if no key can mend it."""
    function = MENDS.get(code)
    return function(draft, now) if function is not None else draft


def _content(draft: Draft, now: datetime) -> Content:
    return Content(draft.to_bytes(now=now))


def _with(draft: Draft, name: str, value: str) -> Draft:
    if draft.source is None:
        return draft.with_header(name, value)
    cleared = _without(draft, name.lower())
    header = f"{name}: {value}\r\n".encode()
    return replace(cleared, source=header + (cleared.source or b""))


def _without(draft: Draft, name: str) -> Draft:
    if draft.source is None:
        kept = tuple(pair for pair in draft.headers if pair[0].lower() != name)
        return replace(draft, headers=kept)
    return _filtered(draft, lambda each: each != name)


def _filtered(draft: Draft, keep: Callable[[str], bool]) -> Draft:
    """The source with only those headers whose name is kept; each line else stays as it is."""
    content = Content(draft.source or b"")
    kept, is_kept = [], True
    for line in content.head.splitlines(keepends=True):
        if line[:1] not in (b" ", b"\t"):
            name = line.partition(b":")[0].strip().lower().decode("latin-1")
            is_kept = b":" not in line or keep(name)
        if is_kept:
            kept.append(line)
    return replace(draft, source=b"".join(kept) + content.octets[len(content.head) :])
