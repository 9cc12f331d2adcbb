"""The console on the sandbox, with a person who answers."""

from __future__ import annotations

import asyncio
import base64
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from smtpconsole.console import language
from smtpconsole.console.answers import Answer
from smtpconsole.console.coach import advise
from smtpconsole.console.completion import complete, suggest
from smtpconsole.console.composing.progress import Progress
from smtpconsole.console.console import Console, Suggestions
from smtpconsole.console.settings import Settings
from smtpconsole.sandbox import Sandbox
from smtpconsole.smtp.events import Sent
from smtpconsole.transcript.formats import exported
from smtpconsole.transcript.journal import Journal

PASSWORD = "correct-horse-7291"


class Person:
    """A front end that remembers what it was shown, and answers from a list."""

    def __init__(self, *replies: str) -> None:
        self.replies = list(replies)
        self.answers: list[Answer] = []
        self.questions: list[tuple[str, bool]] = []
        self.edited: list[tuple[str, str]] = []  # texts that were to be edited, by suffix
        self.edits: list[str | None] = []  # what becomes of them
        self.has_left = False
        self.looks: list[Progress | None] = []

    def show(self, answer: Answer) -> None:
        self.answers.append(answer)

    async def ask(self, question: str, *, secret: bool = False) -> str:
        self.questions.append((question, secret))
        return self.replies.pop(0)

    async def edit(self, text: str, *, suffix: str) -> str | None:
        self.edited.append((text, suffix))
        return self.edits.pop(0) if self.edits else None

    def progress(self, progress: Progress | None) -> None:
        self.looks.append(progress)

    def copy(self, text: str) -> str:
        self.copied = text
        return "sent to the terminal's clipboard"

    def teach(self, answer: Answer) -> None:
        self.show(answer)

    def leave(self) -> None:
        self.has_left = True

    @property
    def last(self) -> str:
        answer = self.answers[-1]
        return "\n".join([answer.title, *answer.lines, *answer.next])


@asynccontextmanager
async def at(
    sandbox: Sandbox,
    *replies: str,
    is_trusted: bool = True,
    journal: Journal | None = None,
) -> AsyncIterator[tuple[Console, Person]]:
    """A console connected to the sandbox."""
    person = Person(*replies)
    settings = Settings(name="client.example", ca=str(sandbox.ca_file) if is_trusted else "")
    suggestions = Suggestions(
        target=f"localhost:{sandbox.port}",
        user=sandbox.user,
        sender=sandbox.user,
        recipient="bob@sandbox.example",
    )
    journal = journal if journal is not None else Journal()
    console = Console(person, journal, settings=settings, suggestions=suggestions)
    await console.execute(console.connect_line)
    try:
        yield console, person
    finally:
        await console.end()


@pytest.fixture(scope="module")
def sandbox():  # type: ignore[no-untyped-def]
    with Sandbox(password=PASSWORD) as running:
        yield running


def said(console: Console) -> list[bytes]:
    events = (entry.event for entry in console.journal.entries)
    return [event.send.data for event in events if isinstance(event, Sent)]


async def test_following_the_coach_delivers_a_message(sandbox: Sandbox) -> None:
    before = len(sandbox.mailbox)
    async with at(sandbox, PASSWORD) as (console, _):
        for _ in range(20):
            if console.has_delivered:
                break
            await console.execute(advise(console).line)
        assert console.has_delivered
        assert advise(console).line == "QUIT"
        await console.execute("QUIT")
        assert advise(console).line in ("/close", console.connect_line)
    letter = sandbox.mailbox.letters()[-1]
    assert len(sandbox.mailbox) == before + 1
    assert letter.content == b"Subject: Hello\r\n\r\nThis is my message.\r\n"


async def test_a_message_is_sent_and_each_recipient_told(sandbox: Sandbox) -> None:
    async with at(sandbox) as (console, person):
        await console.execute("/starttls")
        await console.execute(
            '/send "bob@sandbox.example nobody@sandbox.example" --subject hi --text ".dot"'
        )
        assert "has taken the message for 1 recipient" in person.last
        assert "nobody@sandbox.example  550 5.1.1" in person.last
        letter = sandbox.mailbox.letters()[-1]
        assert letter.message["Subject"] == "hi"
        assert letter.message.get_content().strip() == ".dot"
        await console.execute("/send nobody@sandbox.example --one-by-one")
        assert "has not taken the message: 550 5.1.1" in person.last
        await console.execute("/send")
        assert "no recipient" in person.last
        await console.execute('/send bob@x --subject "a\nBcc: b"')
        assert "nothing was sent: Subject holds a line break" in person.last
        await console.execute("/send zoë@sandbox.example")
        assert "has taken the message" in person.last


async def test_credentials_wait_for_a_word_where_the_server_is_not_proved(
    sandbox: Sandbox,
) -> None:
    async with at(sandbox, "no", "yes", PASSWORD, is_trusted=False) as (console, person):
        await console.execute("/starttls")
        await console.execute("/login alice@sandbox.example")
        assert person.last.startswith("nothing was sent")
        assert not any(line.startswith(b"AUTH") for line in said(console))
        await console.execute("/login alice@sandbox.example")
        assert person.answers[-1].title == "logged in as alice@sandbox.example with SCRAM-SHA-256"
        await console.execute("/send bob@sandbox.example")  # asked once, remembered
        assert [secret for _, secret in person.questions] == [False, False, True]


async def test_credentials_typed_by_hand_do_not_go_in_the_clear_unasked(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Console, "is_loopback", lambda self: False)
    async with at(sandbox, "no", "no") as (console, person):
        await console.execute("AUTH PLAIN AHRpbQBw")
        assert "not encrypted" in person.questions[0][0]
        assert said(console) == []
        await console.execute("EHLO me")
        await console.execute("/login tim --mechanism PLAIN")
        assert not any(line.startswith(b"AUTH") for line in said(console))


async def test_whom_only_a_file_names_gets_mail_of_a_server_elsewhere_by_a_word(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Console, "is_loopback", lambda self: False)
    file = tmp_path / "letter.eml"
    file.write_text("From: a@x.example\nTo: carol@sandbox.example, bob@sandbox.example\n\nhi\n")
    async with at(sandbox, "no", "yes") as (console, person):
        await console.execute("EHLO me")
        await console.execute("/draft set recipients bob@sandbox.example")
        await console.execute(f"/draft open {file}")
        await console.execute("/send")
        assert person.last.startswith("nothing was sent") and said(console) == [b"EHLO me\r\n"]
        question = person.questions[0][0]
        assert "names carol@sandbox.example as recipient" in question and "bob" not in question
        await console.execute("/send carol@sandbox.example")  # now it is said
        assert len(person.questions) == 1
        await console.execute("/send")
        await console.execute("/send")  # asked once
        assert len(person.questions) == 2 and said(console).count(b"DATA\r\n") == 3


async def test_a_refused_login_tries_nothing_else(sandbox: Sandbox) -> None:
    async with at(sandbox, "wrong-password") as (console, person):
        await console.execute("/starttls")
        await console.execute("/login alice@sandbox.example")
        assert "not accept these credentials for alice@sandbox.example: 535" in person.last
        assert sum(line.startswith(b"AUTH") for line in said(console)) == 1
        await console.execute("/login x --mechanism X-NONE")
        assert "X-NONE is not known here" in person.last


async def test_every_trouble_is_a_sentence_with_a_way_on(sandbox: Sandbox, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, at_port(b"SSH-2.0-x\r\n") as ssh:
        async with at(sandbox) as (console, person):
            console.settings.timeout = 0.2
            for line, words in (
                ("/connect 127.0.0.1:1", "refused"),
                ("/connect no-such.invalid", "has no address"),
                (f"/connect 127.0.0.1:{silent.getsockname()[1]}", "No greeting within 0.2"),
                (f"/connect 127.0.0.1:{ssh}", "this is not SMTP but SSH"),
                (f"/connect smtps://localhost:{sandbox.port}", "does not speak TLS here"),
                ("/connect ftp://x", "ftp:// is not known"),
                ("/starttsl", "is not a command, and nothing was sent"),
                ("/send --what", "has no option --what"),
                ("?%%%", "nothing is known of"),
                (r"/raw '\x'", "escape cannot be read"),
                ("/export text /no/such/folder/x", "cannot be written"),
                ("/set timeout never", "is not a time"),
            ):
                await console.execute(line)
                answer = person.answers[-1]
                assert words in person.last, line
                assert answer.is_trouble
                assert all(language.parse(each) for each in answer.next)
            console.settings.timeout = 5
            await console.execute(f"/connect localhost:{sandbox.port}")
            await console.execute("NOOP")
            assert said(console)[-1] == b"NOOP\r\n"


def at_port(greeting: bytes):  # type: ignore[no-untyped-def]
    """A server that says one thing."""
    import threading
    from contextlib import contextmanager

    @contextmanager
    def serve():  # type: ignore[no-untyped-def]
        with socket.create_server(("127.0.0.1", 0)) as listener:

            def once() -> None:
                peer, _ = listener.accept()
                with peer:
                    peer.sendall(greeting)
                    peer.recv(100)

            thread = threading.Thread(target=once)
            thread.start()
            yield listener.getsockname()[1]
            thread.join()

    return serve()


async def test_not_connected_means_nothing_is_sent(sandbox: Sandbox) -> None:
    async with at(sandbox) as (console, person):
        await console.execute("/close")
        await console.execute("NOOP")
        assert person.last.startswith("not connected; nothing was sent")
        assert advise(console).text == "Not connected."
        await console.execute("/connect")
        assert console.phase is not None
        await console.execute("/quit")
        assert person.has_left


async def test_the_server_may_leave_at_any_time() -> None:
    person = Person()
    with Sandbox() as sandbox:
        console = Console(person, Journal())
        await console.execute(f"/connect localhost:{sandbox.port}")
        sandbox.stop()
        assert console.connection is not None
        await console.connection.lost
    assert "closed" in advise(console).text
    await console.execute("NOOP")
    assert "not connected" in person.last
    await console.end()


async def test_commands_tell_what_they_did(sandbox: Sandbox, tmp_path: Path) -> None:
    async with at(sandbox) as (console, person):
        await console.execute("# a note")
        await console.execute(r"/raw 'NOOP\r\nNOOP\r\n' --replies 2")
        await console.execute("/set timeout 9")
        assert "9" in person.last
        await console.execute("/set")
        assert "client.example" in person.last
        await console.execute("/help")
        await console.execute("/help send")
        assert person.last.startswith("/send [ADDRESS]")
        await console.execute("?")
        assert person.answers[-1].title == "greeted, not yet introduced"
        await console.execute(f"/export text {tmp_path}/a.txt")
        await console.execute(f"/export text {tmp_path}/a.txt")
        assert "was left as it is" in person.last
        assert "=== a note" in (tmp_path / "a.txt").read_text()
        assert (tmp_path / "a.txt").stat().st_mode & 0o777 == 0o600


async def test_a_bug_is_told_and_the_console_lives(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at(sandbox) as (console, person):

        async def broken(data: bytes) -> None:
            raise ZeroDivisionError("secret detail")

        monkeypatch.setattr(console, "say", broken)
        await console.execute("NOOP")
        assert "this is a bug in smtpconsole: ZeroDivisionError in broken" in person.last
        assert "secret detail" not in person.last


async def test_completion_knows_the_server_and_what_came_up(sandbox: Sandbox) -> None:
    async with at(sandbox) as (console, _):
        await console.execute("/starttls")

        def texts(line: str) -> list[str]:
            return [each.text for each in complete(console, line)]

        assert "EHLO client.example" in texts("eh")
        assert texts("MAI") == ["MAIL FROM:<"]
        assert "<alice@sandbox.example>" in texts("MAIL FROM:<al")
        assert "SIZE=" in texts("MAIL FROM:<a@x> ")
        assert texts("MAIL FROM:<a@x> BO")[0] == "BODY=8BITMIME"
        assert "PLAIN" in texts("AUTH P")
        assert texts("/star") == ["/starttls "]
        assert texts("/export m") == ["markdown"]
        assert texts("/login x --mech") == ["--mechanism"]
        assert texts("/login x --mechanism L") == ["LOGIN"]
        assert texts("/nonsense x") == []
        assert suggest(console, "/star", iter(())) == "/starttls "
        assert suggest(console, "NO", iter(["NOOP x"])) == "NOOP x"
        assert suggest(console, "", iter(())) is None
        await console.execute("AUTH LOGIN")
        assert texts("eh") == []


async def test_no_secret_is_in_journal_answers_or_exports(sandbox: Sandbox, tmp_path: Path) -> None:
    journal = Journal(tmp_path / "session.jsonl")
    async with at(sandbox, PASSWORD, journal=journal) as (console, person):
        await console.execute("/starttls")
        await console.execute(f"/login alice@sandbox.example {PASSWORD}x")
        blob = base64.b64encode(f"\0alice@sandbox.example\0{PASSWORD}y".encode()).decode()
        assert console.is_secret(f"AUTH PLAIN {blob}")
        await console.execute(f"AUTH PLAIN {blob}")
        assert console.is_secret(f"/login alice {PASSWORD}") and not console.is_secret("NOOP")
        await console.execute("AUTH LOGIN")
        for line in ("alice@sandbox.example", PASSWORD):
            assert console.is_secret(base64.b64encode(line.encode()).decode())
            await console.execute(base64.b64encode(line.encode()).decode())
        assert console.connection is not None
        assert console.connection.session.identity == "alice@sandbox.example"
        told = "\n".join(repr(answer) for answer in person.answers)
        told += exported(journal, "text") + exported(journal, "markdown")
    told += (tmp_path / "session.jsonl").read_text()
    assert "alice@sandbox.example" in told
    for needle in (PASSWORD, blob[8:40], base64.b64encode(PASSWORD.encode()).decode()[:20]):
        assert needle not in told


async def test_two_lines_at_once_take_their_turns(sandbox: Sandbox) -> None:
    async with at(sandbox) as (console, _):
        await asyncio.gather(console.execute("NOOP 1"), console.execute("NOOP 2"))
        assert said(console) == [b"NOOP 1\r\n", b"NOOP 2\r\n"]
