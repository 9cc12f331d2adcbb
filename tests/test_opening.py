"""What a session begins with where no server was named."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_console import Person

from smtpconsole.console import opening
from smtpconsole.console.console import Console, Suggestions
from smtpconsole.console.known import Known
from smtpconsole.sandbox import Sandbox
from smtpconsole.transcript.journal import Journal


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SMTPCONSOLE_STATE", str(tmp_path))
    monkeypatch.setenv("SMTPCONSOLE_CONFIG", str(tmp_path))
    return tmp_path


async def test_a_newcomer_is_offered_a_server_of_their_own_and_the_lessons(state: Path) -> None:
    person = Person()
    await opening.begin(Console(person, Journal()))
    assert person.answers[-1].next == ("/sandbox", "/learn", "/tour")


async def test_who_comes_back_is_offered_the_servers_seen_last_and_the_profiles(
    state: Path,
) -> None:
    (state / "config.toml").write_text('[profile.work]\ntarget = "mail.example.com:587"\n')
    known = Known(state / "known.json")
    for number in range(6):
        known.remember(f"mx{number}.example.org:25", {})
    person = Person()
    await opening.begin(Console(person, Journal(), known=known))
    recent = [f"/connect mx{number}.example.org:25" for number in (5, 4, 3, 2)]
    offered = ("/connect work", *recent, "/sandbox", "/learn", "/tour", "/journal")
    assert person.answers[-1].next == offered


async def test_a_target_is_opened_and_nothing_is_offered(state: Path) -> None:
    person = Person()
    with Sandbox() as sandbox:
        console = Console(
            person, Journal(), suggestions=Suggestions(target=f"localhost:{sandbox.port}")
        )
        await opening.begin(console)
        assert console.connection is not None and person.answers == []
        await console.end()


async def test_who_has_entered_something_already_keeps_the_answer(state: Path) -> None:
    person = Person()
    console = Console(person, Journal())
    await console.execute("/help")
    answers = list(person.answers)
    await opening.begin(console)
    assert person.answers == answers


async def test_nobody_there_to_press_a_key_is_offered_nothing(state: Path) -> None:
    person = Person()
    await opening.begin(Console(person, Journal()), offers=False)
    assert person.answers == []


@pytest.mark.parametrize(
    ("typed", "is_server"),
    [
        ("mail.example.com", True),
        ("mail.example.com:587", True),
        ("smtps://me@mail.example.com", True),
        ("EHLO mail.example.com", False),
        ("NOOP", False),
        ("mail.example.com:587\x1b[2J", False),
    ],
)
async def test_a_server_that_is_typed_as_it_is_can_be_connected_to(
    typed: str, is_server: bool
) -> None:
    person = Person()
    await Console(person, Journal()).execute(typed)
    assert (person.answers[-1].next[0] == f"/connect {typed}") == is_server
