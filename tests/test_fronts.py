"""Every fault of the sandbox against every front: each ends as docs/faults.toml says, in time.

With `SMTPCONSOLE_NIGHTLY=1` each is a program of its own, too, and the table with the time and
the memory of each is printed.
"""

from __future__ import annotations

import os
import tomllib
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from brittle import IN_DOUBT, NOT_TAKEN, TAKEN
from brittlefronts import claimed
from fronts import (
    COMMANDS,
    PATIENCE,
    Outcome,
    Place,
    inside,
    library,
    outcomes,
    outside,
)

from smtpconsole.console.probe.probing import OUTCOMES
from smtpconsole.sandbox.faults import Fault, known

pytestmark = pytest.mark.faults

TABLE = tomllib.loads((Path(__file__).parents[1] / "docs" / "faults.toml").read_text())
HOW: dict[str, Callable[[str, Place], Outcome]] = {"library": library}
HOW |= dict.fromkeys(COMMANDS, inside)

# Where nothing comes, it is not waited for long.
_MUTE = ("banner-silent", "starttls-hang")
_SILENT = (*_MUTE, "drip", "missing-reply", "window-zero", "dot-timeout")
SILENT = {
    "library": (*_SILENT, "pipelining-lie"),
    "run": (*_SILENT, "pipelining-lie", "double-reply"),
    "send": _SILENT,
    "probe": _MUTE,
}
# What `send` does not come to: it says no NOOP and pipelines nothing, needs no TLS but where it is
# told to, and no AUTH that is not offered; and it inspects nothing that it is not asked about.
UNSEEN = {"tls-no-close-notify", "tls-then-plaintext", "pipelining-lie", "starttls-vanishes"}
UNSEEN |= {"starttls-stripped", "auth-unadvertised", "tls-capability-drop"}
UNSEEN |= {"tls-1-0-only", "tls-no-forward-secrecy"}
GREEDY = ("line-endless", "endless-continuation", "auth-long-challenge", "tls-tickets")
MOST = 30_000_000  # octets that both ends hold of a flood
MOST_OF_A_PROGRAM = 150 * 2**20


@pytest.fixture(autouse=True)
def _password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMTP_PASSWORD", "wonderland")  # of the sandbox's first user


def wrong(outcome: Outcome) -> Iterator[str]:
    """What is not as it should be."""
    fault, front, text = outcome.fault, outcome.front, outcome.text
    ends = TABLE[fault.name][front].split("|")
    end = outcome.end
    if front == "probe":
        end = next(each.name for each in OUTCOMES.values() if str(each.status) == outcome.end)
    if end not in ends:
        yield f"ends with {end}, not with {ends}"
    if "Traceback" in text or "bug in smtpconsole" in text:
        yield "fails by itself"
    if front != "library" and not all(each.isprintable() for each in text.splitlines()):
        yield "prints what a terminal obeys"
    if outcome.seconds > PATIENCE:
        yield f"takes {outcome.seconds} seconds"
    yield from lies(outcome)
    if front == "send" and fault.name not in UNSEEN and not tells(fault, text):
        yield f"tells none of {fault.told}: {text}"


def lies(outcome: Outcome) -> Iterator[str]:
    """What is told of the message and is not so."""
    claim = claim_of(outcome)
    if outcome.kept not in {TAKEN: (1,), NOT_TAKEN: (0,), IN_DOUBT: (0, 1)}[claim]:
        yield f"tells that the message is {claim}, and the server has {outcome.kept}"


def claim_of(outcome: Outcome) -> str:
    """What a front tells of the message."""
    match outcome.front:
        case "library":
            is_taken, is_in_doubt = "delivered" in outcome.end, "in doubt" in outcome.end
            return TAKEN if is_taken else IN_DOUBT if is_in_doubt else NOT_TAKEN
        case "run":
            is_taken = any(line.startswith("ok") and "/send" in line for line in _lines(outcome))
            return TAKEN if is_taken else claimed(outcome.text)
        case "probe":
            return NOT_TAKEN  # it sends none
    return claimed(outcome.text)


def _lines(outcome: Outcome) -> list[str]:
    return outcome.text.splitlines()


def tells(fault: Fault, text: str) -> bool:
    """Some of what the console tells of a fault is told here, too."""
    return any(part in text for words in fault.told for part in words.split(" | "))


@pytest.mark.parametrize("front", HOW)
def test_every_fault_ends_as_the_table_says_in_time_and_in_truth(
    front: str, tmp_path: Path
) -> None:
    found = outcomes(HOW[front], front, known().values(), SILENT[front], tmp_path)
    assert len(found) == len(known()) == len(TABLE)
    assert [f"{each.row}: {mistake}" for each in found for mistake in wrong(each)] == []


@pytest.mark.parametrize("front", ["library", "run", "send"])
def test_whatever_answers_a_message_what_is_told_of_it_is_so(front: str, tmp_path: Path) -> None:
    """The same faults in another place: an answer that is none leaves the message in doubt."""
    found = outcomes(HOW[front], front, faults_at_the_end(), _SILENT, tmp_path)
    assert [f"{each.row}: {mistake}" for each in found for mistake in lies(each)] == []
    doubtful = {each.fault.name for each in found if claim_of(each) == IN_DOUBT}
    assert doubtful >= {"not-a-code", "code-range", "code-mismatch", "eof-no-crlf", "missing-reply"}


def faults_at_the_end() -> list[Fault]:
    """Those that have a reply to spoil, at the end of the message."""
    groups = ("lines", "replies", "transaction")
    return [
        replace(fault, at=("end",), nth=0)
        for fault in known().values()
        if (fault.group in groups or fault.name == "echo")
        and not {"content", "offer", "*"} & {*fault.at}
        and not fault.discard
    ]


@pytest.mark.parametrize("front", HOW)
def test_what_has_no_end_fills_no_memory(front: str, tmp_path: Path) -> None:
    for name in GREEDY:
        tracemalloc.start()
        try:
            outcomes(HOW[front], front, [known()[name]], (), tmp_path, side_by_side=1)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < MOST, name


@pytest.mark.skipif(os.environ.get("SMTPCONSOLE_NIGHTLY") != "1", reason="it takes minutes")
@pytest.mark.parametrize("front", COMMANDS)
def test_every_fault_in_a_program_of_its_own(
    front: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = outcomes(outside, front, known().values(), SILENT[front], tmp_path, side_by_side=4)
    order = list(known())
    with capsys.disabled():
        print()
        for each in sorted(found, key=lambda each: order.index(each.fault.name)):
            print(each.row)
    assert [f"{each.row}: {mistake}" for each in found for mistake in wrong(each)] == []
    assert [each.row for each in found if each.octets > MOST_OF_A_PROGRAM] == []
