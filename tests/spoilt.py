"""A person's session on a sandbox that fails: what is told, how it ends, and what it costs."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from test_console import Person

from smtpconsole.console.answers import Answer
from smtpconsole.console.coach import advise
from smtpconsole.console.console import Console
from smtpconsole.console.sandboxing.sandboxes import suggestions
from smtpconsole.console.settings import Settings
from smtpconsole.sandbox import Sandbox
from smtpconsole.sandbox.faults import Fault, known
from smtpconsole.smtp.events import Phase
from smtpconsole.transcript.formats import exported
from smtpconsole.transcript.journal import Journal
from smtpconsole.visible import visible

PATIENCE = 3.0  # seconds for a reply; six sessions share a loop, and tracemalloc slows them
SIDE_BY_SIDE = 6  # sessions, each with a sandbox of its own
LARGE = "y" * 70 + "\n"
UPGRADED = {"EHLO-TLS", "AUTH", "challenge", "tls", "context", "STARTTLS"}


@dataclass
class Told:
    """What a person found."""

    fault: Fault
    answers: list[Answer] = field(default_factory=list)
    wire: str = ""
    questions: list[str] = field(default_factory=list)
    advice: str = ""  # of the coach: the line to enter
    seconds: float = 0
    phase: Phase | None = None
    owed: int = 0  # replies, when all was over
    is_well_afterwards: bool = False

    @property
    def words(self) -> str:
        """Everything, a line each."""
        answers = [line for each in self.answers for line in (each.title, *each.lines, *each.next)]
        return "\n".join([*map(visible, answers), *self.questions, visible(self.wire)])

    @property
    def trouble(self) -> Answer | None:
        """The last answer that was a trouble."""
        return next((each for each in reversed(self.answers) if each.is_trouble), None)


def give_localhost_both_addresses() -> None:
    """In this loop, as the hosts file of most machines does, and that of some does not."""
    loop = asyncio.get_running_loop()
    look_up = loop.getaddrinfo

    async def found(host: str, port: int, **options: Any) -> list[Any]:
        if host != "localhost":
            return await look_up(host, port, **options)
        six = (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", port, 0, 0))
        return [six, *await look_up("127.0.0.1", port, **options)]

    loop.getaddrinfo = found  # type: ignore[method-assign,assignment]


async def all_told() -> dict[str, Told]:
    """Every fault's session, several side by side in one loop."""
    give_localhost_both_addresses()
    waiting = sorted(known().values(), key=lambda fault: -fault.wait - fault.pause)
    found: dict[str, Told] = {}

    async def go_on(sandbox: Sandbox) -> None:
        while waiting:
            fault = waiting.pop(0)
            found[fault.name] = await told(sandbox, fault)

    sandboxes = [Sandbox() for _ in range(SIDE_BY_SIDE)]
    try:
        for each in sandboxes:
            each.start()
        # Alone, so that what is loaded when it is first wanted makes nobody late.
        await told(sandboxes[0], Fault(name="none", id="", title="", shows="", at=("AUTH",)))
        await asyncio.gather(*(go_on(each) for each in sandboxes))
    finally:
        for each in sandboxes:
            each.stop()
    return found


async def told(sandbox: Sandbox, fault: Fault) -> Told:
    """One session on a sandbox with one fault."""
    person = Person(*["yes"] * 9)
    settings = Settings(
        name="client.example", timeout=PATIENCE + fault.wait + fault.pause, remember=False
    )
    begin = suggestions(sandbox)
    host = "localhost" if fault.deaf else "127.0.0.1"  # no thread looks up a name meanwhile
    begin.target = f"{host}:{sandbox.port}"
    console = Console(person, Journal(), settings=settings, suggestions=begin)
    result = Told(fault)
    sandbox.faults.switch_on(fault)
    began = time.monotonic()
    try:
        for line in lines(console, fault, sandbox):
            await console.execute(line)
    finally:
        sandbox.faults.switch_off()
    result.seconds = time.monotonic() - began
    result.answers = list(person.answers)
    result.questions = [question for question, _ in person.questions]
    result.phase, result.advice = console.phase, advise(console).line
    if console.connection is not None:
        result.owed = len(console.connection.session.unanswered)
    # A megabyte of text takes a second, in which the sessions beside it would be late.
    result.wire = await asyncio.to_thread(exported, console.journal, "text")
    await console.execute("/connect")
    await console.execute("NOOP")
    if console.connection is not None and (reply := console.connection.session.last_reply):
        result.is_well_afterwards = reply.code == 250
    await console.end()
    return result


def lines(console: Console, fault: Fault, sandbox: Sandbox) -> Iterator[str]:
    """What a person enters, as long as there is somebody to say it to."""
    at = set(fault.at)
    yield console.connect_line
    yield "EHLO client.example"
    if "STARTTLS" in fault.withdraw and fault.nth:
        yield "EHLO client.example"
    if at & UPGRADED or fault.plain or fault.end == "cut" or fault.withdraw:
        yield "/starttls"
        yield "/tls"
    if "EHLO-TLS" in at:
        yield f"/login {sandbox.user}"
    if at & {"AUTH", "challenge"} or "AUTH" in fault.withdraw:
        mechanism = "SCRAM-SHA-256" if fault.name == "auth-no-proof" else "LOGIN"
        yield f"/login {mechanism} {sandbox.user} {sandbox.password}"
    if "NOOP" in at:
        yield "NOOP"
    if "content" in at:
        console.draft = replace(
            console.draft, body=LARGE * (120_000 if fault.end == "reset" else 15_000)
        )
    chunking = " --chunking" if "BDAT" in at else ""
    people = "bob@sandbox.example carol@sandbox.example"
    yield f'/send "{people}"{chunking}'
    yield "QUIT"
