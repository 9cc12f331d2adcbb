"""The application at work on a sandbox, up to what is worth a picture."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from unittest import mock

import steady
from places import place
from textual.pilot import Pilot

from smtpconsole import SMTP
from smtpconsole.cli import journal
from smtpconsole.console.console import Suggestions
from smtpconsole.console.history import History
from smtpconsole.console.sandboxing import sandboxes
from smtpconsole.console.settings import Settings
from smtpconsole.sandbox import Sandbox, diary
from smtpconsole.sandbox.faults import parsed
from smtpconsole.transcript.journal import Journal
from smtpconsole.tui.app import ConsoleApp
from smtpconsole.tui.prompt import Prompt

PATIENCE = 60  # seconds
WIDE, NARROW = (120, 36), (80, 24)
ALICE, BOB = "alice@sandbox.example", "bob@sandbox.example"


class Scene:
    """An application at work."""

    def __init__(self, app: ConsoleApp, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def screen(self) -> str:
        strips = self.app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip) for strip in strips)

    def picture(self) -> str:
        """The screen as SVG: nothing is fetched when somebody looks, two runs differ in no id."""
        svg = self.app.export_screenshot(title="smtpconsole")
        svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
        return re.sub(r"terminal-\d+", "terminal", svg)

    async def wait(self, condition: Callable[[], bool], what: str) -> None:
        """Wait until something is so."""
        try:
            async with asyncio.timeout(PATIENCE):
                while not condition():
                    await self.pilot.pause(0.05)
        except TimeoutError:
            raise AssertionError(f"{what} has not come about\n{self.screen}") from None

    async def until(self, text: str) -> None:
        await self.wait(lambda: text in self.screen, repr(text))

    async def settled(self, wanted: str) -> str:
        """The picture, once it says what is wanted, or the same for a while."""
        said: list[str] = []
        looks = 100 if wanted else 8
        while len(said) < looks or len(set(said[-looks:])) > 1:
            await self.pilot.pause(0.1)
            said.append(steady.steady(steady.words(self.picture())))
            if said[-1] == wanted:
                break
        return self.picture()

    async def enter(self, *lines: str, until: str) -> None:
        """Enter lines, each when the one before is done."""
        for line in lines:
            await self.wait(self._is_idle, "the end of the line before")
            self.app.query_one(Prompt).type(line)
            await self.pilot.press("enter")
        await self.wait(self._is_idle, "the end of the last line")
        await self.until(until)

    async def press(self, *keys: str, until: str) -> None:
        await self.pilot.press(*keys)
        await self.until(until)

    def _is_idle(self) -> bool:
        """Nothing is under way that does not wait for a person."""
        working = any(each.group == "console" and not each.is_finished for each in self.app.workers)
        is_asked = "answer> " in self.screen or "secret> " in self.screen
        return not working or is_asked or self.app.smtp_console.held is not None


@asynccontextmanager
async def scene(
    sandbox: Sandbox, *, size: tuple[int, int] = WIDE, is_trusted: bool = True
) -> AsyncIterator[Scene]:
    """The application, connected to the sandbox."""
    trusted = str(sandbox.ca_file) if is_trusted else ""
    settings = Settings(name="laptop.example", family="4", ca=trusted)
    suggestions = sandboxes.suggestions(sandbox)
    if not is_trusted:  # as a server that is nobody's sandbox
        suggestions = Suggestions(target=suggestions.target, user=suggestions.user)
    app = ConsoleApp(journal(settings, keep=True), settings, suggestions, history=History())
    async with app.run_test(size=size) as pilot:
        made = Scene(app, pilot)
        await made.until("READY")
        yield made


# --- each of these ends with what is worth a picture --------------------------------------------


async def console(sandbox: Sandbox) -> AsyncIterator[Scene]:
    async with scene(sandbox) as shown:
        await shown.enter("/starttls", until="~> EHLO")
        await shown.enter(f"/login {ALICE}", sandbox.password, until="logged in as")
        await shown.enter(f"MAIL FROM:<{ALICE}>", f"RCPT TO:<{BOB}>", until="1 recip")
        await shown.enter("RCPT TO:<nobody@sandbox.example>", until="550 5.1.1")
        yield shown


async def tls(sandbox: Sandbox) -> AsyncIterator[Scene]:
    sandbox.faults.switch_on(parsed("tls-cert-expired"))
    async with scene(sandbox, is_trusted=False) as shown:
        await shown.enter("/starttls", until="~> EHLO")
        await shown.press("f3", until="sent by the server")
        await shown.enter(f"/login {ALICE}", until="Go on all the same?")
        yield shown


async def explain(sandbox: Sandbox) -> AsyncIterator[Scene]:
    async with scene(sandbox) as shown:
        await shown.enter("EHLO laptop.example", until="250 HELP")
        await shown.enter(f"MAIL FROM:<{ALICE}>", "RCPT TO:<bob@elsewhere.example>", until="554")
        await shown.enter("?", until="types a line")
        yield shown


async def composer(sandbox: Sandbox) -> AsyncIterator[Scene]:
    Path("notes.txt").write_text("a file\n")
    async with scene(sandbox) as shown:
        await shown.enter("/starttls", until="~> EHLO")
        await shown.enter("/message html", "/attach notes.txt", until="notes.txt")
        await shown.enter(
            "/draft set sender <>",
            f'/draft set recipients "{BOB}, eve@elsewhere.example"',
            f"/draft set To {BOB}",
            '/draft set From "Carol <carol@elsewhere.example>"',
            "/draft set Message-ID <here>",
            "/draft set mail-parameters RET=HDRS",
            until="a blind copy",
        )
        await shown.press("escape", "f4", until="Headers: what is read")
        for _ in range(4):
            await shown.pilot.press("ctrl+t")
        await shown.until("multipart/mixed")
        yield shown


async def step(sandbox: Sandbox) -> AsyncIterator[Scene]:
    async with scene(sandbox) as shown:
        await shown.enter("EHLO laptop.example", until="250 HELP")
        await shown.enter("/step", until="held")
        await shown.enter(f"/send {BOB}", until="Held: 3 lines")
        yield shown
        await shown.enter("/step off", "/next", until="has taken the message")


async def lesson(sandbox: Sandbox) -> AsyncIterator[Scene]:
    async with scene(sandbox) as shown:
        await shown.enter("/learn a-letter-by-hand", until="Lesson 2: A letter by hand")
        await shown.enter("", until="Step 1 of")
        where = shown.screen.split("/connect localhost:", 1)[1].split(None, 1)[0]
        await shown.enter(f"/connect localhost:{where}", "EHLO laptop.example", until="250 HELP")
        await shown.enter("", f"MAIL FROM:<{ALICE}>", until="250 2.1.0")
        await shown.enter("", f"RCPT TO: {BOB}", until="not quite")
        yield shown


async def faults(sandbox: Sandbox) -> AsyncIterator[Scene]:
    # Its diary tells the time where a second has passed; here none does.
    with mock.patch.object(diary, "datetime") as clock:
        clock.now.return_value = datetime.now(UTC)
        async with _mixed(sandbox) as shown:
            yield shown


@asynccontextmanager
async def _mixed(sandbox: Sandbox) -> AsyncIterator[Scene]:
    async with scene(sandbox) as shown:
        await shown.enter("EHLO laptop.example", until="250 HELP")
        await shown.enter("/fault rcpt-mixed on", until="is on")
        people = ", ".join(f"{name}@sandbox.example" for name in ("alice", "bob", "carol"))
        await shown.enter(f'/draft set recipients "{people}"', until="3 recipients")
        await shown.enter("/draft set Message-ID <1@sandbox.example>", until="nothing to remark")
        await shown.enter("/send", until="deferred")
        await shown.press("f7", until="in its mailbox")
        yield shown


async def narrow(sandbox: Sandbox) -> AsyncIterator[Scene]:
    async with scene(sandbox, size=NARROW) as shown:
        await shown.enter("/starttls", until="~> EHLO")
        await shown.enter(f"MAIL FROM:<{ALICE}>", "RCPT TO:<full@sandbox.example>", until="552")
        await shown.enter("?", until="Esc closes")
        yield shown


async def explore(sandbox: Sandbox) -> AsyncIterator[Scene]:
    async with scene(sandbox) as shown:
        await shown.enter("/starttls", until="~> EHLO")
        await shown.enter("?CHUNKING", until="BDAT")
        yield shown


async def login(sandbox: Sandbox) -> AsyncIterator[Scene]:
    async with scene(sandbox) as shown:
        await shown.enter("/starttls", until="~> EHLO")
        await shown.enter(f"/login PLAIN {ALICE}", "wonderland ", until="535")
        yield shown


async def report(sandbox: Sandbox) -> AsyncIterator[Scene]:
    sandbox.faults.switch_on(parsed("double-reply"))
    async with scene(sandbox) as shown:
        await shown.enter("EHLO laptop.example", f"MAIL FROM:<{ALICE}>", until="250 2.1.0")
        await shown.enter("# MAIL is answered twice", until="answered twice")
        await shown.press("f8", until="markdown")
        await shown.press("a", until="addresses masked")
        yield shown


async def migration(sandbox: Sandbox) -> AsyncIterator[Scene]:
    async with scene(sandbox) as shown:
        await shown.enter("EHLO laptop.example", f"MAIL FROM:<{ALICE}>", until="250 2.1.0")
        await shown.enter(f"RCPT TO:<{BOB}>", "QUIT", "/journal name this before", until="before")
        with Sandbox(
            port=steady.port(), withdraw=("CHUNKING",), replies={"bob": "550 5.1.1 No"}
        ) as new:
            await shown.enter(f"/replay before localhost:{new.port} --diff --yes", until="differ")
            yield shown


async def script(sandbox: Sandbox) -> AsyncIterator[Scene]:
    Path("check.smtp").write_text(
        "EHLO monitor.example\n/expect caps STARTTLS\n"
        f"MAIL FROM:<{ALICE}>\nRCPT TO:<bob@elsewhere.example>\n/expect 5.. 5.7.1\n"
    )
    async with scene(sandbox) as shown:
        await shown.enter("/run check.smtp", until="5.7.1")
        yield shown


async def present(sandbox: Sandbox) -> AsyncIterator[Scene]:
    async with scene(sandbox) as shown:
        await shown.enter("/learn starttls --present", until="STARTTLS")
        for words in ("EHLO", "EHLO", "EHLO"):
            await shown.press("space", until=words)
        yield shown


async def library(sandbox: Sandbox) -> AsyncIterator[Scene]:
    kept = Journal(Path("session.jsonl"))
    sandbox.faults.switch_on(parsed("banner-late#1"))
    async with SMTP(
        hostname="localhost",
        port=sandbox.port,
        cert_bundle=str(sandbox.ca_file),
        username=ALICE,
        password=sandbox.password,
        observe=kept,
    ) as client:
        await client.sendmail(ALICE, [BOB, "carol@sandbox.example"], "Subject: Hello\n\nHi!\n")
    kept.close()
    async with scene(sandbox) as shown:
        await shown.enter("/journal open session.jsonl", until="session.jsonl")
        await shown.press("f12", until="were waited for")
        yield shown


async def plain(sandbox: Sandbox) -> AsyncIterator[Scene]:
    os.environ["NO_COLOR"] = "1"
    async with scene(sandbox, size=NARROW) as shown:
        await shown.enter("EHLO laptop.example", f"MAIL FROM:<{ALICE}>", until="250 2.1.0")
        await shown.enter("RCPT TO:<bob@elsewhere.example>", until="554")
        yield shown


_ALL = (
    *(console, tls, explain, composer, step, lesson, faults, narrow),
    *(explore, login, report, migration, script, present, library, plain),
)
SCENES = {each.__name__: asynccontextmanager(each) for each in _ALL}
SCENES["sandbox"] = SCENES.pop("faults")


def taken(name: str, wanted: str = "", *, port: int = 0) -> str:
    """The picture of a scene, and if something is wanted, once it says that or stands still."""
    with place(), Sandbox(port=steady.port(port)) as sandbox:
        return asyncio.run(_taken(name, sandbox, wanted))


async def _taken(name: str, sandbox: Sandbox, wanted: str) -> str:
    async with SCENES[name](sandbox) as shown:
        return await shown.settled(wanted)
