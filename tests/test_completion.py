"""What a line may become, on a server that says what it takes."""

from __future__ import annotations

import shlex
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from test_console import Person, at

from smtpconsole.console import commands
from smtpconsole.console.completion import complete, suggest
from smtpconsole.console.console import Console
from smtpconsole.console.known import Known
from smtpconsole.sandbox import Sandbox
from smtpconsole.transcript.journal import Journal


@asynccontextmanager
async def greeted(*lines: str) -> AsyncIterator[Console]:
    with Sandbox() as sandbox:
        async with at(sandbox) as (console, _):
            for line in lines:
                await console.execute(line)
            yield console


def texts(console: Console, line: str) -> list[str]:
    return [each.text for each in complete(console, line)]


async def test_verbs_are_those_of_the_phase_and_of_the_server() -> None:
    async with greeted() as console:
        assert texts(console, "")[:2] == ["EHLO client.example", "HELO client.example"]
        assert "MAIL FROM:<" not in texts(console, "") and "LHLO client.example" not in texts(
            console, ""
        )
        assert texts(console, "ehlo cl") == ["EHLO client.example"]
        (early,) = complete(console, "ma")
        assert early.text == "MAIL FROM:<" and early.help.startswith("not now, by the rules")
        await console.execute("EHLO client.example")
        now = texts(console, "")
        assert {"MAIL FROM:<", "STARTTLS", "NOOP"} <= set(now) and "RCPT TO:<" not in now
        assert "DATA" not in now and "AUTH" not in now  # offered under TLS alone
        await console.execute("/starttls")
        await console.execute("EHLO client.example")
        now = texts(console, "")
        assert "AUTH" in now and "STARTTLS" not in now
        await console.execute("MAIL FROM:<a@x.example>")
        assert "RCPT TO:<" in texts(console, "") and "DATA" not in texts(console, "")
        await console.execute("RCPT TO:<bob@sandbox.example>")
        assert "DATA" in texts(console, "") and "BDAT" in texts(console, "B")
        await console.execute("DATA")
        assert texts(console, "MA") == [] and suggest(console, "MA", iter(["MAIL x"])) is None


async def test_parameters_and_their_values_are_those_that_are_offered() -> None:
    async with greeted("EHLO client.example") as console:
        found = texts(console, "MAIL FROM:<a@x> ")
        assert {"SIZE=", "BODY=8BITMIME", "SMTPUTF8", "RET="} <= set(found)
        assert not {"BY=", "HOLDFOR="} & set(found)
        bodies = ["BODY=8BITMIME", "BODY=BINARYMIME", "BODY=7BIT"]
        assert texts(console, "mail from:<a@x> SIZE=3 b") == bodies
        assert "SIZE=" not in texts(console, "MAIL FROM:<a@x> SIZE=3 ")
        assert texts(console, "MAIL FROM:<a@x> RET=") == ["FULL", "HDRS"]
        assert suggest(console, "MAIL FROM:<a@x> RET=H", iter(())) == "MAIL FROM:<a@x> RET=HDRS"
        assert set(texts(console, "RCPT TO:<b@x> ")) >= {"NOTIFY=", "ORCPT="}
        assert texts(console, "RCPT TO:<b@x> NOTIFY=SUCCESS,") == ["FAILURE", "DELAY"]
        assert texts(console, "MAIL FROM:<a@x>") == []
        assert "<>" in texts(console, "MAIL FROM:") and "<>" not in texts(console, "RCPT TO:")


async def test_addresses_mechanisms_and_what_can_be_explained() -> None:
    lines = (
        "EHLO client.example",
        "MAIL FROM:<al@x.example>",
        "RCPT TO:<nobody@elsewhere.example>",
    )
    async with greeted(*lines) as console:
        assert "<al@x.example>" in texts(console, "RCPT TO:<al")
        assert texts(console, "VRFY al@") == ["al@x.example"]
        assert texts(console, "?")[0].startswith("5")
        assert "STARTTLS" in texts(console, "?start") and "SCRAM-SHA-256" in texts(console, "?scr")
        assert "CHUNKING" in texts(console, "/explain CHU")
        assert "STARTTLS" in texts(console, "HELP ST")
        assert texts(console, "# EH") == [] and texts(console, "//") == []


def at_rest(known: Known | None = None) -> Console:
    return Console(Person(), Journal(), known=known)


def test_options_choices_and_what_depends_on_the_word_before() -> None:
    console = at_rest()
    assert texts(console, "/SET coa") == ["coach"]
    assert texts(console, "/set coach ") == ["yes", "no"]
    assert texts(console, "/set family ") == ["4", "6"]
    assert texts(console, "/set coach --") == ["--save", "--default"]
    assert texts(console, "/set --save --") == ["--default"]
    assert texts(console, "/connect x --family=") == ["--family=4", "--family=6"]
    assert "starttls" in texts(console, "/help start")
    assert "disk" not in str(suggest(console, "/export --out dis", iter(())))


def test_hosts_and_profiles_come_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMTPCONSOLE_CONFIG", str(tmp_path))
    (tmp_path / "config.toml").write_text('[profile.mine]\ntarget = "x"\n')
    known = Known()
    known.remember("mail.example:587", {})
    console = at_rest(known)
    assert texts(console, "/connect m")[:2] == ["mine", "mail.example:587"]
    assert texts(console, "/profile use m") == ["mine"]
    assert "submissions://" in texts(console, "/connect sub")


def test_files_are_completed_and_written_so_that_they_are_read_back(tmp_path: Path) -> None:
    (tmp_path / "a letter.eml").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / ".hidden").touch()
    console = at_rest()
    found = texts(console, f"/send --file {tmp_path}/")
    assert [shlex.split(each)[0] for each in found] == [
        f"{tmp_path}/a letter.eml",
        f"{tmp_path}/folder/",
    ]
    assert texts(console, f'/send --file "{tmp_path}/a l') == found[:1]
    assert texts(console, f"/send --file {tmp_path}/a\\ l") == found[:1]
    assert texts(console, f"/send --file {tmp_path}/.h") == [f"{tmp_path}/.hidden"]
    assert texts(console, "/send --file /no/such/") == []
    assert suggest(console, f"/send --file {tmp_path}/fol", iter(())) is None


commands.COMMANDS.bring_all()
STARTS = st.sampled_from(
    [f"/{name} " for name in commands.COMMANDS] + ["MAIL FROM:<", "?", "RCPT "]
)


@example("/attach \0/")
@given(st.builds("{}{}".format, STARTS, st.text(" -=\"'\\<>:/\n\0abS", max_size=14)))
def test_no_beginning_is_too_strange(line: str) -> None:
    for each in complete(at_rest(), line):
        assert 0 <= each.start <= len(line)
