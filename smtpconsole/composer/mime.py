"""A draft becomes a message (RFC 5322, RFC 2045 to 2047), by `email.message`.

What was written is read again and compared: where the two differ, the library could not express
what a person wanted, and the person is told instead of the recipient surprised.
"""

from __future__ import annotations

import email
import re
from collections.abc import Iterator
from datetime import datetime
from email.contentmanager import raw_data_manager
from email.errors import MessageError
from email.message import EmailMessage, MIMEPart
from email.policy import EmailPolicy
from email.utils import format_datetime, make_msgid

from smtpconsole.composer.draft import Draft, ended
from smtpconsole.composer.errors import DraftError
from smtpconsole.composer.flowed import flowed
from smtpconsole.composer.parts import Attachment, Encoding
from smtpconsole.smtp import addresses, content

_LINE_BREAK = re.compile(r"[\r\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_NAME = re.compile(r"[!-9;-~]+")  # RFC 5322, 3.6.8
_METHOD = re.compile(r"^METHOD:([A-Za-z-]+)\s*$", re.MULTILINE)
_LONGEST = 998  # octets of a line (RFC 5322, 2.1.1)
_BLANKS = re.compile(r"\s+")


class _Willing(EmailPolicy):
    """The policy of SMTP, but a header may be repeated: somebody may want to see what happens."""

    def header_max_count(self, name: str) -> int | None:
        return None


def written(draft: Draft, now: datetime) -> bytes:
    """The canonical octets of a draft's message; DraftError if it cannot be written."""
    policy = _Willing(linesep="\r\n", utf8=draft.needs_utf8)
    try:
        message = _message(draft, now, policy)
        if draft.body_octets is None:
            octets = content.canonical(message.as_bytes(policy=policy))
        else:
            # Not `as_bytes`: to a multipart without parts it would add boundaries.
            head = [policy.fold_binary(name, value) for name, value in message.raw_items()]
            octets = ended(b"".join((*head, b"\r\n", draft.body_octets)))
        _compare(message, octets, policy)
    except (MessageError, LookupError, ValueError, RecursionError) as error:
        if isinstance(error, DraftError):
            raise
        raise DraftError(f"the message cannot be written: {error}") from error
    return octets


def headers(draft: Draft, now: datetime) -> Iterator[tuple[str, str]]:
    """The headers of a draft's message, in their order: those that follow the envelope first."""
    usual = {
        "From": draft.sender,
        "To": ", ".join(draft.recipients),
        "Subject": draft.subject,
        "Date": format_datetime(now),
        "Message-ID": make_msgid(domain=_domain(draft.sender)),
    }
    own = {name.lower() for name, _ in draft.headers}
    followed = [(name, value) for name, value in usual.items() if name.lower() not in own]
    yield from ((name, value) for name, value in (*followed, *draft.headers) if value)


def _domain(sender: str) -> str:
    domain = addresses.domain(sender)
    return domain if domain.isascii() and domain else "localhost"


def _message(draft: Draft, now: datetime, policy: EmailPolicy) -> EmailMessage:
    message = EmailMessage(policy=policy)
    for name, value in headers(draft, now):
        if not _NAME.fullmatch(name):
            raise DraftError(f"{name!r} is no name of a header: letters, digits and dashes are")
        if _LINE_BREAK.search(value):
            raise DraftError(f"{name} holds a line break, which would begin another header")
        try:
            message[name] = value
        except (MessageError, ValueError, IndexError, AttributeError) as error:
            raise DraftError(f"{name} cannot be written as a header: {error}") from error
    if draft.body_octets is None:
        _fill(message, draft)
    return message


def _fill(message: EmailMessage, draft: Draft) -> None:
    """The body: text, its alternatives, and what is attached."""
    plain = flowed(draft.body) if draft.is_flowed else draft.body
    is_only_html = bool(draft.html) and not plain
    _set_text(message, draft.html if is_only_html else plain, draft, is_only_html)
    if draft.html and not is_only_html:
        message.add_alternative("")
        _set_text(_last(message), draft.html, draft, True)
    images = [each for each in draft.attachments if each.is_inline]
    if images:
        page = message if is_only_html or not draft.html else _last(message)
        for image in images:
            page.add_related(b"", "application", "octet-stream")
            _set_file(_last(page), image, "inline")
    if draft.calendar:
        message.add_alternative("")
        _set_calendar(_last(message), draft)
    for attachment in draft.attachments:
        if not attachment.is_inline:
            message.add_attachment(b"", "application", "octet-stream")
            _set_file(_last(message), attachment, "attachment")


def _last(message: MIMEPart) -> MIMEPart:
    """The part that was added just now."""
    *_, part = message.iter_parts()
    assert isinstance(part, MIMEPart)
    return part


def _set_text(part: MIMEPart, text: str, draft: Draft, is_html: bool) -> None:
    text = text if text.endswith("\n") or not text else f"{text}\n"
    params = {"format": "flowed"} if draft.is_flowed and not is_html else None
    part.set_content(
        text,
        subtype="html" if is_html else "plain",
        charset=_charset(text, draft),
        cte=draft.encoding or needed_encoding(text),
        params=params,
    )


def _charset(text: str, draft: Draft) -> str:
    try:
        text.encode(draft.charset, "surrogateescape")
    except LookupError as error:
        problem = f"{draft.charset} is no character set; utf-8 holds all there is"
        raise DraftError(problem) from error
    except UnicodeEncodeError as error:
        char = text[error.start]
        problem = f"{draft.charset} has no {char!a} (U+{ord(char):04X}); choose utf-8"
        raise DraftError(problem) from error
    return draft.charset


def needed_encoding(text: str) -> Encoding:
    """The transfer encoding that a text needs to pass everywhere (RFC 2045, 6)."""
    lines = text.splitlines()
    if text.isascii() and "\0" not in text and all(len(line) <= _LONGEST for line in lines):
        return "7bit"
    letters = sum(char.isascii() for char in text)
    return "quoted-printable" if letters * 2 >= len(text) else "base64"


def _set_calendar(part: MIMEPart, draft: Draft) -> None:
    method = _METHOD.search(draft.calendar)
    text = draft.calendar.replace("\r\n", "\n")
    part.set_content(
        text,
        subtype="calendar",
        charset=_charset(text, draft),
        cte=needed_encoding(text),
        params={"method": method[1].upper()} if method else None,
    )


def _set_file(part: MIMEPart, file: Attachment, disposition: str) -> None:
    maintype, _, subtype = file.kind.partition("/")
    if not _NAME.fullmatch(file.kind) or not subtype or maintype == "multipart":
        raise DraftError(f"{file.name}: {file.kind!r} is no media type such as image/png")
    if _LINE_BREAK.search(file.name) or _LINE_BREAK.search(file.content_id):
        raise DraftError(f"{file.name!r} holds a line break, which would begin another header")
    raw_data_manager.set_content(
        part,
        file.data,
        maintype,
        subtype,
        cte="base64",
        disposition=disposition,
        filename=file.name,
        cid=f"<{file.content_id}>" if file.content_id else None,
    )


def _compare(message: EmailMessage, octets: bytes, policy: EmailPolicy) -> None:
    """Read the message as a recipient would; DraftError where it reads otherwise."""
    again = email.message_from_bytes(octets, policy=policy)
    wanted = [(name, _folded(str(value))) for name, value in message.items()]
    found = [(name, _folded(str(value))) for name, value in again.items()]
    for want, have in zip(wanted, found, strict=False):
        if want != have:
            raise DraftError(
                f"{want[0]} would be read as {have[1]!a}; change it, or write the source by hand"
            )
    if len(wanted) != len(found):
        raise DraftError("the headers would be read otherwise; write the source by hand")


def _folded(value: str) -> str:
    """A header's value, whatever blanks folding has left in it."""
    return _BLANKS.sub(" ", value).strip()
