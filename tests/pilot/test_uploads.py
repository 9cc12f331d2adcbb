"""A large message leaves the application: its progress is above the prompt, and Esc ends it."""

from __future__ import annotations

import asyncio

from driving import NARROW, driving
from test_uploading import Slow


async def test_a_large_message_shows_its_progress_and_escape_stops_it() -> None:
    slow = Slow()
    server = await asyncio.start_server(slow.converse, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        async with driving(f"127.0.0.1:{port}", size=NARROW) as driver:
            await driver.until("220 slow")
            await driver.enter("/message huge --size 30M")
            await driver.enter("/send b@x.example")
            screen = await driver.until("sending: ", " of 31.5 MB", "Esc stops it")
            (line,) = [row for row in screen.splitlines() if "sending: " in row]
            assert len(line.rstrip()) <= NARROW[0] and line.rstrip().endswith("Esc stops it")
            await driver.press("escape")
            screen = await driver.until("sending was stopped", "must forget it")
            assert "sending: " not in screen and "Tab: /connect" in screen
    finally:
        slow.may_read.set()
        slow.may_answer.set()
        server.close()
        await slow.is_over.wait()
