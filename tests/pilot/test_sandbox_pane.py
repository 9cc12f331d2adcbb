"""The sandbox's side beside the wire, by keys alone."""

from __future__ import annotations

import re
import smtplib
from pathlib import Path

import pytest
from driving import NARROW, WIDE, Driver, driving
from evil import TEXT

from smtpconsole.console.console import Suggestions
from smtpconsole.console.settings import Settings
from smtpconsole.sandbox import Sandbox
from smtpconsole.sandbox.faults import known

GOLDEN = Path(__file__).parent / "golden"
SIZES = pytest.mark.parametrize("size", [WIDE, NARROW], ids=["120x40", "80x24"])
LETTER = (
    "From: Alice <alice@sandbox.example>\r\nTo: bob@sandbox.example\r\n"
    "Subject: =?utf-8?q?caf=C3=A9?=\r\nMIME-Version: 1.0\r\n"
    "Content-Type: multipart/mixed; boundary=x\r\n\r\n"
    "--x\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    "Z3LDvMOfZQ==\r\n--x\r\nContent-Type: image/png\r\n\r\n\x00PNG\r\n--x--\r\n"
)


def send(sandbox: Sandbox, content: str, *, sender: str = "alice@sandbox.example") -> None:
    """Another client on this machine."""
    with smtplib.SMTP("127.0.0.1", sandbox.port, local_hostname="client.example") as client:
        client.sendmail(sender, ["bob@sandbox.example", "staff@sandbox.example"], content.encode())


def pane(console: Driver) -> str:
    """What the side pane shows, without what differs from run to run."""
    region = console.app.query_one("#side").region
    rows = console.screen.splitlines()[region.y : region.bottom]
    text = "\n".join(row[region.x : region.right - 1].lstrip("│").rstrip() for row in rows) + "\n"
    text = re.sub(r"\d\d:\d\d:\d\d", " " * 8, text)  # one that is the same is left away
    return re.sub(r"\b\d{5}\b", "00000", text)


@SIZES
async def test_the_sandboxs_side_looks_as_it_did(
    sandbox: Sandbox, settings: Settings, suggestions: Suggestions, size: tuple[int, int]
) -> None:
    async with driving("", size=size, settings=settings, suggestions=suggestions) as console:
        await console.until("Tab: EHLO")
        for line in ("EHLO client.example", "MAIL FROM:<a@example.org>"):
            await console.enter(line)
        sandbox.faults.switch_on(known()["bidi"])
        await console.enter("RCPT TO:<nobody@sandbox.example>")
        await console.until("No such user here")
        await console.press("escape", "f7")
        await console.until("the rules give nobody this reply")
        send(sandbox, LETTER)
        await console.until("kept as 1", "1 message in its mailbox")
        await console.until("=== gone")
        for name, keys in (
            ("talk", ()),
            ("mailbox", ("m",)),
            ("letter", ("down", "enter")),
            ("source", ("s",)),
            ("image", ("escape", "G", "up", "up", "up", "up", "enter")),
        ):
            await console.press(*keys)
            golden = GOLDEN / f"sandbox-{name}-{size[0]}x{size[1]}.txt"
            await console.same(golden, lambda: pane(console))


async def test_what_another_client_says_is_shown_at_once_and_opened_by_keys(
    sandbox: Sandbox, settings: Settings, suggestions: Suggestions
) -> None:
    async with driving("", settings=settings, suggestions=suggestions) as console:
        await console.until("Tab: EHLO")
        await console.press("f7")
        await console.until("no fault is on; /fault has them", "no messages in its mailbox")
        await console.press("m")
        await console.until("is kept here. F5 sends")
        send(sandbox, LETTER)  # nothing happens on the console's own wire
        await console.until("café", "alice@sandbox.example to")
        await console.press("escape")
        await console.until(
            "RCPT TO:<staff@sandbox.example>", "an alias for alice, bob", "=== gone"
        )
        await console.press("G", "up", "up", "enter")
        await console.until("<alice@sandbox.example>", "no header To or Cc names staff", "grüße")
        await console.press("d")
        await console.until("no messages in its mailbox")
        assert len(sandbox.mailbox) == 0
        await console.press("escape")
        await console.wait(
            lambda: console.app.query_one("#prompt Input").has_focus, "the prompt has the focus"
        )


@SIZES
async def test_a_hostile_message_is_shown_and_not_obeyed(
    sandbox: Sandbox, settings: Settings, suggestions: Suggestions, size: tuple[int, int]
) -> None:
    text = TEXT.replace("\0", "")
    content = (
        f"From: {text}\r\nTo: {text}\r\nSubject: {text}\r\n"
        f'Content-Type: text/[b]x[/]; charset="{text}"; name="{text}"\r\n\r\n{text}\r\n'
    )
    async with driving("", size=size, settings=settings, suggestions=suggestions) as console:
        await console.until("Tab: EHLO")
        await console.press("f7")
        with smtplib.SMTP("127.0.0.1", sandbox.port, local_hostname="x") as client:
            client.command_encoding = "utf-8"
            client.docmd("EHLO", f"[b]{text}")
            client.docmd("EHLO", "[b]x[/]")
            client.docmd("MAIL", 'FROM:<"[/x] [@click=app.quit]z[/]"@e.example>')
            client.docmd("RCPT", f"TO:<nobody{text}@sandbox.example>")
            client.docmd("RCPT", 'TO:<"[/x]"@sandbox.example>')
            client.data(content.encode())
        await console.until("kept as 1")
        await console.press("g")
        for keys in (("m",), ("down", "enter"), ("G",), ("s",), ("escape", "escape", "escape")):
            await console.press(*keys)
            await console.pilot.pause()
            assert console.app.is_running and console.app.query_one("#side")
            assert all(char.isprintable() or char == "\n" for char in console.screen)
        everything = "\n".join(console.seen)
        assert "[@click=app.quit]z[/]" in everything and "␛]0;owned␇" in everything


async def test_the_key_says_how_to_get_one_and_the_tab_comes_and_goes(settings: Settings) -> None:
    async with driving("", suggestions=Suggestions(), settings=Settings()) as console:
        await console.until("Not connected.", "/sandbox is a server of your own")
        assert "F7 Sandbox" not in console.screen
        await console.press("f7")
        await console.until("there is no sandbox", "/sandbox starts one")
        await console.enter("/sandbox")
        await console.until("F7 Sandbox", "the sandbox is yours", "READY")
        await console.press("escape", "f7")
        await console.until("=== connected")
        await console.press("escape")
        await console.enter("/sandbox stop")
        await console.wait(lambda: "F7 Sandbox" not in console.screen, "the tab is gone")
