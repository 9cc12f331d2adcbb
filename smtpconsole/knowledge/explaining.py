"""explain() and its kin: from whatever a person points at, types or pastes to explanations."""

from __future__ import annotations

import re
from collections.abc import Iterator

from smtpconsole.knowledge import oddities
from smtpconsole.knowledge.codes import (
    explain_digit,
    explain_enhanced,
    explain_reply,
    explain_subject,
    explain_text,
)
from smtpconsole.knowledge.entries import (
    Explanation,
    explanation,
    mechanism,
    mechanism_entry,
    printable,
    rfc_title,
    table,
    verb,
)
from smtpconsole.knowledge.keywords import explain_keyword, explain_parameter, keywords

LONGEST = 2_000  # characters looked at; a reply line has 512 octets
MOST_NEAR = 3

_REPLY = re.compile(r"([0-9]{3})(?:[ -]+(.*))?")
_ENHANCED = re.compile(r"([0-9X]\.[0-9]{1,3}\.[0-9]{1,3})(?![0-9.])[ :]*(.*)", re.IGNORECASE)
_SUBJECT = re.compile(r"([0-9X]\.[0-9]{1,3})(?:\.[XYZ*]{0,3})?", re.IGNORECASE)
_DIGIT = re.compile(r"([0-9])(?:xx|yz|\.\.)", re.IGNORECASE)
_RFC = re.compile(r"RFC ?([0-9]{3,5})(?: .*)?", re.IGNORECASE)
_ALERT = re.compile(r"(?:TLS )?alert:? ([a-z0-9_ ]+?)(?:,.*)?", re.IGNORECASE)
_VERB_FIRST = re.compile(r"([a-z-]+) ([0-9]{3}.*)", re.IGNORECASE)


def explain(words: str, *, after: str | None = None) -> Explanation | None:
    """Explain a code, reply, command, keyword, mechanism, remark or term; None for others.

    `after` is the verb that a reply answers ("connect" for the greeting, "content" for the end
    of the message); "RCPT 550" says the same.
    """
    return next(_found(words, after), None)


def explanations(words: str, *, after: str | None = None) -> tuple[Explanation, ...]:
    """Explain all that the words may mean, the likeliest first; of a reply its parts as well."""
    found: dict[str, Explanation] = {}
    for each in _found(words, after):
        found.setdefault(each.title, each)
    return tuple(found.values())


def nearest(words: str) -> tuple[str, ...]:
    """Give what is known and written in a way much like these words."""
    import difflib

    known = {name.casefold(): name for name in names()}
    asked = " ".join(printable(words[:LONGEST]).split()).casefold()[:40]
    near = difflib.get_close_matches(asked, known, n=MOST_NEAR, cutoff=0.6)
    begun = [name for name in known if len(asked) > 2 and name.startswith(asked)]
    return tuple(known[name] for name in dict.fromkeys([*near, *begun]))[:MOST_NEAR]


def names() -> Iterator[str]:
    """Give all that is explained by a name: verbs, keywords, mechanisms, terms, remarks, alerts."""
    yield from table("verbs")
    yield from (name for name, _ in keywords())
    yield from (name for name in table("mechanisms") if not name.endswith("*"))
    yield from table("terms")
    yield from (entry["name"] for entry in table("alerts").values())
    for source in oddities.SOURCES:
        yield from table(f"remarks/{source}")


def _found(words: str, after: str | None) -> Iterator[Explanation]:
    """All there is, each read only when the one before was not enough."""
    words = " ".join(printable(words[:LONGEST]).split())
    if not words:
        return
    codes = _code(words, after)
    if (first := next(codes, None)) is not None:
        yield first
        yield from codes
        return
    is_known = False
    for found in _named(words):
        is_known = True
        yield found
    # A name has a meaning; only a sentence may be some server's.
    if not is_known and (worded := explain_text(words)):
        yield worded


def _named(words: str) -> Iterator[Explanation]:
    for look in (oddities.anomaly, _alert):
        if found := look(words):
            yield found
    yield from _word(words)
    if found := _term(words):
        yield found
    yield from oddities.remarks(words)


def _alert(words: str) -> Explanation | None:
    """An alert of TLS, also as the wire tells it; its number alone is none."""
    if match := _ALERT.fullmatch(words):
        return oddities.alert(match[1])
    return oddities.alert(words) if not words.isdigit() else None


def _code(words: str, after: str | None) -> Iterator[Explanation]:
    if match := _VERB_FIRST.fullmatch(words):
        name, rest = match.groups()
        if _is_question(name):
            words, after = rest, name
    if match := _REPLY.fullmatch(words):
        yield from _reply(match[1], match[2] or "", after)
    elif match := _ENHANCED.fullmatch(words):
        yield explain_enhanced(match[1], match[2])
        yield explain_enhanced(match[1])
    elif match := _SUBJECT.fullmatch(words):
        yield explain_subject(match[1])
    elif match := _DIGIT.fullmatch(words):
        yield explain_digit(match[1])
    elif (match := _RFC.fullmatch(words)) and (title := rfc_title(match[1])):
        yield Explanation(f"RFC {match[1]}", f"{title}.", rfc=f"RFC {match[1]}")


def _reply(code: str, rest: str, after: str | None) -> Iterator[Explanation]:
    enhanced, text = "", rest
    if match := _ENHANCED.fullmatch(rest):
        enhanced, text = match.groups()
    elif code == "250" and after is None and (found := _explain_offer(rest)):
        yield found
    elif _is_question(rest):
        after, text = rest, ""
    whole = explain_reply(code, enhanced=enhanced.upper(), text=text, after=after)
    yield whole
    if enhanced:
        yield explain_enhanced(enhanced)
    alone = explain_reply(code, after=after)
    if alone.text != whole.text:
        yield alone


def _explain_offer(line: str) -> Explanation | None:
    """Explain a line of an EHLO reply."""
    name, _, parameters = line.partition(" ")
    return explain_keyword(name, parameters)


def _is_question(name: str) -> bool:
    return name.casefold() in ("connect", "content") or verb(name) is not None


def _word(words: str) -> Iterator[Explanation]:
    first, _, rest = words.partition(" ")
    if first.upper() == "AUTH" and rest:
        if found := _auth(rest):
            yield found
        return
    for found in (_explain_verb(first), _explain_mechanism(words), explain_keyword(first, rest)):
        if found is not None:
            yield found
    if not rest and (found := explain_parameter(first.partition("=")[0])):
        yield found


def _auth(rest: str) -> Explanation | None:
    names = rest.split()
    if len(names) > 1 and all(mechanism(name) for name in names):
        return explain_keyword("AUTH", rest)
    return _explain_mechanism(names[0]) or explain_keyword("AUTH", rest)


def _explain_verb(name: str) -> Explanation | None:
    name = name.upper()
    found = verb(name)
    if found is None:
        return None
    entry = table("verbs")[name]
    expected = " or ".join(str(code) for code in found.expects)
    parts = [found.sentence, entry.get("note", ""), f"Expects {expected}."]
    text = " ".join(filter(None, parts))
    return explanation(entry, title=found.syntax, text=text)


def _explain_mechanism(name: str) -> Explanation | None:
    found = mechanism(name)
    entry = mechanism_entry(name.upper())
    if found is None or entry is None:
        return None
    text = (
        f"{found.sentence} On the wire without TLS: {found.exposes[0].lower()}{found.exposes[1:]}"
    )
    usual = {"next": ("/login",) if found.sound else ("/starttls", "/login")}
    return explanation({**usual, **entry}, title=f"{found.name}, a way to log in", text=text)


def _term(words: str) -> Explanation | None:
    for name, entry in table("terms").items():
        if words.casefold() in (name.casefold(), *entry.get("also", ())):
            return explanation(entry, title=name)
    return None
