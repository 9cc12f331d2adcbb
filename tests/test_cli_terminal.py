"""`smtpconsole send` on a terminal: what is asked, what is seen meanwhile, and Ctrl+C."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pexpect
import pytest
from test_uploading import Slow

from smtpconsole.sandbox import Sandbox

pytestmark = pytest.mark.screens
PASSWORD = "correct-horse-7291"


def send(*words: str) -> pexpect.spawn[str]:
    return pexpect.spawn(
        sys.executable,
        ["-m", "smtpconsole", "send", *words],
        timeout=60,
        encoding="utf-8",
        dimensions=(30, 100),
    )


@contextmanager
def slow() -> Iterator[int]:
    """A server that does not read what is sent to it, in a thread of its own."""
    loop, ready, ports = asyncio.new_event_loop(), threading.Event(), list[int]()
    server = Slow()

    async def serve() -> None:
        running = await asyncio.start_server(server.converse, "127.0.0.1", 0)
        ports.append(running.sockets[0].getsockname()[1])
        ready.set()
        await server.is_over.wait()
        running.close()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    ready.wait(10)
    try:
        yield ports[0]
    finally:
        loop.call_soon_threadsafe(server.may_read.set)
        loop.call_soon_threadsafe(server.may_answer.set)
        thread.join(10)
        loop.close()


def test_recipient_and_password_are_asked_for_and_the_password_is_not_seen() -> None:
    with Sandbox(password=PASSWORD) as sandbox:
        child = send(
            *(f"localhost:{sandbox.port}", "--tls", "--ca", str(sandbox.ca_file)),
            *("--user", "alice@sandbox.example"),
        )
        child.expect("To: ")
        child.sendline("bob@sandbox.example")
        child.expect("Password of alice@sandbox.example: ")
        child.sendline(PASSWORD)
        child.expect(pexpect.EOF)
        child.close()
        assert child.exitstatus == 0, child.before
        assert "accepted   bob@sandbox.example" in child.before and PASSWORD not in child.before


def test_a_large_message_tells_how_far_it_is_and_ctrl_c_ends_it_in_order() -> None:
    with slow() as port:
        child = send(
            *(f"127.0.0.1:{port}", "--to", "b@x.example", "--message", "huge"),
            *("--message-size", "30M", "--suppress-data", "--hide", "send"),
        )
        child.expect(r"sending: \d+\.\d of 31\.5 MB.*Ctrl\+C stops it")
        child.sendintr()
        child.expect(r"\*\*\* sending was stopped")
        child.expect("must forget it")
        child.expect(pexpect.EOF)
        child.close()
        assert child.exitstatus == 130 and "Traceback" not in child.before


def test_ctrl_c_while_an_answer_is_awaited_ends_with_a_sentence() -> None:
    with slow() as port:
        child = send(f"127.0.0.1:{port}", "--to", "b@x.example", "--quit-after", "DATA")
        child.expect("is no stage")
        child.close()
        child = send(f"127.0.0.1:{port}", "--to", "b@x.example", "--drop-after", "DOT")
        child.expect(r" -> \.\r\n")
        child.sendintr()
        child.expect("may have taken it")
        child.expect(pexpect.EOF)
        child.close()
        assert child.exitstatus == 130 and "Traceback" not in child.before
