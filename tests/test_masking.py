"""What is hidden is hidden everywhere, the same way, and what is left still reads."""

from __future__ import annotations

import base64

import pytest
import recorded
from hypothesis import given
from hypothesis import strategies as st

from smtpconsole.transcript.formats import FORMATS, exported
from smtpconsole.transcript.masking import Masker, without_addresses
from smtpconsole.transcript.reading import read
from smtpconsole.transcript.showing import Show, part
from smtpconsole.transcript.turns import turns

ONE = "user1@host1.example"
BEGIN = "connecting to mail.example.org:587"


def masked(*texts: str, hosts: tuple[str, ...] = ()) -> list[str]:
    masker = Masker()
    for text in texts:
        masker.learn(text)
    for host in hosts:
        masker.learn_host(host)
    return [masker.mask(text) for text in texts]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("MAIL FROM:<Bob.X@Mail.Corp.test> SIZE=10", "MAIL FROM:<user1@host1.example> SIZE=10"),
        ("TO:<a@b.test> ORCPT=rfc822;a@b.test", f"TO:<{ONE}> ORCPT=rfc822;{ONE}"),
        ("ORCPT=rfc822;a+40b.test", "ORCPT=rfc822;user1+40host1.example"),
        ("AUTH=a@b.test ENVID=x", "AUTH=user1@host1.example ENVID=x"),
        ("see http://w.test/?to=a%40b.test", "see http://w.test/?to=user1%40host1.example"),
        ("bounce-bob=corp.test@list.test", "user1@host1.example"),
        ("a@b.test a@b.test c@b.test", f"{ONE} {ONE} user2@host1.example"),
        ("550 5.7.1 host mx.b.test of <a@b.test>", f"550 5.7.1 host host2.example of <{ONE}>"),
        ("from [203.0.113.9] or 2001:db8:1::9", "from [192.0.2.1] or 2001:db8::2"),
        ("a@[203.0.113.9]", "user1@[192.0.2.1]"),
        ("localhost 127.0.0.1 ::1 12:30:01 5.7.1", "localhost 127.0.0.1 ::1 12:30:01 5.7.1"),
    ],
)  # fmt: skip
def test_addresses_are_masked_where_they_stand(text: str, expected: str) -> None:
    assert masked(text) == [expected]


def test_base64_with_an_address_in_it_is_base64_of_the_masked_one() -> None:
    secret = base64.b64encode(b"\0bob@corp.test\0x").decode()
    (found,) = masked(f"334 {secret}")
    assert base64.b64decode(found.split()[1]) == b"\0user1@host1.example\0x"
    body = base64.encodebytes(b"Dear bob@corp.test, " * 20).decode()
    (found,) = masked(body)
    assert b"corp.test" not in base64.b64decode(found) and b"user1@" in base64.b64decode(found)


def test_a_label_is_masked_as_it_was_written_only() -> None:
    assert masked("EHLO mail", "MAIL FROM", hosts=("mail",)) == ["EHLO host1.example", "MAIL FROM"]


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_no_address_is_left_in_any_format(name: str) -> None:
    text = exported(recorded.delivered(), name, show=Show(addresses=False))
    for needle in ("alice", "bob", "nobody", "example.org", "example.net", "192.0.2.9:4711"):
        assert needle not in text.replace("192.0.2.", ""), needle
    assert "user1@host" in text or name == "openssl"


def test_a_masked_session_still_reads() -> None:
    text = exported(recorded.delivered(), "text", show=Show(addresses=False))
    assert " ~> RCPT TO:<user3@host4.example>\n" in text
    assert "<~* 550 5.1.1 <user3@host4.example>: unknown at host1.example\n" in text
    assert " ~> From: <user1@host3.example>\n ~> To: user2@host4.example\n" in text
    assert len(read(text).journal) and read(text).problems == ()


def test_a_part_has_the_masks_of_the_whole() -> None:
    whole = exported(recorded.delivered(), "text", show=Show(addresses=False))
    piece = exported(recorded.delivered(), "text", show=Show(addresses=False), last_exchange=True)
    assert all(line in whole for line in piece.splitlines()[:-2])


def test_content_is_told_by_its_size() -> None:
    text = exported(recorded.delivered(), "text", show=Show(content=False))
    assert "[content not shown: 83 octets in 6 lines]\n ~> .\n" in text
    assert "Hello" not in text and "Subject" not in text


def test_credentials_are_shown_only_while_they_are_in_memory() -> None:
    journal = recorded.delivered()
    secret = base64.b64encode(b"looking-glass").decode()
    assert secret not in exported(journal, "text")
    text = exported(journal, "text", show=Show(credentials=True))
    assert f" ~> {secret}\n" in text and "shown: credentials" in text


@pytest.mark.parametrize(
    ("options", "first", "last"),
    [
        ({"last_exchange": True}, "QUIT", "the server closed the connection"),
        ({"last_connection": True}, BEGIN, "the server closed the connection"),
        ({"first": 0, "last": 0}, BEGIN, BEGIN),
    ],
)  # fmt: skip
def test_a_part_can_be_taken(options: dict[str, int], first: str, last: str) -> None:
    chosen = part(list(turns(recorded.delivered())), **options)
    assert (chosen[0].lines, chosen[-1].lines) == ([first], [last])


@given(st.text(max_size=120), st.text(max_size=40))
def test_any_text_can_be_masked_and_a_mask_is_not_masked_again(text: str, host: str) -> None:
    masker = Masker()
    masker.learn(text)
    masker.learn_host(host)
    once = masker.mask(text)
    assert masker.mask(once).count("@") == once.count("@")


def test_masking_is_quick_whatever_the_text() -> None:
    import time

    for text in ("a" * 200_000, "a." * 100_000, "a@" * 100_000, "=40" * 60_000, "1:" * 100_000):
        began = time.monotonic()
        masked(text)
        assert time.monotonic() - began < 2.0
    assert without_addresses([])[0] == []
