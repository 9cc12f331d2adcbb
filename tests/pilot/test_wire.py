"""The wire: what is seen, found, chosen, marked and copied, by keys alone."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from driving import NARROW, WIDE, Driver, driving
from recordings import many, session

from smtpconsole.smtp import events
from smtpconsole.smtp.commands import Send
from smtpconsole.transcript.journal import Journal
from smtpconsole.tui.wire import Wire

GOLDEN = Path(__file__).parent / "golden"
SIZES = pytest.mark.parametrize("size", [WIDE, NARROW], ids=["120x40", "80x24"])


@asynccontextmanager
async def watching(
    journal: Journal, *keys: str, size: tuple[int, int] = NARROW
) -> AsyncIterator[Driver]:
    """The application on a session, the wire focused and the first line under the cursor."""
    async with driving("", size=size, journal=journal) as console:
        await console.until("Tab:")
        await console.press("f6")
        await console.wait(lambda: console.app.query_one(Wire).has_focus, "the wire has focus")
        await console.press("g", *keys)
        yield console


def wire(console: Driver) -> Wire:
    return console.app.query_one(Wire)


def pane(console: Driver) -> str:
    """What the wire's pane shows."""
    region = console.app.query_one("#wire-pane").region
    rows = console.screen.splitlines()[region.y : region.bottom]
    return "\n".join(row[: region.width - 1].rstrip() for row in rows) + "\n"


@SIZES
async def test_the_wire_looks_as_it_did(size: tuple[int, int]) -> None:
    async with watching(session(), size=size) as console:
        for name, keys in (
            ("plain", ()),
            ("end", ("G",)),
            ("folded", ("z",)),
            ("cut", ("w", "l")),
            ("octets", ("w", "z", "g", "v")),
            ("hex", ("x",)),
            ("refused", ("x", "e", "e", "m")),
            ("times", ("t",)),
        ):
            await console.press(*keys)
            golden = GOLDEN / f"wire-{name}-{size[0]}x{size[1]}.txt"
            await console.same(golden, lambda: pane(console))


async def test_a_filter_shows_what_it_says_and_can_be_changed_and_ended() -> None:
    async with watching(session(), "f", *"code:5") as console:
        await console.press("enter")
        screen = await console.until("filter code:5: 2 of ")
        assert "554 5.7.1" in screen and "501 5.7.0" in screen and "220 mail" not in screen
        await console.press("f", *" -text:relay", "enter")
        await console.wait(lambda: "554" not in console.screen, "the refusal is filtered out")
        assert "501 5.7.0" in console.screen
        await console.press("f", "ctrl+u", "enter")
        await console.until("EHLO me.example")
        assert "filter" not in pane(console)


async def test_a_filter_that_makes_no_sense_is_told_and_can_be_mended() -> None:
    async with watching(session(), "f", *"from:mars", "enter") as console:
        await console.until("from:mars is none of server, client, console")
        await console.press("ctrl+u", *"from:client", "enter")
        await console.until("filter from:client")


async def test_what_happens_later_is_filtered_too() -> None:
    journal = session()
    async with watching(journal, "f", *"new", "enter") as console:
        await console.until("filter new: 0 of")
        journal(events.Noted("something new"))
        journal(events.Noted("something old"))
        await console.until("=== something new", "filter new: 1 of")
        assert "something old" not in console.screen


async def test_a_search_goes_along_while_it_is_typed_and_wraps_around() -> None:
    async with watching(session(), "slash", *"tls") as console:
        await console.wait(lambda: "STARTTLS" in wire(console).current, "the first match")
        await console.press("enter", "n")
        await console.wait(lambda: wire(console).current == "STARTTLS", "the second match")
        await console.press("N")
        await console.wait(lambda: "250 STARTTLS" in wire(console).current, "back")
        await console.press("N")
        await console.until("search began again at the other end")
        await console.wait(lambda: "TLS 1.3" in wire(console).current, "the last match")
        await console.press("slash", *"nowhere")
        await console.until("nothing says nowhere")
        await console.press("escape")
        await console.wait(lambda: wire(console).has_focus, "back in the wire")


async def test_errors_commands_and_marks_can_be_jumped_to() -> None:
    async with watching(session()) as console:
        for key, text in (
            ("e", "501 5.7.0"), ("e", "554 5.7.1"), ("E", "501 5.7.0"),
            ("c", "MAIL FROM"), ("c", "RCPT TO:<bob"), ("C", "MAIL FROM"),
        ):  # fmt: skip
            await console.press(key)
            assert text in wire(console).current
        await console.press("m", "G", "m", "g", "apostrophe")
        assert "MAIL FROM" in wire(console).current
        await console.press("apostrophe")
        assert "closed" in wire(console).current
        await console.press("apostrophe")
        await console.until("no mark below")
        await console.press("quotation_mark")
        assert "MAIL FROM" in wire(console).current


async def test_marks_and_remarks_are_events_of_the_journal(tmp_path: Path) -> None:
    journal = session(tmp_path / "session.jsonl")
    async with watching(journal, "e", "m") as console:
        await console.until("#<~* 501")
        await console.press("m")
        await console.wait(lambda: "#<~*" not in console.screen, "the mark is gone")
        await console.press("M", *"why?", "enter")
        await console.until("#<~* 501")
        number = wire(console).cursor[0]
    assert Journal.open(tmp_path / "session.jsonl").marks == {number: "why?"}


async def test_lines_are_selected_by_keys_and_copied_as_text_or_octets() -> None:
    async with watching(session(), "c", "shift+down", "shift+down", "y") as console:
        await console.until("3 lines")
        assert console.app.clipboard == (
            " -> EHLO me.example\n<-  250-mail.example.com\n<-  250-SIZE 52428800"
        )
        await console.press("c", "s", "j", "b")
        await console.until("octets in base64")
        copied = base64.b64decode(console.app.clipboard)
        assert copied == b"STARTTLS\r\n220 2.0.0 Ready to start TLS\r\n"
        await console.press("Y")  # from the reply on, it is the exchange
        await console.wait(
            lambda: console.app.clipboard == " -> STARTTLS\n<-  220 2.0.0 Ready to start TLS",
            "the exchange is copied",
        )
        await console.press("s", "j")
        assert wire(console).origin is not None
        await console.press("escape")
        assert wire(console).origin is None and wire(console).has_focus


async def test_a_copy_is_safe_text_and_its_octets_are_exact() -> None:
    journal = Journal()
    journal(events.Sent(Send(b"\x1b[31m\x00\xff\r\n")))
    async with watching(journal, "y") as console:
        await console.until("␛[31m")
        assert console.app.clipboard == "␛[31m␀\\xff"
        await console.press("b")
        await console.until("octets in base64")
        assert base64.b64decode(console.app.clipboard) == b"\x1b[31m\x00\xff\r\n"


async def test_what_is_more_than_a_terminal_takes_is_not_copied() -> None:
    journal = Journal()
    journal(events.Sent(Send(b"x" * 600_000 + b"\r\n")))
    async with watching(journal, "y") as console:
        await console.until("more than a terminal takes")
        assert console.app.clipboard == ""


@SIZES
async def test_enter_tells_all_about_an_entry(size: tuple[int, int]) -> None:
    async with watching(session(), "e", "C", "C", "j", "enter", size=size) as console:
        await console.until("base64 of Username:", "inside of TLS")
        await console.press("e", "e", "enter")
        await console.until("relaying refused", "answers entry", "after 2.500 s", "300 s")
        await console.press("ctrl+down")
        await console.until("35 35 34 20")
        await console.press("ctrl+down")
        await console.until("RFC 5321 3.6.2")
        before = len(console.journal)
        assert "/explain" not in console.screen and len(console.journal) == before


async def test_the_newest_is_followed_until_one_goes_up() -> None:
    journal = session()
    async with watching(journal, "G") as console:
        journal(events.Noted("the newest"))
        await console.until("=== the newest")
        assert wire(console).current == "the newest"
        await console.press("up", "up")
        at = wire(console).cursor
        for number in range(100):
            journal(events.Noted(f"later {number}"))
        await console.wait(lambda: wire(console).known == len(journal), "it is told")
        assert wire(console).cursor == at
        assert "later 99" not in console.screen and "=== the newest" in console.screen
        await console.press("G")
        await console.until("later 99")


async def test_a_click_puts_the_cursor_there() -> None:
    async with watching(session()) as console:
        await console.pilot.click(Wire, offset=(20, 3))
        assert wire(console).current.startswith("220 mail.example.com")


@SIZES
async def test_a_long_session_is_walked_like_a_short_one(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    many(15_000, tmp_path / "session.jsonl").close()
    journal = Journal.open(tmp_path / "session.jsonl")
    async with watching(journal, size=size) as console:
        await console.until("RCPT TO:<user0@example.org>")
        await console.press("e")
        assert "550 5.1.1 no user999" in wire(console).current
        await console.press("E")
        await console.until("no error above")
        await console.press("slash", *"user4998@", "enter")
        await console.wait(lambda: "user4998@" in wire(console).current, "found")
        await console.press("f", *"code:5", "enter")
        await console.until("filter code:5: 5 of 15,000")
        await console.press("G")
        await console.until("no user4999")
        await console.press("f12")
        await console.until("RCPT TO:<user")


@SIZES
async def test_the_time_is_drawn_beside_what_the_rfc_allows(size: tuple[int, int]) -> None:
    async with watching(session(), "f12", size=size) as console:
        screen = await console.until("DNS", "TLS handshake", "greeting", "message", "QUIT", "2.5 s")
        row = next(
            row for row in screen.splitlines() if "RCPT TO:<bob@els" in row and "300 s" in row
        )
        assert "!!!" in row
