"""Scripts, lines of the console's own language, read as the session that they would be."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from smtpconsole.console import language
from smtpconsole.console.answers import ConsoleError
from smtpconsole.console.targets import parse_target
from smtpconsole.smtp.commands import Send
from smtpconsole.smtp.events import Closed, Dialling, Noted, Secured
from smtpconsole.smtp.facts import TlsFacts
from smtpconsole.transcript.formats.script import STAMP
from smtpconsole.transcript.reading import Problems, reader
from smtpconsole.transcript.reading.retelling import Heard
from smtpconsole.transcript.turns import Side

_COMMAND = re.compile(r"/(?:connect|expect|login|raw|close)(?: |$)")
_CODES = re.compile(r"[2-5]\d\d")


def register() -> None:
    """Make scripts readable; importing this module has done it."""


def _weigh(lines: Sequence[str]) -> float:
    is_script = any(line.startswith(("/connect ", "/expect ")) for line in lines)
    others = [line for line in lines if line[:3] in ("===", "<- ", " ->", "S: ", "C: ")]
    return 1.2 if is_script and not others else 0.0


@reader("script", _weigh, is_own=True)
def script(lines: Sequence[str], problems: Problems) -> Iterator[Heard]:
    """What a script says, and the replies it expects, of which only the codes are known."""
    player = _Player()
    for number, line in enumerate(lines, 1):
        try:
            yield from player.play(line)
        except ConsoleError as error:
            problems.add(number, f"cannot be read: {error.text}")


class _Player:
    """Follows a script."""

    def __init__(self) -> None:
        self._in_content = False
        self._last = b""  # the command that was said last
        self._login = ""

    def play(self, line: str) -> Iterator[Heard]:
        """What a line does."""
        if STAMP.match(line):
            return
        match language.parse(line, in_content=self._in_content):
            case language.Say(data):
                data = data.replace(b"$$", b"$")  # names of variables are not known
                self._in_content = self._in_content and data != b"."
                self._last = data.strip().upper()
                yield Heard(Side.CLIENT, data + b"\r\n")
            case language.Remark(text):
                yield Heard(Side.CONSOLE, event=Noted(text))
            case language.Call(name, words):
                yield from self._call(name, words)

    def _call(self, name: str, words: tuple[str, ...]) -> Iterator[Heard]:
        match name, words:
            case "connect", (target, *_):
                yield Heard(Side.CONSOLE, event=Dialling(parse_target(target)))
            case "expect", _:
                yield from self._expected(words)
            case "login", _:
                yield from self._logged_in(words)
            case "raw", (text, *options):
                yield self._raw(language.unescaped(text), options)
            case "close", _:
                yield Heard(Side.CONSOLE, event=Closed("client"))
            case _:
                raise ConsoleError(f"/{name} leaves no trace in a session")

    def _expected(self, words: tuple[str, ...]) -> Iterator[Heard]:
        for word in words:
            if not _CODES.fullmatch(word) and word != "none":
                raise ConsoleError(f"{word!r} is no reply code")
            line = f"{word} \r\n" if word != "none" else "\r\n"
            yield Heard(Side.SERVER, line.encode("ascii"))
            if word == "220" and self._last == b"STARTTLS":
                yield Heard(Side.CONSOLE, event=Secured(TlsFacts()))
            self._in_content = word == "354" and self._last.startswith(b"DATA")
        self._last = b""

    def _logged_in(self, words: tuple[str, ...]) -> Iterator[Heard]:
        """A log-in is not said in a script: of its lines only the first is known."""
        mechanism = words[words.index("--mechanism") + 1] if "--mechanism" in words[:-1] else "?"
        user = words[0] if words and words[0] != "--mechanism" else None
        data = f"AUTH {mechanism} [0 octets not shown]\r\n".encode("utf-8", "surrogateescape")
        yield Heard(Side.CLIENT, data, whole=Send(data, b"AUTH", about=user))

    def _raw(self, data: bytes, options: Sequence[str]) -> Heard:
        count = options[1] if options[:1] == ["--replies"] and options[1:] else "1"
        replies = int(count) if count.isascii() and count.isdecimal() and len(count) < 6 else 1
        if self._in_content and not replies:
            return Heard(Side.CLIENT, data)
        verb = b"BDAT" if data[:5].upper() == b"BDAT " else b""
        return Heard(Side.CLIENT, data, whole=Send(data, verb, replies))
