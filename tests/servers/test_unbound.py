"""DNSSEC for real: a signed zone behind a validating unbound, and a Postfix that it pins."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import postfix
import pytest
import resolver as unbound
import zone

from smtpconsole.console.dns.matrix import Matrix, survey
from smtpconsole.console.dns.matrixtext import outcome
from smtpconsole.console.probe.visit import Errand
from smtpconsole.net.dane import record_for
from smtpconsole.net.dns import mx, tlsa
from smtpconsole.net.dns.resolver import Resolver
from smtpconsole.net.dns.servers import Server, Servers
from smtpconsole.net.policy import TlsPolicy
from smtpconsole.smtp.facts import TlsaAnswer
from smtpconsole.transcript.journal import Journal
from smtpconsole.transcript.turns import turns

pytestmark = pytest.mark.servers

LAB = """
@ MX 10 mail
@ MX 20 alias
mail A 127.0.0.1
alias CNAME mail
nullmx MX 0 .
nomx A 127.0.0.1
@ TXT "v=spf1 mx -all"
_25._tcp.mail TLSA 3 1 1 00000000000000000000000000000000000000000000000000000000000000aa
"""


@contextmanager
def validated(folder: Path, text: str = LAB, *, spoiled: str = "") -> Iterator[Resolver]:
    """A resolver that validates; the record set of the spoiled name is changed after signing."""
    source = zone.zone("lab.test", text)
    anchor = zone.sign(source)
    if spoiled:
        zone.spoil(source, spoiled)
    with (
        zone.serve(source) as names,
        unbound.running(folder, zones=["lab.test"], server=names.port, anchors=[anchor]) as port,
    ):
        yield Resolver(Servers((Server(zone.HOST, port),)), lifetime=10, observe=Journal())


async def test_a_validating_resolver_vouches_for_records_and_for_their_absence(
    tmp_path: Path,
) -> None:
    with validated(tmp_path) as resolver:
        plan = await mx.plan(resolver, "lab.test")
        assert plan.state == "mx" and plan.is_secure
        assert all(each.is_secure for each in plan.exchangers)
        for name, state in (("nullmx", "null-mx"), ("nomx", "implicit"), ("nope", "nxdomain")):
            assert (await mx.plan(resolver, f"{name}.lab.test")).state == state
        assert (await resolver.ask("nope.lab.test", "MX")).is_secure
        assert (await resolver.ask("_9._tcp.mail.lab.test", "TLSA")).is_secure
        found = await tlsa.tlsa(resolver, plan.exchangers[0], "lab.test")
        assert found.is_secure and len(found.records) == 1
        alias = await tlsa.tlsa(resolver, plan.exchangers[1], "lab.test")
        assert alias.is_secure and alias.names[0] == "mail.lab.test"
        assert isinstance(resolver.observe, Journal)
        told = [line for turn in turns(resolver.observe) for line in turn.lines]
    assert any(line.startswith("DNS MX lab.test: ") and ", AD, " in line for line in told)


async def test_what_was_tampered_with_is_bogus_and_says_why(tmp_path: Path) -> None:
    with validated(tmp_path, spoiled="_25._tcp.mail.lab.test TLSA") as resolver:
        plan = await mx.plan(resolver, "lab.test")
        answer = await resolver.ask("_25._tcp.mail.lab.test", "TLSA")
        assert answer.outcome == "bogus" and answer.rcode == "SERVFAIL"
        assert "DNSSEC bogus" in answer.words and "validation failed" in answer.words
        found: TlsaAnswer = await tlsa.tlsa(resolver, plan.exchangers[0], "lab.test")
        assert found.error and not found.records
        assert [each.code for each in tlsa.remarks(found, "mail.lab.test")] == ["tlsa-failed"]


async def test_a_domain_that_was_tampered_with_makes_a_sender_wait(tmp_path: Path) -> None:
    with validated(tmp_path, spoiled="lab.test MX") as resolver:
        plan = await mx.plan(resolver, "lab.test")
    assert plan.state == "servfail" and "DNSSEC validation failed" in plan.why


@pytest.mark.parametrize("is_right", [True, False])
async def test_postfix_is_pinned_by_the_dns_whoever_signed_its_certificate(
    mta: postfix.Postfix, tmp_path: Path, is_right: bool
) -> None:
    pem = (mta.folder / "server.pem").read_text()
    begin = pem.index("-----BEGIN CERTIFICATE")
    certificate = pem[begin : pem.index("-----END CERTIFICATE-----") + 25]
    record = str(record_for(ssl.PEM_cert_to_DER_cert(certificate)))
    if not is_right:
        record = f"3 1 1 {'ab' * 32}"
    text = f"@ MX 10 mail\nmail A 127.0.0.1\n_{mta.port}._tcp.mail TLSA {record}\n"
    errand = Errand("client.lab.test", TlsPolicy(strict=False, ca_file=str(mta.other_ca)), 20)
    with validated(tmp_path, text) as resolver:
        matrix = Matrix("lab.test")
        await survey(matrix, resolver, errand, tell=lambda _: None, port=mta.port)
    (row,) = matrix.rows
    assert row.cell("certificate").state == "fair", "no authority vouches for it"
    cell = row.cell("policy")
    assert cell.text.startswith("DANE: ")
    assert cell.state == ("good" if is_right else "bad"), cell.text
    assert (outcome(matrix).name == "undeliverable") is not is_right
