"""Inputs for parsers: samples of what they are made for, spoilt in the ways that break parsers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from hypothesis import strategies as st

Text = TypeVar("Text", str, bytes)

# What has broken parsers before: other digits, other blanks, escapes, numbers beyond all measure.
ODD_TEXTS = (
    *("\0", "\r", "\n", "\r\n", "\t", "\x1b[2J", "\x1b]0;x\x07", "\x7f", "\x85", "\xa0", "\u2028"),
    *("\u202e", "\ufeff", "\udcff", "\u0663", "\xb2", "\uff11", "\xdf", "\u0130", "\U0001f600"),
    *('"', "'", "\\", "`", "$", "%", "{", "}", "[", "]", "(", ")", "<", ">", "=", ",", ";", ":"),
    *("-1", "0", "99999999999999999999", "9" * 4400, "1e999", "nan", "inf", "1_0", "0x10", "007"),
    *(" ", "  ", "@", ".", "..", "/", "//", "|", "~", "#", "?", "*", "+", "&", "xn--", "\u0345"),
)
ODD_OCTETS = (
    *(text.encode("utf-8", "surrogateescape") for text in ODD_TEXTS),
    *(b"\x80", b"\xff", b"\xc3", b"\xe2\x80", b"\xff\xff\xff\xff", bytes(8), b"\x7f\xff\xff\xff"),
)
_KINDS = ("insert", "insert", "replace", "drop", "double", "swap", "cut", "flip", "grow")


@st.composite
def spoilt(draw: Any, samples: Sequence[Text], words: Sequence[Text] = ()) -> Text:
    """One of the samples with up to four changes."""
    text: Any = draw(st.sampled_from(samples))
    odd: tuple[Any, ...] = ODD_OCTETS if isinstance(text, bytes) else ODD_TEXTS
    odd = (*words, *odd)
    for _ in range(draw(st.integers(0, 4))):
        text = _changed(draw, text, odd)
    return text


def _changed(draw: Any, text: Any, odd: tuple[Any, ...]) -> Any:
    kind = draw(st.sampled_from(_KINDS))
    at, length = draw(st.integers(0, len(text))), draw(st.integers(0, 12))
    before, piece, after = text[:at], text[at : at + length], text[at + length :]
    match kind:
        case "insert":
            return before + draw(st.sampled_from(odd)) + text[at:]
        case "replace":
            return before + draw(st.sampled_from(odd)) + after
        case "drop":
            return before + after
        case "double":
            return before + piece + piece + after
        case "swap":
            return before + after[:length] + piece + after[length:]
        case "cut":
            return before
        case "grow":
            return before + piece * draw(st.sampled_from([3, 40, 300])) + after
    return before + _flipped(piece, draw(st.integers(1, 255))) + after


def _flipped(piece: Any, bits: int) -> Any:
    if isinstance(piece, bytes):
        return bytes(octet ^ bits for octet in piece)
    return "".join(chr(ord(letter) ^ bits) if letter < "\ud700" else letter for letter in piece)


def anything(sample: Text) -> st.SearchStrategy[Any]:
    """Whatever has the type of the sample."""
    return st.binary(max_size=60) if isinstance(sample, bytes) else st.text(max_size=40)


def inputs(samples: Sequence[Text], words: Sequence[Text] = ()) -> st.SearchStrategy[Any]:
    """Mostly spoilt samples, and sometimes anything at all."""
    return st.one_of(*[spoilt(samples, words)] * 5, anything(samples[0]))
