"""MTA-STS: the policy, fetched over HTTPS from a server on the loopback that has every fault."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme
import zone
from hostile import Close, Deaf, Hear, Say, StartTls, Step, serve
from hypothesis import given as for_all
from hypothesis import strategies as st

from smtpconsole.net.dns import sts
from smtpconsole.net.dns.resolver import Resolver
from smtpconsole.net.dns.servers import Server, Servers
from smtpconsole.smtp.facts import StsPolicy

DOMAIN = "lab.test"
POLICY = (
    b"version: STSv1\r\nmode: enforce\r\nmx: mail.lab.test\r\nmx: *.mx.lab.test\r\n"
    b"max_age: 604800\r\n"
)
ZONE = '_mta-sts TXT "v=STSv1; id=20260101"\nmta-sts A 127.0.0.1\n'
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n"
LINES = (
    b"GET /.well-known/mta-sts.txt",
    b"Host: mta-sts.lab.test",
    b"User-Agent",
    b"Accept",
    b"Conn",
)
ASKED: tuple[Step, ...] = (*(Hear(line) for line in LINES), Hear(b"\r\n"))


@dataclass(frozen=True)
class Site:
    """Certificates for the web server."""

    ca: Path
    other_ca: Path
    good: ssl.SSLContext
    wrong: ssl.SSLContext


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("web")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    trustme.CA().cert_pem.write_to_path(str(folder / "other.pem"))
    contexts = []
    for name in ("mta-sts.lab.test", "www.lab.test"):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name).configure_cert(context)
        contexts.append(context)
    yield Site(folder / "ca.pem", folder / "other.pem", *contexts)


async def fetched(
    site: Site,
    *steps: Step,
    records: str = ZONE,
    ca: Path | None = None,
    context: ssl.SSLContext | None = None,
    timeout: float = 5,
) -> sts.Sts:
    with zone.serve(zone.zone(DOMAIN, records)) as names:
        resolver = Resolver(Servers((Server(zone.HOST, names.port),)))
        with serve(StartTls(context or site.good), *steps) as server:
            web = sts.Web(server.port, str(ca or site.ca), timeout)
            return await sts.sts(resolver, DOMAIN, web)


def codes(found: sts.Sts) -> list[str]:
    return [each.code for each in found.remarks]


@pytest.mark.parametrize(
    "body",
    [
        HEAD + b"\r\n" + POLICY,
        HEAD + b"Content-Length: %d\r\n\r\n" % len(POLICY) + POLICY + b"more",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
        b"10;x=y\r\n"
        + POLICY[:16]
        + b"\r\n%x\r\n" % len(POLICY[16:])
        + POLICY[16:]
        + b"\r\n0\r\n\r\n",
    ],
    ids=["to the end", "by length", "in chunks"],
)
async def test_a_policy_is_fetched(site: Site, body: bytes) -> None:
    found = await fetched(site, *ASKED, Say(body), Close())
    assert found.policy == StsPolicy("enforce", ("mail.lab.test", "*.mx.lab.test"), 604800)
    assert not found.error and not found.remarks and not found.record.remarks
    assert found.allows("mail.lab.test") and not found.allows("evil.test")


async def test_without_a_record_nothing_is_fetched(site: Site) -> None:
    found = await fetched(site, records="mta-sts A 127.0.0.1\n")
    assert not found.record.text and found.policy is None and not found.error
    assert found.allows("anything.test")


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        (
            b"HTTP/1.1 301 Moved\r\nLocation: https://evil.test/\r\n\r\n",
            "sts-redirect",
            "evil.test",
        ),
        (b"HTTP/1.1 404 Not Found\r\n\r\n", "sts-status", "404 Not Found"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "sts-not-http", "does not speak HTTP"),
        (b"HTTP/1.1 200 OK", "sts-not-http", "does not speak HTTP"),
        (HEAD + b"\r\n" + b"mx: x\r\n" * 20000, "sts-too-large", "64 KiB"),
        (HEAD + b"Content-Length: 99999999\r\n\r\n", "sts-too-large", "64 KiB"),
        (HEAD + b"Content-Length: -1\r\n\r\n", "sts-too-large", "64 KiB"),
        (HEAD + b"Content-Length: many\r\n\r\n", "sts-not-http", "does not speak HTTP"),
        (HEAD + b"Content-Length: 500\r\n\r\n" + POLICY, "sts-truncated", "in the middle"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nfffffff\r\n", "sts-too-large", "64 KiB"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n-5\r\n", "sts-too-large", "64 KiB"),
        (HEAD + b"X: " + b"y" * 20000 + b"\r\n\r\n", "sts-not-http", "does not speak HTTP"),
        (HEAD.replace(b"plain", b"html") + b"\r\n" + POLICY, "sts-media", "text/html"),
    ],
)
async def test_a_policy_that_must_not_be_taken_is_not(
    site: Site, answer: bytes, code: str, words: str
) -> None:
    found = await fetched(site, *ASKED, Say(answer), Close())
    assert found.policy is None
    assert words in found.error
    assert code in codes(found)


async def test_a_certificate_for_another_name_ends_it(site: Site) -> None:
    found = await fetched(site, *ASKED, context=site.wrong)
    assert codes(found) == ["sts-certificate"] and "mta-sts.lab.test" in found.error


async def test_a_certificate_of_an_unknown_authority_ends_it(site: Site) -> None:
    assert codes(await fetched(site, *ASKED, ca=site.other_ca)) == ["sts-certificate"]


async def test_a_web_server_that_says_nothing_ends_in_time(site: Site) -> None:
    found = await fetched(site, *ASKED, Deaf(), timeout=0.3)
    assert codes(found) == ["sts-timeout"] and "0.3 seconds" in found.error


async def test_a_web_server_without_tls_is_told(site: Site) -> None:
    with zone.serve(zone.zone(DOMAIN, ZONE)) as names:
        resolver = Resolver(Servers((Server(zone.HOST, names.port),)))
        with serve(Say(b"HTTP/1.1 400 Bad Request\r\n\r\n"), Close()) as server:
            web = sts.Web(server.port, str(site.ca))
            found = await sts.sts(resolver, DOMAIN, web)
            assert codes(found) in (["sts-tls"], ["sts-connect"])
        found = await sts.sts(resolver, DOMAIN, web)
        assert codes(found) == ["sts-connect"] and "nothing listens" in found.error


@pytest.mark.parametrize(
    ("records", "code"),
    [('_mta-sts TXT "v=STSv1; id=1"\n', "sts-host")],
)
async def test_a_policy_host_without_an_address_is_told(
    site: Site, records: str, code: str
) -> None:
    found = await fetched(site, records=records)
    assert codes(found) == [code]


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ("v=STSv1; id=20260101", []),
        ("v=STSv1; id=20260101;", []),
        ("v=STSv1", ["sts-id"]),
        ("v=STSv1; id=2026-01-01", ["sts-id"]),
        ("v=STSv1; id=1; x=y", ["sts-unknown"]),
    ],
)
async def test_the_record_is_linted(record: str, expected: list[str]) -> None:
    with zone.serve(zone.zone(DOMAIN, f'_mta-sts TXT "{record}"\n')) as names:
        resolver = Resolver(Servers((Server(zone.HOST, names.port),)))
        found = await sts.announced(resolver, DOMAIN)
    assert [each.code for each in found.remarks] == expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ((b"STSv1", b"STSv2"), ["sts-version"]),
        ((b"enforce", b"strict"), ["sts-mode"]),
        ((b"enforce", b"testing"), ["sts-testing"]),
        ((b"604800", b"never"), ["sts-max-age"]),
        ((b"604800", b"99999999"), ["sts-max-age"]),
        ((b"604800", b"60"), ["sts-short"]),
        ((b"mx: mail.lab.test\r\nmx: *.mx.lab.test\r\n", b""), ["sts-no-mx"]),
        ((b"*.mx", b"mx.*"), ["sts-pattern"]),
        ((b"\r\n", b"\n"), ["sts-line-ends"]),
        ((b"mode: enforce", b"mode: enforce\r\nmode: none"), ["sts-twice"]),
        ((b"mode: enforce", b"mode: enforce\r\nfoo: bar"), ["sts-unknown"]),
        ((b"mode: enforce", b"mode: enforce\r\nhello"), ["sts-syntax"]),
    ],
)
def test_the_policy_is_linted(change: tuple[bytes, bytes], expected: list[str]) -> None:
    policy, remarks = sts.parse(POLICY.replace(*change))
    assert [each.code for each in remarks] == expected
    assert (policy is None) == any(each.severity == "error" for each in remarks)


def test_mode_none_needs_no_servers() -> None:
    policy, remarks = sts.parse(b"version: STSv1\r\nmode: none\r\nmax_age: 86400\r\n")
    assert policy == StsPolicy("none", (), 86400) and not remarks


@for_all(st.binary())
def test_any_octets_are_a_policy_or_told_not_to_be(body: bytes) -> None:
    policy, remarks = sts.parse(body)
    assert policy is not None or any(each.severity == "error" for each in remarks)
