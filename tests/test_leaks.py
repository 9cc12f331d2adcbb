"""No secret of any mechanism is anywhere, in any of twelve encodings, whatever a server repeats.

The server knows the secret, as a server does, and says it in every encoding in its refusals.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import logging
import re
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

from smtpconsole.net.dial import dial
from smtpconsole.net.tls import TlsPolicy
from smtpconsole.smtp import login, sasl
from smtpconsole.smtp.commands import Send
from smtpconsole.smtp.events import Closed, Event, Noted, Proposed, Target
from smtpconsole.smtp.exchanges import ask, hello
from smtpconsole.smtp.sasl import MECHANISMS
from smtpconsole.transcript.formats import FORMATS, exported
from smtpconsole.transcript.journal import Journal
from smtpconsole.transcript.turns import turns
from smtpconsole.visible import visible

NTLM_CHALLENGE = b"NTLMSSP\0" + bytes([2, 0, 0, 0]) + bytes(8) + bytes([1, 2, 8, 0]) + b"8 octets"
CHALLENGES = {
    "CRAM-MD5": b"<1@mail.example>",
    "DIGEST-MD5": b'realm="x",nonce="abc",qop="auth",algorithm=md5-sess,charset=utf-8',
    "NTLM": NTLM_CHALLENGE + bytes(24),
}


def secret_of(name: str) -> bytes:
    """One for each mechanism, found nowhere else."""
    return f"Zq9~{name.lower()}~Geheim".encode()


def twelve(secret: bytes) -> dict[str, bytes]:
    """What it may look like, made without the code that is tested."""
    text = secret.decode()
    inner = {}
    for phase, start in enumerate((0, 2, 3)):
        # What stands around it changes the first and the last character.
        around = base64.b64encode(b"?" * phase + secret + b"?")
        end = (phase + len(secret)) * 4 // 3
        inner[f"base64, phase {phase}"] = around[start:end]
    return {
        "raw": secret,
        "upper case": secret.upper(),
        **inner,
        "base64 for URLs": base64.urlsafe_b64encode(secret),
        "hex": secret.hex().encode(),
        "HEX": secret.hex().upper().encode(),
        "quoted-printable": "".join(f"={octet:02X}" for octet in secret).encode(),
        "percent": quote(text, safe="").encode(),
        "percent, all": "".join(f"%{octet:02X}" for octet in secret).encode(),
        "UTF-16": text.encode("utf-16-le"),
        "UTF-16 in base64": base64.b64encode(text.encode("utf-16-le")),
    }


def assert_nothing_of(secret: bytes, where: str, data: bytes) -> None:
    """The secret is not there, in any encoding."""
    lowered = data.lower().replace(b"\\u0000", b"\0")
    for name, form in twelve(secret).items():
        assert form.lower() not in lowered, f"{secret!r} as {name} in {where}"


class Parrot:
    """A server that lets nobody in, and says why at length."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.port = 0

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 parrot\r\n")
        answered = 0
        while line := await reader.readline():
            line = line.removesuffix(b"\r\n")
            verb = line.split(b" ")[0].upper()
            if verb == b"EHLO":
                writer.write(b"250-parrot\r\n250 AUTH %b\r\n" % self._name.encode())
            elif verb == b"QUIT":
                break
            elif line == b"*" or answered > 3:
                answered = 0
                self._refuse(writer, line)
            else:
                answered += 1
                writer.write(b"334 " + base64.b64encode(self._challenge(line)) + b"\r\n")
        secret = secret_of(self._name)
        writer.write(b"221 bye " + secret[:8])
        await writer.drain()
        writer.write(secret[8:] + b"\r\n")
        writer.close()

    def _challenge(self, line: bytes) -> bytes:
        if self._name.startswith("SCRAM"):
            with contextlib.suppress(ValueError):
                said = base64.b64decode(line.split(b" ")[-1])
                if nonce := re.search(rb"r=([^,]+)", said):
                    return b"r=%bxyz,s=%b,i=4096" % (nonce[1], base64.b64encode(b"salt"))
        if self._name == "LOGIN":
            return b"User Name" if line.upper().startswith(b"AUTH LOGIN") else b"Password"
        return CHALLENGES.get(self._name, b"what?")

    def _refuse(self, writer: asyncio.StreamWriter, line: bytes) -> None:
        for form in twelve(secret_of(self._name)).values():
            writer.write(b"535-no: " + form + b"\r\n")
        writer.write(b"535 you said " + line + b"\r\n")


@asynccontextmanager
async def parrot(name: str) -> AsyncIterator[int]:
    """One that offers a mechanism; its port."""
    server = await asyncio.start_server(Parrot(name).converse, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def attempt(name: str, journal: Journal) -> list[BaseException]:
    """Log in, fail, and say the responses again as commands that nobody knows."""
    secret, errors = secret_of(name), []
    journal.redactor.learn(secret)  # as the console does when it is typed
    who = sasl.credentials("tim", secret, token=secret)
    said: list[Send] = []

    def observe(event: Event) -> None:
        send = getattr(event, "send", None)
        if type(event).__name__ == "Sent" and send.secret is not None:
            said.append(send)
        journal(event)

    async with parrot(name) as port:
        target = Target("127.0.0.1", port)
        connection = await dial(target, observe=observe, tls=TlsPolicy(), timeout=5)
        await connection.run(hello(b"me.example"), 5)
        for initial in (True, False):
            try:
                exchange = login.authenticate(MECHANISMS[name], who, initial=initial)
                await connection.run(exchange, 5)
            except Exception as error:
                errors.append(error)
        for send in list(said):
            again = send.data[send.secret] + b"\r\n"
            journal(Proposed((Send(again, again.strip().upper()),)))
            with contextlib.suppress(ConnectionError):
                await connection.run(ask(Send(again, again.strip().upper())), 5)
        connection.close()
        await connection.lost
    for form in twelve(secret).values():
        journal(Noted(f"a note of {form.decode('utf-8', 'surrogateescape')}"))
        journal(Closed("server", form.decode("utf-8", "surrogateescape")))
    return errors


@pytest.mark.parametrize("name", sorted(MECHANISMS))
async def test_no_secret_of_a_mechanism_is_anywhere(
    name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    path = tmp_path / "session.jsonl"
    journal = Journal(path)
    errors = await attempt(name, journal)
    journal.close()
    secret = secret_of(name)
    kept = path.read_bytes()
    assert kept.count(b"[not shown]") > 10, "the server said it, and it was taken out"
    assert_nothing_of(secret, "the journal", kept)
    for which, each in (("live", journal), ("recorded", Journal.open(path))):
        for form in sorted(FORMATS):
            text = exported(each, form).encode("utf-8", "surrogateescape")
            assert_nothing_of(secret, f"{form} of the {which} one", text)
        shown = "\n".join(visible(line) for turn in turns(each) for line in turn.lines)
        assert_nothing_of(secret, "the transcript", shown.encode())
    told = caplog.text + "".join("".join(traceback.format_exception(each)) for each in errors)
    assert_nothing_of(secret, "log and traceback", told.encode())
    assert_nothing_of(secret, "repr", repr(sasl.credentials("tim", secret, token=secret)).encode())


@pytest.mark.parametrize("name", list(twelve(b"Zq9~geheim~x")))
def test_the_search_for_leaks_finds_them(name: str) -> None:
    secret = b"Zq9~geheim~x"
    with pytest.raises(AssertionError, match="as "):
        assert_nothing_of(secret, "here", b"so: " + twelve(secret)[name] + b".")
