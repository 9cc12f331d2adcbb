"""Scripts: what is expected, how they are played, and what is told of it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result
from test_console import PASSWORD, at, said

from smtpconsole.cli import main
from smtpconsole.console import language, variables
from smtpconsole.console.answers import ConsoleError
from smtpconsole.console.expecting import parse
from smtpconsole.console.history import History
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


# --- /expect and /wait


async def test_what_is_expected_is_told_and_what_is_not_is_a_trouble(sandbox: Sandbox) -> None:
    async with at(sandbox) as (console, person):
        await console.execute("EHLO me")
        for line in (
            "/expect 250",
            "/expect 2..",
            "/expect 2xx within 10s",
            "/expect 220 250",
            "/expect caps STARTTLS",
            "/expect caps PIPELINING SIZE",
            "/expect not caps AUTH",
            "/expect tls off",
            "/expect phase ready",
            "/expect not closed",
            "/expect not identity",
            "/expect text 'sandbox.example'",
            "/expect not 5..",
        ):
            await console.execute(line)
            assert person.last.startswith("as expected: "), (line, person.last)
        for line, told in (
            ("/expect 354", "expected 354; 250 sandbox.example"),
            ("/expect 250 250", "expected 250 250; 220 sandbox.example"),
            ("/expect tls on", "expected tls on; TLS is off"),
            ("/expect caps XNONE", "expected caps XNONE; offered are "),
            ("/expect closed", "expected closed; the phase is ready"),
            ("/expect identity", "nobody is logged in"),
            ("/expect text greylisted", "expected text 'greylisted'"),
            ("/expect 421 within 10ms", "not within 0.01 s: expected 421; 250"),
        ):
            await console.execute(line)
            assert person.last.startswith(told) or told in person.last, (line, person.last)
            assert person.answers[-1].is_trouble


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("2500", "is nothing that can be expected"),
        ("tls", "tls is on or off"),
        ("phase nowhere", "a phase is one of"),
        ("text", "which text"),
        ("text '('", "is not a pattern"),
        ("250 within soon", "is not a time"),
        ("within 2s", "expect what"),
    ],
)
def test_an_expectation_that_says_nothing_is_told(words: str, told: str) -> None:
    call = language.parse(f"/expect {words}")
    assert isinstance(call, language.Call)
    with pytest.raises(ConsoleError, match=told.replace("?", r"\?")):
        parse(call.words)


async def test_enhanced_codes_and_times_are_looked_at() -> None:
    with Sandbox() as sandbox:
        sandbox.faults.switch_on(parsed("banner-late"))
        async with at(sandbox) as (console, person):
            await console.execute("/expect 220 within 1s")
            assert person.last.startswith("the reply took 1."), person.last
            await console.execute("EHLO me")
            await console.execute("MAIL FROM:<a@b.example>")
            await console.execute("RCPT TO:<nobody@sandbox.example>")
            for line in ("/expect 550 5.1.1", "/expect 5.1.*", "/expect 550 5.x.x within 9s"):
                await console.execute(line)
                assert person.last.startswith("as expected: 550"), line
            await console.execute("/expect 550 5.7.1")
            assert person.last.startswith("expected 550 5.7.1; 550 5.1.1")


async def test_a_reply_that_is_to_come_is_waited_for(sandbox: Sandbox) -> None:
    async with at(sandbox) as (console, person):
        await console.execute(r"/raw 'NOOP\r\n' --replies 0")
        await console.execute("/wait reply within 5s")
        assert person.last.startswith("it has come: 250")
        await console.execute("/wait 421 within 30ms")
        assert person.last.startswith("not within 0.03 s")
        await console.execute("/wait 5ms")
        await console.execute("/wait phase ready")
        assert person.last.startswith("it has come: the phase is ready")


# --- variables, /repeat, /hex and the others


async def test_variables_are_the_persons_or_the_environments(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STEP_USER", "bob")
    monkeypatch.setenv("STEP_PASSWORD", "from-the-environment-1")
    async with at(sandbox, "typed-unseen-22") as (console, person):
        await console.execute("/set TO bob@sandbox.example")
        await console.execute("/vrfy $TO")
        await console.execute('/vrfy "<${STEP_USER}@sandbox.example> $$1 $2"')
        await console.execute("/raw 'NOOP $TO\\r\\n'")
        assert said(console)[-3:] == [
            b"VRFY bob@sandbox.example\r\n",
            b"VRFY <bob@sandbox.example> $1 $2\r\n",
            b"NOOP $TO\r\n",
        ]
        await console.execute("NOOP $TO")  # what is said is verbatim
        assert said(console)[-1] == b"NOOP $TO\r\n"
        await console.execute("/vrfy $STEP_NOBODY")
        assert "$STEP_NOBODY is not set; nothing was sent" in person.last
        await console.execute("/set MY_SECRET")
        assert person.questions[-1] == ("MY_SECRET:", True)
        assert "MY_SECRET  [not shown]" in person.last
        await console.execute("/set MY_PASSWORD said-in-the-open-33")
        await console.execute("/vrfy $MY_SECRET$STEP_PASSWORD")
        text = exported(console.journal, "jsonl") + exported(console.journal, "text")
        for secret in ("typed-unseen-22", "said-in-the-open-33", "from-the-environment-1"):
            assert secret not in text
        assert console.is_secret("/set MY_PASSWORD said-in-the-open-33")


async def test_a_line_is_repeated_with_its_number(sandbox: Sandbox) -> None:
    async with at(sandbox) as (console, person):
        await console.execute("/set WHO tim")
        await console.execute("/repeat 3 NOOP it's $N of $WHO")
        assert said(console) == [b"NOOP it's %d of tim\r\n" % each for each in (1, 2, 3)]
        await console.execute("/repeat 2 /hex 52:53 4554 0d0a")
        assert said(console)[-2:] == [b"RSET\r\n"] * 2
        await console.execute("/hex 5")
        assert "this is not hex" in person.last
        await console.execute("/repeat 3")
        assert person.answers[-1].is_trouble


async def test_what_is_offered_copied_and_entered_is_at_hand(sandbox: Sandbox) -> None:
    async with at(sandbox) as (console, person):
        await console.execute("/caps")
        assert "not told yet" in person.last
        await console.execute("/starttls")
        await console.execute("/caps")
        assert "STARTTLS" in person.last and "only in the clear" in person.last
        assert "only under TLS" in person.last
        await console.execute("/copy")
        assert person.copied.startswith("250-sandbox.example")
        await console.execute("/copy command")
        assert person.copied == "EHLO client.example"
        await console.execute("/copy exchange")
        assert " ~> EHLO client.example" in person.copied
        await console.execute("/copy markdown")
        assert "smtpconsole" in person.copied
        console.history = History()
        console.history.add("NOOP")
        console.history.add("EHLO me")
        await console.execute("/history")
        assert person.answers[-1].lines == ("NOOP", "EHLO me")
        await console.execute("/history noop")
        assert person.answers[-1].lines == ("NOOP",)
        await console.execute("/reconnect")
        assert console.connection is not None and not console.connection.session.is_secure


@pytest.mark.parametrize(
    ("text", "told"),
    [("$A-$B", "1-2"), ("${A}B", "1B"), ("$$A", "$A"), ("5$ $5 $", "5$ $5 $"), ("$$$A", "$1")],
)
def test_dollars(text: str, told: str) -> None:
    assert variables.expanded(text, {"A": "1", "B": "2"}.__getitem__) == told


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
    command = [sys.executable, "-m", "smtpconsole", "run", "-", *where(sandbox)]
    script = "EHLO me\nMAIL FROM:<a@b.example>\nRCPT TO:<nobody@sandbox.example>\n"
    done = subprocess.run(command, input=script, capture_output=True, text=True, timeout=25)
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
