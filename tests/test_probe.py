"""The probe, on servers that behave, on servers that do not, and on ports that are none."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest
import trustme
import zone
from hostile import (
    Close,
    Deaf,
    Drip,
    Flood,
    Hear,
    Reset,
    Say,
    Silence,
    StartTls,
    Step,
    serve,
)

from smtpconsole.console.probe import checks, report, text
from smtpconsole.console.probe.probing import OUTCOMES, Inquiry, Report, probe
from smtpconsole.console.probe.visit import Errand, Visit
from smtpconsole.net.dns.resolver import Resolver
from smtpconsole.net.dns.servers import Server as NameServer
from smtpconsole.net.dns.servers import Servers
from smtpconsole.net.policy import TlsPolicy
from smtpconsole.sandbox import Sandbox
from smtpconsole.smtp.capabilities import Capabilities, Keyword
from smtpconsole.smtp.events import Target
from smtpconsole.smtp.replies import Reply
from smtpconsole.visible import visible

VALIDATOR = jsonschema.Draft202012Validator(report.schema())
NAME = "mail.lab.test"
GREETING = b"220 mail.lab.test ESMTP\r\n"
OFFERS = (b"SIZE 1000000", b"8BITMIME", b"PIPELINING")
REPLIES = {b"HELP": b"214 Help\r\n", b"NOOP": b"250 Ok\r\n", b"QUIT": b"221 Bye\r\n"}


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ssl.SSLContext, Path]]:
    file = tmp_path_factory.mktemp("tls") / "ca.pem"
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(file))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(NAME, "127.0.0.1").configure_cert(context)
    yield context, file


def ehlo(*offers: bytes, name: bytes = b"mail.lab.test") -> bytes:
    lines = [name, *offers]
    ends = [b"-"] * (len(lines) - 1) + [b" "]
    return b"".join(b"250%b%b\r\n" % pair for pair in zip(ends, lines, strict=True))


def answers(**changed: bytes) -> list[Step]:
    """HELP, NOOP and QUIT, with the usual answers or others."""
    replies = {**REPLIES, **{verb.encode(): reply for verb, reply in changed.items()}}
    return [step for verb, reply in replies.items() for step in (Hear(verb), Say(reply))]


def plain(*offers: bytes, greeting: bytes = GREETING, **changed: bytes) -> list[Step]:
    """A server without TLS."""
    return [
        Say(greeting),
        Hear(b"EHLO"),
        Say(ehlo(*(offers or OFFERS))),
        *answers(**changed),
        Close(),
    ]


def secure(
    context: ssl.SSLContext,
    *offers: bytes,
    before: tuple[bytes, ...] = (*OFFERS, b"STARTTLS"),
    **changed: bytes,
) -> list[Step]:
    """A server with STARTTLS."""
    return [
        *(Say(GREETING), Hear(b"EHLO"), Say(ehlo(*before))),
        *(Hear(b"STARTTLS"), Say(b"220 2.0.0 Go\r\n"), StartTls(context)),
        *(Hear(b"EHLO"), Say(ehlo(*(offers or OFFERS)))),
        *answers(**changed),
        Close(),
    ]


async def probed(
    port: int,
    *,
    timeout: float = 10,
    ca: Path | None = None,
    inquiry: Inquiry | None = None,
    host: str = "127.0.0.1",
    implicit_tls: bool = False,
    lmtp: bool = False,
) -> Report:
    """A report; what goes out to machines fits the schema, and to people is safe."""
    policy = TlsPolicy(strict=False, ca_file=str(ca) if ca else None)
    errand = Errand("client.lab.test", policy, timeout)
    target = Target(host, port, implicit_tls, lmtp)
    found = await probe(target, errand, inquiry)
    VALIDATOR.validate(report.as_json(found))
    for line in text.lines(found):
        assert visible(line).isprintable() and "\n" not in line
    return found


async def at(*steps: Step, ca: Path | None = None, timeout: float = 10) -> Report:
    with serve(*steps) as server:
        found = await probed(server.port, ca=ca, timeout=timeout)
        assert b"MAIL" not in server.heard
    return found


def codes(found: Report) -> set[str]:
    return {each.code for each in found.remarks}


# --- servers that behave ----------------------------------------------------------------------


async def test_a_sound_server_is_sound(tls: tuple[ssl.SSLContext, Path]) -> None:
    context, ca = tls
    found = await at(*secure(context), ca=ca)
    assert found.outcome.name == "sound" and found.outcome.status == 0
    assert not found.remarks and {each.severity for each in found.problems} <= {"info"}
    told = report.as_json(found)
    assert told["capabilities"]["difference"]["removed"] == ["STARTTLS"]
    assert told["tls"]["established"] and told["tls"]["chain"][0]["names"] == [NAME, "127.0.0.1"]
    assert {each["policy"]: each["delivers"] for each in told["tls"]["verdicts"]} == {
        "opportunistic": True,
        "required": True,
        "verified": True,
        "DANE": None,
        "MTA-STS": None,
    }
    stages = ["greeting", "EHLO", "STARTTLS", "EHLO under TLS", "HELP", "NOOP", "QUIT"]
    assert list(told["replies"]) == stages
    assert {"connect", "handshake", "total", *stages} <= set(told["timings"])


@pytest.mark.parametrize("implicit_tls", [False, True])
async def test_the_sandbox_is_sound(implicit_tls: bool) -> None:
    with Sandbox() as sandbox:
        port = sandbox.tls_port if implicit_tls else sandbox.port
        assert port is not None
        found = await probed(port, ca=sandbox.ca_file, implicit_tls=implicit_tls)
        assert not sandbox.mailbox.letters()
    assert found.outcome.name == "sound"
    assert report.as_json(found)["auth"]["tls"] == [
        *("PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-256", "XOAUTH2")
    ]


async def test_a_certificate_that_proves_nobody_is_told(
    tls: tuple[ssl.SSLContext, Path],
) -> None:
    found = await at(*secure(tls[0]))
    assert found.outcome.name == "untrusted"
    assert [each.code for each in found.problems if each.severity == "error"] == ["missing-issuer"]


async def test_lmtp_is_spoken_where_it_is_asked_for() -> None:
    with serve(Say(GREETING), Hear(b"LHLO"), Say(ehlo(*OFFERS)), *answers(), Close()) as server:
        found = await probed(server.port, lmtp=True)
    assert found.outcome.name == "sound"


# --- ports that speak otherwise ---------------------------------------------------------------


@pytest.mark.parametrize("implicit_tls", [False, True])
async def test_the_other_way_to_begin_is_recognised(implicit_tls: bool) -> None:
    with Sandbox() as sandbox:
        port = sandbox.port if implicit_tls else sandbox.tls_port
        assert port is not None
        found = await probed(port, ca=sandbox.ca_file, implicit_tls=implicit_tls, timeout=2)
    assert found.outcome.name == "wrong-mode" and "wrong-mode" in codes(found)
    assert found.visit.is_secure and found.visit.replies["QUIT"].code == 221
    assert not found.visit.anomalies


@pytest.mark.parametrize(
    ("greeting", "words"),
    [
        (b"SSH-2.0-OpenSSH_9\r\n", "SSH"),
        (b"* OK IMAP4rev1 ready\r\n", "IMAP"),
        (b"+OK POP3\r\n", "POP3"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "HTTP"),
        (b"\x15\x03\x01\x00\x02\x02\x28\r\n", "TLS"),
        (b"hello\r\n", "no reply code"),
    ],
)
async def test_what_is_no_smtp_is_named(greeting: bytes, words: str) -> None:
    with serve(Say(greeting), Silence()) as server:
        found = await probed(server.port, timeout=1)
    assert found.outcome.name == "not-smtp"
    assert found.visit.failure is not None and words in found.visit.failure.text
    assert b"QUIT" not in server.heard


@pytest.mark.parametrize("greeting", [b"554 No\r\n", b"421 Busy\r\n"])
async def test_a_server_that_refuses_is_left_politely(greeting: bytes) -> None:
    steps = [Say(greeting)]
    if greeting.startswith(b"554"):
        steps += [Hear(b"QUIT"), Say(b"221 Bye\r\n")]
    with serve(*steps, Close()) as server:
        found = await probed(server.port)
    assert found.outcome.name == "refused" and b"EHLO" not in server.heard


async def test_a_server_that_does_not_want_to_be_greeted_is_left() -> None:
    found = await at(
        *(Say(GREETING), Hear(b"EHLO"), Say(b"550 Go away\r\n"), Hear(b"QUIT"), Say(b"221 Bye\r\n"))
    )
    assert found.outcome.name == "refused"
    assert found.visit.failure is not None and found.visit.failure.stage == "EHLO"


async def test_a_port_where_nobody_listens_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    found = await probed(port)
    assert found.outcome.name == "unreachable"
    (attempt,) = found.visit.addresses
    assert attempt.error and report.as_json(found)["greeting"] is None


# --- servers that are silent, slow, or gone ---------------------------------------------------

HELLO: list[Step] = [Say(GREETING), Hear(b"EHLO")]
TLS_NEXT: list[Step] = [*HELLO, Say(ehlo(*OFFERS, b"STARTTLS")), Hear(b"STARTTLS")]


@pytest.mark.parametrize(
    ("steps", "stage", "has"),
    [
        ([Deaf()], "greeting", []),
        ([Drip(b"220 " + b"x" * 400, 0.05)], "greeting", []),
        ([*HELLO, Silence()], "EHLO", ["greeting"]),
        ([*HELLO, Say(b"250-mail.lab.test\r\n"), Silence()], "EHLO", ["greeting"]),
        ([*TLS_NEXT, Silence()], "STARTTLS", ["greeting", "EHLO"]),
        ([*TLS_NEXT, Say(b"220 Go\r\n"), Silence()], "TLS", ["greeting", "EHLO", "STARTTLS"]),
        ([*HELLO, Say(ehlo(*OFFERS)), Hear(b"HELP"), Silence()], "HELP", ["greeting", "EHLO"]),
    ],
)
async def test_a_silent_server_ends_at_the_deadline_with_what_there_is(
    steps: list[Step], stage: str, has: list[str]
) -> None:
    clock = asyncio.get_running_loop().time
    with serve(*steps) as server:
        began = clock()
        found = await probed(server.port, timeout=0.5)
        assert clock() - began < 2
    assert found.outcome.name == "timeout"
    assert found.visit.failure is not None and found.visit.failure.stage == stage
    assert list(found.visit.replies) == has


@pytest.mark.parametrize(
    ("steps", "outcome", "stage"),
    [
        ([Close()], "closed", "greeting"),
        ([*HELLO, Close()], "closed", "EHLO"),
        ([*HELLO, Reset()], "closed", "EHLO"),
        ([*TLS_NEXT, Close()], "closed", "STARTTLS"),
        ([*TLS_NEXT, Say(b"220 Go\r\n"), Close()], "tls-failed", "TLS"),
        ([*TLS_NEXT, Say(b"220 Go\r\n250 injected\r\n"), Silence()], "tls-failed", "TLS"),
        ([*TLS_NEXT, Say(b"454 No\r\n"), Hear(b"QUIT"), Say(b"221\r\n")], "tls-failed", "STARTTLS"),
        ([*HELLO, Flood(b"250-x\r\n")], "closed", "EHLO"),
        ([*HELLO, Flood(b"x" * 1000)], "closed", "EHLO"),
    ],
)
async def test_a_server_that_breaks_off_is_told(
    steps: list[Step], outcome: str, stage: str
) -> None:
    found = await at(*steps)
    assert found.outcome.name == outcome
    assert found.visit.failure is not None and found.visit.failure.stage == stage


async def test_a_reset_in_the_place_of_a_greeting_is_told() -> None:
    found = await at(Reset())
    assert found.outcome.name in ("closed", "unreachable")  # it may come before accept() returns


async def test_injected_plaintext_is_an_error() -> None:
    found = await at(*TLS_NEXT, Say(b"220 Go\r\n250 injected\r\n"), Silence())
    assert "plaintext-after-starttls" in codes(found)


async def test_a_server_that_just_leaves_at_quit_is_remarked() -> None:
    steps = [*HELLO, Say(ehlo(*OFFERS)), *answers()[:4], Hear(b"QUIT"), Close()]
    found = await at(*steps)
    assert found.visit.failure is None and codes(found) == {"no-starttls", "no-goodbye"}


# --- conduct ----------------------------------------------------------------------------------

# What a server says, and the remarks it gets beside no-starttls.
CONDUCT: list[tuple[list[Step], set[str]]] = [
    (plain(), set()),
    (plain(greeting=b"220 \r\n"), {"greeting-name"}),
    (plain(greeting=b"220 mail ESMTP\r\n"), {"greeting-name", "names-differ"}),
    (plain(greeting=b"220-mail.lab.test\r\n220 hello\r\n"), set()),
    (plain(greeting=b"220 ************0*****\r\n"), {"greeting-masked"}),
    (plain(greeting=b"220 mail.lab.test\n"), {"bare-lf"}),
    (plain(greeting=b"220 mail.lab.test a\rb\r\n"), {"bare-cr"}),
    (plain(greeting=b"220 mail.lab.test a\0b\r\n"), {"nul"}),
    (plain(greeting=b"220 mail.lab.test " + b"x" * 600 + b"\r\n"), {"long-line"}),
    (plain(greeting=b"220\tmail.lab.test\r\n"), {"no-separator"}),
    (plain(greeting=b"220-mail.lab.test\r\nhello\r\n220 x\r\n"), {"line-without-code"}),
    (plain(b"8BITMIME", b"PIPELINING"), {"no-size"}),
    (plain(b"SIZE 1", b"PIPELINING"), {"no-8bitmime"}),
    (plain(b"SIZE 1", b"8BITMIME"), {"no-pipelining"}),
    (plain(*OFFERS, b"SIZE 2"), {"keyword-twice"}),
    (plain(b"SIZE much", *OFFERS[1:]), {"size-form"}),
    (plain(*OFFERS, b"help"), {"keyword-case"}),
    (plain(*OFFERS, b""), {"empty-keyword"}),
    (plain(*OFFERS, b"XXXXXXXA"), {"keyword-masked"}),
    (plain(b"SIZE 1", b"PIPELINING", b"SMTPUTF8"), {"no-8bitmime", "smtputf8-alone"}),
    (plain(*OFFERS, b"BINARYMIME"), {"capability-alone"}),
    (plain(*OFFERS, b"XCLIENT NAME ADDR"), {"xclient"}),
    (plain(*OFFERS, b"AUTH PLAIN LOGIN"), {"auth-in-plaintext"}),
    (plain(*OFFERS, b"AUTH=SCRAM-SHA-256"), {"auth-old-form"}),
    (plain(*OFFERS, b"ENHANCEDSTATUSCODES"), {"enhanced-missing"}),
    (plain(NOOP=b"200 Ok\r\n"), {"reply-code"}),
    (plain(NOOP=b"250 Ok\r\n250 Ok\r\n"), {"unsolicited-reply"}),
    (plain(NOOP=b"250-Ok\r\n550 No\r\n"), {"code-changes", "reply-code"}),
    (plain(HELP=b"hello\r\n"), {"no-reply-code", "reply-code"}),
    (plain(HELP=b"114 hello\r\n"), {"code-range", "reply-code"}),
    (plain(QUIT=b"250 Bye\r\n"), {"reply-code"}),
    (plain(QUIT=b"221 Bye"), {"incomplete-reply", "no-goodbye"}),
    ([*HELLO, Say(ehlo(*OFFERS, name=b"+hello you")), *answers()], {"ehlo-name"}),
    ([*HELLO, Say(ehlo(*OFFERS, name=b"mx.lab.test")), *answers()], {"names-differ"}),
    (
        [*HELLO, Say(b"502 No\r\n"), Hear(b"HELO"), Say(b"250 mail.lab.test\r\n"), *answers()],
        {"no-ehlo"},
    ),
    ([*HELLO, Flood(b"x" * 1000)], {"endless-line", "no-reply-code", "incomplete-reply"}),
    ([*HELLO, Flood(b"250-x\r\n")], {"endless-reply", "incomplete-reply"}),
]


@pytest.mark.parametrize(("steps", "expected"), CONDUCT)
async def test_conduct_is_remarked_on(steps: list[Step], expected: set[str]) -> None:
    found = await at(*steps)
    assert codes(found) - {"no-starttls"} == expected
    assert all(each.text for each in found.remarks)
    is_faulty = any(each.severity == "error" for each in found.remarks)
    if found.visit.failure is None:
        assert found.outcome.name == ("faulty" if is_faulty else "sound")


def conduct_under_tls() -> list[tuple[dict[str, tuple[bytes, ...]], set[str]]]:
    before = (*OFFERS, b"STARTTLS")
    return [
        ({"after": (*OFFERS, b"STARTTLS")}, {"starttls-under-tls"}),
        ({"after": OFFERS, "before": (*before, b"DSN")}, {"lost-under-tls"}),
        ({"after": OFFERS, "before": (*OFFERS, b"STARTTLS now")}, {"starttls-parameters"}),
    ]


@pytest.mark.parametrize(("offers", "expected"), conduct_under_tls())
async def test_conduct_under_tls_is_remarked_on(
    tls: tuple[ssl.SSLContext, Path], offers: dict[str, tuple[bytes, ...]], expected: set[str]
) -> None:
    before = offers.get("before", (*OFFERS, b"STARTTLS"))
    found = await at(*secure(tls[0], *offers["after"], before=before), ca=tls[1])
    assert codes(found) == expected


def test_slow_replies_are_remarked_on() -> None:
    visit = Visit(Target("x", 25))
    visit.timings = {"greeting": 7.0, "EHLO": 9.0, "total": 99.0}
    visit.replies = {"EHLO": report_reply()}
    assert {"slow-greeting", "slow-reply"} == {each.code for each in checks.remarks(visit)}


def report_reply() -> Reply:
    return Reply(250, [b"mail.lab.test"])


def test_ports_have_their_rules() -> None:
    offers = Capabilities(
        "mail.lab.test", tuple(map(Keyword, ("SIZE", "8BITMIME", "PIPELINING"), ("",) * 3))
    )
    submission = Visit(Target("x", 587), secure=offers)
    assert [each.code for each in checks.remarks(submission)] == ["no-auth"]
    lmtp = Visit(Target("x", 25, lmtp=True), secure=offers)
    lmtp.replies = {"EHLO": report_reply()}
    assert [each.code for each in checks.remarks(lmtp)] == ["lmtp-port"]


def test_every_check_is_tried() -> None:
    elsewhere = {"wrong-mode", "slow-greeting", "slow-reply", "no-auth", "lmtp-port"}
    elsewhere |= {"no-goodbye", "no-starttls", "starttls-refused", "plaintext-after-starttls"}
    elsewhere |= {"no-close-notify"}  # test_connection has it
    tried = set().union(*(expected for _, expected in [*CONDUCT, *conduct_under_tls()]))
    assert {each.code for each in checks.CHECKS} == tried | elsewhere
    assert len(checks.CHECKS) == len({each.code for each in checks.CHECKS})


async def test_a_warning_counts_where_that_is_asked_for() -> None:
    with serve(*plain()) as server:
        found = await probed(server.port, inquiry=Inquiry(fails_on="warning"))
    assert found.outcome.name == "faulty"


# --- the DNS beside it ------------------------------------------------------------------------


async def test_the_dns_is_asked_about_the_server(tls: tuple[ssl.SSLContext, Path]) -> None:
    back = zone.zone("0.0.127.in-addr.arpa", "1 PTR localhost.\n")
    local = zone.zone("localhost", "@ A 127.0.0.1\n")
    with zone.serve(back, local, has_ad=True) as names, serve(*secure(tls[0])) as server:
        pin = f"_{server.port}._tcp TLSA 3 1 1 {'ab' * 32}\n"
        names.zones[1] = zone.zone("localhost", f"@ A 127.0.0.1\n{pin}")
        resolver = Resolver(Servers((NameServer(zone.HOST, names.port),)))
        found = await probed(server.port, host="localhost", ca=tls[1], inquiry=Inquiry(resolver))
    assert found.reverse is not None and found.reverse.confirmed == ("localhost",)
    assert "greeting-ptr" in codes(found)
    assert found.tlsa is not None and found.tlsa.is_secure and len(found.tlsa.records) == 1
    dane = next(each for each in found.verdicts if each.policy == "DANE")
    assert dane.delivers is False and "matches" in dane.text


# --- what is printed --------------------------------------------------------------------------


async def test_a_report_says_what_to_do() -> None:
    found = await at(*plain(*OFFERS, b"AUTH PLAIN"))
    told = "\n".join(text.lines(found))
    assert "sound, nothing is wrong" in told
    assert "? PLAIN is offered in the clear" in told
    assert "→ offer AUTH only under TLS" in told and "[RFC 8314 4]" in told
    assert max(map(len, told.splitlines())) <= text.WIDTH


async def test_what_a_server_says_stays_harmless() -> None:
    evil = b"220 mail.lab.test \x1b]0;evil\x07 \xff\xfe\r\n"
    found = await at(*plain(greeting=evil))
    shown = "\n".join(visible(line) for line in text.lines(found))
    assert "\x1b" not in shown and "␛" in shown
    assert "\\xff\\xfe" in report.as_json(found)["greeting"]["lines"][0]


def test_every_outcome_has_a_status_of_its_own_and_the_help_tells_it() -> None:
    from smtpconsole.cli.probe import command

    statuses = [each.status for each in OUTCOMES.values()]
    assert len(set(statuses)) == len(statuses) and 2 not in statuses
    for each in OUTCOMES.values():
        assert f"{each.status:2}  {each.name:14}{each.sentence}" in str(command.epilog)
    assert set(report.schema()["properties"]["outcome"]["enum"]) == set(OUTCOMES)
