"""explain(): from whatever a person points at or types to its explanation."""

from __future__ import annotations

import re

from smtpconsole.knowledge.codes import (
    explain_digit,
    explain_enhanced,
    explain_reply,
    explain_subject,
    explain_text,
)
from smtpconsole.knowledge.entries import (
    Explanation,
    alert,
    anomaly,
    explanation,
    mechanism,
    rfc_title,
    table,
    verb,
)
from smtpconsole.knowledge.extensions import explain_keyword, explain_parameter, printable

LONGEST = 2_000  # characters looked at; a reply line has 512 octets

_REPLY = re.compile(r"([0-9]{3})(?:[ -]+(.*))?")
_ENHANCED = re.compile(r"([0-9X]\.[0-9]{1,3}\.[0-9]{1,3})(?![0-9.])[ :]*(.*)", re.IGNORECASE)
_SUBJECT = re.compile(r"([0-9X]\.[0-9]{1,3})(?:\.[XYZ*]{0,3})?", re.IGNORECASE)
_DIGIT = re.compile(r"([0-9])(?:xx|yz|\.\.)", re.IGNORECASE)
_RFC = re.compile(r"RFC ?([0-9]{3,5})(?: .*)?", re.IGNORECASE)
_ALERT = re.compile(r"(?:TLS )?alert:? ([a-z0-9_ ]+?)(?:,.*)?", re.IGNORECASE)
_VERB_FIRST = re.compile(r"([a-z-]+) ([0-9]{3}.*)", re.IGNORECASE)


def explain(words: str, *, after: str | None = None) -> Explanation | None:
    """Explain a code, reply, command, keyword, mechanism or anomaly; None for anything else.

    `after` is the verb that a reply answers ("connect" for the greeting, "content" for the end
    of the message); "RCPT 550" says the same.
    """
    words = " ".join(printable(words[:LONGEST]).split())
    if not words:
        return None
    return (
        _code(words, after)
        or anomaly(words)
        or _alert(words)
        or _word(words)
        or explain_text(words)
    )


def _alert(words: str) -> Explanation | None:
    """An alert of TLS, also as the wire tells it; its number alone is none."""
    if match := _ALERT.fullmatch(words):
        return alert(match[1])
    return alert(words) if not words.isdigit() else None


def _code(words: str, after: str | None) -> Explanation | None:
    if match := _VERB_FIRST.fullmatch(words):
        name, rest = match.groups()
        if _is_question(name):
            words, after = rest, name
    if match := _REPLY.fullmatch(words):
        return _reply(match[1], match[2] or "", after)
    if match := _ENHANCED.fullmatch(words):
        return explain_enhanced(match[1], match[2])
    if match := _SUBJECT.fullmatch(words):
        return explain_subject(match[1])
    if match := _DIGIT.fullmatch(words):
        return explain_digit(match[1])
    if (match := _RFC.fullmatch(words)) and (title := rfc_title(match[1])):
        return Explanation(f"RFC {match[1]}", f"{title}.", f"RFC {match[1]}")
    return None


def _reply(code: str, rest: str, after: str | None) -> Explanation:
    enhanced, text = "", rest
    if match := _ENHANCED.fullmatch(rest):
        enhanced, text = match.groups()
    elif code == "250" and after is None and (found := _explain_offer(rest)):
        return found
    elif _is_question(rest):
        after, text = rest, ""
    return explain_reply(code, enhanced=enhanced.upper(), text=text, after=after)


def _explain_offer(line: str) -> Explanation | None:
    """Explain a line of an EHLO reply."""
    name, _, parameters = line.partition(" ")
    return explain_keyword(name, parameters)


def _is_question(name: str) -> bool:
    return name.casefold() in ("connect", "content") or verb(name) is not None


def _word(words: str) -> Explanation | None:
    first, _, rest = words.partition(" ")
    if first.upper() == "AUTH" and rest:
        return _auth(rest)
    if found := _explain_verb(first):
        return found
    if found := _explain_mechanism(words):
        return found
    if found := explain_keyword(first, rest):
        return found
    return explain_parameter(first.partition("=")[0]) if not rest else None


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
    if found is None:
        return None
    text = (
        f"{found.sentence} On the wire without TLS: {found.exposes[0].lower()}{found.exposes[1:]}"
    )
    next_lines = ("/login",) if found.sound else ("/starttls", "/login")
    return Explanation(f"{found.name}, a way to log in", text, found.rfc, next=next_lines)
