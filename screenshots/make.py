"""Make the pictures anew, from real sessions on the sandbox: python screenshots/make.py"""

from __future__ import annotations

import asyncio
import os
import re
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

os.environ["COLORTERM"] = "truecolor"  # the pictures do not depend on where they are made

from textual.pilot import Pilot

from smtpconsole.console.console import Suggestions
from smtpconsole.console.history import History
from smtpconsole.console.sandboxing import sandboxes
from smtpconsole.console.settings import Settings
from smtpconsole.sandbox import Sandbox
from smtpconsole.transcript.journal import Journal
from smtpconsole.tui.app import ConsoleApp
from smtpconsole.tui.prompt import Prompt

HERE = Path(__file__).parent
WIDE, NARROW = (120, 40), (80, 24)


class Scene:
    """An application at work."""

    def __init__(self, app: ConsoleApp, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def screen(self) -> str:
        strips = self.app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip) for strip in strips)

    async def until(self, text: str) -> None:
        try:
            async with asyncio.timeout(20):
                while text not in self.screen:
                    await self.pilot.pause(0.05)
        except TimeoutError:
            raise SystemExit(f"{text!r} has not come about\n{self.screen}") from None

    def told(self, beginning: str) -> str:
        """The rest of a word that is on the screen."""
        return self.screen.split(beginning, 1)[1].split(None, 1)[0]

    async def enter(self, *lines: str, until: str) -> None:
        for line in lines:
            self.app.query_one(Prompt).type(line)
            await self.pilot.press("enter")
            await self.pilot.pause(0.3)
        await self.until(until)

    async def save(self, name: str) -> None:
        await self.pilot.pause(0.3)
        svg = self.app.export_screenshot(title="smtpconsole")
        # Nothing is fetched when somebody looks at it, and two runs differ in no id.
        svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
        svg = re.sub(r"terminal-\d+", "terminal", svg)
        (HERE / f"{name}.svg").write_text(svg, encoding="utf-8")
        print(HERE / f"{name}.svg")


@asynccontextmanager
async def scene(
    sandbox: Sandbox, *, size: tuple[int, int] = WIDE, is_trusted: bool = True
) -> AsyncIterator[Scene]:
    settings = Settings(name="laptop.example", ca=str(sandbox.ca_file) if is_trusted else "")
    suggestions = sandboxes.suggestions(sandbox)
    if not is_trusted:  # as a server that is nobody's sandbox
        suggestions = Suggestions(target=suggestions.target, user=suggestions.user)
    app = ConsoleApp(Journal(), settings, suggestions, history=History())
    async with app.run_test(size=size) as pilot:
        made = Scene(app, pilot)
        await made.until("READY")
        yield made


async def console(sandbox: Sandbox) -> None:
    async with scene(sandbox) as shown:
        await shown.enter("/starttls", until="~> EHLO")
        await shown.enter("/login alice@sandbox.example", until="Password of")
        await shown.enter(sandbox.password, until="logged in as")
        await shown.enter(
            "MAIL FROM:<alice@sandbox.example>", "RCPT TO:<bob@sandbox.example>", until="1 recip"
        )
        await shown.save("console")


async def tls(sandbox: Sandbox) -> None:
    async with scene(sandbox, is_trusted=False) as shown:
        await shown.enter("/starttls", until="~> EHLO")
        await shown.pilot.press("f3")
        await shown.enter("/login alice@sandbox.example", until="Go on all the same?")
        await shown.save("tls")


async def explain(sandbox: Sandbox) -> None:
    async with scene(sandbox) as shown:
        await shown.enter("EHLO laptop.example", until="250 HELP")
        await shown.enter(
            "MAIL FROM:<alice@sandbox.example>", "RCPT TO:<bob@elsewhere.example>", until="554"
        )
        await shown.enter("?", until="types a line")
        await shown.save("explain")


async def composer(sandbox: Sandbox) -> None:
    async with scene(sandbox) as shown:
        await shown.enter("/starttls", until="~> EHLO")
        await shown.enter("/message dsn", until="dsn")
        await shown.pilot.press("escape", "f4")
        await shown.until("Headers: what is read")
        await shown.save("composer")


async def step(sandbox: Sandbox) -> None:
    async with scene(sandbox) as shown:
        await shown.enter("EHLO laptop.example", until="250 HELP")
        await shown.enter("/step", until="held")
        await shown.enter("/send bob@sandbox.example", until="Held: 3 lines")
        await shown.save("step")
        await shown.enter("/step off", "/next", until="has taken the message")


async def lesson(sandbox: Sandbox) -> None:
    async with scene(sandbox) as shown:
        await shown.enter("/learn hello", until="Lesson 1: Hello")
        await shown.enter("", until="Step 1 of 6")
        await shown.enter("/connect localhost:" + shown.told("/connect localhost:"), until="220 ")
        await shown.enter("", "HELO laptop.example", until="-> HELO")
        await shown.save("lesson")


async def faults(sandbox: Sandbox) -> None:
    async with scene(sandbox) as shown:
        await shown.enter("EHLO laptop.example", until="250 HELP")
        await shown.enter("/fault rcpt-mixed on", until="is on")
        people = ", ".join(f"{name}@sandbox.example" for name in ("alice", "bob", "carol"))
        await shown.enter(f'/draft set recipients "{people}"', until="3 recipients")
        await shown.enter("/send", until="deferred")
        await shown.pilot.press("f7")
        await shown.until("in its mailbox")
        await shown.save("sandbox")


async def narrow(sandbox: Sandbox) -> None:
    async with scene(sandbox, size=NARROW) as shown:
        await shown.enter("/starttls", until="~> EHLO")
        await shown.pilot.press("f2")
        await shown.until("promised")
        await shown.save("narrow")


SCENES: tuple[Callable[[Sandbox], object], ...] = (
    *(console, tls, explain, composer),
    *(step, lesson, faults, narrow),
)


def main() -> None:
    for each in SCENES:
        with tempfile.TemporaryDirectory() as state, Sandbox() as sandbox:
            os.environ["SMTPCONSOLE_STATE"] = state  # nothing is known from elsewhere
            asyncio.run(each(sandbox))  # type: ignore[arg-type]  # each is a coroutine function


main()
