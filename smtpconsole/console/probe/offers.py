"""What a visit was offered, before TLS and under it, and what TLS changed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from smtpconsole.console.probe.visit import Visit
from smtpconsole.smtp.capabilities import Capabilities

_NAME = re.compile(
    r"(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?\.)*[A-Za-z0-9_-]+\.?|\[[^\]]+\]"
)


def named(text: str) -> str:
    """The host name or address literal that a greeting begins with; empty if there is none."""
    word = text.split(maxsplit=1)[0] if text.split() else ""
    return word if _NAME.fullmatch(word) else ""


def each_offer(visit: Visit) -> Iterator[tuple[str, Capabilities]]:
    """What was offered, in the clear and under TLS."""
    if visit.plain is not None:
        yield "before TLS", visit.plain
    if visit.secure is not None:
        yield "under TLS", visit.secure


def last_offer(visit: Visit) -> Capabilities | None:
    """What was offered last."""
    return visit.secure or visit.plain


def difference(visit: Visit) -> dict[str, list[str]]:
    """What TLS changed in what is offered; empty lists without both sides."""
    if visit.plain is None or visit.secure is None:
        return {"added": [], "removed": [], "changed": []}
    before, after = visit.plain, visit.secure
    return {
        "added": [each for each in keyword_names(after) if each not in before],
        "removed": [each for each in keyword_names(before) if each not in after],
        "changed": [
            each
            for each in keyword_names(before)
            if each in after and before.parameters(each) != after.parameters(each)
        ],
    }


def keyword_names(known: Capabilities) -> list[str]:
    return list(dict.fromkeys(each.name for each in known))
