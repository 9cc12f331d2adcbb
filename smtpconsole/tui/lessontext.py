"""A lesson's Markdown as `Content`: every word visible, none of it markup."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from textual.content import Content

from smtpconsole.lessons import markdown
from smtpconsole.lessons.markdown import Block
from smtpconsole.visible import visible

_STYLES = {"code": "bold $accent", "emphasis": "italic", "strong": "bold"}


def rendered(text: str, width: int, limit: int | None = None) -> list[Content]:
    """Lines of at most that width; of the first so many blocks, if there is a limit."""
    lines: list[Content] = []
    last: Block | None = None
    for block in markdown.blocks(text)[:limit]:
        if last is not None and not (last.kind == block.kind == "item"):
            lines.append(Content(""))
        lines += _block(block, width)
        last = block
    return lines


def _block(block: Block, width: int) -> Iterator[Content]:
    if block.kind == "code":
        for line in block.text.split("\n"):
            for part in _typed(visible(line.expandtabs()), width):
                yield Content(part).stylize("bold $accent")
        return
    content = Content.assemble(*((visible(s.text), _STYLES.get(s.style, "")) for s in block.spans))
    if block.kind == "heading":
        content = content.stylize("bold")
    if block.kind == "quote":
        content = content.stylize("italic")
    sign = {"item": f"{block.marker} ", "quote": "│ "}.get(block.kind, "")
    yield from hung(content, sign, width, again=block.kind == "quote")


def _typed(line: str, width: int) -> list[str]:
    """A line to type; where it is too long, its rest is indented further."""
    shown = f"    {line}"
    if len(shown) <= width:
        return [shown]
    room = max(16, width)
    return textwrap.wrap(shown, room, subsequent_indent=" " * 8, break_on_hyphens=False)


def hung(content: Content, sign: str, width: int, *, again: bool = False) -> Iterator[Content]:
    """Wrapped behind a sign: its lines begin at the same column, or with the sign again."""
    for number, line in enumerate(content.wrap(max(8, width - len(sign)))):
        margin = sign if again or number == 0 else " " * len(sign)
        yield Content.assemble((margin, "$foreground-muted"), line.rstrip())
