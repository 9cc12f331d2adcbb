"""A plan carried out, stage by stage; what comes of it is an exit code and the results.

1. `stage` is where it stands, by the command that was said last: what fails, fails there.
2. What a person asked to be dropped is dropped when the command has left, without waiting.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import replace

from smtpconsole.console import troubles
from smtpconsole.console.agreeing import agrees
from smtpconsole.console.answers import Answer, ConsoleError
from smtpconsole.console.commanding import attributes
from smtpconsole.console.composing.results import Results
from smtpconsole.console.composing.sending import How, send_draft
from smtpconsole.console.console import Console
from smtpconsole.console.filenames import path_of
from smtpconsole.console.login import logins
from smtpconsole.console.submission.plan import Plan
from smtpconsole.console.submission.stages import (
    CLOSED,
    NO_PRDR,
    OK,
    STAGES,
    STOPPED,
    UNREACHABLE,
    USAGE,
    VERBS,
)
from smtpconsole.smtp import exchanges
from smtpconsole.smtp.commands import Send, command
from smtpconsole.smtp.commands import xclient as xclient_line
from smtpconsole.smtp.errors import Disconnected, HandshakeFailed, Unreachable
from smtpconsole.smtp.events import Phase, Sent
from smtpconsole.smtp.exchanges import Delivery
from smtpconsole.smtp.outcome import NO_REPLY
from smtpconsole.smtp.replies import Reply


class Ended(Exception):
    """The plan asks for no more."""


class Failed(ConsoleError):
    """A stage was not passed."""


class Submission:
    """A plan under way."""

    def __init__(self, console: Console, plan: Plan) -> None:
        self.console = console
        self.plan = plan
        self.stage = "CONNECT"
        self.ended_at = ""  # before QUIT
        self.results: list[Results] = []
        self.exit = OK
        self.is_in_doubt = False  # the server may have taken a message, and has not said so
        self._told = 0
        self._is_dropped = False
        console.journal.subscribe(self._follow)

    async def run(self) -> int:
        """Do it; the exit code."""
        try:
            await self._do()
        except Ended:
            pass
        except asyncio.CancelledError:
            self.exit = self.exit or STOPPED
            raise
        except Exception as error:
            self._fail(error)
        await self._leave()
        return self.exit

    async def _do(self) -> None:
        await self._connect()
        await self._hello("FIRST-HELO")
        if self.plan.is_xclient_first:
            await self._xclient()
        await self._start_tls()
        if not self.plan.is_xclient_first:
            await self._xclient()
        self._passed("HELO")
        await self._log_in()
        await self._send()

    def _fail(self, error: Exception) -> None:
        self.is_in_doubt |= troubles.is_in_doubt(error)
        if self._is_dropped:
            return
        console = self.console
        told = troubles.trouble(error, console.target) or troubles.bug(error)
        console.front.show(replace(told.answer(), next=()))  # lines for a console are of no use
        if self.exit:
            return
        match error:
            case Unreachable():
                self.exit = UNREACHABLE
            case HandshakeFailed():
                self.exit = STAGES["STARTTLS"].exit
            case Disconnected():
                self.exit = CLOSED
            case Failed() | TimeoutError():
                self.exit = self._code
            case ConsoleError():
                self.exit = USAGE if self.stage == "CONNECT" else self._code
            case _:
                self.exit = self._code

    @property
    def _code(self) -> int:
        session = self.console.connection.session if self.console.connection else None
        if self.stage in ("FIRST-HELO", "HELO"):
            return STAGES[
                "HELO" if session is not None and session.is_secure else "FIRST-HELO"
            ].exit
        return STAGES[self.stage].exit

    # --- stages -------------------------------------------------------------------------------

    async def _connect(self) -> None:
        console, plan = self.console, self.plan
        try:
            await console.connect(plan.target)
        except ConsoleError:
            if console.connection is not None:  # it answered, and not as it should
                self.exit = STAGES["CONNECT"].exit
            raise
        if plan.is_insecure:
            console.permit("plain", "certificate")
        self._save_certificates()
        self._passed("PROXY")
        self._passed("CONNECT")

    async def _hello(self, stage: str) -> None:
        self.stage = stage
        console, name = self.console, self.console.how.name.encode("ascii")
        session = console.connected().session
        if self.plan.hello == "HELO":
            exchange = exchanges.ask(command(b"HELO", name))
        else:
            exchange = exchanges.hello(name, lmtp=session.lmtp)
        reply = await console.run(exchange)
        if not reply.is_positive:
            raise Failed(f"the server does not want to be greeted: {reply}")
        self._passed(stage)

    async def _start_tls(self) -> None:
        plan, console = self.plan, self.console
        session = console.connected().session
        if plan.tls == "none" or session.is_secure or not plan.sends("STARTTLS"):
            return
        self.stage = "STARTTLS"
        if "STARTTLS" not in session.capabilities and not plan.how.insist:
            if plan.tls == "required":
                raise Failed("the server does not offer STARTTLS", "--insist says it all the same")
            return
        try:
            reply = await console.run(exchanges.start_tls())
        except HandshakeFailed as error:
            if plan.tls != "optional":
                raise
            console.front.show(Answer(f"{error}; going on without TLS, on a new connection"))
            self.plan = replace(plan, tls="none")
            await self._connect()
            await self._hello("FIRST-HELO")
            return
        if not reply.is_positive:
            if plan.tls != "optional":
                raise Failed(f"the server refuses STARTTLS: {reply}")
            return
        self._save_certificates()
        self._passed("STARTTLS")
        await self._hello("HELO")

    async def _xclient(self) -> None:
        plan, console = self.plan, self.console
        if not plan.xclient or not plan.sends("XCLIENT"):
            return
        self.stage = "XCLIENT"
        session = console.connected().session
        if "XCLIENT" not in session.capabilities and not plan.how.insist:
            raise Failed("the server does not offer XCLIENT", "--insist says it all the same")
        for send in self._xclient_lines():
            reply = await console.run(exchanges.ask(send))
            if not reply.is_positive:
                raise Failed(f"the server refuses XCLIENT: {reply}")
        self._passed("XCLIENT")
        await self._hello("XCLIENT-HELO")

    def _xclient_lines(self) -> list[Send]:
        plan = self.plan
        if plan.is_xclient_raw:
            return [command(b"XCLIENT", word.encode("utf-8")) for word in plan.xclient]
        wanted = attributes(plan.xclient)
        offered = (self.console.known.parameters("XCLIENT") or "").upper().split()
        unknown = [name.upper() for name in wanted if name.upper() not in offered]
        if unknown and not plan.how.insist:
            raise Failed(
                f"the server takes {', '.join(offered)} in XCLIENT, and not {', '.join(unknown)}",
                "--insist says it all the same",
            )
        return [xclient_line(**wanted)]

    async def _log_in(self) -> None:
        login, console = self.plan.login, self.console
        if login.need == "none" or not self.plan.sends("AUTH"):
            return
        self.stage = "AUTH"
        offered = console.mechanisms
        usable = [name for name in login.mechanisms or offered if name in offered]
        if not usable and login.need != "required":
            return
        wish = login.wish
        if login.mechanisms:
            if not usable and not self.plan.how.insist:
                told = ", ".join(offered) or "no AUTH"
                raise Failed(
                    f"the server offers {told}, and not {', '.join(login.mechanisms)}",
                    "--insist tries it all the same",
                )
            wish = replace(wish, mechanism=(usable or [*login.mechanisms])[0])
        try:
            await logins.log_in(console, wish)
        except ConsoleError as error:
            if login.need != "optional":
                raise
            console.front.show(replace(error.answer(), next=(), is_trouble=False))
        self._passed("AUTH")

    async def _send(self) -> None:
        plan = self.plan
        until = plan.last if plan.last in ("MAIL", "RCPT", "DATA") else ""
        if plan.last and not plan.sends("MAIL"):
            raise Ended
        self.stage = "STARTTLS"  # if anything fails now, it is trust
        await self.console.may_trust()
        self.stage = "MAIL"
        if plan.needs_prdr and "PRDR" not in self.console.known and not plan.how.insist:
            self.exit = NO_PRDR
            raise Failed("the server does not offer PRDR", "--insist asks for it all the same")
        if not until and plan.warning and not self.console.is_loopback():
            await self._agreed(plan.warning)
        how = replace(plan.how, until=until)
        for _ in range(plan.count):
            await self._one(how, until)
            if self.console.phase in (Phase.CLOSED, Phase.CLOSING, None):
                break
        self._passed(until or "DOT")

    async def _one(self, how: How, until: str) -> None:
        deliveries: list[Delivery] = []
        try:
            await send_draft(self.console, self.plan.draft, how, deliveries=deliveries)
        finally:  # what was delivered stays so, whatever comes after it
            if deliveries:
                self.results.append(results := Results(tuple(deliveries)))
                self.is_in_doubt |= results.is_in_doubt
        self._judge(self.results[-1], until)

    async def _agreed(self, warning: str) -> None:
        if not await agrees(self.console.front, f"Beware: {warning}. Send it?"):
            self.exit = USAGE
            raise Failed("nothing was sent: the message is not harmless", "--yes sends it unasked")

    def _judge(self, results: Results, until: str) -> None:
        """Set the exit code by the worst that came of a message."""
        for delivery in results.deliveries:
            failed = failed_at(delivery, until)
            if failed and not self.exit:
                self.exit = STAGES[failed].exit

    # --- stopping -----------------------------------------------------------------------------

    def _passed(self, stage: str) -> None:
        if self.plan.quit_after == stage:
            raise Ended
        if self.plan.drop_after == stage:
            self._drop()
            raise Ended

    def _follow(self) -> None:
        """Know the stage by what is said, and drop what is to be dropped then."""
        entries = self.console.journal.since(self._told)
        self._told += len(entries)
        for entry in entries:
            if isinstance(entry.event, Sent):
                self._said(entry.event.send)

    def _said(self, send: Send) -> None:
        self.stage = "DOT" if send.is_end else VERBS.get(send.verb, self.stage)
        if self._is_wanted(self.plan.drop_after_send) and send.replies and not self._is_dropped:
            asyncio.get_running_loop().call_soon(self._drop)

    def _is_wanted(self, stage: str) -> bool:
        """It stands at that stage; the first EHLO is the last where nothing calls for another."""
        is_only = self.stage == "FIRST-HELO" and self.plan.tls == "none" and not self.plan.xclient
        return stage == self.stage or (stage == "HELO" and is_only)

    def _drop(self) -> None:
        self._is_dropped = True
        if self.console.connection is not None:
            self.console.connection.close()

    async def _leave(self) -> None:
        """QUIT, where that can be said."""
        console = self.console
        connection = console.connection
        self.ended_at = self.stage
        if connection is None or not connection.is_open:
            return
        if connection.session.phase in (Phase.READY, Phase.CLOSING):
            self.stage = "QUIT"
            await self._quietly(self._quit())
        await console.disconnect()

    async def _quit(self) -> None:
        reply: Reply = await self.console.run(exchanges.quit())
        if not reply.is_positive:
            raise Failed(f"the server refuses QUIT: {reply}")

    async def _quietly(self, action: Awaitable[None]) -> None:
        try:
            await action
        except Exception as error:
            self._fail(error)

    def _save_certificates(self) -> None:
        facts = self.console.connected().tls
        if not self.plan.certificates or facts is None or not facts.chain:
            return
        import ssl

        from smtpconsole.console.sessions.saving import save

        text = "".join(ssl.DER_cert_to_PEM_cert(each.der) for each in facts.chain)
        path = save(path_of(self.plan.certificates), text)
        self.console.front.show(Answer(f"the certificates of the server are in {path}"))


def failed_at(delivery: Delivery, until: str = "") -> str:
    """The stage at which a transaction failed; "" where it has come as far as was wanted."""
    if not delivery.mail.is_positive:
        return "MAIL"
    if until == "MAIL":
        return ""
    if delivery.mail is NO_REPLY or not delivery.accepted:
        return "RCPT"
    if until == "RCPT":
        return ""
    if delivery.data is not None and delivery.data.code != 354:
        return "DATA"
    return "" if until == "DATA" or delivery.is_delivered else "DOT"
