"""Every fault of the sandbox on the engine: it ends in its named outcome, within its time."""

from __future__ import annotations

import asyncio
import re
import time
import tracemalloc
from collections.abc import Iterator

import pytest
from spoilt import give_localhost_both_addresses

from smtpconsole.net.connection import Connection
from smtpconsole.net.dial import dial
from smtpconsole.net.policy import TlsPolicy
from smtpconsole.sandbox import Sandbox
from smtpconsole.sandbox.faults import WORDLESS, Chances, Fault, FaultError, Switches, known, parsed
from smtpconsole.smtp import login
from smtpconsole.smtp.commands import command, mail, rcpt
from smtpconsole.smtp.events import Anomaly, Event, NotSecured, Secured, Target, Tried
from smtpconsole.smtp.exchanges import Exchange, ask, deliver, hello, quit, start_tls
from smtpconsole.smtp.replies import Reply
from smtpconsole.smtp.sasl import MECHANISMS, MechanismError, credentials

pytestmark = pytest.mark.faults

PATIENCE = 0.4  # seconds for a reply
LETTER = b"Subject: x\r\n\r\n" + (b"y" * 70 + b"\r\n") * 120_000
CHALLENGED = {"auth-no-proof": "SCRAM-SHA-256"}  # others: LOGIN, which is asked twice


async def outcome(sandbox: Sandbox, fault: Fault) -> str:
    """What a client finds on this server, in a line: codes, how it ended, problems, remarks."""
    events: list[Event] = []
    told: list[str] = []
    give_localhost_both_addresses()
    try:
        await Visit(sandbox, fault, events, told).run()
    except (OSError, MechanismError) as error:
        told.append(f"{type(error).__name__}: {error}")
    for event in events:
        if isinstance(event, Secured | NotSecured):
            told += [f"{each.severity} {each.code}" for each in event.facts.problems]
        if isinstance(event, Tried) and not event.was_needed:
            told.append(f"(gave up {event.address.replace(str(sandbox.port), 'port')})")
    told += dict.fromkeys(f"({each.kind})" for each in events if isinstance(each, Anomaly))
    return " | ".join(told)


class Visit:
    """One session with everything in it that a fault may spoil."""

    def __init__(
        self, sandbox: Sandbox, fault: Fault, events: list[Event], told: list[str]
    ) -> None:
        self.sandbox, self.fault, self.events, self.told = sandbox, fault, events, told
        self.patience = PATIENCE + fault.wait + fault.pause
        self.surplus = asyncio.Event()

    async def run(self) -> None:
        connection = await dial(
            Target("localhost" if self.fault.deaf else "127.0.0.1", self.sandbox.port),
            observe=self._observe,
            tls=TlsPolicy(strict=False, ca_file=str(self.sandbox.ca_file)),
            timeout=self.patience,
        )
        try:
            await self._talk(connection)
        finally:
            connection.abort()
            await connection.lost

    def _observe(self, event: Event) -> None:
        self.events.append(event)
        if isinstance(event, Anomaly) and event.kind == "unsolicited reply":
            self.surplus.set()

    async def _talk(self, connection: Connection) -> None:
        at = set(self.fault.at)
        await self._say(connection, "greeting", None)
        await self._say(connection, "ehlo", hello(b"client.example"))
        if "tls" in self.fault.name or at & {"AUTH", "challenge"} or self.fault.plain:
            await self._say(connection, "starttls", start_tls())
            await self._say(connection, "ehlo", hello(b"client.example"))
        if at & {"AUTH", "challenge"}:
            name = CHALLENGED.get(self.fault.name, "LOGIN")
            who = credentials(self.sandbox.user, self.sandbox.password)
            exchange = login.authenticate(MECHANISMS[name], who, initial=name != "LOGIN")
            await self._say(connection, "auth", exchange)
        if "NOOP" in at:
            await self._say(connection, "noop", ask(command(b"NOOP")))
            if self.fault.end:  # else what we say next may be answered by a reset
                await connection.lost
        await self._deliver(connection)
        if self.fault.name == "double-reply":
            await self.surplus.wait()  # the 354, which would else be taken for QUIT's reply
        await self._say(connection, "quit", quit())

    async def _say(
        self, connection: Connection, name: str, exchange: Exchange[Reply] | None
    ) -> None:
        if exchange is None:
            reply = connection.session.last_reply
            assert reply is not None
        else:
            reply = await connection.run(exchange, self.patience)
        self.told.append(f"{name} {reply.code}")

    async def _deliver(self, connection: Connection) -> None:
        known_ = connection.session.capabilities
        is_large = "content" in self.fault.at and not self.fault.lax
        delivery = await connection.run(
            deliver(
                mail("alice@example.org"),
                [rcpt("bob@sandbox.example"), rcpt("carol@sandbox.example")],
                LETTER if is_large else b"Subject: x\r\n\r\n.dot\r\n",
                pipelining="PIPELINING" in known_,
                chunking="BDAT" in self.fault.at,
            ),
            self.patience,
        )
        people = ",".join(str(reply.code) for _, reply in delivery.recipients)
        self.told.append(f"mail {delivery.mail.code} rcpt {people}")
        if delivery.data is not None:
            self.told.append(f"data {delivery.data.code}")
        self.told.append(f"end {','.join(str(reply.code) for reply in delivery.content)}")


UP = "greeting 220 | ehlo 250"
TLS = f"{UP} | starttls 220 | ehlo 250"
SENT = "mail 250 rcpt 250,250 | data 354 | end 250 | quit 221"
NOT_BEGUN = "rcpt 503,503 | data 503 | end  | quit 221"

EXPECTED = {
    "banner-multiline": f"{UP} | {SENT}",
    "banner-554": f"greeting 554 | ehlo 250 | {SENT}",
    "banner-421": (
        "greeting 421 | Disconnected: Connection closed by the server; "
        "the server had said: 421 4.3.2 sandbox.example Too busy, try again later"
    ),
    "banner-http": (
        "greeting -1 | Disconnected: Connection closed by the server | "
        "(no reply code) | (not SMTP) | (unsolicited reply)"
    ),
    "banner-late": f"{UP} | {SENT}",
    "banner-silent": "Silence: No greeting within 0.4 seconds",
    "banner-bytewise": f"{UP} | {SENT}",
    "banner-teaser": f"{UP} | {SENT}",
    "banner-imap": f"greeting -1 | ehlo 250 | {SENT} | (no reply code) | (not SMTP)",
    "banner-ssh": f"greeting -1 | ehlo 250 | {SENT} | (no reply code) | (not SMTP)",
    "tls-on-plain": "Disconnected: Connection closed by the server | (incomplete reply)",
    "bare-lf": f"{UP} | {SENT} | (bare LF)",
    "bare-cr": f"{UP} | {SENT} | (bare CR)",
    "eof-no-crlf": (
        "greeting 220 | Disconnected: Connection closed by the server | (incomplete reply)"
    ),
    "code-mismatch": (
        f"{UP} | mail 550 rcpt 250,250 | data 354 | end 250 | quit 221 | "
        "(code changes within the reply)"
    ),
    "no-separator": f"{UP} | {SENT}",
    "not-a-code": f"{UP} | mail -1 {NOT_BEGUN} | (no reply code)",
    "code-range": f"{UP} | mail 999 {NOT_BEGUN} | (reply code out of range)",
    "nul": f"{UP} | {SENT} | (NUL in reply)",
    "latin1": f"{UP} | {SENT}",
    "escape-bomb": f"{UP} | {SENT}",
    "bidi": f"{UP} | {SENT}",
    "line-endless": (
        f"{UP} | Disconnected: reply line too long; the reply has no end | "
        "(reply line too long) | (incomplete reply)"
    ),
    "line-long": f"{UP} | {SENT} | (reply line over 512 octets)",
    "endless-continuation": (
        "greeting 220 | Disconnected: reply too long; the reply has no end | "
        "(reply too long) | (incomplete reply)"
    ),
    "drip": f"{UP} | Silence: No reply to MAIL within 0.9 seconds | (incomplete reply)",
    "early-reply": f"{UP} | {SENT} | (unsolicited reply)",
    "double-reply": (
        f"{UP} | mail 250 rcpt 250,250 | data 250 | end  | "
        "Silence: No reply to QUIT within 0.4 seconds | (unsolicited reply)"
    ),
    "missing-reply": f"{UP} | Silence: No reply to DATA within 0.4 seconds",
    "ehlo-500": f"{UP} | {SENT}",
    "ehlo-drop": "greeting 220 | Disconnected: Connection closed by the server",
    "ehlo-odd": f"{UP} | {SENT}",
    "starttls-inject-line": (
        f"{UP} | "
        "HandshakeFailed: 20 octets of plaintext came behind the reply to STARTTLS; the "
        "server or something on the path injects them | (plaintext after STARTTLS)"
    ),
    "starttls-inject-fragment": (
        f"{UP} | "
        "HandshakeFailed: 12 octets of plaintext came behind the reply to STARTTLS; the "
        "server or something on the path injects them | (plaintext after STARTTLS)"
    ),
    "starttls-late-plaintext": (
        f"{UP} | "
        "HandshakeFailed: the server does not speak TLS here; it said: 500 5.5.1 What is "
        "that?"
    ),
    "starttls-refused": f"{UP} | starttls 454 | ehlo 250 | {SENT}",
    "starttls-vanishes": f"{TLS} | {SENT}",
    "starttls-stripped": f"{TLS} | {SENT}",
    "starttls-close": (
        f"{UP} | HandshakeFailed: the server closed the connection during the TLS handshake"
    ),
    "starttls-reset": (
        f"{UP} | "
        "HandshakeFailed: the server closed the connection during the TLS handshake ([Errno "
        "104] Connection reset by peer)"
    ),
    "starttls-hang": f"{UP} | Silence: No TLS handshake within 0.4 seconds",
    "tls-alert": (
        f"{UP} | HandshakeFailed: the server ended the TLS handshake: handshake failure (alert 40)"
    ),
    "tls-alert-version": (
        f"{UP} | HandshakeFailed: the server ended the TLS handshake: protocol version (alert 70)"
    ),
    "tls-alert-name": (
        f"{UP} | HandshakeFailed: the server ended the TLS handshake: unrecognized name (alert 112)"
    ),
    "tls-garbage": (
        f"{UP} | "
        "HandshakeFailed: the server does not speak TLS here; it said: "
        "\\x16\\x03\\x03\\xff\\xff\\x137\\xc0\\xde\\x00\\x01"
    ),
    "tls-1-2-only": f"{TLS} | {SENT}",
    "tls-1-0-only": f"{TLS} | {SENT} | warning old-version",
    "tls-no-forward-secrecy": f"{TLS} | {SENT} | warning no-forward-secrecy",
    "tls-cert-expired": f"{TLS} | {SENT} | error expired",
    "tls-cert-future": f"{TLS} | {SENT} | error not-yet-valid",
    "tls-cert-wrong-name": f"{TLS} | {SENT} | error name-mismatch",
    "tls-cert-self-signed": f"{TLS} | {SENT} | error self-signed | error name-mismatch",
    "tls-cert-incomplete": f"{TLS} | {SENT} | error missing-issuer",
    "tls-cert-hostile": f"{TLS} | {SENT} | error self-signed | error name-mismatch",
    "tls-client-certificate": (
        f"{UP} | "
        "HandshakeFailed: the server ended the TLS session: certificate required (alert 116); "
        "it demands a client certificate"
        " | info root-sent | info client-certificate"
    ),
    "tls-client-certificate-1-2": (
        f"{UP} | "
        "HandshakeFailed: the server ended the TLS handshake: handshake failure (alert 40); "
        "it demands a client certificate | info root-sent | info client-certificate"
    ),
    "tls-no-close-notify": (
        f"{TLS} | noop 250 | Disconnected: Not connected | (closed without close_notify)"
    ),
    "tls-then-plaintext": (
        f"{TLS} | "
        "HandshakeFailed: the server went on in the clear inside of TLS; it said: 250 2.0.0 "
        "Ok"
    ),
    "tls-tickets": f"{TLS} | {SENT}",
    "tls-capability-drop": f"{TLS} | {SENT}",
    "auth-bad-base64": f"{TLS} | MechanismError: the server's challenge is not base64",
    "auth-empty-challenge": f"{TLS} | auth 235 | {SENT}",
    "auth-long-challenge": (
        f"{TLS} | Disconnected: reply line too long; the reply has no end | "
        "(reply line too long) | (incomplete reply)"
    ),
    "auth-endless": f"{TLS} | MechanismError: the server asks for more than LOGIN has to say",
    "auth-535": f"{TLS} | auth 535 | {SENT}",
    "auth-454": f"{TLS} | auth 454 | {SENT}",
    "auth-534": f"{TLS} | auth 534 | {SENT}",
    "auth-538": f"{TLS} | auth 538 | {SENT}",
    "auth-no-proof": (
        f"{TLS} | MechanismError: the server says yes without the proof that it knows the password"
    ),
    "auth-unadvertised": f"{UP} | {SENT}",
    "421": f"{UP} | mail 421 rcpt  | end  | quit 221",
    "mail-refused": f"{UP} | mail 550 {NOT_BEGUN}",
    "mail-later": f"{UP} | mail 451 {NOT_BEGUN}",
    "rcpt-mixed": f"{UP} | mail 250 rcpt 250,452 | data 354 | end 250 | quit 221",
    "rcpt-none-but-354": f"{UP} | mail 250 rcpt 550,550 | data 354 | end 554 | quit 221",
    "data-refused": f"{UP} | mail 250 rcpt 250,250 | data 554 | end  | quit 221",
    "data-close": f"{UP} | Disconnected: Connection closed by the server",
    "early-final": f"{UP} | mail 250 rcpt 250,250 | data 354 | end 552 | quit 221",
    "data-reset": f"{UP} | Disconnected: Connection lost: [Errno 104] Connection reset by peer",
    "window-zero": f"{UP} | Silence: No octet of what is sent was taken within 0.4 seconds",
    "dot-timeout": f"{UP} | Silence: No reply to (content) within 0.4 seconds",
    "end-twice": f"{UP} | {SENT} | (unsolicited reply)",
    "lax-end": f"{UP} | {SENT}",
    "pipelining-split": f"{UP} | {SENT}",
    "pipelining-lie": f"{UP} | Silence: No reply to RCPT within 0.4 seconds",
    "bdat-refused": f"{UP} | mail 250 rcpt 250,250 | end 503 | quit 221",
    "smtputf8-lie": f"{UP} | mail 250 rcpt 553,553 | data 503 | end  | quit 221",
    "half-close": "greeting 220 | Disconnected: Connection closed by the server",
    "deaf-address": f"{UP} | {SENT} | (gave up [::1]:port)",
    "quit-without-reply": f"{UP} | {SENT}",
    "quit-talks-on": f"{UP} | {SENT} | (unsolicited reply)",
    "idle-421": f"{UP} | {SENT} | (unsolicited reply)",
    "echo": f"{UP} | mail -1 {NOT_BEGUN} | (no reply code)",
}


# Where two things happen at the same time, either may be seen first.
EITHER = {
    # The reset meets a client that still connects, or one that has.
    "reset-on-accept": "reset by (the server|peer)$",
}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture
def spoilt(sandbox: Sandbox, name: str) -> Iterator[Fault]:
    """The fault of a name, switched on."""
    fault = known()[name]
    sandbox.faults.switch_on(fault)
    yield fault
    sandbox.faults.switch_off()


@pytest.mark.parametrize("name", known())
async def test_each_fault_ends_in_its_outcome_in_time_and_in_bounds(
    sandbox: Sandbox, spoilt: Fault
) -> None:
    tracemalloc.start()
    began = time.monotonic()
    try:
        found = await outcome(sandbox, spoilt)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    if spoilt.name in EITHER:
        assert re.search(EITHER[spoilt.name], found), found
    else:
        assert found == EXPECTED[spoilt.name]
    assert time.monotonic() - began < spoilt.seconds
    assert peak < 30_000_000
    notes = [note.what for note in sandbox.diary.since(0)]
    assert f"fault {spoilt.name}" in notes or spoilt.withdraw or spoilt.lax


async def test_without_a_fault_all_is_well(sandbox: Sandbox) -> None:
    fault = Fault(name="none tls", id="", title="", shows="", at=("NOOP",))
    assert await outcome(sandbox, fault) == f"{TLS} | noop 250 | {SENT}"


def test_every_fault_is_told_and_expected() -> None:
    assert set(EXPECTED) | set(EITHER) == set(known())
    numbers = {int(fault.id[1:]) for fault in known().values()}
    assert numbers == set(range(1, 76))
    for fault in known().values():
        assert fault.title.endswith(".") and fault.shows.endswith("."), fault.name


def test_faults_are_asked_for_by_name_number_place_count_and_chance() -> None:
    assert parsed("RCPT-mixed") == known()["rcpt-mixed"]
    assert parsed("f24").name == "drip"
    assert parsed("421@rcpt").at == ("rcpt",) and parsed("421@RCPT").at == ("RCPT",)
    fault = parsed("double-reply@RCPT#3%12.5")
    assert (fault.at, fault.nth, fault.chance) == (("RCPT",), 3, 12.5)
    for wrong in ("rcpt", "", "no such", "drip#x", "drip%"):
        with pytest.raises(FaultError, match="there is no fault"):
            parsed(wrong)
    with pytest.raises(FaultError, match="near are rcpt-mixed"):
        parsed("rcpt-mixd")


def test_chances_are_counted_in_a_connection_and_drawn_by_a_seed() -> None:
    third = Switches([parsed("drip@NOOP#3")])
    for _ in range(2):
        chances = Chances()
        assert [len(third.due("NOOP", chances)) for _ in range(4)] == [0, 0, 1, 0]
    assert third.due("MAIL", Chances()) == []
    some = [Switches([parsed("drip@NOOP%30")], seed=7) for _ in range(2)]
    draws = [[len(each.due("NOOP", Chances())) for _ in range(200)] for each in some]
    assert draws[0] == draws[1] and 30 < sum(draws[0]) < 90


def test_what_is_for_every_reply_is_for_replies_only() -> None:
    switches = Switches([parsed("bare-lf")])
    for moment in ("greeting", "EHLO", "challenge", "end", "STARTTLS"):
        assert switches.due(moment, Chances()), moment
    for moment in WORDLESS:
        assert not switches.due(moment, Chances()), moment


def test_connections_are_counted_where_each_has_one_chance() -> None:
    second = Switches([parsed("banner-554#2")])
    assert [len(second.due("greeting", Chances())) for _ in range(3)] == [0, 1, 0]


def test_faults_are_switched_on_and_off() -> None:
    switches = Switches()
    for name in ("drip", "bidi", "drip"):
        switches.switch_on(known()[name])
    assert [fault.name for fault in switches.on] == ["bidi", "drip"]
    switches.switch_off("bidi")
    assert [fault.name for fault in switches.on] == ["drip"]
    switches.switch_off()
    assert switches.on == ()
