"""What can be said here and now: verbs by phase, parameters by what the server offers.

What does not fit the phase is offered behind what does, once its beginning is typed: nothing
is refused here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from smtpconsole import knowledge
from smtpconsole.console.console import Console
from smtpconsole.knowledge.entries import Verb
from smtpconsole.smtp.events import Phase
from smtpconsole.smtp.parameters import MAIL, RCPT, Parameter
from smtpconsole.smtp.session import Session


@dataclass(frozen=True, slots=True)
class Completion:
    """A candidate: `text` replaces what stands from `start` to the cursor."""

    text: str
    start: int
    help: str = ""


_USUAL = ("EHLO", "HELO", "MAIL", "RCPT", "DATA", "RSET", "NOOP", "QUIT", "VRFY", "HELP")
_OFFERED_AS = {"BDAT": "CHUNKING", "XFORWARD": "XFORWARD"}  # verbs whose keyword is another
_OPENINGS = {"MAIL": "MAIL FROM:<", "RCPT": "RCPT TO:<"}
_PATHS = {"MAIL FROM:": MAIL, "RCPT TO:": RCPT}
_ABOUT_PEOPLE = ("VRFY ", "EXPN ")
_VALUES = {
    "RET": ("FULL", "HDRS"),
    "NOTIFY": ("NEVER", "SUCCESS", "FAILURE", "DELAY"),
    "AUTH": ("<>",),
}
_FITS = {  # the value of BODY that needs more than the parameter itself
    "8BITMIME": "8BITMIME",
    "BINARYMIME": "BINARYMIME",
    "7BIT": "8BITMIME",
}


def said(console: Console, line: str) -> Iterator[Completion]:
    """The candidates for a line that is said to the server."""
    if console.phase in (Phase.CONTENT, Phase.AUTH):
        return
    upper = line.upper()
    for opening, table in _PATHS.items():
        if upper.startswith(opening):
            yield from _path(console, line, len(opening), table)
            return
    verb, blank, rest = upper.partition(" ")
    if not blank:
        yield from _verbs(console, upper)
    elif verb == "AUTH" and " " not in rest:
        for name in console.mechanisms:
            if name.startswith(rest):
                yield Completion(name, 5, _of_mechanism(name))
    elif upper.startswith(_ABOUT_PEOPLE):
        for address in console.addresses_seen:
            if address.startswith(line[5:]):
                yield Completion(address, 5, "seen before")
    elif verb == "HELP":
        for each in knowledge.verbs():
            if each.name.startswith(rest):
                yield Completion(each.name, 5, each.sentence)
    elif verb in ("MAIL", "RCPT") or _hello(verb, console).upper().startswith(upper):
        head = _OPENINGS.get(verb) or _hello(verb, console)
        if head.upper().startswith(upper) and head.upper() != upper:
            yield Completion(head, 0)


def asked(console: Console, line: str) -> Iterator[Completion]:
    """The candidates for what is explained: the last reply, and all that has a name."""
    start = line.index("?") + 1 if line.startswith("?") else line.index(" ") + 1
    word = line[start:]
    session = _session(console)
    if session is not None and session.last_reply is not None and session.last_reply.code > 0:
        reply = session.last_reply
        told = f"{reply.code} {reply.enhanced or ''}".strip()
        if told.startswith(word):
            yield Completion(told, start, "the last reply")
    names = {each.name: each.sentence for each in knowledge.verbs()}
    names |= {each.name: each.sentence for each in knowledge.mechanisms()}
    offered = {each.name: "offered by the server" for each in console.known}
    others = dict.fromkeys(knowledge.names(), "") if word else {}
    for name, sentence in {**offered, **others, **names}.items():
        if word and name.upper().startswith(word.upper()):
            yield Completion(name, start, sentence)


# --- verbs ------------------------------------------------------------------------------------


def _session(console: Console) -> Session | None:
    return console.connection.session if console.connection is not None else None


def _verbs(console: Console, upper: str) -> Iterator[Completion]:
    session = _session(console)
    fitting: list[Completion] = []
    others: list[Completion] = []
    for verb in knowledge.verbs():
        head = _OPENINGS.get(verb.name) or _hello(verb.name, console)
        if not head.upper().startswith(upper) or head.upper() == upper:
            continue
        if not _is_spoken(verb, session):
            continue
        if session is None or _phase(session) in verb.phases:
            fitting.append(Completion(head, 0, verb.sentence))
        else:
            others.append(Completion(head, 0, f"not now, by the rules: {verb.sentence}"))
    yield from fitting
    if upper and not fitting:
        yield from others


def _phase(session: Session) -> str:
    """The phase, in the words of the knowledge about verbs."""
    if not session.capabilities.greeting:
        return "hello"
    if session.transaction is None:
        return "ready"
    return "recipients" if session.transaction.accepted else "transaction"


def _is_spoken(verb: Verb, session: Session | None) -> bool:
    """The server takes this verb, as far as that can be known."""
    if session is None:
        return verb.name in _USUAL
    if verb.name in ("EHLO", "HELO", "LHLO"):
        return session.lmtp == (verb.name == "LHLO")
    known = session.capabilities
    if verb.name == "STARTTLS":
        return not session.is_secure and ("STARTTLS" in known or not known.greeting)
    if verb.name == "AUTH":
        return bool(known.mechanisms) and session.identity is None
    return verb.name in _USUAL or _OFFERED_AS.get(verb.name, verb.name) in known


def _hello(verb: str, console: Console) -> str:
    """A verb with what always follows it."""
    return f"{verb} {console.settings.name}" if verb in ("EHLO", "HELO", "LHLO") else verb


def _of_mechanism(name: str) -> str:
    known = knowledge.mechanism(name)
    return known.sentence if known is not None else "offered by the server"


# --- paths and parameters ---------------------------------------------------------------------


def _path(
    console: Console, line: str, start: int, table: tuple[Parameter, ...]
) -> Iterator[Completion]:
    rest = line[start:]
    if ">" not in rest:
        typed = rest.lstrip().removeprefix("<")
        if table is MAIL and not typed:
            yield Completion("<>", start, "the empty path: a report")
        for address in console.addresses_seen:
            if address.startswith(typed):
                yield Completion(f"<{address}>", start, "seen before")
        return
    if " " not in rest[rest.index(">") :]:
        return
    word = rest.rsplit(" ", 1)[1]
    given = {each.partition("=")[0].upper() for each in rest.split(" ")[1:-1]}
    keyword, equals, value = word.partition("=")
    at = len(line) - len(word)
    for each in table:
        if each.keyword in given or each.offered_by not in console.known:
            continue
        if equals and each.keyword == keyword.upper():
            yield from _values(console, each, value.upper(), at + len(keyword) + 1)
        elif not equals and each.keyword.startswith(word.upper()):
            yield from _parameter(console, each, at)


def _parameter(console: Console, parameter: Parameter, at: int) -> Iterator[Completion]:
    told = f"{parameter.offered_by} is offered ({parameter.rfc})"
    if parameter.keyword == "BODY":
        for value in _bodies(console):
            yield Completion(f"BODY={value}", at, f"{_FITS[value]} is offered")
        return
    equals = "=" if "=" in parameter.example else ""
    told = f"{told}, as {parameter.example}" if equals else told
    yield Completion(f"{parameter.keyword}{equals}", at, told)


def _values(console: Console, parameter: Parameter, value: str, at: int) -> Iterator[Completion]:
    example = parameter.example.partition("=")[2]
    values = _VALUES.get(parameter.keyword, (example,))
    if parameter.keyword == "BODY":
        values = _bodies(console)
    if parameter.keyword == "NOTIFY" and "," in value:  # a list; NEVER stands alone
        front, _, value = value.rpartition(",")
        at += len(front) + 1
        values = tuple(each for each in values[1:] if each not in front.split(","))
    for each in values:
        if each.startswith(value):
            yield Completion(each, at, parameter.rfc)


def _bodies(console: Console) -> tuple[str, ...]:
    return tuple(value for value, keyword in _FITS.items() if keyword in console.known)
