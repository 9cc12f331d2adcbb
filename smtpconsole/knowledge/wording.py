"""What well-known servers write behind a code: which wording it is, and what they mean by it.

1. The files in `texts/` are asked in the order of `TOPICS`, their entries in that of the file:
   those of one server come before those of everybody.
2. A phrase is a part of the text; ` * ` in it stands for anything.  Nothing backtracks: the
   parts are looked for one behind the other, each once.
3. Addresses are left out: <virus@example.org> says nothing about the content.
"""

from __future__ import annotations

from functools import cache

from smtpconsole.knowledge.entries import Entry, table

TOPICS = (
    *("google", "microsoft", "yahoo", "providers", "lists", "postfix", "exim", "sendmail"),
    *("systems", "login", "relaying", "senders", "recipients", "content", "limits", "protocol"),
)

_ANYTHING = " * "


@cache
def wordings(topic: str) -> tuple[Entry, ...]:
    """Give the entries of a file; each phrase of theirs tells whose words it is."""
    return tuple(map(_owned, table(f"texts/{topic}")["text"]))


def _owned(entry: Entry) -> Entry:
    phrases = entry["phrases"]
    if isinstance(phrases, dict):
        return entry
    return {**entry, "phrases": dict.fromkeys(phrases, entry["speaker"])}


def wording(text: str, digit: str) -> Entry | None:
    """Give the entry whose phrase is in the text behind a code that begins with `digit`."""
    lowered = " ".join(word for word in text.casefold().split() if "@" not in word)
    if not lowered:
        return None
    for entry in (each for topic in TOPICS for each in wordings(topic)):
        if digit.isdigit() and int(digit) not in entry.get("digits", (4, 5)):
            continue
        for phrase, speaker in entry["phrases"].items():
            if is_in(phrase, lowered):
                whose = f" The wording is that of {speaker}." if speaker else ""
                return {**entry, "text": f"{entry['text']}{whose}"}
    return None


def is_in(phrase: str, text: str) -> bool:
    """Say whether the parts of a phrase stand in the text, in their order."""
    at = 0
    for part in phrase.split(_ANYTHING):
        at = text.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return True
