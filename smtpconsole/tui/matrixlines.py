"""The MX matrix as the pane of the DNS draws it: a table, and what stands behind one cell."""

from __future__ import annotations

from collections.abc import Iterator

from textual.content import Content

from smtpconsole.console.dns.domains import domain_lines, plan_lines
from smtpconsole.console.dns.matrix import STAGES, Cell, Matrix, Row, State
from smtpconsole.console.dns.matrixtext import SIGNS
from smtpconsole.console.probe.text import told as remark_lines
from smtpconsole.tui.panes import hanging
from smtpconsole.visible import visible

Place = tuple[int, int]  # row and stage

CELL = 6  # columns
_TITLES = ("conn", "greet", "EHLO", "TLS", "cert", "policy")
_STYLES: dict[State, str] = {
    "good": "$success",
    "fair": "$warning",
    "bad": "bold $error",
    "now": "bold",
    "waiting": "$foreground-muted",
    "none": "$foreground-muted",
}


def lines(matrix: Matrix, width: int, place: Place, *, has_cursor: bool) -> Iterator[Content]:
    """The matrix in so many columns; `place` is what is told in full."""
    domain = matrix.domain
    if domain is None:
        yield Content(visible(f"{matrix.name}: asking the DNS …")).stylize("bold")
        return
    first, *rest = plan_lines(domain.plan)
    yield from (Content(line).stylize("bold") for line in hanging(visible(first), 0, width))
    if not matrix.rows:
        yield from (Content(line) for text in rest for line in hanging(visible(text), 2, width))
    else:
        yield Content("")
        yield from _table(matrix, width, place if has_cursor else None)
        yield Content("")
        yield from _behind(matrix, width, place)
    yield Content("")
    yield from _besides(matrix, width)


def _table(matrix: Matrix, width: int, cursor: Place | None) -> Iterator[Content]:
    room = max(8, width - CELL * len(STAGES) - 1)
    titles = "".join(f"{title:>{CELL + (title == 'policy')}}" for title in _TITLES)
    yield Content(f"{'':{room}}{titles}").stylize("$foreground-muted")
    server = ""
    for number, row in enumerate(matrix.rows):
        if row.exchanger.name != server:
            server = row.exchanger.name
            name = f"{row.exchanger.preference} {server}"
            yield Content(visible(_cut(name, width))).stylize("bold")
        yield _row(number, row, room, cursor)


def _row(number: int, row: Row, room: int, cursor: Place | None) -> Content:
    parts: list[tuple[str, str]] = [(f"{_cut(f'{number + 1} {row.address}', room - 1):{room}}", "")]
    for place, stage in enumerate(STAGES):
        cell = row.cell(stage)
        text = f"{_short(cell):>{CELL}}"
        is_here = cursor == (number, place)
        style = _STYLES[cell.state]
        parts.append((text, f"{style} reverse" if is_here else style))
    return Content.assemble(*parts)


def _behind(matrix: Matrix, width: int, cursor: Place) -> Iterator[Content]:
    """What stands behind the cell under the cursor."""
    number, place = cursor
    row, stage = matrix.rows[number], STAGES[place]
    cell = row.cell(stage)
    yield Content.assemble(
        (visible(_cut(f"{row.address}, {stage}", width - 18)), "bold"),
        ("   Enter: connect", "$accent"),
    )
    yield from map(Content, hanging(visible(cell.text or _WAIT[cell.state]), 2, width))
    if stage == "policy":
        for each in row.verdicts:
            answer = {True: "yes", False: "no", None: "?"}[each.delivers]
            text = f"{each.policy}: {answer}, {each.text}"
            yield from map(Content, hanging(visible(text), 2, width))


_WAIT: dict[State, str] = {
    "waiting": "not yet",
    "now": "under way",
    "none": "it did not come to that",
    "good": "good",
    "fair": "",
    "bad": "",
}


def _short(cell: Cell) -> str:
    """A cell in five characters."""
    sign = SIGNS[cell.state]
    if cell.seconds is None or cell.state in ("waiting", "now", "none"):
        return sign
    milli = cell.seconds * 1000
    time = f"{milli:.0f}ms" if milli < 100 else f"{cell.seconds:.1f}s"
    return time if cell.state == "good" else f"{sign}{time}"[: CELL - 1]


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else f"{text[: room - 1]}…"


def _besides(matrix: Matrix, width: int) -> Iterator[Content]:
    """What the domain publishes, and what is remarkable about it."""
    domain = matrix.domain
    assert domain is not None
    for remark in domain.remarks():
        style = {"error": "bold $error", "warning": "$warning"}.get(remark.severity, "")
        for line in remark_lines(remark, width):
            yield Content(visible(line)).stylize(style) if style else Content(visible(line))
            style = ""
    yield Content("")
    lines = list(domain_lines(domain))[len(list(plan_lines(domain.plan))) :]
    for text in lines:
        first, *more = hanging(visible(text).strip(), 9, width)
        indent = "" if text[:1].strip() else " " * 9
        yield Content(f"{indent}{first.strip()}")
        yield from map(Content, more)
