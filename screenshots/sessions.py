"""The sessions that pages show, each done anew on a sandbox.

All that stands in a block ```console is done, in its order, a page in a folder of its own:

    $ smtpconsole probe localhost:2525      is a command; so are `cat FILE` and `echo $?`
    > lines                                 behind <<'END', until END
    smtp> EHLO laptop.example               is typed at the prompt of the command above
    …                                       stands for lines that are left out

The rest of a block is what was said.  A page has a sandbox at localhost:2525 from the beginning.
Comments before a block say what else is needed:

    <!-- server 2526 --house strict.toml --fault drip -->    another sandbox, or the same anew
    <!-- file check.smtp -->                                 the block is the content of a file
    <!-- answers: yes 'wonderland ' -->                       what is typed where something is asked
"""

from __future__ import annotations

import itertools
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

import steady
from click.testing import CliRunner
from places import place

from smtpconsole import repl
from smtpconsole.cli import main
from smtpconsole.console import paths
from smtpconsole.sandbox import Sandbox, faults, house

_PROMPTS = ("smtp> ", "held> ", "secret> ")
_LEFT_OUT = "…"
_NEXT = "\0"  # between what two lines made the line mode say
_FENCE = re.compile(r"^(`{3,})(\w*)$")
_REMARK = re.compile(r"^<!-- (server|file|answers:) ?(.*?) -->$")


@dataclass
class Done:
    """A line that is entered, and what is said then."""

    typed: list[str]  # with its prompt; several of a command with lines behind <<
    said: list[str] = field(default_factory=list)

    @property
    def is_command(self) -> bool:
        return self.typed[0].startswith("$ ")

    @property
    def text(self) -> str:
        """What is typed, without the prompt."""
        return self.typed[0].partition(" ")[2]


@dataclass
class Block:
    """A fenced block, and the remarks before it."""

    kind: str
    lines: list[str]
    remarks: list[tuple[str, str]]
    where: slice  # of the page's lines

    def entries(self) -> list[Done]:
        """What is entered in it."""
        found: list[Done] = []
        end = ""
        for line in self.lines:
            if end:
                found[-1].typed.append(line)
                end = "" if line == f"> {end}" else end
            elif line.startswith(("$ ", *_PROMPTS)):
                found.append(Done([line]))
                end = "END" if line.endswith("<<'END'") else ""
            else:
                found[-1].said.append(line)
        return found


def blocks(page: str) -> Iterator[Block]:
    """The fenced blocks of a page that stand at the margin."""
    lines = page.splitlines()
    remarks: list[tuple[str, str]] = []
    start, fence, kind = -1, "", ""
    for number, line in enumerate(lines):
        if start < 0 and (match := _REMARK.match(line)):
            remarks.append((match[1], match[2]))
        elif start < 0 and (match := _FENCE.match(line)):
            start, fence, kind = number + 1, match[1], match[2]
        elif start >= 0 and line == fence:
            yield Block(kind, lines[start:number], remarks, slice(start, number))
            start, remarks = -1, []


def page(text: str) -> str:
    """The page with all its sessions done anew; what says the same stays as it is."""
    lines = text.splitlines()
    fresh: list[tuple[Block, list[str]]] = []
    with Place() as place:
        for session in sessions(text):
            for block in session:
                for kind, words in block.remarks:
                    place.prepare(kind, words, block)
            if session[0].kind == "console":
                fresh += zip(session, place.did(session), strict=True)
    for block, said in reversed(fresh):
        if steady.steady("\n".join(said)) != steady.steady("\n".join(block.lines)):
            lines[block.where] = said
    return "\n".join(lines) + "\n"


def sessions(text: str) -> list[list[Block]]:
    """The blocks of a page; one that begins at a prompt goes on with the session before it."""
    found: list[list[Block]] = []
    for block in blocks(text):
        if block.kind == "console" and block.lines[0].startswith(_PROMPTS):
            next(each for each in reversed(found) if each[0].kind == "console").append(block)
        else:
            found.append([block])
    return found


class Typist:
    """Somebody at a terminal who types what the page says."""

    prompts = True

    def __init__(self, lines: list[str], answers: list[str]) -> None:
        self._lines = iter(lines)
        self._answers = answers

    def __enter__(self) -> Typist:
        return self

    def __exit__(self, *_: object) -> None: ...

    async def line(self, prompt: str, *, is_hidden: bool) -> str | None:
        """The next line, which the page shows with its prompt."""
        print(_NEXT)
        return next(self._lines, None)

    async def answer(self, question: str, *, is_secret: bool) -> str:
        """The next answer; a terminal shows it unless it is secret."""
        answer = self._answers.pop(0)
        print(f"{question}{'' if is_secret else answer}")
        return answer


class Place(ExitStack):
    """A folder, and servers, in which a page is done."""

    def __enter__(self) -> Place:
        super().__enter__()
        self._folder = self.enter_context(place())
        self._servers: dict[str, Sandbox] = {}
        self._answers: list[str] = []
        self._status = 0
        os.environ.update(SMTPCONSOLE_CA="ca.pem", SMTPCONSOLE_COACH="no")
        # All of them run in this process, several in a second.
        number, folder = itertools.count(1), paths.journal_folder()
        each = self.enter_context(mock.patch.object(paths, "new_journal_file"))
        each.side_effect = lambda now: folder / f"{now:%Y-%m-%dT%H-%M-%S}-{next(number)}.jsonl"
        self._serve("2525")
        return self

    def prepare(self, kind: str, words: str, block: Block) -> None:
        """Do what a comment says."""
        if kind == "server":
            self._serve(*shlex.split(words))
        elif kind == "file":
            text = "\n".join([*block.lines, ""])
            Path(words).write_text(self._meant(text), encoding="utf-8")
        else:
            self._answers += shlex.split(words)

    def did(self, session: list[Block]) -> list[list[str]]:
        """The blocks as they are now."""
        lines: list[list[str]] = [[] for _ in session]
        entries = [(at, each) for at, block in enumerate(session) for each in block.entries()]
        while entries:
            doing = [entries.pop(0)]
            assert doing[0][1].is_command, f"{doing[0][1].typed} is typed where no program runs"
            while entries and not entries[0][1].is_command:
                doing.append(entries.pop(0))
            said = self._run(*(entry for _, entry in doing)).split(f"{_NEXT}\n")
            for (at, entry), now in zip(doing, [*said, *[""] * len(doing)], strict=False):
                lines[at] += [*entry.typed, *_fitted(self.told(now.splitlines()), entry.said)]
        return lines

    def told(self, lines: list[str]) -> list[str]:
        """Lines as the page has them: without what only this place is called."""
        text = "\n".join(line.rstrip() for line in lines)
        for shown, server in self._servers.items():
            text = re.sub(rf"\b{server.port}\b", shown, text)
            text = re.sub(rf"\b{server.tls_port}\b", str(int(shown) + 1000), text)
        return text.replace(f"{self._folder}/", "").split("\n") if text else []

    def _meant(self, text: str) -> str:
        for shown, server in self._servers.items():
            text = re.sub(rf"\b{shown}\b", str(server.port), text)
            text = re.sub(rf"\b{int(shown) + 1000}\b", str(server.tls_port), text)
        return text

    def _serve(self, shown: str, *words: str) -> None:
        """Another server, with these options of `smtpconsole sandbox`; or the same anew."""
        ports = steady.port(), steady.port()
        if old := self._servers.pop(shown, None):
            ports = old.port, old.tls_port or 0  # the same server to whoever comes again
            old.stop()
        given = dict(zip(words[::2], words[1::2], strict=True))
        rules = house.load(Path(given["--house"])) if "--house" in given else house.default()
        ways = [faults.parsed(given["--fault"])] if "--fault" in given else []
        server = Sandbox(port=ports[0], tls_port=ports[1], rules=rules, faults=ways)
        self._servers[shown] = self.enter_context(server)
        with open("ca.pem", "ab") as file:
            file.write(server.ca_file.read_bytes())

    def _run(self, command: Done, *typed: Done) -> str:
        program, *words = shlex.split(self._meant(command.text.removesuffix(" <<'END'")))
        while "=" in program:
            os.environ.update([program.split("=", 1)])
            program, *words = words
        if program == "smtpconsole":
            return self._console(words, command, [self._meant(each.text) for each in typed])
        if program == "echo":
            assert words == ["$?"], words
            return f"{self._status}\n"
        if program == "cat":
            return "".join(Path(each).read_text(encoding="utf-8") for each in words)
        assert program == "python", f"nobody knows what {program} is"
        done = subprocess.run(
            [sys.executable, *words], capture_output=True, text=True, timeout=60, check=False
        )
        return done.stdout + done.stderr

    def _console(self, words: list[str], command: Done, typed: list[str]) -> str:
        """The program, in this process; whoever types has a terminal."""
        given = "".join(f"{self._meant(line[2:])}\n" for line in command.typed[1:-1])
        output = words[words.index(">") + 1] if ">" in words else ""
        words = words[: words.index(">")] if output else words
        if "<" in words:
            *words, _, name = words
            given = Path(name).read_text(encoding="utf-8")
        before = repl.input_for
        if typed:
            typist = Typist(typed, self._answers)
            repl.input_for = lambda *_: typist  # type: ignore[assignment]
        try:
            done = CliRunner().invoke(main, words, input=given, prog_name="smtpconsole")
        finally:
            repl.input_for = before
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        self._status = done.exit_code
        if output:
            Path(output).write_text(done.output, encoding="utf-8")
        return "" if output else done.output


def _fitted(now: list[str], shown: list[str]) -> list[str]:
    """What is said now, with as much left out as the page leaves out."""
    if _LEFT_OUT not in shown:
        return now
    first = shown.index(_LEFT_OUT)
    last = len(shown) - first - 1
    if len(now) <= first + last:
        return now
    return [*now[:first], _LEFT_OUT, *(now[-last:] if last else [])]
