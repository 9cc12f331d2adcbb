"""The composer by keys: every field, every view, and what is foreign in them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from driving import NARROW, WIDE, Driver, driving
from evil import LIVE, TEXT
from textual import events

from smtpconsole.composer.draft import Draft
from smtpconsole.composer.parts import Attachment
from smtpconsole.console.memory import Suggestions
from smtpconsole.console.settings import Settings
from smtpconsole.sandbox import Sandbox
from smtpconsole.tui.answerbox import AnswerBox
from smtpconsole.tui.panes.composer import ComposerPane

GOLDEN = Path(__file__).parent / "golden"
SIZES = pytest.mark.parametrize("size", [WIDE, NARROW], ids=["120x40", "80x24"])
DRAFT = Draft(
    "alice@here.example",
    ("bob@there.example", "eve@there.example"),
    mail_parameters=("RET=HDRS",),
    subject="Hello",
    headers=(
        ("From", "Carol <carol@elsewhere.example>"),
        ("To", "bob@there.example"),
        ("Date", "Wed, 25 Nov 2026 12:00:00 +0000"),
        ("Message-ID", "1@here.example"),
        ("X-Test", "one"),
    ),
    body="Dear Bob,\n.\nyours\n",
)


@asynccontextmanager
async def composing(draft: Draft, *, size: tuple[int, int] = NARROW) -> AsyncIterator[Driver]:
    """The composer with a draft, measured."""
    async with driving("", size=size) as console:
        box = console.app.query_one(AnswerBox)
        await console.wait(lambda: box.answer is not None, "what could be opened is told")
        box.close()
        await console.press("f4")
        pane = console.app.query_one(ComposerPane)
        await console.wait(lambda: focused(console) == "field-recipients", "a field has focus")
        console.app.smtp_console.draft = draft
        pane.told(())
        await console.wait(lambda: pane._measured == pane._reading, "it is measured")
        await pane.workers.wait_for_complete()
        await console.pilot.pause()
        yield console


def focused(console: Driver) -> str:
    widget = console.app.screen.focused
    return widget.id or "" if widget is not None else ""


def draft_of(console: Driver) -> Draft:
    return console.app.smtp_console.draft


def shown(console: Driver) -> str:
    region = console.app.query_one(ComposerPane).region
    rows = console.screen.split("\n")[region.y : region.bottom]
    return "\n".join(row[region.x : region.right].rstrip() for row in rows) + "\n"


async def compare(console: Driver, name: str, size: tuple[int, int]) -> None:
    golden = GOLDEN / f"composer-{name}-{size[0]}x{size[1]}.txt"
    await console.same(golden, lambda: shown(console))


FIELDS = (
    *("sender", "recipients", "mail-parameters", "rcpt-parameters"),
    *("charset", "encoding", "format"),
    *("From", "To", "Cc", "Bcc", "Reply-To", "Subject", "Date", "Message-ID", "others"),
)
VIEWS = ("text", "html", "calendar", "files", "parts", "source")


@SIZES
async def test_every_field_and_view_is_reached_by_keys_and_seen(size: tuple[int, int]) -> None:
    async with composing(DRAFT, size=size) as console:
        await console.press("shift+tab")
        seen = [seen_one(console)]
        while seen[-1] != "composer-text":
            await console.press("tab")
            seen.append(seen_one(console))
        for view in VIEWS:  # the focus goes along
            assert seen_one(console) == f"composer-{view}"
            await console.press("ctrl+t")
            await console.pilot.pause()
        await console.press("tab")
        assert seen_one(console) == "composer-meter"
        fields = [f"field-{name}" for name in FIELDS]
        assert seen == [*fields, "composer-views", "composer-text"]


def seen_one(console: Driver) -> str:
    """What has the focus; it is on the screen."""
    widget = console.app.screen.focused
    assert widget is not None
    region = console.app.screen.find_widget(widget).visible_region
    assert region.height >= 1 and region.width >= 10, f"{widget.id} is seen"
    return widget.id or ""


@SIZES
async def test_what_differs_and_what_is_wrong_is_said_in_words(size: tuple[int, int]) -> None:
    async with composing(DRAFT, size=size) as console:
        await compare(console, "differs", size)
        console.app.query_one("#composer-meter").focus()
        await console.press("down")
        await console.until("Message-ID is not of the form <left@right>")
        await compare(console, "remarks", size)
        await console.press("enter")
        await console.until("m mends it: Give it a Message-ID of its own")
        await console.press("escape", "m")
        await console.until("mended: bad-message-id")
        assert str(draft_of(console).header("Message-ID")).endswith("@here.example>")


@SIZES
async def test_views_of_a_message_with_parts(size: tuple[int, int]) -> None:
    draft = replace(
        DRAFT,
        html="<p>Dear Bob</p>",
        attachments=(
            Attachment("dot.png", bytes(64), "image/png", "dot"),
            Attachment("notes.txt", b"a\n" * 40, "text/plain"),
        ),
    )
    async with composing(draft, size=size) as console:
        console.app.query_one("#composer-views").focus()
        await console.press("right", "right", "right")
        await compare(console, "files", size)
        await console.press("right")
        await console.until("1  multipart/mixed", "  1.1  multipart/alternative")
        await console.press("down", "end")
        await console.until("1.2  text/plain  80 octets  notes.txt")
        await console.press("enter")
        await console.until("part 1.2: text/plain")


async def test_the_source_is_written_by_hand_and_the_fields_come_back() -> None:
    async with composing(DRAFT) as console:
        console.app.query_one("#composer-views").focus()
        await console.press("left")
        await console.until("Subject: Hello", "From: Carol")
        await console.press("down", *"X: y", "enter")
        start = b"X: y\r\nSubject: Hello\r\n"
        await console.wait(lambda: (draft_of(console).source or b"")[:22] == start, "it is typed")
        await console.until("in the source")
        await console.press("ctrl+l", *"back", "enter")
        await console.until("the source is gone")
        assert draft_of(console) == DRAFT


async def test_what_is_pasted_never_becomes_another_header() -> None:
    async with composing(DRAFT) as console:
        subject = console.app.query_one("#field-Subject")
        subject.focus()
        await console.press("ctrl+u")
        subject.post_message(events.Paste("one\r\nBcc: evil@x.example"))
        await console.until("nothing was pasted", "2 lines: a line break in a header")
        assert draft_of(console).subject == ""
        subject.post_message(events.Paste("folded\r\n at a blank\r\n"))
        await console.wait(lambda: draft_of(console).subject == "folded at a blank", "unfolded")
        people = console.app.query_one("#field-recipients")
        people.focus()
        await console.press("ctrl+u")
        people.post_message(events.Paste("a@x.example\nb@x.example\n"))
        wanted = ("a@x.example", "b@x.example")
        await console.wait(lambda: draft_of(console).recipients == wanted, "one a line")


async def test_files_are_attached_by_walking_and_by_pasting(tmp_path: Path) -> None:
    (tmp_path / "some folder").mkdir()
    (tmp_path / "some folder" / "a b.txt").write_text("x")
    (tmp_path / "dot.png").write_bytes(b"png")
    async with composing(DRAFT) as console:
        console.app.query_one("#composer-views").focus()
        await console.press("right", "right", "right", "down")
        await console.until("a attaches a file")
        await console.press("a")
        await console.until("a file to attach")
        entry = console.app.screen.query_one("#picking-words")
        entry.post_message(events.Paste(f"'{tmp_path}/'"))
        await console.until("dot.png", "some folder/", "a folder")
        await console.press("enter")
        await console.until("a b.txt", "text/plain, 1 octets")
        await console.press("enter")
        await console.until("a b.txt  text/plain  1 octets")
        await console.press("i")
        await console.press(*f"{tmp_path}/do", "enter")
        await console.until("dot.png  image/png  3 octets  inline: cid:dot")
        files = console.app.query_one("#composer-files")
        files.post_message(events.Paste(f"{tmp_path}/gone.txt"))
        await console.until("cannot be attached: no such file")
        await console.press("escape", "x")
        await console.wait(lambda: len(draft_of(console).attachments) == 1, "one is taken away")


async def test_foreign_text_in_the_composer_is_inert() -> None:
    hostile = Draft(
        "me@x.example",
        ("b@x.example",),
        subject=TEXT.replace("\0", ""),
        headers=(("X-Evil", TEXT), ("To", TEXT)),
        body=TEXT,
        html=TEXT,
        attachments=(Attachment(TEXT, b"x"),),
        mail_parameters=(TEXT.split(" ", maxsplit=1)[0],),
    )
    source = f'Subject: {TEXT}\r\nContent-Type: text/plain; name="{TEXT}"\r\n\r\n{TEXT}'.encode()
    for draft in (hostile, replace(hostile, source=source)):
        async with composing(draft, size=WIDE) as console:
            for _ in VIEWS:
                await console.press("ctrl+t")
                await console.pilot.pause()
                screen = console.screen
                assert all(char.isprintable() for char in screen.replace("\n", "")), screen
                assert not any(each in screen.encode() for each in LIVE)
            assert "[/x]@e" in console.screen or draft.source is None
            assert "[b]y[/b]" in "".join(console.seen)


async def test_a_rehearsal_can_be_stepped_into(
    sandbox: Sandbox, settings: Settings, suggestions: Suggestions
) -> None:
    async with driving("", settings=settings, suggestions=suggestions) as console:
        await console.until("READY")
        await console.enter("EHLO me")
        await console.until("250 HELP")
        await console.press("f4", "f5")
        await console.until("2 round trips", "1 -> MAIL FROM:<alice@sandbox.example>")
        await console.press("b")
        await console.until("1 round trip, nothing was sent", "BDAT")
        await console.press("s")
        await console.until("Held: 3 lines in one batch")
        assert not sandbox.mailbox.letters()
        await console.enter("/next")
        await asyncio.to_thread(sandbox.mailbox.wait, 1, 5)
        await console.until("has taken the message")


async def test_the_parameters_are_those_that_the_server_offers_first(
    settings: Settings, suggestions: Suggestions
) -> None:
    async with driving("", settings=settings, suggestions=suggestions) as console:
        await console.until("READY")
        await console.enter("EHLO me")
        await console.until("250 HELP")
        await console.press("f4")
        await console.wait(lambda: focused(console) == "field-recipients", "the pane has focus")
        await console.press("tab", "enter")
        await console.until("parameters of MAIL", "SIZE=4096", "(not offered)")
        await console.press(*"mt-", "enter")
        await console.until("MT-PRIORITY is forced: no MT-PR")
        assert draft_of(console).mail_parameters == ("MT-PRIORITY=3",)


async def test_the_composer_alone_has_the_whole_width() -> None:
    async with composing(DRAFT, size=WIDE) as console:
        await console.press("f10")
        pane = console.app.query_one(ComposerPane)
        await console.wait(lambda: pane.region.width > 110, "it is as wide as the screen")
        await console.press("f10")
        await console.wait(lambda: pane.region.width < 80, "the wire is back")


async def test_fields_get_what_was_typed_for_them_however_fast(
    settings: Settings, suggestions: Suggestions
) -> None:
    async with driving("", settings=settings, suggestions=suggestions) as console:
        await console.until("READY")
        await console.press("f4")
        await console.wait(
            lambda: getattr(console.app.focused, "id", "") == "field-recipients", "the first field"
        )
        keys = ("ctrl+u", *"me@x.example", *["tab"] * 11, *" of mine", *["tab"] * 5, *".dots", "f5")
        for key in keys:
            console.app.post_message(events.Key(key, key if len(key) == 1 else None))
        await console.until("rehearsal", "RCPT TO:<me@x.example>")
        draft = console.app.smtp_console.draft
        assert (draft.subject, draft.body) == ("Test of mine", "This is a test.\n.dots")
