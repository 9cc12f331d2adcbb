"""Text inside of parameters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtpconsole.smtp import xtext


@given(st.text())
def test_what_is_encoded_is_decoded_again(text: str) -> None:
    clean = text.encode("utf-8", "replace").decode()
    octets = xtext.encoded(clean)
    assert octets.isascii() and "=" not in octets and " " not in octets
    assert xtext.decoded(octets) == clean


def test_xtext_is_as_the_rfc_has_it() -> None:
    """RFC 3461, 4."""
    assert xtext.encoded("a+b=c d") == "a+2Bb+3Dc+20d"
    assert xtext.encoded(b"\xff") == "+FF"
    assert xtext.decoded("+FF") == "\udcff"


@pytest.mark.parametrize("text", ["a+b", "a+2b", "a=b", "a b", "ä"])
def test_what_is_not_xtext_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not xtext"):
        xtext.decoded(text)


def test_an_address_of_other_letters_is_embedded_where_smtputf8_is_not_said() -> None:
    r"""RFC 6533, 3: \x{...} for what is no plain ASCII, and for +, = and the backslash."""
    assert xtext.utf8_address("jörg+x@x", smtputf8=False) == r"j\x{F6}rg\x{2B}x@x"
    assert xtext.utf8_address("jörg\\=@x", smtputf8=True) == r"jörg\x{5C}\x{3D}@x"


def test_of_printable_ascii_only_what_escapes_is_escaped() -> None:
    printable = bytes(range(33, 127)).decode()
    assert xtext.encoded(printable) == printable.replace("+", "+2B").replace("=", "+3D")
    assert xtext.encoded(" \x7f") == "+20+7F"
    told = xtext.utf8_address(printable, smtputf8=True)
    for letter in "\\+=":  # the backslash first, for it is in what the others become
        printable = printable.replace(letter, rf"\x{{{ord(letter):X}}}")
    assert told == printable
    assert xtext.utf8_address(" \x7f", smtputf8=True) == r"\x{20}\x{7F}"
