"""class Sending: whole messages, each a transaction in as few round trips as the server allows."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from smtpconsole.client.commands import canonical
from smtpconsole.client.errors import (
    SMTPNotSupported,
    SMTPReadTimeoutError,
    SMTPRecipientRefused,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPSenderRefused,
    SMTPServerDisconnected,
    failure,
)
from smtpconsole.client.link import LoopLock
from smtpconsole.client.login import Login
from smtpconsole.client.options import Options
from smtpconsole.client.receipt import Receipt
from smtpconsole.client.response import SMTPResponse, as_reply
from smtpconsole.client.status import SMTPStatus
from smtpconsole.client.typing import Default
from smtpconsole.smtp import addresses
from smtpconsole.smtp.addresses import mailbox, path

if TYPE_CHECKING:
    from email.message import EmailMessage, Message

    from smtpconsole.client.typing import Timeout
    from smtpconsole.smtp.capabilities import Capabilities
    from smtpconsole.smtp.commands import Send
    from smtpconsole.smtp.replies import Reply
    from smtpconsole.smtp.streams import Content

_default = Default.token

_LARGE = 128 * 1024  # octets


class Sending(Login):
    """Sending messages."""

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._transactions = LoopLock()  # they do not interleave
        self._known: Capabilities | None = None  # the extensions as the engine has them
        self._known_of: dict[str, str] = {}  # and what they are made of

    async def sendmail(
        self,
        sender: str,
        recipients: str | Sequence[str],
        message: str | bytes,
        /,
        *,
        mail_options: Iterable[str] | None = None,
        rcpt_options: Iterable[str] | None = None,
        timeout: Timeout = _default,
    ) -> Receipt:
        """Send a message (RFC 5321, 3.3); it greets first where needed.

        Addresses may have display names; all are checked and encoded before the first octet is
        sent.  `mail_options` and `rcpt_options` are parameters of MAIL and of each RCPT as they
        are sent.  Returns a pair: the refused recipients with their responses, and the text of
        the server's last word; it has the other replies, too (`Receipt`).

        Raises ValueError, SMTPNotSupported (SMTPUTF8), SMTPSenderRefused,
        SMTPRecipientsRefused if it is all of them, SMTPDataError; no transaction is left open.
        """
        from smtpconsole.client import engine

        people = [recipients] if isinstance(recipients, str) else list(recipients)
        body = _content(message)
        options = [] if mail_options is None else list(mail_options)
        parameters = [] if rcpt_options is None else list(rcpt_options)
        async with self._transactions.here:
            if self.is_ehlo_or_helo_needed:
                for address in (sender, *people):
                    mailbox(address)
                timeout = await self._greet(timeout)
            known = self._capabilities()
            if "SMTPUTF8" not in known and any(each.upper() == "SMTPUTF8" for each in options):
                raise SMTPNotSupported("SMTPUTF8 is not supported by this server")
            self._check_size(known, len(body) if isinstance(body, bytes) else body.size, sender)
            sends = engine.envelope(
                known, sender, people, body, mail_options=options, rcpt_options=parameters
            )
            return await self._deliver(sender, *sends, body, timeout)

    def _check_size(self, known: Capabilities, size: int | None, sender: str) -> None:
        """RFC 1870, 6: what is too large is not sent, and the answer is known."""
        if size is not None and known.size is not None and size > known.size:
            text = f"The message has {size} octets, and the server takes {known.size} at most"
            raise SMTPSenderRefused(SMTPStatus.storage_exceeded.value, text, sender)

    def _capabilities(self) -> Capabilities:
        """The extensions as the engine has them; users may have changed `esmtp_extensions`."""
        if self._known is None or self.esmtp_extensions != self._known_of:
            from smtpconsole.client import engine

            self._known_of = dict(self.esmtp_extensions)
            words = [engine.Keyword(name.upper(), text) for name, text in self._known_of.items()]
            self._known = engine.Capabilities(keywords=tuple(words))
        return self._known

    async def _deliver(
        self, sender: str, mail: Send, rcpts: list[Send], body: Content, timeout: Timeout
    ) -> Receipt:
        if self._is_watched:
            return await self._step_by_step(mail, rcpts, await _whole(body), timeout)
        from smtpconsole.client import engine

        options, known = self._options, self._capabilities()
        exchange = engine.exchanges.deliver(
            mail,
            rcpts,
            body,
            pipelining=options.pipelining and "PIPELINING" in known and bool(rcpts),
            chunking=options.chunking and "CHUNKING" in known,
            lmtp=options.lmtp,
        )
        delivery = await self._run(exchange, timeout)
        if delivery.is_delivered:
            return Receipt(delivery)
        await self._reset(timeout)
        raise failure(delivery, sender)

    async def _step_by_step(
        self, mail: Send, rcpts: list[Send], octets: bytes, timeout: Timeout
    ) -> Receipt:
        """The same by the public methods, some of which a subclass has made its own."""
        from smtpconsole.client import engine

        try:
            answer = await self.mail(
                mail.about, timeout=timeout, **_parameters(b"MAIL FROM:", mail)
            )
            delivery = engine.Delivery(as_reply(answer))
            for rcpt in rcpts:
                delivery.recipients.append((rcpt.about, await self._name_recipient(rcpt, timeout)))
            if not delivery.accepted:
                raise failure(delivery, mail.about)
            delivery.content = [as_reply(await self.data(octets, timeout=timeout))]
        except (SMTPResponseException, SMTPRecipientsRefused):
            await self._reset(timeout)
            raise
        return Receipt(delivery)

    async def _name_recipient(self, rcpt: Send, timeout: Timeout) -> Reply:
        try:
            parameters = _parameters(b"RCPT TO:", rcpt)
            return as_reply(await self.rcpt(rcpt.about, timeout=timeout, **parameters))
        except SMTPRecipientRefused as error:
            if error.code == SMTPStatus.domain_unavailable:
                raise
            return as_reply(SMTPResponse(error.code, error.message))

    async def _reset(self, timeout: Timeout) -> None:
        """Leave no transaction open; only the first error matters."""
        if self.is_connected:
            with contextlib.suppress(
                SMTPServerDisconnected, SMTPResponseException, SMTPReadTimeoutError
            ):
                await self.rset(timeout=timeout)

    async def send_message(
        self,
        message: EmailMessage | Message,
        /,
        *,
        sender: str | None = None,
        recipients: str | Sequence[str] | None = None,
        mail_options: Iterable[str] | None = None,
        rcpt_options: Iterable[str] | None = None,
        timeout: Timeout = _default,
    ) -> Receipt:
        """Send an `email.message` (RFC 5322); sender and recipients are its own unless given.

        Bcc is not sent.  BODY=8BITMIME (RFC 6152) and SMTPUTF8 (RFC 6531) are used where the
        server offers the first and an address needs the second.  Returns what `sendmail` does,
        and raises what that does; also ValueError if there is no sender or recipient, and
        SMTPNotSupported if an address needs SMTPUTF8 and the server has it not.
        """
        from smtpconsole.client import email as messages

        if sender is None:
            sender = messages.extract_sender(message)
        if sender is None:
            raise ValueError("No From header provided in message")
        if recipients is None:
            recipients = messages.extract_recipients(message)
        people = [recipients] if isinstance(recipients, str) else list(recipients)
        if not people:
            raise ValueError("No recipient headers provided in message")
        for address in (sender, *people):
            mailbox(address)
        options = [] if mail_options is None else list(mail_options)
        timeout = await self._greet(timeout)
        has_utf8 = self._uses_utf8((sender, *people))
        if has_utf8 and "SMTPUTF8" not in map(str.upper, options):
            options.append("SMTPUTF8")
        is_8bit = self.supports_extension("8BITMIME")
        if is_8bit and "BODY=8BITMIME" not in map(str.upper, options):
            options.append("BODY=8BITMIME")
        octets = messages.flatten_message(
            message, utf8=has_utf8, cte_type="8bit" if is_8bit else "7bit"
        )
        return await self.sendmail(
            sender,
            people,
            octets,
            mail_options=options,
            rcpt_options=rcpt_options,
            timeout=timeout,
        )

    def _uses_utf8(self, people: Sequence[str]) -> bool:
        """SMTPUTF8 is wanted and offered; SMTPNotSupported if nothing else would do."""
        if all(mailbox(each).isascii() for each in people):
            return False
        if self.supports_extension("SMTPUTF8"):
            return True
        if any(addresses.needs_utf8(each) for each in people):
            raise SMTPNotSupported(
                "An address containing non-ASCII characters was provided, but SMTPUTF8 is not "
                "supported by this server"
            )
        return False  # the domains are sent as A-labels


def _content(message: str | bytes) -> Content:
    """The message as the engine takes it: a large one is pulled, without a copy of it."""
    octets = message.encode("ascii") if isinstance(message, str) else message
    if len(octets) <= _LARGE:
        return canonical(octets)
    from smtpconsole.client import engine

    return engine.Stream(octets)


async def _whole(body: Content) -> bytes:
    if isinstance(body, bytes):
        return body
    pieces = body.pieces()
    if isinstance(pieces, AsyncIterator):
        return b"".join([body.took(piece) async for piece in pieces])
    return b"".join(map(body.took, pieces))


def _parameters(start: bytes, send: Send) -> dict[str, Any]:
    """The keywords of `mail` and `rcpt` that make this Send."""
    encoding = "ascii" if send.data.isascii() else "utf-8"
    words = send.line[len(start) + len(path(send.about, encoding=encoding)) :].split()
    return {"options": [word.decode(encoding) for word in words], "encoding": encoding}
