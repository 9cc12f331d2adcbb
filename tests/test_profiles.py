"""Servers by name, and what is forbidden there, on a server that would take it."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from program import run as run_program
from test_console import Person, said

from smtpconsole.console import paths
from smtpconsole.console.answers import ConsoleError
from smtpconsole.console.configuring import configuration, profiles
from smtpconsole.console.configuring.configuration import configured
from smtpconsole.console.console import Console
from smtpconsole.console.settings import Settings
from smtpconsole.console.targets import named, parse_target
from smtpconsole.sandbox import Sandbox
from smtpconsole.smtp.events import Target
from smtpconsole.transcript.journal import Journal


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SMTPCONSOLE_CONFIG", str(tmp_path))
    return tmp_path


def write(text: str) -> None:
    paths.config_file().write_text(text)


def own(sandbox: Sandbox, *rules: str) -> None:
    """A profile of the sandbox."""
    write(
        "\n".join(
            [
                "[profile.work]",
                f'target = "localhost:{sandbox.port}"',
                f'user = "{sandbox.user}"',
                *rules,
                "[profile.work.settings]",
                f'ca = "{sandbox.ca_file}"',
                'name = "profile.example"',
            ]
        )
    )


def hold(*lines: str, replies: tuple[str, ...] = ()) -> tuple[Console, Person]:
    """A console that has executed some lines."""
    person = Person(*replies)
    console = Console(person, Journal(), settings=Settings())
    console.draft = console.draft.with_recipients("bob@sandbox.example")

    async def run() -> None:
        for line in lines:
            await console.execute(line)
        await console.end()

    asyncio.run(run())
    return console, person


# --- names ------------------------------------------------------------------------------------


def test_a_profiles_name_is_a_target() -> None:
    write('[profile.work]\ntarget = "submission://al@mail.example"\n')
    found = parse_target("work")
    assert found == Target("mail.example", 587, user="al") and named(found) == "work"
    assert parse_target("a%40b@work") == Target("mail.example", 587, user="a@b")
    assert named(parse_target("bob@work")) == "bob@work"
    assert parse_target("work:25") == Target("work", 25)
    assert parse_target("works") == Target("works", 25)
    with pytest.raises(ConsoleError, match="no place in a target"):
        parse_target("a:hush@work")


USERS = st.just("") | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=9)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.builds("{}{}".format, USERS, st.sampled_from(["work", "@work", "work@", "work:25"])))
def test_whoever_is_in_front_of_a_profile_is_read_back(word: str) -> None:
    write('[profile.work]\ntarget = "submission://al@mail.example"\n')
    try:
        found = parse_target(word)
    except ConsoleError as error:
        assert error.text and error.hints
    else:
        again = parse_target(*shlex.split(named(found)))
        assert again == found and again.profile == found.profile
        assert found.port == 587 or not found.profile


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("[profile.work]\nuser = 'x'", "line 1", "needs a target"),
        ("[profile.work]\ntarget = 'a b'", "line 2", "not a server"),
        ("[profile.work]\ntarget = 'x'\nforbid = ['DTA']", "line 3", "nearest is DATA"),
        ("[profile.work]\ntarget = 'x'\nforbid = 'DATA'", "line 3", "wants a list"),
        ("[profile.work]\ntarget = 'x'\nforbid = ['foreign-recipients']", "line 3", "domains ="),
        ("[profile.work]\ntarget = 'x'\ndomains = ['y']", "line 3", "mean nothing without"),
        ("[profile.work]\ntarget = 'x'\nforbit = ['DATA']", "line 3", "nearest is forbid"),
        ("[profile.work]\ntarget = 'x'\nstrict = true", "line 3", "[profile.work.settings]"),
        ("[profile.work]\ntarget = 'x'\nuser = 3", "line 3", "wants a text"),
        ("[profile.work.settings]\nstrikt = true", "line 2", "nearest is strict"),
        ("profile.work = 3", "line 1", "must be a table"),
        ("[profile.work]\ntarget = 'x'\npassword = 'hush'", "line 3", "no place in this file"),
        (
            "[profile.work]\ntarget = 'x'\npassword = 'netrc'\npassword-command = 'y'",
            "line 3",
            "only one of them",
        ),
    ],
)
def test_a_profile_with_a_mistake_is_told_and_not_used(text: str, where: str, what: str) -> None:
    write(text)
    told = " ".join(map(str, configured({})[1]))
    assert where in told and what in told and "hush" not in told
    with pytest.raises(ConsoleError, match="not used before it is mended") as caught:
        parse_target("work")
    assert what in " ".join(caught.value.hints)


def test_rules_are_not_lost_with_a_file_that_cannot_be_read() -> None:
    write("[profile.work]\ntarget = 'x'\nforbid = ['DATA'\n[profile.y]")
    with pytest.raises(ConsoleError, match="has a mistake"):
        parse_target("work")
    assert parse_target("other") == Target("other", 25)


# --- using ------------------------------------------------------------------------------------


def test_its_settings_and_user_hold_there_and_nowhere_else(sandbox: Sandbox) -> None:
    own(sandbox)
    console, person = hold("/connect work", "/starttls", "/login", replies=(sandbox.password,))
    assert console.how.name == "profile.example" and console.settings.name != "profile.example"
    assert any(sandbox.user in question for question, _ in person.questions)
    assert not [each for each in person.answers if each.is_trouble]


def test_the_password_comes_from_where_the_profile_says(sandbox: Sandbox, tmp_path: Path) -> None:
    own(sandbox, f"password-command = 'echo {sandbox.password}'")
    _, person = hold("/connect work", "/starttls", "/login")
    assert not person.questions and "logged in" in person.last


TRIES = [
    "DATA",
    "bdat 5 last",
    '/raw "DATA\\r\\n"',
    "/pipeline MAIL FROM:<a@b>; RCPT TO:<bob@sandbox.example>; DATA",
    "/send",
    "/data",
    "/bdat",
]


@pytest.mark.parametrize("line", TRIES)
def test_data_that_is_forbidden_is_never_said(sandbox: Sandbox, line: str) -> None:
    own(sandbox, 'forbid = ["DATA"]')
    before = len(sandbox.mailbox)
    console, person = hold(
        "/connect work",
        "EHLO me",
        f"MAIL FROM:<{sandbox.user}>",
        "RCPT TO:<bob@sandbox.example>",
        "RSET" if line.startswith(("/pipeline", "/send")) else "NOOP",
        line,
        replies=("yes", "yes", "yes"),
    )
    assert "the profile work does not allow this, and nothing was sent: it forbids" in person.last
    octets = b"".join(said(console)).upper()
    assert b"DATA" not in octets and b"BDAT" not in octets
    assert len(sandbox.mailbox) == before


def test_foreign_recipients_are_refused_and_the_session_goes_on(sandbox: Sandbox) -> None:
    own(sandbox, 'forbid = ["foreign-recipients"]', 'domains = ["sandbox.example"]')
    console, person = hold(
        "/connect work",
        "EHLO me",
        "MAIL FROM:<a@b.example>",
        "RCPT TO:<eve@elsewhere.example>",
        "/rcpt eve@elsewhere.example",
        "RCPT TO:<bob@sandbox.example>",
        "DATA",
        "RCPT TO:<this@is.content>",
        ".",
    )
    troubles = [each.title for each in person.answers if each.is_trouble]
    assert len(troubles) == 2 and all("foreign recipients" in each for each in troubles)
    assert b"eve" not in b"".join(said(console))
    assert sandbox.mailbox.letters()[-1].content == b"RCPT TO:<this@is.content>\r\n"


def test_the_rules_go_on_to_hold_for_the_same_host_until_they_are_left(sandbox: Sandbox) -> None:
    own(sandbox, 'forbid = ["DATA"]')
    host = f"localhost:{sandbox.port}"
    console, _ = hold("/connect work", f"/connect {host}", "EHLO me", "DATA")
    assert console.profile is not None and b"DATA\r\n" not in said(console)
    assert console.connect_line == f"/connect {host}"
    console, _ = hold("/connect work", "/profile leave", f"/connect {host}", "EHLO me", "DATA")
    assert console.profile is None and b"DATA\r\n" in said(console)


def test_what_speaks_beside_the_session_keeps_to_the_rules(sandbox: Sandbox) -> None:
    own(sandbox, 'forbid = ["DATA"]')
    _, person = hold("/connect work", "/smuggling bob@sandbox.example", replies=("yes",))
    assert "not for the profile work" in person.last


# --- /profile ---------------------------------------------------------------------------------


def test_profiles_are_listed_shown_used_and_saved(sandbox: Sandbox) -> None:
    write("# mine\n")
    host = f"localhost:{sandbox.port}"
    save = '/profile save new --forbid data,foreign-recipients --domains a.example --about "a test"'
    _, person = hold(
        "/profile",
        f"/connect al@{host} --ca {sandbox.ca_file}",
        save,
        "/profile",
        "/profile use new",
        "/profile save again",
    )
    assert not [each for each in person.answers if each.is_trouble]
    assert person.answers[0].title == "no profiles yet"
    text = paths.config_file().read_text()
    assert text.startswith("# mine\n") and f'target = "{host}"' in text and 'user = "al"' in text
    found = profiles.find("new")
    assert found.forbid == ("DATA", "foreign-recipients") and found.domains == ("a.example",)
    assert found.settings == {"ca": str(sandbox.ca_file)} and found.about == "a test"
    assert profiles.find("again").forbid == found.forbid  # not lost by another name
    assert person.answers[2].lines[0].startswith("new  ")
    assert configured({}, configuration.read())[1] == []


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("/profile use wrok", "nearest is work"),
        ("/profile show", "which profile?"),
        ("/profile what", "not among"),
        ("/profile leave", "no profile is in use"),
        ("/profile save x", "no server to save"),
    ],
)
def test_what_cannot_be_done_with_a_profile_is_told(
    sandbox: Sandbox, line: str, words: str
) -> None:
    own(sandbox)
    _, person = hold(line)
    assert words in person.last and person.answers[-1].is_trouble


def test_a_profile_is_not_saved_with_a_mistake(sandbox: Sandbox) -> None:
    _, person = hold(f"/connect localhost:{sandbox.port}", "/profile save x --forbid DTA")
    assert "nearest is DATA" in person.last and not paths.config_file().exists()


# --- /set -------------------------------------------------------------------------------------


def test_set_shows_explains_changes_and_saves() -> None:
    write("[settings]\n# why\ncoach = false\n")
    person = Person()
    console = Console(person, Journal(), settings=configured({})[0])

    async def run() -> None:
        for line in ("/set", "/set coach", "/set coach yes --save", "/set timeout 5s"):
            await console.execute(line)
        await console.execute("/set coach --default --save")
        await console.execute("/set cooch")
        await console.execute("/set timeout never")
        await console.end()

    asyncio.run(run())
    everything, explained, saved, changed, forgotten, unknown, wrong = person.answers
    assert "coach: config.toml, line 3" in everything.lines[-1]
    assert "value    no   (config.toml, line 3)" in explained.lines
    assert "or       SMTPCONSOLE_COACH in the environment" in explained.lines[3]
    assert "is kept in" in saved.title and changed.title == "timeout is set"
    assert "is kept in" in forgotten.title
    assert paths.config_file().read_text() == "[settings]\n# why\n"
    assert unknown.is_trouble and "nearest is coach" in unknown.lines
    assert wrong.is_trouble and "not a time" in wrong.title


# --- the shell --------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["send", "run"])
def test_the_shell_keeps_to_the_rules_as_well(sandbox: Sandbox, tmp_path: Path, way: str) -> None:
    own(sandbox, 'forbid = ["DATA"]', f"password-command = 'echo {sandbox.password}'")
    before = len(sandbox.mailbox)
    script = tmp_path / "script"
    script.write_text("EHLO me\nMAIL FROM:<a@b.example>\nRCPT TO:<bob@sandbox.example>\nDATA\n")
    arguments = {
        "send": ("send", "work", "--tls", "--from", "a@b.example", "--to", "bob@sandbox.example"),
        "run": ("run", str(script), "work"),
    }
    done = run_program(*arguments[way], state=tmp_path)
    told = done.stdout + done.stderr
    assert done.returncode != 0 and "the profile work does not allow this" in told, told
    assert len(sandbox.mailbox) == before and "Traceback" not in told


async def test_what_is_held_cannot_be_edited_into_what_is_forbidden(sandbox: Sandbox) -> None:
    own(sandbox, 'forbid = ["DATA"]')
    person = Person()
    console = Console(person, Journal(), settings=Settings())
    for line in ("/connect work", "EHLO me", "/step on"):
        await console.execute(line)
    held = asyncio.ensure_future(console.execute("NOOP"))
    await console.stepping.settled(held)
    await console.execute("/edit 1 DATA")
    await console.execute("/next")
    await held
    assert "the profile work does not allow this" in person.last
    assert b"DATA\r\n" not in said(console)
    await console.end()
