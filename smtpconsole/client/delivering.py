"""class Delivering: what aiosmtplib does not have: every parameter, any source, many at once."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypedDict, Unpack, cast

from smtpconsole.client.commands import canonical
from smtpconsole.client.errors import (
    SMTPException,
    SMTPNotSupported,
    SMTPSenderRefused,
    SMTPServerDisconnected,
    failure,
)
from smtpconsole.client.receipt import Receipt
from smtpconsole.client.sending import Sending
from smtpconsole.client.status import SMTPStatus
from smtpconsole.client.typing import Default
from smtpconsole.smtp.addresses import mailbox

if TYPE_CHECKING:
    from email.message import EmailMessage, Message

    from smtpconsole.client.typing import Timeout
    from smtpconsole.smtp.capabilities import Capabilities
    from smtpconsole.smtp.exchanges import Delivery
    from smtpconsole.smtp.exchanges import Letter as Said
    from smtpconsole.smtp.streams import Content, File, Stream

    Octets = str | bytes | File | Iterable[bytes] | AsyncIterable[bytes] | Stream
    Source = EmailMessage | Message | Octets

_default = Default.token


class RecipientOptions(TypedDict, total=False):
    """Parameters of RCPT, by name; None and False say nothing.

    notify: when a report is wanted: "NEVER", or of "SUCCESS", "FAILURE", "DELAY" (RFC 3461, 4.1).
    orcpt: the recipient asked for in the first place, an address (RFC 3461, 4.2).
    rrvs: since when the mailbox has its owner, a datetime or "2030-01-01T00:00:00Z;C" (RFC 7293).
    """

    notify: str | Sequence[str] | None
    orcpt: str | None
    rrvs: str | datetime | None


class EnvelopeOptions(RecipientOptions, total=False):
    """Parameters of MAIL, by name; those of `RecipientOptions` are for every recipient.

    body: "7BIT", "8BITMIME" (RFC 6152), or "BINARYMIME", which wants chunking (RFC 3030).
    smtputf8: addresses or headers are UTF-8 (RFC 6531); set where an address needs it.
    ret: what a report has of the message, "FULL" or "HDRS" (RFC 3461, 4.3).
    envid: what a report calls the message (RFC 3461, 4.4).
    auth: who has submitted it, or "<>" (RFC 4954, 5).
    requiretls: no way without TLS (RFC 8689).
    by: "SECONDS;R" returns, "SECONDS;N" tells what is late (RFC 2852).
    hold_for, hold_until: seconds, or a datetime, before which it is not sent on (RFC 4865).
    mt_priority: from -9 to 9 (RFC 6710).
    prdr: a reply for each recipient after the message (draft-hall-prdr).
    """

    body: str | None
    smtputf8: bool
    ret: str | None
    envid: str | None
    auth: str | None
    requiretls: bool
    by: str | None
    hold_for: int | None
    hold_until: str | datetime | None
    mt_priority: int | None
    prdr: bool


_OF_RECIPIENTS = frozenset(RecipientOptions.__annotations__)


@dataclass(frozen=True, slots=True)
class Letter:
    """One message with its envelope, for `deliver_all`; sender and recipients as in `deliver`."""

    message: Source
    sender: str | None = None
    recipients: str | Sequence[str] | None = None
    options: EnvelopeOptions = field(default_factory=lambda: EnvelopeOptions())
    mail_options: Sequence[str] = ()
    rcpt_options: Sequence[str] = ()
    per_recipient: Mapping[str, RecipientOptions] = field(default_factory=dict)
    insist: bool = False


class Delivering(Sending):
    """Deliveries."""

    async def deliver(
        self,
        message: Source,
        /,
        *,
        sender: str | None = None,
        recipients: str | Sequence[str] | None = None,
        mail_options: Sequence[str] = (),
        rcpt_options: Sequence[str] = (),
        per_recipient: Mapping[str, RecipientOptions] | None = None,
        insist: bool = False,
        timeout: Timeout = _default,
        **options: Unpack[EnvelopeOptions],
    ) -> Receipt:
        """Send a message from whatever holds it, with any parameter (RFC 5321, 3.3).

        `message` is an `email.message`, whose own sender and recipients are taken unless they
        are given; or octets: str (ASCII), bytes, a binary file, an iterator or asynchronous
        iterator of bytes, or a `Stream`.  What is not in memory is pulled while it is sent.

        `options` are parameters by name, `per_recipient` those of single recipients,
        `mail_options` and `rcpt_options` any others as they are sent.  What the server has not
        offered is not said, but with `insist`.  Where it limits the recipients of a transaction
        (LIMITS, RFC 9422) there are several.

        Returns a `Receipt`: what each recipient was answered.  Raises ValueError for a wrong
        value or a missing sender or recipient, SMTPNotSupported for what is not offered,
        SMTPSenderRefused (552 if the message is too large, RFC 1870, before it is sent),
        SMTPRecipientsRefused if it is all of them, SMTPDataError.
        """
        letter = Letter(
            message,
            sender,
            recipients,
            options,
            mail_options,
            rcpt_options,
            per_recipient or {},
            insist,
        )
        async with self._transactions.here:
            timeout = await self._greet(timeout)
            sender, said = self._said(letter)
            result = await self._deliver_said(said, letter, sender, timeout)
        if isinstance(result, Receipt):
            return result
        raise result

    async def deliver_all(
        self, letters: Iterable[Letter], /, *, timeout: Timeout = _default
    ) -> list[Receipt | SMTPException]:
        """Send many messages in as few round trips as the server allows (RFC 2920, 3.1).

        The end of one message travels with the envelope of the next.  The list has one item for
        each letter: its `Receipt`, or the exception that `deliver` would raise.  ValueError and
        SMTPNotSupported are raised before anything is sent; SMTPServerDisconnected or
        SMTPReadTimeoutError stand for the letters that a connection which ended has left
        unanswered, and are in doubt (`is_in_doubt`) for those that were said to their end.
        """
        from smtpconsole.client import engine

        wanted = list(letters)
        async with self._transactions.here:
            timeout = await self._greet(timeout)
            prepared = [self._said(letter) for letter in wanted]
            said = [each for _, parts in prepared for each in parts]
            outcomes, lost = await self._all_said(said, self._how(wanted), timeout)
        results: list[Receipt | SMTPException] = []
        for sender, parts in prepared:
            own, outcomes = outcomes[: len(parts)], outcomes[len(parts) :]
            results.append(engine.result(own, parts, sender, lost))
        return results

    async def _all_said(
        self, said: list[Said], how: dict[str, Any], timeout: Timeout
    ) -> tuple[list[Delivery], SMTPException]:
        """What came of transactions, as far as they got, and what ended those that did not."""
        from smtpconsole.client import engine

        outcomes: list[Delivery] = []
        exchange = engine.exchanges.deliver_all(said, outcomes=outcomes, **how)
        try:
            await self._run(exchange, timeout)
        except SMTPException as error:
            return outcomes, error
        return outcomes, SMTPServerDisconnected("The server has left before this message")

    async def _deliver_said(
        self, said: list[Said], letter: Letter, sender: str, timeout: Timeout
    ) -> Receipt | SMTPException:
        from smtpconsole.client import engine

        how = self._how([letter])
        if len(said) > 1:
            outcomes, lost = await self._all_said(said, how, timeout)
            return engine.result(outcomes, said, sender, lost)
        outcome = await self._run(engine.exchanges.deliver(*said[0], **how), timeout)
        if outcome.leaves_open:
            await self._reset(timeout)
        return Receipt(outcome) if outcome.is_delivered else failure(outcome, sender)

    def _how(self, letters: list[Letter]) -> Any:
        options, known = self._options, self._capabilities()
        is_binary = any(_is_binary(letter) for letter in letters)
        insists = any(letter.insist for letter in letters)
        return {
            "pipelining": options.pipelining and "PIPELINING" in known,
            "chunking": (options.chunking or is_binary) and ("CHUNKING" in known or insists),
            "lmtp": options.lmtp,
            "prdr": any(letter.options.get("prdr") for letter in letters),
        }

    def _said(self, letter: Letter) -> tuple[str, list[Said]]:
        """The sender, and what is said for a letter: one transaction, or several (RFC 9422)."""
        from smtpconsole.client import engine

        sender, people = _addressed(letter)
        known = self._capabilities()
        options = dict(letter.options)
        if not options.get("smtputf8") and self._uses_utf8((sender, *people)):
            options["smtputf8"] = True
        body = self._body(letter, options)
        self._check_offer(known, body, sender, letter)
        per_recipient = {name: dict(wishes) for name, wishes in letter.per_recipient.items()}
        common = {name: options.pop(name) for name in _OF_RECIPIENTS & options.keys()}
        found = engine.groups(known, people)
        self._check_count(known, len(found))
        if len(found) > 1 and not isinstance(body, bytes):
            raise SMTPNotSupported(
                f"The server takes {len(found[0])} recipients a message (LIMITS), and a message "
                "that is pulled can be sent but once"
            )
        try:
            return sender, [
                (
                    *engine.wished(
                        known,
                        sender,
                        group,
                        body,
                        mail_wishes=options,
                        rcpt_wishes={**common, **per_recipient},
                        mail_options=letter.mail_options,
                        rcpt_options=letter.rcpt_options,
                        is_secure=self._is_secure,
                        insist=letter.insist,
                    ),
                    body,
                )
                for group in found
            ]
        except engine.Unfit as error:
            raise SMTPNotSupported(str(error)) from error

    def _check_count(self, known: Capabilities, count: int) -> None:
        """RFC 9422, 4.1: MAILMAX is how many transactions a session may have."""
        most, session = known.limit("MAILMAX"), self._linked().session
        if most is not None and session.mails + count > most:
            raise SMTPNotSupported(
                f"The server takes {most} messages in a session (MAILMAX); connect again"
            )

    def _check_offer(self, known: Capabilities, body: Content, sender: str, letter: Letter) -> None:
        if letter.insist:
            return
        from smtpconsole.client import engine

        size = engine.size_of(body)
        if size is not None and known.size is not None and size > known.size:
            text = f"The message has {size} octets, and the server takes {known.size} at most"
            raise SMTPSenderRefused(SMTPStatus.storage_exceeded.value, text, sender)

    def _body(self, letter: Letter, options: dict[str, Any]) -> Content:
        """The message as the engine takes it."""
        from email.message import Message

        from smtpconsole.client import engine

        message, is_binary = letter.message, _is_binary(letter)
        if isinstance(message, Message):
            is_8bit = self.supports_extension("8BITMIME")
            if is_8bit and options.get("body") is None:
                options["body"] = "8BITMIME"
            message = engine.messages.flatten_message(
                message,
                utf8=bool(options.get("smtputf8")),
                cte_type="8bit" if is_8bit or is_binary else "7bit",
            )
        if isinstance(message, str):
            message = message.encode("ascii")
        if isinstance(message, bytes):
            if not message.isascii() and self.supports_extension("8BITMIME"):
                options.setdefault("body", "8BITMIME")
            return engine.Stream(message, binary=True) if is_binary else canonical(message)
        if isinstance(message, engine.Stream):
            return message
        size = engine.file_size(cast("File", message)) if hasattr(message, "read") else None
        return engine.Stream(message, size=size, binary=is_binary)


def _is_binary(letter: Letter) -> bool:
    return str(letter.options.get("body") or "").upper() == "BINARYMIME"


def _addressed(letter: Letter) -> tuple[str, list[str]]:
    """Sender and recipients, given or the message's own; ValueError if there are none."""
    from email.message import Message

    from smtpconsole.client import email as messages

    sender, recipients = letter.sender, letter.recipients
    if isinstance(letter.message, Message):
        if sender is None:
            sender = messages.extract_sender(letter.message)
        if recipients is None:
            recipients = messages.extract_recipients(letter.message)
    if sender is None:
        raise ValueError("There is no sender: give one, or a message that has a From")
    people = [recipients] if isinstance(recipients, str) else list(recipients or ())
    if not people:
        raise ValueError("There are no recipients: give some, or a message that has a To")
    for address in (sender, *people):
        mailbox(address)
    return sender, people
