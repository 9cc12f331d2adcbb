"""What the reply to EHLO offers, and how it is written."""

from __future__ import annotations

import re
from collections.abc import Iterator

from smtpconsole.console.probe.checks import check
from smtpconsole.console.probe.offers import each_offer, last_offer, named
from smtpconsole.console.probe.visit import Visit


@check("warning", "no-ehlo", "RFC 5321 3.2", "there are no extensions without it")
def _no_ehlo(visit: Visit) -> Iterator[str]:
    known = visit.plain or visit.secure
    if known is not None and visit.says_helo:
        yield "the server does not know EHLO"


@check("warning", "ehlo-name", "RFC 5321 4.1.1.1", "put the server's name first")
def _ehlo_name(visit: Visit) -> Iterator[str]:
    for where, known in each_offer(visit):
        if not named(known.greeting):
            yield f"the reply to EHLO {where} does not begin with the server's name"


@check("info", "names-differ", "RFC 5321 4.1.1.1", "use one name everywhere")
def _names_differ(visit: Visit) -> Iterator[str]:
    greeted = named(visit.greeting.text) if visit.greeting is not None else ""
    names = [greeted, *(named(known.greeting) for _, known in each_offer(visit))]
    different = list(dict.fromkeys(each.lower().rstrip(".") for each in names if each))
    if len(different) > 1:
        yield f"the server calls itself {' and '.join(different)}"


@check("info", "keyword-case", "RFC 5321 4.1.1.1", "")
def _keyword_case(visit: Visit) -> Iterator[str]:
    for word in dict.fromkeys(_words(visit)):
        if word != word.upper():
            yield f"the keyword {word} is not in capitals; careless clients miss it"


def _words(visit: Visit) -> Iterator[str]:
    for stage in ("EHLO", "EHLO under TLS"):
        reply = visit.replies.get(stage)
        for line in reply.lines[1:] if reply is not None and reply.is_positive else ():
            words = line.split()
            if words:
                yield words[0].decode("utf-8", "surrogateescape")


@check("info", "empty-keyword", "RFC 5321 4.1.1.1", "")
def _empty_keyword(visit: Visit) -> Iterator[str]:
    reply = visit.hello
    if (
        reply is not None
        and reply.is_positive
        and any(not each.strip() for each in reply.lines[1:])
    ):
        yield "a line of the reply to EHLO has no keyword"


@check("info", "keyword-twice", "RFC 5321 4.1.1.1", "")
def _keyword_twice(visit: Visit) -> Iterator[str]:
    for where, known in each_offer(visit):
        names = [each.name for each in known]
        for name in dict.fromkeys(each for each in names if names.count(each) > 1):
            yield f"{name} is offered more than once {where}"


@check("error", "keyword-masked", "RFC 3207 6", "turn off SMTP inspection in the firewall")
def _keyword_masked(visit: Visit) -> Iterator[str]:
    for word in dict.fromkeys(_words(visit)):
        if re.fullmatch(r"X{4,}[A-Z]?", word.upper()):
            yield f"{word} hides a keyword, often STARTTLS: a firewall on the way does that"


@check("warning", "size-form", "RFC 1870 4", "write SIZE and a number of octets")
def _size_form(visit: Visit) -> Iterator[str]:
    for where, known in each_offer(visit):
        text = known.parameters("SIZE") or ""
        if text and not (text.isascii() and text.isdecimal() and len(text) <= 20):
            yield f"SIZE has no number {where}, but {text[:40]}"


@check("info", "no-size", "RFC 1870", "offer SIZE: it spares senders messages that are too large")
def _no_size(visit: Visit) -> Iterator[str]:
    yield from _missing(visit, "SIZE")


@check("warning", "no-8bitmime", "RFC 6152", "senders have to recode, or to bounce")
def _no_8bitmime(visit: Visit) -> Iterator[str]:
    yield from _missing(visit, "8BITMIME")


@check("info", "no-pipelining", "RFC 2920", "each command costs a round trip")
def _no_pipelining(visit: Visit) -> Iterator[str]:
    yield from _missing(visit, "PIPELINING")


def _missing(visit: Visit, name: str) -> Iterator[str]:
    known = last_offer(visit)
    if known is not None and known.keywords and name not in known:
        yield f"{name} is not offered"


@check("error", "smtputf8-alone", "RFC 6531 3.1", "offer 8BITMIME as well")
def _smtputf8(visit: Visit) -> Iterator[str]:
    known = last_offer(visit)
    if known is not None and "SMTPUTF8" in known and "8BITMIME" not in known:
        yield "SMTPUTF8 is offered without 8BITMIME, which it needs"


@check("warning", "xclient", "", "offer XCLIENT and XFORWARD only to hosts that may use them")
def _xclient(visit: Visit) -> Iterator[str]:
    known = last_offer(visit)
    for name in ("XCLIENT", "XFORWARD"):
        if known is not None and name in known:
            yield f"{name} is offered to us: who may say it can pretend to be anybody"


@check("error", "lmtp-port", "RFC 2033 5", "let LMTP listen on another port, or on a socket")
def _lmtp_port(visit: Visit) -> Iterator[str]:
    if visit.target.lmtp and visit.target.port == 25 and visit.hello is not None:
        yield "LMTP is spoken on port 25, where it must not be"
