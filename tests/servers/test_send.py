"""`smtpconsole send` on real servers, and beside the real swaks."""

from __future__ import annotations

import os
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import dovecot
import postfix
import pytest

from smtpconsole.knowledge.queues import queued

pytestmark = pytest.mark.servers

BOB = f"bob@{postfix.DOMAIN}"


def run(*words: str, text: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words,
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **variables},
        check=False,
    )


def send(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return run(sys.executable, "-m", "smtpconsole", "send", *words, **variables)


def test_the_line_that_is_shown_finds_the_message_in_postfix_s_log(mta: postfix.Postfix) -> None:
    done = send(
        *(f"localhost:{mta.port}", "--tls", "--ca", str(mta.ca), "--helo", "client.example.test"),
        *("--from", "carol@elsewhere.example", "--to", BOB, "--subject", "find me"),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [line.removeprefix("===").strip() for line in done.stdout.splitlines()]
    (line,) = [line for line in lines if line.startswith("grep ")]
    mta.wait_for_letters("bob", 1)
    found = run("sh", "-c", line, MAIL_CONFIG=str(mta.folder / "etc")).stdout
    assert "from=<carol@elsewhere.example>" in found and "client=" in found
    queue_id = line.split()[2]
    assert all(queue_id in row for row in found.splitlines())
    assert any("(Postfix)" in each and queue_id in each for each in lines)


def test_a_refused_recipient_is_in_the_table_and_the_others_get_it(mta: postfix.Postfix) -> None:
    nobody = f"nobody@{postfix.DOMAIN}"
    done = send(f"127.0.0.1:{mta.port}", "--helo", "c.example.test", "--to", f"{BOB},{nobody}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"=== accepted   {BOB}" in done.stdout.replace("***", "===")
    assert f"refused    {nobody}  550 5.1.1" in done.stdout and "recipient not known" in done.stdout


def test_xclient_makes_postfix_take_us_for_another(mta: postfix.Postfix) -> None:
    done = send(
        *(f"127.0.0.1:{mta.trusting_port}", "--to", BOB, "--quit-after", "RCPT"),
        *("--xclient", "addr=192.0.2.44 name=other.example.test"),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " -> XCLIENT ADDR=192.0.2.44 NAME=other.example.test" in done.stdout
    assert "other.example.test[192.0.2.44]" in mta.log()


def test_dovecot_answers_for_each_recipient_over_lmtp(mda: dovecot.Dovecot) -> None:
    people = f"{dovecot.USER},nobody@{dovecot.DOMAIN}"
    done = send(f"lmtp://127.0.0.1:{mda.lmtp_port}", "--to", people, "--from", "a@x.example")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"accepted   {dovecot.USER}" in done.stdout and "LHLO" in done.stdout
    (reply,) = [line[4:] for line in done.stdout.splitlines() if line.endswith(" Saved")][:1]
    found = queued(reply.removeprefix("250 "))
    assert found is not None and found.server == "Dovecot" and found.id in mda.log()
    assert f"queue id {found.id} (Dovecot)" in done.stdout
    before = len(mda.letters("alice"))
    over_socket = send("--socket", str(mda.lmtp_socket), "--lmtp", "--to", dovecot.USER)
    assert over_socket.returncode == 0 and len(mda.letters("alice")) == before + 1


# --- beside swaks -----------------------------------------------------------------------------


class Recorder(socketserver.StreamRequestHandler):
    """Takes all, offers little, and keeps what it is told."""

    heard: list[bytes]

    def handle(self) -> None:
        self.wfile.write(b"220 recorder\r\n")
        in_content = False
        while line := self.rfile.readline():
            self.heard.append(line)
            verb = line[:4].upper()
            if in_content and line != b".\r\n":
                continue
            in_content = verb == b"DATA"
            answers = {b"DATA": b"354 go", b"QUIT": b"221 bye", b"RCPT": self._rcpt(line)}
            self.wfile.write(answers.get(verb, b"250 PIPELINING") + b"\r\n")
            if verb == b"QUIT":
                return

    def _rcpt(self, line: bytes) -> bytes:
        return b"550 no" if b"nobody" in line else b"250 ok"


@contextmanager
def recorder() -> Iterator[tuple[int, list[bytes]]]:
    heard: list[bytes] = []
    handler = type("Own", (Recorder,), {"heard": heard})
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_address[1], heard
        finally:
            server.shutdown()
            thread.join()


DATA = "Subject: both\\nTo: b@x\\n\\n.dot\\n..two\\ntext"
COMMON = ("--from", "a@x.example", "--to", "b@x.example,c@x.example", "--helo", "me.example")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--data", DATA), 0),
        (("--data", DATA, "--pipeline"), 0),
        (("--quit-after", "RCPT"), 0),
        (("--quit-after", "EHLO"), 0),
        (("--protocol", "SMTP", "--quit-after", "MAIL"), 0),
        (("--from", "<>", "--quit-after", "FROM"), 0),
        (("--to", "nobody@x.example", "--data", DATA), 24),
        (("--tls",), 29),
        (("--quit-after", "AUTH", "--auth", "PLAIN", "--auth-user", "u"), 28),
    ],
)
def test_swaks_and_send_say_the_same_and_end_with_the_same_code(
    words: tuple[str, ...], code: int
) -> None:
    with recorder() as (port, by_swaks):
        server = ("--server", f"127.0.0.1:{port}")
        password = ("--auth-password", "p") if "--auth" in words else ()
        swaks = run("swaks", *server, *COMMON, *words, *password)
    with recorder() as (port, by_us):
        server = ("--server", f"127.0.0.1:{port}")
        # Where an option is given twice, the last is heard by swaks, and --to adds up here.
        common = COMMON if "--to" not in words else (*COMMON[:2], *COMMON[4:])
        ours = send(*server, *common, *words, SMTP_PASSWORD="p")
    # A transaction that failed is closed by RSET here, as another may follow it.
    assert [line for line in by_us if line != b"RSET\r\n"] == by_swaks, ours.stdout + swaks.stdout
    assert (ours.returncode, swaks.returncode) == (code, code)
