"""What somebody has pasted: replies of several lines put together, marks of transcripts gone.

1. `250-one`, `250 two` is one reply; each line of an EHLO reply is a question of its own.
2. What stands in front of a reply is taken off: marks of swaks and of our own transcripts, and
   what a report of failure says before it.
3. A line that is no reply and follows one that goes on belongs to it.
"""

from __future__ import annotations

import re

from smtpconsole.knowledge.entries import printable
from smtpconsole.knowledge.keywords import find

MOST = 200  # questions that are made of one text
LONGEST = 2_000  # characters of a line; a reply line has 512 octets

_MARK = re.compile(r"(?:[+0-9.a-z ]{1,12} )?(?:[<~=*-]{2,3}[*>]?|[SC]:|<) {1,8}(?=[0-9]{3}[ -])")
# As reports of failure have it: "host mx.example said: 550 …", "Diagnostic-Code: smtp; 550 …".
_SAID = re.compile(r"(?:said:|smtp;) ?(?=[0-9]{3}[ -])")
_REPLY = re.compile(r"([0-9]{3})([ -])(.*)")
_ENHANCED = re.compile(r"([245]\.[0-9]{1,3}\.[0-9]{1,3})[ :]+")


def questions(text: str) -> tuple[str, ...]:
    """Give what there is to explain in a text of some lines."""
    found: list[str] = []
    for lines in _replies([printable(line) for line in text.splitlines() if line.strip()]):
        found += _offers(lines) or [_joined(lines)]
    return tuple(found[:MOST])


def _replies(lines: list[str]) -> list[list[str]]:
    """The lines, those of one reply together."""
    replies: list[list[str]] = []
    going_on = ""  # the code of a reply whose last line has not come
    is_told = False  # by a report, which folds its lines
    for line in lines:
        is_folded = is_told and line.startswith(" ")
        line, is_told = _bare(line[:LONGEST])
        is_told = is_told or is_folded
        match = _REPLY.fullmatch(f"{line} " if line[:3].isdigit() and len(line) == 3 else line)
        if is_folded or (going_on and (match is None or match[1] == going_on)):
            replies[-1].append(line)
        else:
            replies.append([line])
        if match is not None:
            going_on = match[1] if match[2] == "-" else ""
    return replies


def _bare(line: str) -> tuple[str, bool]:
    """A line without what stands in front of a reply, and whether a report told it."""
    line = line.strip()
    if said := _SAID.search(line):
        return line[said.end() :], True
    mark = _MARK.match(line)
    return (line[mark.end() :] if mark is not None else line), False


def _offers(lines: list[str]) -> list[str]:
    """Each line of an EHLO reply, if it is one."""
    names = [line[4:].partition(" ")[0] for line in lines[1:]]
    is_hello = lines[0].startswith("250-") and any(find(name) is not None for name in names)
    return [f"EHLO 250 {lines[0][4:]}", *(line[4:] for line in lines[1:])] if is_hello else []


def _joined(lines: list[str]) -> str:
    """One line of several, the codes at its beginning alone."""
    first, *rest = lines
    match = _REPLY.fullmatch(first)
    if match is None or not rest:
        return first
    code, text = match[1], match[3]
    parts = [line[4:] if line.startswith(code) else line for line in rest]
    enhanced = _ENHANCED.match(text)
    if enhanced is not None:
        parts = [each.removeprefix(enhanced[1]).strip() for each in parts]
    return " ".join([code, text, *parts])
