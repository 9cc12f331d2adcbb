"""Secrets are cut out, and hunted for.

1. Where a secret was said, its octets are marked (`Send.secret`); `masked` cuts them out.
2. Servers echo.  A `Redactor` learns each secret, as it was said and decoded, and sweeps
   whatever else is told for it in every encoding of `encodings`, whatever the case.
3. A `Sweep` does so across segment borders: the octets that may be the beginning of a secret are
   held back, and told later as part of the segment they came with.
4. Needles shorter than four octets are not hunted for: they would make holes everywhere.
5. A proof that was made of a secret for one challenge is hunted for until there were some newer
   ones: who logs in again and again would otherwise pay for all logins before.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from urllib.parse import quote_from_bytes

from smtpconsole.smtp.commands import Send
from smtpconsole.smtp.sasl.claims import is_proof, secret_parts

MASK = b"[not shown]"
_SHORTEST = 4
_LISTED = 256  # octets of the longest beginning that is kept as such
_PROOFS = 8  # that are hunted for at least, the latest
_MASKED = re.compile(rb"\[\d+ octets not shown\]")


def masked(send: Send) -> bytes:
    """The octets that were said, the secret ones replaced by their number."""
    return _masked(send)[0]


def masked_send(send: Send) -> Send:
    """The same as a Send whose `secret` covers the mask; masking it again changes nothing."""
    if send.secret is None:
        return send
    data, hidden = _masked(send)
    return Send(data, send.verb, send.replies, hidden, send.about)


def _masked(send: Send) -> tuple[bytes, slice | None]:
    if send.secret is None:
        return send.data, None
    start, stop, _ = send.secret.indices(len(send.data))
    said = send.data[start:stop]
    hidden = said if is_masked(said) else b"[%d octets not shown]" % len(said)
    return send.data[:start] + hidden + send.data[stop:], slice(start, start + len(hidden))


def is_masked(said: bytes) -> bool:
    """What was secret has been replaced already, as in a session that is read from a file."""
    return _MASKED.fullmatch(said) is not None


def encodings(secret: bytes) -> Iterator[bytes]:
    """A secret in the forms that mail and its servers give it."""
    forms = dict.fromkeys((secret, *_respelled(secret)))
    for form in forms:
        yield form
        yield from _base64(form)
    yield secret.hex().encode()
    for separator in (" ", ":"):
        yield secret.hex(separator).encode()
    for sign in (b"=", b"%", b"+"):  # quoted-printable, percent and xtext (RFC 3461, 4)
        yield b"".join([b"%b%02x" % (sign, octet) for octet in secret])
    percent = quote_from_bytes(secret, safe="").encode()
    yield from (percent, percent.replace(b"%", b"="), percent.replace(b"%", b"+"))


def _respelled(secret: bytes) -> Iterator[bytes]:
    """The same characters in other character sets; NTLM has UTF-16."""
    try:
        text = secret.decode()
    except UnicodeDecodeError:
        return
    yield text.encode("utf-16-le")
    yield text.encode("utf-16-be")
    yield text.encode("latin-1", "ignore") if not text.isascii() else secret


def _base64(octets: bytes) -> Iterator[bytes]:
    """Base64 of it alone, and what is always the same of it where other octets stand around."""
    for encode in (base64.standard_b64encode, base64.urlsafe_b64encode):
        yield encode(octets)
        for phase in range(3):
            whole = encode(bytes(phase) + octets)
            end = (phase + len(octets)) * 8 // 6
            yield whole[-(-phase * 8 // 6) : end]


class Redactor:
    """Knows the secrets of a session, and takes them out of text."""

    def __init__(self) -> None:
        self._always: list[set[bytes]] = []  # needles of each secret, lower case
        self._proofs: list[set[bytes]] = []
        self._words: dict[bytes, bytes] = {}
        self._hunt_none()

    def _hunt_none(self) -> None:
        self._needles: set[bytes] = set()
        self._telling: list[bytes] = []  # where none of these is, there is no needle
        self._made: re.Pattern[bytes] | None = None  # when it is first needed
        self._beginnings: set[bytes] = set()  # of up to _LISTED octets: all would be a square
        self._long: list[bytes] = []  # needles that have more of them
        self._last: set[int] = set()  # octets that a beginning ends with
        self._longest = 0

    def learn(self, secret: bytes) -> None:
        """A secret as a person knows it; it is hunted for in every encoding."""
        self._add(set(encodings(secret)))

    def learn_said(self, send: Send) -> None:
        """A secret as it was said, usually in base64."""
        if send.secret is None or is_masked(send.data[send.secret]):
            return
        said = send.data[send.secret]
        try:
            decoded = base64.b64decode(said, validate=True)
        except ValueError:
            decoded = b""
        if decoded and decoded.decode("utf-8", "surrogateescape") == send.about:
            return  # the user's name: in MAIL FROM it is none
        # A response may have a user's name, too; servers repeat the secret in it alone.
        needles = {said, said.strip(), decoded}
        for part in secret_parts(decoded) or [decoded]:
            needles |= set(encodings(part))
        self._add(needles, is_proof=is_proof(decoded))

    def _add(self, needles: set[bytes], *, is_proof: bool = False) -> None:
        found = {needle.lower() for needle in needles if len(needle) >= _SHORTEST}
        if found <= self._needles:
            return
        (self._proofs if is_proof else self._always).append(found)
        if len(self._proofs) > 2 * _PROOFS:
            del self._proofs[:-_PROOFS]
            self._hunt_none()
            for each in (*self._always, *self._proofs):
                self._hunt(each)
        else:
            self._hunt(found)

    def _hunt(self, found: set[bytes]) -> None:
        """Hunt for the needles of one more secret."""
        self._needles |= found
        telling: list[bytes] = []
        for needle in sorted(found, key=len):
            if not any(each in needle for each in telling):
                telling.append(needle)
            listed = min(len(needle), _LISTED + 1)
            self._beginnings |= {needle[:length] for length in range(1, listed)}
            if len(needle) > listed:
                self._long.append(needle)
            self._last |= {*needle[:-1]}
            self._longest = max(self._longest, len(needle))
        self._telling += telling
        self._made, self._words = None, {}

    @property
    def _pattern(self) -> re.Pattern[bytes]:
        """All needles, the longest first, so that a part does not spoil the whole."""
        if self._made is None:
            ordered = sorted(self._needles, key=len, reverse=True)
            self._made = re.compile(b"|".join(map(re.escape, ordered)), re.IGNORECASE)
        return self._made

    def is_clean(self, data: bytes) -> bool:
        """The octets hold no secret, nor the beginning of one at their end."""
        return not self._needles or not (self.holds_secret(data) or self.unfinished(data))

    def holds_secret(self, data: bytes) -> bool:
        """The octets hold a secret known so far."""
        lowered = data.lower()
        for needle in self._telling:  # noqa: SIM110  # half as dear as a generator
            if needle in lowered:
                return True
        return False

    def sweep(self, data: bytes) -> bytes:
        """The octets without any secret known so far."""
        # Looking for each needle is twenty times as fast as the pattern where there is none.
        if not self.holds_secret(data):
            return data
        return self._pattern.sub(MASK, data)

    def sweep_word(self, word: bytes) -> bytes:
        """The same for one of the few words that come again and again."""
        found = self._words.get(word)
        if found is None:
            if len(self._words) > 1000:
                self._words = {}
            found = self._words[word] = self.sweep(word)
        return found

    def sweep_text(self, text: str) -> str:
        """The same for text; octets that are no UTF-8 are surrogates."""
        if not self._needles:
            return text
        octets = text.encode("utf-8", "surrogatepass" if _has_others(text) else "surrogateescape")
        if not self.holds_secret(octets):
            return text
        return self.sweep(octets).decode("utf-8", "surrogateescape")

    def found(self, data: bytes) -> list[tuple[int, int]]:
        """Where the secrets are."""
        if not self.holds_secret(data):
            return []
        return [each.span() for each in self._pattern.finditer(data)]

    def unfinished(self, data: bytes) -> int:
        """How many octets at the end may be the beginning of a secret."""
        if not data or not self._needles:
            return 0
        tail = data[-self._longest :].lower()
        if tail[-1] not in self._last:  # nearly always: a segment ends with LF
            return 0
        if longest := max((_overlap(tail, needle) for needle in self._long), default=0):
            return longest
        for length in range(min(self._longest - 1, len(tail), _LISTED), 0, -1):
            if tail[-length:] in self._beginnings:
                return length
        return 0


def _overlap(tail: bytes, needle: bytes) -> int:
    """How many octets at the end begin a long needle, if they are more than those listed."""
    tail = tail[-len(needle) + 1 :]
    at = tail.find(needle[:_LISTED])
    while at >= 0 and not needle.startswith(tail[at:]):
        at = tail.find(needle[:_LISTED], at + 1)
    return len(tail) - at if at >= 0 else 0


def _has_others(text: str) -> bool:
    """Surrogates that stand for no octet; only a file can hold them."""
    return any("\ud800" <= char <= "\udfff" and not "\udc80" <= char <= "\udcff" for char in text)


class Sweep:
    """Takes secrets out of a stream, however it is segmented."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._pending: list[tuple[int, bytes]] = []  # segment, and what of it is held back

    def segment(self, number: int, data: bytes) -> tuple[bytes, int, list[tuple[int, bytes]]]:
        """What can be told of a segment, how many octets of it are held back, and what was held
        back of segments before; a secret belongs to the one in which it begins."""
        if not self._pending and self._redactor.is_clean(data):
            return data, 0, []
        self._pending.append((number, data))
        told, self._pending = self._shares(is_over=False)
        held = len(self._pending[-1][1]) if self._pending else 0
        return told[-1][1], held, [(each, text) for each, text in told[:-1] if text]

    def _shares(self, *, is_over: bool) -> tuple[list[tuple[int, bytes]], list[tuple[int, bytes]]]:
        """Of each segment what can be told of it now, and what is held back still."""
        whole = b"".join([piece for _, piece in self._pending])
        found = self._redactor.found(whole)
        stop = len(whole) if is_over else self._stop(whole, found)
        told, held, at = [], [], 0
        for number, piece in self._pending:
            end = at + len(piece)
            told.append((number, _without(whole, found, at, min(end, stop))))
            if end > stop:
                held.append((number, whole[max(at, stop) : end]))
            at = end
        return told, held

    def _stop(self, whole: bytes, found: list[tuple[int, int]]) -> int:
        """Where what may be the beginning of a secret begins; it may hold a shorter one."""
        stop = len(whole) - self._redactor.unfinished(whole)
        for first, end in found:
            if first < stop < end:
                return end + self._stop(whole[end:], [])
        return stop

    def feed(self, data: bytes) -> bytes:
        """What can be told now of the stream as a whole."""
        told, _, back = self.segment(0, data)
        return b"".join([text for _, text in back]) + told

    def flush(self) -> bytes:
        """What was held back."""
        return b"".join([piece for _, piece in self.settle()])

    def settle(self) -> list[tuple[int, bytes]]:
        """The same by segment: the stream ends here, or nobody waits any longer."""
        told, self._pending = self._shares(is_over=True)
        return told


def _without(whole: bytes, found: list[tuple[int, int]], start: int, stop: int) -> bytes:
    """A part of the stream; of the secrets in it a mask where they begin."""
    parts = []
    for first, end in found:
        if end <= start or first >= stop:
            continue
        if first >= start:
            parts += [whole[start:first], MASK]
        start = max(start, end)
    return b"".join([*parts, whole[start:stop]])
