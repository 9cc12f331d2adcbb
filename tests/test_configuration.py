"""The file of settings: what it gives, what is wrong with it, and how it is written."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtpconsole.console import paths
from smtpconsole.console.answers import ConsoleError
from smtpconsole.console.configuring import configuration, writing
from smtpconsole.console.configuring.configuration import configured
from smtpconsole.console.settings import SETTINGS, Settings


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SMTPCONSOLE_CONFIG", str(tmp_path))
    return tmp_path


def write(text: str) -> None:
    paths.config_file().write_text(text)


def test_a_flag_comes_before_the_environment_the_file_and_the_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def timeout(**flags: str) -> tuple[float, str]:
        settings, problems = configured(flags)
        assert not problems
        return settings.timeout, settings.origin("timeout")

    assert timeout() == (30.0, "default")
    write("[settings]\n\ntimeout = 10\n")
    assert timeout() == (10.0, "config.toml, line 3")
    monkeypatch.setenv("SMTPCONSOLE_TIMEOUT", "5s")
    assert timeout() == (5.0, "$SMTPCONSOLE_TIMEOUT")
    assert timeout(timeout="1m") == (60.0, "--timeout")


def test_values_are_written_as_is_natural_in_toml() -> None:
    write(
        '[settings]\ntimeout = "1.5m"\ntls-min = 1.2\nfamily = 4\ncoach = false\nstrict = "yes"\n'
        'alpn = ["smtp", "x"]\njournal_days = 7\n'
    )
    settings, problems = configured({})
    assert not problems
    assert (settings.timeout, settings.family, settings.coach) == (90.0, "4", False)
    assert settings.strict is True and settings.alpn == "smtp,x" and settings.journal_days == 7
    assert settings.tls_min


@pytest.mark.parametrize(
    ("text", "where", "what", "remedy"),
    [
        ("[settings]\ntimeuot = 3", "line 2", "no setting timeuot", "nearest is timeout"),
        ("[settings]\ntimeout = true", "line 2", "such as 30, in seconds", "timeout = 30"),
        ("[settings]\ncoach = 1", "line 2", "coach wants true or false", "coach = true"),
        ("[settings]\nproxy = 1", "line 2", "wants text between quotes", '"..."'),
        ("[settings]\nca = [1]", "line 2", "wants text", '"..."'),
        ("[settings]\n\nca = '/no/such'", "line 3", "can be read", "check the path"),
        ("[settings]\nsettings.x = 1", "line 2", "no setting settings", "/set lists"),
        ("[settings]\ntimeout = 'soon'", "line 2", "is not a time", "30s"),
        ("timeout = 3", "line 1", "timeout is not known here", "below [settings]"),
        ("[setings]\nx = 1", "line 1", "setings is not known", "nearest is [settings]"),
        ("settings = 1", "line 1", "must be a table", "[settings]"),
        ("[settings]\ntimeout = = 1", "line 2", "invalid value", "defaults hold"),
        ('[settings]\n"', "line 2", "", "defaults hold"),
        ("x = " + "[" * 4000, "config.toml", "", "defaults hold"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_the_remedy(
    text: str, where: str, what: str, remedy: str
) -> None:
    write(text)
    settings, problems = configured({})
    assert settings == Settings()
    told = str(problems[0])
    assert where in told and what in told and remedy in told and "\n" not in told


def test_a_file_that_cannot_be_read_is_told(folder: Path) -> None:
    paths.config_file().write_bytes(b"\xff\xfe")
    assert "not UTF-8" in str(configured({})[1][0])
    paths.config_file().unlink()
    paths.config_file().mkdir()
    assert "directory" in str(configured({})[1][0])


def test_a_wrong_variable_is_told_and_the_default_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMTPCONSOLE_COACH", "perhaps")
    monkeypatch.setenv("SMTPCONSOLE_PROXY", "nonsense://me:hush@x")
    settings, problems = configured({})
    assert settings.coach is True
    told = " ".join(map(str, problems))
    assert "$SMTPCONSOLE_COACH" in told and "yes or no" in told and "hush" not in told


def test_a_wrong_flag_is_an_error() -> None:
    with pytest.raises(ConsoleError, match="not a time"):
        configured({"timeout": "soon"})


def test_a_password_in_the_file_is_not_taken_nor_shown() -> None:
    write('[settings]\nproxy = "socks5h://me:hush@proxy:1080"\n')
    settings, problems = configured({})
    assert settings.proxy == "" and "SMTPCONSOLE_PROXY" in str(problems[0])
    assert "hush" not in str(problems[0])


@given(st.text(max_size=60) | st.text("[]=.\"'\n#settingsprofle1 ", max_size=60))
def test_no_file_is_too_strange(text: str) -> None:
    document = configuration.Document(Path("config.toml"), text)
    assert document.where(("settings", "x"))
    write_to = paths.config_file()
    write_to.write_bytes(text.encode("utf-8", "surrogatepass"))
    _, problems = configured({})
    assert all(str(each) for each in problems)


# --- writing ----------------------------------------------------------------------------------


def test_what_is_saved_keeps_the_comments_and_is_read_back() -> None:
    before = (
        "# mine\n[settings]\n# slow line\ntimeout = 90  # seconds\n\n[profile.x]\ntarget = 'y'\n"
    )
    write(before)
    settings, _ = configured({})
    settings.set("timeout", "10s")
    settings.set("coach", "no")
    writing.save_setting(settings, "timeout")
    path = writing.save_setting(settings, "coach")
    text = path.read_text()
    assert text == before.replace("90", "10").replace(
        "# seconds\n", "# seconds\ncoach = false\n", 1
    )
    again, problems = configured({})
    assert not problems and (again.timeout, again.coach) == (10.0, False)
    writing.forget_setting("coach")
    assert path.read_text() == before.replace("90", "10")


def test_a_new_file_is_for_its_owner_and_a_link_stays_one(folder: Path) -> None:
    real = folder / "dotfiles" / "smtpconsole.toml"
    paths.config_file().symlink_to(real)
    settings = Settings()
    settings.set("name", "me.example")
    writing.save_setting(settings, "name")
    assert paths.config_file().is_symlink() and 'name = "me.example"' in real.read_text()
    assert stat.S_IMODE(real.stat().st_mode) == 0o600
    real.chmod(0o640)
    writing.save_setting(settings, "name")
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert [each.name for each in real.parent.iterdir()] == [real.name]


def test_what_cannot_be_saved_is_told(folder: Path) -> None:
    settings = Settings()
    settings.set("proxy", "socks5h://me:hush@proxy:1080")
    with pytest.raises(ConsoleError, match="holds a password") as caught:
        writing.save_setting(settings, "proxy")
    assert "hush" not in str(caught.value)
    write("[settings")
    with pytest.raises(ConsoleError, match="the file has a mistake"):
        writing.save_setting(settings, "coach")
    assert paths.config_file().read_text() == "[settings"


def test_every_value_that_can_be_set_is_read_back_from_the_file() -> None:
    settings = Settings()
    for name, text in {
        "tls-min": "1.2",
        "timeout": "2.5s",
        "pin": f"spki:{'ab' * 32}",
        "dns": "127.0.0.1",
        "family": "6",
        "journal-size": "0.5",
        "strict": "yes",
    }.items():
        settings.set(name, text)
        writing.save_setting(settings, name)
    again, problems = configured({})
    assert not problems and again == settings


def test_every_setting_tells_what_it_is() -> None:
    for entry in SETTINGS.values():
        assert entry.sentence and entry.kind.name and entry.type in ("text", "number", "yes or no")
        assert entry.type != "number" or entry.unit, entry.name
