"""Lines that begin with who says them: `C:` and `S:` of RFCs, and what tools write instead."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from smtpconsole.smtp.events import Anomaly, Noted
from smtpconsole.transcript.reading import Problems, reader
from smtpconsole.transcript.reading.retelling import Heard
from smtpconsole.transcript.turns import Side

_TIME = r"(?:\[?(?P<clock>\d{1,6}(?:\.\d{1,9})?|\d{1,2}:\d\d:\d\d(?:[.,]\d{1,9})?)\]?\s+)?"


@dataclass(frozen=True, slots=True)
class _Notation:
    """How a tool tells the sides apart."""

    client: str
    server: str
    remark: str = r"(?!)"
    secure: str = r"(?!)"  # of the marks, those inside of TLS

    @property
    def line(self) -> re.Pattern[str]:
        """A line of it."""
        return re.compile(
            rf"\s*{_TIME}(?:(?P<client>{self.client})|(?P<server>{self.server})"
            rf"|(?P<remark>{self.remark}))(?: (?P<words>.*)|(?P<nothing>\s*)$)",
            re.DOTALL,
        )


_NOTATIONS = (
    _Notation(r"C[:~]|Client:", r"S[:~]|Server:", r"\*:", r"[CS]~"),  # RFCs, and our line mode
    _Notation(">>>", "<<<"),  # sendmail -v, OpenSMTPD's smtp
    _Notation("-->", "<--"),  # msmtp
    _Notation("SMTP>>", "SMTP<<"),  # exim
    _Notation("=>", "<="),
    _Notation(">", "<", r"\*"),  # curl
)
_PATTERNS = tuple((each, each.line, re.compile(each.secure)) for each in _NOTATIONS)


def _weigh(lines: Sequence[str]) -> float:
    return max(_weight(pattern, lines) for _, pattern, _ in _PATTERNS)


def _weight(pattern: re.Pattern[str], lines: Sequence[str]) -> float:
    found = [match for line in lines if (match := pattern.match(line)) is not None]
    sides = [match for match in found if match["server"] is not None]
    coded = sum(1 for match in sides if re.match(r"\d{3}", match["words"] or ""))
    return len(found) / len(lines) if coded and coded * 2 >= len(sides) else 0.0


@reader("sided", _weigh)
def sided(lines: Sequence[str], problems: Problems) -> Iterator[Heard]:
    """Lines with a side before them."""
    sample = [line for line in lines if line.strip()]
    _, pattern, secure = max(_PATTERNS, key=lambda each: _weight(each[1], sample))
    first: float | None = None
    for number, line in enumerate(lines, 1):
        found = pattern.match(line)
        if found is None:
            if line.strip():
                problems.add(number, "does not say whose it is")
            continue
        clock = _seconds(found["clock"])
        first = clock if first is None else first
        at = clock - first if clock is not None and first is not None else None
        words = found["words"] or ""
        if found["remark"] is not None:
            event = Anomaly(words[2:], "") if words.startswith("! ") else Noted(words)
            yield Heard(Side.CONSOLE, event=event, at=at)
            continue
        mark = found["client"] or found["server"]
        is_secure = True if secure.fullmatch(mark) else None
        octets = f"{words}\r\n".encode("utf-8", "surrogateescape")
        side = Side.CLIENT if found["client"] is not None else Side.SERVER
        yield Heard(side, octets, is_secure, at=at)


def _seconds(clock: str | None) -> float | None:
    if clock is None:
        return None
    total = 0.0
    for part in clock.replace(",", ".").split(":"):
        total = total * 60 + float(part)
    return total
