"""A session done again: what is said, on whom it waits, and what is performed anew."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
import recorded
from conversation import converse, ready
from scripted import scripted

from smtpconsole.console.answers import Answer
from smtpconsole.console.console import Console
from smtpconsole.console.settings import Settings
from smtpconsole.sandbox import Sandbox
from smtpconsole.smtp.commands import mail, rcpt
from smtpconsole.smtp.exchanges import hello, typed
from smtpconsole.transcript.dialogue import talks
from smtpconsole.transcript.formats import exported
from smtpconsole.transcript.journal import Journal
from smtpconsole.transcript.reading import read
from smtpconsole.transcript.replaying import Batch, NotReplayable, outline, plan, said_again
from smtpconsole.transcript.steps import Login, StartTls
from smtpconsole.transcript.turns import turns


def batches(journal: Journal) -> list[Batch]:
    (talk,) = talks(turns(journal))
    return [step for step in plan(talk) if isinstance(step, Batch)]


def of_verb(journal: Journal, verb: bytes) -> Batch:
    return next(
        batch for batch in batches(journal) if getattr(batch.steps[0], "verb", b"DATA") == verb
    )


MESSAGE = """
    C: From: Alice <alice@example.org>
    C: To: bob@example.net
    C: Subject: hi
    C:\x20
    C: Hello
    C: ..dot
    C: .
    S: 250 other words
"""
ENVELOPE = """
    C: MAIL FROM:<alice@example.org> size=100
    C: RCPT TO:<bob@example.net>
    C: RCPT TO:<nobody@example.net>
    C: DATA
"""


def test_what_was_said_in_one_go_is_said_in_one_go() -> None:
    script = ENVELOPE + "S: 250 a\nS: 250 b\nS: 250 c\nS: 354 d\n".replace("S:", "    S:") + MESSAGE
    replies = converse(
        said_again(of_verb(recorded.delivered(), b"MAIL")), script.replace("\n\n", "\n")
    )
    assert [reply.code for reply in replies] == [250, 250, 250, 354, 250]


def test_without_a_354_no_message_is_sent() -> None:
    script = ENVELOPE + "    S: 550 a\n    S: 503 b\n    S: 503 c\n    S: 503 d\n"
    replies = converse(
        said_again(of_verb(recorded.delivered(), b"MAIL")), script.replace("\n\n", "\n")
    )
    assert [reply.code for reply in replies] == [550, 503, 503, 503]


def test_a_message_that_the_transcript_has_not_is_not_invented() -> None:
    journal = Journal()
    session = recorded.begun(journal)
    converse(typed(session, b"DATA"), "C: DATA\nS: 503 first", session)
    (batch,) = batches(journal)
    with pytest.raises(NotReplayable, match="asks for a message"):
        converse(said_again(batch), "C: DATA\nS: 354 go")


def test_a_354_that_nobody_should_have_sent_is_answered_with_a_dot() -> None:
    journal = Journal()
    session = recorded.begun(journal)

    def envelope():  # type: ignore[no-untyped-def]
        yield (mail("a@example.org"), rcpt("b@example.org"), session.typed(b"DATA"))

    session.begin(envelope(), recorded.Nowhere())
    session.take_outgoing()
    session.receive(b"250 ok\r\n550 no\r\n503 no\r\n")
    replies = converse(
        said_again(of_verb(journal, b"MAIL")),
        """
        C: MAIL FROM:<a@example.org>
        C: RCPT TO:<b@example.org>
        C: DATA
        S: 250 ok
        S: 550 no
        S: 354 go on
        C: .
        S: 554 no valid recipients
        """,
    )
    assert [reply.code for reply in replies] == [250, 550, 354, 554]


def test_a_message_typed_by_hand_goes_as_a_whole() -> None:
    journal = Journal()
    session = recorded.begun(journal)
    converse(typed(session, b"DATA"), "C: DATA\nS: 354 go", session)
    for line in (b"Subject: x", b"", b"..", b"."):
        answer = "\nS: 250 ok" if line == b"." else ""
        converse(typed(session, line), f"C: {line.decode()}{answer}", session)
    replies = converse(
        said_again(batches(journal)[-1]),
        "C: DATA\nS: 354 go\nC: Subject: x\nC: \nC: ..\nC: .\nS: 250 ok",
    )
    assert [reply.code for reply in replies] == [354, 250]


def test_log_ins_and_tls_are_performed_and_not_said() -> None:
    (talk,) = talks(turns(recorded.delivered()))
    steps = plan(talk)
    assert [step for step in steps if isinstance(step, StartTls)] == [StartTls(220, is_secure=True)]
    (login,) = (step for step in steps if isinstance(step, Login))
    assert (login.user, login.mechanism) == ("alice@example.org", "LOGIN")
    said = [batch.steps[0] for batch in batches(recorded.delivered())]
    assert not any(getattr(step, "verb", b"") in (b"AUTH", b"STARTTLS") for step in said)


def test_a_masked_message_is_not_sent() -> None:
    from smtpconsole.transcript.showing import Show

    text = exported(recorded.delivered(), "json", show=Show(content=False))
    (talk,) = talks(turns(read(text).journal))
    with pytest.raises(NotReplayable, match="a message was masked"):
        plan(talk)


def test_what_a_replay_sends_to_whom_is_known_before() -> None:
    (talk,) = talks(turns(recorded.delivered()))
    assert outline(talk).messages == 1
    assert outline(talk).recipients == ("bob@example.net", "nobody@example.net")


def test_lmtp_waits_for_a_reply_for_each_recipient() -> None:
    journal = Journal()
    session = recorded.begun(journal)
    session.lmtp = True
    converse(hello(b"me", lmtp=True), "C: LHLO me\nS: 250 hi", session)
    for line in (
        b"MAIL FROM:<a@example.org>",
        b"RCPT TO:<b@example.org>",
        b"RCPT TO:<c@example.org>",
    ):
        converse(typed(session, line), f"C: {line.decode()}\nS: 250 ok", session)
    converse(typed(session, b"DATA"), "C: DATA\nS: 354 go", session)
    converse(typed(session, b"."), "C: .\nS: 250 b\nS: 452 c", session)
    again = ready(lmtp=True)
    for line in (
        b"MAIL FROM:<a@example.org>",
        b"RCPT TO:<b@example.org>",
        b"RCPT TO:<c@example.org>",
    ):
        converse(typed(again, line), f"C: {line.decode()}\nS: 250 ok", again)
    replies = converse(
        said_again(batches(journal)[-1], lmtp=True),
        "C: DATA\nS: 354 go\nC: .\nS: 250 b\nS: 250 c",
        again,
    )
    assert [reply.code for reply in replies] == [354, 250, 250]


# --- on servers -------------------------------------------------------------------------------


class Person:
    """Answers what it was told to answer."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []
        self.shown: list[Answer] = []

    def show(self, answer: Answer) -> None:
        self.shown.append(answer)

    async def ask(self, question: str, *, secret: bool = False) -> str:
        self.asked.append(question)
        return self.answers.pop(0) if self.answers else ""

    async def edit(self, text: str, *, suffix: str) -> str | None:
        return None

    def progress(self, progress: object) -> None: ...

    def copy(self, text: str) -> str:
        return ""

    def teach(self, answer: object) -> None: ...

    def leave(self) -> None: ...


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


LINES = (
    "EHLO client.example",
    "STARTTLS",
    "EHLO client.example",
    "/login alice@sandbox.example",
    "/send bob@sandbox.example --subject first",
    "RCPT TO:<nobody@sandbox.example>",
    "QUIT",
)


async def record(sandbox: Sandbox, path: Path | None = None) -> Journal:
    """A session on the sandbox."""
    journal = Journal(path)
    settings = Settings(ca=str(sandbox.ca_file), name="client.example")
    console = Console(Person("wonderland"), journal, settings=settings)
    for line in (f"/connect localhost:{sandbox.port}", *LINES):
        await console.execute(line)
    await console.end()
    return journal


async def test_a_session_is_done_again_and_nothing_differs(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    await record(sandbox, tmp_path / "before.jsonl")
    front = Person("wonderland")
    console = Console(front, Journal(), settings=Settings(ca=str(sandbox.ca_file)))
    await console.execute(f"/replay {tmp_path}/before.jsonl localhost:{sandbox.port}")
    assert [answer.title for answer in front.shown][-1] == "done again: nothing that counts differs"
    first, second = sandbox.mailbox.letters()
    assert first.content == second.content and second.user == "alice@sandbox.example"
    assert second.tls
    assert front.asked == [
        "Password of alice@sandbox.example:"
    ]  # the loopback: mail is not asked for
    await console.end()


async def test_this_session_can_be_done_again_elsewhere(sandbox: Sandbox) -> None:
    front = Person()
    console = Console(front, Journal())
    for line in (f"/connect localhost:{sandbox.port}", "NOOP", "/close"):
        await console.execute(line)
    async with scripted({b"NOOP": b"502 not here\r\n"}) as other:
        await console.execute(f"/replay this localhost:{other.port} --diff")
        assert other.heard == [b"NOOP"]
    answer = front.shown[-1]
    assert answer.is_trouble and answer.title.startswith("1 difference counts")
    assert any(line.startswith("! NOOP") and "502 not here" in line for line in answer.lines)
    await console.end()


async def test_a_server_that_refuses_starttls_gets_nothing_in_the_clear(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    await record(sandbox, tmp_path / "before.jsonl")
    front = Person("wonderland")
    console = Console(front, Journal())
    async with scripted({b"STARTTLS": b"454 not now\r\n"}) as other:
        await console.execute(f"/replay {tmp_path}/before.jsonl localhost:{other.port}")
        assert other.heard == [b"EHLO client.example", b"STARTTLS"]
    assert "does not turn TLS on" in front.shown[-1].title
    await console.end()


@pytest.mark.parametrize(("answer", "is_sent"), [("yes", True), ("no", False), ("", False)])
async def test_mail_for_people_goes_only_by_a_persons_word(
    monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox, tmp_path: Path, answer: str, is_sent: bool
) -> None:
    (tmp_path / "session.txt").write_text(
        "S: 220 x\nC: EHLO me\nS: 250 x\nC: MAIL FROM:<a@sandbox.example>\nS: 250 ok\n"
        "C: RCPT TO:<bob@sandbox.example>\nS: 250 ok\nC: DATA\nS: 354 go\nC: Subject: x\nC: .\n"
        "S: 250 ok\n"
    )
    monkeypatch.setattr(Console, "is_loopback", lambda console: False)
    front = Person(answer)
    console = Console(front, Journal())
    await console.execute(f"/replay {tmp_path}/session.txt localhost:{sandbox.port}")
    assert front.asked[0].startswith(
        "This sends a message to bob@sandbox.example through localhost:"
    )
    assert bool(sandbox.mailbox.letters()) is is_sent
    if not is_sent:
        assert front.shown[-1].title == "nothing was sent"
    await console.end()


async def test_a_server_that_hangs_up_ends_the_replay_and_the_difference_is_told(
    tmp_path: Path,
) -> None:
    (tmp_path / "session.txt").write_text("S: 220 x\nC: NOOP\nS: 250 ok\nC: HELP\nS: 214 help\n")
    front = Person()
    console = Console(front, Journal())
    async with scripted({b"NOOP": b""}) as other:
        async with asyncio.timeout(10):
            await console.execute(f"/replay {tmp_path}/session.txt localhost:{other.port} --diff")
    lines = "\n".join(front.shown[-1].lines)
    assert "no reply" in lines and "! HELP" in lines
    await console.end()


async def test_what_is_not_there_gets_a_sentence(tmp_path: Path) -> None:
    front = Person()
    console = Console(front, Journal())
    (tmp_path / "empty.txt").write_text("Dear Sir,\n")
    for line in (
        "/replay no-such-file",
        f"/replay {tmp_path}/empty.txt",
        f"/replay {tmp_path}",
        "/replay this",
        "/diff no-such-file",
        "/import /no/such",
    ):
        await console.execute(line)
    assert len(front.shown) == 6 and all(answer.is_trouble for answer in front.shown)
    assert not any("bug" in answer.title for answer in front.shown)
