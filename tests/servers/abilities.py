"""The rows of the table: what is tried on each server, with our engine.

    @ability("STARTTLS")
    async def starttls(at: Column) -> Told: ...

A row says whether the server can do it, and what it said: the reply that decided, or what
became of the connection.  What must come of it is in `abilities.toml`, cell by cell.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

from columns import Column

from smtpconsole.net.connection import Connection
from smtpconsole.net.dial import dial
from smtpconsole.net.policy import TlsPolicy
from smtpconsole.net.proxy_header import ProxyHeader
from smtpconsole.net.route import Route
from smtpconsole.net.surroundings import channel
from smtpconsole.smtp.commands import Send, command, mail, rcpt, xclient
from smtpconsole.smtp.content import canonical
from smtpconsole.smtp.envelope import wished
from smtpconsole.smtp.errors import Disconnected, HandshakeFailed
from smtpconsole.smtp.events import Answered, Event, Target
from smtpconsole.smtp.exchanges import ask, deliver, hello, quit, start_tls
from smtpconsole.smtp.login import Attempt, attempt
from smtpconsole.smtp.outcome import Delivery
from smtpconsole.smtp.parameters import Unfit
from smtpconsole.smtp.replies import Reply
from smtpconsole.smtp.sasl import MECHANISMS, Failure, credentials
from smtpconsole.smtp.streams import Stream

LIMIT = 25  # seconds for a reply, on a slow machine
NAME = b"client.example.test"
SENDER = "sender@client.test"
CONTENT = canonical(b"Subject: a row of the table\n\n.dots\n..\n")
CLIENT = ("192.0.2.7", 52000)
OVERSIZE = 11 * 2**20  # octets; what every server here refuses if it refuses any
MANY = 1000


@dataclass(frozen=True)
class Told:
    """Whether it can, and its words."""

    can: bool
    words: str


Row = Callable[[Column], Awaitable[Told]]
ROWS: dict[str, Row] = {}


def ability(name: str) -> Callable[[Row], Row]:
    """Register a row under its name; `abilities.toml` says what that means."""

    def register(row: Row) -> Row:
        ROWS[name] = row
        return row

    return register


@dataclass
class Met:
    """A connection to a server, and every reply that came, asked for or not."""

    connection: Connection
    replies: list[Reply] = field(default_factory=list)

    @property
    def known(self):  # type: ignore[no-untyped-def]
        return self.connection.session.capabilities

    async def ask(self, verb: str, *arguments: str) -> Reply:
        send = command(verb.encode(), *(each.encode() for each in arguments))
        return await self.connection.run(ask(send), LIMIT)

    async def hello(self) -> Reply:
        is_lmtp = self.connection.session.lmtp
        return await self.connection.run(hello(NAME, lmtp=is_lmtp), LIMIT)

    async def log_in(self, name: str, at: Column, password: str | None = None) -> Attempt:
        mechanism = MECHANISMS[name]
        user = at.user if mechanism.needs != "nothing" else ""
        who = credentials(
            user,
            at.password if password is None else password,
            token=at.token or "no-token",
            authzid=at.user if name == "EXTERNAL" else "",
            channel=channel(self.connection),
        )
        return await self.connection.run(attempt(mechanism, who), LIMIT)

    async def deliver(self, at: Column, *people: str, **ways: object) -> Delivery:
        ways = {"lmtp": self.connection.session.lmtp, **ways}
        exchange = deliver(*self.letter(*people or (at.known,)), **ways)  # type: ignore[arg-type]
        return await self.connection.run(exchange, LIMIT)

    def letter(self, *people: str) -> tuple[Send, list[Send], bytes]:
        return mail(SENDER), [rcpt(each) for each in people], CONTENT


@asynccontextmanager
async def met(
    at: Column,
    *,
    port: int | None = None,
    secure: bool = False,
    log_in: bool = True,
    route: Route | None = None,
    lmtp: bool | None = None,
    certified: bool = False,
    greet: bool = True,
) -> AsyncIterator[Met]:
    """A connection as far as a client goes before it sends: greeted, and logged in if need be."""
    replies: list[Reply] = []

    def observe(event: Event) -> None:
        if isinstance(event, Answered):
            replies.append(event.reply)

    is_implicit = secure and at.tls_port is not None and port is None
    where = (at.tls_port if is_implicit else None) or port or at.port
    connection = await dial(
        Target("localhost", where, implicit_tls=is_implicit),
        observe=observe,
        tls=policy(at, certified=certified),
        lmtp=at.is_lmtp if lmtp is None else lmtp,
        timeout=LIMIT,
        route=route or Route(family=4),
    )
    this = Met(connection, replies)
    try:
        if greet:
            await this.hello()
        if secure and not is_implicit and "STARTTLS" in this.known:
            await connection.run(start_tls(), LIMIT)
            await this.hello()
        if log_in and at.logs_in_first:
            made = await this.log_in("PLAIN", at)
            assert made.is_logged_in, made
            await this.hello()  # Dovecot tells only now what its backend can do
        yield this
    finally:
        connection.close()
        await connection.wait_closed()


def policy(at: Column, *, certified: bool = False) -> TlsPolicy:
    certificate = str(at.client_cert) if certified and at.client_cert is not None else None
    return TlsPolicy(ca_file=str(at.ca) if at.ca else None, client_cert=certificate)


def judged(outcome: Delivery) -> Told:
    """What a delivery comes to."""
    if outcome.is_delivered:
        return Told(True, str(outcome.content[-1]))
    return Told(False, str(outcome.refusal))


# --- ways in ----------------------------------------------------------------------------------


@ability("plain")
async def plain(at: Column) -> Told:
    async with met(at) as this:
        assert not this.connection.session.is_secure
        return judged(await this.deliver(at))


@ability("STARTTLS")
async def starttls(at: Column) -> Told:
    async with met(at, log_in=False) as this:
        is_offered = "STARTTLS" in this.known
        reply = await this.connection.run(start_tls(), LIMIT)
        if not is_offered:
            return Told(False, str(reply))
        tls = this.connection.tls
        assert tls is not None and tls.version == "TLSv1.3" and not tls.failure
        assert (await this.hello()).is_positive
        return Told("STARTTLS" not in this.known, str(reply))


@ability("implicit TLS")
async def implicit(at: Column) -> Told:
    if at.tls_port is None:
        try:
            await dial(
                Target("localhost", at.port, implicit_tls=True), tls=policy(at), timeout=LIMIT
            )
        except HandshakeFailed as error:
            return Told(False, str(error))
    async with met(at, secure=True) as this:
        assert this.connection.session.is_secure
        return judged(await this.deliver(at))


# --- logging in -------------------------------------------------------------------------------


async def log_in(name: str, at: Column) -> Told:
    is_certified = name == "EXTERNAL"
    async with met(at, secure=True, log_in=False, certified=is_certified) as this:
        is_offered = name in this.known.mechanisms
        made = await this.log_in(name, at)
        # Whatever became of it, client and server are agreed on where they stand.
        assert (await this.ask("NOOP")).is_positive
        can = is_offered and made.is_logged_in
        assert not can or this.connection.session.identity == at.user
        return Told(can, str(made.reply or made.words))


for _name in sorted(MECHANISMS, key=lambda name: (MECHANISMS[name].strength, name)):
    ability(f"AUTH {_name}")(partial(log_in, _name))


@ability("a wrong password")
async def wrong_password(at: Column) -> Told:
    async with met(at, secure=True, log_in=False) as this:
        made = await this.log_in("PLAIN", at, "wrong")
        return Told(made.failure is Failure.CREDENTIALS, str(made.reply))


@ability("AUTH in the clear")
async def in_the_clear(at: Column) -> Told:
    async with met(at, log_in=False) as this:
        made = await this.log_in("PLAIN", at)
        is_offered = "PLAIN" in this.known.mechanisms
        return Told(is_offered and made.is_logged_in, str(made.reply))


# --- extensions -------------------------------------------------------------------------------


@ability("PIPELINING")
async def pipelining(at: Column) -> Told:
    async with met(at) as this:
        is_offered = "PIPELINING" in this.known
        try:
            outcome = await this.deliver(at, at.known, at.unknown, pipelining=True)
        except Disconnected as error:
            return Told(False, " | ".join(map(str, error.replies)) or str(error))
        told = judged(outcome)
        return Told(is_offered and told.can, told.words)


@ability("BDAT")
async def bdat(at: Column) -> Told:
    async with met(at) as this:
        is_offered = "CHUNKING" in this.known
        told = judged(await this.deliver(at, chunking=True, chunk=20 if is_offered else None))
        return Told(is_offered and told.can, told.words)


@ability("1,000 recipients")
async def many(at: Column) -> Told:
    async with met(at, port=at.many_port) as this:
        people = [at.many.format(number) for number in range(MANY)]
        outcome = await this.deliver(at, *people, pipelining="PIPELINING" in this.known)
        assert [who for who, _ in outcome.recipients] == people
        told = judged(outcome)
        return Told(told.can and len(outcome.accepted) == MANY, str(outcome.recipients[-1][1]))


async def with_wishes(
    at: Column, keyword: str, sender: str, mail_wishes: dict[str, object], rcpt_wishes: object
) -> Told:
    """MAIL and RCPT with parameters that need an extension; held back where there is none."""
    async with met(at) as this:
        known = this.known
        wishes = {"mail_wishes": mail_wishes, "rcpt_wishes": rcpt_wishes}
        is_held_back = False
        try:
            wished(known, sender, [at.known], CONTENT, **wishes)  # type: ignore[arg-type]
        except Unfit:
            is_held_back = True
        assert is_held_back == (keyword not in known)
        letter = wished(known, sender, [at.known], CONTENT, **wishes, insist=True)  # type: ignore[arg-type]
        exchange = deliver(*letter, CONTENT, lmtp=at.is_lmtp)
        told = judged(await this.connection.run(exchange, LIMIT))
        return Told(told.can and not is_held_back, told.words)


@ability("SMTPUTF8")
async def smtputf8(at: Column) -> Told:
    return await with_wishes(
        at, "SMTPUTF8", "zoë@client.test", {"smtputf8": True, "body": "8BITMIME"}, {}
    )


@ability("DSN")
async def dsn(at: Column) -> Told:
    wishes = {"notify": "FAILURE", "orcpt": "old@elsewhere.test"}
    return await with_wishes(at, "DSN", SENDER, {"ret": "HDRS", "envid": "QQ314"}, wishes)


@ability("XCLIENT")
async def become(at: Column) -> Told:
    async with met(at, port=at.trusting_port, log_in=False) as this:
        is_offered = "XCLIENT" in this.known
        names = {"name": "spam.example.invalid"} if at.ca is None else {"addr": "2001:db8::7"}
        reply = await this.connection.run(ask(xclient(**names)), LIMIT)
        if reply.is_positive:
            assert (await this.hello()).is_positive
        return Told(is_offered and reply.is_positive, str(reply))


async def proxied(version: int, at: Column) -> Told:
    header = ProxyHeader(version=version, source=CLIENT, destination=("192.0.2.1", 25))  # type: ignore[arg-type]
    seen: list[Reply] = []
    try:
        port, route = at.proxy_port or at.port, by(header)
        async with met(at, port=port, log_in=False, greet=False, route=route) as this:
            seen = [each for each in this.replies if each.code != 220]
            reply = await this.hello()
            await this.connection.run(quit(), LIMIT)
            bad = [each for each in this.replies if not each.is_positive]
            return Told(not bad and reply.is_positive, str(bad[0] if bad else this.replies[0]))
    except (Disconnected, HandshakeFailed) as error:
        return Told(False, str(seen[0] if seen else error))


def by(header: ProxyHeader | bytes) -> Route:
    return Route(family=4, header=header)


for _version in (1, 2):
    ability(f"PROXY v{_version}")(partial(proxied, _version))


@ability("LMTP")
async def lmtp(at: Column) -> Told:
    port = at.lmtp_port or at.port
    async with met(at, port=port, log_in=False, lmtp=True, greet=at.lmtp_port is not None) as this:
        if at.lmtp_port is None:
            return Told(False, str(await this.hello()))
        outcome = await this.deliver(at, at.known, at.known.replace("bob", "alice"))
        return Told(len(outcome.content) == 2, str(outcome.content[0]))


# --- refusals ---------------------------------------------------------------------------------


@ability("SIZE too large")
async def oversize_declared(at: Column) -> Told:
    async with met(at) as this:
        reply = await this.ask("MAIL", f"FROM:<{SENDER}>", f"SIZE={OVERSIZE}")
        return Told(reply.code == 552, str(reply))


@ability("unknown parameter")
async def unknown_parameter(at: Column) -> Told:
    async with met(at) as this:
        reply = await this.ask("MAIL", f"FROM:<{SENDER}>", "XNOPE=1")
        return Told(reply.code // 100 == 5, str(reply))


@ability("DATA too large")
async def oversize(at: Column) -> Told:
    line = b"x" * 998 + b"\r\n"
    head = b"From: <sender@client.test>\r\nSubject: large\r\n\r\n"
    content = Stream([head, *[line * 64] * (OVERSIZE // 64_000 + 1)])
    async with met(at) as this:
        exchange = deliver(mail(SENDER), [rcpt(at.known)], content, lmtp=at.is_lmtp)
        try:
            outcome = await this.connection.run(exchange, LIMIT)
        except Disconnected as error:
            return Told(True, str(error))
        return Told(not outcome.is_delivered, str(outcome.replies[-1]))


@ability("relay denied")
async def relay_denied(at: Column) -> Told:
    async with met(at, log_in=False) as this:
        reply = await this.ask("MAIL", f"FROM:<{SENDER}>")
        if reply.is_positive:
            reply = await this.ask("RCPT", f"TO:<{at.elsewhere}>")
        return Told(reply.code // 100 == 5, str(reply))


@ability("unknown user")
async def unknown_user(at: Column) -> Told:
    async with met(at) as this:
        await this.ask("MAIL", f"FROM:<{SENDER}>")
        reply = await this.ask("RCPT", f"TO:<{at.unknown}>")
        return Told(reply.code // 100 == 5, str(reply))
