"""Addresses out of what people write, and into what a server is told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtpconsole.smtp.addresses import domain, mailbox, needs_utf8, path, with_a_labels

QUOTED = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=9).map(
    lambda text: '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"@x'
)
NAMES = st.sampled_from(['"A. Smith" ', "B. Smith ", "Zoë ", "", '"a > b" ', "C (a friend) "])


@given(st.emails())
def test_an_address_comes_through_unchanged(address: str) -> None:
    assert mailbox(address) == address
    assert path(address) == b"<" + address.encode() + b">"


@given(NAMES, st.one_of(st.emails(), QUOTED), st.booleans())
def test_the_address_is_found_behind_a_name(name: str, address: str, is_closed: bool) -> None:
    assert mailbox(f"{name}<{address}{'>' if is_closed else ''}") == address


@given(QUOTED)
def test_a_quoted_local_part_may_hold_anything(address: str) -> None:
    assert mailbox(address) == address


@given(st.text(st.sampled_from('a@x<> "\\(),;:\t\r\n\0ü='), max_size=24))
def test_whatever_is_written_stays_one_argument_or_is_refused(text: str) -> None:
    try:
        found = path(text, encoding="utf-8")
    except ValueError:
        return
    line = b"RCPT TO:" + found
    assert found.startswith(b"<") and found.endswith(b">")
    assert not any(octet < 32 or octet == 127 for octet in line)
    unquoted = _outside_of_quotes(found[1:-1].decode())
    assert not set(unquoted) & set("<> ")


def _outside_of_quotes(text: str) -> str:
    kept, is_quoted, is_escaped = [], False, False
    for at, letter in enumerate(text):
        if is_escaped:
            is_escaped = False
        elif is_quoted and letter == "\\":
            is_escaped = True
        elif letter == '"' and (is_quoted or '"' in text[at + 1 :]):
            is_quoted = not is_quoted
        elif not is_quoted:
            kept.append(letter)
    return "".join(kept) if not is_quoted else ""


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("a@[1.2.3.4]", "a@[1.2.3.4]"),
        ("_______@x", "_______@x"),
        ("", ""),
        ("<>", ""),
        ("@@", "@@"),
        ("you", "you"),
        ("tést-lïst", "tést-lïst"),
        (" a@x ", "a@x"),
        ("a@x (a (nested) comment)", "a@x"),
        ("(a comment) a@x", "a@x"),
        ("(one) a@x (two) ((three) (four))", "a@x"),
        ("a)(b@x", "a)(b@x"),
        ('"', '"'),
    ],
)
def test_what_is_odd_is_the_servers_to_refuse(text: str, address: str) -> None:
    assert mailbox(text) == address


@pytest.mark.parametrize(
    "text",
    [
        *("a@x> AUTH=<b@x", "a@x> NOTIFY=NEVER ORCPT=rfc822;<b", "a@x>\tNOTIFY=NEVER", "a@x>"),
        *("a@x >", "a@x\r\nRCPT TO:<b@x>", "<a@x> b", "<a@x><b@x>", "a b@x", "a@x b", "a\0@x"),
        *("a <b <c@x>", '"a b@x', "<a@x>b"),
    ],
)
def test_what_would_break_out_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        mailbox(text)


def test_it_is_told_where_an_address_goes_on() -> None:
    for text in ("<a@x> >", "a> <b@x>"):
        with pytest.raises(
            ValueError, match=r"^the address '.*' goes on after its closing bracket$"
        ):
            mailbox(text)


def test_a_domain_of_other_letters_is_sent_as_a_labels() -> None:
    assert with_a_labels("a@BÜCHER.example") == "a@xn--bcher-kva.example"
    assert with_a_labels('"a@b"@bücher.example') == '"a@b"@xn--bcher-kva.example'
    assert path("a@bücher.example") == b"<a@xn--bcher-kva.example>"
    assert path("a@bücher.example", encoding="utf-8") == "<a@bücher.example>".encode()
    assert path("a@bücher.example", encoding="us-ascii") == b"<a@xn--bcher-kva.example>"
    assert needs_utf8("ä@x") and not needs_utf8("Ä <a@ü.example>")
    assert with_a_labels("a@\u2028x") == "a@\u2028x"  # no label at all: left to the server
    with pytest.raises(UnicodeEncodeError):
        path("ä@x")


def test_the_domain_of_an_address() -> None:
    assert domain("a@X.example") == "x.example" and domain("you") == ""
