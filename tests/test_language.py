"""One line of input, and what it is."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtpconsole.console import commands
from smtpconsole.console.answers import ConsoleError
from smtpconsole.console.arguments import NUMBER, SECRET, TEXT, WORDS
from smtpconsole.console.history import LIMIT, History
from smtpconsole.console.language import Call, Remark, Say, parse
from smtpconsole.console.settings import SETTINGS, Settings

commands.COMMANDS.bring_all()


@pytest.mark.parametrize(
    ("line", "meaning"),
    [
        ("MAIL FROM:<a@x>", Say(b"MAIL FROM:<a@x>")),
        ("  odd  ", Say(b"  odd  ")),
        ("", Say(b"")),
        ("zoë", Say("zoë".encode())),
        ("//etc", Say(b"/etc")),
        ("/close", Call("close", ())),
        ('/send --subject "a test" b@x', Call("send", ("--subject", "a test", "b@x"))),
        ("/EXPLAIN 550", Call("explain", ("550",))),
        ("?550 5.7.1", Call("explain", ("550", "5.7.1"))),
        ("# second try", Remark("second try")),
    ],
)
def test_what_a_line_means(line: str, meaning: object) -> None:
    assert parse(line) == meaning


@pytest.mark.parametrize("line", ["?", "# heading", "."])
def test_in_content_only_the_slash_is_special(line: str) -> None:
    assert parse(line, in_content=True) == Say(line.encode())
    assert parse("/close", in_content=True) == Call("close", ())


@pytest.mark.parametrize("line", ["/", '/send "open'])
def test_what_cannot_be_read_is_told(line: str) -> None:
    with pytest.raises(ConsoleError):
        parse(line)


@given(st.text(max_size=60))
def test_no_line_is_too_strange(line: str) -> None:
    try:
        meaning = parse(line)
    except ConsoleError as error:
        assert error.text
    else:
        if not line.startswith(("/", "?", "#")):
            assert meaning == Say(line.encode("utf-8", "surrogateescape"))


async def sample(
    console: object,
    first: Annotated[str, TEXT],
    secret: Annotated[str, SECRET] = "",
    *,
    count: Annotated[int, NUMBER] = 1,
    one_by_one: bool = False,
) -> None:
    """Sample.

    More.
    """


async def sample_rest(console: object, words: Annotated[str, WORDS] = "") -> None:
    """Sample with a rest."""


@pytest.fixture
def command() -> commands.Command:
    commands.command(sample)
    return commands.COMMANDS.pop("sample")


def test_words_become_arguments(command: commands.Command) -> None:
    assert command.usage == "/sample TEXT [PASSWORD] [--count NUMBER] [--one-by-one]"
    assert (command.sentence, command.details) == ("Sample.", "More.")
    assert command.bound(("a", "--count", "3", "--one-by-one")) == {
        "first": "a",
        "count": 3,
        "one_by_one": True,
    }
    assert command.bound(("--count=4", "a", "b")) == {"count": 4, "first": "a", "secret": "b"}


@pytest.mark.parametrize(
    "words", [(), ("a", "b", "c"), ("a", "--what"), ("a", "--count"), ("a", "--count", "x")]
)
def test_words_that_do_not_fit_are_told(command: commands.Command, words: tuple[str, ...]) -> None:
    with pytest.raises(ConsoleError):
        command.bound(words)


def test_secrets_are_known_also_where_the_words_do_not_fit(command: commands.Command) -> None:
    assert command.secrets(("a", "hush")) == ["hush"]
    assert command.secrets(("a", "hush", "--what")) == ["a", "hush", "--what"]


def test_a_rest_takes_all_words() -> None:
    commands.command(sample_rest)
    rest = commands.COMMANDS.pop("sample_rest")
    assert rest.bound(("550", "5.7.1", "--no")) == {"words": "550 5.7.1 --no"}


def test_an_unknown_command_names_the_nearest() -> None:
    with pytest.raises(ConsoleError) as caught:
        commands.find("starttsl")
    assert caught.value.next == ("/starttls",)
    assert "nothing was sent" in caught.value.text


def test_every_command_has_a_sentence() -> None:
    assert set(commands.COMMANDS) >= {
        *("connect", "close", "starttls", "login", "send", "raw"),
        *("set", "export", "explain", "help", "quit"),
    }
    assert all(each.sentence.endswith(".") for each in commands.COMMANDS.values())


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [("name", "me.x", "me.x"), ("timeout", "2.5s", 2.5), ("strict", "yes", True), ("ca", "", "")],
)
def test_settings_take_what_they_can(name: str, text: str, value: object) -> None:
    settings = Settings()
    settings.set(name, text)
    assert getattr(settings, name) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [("name", "a b"), ("timeout", "soon"), ("strict", "perhaps"), ("ca", "/no/such"), ("x", "1")],
)
def test_settings_refuse_the_rest_with_a_sentence(name: str, text: str) -> None:
    with pytest.raises(ConsoleError) as caught:
        Settings().set(name, text)
    assert caught.value.text
    assert {each.field for each in SETTINGS.values()} == set(Settings.__slots__) - {
        "origins",
        "keys",
    }


def test_history_is_kept_for_its_owner_and_survives_torn_rows(tmp_path: Path) -> None:
    path = tmp_path / "state" / "history.jsonl"
    history = History(path)
    for line in ("NOOP one", "NOOP one", "", "VRFY two"):
        history.add(line)
    with path.open("a") as file:
        file.write('{"line": 1\nnonsense\n{"at": 1}\n')
    again = History(path)
    assert list(again.newest_first()) == ["VRFY two", "NOOP one"]
    assert list(again.newest_first("N")) == ["NOOP one"]
    assert again.search("one NOOP") == ["NOOP one"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    again.add("NOOP three")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(History(tmp_path / "none").newest_first()) == []


def test_the_history_on_disk_does_not_grow_for_ever(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    path.write_text("".join(f'{{"at": 0, "line": "NOOP {n}"}}\n' for n in range(2 * LIMIT + 1)))
    history = History(path)
    assert next(history.newest_first()) == f"NOOP {2 * LIMIT}"
    history.add("QUIT")
    assert len(path.read_text().splitlines()) == LIMIT + 1
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(list(tmp_path.iterdir())) == 1
    assert list(History(path).newest_first())[:2] == ["QUIT", f"NOOP {2 * LIMIT}"]
