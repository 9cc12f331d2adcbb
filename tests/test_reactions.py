"""What a reply does to the session, whoever asked for it."""

from __future__ import annotations

import pytest
from conversation import Watched, converse, ready

from smtpconsole.smtp.capabilities import Capabilities
from smtpconsole.smtp.commands import Send, command, mail, rcpt, xclient
from smtpconsole.smtp.events import Anomaly, Phase
from smtpconsole.smtp.exchanges import ask, hello


@pytest.fixture
def session() -> Watched:
    session = ready()
    assert isinstance(session, Watched)
    return session


def answer(session: Watched, send: Send, *lines: str) -> None:
    said = "".join(f"S: {line}\n" for line in lines)
    converse(ask(send), f"C: {send.line.decode()}\n{said}", session)


def learn(session: Watched, *keywords: str) -> None:
    lines = [f"250-{each}" for each in ("x", *keywords)]
    lines[-1] = lines[-1].replace("-", " ", 1)
    converse(hello(b"me"), "\n".join(["C: EHLO me", *(f"S: {line}" for line in lines)]), session)


@pytest.mark.parametrize(
    ("is_secure", "before", "after", "remarks"),
    [
        (False, "STARTTLS", "STARTTLS", []),
        (False, "STARTTLS", "SIZE", [Anomaly("STARTTLS no longer offered", "")]),
        (False, "SIZE", "STARTTLS", []),
        (True, "SIZE", "STARTTLS", [Anomaly("STARTTLS still offered under TLS", "")]),
        (True, "SIZE", "SIZE", []),
    ],
)
def test_starttls_is_offered_as_long_as_it_is_wanted(
    session: Watched, is_secure: bool, before: str, after: str, remarks: list[Anomaly]
) -> None:
    session.is_secure = is_secure
    learn(session, before)
    learn(session, after)
    assert session.of(Anomaly) == remarks


def test_binarymime_is_nothing_without_chunking(session: Watched) -> None:
    learn(session, "BINARYMIME", "CHUNKING")
    assert session.of(Anomaly) == []
    learn(session, "BINARYMIME")
    told = "BINARYMIME without CHUNKING"
    assert session.of(Anomaly) == [Anomaly("capability without its extension", told)]


@pytest.mark.parametrize("code", [299, 403])
@pytest.mark.parametrize("send", [command(b"DATA"), command(b"AUTH", b"LOGIN")])
def test_only_a_code_of_the_third_hundred_asks_for_more(
    session: Watched, send: Send, code: int
) -> None:
    answer(session, send, f"{code} what")
    assert session.phase is Phase.READY


def test_the_dialogue_of_auth_is_known_while_it_lasts(session: Watched) -> None:
    answer(session, command(b"AUTH", b"login"), "334 VXNlcm5hbWU6")
    assert (session.mechanism, session.challenge) == ("LOGIN", b"Username:")
    answer(session, command(b"dGlt"), "334 VXNl%cm5hbWU6")
    assert session.challenge == b""  # it is no base64
    answer(session, command(b"cHc="), "235 welcome")
    assert (session.challenge, session.claimed, session.identity) == (b"", None, "tim")


def test_a_mechanism_without_a_name_in_ascii_is_one_all_the_same(session: Watched) -> None:
    session.begin(ask(command(b"AUTH", b"\xff")), Nobody())
    session.receive(b"504 no\r\n")
    assert session.mechanism == "\ufffd"


class Nobody:
    """Waits for nothing."""

    def done(self) -> bool:
        return True

    def set_result(self, result: object, /) -> None: ...

    def set_exception(self, exception: BaseException, /) -> None: ...


@pytest.mark.parametrize(("code", "is_void"), [(220, True), (221, False), (501, False)])
def test_after_xclient_the_session_begins_anew(session: Watched, code: int, is_void: bool) -> None:
    learn(session, "SIZE")
    answer(session, command(b"AUTH", b"PLAIN", b"AHRpbQBw", about="tim"), "235 ok")
    answer(session, mail("a@x"), "250 ok")
    answer(session, rcpt("b@x"), "250 ok")
    answer(session, xclient(name="x"), f"{code} x")
    known = (session.capabilities == Capabilities(), session.transaction, session.identity)
    assert known == (True, None, None) if is_void else None not in known
