"""SCRAM bound to a real TLS session, judged by GNU SASL, which shares no code with us.

No mail server of Debian 12 offers a -PLUS mechanism, so the server here speaks just enough SMTP
to hand challenges and responses to and from the program `gsasl`.
"""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trustme

from smtpconsole.net.bindings import ExporterLog, bindings
from smtpconsole.net.dial import dial
from smtpconsole.net.policy import TlsPolicy
from smtpconsole.net.surroundings import channel
from smtpconsole.smtp.events import Target
from smtpconsole.smtp.exchanges import hello
from smtpconsole.smtp.login import Attempt, attempt
from smtpconsole.smtp.sasl import MECHANISMS, Failure, credentials

pytestmark = pytest.mark.servers

USER, PASSWORD = "alice", "jabberwocky-11"
NAMES = ("SCRAM-SHA-1", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS")


class Server:
    """SMTP by us, SASL by `gsasl`."""

    def __init__(self, context: ssl.SSLContext, offered: tuple[str, ...]) -> None:
        self.context, self.offered = context, offered
        self.log = ExporterLog(context)  # of the one connection there will be
        self.asked = b""  # what the program wanted to know of the channel

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session: ssl.SSLObject = writer.get_extra_info("ssl_object")
        self.known = bindings(session, self.log.take(), None)
        writer.write(b"220 test\r\n")
        while line := await reader.readline():
            words = line.split()
            if words[0] == b"AUTH":
                writer.write(await self.authenticate(words, reader, writer))
            else:
                writer.write(b"250-test\r\n250 AUTH %b\r\n" % " ".join(self.offered).encode())
        writer.close()

    async def authenticate(
        self, words: list[bytes], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bytes:
        program = await asyncio.create_subprocess_exec(
            *("gsasl", "--server", "--quiet", "--mechanism", words[1].decode()),
            *("--authentication-id", USER, "--password", PASSWORD),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        assert program.stdin is not None and program.stdout is not None
        for _ in range(2):  # the mechanism's name, and an empty line
            await program.stdout.readline()
        response = words[2]
        while response:
            program.stdin.write(response + b"\n")
            challenge = await self.challenge(program.stdin, program.stdout)
            if not challenge:
                await program.wait()
                return b"535 5.7.8 no\r\n"
            writer.write(b"334 " + challenge + b"\r\n")
            response = (await reader.readline()).strip()
        program.stdin.write(b"\n")
        program.stdin.close()  # it has let us in, and would go on with the session now
        return b"235 2.7.0 ok\r\n" if await program.wait() == 0 else b"535 5.7.8 no\r\n"

    async def challenge(self, stdin: asyncio.StreamWriter, stdout: asyncio.StreamReader) -> bytes:
        """What the program says next; what it asks of the channel it is told before."""
        said = b""
        while (octet := await stdout.read(1)) not in (b"", b"\n"):
            said += octet
            if said.startswith(b"Enter base64 encoded") and said.endswith(b": "):
                self.asked = said.split()[3]
                stdin.write(base64.b64encode(self.known[self.asked.decode()]) + b"\n")
                said = b""
        return said


@asynccontextmanager
async def serving(
    folder: Path, version: ssl.TLSVersion, offered: tuple[str, ...]
) -> AsyncIterator[tuple[Server, Target, TlsPolicy]]:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = context.maximum_version = version
    authority.issue_cert("localhost").configure_cert(context)
    server = Server(context, offered)
    listening = await asyncio.start_server(server.converse, "127.0.0.1", 0, ssl=context)
    port = listening.sockets[0].getsockname()[1]
    async with listening:
        yield (
            server,
            Target("localhost", port, implicit_tls=True),
            TlsPolicy(ca_file=str(folder / "ca.pem")),
        )


async def tried(name: str, password: str, target: Target, policy: TlsPolicy) -> Attempt:
    connection = await dial(target, tls=policy, timeout=20)
    await connection.run(hello(b"client.example"), 20)
    who = credentials(USER, password, channel=channel(connection))
    try:
        return await connection.run(attempt(MECHANISMS[name], who), 20)
    finally:
        connection.close()
        await connection.lost


VERSIONS = pytest.mark.parametrize(
    ("version", "kind"),
    [(ssl.TLSVersion.TLSv1_3, b"tls-exporter"), (ssl.TLSVersion.TLSv1_2, b"tls-unique")],
    ids=["1.3", "1.2"],
)
PLUS = pytest.mark.parametrize("name", ["SCRAM-SHA-1-PLUS", "SCRAM-SHA-256-PLUS"])


@VERSIONS
@PLUS
async def test_scram_plus_is_bound_to_the_tls_session(
    tmp_path: Path, version: ssl.TLSVersion, kind: bytes, name: str
) -> None:
    async with serving(tmp_path, version, NAMES) as (server, target, policy):
        made = await tried(name, PASSWORD, target, policy)
    assert made.is_logged_in, made
    assert server.asked == kind


@PLUS
async def test_a_wrong_password_is_refused(tmp_path: Path, name: str) -> None:
    async with serving(tmp_path, ssl.TLSVersion.TLSv1_3, NAMES) as (_, target, policy):
        made = await tried(name, "wrong", target, policy)
    assert made.failure is Failure.CREDENTIALS, made


async def test_an_offer_from_which_plus_was_taken_is_noticed_by_the_server(tmp_path: Path) -> None:
    changed = ("SCRAM-SHA-1", "SCRAM-SHA-256")
    async with serving(tmp_path, ssl.TLSVersion.TLSv1_3, changed) as (_, target, policy):
        made = await tried("SCRAM-SHA-256", PASSWORD, target, policy)
    assert not made.is_logged_in, made  # we have said that we could, and it knows that it can
    async with serving(tmp_path, ssl.TLSVersion.TLSv1_3, NAMES) as (_, target, policy):
        made = await tried("SCRAM-SHA-256", PASSWORD, target, policy)
    assert made.is_logged_in, made


@PLUS
async def test_a_man_in_the_middle_is_noticed(tmp_path: Path, name: str) -> None:
    async with serving(tmp_path, ssl.TLSVersion.TLSv1_3, NAMES) as (server, target, policy):
        connection = await dial(target, tls=policy, timeout=20)
        await connection.run(hello(b"client.example"), 20)
        server.known = {"tls-exporter": bytes(32)}  # that of the session behind somebody else's
        who = credentials(USER, PASSWORD, channel=channel(connection))
        made = await connection.run(attempt(MECHANISMS[name], who), 20)
        connection.close()
        await connection.lost
    assert not made.is_logged_in, made
