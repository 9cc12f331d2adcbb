"""Parsers of what comes from the network besides: TLS, certificates, DNS, HTTP, proxies."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from dataclasses import replace
from functools import partial
from pathlib import Path

import dns.message
import dns.rrset
from parsing import SECRET, Parser, awaited, in_file

from smtpconsole.console.sessions.inspection import Inspection
from smtpconsole.console.tls import tlsreport
from smtpconsole.net import certificates, diagnosis, https, pins, proxies, records, roots
from smtpconsole.net import messages as tls_messages
from smtpconsole.net import remarks as tls_remarks
from smtpconsole.net.dns import dkim, dmarc, names, resolver, servers, spf, sts, tags, tlsrpt
from smtpconsole.net.proxy_header import SIGNATURE
from smtpconsole.net.verdicts import verdicts
from smtpconsole.sandbox import proxy
from smtpconsole.sandbox.wire import Wire
from smtpconsole.smtp.facts import StsPolicy, TlsaAnswer, TlsaRecord, TlsFacts

# --- TLS and certificates ---------------------------------------------------------------------

_HELLO = (
    b"\x03\x03" + bytes(32) + b"\0\xc0\x2f\0" + b"\0\x0c" + b"\0\x2b\0\2\3\4" + b"\0\x33\0\2\0\x1d"
)


def _record(kind: int, body: bytes) -> bytes:
    return bytes((kind, 3, 3)) + len(body).to_bytes(2, "big") + body


def _handshake(kind: int, body: bytes) -> bytes:
    return _record(22, bytes((kind,)) + len(body).to_bytes(3, "big") + body)


_FLIGHT = b"".join(
    (
        _handshake(2, _HELLO),
        _handshake(11, b"x" * 30),
        _handshake(12, b"\3\0\x1d"),
        _handshake(13, b"\1\1\0\2\4\3\0\0"),
        _record(21, b"\2\x28"),
        _record(20, b"\1"),
        _record(23, b"secret"),
    )
)


FLIGHTS = (_FLIGHT, _handshake(1, _HELLO), b"500 what\r\n")


def _sniffed(data: bytes) -> object:
    seen = []
    for party in ("client", "server"):
        reader = tls_messages.Reader(lambda each: seen.append(str(each)))
        sniffer = records.Sniffer(party, reader)  # type: ignore[arg-type]
        sniffer.feed(data)
        seen.append(repr((sniffer.stranger, reader.version, reader.group, reader.authorities)))
    assert len(seen) < 1000
    return seen


def _certificate(der: bytes) -> object:
    facts = certificates.facts(der)
    assert facts.der == der
    answer = TlsaAnswer((TlsaRecord(3, 1, 1, der[:32]), TlsaRecord(2, 0, 0, der)), True, ("x",))
    session = TlsFacts("TLSv1.3", chain=(facts,))
    policy = StsPolicy("enforce", ("*.example.test",), 86400)
    found = verdicts(session, "mx.example.test", is_secure=True, tlsa=answer, sts=policy)
    problems = diagnosis.diagnose([der], "mail.example.test", [])
    inspected = Inspection()
    inspected.facts = replace(session, problems=problems)
    return list(tlsreport.chain(inspected)), found, problems


_PEM = Path(__file__).with_name("certificates.pem").read_bytes()
_DERS = tuple(
    map(ssl.PEM_cert_to_DER_cert, re.findall(r"-----B[^$]+?-----END[^\n]+\n", _PEM.decode()))
)
_PIN = "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

TLS = (
    Parser("TLS records", _sniffed, FLIGHTS),
    Parser("certificates", _certificate, _DERS),
    Parser(
        "PEM files",
        in_file(roots.roots_from),
        (_PEM,),
        (ValueError,),
        words=(b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"),
    ),
    Parser(
        "pins",
        pins.parse,
        (_PIN, "spki:" + "00" * 32, "cert:" + ":".join(["ab"] * 32)),
        (ValueError,),
    ),
    Parser(
        "clocks in greetings",
        tls_remarks.clock,
        ("mx ESMTP Exim Wed, 25 Nov 2026 18:20:11 +0100",),
        words=("31 Feb", "99:99:99", "-9999"),
    ),
)

# --- DNS, HTTP, proxies -----------------------------------------------------------------------


def _response(data: bytes) -> object:
    """As the resolver takes what a server sends."""
    blank = resolver.Answer("example.org", "MX", "timeout")
    try:
        message = dns.message.from_wire(data)
        if not isinstance(message, dns.message.QueryMessage) or not message.question:
            return None
        answer = resolver._read(blank, message, True)
    except (dns.exception.DNSException, ValueError):  # as Resolver._from does
        return None
    shown = [resolver.shown(each) for each in answer.records]
    return answer.words, answer.event(), shown, answer.canonical


def _dns(kind: str, *texts: str) -> bytes:
    response = dns.message.make_response(dns.message.make_query("example.org", kind))
    alias = dns.rrset.from_text("example.org.", 60, "IN", "CNAME", "x.example.org.")
    response.answer += [alias, dns.rrset.from_text("x.example.org.", 60, "IN", kind, *texts)]
    return response.to_wire()


_TXTS = (
    "v=spf1 ip4:192.0.2.0/24 include:_spf.example.org redirect=x ~all",
    "v=DMARC1; p=none; rua=mailto:a@example.org!10m; fo=1:d",
    "v=DKIM1; k=rsa; t=y; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQ",
    "v=TLSRPTv1; rua=mailto:tls@example.org,https://x",
    "v=STSv1; id=20260101T000000;",
)


def _published(text: str) -> object:
    record = tags.read(text)
    found = [*record.remarks("DMARC", frozenset({"v"}), "RFC 9989"), *spf._lint(text)]
    found += [*dmarc._lint(record), *dkim._lint(record), *tlsrpt._lint(record)]
    found += sts._record_remarks(text)
    uris = [dmarc._report_host(each) for each in tags.uris(record.values.get("rua", ""))]
    return found, uris, list(dmarc.walk(text))[:9] if len(text) < 300 else None


def _named(text: str) -> object:
    return names.shown_name(names.ascii_name(text))


_POLICY = (
    b"version: STSv1\r\nmode: enforce\r\nmx: mx.example.org\r\nmx: *.example.net\r\n"
    b"max_age: 86400\r\n"
)
_HTTP = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=x\r\nContent-Length: 5\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\n\r\n",
    b"HTTP/1.1 301 Moved\r\nLocation: https://else.example/\r\n\r\n",
)


def _document(data: bytes) -> object:
    async def read() -> object:
        reader = asyncio.StreamReader(limit=https.MAX_HEAD)
        reader.feed_data(data)
        reader.feed_eof()
        try:
            return await https._response(reader)
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            return None  # which `fetch` tells in words of its own

    return awaited(read())


def _tunnelled(url: str, data: bytes) -> object:
    async def tunnel() -> None:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.setblocking(False)
            theirs.sendall(data)
            theirs.shutdown(socket.SHUT_WR)
            await proxies.Proxy.parse(url).tunnel(ours, "mail.example.org", 25)

    return awaited(tunnel())


def _headed(data: bytes) -> object:
    async def read() -> object:
        async def nothing(wire: Wire) -> None: ...

        wire = Wire(nothing, timeout=1)
        wire._incoming += data
        wire._is_at_end = True
        return await proxy.read_header(wire)

    return awaited(read())


_V1 = b"PROXY TCP4 192.0.2.7 198.51.100.1 52000 25\r\n"
_V2 = SIGNATURE + b"\x21\x11\0\x0c" + bytes((192, 0, 2, 7, 198, 51, 100, 1)) + b"\xcb\x20\0\x19"
_RESOLV_CONF = "# x\nnameserver 192.0.2.1\nnameserver fe80::1%eth0\noptions trust-ad\n"

NETWORK = (
    Parser(
        "DNS responses", _response, (_dns("MX", "10 a.example.", "0 ."), _dns("TXT", '"v=spf1"'))
    ),
    Parser("records for mail", _published, _TXTS, words=(";", "=", "v=DMARC1;", "p=", "ip4:1/99")),
    Parser(
        "domain names",
        _named,
        ("mail.example.org.", "müller.example"),
        (names.NoName,),
        words=("xn--", "ß", "\u200d", "。"),
    ),
    Parser(
        "resolvers",
        servers.parse_server,
        ("192.0.2.1:53", "[2001:db8::1]:53", "::1"),
        (ValueError,),
    ),
    Parser("resolv.conf", in_file(servers.system), (_RESOLV_CONF.encode(),)),
    Parser("policies of MTA-STS", sts.parse, (_POLICY,), words=(b"\r\n", b"mx: ", b"max_age: ")),
    Parser(
        "answers of a web server",
        _document,
        _HTTP,
        (https.FetchError,),
        words=(b"\r\n", b":", b"-1"),
        is_linear=False,
    ),
    Parser(
        "proxies",
        proxies.Proxy.parse,
        (f"socks5h://user:{SECRET}@proxy.example:1080", "http://[::1]:8080"),
        (ValueError,),
    ),
    Parser(
        "answers of a SOCKS proxy",
        partial(_tunnelled, f"socks5://u:{SECRET}@x"),
        (b"\5\2\1\0\5\0\0\1\x7f\0\0\1\0\x19", b"\5\0\5\0\0\3\2ab\0\x19"),
        (ConnectionError,),
        is_linear=False,
    ),
    Parser(
        "answers of an HTTP proxy",
        partial(_tunnelled, f"http://u:{SECRET}@x"),
        (b"HTTP/1.1 200 OK\r\nVia: x\r\n\r\n", b"HTTP/1.0 407 no\r\n\r\n"),
        (ConnectionError,),
        is_linear=False,
    ),
    Parser(
        "PROXY headers of a balancer",
        _headed,
        (_V1, _V2),
        (proxy.NotProxied, ConnectionError),
        words=(SIGNATURE, b"PROXY ", b" ", b"TCP6", b"::1"),
        is_linear=False,
    ),
)

PARSERS: tuple[Parser, ...] = (*TLS, *NETWORK)
