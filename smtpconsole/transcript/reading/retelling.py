"""Lines of both sides become the events that they were: the session is lived through once more."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass

from smtpconsole.smtp import events
from smtpconsole.smtp.commands import CONTENT, GREETING, PER_RECIPIENT, Send
from smtpconsole.smtp.events import Event, Phase
from smtpconsole.smtp.facts import TlsFacts
from smtpconsole.smtp.reactions import REACTIONS
from smtpconsole.smtp.replies import Reply, ReplyParser
from smtpconsole.smtp.session import Session
from smtpconsole.transcript.journal import Journal
from smtpconsole.transcript.turns import Side

_MASKED = re.compile(rb"\[(?:\d+ octets )?not shown\]|PROVIDED_BUT_REMOVED")
_CHUNK = re.compile(rb"\s*BDAT\s+(\d{1,12})\b", re.IGNORECASE)


@dataclass(slots=True)
class Heard:
    """A line of one side, or something that happened."""

    side: Side
    data: bytes = b""  # octets of the client or the server, with their line ends
    is_secure: bool | None = None  # None: the text does not tell
    is_unasked: bool = False
    at: float | None = None  # seconds since the first line, where the text tells
    event: Event | None = None  # of the console
    whole: Send | None = None  # of the client, where all is known of it


class Retelling:
    """Takes what is heard, one after the other, and tells a journal."""

    def __init__(self, *, remarks: bool = True) -> None:
        self._now = 0.0
        self.journal = Journal(clock=lambda: self._now)
        self._remarks = remarks
        self._begin()

    def _begin(self) -> None:
        """A connection begins: nothing is known of the server."""
        self._session = Session(self._observe)
        self._parser = ReplyParser()
        self._unanswered: deque[Send] = deque([Send(b"", GREETING)])
        self._content = b""  # of a message, or of a chunk with its command
        self._awaited = 0  # octets of a chunk
        self._has_spoken = False

    def _observe(self, event: Event) -> None:
        if self._remarks or isinstance(event, events.Learned):
            self.journal(event)

    def hear(self, heard: Heard) -> None:
        """The next thing."""
        if heard.at is not None:
            self._now = max(self._now, heard.at)
        if heard.is_secure is not None and heard.is_secure != self._session.is_secure:
            self._turn_secure(heard.is_secure)
        match heard.side:
            case Side.CLIENT if heard.whole is not None:
                self._say(heard.whole)
            case Side.CLIENT:
                for line in heard.data.splitlines(keepends=True) if heard.data else ():
                    self._client(line)
            case Side.SERVER:
                self._server(heard.data, is_unasked=heard.is_unasked)
            case Side.CONSOLE if heard.event is not None:
                self._happened(heard.event)

    def end(self) -> None:
        """There is no more."""
        self._flush()
        left = self._parser.clear()
        if left:
            self.journal(events.Anomaly("incomplete reply", ascii(left)[2:-1]))

    # --- the client ---------------------------------------------------------------------------

    def _client(self, line: bytes) -> None:
        session = self._session
        self._has_spoken = True
        if session.phase is Phase.UPGRADING and not session.is_secure:
            self._turn_secure(True)  # it went on, so the handshake was made
        if self._awaited:
            self._chunk(line)
        elif session.phase is Phase.CONTENT:
            is_end = line.rstrip(b"\r\n") == b"." and not self._is_amid_line()
            self._content += line
            if is_end:
                self._flush()
        elif (found := _CHUNK.match(line)) is not None:
            self._content, self._awaited = line, int(found[1])
            if not self._awaited:
                self._flush()
        else:
            self._say(self._understood(line))

    def _is_amid_line(self) -> bool:
        return bool(self._content) and not self._content.endswith(b"\n")

    def _chunk(self, line: bytes) -> None:
        """A line of a chunk, which may end before the line does."""
        excess = len(line) - self._awaited
        if 0 < excess <= 2 and line.endswith(b"\r\n"):
            line = line[: len(line) - excess]
        self._content += line
        self._awaited = max(0, self._awaited - len(line))
        if not self._awaited:
            self._flush()

    def _understood(self, data: bytes) -> Send:
        """What a line meant, secrets marked; a secret that was masked already is none."""
        line = data.removesuffix(b"\n").removesuffix(b"\r")
        send = self._session.typed(line)
        send.data = data
        if send.secret is not None and _MASKED.search(data[send.secret]):
            send.secret = send.about = None
        if send.verb == b"LHLO":
            self._session.lmtp = True
        return send

    def _flush(self) -> None:
        """What was collected of a message or a chunk is all there is of it."""
        data, self._content, self._awaited = self._content, b"", 0
        if not data:
            return
        if _CHUNK.match(data):
            is_last = data.split(b"\r\n", 1)[0].upper().endswith(b" LAST")
            replies = PER_RECIPIENT if self._session.lmtp and is_last else 1
            self._say(Send(data, b"BDAT", replies))
        else:
            self._say(Send(data, CONTENT, PER_RECIPIENT if self._session.lmtp else 1))

    def _say(self, send: Send) -> None:
        if self._unanswered and self._unanswered[0].verb == GREETING:
            self._unanswered.popleft()  # the text begins after it
        self.journal(events.Sent(send))
        if send.replies:
            self._unanswered.append(send)

    # --- the server ---------------------------------------------------------------------------

    def _server(self, data: bytes, *, is_unasked: bool) -> None:
        self._flush()
        for reply in self._parser.feed(data):
            if self._remarks:
                for flaw in reply.flaws:
                    self.journal(events.Anomaly(flaw, ""))
            self._answer(reply, is_unasked=is_unasked)

    def _answer(self, reply: Reply, *, is_unasked: bool) -> None:
        session, waiting = self._session, self._unanswered
        if not waiting or is_unasked:
            self.journal(events.Answered(reply, None))
            if self._remarks:
                self.journal(events.Anomaly("unsolicited reply", str(reply)))
            return
        send = waiting[0]
        if send.replies == 1:
            settled = True
        else:
            if not session.owed:
                taken = session.transaction.accepted if session.transaction is not None else []
                session.owed = send.replies if send.replies > 0 else max(1, len(taken))
            session.owed -= 1
            settled = not session.owed
        self.journal(events.Answered(reply, send))
        react = REACTIONS.get(send.verb)
        if react is not None:
            react(session, send, reply)
        if settled:
            waiting.popleft()

    # --- what happens besides -----------------------------------------------------------------

    def _turn_secure(self, is_secure: bool) -> None:
        """The text tells by its marks that TLS is on, or is off again."""
        self._flush()
        if is_secure:
            self.journal(events.Secured(TlsFacts()))
            self._upgraded()
        else:
            self._session.is_secure = False

    def _upgraded(self) -> None:
        session = self._session
        if session.phase is Phase.UPGRADING:
            session.upgraded()
        session.is_secure = True

    def _happened(self, event: Event) -> None:
        self._flush()
        if isinstance(event, events.Dialling):
            self._begin()
        elif isinstance(event, events.Closed):
            self._session.is_secure = False
        self.journal(event)
        if isinstance(event, events.Secured):
            self._upgraded()
