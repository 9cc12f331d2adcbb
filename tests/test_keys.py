"""The table of actions: names, keys, who wants another one, and the page that is made of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_docs import DOCS, make

from smtpconsole.console.actions import ACTIONS, AREAS
from smtpconsole.console.answers import ConsoleError
from smtpconsole.console.commands import COMMANDS
from smtpconsole.console.configuring import configuration, keynames


def test_the_page_about_keys_is_current() -> None:
    assert (DOCS / "keys.md").read_text() == make().keys(), "run python docs/make.py"


def test_every_key_of_the_table_can_be_had_and_none_means_two_things() -> None:
    for action in ACTIONS.values():
        assert keynames.read(action.keys) == action.keys, action
        assert action.area in AREAS and action.sentence and action.label
        for other in ACTIONS.values():
            if other.area == action.area and other.name != action.name:
                both = set(action.keys.split(",")) & set(other.keys.split(","))
                assert not both, (action.name, other.name)


def test_the_commands_behind_the_keys_are_commands() -> None:
    for action in ACTIONS.values():
        if action.line:
            assert action.line[1:].split()[0] in COMMANDS, action


@pytest.mark.parametrize(
    ("typed", "key"),
    [("F2", "f2"), ("^N", "ctrl+n"), ("Ctrl+N", "ctrl+n"), ("ctrl-n", "ctrl+n"), ("y", "y"),
     ("Y", "Y"), ("/", "/"), (",", ","), ("Alt+Left", "alt+left"), ("esc,Q", "escape,Q"),
     ("^", "^"), ("PgUp", "pageup")],
)  # fmt: skip
def test_keys_are_read_as_people_write_them(typed: str, key: str) -> None:
    assert keynames.read(typed) == key


@pytest.mark.parametrize(
    ("typed", "why"),
    [("^H", "Backspace"), ("Ctrl+I", "Tab"), ("^M", "Enter"), ("F11", "fill the screen"),
     ("Hyper+X", "no key"), ("ctrl+1", "do not tell"), ("F99", "no key"), ("shift+a", "write A"),
     ("", "no key"), ("f1,,f2", "no key")],
)  # fmt: skip
def test_keys_that_never_arrive_are_told(typed: str, why: str) -> None:
    with pytest.raises(ConsoleError) as found:
        keynames.read(typed)
    assert why in "; ".join((found.value.text, *found.value.hints))


def settings(
    folder: Path, text: str, monkeypatch: pytest.MonkeyPatch
) -> tuple[dict[str, str], str]:
    monkeypatch.setenv("SMTPCONSOLE_CONFIG", str(folder))
    (folder / "config.toml").write_text(f"[keys]\n{text}")
    found, problems = configuration.configured({})
    return found.keys, "\n".join(map(str, problems))


def test_mistakes_in_the_settings_have_a_line_and_a_remedy_and_the_default_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bound, told = settings(
        tmp_path,
        'export = "^E"\nexprot = "F2"\nzoom = "^H"\nhelp = 3\n"wire.copy" = "e"\nsend = "x"\n'
        'tls.copy = "F9"\n',
        monkeypatch,
    )
    assert bound == {"export": "ctrl+e"}
    assert "config.toml, line 3: there is no action exprot; nearest is export" in told
    assert "line 4: ^H never gets here: terminals send it for Backspace; choose another" in told
    assert 'line 5: help wants a key between quotes; write help = "F2"' in told
    assert "line 6: e is the key of wire.next-error; bind wire.next-error elsewhere, too" in told
    assert "line 7: send: a character is typed where this works; take an F-key" in told
    assert "line 8: F9 is the key of panes" in told


def test_two_actions_can_exchange_their_keys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bound, told = settings(tmp_path, 'panes = "F10"\nzoom = "F9"\n', monkeypatch)
    assert not told and bound == {"panes": "f10", "zoom": "f9"}
    bound, told = settings(tmp_path, 'panes = "F10"\nzoom = "F10"\n', monkeypatch)
    assert bound == {} and "F10" in told
