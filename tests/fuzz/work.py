"""Work that is counted and not timed: calls of functions, ours and those of the interpreter."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

PACKAGE = "/smtpconsole/"


def calls(work: Callable[[], object]) -> int:
    """How many functions are called; the time of a regular expression is not seen."""
    count = 0

    def note(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    _watched(work, note)
    return count


def modules(work: Callable[[], object]) -> set[str]:
    """The modules of ours of which a function runs, by their paths below the package."""
    found: set[str] = set()

    def note(frame: FrameType, event: str, argument: Any) -> None:
        if event == "call" and frame.f_code.co_name != "<module>":
            found.add(frame.f_code.co_filename)

    _watched(work, note)
    ours = (each.rpartition(PACKAGE) for each in found)
    return {path for _, package, path in ours if package}


def _watched(work: Callable[[], object], note: Callable[[FrameType, str, Any], None]) -> None:
    before = sys.getprofile()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
