"""T22: no parser takes more than its share of time for any octets: twice as much, twice as long.

A factor of eight in size may cost a factor of twenty in time; what backtracks costs sixty-four.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from smtpconsole.console import language
from smtpconsole.knowledge import explaining
from smtpconsole.smtp import addresses, capabilities
from smtpconsole.smtp.replies import Reply, ReplyParser
from smtpconsole.transcript import reading
from smtpconsole.transcript.redaction import Redactor
from smtpconsole.visible import visible

SMALL, FACTOR, MOST = 4_000, 8, 20
ADVERSE = [b"a", b" ", b"-", b".", b"<", b'"', b"\\", b"(", b"@", b"=", b"1.", b"a@", b"a b", b"\r"]


def _replies(data: bytes) -> object:
    return ReplyParser().feed(b"250 " + data + b"\r\n")


def _quietly(parse: Callable[[str], object]) -> Callable[[bytes], object]:
    def parsed(data: bytes) -> object:
        try:
            return parse(data.decode())
        except Exception as error:
            return error

    return parsed


PARSERS: dict[str, Callable[[bytes], object]] = {
    "replies": _replies,
    "capabilities": lambda data: capabilities.parse(Reply(250, [b"x", b"AUTH " + data, data])),
    "addresses": _quietly(addresses.path),
    "the console's language": _quietly(lambda text: language.parse("/send " + text)),
    "explanations": _quietly(lambda text: explaining.explain(f"550 5.7.1 {text}")),
    "transcripts": _quietly(lambda text: reading.read("C: EHLO x\nS: 250 " + text)),
    "what is shown": _quietly(visible),
}


def _seconds(parse: Callable[[bytes], object], data: bytes) -> float:
    best = 60.0
    for _ in range(3):
        begin = time.process_time()
        parse(data)
        best = min(best, time.process_time() - begin)
    return max(best, 0.0005)


@pytest.mark.parametrize("name", PARSERS)
@pytest.mark.parametrize("unit", ADVERSE, ids=repr)
def test_t22_time_grows_with_the_size_and_no_faster(name: str, unit: bytes) -> None:
    small = unit * (SMALL // len(unit)) + b"!"
    short = _seconds(PARSERS[name], small)
    assert _seconds(PARSERS[name], small * FACTOR) / short < MOST


def test_t22_the_hunt_for_secrets_is_linear_too() -> None:
    def sweep(data: bytes) -> object:
        redactor = Redactor()
        redactor.learn(b"hush-hush-7291")
        return redactor.found(data)

    data = b"aHVzaC1o" * 1000
    assert _seconds(sweep, data * FACTOR) / _seconds(sweep, data) < MOST


def test_t22_the_guard_can_fail() -> None:
    def quadratic(data: bytes) -> object:
        return [data.count(b"zz", at) for at in range(0, len(data), 4)]

    assert _seconds(quadratic, b"a" * SMALL * FACTOR) / _seconds(quadratic, b"a" * SMALL) > MOST
