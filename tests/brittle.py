"""Sessions over links that break: what a client claims of its message, and what the server has.

1. A claim is TAKEN, NOT_TAKEN or IN_DOUBT, as whoever sent the message is told.  It is a lie where
   the server has what was told not to be taken, or has not what was told to be.
2. Every message has a number in its subject, so that many sessions share one server.
3. `Guarded` is a sandbox that knows when all that was said to it is dealt with.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import threading
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from breaking import Break, Breakable

from smtpconsole.client import SMTP, Letter, Receipt
from smtpconsole.client.errors import SMTPException
from smtpconsole.sandbox import Sandbox
from smtpconsole.sandbox.mailbox import Mailbox

TAKEN, NOT_TAKEN, IN_DOUBT = "taken", "not taken", "in doubt"
AT_ONCE = 40  # sessions
_NUMBERS = itertools.count()
PATIENCE = 10.0  # seconds; nothing but silence is waited for so long
BOB, CAROL = "bob@sandbox.example", "carol@sandbox.example"
_BARE = [
    *("SIZE", "8BITMIME", "SMTPUTF8", "STARTTLS", "ENHANCEDSTATUSCODES", "DSN", "BINARYMIME"),
    *("LIMITS", "XCLIENT", "ETRN", "VRFY", "EXPN", "HELP"),
]  # is not offered, as every octet costs a session


class Guarded(Sandbox):
    """A sandbox that keeps every message, offers little, and can be waited for."""

    def __init__(self, *, withdraw: Iterable[str] = _BARE, **changes: Any) -> None:
        super().__init__(lmtp_port=0, withdraw=tuple(withdraw), **changes)
        self.mailbox = Mailbox(max_letters=100_000)
        self._clients = self._seen = 0
        self._changed = threading.Condition()
        self.diary.subscribe(self._follow)

    def _follow(self) -> None:
        with self._changed:
            for note in self.diary.since(self._seen):
                self._seen = note.number
                self._clients += {"connected": 1, "gone": -1}.get(note.what, 0)
            self._changed.notify_all()

    def settle(self) -> None:
        """Wait until every client has gone, and what it had said is dealt with."""
        with self._changed:
            is_quiet = self._changed.wait_for(lambda: not self._clients, 20)
        assert is_quiet, "a client stays for ever"

    def counted(self, who: str = "") -> Counter[str]:
        """How many messages of each number there are, for somebody or for anybody."""
        self.settle()
        letters = self.mailbox.letters()
        return Counter(each.subject for each in letters if not who or who in each.recipients)


@dataclass
class Message:
    """One of a session, and what was claimed of it."""

    number: str
    claim: str = NOT_TAKEN
    words: str = ""
    people: dict[str, str] = field(default_factory=dict)  # claims for each, where that is told

    @property
    def text(self) -> str:
        """It has a line with a dot, which is doubled on the way."""
        return f"Subject: {self.number}\r\n\r\n.dot\r\n"


@dataclass
class Told:
    """One session, and over which link it went."""

    link: Breakable
    messages: list[Message]

    def __str__(self) -> str:
        down = bytes(self.link.carried["down"])[-60:]
        claims = "; ".join(f"{each.claim} ({each.words})" for each in self.messages)
        return f"{self.link.breaks}: {claims}; the last heard: {down!r}"


At = tuple[str, int]
Deliver = Callable[[Guarded, At, list[Message]], Awaitable[None]]  # at the link


def by_library(
    patience: float = PATIENCE, people: Sequence[str] = (BOB, CAROL), **options: Any
) -> Deliver:
    """How the library delivers a message, or many, and what it claims of each."""

    async def deliver(server: Guarded, at: At, messages: list[Message]) -> None:
        wishes = {"local_hostname": "me.example", "start_tls": False, **options}
        client = SMTP(hostname=at[0], port=at[1], timeout=patience, **wishes)
        letters = [Letter(each.text, "a@x.example", list(people)) for each in messages]
        try:
            await client.connect()
            if len(letters) == 1:
                receipt = await client.deliver(
                    messages[0].text, sender="a@x.example", recipients=list(people)
                )
                _claim(messages[0], receipt)
            else:
                results = await client.deliver_all(letters)
                for message, result in zip(messages, results, strict=True):
                    _claim(message, result)
            await client.quit()
        except SMTPException as error:
            for message in messages:
                if not message.words:
                    _claim(message, error)
        finally:
            await client.wait_closed()

    return deliver


def _claim(message: Message, result: Receipt | SMTPException) -> None:
    message.words = repr(result)
    if isinstance(result, SMTPException):
        message.claim = IN_DOUBT if result.is_in_doubt else NOT_TAKEN
        return
    message.claim = TAKEN
    for who, answer in result.refused.items():
        message.people[who] = IN_DOUBT if answer.code < 0 else NOT_TAKEN
    message.people |= dict.fromkeys(result.delivered, TAKEN)


async def sessions(
    server: Guarded,
    deliver: Deliver,
    breaks: Iterable[Break | None],
    *,
    lmtp: bool = False,
    count: int = 1,
    at_once: int = AT_ONCE,
) -> list[Told]:
    """A session over each link, many side by side; nothing is left of them."""
    port = server.lmtp_port if lmtp else server.port
    assert port is not None
    found: list[Told] = []
    waiting = iter(breaks)

    async def go_on() -> None:
        for each in waiting:
            session = next(_NUMBERS)
            messages = [Message(f"{session:06}-{at}") for at in range(count)]
            found.append(told := Told(Breakable(port, each), messages))
            async with told.link as link:
                await deliver(server, link.at, messages)

    async with nothing_left():
        await asyncio.gather(*(go_on() for _ in range(at_once)))
    return found


@asynccontextmanager
async def nothing_left() -> AsyncIterator[None]:
    """No task, descriptor or exception that nobody has seen is left behind."""
    loop = asyncio.get_running_loop()
    unseen: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: unseen.append(context))
    tasks = asyncio.all_tasks()
    await asyncio.to_thread(int)  # the thread is there before descriptors are counted
    before = descriptors()
    yield
    try:
        async with asyncio.timeout(10):
            while asyncio.all_tasks() - tasks or len(descriptors()) > len(before):
                await asyncio.sleep(0.01)  # the server closes its ends in a thread of its own
    except TimeoutError:
        tasks_left = asyncio.all_tasks() - tasks
        raise AssertionError(f"left: {tasks_left}, {descriptors()} of {before}") from None
    assert not unseen, unseen


def descriptors() -> list[str]:
    """Those that are open, by what they are of."""
    found = list[str]()
    for number in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            found.append(os.readlink(f"/proc/self/fd/{number}"))
    return found


def lies(server: Guarded, found: Iterable[Told], *people: str) -> list[str]:
    """What was claimed and is not so, or was sent twice; "" is anybody at all."""
    sessions_ = list(found)
    told = list[str]()
    for who in people:
        has = server.counted(who)
        told += [
            f"{who or 'the server'} has {has[message.number]} of it, {session}"
            for session in sessions_
            for message in session.messages
            if not _is_true(message.people.get(who, message.claim), has[message.number])
        ]
    return told


def _is_true(claim: str, count: int) -> bool:
    return count in {TAKEN: (1,), NOT_TAKEN: (0,), IN_DOUBT: (0, 1)}[claim]
