"""What is known of each entry without looking at it: its index, column by column.

34 octets an entry, whatever it holds; a million entries are no Python objects.  Readers find,
filter and lay out by these, and decode only what they show.
"""

from __future__ import annotations

import sys
import zlib
from array import array
from base64 import b64decode, b64encode
from collections import deque
from collections.abc import Callable
from typing import Any, get_args

from smtpconsole.smtp.commands import Send
from smtpconsole.smtp.events import (
    Anomaly,
    Answered,
    Closed,
    Dialling,
    Entered,
    Event,
    Learned,
    Marked,
    Noted,
    NotSecured,
    Proposed,
    Received,
    Secured,
    Sent,
    Tried,
)

KINDS: tuple[type, ...] = get_args(Event)
KIND_OF = {cls: number for number, cls in enumerate(KINDS)}
SENT, RECEIVED, ANSWERED, MARKED = (KIND_OF[cls] for cls in (Sent, Received, Answered, Marked))
_DIALLING, _SECURED, _CLOSED, _NOTED = (KIND_OF[cls] for cls in (Dialling, Secured, Closed, Noted))

_SILENT = frozenset((Received, Learned, Proposed, Entered))  # the wire tells of them

_TROUBLES = frozenset((Anomaly, NotSecured, Tried))

SECURE, TROUBLE = 1, 2  # flags

NOBODY = 0xFFFFFFFF  # of `asked`: no entry
_WIDEST = 0x7FFF
_VERBS = 60_000  # names beyond these are not told apart

_LAYOUT = (
    *(("offsets", "Q"), ("sizes", "I"), ("times", "d"), ("codes", "h"), ("verbs", "H")),
    *(("lines", "I"), ("asked", "I")),
)


class Columns:
    """Columns of equal length; the entry's number is the place in each."""

    def __init__(self) -> None:
        self.offsets = array("Q")  # of the row in the file; shorter where there is no file
        self.sizes = array("I")  # octets of the row
        self.times = array("d")  # seconds since the journal began
        self.kinds = bytearray()  # places in KINDS
        self.flags = bytearray()
        self.codes = array("h")  # of Answered
        self.verbs = array("H")  # places in `names`: what was said, or is answered
        self.lines = array("I")  # of octets said or answered; 1 for events in words, 0 for none
        self.asked = array("I")  # the number of the Sent that an Answered answers
        self.names: list[bytes] = [b""]
        self._places: dict[bytes, int] = {b"": 0}
        self._unanswered: deque[tuple[int, Send]] = deque()
        self.is_secure = False

    def __len__(self) -> int:
        return len(self.kinds)

    def add(self, event: Event) -> None:
        """Note an event; its time and its place in a file are noted elsewhere."""
        kind = KIND_OF[type(event)]
        code, verb, lines, asked, flags = 0, 0, 1, NOBODY, 0
        if type(event) is Sent:
            send = event.send
            verb = self.place(send.verb)
            lines = counted(send.data)
            if send.replies:
                self._unanswered.append((len(self.kinds), send))
        elif type(event) in _SILENT:
            lines = 0
        elif type(event) is Marked:
            lines = int(bool(event.remark) and event.is_on)
        elif type(event) is Answered:
            reply = event.reply
            code = reply.code if -1 <= reply.code <= _WIDEST else -1
            lines = len(reply.lines) if reply.raw is None else counted(reply.raw)
            if event.send is None:
                flags = TROUBLE
            else:
                verb = self.place(event.send.verb)
                asked = self._asked(event.send)
                flags = TROUBLE if code // 100 not in (2, 3) else 0
        else:
            self._note(kind)
            flags = TROUBLE if type(event) in _TROUBLES else 0
        if self.is_secure:
            flags |= SECURE
        self.append(kind, flags, code, verb, lines, asked)

    def append(self, kind: int, flags: int, code: int, verb: int, lines: int, asked: int) -> None:
        """One value in each column."""
        self.kinds.append(kind)
        self.flags.append(flags)
        self.codes.append(code)
        self.verbs.append(verb)
        self.lines.append(lines)
        self.asked.append(asked)

    def _note(self, kind: int) -> None:
        if kind == _SECURED:
            self.is_secure = True
        elif kind in (_DIALLING, _CLOSED):
            self.is_secure = False
            self._unanswered.clear()

    def _asked(self, send: Send) -> int:
        """The number of the Sent that is answered; replies come in the order of commands."""
        waiting = self._unanswered
        if not any(each is send for _, each in waiting):
            return NOBODY  # the greeting: nothing was said
        while waiting[0][1] is not send:
            waiting.popleft()
        number = waiting[0][0]
        if send.replies == 1:  # else further replies to the same may come
            waiting.popleft()
        return number

    def place(self, name: bytes) -> int:
        """The place of a verb in `names`."""
        found = self._places.get(name)
        if found is None:
            if len(self.names) >= _VERBS:
                return 0
            found = self._places[name] = len(self.names)
            self.names.append(name)
        return found

    # --- in the file --------------------------------------------------------------------------

    def packed(self, first: int, stop: int, sweep: Callable[[bytes], bytes]) -> dict[str, Any]:
        """The entries from one number to another, as a row of the file holds them."""
        verbs = self.verbs[first:stop]
        used = sorted(set(verbs))
        octets = [
            _little(getattr(self, name)[first:stop]) for name, _ in _LAYOUT if name != "verbs"
        ]
        places = {place: at for at, place in enumerate(used)}
        octets.append(_little(array("H", [places[each] for each in verbs])))
        octets += [bytes(self.kinds[first:stop]), bytes(self.flags[first:stop])]
        return {
            "index": first,
            "count": stop - first,
            "events": [cls.__name__ for cls in KINDS],
            "verbs": [sweep(self.names[place]).decode("latin-1") for place in used],
            "columns": b64encode(zlib.compress(b"".join(octets), 1)).decode("ascii"),
        }

    def unpack(self, row: dict[str, Any]) -> None:
        """Append what `packed` made; ValueError if it is not that."""
        count = row["count"]
        if row["index"] != len(self) or not 0 <= count <= 1 << 20:
            raise ValueError("an index that does not follow")
        width = sum(array(code).itemsize for _, code in _LAYOUT) + 2
        try:
            octets = zlib.decompressobj().decompress(b64decode(row["columns"]), count * width + 1)
        except zlib.error as error:
            raise ValueError("an index that is broken") from error
        if len(octets) != count * width:
            raise ValueError("an index of another size")
        columns, kinds, flags = _cut(octets, count)
        places = [self.place(str(name).encode("latin-1")) for name in row["verbs"]]
        columns["verbs"] = array("H", [places[each] for each in columns["verbs"]])
        kinds = kinds.translate(_renumbered(row["events"]))
        for name, column in columns.items():
            getattr(self, name).extend(column)
        self.kinds += kinds
        self.flags += flags
        self.is_secure = bool(self.flags and self.flags[-1] & SECURE)


def counted(data: bytes) -> int:
    """How many lines these octets are."""
    count = data.count(b"\r\n")
    return count if count and data.endswith(b"\r\n") else count + 1


def _little(column: array[Any]) -> bytes:
    if sys.byteorder == "big":
        column.byteswap()
    return column.tobytes()


def _cut(octets: bytes, count: int) -> tuple[dict[str, array[Any]], bytes, bytes]:
    columns: dict[str, array[Any]] = {}
    at = 0
    for name, code in (*(each for each in _LAYOUT if each[0] != "verbs"), ("verbs", "H")):
        column = columns[name] = array(code)
        end = at + count * column.itemsize
        column.frombytes(octets[at:end])
        if sys.byteorder == "big":
            column.byteswap()
        at = end
    return columns, octets[at : at + count], octets[at + count :]


def _renumbered(names: list[str]) -> bytes:
    """Kinds as another version numbers them, in our numbers."""
    ours = {cls.__name__: number for number, cls in enumerate(KINDS)}
    table = bytearray([_NOTED]) * 256  # an event that is not known is read as a note
    for number, name in enumerate(names[:256]):
        table[number] = ours.get(str(name), _NOTED)
    return bytes(table)
