"""What the sandbox answers where aiosmtpd leaves it to us, and what its own answers lack."""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from smtpconsole.sandbox.accounts import DOMAIN, Accounts, is_local

MAX_RECIPIENTS = 1_000

# aiosmtpd's replies that lack an enhanced code: by their text, or else by their digits.
ENHANCED = {
    "220 Ready to start TLS": "2.0.0",
    "454": "4.7.0",
    "500": "5.5.2",
    "501": "5.5.4",
    "502": "5.5.1",
    "503": "5.5.1",
    "504": "5.5.4",
    "552": "5.3.4",
    "553": "5.1.3",
    "555": "5.5.4",
}

_IS_ENHANCED = re.compile(r"\d{3}[ -][245]\.\d{1,3}\.\d{1,3} ")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

log = logging.getLogger("smtpconsole.sandbox")
log.addHandler(logging.NullHandler())
# Without a handler of its own, logging writes aiosmtpd's warnings across the screen.
logging.getLogger("mail.log").addHandler(logging.NullHandler())
logging.getLogger("mail.log").propagate = False


def enhanced(reply: str) -> str:
    """The reply as it should be: one line, and an enhanced code where one belongs (RFC 2034, 3)."""
    reply = _CONTROL.sub("?", reply)  # aiosmtpd repeats arguments as they came
    reply = reply.replace(": <address>", ":<address>")  # RFC 5321, 3.3: no blank there
    code = ENHANCED.get(reply) or ENHANCED.get(reply[:3])
    if code is None or _IS_ENHANCED.match(reply):
        return reply
    return f"{reply[:3]} {code} {reply[4:]}"


class Answers:
    """aiosmtpd's hooks, called by name; each gives the reply."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    async def handle_HELO(
        self, _server: SMTP, session: Session, _envelope: Envelope, name: str
    ) -> str:
        """Note the client's name."""
        session.host_name = _readable(name)
        return f"250 {DOMAIN}"

    async def handle_EHLO(
        self, _server: SMTP, session: Session, _envelope: Envelope, name: str, lines: list[str]
    ) -> list[str]:
        """Note the client's name, and offer what aiosmtpd does not know it can do."""
        session.host_name = _readable(name)
        first, *rest, last = lines
        return [first, "250-PIPELINING", *rest, "250-ENHANCEDSTATUSCODES", "250-VRFY", last]

    async def handle_MAIL(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Accept any sender that can be written down."""
        if flaw := _flaw(address, envelope):
            return flaw
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 Ok"

    async def handle_RCPT(
        self, _server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Answer for a recipient as the accounts say."""
        if flaw := _flaw(address, envelope):
            return flaw
        if len(envelope.rcpt_tos) >= MAX_RECIPIENTS:
            return "452 4.5.3 Too many recipients"
        reply = self._accounts.answer(address, user=session.auth_data)
        if reply.startswith("250 "):
            envelope.rcpt_tos.append(address)
            envelope.rcpt_options.extend(options)
        return reply

    async def handle_VRFY(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str
    ) -> str:
        """Say what RCPT would, for mailboxes here."""
        if flaw := _flaw(address, envelope):
            return flaw
        if "@" not in address:
            address = f"{address}@{DOMAIN}"
        if not is_local(address):
            return "252 2.0.0 Not a mailbox here, RCPT tells whether it is accepted"
        reply = self._accounts.answer(address, user=None)
        return f"250 2.1.5 <{address}>" if reply.startswith("250 ") else reply

    async def handle_NOOP(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _arg: str | None
    ) -> str:
        """Nothing, done."""
        return "250 2.0.0 Ok"

    async def handle_RSET(self, _server: SMTP, _session: Session, _envelope: Envelope) -> str:
        """The transaction is forgotten; aiosmtpd has seen to it."""
        return "250 2.0.0 Ok"

    async def handle_QUIT(self, _server: SMTP, _session: Session, _envelope: Envelope) -> str:
        """A farewell."""
        return "221 2.0.0 Bye"

    async def handle_exception(self, error: Exception) -> str:
        """A fault of the sandbox: logged, and told to the client."""
        log.error("Sandbox failed at a command", exc_info=error)
        return f"451 4.3.0 Sandbox failed at this command ({type(error).__name__})"


class Verbs(dict[str, Any]):
    """aiosmtpd's methods by verb; for any other verb, the one that refuses.

    aiosmtpd 1.4.6 hangs up at the fifth verb it does not find: too soon for who is learning.
    """

    def __init__(
        self, methods: dict[str, Any], *, unknown: Callable[[str | None], Awaitable[None]]
    ) -> None:
        super().__init__(methods)
        self._unknown = unknown

    def get(self, verb: str, default: Any = None) -> Any:  # aiosmtpd looks up with get()
        """The method for a verb."""
        return super().get(verb, default or self._unknown)


def _flaw(address: str, envelope: Envelope) -> str | None:
    if not address.isprintable():
        return "553 5.1.3 Address holds control characters or is not UTF-8"
    if not address.isascii() and not envelope.smtp_utf8:
        return "553 5.6.7 Address beyond ASCII needs SMTPUTF8"
    return None


def _readable(name: str) -> str:
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
