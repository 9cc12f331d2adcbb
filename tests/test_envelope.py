"""MAIL and RCPT for what the server offers."""

from __future__ import annotations

import pytest

from smtpconsole.smtp.capabilities import Capabilities, Keyword
from smtpconsole.smtp.envelope import envelope
from smtpconsole.smtp.exchanges import data, rehearse

SIZED = Capabilities("x", (Keyword("SIZE", "1000"),))


def test_the_size_is_declared_where_it_is_offered() -> None:
    mail, (first, second) = envelope(
        SIZED, "a@x", ["b@x", "c@x"], b"12\r\n", rcpt_options=["NOTIFY=NEVER"]
    )
    assert mail.line == b"MAIL FROM:<a@x> size=4"
    assert first.line == b"RCPT TO:<b@x> NOTIFY=NEVER"
    assert second.about == "c@x"


def test_addresses_beyond_ascii_need_the_option() -> None:
    mail, (rcpt,) = envelope(
        Capabilities(), "zoë@x", ["böb@x"], b"", mail_options=["smtputf8", "BODY=8BITMIME"]
    )
    assert mail.line == "MAIL FROM:<zoë@x> smtputf8 BODY=8BITMIME".encode()
    assert rcpt.line == "RCPT TO:<böb@x>".encode()
    with pytest.raises(UnicodeEncodeError):
        envelope(Capabilities(), "zoë@x", ["b@x"], b"")


@pytest.mark.parametrize("option", ["X\r\nRSET", "X\0", "X\x7f"])
def test_an_option_cannot_become_a_command(option: str) -> None:
    with pytest.raises(ValueError, match="prohibited"):
        envelope(Capabilities(), "a@x", ["b@x"], b"", mail_options=[option])


def test_data_alone_ends_with_a_dot_unless_it_is_refused() -> None:
    from conversation import converse

    assert [batch[0].data for batch in rehearse(data(b".a\r\n"))] == [
        b"DATA\r\n",
        b"..a\r\n.\r\n",
    ]
    refusal, reply = converse(data(b""), "C: DATA\nS: 503 no")
    assert (refusal.code, reply) == (503, None)
