"""The probes of `/tls` and `/smuggling` on real servers: Postfix and Dovecot have neither fault."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import dovecot
import postfix
import pytest
from test_console import Person

from smtpconsole.console.console import Console
from smtpconsole.console.settings import Settings
from smtpconsole.net import smuggling
from smtpconsole.transcript.journal import Journal

pytestmark = pytest.mark.servers


async def told(port: int, ca: Path, *lines: str, replies: tuple[str, ...] = ()) -> Person:
    person = Person(*replies)
    settings = Settings(name="client.example.test", ca=str(ca))
    console = Console(person, Journal(), settings=settings)
    console.suggestions.sender = postfix.USER
    await console.execute(f"/connect smtp://localhost:{port}")
    for line in lines:
        await console.execute(line)
    await console.end()
    return person


async def test_postfix_does_not_obey_what_was_injected(mta: postfix.Postfix) -> None:
    person = await told(mta.port, mta.ca, "/tls injection")
    assert person.answers[-1].title in (
        "a command behind STARTTLS is ignored",
        "a command behind STARTTLS is refused",
        "a command behind STARTTLS is answered in the clear",
    )


async def test_dovecot_does_not_obey_what_was_injected(mda: dovecot.Dovecot) -> None:
    person = await told(mda.port, mda.ca, "/tls injection")
    assert person.answers[-1].title == "a command behind STARTTLS is refused"
    assert "without the NOOP, TLS comes about" in person.last


FALSE_ENDS = {"LF . LF", "LF . CR LF", "CR LF . LF"}


@pytest.mark.parametrize("setting", ["no", "normalize"])
async def test_postfix_takes_false_ends_unless_it_forbids_bare_line_feeds(
    mta_with: Callable[..., AbstractContextManager[postfix.Postfix]],
    monkeypatch: pytest.MonkeyPatch,
    setting: str,
) -> None:
    monkeypatch.setattr(smuggling, "PATIENCE", 0.5)
    recipient = f"bob@{postfix.DOMAIN}"
    with mta_with(
        f"smtpd_forbid_bare_newline = {setting}", "smtpd_forbid_bare_newline_exclusions ="
    ) as mta:
        person = await told(mta.port, mta.ca, f"/smuggling {recipient}", replies=("yes",))
    lines = [line for line in person.answers[-1].lines if line[21:31].strip() == "taken"]
    assert {line[:20].strip() for line in lines} == (FALSE_ENDS if setting == "no" else set())
    assert person.answers[-1].title.startswith("VULNERABLE") == (setting == "no")


async def test_all_of_a_real_servers_tls_is_told(mta: postfix.Postfix) -> None:
    person = await told(mta.port, mta.ca, "/starttls", "/tls", "/tls chain", "/tls scan")
    assert "the certificate proves the server" in person.answers[-3].lines[1]
    assert "verified       yes  the certificate proves localhost" in "\n".join(
        person.answers[-3].lines
    )
    assert any(line.strip().startswith("yes  TLS 1.3") for line in person.answers[-1].lines)
