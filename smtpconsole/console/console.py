"""The console: a connection, a journal, a draft, settings, and `execute(line)`.

A front end shows answers and asks questions; all else is here, so that the application, the
line mode, scripts and lessons cannot grow copies of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from smtpconsole.composer.draft import Draft
from smtpconsole.console import commands, connecting, language, troubles
from smtpconsole.console.agreeing import agrees
from smtpconsole.console.answers import ConsoleError
from smtpconsole.console.composing.keeping import Keeper
from smtpconsole.console.configuring import profiles
from smtpconsole.console.front import Front
from smtpconsole.console.history import History
from smtpconsole.console.holding.held import Held
from smtpconsole.console.holding.stepping import NEXT, WAITS, Stepping
from smtpconsole.console.known import Known, Watch
from smtpconsole.console.memory import Memory
from smtpconsole.console.memory import Suggestions as Suggestions
from smtpconsole.console.sandboxing import sandboxes
from smtpconsole.console.scripting.variables import Variables
from smtpconsole.console.settings import Settings
from smtpconsole.console.targets import named, written
from smtpconsole.console.teaching.standing import Standing
from smtpconsole.net.connection import Connection
from smtpconsole.smtp import exchanges
from smtpconsole.smtp.capabilities import Capabilities
from smtpconsole.smtp.commands import CONTENT, Send
from smtpconsole.smtp.events import Entered, Noted, Phase, Target
from smtpconsole.smtp.facts import Demands
from smtpconsole.smtp.replies import Reply
from smtpconsole.smtp.session import Exchange
from smtpconsole.transcript.journal import Journal

if TYPE_CHECKING:
    from smtpconsole.console.composing.uploading import Upload
    from smtpconsole.console.dns.matrix import Matrix
    from smtpconsole.console.stopping import Stoppable
    from smtpconsole.console.teaching.learning import Learning

T = TypeVar("T")


class Console:
    """A session with a person."""

    def __init__(
        self,
        front: Front,
        journal: Journal,
        *,
        settings: Settings | None = None,
        suggestions: Suggestions | None = None,
        known: Known | None = None,
        standing: Standing | None = None,
    ) -> None:
        self.front = front
        self.journal = journal
        self.settings = settings if settings is not None else Settings()
        self.suggestions = suggestions or Suggestions()
        self.sandbox = self.suggestions.sandbox
        self.connection: Connection | None = None
        self.target: Target | None = None
        self.profile: profiles.Profile | None = None  # whose rules hold
        self.is_dialling = False
        self.learning: Learning | None = None  # the lesson under way
        self.doing = 0  # things that a person has asked for, and that are not done yet
        self.standing = standing or Standing()  # in all lessons
        self.upload: Upload | None = None  # the message that is on its way
        self.under_way: list[Stoppable] = []  # the outermost first
        self.keeper = Keeper(
            Draft(sender=self.suggestions.sender, body="This is a test.\n", subject="Test")
        )
        self.at_end = ExitStack()  # what was started, and is to end with the console
        self.at_end.callback(self.keeper.close)
        self.demands: dict[str, Demands] = {}  # of domains that were looked up, by host
        self.matrix: Matrix | None = None  # of the domain that was walked last
        self.watch = Watch(journal, known)
        self.stepping = Stepping(journal)
        self.history = History()  # what was entered; front ends that keep it give theirs
        self.variables = Variables(journal.redactor.learn)
        self._memory = Memory()

    # --- entering -----------------------------------------------------------------------------

    async def execute(self, line: str) -> None:
        """Do what a line says; every trouble is shown, none is raised."""
        if self.learning is not None:
            self.learning.typed.append("" if self.is_secret(line) else line)
        await self.perform(self.dispatch(line))

    async def perform(self, action: Awaitable[object]) -> None:
        """Do something on the person's behalf; every trouble is shown, none is raised."""
        self.doing += 1
        try:
            await action
        except Exception as error:
            told = troubles.trouble(error, self.target) or troubles.bug(error)
            self.front.show(told.answer())
        finally:
            self.doing -= 1
        if self.learning is not None:
            self.learning.look()

    async def dispatch(self, line: str) -> None:
        """Do what a line says; ConsoleError and the engine's errors are raised."""
        is_content, lookup = self.phase is Phase.CONTENT, self.variables.get
        match language.parse(line, in_content=is_content, lookup=lookup):
            case language.Say(data):
                await self.say(data)
            case language.Remark(text):
                self.journal(Noted(text))
            case language.Call(name, words):
                command = commands.find(name)
                secrets = command.secrets(words)
                for secret in secrets:
                    self.journal.redactor.learn(secret.encode("utf-8", "surrogateescape"))
                self.journal(Entered(language.without(line, secrets)))
                await command(self, words)

    def is_secret(self, line: str) -> bool:
        """A line that must not be kept: an answer to a challenge, AUTH with one, a password."""
        try:
            meaning = language.parse(line, in_content=self.phase is Phase.CONTENT)
            match meaning:
                case language.Call(name, words):
                    return bool(commands.find(name).secrets(words))
                case language.Say(data) if self.connection is not None:
                    return self.connection.session.typed(data).secret is not None
                case language.Say(data):
                    return data.strip().upper().startswith(b"AUTH")
        except ConsoleError:
            return False
        return False

    async def say(self, data: bytes) -> None:
        """Say a line verbatim."""
        connection = self.connected(said=data)
        session = connection.session
        if data.lstrip()[:5].upper() == b"AUTH " and session.phase is Phase.READY:
            await self.may_send_secrets()
        send = session.typed(data)
        self._note_content(send, data)
        if isinstance(send.about, str) and send.verb in (b"MAIL", b"RCPT"):
            self._memory.addresses[send.about] = None
        for reply in await self.run(exchanges.typed(session, data)):
            self._after(send.verb, reply)

    def _note_content(self, send: Send, data: bytes) -> None:
        if send.verb != CONTENT:
            self._memory.content.clear()
        elif len(self._memory.content) < 100:
            self._memory.content.append(data.decode("utf-8", "replace"))

    async def run(self, exchange: Exchange[T]) -> T:
        """Hold an exchange on the connection there is; what is held goes first."""
        if self.held is not None:
            raise ConsoleError(WAITS, next=NEXT)
        try:
            return await self.connected().run(exchange, self.how.patience)
        finally:
            self.watch.look(self.connection)

    def _after(self, verb: bytes, reply: Reply) -> None:
        if verb == CONTENT and reply.is_positive:
            self._memory.deliveries += 1

    # --- connecting ---------------------------------------------------------------------------

    async def connect(self, target: Target, how: Mapping[str, Any] | None = None) -> None:
        """Connect to a server, or to one that takes a domain's mail, leaving the one before.

        `how` are settings for this server alone; those given before hold if there are none.
        """
        if self.journal.is_recorded:
            raise ConsoleError("this is a recorded session: it can be looked at, not gone on with")
        self.profile = profiles.entered(self, target)
        if target.mx:
            from smtpconsole.console.dns import mailroutes  # which needs dnspython

            await mailroutes.connect(self, target, how)
            return
        await self.disconnect()
        self.target = target
        if how:
            self._memory.ways[target] = dict(how)
        self._memory.targets[written(target)] = None
        self._memory.deliveries = 0
        self.is_dialling = True
        try:
            self.connection = await connecting.connection(
                target, self.how, self.journal, self._memory.passwords, self._ask_secretly
            )
        finally:
            self.is_dialling = False
        if self.profile is not None and (guard := self.profile.guard()) is not None:
            self.connection.session.permit = guard.check
        self.stepping.attend(self.connection)
        # A sandbox is a new server each time.
        is_kept = self.settings.remember and not sandboxes.ways(self.sandbox, target)
        self.watch.begin(written(target) if is_kept else None)
        self.watch.look(self.connection)
        session = self.connection.session
        reply = session.malformed or session.last_reply  # which may be about a later one
        if reply is not None and (told := troubles.greeting_trouble(reply, target)):
            raise told

    @property
    def draft(self) -> Draft:
        """The message in the composer."""
        return self.keeper.draft

    @draft.setter
    def draft(self, draft: Draft) -> None:
        self.keeper.set(draft)

    @property
    def how(self) -> Settings:
        """The settings for the server there is."""
        if self.target is None:
            return self.settings
        own = sandboxes.ways(self.sandbox, self.target) | self._memory.ways.get(self.target, {})
        own = {**self.profile.settings, **own} if self.profile is not None else own
        return replace(self.settings, **own) if own else self.settings

    async def _ask_secretly(self, question: str) -> str:
        secret = await self.front.ask(question, secret=True)
        self.journal.redactor.learn(secret.encode())
        return secret

    async def disconnect(self) -> None:
        """Close the connection, if there is one, and wait until it is gone."""
        if self.held is not None:
            self.stepping.withdraw("nothing was sent of what was held: the connection is closed")
        connection, self.connection = self.connection, None
        if connection is not None:
            connection.close()
            await connection.wait_closed()

    def connected(self, said: bytes = b"") -> Connection:
        """The connection; ConsoleError if there is none."""
        if self.connection is None or not self.connection.is_open:
            raise troubles.nobody_there(self.connect_line, said.decode("utf-8", "replace"))
        return self.connection

    async def introduced(self) -> Connection:
        """The connection, after EHLO has been said and answered."""
        connection = self.connected()
        if not connection.session.capabilities.greeting:
            name = self.settings.name.encode("ascii")
            reply = await self.run(exchanges.hello(name, lmtp=connection.session.lmtp))
            if not reply.is_positive:
                raise ConsoleError(f"the server does not want to be greeted: {reply}")
        return connection

    # --- permission ---------------------------------------------------------------------------

    async def may_send_secrets(self) -> None:
        """Credentials go in the clear, or to an unproven server, only by a person's word."""
        connection = self.connected()
        if not connection.session.is_secure and not self.is_loopback():
            await self.permitted(
                "plain",
                "The connection is not encrypted: whoever is on the path reads the password.",
            )
        await self.may_trust()

    async def may_trust(self) -> None:
        """A server with a certificate that does not prove it is used only by a person's word."""
        facts = self.connected().tls
        if facts is None or not facts.errors:
            return
        count = len(facts.errors)
        told = "; ".join(problem.text for problem in facts.errors)
        problems = "a problem" if count == 1 else f"{count} problems"
        await self.permitted("certificate", f"The certificate has {problems}: {told}.")

    async def permitted(self, what: str, question: str) -> None:
        """Ask once for each server; ConsoleError if the answer is not yes."""
        key = (str(self.target), what)
        if key in self._memory.granted:
            return
        if not await agrees(self.front, f"{question} Go on all the same?"):
            raise ConsoleError(
                "nothing was sent, for the answer was not yes", "it can be asked again"
            )
        self._memory.granted.add(key)

    def permit(self, *what: str) -> None:
        """A person has said beforehand that this is all right at the server there is."""
        self._memory.granted |= {(str(self.target), each) for each in what}

    def is_loopback(self) -> bool:
        """The server is on this machine."""
        connection = self.connection
        if connection is None or connection.transport is None:
            return False
        if connection.target.is_local:
            return True
        if self.how.proxy:
            return False  # a proxy on this machine goes on to another
        peer = connection.transport.get_extra_info("peername")
        return bool(peer) and str(peer[0]).startswith(("127.", "::1"))

    # --- what is known ------------------------------------------------------------------------

    @property
    def phase(self) -> Phase | None:
        """The session's phase; None without a connection."""
        return self.connection.session.phase if self.connection is not None else None

    @property
    def held(self) -> Held | None:
        """The batch that step mode holds."""
        return self.stepping.held

    @property
    def known(self) -> Capabilities:
        """What the server offers, as far as it was asked."""
        return self.connection.session.capabilities if self.connection else Capabilities()

    @property
    def mechanisms(self) -> tuple[str, ...]:
        """What the server offers for logging in."""
        return self.known.mechanisms

    @property
    def targets_seen(self) -> tuple[str, ...]:
        """Servers talked to."""
        return tuple(self._memory.targets)

    @property
    def addresses_seen(self) -> tuple[str, ...]:
        """Addresses that came up, those that are suggested first."""
        own = (self.suggestions.sender, self.suggestions.recipient, *self._memory.addresses)
        return tuple(dict.fromkeys(own))

    @property
    def connect_line(self) -> str:
        """How to connect, to where it was last."""
        if self.target is not None:
            return f"/connect {named(self.target)}"
        return f"/connect {self.suggestions.target}".rstrip()

    @property
    def known_user(self) -> str:
        """Who to log in as, if that is obvious."""
        return (self.target.user if self.target is not None else "") or self.suggestions.user

    @property
    def sender(self) -> str:
        """Who to send as, if nothing else is known."""
        session = self.connection.session if self.connection is not None else None
        if session is not None and session.identity and "@" in session.identity:
            return session.identity
        return self.suggestions.sender

    @property
    def recipient(self) -> str:
        """Who to send to, if nothing else is known."""
        known = self.suggestions
        if known.recipient != Suggestions().recipient:
            return known.recipient
        return f"postmaster@{self.sender.rpartition('@')[2]}"

    @property
    def typed_content(self) -> tuple[str, ...]:
        """The first lines of the message that is being typed."""
        return tuple(self._memory.content)

    @property
    def has_delivered(self) -> bool:
        """The server has taken a message since it was connected to."""
        return self._memory.deliveries > 0

    def delivered(self) -> None:
        """The server has taken a message."""
        self._memory.deliveries += 1

    @staticmethod
    def now() -> datetime:
        """The time, with the zone this machine is in."""
        return datetime.now().astimezone()

    async def end(self) -> None:
        """Leave everything in order."""
        await self.disconnect()
        await asyncio.to_thread(self.at_end.close)
        self.journal.close()
