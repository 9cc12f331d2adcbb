"""Nothing that could act on a terminal survives, and nothing is hidden."""

from __future__ import annotations

import sys
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from smtpconsole.visible import octets, visible

LIVE = {"Cc", "Cf", "Zl", "Zp", "Cs", "Co", "Cn"}


def test_no_code_point_is_live_after_it() -> None:
    for code in range(sys.maxunicode + 1):
        shown = visible(chr(code))
        assert shown and not {unicodedata.category(char) for char in shown} & LIVE, hex(code)


@given(st.text())
def test_what_is_visible_stays_as_it_is(text: str) -> None:
    shown = visible(text)
    assert visible(shown) == shown
    assert shown.isprintable()


def test_controls_are_pictures_and_the_rest_escapes() -> None:
    assert visible("a\x1b[31m\0\r\n\x7f") == "a␛[31m␀␍␊␡"
    assert visible("\x9b\u202e\u2028\U000e0001") == "\\x9b\\u{202e}\\u{2028}\\u{e0001}"


def test_octets_that_are_no_text_are_told() -> None:
    assert visible(b"caf\xc3\xa9 \xff\xfe") == "café \\xff\\xfe"
    assert octets(b"caf\xc3\xa9\r\n\0") == "caf\\xc3\\xa9␍␊␀"


@given(st.binary())
def test_every_octet_is_seen(data: bytes) -> None:
    shown = octets(data)
    assert shown.isprintable()
    assert len(shown) >= len(data)
