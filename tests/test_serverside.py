"""The sandbox's side in words: `/mailbox`, `/sandbox diary`, and the bounds of both."""

from __future__ import annotations

import time

from test_sandbox_command import running, session

from smtpconsole.console.sandboxing import serverside


async def test_messages_are_listed_opened_and_deleted_without_a_screen() -> None:
    async with session("/sandbox", "/mailbox") as (console, person):
        assert person.answers[-1].title == "no messages in its mailbox"
        await console.execute('/send "bob@sandbox.example dave@elsewhere.example" --text hello')
        await console.execute('/send staff@sandbox.example --subject "second" --text hi')
        await console.execute("/mailbox")
        lines = person.answers[-1].lines
        assert lines[0] == "  2  second" and "alice@sandbox.example to staff" in lines[1]
        assert person.answers[-1].next == ("/mailbox 2",)
        await console.execute("/mailbox 1")
        assert "  to    <bob@sandbox.example>" in person.last
        assert "  1  text/plain  7 octets" in person.last and "\n  hello\n" in person.last
        await console.execute("/mailbox 1 --source")
        assert "   1  " in person.answers[-1].lines[0]
        await console.execute("/mailbox 1 --part 1")
        assert person.answers[-1].title.startswith("part 1 of message 1: text/plain")
        await console.execute("/mailbox 1 --delete")
        await console.execute("/mailbox 1")
        assert person.answers[-1].title == "there is no message 1"
        assert [each.number for each in running(console).mailbox.letters()] == [2]
        await console.execute("/mailbox 2 --part 7")
        assert person.answers[-1].title == "message 2 has no part 7"


async def test_the_diary_says_why() -> None:
    async with session("/sandbox", "/sandbox diary") as (console, person):
        assert person.answers[-1].title == "what the sandbox did, and why"
        for line in ("EHLO x", "MAIL FROM:<a@b.example>", "RCPT TO:<c@d.example>"):
            await console.execute(line)
        await console.execute("/sandbox diary")
        assert "<-  554 5.7.1 Relay access denied" in person.last
        assert "d.example is not of this house, and nobody is logged in" in person.last


async def test_who_is_named_in_headers_and_who_in_the_envelope_is_compared() -> None:
    async with session("/sandbox") as (console, person):
        for line in (
            *("EHLO x", "MAIL FROM:<a@b.example>", "RCPT TO:<bob@sandbox.example>"),
            *("DATA", "From: Boss <boss@b.example>", "To: bob@sandbox.example", "", "x", "."),
        ):
            await console.execute(line)
        await console.execute("/mailbox 1")
        assert "! the header From says boss@b.example" in person.last
        assert "no header To" not in person.last


async def test_what_is_shown_of_a_huge_message_is_bounded() -> None:
    async with session("/sandbox") as (console, _):
        sandbox = running(console)
        people = [f"p{n}@sandbox.example" for n in range(900)]
        content = b"Subject: " + b"s" * 500_000 + b"\r\n" + b"X: y\r\n" * 9_000 + b"\r\n"
        await console.execute(f'/send "{" ".join(people)}" --text x')
        (letter,) = sandbox.mailbox.letters()
        object.__setattr__(letter, "content", content + b"z" * 500_000)
        for rows in (serverside.letter(letter), serverside.source(letter)):
            began = time.monotonic()
            found = list(rows)
            assert sum(len(row.text) for row in found) < 100_000 and len(found) < 1400
            assert time.monotonic() - began < 5
        found = list(serverside.mailbox(sandbox))
        assert sum(len(row.text) for row in found) < 10_000
