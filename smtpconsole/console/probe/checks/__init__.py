"""What a server's conduct is looked at for: a table, one entry a check, a file for each subject.

A check is a generator over a visit; it yields a sentence for each finding.  Severity, code, hint
and rule stand beside it, so that a finding is the same wherever it turns up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from smtpconsole import registry
from smtpconsole.console.probe.visit import Visit
from smtpconsole.smtp.remarks import Remark, by_severity

Find = Callable[[Visit], Iterator[str]]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that is looked for."""

    severity: Literal["error", "warning", "info"]
    code: str
    rfc: str
    hint: str
    find: Find

    def remarks(self, visit: Visit) -> Iterator[Remark]:
        """What it finds."""
        for text in self.find(visit):
            yield Remark(self.severity, self.code, text, self.hint, self.rfc)


CHECKS: list[Check] = []


def check(
    severity: Literal["error", "warning", "info"], code: str, rfc: str = "", hint: str = ""
) -> Callable[[Find], Find]:
    """Put a check into the table."""

    def register(find: Find) -> Find:
        CHECKS.append(Check(severity, code, rfc, hint, find))
        return find

    return register


def remarks(visit: Visit) -> tuple[Remark, ...]:
    """All that is remarkable about a visit, the gravest first."""
    return by_severity(remark for each in CHECKS for remark in each.remarks(visit))


registry.load(__name__, __path__)
