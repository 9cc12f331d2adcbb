"""No form of a secret is left anywhere, whatever mechanism said it, typed by hand or not."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from conversation import ready
from test_sasl import HASHES, ScramServer, type_2

from smtpconsole.smtp.events import Phase
from smtpconsole.smtp.login import Attempt, attempt
from smtpconsole.smtp.sasl import MECHANISMS, Channel, credentials
from smtpconsole.smtp.session import Exchange, Session
from smtpconsole.transcript.formats import FORMATS, exported
from smtpconsole.transcript.journal import Journal
from smtpconsole.transcript.turns import turns

USER = "alice@example.test"
PASSWORD = "Ca\u00f1on-of-Zanzibar-55"
TOKEN = "ya29.a-token-of-Zanzibar-55"
BINDINGS = {"tls-exporter": b"x" * 32}

NAMES = sorted(name for name, each in MECHANISMS.items() if each.needs != "nothing")
Ask = Callable[[bytes], bytes]


def challenges(name: str) -> Iterator[Ask]:
    """What a server asks, as functions of what it was told last."""
    if name.startswith("SCRAM"):
        bindings = BINDINGS if name.endswith("-PLUS") else {}
        server = ScramServer(HASHES[name.removesuffix("-PLUS")], PASSWORD.encode(), bindings)
        yield from (server.first, server.final)
    scripts = {
        "LOGIN": b"Password:",
        "CRAM-MD5": b"<1@x>",
        "NTLM": type_2(),
        "XOAUTH2": b'{"status":"401"}',
        "OAUTHBEARER": b'{"status":"invalid_token"}',
        "DIGEST-MD5": b'realm="x",nonce="n",qop="auth",charset=utf-8',
    }
    if name in scripts:
        yield lambda _: scripts[name]
    if name == "DIGEST-MD5":
        yield lambda _: b"rspauth=0"


def serve(session: Session, name: str, code: int) -> list[bytes]:
    """Answer AUTH to its end, repeating all that is heard; the responses, in base64."""
    heard: list[bytes] = []
    asks = challenges(name)
    while session.waiting_for is not None:
        line = b"".join(session.take_outgoing()).removesuffix(b"\r\n")
        if line == b"*":
            session.receive(b"501 cancelled\r\n")
            continue
        words = line.split(b" ")
        said = words[2] if len(words) > 2 else b"" if words[0] == b"AUTH" else line
        heard.append(said)
        octets = base64.b64decode(said)
        ask = next(asks, None)
        if ask is not None:
            session.receive(b"334 " + base64.b64encode(ask(octets)) + b"\r\n")
        else:
            clean = re.sub(rb"[\0\r\n]", b" ", octets)
            answer = b"%d-you said %b, that is %b\r\n%d all of it: %b\r\n"
            session.receive(answer % (code, said, clean, code, b" ".join(heard)))
    return heard


def by_hand(session: Session, exchange: Exchange[Attempt]) -> Exchange[Attempt]:
    """The same, each line as if somebody had typed it."""
    batch = next(exchange)
    while True:
        replies = yield [session.typed(batch[0].line)]
        try:
            batch = exchange.send(replies)
        except StopIteration as stop:
            made: Attempt = stop.value
            return made


def held(name: str, session: Session, *, is_typed: bool, code: int) -> tuple[Attempt, list[bytes]]:
    channel = Channel(host="mail.example", bindings=lambda: BINDINGS)
    who = credentials(USER, PASSWORD, token=TOKEN, channel=channel)
    exchange = attempt(MECHANISMS[name], who)
    future: Future[Any] = Future()
    session.begin(by_hand(session, exchange) if is_typed else exchange, future)
    heard = serve(session, name, code)
    return future.result(), heard


TYPED = pytest.mark.parametrize("is_typed", [False, True], ids=["said", "typed"])


@TYPED
@pytest.mark.parametrize("name", NAMES)
def test_nothing_secret_is_left_in_journal_turns_or_exports(
    name: str, is_typed: bool, tmp_path: Path
) -> None:
    journal = Journal(tmp_path / "session.jsonl")
    session = Session(journal)
    session.phase = Phase.READY
    _, heard = held(name, session, is_typed=is_typed, code=535)
    journal.close()
    told = (tmp_path / "session.jsonl").read_text()
    told += "".join(line for turn in turns(journal) for line in turn.lines)
    told += "".join(exported(journal, each) for each in FORMATS)
    needles = [PASSWORD, PASSWORD.encode().decode("latin-1"), TOKEN]
    for response in heard:
        octets = base64.b64decode(response)
        if octets and octets != USER.encode():
            needles.append(response.decode())
    for needle in (*needles, *_encoded(PASSWORD), *_encoded(TOKEN), *_proofs(heard)):
        assert needle not in told, needle
    assert USER in told or name not in ("PLAIN", "CRAM-MD5", "XOAUTH2")  # who it was is no secret


def _encoded(secret: str) -> Iterator[str]:
    octets = secret.encode()
    yield base64.b64encode(octets).decode()
    yield octets.hex()


def _proofs(heard: list[bytes]) -> Iterator[str]:
    """What is computed from the password, and lets it be guessed at leisure."""
    for response in heard:
        octets = base64.b64decode(response)
        for found in re.finditer(rb",p=(\S+)|response=(\w{32})| ([0-9a-f]{32})$", octets):
            yield (found[1] or found[2] or found[3]).decode()


@TYPED
@pytest.mark.parametrize("name", [each for each in NAMES if each not in ("XOAUTH2", "OAUTHBEARER")])
def test_whoever_logs_in_is_known_afterwards(name: str, is_typed: bool) -> None:
    session = ready()
    made, _ = held(name, session, is_typed=is_typed, code=235)
    if name == "DIGEST-MD5":  # whose proof this server cannot give
        assert not made.is_logged_in and session.identity is None
        return
    assert made.is_logged_in and session.identity == USER
    assert session.phase is Phase.READY


def test_the_proof_of_a_mechanism_is_looked_for_at_all() -> None:
    session = ready()
    _, heard = held("SCRAM-SHA-256", session, is_typed=False, code=535)
    assert len(list(_proofs(heard))) == 1
