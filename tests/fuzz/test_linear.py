"""Twice as much input is twice as much work: counted in calls, and by night in CPU time as well.

Calls repeat to the last one, on any machine.  They do not see what happens within a regular
expression or a copy of octets, so the night measures these: a factor of eight in size may cost
one of twenty-four in time, and what is quadratic costs sixty-four.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pytest
from effort import NIGHTLY
from parsing import Parser
from spoiling import ODD_OCTETS, ODD_TEXTS
from test_parsers import PARSERS
from work import calls

SMALL, FACTOR = 600 if NIGHTLY else 80, 8
MORE, MOST_CALLS, MOST_TIME = 400, 12, 24
LINEAR = [parser for parser in PARSERS if parser.is_linear]
EACH = pytest.mark.parametrize("parser", LINEAR, ids=str)


def units(parser: Parser) -> list[Any]:
    """What is repeated: what means something to the parser, and what breaks others."""
    odd: Sequence[Any] = ODD_OCTETS if isinstance(parser.samples[0], bytes) else ODD_TEXTS
    short = [each for each in odd if len(each) < 9]
    return list(dict.fromkeys([*parser.words, *short, *parser.samples]))


def inputs(parser: Parser, unit: Any, size: int) -> list[Any]:
    """The unit again and again: alone, in the middle of a sample, and in front of one."""
    sample = parser.samples[0]
    many = unit * max(1, size // len(unit))
    half = len(sample) // 2
    return [many, sample[:half] + many + sample[half:], many + sample]


def quietly(parser: Parser, data: Any) -> None:
    try:
        parser.parse(data)
    except parser.errors:
        return


@EACH
def test_calls_grow_with_the_input_and_no_faster(parser: Parser) -> None:
    chosen = units(parser) if NIGHTLY else units(parser)[:1]
    for sample in parser.samples:  # what is loaded or made at the first use
        quietly(parser, sample)
    for unit in chosen:
        pairs = zip(inputs(parser, unit, SMALL), inputs(parser, unit, SMALL * FACTOR), strict=True)
        for small, large in list(pairs)[: None if NIGHTLY else 2]:
            few = calls(partial(quietly, parser, small))
            many = calls(partial(quietly, parser, large))
            assert many <= MOST_CALLS * few + MORE, (unit, few, many)


if NIGHTLY:  # else a hundred tests would be skipped

    @EACH
    def test_time_grows_with_the_input_and_no_faster(parser: Parser) -> None:
        for unit in units(parser):
            pairs = zip(
                inputs(parser, unit, 4000), inputs(parser, unit, 4000 * FACTOR), strict=True
            )
            for small, large in pairs:
                short = seconds(partial(quietly, parser, small))
                assert seconds(partial(quietly, parser, large)) < MOST_TIME * short, (unit, short)


def seconds(work: Callable[[], object]) -> float:
    """The best of some, so that what else the machine does is not counted."""
    best = 60.0
    for _ in range(3):
        begin = time.process_time()
        work()
        best = min(best, time.process_time() - begin)
        if best > 1:
            break
    return max(best, 0.002)


def test_the_counter_can_fail() -> None:
    def quadratic(text: str) -> object:
        return [len(text) for _ in range(0, len(text), 8) for _ in range(0, len(text), 8)]

    with pytest.raises(AssertionError):
        test_calls_grow_with_the_input_and_no_faster(Parser("x", quadratic, ("a",), words=("a",)))
