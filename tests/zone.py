"""A name server on the loopback, with zones from text, and with every fault it may have.

    with serve(zone("lab.test", "@ MX 10 mail\nmail A 127.0.0.2")) as names:
        resolver = Resolver(Servers((Server(HOST, names.port),)))

1. It answers over UDP and TCP on one free port, in a thread and event loop of its own.
2. A fault is a word for a question, `{"fail.lab.test MX": "servfail"}`, or for all questions
   about a name, `{"fail.lab.test": "drop"}`.
3. What it was asked is in `names.asked`.  It never asks anybody.
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import cast

import dns.dnssec
import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import dns.zone
from cryptography.hazmat.primitives.asymmetric import ec

HOST = "127.0.0.1"
MAX_ALIASES = 8

_SOA = "$TTL 300\n@ SOA ns hostmaster 1 3600 600 86400 60\n@ NS ns\nns A 127.0.0.1\n"


@dataclass(frozen=True)
class Question:
    """Something that was asked."""

    name: str
    kind: str
    over: str  # "udp", "tcp"
    flags: int
    has_edns: bool

    def __str__(self) -> str:
        return f"{self.name} {self.kind}"


@dataclass
class Names:
    """What a test sees of the server."""

    zones: list[dns.zone.Zone]
    faults: dict[str, str]
    has_ad: bool
    port: int = 0
    asked: list[Question] = field(default_factory=list)

    def questions(self) -> list[str]:
        """What was asked, in words."""
        return [str(each) for each in self.asked]


def zone(origin: str, text: str, *, top: str = _SOA) -> dns.zone.Zone:
    """A zone from its records; SOA and NS are added."""
    return dns.zone.from_text(top + text, f"{origin.rstrip('.')}.", relativize=False)


@contextmanager
def serve(
    *zones: dns.zone.Zone, faults: Mapping[str, str] | None = None, has_ad: bool = False
) -> Iterator[Names]:
    """Answer from these zones."""
    names = Names(list(zones), dict(faults or {}), has_ad)
    ready: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()
    thread = threading.Thread(target=lambda: asyncio.run(_listen(names, ready)))
    thread.start()
    loop, leaving = ready.result(10)
    try:
        yield names
    finally:
        loop.call_soon_threadsafe(leaving.set)
        thread.join(10)


async def _listen(
    names: Names, ready: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]]
) -> None:
    loop = asyncio.get_running_loop()
    leaving = asyncio.Event()
    for _ in range(20):  # a port may be free for TCP alone
        tcp = await asyncio.start_server(lambda r, w: _stream(names, r, w), HOST, 0)
        names.port = tcp.sockets[0].getsockname()[1]
        try:
            udp, _ = await loop.create_datagram_endpoint(
                lambda: _Datagrams(names), local_addr=(HOST, names.port)
            )
            break
        except OSError:
            tcp.close()
    ready.set_result((loop, leaving))
    await leaving.wait()
    udp.close()
    tcp.close()
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, names: Names) -> None:
        self._names = names

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        for response in _responses(self._names, data, "udp"):
            self._transport.sendto(response, addr)


async def _stream(names: Names, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
        while True:
            (length,) = struct.unpack("!H", await reader.readexactly(2))
            for response in _responses(names, await reader.readexactly(length), "tcp"):
                writer.write(struct.pack("!H", len(response)) + response)
    writer.close()


def _responses(names: Names, wire: bytes, over: str) -> list[bytes]:
    """What goes back: nothing, a response, or more than one."""
    query = dns.message.from_wire(wire)
    (question,) = query.question
    name = question.name.to_text(omit_final_dot=True).lower()
    kind = dns.rdatatype.to_text(question.rdtype)
    asked = Question(name, kind, over, int(query.flags), query.edns >= 0)
    names.asked.append(asked)
    response = dns.message.make_response(query, recursion_available=True)
    fault = names.faults.get(f"{name} {kind}", names.faults.get(name, ""))
    if fault in _FAULTS:
        return _FAULTS[fault](names, query, response, over)
    assert not fault, f"there is no fault {fault}"
    return [_answered(names, query, response, over)]


def _answered(
    names: Names, query: dns.message.Message, response: dns.message.Message, over: str
) -> bytes:
    (question,) = query.question
    wants_dnssec = bool(query.ednsflags & dns.flags.DO)
    found = [each for each in names.zones if question.name.is_subdomain(each.origin)]
    if not found:
        response.set_rcode(dns.rcode.REFUSED)
        return response.to_wire()
    source = max(found, key=lambda each: len(each.origin.labels))
    _fill(response, source, question.name, question.rdtype, wants_dnssec)
    if names.has_ad and query.flags & dns.flags.AD:
        response.flags |= dns.flags.AD
    if over == "tcp":
        return response.to_wire(max_size=65535)
    try:
        return response.to_wire(max_size=query.payload if query.edns >= 0 else 512)
    except dns.exception.TooBig:
        return _truncated(names, query, response, over)[0]


# --- from the zone ----------------------------------------------------------------------------


def _fill(
    response: dns.message.Message,
    source: dns.zone.Zone,
    name: dns.name.Name,
    kind: dns.rdatatype.RdataType,
    wants_dnssec: bool,
) -> None:
    for _ in range(MAX_ALIASES):
        node = source.get_node(name)
        if node is None:
            is_between = any(each.is_subdomain(name) for each in source.nodes)
            if not is_between:
                response.set_rcode(dns.rcode.NXDOMAIN)
            return _deny(response, source, name, wants_dnssec)
        if got := _records(source, name, kind, wants_dnssec):
            response.answer += got
            return None
        alias = node.get_rdataset(source.rdclass, dns.rdatatype.CNAME)
        if alias is None:
            return _deny(response, source, name, wants_dnssec)
        response.answer += _records(source, name, dns.rdatatype.CNAME, wants_dnssec)
        name = alias[0].target
        if not name.is_subdomain(source.origin):
            return None  # lame: the rest is left to whoever asks
    return None


def _records(
    source: dns.zone.Zone, name: dns.name.Name, kind: dns.rdatatype.RdataType, wants_dnssec: bool
) -> list[dns.rrset.RRset]:
    found = []
    for each in source.get_node(name) or ():
        is_signature = each.rdtype == dns.rdatatype.RRSIG
        if each.rdtype == kind or (wants_dnssec and is_signature and each.covers == kind):
            found.append(dns.rrset.from_rdata_list(name, each.ttl, list(each)))
    return found


def _deny(
    response: dns.message.Message, source: dns.zone.Zone, name: dns.name.Name, wants_dnssec: bool
) -> None:
    """SOA; in a signed zone also the NSEC records that prove it (RFC 4035, 3.1.3)."""
    origin = source.origin
    response.authority += _records(source, origin, dns.rdatatype.SOA, wants_dnssec)
    signed = sorted(
        each
        for each in source.nodes
        if source.get_node(each).get_rdataset(source.rdclass, dns.rdatatype.NSEC)
    )
    if not signed or not wants_dnssec:
        return
    encloser = name
    while encloser != origin and not any(each.is_subdomain(encloser) for each in source.nodes):
        encloser = encloser.parent()
    wildcard = dns.name.Name((b"*", *encloser.labels))
    for wanted in dict.fromkeys((name, wildcard)):
        cover = max((each for each in signed if each <= wanted), default=signed[-1])
        for each in _records(source, cover, dns.rdatatype.NSEC, wants_dnssec):
            if each not in response.authority:
                response.authority.append(each)


# --- faults -----------------------------------------------------------------------------------

_Fault = Callable[[Names, dns.message.Message, dns.message.Message, str], list[bytes]]


def _code(code: dns.rcode.Rcode, *, error: int | None = None, text: str = "") -> _Fault:
    def fault(_n: Names, query: object, response: dns.message.Message, _over: str) -> list[bytes]:
        response.set_rcode(code)
        if error is not None:
            extended = dns.edns.EDEOption(dns.edns.EDECode.make(error), text or None)
            response.use_edns(0, options=[extended])
        return [response.to_wire()]

    return fault


def _truncated(
    names: Names, query: dns.message.Message, response: dns.message.Message, over: str
) -> list[bytes]:
    if over == "tcp":
        return [_answered(names, query, response, over)]
    response.answer.clear()
    response.authority.clear()
    response.flags |= dns.flags.TC
    return [response.to_wire()]


def _looping(
    _n: Names, query: dns.message.Message, response: dns.message.Message, _over: str
) -> list[bytes]:
    (question,) = query.question
    other = f"other.{question.name}"
    for owner, target in ((question.name, other), (other, question.name)):
        response.answer.append(dns.rrset.from_text(owner, 300, "IN", "CNAME", str(target)))
    return [response.to_wire()]


def _forged(
    names: Names, query: dns.message.Message, response: dns.message.Message, over: str
) -> list[bytes]:
    """A response to something else first, then the right one."""
    answer = _answered(names, query, response, over)
    false_id = bytes([answer[0] ^ 0xFF]) + answer[1:]
    return [false_id, answer]


def _unsigned_only(
    names: Names, query: dns.message.Message, response: dns.message.Message, over: str
) -> list[bytes]:
    """As a validating resolver without extended errors does it: SERVFAIL unless CD is set."""
    if query.flags & dns.flags.CD:
        return [_answered(names, query, response, over)]
    return _code(dns.rcode.SERVFAIL)(names, query, response, over)


def _old(
    names: Names, query: dns.message.Message, response: dns.message.Message, over: str
) -> list[bytes]:
    if query.edns >= 0:
        return [dns.message.make_response(query).to_wire()[:2] + b"\x80\x01" + bytes(8)]
    return [_answered(names, query, response, over)]


_FAULTS: dict[str, _Fault] = {
    "drop": lambda *_: [],
    "servfail": _code(dns.rcode.SERVFAIL),
    "network": _code(dns.rcode.SERVFAIL, error=22, text="no server of lab.test answers"),
    "refused": _code(dns.rcode.REFUSED),
    "bogus": _code(dns.rcode.SERVFAIL, error=7, text="signature expired"),
    "bogus-untold": _unsigned_only,
    "truncate": _truncated,
    "loop": _looping,
    "bad-id": lambda n, q, r, o: _forged(n, q, r, o)[:1],
    "forged-first": _forged,
    "garbage": lambda _n, q, _r, _o: [q.to_wire()[:2] + b"\x81\x80" + b"\xff" * 20],
    "no-edns": _old,
}

# --- DNSSEC -----------------------------------------------------------------------------------


def sign(source: dns.zone.Zone) -> str:
    """Sign a zone in place; the trust anchor, as a resolver's configuration takes it."""
    key = ec.generate_private_key(ec.SECP256R1())
    public = dns.dnssec.make_dnskey(key.public_key(), dns.dnssec.Algorithm.ECDSAP256SHA256, 257)
    began = datetime.now(UTC) - timedelta(hours=1)
    with source.writer() as transaction:
        dns.dnssec.sign_zone(
            source,
            transaction,
            keys=[(key, public)],
            inception=began,
            lifetime=7 * 86400,
            add_dnskey=True,
        )
    return f"{source.origin} DS {dns.dnssec.make_ds(source.origin, public, 'SHA256').to_text()}"


def spoil(source: dns.zone.Zone, what: str) -> None:
    """Change a record set, `NAME TYPE`, and leave its signature as it is."""
    name, kind = what.split()
    records = source.find_rdataset(dns.name.from_text(name), kind)
    text = {"MX": "10 evil.lab.test.", "TLSA": f"3 1 1 {'ee' * 32}"}[kind]
    ttl = records.ttl
    records.clear()
    records.add(dns.rdata.from_text(dns.rdataclass.IN, kind, text), ttl)
