"""Over links that delay, that cut what they carry into octets, or that are narrow, all is the same.

What is compared is what was said and heard, in its order, and what the server has of it.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from typing import Any

import pytest
from brittle import CAROL, TAKEN, Deliver, Guarded, Message, by_library, nothing_left
from brittlefronts import by_console, by_send
from link import HOST, Link

from smtpconsole.client import SMTP, Letter
from smtpconsole.smtp.events import Answered, Event, Sent

pytestmark = pytest.mark.faults

MS = 0.001
MEGABIT = 125_000  # octets a second
LINKS: dict[str, dict[str, Any]] = {
    "delay": {"delay": 20 * MS},
    "octet by octet": {"piece": 1},
    "1 Mbit/s": {"rate": MEGABIT},
    "all of it": {"delay": 5 * MS, "rate": MEGABIT, "piece": 7},
}
SHAPES: dict[str, dict[str, Any]] = {
    "one by one": {"pipelining": False},
    "pipelined": {},
    "BDAT": {"chunking": True},
    "LMTP": {"lmtp": True},
    "TLS": {"start_tls": True},
}
LINES = b"".join(b"%04d .. x%s\r\n" % (number, b"y" * 60) for number in range(300))
NOBODY = "nobody@sandbox.example"  # who is refused


async def session(server: Guarded, port: int, shape: str) -> tuple[list[str], list[bytes]]:
    """A message with a refused recipient, then two at once; what was said, and what arrived."""
    options, events = dict(SHAPES[shape]), list[Event]()
    if options.get("start_tls"):
        options |= {"username": server.user, "password": server.password}
        options["tls_context"] = ssl.create_default_context(cafile=str(server.ca_file))
    before = len(server.mailbox)
    client = SMTP(
        hostname=HOST,
        port=port,
        timeout=10,
        observe=events.append,
        **{"start_tls": False, "local_hostname": "me.example", **options},
    )
    async with client:
        body = b"Subject: long\r\n\r\n" + LINES
        await client.deliver(body, sender=server.user, recipients=[CAROL, NOBODY])
        letters = [Letter(b"Subject: short\r\n\r\n.\r\n", server.user, CAROL) for _ in range(2)]
        assert len(await client.deliver_all(letters)) == 2
    await client.wait_closed()
    server.settle()
    kept = [letter.content for letter in server.mailbox.letters()[before:]]
    return [told for event in events for told in _told(event)], kept


def _told(event: Event) -> list[str]:
    send = event.send if isinstance(event, Sent | Answered) else None
    if send is not None and send.verb == b"AUTH":
        return ["AUTH"]  # which has a nonce in it
    if isinstance(event, Sent):
        return [f"C {event.send.data!r}"]
    if isinstance(event, Answered):
        verb = send.verb if send is not None else None
        return [re.sub(r"kept as \d+", "kept", f"S {verb!r} {event.reply}")]
    return []


@pytest.mark.parametrize("shape", SHAPES)
async def test_a_session_is_the_same_over_every_link(shape: str) -> None:
    with Guarded(withdraw=["LIMITS"]) as server:
        port = server.lmtp_port if shape == "LMTP" else server.port
        assert port is not None

        async def through(**ways: Any) -> tuple[list[str], list[bytes]]:
            with Link(port, **ways) as link:
                async with nothing_left():
                    return await session(server, link.port, shape)

        plain = await session(server, port, shape)
        assert len(plain[1]) == 3 and LINES in plain[1][0]
        for name, ways in LINKS.items():
            assert await through(**ways) == plain, name


FRONTS: dict[str, Deliver] = {
    "library": by_library(),
    "console": by_console("--chunking", tls=True),
    "send": by_send("--tls", "--ca={server.ca_file}", "--user={server.user}"),
}


@pytest.mark.parametrize("name", LINKS)
async def test_every_front_tells_the_same_over_every_link(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Guarded(withdraw=["LIMITS"]) as server:
        monkeypatch.setenv("SMTP_PASSWORD", server.password)
        with Link(server.port, **LINKS[name]) as link:
            messages = {front: [Message(f"{name} {front}")] for front in FRONTS}
            async with nothing_left():
                await asyncio.gather(
                    *(FRONTS[each](server, (HOST, link.port), messages[each]) for each in FRONTS)
                )
        has = server.counted(CAROL)
        for front, (message,) in messages.items():
            assert (message.claim, has[message.number]) == (TAKEN, 1), (front, message.words)
