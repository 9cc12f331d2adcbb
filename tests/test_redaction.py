"""Secrets are cut out where they were said, and wherever they are repeated."""

from __future__ import annotations

import base64

import pytest
from conversation import pieces
from hypothesis import given
from hypothesis import strategies as st

from smtpconsole.smtp.commands import Send
from smtpconsole.transcript.redaction import MASK, Redactor, Sweep, masked

secrets = st.binary(min_size=4, max_size=40)
PLAIN = base64.b64encode(b"\0tim\0tanstaaf")


def test_the_marked_octets_are_replaced_by_their_number() -> None:
    send = Send(b"AUTH PLAIN " + PLAIN + b"\r\n", b"AUTH", secret=slice(11, 11 + len(PLAIN)))
    assert masked(send) == b"AUTH PLAIN [20 octets not shown]\r\n"
    assert masked(Send(b"NOOP\r\n")) == b"NOOP\r\n"


def test_a_password_said_in_plain_is_hunted_for_alone() -> None:
    redactor = Redactor()
    redactor.learn_said(Send(PLAIN + b"\r\n", b"AUTH", secret=slice(0, len(PLAIN)), about="tim"))
    assert redactor.sweep(b"no such user tim, tanstaaf, " + PLAIN) == (
        b"no such user tim, " + MASK + b", " + MASK
    )


def test_the_name_of_a_user_is_not_hunted_for() -> None:
    redactor = Redactor()
    name = base64.b64encode(b"alice@example.org")
    redactor.learn_said(
        Send(name + b"\r\n", b"AUTH", secret=slice(0, len(name)), about="alice@example.org")
    )
    assert redactor.sweep(b"MAIL FROM:<alice@example.org>") == b"MAIL FROM:<alice@example.org>"


@given(secrets, st.binary(max_size=60), st.binary(max_size=60), st.lists(st.integers(0, 200)))
def test_no_secret_survives_however_the_stream_is_cut(
    secret: bytes, before: bytes, after: bytes, cuts: list[int]
) -> None:
    redactor = Redactor()
    redactor.learn(secret)
    data = before + secret + after + base64.b64encode(secret)
    sweep = Sweep(redactor)
    told = b"".join(sweep.feed(piece) for piece in pieces(data, cuts)) + sweep.flush()
    rest = told.replace(MASK, b"\xff" * 99)  # the mask itself may hold a short secret
    assert secret not in rest or secret in MASK
    assert base64.b64encode(secret) not in rest


@given(st.binary(max_size=200), st.lists(st.integers(0, 200)))
def test_what_holds_no_secret_passes_unchanged(data: bytes, cuts: list[int]) -> None:
    redactor = Redactor()
    redactor.learn(b"correct horse battery staple")
    sweep = Sweep(redactor)
    told = [sweep.feed(piece) for piece in pieces(data, cuts)]
    assert b"".join(told) + sweep.flush() == data


def test_no_more_is_held_back_than_may_be_the_beginning_of_a_secret() -> None:
    redactor = Redactor()
    redactor.learn(b"tanstaaf")
    sweep = Sweep(redactor)
    assert sweep.feed(b"250 tanst") == b"250 "
    assert sweep.feed(b"ic") == b"tanstic"


@pytest.mark.parametrize("secret", [bytes(range(33, 123)) * 40, b"a" * 3_000 + b"b"])
def test_a_long_secret_is_hunted_for_at_the_cost_of_its_length(secret: bytes) -> None:
    redactor = Redactor()
    redactor.learn(secret)
    assert sum(map(len, redactor._beginnings)) < 400 * len(secret)  # a square would be more
    for length in (1, 255, 256, 257, 2_999, len(secret) - 1):
        cut = secret[:length]
        assert redactor.unfinished(b"250 \xff" + cut) == length
        assert redactor.unfinished(cut + b"\n") == 0
    sweep = Sweep(redactor)
    told = sweep.feed(b"250 " + secret[:1_500]) + sweep.feed(secret[1_500:] + b"!\n")
    assert told + sweep.flush() == b"250 " + MASK + b"!\n"


def test_text_with_octets_that_are_no_text_is_swept_too() -> None:
    redactor = Redactor()
    redactor.learn(b"tanstaaf")
    assert redactor.sweep_text("\udcff tanstaaf") == "\udcff [not shown]"


def scram(number: int) -> bytes:
    """The last response of a login, which no other login has."""
    proof = base64.b64encode(b"%020d" % (number * 7919**4))
    return b"c=biws,r=%032d,p=%b" % (number, proof)


def test_who_logs_in_again_and_again_does_not_pay_for_all_logins_before() -> None:
    redactor = Redactor()
    redactor.learn_said(Send(PLAIN, b"AUTH", secret=slice(0, len(PLAIN))))
    sizes = []
    for number in range(100):
        said = base64.b64encode(scram(number))
        redactor.learn_said(Send(said, b"", secret=slice(0, len(said))))
        assert redactor.holds_secret(said) and redactor.unfinished(said[:20]) == 20
        sizes.append(len(redactor._beginnings) + len(redactor._telling))
    assert max(sizes[50:]) < 1.01 * max(sizes[:50])
    for number in range(92, 100):  # a server may repeat it yet
        assert redactor.sweep(b"?" + scram(number)[-28:]) == b"?" + MASK
    assert redactor.sweep(b"no such user: tanstaaf") == b"no such user: " + MASK
