"""Something worth saying about a server or a domain, with the rule behind it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from smtpconsole.smtp.facts import Severity

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")


@dataclass(frozen=True, slots=True)
class Remark:
    """One finding; tests, exports and scripts go by its code."""

    severity: Severity
    code: str  # stable, such as "mx-is-alias"
    text: str
    hint: str = ""  # what to do about it
    rfc: str = ""  # "RFC 5321 5.1"


def by_severity(remarks: Iterable[Remark]) -> tuple[Remark, ...]:
    """The gravest first, otherwise in their order, none twice."""
    return tuple(sorted(dict.fromkeys(remarks), key=lambda each: SEVERITIES.index(each.severity)))
