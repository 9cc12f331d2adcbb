"""The sandbox, spoken to over real sockets."""

from __future__ import annotations

import base64
import re
import shutil
import smtplib
import socket
import ssl
import stat
import struct
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smtpconsole.sandbox import Letter, Mailbox, Sandbox

USER, PASSWORD = "alice@sandbox.example", "wonderland"
PATIENCE = 10  # seconds until a test gives up on an event
ENVELOPE = b"MAIL FROM:<alice@example.org>\r\nRCPT TO:<bob@sandbox.example>\r\nDATA\r\n"


class Client:
    """A raw socket, and the replies read from it."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.file = sock.makefile("rb")

    def say(self, data: bytes, *, replies: int = 1) -> list[bytes]:
        self.sock.sendall(data)
        return [self.reply() for _ in range(replies)]

    def reply(self) -> bytes:
        lines = [self.file.readline()]
        while lines[-1][3:4] == b"-":
            lines.append(self.file.readline())
        return b"".join(lines)

    def rest(self) -> bytes:
        return self.file.read()

    def secure(self, ca_file: Path) -> Client:
        context = ssl.create_default_context(cafile=ca_file)
        self.file.close()
        return Client(context.wrap_socket(self.sock, server_hostname="sandbox.example"))

    def reset(self) -> None:
        """Close with an RST, as a crashing client does."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def close(self) -> None:
        self.file.close()
        self.sock.close()


@contextmanager
def connected(sandbox: Sandbox, *, ehlo: bool = True) -> Iterator[Client]:
    sock = socket.create_connection((sandbox.host, sandbox.port), PATIENCE)
    with closing(Client(sock)) as client:
        assert client.reply() == b"220 sandbox.example ESMTP smtpconsole sandbox\r\n"
        if ehlo:
            client.say(b"EHLO client.example\r\n")
        yield client


@contextmanager
def secured(sandbox: Sandbox) -> Iterator[Client]:
    with connected(sandbox) as plain:
        plain.say(b"STARTTLS\r\n")
        with closing(plain.secure(sandbox.ca_file)) as client:
            client.say(b"EHLO client.example\r\n")
            yield client


@contextmanager
def logged_in(sandbox: Sandbox) -> Iterator[Client]:
    with secured(sandbox) as client:
        assert client.say(b"AUTH PLAIN " + plain(USER, PASSWORD) + b"\r\n")[0][:4] == b"235 "
        yield client


def plain(user: str, password: str) -> bytes:
    return base64.b64encode(f"\0{user}\0{password}".encode())


def stuffed(content: bytes) -> bytes:
    """The content as DATA wants it, dots doubled."""
    lines = content.split(b"\r\n")
    return b"\r\n".join(b"." + line if line.startswith(b".") else line for line in lines)


def letter(content: bytes = b"", **more: object) -> Letter:
    fields: dict[str, object] = {
        "received": datetime.now(UTC),
        "peer": "127.0.0.1:9",
        "helo": "client.example",
        "tls": False,
        "user": None,
        "sender": "alice@example.org",
        "recipients": ("bob@sandbox.example",),
    }
    return Letter(content=content, **(fields | more))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def shared() -> Iterator[Sandbox]:
    """A sandbox for tests that leave its mailbox alone."""
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


# What it says


def test_it_offers_what_it_can_do_and_auth_only_under_tls(shared: Sandbox) -> None:
    keywords = ["PIPELINING", "SIZE 10485760", "8BITMIME", "SMTPUTF8"]
    more = ["ENHANCEDSTATUSCODES", "DSN", "CHUNKING", "BINARYMIME", "LIMITS RCPTMAX=1000"]
    more += ["ETRN", "VRFY", "EXPN", "HELP"]
    auth = ["AUTH PLAIN LOGIN CRAM-MD5 SCRAM-SHA-256 XOAUTH2", "REQUIRETLS"]
    with connected(shared, ehlo=False) as client:
        clear = client.say(b"EHLO x\r\n")[0].decode().split("\r\n")
        assert [line[4:] for line in clear[1:-1]] == [*keywords, "STARTTLS", *more]
    with secured(shared) as client:
        secret = client.say(b"EHLO x\r\n")[0].decode().split("\r\n")
        assert [line[4:] for line in secret[1:-1]] == [*keywords, *auth, *more]


CONVERSATION = [
    (b"MAIL FROM:<a@example.org>", b"503 5.5.1 "),
    (b"AUTH PLAIN", b"503 5.5.1 "),
    (b"HELO", b"501 5.5.4 "),
    (b"HELO x", b"250 sandbox.example"),
    (b"EHLO", b"501 5.5.4 "),
    (b"EHLO x", b"250-sandbox.example"),
    (b"AUTH PLAIN", b"538 5.7.11 "),
    (b"RCPT TO:<bob@sandbox.example>", b"503 5.5.1 "),
    (b"DATA", b"503 5.5.1 "),
    (b"MAIL", b"501 5.5.4 Syntax: MAIL FROM:<address>"),
    (b"MAIL FROM:<", b"553 5.1.3 "),
    (b"MAIL FROM:<a@example.org> SIZE=99999999", b"552 5.3.4 "),
    (b"MAIL FROM:<a@example.org> BODY=9BIT", b"501 5.5.4 "),
    (b"MAIL FROM:<a@example.org> RET=ALL", b"501 5.5.4 "),
    (b"MAIL FROM:<a@example.org> ENVID=a+1", b"501 5.5.4 "),
    (b"MAIL FROM:<a@example.org> SIZE=1 size=2", b"501 5.5.4 "),
    (b"MAIL FROM:<a@example.org>SIZE=1", b"501 5.5.4 "),
    (b"MAIL FROM:<a@example.org> REQUIRETLS", b"555 5.5.4 "),
    (b"MAIL FROM: alice", b"501 5.5.4 Address needs its angle brackets"),
    (b"MAIL FROM:<a@example.org> COLOUR=RED", b"555 5.5.4 "),
    ("MAIL FROM:<käthe@example.org>".encode(), b"553 5.6.7 "),
    (b"MAIL FROM:<\xff@example.org> SMTPUTF8", b"553 5.1.3 "),
    (b"MAIL FROM:<\x01@example.org>", b"553 5.1.3 "),
    (b"MAIL FROM:<>", b"250 2.1.0 "),
    (b"MAIL FROM:<a@example.org>", b"503 5.5.1 "),
    (b"AUTH PLAIN", b"503 5.5.1 "),
    (b"RCPT TO:<bob@sandbox.example> COLOUR=RED", b"555 5.5.4 "),
    (b"RCPT TO:<bob@sandbox.example> NOTIFY=NEVER,DELAY", b"501 5.5.4 "),
    (b"RCPT TO:<bob@sandbox.example> ORCPT=bob", b"501 5.5.4 "),
    (b"RCPT TO:bob@sandbox.example", b"501 5.5.4 Address needs its angle brackets"),
    (b"RCPT TO:<>", b"553 5.1.3 "),
    (b"RCPT TO:<bob>", b"553 5.1.3 "),
    (b"RCPT TO:<Postmaster>", b"250 2.1.5 "),
    (b"RCPT TO:<alice@sandbox.example>", b"250 2.1.5 Ok\r\n"),
    (b"RCPT TO:<anybody.else@SANDBOX.EXAMPLE>", b"250 2.1.5 Ok\r\n"),
    (b"RCPT TO:<Nobody@sandbox.example>", b"550 5.1.1 "),
    (b"RCPT TO:<busy@sandbox.example>", b"450 4.2.1 "),
    (b"RCPT TO:<full@sandbox.example>", b"552 5.2.2 "),
    (b"RCPT TO:<carol@example.org>", b"554 5.7.1 Relay access denied\r\n"),
    (b"DATA now", b"501 5.5.4 "),
    (b"RSET", b"250 2.0.0 "),
    (b"RSET now", b"501 5.5.4 "),
    (b"NOOP with words", b"250 2.0.0 "),
    (b"VRFY", b"501 5.5.4 "),
    (b"VRFY bob", b"250 2.1.5 <bob@sandbox.example>"),
    (b"VRFY nobody", b"550 5.1.1 "),
    (b"VRFY carol@example.org", b"252 2.0.0 "),
    (b"VRFY \xff", b"553 5.1.3 "),
    ("VRFY käthe".encode(), b"553 5.6.7 "),
    (b"VRFY <", b"553 5.1.3 "),
    (b"VRFY <a@>\x01", b"553 5.1.3 "),
    (b"HELP", b"214 2.0.0 Commands: AUTH BDAT DATA EHLO ETRN EXPN HELO HELP MAIL "),
    (b"HELP rcpt", b"214 2.0.0 Syntax: RCPT TO:<address>"),
    (b"HELP me", b"504 5.5.4 "),
    (b"EXPN", b"501 5.5.4 "),
    (b"EXPN alice", b"550 5.1.1 "),
    (b"EXPN staff", b"250-2.1.5 <alice@sandbox.example>\r\n250 2.1.5 <bob@sandbox.example>\r\n"),
    (b"ETRN sandbox.example", b"251 2.0.0 "),
    (b"ETRN example.org", b"459 4.7.1 "),
    (b"XCLIENT NAME=x", b"500 5.5.1 "),
    (b"STARTTLS now", b"501 5.5.4 "),
    (b"", b"500 5.5.2 "),
    (b"\xff", b"500 5.5.2 "),
    (b"NOOP " + b"x" * 600, b"500 5.5.2 "),
    (b"NOOP " + b"x" * 100_000, b"500 5.5.2 "),
    (b"QUIT", b"221 2.0.0 Bye\r\n"),
]


def test_each_command_gets_its_reply(shared: Sandbox) -> None:
    with connected(shared, ehlo=False) as client:
        for line, expected in CONVERSATION:
            (reply,) = client.say(line + b"\r\n")
            assert reply.startswith(expected), line
        assert client.rest() == b""


def test_the_same_conversation_in_one_segment_gets_the_same_replies(shared: Sandbox) -> None:
    with connected(shared, ehlo=False) as client:
        replies = client.say(
            b"".join(line + b"\r\n" for line, _ in CONVERSATION), replies=len(CONVERSATION)
        )
    for reply, (line, expected) in zip(replies, CONVERSATION, strict=True):
        assert reply.startswith(expected), line


def test_many_unknown_commands_do_not_end_the_conversation(shared: Sandbox) -> None:
    with connected(shared) as client:
        replies = client.say(b"HODIE\r\n" * 30 + b"NOOP\r\n", replies=31)
    assert {reply[:9] for reply in replies[:-1]} == {b"500 5.5.1"}
    assert replies[-1] == b"250 2.0.0 Ok\r\n"


@given(line=st.binary(max_size=80).filter(lambda line: b"\n" not in line))
def test_any_argument_gets_one_enhanced_reply(shared: Sandbox, line: bytes) -> None:
    with connected(shared) as client:
        for verb in (b"MAIL FROM:", b"MAIL FROM:<", b"VRFY ", b"VRFY <", b"HELP ", b"AUTH "):
            reply, noop = client.say(verb + line + b"\r\nNOOP \r\n", replies=2)
            assert re.match(rb"[25]\d\d [25]\.\d+\.\d+ [^\x00-\x1f]*\r\n", reply), reply
            assert noop == b"250 2.0.0 Ok\r\n"
            client.say(b"RSET\r\n")


# Pipelining


def test_replies_to_a_group_in_one_segment_come_in_order(sandbox: Sandbox) -> None:
    group = (
        b"MAIL FROM:<a@example.org>\r\nRCPT TO:<alice@sandbox.example>\r\n"
        b"RCPT TO:<nobody@sandbox.example>\r\nRCPT TO:<bob@sandbox.example>\r\nDATA\r\n"
    )
    with connected(sandbox) as client:
        replies = client.say(group, replies=5)
        assert [reply[:3] for reply in replies] == [b"250", b"250", b"550", b"250", b"354"]
        assert client.say(b"hello\r\n.\r\n") == [b"250 2.0.0 Ok: kept as 1\r\n"]
    (kept,) = sandbox.mailbox.letters()
    assert kept.recipients == ("alice@sandbox.example", "bob@sandbox.example")


def test_content_and_the_next_letter_may_follow_in_the_same_segment(sandbox: Sandbox) -> None:
    with connected(sandbox) as client:
        everything = ENVELOPE + b"one\r\n.\r\n" + ENVELOPE + b"two\r\n.\r\nQUIT\r\nNOOP\r\n"
        replies = client.say(everything, replies=9)
        assert replies[3::4] == [b"250 2.0.0 Ok: kept as 1\r\n", b"250 2.0.0 Ok: kept as 2\r\n"]
        assert replies[-1] == b"221 2.0.0 Bye\r\n"
        assert client.rest() == b"", "what follows QUIT is not answered"
    assert [kept.content for kept in sandbox.mailbox.letters()] == [b"one\r\n", b"two\r\n"]


def test_a_client_that_half_closes_still_gets_all_replies(shared: Sandbox) -> None:
    with connected(shared, ehlo=False) as client:
        client.sock.sendall(b"NOOP\r\n" * 100)
        client.sock.shutdown(socket.SHUT_WR)
        assert client.rest() == b"250 2.0.0 Ok\r\n" * 100


# TLS


def test_plaintext_injected_behind_starttls_is_discarded(shared: Sandbox) -> None:
    with connected(shared) as plain_client:
        injected = b"STARTTLS\r\nEHLO evil\r\nMAIL FROM:<evil@example.org>\r\nNOOP\r\n"
        assert plain_client.say(injected) == [b"220 2.0.0 Ready to start TLS\r\n"]
        with closing(plain_client.secure(shared.ca_file)) as client:
            replies = client.say(b"RCPT TO:<bob@sandbox.example>\r\nEHLO x\r\nQUIT\r\n", replies=3)
            assert [reply[:3] for reply in replies] == [b"503", b"250", b"221"]
            assert client.rest() == b""


def test_what_was_said_in_the_clear_is_forgotten_under_tls(shared: Sandbox) -> None:
    with connected(shared) as plain_client:
        plain_client.say(b"MAIL FROM:<a@example.org>\r\nSTARTTLS\r\n", replies=2)
        with closing(plain_client.secure(shared.ca_file)) as client:
            assert client.say(b"RCPT TO:<bob@sandbox.example>\r\n")[0].startswith(b"503 5.5.1 ")
            client.say(b"EHLO x\r\n")
            assert client.say(b"RCPT TO:<bob@sandbox.example>\r\n")[0].startswith(b"503 5.5.1 ")


def test_tls_cannot_be_started_twice(shared: Sandbox) -> None:
    with secured(shared) as client:
        assert client.say(b"STARTTLS\r\n") == [b"503 5.5.1 TLS is already on\r\n"]


def test_noise_instead_of_a_handshake_ends_that_connection_only(shared: Sandbox) -> None:
    with connected(shared) as client:
        client.say(b"STARTTLS\r\n")
        client.sock.sendall(b"NOOP\r\n" * 20)
        assert b"250" not in client.rest()
    with secured(shared) as client:
        assert client.say(b"NOOP\r\n") == [b"250 2.0.0 Ok\r\n"]


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1", "sandbox.example"])
def test_the_certificate_is_good_for_each_name(shared: Sandbox, name: str) -> None:
    context = ssl.create_default_context(cafile=shared.ca_file)
    assert shared.tls_port
    with (
        socket.create_connection((shared.host, shared.tls_port), PATIENCE) as sock,
        context.wrap_socket(sock, server_hostname=name) as secure,
        closing(Client(secure)) as client,
    ):
        assert client.reply() == b"220 sandbox.example ESMTP smtpconsole sandbox\r\n"
        keywords = client.say(b"EHLO x\r\n")[0]
        assert b"250-AUTH PLAIN LOGIN " in keywords and b"STARTTLS" not in keywords


def test_a_client_that_does_not_trust_the_authority_is_survived(shared: Sandbox) -> None:
    assert shared.tls_port
    for _ in range(2):
        with pytest.raises(ssl.SSLCertVerificationError):
            smtplib.SMTP_SSL(
                shared.host, shared.tls_port, context=ssl.create_default_context()
            ).close()


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")
def test_openssl_verifies_starttls(shared: Sandbox) -> None:
    command = ["openssl", "s_client", "-starttls", "smtp", "-quiet", "-crlf"]
    command += ["-connect", f"{shared.host}:{shared.port}", "-CAfile", str(shared.ca_file)]
    command += ["-verify_hostname", "sandbox.example", "-verify_return_error"]
    done = subprocess.run(
        command, input=b"NOOP\nQUIT\n", capture_output=True, timeout=PATIENCE, check=False
    )
    assert done.stdout.endswith(b"250 2.0.0 Ok\r\n221 2.0.0 Bye\r\n"), done.stderr


# Login and relaying


@pytest.mark.parametrize("password, code", [(PASSWORD, b"235 2.7.0"), ("x", b"535 5.7.8")])
def test_auth_plain_knows_the_password(shared: Sandbox, password: str, code: bytes) -> None:
    with secured(shared) as client:
        assert client.say(b"auth plain " + plain(USER, password) + b"\r\n")[0].startswith(code)
    with secured(shared) as client:
        assert client.say(b"AUTH PLAIN\r\n") == [b"334 \r\n"]
        assert client.say(plain(USER, password) + b"\r\n")[0].startswith(code)


@pytest.mark.parametrize("password, code", [(PASSWORD, b"235 2.7.0"), ("x", b"535 5.7.8")])
def test_auth_login_asks_in_the_usual_words(shared: Sandbox, password: str, code: bytes) -> None:
    with secured(shared) as client:
        (prompt,) = client.say(b"AUTH LOGIN\r\n")
        assert base64.b64decode(prompt[4:]) == b"Username:"
        (prompt,) = client.say(base64.b64encode(USER.encode()) + b"\r\n")
        assert base64.b64decode(prompt[4:]) == b"Password:"
        assert client.say(base64.b64encode(password.encode()) + b"\r\n")[0].startswith(code)


def test_auth_can_be_called_off_and_done_once(shared: Sandbox) -> None:
    with secured(shared) as client:
        assert client.say(b"AUTH LOGIN\r\n*\r\n", replies=2)[1].startswith(b"501 5.7.0 ")
        assert client.say(b"AUTH PLAIN !\r\n")[0].startswith(b"501 5.5.2 ")
        assert client.say(b"AUTH DIGEST\r\n")[0].startswith(b"504 5.5.4 ")
    with logged_in(shared) as client:
        assert client.say(b"AUTH LOGIN\r\n")[0].startswith(b"503 5.5.1 ")


def test_a_relayed_letter_is_kept_and_goes_nowhere(sandbox: Sandbox) -> None:
    with logged_in(sandbox) as client:
        client.say(b"MAIL FROM:<alice@sandbox.example> BODY=8BITMIME SIZE=7\r\n")
        assert client.say(b"RCPT TO:<carol@example.org>\r\n") == [
            b"250 2.1.5 Ok; kept here, the sandbox never relays\r\n"
        ]
        client.say(b"DATA\r\nhello\r\n.\r\n", replies=2)
        peer = "{}:{}".format(*client.sock.getsockname())
    (kept,) = sandbox.mailbox.letters()
    assert (kept.relayed, kept.tls, kept.user) == (True, True, USER)
    assert kept.mail_options == ("BODY=8BITMIME", "SIZE=7")
    assert (kept.peer, kept.helo, kept.number) == (peer, "client.example", 1)
    assert datetime.now(UTC) - kept.received < timedelta(minutes=1)


def test_relaying_may_be_open_to_all() -> None:
    with Sandbox(relay="everybody") as sandbox, connected(sandbox) as client:
        client.say(b"MAIL FROM:<>\r\n")
        assert client.say(b"RCPT TO:<carol@example.org>\r\n")[0].startswith(b"250 2.1.5 Ok; kept")
        client.say(b"DATA\r\n.\r\n", replies=2)
        (kept,) = sandbox.mailbox.letters()
    assert (kept.sender, kept.content, kept.relayed, kept.user) == ("", b"", True, None)


def test_smtplib_sends_as_it_does_elsewhere(sandbox: Sandbox) -> None:
    with smtplib.SMTP(sandbox.host, sandbox.port, timeout=PATIENCE) as client:
        client.starttls(context=ssl.create_default_context(cafile=sandbox.ca_file))
        client.login(USER, PASSWORD)
        refused = client.sendmail(
            USER, ["bob@sandbox.example", "nobody@sandbox.example"], "Subject: Hi\n\nHello\n"
        )
    assert list(refused) == ["nobody@sandbox.example"]
    (kept,) = sandbox.mailbox.wait(1)
    assert (kept.subject, kept.relayed) == ("Hi", False)


@pytest.mark.skipif(not shutil.which("swaks"), reason="swaks is not installed")
def test_swaks_sends_as_it_does_elsewhere(sandbox: Sandbox) -> None:
    command = ["swaks", "--server", sandbox.host, "--port", str(sandbox.port), "-tls"]
    command += ["--tls-verify", "--tls-ca-path", str(sandbox.ca_file), "--pipeline"]
    command += ["--auth", "LOGIN", "--auth-user", USER, "--auth-password", PASSWORD]
    command += ["--from", USER, "--to", "carol@example.org,bob@sandbox.example"]
    done = subprocess.run(command, capture_output=True, timeout=PATIENCE * 2, check=False)
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
    (kept,) = sandbox.mailbox.wait(1)
    assert kept.recipients == ("carol@example.org", "bob@sandbox.example")
    assert kept.user == USER and kept.tls


# Content


def test_a_letter_arrives_octet_for_octet(sandbox: Sandbox) -> None:
    content = (
        b"Subject: octets\r\n\r\n.\r\n..\r\n.dot\r\n\r\n" + bytes(range(256)) + b"\r\n"
        b"bare\nline\rends\n.\nand\r.\r and \0 NUL\r\n" + b"long" * 50_000 + b"\r\n.\r\n"
    )
    with connected(sandbox) as client:
        client.say(ENVELOPE, replies=3)
        assert client.say(stuffed(content) + b".\r\n") == [b"250 2.0.0 Ok: kept as 1\r\n"]
    (kept,) = sandbox.mailbox.letters()
    assert kept.content == content


def test_lines_about_as_long_as_the_buffer_arrive_whole(sandbox: Sandbox) -> None:
    contents = [b"." + b"x" * length + b"\r\n.y\r\n" for length in range(16_378, 16_390)]
    with connected(sandbox) as client:
        for content in contents:
            client.say(ENVELOPE, replies=3)
            client.say(stuffed(content) + b".\r\n")
    assert [kept.content for kept in sandbox.mailbox.letters()] == contents


@settings(max_examples=60, deadline=None)
@given(lines=st.lists(st.text(".\r\nx\0", max_size=6), max_size=8))
def test_any_content_arrives_as_it_was(shared: Sandbox, lines: list[str]) -> None:
    content = "".join(line + "\r\n" for line in lines).encode()
    with connected(shared) as client:
        client.say(ENVELOPE, replies=3)
        (reply,) = client.say(stuffed(content) + b".\r\n")
    assert shared.mailbox.letters()[-1].content == content
    assert reply == b"250 2.0.0 Ok: kept as %d\r\n" % shared.mailbox.letters()[-1].number


def test_an_address_beyond_ascii_arrives_with_smtputf8(sandbox: Sandbox) -> None:
    group = "MAIL FROM:<käthe@example.org> SMTPUTF8\r\nRCPT TO:<用户@sandbox.example>\r\n"
    with connected(sandbox) as client:
        client.say(group.encode(), replies=2)
        client.say(b"DATA\r\n.\r\n", replies=2)
    (kept,) = sandbox.mailbox.letters()
    assert (kept.sender, kept.recipients) == ("käthe@example.org", ("用户@sandbox.example",))


def test_the_size_limit_counts_octets_of_content() -> None:
    with Sandbox(size=1_000) as sandbox, connected(sandbox, ehlo=False) as client:
        assert b"250-SIZE 1000\r\n" in client.say(b"EHLO x\r\n")[0]
        assert client.say(b"MAIL FROM:<> SIZE=1001\r\n")[0].startswith(b"552 5.3.4 ")
        for size, code in [(1_000, b"250 2.0.0"), (1_001, b"552 5.3.4"), (9, b"250 2.0.0")]:
            client.say(ENVELOPE, replies=3)
            (reply,) = client.say(stuffed(b"." * (size - 2) + b"\r\n") + b".\r\n")
            assert reply.startswith(code)
        assert [len(kept.content) for kept in sandbox.mailbox.letters()] == [1_000, 9]


def test_endless_content_does_not_fill_the_memory() -> None:
    with Sandbox(size=1_000) as sandbox, connected(sandbox) as client:
        client.say(ENVELOPE, replies=3)
        tracemalloc.start()
        try:
            for _ in range(80):
                client.sock.sendall(b"x" * 100_000)
            assert client.say(b"\r\n.\r\n")[0].startswith(b"552 5.3.4 ")
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < 4_000_000


def test_there_may_be_a_thousand_recipients_but_no_more(shared: Sandbox) -> None:
    with connected(shared) as client:
        client.say(b"MAIL FROM:<>\r\n")
        lines = b"".join(b"RCPT TO:<r%d@sandbox.example>\r\n" % n for n in range(1_001))
        replies = client.say(lines, replies=1_001)
    assert {reply[:9] for reply in replies[:-1]} == {b"250 2.1.5"}
    assert replies[-1].startswith(b"452 4.5.3 ")


# Many clients, rude clients, stopping


def test_twenty_clients_at_once_are_served(sandbox: Sandbox) -> None:
    everybody = threading.Barrier(20)

    def send(number: int) -> None:
        with smtplib.SMTP(sandbox.host, sandbox.port, timeout=PATIENCE) as client:
            everybody.wait(PATIENCE)
            if number % 2:
                client.starttls(context=ssl.create_default_context(cafile=sandbox.ca_file))
            for part in range(3):
                client.sendmail("a@example.org", ["bob@sandbox.example"], f"{number} {part}")

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(send, range(20)))
    contents = {kept.content for kept in sandbox.mailbox.wait(60, timeout=PATIENCE)}
    assert contents == {b"%d %d\r\n" % (n, part) for n in range(20) for part in range(3)}
    assert [kept.number for kept in sandbox.mailbox.letters()] == list(range(1, 61))


@contextmanager
def flood(sandbox: Sandbox) -> Iterator[None]:
    """A client that talks without end and reads all it is told."""
    flooding = threading.Event()

    def talk(sock: socket.socket) -> None:
        with suppress(OSError):
            while True:
                sock.sendall(b"NOOP\r\n" * 10_000)

    def read(sock: socket.socket) -> None:
        with suppress(OSError):
            while sock.recv(2**16):
                flooding.set()

    with socket.create_connection((sandbox.host, sandbox.port), PATIENCE) as sock:
        threads = [threading.Thread(target=does, args=(sock,)) for does in (talk, read)]
        for thread in threads:
            thread.start()
        try:
            assert flooding.wait(PATIENCE)
            yield
        finally:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            for thread in threads:
                thread.join(PATIENCE)


def test_a_flooding_client_does_not_keep_others_waiting(shared: Sandbox) -> None:
    with flood(shared), connected(shared) as client:
        began = time.monotonic()
        for _ in range(3):
            assert client.say(b"NOOP\r\n") == [b"250 2.0.0 Ok\r\n"]
        assert time.monotonic() - began < 3


def test_stopping_is_quick_whatever_clients_are_doing() -> None:
    with Sandbox() as sandbox:
        assert sandbox.tls_port
        shaking = socket.create_connection((sandbox.host, sandbox.tls_port), PATIENCE)
        with (
            closing(shaking),
            flood(sandbox),
            connected(sandbox) as idle,
            connected(sandbox) as sending,
            connected(sandbox) as upgrading,
            secured(sandbox) as secure,
        ):
            sending.say(ENVELOPE + b"half a let", replies=3)
            upgrading.say(b"STARTTLS\r\n")
            began = time.monotonic()
            sandbox.stop()
            assert time.monotonic() - began < 2
            farewell = b"421 4.3.2 sandbox.example The sandbox is closing\r\n"
            assert [idle.rest(), secure.reply()] == [farewell, farewell]
            assert upgrading.rest() == b""
    assert len(sandbox.mailbox) == 0


def test_an_idle_client_is_told_and_dismissed() -> None:
    with Sandbox(idle=0.05) as sandbox, connected(sandbox, ehlo=False) as client:
        assert client.rest().startswith(b"421 4.4.2 ")


def test_a_client_that_vanishes_leaves_the_others_alone(shared: Sandbox) -> None:
    with connected(shared) as other:
        for said in [b"", ENVELOPE, ENVELOPE + b"half", b"NOOP\r\n" * 500, b"STARTTLS\r\n\x16"]:
            with connected(shared) as client:
                client.sock.sendall(said)
                client.reset()
        assert other.say(b"NOOP\r\n") == [b"250 2.0.0 Ok\r\n"]


def test_the_authority_lies_in_a_private_directory_until_the_stop() -> None:
    with Sandbox() as sandbox:
        ca_file = sandbox.ca_file
        assert ca_file.read_bytes().startswith(b"-----BEGIN CERTIFICATE-----")
        assert stat.S_IMODE(ca_file.parent.stat().st_mode) == 0o700
    assert not ca_file.parent.exists()


RUDE = """
import gc, logging, os, smtplib, socket, ssl, struct, threading
from smtpconsole.sandbox import Sandbox

def say(port, data, wait=True):
    sock = socket.create_connection(("127.0.0.1", port))
    sock.sendall(data)
    if wait:
        sock.shutdown(socket.SHUT_WR)
        while sock.recv(65536): pass
    else:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()

def descriptors():
    gc.collect()
    return len(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else 0

before = descriptors()
for _ in range(3):
    with Sandbox() as sandbox:
        for port in (sandbox.port, sandbox.tls_port):
            for wait in (True, False):
                say(port, b"HODIE\\n" * 2000, wait)
                say(port, b"QUIT\\n" + b"NOOP\\n" * 20, wait)
                say(port, b"STARTTLS\\n" + b"x" * 500, wait)
                say(port, b"EHLO x\\nMAIL FROM:<>\\nRCPT TO:<postmaster>\\nDATA\\n", wait)
        context = ssl.create_default_context(cafile=sandbox.ca_file)
        with smtplib.SMTP_SSL("127.0.0.1", sandbox.tls_port, context=context) as client:
            client.login("alice@sandbox.example", "wonderland")
        logging.getLogger("smtpconsole.sandbox").error("a fault")
for _ in range(10):  # a client accepted at the very moment of the stop
    with Sandbox() as sandbox:
        client = socket.create_connection(("127.0.0.1", sandbox.port))
    client.close()
assert (threading.active_count(), descriptors()) == (1, before)
"""


def test_nothing_is_written_to_the_terminal_and_nothing_is_left_after_a_stop() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "always", "-c", RUDE],
        capture_output=True,
        timeout=PATIENCE * 3,
        check=False,
        cwd=Path(__file__).parents[1],
    )
    assert (done.stdout, done.stderr) == (b"", b"")


# Life


def test_start_and_stop_may_be_repeated() -> None:
    sandbox = Sandbox()
    sandbox.stop()
    for number in (1, 2):
        sandbox.start()
        sandbox.start()
        assert sandbox.is_running
        with connected(sandbox) as client:
            client.say(ENVELOPE, replies=3)
            assert client.say(b".\r\n") == [b"250 2.0.0 Ok: kept as %d\r\n" % number]
        sandbox.stop()
        sandbox.stop()
        assert not sandbox.is_running
    assert len(sandbox.mailbox) == 2


def test_ports_are_known_only_while_it_runs() -> None:
    sandbox = Sandbox()
    for name in ("port", "tls_port", "ca_file"):
        with pytest.raises(RuntimeError, match=r"Sandbox is not running; start\(\) it first"):
            getattr(sandbox, name)


def test_it_can_do_without_implicit_tls_and_on_ipv6() -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("needs IPv6")
    with Sandbox(host="::1", tls_port=None) as sandbox, connected(sandbox) as client:
        assert sandbox.tls_port is None
        client.say(ENVELOPE + b".\r\n", replies=4)
        assert sandbox.mailbox.letters()[0].peer.startswith("[::1]:")


def test_localhost_is_one_address() -> None:
    assert Sandbox(host="localhost").host == "127.0.0.1"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "mail.example.org", ""])
def test_it_refuses_to_be_reached_from_elsewhere(host: str) -> None:
    with pytest.raises(ValueError, match=r"which others might reach; use 127\.0\.0\.1 or ::1"):
        Sandbox(host=host)


def test_a_port_in_use_is_reported_and_nothing_stays_behind(shared: Sandbox) -> None:
    threads = threading.active_count()
    for ports in [{"port": shared.port}, {"tls_port": shared.port}]:
        taken = Sandbox(**ports)
        with pytest.raises(OSError):
            taken.start()
        assert not taken.is_running
    assert threading.active_count() == threads


# The mailbox


def test_the_oldest_letters_make_room() -> None:
    few = Mailbox(max_letters=2)
    for content in (b"a", b"b", b"c"):
        few.keep(letter(content))
    assert [(kept.number, kept.content) for kept in few.letters()] == [(2, b"b"), (3, b"c")]
    small = Mailbox(max_octets=10)
    for content in (b"four", b"five5", b"six"):
        small.keep(letter(content))
    assert [kept.content for kept in small.letters()] == [b"five5", b"six"]
    small.keep(letter(b"larger than all"))
    assert [kept.number for kept in small.letters()] == [4]


def test_waiting_ends_when_the_letters_are_there() -> None:
    mailbox = Mailbox(max_letters=1)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(mailbox.wait, 2, PATIENCE)
        mailbox.keep(letter())
        mailbox.keep(letter())
        assert [kept.number for kept in waiting.result(PATIENCE)] == [2]
    with pytest.raises(TimeoutError, match=r"Only 2 of 3 letters arrived in 0 s"):
        mailbox.wait(3, timeout=0)


def test_a_letter_reads_its_subject_and_message() -> None:
    kept = letter(b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nTo: b@example.org\r\n\r\nhello\r\n")
    assert kept.subject == "Grüße"
    assert kept.message.get_content() == "hello\r\n"
    assert kept.message is kept.message
    assert letter(b"no header here").subject == ""
    assert letter("Subject: Grüße\r\n\r\n".encode()).subject == "Grüße"


@given(st.binary(max_size=60), st.text("=?utf-8qb? \r\n\t_", max_size=40))
def test_any_content_has_a_subject(noise: bytes, word: str) -> None:
    for content in (noise, b"Subject: " + noise, b"Subject:" + word.encode() + b"\r\n\r\n"):
        assert isinstance(letter(content).subject, str)


def test_a_tls_hello_on_the_plain_port_is_recognised(shared: Sandbox) -> None:
    with socket.create_connection((shared.host, shared.port), PATIENCE) as sock:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        with suppress(ssl.SSLWantReadError):
            context.wrap_bio(incoming, outgoing).do_handshake()
        client = Client(sock)
        client.reply()
        client.sock.sendall(outgoing.read())
        assert client.rest().startswith(b"501 5.5.1 That is a TLS hello; say STARTTLS first")


def test_plain_text_on_the_tls_port_is_recognised(shared: Sandbox) -> None:
    assert shared.tls_port
    with socket.create_connection((shared.host, shared.tls_port), PATIENCE) as sock:
        sock.sendall(b"EHLO me\r\n")
        assert Client(sock).rest().startswith(b"554 5.7.0 This port speaks TLS from the first")
