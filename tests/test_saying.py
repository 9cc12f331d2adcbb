"""SMTP's commands as commands of the console, and what /send says."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from scripted import Scripted, scripted
from test_console import Person

from smtpconsole.console.coach import advise
from smtpconsole.console.completion import complete
from smtpconsole.console.console import Console
from smtpconsole.console.settings import Settings
from smtpconsole.smtp.events import Phase
from smtpconsole.transcript.journal import Journal

OFFER = (
    b"250-scripted\r\n250-PIPELINING\r\n250-SIZE 5000000\r\n250-8BITMIME\r\n250-CHUNKING\r\n"
    b"250-DSN\r\n250-XCLIENT NAME ADDR\r\n250-LIMITS RCPTMAX=2 MAILMAX=3\r\n250 ETRN\r\n"
)


@asynccontextmanager
async def at(
    answers: dict[bytes, bytes] | None = None,
) -> AsyncIterator[tuple[Console, Person, Scripted]]:
    """A console connected to a scripted server."""
    person = Person()
    async with scripted({b"EHLO": OFFER, **(answers or {})}) as server:
        console = Console(person, Journal(), settings=Settings(name="me"))
        await console.execute(f"/connect 127.0.0.1:{server.port}")
        await console.execute("EHLO me")
        server.heard.clear()
        try:
            yield console, person, server
        finally:
            await console.end()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("/mail a@x", b"MAIL FROM:<a@x>"),
        ("/mail", b"MAIL FROM:<>"),
        ("/mail a@x --ret hdrs --envid QQ --size 9", b"MAIL FROM:<a@x> SIZE=9 RET=HDRS ENVID=QQ"),
        ("/mail a@x --param 'XVERP X=1'", b"MAIL FROM:<a@x> XVERP X=1"),
        ("/mail a@bücher.example", b"MAIL FROM:<a@xn--bcher-kva.example>"),
        ("/mail a@x --requiretls --insist", b"MAIL FROM:<a@x> REQUIRETLS"),
        ("/mail zoë@x --insist", "MAIL FROM:<zoë@x> SMTPUTF8".encode()),
        ("/rcpt b@x --notify SUCCESS,DELAY", b"RCPT TO:<b@x> NOTIFY=SUCCESS,DELAY"),
        ("/rcpt b@x --orcpt c@x", b"RCPT TO:<b@x> ORCPT=rfc822;c@x"),
        ("/rset", b"RSET"),
        ("/noop", b"NOOP"),
        ("/noop are you there", b"NOOP are you there"),
        ("/vrfy bob", b"VRFY bob"),
        ("/vrfy zoë --smtputf8", "VRFY zoë SMTPUTF8".encode()),
        ("/expn staff", b"EXPN staff"),
        ("/etrn @example.org", b"ETRN @example.org"),
        (
            "/xclient name=mx.example.com addr=::1 login=",
            b"XCLIENT NAME=mx.example.com ADDR=IPV6:::1 LOGIN=[UNAVAILABLE]",
        ),
        ("/xforward addr=192.0.2.1 source=REMOTE", b"XFORWARD ADDR=192.0.2.1 SOURCE=REMOTE"),
    ],
)
async def test_a_command_says_its_line(line: str, said: bytes) -> None:
    async with at() as (console, _, server):
        await console.execute(line)
        assert server.heard == [said]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("/mail a@x --requiretls", "REQUIRETLS can be asked for under TLS only"),
        ("/mail zoë@x", "does not offer SMTPUTF8"),
        ("/mail a@x --ret ALL", "RET cannot be 'ALL': it is one of FULL, HDRS"),
        ("/mail a@x --size 5000001", "the server takes 5,000,000 at most"),
        ("/mail 'a@x> SIZE=1'", "bracket outside of quotes"),
        ("/rcpt b@x --rrvs 2030-01-01T00:00:00Z", "does not offer RRVS"),
        ("/rcpt b@x --param 'A B='", "has not the form of a parameter"),
        ("/xclient mx.example.com", "'mx.example.com' is not NAME=VALUE"),
        ("/noop a\x01b", "prohibited control character"),
        ("/data --file /no/such/file", "cannot be read: no such file"),
        ("/pipeline ;", "there is no line"),
    ],
)
async def test_what_cannot_be_right_is_told_and_not_said(line: str, told: str) -> None:
    async with at() as (console, person, server):
        await console.execute(line)
        assert told in person.last
        assert server.heard == []


async def test_after_xclient_nothing_is_known_of_the_server() -> None:
    async with at({b"XCLIENT": b"220 who are you now\r\n"}) as (console, _, _):
        await console.execute("/xclient name=other.example")
        assert console.connection is not None
        assert not console.connection.session.capabilities.keywords


# --- content


async def envelope(console: Console) -> None:
    await console.execute("/mail a@x")
    await console.execute("/rcpt b@x")


async def test_data_says_the_composers_message() -> None:
    async with at() as (console, _, server):
        console.draft = console.draft.with_recipients("b@x")
        await envelope(console)
        await console.execute("/data")
        assert b"Subject: Test" in server.heard
        assert server.heard[-1] == b"."
        assert console.has_delivered


async def test_a_file_is_streamed_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "message.eml"
    path.write_bytes(b"Subject: x\n\n.dot\n")
    async with at() as (console, _, server):
        await envelope(console)
        await console.execute(f"/data --file {path}")
        assert server.heard[-4:] == [b"Subject: x", b"", b"..dot", b"."]


async def test_bdat_says_a_file_in_chunks(tmp_path: Path) -> None:
    path = tmp_path / "message.eml"
    path.write_bytes(b"1234\n5678")
    async with at() as (console, _, server):
        await envelope(console)
        await console.execute(f"/bdat --file {path} --chunk 6")
        assert server.heard[2:] == [b"BDAT 6", b"1234\r\n", b"BDAT 6 LAST", b"5678\r\n"]
        assert console.has_delivered
        await console.execute(f"/bdat --file {path} --binary")
        assert server.heard[-2:] == [b"BDAT 9 LAST", b"1234\n5678"]


async def test_a_chunk_typed_by_hand_is_counted() -> None:
    async with at() as (console, _, server):
        await envelope(console)
        await console.execute("BDAT 9 LAST")
        assert console.phase is Phase.CONTENT
        assert "wants 9 octets more" in advise(console).text
        await console.execute("Hi ?")
        assert "wants 3 octets more" in advise(console).text
        await console.execute("you")
        assert console.phase is Phase.READY
        assert server.heard[2:] == [b"BDAT 9 LAST", b"Hi ?\r\nyou"]
        await console.execute("NOOP")
        assert console.connection is not None
        assert console.connection.session.last_reply is not None
        assert server.heard[-1] == b"NOOP"


# --- /pipeline


async def test_lines_are_said_in_one_go_and_drawn_with_their_replies() -> None:
    async with at({b"RCPT TO:<c@x>": b"550 5.1.1 no\r\n"}) as (console, person, server):
        await console.execute("/pipeline MAIL FROM:<a@x>; RCPT TO:<b@x>; RCPT TO:<c@x>; DATA")
        assert server.heard == [b"MAIL FROM:<a@x>", b"RCPT TO:<b@x>", b"RCPT TO:<c@x>", b"DATA"]
        rows = person.last.splitlines()
        assert rows[0].startswith("4 lines in one go, 4 replies in ")
        assert rows[3].startswith("  3 -> RCPT TO:<c@x>   ---- 3 <- 550 5.1.1 no   ")
        assert rows[4].startswith("  4 -> DATA            ---- 4 <- 354 go   ")
        assert console.phase is Phase.CONTENT
        await console.execute(".")
        await console.execute("/pipeline")  # the last batch of several commands
        assert person.last.splitlines() == rows


async def test_quoted_lines_are_lines_whatever_they_hold() -> None:
    async with at() as (console, person, server):
        await console.execute('/pipeline "NOOP a;b" "RSET"')
        assert server.heard == [b"NOOP a;b", b"RSET"]
        assert "NOOP: last in a group only" in person.last


async def test_what_follows_bdat_in_a_pipeline_is_its_chunk() -> None:
    async with at() as (console, person, server):
        await console.execute('/pipeline "MAIL FROM:<a@x>" "BDAT 4 LAST" "Hi" "NOOP"')
        assert server.heard == [b"MAIL FROM:<a@x>", b"BDAT 4 LAST", b"Hi\r\n", b"NOOP"]
        rows = person.last.splitlines()
        assert rows[0].startswith("3 lines in one go, 3 replies")
        assert rows[3].strip() == "-> (1 line of content)        (asks for no reply)"
        assert " 3 <- 250" in rows[4]


async def test_a_pipeline_that_is_cut_off_shows_what_was_answered() -> None:
    async with at({b"RSET": b""}) as (console, person, _):
        await console.execute("/pipeline MAIL FROM:<a@x>; RSET; NOOP")
        rows = "\n".join("\n".join([each.title, *each.lines]) for each in person.answers)
        assert "1 -> MAIL FROM:<a@x> ---- 1 <- 250 ok" in rows
        assert "2 -> RSET            ---- 2 .. no reply" in rows


async def test_replies_to_each_recipient_and_those_nobody_asked_for_are_told_apart() -> None:
    replies = {b"DATA": b"354 go\r\n", b".": b"250 one\r\n250 two\r\n250 three\r\n"}
    async with at(replies) as (console, person, server):
        await console.execute(f"/connect lmtp://127.0.0.1:{server.port}")
        await console.execute("/pipeline")
        assert "nothing was said yet" in person.last
        for line in ("LHLO me", "MAIL FROM:<a@x>", "RCPT TO:<b@x>", "RCPT TO:<c@x>", "DATA", "."):
            await console.execute(line)
        await console.execute("/pipeline")
        rows = [line.strip() for line in person.last.splitlines()]
        assert rows[1].startswith("1 -> . ---- 1 <- 250 one")
        assert rows[2].startswith("1 <- 250 two")
        assert rows[3] == "? <- 250 three   nobody asked"


async def test_lines_are_not_pipelined_in_the_middle_of_content() -> None:
    async with at() as (console, person, server):
        await console.execute("DATA")
        await console.execute("/pipeline RSET; NOOP")
        assert "in phase content" in person.last
        assert server.heard == [b"DATA"]


# --- /send


async def test_send_says_parameters_by_name() -> None:
    async with at() as (console, person, server):
        await console.execute("/send b@x --from a@x --notify NEVER --ret FULL --envid Z --chunking")
        mail, rcpt, bdat, _ = server.heard
        assert mail.startswith(b"MAIL FROM:<a@x> size=")
        assert mail.endswith(b" RET=FULL ENVID=Z")
        assert rcpt == b"RCPT TO:<b@x> NOTIFY=NEVER"
        assert bdat.startswith(b"BDAT ") and bdat.endswith(b" LAST")
        assert "has taken the message for 1 recipient" in person.last


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("/send b@x --requiretls", "under TLS only"),
        ("/send b@x --body BINARYMIME", "does not offer BINARYMIME"),
        ("/send b@x --hold-for 0", "HOLDFOR cannot be '0'"),
        ("/send", "no recipient"),
        ("/send --file /etc/hostname", "no recipient"),
    ],
)
async def test_what_the_server_has_not_offered_is_not_sent(line: str, told: str) -> None:
    async with at() as (console, person, server):
        await console.execute(line)
        assert told in person.last
        assert server.heard == []


async def test_insisting_sends_it_all_the_same() -> None:
    async with at() as (console, _, server):
        await console.execute("/send b@x --requiretls --insist --rcpt-param X=1 --no-pipelining")
        assert server.heard[0].endswith(b" REQUIRETLS")
        assert server.heard[1] == b"RCPT TO:<b@x> X=1"


async def test_a_large_file_is_sent_whole(tmp_path: Path) -> None:
    path = tmp_path / "large.eml"
    path.write_bytes(b"x" * 63 + b"\n" + (b"y" * 63 + b"\n") * 2**15)
    async with at() as (console, person, server):
        await console.execute(f"/send b@x --file {path}")
        assert "has taken the message" in person.last
        assert len(server.heard) == 3 + 2**15 + 2
        assert server.heard[0].endswith(b"size=%d" % (65 * (2**15 + 1)))


async def test_a_file_that_is_too_large_is_not_begun(tmp_path: Path) -> None:
    path = tmp_path / "large.eml"
    path.write_bytes(b"x\n" * 2_000_000)
    async with at() as (console, person, server):
        await console.execute(f"/send b@x --file {path}")
        assert "6,000,000 octets, and the server takes 5,000,000" in person.last
        assert server.heard == []


async def test_recipients_are_split_as_the_server_limits_them() -> None:
    """RFC 9422: two a transaction, three transactions a session."""
    async with at() as (console, person, server):
        await console.execute('/send "a@x b@x c@x"')
        assert [line[:4] for line in server.heard if line[:4] in (b"MAIL", b"RCPT")] == [
            b"MAIL", b"RCPT", b"RCPT", b"MAIL", b"RCPT",
        ]  # fmt: skip
        await console.execute("/send a@x")
        await console.execute("/send a@x")
        assert "takes 3 messages in a session" in person.last


async def test_what_each_recipient_got_in_the_end_is_told() -> None:
    async with at({b".": b"250 2.0.0 queued as ABCDEF\r\n"}) as (console, person, _):
        await console.execute('/send "b@x c@x"')
        assert "has taken the message for 2 recipients" in person.last
        assert "b@x  250 2.0.0 queued as ABCDEF" in person.last
        assert "grep -hsFe ABCDEF " in person.last


async def test_a_server_that_leaves_is_not_asked_for_more() -> None:
    async with at({b"MAIL": b"421 4.7.0 enough\r\n"}) as (console, person, server):
        await console.execute('/send "a@x b@x c@x" --one-by-one')
        assert "421 4.7.0 enough" in person.last
        assert len(server.heard) == 1


async def test_options_complete_themselves() -> None:
    async with at() as (console, _, _):
        assert "--notify" in str(complete(console, "/send --not"))
        assert "--hold-until" in str(complete(console, "/mail --hold"))
        await console.execute("/help send")
