"""The marks of swaks: its own output, and our text export."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from smtpconsole.smtp import events
from smtpconsole.smtp.events import Event, Target
from smtpconsole.smtp.facts import Problem, TlsFacts
from smtpconsole.transcript.formats.text import STAMP
from smtpconsole.transcript.reading import Problems, reader
from smtpconsole.transcript.reading.retelling import Heard
from smtpconsole.transcript.turns import Side, told

_LINE = re.compile(
    r"(===|\*\*\*| ->| ~>|\*\*>|\*~>|<- |<~ |<\*\*|<~\*|<-$|<~$)(?: (.*)|$)", re.DOTALL
)
_HEX = re.compile(r"  [<>](?: |$)")
_DIGEST = re.compile(r"=== sha256 of the lines above: [0-9a-f]{64}$")
_TOOK = re.compile(r"response in ([\d.]{1,12})s$")


def _weigh(lines: Sequence[str]) -> float:
    has_sides = any(line[:3] in (" ->", "<- ", " ~>", "<~ ") for line in lines)
    return _weight(lines) if has_sides else 0.0


def _weigh_own(lines: Sequence[str]) -> float:
    is_own = any(line.startswith(STAMP) for line in lines[-3:])
    return 1.01 * _weight(lines) if is_own else 0.0


def _weight(lines: Sequence[str]) -> float:
    return sum(1 for line in lines if _LINE.match(line) or _HEX.match(line)) / len(lines)


@reader("swaks", _weigh)
def swaks(lines: Sequence[str], problems: Problems) -> Iterator[Heard]:
    """The output of swaks."""
    return _parsed(lines, problems, is_own=False)


@reader("text", _weigh_own, is_own=True)
def text(lines: Sequence[str], problems: Problems) -> Iterator[Heard]:
    """Our own text."""
    end = len(lines)
    end -= bool(end and _DIGEST.match(lines[end - 1]))
    end -= bool(end and lines[end - 1].startswith(STAMP))
    return _parsed(lines[:end], problems, is_own=True)


def _parsed(lines: Sequence[str], problems: Problems, *, is_own: bool) -> Iterator[Heard]:
    now = 0.0
    remarks = list(_remarks(lines)) if is_own else []
    for number, line in enumerate(lines):
        found = _LINE.match(line)
        if found is None:
            if line.strip() and not _HEX.match(line):
                problems.add(number + 1, "has no mark")
            continue
        mark, words = found[1], found[2] or ""
        if mark in ("===", "***"):
            if is_own:
                event = remarks[number]
                if event is not None:
                    yield Heard(Side.CONSOLE, event=event)
                continue
            if (took := _TOOK.match(words)) is not None:
                now += _seconds(took[1])
            yield Heard(Side.CONSOLE, event=_remark(words, is_trouble=mark == "***"), at=now)
            continue
        is_client = mark.endswith(">")
        octets = f"{words}\r\n".encode("utf-8", "surrogateescape")
        yield Heard(
            Side.CLIENT if is_client else Side.SERVER,
            octets,
            is_secure="~" in mark,
            is_unasked=is_own and _is_unasked(mark, words),
            at=now,
        )


def _is_unasked(mark: str, words: str) -> bool:
    """We mark a positive reply as trouble only if nobody asked for it."""
    return mark in ("<**", "<~*") and words[:1] in ("2", "3")


def _seconds(digits: str) -> float:
    try:
        return float(digits)
    except ValueError:
        return 0.0


# --- what happened besides --------------------------------------------------------------------

_SWAKS = (
    (
        re.compile(r"Trying (.+):(\d{1,5})\.\.\.$"),
        lambda found: events.Dialling(Target(found[1].strip("[]"), int(found[2]))),
    ),
    (
        re.compile(r"TLS started with cipher ([^:]*):([^:]*):(\d{1,5})"),
        lambda found: events.Secured(
            TlsFacts(version=found[1], cipher=found[2], bits=int(found[3]))
        ),
    ),
    (
        re.compile(r"Connection closed with remote host\.$"),
        lambda found: events.Closed("client", None, True),
    ),
    (
        re.compile(r"Remote host closed connection unexpectedly\.$"),
        lambda found: events.Closed("server"),
    ),
)


def _remark(words: str, *, is_trouble: bool) -> Event:
    """A remark of swaks."""
    for pattern, make in _SWAKS:
        if (found := pattern.match(words)) is not None:
            return make(found)
    return _plain(words, is_trouble=is_trouble)


def _plain(words: str, *, is_trouble: bool) -> Event:
    if not is_trouble:
        return events.Noted(words)
    kind, colon, detail = words.partition(": ")
    return events.Anomaly(kind, detail) if colon and detail else events.Anomaly(words, "")


def _remarks(lines: Sequence[str]) -> Iterator[Event | None]:
    """What each of our own remarks told of; None for lines that belong to the one before."""
    number = 0
    while number < len(lines):
        mark = lines[number][:3]
        if mark not in ("===", "***"):
            yield None
            number += 1
            continue
        last = number + 1
        while last < len(lines) and lines[last].startswith(f"{mark} certificate: "):
            last += 1
        words = [line[4:] for line in lines[number:last]]
        event = _own(words, is_trouble=mark == "***")
        if event is None:  # the lines stand for themselves
            event, last = _plain(words[0], is_trouble=mark == "***"), number + 1
        yield event
        yield from [None] * (last - number - 1)
        number = last


_MS = r"(\d{1,9}) ms|(\d{1,9}\.\d) s"
_DIALLING = re.compile(r"connecting to (.+):(\d{1,5})(, TLS from the first octet)?(, LMTP)?$")
_LOCAL = re.compile(r"connecting to (/.+?)(, TLS from the first octet)?(, LMTP)?$")
_RESOLVED = re.compile(rf"(\S+) is (\S+(?:, \S+)*) \((?:{_MS})\)$")
_CONNECTED = re.compile(rf"connected to (\S+) in (?:{_MS})$")
_SECURED = re.compile(rf"(TLS(?: [\w.]+)?)(?:, ([^,]+))?(?:, ([^,]+?))?(?:, (?:{_MS}))?$")


def _own(words: Sequence[str], *, is_trouble: bool) -> Event | None:
    """The event that is told in these words; None if none is told in just these."""
    wanted = "\n".join(words), is_trouble
    return next((event for event in _guesses(words) if told(event) == wanted), None)


def _guesses(words: Sequence[str]) -> Iterator[Event]:
    first = words[0]
    if (found := _DIALLING.match(first)) is not None:
        host, port, tls, lmtp = found.groups()
        yield events.Dialling(Target(host.strip("[]"), int(port), bool(tls), bool(lmtp)))
    if (found := _LOCAL.match(first)) is not None:
        yield events.Dialling(Target("", 0, bool(found[2]), bool(found[3]), path=found[1]))
    if (found := _RESOLVED.match(first)) is not None:
        yield events.Resolved(found[1], tuple(found[2].split(", ")), _lasted(found[3], found[4]))
    if (found := _CONNECTED.match(first)) is not None:
        yield events.Connected("", found[1], _lasted(found[2], found[3]))
    if (found := _SECURED.match(first)) is not None:
        problems = tuple(
            Problem("error", "", 0, line.removeprefix("certificate: ")) for line in words[1:]
        )
        seconds = _lasted(found[4], found[5]) if found[4] or found[5] else None
        version = found[1].replace("TLS ", "TLSv") if found[1] != "TLS" else None
        yield events.Secured(
            TlsFacts(version, found[2], None, found[3], problems=problems, seconds=seconds)
        )
    for announced in (True, False):
        error = first.removeprefix("the server closed the connection").removeprefix(": ")
        yield events.Closed("server", error or None, announced)
        error = first.removeprefix("connection closed").removeprefix(": ")
        yield events.Closed("client", error or None, announced)


def _lasted(milliseconds: str | None, seconds: str | None) -> float:
    return int(milliseconds) / 1000 if milliseconds else float(seconds or 0)
