"""MAIL and RCPT for a message, with the parameters that the server's offer calls for."""

from __future__ import annotations

from collections.abc import Sequence

from smtpconsole.smtp.capabilities import Capabilities
from smtpconsole.smtp.commands import Send, mail, rcpt
from smtpconsole.smtp.streams import Content, Stream


def envelope(
    known: Capabilities,
    sender: str,
    recipients: Sequence[str],
    content: Content,
    *,
    mail_options: Sequence[str] = (),
    rcpt_options: Sequence[str] = (),
) -> tuple[Send, list[Send]]:
    """The commands of one envelope; the size of the content is declared, if it is known.

    ValueError if an address would break out of its path or a parameter holds a control
    character; UnicodeEncodeError if an address needs SMTPUTF8 and the option is not given.
    """
    options = list(mail_options)
    encoding = "utf-8" if "SMTPUTF8" in map(str.upper, options) else "ascii"
    return (
        mail(
            sender,
            size=size_of(content) if "SIZE" in known else None,
            options=options,
            encoding=encoding,
        ),
        [rcpt(each, options=rcpt_options, encoding=encoding) for each in recipients],
    )


def size_of(content: Content) -> int | None:
    """The octets that the content has when it is canonical; None if that is not known."""
    return content.size if isinstance(content, Stream) else len(content)
