"""The rows of the table that are about how a server behaves (see `abilities`)."""

from __future__ import annotations

import contextlib

from abilities import LIMIT, NAME, SENDER, Told, ability, by, judged, met, policy
from columns import Column

from smtpconsole.net import injection
from smtpconsole.net.route import Route
from smtpconsole.smtp.commands import CONTENT, Send, mail, rcpt
from smtpconsole.smtp.errors import Disconnected
from smtpconsole.smtp.events import Target
from smtpconsole.smtp.exchanges import ask, deliver, quit


@ability("second EHLO")
async def second_hello(at: Column) -> Told:
    async with met(at) as this:
        await this.ask("MAIL", f"FROM:<{SENDER}>")
        reply = await this.hello()
        # Not MAIL: Dovecot 2.3 dies of MAIL, EHLO, MAIL.
        another = await this.ask("RCPT", f"TO:<{at.known}>")
        # The session knows whether the transaction has gone on.
        assert (this.connection.session.transaction is not None) == another.is_positive
        return Told(reply.is_positive, str(reply))


@ability("early talk")
async def early_talk(at: Column) -> Told:
    port, early = at.watchful_port or at.port, by(b"NOOP\r\n")
    told = Told(False, "")
    for _ in range(5):  # smtp-server looks for a tenth of a second; once we are quick enough
        try:
            async with met(at, port=port, log_in=False, greet=False, route=early) as this:
                reply = this.replies[0]
                told = Told(reply.code // 100 != 2, str(reply))
        except Disconnected as error:
            told = Told(True, str(error))
        if told.can:
            break
    return told


@ability("idle drop")
async def idle_drop(at: Column) -> Told:
    # Nothing is said: who is slow must not be dismissed in the middle of it.
    async with met(at, port=at.impatient_port, log_in=False, greet=False) as this:
        if at.impatient_port is None:
            await this.hello()
            return Told(False, str(await this.ask("NOOP")))
        count = len(this.replies)
        await this.connection.wait_closed()
        last = this.replies[count:]
        return Told(True, str(last[-1]) if last else "closed without a word")


@ability("STARTTLS injection")
async def injected(at: Column) -> Told:
    where = Target("localhost", at.port, lmtp=at.is_lmtp)
    try:
        found = await injection.probe(
            where, policy(at), name=NAME, timeout=LIMIT, route=Route(family=4)
        )
    except injection.Unwelcome as error:
        return Told(False, str(error))
    return Told(found.outcome in ("ignored", "refused"), found.outcome)


@ability("LF . LF")
async def false_end(at: Column) -> Told:
    async with met(at) as this:
        for verb, argument in (("MAIL", f"FROM:<{SENDER}>"), ("RCPT", f"TO:<{at.known}>")):
            await this.ask(verb, argument)
        await this.ask("DATA")
        count = len(this.replies)
        # Where that is an end, NOOP and the dot behind it are commands.
        content = b"Subject: a false end\r\n\r\nbody\n.\nNOOP\r\n.\r\n"
        reply = await this.connection.run(ask(Send(content, CONTENT)), LIMIT)
        with contextlib.suppress(Disconnected):
            await this.connection.run(quit(), LIMIT)
        await this.connection.wait_closed()
        return Told(len(this.replies) == count + 2, str(reply))


@ability("too many errors")
async def too_many_errors(at: Column) -> Told:
    # Postfix answers at once where it trusts us, and a second later each time where not.
    async with met(at, port=at.trusting_port) as this:
        for count in range(1, 31):
            try:
                reply = await this.ask("WIBBLE")
            except Disconnected:
                return Told(True, f"{count - 1}: {this.replies[-1]}")
            if not this.connection.is_open or reply.code in (421, 521):
                return Told(True, f"{count}: {reply}")
        return Told(False, str(reply))


@ability("a long line")
async def long_line(at: Column) -> Told:
    async with met(at) as this:
        try:
            reply = await this.ask("NOOP", "x" * 5000)
            await this.ask("RSET")
        except Disconnected as error:
            return Told(False, str(error.replies[-1] if error.replies else error))
        return Told(reply.is_negative, str(reply))


@ability("a long body line")
async def long_body_line(at: Column) -> Told:
    content = b"From: <sender@client.test>\r\nSubject: long\r\n\r\n" + b"x" * 2000 + b"\r\n"
    async with met(at) as this:
        exchange = deliver(mail(SENDER), [rcpt(at.known)], content, lmtp=at.is_lmtp)
        return judged(await this.connection.run(exchange, LIMIT))
