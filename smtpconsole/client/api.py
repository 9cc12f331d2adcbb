"""send(): one message over a connection of its own."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Sequence
from typing import TYPE_CHECKING, Unpack

from smtpconsole.client.options import DEFAULT_TIMEOUT, MoreOptions, StartTls, given
from smtpconsole.client.receipt import Receipt
from smtpconsole.client.smtp import SMTP
from smtpconsole.client.typing import SMTPTokenGenerator, SocketPathType

if TYPE_CHECKING:
    from email.message import EmailMessage, Message

    from smtpconsole.net.timeouts import Timeouts

__all__ = ("send",)


async def send(
    message: EmailMessage | Message | str | bytes,
    /,
    *,
    sender: str | None = None,
    recipients: str | Sequence[str] | None = None,
    mail_options: Sequence[str] | None = None,
    rcpt_options: Sequence[str] | None = None,
    hostname: str | None = "localhost",
    port: int | None = None,
    username: str | bytes | None = None,
    password: str | bytes | None = None,
    oauth_token_generator: SMTPTokenGenerator | None = None,
    local_hostname: str | None = None,
    source_address: tuple[str, int] | None = None,
    timeout: float | Timeouts | None = DEFAULT_TIMEOUT,
    use_tls: bool = False,
    start_tls: StartTls = None,
    validate_certs: bool = True,
    client_cert: str | None = None,
    client_key: str | None = None,
    tls_context: ssl.SSLContext | None = None,
    cert_bundle: str | None = None,
    socket_path: SocketPathType | None = None,
    sock: socket.socket | None = None,
    **more: Unpack[MoreOptions],
) -> Receipt:
    """Connect, send the message and quit; the options are those of `SMTP`.

    Sender and recipients are the message's own unless they are given; a message in str or bytes
    has none, and needs them: ValueError without.  Returns what `SMTP.sendmail` does, and raises
    what `SMTP.connect`, `SMTP.sendmail` and `SMTP.send_message` raise.
    """
    options = given(locals())
    is_raw = isinstance(message, (str, bytes))
    if is_raw and sender is None:
        raise ValueError("Sender must be provided with raw messages.")
    if is_raw and not recipients:
        raise ValueError("Recipients must be provided with raw messages.")
    async with SMTP(timeout=timeout, **options) as client:
        if isinstance(message, (str, bytes)):
            assert sender is not None and recipients
            return await client.sendmail(
                sender, recipients, message, mail_options=mail_options, rcpt_options=rcpt_options
            )
        return await client.send_message(
            message,
            sender=sender,
            recipients=recipients,
            mail_options=mail_options,
            rcpt_options=rcpt_options,
        )
