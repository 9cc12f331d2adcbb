"""Long lines of the wire, in rows."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from smtpconsole.smtp.events import Noted
from smtpconsole.transcript.journal import Journal
from smtpconsole.tui.lines import Lines

WORDS = st.lists(st.text("ab日é", min_size=1, max_size=30), min_size=1, max_size=30).map(" ".join)


def rows(text: str, width: int) -> list[str]:
    journal = Journal()
    journal(Noted(text))
    lines = Lines(journal)
    lines.width = width
    shown = lines.shown(0)
    assert shown is not None and len(shown.lines) == 1
    return [shown.row(at)[1] for at in range(shown.height)]


@given(WORDS, st.integers(10, 60))
def test_rows_fit_and_together_are_the_line(text: str, width: int) -> None:
    found = rows(text, width)
    assert "".join(found) == text
    assert all(cell_len(row) <= width for row in found)


def test_a_line_is_cut_between_words_where_it_can_be() -> None:
    assert rows("one two three four five", 10) == ["one two ", "three ", "four five"]
    assert rows("a0123456789b0123456789", 10) == ["a012345678", "9b01234567", "89"]
