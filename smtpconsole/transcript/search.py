"""Entries found by what they are and what they say: `from:server code:5 -text:greylisted`.

1. All words of a query must hold; `-` before one turns it round; commas are alternatives.
2. What the columns tell is found by whole columns at once, as bytes of 0 and 1.
3. Text is looked for in the rows of the file as they are, without decoding them: a million take
   a quarter of a second.  Only where JSON has escaped something is a row read.
4. A search comes in slices, so that whoever shows it can do other things in between.
"""

from __future__ import annotations

import shlex
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import compress
from json.encoder import encode_basestring_ascii as quoted

from smtpconsole.transcript.columns import (
    ANSWERED,
    KINDS,
    NOBODY,
    RECEIVED,
    SECURE,
    SENT,
    TROUBLE,
    Columns,
)
from smtpconsole.transcript.journal import Journal
from smtpconsole.transcript.turns import Teller

SLICE = 4096  # entries
_DATA = b'"data":"'
_BASE64 = b'"base64":"'

Mask = bytes | bytearray  # for each entry of a slice 0 or 1
Test = Callable[[Journal, int, int], Mask]


class QueryError(ValueError):
    """A query that makes no sense; says why, and what would."""


@dataclass(frozen=True, slots=True)
class Query:
    """What an entry must be to be found."""

    text: str  # as it was written
    needles: tuple[str, ...] = ()  # to be shown where they are found
    tests: tuple[tuple[bool, Test], ...] = ()  # turned round or not

    def slices(self, journal: Journal, first: int, stop: int) -> Iterator[array[int]]:
        """The numbers that are found from one to another, a slice at a time."""
        for start in range(first, stop, SLICE):
            yield self.found(journal, start, min(stop, start + SLICE))

    def backwards(self, journal: Journal, stop: int) -> Iterator[array[int]]:
        """The same from the end, the last slice first."""
        while stop > 0:
            start = max(0, stop - SLICE)
            yield self.found(journal, start, stop)
            stop = start

    def found(self, journal: Journal, first: int, stop: int) -> array[int]:
        """The numbers that are found among these."""
        if stop <= first:
            return array("I")
        count = stop - first
        ones = int.from_bytes(b"\1" * count, "big")
        left = int.from_bytes(_shown(journal.columns, first, stop), "big")
        for is_turned, test in self.tests:
            if not left:
                break
            mask = int.from_bytes(test(journal, first, stop), "big")
            left &= mask ^ ones if is_turned else mask
        return array("I", compress(range(first, stop), left.to_bytes(count, "big")))


def parse(text: str) -> Query:
    """A query as it is typed; QueryError if it cannot be one."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise QueryError("a quote is not closed") from error
    tests: list[tuple[bool, Test]] = []
    needles: list[str] = []
    for word in words:
        is_turned = len(word) > 1 and word[0] in "-!"
        name, colon, value = word[is_turned:].partition(":")
        if not colon or name.lower() not in _TERMS:
            name, value = "text", word[is_turned:]
        if not value:
            raise QueryError(f"{name}: needs a word behind it, such as {EXAMPLES[name.lower()]}")
        tests.append((is_turned, _TERMS[name.lower()](value)))
        if name.lower() == "text" and not is_turned:
            needles.append(value.lower())
    tests.sort(key=lambda each: isinstance(each[1], _Text))  # the dearest last
    return Query(text.strip(), tuple(needles), tuple(tests))


def literal(text: str) -> Query:
    """A query for a text as it stands."""
    return Query(text, (text.lower(),), ((False, _Text(text)),))


def _shown(columns: Columns, first: int, stop: int) -> Mask:
    """What a transcript shows: received segments are shown as replies."""
    return columns.kinds[first:stop].translate(_table(lambda kind: kind != RECEIVED))


def _table(holds: Callable[[int], bool]) -> bytes:
    return bytes(holds(number) for number in range(256))


# --- by columns -------------------------------------------------------------------------------

_SIDES = {
    "server": _table(lambda kind: kind == ANSWERED),
    "client": _table(lambda kind: kind == SENT),
    "console": _table(lambda kind: kind not in (ANSWERED, SENT, RECEIVED)),
}
_SECURE = _table(lambda flags: bool(flags & SECURE))
_TROUBLE = _table(lambda flags: bool(flags & TROUBLE))


def _from(value: str) -> Test:
    names = [_one_of("from", each, _SIDES) for each in value.split(",")]

    def test(journal: Journal, first: int, stop: int) -> Mask:
        kinds = journal.columns.kinds[first:stop]
        return _any([kinds.translate(_SIDES[name]) for name in names])

    return test


def _switch(name: str, table: bytes) -> Callable[[str], Test]:
    def term(value: str) -> Test:
        is_on = _one_of(name, value, ("yes", "no")) == "yes"

        def test(journal: Journal, first: int, stop: int) -> Mask:
            mask = journal.columns.flags[first:stop].translate(table)
            return mask if is_on else mask.translate(_table(lambda bit: not bit))

        return test

    return term


def _code(value: str) -> Test:
    prefixes = tuple(each.rstrip("xX.") for each in value.split(","))
    if not all(each.isdecimal() and each.isascii() and len(each) <= 3 for each in prefixes):
        raise QueryError(f"code:{value} is no reply code; code:5, code:55x or code:421,450 are")
    table = bytes(str(code).startswith(prefixes) for code in range(1000))

    def test(journal: Journal, first: int, stop: int) -> Mask:
        codes = journal.columns.codes[first:stop]
        return bytes([0 < code < 1000 and table[code] for code in codes])

    return test


def _verb(value: str) -> Test:
    names = tuple(each.upper().encode("utf-8", "surrogateescape") for each in value.split(","))

    def test(journal: Journal, first: int, stop: int) -> Mask:
        columns = journal.columns
        table = bytes(name.strip(b"()").upper() in names for name in columns.names)
        return bytes([table[verb] for verb in columns.verbs[first:stop]])

    return test


def _slow(value: str) -> Test:
    try:
        least = float(value.removesuffix("ms")) / 1000 if "ms" in value else float(value.strip("s"))
    except ValueError:
        raise QueryError(f"slow:{value} is no time; slow:0.5 or slow:200ms are") from None

    def test(journal: Journal, first: int, stop: int) -> Mask:
        times, asked = journal.columns.times, journal.columns.asked
        return bytes(
            [
                asked[number] != NOBODY and times[number] - times[asked[number]] >= least
                for number in range(first, stop)
            ]
        )

    return test


def _marked(value: str) -> Test:
    is_on = _one_of("marked", value, ("yes", "no")) == "yes"

    def test(journal: Journal, first: int, stop: int) -> Mask:
        return bytes([(number in journal.marks) is is_on for number in range(first, stop)])

    return test


def _event(value: str) -> Test:
    wanted = {each.lower() for each in value.split(",")}
    names = [cls.__name__.lower() for cls in KINDS]
    for name in wanted - set(names):
        raise QueryError(f"event:{name} is none of {', '.join(names)}")
    table = _table(lambda kind: kind < len(names) and names[kind] in wanted)

    def test(journal: Journal, first: int, stop: int) -> Mask:
        return journal.columns.kinds[first:stop].translate(table)

    return test


def _any(masks: list[Mask]) -> Mask:
    whole = 0
    for mask in masks:
        whole |= int.from_bytes(mask, "big")
    return whole.to_bytes(len(masks[0]), "big")


def _one_of(name: str, value: str, known: tuple[str, ...] | dict[str, bytes]) -> str:
    found = [each for each in known if value and each.startswith(value.lower())]
    if len(found) != 1:
        raise QueryError(f"{name}:{value} is none of {', '.join(known)}")
    return found[0]


# --- by text ----------------------------------------------------------------------------------


class _Text:
    """What an entry says, whatever the case of ASCII letters."""

    def __init__(self, text: str) -> None:
        octets = text.encode("utf-8", "surrogateescape").lower()
        self._octets = octets
        self._text = text.lower()
        self._needle = quoted(octets.decode("latin-1"))[1:-1].encode("ascii")

    def __call__(self, journal: Journal, first: int, stop: int) -> Mask:
        mask = bytearray(stop - first)
        columns = journal.columns
        kinds = columns.kinds
        kept = max(first, min(stop, journal.stored))
        if kept > first:
            for number in self._in_rows(journal, first, kept):
                mask[number - first] = 1
        teller = Teller(journal)
        for number in range(first, stop):
            kind = kinds[number]
            in_words = kind not in (SENT, ANSWERED, RECEIVED)
            if in_words or (number >= kept and kind != RECEIVED):
                mask[number - first] = self._says(journal, teller, number)
        return bytes(mask)

    def _says(self, journal: Journal, teller: Teller, number: int) -> bool:
        for turn in teller.tell([journal.entry(number)]):
            if turn.data:
                return self._octets in turn.data.lower()
            return self._text in "\n".join(turn.lines).lower()
        return False

    def _in_rows(self, journal: Journal, first: int, stop: int) -> Iterator[int]:
        """What was said or answered, by the rows as they are in the file."""
        begin, octets = journal.raw_rows(first, stop)
        octets = octets.lower()
        offsets, sizes = journal.columns.offsets[first:stop], journal.columns.sizes
        kinds, teller, needle = journal.columns.kinds, Teller(journal), self._needle
        at = octets.find(needle)
        while at >= 0:
            place = bisect_right(offsets, begin + at) - 1
            number = first + place
            row = offsets[place] - begin
            end = row + sizes[number]
            start = octets.find(_DATA, row, end) + len(_DATA)
            if at < end and kinds[number] in (SENT, ANSWERED) and start >= len(_DATA):
                if at < start:  # in the head of the row
                    at = octets.find(needle, start)
                    continue
                # What JSON escapes may have made the needle: n is in \n.
                if b"\\" not in octets[at - 5 : at] or self._says(journal, teller, number):
                    yield number
            at = octets.find(needle, max(end, at + 1))
        for number in _opaque(journal, octets, begin, first, stop):
            if self._says(journal, teller, number):
                yield number


def _opaque(journal: Journal, octets: bytes, begin: int, first: int, stop: int) -> Iterator[int]:
    """The rows that do not tell what they say: in base64, or completed by a later row."""
    columns = journal.columns
    for number in journal.completed:
        if first <= number < stop and columns.kinds[number] == SENT:
            yield number
    at = octets.find(_BASE64)
    while at >= 0:
        number = bisect_right(columns.offsets, begin + at, first, stop) - 1
        if columns.kinds[number] in (SENT, ANSWERED):
            yield number
        at = octets.find(_BASE64, at + 1)


_TERMS: dict[str, Callable[[str], Test]] = {
    "from": _from,
    "code": _code,
    "verb": _verb,
    "tls": _switch("tls", _SECURE),
    "trouble": _switch("trouble", _TROUBLE),
    "slow": _slow,
    "marked": _marked,
    "event": _event,
    "text": _Text,
}
EXAMPLES = {
    "from": "from:server",
    "code": "code:5",
    "verb": "verb:RCPT",
    "tls": "tls:no",
    "trouble": "trouble:yes",
    "slow": "slow:0.5",
    "marked": "marked:yes",
    "event": "event:anomaly",
    "text": "text:greylisted",
}
