"""Events become turns: who said which lines, when, under TLS or not, in answer to what.

Panes, formats and tests read turns; nothing but this file knows how an event reads.
Lines are text as it came, secrets taken out.  Whoever shows them makes them visible.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from smtpconsole.smtp import events
from smtpconsole.smtp.commands import CONTENT, Send
from smtpconsole.smtp.facts import TlsFacts
from smtpconsole.transcript.journal import Entry, Journal
from smtpconsole.transcript.redaction import Redactor, masked
from smtpconsole.transcript.values import changed


class Side(Enum):
    """Who speaks."""

    CLIENT = "C"
    SERVER = "S"
    CONSOLE = "*"


@dataclass(slots=True)
class Turn:
    """Lines of one side."""

    number: int  # of the journal's entry
    at: float  # seconds
    side: Side
    lines: list[str]
    data: bytes = b""  # the same as it was on the wire, secrets taken out
    is_secure: bool = False
    is_trouble: bool = False  # refused, unsolicited, or worth a warning
    send: Send | None = None  # what was sent, or what is answered; secrets taken out
    code: int | None = None
    answers: int | None = None  # the number of the turn that is answered
    event: events.Event | None = None  # what the console tells of, as it was

    @property
    def mark(self) -> str:
        """The three characters before each line, as swaks has them."""
        return _MARKS[self.side, self.is_secure, self.is_trouble]

    @property
    def is_content(self) -> bool:
        """The lines are those of a message."""
        return self.side is Side.CLIENT and self.send is not None and self.send.verb == CONTENT

    @property
    def verb(self) -> bytes:
        """Of the command that was said or is answered; b"" if there is none."""
        return self.send.verb if self.send is not None else b""

    @property
    def is_dialling(self) -> bool:
        """A connection begins here."""
        return isinstance(self.event, events.Dialling)

    def telling(self, lines: Sequence[str]) -> Turn:
        """The same turn with other words; its octets and its command follow."""
        data = "".join(f"{line}\r\n" for line in lines).encode("utf-8", "surrogateescape")
        send = self.send
        if send is not None and self.side is Side.CLIENT:
            send = replace(send, data=data)
        return replace(self, lines=list(lines), data=data if self.data else b"", send=send)


_MARKS = {
    (Side.CLIENT, False, False): " ->",
    (Side.CLIENT, False, True): "**>",
    (Side.CLIENT, True, False): " ~>",
    (Side.CLIENT, True, True): "*~>",
    (Side.SERVER, False, False): "<- ",
    (Side.SERVER, False, True): "<**",
    (Side.SERVER, True, False): "<~ ",
    (Side.SERVER, True, True): "<~*",
    (Side.CONSOLE, False, False): "===",
    (Side.CONSOLE, False, True): "***",
    (Side.CONSOLE, True, False): "===",
    (Side.CONSOLE, True, True): "***",
}


def turns(journal: Journal, *, reveal: bool = False) -> Iterator[Turn]:
    """All of a journal; with `reveal` also the secrets that are still in memory."""
    return Teller(journal, reveal=reveal).tell(journal.entries)


class Teller:
    """Tells entries of a journal, in whatever order."""

    def __init__(self, journal: Journal, *, reveal: bool = False) -> None:
        self._redactor = Redactor() if reveal else journal.redactor
        self._reveal = reveal

    def tell(self, entries: Iterable[Entry]) -> Iterator[Turn]:
        """The turns of these entries."""
        for entry in entries:
            turn = self._turn(entry)
            if turn is not None:
                turn.is_secure = entry.is_secure
                yield turn

    def _turn(self, entry: Entry) -> Turn | None:
        match entry.event:
            case events.Sent(send):
                shown = send if self._reveal else self._shown(send)
                # A PROXY header is one thing, whatever octets are in it.
                lines = [_text(shown.data)] if send.verb == b"PROXY" else _lines(shown.data)
                return Turn(entry.number, entry.at, Side.CLIENT, lines, shown.data, send=shown)
            case events.Answered(reply, send):
                data = self._redactor.sweep(reply.octets)
                return Turn(
                    entry.number,
                    entry.at,
                    Side.SERVER,
                    _lines(data),
                    data,
                    is_trouble=reply.is_negative or send is None,
                    send=send if send is None or self._reveal else self._shown(send),
                    code=reply.code,
                    answers=entry.asked,
                )
        words = told(entry.event)
        if words is None:
            return None
        text, is_trouble = words
        event = changed(entry.event, self._redactor.sweep_text)
        lines = [self._redactor.sweep_text(line) for line in text.split("\n")]
        return Turn(entry.number, entry.at, Side.CONSOLE, lines, is_trouble=is_trouble, event=event)

    def _shown(self, send: Send) -> Send:
        """The same without what is secret, also where it was said as if it were a command."""
        data, verb = self._redactor.sweep(masked(send)), self._redactor.sweep_word(send.verb)
        about = send.about
        if isinstance(about, str):
            about = self._redactor.sweep_text(about)
        if data == send.data and verb == send.verb and about == send.about:
            return send
        return replace(send, data=data, verb=verb, about=about, secret=None)


def _text(data: bytes) -> str:
    return data.removesuffix(b"\r\n").decode("utf-8", "surrogateescape")


def _lines(data: bytes) -> list[str]:
    """Lines as a person counts them; bare CR and LF stay within, to be seen."""
    return _text(data).split("\r\n")


def told(event: events.Event) -> tuple[str, bool] | None:
    """An event in words, and whether it is trouble; None where the wire tells it already."""
    match event:
        case events.Dialling(target):
            how = ", TLS from the first octet" if target.implicit_tls else ""
            return f"connecting to {target}{how}{', LMTP' if target.lmtp else ''}", False
        case events.Resolved(host, addresses, seconds) if addresses != (host,):
            return f"{host} is {', '.join(addresses)} ({_ms(seconds)})", False
        case events.LookedUp():
            return _looked_up(event), event.outcome not in ("found", "no data", "nxdomain")
        case events.Tried(address, error, seconds):
            return f"{address}: {error} ({_ms(seconds)})", event.was_needed
        case events.Connected(_, peer, seconds):
            return f"connected to {peer} in {_ms(seconds)}", False
        case events.Secured(facts):
            return _secured(facts), bool(facts.errors)
        case events.NotSecured(facts, error):
            problems = "".join(f"\ncertificate: {each.text}" for each in facts.errors)
            return f"no TLS: {error}{problems}", True
        case events.Alerted(alert) if alert.code:  # close notify is in every session
            return f"TLS alert: {alert} ({alert.code})", alert.is_fatal
        case events.Anomaly(kind, detail):
            return f"{kind}: {detail}" if detail else kind, True
        case events.Closed("server", error, was_announced):
            because = f": {error}" if error else ""
            return f"the server closed the connection{because}", not was_announced
        case events.Closed("client", error):
            return "connection closed" + (f": {error}" if error else ""), error is not None
        case events.Noted(text) | events.Marked(_, text, True) if text:
            return text, False
    return None


def _looked_up(event: events.LookedUp) -> str:
    found = ", ".join(event.records) or event.outcome
    parts = [_ms(event.seconds)]
    if event.ttl is not None:
        parts.append(f"TTL {event.ttl}")
    if event.is_authenticated:
        parts.append("AD" if event.is_trusted else "AD, not trusted")
    parts += [part for part in (event.detail, f"from {event.server}") if part]
    return f"DNS {event.kind} {event.name}: {found} ({', '.join(parts)})"


def _secured(facts: TlsFacts) -> str:
    parts = [(facts.version or "TLS").replace("TLSv", "TLS "), facts.cipher, facts.group]
    if facts.seconds is not None:
        parts.append(_ms(facts.seconds))
    told = ", ".join(part for part in parts if part)
    return told + "".join(f"\ncertificate: {each.text}" for each in facts.errors)


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 10 else f"{seconds:.1f} s"
