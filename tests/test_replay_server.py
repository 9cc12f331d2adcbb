"""A server that says what another one said, with clients that know nothing of it."""

from __future__ import annotations

import smtplib
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import recorded

from smtpconsole.sandbox.replay import Replay
from smtpconsole.smtp.events import Target
from smtpconsole.transcript.dialogue import talks
from smtpconsole.transcript.journal import Journal
from smtpconsole.transcript.reading import read
from smtpconsole.transcript.turns import turns


@contextmanager
def playing(
    session: Journal | str, *, keeps_time: bool = False
) -> Iterator[tuple[Replay, list[str]]]:
    told: list[str] = []
    journal = read(session).journal if isinstance(session, str) else session
    with Replay(talks(turns(journal)), keeps_time=keeps_time, tell=told.append) as server:
        yield server, told


def conversation(server: Replay, *lines: bytes) -> bytes:
    """Say all lines at once, and read to the end."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as sock:
        sock.sendall(b"".join(lines))
        sock.shutdown(socket.SHUT_WR)
        heard = b""
        while data := sock.recv(65536):
            heard += data
    return heard


def test_smtplib_gets_the_recorded_replies_under_tls_and_after_a_log_in() -> None:
    with playing(recorded.delivered()) as (server, told):
        with smtplib.SMTP("127.0.0.1", server.port, "any.name", timeout=10) as smtp:
            assert smtp.ehlo()[0] == 250 and smtp.esmtp_features["size"] == "1000"
            context = ssl.create_default_context(cafile=str(server.ca_file))
            assert smtp.starttls(context=context)[0] == 220
            smtp.ehlo()
            assert smtp.docmd("AUTH LOGIN") == (334, b"VXNlcm5hbWU6")
            assert smtp.docmd("b3RoZXI=") == (334, b"UGFzc3dvcmQ6")
            assert smtp.docmd("c2VjcmV0") == (235, b"2.7.0 welcome")
            refused = smtp.sendmail(
                "alice@example.org",
                ["bob@example.net", "nobody@example.net"],
                "Subject: other content\n\n.\nis as good\n",
            )
            assert refused["nobody@example.net"][0] == 550
            assert smtp.quit() == (221, b"2.0.0 bye")
    assert told[-1] == "client 1: said all that the transcript has"
    assert not any("c2VjcmV0" in line for line in told)


def test_replies_are_the_octets_that_were_recorded() -> None:
    session = "S: 220-a\nS: 220 b\nC: NOOP\nS: 250 \x1b[2Jok\nC: QUIT\nS: 221 bye\n"
    with playing(session) as (server, _):
        heard = conversation(server, b"NOOP\r\n", b"QUIT\r\n")
    assert heard == b"220-a\r\n220 b\r\n250 \x1b[2Jok\r\n221 bye\r\n"


RSET = "S: 220 a\nC: NOOP\nS: 250 ok\nC: RSET\nS: 250 reset\nC: QUIT\nS: 221 bye\n"


def test_what_is_not_to_come_gets_a_503_and_is_told() -> None:
    with playing(RSET) as (server, told):
        heard = conversation(server, b"VRFY x\r\n", b"NOOP\r\n", b"RSET\r\n", b"QUIT\r\n")
    assert b"503 5.5.1 The transcript has NOOP here\r\n250 ok\r\n" in heard
    assert "the client says VRFY x; the transcript has NOOP here" in told
    assert told[-1] == "client 1: 1 times something else than the transcript"


def test_what_the_client_leaves_out_is_passed_over_and_told() -> None:
    with playing(RSET) as (server, told):
        heard = conversation(server, b"RSET\r\n", b"QUIT\r\n")
    assert heard == b"220 a\r\n250 reset\r\n221 bye\r\n"
    assert "passed over: NOOP" in told


def test_behind_the_end_of_the_transcript_there_is_nothing_but_goodbye() -> None:
    with playing("S: 220 a\nC: NOOP\nS: 250 ok\n") as (server, told):
        heard = conversation(server, b"NOOP\r\n", b"NOOP\r\n", b"QUIT\r\n")
    assert heard.endswith(
        b"503 5.5.1 The transcript ends here\r\n221 2.0.0 The transcript ends here\r\n"
    )
    assert "the client says NOOP; the transcript ends here" in told


def test_another_address_is_another_command() -> None:
    with playing("S: 220 a\nC: RCPT TO:<a@x.example>\nS: 250 ok\n") as (server, _):
        heard = conversation(server, b"RCPT TO:<b@x.example>\r\n", b"rcpt to:<A@X.example>\r\n")
    assert heard.endswith(b"503 5.5.1 The transcript has RCPT TO:<a@x.example> here\r\n250 ok\r\n")


def test_a_message_with_long_lines_and_a_chunk_are_taken_whole() -> None:
    session = (
        "S: 220 a\nC: DATA\nS: 354 go\nC: x\nC: .\nS: 250 taken\n"
        "C: BDAT 1 LAST\nC: x\nS: 250 chunk\nC: NOOP\nS: 250 ok\n"
    )
    with playing(session) as (server, told):
        heard = conversation(
            server,
            b"DATA\r\n" + b"x" * 200_000 + b"\r\n..\r\n.\r\n",
            b"BDAT 200000 LAST\r\n" + b"NOOP\r\n" * 33_333 + b"\r\n",
            b"NOOP\r\n",
        )
    assert heard == b"220 a\r\n354 go\r\n250 taken\r\n250 chunk\r\n250 ok\r\n"
    assert told[-1] == "client 1: said all that the transcript has"


def test_what_the_server_says_unasked_is_said_unasked() -> None:
    session = "S: 220 a\nC: NOOP\nS: 250 ok\nS: 421 4.4.2 going\n"
    with playing(session) as (server, _):
        assert conversation(server, b"NOOP\r\n") == b"220 a\r\n250 ok\r\n421 4.4.2 going\r\n"


def test_a_connection_that_was_lost_is_lost_again() -> None:
    with playing("S: 220 a\nC: NOOP\n") as (server, _):
        assert conversation(server, b"NOOP\r\n", b"NOOP\r\n") == b"220 a\r\n"


def test_each_client_gets_the_next_connection_of_the_transcript() -> None:
    session = (
        "=== Trying 192.0.2.1:25...\n<-  220 first\n -> QUIT\n<-  221 bye\n"
        "=== Trying 192.0.2.1:25...\n<-  421 second\n"
    )
    with playing(session) as (server, _):
        heard = [conversation(server, b"QUIT\r\n")[:9] for _ in range(3)]
    assert heard == [b"220 first", b"421 secon", b"421 secon"]


@pytest.mark.parametrize("keeps_time", [True, False])
def test_answers_take_their_time_only_if_that_is_wanted(keeps_time: bool) -> None:
    session = "0.0 S: 220 a\n0.0 C: NOOP\n0.4 S: 250 ok\n"
    with playing(session, keeps_time=keeps_time) as (server, _):
        began = time.monotonic()
        conversation(server, b"NOOP\r\n")
        assert (time.monotonic() - began >= 0.4) is keeps_time


def test_a_port_that_is_taken_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Replay(talks(turns(read(RSET).journal)), port=listener.getsockname()[1])
        with pytest.raises(OSError, match="in use"):
            server.start()


def test_implicit_tls_is_tls_from_the_first_octet() -> None:
    journal = Journal()

    recorded.begun(journal, Target("mail.example.org", 465, implicit_tls=True))
    with playing(journal) as (server, _):
        context = ssl.create_default_context(cafile=str(server.ca_file))
        with smtplib.SMTP_SSL("127.0.0.1", server.port, timeout=10, context=context) as smtp:
            assert smtp.sock is not None
