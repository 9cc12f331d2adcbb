"""The wire: how soon a million entries are seen, how it scrolls and filters, how keys feel.

    python tests/benchmarks/wire.py [--quick]

A frame is a jump and all that Textual does for a whole screen, up to the octets for a terminal.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

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
PAINTED, FRAME, FILTERED, ECHO = 1.0, 0.016, 2.0, 0.050  # seconds
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


async def look(path: Path) -> None:
    began = time.perf_counter()
    app = RecordingApp(Journal.open(path))
    async with app.run_test(size=SIZE) as pilot:
        while not app.screen.query(Wire) or not app.screen.query_one(Wire).known:
            await asyncio.sleep(0.001)
        draw(app)
        tell("from the file to the first paint", time.perf_counter() - began, PAINTED)
        wire = app.screen.query_one(Wire)
        await pilot.pause()
        scroll(app, wire)
        for query in QUERIES:
            await narrow(wire, query)
        wire.filter(None)
        await app.workers.wait_for_complete()


def scroll(app: App[None], wire: Wire) -> None:
    """Frames by the CPU's clock, since others use this machine; what the wall's says beside it."""
    random.seed(6)
    gc.freeze()  # as the application does that is not headless
    frames, page = [], SIZE[1] - 4
    for number in range(1000):
        y = random.randrange(int(wire.max_scroll_y)) if number % 2 else 5000 + number * page
        began, wall = time.thread_time(), time.perf_counter()
        wire.scroll_to(y=y, animate=False, immediate=True)
        draw(app)
        frames.append((time.thread_time() - began, time.perf_counter() - wall))
    for name, part in (("a frame by pages", frames[::2]), ("a frame after a jump", frames[1::2])):
        used, walls = sorted(each for each, _ in part), sorted(each for _, each in part)
        median, p99 = used[len(used) // 2], used[int(len(used) * 0.99)]
        beside = f"median {median * 1000:.1f} ms; by the wall's clock {walls[-5] * 1000:.1f} ms"
        tell(f"{name}, p99", p99, FRAME, beside)


async def narrow(wire: Wire, query: str) -> None:
    lags: list[float] = []
    watcher = asyncio.create_task(watch(lags))
    await asyncio.sleep(0.01)
    began = time.perf_counter()
    await wire.filter(parse(query)).wait()
    spent = time.perf_counter() - began
    watcher.cancel()
    worst = f"{len(wire.rows):>9,} found, others wait {max(lags, default=0) * 1000:.0f} ms at most"
    tell(f"filter {query}", spent, FILTERED, worst)


async def type_while_sending(folder: Path, octets: int) -> None:
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
            await _type(app, octets)
    finally:
        sink.kill()
        sink.stdout.close()
        sink.wait()


async def _type(app: ConsoleApp, octets: int) -> None:
    console = app.smtp_console
    await console.introduced()
    content = LINE * (octets // len(LINE))
    exchange = exchanges.deliver(
        commands.mail("a@example.org"), [commands.rcpt("b@example.org")], content
    )
    began = time.perf_counter()
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
    spent = time.perf_counter() - began
    p99 = sorted(echoes)[int(len(echoes) * 0.99)] if echoes else 0.0
    told = f"{len(echoes)} keys while {octets / 1e6:.0f} MB went in {spent:.1f} s"
    tell("a key on the screen, p99", p99, ECHO, told)


def tell(name: str, seconds: float, most: float, more: str = "") -> None:
    verdict = "met" if seconds <= most else "NOT met"
    told = f"{seconds * 1000:>9.1f} ms   at most {most * 1000:.0f}: {verdict:8}"
    print(f"  {name:36}{told}{more}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="How the wire feels.")
    parser.add_argument("--quick", action="store_true", help="few entries: does it run?")
    options = parser.parse_args()
    count = 30_000 if options.quick else 1_000_000
    os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    print(f"the wire, {count:,} entries, {SIZE[0]}x{SIZE[1]}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["SMTPCONSOLE_STATE"] = name
        record(folder / "long.jsonl", count)
        steps: tuple[Callable[[], object], ...] = (
            lambda: asyncio.run(look(folder / "long.jsonl")),
            lambda: asyncio.run(
                type_while_sending(folder, 2_000_000 if options.quick else MESSAGE)
            ),
        )
        for step in steps:
            step()


main()
