"""Step mode and breakpoints: which batches are held, and what a person does with the one that is.

1. The session asks `holds` of every batch; nothing else is between a line and the wire.
2. What is done to a held batch is kept here until it is released; the batch itself stays as it
   was proposed.
3. Whoever waits for a batch to be held is woken by the journal, which is told of every one.
"""

from __future__ import annotations

import asyncio
import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from smtpconsole.console.answers import ConsoleError
from smtpconsole.console.holding.held import Held, rows, units
from smtpconsole.smtp.commands import CONTENT, Send
from smtpconsole.smtp.events import Answered, Phase
from smtpconsole.smtp.replies import Reply
from smtpconsole.smtp.session import Batch, Session
from smtpconsole.transcript.redaction import masked

if TYPE_CHECKING:
    from smtpconsole.net.connection import Connection
    from smtpconsole.transcript.journal import Journal

NOT_SAID = b"not said: it was skipped"
WAITS = "a batch is held; nothing else is said before it"
NOT_SENT = "nothing was sent"
NEXT = ("/next", "/skip")

_STAYS = {
    Phase.CONTENT: "the server waits for the message: a lone dot ends it, /close leaves",
    Phase.AUTH: "the server waits for a response: * gives the log-in up",
}
_CODE = re.compile(r"[2-5][0-9.xX]{2}")


@dataclass(frozen=True, slots=True)
class Breakpoint:
    """Where to hold: before a verb or in a phase, after a code, at a text of either side."""

    kind: str  # "verb", "phase", "code" or "text"
    what: str

    def __str__(self) -> str:
        return self.what if self.kind in ("verb", "code") else f"{self.kind} {self.what}"

    def stops(self, session: Session, batch: Batch, heard: Sequence[Reply]) -> bool:
        """The batch is to be held, given what was heard since the one before."""
        match self.kind:
            case "verb":
                return any(send.verb.decode("ascii", "replace") == self.what for send in batch)
            case "phase":
                return session.phase.value == self.what
            case "code":
                pattern = re.compile(self.what.lower().replace("x", "."))
                return any(pattern.fullmatch(f"{reply.code:03}") for reply in heard)
        said = [masked(send).decode("utf-8", "replace") for send in batch]
        return any(re.search(self.what, text, re.IGNORECASE) for text in (*said, *map(str, heard)))


def breakpoint_of(words: Sequence[str]) -> Breakpoint:
    """What was typed behind /break; ConsoleError if it is nothing to stop at."""
    kind, *rest = words
    phases = [phase.value for phase in Phase]
    if rest and kind.lower() in ("phase", "text", "verb", "code"):
        kind, what = kind.lower(), " ".join(rest)
    elif rest:
        raise ConsoleError(f"{' '.join(words)!r} is nothing to stop at", *_WAYS)
    elif _CODE.fullmatch(kind):
        kind, what = "code", kind
    elif kind in phases and kind != "auth":
        kind, what = "phase", kind
    else:
        kind, what = "verb", kind
    if kind == "phase" and what not in phases:
        raise ConsoleError(f"{what!r} is no phase", f"there are {', '.join(phases)}")
    if kind == "code" and not _CODE.fullmatch(what):
        raise ConsoleError(f"{what!r} is no code", "as in 550, or 5.. for all of a hundred")
    if kind == "verb" and not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]*", what):
        raise ConsoleError(f"{what!r} is nothing to stop at", *_WAYS)
    if kind == "text":
        regex(what)
    return Breakpoint(kind, what.upper() if kind == "verb" else what)


_WAYS = (
    "/break RCPT, a verb; /break 5.., a code; /break phase auth; /break text 'greylist', a pattern",
)


def regex(text: str) -> re.Pattern[str]:
    """A pattern somebody typed; ConsoleError where it is none."""
    try:
        with warnings.catch_warnings():  # of what newer Pythons may read otherwise
            warnings.simplefilter("ignore")
            return re.compile(text, re.IGNORECASE)
    except (re.error, OverflowError, RecursionError) as error:
        raise ConsoleError(
            f"{text!r} is not a pattern: {error}", r"a dot is any character, \. a dot"
        ) from error


class Stepping:
    """What is held, and what becomes of it."""

    def __init__(self, journal: Journal) -> None:
        self.is_on = False
        self.breakpoints: list[Breakpoint] = []
        self.is_watched = True  # somebody can release what is held
        self._journal = journal
        self._heard = 0  # the journal was read so far for what was heard
        self._connection: Connection | None = None
        self._proposed: Batch | None = None  # that `_units` are of
        self._units: list[list[Send]] = []
        self._skipped: set[int] = set()
        self._edited: set[int] = set()
        self._rest: Batch | None = None  # of a batch that goes in parts
        self._kept: tuple[set[int], set[int]] = (set(), set())  # skipped and edited in that
        self._why = ""
        self._news = asyncio.Event()
        journal.subscribe(self._news.set)

    def attend(self, connection: Connection) -> None:
        """Hold what is to be said on this connection, from now on."""
        self._connection = connection
        self._heard = len(self._journal)
        connection.session.holds = self._holds

    def stop_at(self, place: Breakpoint) -> None:
        """Hold there from now on; what was heard before does not count."""
        if place not in self.breakpoints:
            self.breakpoints.append(place)
        self._heard = len(self._journal)

    def _holds(self, batch: Batch) -> bool:
        if not self.is_on and not self.breakpoints:
            return False
        assert self._connection is not None
        session = self._connection.session
        heard = [
            entry.event.reply
            for entry in self._journal.since(self._heard, Answered)
            if isinstance(entry.event, Answered)
        ]
        self._heard = len(self._journal)
        stops = next((each for each in self.breakpoints if each.stops(session, batch, heard)), None)
        self._why = f"break on {stops}" if stops is not None else ""
        return self.is_on or stops is not None

    # --- what is held

    @property
    def held(self) -> Held | None:
        """What is held, for a person; None if nothing is."""
        if not self._is_holding():
            return None
        assert self._connection is not None
        session = self._connection.session
        batch = [send for unit in self._units for send in unit]
        shown = rows(batch, mechanism=session.mechanism, skipped=self._skipped, edited=self._edited)
        return Held(shown, session.is_secure, self._why)

    def _is_holding(self) -> bool:
        proposed = self._connection.session.proposed if self._connection is not None else None
        if proposed is not self._proposed:
            is_rest = proposed is not None and proposed is self._rest
            self._proposed = proposed
            self._units = units(proposed or ())
            self._skipped, self._edited = self._kept if is_rest else (set(), set())
        return proposed is not None

    def _holding(self) -> Connection:
        """The connection of what is held; ConsoleError if nothing is."""
        if not self._is_holding():
            raise ConsoleError(
                "nothing is held", "/step holds what comes, /break what you name", next=("/step",)
            )
        assert self._connection is not None
        return self._connection

    def _unit(self, number: int) -> list[Send]:
        self._holding()
        if not 0 < number <= len(self._units):
            raise ConsoleError(f"there is no line {number}", f"there are {len(self._units)}")
        return self._units[number - 1]

    # --- what is done with it

    def release(self, count: int | None = None) -> None:
        """Say what is held, or so many of its lines and hold the rest."""
        connection = self._holding()
        if count is not None and count < 1:
            raise ConsoleError("how many lines?", "/next says all, /next 1 the first of them")
        count = len(self._units) if count is None else count
        said: list[Send | Reply] = []
        for number, unit in enumerate(self._units[:count], 1):
            said += self._stand_ins(unit) if number in self._skipped else unit
        rest = [send for unit in self._units[count:] for send in unit]
        left = ({number - count for number in marked if number > count} for marked in self._marked)
        self._rest, self._kept = rest, (next(left), next(left))
        connection.release(said, rest)

    @property
    def _marked(self) -> tuple[set[int], set[int]]:
        return self._skipped, self._edited

    @staticmethod
    def _stand_ins(unit: list[Send]) -> list[Reply]:
        return [Reply(-1, [NOT_SAID])] * max(unit[0].replies, 1 if unit[0].replies else 0)

    def skip(self, numbers: Sequence[int]) -> None:
        """Leave lines out, or take them in again."""
        for number in numbers:
            self._unit(number)
        self._skipped ^= set(numbers)

    def withdraw(self, why: str = NOT_SENT) -> None:
        """Say nothing of what is held: whoever wanted it is told."""
        connection = self._holding()
        hint = _STAYS.get(connection.session.phase, "the session stays as it is")
        connection.withdraw(ConsoleError(why, *((hint,) if why == NOT_SENT else ())))

    def text(self, number: int) -> str:
        """A line as it can be edited; ConsoleError if it cannot be."""
        unit = self._unit(number)
        send = unit[0]
        if any(each.secret is not None for each in unit):
            raise ConsoleError(
                "a secret is not edited where it can be read",
                "/skip leaves the whole batch unsaid; then type the line",
            )
        if len(unit) > 1 or send.framing is not None:
            raise ConsoleError(
                "this is made while it is sent, and cannot be edited here",
                "/skip leaves it unsaid; /edit source edits the message",
            )
        return send.data.decode("utf-8", "surrogateescape").removesuffix("\r\n")

    def is_long(self, number: int) -> bool:
        """It is a message, for an editor rather than a line."""
        return "\r\n" in self.text(number)

    def edit(self, number: int, text: str) -> None:
        """Say something else instead of a line."""
        if text == self.text(number):
            return
        (before,) = self._unit(number)
        data = text.encode("utf-8", "surrogateescape")
        data += b"\r\n" if before.data.endswith(b"\r\n") else b""
        assert self._connection is not None
        if before.verb in (b"", CONTENT):
            if before.replies and before.verb and not (b"\r\n" + data).endswith(b"\r\n.\r\n"):
                raise ConsoleError(
                    "nothing was changed: the lone dot that ends the message is missing",
                    "/skip leaves it unsaid; /raw says what has no end",
                )
            after = replace(before, data=data)
        else:
            after = self._connection.session.typed(data.removesuffix(b"\r\n"))
            if before.replies and not after.replies:
                after = replace(after, replies=before.replies)
        self._units[number - 1] = [after]
        self._edited.add(number)

    # --- waiting

    async def until(self, condition: Callable[[], Any]) -> None:
        """Wait until something is so that comes with the journal's news."""
        while True:
            self._news.clear()
            if condition():
                return
            await self._news.wait()

    async def settled(self, task: asyncio.Future[Any]) -> bool:
        """Wait until the task is done, or a batch is held; true if it is done."""
        holding = asyncio.ensure_future(self.until(self._is_holding))
        try:
            await asyncio.wait({task, holding}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            holding.cancel()
        return task.done()
