"""Make the pictures anew, from real sessions on the sandbox: python screenshots/make.py"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

os.environ["COLORTERM"] = "truecolor"  # the pictures do not depend on where they are made

from textual.pilot import Pilot

from smtpconsole.console.console import Suggestions
from smtpconsole.console.history import History
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
        async with asyncio.timeout(20):
            while text not in self.screen:
                await self.pilot.pause(0.05)

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
    suggestions = Suggestions(
        target=f"localhost:{sandbox.port}",
        user=sandbox.user,
        password=sandbox.password,
        sender=sandbox.user,
        recipient="bob@sandbox.example",
        mailbox=sandbox.mailbox,
    )
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
        await shown.pilot.press("f4", "tab", *" of the day", "f5")
        await shown.until("has taken the message")
        await shown.save("composer")


async def narrow(sandbox: Sandbox) -> None:
    async with scene(sandbox, size=NARROW) as shown:
        await shown.enter("/starttls", until="~> EHLO")
        await shown.pilot.press("f2")
        await shown.until("promised")
        await shown.save("narrow")


SCENES: tuple[Callable[[Sandbox], object], ...] = (console, tls, explain, composer, narrow)


def main() -> None:
    with Sandbox() as sandbox:
        for each in SCENES:
            asyncio.run(each(sandbox))  # type: ignore[arg-type]  # each is a coroutine function


main()
