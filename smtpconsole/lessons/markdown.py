"""The light Markdown that lessons are written in, as blocks of spans: no face, no markup.

Known are headings, paragraphs, lists, quotations, tables (as they stand), indented and fenced
blocks, and within a line `code`, *emphasis*, **strong words** and [links](of).  All else is text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

Style = Literal["", "code", "emphasis", "strong"]
Kind = Literal["paragraph", "heading", "item", "quote", "code"]


@dataclass(frozen=True, slots=True)
class Span:
    """Text in one style."""

    text: str
    style: Style = ""


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, or what stands in its place."""

    kind: Kind
    spans: tuple[Span, ...]  # of code: one, with its line ends
    marker: str = ""  # of an item: "-" or "1."
    info: str = ""  # of code: the word behind the fence

    @property
    def text(self) -> str:
        """The words alone."""
        return "".join(span.text for span in self.spans)


def blocks(text: str) -> list[Block]:
    """Text cut into blocks."""
    return list(_Cutter(text.split("\n")).blocks())


def spans(line: str) -> tuple[Span, ...]:
    """A line cut into spans."""
    found: list[Span] = []
    at = 0
    for match in _INLINE.finditer(line):
        found.append(Span(line[at : match.start()]))
        found.append(_span(match))
        at = match.end()
    found.append(Span(line[at:]))
    return tuple(span for span in found if span.text)


def _span(match: re.Match[str]) -> Span:
    if match["escaped"]:
        return Span(match["escaped"])
    if match["code"]:
        return Span(match["code"], "code")
    if match["strong"]:
        return Span(match["strong"], "strong")
    if match["link"]:
        return Span(f"{match['link']} ({match['target']})")
    return Span(match["emphasis"] or match["underscored"], "emphasis")


_INLINE = re.compile(
    r"\\(?P<escaped>[\\`*_{}\[\]()#+.!|<>~-])"
    r"|(?<!`)(?P<ticks>`++)(?P<code>[^`]+)(?P=ticks)(?!`)"
    r"|\*\*(?P<strong>[^*\s](?:[^*]*[^*\s])?)\*\*"
    r"|\*(?P<emphasis>[^*\s](?:[^*]*[^*\s])?)\*"
    r"|(?<!\w)_(?P<underscored>[^_\s](?:[^_]*[^_\s])?)_(?!\w)"
    r"|\[(?P<link>[^\]\[]+)\]\((?P<target>[^()\s]+)\)"
)
_FENCE = re.compile(r" {0,3}(`{3,})\s*([\w-]*)")
_HEADING = re.compile(r"#{1,6}\s+(.*?)\s*#*$")
_ITEM = re.compile(r" {0,3}([-*+]|\d{1,3}[.)])\s+(.*)")


class _Cutter:
    """Walks down the lines."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._at = 0

    def blocks(self) -> Iterator[Block]:
        while self._at < len(self._lines):
            line = self._lines[self._at]
            if not line.strip():
                self._at += 1
            elif found := _FENCE.match(line):
                yield self._fenced(found[1], found[2])
            elif line.startswith(("    ", "\t")):
                yield self._indented()
            elif line.lstrip().startswith("|"):
                yield self._code(self._while(lambda each: each.lstrip().startswith("|")))
            elif found := _HEADING.match(line):
                self._at += 1
                yield Block("heading", spans(found[1]))
            elif line.startswith(">"):
                quoted = self._while(lambda each: each.startswith(">"))
                yield Block("quote", spans(_joined([each[1:] for each in quoted])))
            elif found := _ITEM.match(line):
                self._at += 1
                yield Block("item", spans(_joined([found[2], *self._more()])), found[1])
            else:
                self._at += 1
                yield Block("paragraph", spans(_joined([line, *self._more()])))

    def _while(self, fits: Callable[[str], object]) -> list[str]:
        begin = self._at
        while self._at < len(self._lines) and fits(self._lines[self._at]):
            self._at += 1
        return self._lines[begin : self._at]

    def _more(self) -> list[str]:
        """The further lines of a paragraph or an item."""
        return self._while(
            lambda each: (
                each.strip()
                and not (
                    _ITEM.match(each) or _FENCE.match(each) or each.startswith((">", "|", "#"))
                )
            )
        )

    def _fenced(self, fence: str, info: str) -> Block:
        self._at += 1
        lines = self._while(lambda each: each.strip() != fence)
        self._at += 1
        return self._code(lines, info)

    def _indented(self) -> Block:
        lines = self._while(lambda each: not each.strip() or each.startswith(("    ", "\t")))
        return self._code([each.removeprefix("\t").removeprefix("    ") for each in lines])

    def _code(self, lines: list[str], info: str = "") -> Block:
        return Block("code", (Span("\n".join(lines).rstrip()),), info=info)


def _joined(lines: list[str]) -> str:
    return " ".join(line.strip() for line in lines)
