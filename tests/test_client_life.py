"""The life of a client: loops, tasks, sockets, what is closed when, and who is told."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
import weakref
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from scripted import Scripted, scripted

from smtpconsole import SMTP, Route, SMTPResponse
from smtpconsole.client import errors
from smtpconsole.sandbox import Sandbox

NAME = "client.example"
TEXT = "Subject: x\n\nHi\n"


def client(port: int | None = None, **options: Any) -> SMTP:
    options = {"start_tls": False, "timeout": 5, "local_hostname": NAME, **options}
    if port is not None:
        options |= {"hostname": "127.0.0.1", "port": port}
    return SMTP(**options)


@asynccontextmanager
async def on_a_path(folder: Path) -> AsyncIterator[tuple[str, Scripted]]:
    script = Scripted({})
    path = str(folder / "smtp.sock")
    server = await asyncio.start_unix_server(script.converse, path)
    try:
        yield path, script
    finally:
        server.close()


# --- loops and tasks --------------------------------------------------------------------------


def test_a_client_is_of_no_loop() -> None:
    smtp = client()
    seen: list[Any] = []

    async def use() -> None:
        async with scripted() as server:
            smtp.hostname, smtp.port = "127.0.0.1", server.port

            async def session() -> None:
                async with smtp:
                    seen.append(await smtp.noop())

            await asyncio.gather(session(), session())

    asyncio.run(use())
    asyncio.run(use())
    assert seen == [(250, "ok")] * 4


def test_a_connection_left_open_in_an_earlier_loop_does_not_hinder_the_next() -> None:
    async def left() -> SMTP:
        async with scripted() as server:
            smtp = client(server.port)
            await smtp.connect()
            assert smtp.transport is not None
            smtp.transport.abort()
            return smtp

    smtp = asyncio.run(left())

    async def again() -> None:
        async with scripted() as server:
            await smtp.connect(port=server.port)
            assert await smtp.noop() == (250, "ok")
            await smtp.quit()

    asyncio.run(again())


async def test_sessions_of_tasks_that_share_a_client_follow_each_other() -> None:
    async with scripted() as server:
        smtp = client(server.port)

        async def session(number: int) -> None:
            async with smtp:
                await smtp.mail(f"a{number}@x")
                await smtp.rset()

        async with asyncio.timeout(2):
            await asyncio.gather(*map(session, range(3)))
    said = [line.split(b" ", 1)[0] for line in server.heard]
    assert said == [b"EHLO", b"MAIL", b"RSET", b"QUIT"] * 3


async def test_a_block_that_has_quit_does_not_end_the_session_of_the_next() -> None:
    async with scripted() as server:
        smtp = client(server.port)
        entered, leave = asyncio.Event(), asyncio.Event()

        async def first() -> None:
            async with smtp:
                await smtp.quit()
                await entered.wait()
            leave.set()

        async def second() -> SMTPResponse:
            async with smtp:
                entered.set()
                await leave.wait()
                return await smtp.noop()

        _, answer = await asyncio.gather(first(), second())
        assert answer == (250, "ok")


async def test_closing_while_another_task_connects_ends_its_attempt() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        smtp = client(silent.getsockname()[1])
        connecting = asyncio.create_task(smtp.connect())
        await asyncio.sleep(0)
        smtp.close()
        silent.settimeout(5)
        peer, _ = await asyncio.to_thread(silent.accept)
        peer.sendall(b"220 late\r\n")
        with pytest.raises(errors.SMTPServerDisconnected, match="closed while it was connecting"):
            await connecting
        assert not smtp.is_connected
        peer.close()


async def test_a_cancelled_attempt_lets_the_next_one_in() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        smtp = client(silent.getsockname()[1])
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await smtp.connect()
        assert smtp.transport is None and smtp.protocol is None
    async with scripted() as server:
        await smtp.connect(port=server.port)
        await smtp.quit()


async def test_who_is_cancelled_in_the_queue_harms_nobody() -> None:
    async with scripted({b"VRFY": b"252 wait"}) as server, client(server.port) as smtp:
        await smtp.ehlo()
        slow = asyncio.create_task(smtp.vrfy("a@x"))
        await asyncio.sleep(0)
        queued = asyncio.create_task(smtp.noop())
        await asyncio.sleep(0)
        queued.cancel()
        with pytest.raises(asyncio.CancelledError):
            await queued
        assert smtp.is_connected and not slow.done()
        slow.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await slow
        assert not smtp.is_connected


async def test_a_server_that_leaves_an_idle_client_is_noticed() -> None:
    async with scripted({b"NOOP": b"421 idle\r\n"}) as server:
        smtp = client(server.port)
        await smtp.connect()
        old = smtp.protocol
        assert old is not None and old.transport is not None
        with pytest.raises(errors.SMTPResponseException):
            await smtp.noop()
        await smtp.connect()
        old.connection_lost(None)  # late: by now there is another connection
        assert smtp.is_connected and await smtp.rset() == (250, "ok")
        await smtp.wait_closed()
        assert not smtp.is_connected
        smtp.close()
        smtp.close()


# --- ways to the server -----------------------------------------------------------------------


async def test_over_a_unix_socket(tmp_path: Path) -> None:
    async with on_a_path(tmp_path) as (path, script):
        for place in (path, path.encode(), Path(path)):
            async with client(socket_path=place) as smtp:
                await smtp.sendmail("a@x", "b@x", TEXT)
        async with client(route=Route(path=path)) as smtp:
            await smtp.noop()
    assert script.heard.count(b"QUIT") == 4


async def test_over_a_given_socket() -> None:
    async with scripted() as server:
        sock = socket.create_connection(("127.0.0.1", server.port))
        async with client(sock=sock) as smtp:
            await smtp.noop()
        assert sock.fileno() == -1  # it is ours, and closed
        with pytest.raises(errors.SMTPConnectError):
            await client(sock=socket.socket()).connect()


async def test_from_a_source_address() -> None:
    async with scripted() as server:
        async with client(server.port, source_address=("127.0.0.2", 0)) as smtp:
            assert smtp.get_transport_info("sockname")[0] == "127.0.0.2"


# --- the seam ---------------------------------------------------------------------------------


async def test_a_subclass_sees_every_command_of_a_message() -> None:
    said: list[tuple[bytes, ...]] = []

    class Watched(SMTP):
        async def execute_command(self, *args: bytes, **more: Any) -> SMTPResponse:
            said.append(args)
            assert set(more) == {"timeout"}
            return await super().execute_command(*args, **more)

    async with scripted({b"RCPT TO:<no@x>": b"550 no\r\n"}) as server:
        smtp = Watched(hostname="127.0.0.1", port=server.port, start_tls=False, local_hostname=NAME)
        async with smtp:
            result = await smtp.sendmail("a@x", ["b@x", "no@x"], TEXT, mail_options=["X=1"])
            assert result == ({"no@x": (550, "no")}, "queued as 7")
            with pytest.raises(errors.SMTPRecipientsRefused):
                await smtp.sendmail("a@x", "no@x", TEXT)
    assert said[:4] == [
        (b"EHLO", NAME.encode()),
        (b"MAIL", b"FROM:<a@x>", b"size=18", b"X=1"),
        (b"RCPT", b"TO:<b@x>"),
        (b"RCPT", b"TO:<no@x>"),
    ]
    assert [words[0] for words in said[4:]] == [b"MAIL", b"RCPT", b"RSET", b"QUIT"]


class Fake(SMTP):
    """A client without a connection, as the users of the reference make them for their tests."""

    def __init__(self, *answers: tuple[int, str]) -> None:
        super().__init__()
        self.answers = list(answers)
        self.said: list[bytes] = []
        self.esmtp_extensions = {"auth": ""}
        self.server_auth_methods = ["cram-md5", "login", "plain"]
        self.supports_esmtp = True

    async def execute_command(self, *args: bytes, **more: Any) -> SMTPResponse:
        self.said.append(b" ".join(args))
        assert "timeout" in more
        return SMTPResponse(*self.answers.pop(0))

    async def _ehlo_or_helo_if_needed(self, timeout: Any = None) -> None:
        pass

    @property
    def is_connected(self) -> bool:
        return True


async def test_login_reads_what_a_fake_client_says_the_server_offers() -> None:
    fake = Fake((334, "PDE+"), (535, "no"), (535, "no"), (235, "ok"))
    assert await fake.login("u", "p") == (235, "ok")
    assert fake.said[0] == b"AUTH CRAM-MD5"
    assert fake.said[2:] == [b"AUTH PLAIN AHUAcA==", b"AUTH LOGIN dQ=="]
    fake = Fake((235, "ok"))
    fake.AUTH_METHODS = ("login",)  # type: ignore[misc]  # as their tests do
    assert await fake.login("u", "p") == (235, "ok")
    fake.AUTH_METHODS = ("plain", "x-none")  # type: ignore[misc]
    fake.server_auth_methods = ["x-none"]
    with pytest.raises(RuntimeError, match="x-none"):
        await fake.login("u", "p")
    fake.server_auth_methods = []
    with pytest.raises(errors.SMTPException, match="No suitable"):
        await fake.login("u", "p")


@pytest.mark.parametrize("is_secured", [False, True])
async def test_a_connection_that_is_over_is_freed_without_the_collector(is_secured: bool) -> None:
    """It does not know how much memory OpenSSL holds, and would come too late."""
    gc.collect()
    gc.disable()
    try:
        with Sandbox() as sandbox:
            user = client(
                hostname="localhost",
                port=sandbox.port,
                start_tls=is_secured,
                cert_bundle=str(sandbox.ca_file),
            )
            async with user:
                await user.sendmail("a@x.example", "bob@sandbox.example", TEXT)
                connection = weakref.ref(user.protocol)
            del user
            await asyncio.sleep(0)
        assert connection() is None
    finally:
        gc.enable()
