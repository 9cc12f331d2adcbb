"""aiosmtplib and ours, case by case: the same, or different as it is listed."""

from __future__ import annotations

from fnmatch import fnmatchcase

import aiosmtplib
import cases_commands
import cases_connecting
import cases_pure
import cases_sending
import pytest
from differences import DIFFERENCES, Difference, expected
from stage import Case

import smtpconsole.client

CASES: dict[str, Case] = {
    **cases_commands.CASES,
    **cases_connecting.CASES,
    **cases_pure.CASES,
    **cases_sending.CASES,
}


@pytest.mark.parametrize("name", CASES)
def test_ours_is_as_theirs_or_differs_as_listed(name: str) -> None:
    ours, theirs = CASES[name](smtpconsole.client), CASES[name](aiosmtplib)
    entry = expected(name)
    may_differ = entry.aspects if entry is not None else frozenset()
    assert ours.differing(theirs) <= may_differ, f"\n  ours   {ours}\n  theirs {theirs}"


@pytest.mark.parametrize("entry", DIFFERENCES, ids=lambda entry: entry.cases)
def test_no_listed_difference_is_stale(entry: Difference) -> None:
    cases = (
        case
        for name, case in CASES.items()
        if fnmatchcase(name, entry.cases) and expected(name) is entry
    )
    if not any(case(smtpconsole.client).differing(case(aiosmtplib)) for case in cases):
        pytest.fail(f"nothing differs any more in {entry.cases}: {entry.reason}")
