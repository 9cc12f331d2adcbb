"""EHLO keywords, and their parameters read out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from smtpconsole.knowledge.entries import Entry, Explanation, explanation, printable, table

UNKNOWN = "not registered, and not known here"
LONGEST_NUMBER = 20  # RFC 1870, 3: SIZE has up to 20 digits

_FILES = ("extensions/registered", "extensions/private")
_LIMITS = {
    "MAILMAX": "{} messages a session",
    "RCPTMAX": "{} recipients a message",
    "RCPTDOMAINMAX": "{} domains a message",
}


def keyword(name: str) -> str | None:
    """Say in one sentence what an EHLO keyword means."""
    entry = find(name)
    return None if entry is None else str(entry["sentence"])


def describe(name: str, parameters: str = "") -> str:
    """Say in a few words what a keyword with these parameters offers."""
    entry = find(name)
    if entry is None:
        return UNKNOWN
    name, _, legacy = printable(name).strip().partition("=")
    words = [*legacy.split(), *printable(parameters).split()]
    read = _READERS.get(name.upper())
    if read is not None and words:
        return read(words) or f"{entry['brief']}; what follows cannot be read"
    if words and "listed" in entry:
        return str(entry["listed"]).replace("{list}", ", ".join(words))
    return str(entry["brief"])


def find(name: str) -> Entry | None:
    """Give the table's entry of a keyword."""
    name = name.strip().upper()
    if re.fullmatch(r"X{4,}[A-Z]?", name):
        name = "XXXXXXXA"  # what a firewall writes over other keywords
    # RFC 4954 forerunners write AUTH=LOGIN, Courier XVERP=Courier, Exchange X-EXPS=LOGIN.
    for each in (name, name.partition("=")[0]):
        for file in _FILES:
            if (entry := table(file).get(each)) is not None:
                return entry  # type: ignore[no-any-return]  # TOML is of any shape
    return None


def adds(name: str) -> tuple[str, ...]:
    """Give the commands that a keyword adds."""
    entry = find(name)
    return () if entry is None else tuple(entry.get("verbs", ()))


def keywords() -> Iterator[tuple[str, Entry]]:
    """Give all keywords with their entries, the registered ones first."""
    for file in _FILES:
        yield from table(file).items()


def explain_keyword(name: str, parameters: str = "") -> Explanation | None:
    """Explain an EHLO keyword, with its parameters if there are any."""
    entry = find(name)
    if entry is None:
        return None
    text = str(entry["sentence"])
    if parameters:
        text += f" Here: {describe(name, parameters)}."
    if options := _options(entry):
        text += f" It adds {options}."
    if "private" in entry:
        text += f" Not registered; vendor use: {entry['private']}."
    title = printable(f"{name.strip().upper()} {parameters}".strip())
    return explanation(entry, title=title, text=text)


def explain_parameter(name: str) -> Explanation | None:
    """Explain a parameter of MAIL or RCPT, such as BODY or NOTIFY."""
    name = name.strip().upper()
    for extension, entry in keywords():
        for verb in ("MAIL", "RCPT"):
            if name in entry.get(verb.casefold(), ()):
                text = f"A parameter of {verb} that {extension} adds. {entry['sentence']}"
                return explanation(entry, title=f"{name}, parameter of {verb}", text=text)
    return None


def _options(entry: Entry) -> str:
    parts = [("verb", entry.get("verbs", ()))]
    parts += [(f"{verb} parameter", entry.get(verb.casefold(), ())) for verb in ("MAIL", "RCPT")]
    return ", ".join(f"the {what} {name}" for what, names in parts for name in names)


def _size(words: list[str]) -> str:
    octets = _number(words[0])
    if octets is None:
        return ""
    if octets == 0:
        return "messages of any size; no fixed limit"
    return f"messages up to {size(octets)}"


def _limits(words: list[str]) -> str:
    told = []
    for word in words:
        name, _, value = word.upper().partition("=")
        number = _number(value)
        if name in _LIMITS and number is not None:
            told.append(_LIMITS[name].format(f"{number:,}"))
        else:
            told.append(word)
    return "at most " + ", ".join(told)


def _deliver_by(words: list[str]) -> str:
    seconds = _number(words[0].partition(",")[0])
    return "" if seconds is None else f"deliver within a time, at least {seconds:,} seconds"


def _future_release(words: list[str]) -> str:
    seconds = _number(words[0])
    if seconds is None:
        return ""
    until = f", until {words[1]}" if len(words) > 1 else ""
    return f"messages held for up to {seconds:,} seconds{until}"


_READERS: dict[str, Callable[[list[str]], str]] = {
    "SIZE": _size,
    "LIMITS": _limits,
    "DELIVERBY": _deliver_by,
    "FUTURERELEASE": _future_release,
}


def _number(word: str) -> int | None:
    digits = word.isascii() and word.isdigit() and len(word) <= LONGEST_NUMBER
    return int(word) if digits else None


def size(octets: int) -> str:
    """Write a number of octets as a person reads it: "50 MiB (52,428,800 octets)"."""
    for unit, power in (("GiB", 30), ("MiB", 20), ("KiB", 10)):
        if octets >= 1 << power:
            amount = f"{octets / (1 << power):,.1f}".removesuffix(".0")
            return f"{amount} {unit} ({octets:,} octets)"
    return f"{octets:,} octets"
