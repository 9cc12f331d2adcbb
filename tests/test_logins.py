"""/login: what it asks, where secrets come from, what it tells; and AUTH decoded afterwards."""

from __future__ import annotations

import base64
import json
import re
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import keyring
import keyring.backend
import keyring.errors
import pytest
from scripted import Scripted, scripted
from test_console import PASSWORD, Person, at

from smtpconsole.console.answers import ConsoleError
from smtpconsole.console.coach import advise
from smtpconsole.console.completion import complete
from smtpconsole.console.console import Console
from smtpconsole.console.login import passwords
from smtpconsole.console.settings import Settings
from smtpconsole.sandbox import Sandbox
from smtpconsole.transcript.journal import Journal

USER = "alice@sandbox.example"
OFFERED = ["PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-256", "XOAUTH2"]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(password=PASSWORD) as running:
        yield running


@asynccontextmanager
async def talking(
    auth: dict[bytes, bytes], offered: bytes, *replies: str
) -> AsyncIterator[tuple[Console, Person, Scripted]]:
    """A console connected to a server that answers AUTH as it is told."""
    async with scripted({b"EHLO": b"250-x\r\n250 AUTH " + offered + b"\r\n", **auth}) as server:
        person = Person(*replies)
        console = Console(person, Journal(), settings=Settings(name="client.example"))
        await console.execute(f"/connect localhost:{server.port}")
        try:
            yield console, person, server
        finally:
            await console.end()


# --- asking


async def test_alone_it_shows_the_offer_and_asks_for_what_it_needs(sandbox: Sandbox) -> None:
    async with at(sandbox, "login", "", PASSWORD) as (console, person):
        await console.execute("/starttls")
        await console.execute("/login")
        offer, told = person.answers
        assert offer.title == "the server offers 5 ways to log in"
        assert offer.lines[1].startswith("LOGIN          Sends the user name, then the password")
        assert person.questions == [
            ("Mechanism (just Enter: SCRAM-SHA-256):", False),
            (f"User (just Enter: {USER}):", False),
            (f"Password of {USER}:", True),
        ]
        assert told.title == f"logged in as {USER} with LOGIN"


async def test_a_mechanism_can_be_named_first_and_the_rest_is_asked(sandbox: Sandbox) -> None:
    async with at(sandbox, PASSWORD) as (console, person):
        await console.execute("/starttls")
        await console.execute(f"/login login {USER}")
        assert person.answers[-1].title == f"logged in as {USER} with LOGIN"
        assert person.questions == [(f"Password of {USER}:", True)]
    async with at(sandbox) as (console, person):
        await console.execute("/starttls")
        await console.execute(f"/login {USER} {PASSWORD}")
        assert person.answers[-1].title == f"logged in as {USER} with SCRAM-SHA-256"
        assert person.questions == []
        first = [each.text for each in complete(console, "/login ")]
        assert first == [*OFFERED, USER, "bob@sandbox.example"]
        assert USER in [each.text for each in complete(console, "/login PLAIN al")]
        assert not [each.text for each in complete(console, f"/login PLAIN {USER} al")]


async def test_a_name_in_place_of_a_password_is_no_secret(sandbox: Sandbox) -> None:
    async with at(sandbox, PASSWORD) as (console, _):
        assert not console.is_secret(f"/login PLAIN {USER}")
        assert console.is_secret(f"/login PLAIN {USER} secret")
        assert console.is_secret(f"/login {USER} secret")


async def test_nobody_is_logged_in_without_a_name() -> None:
    async with talking({}, b"PLAIN", "") as (console, person, server):
        await console.execute("/login PLAIN")
        assert person.last == "nobody to log in as; nothing was sent"
        assert not any(line.startswith(b"AUTH") for line in server.heard)


@pytest.mark.parametrize(
    ("offered", "line", "told"),
    [
        (b"", "/login x", "does not offer AUTH"),
        (b"GSSAPI", "/login x", "offers GSSAPI; none of it takes a password"),
        (b"PLAIN", "/login x --token", "none of it takes a token"),
        (b"PLAIN", "/login x --mechanism NONE", "NONE is not known here"),
        (b"PLAIN", "/login x --netrc --keyring", "a secret comes from one place"),
        (b"PLAIN", "/login x --binding tls-nothing", "is not among tls-exporter"),
    ],
)
async def test_what_cannot_be_done_is_told_before_anything_is_said(
    offered: bytes, line: str, told: str
) -> None:
    async with talking({}, offered) as (console, person, server):
        await console.execute(line)
        assert told in person.last
        assert not any(heard.startswith(b"AUTH") for heard in server.heard)


async def test_external_and_anonymous_need_no_secret() -> None:
    answers = {b"AUTH": b"235 ok\r\n"}
    async with talking(answers, b"EXTERNAL ANONYMOUS") as (console, person, server):
        await console.execute("/login EXTERNAL --as bob")
        assert person.answers[-1].title == "logged in as bob with EXTERNAL"
        await console.execute("/login EXTERNAL")
        assert person.answers[-1].title == "logged in as somebody with EXTERNAL"
        await console.execute("/login ANONYMOUS guest@example.org")
        assert person.questions == []
    assert server.heard[1:4] == [
        b"AUTH EXTERNAL Ym9i",
        b"AUTH EXTERNAL =",
        b"AUTH ANONYMOUS " + base64.b64encode(b"guest@example.org"),
    ]


async def test_acting_for_somebody_else_is_said() -> None:
    async with talking({b"AUTH": b"235 ok\r\n"}, b"PLAIN") as (console, _, server):
        await console.execute("/login tim secret --as bob")
    assert server.heard[1] == b"AUTH PLAIN " + base64.b64encode(b"bob\0tim\0secret")


async def test_the_server_can_be_made_to_ask() -> None:
    answers = {b"AUTH": b"334 \r\n", base64.b64encode(b"\0tim\0secret"): b"235 ok\r\n"}
    async with talking(answers, b"PLAIN") as (console, person, server):
        await console.execute("/login PLAIN tim secret --no-initial")
        assert person.answers[-1].title == "logged in as tim with PLAIN"
    assert server.heard[1] == b"AUTH PLAIN"


async def test_the_coach_reads_a_challenge_out_field_by_field() -> None:
    first = base64.b64encode(b"r=abc,s=c2FsdA==,i=4096")
    answers = {b"AUTH": b"334 " + first + b"\r\n", b"*": b"501 no\r\n"}
    async with talking(answers, b"SCRAM-SHA-256") as (console, _, _server):
        await console.execute("AUTH SCRAM-SHA-256")
        told = advise(console)
        assert "nonce abc, salt c2FsdA==, rounds 4096" in told.text and told.line == "*"
        await console.execute("*")


# --- telling


@pytest.mark.parametrize(
    ("answer", "title", "hint", "following"),
    [
        (b"535 5.7.8 no", "does not accept these credentials", "app password", "?535 5.7.8"),
        (b"504 5.5.4 no", "does not let tim in by LOGIN", "turned AUTH off", "?504 5.5.4"),
        (b"538 5.7.11 no", "wants TLS before PLAIN", "turn TLS on", "/starttls"),
        (b"535 5.7.139 no", "does not allow tim to log in", "administrator", "?535 5.7.139"),
        (b"454 4.7.0 later", "cannot check credentials now", "a while", "?454 4.7.0"),
    ],
)
async def test_each_kind_of_refusal_has_its_sentence_and_its_way_on(
    answer: bytes, title: str, hint: str, following: str
) -> None:
    async with talking({b"AUTH": answer + b"\r\n"}, b"PLAIN LOGIN") as (console, person, _):
        await console.execute("/login tim secret")
        told = person.answers[-1]
        assert title in told.title and told.is_trouble
        assert any(hint in line for line in told.lines)
        assert following in told.next
        assert "secret" not in person.last


async def test_after_wrong_credentials_nothing_else_is_tried() -> None:
    async with talking({b"AUTH": b"535 no\r\n"}, b"PLAIN LOGIN") as (console, person, server):
        await console.execute("/login tim secret")
        assert "PLAIN was used; the others were not tried" in person.last
    assert sum(line.startswith(b"AUTH") for line in server.heard) == 1


async def test_after_a_mechanism_that_is_refused_the_next_is_tried_and_both_are_told() -> None:
    answers = {b"AUTH": b"504 no\r\n", b"AUTH LOGIN dGlt": b"334 \r\n", b"c2VjcmV0": b"235 ok\r\n"}
    async with talking(answers, b"PLAIN LOGIN") as (console, person, _):
        await console.execute("/login tim secret")
        assert person.answers[-1].title == "logged in as tim with LOGIN"
        assert person.answers[-1].lines[0] == "PLAIN: 504 no"


async def test_a_server_that_does_not_prove_itself_is_told_as_an_impostor() -> None:
    answers = {b"AUTH": b"235 welcome\r\n"}
    async with talking(answers, b"SCRAM-SHA-256 PLAIN") as (console, person, server):
        await console.execute("/login tim secret")
        told = person.answers[-1]
        assert "has not proven that it is the one that knows tim" in told.title
        assert told.next == ("/tls", "/close") and told.is_trouble
    assert sum(line.startswith(b"AUTH") for line in server.heard) == 1


async def test_a_mechanism_that_cannot_be_used_here_says_so() -> None:
    async with talking({}, b"SCRAM-SHA-1-PLUS PLAIN") as (console, person, server):
        await console.execute("/login SCRAM-SHA-1-PLUS tim secret")
        assert "no TLS session" in person.last and "/login PLAIN tim" in person.last
    assert not any(line.startswith(b"AUTH") for line in server.heard)


def jwt(**claims: object) -> str:
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"eyJhbGciOiJIUzI1NiJ9.{body}.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("seconds", "words"), [(30, "3[0-9] seconds"), (600, "10 minutes"), (90_000 * 2, "2 days")]
)
async def test_a_token_that_has_expired_is_pointed_out(seconds: int, words: str) -> None:
    token = jwt(sub="tim", exp=int(time.time()) - seconds)
    error = base64.b64encode(b'{"status":"invalid_token"}')
    answers = {b"AUTH": b"334 " + error + b"\r\n", b"AQ==": b"535 5.7.8 no\r\n"}
    async with talking(answers, b"OAUTHBEARER PLAIN") as (console, person, _):
        await console.execute(f"/login tim {token} --token")
        assert re.search(f"the token expired {words} ago", person.last)
        assert "the token is expired, revoked or malformed" in person.answers[-1].title
        assert re.search("token's sub +tim", person.last) and token not in person.last


# --- every mechanism


async def test_try_all_makes_a_table_after_a_warning(sandbox: Sandbox) -> None:
    async with at(sandbox, "no", "yes", PASSWORD) as (console, person):
        await console.execute("/starttls")
        await console.execute(f"/login {USER} --try-all")
        assert "may lock the account" in person.questions[0][0]
        assert person.last == "nothing was sent"
        await console.execute(f"/login {USER} --try-all")
        told = person.answers[-1]
        assert told.title == f"4 of 5 mechanisms let {USER} in"
        assert [line.split()[:3] for line in told.lines[:4]] == [
            [name, "logged", "in"] for name in OFFERED[:4]
        ]


async def test_try_all_tells_what_was_not_tried_and_why() -> None:
    answers = {b"AUTH": b"535 5.7.8 no\r\n"}
    offered = b"PLAIN GSSAPI XOAUTH2 SCRAM-SHA-1-PLUS"
    async with talking(answers, offered, "yes") as (console, person, _):
        await console.execute("/login tim secret --try-all")
        told = person.answers[-1]
        assert told.title == "0 of 4 mechanisms let tim in" and told.is_trouble
        assert [line.split()[0] for line in told.lines] == offered.decode().split()
        assert "wrong credentials  535 5.7.8 no" in told.lines[0]
        assert "not known here" in told.lines[1] and "needs a token" in told.lines[2]
        assert "not possible here" in told.lines[3]
    async with talking({}, b"") as (console, person, _):
        await console.execute("/login tim --try-all")
        assert "does not offer AUTH" in person.last


# --- where secrets come from


async def test_a_program_a_variable_and_netrc_give_the_password(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret").write_text(f"{PASSWORD}\nnot this\n")
    (tmp_path / "netrc").write_text(f"machine localhost login {USER} password {PASSWORD}\n")
    monkeypatch.setenv("MAIL_PASSWORD", PASSWORD)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for line in (
        f"/login {USER} --password-command 'cat {tmp_path}/secret'",
        f"/login {USER} --password-env MAIL_PASSWORD",
        "/login --netrc",
    ):
        async with at(sandbox) as (console, person):
            await console.execute("/starttls")
            await console.execute(line)
            assert person.answers[-1].title == f"logged in as {USER} with SCRAM-SHA-256"
            assert person.questions == []


class Ring(keyring.backend.KeyringBackend):
    """A keyring that knows one password."""

    priority = 1  # type: ignore[assignment]

    def get_password(self, service: str, username: str) -> str | None:
        if service == "locked":
            raise keyring.errors.KeyringLocked("it is locked")
        return PASSWORD if (service, username) == ("localhost", USER) else None

    def set_password(self, service: str, username: str, password: str) -> None:
        raise NotImplementedError


@pytest.fixture
def ring() -> Iterator[None]:
    before = keyring.get_keyring()
    keyring.set_keyring(Ring())
    yield
    keyring.set_keyring(before)


@pytest.mark.usefixtures("ring")
async def test_the_keyring_gives_the_password(sandbox: Sandbox) -> None:
    async with at(sandbox) as (console, person):
        await console.execute("/starttls")
        await console.execute(f"/login {USER} --keyring")
        assert person.answers[-1].title == f"logged in as {USER} with SCRAM-SHA-256"


@pytest.mark.usefixtures("ring")
@pytest.mark.parametrize(
    ("host", "reason"), [("elsewhere", "has nothing for"), ("locked", "it is locked")]
)
async def test_a_keyring_without_the_password_says_so(host: str, reason: str) -> None:
    with pytest.raises(ConsoleError, match=reason):
        await passwords.from_keyring(host, USER)


async def test_a_keyring_that_is_not_installed_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(ConsoleError) as caught:
        await passwords.from_keyring("localhost", USER)
    assert caught.value.hints == ("pip install 'smtpconsole[keyring]'",)


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("", "which command"),
        ("'", "cannot be read"),
        ("/nonexistent/program", "cannot be started: no such file"),
        ("sh -c 'echo no entry >&2; exit 3'", "sh failed with code 3"),
        ("true", "true printed no secret"),
    ],
)
async def test_a_program_that_gives_nothing_is_told(command: str, reason: str) -> None:
    with pytest.raises(ConsoleError, match=reason):
        await passwords.from_command(command)


async def test_a_program_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "PATIENCE", 0.05)
    with pytest.raises(ConsoleError, match="said nothing within"):
        await passwords.from_command("sleep 60")


async def test_a_command_is_no_shell(tmp_path: Path) -> None:
    told = await passwords.from_command(f"echo a; touch {tmp_path}/x $(id)")
    assert told == f"a; touch {tmp_path}/x $(id)" and not (tmp_path / "x").exists()


def test_a_variable_that_is_not_set_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_SUCH_SECRET", raising=False)
    with pytest.raises(ConsoleError, match="NO_SUCH_SECRET is not set"):
        passwords.from_environment("NO_SUCH_SECRET")


@pytest.mark.parametrize(
    ("text", "host", "user", "reason"),
    [
        (None, "a", "", "there is no"),
        ("machine b login x password y", "a", "", "has no password for a"),
        ("machine a login x password y", "a", "z", "has a password for x at a, not for z"),
        ("nonsense", "a", "", "cannot be used"),
        ("machine a login x", "a", "", "cannot be used|no password"),
    ],
)
def test_a_netrc_without_the_password_says_so(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    text: str | None,
    host: str,
    user: str,
    reason: str,
) -> None:
    if text is not None:
        (tmp_path / "netrc").write_text(text)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with pytest.raises(ConsoleError, match=reason):
        passwords.netrc_entry(host, user)


# --- decoded


async def test_a_line_of_auth_is_decoded_where_it_is_asked_about(sandbox: Sandbox) -> None:
    async with at(sandbox) as (console, person):
        await console.execute("/starttls")
        await console.execute(f"/login LOGIN {USER} {PASSWORD}x")
        shown = [
            "<- the server                         -> the client",
            "                                      user  alice@sandbox.example",
            "prompt  Password:                     password  [19 octets not shown]",
            "<- 535 5.7.8 Authentication credentials invalid",
        ]
        for line in ("?AUTH LOGIN [28 octets not shown]", "?334 UGFzc3dvcmQ6", "/explain"):
            await console.execute(line)
            lines = list(person.answers[-1].lines)
            start = lines.index("AUTH LOGIN, decoded:") + 1
            assert lines[start : start + 4] == shown
            assert (start == 1) is not (line == "/explain")  # the meaning of the reply is first
        await console.execute("?550 5.1.1")
        assert not any("decoded" in line for line in person.answers[-1].lines)


async def test_auth_that_was_cancelled_by_hand_is_decoded_too(sandbox: Sandbox) -> None:
    async with at(sandbox) as (console, person):
        await console.execute("/starttls")
        for line in ("AUTH LOGIN", "%", "AUTH PLAIN", "*", "/explain"):
            await console.execute(line)
        assert "                                      (cancelled)" in person.last
        await console.execute("?AUTH LOGIN")
        assert "AUTH LOGIN, decoded:" in person.last
