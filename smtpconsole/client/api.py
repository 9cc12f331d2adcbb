"""send(): one message over a connection of its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from email.message import Message
from typing import Any

from smtpconsole.client.response import SMTPResponse
from smtpconsole.client.smtp import SMTP


async def send(
    message: Message | str | bytes,
    /,
    *,
    sender: str | None = None,
    recipients: str | Sequence[str] | None = None,
    mail_options: Iterable[str] = (),
    rcpt_options: Iterable[str] = (),
    hostname: str | None = "localhost",
    **options: Any,
) -> tuple[dict[str, SMTPResponse], str]:
    """Connect, send and quit; the options are those of `SMTP`.

    Returns the refused recipients with their responses, and the server's last word.  Raises
    ValueError if octets are given without sender and recipients, and what `SMTP.connect`,
    `SMTP.sendmail` and `SMTP.send_message` raise.
    """
    is_raw = isinstance(message, (str, bytes))
    if is_raw and (sender is None or not recipients):
        raise ValueError("Sender and recipients must be given with a message in octets")
    async with SMTP(hostname=hostname, **options) as client:
        if isinstance(message, Message):
            return await client.send_message(
                message,
                sender=sender,
                recipients=recipients,
                mail_options=mail_options,
                rcpt_options=rcpt_options,
            )
        assert sender is not None and recipients is not None
        return await client.sendmail(
            sender, recipients, message, mail_options=mail_options, rcpt_options=rcpt_options
        )
