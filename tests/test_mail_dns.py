"""What the DNS says about a mail domain, looked up on the loopback."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator

import pytest
import zone
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given as for_all
from hypothesis import strategies as st

from smtpconsole.net.dns import dkim, dmarc, mx, reverse, spf, sts, tags, tlsa, tlsrpt
from smtpconsole.net.dns.resolver import Resolver
from smtpconsole.net.dns.servers import Server, Servers
from smtpconsole.smtp.facts import TlsaAnswer, TlsaRecord
from smtpconsole.smtp.remarks import Remark

LAB = """
@ MX 20 backup
@ MX 10 mail
mail A 127.0.0.2
mail AAAA ::1
backup CNAME other
other A 127.0.0.3
nomx A 127.0.0.4
nothing TXT "x"
nullmx MX 0 .
oddnull MX 5 .
mixed MX 0 .
mixed MX 10 mail
literal MX 10 192.0.2.1.
hollow MX 10 gone
hollow MX 20 nothing
alias CNAME nomx
twice MX 10 mail
twice MX 20 mail
half MX 10 fail
half MX 20 mail
broken MX 10 fail
fail A 127.0.0.9
*.wild MX 10 mail
_25._tcp.mail TLSA 3 1 1 00000000000000000000000000000000000000000000000000000000000000aa
_25._tcp.other TLSA 2 0 1 00000000000000000000000000000000000000000000000000000000000000bb
xn--mller-kva MX 10 mail
"""
REVERSE = """
2 PTR mail.lab.test.
3 PTR wrong.lab.test.
"""


@pytest.fixture
def names() -> Iterator[zone.Names]:
    back = zone.zone("0.0.127.in-addr.arpa", REVERSE)
    with zone.serve(zone.zone("lab.test", LAB), back) as running:
        yield running


def resolver(names: zone.Names) -> Resolver:
    return Resolver(Servers((Server(zone.HOST, names.port),)), lifetime=1)


def codes(remarks: tuple[Remark, ...] | list[Remark]) -> list[str]:
    return [each.code for each in remarks]


# --- where mail goes --------------------------------------------------------------------------


async def test_servers_come_in_the_order_a_sender_tries_them(names: zone.Names) -> None:
    plan = await mx.plan(resolver(names), "Lab.Test.")
    assert plan.state == "mx" and plan.domain == "lab.test"
    assert [(each.preference, each.name) for each in plan.exchangers] == [
        (10, "mail.lab.test"),
        (20, "backup.lab.test"),
    ]
    assert plan.exchangers[0].addresses == ("::1", "127.0.0.2")
    assert plan.exchangers[1].addresses == ("127.0.0.3",)
    assert plan.exchangers[1].canonical == "other.lab.test"
    assert "mx-is-alias" in codes(plan.remarks)


@pytest.mark.parametrize(
    ("name", "state", "words"),
    [
        ("nomx", "implicit", "its own address"),
        ("alias", "implicit", "its own address"),
        ("nullmx", "null-mx", "556 5.1.10"),
        ("nope", "nxdomain", "does not exist"),
        ("nothing", "no-address", "nowhere to send to"),
        ("hollow", "no-address", "nowhere to send to"),
        ("literal", "no-address", "nowhere to send to"),
        ("broken", "servfail", "tries again later"),
        ("half", "mx", "its MX records name"),
        ("any.wild", "nxdomain", "does not exist"),
        ("müller", "mx", "its MX records name"),
    ],
)
async def test_a_domain_is_in_one_of_seven_states(
    names: zone.Names, name: str, state: str, words: str
) -> None:
    names.faults["fail.lab.test"] = "servfail"
    plan = await mx.plan(resolver(names), f"{name}.lab.test")
    assert plan.state == state
    assert words in plan.sentence
    assert plan.has_servers == (state in ("mx", "implicit"))


@pytest.mark.parametrize(
    ("fault", "state"),
    [("servfail", "servfail"), ("bogus", "servfail"), ("refused", "servfail"), ("drop", "timeout")],
)
async def test_what_cannot_be_told_now_is_not_the_same_as_nothing(
    names: zone.Names, fault: str, state: str
) -> None:
    names.faults["lab.test MX"] = fault
    one = Resolver(Servers((Server(zone.HOST, names.port),)), lifetime=0.3)
    plan = await mx.plan(one, "lab.test")
    assert plan.state == state and plan.why


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("oddnull", "null-mx-form"),
        ("mixed", "null-mx-not-alone"),
        ("literal", "mx-is-address"),
        ("hollow", "mx-no-address"),
        ("half", "mx-unresolved"),
        ("twice", "mx-twice"),
        ("nomx", "implicit-mx"),
    ],
)
async def test_what_is_odd_about_a_plan_is_remarked(
    names: zone.Names, name: str, code: str
) -> None:
    names.faults["fail.lab.test"] = "servfail"
    plan = await mx.plan(resolver(names), f"{name}.lab.test")
    found = [each for each in plan.remarks if each.code == code]
    assert found and all(each.rfc for each in found)


async def test_a_crowd_of_servers_is_cut(names: zone.Names) -> None:
    crowd = "".join(f"@ MX 10 m{number}\nm{number} A 127.0.0.1\n" for number in range(30))
    names.zones.append(zone.zone("crowd.test", crowd))
    plan = await mx.plan(resolver(names), "crowd.test")
    assert len(plan.exchangers) == mx.MAX_EXCHANGERS and "many-mx" in codes(plan.remarks)


async def test_dnssec_vouches_for_a_plan_only_as_a_whole(names: zone.Names) -> None:
    names.has_ad = True
    plan = await mx.plan(resolver(names), "lab.test")
    assert plan.is_secure and all(each.is_secure for each in plan.exchangers)
    names.has_ad = False
    plan = await mx.plan(resolver(names), "lab.test")
    assert not plan.is_secure and not any(each.is_secure for each in plan.exchangers)


# --- addresses and names ----------------------------------------------------------------------


async def test_a_name_that_leads_back_is_confirmed(names: zone.Names) -> None:
    found = await reverse.reverse(resolver(names), "127.0.0.2")
    assert found.names == found.confirmed == ("mail.lab.test",)
    assert not list(found.remarks())


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("127.0.0.3", "ptr-not-confirmed"),
        ("127.0.0.8", "no-ptr"),
        ("127.0.0.7", "ptr-unresolved"),
    ],
)
async def test_a_name_that_does_not_is_told(names: zone.Names, address: str, code: str) -> None:
    names.faults["7.0.0.127.in-addr.arpa"] = "servfail"
    found = await reverse.reverse(resolver(names), address)
    assert codes(list(found.remarks())) == [code] and not found.confirmed


@pytest.mark.parametrize(
    ("name", "address", "expected"),
    [
        ("mail.lab.test", "127.0.0.2", []),
        ("mail.lab.test", "127.0.0.9", ["helo-other-address"]),
        ("gone.lab.test", "127.0.0.2", ["helo-no-address"]),
        ("laptop", "127.0.0.2", ["helo-not-qualified"]),
    ],
)
async def test_our_own_name_is_looked_at_as_a_server_does(
    names: zone.Names, name: str, address: str, expected: list[str]
) -> None:
    assert codes(await reverse.hello_remarks(resolver(names), name, address)) == expected


# --- TLSA -------------------------------------------------------------------------------------


async def pinned(names: zone.Names, place: int) -> TlsaAnswer:
    one = resolver(names)
    plan = await mx.plan(one, "lab.test")
    return await tlsa.tlsa(one, plan.exchangers[place], plan.domain)


async def test_the_keys_of_a_server_are_found_and_vouched_for(names: zone.Names) -> None:
    names.has_ad = True
    found = await pinned(names, 0)
    assert found.is_secure and found.records == (TlsaRecord(3, 1, 1, bytes(31) + b"\xaa"),)
    assert found.names == ("mail.lab.test", "lab.test")
    assert not list(tlsa.remarks(found, "mail.lab.test"))


async def test_an_alias_that_is_vouched_for_is_asked_by_its_own_name(names: zone.Names) -> None:
    names.has_ad = True
    found = await pinned(names, 1)
    assert found.records[0].usage == 2
    assert found.names == ("other.lab.test", "backup.lab.test", "lab.test")


async def test_an_alias_that_is_not_is_asked_by_the_name_in_the_mx(names: zone.Names) -> None:
    found = await pinned(names, 1)
    assert not found.records and not found.is_secure
    assert "_25._tcp.backup.lab.test TLSA" in names.questions()
    assert "_25._tcp.other.lab.test TLSA" not in names.questions()


async def test_keys_without_dnssec_prove_nothing(names: zone.Names) -> None:
    found = await pinned(names, 0)
    assert found.records and not found.is_secure
    assert codes(list(tlsa.remarks(found, "x"))) == ["tlsa-insecure"]
    told = list(tlsa.remarks(found, "x", "AD not trusted: the resolver is far"))
    assert codes(told) == ["ad-not-trusted"] and "far" in told[0].text


@pytest.mark.parametrize("fault", ["servfail", "bogus", "drop"])
async def test_keys_that_cannot_be_had_make_a_sender_wait(names: zone.Names, fault: str) -> None:
    names.has_ad = True
    names.faults["_25._tcp.mail.lab.test"] = fault
    found = await pinned(names, 0)
    assert found.error and not found.records
    assert codes(list(tlsa.remarks(found, "x"))) == ["tlsa-failed"]


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (TlsaRecord(1, 1, 1, bytes(32)), ["tlsa-unusable", "tlsa-none-usable"]),
        (TlsaRecord(3, 1, 1, bytes(20)), ["tlsa-unusable", "tlsa-none-usable"]),
        (TlsaRecord(3, 1, 2, bytes(64)), []),
        (TlsaRecord(3, 5, 1, bytes(32)), ["tlsa-unusable", "tlsa-none-usable"]),
        (TlsaRecord(3, 0, 0, bytes(900)), ["tlsa-full"]),
    ],
)
def test_records_that_are_of_no_use_are_told(record: TlsaRecord, expected: list[str]) -> None:
    assert codes(list(tlsa.remarks(TlsaAnswer((record,), True), "x"))) == expected


# --- who may send -----------------------------------------------------------------------------


async def look(records: str, kind: str, **more: str) -> tags.Published:
    """What is published in a zone of these records."""
    with zone.serve(zone.zone("d.test", records)) as names:
        one = resolver(names)
        match kind:
            case "spf":
                return await spf.spf(one, "d.test")
            case "dmarc":
                return await dmarc.dmarc(one, more.get("domain", "d.test"))
            case "dkim":
                return await dkim.dkim(one, "d.test", "s1")
        return await tlsrpt.tlsrpt(one, "d.test")


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ("v=spf1 mx -all", []),
        ("v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 a/24 ~all", []),
        ("v=spf1 +all", ["spf-plus-all"]),
        ("v=spf1 all", ["spf-plus-all"]),
        ("v=spf1 mx ?all", ["spf-neutral"]),
        ("v=spf1 mx", ["spf-no-all"]),
        ("v=spf1 redirect=_spf.d.test", []),
        ("v=spf1 -all mx", ["spf-after-all"]),
        ("v=spf1 ipv4:192.0.2.1 -all", ["spf-syntax"]),
        ("v=spf1 ip4:192.0.2.300 -all", ["spf-network"]),
        ("v=spf1 ip4:2001:db8::1 -all", ["spf-network"]),
        ("v=spf1 include: -all", ["spf-syntax"]),
        ("v=spf1 ptr -all", ["spf-ptr"]),
        ("v=spf1 include:none.d.test -all", ["spf-include"]),
        ("v=spf1 include:loop.d.test -all", ["spf-loop"]),
        ("v=spf1 include:%{d}.x.test exists:%{i}.d.test -all", []),
        ("v=spf1 " + "a " * 11 + "-all", ["spf-lookups"]),
        ("v=spf1 include:many.d.test a a a a a -all", ["spf-lookups"]),
        ("v=spf1 " + "ip4:192.0.2.1 " * 40 + "-all", ["spf-long"]),
    ],
)
async def test_an_spf_record_is_linted(record: str, expected: list[str]) -> None:
    more = (
        '_spf TXT "v=spf1 -all"\nloop TXT "v=spf1 include:d.test -all"\n'
        'many TXT "v=spf1 a mx a mx a -all"\nnone TXT "hello"\n'
    )
    pieces = " ".join(f'"{record[at : at + 200]}"' for at in range(0, len(record), 200))
    found = await look(f"@ TXT {pieces}\n@ TXT other\n{more}", "spf")
    assert found.text == record
    assert codes(found.remarks) == expected


async def test_two_spf_records_are_none() -> None:
    found = await look('@ TXT "v=spf1 -all"\n@ TXT "v=spf1 mx -all"\n', "spf")
    assert "spf-many" in codes(found.remarks) and found.has_errors


async def test_what_only_begins_like_spf_is_none() -> None:
    found = await look('@ TXT "v=spf10 -all"\n', "spf")
    assert not found.text and found.why == "none is published"


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ("v=DMARC1; p=reject; rua=mailto:a@d.test", []),
        ("v=DMARC1; p=none; rua=mailto:a@d.test", ["dmarc-none"]),
        ("v=DMARC1; rua=mailto:a@d.test", ["dmarc-no-policy"]),
        ("v=DMARC1; p=reject", ["dmarc-no-reports"]),
        ("v=DMARC1; p=block; rua=mailto:a@d.test", ["dmarc-value"]),
        ("v=DMARC1; p=reject; pct=50; rua=mailto:a@d.test", ["dmarc-removed"]),
        ("v=DMARC1; p=reject; fo=1:x; rua=mailto:a@d.test", ["dmarc-value"]),
        ("v=DMARC1; p=reject; psd=n; t=y; np=reject; rua=mailto:a@d.test", []),
        ("v=DMARC1; p=reject; rua=mailto:a@d.test!10m", ["dmarc-size"]),
        ("v=DMARC1; p=reject; rua=a@d.test", ["dmarc-uri"]),
        ("v=DMARC1; p=reject; rua=mailto:a@x.d.test,mailto:b@far.test", ["dmarc-report"]),
        ("v=DMARC1; p=reject; rua=mailto:a@good.test", []),
        ("v=DMARC1; p=reject; foo=bar; rua=mailto:a@d.test", ["dmarc-unknown"]),
        ("v=DMARC1; p=reject; p=none; rua=mailto:a@d.test", ["dmarc-twice"]),
        ("v=DMARC1; p=reject; hello; rua=mailto:a@d.test", ["dmarc-syntax"]),
        ("v=dmarc1; p=reject; rua=mailto:a@d.test", ["dmarc-version"]),
    ],
)
async def test_a_dmarc_record_is_linted(record: str, expected: list[str]) -> None:
    own = zone.zone("d.test", f'_dmarc TXT "{record}"\n')
    good = zone.zone("good.test", 'd.test._report._dmarc TXT "v=DMARC1"\n')
    with zone.serve(own, good, zone.zone("far.test", "")) as names:
        found = await dmarc.dmarc(resolver(names), "d.test")
    assert found.text == record
    assert codes(found.remarks) == expected


async def test_a_policy_is_found_up_the_tree() -> None:
    records = '_dmarc TXT "v=DMARC1; p=reject; rua=mailto:a@d.test"\n'
    found = await look(records, "dmarc", domain="news.mail.d.test")
    assert found.name == "_dmarc.d.test" and codes(found.remarks) == ["dmarc-inherited"]
    assert "d.test" in found.remarks[0].text


def test_a_long_name_is_walked_in_eight_steps() -> None:
    name = ".".join("abcdefghijkl")
    steps = list(dmarc.walk(name))
    assert steps[:2] == [name, "f.g.h.i.j.k.l"] and steps[-1] == "l" and len(steps) == 8
    assert list(dmarc.walk("a.b.c")) == ["a.b.c", "b.c", "c"]


def _rsa(bits: int) -> str:
    public = rsa.generate_private_key(65537, bits).public_key()
    return _written(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def _written(der: bytes) -> str:
    text = base64.b64encode(der).decode()
    return " ".join(f'"{text[at : at + 200]}"' for at in range(0, len(text), 200))


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (f'"v=DKIM1; k=rsa; p=" {_rsa(2048)}', []),
        (f'"v=DKIM1; p=" {_rsa(1024)}', ["dkim-short"]),
        (f'"t=y; h=sha1:sha256; p=" {_rsa(2048)}', ["dkim-sha1", "dkim-testing"]),
        (f'"k=ed25519; p={base64.b64encode(bytes(32)).decode()}"', []),
        ('"k=ed25519; p=AAAA"', ["dkim-key"]),
        ('"v=DKIM1; p="', ["dkim-revoked"]),
        ('"v=DKIM1; p=%%%"', ["dkim-key"]),
        ('"v=DKIM1; p=aGVsbG8="', ["dkim-key"]),
        ('"v=DKIM2; k=dsa; p=aGVsbG8="', ["dkim-version", "dkim-kind"]),
    ],
)
async def test_a_dkim_key_is_linted(record: str, expected: list[str]) -> None:
    record = record.replace(";", "\\;")
    assert codes((await look(f"s1._domainkey TXT {record}\n", "dkim")).remarks) == expected


def test_a_key_of_another_kind_is_no_rsa_key() -> None:
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert dkim._bits(der) is None
    assert dkim._bits(hashlib.sha256(der).digest()) is None


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ("v=TLSRPTv1; rua=mailto:t@d.test", []),
        ("v=TLSRPTv1; rua=https://d.test/,mailto:t@d.test", []),
        ("v=TLSRPTv1", ["tlsrpt-no-rua"]),
        ("v=TLSRPTv1; rua=http://d.test/", ["tlsrpt-uri"]),
    ],
)
async def test_a_tls_report_record_is_linted(record: str, expected: list[str]) -> None:
    assert codes((await look(f'_smtp._tls TXT "{record}"\n', "rpt")).remarks) == expected


async def test_a_record_that_cannot_be_had_is_not_an_absent_one() -> None:
    for fault, is_certain in (("servfail", False), ("", True)):
        with zone.serve(zone.zone("d.test", ""), faults={"_smtp._tls.d.test": fault}) as names:
            found = await tlsrpt.tlsrpt(resolver(names), "d.test")
        assert found.is_certain is is_certain
        assert codes(found.remarks) == ([] if is_certain else ["tlsrpt-unresolved"])


@for_all(st.text())
def test_the_readers_of_records_take_any_text(text: str) -> None:
    found = tags.read(text)
    assert set(found.order) == set(found.values)
    list(found.remarks("DMARC", frozenset(), ""))
    spf.terms(text)
    list(spf._lint(text))
    sts.parse(text.encode("utf-8", "surrogatepass"))
