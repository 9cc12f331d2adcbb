"""Step mode: what is held, what is done with it, and that the session stays paired."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from test_console import PASSWORD, Person, at, said

from smtpconsole.console import language
from smtpconsole.console.coach import advise
from smtpconsole.console.completion import complete
from smtpconsole.console.console import Console
from smtpconsole.console.holding.held import Held
from smtpconsole.sandbox import Sandbox
from smtpconsole.smtp.events import Entered, Proposed, Sent
from smtpconsole.transcript.formats import exported


@pytest.fixture(scope="module")
def sandbox():  # type: ignore[no-untyped-def]
    with Sandbox(password=PASSWORD) as running:
        yield running


class Stepper:
    """Enters lines as a person does, who goes on when a batch is held."""

    def __init__(self, console: Console, person: Person) -> None:
        self.console, self.person = console, person
        self.doing: asyncio.Future[None] | None = None

    async def enter(self, line: str) -> Held | None:
        """Enter a line, and see what is held then."""
        if self.console.held is not None:
            assert self.doing is not None
            await self.console.execute(line)
        else:
            self.doing = asyncio.ensure_future(self.console.execute(line))
        await self.console.stepping.settled(self.doing)
        return self.console.held

    async def holds(self, line: str) -> list[str]:
        """The lines that are held when this one was entered."""
        held = await self.enter(line)
        assert held is not None, self.person.last
        return [row.text for row in held.rows]


@asynccontextmanager
async def stepping(sandbox: Sandbox, *replies: str) -> AsyncIterator[Stepper]:
    async with at(sandbox, *replies) as (console, person):
        await console.execute("/step on")
        yield Stepper(console, person)


async def test_a_typed_line_is_held_explained_and_let_go(sandbox: Sandbox) -> None:
    async with stepping(sandbox) as step:
        held = await step.enter("EHLO me.example")
        assert held is not None and said(step.console) == []
        (row,) = held.rows
        assert (row.text, row.expects) == ("EHLO me.example", "250")
        assert row.meaning[0].startswith("Introduces the client")
        assert "after STARTTLS it has to be" in " ".join(row.meaning)
        assert "550" in row.refusals
        assert advise(step.console).line == "/next"
        assert all(language.parse(line) for line in held.answer().next)
        assert await step.enter("/next") is None
        assert said(step.console) == [b"EHLO me.example\r\n"]
        assert "PIPELINING" in step.console.known
        events = [type(entry.event) for entry in step.console.journal.entries]
        assert events.index(Proposed) < events.index(Sent)


async def test_nothing_else_is_said_before_what_is_held(sandbox: Sandbox) -> None:
    async with stepping(sandbox) as step:
        await step.enter("EHLO me.example")
        await step.enter("NOOP")
        assert step.person.last.startswith("a batch is held; nothing else is said before it")
        await step.enter("/next")
        assert said(step.console) == [b"EHLO me.example\r\n"]


async def test_a_delivery_is_edited_skipped_and_taken_apart(sandbox: Sandbox) -> None:
    async with stepping(sandbox) as step:
        await step.enter("EHLO me")
        await step.enter("/next")
        lines = await step.holds('/send "bob@sandbox.example tim@sandbox.example" --text hi')
        assert [line.split()[0] for line in lines] == ["MAIL", "RCPT", "RCPT", "DATA"]
        held = step.console.held
        assert held is not None
        assert any(line.startswith("SIZE: ") for line in held.rows[0].meaning)
        await step.enter("/edit 2 RCPT TO:<nobody@sandbox.example>")
        await step.enter("/skip 3")
        held = step.console.held
        assert held is not None
        assert [row.state for row in held.rows] == ["", "edited", "skipped", ""]
        assert "(edited)" in "\n".join(held.lines())
        left = await step.holds("/next 1")
        assert left == ["RCPT TO:<nobody@sandbox.example>", *lines[2:]]
        held = step.console.held
        assert held is not None
        assert [row.state for row in held.rows] == ["edited", "skipped", ""]
        assert await step.holds("/next") == ["RSET"]
        assert [line.split(b":")[0] for line in said(step.console)[1:]] == [
            b"MAIL FROM",
            b"RCPT TO",
            b"DATA\r\n",
        ]
        await step.enter("/next")
        assert "has not taken the message" in step.person.last


async def test_a_skipped_recipient_is_as_one_refused(sandbox: Sandbox) -> None:
    async with stepping(sandbox) as step:
        await step.enter("EHLO me")
        await step.enter("/next")
        await step.enter('/send "bob@sandbox.example tim@sandbox.example" --text hi')
        await step.enter("/skip 3")
        await step.enter("/skip 2")
        await step.enter("/skip 2")  # taken in again
        (content,) = await step.holds("/next")
        assert "ended by a lone dot" in content
        assert await step.enter("/next") is None
        assert "has taken the message for 1 recipient" in step.person.last
        assert "skipped    tim@sandbox.example  not said: it was skipped" in step.person.last
        assert b"RCPT TO:<tim@sandbox.example>\r\n" not in said(step.console)


async def test_what_is_not_to_be_sent_leaves_the_session_as_it_is(sandbox: Sandbox) -> None:
    async with stepping(sandbox) as step:
        await step.enter("EHLO me")
        await step.enter("/skip")
        assert step.person.last.startswith("nothing was sent")
        assert (step.console.held, said(step.console)) == (None, [])
        await step.enter("/step off")
        await step.enter("NOOP")
        assert said(step.console) == [b"NOOP\r\n"]
        await step.enter("/next")
        assert step.person.last.startswith("nothing is held")


async def test_content_is_held_and_can_be_edited_but_not_left_without_an_end(
    sandbox: Sandbox,
) -> None:
    async with stepping(sandbox) as step:
        await step.enter("/step off")
        await step.enter("EHLO me")
        await step.enter("/break phase content")
        held = await step.enter("/send bob@sandbox.example --subject hi --text first")
        assert held is not None and held.why == "break on phase content"
        assert held.rows[0].meaning[1].startswith("| ")
        assert step.console.stepping.is_long(1)
        text = step.console.stepping.text(1)
        await step.enter("/edit 1 no end")
        assert "the lone dot that ends the message is missing" in step.person.last
        step.console.stepping.edit(1, text.replace("first", "second"))
        await step.enter("/next")
        assert "has taken the message" in step.person.last
    assert b"second" in sandbox.mailbox.letters()[-1].content


async def test_secrets_are_held_unseen_and_not_edited(sandbox: Sandbox) -> None:
    async with stepping(sandbox) as step:
        await step.enter("/step off")
        await step.enter("/starttls")
        await step.enter("/step on")
        held = await step.enter(f"/login PLAIN alice@sandbox.example {PASSWORD}")
        assert held is not None
        told = "\n".join([*held.lines(), *held.rows[0].meaning])
        assert "AUTH PLAIN [" in told and PASSWORD not in told
        assert any(line == "user: alice@sandbox.example" for line in held.rows[0].meaning), told
        await step.enter("/edit 1 AUTH PLAIN c2VjcmV0LXRleHQ=")
        assert "a secret is not edited" in step.person.last
        await step.enter("/next")
        assert "logged in as alice@sandbox.example" in step.person.last
        text = exported(step.console.journal, "jsonl")
        assert PASSWORD not in text and "c2VjcmV0LXRleHQ=" not in text
        assert [
            event.line
            for entry in step.console.journal.entries
            if isinstance(event := entry.event, Entered) and "/edit" in event.line
        ] == ["/edit 1 AUTH PLAIN [not shown]"]


async def test_starttls_is_held_and_the_handshake_goes_on(sandbox: Sandbox) -> None:
    async with stepping(sandbox) as step:
        assert await step.holds("/starttls") == ["EHLO client.example"]
        assert await step.holds("/next") == ["STARTTLS"]
        held = await step.enter("/next")
        assert held is not None and held.mark == "~>"
        assert await step.enter("/next") is None
        assert "AUTH" in step.console.known


@pytest.mark.parametrize(
    ("where", "line", "before"),
    [
        ("RCPT", "RCPT TO:<bob@sandbox.example>", ["EHLO me", "MAIL FROM:<a@b.example>"]),
        ("5..", "NOOP", ["EHLO me", "XYZZY"]),
        ("500", "NOOP", ["EHLO me", "XYZZY"]),
        ("text 'b.b@'", "VRFY bob@sandbox.example", ["EHLO me"]),
        ("phase ready", "NOOP", []),
    ],
)
async def test_a_breakpoint_holds_only_there(
    sandbox: Sandbox, where: str, line: str, before: list[str]
) -> None:
    async with at(sandbox) as (console, person):
        step = Stepper(console, person)
        await step.enter(f"/break {where}")
        for each in before:
            assert await step.enter(each) is None
        held = await step.enter(line)
        assert held is not None and held.why.startswith("break on ")
        await step.enter("/break off 1")
        assert person.last.startswith("no batch is held")
        assert await step.enter("/next") is None
        assert await step.enter(line) is None


@pytest.mark.parametrize(
    "line", ["/break phase nowhere", "/break text '('", "/break a b", "/break 5x", "/break off 7"]
)
async def test_what_is_nothing_to_stop_at_is_told(sandbox: Sandbox, line: str) -> None:
    async with at(sandbox) as (console, person):
        await console.execute(line)
        assert person.answers[-1].is_trouble and "bug" not in person.last
        assert console.stepping.breakpoints == []


async def test_the_connection_may_end_under_what_is_held(sandbox: Sandbox) -> None:
    async with stepping(sandbox) as step:
        await step.enter("EHLO me")
        assert step.doing is not None
        await step.console.disconnect()
        await step.doing
        assert step.console.held is None
        assert step.person.last == "nothing was sent of what was held: the connection is closed"


async def test_cancelling_what_is_held_leaves_the_session_paired(sandbox: Sandbox) -> None:
    async with stepping(sandbox) as step:
        await step.enter("EHLO me")
        assert step.doing is not None
        step.doing.cancel()
        await asyncio.wait({step.doing})
        await step.enter("/step off")
        await step.enter("NOOP")
        assert said(step.console) == [b"NOOP\r\n"]


async def test_the_server_may_leave_while_a_batch_is_held() -> None:
    with Sandbox() as own:
        async with at(own) as (console, person):
            await console.execute("/step on")
            step = Stepper(console, person)
            await step.enter("EHLO me")
            own.stop()
            assert step.doing is not None
            await step.doing
            assert console.held is None
            assert "closed" in person.last and person.answers[-1].is_trouble


async def test_breakpoints_are_completed(sandbox: Sandbox) -> None:
    async with at(sandbox) as (console, _):
        await console.execute("/break RCPT")
        for line, whole in (
            ("/break rc", "RCPT"),
            ("/break 5", "5.."),
            ("/break phase con", "content"),
            ("/break off ", "1"),
            ("/expect caps ", None),
            ("/expect t", "tls"),
        ):
            found = [each.text for each in complete(console, line)]
            assert whole in found if whole is not None else not found, (line, found)
