"""Scripts: how they are played, and what is told of it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import program
import pytest
from click.testing import CliRunner, Result
from test_console import PASSWORD, at, said

from smtpconsole.cli import main
from smtpconsole.console import commands, language
from smtpconsole.console.scripting import exitcodes, playing
from smtpconsole.console.scripting.expecting import parse
from smtpconsole.sandbox import Sandbox
from smtpconsole.sandbox.faults import parsed
from smtpconsole.transcript.formats import exported


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(password=PASSWORD) as running:
        yield running


def run(*words: str, script: str | None = None, **environment: str) -> Result:
    """`smtpconsole run`, with a script on standard input if one is given."""
    return CliRunner().invoke(main, ["run", *words], input=script, env=environment)


def where(sandbox: Sandbox) -> list[str]:
    return [f"localhost:{sandbox.port}", "--ca", str(sandbox.ca_file), "--name", "client.example"]


# --- scripts


CHECK = """\
# a check
/expect 220
EHLO client.example
/expect caps STARTTLS
/starttls
/expect tls on
/login alice@sandbox.example $CHECK_PASSWORD
MAIL FROM:<alice@sandbox.example>
RCPT TO:<$TO>
/expect 250 within 5s
RCPT TO:<nobody@sandbox.example>
/expect 550 5.1.1

DATA
/expect 354
Subject: $$5 for $TO

# no remark
..
.
/expect 250
QUIT
"""


def test_a_script_is_run_from_the_shell(sandbox: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "check.smtp"
    file.write_text(CHECK)
    files = {name: str(tmp_path / name) for name in ("junit.xml", "said.txt")}
    done = run(
        str(file),
        *where(sandbox),
        *("--var", "TO=bob@sandbox.example", "--junit", files["junit.xml"]),
        *("--transcript", files["said.txt"]),
        CHECK_PASSWORD=PASSWORD,
    )
    assert (done.exit_code, done.stderr) == (0, ""), done.stdout
    *lines, last = done.stdout.splitlines()
    assert last.startswith("check.smtp: 17 steps, all as they should be")
    assert lines[0].startswith("ok        0  /connect localhost")
    assert any("ok       20  ." in line and "(4 lines of content)" in line for line in lines), lines
    assert any("/login alice@sandbox.example $CHECK_PASSWORD" in line for line in lines)
    content = sandbox.mailbox.letters()[-1].content
    assert content == b"Subject: $5 for bob@sandbox.example\r\n\r\n# no remark\r\n.\r\n"
    suite = ElementTree.parse(files["junit.xml"]).getroot()
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("17", "0", "0")
    told = done.stdout + "".join(Path(path).read_text() for path in files.values())
    assert PASSWORD not in told and " ~> MAIL FROM:<alice@sandbox.example>" in told


def test_the_first_line_that_fails_ends_it(sandbox: Sandbox, tmp_path: Path) -> None:
    script = "EHLO me\n/expect 250\nXYZZY\n/expect 250\nQUIT\n"
    done = run("-", *where(sandbox), "--json", script=script)
    told = json.loads(done.stdout)
    assert (done.exit_code, told["exit_code"], told["outcome"]) == (1, 1, "not as it should be")
    assert [step["status"] for step in told["steps"]] == ["ok"] * 4 + ["failed"]
    assert told["steps"][-1]["told"].startswith("expected 250; 500 ")
    junit = tmp_path / "junit.xml"
    done = run("-", *where(sandbox), "--keep-going", "--junit", str(junit), script=script)
    assert "ok        5  QUIT" in done.stdout
    suite = ElementTree.parse(junit).getroot()
    assert (suite.get("failures"), suite.get("skipped")) == ("1", "0")
    done = run("-", *where(sandbox), "--junit", str(junit), script=script)
    assert ElementTree.parse(junit).getroot().get("skipped") == "1"


@pytest.mark.parametrize(
    ("script", "code", "told"),
    [
        ("EHLO me\nMAIL FROM:<a@b.example>\nRCPT TO:<nobody@sandbox.example>\n", 24, "nobody exp"),
        ("EHLO me\nRCPT TO:<bob@sandbox.example>\n", 24, "503"),
        ("EHLO me\nDATA\nSubject: hi\n.\n", 25, "503"),
        ("/starttls\n/expect tls off\n", 29, "expected tls off"),
        ("/starttls\nEHLO me\n/expect 500\n", 32, "expected 500"),
        ("/expect 554\n", 21, "expected 554"),
        ("EHLO me\n/login\n", 28, "does not offer AUTH"),
        ('/send "bob@sandbox.example nobody@sandbox.example" --text hi', 0, "as they should be"),
        ('/send "nobody@sandbox.example" --text hi', 24, "550 5.1.1"),
        ("/step\nNOOP\n", 1, "does not say /next"),
        ("/step\nNOOP\n/next\n/step off\nQUIT\n", 0, "all as they should be"),
        ("/run /nowhere/x.smtp\n", 1, "cannot be read"),
        ("/connect localhost:1\n/expect 220\n", 2, ""),
    ],
)
def test_each_stage_has_its_exit_code(sandbox: Sandbox, script: str, code: int, told: str) -> None:
    target = [] if "/connect" in script else where(sandbox)[:1]
    done = run("-", *target, *where(sandbox)[1:], script=script)
    assert done.exit_code == code, done.stdout
    assert told in done.stdout.splitlines()[-1] and done.stderr == ""


def test_it_is_a_program_with_an_exit_code(sandbox: Sandbox) -> None:
    script = "EHLO me\nMAIL FROM:<a@b.example>\nRCPT TO:<nobody@sandbox.example>\n"
    done = program.run("run", "-", *where(sandbox), typed=script)
    assert (done.returncode, done.stderr) == (24, "")
    assert "line 3 failed (no recipient accepted, exit code 24)" in done.stdout


@pytest.mark.parametrize(
    ("words", "script", "told"),
    [
        (["-"], "EHLO me\n/expcet 250\n", "line 2: /expcet is not a command"),
        (["-"], "/expect 2500\n", "line 1: '2500' is nothing that can be expected"),
        (["-"], "MAIL FROM:<$NO_SUCH_NAME>\n", "line 1: $NO_SUCH_NAME is not set"),
        (["-"], "/send 'a\n/set timeout never\n", "line 1: the command cannot be read"),
        (["/no/such/file"], None, "cannot be read: no such file"),
        (["-", "ftp://x"], "NOOP\n", "ftp:// is not known"),
        (["-", "--no-such"], "NOOP\n", "No such option"),
        (["-", "--var", "x"], "NOOP\n", "is not NAME=VALUE"),
        (["-", "--ca", "/no/such"], "NOOP\n", ""),
        ([], None, "Missing argument"),
    ],
)
def test_a_wrong_script_says_nothing_to_anybody(
    words: list[str], script: str | None, told: str
) -> None:
    done = run(*words, script=script)
    assert done.exit_code == 1
    assert told in done.stderr and "Traceback" not in done.stderr + done.stdout


async def test_scripts_run_scripts_but_not_without_end(sandbox: Sandbox, tmp_path: Path) -> None:
    inner, outer, loop = (tmp_path / name for name in ("inner.smtp", "outer.smtp", "loop.smtp"))
    inner.write_text("NOOP $WHO\n/expect 250\n")
    outer.write_text(f"EHLO me\n/run {inner} WHO=inner\n/expect 250\n")
    loop.write_text(f"/run {loop}\n")
    async with at(sandbox) as (console, person):
        await console.execute(f"/run {outer}")
        assert person.last.startswith("outer.smtp: 3 steps, all as they should be")
        assert said(console) == [b"EHLO me\r\n", b"NOOP inner\r\n"]
        await console.execute(f"/run {loop}")
        assert "more than 8 deep" in person.last
        inner.write_text("VRFY nobody@sandbox.example\n")
        await console.execute(f"/run {outer}")
        assert person.answers[-1].is_trouble and "nobody expected that" in person.last


async def test_a_session_is_a_script_that_runs_and_tells_the_same(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    async with at(sandbox) as (console, _):
        for line in (
            *("EHLO client.example", "/starttls", f"/login alice@sandbox.example {PASSWORD}"),
            *("MAIL FROM:<a@$HOME.example>", "RCPT TO:<nobody@sandbox.example>"),
            *(
                "RCPT TO:<bob@sandbox.example>",
                "DATA",
                "Subject: $$HOME ${HOME} $5",
                "",
                "..x",
                ".",
            ),
            *("//slash", "? what", "QUIT"),
        ):
            await console.execute(line)
        first = exported(console.journal, "script")
    file = tmp_path / "again.smtp"
    file.write_text(first)
    async with at(sandbox, PASSWORD) as (console, person):
        begun = len(console.journal)
        await console.execute(f"/run {file}")
        assert not person.answers[-1].is_trouble, person.last
        second = exported(console.journal, "script", first=begun)
    assert second.splitlines()[1:-1] == first.splitlines()[1:-1]


def events(text: str) -> list[str]:
    """What a journal tells, without times and without who entered the script."""
    rows = [json.loads(row) for row in text.splitlines()]
    return [
        json.dumps({key: value for key, value in row.items() if key not in ("at", "number")})
        for row in rows
        if "/run " not in str(row)
    ]


def test_faults_end_a_run_in_time_and_with_their_name(tmp_path: Path) -> None:
    script = "EHLO me\nMAIL FROM:<a@b.example>\nRCPT TO:<bob@sandbox.example>\nDATA\nhi\n.\nQUIT\n"
    faults = (
        *(("421@RCPT", 24), ("missing-reply", 23), ("data-close", 6), ("banner-silent", 21)),
        *(("banner-554", 21), ("ehlo-drop", 6), ("dot-timeout", 26)),
    )
    for fault, code in faults:
        with Sandbox() as sandbox:
            sandbox.faults.switch_on(parsed(fault))
            began = time.monotonic()
            done = run("-", *where(sandbox), "--timeout", "1s", script=script)
            assert done.exit_code == code, (fault, done.stdout)
            assert time.monotonic() - began < 10


# --- the page about scripts, and the kinds of arguments


PAGE = (Path(__file__).parent.parent / "docs" / "scripts.md").read_text()


def test_the_page_about_scripts_tells_what_is_so() -> None:
    example = PAGE.split("```\n")[1]
    assert len(playing.read(example, "example", has=lambda name: True).lines) == 15
    spans = [span for span in re.findall(r"`([^`\n]+)`", PAGE) if span.startswith("/")]
    for span in spans:
        call = language.parse(span.replace("…", "closed"))
        assert isinstance(call, language.Call)
        found = commands.find(call.name)
        if call.words and not {"USER"} & set(call.words):
            assert call.name not in ("expect", "wait") or found.bound(call.words)
    for span in re.findall(r"`(/expect [^`\n…]+)`", PAGE):
        call = language.parse(span)
        assert isinstance(call, language.Call) and parse(call.words)
    for code in re.findall(r"\| (\d+) \|", PAGE):
        assert exitcodes.words(int(code))
