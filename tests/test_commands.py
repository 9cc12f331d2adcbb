"""What is said is one line, and no argument can make it two."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtpconsole.smtp import addresses, content
from smtpconsole.smtp.capabilities import Capabilities, Keyword, parse
from smtpconsole.smtp.commands import Send, command, mail, raw, rcpt, xclient
from smtpconsole.smtp.replies import Reply


def test_mail_declares_size_first() -> None:
    send = mail("a@x", size=12, options=["BODY=8BITMIME"])
    assert send == Send(b"MAIL FROM:<a@x> size=12 BODY=8BITMIME\r\n", b"MAIL", about="a@x")


def test_rcpt_keeps_the_recipient_as_it_was_written() -> None:
    send = rcpt("Bob <b@x>", options=["NOTIFY=NEVER"])
    assert send.line == b"RCPT TO:<b@x> NOTIFY=NEVER"
    assert send.about == "Bob <b@x>"


def test_what_has_other_letters_is_encoded_as_it_is_asked_for() -> None:
    assert rcpt("zoë@x", encoding="utf-8").line == "RCPT TO:<zoë@x>".encode()


@pytest.mark.parametrize(
    ("address", "line"),
    [
        ("192.0.2.1", b"XCLIENT ADDR=192.0.2.1"),
        ("::1", b"XCLIENT ADDR=IPV6:::1"),
        ("ipv6:::1", b"XCLIENT ADDR=ipv6:::1"),
        ("IPV6:2001:db8::1", b"XCLIENT ADDR=IPV6:2001:db8::1"),
    ],
)
def test_an_address_of_ipv6_is_marked_once(address: str, line: bytes) -> None:
    assert xclient(addr=address).line == line
    assert xclient(destaddr=address).line == line.replace(b"ADDR", b"DESTADDR")


def test_what_is_not_known_of_a_client_is_said_so() -> None:
    send = xclient(name="[TEMPUNAVAIL]", addr="[UNAVAILABLE]", login=None)
    assert send.line == b"XCLIENT NAME=[TEMPUNAVAIL] ADDR=[UNAVAILABLE] LOGIN=[UNAVAILABLE]"


def test_the_line_of_what_has_several_is_the_first() -> None:
    assert raw(b"NOOP\r\nRSET\r\n").line == b"NOOP"


def test_raw_refuses_nothing() -> None:
    assert raw(b"\0\r\n\r\n", replies=2) == Send(b"\0\r\n\r\n", replies=2)


@given(st.lists(st.binary(max_size=30), max_size=4))
def test_a_command_is_one_line_or_refused(arguments: list[bytes]) -> None:
    try:
        send = command(b"NOOP", *arguments)
    except ValueError as error:
        assert str(error) == "Command arguments contain a prohibited control character"
        assert any(octet < 32 or octet == 127 for octet in b"".join(arguments))
    else:
        assert send.data.count(b"\n") == send.data.count(b"\r") == 1
        assert send.data.endswith(b"\r\n")


# --- addresses


@pytest.mark.parametrize(
    ("written", "bare"),
    [
        ("a@example.org", "a@example.org"),
        ("a@[1.2.3.4]", "a@[1.2.3.4]"),
        (" a@x ", "a@x"),
        ('"A.Smith" <a@x>', "a@x"),
        ("Zoë <zoë@x>", "zoë@x"),
        ("<a@x>", "a@x"),
        ("B. Smith <b@x", "b@x"),
        ('"a b"@x', '"a b"@x'),
        ('"a>b<"@x', '"a>b<"@x'),
        ('Name <"a \\" > b"@x>', '"a \\" > b"@x'),
        ("", ""),
        ("<>", ""),
        ("listserv-members", "listserv-members"),
        ("@@", "@@"),
    ],
)
def test_the_bare_address_in_what_people_write(written: str, bare: str) -> None:
    assert addresses.mailbox(written) == bare


@pytest.mark.parametrize(
    "written",
    [
        "a@x> AUTH=<b@x",
        "a@x> NOTIFY=SUCCESS ORCPT=rfc822;<b",
        "a@x>\tNOTIFY=NEVER",
        "a@x>",
        "a@x >",
        "a@x\r\nRCPT TO:<b@x>",
        "a b@x",
        "<a@x> b",
        "a@x\0",
    ],
)
def test_an_address_that_breaks_out_of_its_path_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="the address"):
        addresses.mailbox(written)


@given(st.emails())
def test_any_address_comes_through_unchanged(address: str) -> None:
    assert addresses.path(address) == b"<%b>" % address.encode()


@given(st.text(max_size=60))
def test_a_path_ends_where_it_should(text: str) -> None:
    try:
        path = addresses.path(text, encoding="utf-8")
    except (ValueError, UnicodeEncodeError):
        return
    line = mail(text, encoding="utf-8").line
    assert line == b"MAIL FROM:" + path
    assert not any(octet < 32 or octet == 127 for octet in path)


def test_the_domain_of_an_address() -> None:
    assert addresses.domain("a@b@EXAMPLE.org") == "example.org"
    assert addresses.domain("postmaster") == ""


# --- content


@pytest.mark.parametrize(
    ("text", "octets"),
    [
        (b"a\nb", b"a\r\nb\r\n.\r\n"),
        (b".", b"..\r\n.\r\n"),
        (b"a\r\n.\r\n", b"a\r\n..\r\n.\r\n"),
        (b"a\r.\rb", b"a\r\n..\r\nb\r\n.\r\n"),
        (b"a\n.\r\nMAIL FROM:<evil>", b"a\r\n..\r\nMAIL FROM:<evil>\r\n.\r\n"),
        (b"", b".\r\n"),
    ],
)
def test_dots_are_doubled_and_one_ends_it(text: bytes, octets: bytes) -> None:
    assert content.stuffed(content.canonical(text)) == octets


@given(st.binary(max_size=60) | st.text(alphabet="a.\r\n", max_size=20).map(str.encode))
def test_content_cannot_be_ended_from_within(text: bytes) -> None:
    octets = content.stuffed(content.canonical(text))
    assert octets.count(b"\r\n") == octets.count(b"\r") == octets.count(b"\n")
    lines = octets.split(b"\r\n")
    assert lines[-2:] == [b".", b""] and b"." not in lines[:-2]
    unstuffed = b"".join(line.removeprefix(b".") + b"\r\n" for line in lines[:-2])
    assert unstuffed == content.canonical(text)


# --- capabilities


def test_an_ehlo_reply_is_read() -> None:
    lines = [b"mail.example.org greets", b"SIZE 52428800", b" pipelining ", b"", b"X\tY", b"AUTH"]
    known = parse(Reply(250, lines))
    assert known.greeting == "mail.example.org greets"
    assert [word.name for word in known] == ["SIZE", "PIPELINING", "X", "AUTH"]
    assert known.parameters("X") == "Y"
    assert known.parameters("DSN") is None
    assert "PIPELINING" in known and "DSN" not in known
    assert known.size == 52428800


def test_only_blanks_part_a_keyword_from_its_parameters() -> None:
    known = parse(Reply(250, [b"x", b"FOO\x0b", b"BAR   XaX\x0b", b"BAZ \xff"]))
    assert list(known) == [
        Keyword("FOO\x0b", ""),
        Keyword("BAR", "XaX\x0b"),
        Keyword("BAZ", "\udcff"),
    ]


@pytest.mark.parametrize("told", ["", "0", "many", "-1", "\u0661"])
def test_a_size_that_limits_nothing(told: str) -> None:
    assert Capabilities("", (Keyword("SIZE", told),)).size is None


@pytest.mark.parametrize(("told", "size"), [("9" * 20, 10**20 - 1), ("1" * 21, None)])
def test_a_size_has_as_many_digits_as_its_rfc_allows(told: str, size: int | None) -> None:
    """RFC 1870, 4."""
    assert Capabilities("", (Keyword("SIZE", told),)).size == size


def test_mechanisms_of_the_old_and_the_new_form() -> None:
    known = parse(Reply(250, [b"x", b"AUTH=LOGIN PLAIN", b"AUTH plain CRAM-MD5", b"AUTHOR me"]))
    assert known.mechanisms == ("LOGIN", "PLAIN", "CRAM-MD5")


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=8))
def test_any_ehlo_reply_can_be_read(lines: list[bytes]) -> None:
    known = parse(Reply(250, lines))
    assert len(known.keywords) <= len(lines) - 1
    assert all(word.name and known.parameters(word.name) is not None for word in known)
    assert isinstance(known.mechanisms, tuple)
    assert known.size is None or known.size > 0


def test_a_domain_of_other_letters_is_sent_as_a_labels() -> None:
    assert addresses.path("bob@bücher.example") == b"<bob@xn--bcher-kva.example>"
    assert addresses.path("bob@bücher.example", encoding="utf-8") == "<bob@bücher.example>".encode()
    assert not addresses.needs_utf8("bob@bücher.example")
    assert addresses.needs_utf8("zoë@example.org")
    assert addresses.needs_utf8("bob@ü..example")  # no domain that has an ASCII form
    assert not addresses.needs_utf8("bob@example.org")


def test_comments_are_no_part_of_an_address() -> None:
    assert addresses.mailbox("bob@example.org (Bob (the elder))") == "bob@example.org"
