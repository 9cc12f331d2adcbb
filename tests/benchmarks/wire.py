"""The wire: how soon a million entries are seen, how it scrolls and filters, how keys feel.

A frame is a jump and all that Textual does for a whole screen, up to the octets for a terminal.
"""

from __future__ import annotations

import asyncio
import gc
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tables import Effort, Goal, Table
from textual.app import App

from smtpconsole.console.console import Suggestions
from smtpconsole.console.history import History
from smtpconsole.console.settings import Settings
from smtpconsole.smtp import commands, exchanges
from smtpconsole.smtp.commands import Send
from smtpconsole.smtp.events import Answered, Received, Sent
from smtpconsole.smtp.replies import Reply
from smtpconsole.transcript.journal import Journal
from smtpconsole.transcript.search import parse
from smtpconsole.tui.app import ConsoleApp
from smtpconsole.tui.prompt import Prompt
from smtpconsole.tui.recorded import RecordingApp
from smtpconsole.tui.wire import Wire

HERE = Path(__file__).parent
SIZE = (120, 40)
PAINTED, FRAME, FILTERED, STALL, ECHO = 1000, 16, 2000, 70, 50  # milliseconds
MESSAGE = 50_000_000  # octets
LINE = b"Hello, world. This is one line of text in a long message.\r\n"
QUERIES = ("from:server code:5", "text:user77777@", "-text:ok", "text:example", "slow:1")


def record(path: Path, count: int) -> None:
    """A long session: each thousandth recipient is refused."""
    journal = Journal(path)
    for number in range(count // 3):
        is_refused = number % 1000 == 999
        send = Send(b"RCPT TO:<user%d@example.org>\r\n" % number, b"RCPT")
        reply = Reply(550 if is_refused else 250, [b"5.1.1 no" if is_refused else b"2.1.5 Ok"])
        journal(Sent(send))
        journal(Received(reply.octets))
        journal(Answered(reply, send))
    journal.close()


async def watch(lags: list[float]) -> None:
    """How long the loop keeps others waiting."""
    while True:
        began = time.perf_counter()
        await asyncio.sleep(0.001)
        lags.append(time.perf_counter() - began - 0.001)


def draw(app: App[None]) -> None:
    """A whole screen as octets for a terminal."""
    update = app.screen._compositor.render_full_update()
    update.render_segments(app.console)


async def look(table: Table, path: Path) -> None:
    began = time.perf_counter()
    app = RecordingApp(Journal.open(path))
    async with app.run_test(size=SIZE) as pilot:
        while not app.screen.query(Wire) or not app.screen.query_one(Wire).known:
            await asyncio.sleep(0.001)
        draw(app)
        tell(table, "from the file to the first paint", time.perf_counter() - began, PAINTED)
        wire = app.screen.query_one(Wire)
        await pilot.pause()
        scroll(table, app, wire)
        stalls = [await narrow(table, wire, query) for query in QUERIES]
        tell(table, "others wait for a filter, at most", max(stalls), STALL)
        wire.filter(None)
        await app.workers.wait_for_complete()


def scroll(table: Table, app: App[None], wire: Wire) -> None:
    """Frames by the CPU's clock, since others use this machine."""
    random.seed(6)
    gc.freeze()  # as the application does that is not headless
    frames, page = [], SIZE[1] - 4
    for number in range(1000):
        y = random.randrange(int(wire.max_scroll_y)) if number % 2 else 5000 + number * page
        began = time.thread_time()
        wire.scroll_to(y=y, animate=False, immediate=True)
        draw(app)
        frames.append(time.thread_time() - began)
    for name, part in (("a frame by pages", frames[::2]), ("a frame after a jump", frames[1::2])):
        used = sorted(part)
        tell(table, f"{name}, median", used[len(used) // 2])
        tell(table, f"{name}, p99", used[int(len(used) * 0.99)], FRAME)


async def narrow(table: Table, wire: Wire, query: str) -> float:
    """The longest that others have waited."""
    lags: list[float] = []
    watcher = asyncio.create_task(watch(lags))
    await asyncio.sleep(0.01)
    began = time.perf_counter()
    await wire.filter(parse(query)).wait()
    tell(table, f"filter {query}", time.perf_counter() - began, FILTERED)
    watcher.cancel()
    return max(lags, default=0)


async def type_while_sending(table: Table, folder: Path, octets: int) -> None:
    sink = subprocess.Popen(
        [sys.executable, HERE / "sink.py", "-"], stdout=subprocess.PIPE, text=True
    )
    assert sink.stdout is not None
    try:
        target = f"127.0.0.1:{int(sink.stdout.readline())}"
        journal = Journal(folder / "sending.jsonl")
        app = ConsoleApp(
            journal, Settings(), Suggestions(target=target), history=History(folder / "history")
        )
        async with app.run_test(size=SIZE) as pilot:
            while app.smtp_console.phase is None or app.smtp_console.phase.value != "ready":
                await pilot.pause(0.02)
            await _type(table, app, octets)
    finally:
        sink.kill()
        sink.stdout.close()
        sink.wait()


async def _type(table: Table, app: ConsoleApp, octets: int) -> None:
    console = app.smtp_console
    await console.introduced()
    content = LINE * (octets // len(LINE))
    exchange = exchanges.deliver(
        commands.mail("a@example.org"), [commands.rcpt("b@example.org")], content
    )
    sending = asyncio.create_task(console.run(exchange))
    field, echoes = app.query_one(Prompt).field, []
    while not sending.done():
        before = len(field.value)
        pressed = time.perf_counter()
        app.simulate_key("a")
        while len(field.value) == before:
            await asyncio.sleep(0)
        app.screen._compositor.render_update(full=True)
        echoes.append(time.perf_counter() - pressed)
        if len(field.value) > 40:
            field.value = ""
        await asyncio.sleep(0.003)
    await sending
    p99 = sorted(echoes)[int(len(echoes) * 0.99)] if echoes else 0.0
    tell(table, f"a key while {octets / 1e6:.0f} MB are sent, p99", p99, ECHO)


def tell(table: Table, name: str, seconds: float, most: float | None = None) -> None:
    table.rows[name] = [seconds * 1000]
    if most is not None:
        table.goals.append(Goal(f"{name}, ms", seconds * 1000, most, is_most=True))


def tables(effort: Effort) -> Iterator[Table]:
    """All of it, once."""
    count, octets = (30_000, 2_000_000) if effort.is_quick else (1_000_000, MESSAGE)
    os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    table = Table("wire", f"the wire, {count:,} entries, {SIZE[0]}x{SIZE[1]}", ["ms"])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["SMTPCONSOLE_STATE"] = name
        record(folder / "long.jsonl", count)
        asyncio.run(look(table, folder / "long.jsonl"))
        asyncio.run(type_while_sending(table, folder, octets))
    yield table
