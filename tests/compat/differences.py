"""Where we mean to differ from aiosmtplib 5.1.3: every case by name, in what, and why.

A case is named as its test names it; `*` stands for anything.  A difference that is not listed
fails its test, and so does an entry that nothing differs in any more.
"""

from __future__ import annotations

import email.utils
from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True)
class Difference:
    """Cases, in what they differ, and the reason."""

    cases: str
    aspects: frozenset[str]
    reason: str


def _listed(table: list[tuple[str, str, str]]) -> list[Difference]:
    return [Difference(cases, frozenset(what.split()), why) for cases, what, why in table]


_ANY = "result error arguments text wire is_connected knowledge"
_IS_STRICT = hasattr(email.utils, "supports_strict_parsing")  # CPython since gh-102988
_HEADERS = "result error arguments text" if _IS_STRICT else "result"
_WHY_2YZ = "RFC 5321, 4.2.1: any code of the second hundred is positive"
_WHY_MALFORMED = "a malformed reply leaves in doubt what was said: it is an error, and closes"
_WHY_SURPLUS = "a reply that nobody asked for would answer the next command: it closes"
_WHY_421 = "RFC 5321, 3.8: the server closes after a 421; it is the error, and ends the session"
_WHY_EARLY = "all is checked and encoded before the first octet is sent"
_WHY_PARSER = "an address that breaks out of its path is refused, whatever Python's parser does"
_WHY_WORDS = "the reason in words that say what to do, without errno and line numbers of C"
_WHY_LOST = "recipients of lists, groups and headers of one text are neither lost nor invented"
_WHY_TLS = "SMTPTLSError is an ssl.SSLError that `except SMTPException` does not miss; it closes"
_WHY_IDN = "a domain of other letters is sent as A-labels where SMTPUTF8 does not go"
_WHY_PIPELINED = "RFC 2920, 3.1: RCPT and DATA are said before the refusal is heard"
_WHY_GONE = "it says who closed the connection"
_WHY_FIRST = "the first error is what matters, not that RSET got no answer either"
_WHY_CHALLENGE = "a challenge that makes no sense is cancelled by *, not answered"
_AUTHS = ("plain", "login*", "crammd5", "xoauth2", "auth")

DIFFERENCES = _listed(
    [
        ("sending-non-ascii-text/*", "wire knowledge", _WHY_EARLY),
        ("sending-no-smtputf8-recipient/*", "wire", _WHY_EARLY),
        ("sending-control-in-*option/*", "arguments text wire", _WHY_EARLY),
        ("sending-control-in-address/*", _ANY, _WHY_PARSER),
        ("sending-injected-*/*", _ANY, _WHY_PARSER),
        ("sending-idn/*", "result error arguments text wire", _WHY_IDN),
        ("sending-email-idn/*", "result error arguments text wire", _WHY_IDN),
        ("sending-all-refused/pipelining", "wire", _WHY_PIPELINED),
        ("sending-legacy-from-line/*", "wire", "From at the start of a line is left as it is"),
        ("refused-*-gone/all", "arguments text", _WHY_GONE),
        ("refused-*-gone/pipelining", "arguments text wire", _WHY_GONE),
        ("refused-content-421/*", "wire is_connected knowledge", _WHY_421),
        ("refused-*550*/pipelining", "wire", _WHY_PIPELINED),
        ("send-null-sender", _ANY, "the null sender is a sender, also for send()"),
        ("parse_address/*<>*", "result error arguments text", "<> is the null path, not an error"),
        ("quote_address/*<>*", "result error arguments text", "<> is the null path, not an error"),
        ("parse_address/*", "result error arguments text", _WHY_PARSER),
        ("quote_address/*", "result error arguments text", _WHY_PARSER),
        ("extract_*/legacy-tuple", _HEADERS, _WHY_LOST),
        ("extract_*/legacy-list", _HEADERS, _WHY_LOST),
        ("extract_*/legacy-header-two", _HEADERS, _WHY_LOST),
        ("extract_*/legacy-group", _HEADERS, _WHY_LOST),
        ("extract_addresses/tuple", "result", _WHY_LOST),
        ("flatten/legacy*", "result", "the octets as they are sent: CRLF, and no >From"),
        ("constructed/strange", "arguments text", "the name of the function in a TypeError"),
        ("connect-option/*", "arguments text", _WHY_WORDS),
        ("life/refused", "arguments text", _WHY_WORDS),
        ("life/no-such-*", "arguments text", _WHY_WORDS),
        ("tls/implicit-*", "arguments text", _WHY_WORDS),
        ("greeting/garbage", "error", "a greeting that is none is an SMTPConnectError, too"),
        ("life-no-time/*", "wire", "a timeout is for the implied EHLO, too"),
        ("tls/by-hand-untrusted", "error arguments text knowledge", _WHY_TLS),
        ("tls/by-hand-gone", "arguments text", _WHY_GONE),
        ("tls/by-hand-421", "is_connected knowledge", _WHY_421),
        ("on-connect/*", "wire", "235 is success whenever it comes, and no more is said"),
        ("quit/gone", _ANY, "a server that just leaves after QUIT has said goodbye, too"),
        ("quit/two-digits", _ANY, _WHY_MALFORMED),
        ("quit/out-of-range", _ANY, _WHY_MALFORMED),
        ("quit/changing", _ANY, _WHY_MALFORMED),
        ("quit/*[!0-9]*", "is_connected", "a positive reply to QUIT ends the session"),
        ("sendmail-rset/silent", "error arguments text", _WHY_FIRST),
        ("sendmail-rset/half", "error arguments text", _WHY_FIRST),
        ("*/2[0-9][0-9]", _ANY, _WHY_2YZ),
        ("*/uncoded", "wire is_connected knowledge", _WHY_MALFORMED),
        ("*/two-digits", _ANY, _WHY_MALFORMED),
        ("*/out-of-range", _ANY, _WHY_MALFORMED),
        ("*/changing", _ANY, _WHY_MALFORMED),
        ("*/surplus", _ANY, _WHY_SURPLUS),
        ("*/gone", "arguments text", _WHY_GONE),
        ("*/421", _ANY, _WHY_421),
        ("plain/334", "arguments text wire", _WHY_CHALLENGE),
        ("login*/334", "arguments text wire", _WHY_CHALLENGE),
        ("xoauth2/334", "arguments text wire", _WHY_CHALLENGE),
        ("crammd5/334", "arguments text wire", _WHY_CHALLENGE),
        ("auth/334", "arguments text wire", _WHY_CHALLENGE),
        *((f"{how}/354", "arguments text wire", _WHY_CHALLENGE) for how in _AUTHS),
    ]
)

if _IS_STRICT:  # aiosmtplib's parser is Python's, ours is one for all of them
    DIFFERENCES += _listed(
        [
            ("extract_sender/legacy-injected", "result", _WHY_PARSER),
            ("extract_addresses/empty", "result", _WHY_PARSER),
        ]
    )


def expected(case: str) -> Difference | None:
    """The first entry for a case."""
    return next((each for each in DIFFERENCES if fnmatchcase(case, each.cases)), None)
