"""Parsers of what is said in SMTP: replies, commands, addresses, challenges."""

from __future__ import annotations

import base64
import struct
from functools import partial

from parsing import SECRET, Parser

from smtpconsole.client import auth, email, esmtp
from smtpconsole.client.errors import SMTPAuthenticationError
from smtpconsole.console.probe import checks
from smtpconsole.console.probe.report import clean
from smtpconsole.console.probe.visit import Visit
from smtpconsole.sandbox import paths
from smtpconsole.smtp import addresses, capabilities, parameters, replies, typed, xtext
from smtpconsole.smtp.events import Target
from smtpconsole.smtp.login import attempt
from smtpconsole.smtp.replies import Reply, ReplyParser
from smtpconsole.smtp.sasl import MECHANISMS, Channel, MechanismError, claims, credentials, tokens
from smtpconsole.smtp.sasl import decoding as sasl_decoding
from smtpconsole.smtp.session import Session

# --- SMTP -------------------------------------------------------------------------------------

_EHLO = (
    b"mail.example.org at your service",
    *(b"PIPELINING", b"SIZE 10240000", b"AUTH PLAIN LOGIN SCRAM-SHA-256", b"AUTH=LOGIN"),
    *(b"LIMITS RCPTMAX=20 MAILMAX=5", b"DELIVERBY 3600", b"FUTURERELEASE 4000 2030-01-01"),
)


def _replied(data: bytes) -> object:
    found = ReplyParser().feed(data)
    return [(str(each), each.enhanced, replies.stranger(each.octets)) for each in found]


def _offered(data: bytes) -> object:
    known = capabilities.parse(Reply(250, data.split(b"\n")))
    for limit in ("RCPTMAX", "MAILMAX", "RCPTDOMAINMAX"):
        known.limit(limit)
    parameters.objections(known, {"by": "60;R", "hold_for": 9, "size": 9})
    return known.size, known.mechanisms


def _remarked(data: bytes) -> object:
    """What a probe remarks on, and its report."""
    found = ReplyParser().feed(data)
    visit = Visit(Target("mx.example.org", 25))
    visit.replies = dict(zip(("greeting", "hello", "hello-tls", "quit"), found, strict=False))
    visit.plain, visit.secure = (capabilities.parse(each) for each in (found[0], found[-1]))
    return [clean(each.text) for each in checks.remarks(visit)]


def _typed(data: bytes) -> object:
    session = Session()
    for line in data.split(b"\n"):
        session.typed(line)
        typed.opened(line)
    return session


def _written(text: str) -> object:
    name, _, value = text.partition(" ")
    table = {each.name: each for each in (*parameters.MAIL, *parameters.RCPT)}
    parameter = table.get(name) or parameters.MAIL[0]
    told = parameter.written(value)
    # RFC 5321, 4.1.2: printable, and only SMTPUTF8 may say more than ASCII.
    assert told.isprintable() and " " not in told and told.isascii(), told
    return told


_PARAMETERS = (
    *("size 4096", "body 8BITMIME", "ret HDRS", "envid QQ314", "auth <>", "by 3600;RT"),
    *("hold_for 3600", "hold_until 2030-01-01T00:00:00Z", "mt_priority -3"),
    *("notify SUCCESS,DELAY", "orcpt rfc822;you@example.org", "orcpt utf-8;zoë@example.org"),
    "rrvs 2030-01-01T00:00:00Z;C",
)
_ADDRESSES = (
    *("alice@example.org", "Alice <alice@example.org>", '"a b"@example.org', "<>"),
    *("a@b (comment (in it)) ", "zoë@müller.example", '"Alice (x)" <a@[IPv6:2001:db8::1]>'),
)

SMTP = (
    Parser(
        "replies", _replied, (b"220 mx ESMTP\r\n", b"250-a\r\n250 2.1.0 ok\r\n"), words=(b"250",)
    ),
    Parser("EHLO replies", _offered, (b"\n".join(_EHLO),), words=_EHLO),
    Parser(
        "what a probe finds",
        lambda data: _remarked(data + b"\r\n250 x\r\n"),
        (b"220 mx ESMTP\r\n250-" + b"\r\n250-".join(_EHLO),),
        words=(b"XXXXXXXA", b"\r\n250-", b"SIZE "),
    ),
    Parser(
        "lines as they are typed",
        _typed,
        (b"EHLO me\nMAIL FROM:<a@b>\nAUTH PLAIN AGEAYg==", b"BDAT 5 LAST\nhello", b"DATA\n.\n"),
        words=(b"BDAT ", b" LAST", b"AUTH ", b"\n"),
    ),
    Parser("addresses", addresses.path, _ADDRESSES, (ValueError,), words=("(", ")", '"', "\\")),
    Parser("addresses that need UTF-8", addresses.needs_utf8, _ADDRESSES, (ValueError,)),
    Parser("domains of addresses", addresses.with_a_labels, _ADDRESSES, words=("ß", "xn--a")),
    Parser("xtext", xtext.decoded, ("a+2Bb+3D", "plain"), (ValueError,), words=("+", "+0", "+ff")),
    Parser("parameters", _written, _PARAMETERS, (ValueError,), words=(";", "NEVER", "+01:00")),
    Parser("free parameters", parameters.free, ("XVERP", "SOLICIT=com.example:adv"), (ValueError,)),
    Parser("EHLO of the library", esmtp.parse_esmtp_extensions, ("mx\nAUTH PLAIN\nauth=LOGIN",)),
    Parser("addresses of headers", email.extract_addresses, _ADDRESSES, (ValueError,)),
    Parser(
        "paths of a client",
        partial(paths.parse_path, syntax="MAIL FROM:<ADDRESS>"),
        ("<a@b> SIZE=5", '<"a b>"@c>', "<@x,@y:a@b>"),
        (paths.NoPath,),
        words=("<", ">", '"'),
    ),
    Parser(
        "addresses of a client",
        partial(paths.parse_address, is_utf8=False),
        ("<a@b>", "a@b"),
        (paths.NoPath,),
    ),
    Parser(
        "parameters of a client",
        paths.parse_parameters,
        ("SIZE=5 BODY=8BITMIME SMTPUTF8",),
        (paths.NoPath,),
    ),
)

# --- SASL -------------------------------------------------------------------------------------


def _answered(mechanism: str, challenge: bytes) -> object:
    """Whatever the server says second, the mechanism answers it or gives up."""
    channel = Channel("mail.example.org", 587, (mechanism,), None, 1.0)
    who = credentials("alice", SECRET, token=SECRET, channel=channel)
    turns = MECHANISMS[mechanism](who)
    next(turns)
    try:
        for each in challenge.split(b"\0\0\n"):
            turns.send(each)
    except StopIteration:
        return None
    return turns


def _ntlm() -> bytes:
    info = b"".join(
        struct.pack("<HH", kind, len(value)) + value
        for kind, value in ((2, b"D\0"), (1, b"H\0"), (7, bytes(8)), (6, bytes(4)), (0, b""))
    )
    head = b"NTLMSSP\0\2\0\0\0" + struct.pack("<HHI", 2, 2, 56)
    flags = struct.pack("<I", 0x2000000 | 0x800000 | 0x1)
    middle = flags + b"8 octets" + bytes(8) + struct.pack("<HHI", len(info), len(info), 58)
    return head + middle + b"\x0a\0\x61\x4a\0\0\0\x0f" + b"D\0" + info


_SCRAM = (
    b"r=%hvYDpWUa2RaTCAfuxFIlj)hNlF,s=QSXCR+Q6sek8bf92,i=4096",
    b"v=rmF9pqV8S7suAoZWja4dJRkFs",
    b"e=invalid-proof",
    b"m=ext,r=x",
)
_DIGEST = (
    b'realm="elwood",nonce="OA6MG9tEQGm2hh",qop="auth",algorithm=md5-sess,charset=utf-8',
    b"rspauth=ea40f60335c427b5527b84dbabcdfffd",
)
_TOKENS = (
    b'{"status":"401","schemes":"Bearer","scope":"mail"}',
    b"user=a\x01auth=Bearer x\x01\x01",
)
_CHALLENGES = (*_SCRAM, *_DIGEST, *_TOKENS, _ntlm(), b"Username:", b"\0alice\0x", b"alice 0123ab")


def _logged_in(data: bytes) -> object:
    """A whole log-in, whatever each line of the server's is."""
    found = []
    for name in ("SCRAM-SHA-256", "DIGEST-MD5", "NTLM", "XOAUTH2", "LOGIN"):
        exchange = attempt(MECHANISMS[name], credentials("alice", SECRET, token=SECRET))
        try:
            next(exchange)
            for reply in ReplyParser().feed(data) * 2:
                exchange.send([reply])
        except StopIteration as stop:
            told = stop.value.sentence("alice"), stop.value.advice, stop.value.words
            assert SECRET not in str(told)
            found.append(told)
    return found


def _jwt(payload: bytes) -> object:
    token = b"e30." + base64.urlsafe_b64encode(payload).rstrip(b"=") + b".x"
    return list(tokens.token_facts(token, 1.0)), list(tokens.token_facts(payload, 1.0))


def _decoded(octets: bytes) -> object:
    for name in (*MECHANISMS, "UNKNOWN"):
        sasl_decoding.decode_challenge(name, octets)
        for number in (0, 1):
            sasl_decoding.decode_response(name, octets, number=number)
    return claims.secret_parts(octets)


def _claimed(octets: bytes) -> object:
    said = base64.b64encode(octets)
    for name in (*MECHANISMS, "UNKNOWN"):
        claims.claimed_user(name, said, octets, None)
        claims.claimed_user(name, octets, octets, "bob")
    return None


SASL = (
    *(
        Parser(f"challenges of {name}", partial(_answered, name), samples, (MechanismError,))
        for name, samples in {
            "SCRAM-SHA-256": _SCRAM,
            "DIGEST-MD5": _DIGEST,
            "NTLM": (_ntlm(),),
            "CRAM-MD5": (b"<1896.697170952@postoffice.example>",),
            "LOGIN": (b"Username:", b"Password:"),
            "XOAUTH2": _TOKENS[:1],
            "OAUTHBEARER": _TOKENS[:1],
        }.items()
    ),
    Parser("challenges and responses in words", _decoded, _CHALLENGES, words=(b"\0", b",", b'"')),
    Parser("who a response is", _claimed, _CHALLENGES, words=(b"\0", b"\x01", b"n=", b",")),
    Parser(
        "log-ins",
        _logged_in,
        (
            b"334 " + base64.b64encode(_SCRAM[0]) + b"\r\n235 ok\r\n",
            b"334 \r\n535 5.7.8 no\r\n",
            b"334 %%%\r\n501 x\r\n",
        ),
    ),
    Parser(
        "access tokens",
        _jwt,
        (b'{"iss":"x","exp":1700000000,"aud":["a"]}',),
        words=(b"1e999", b"NaN", b"[" * 3000, b'"exp":'),
    ),
    Parser(
        "CRAM-MD5 of the library",
        partial(auth.auth_crammd5_verify, "alice", SECRET),
        (b"PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2U+",),
        (SMTPAuthenticationError,),
    ),
)

PARSERS: tuple[Parser, ...] = (*SMTP, *SASL)
