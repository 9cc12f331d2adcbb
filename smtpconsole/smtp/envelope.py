"""MAIL and RCPT for a message, with the parameters that the server's offer calls for."""

from __future__ import annotations

from collections.abc import Sequence

from smtpconsole.smtp.capabilities import Capabilities
from smtpconsole.smtp.commands import Send, mail, rcpt


def envelope(
    known: Capabilities,
    sender: str,
    recipients: Sequence[str],
    content: bytes,
    *,
    mail_options: Sequence[str] = (),
    rcpt_options: Sequence[str] = (),
) -> tuple[Send, list[Send]]:
    """The commands of one envelope; `content` is canonical, and its size is declared.

    ValueError if an address would break out of its path or a parameter holds a control
    character; UnicodeEncodeError if an address needs SMTPUTF8 and the option is not given.
    """
    options = list(mail_options)
    encoding = "utf-8" if "SMTPUTF8" in map(str.upper, options) else "ascii"
    return (
        mail(
            sender,
            size=len(content) if "SIZE" in known else None,
            options=options,
            encoding=encoding,
        ),
        [rcpt(each, options=rcpt_options, encoding=encoding) for each in recipients],
    )
