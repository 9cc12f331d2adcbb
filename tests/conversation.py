"""Check an exchange against a conversation written the way RFCs write them.

    converse(exchange, '''
        C: MAIL FROM:<a@example.org>
        S: 250 ok
    ''')

Lines that follow each other from one side travel together: what is one `C:` block must be said
in one go, and what is one `S:` block arrives in one go (or cut, where `cut` says so).
A `*:` line is something that happens: `TLS` (the handshake is over), `closed`, `lost` (by an
error), `cut short` (before all that we have to say had left), `late` (a reply does not come in
time), `silence` (nothing is said).
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from concurrent.futures import Future
from itertools import groupby, pairwise
from typing import Any
from weakref import WeakKeyDictionary

from smtpconsole.smtp import upload
from smtpconsole.smtp.errors import Silence
from smtpconsole.smtp.events import Event, Phase
from smtpconsole.smtp.session import Exchange, Session


def ready(*, lmtp: bool = False) -> Session:
    """A session after its greeting, which keeps its events in `session.events`."""
    session = Watched(lmtp=lmtp)
    session.phase = Phase.READY
    return session


class Watched(Session):
    """A session that remembers what happened."""

    def __init__(self, *, lmtp: bool = False) -> None:
        self.events: list[Event] = []
        super().__init__(self.events.append, lmtp=lmtp)

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


def converse(
    exchange: Exchange[Any], script: str, session: Session | None = None, cut: Iterable[int] = ()
) -> Any:
    """Run an exchange against a script; its result, or the exception that ended it."""
    if session is None:
        session = ready()
    future: Future[Any] = Future()
    session.begin(exchange, future)
    turns = [line.split(": ", 1) for line in textwrap.dedent(script).strip("\n").splitlines()]
    for side, group in groupby(turns, key=lambda turn: turn[0]):
        texts = [text for _, text in group]
        octets = "".join(text + "\r\n" for text in texts).encode()
        match side:
            case "C":
                assert said(session).decode() == octets.decode()
            case "S":
                for piece in pieces(octets, cut):
                    session.receive(piece)
            case "*":
                for what in texts:
                    _happen(session, what)
    assert said(session) == b"", "said more than the script"
    assert future.done(), "the exchange is not over"
    return future.result()


def said(session: Session) -> bytes:
    """What the session has to say, with the content that is to be pulled for it."""
    octets = b"".join(session.take_outgoing())
    framing, pieces = None, iter(())
    while upload.wants(session) and session.streaming is not None:
        if session.streaming is not framing:
            framing = session.streaming
            pieces = _pulled.setdefault(framing, framing.stream.pieces())
        piece = next(pieces, None)
        if piece is None:
            upload.said_all(session)
        else:
            upload.said(session, piece)
        octets += b"".join(session.take_outgoing())
    return octets


_pulled: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()  # sources that wait for a reply


def _happen(session: Session, what: str) -> None:
    match what:
        case "TLS":
            assert session.phase is Phase.UPGRADING
            session.upgraded()
        case "closed":
            session.receive_eof()
        case "lost":
            session.receive_eof(ConnectionResetError("reset by peer"))
        case "cut short":
            session.receive_eof(is_cut_short=True)
        case "late":
            session.receive_eof(Silence("No reply in time"))
        case "silence":
            assert said(session) == b""
        case _:
            raise ValueError(f"a conversation knows no {what!r}")


def pieces(octets: bytes, cuts: Iterable[int]) -> list[bytes]:
    """The octets, cut at the given places."""
    places = [0, *sorted(cut % (len(octets) + 1) for cut in cuts), len(octets)]
    return [octets[a:b] for a, b in pairwise(places) if b > a]
