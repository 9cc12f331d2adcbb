"""The application on a terminal with an hour of traffic: python hour.py FOLDER EVENTS.

The traffic comes in bursts, as fast as the application shows them.  What it holds after a fifth
and at the end is written to FOLDER/looks.json; then it stays, with nothing to do.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tracemalloc
from collections.abc import Iterator
from dataclasses import asdict
from itertools import islice
from pathlib import Path

from vitals import Vitals

from smtpconsole.console.console import Suggestions
from smtpconsole.console.settings import Settings
from smtpconsole.smtp.commands import CONTENT, Send
from smtpconsole.smtp.events import (
    Answered,
    Closed,
    Connected,
    Dialling,
    Event,
    Received,
    Sent,
    Target,
)
from smtpconsole.smtp.replies import Reply
from smtpconsole.transcript.journal import Journal
from smtpconsole.tui.app import FRAME, ConsoleApp

BURST = 250  # events between two looks of the application
TARGET = Target("192.0.2.1", 25)
SAID: list[tuple[bytes, bytes, int, list[bytes]]] = [
    (b"", b"", 220, [b"mail.example ESMTP"]),
    (b"EHLO client.example\r\n", b"EHLO", 250, [b"mail.example", b"PIPELINING", b"8BITMIME"]),
    (b"MAIL FROM:<a@client.example>\r\n", b"MAIL", 250, [b"2.1.0 Ok"]),
    (b"RCPT TO:<bob@mail.example>\r\n", b"RCPT", 250, [b"2.1.5 Ok"]),
    (b"RCPT TO:<eve@mail.example>\r\n", b"RCPT", 550, [b"5.1.1 no such user"]),
    (b"DATA\r\n", b"DATA", 354, [b"go ahead"]),
    (b"Subject: hello\r\n\r\n" + b"A line of text.\r\n" * 40 + b".\r\n", CONTENT, 250, [b"Ok"]),
    (b"QUIT\r\n", b"QUIT", 221, [b"Bye"]),
]


def traffic() -> Iterator[Event]:
    """Session after session."""
    while True:
        yield Dialling(TARGET)
        yield Connected("192.0.2.9:4711", "192.0.2.1:25", 0.01)
        for octets, verb, code, lines in SAID:
            send, reply = Send(octets, verb), Reply(code, lines)
            if octets:
                yield Sent(send)
            yield Received(reply.octets)
            yield Answered(reply, send)
        yield Closed("server", None, True)


async def live(journal: Journal, folder: Path, events: int) -> None:
    """An hour, beside the application."""
    news, looks = traffic(), []
    for target in (events // 5, events):
        while len(journal) < target:
            for event in islice(news, BURST):
                journal(event)
            await asyncio.sleep(FRAME)  # it looks twenty times a second
        looks.append({"events": len(journal), **asdict(Vitals.now())})
    part = folder / "looks.part"
    part.write_text(json.dumps(looks))
    part.rename(folder / "looks.json")


async def main(folder: Path, events: int) -> None:
    tracemalloc.start()
    journal = Journal(folder / "hour.jsonl")
    app = ConsoleApp(journal, Settings(), Suggestions())
    hour = asyncio.create_task(live(journal, folder, events))
    await app.run_async()
    await hour


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
