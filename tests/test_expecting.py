"""What scripts are made of: expectations, variables, and the smaller commands."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_console import PASSWORD, at, said

from smtpconsole.console import arguments, language
from smtpconsole.console.answers import ConsoleError
from smtpconsole.console.arguments import choice
from smtpconsole.console.coach import advise
from smtpconsole.console.history import History
from smtpconsole.console.scripting import variables
from smtpconsole.console.scripting.expecting import parse
from smtpconsole.console.stopping import stop
from smtpconsole.sandbox import Sandbox
from smtpconsole.sandbox.faults import parsed
from smtpconsole.transcript.formats import exported


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(password=PASSWORD) as running:
        yield running


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


@pytest.mark.parametrize(
    "line", ["/wait 20s", "/repeat 9 /wait 5s", "/wait 421 within 20s", "/run"]
)
async def test_what_takes_its_time_can_be_stopped(
    sandbox: Sandbox, tmp_path: Path, line: str
) -> None:
    script = tmp_path / "slow.smtp"
    script.write_text("NOOP\n/repeat 3 /wait 20s\n")
    async with at(sandbox) as (console, person):
        assert not stop(console)
        doing = asyncio.ensure_future(console.execute(f"/run {script}" if line == "/run" else line))
        while not (console.under_way and console.under_way[-1].what.startswith("/wait")):
            await asyncio.sleep(0)
        assert advise(console).key == "Esc stops it"
        assert stop(console)
        await doing
        assert "was stopped" in person.last and console.under_way == []
        await console.execute("NOOP")
        assert said(console)[-1] == b"NOOP\r\n"


# --- arguments


async def test_each_kind_of_argument_parses_completes_and_describes_itself(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STEP_VARIABLE", "x")
    async with at(sandbox) as (console, person):
        await console.execute("EHLO me")
        for kind, right, wrong, begun, whole in (
            (arguments.TARGET, "mail.example.com:587", "ftp://x", "smtps", "smtps://"),
            (arguments.ADDRESS, "a@b.example", None, "bob@", "bob@sandbox.example"),
            (arguments.PATH, "~/x", None, "/et", "/etc/"),
            (choice("alpha", "beta"), "ALPHA", "gamma", "be", "beta"),
            (arguments.NUMBER, "12", "x", "", None),
            (arguments.DURATION, "1.5m", "soon", "30", "30s"),
            (arguments.SIZE, "30M", "big", "1", "1m"),
            (arguments.VARIABLE, "HOME", None, "STEP_V", "STEP_VARIABLE"),
            (arguments.SECRET, "x", None, "", None),
        ):
            kind.parse(right)
            if wrong is not None:
                with pytest.raises(ConsoleError):
                    kind.parse(wrong)
            found = list(kind.completed(console, (), begun))
            assert whole in found if whole is not None else not found, kind.name
            assert kind.sentence or "|" in kind.name
        await console.execute("/help login")
        assert "PASSWORD   kept nowhere; asked for unseen if left out" in person.last
        await console.execute("/expn")
        await console.execute("/wait")
        assert "/wait needs" in person.last
