"""The MX matrix for people, as a table of plain text, and for machines, as JSON values."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import resources
from typing import Any

from smtpconsole.console.dns.domains import Domain, domain_lines, plan_lines
from smtpconsole.console.dns.matrix import STAGES, Cell, Matrix, Row, State
from smtpconsole.console.probe.probing import Outcome
from smtpconsole.console.probe.report import clean, remark, verdict
from smtpconsole.console.probe.text import milliseconds, told
from smtpconsole.net.dns.names import shown_name
from smtpconsole.net.dns.tags import Published

SCHEMA = 1
WIDTHS = (9, 9, 9, 10, 6, 8)  # of the stages' columns
ROOM = 20  # columns for an address; a longer one has a line of its own

SIGNS: dict[State, str] = {
    "waiting": "·",
    "now": "…",
    "good": "ok",
    "fair": "?",
    "bad": "!",
    "none": "-",
}
_TITLES = ("connect", "greeting", "EHLO", "STARTTLS", "cert", "policy")


# README quotes this table.
OUTCOMES = {
    each.name: each
    for each in (
        Outcome("sound", 0, "every server takes mail, and nothing is wrong"),
        Outcome("faulty", 1, "mail can be delivered, and something is wrong"),
        Outcome("null-mx", 3, "the domain takes no mail, and says so"),
        Outcome("nowhere", 4, "there is nowhere to deliver mail to"),
        Outcome("unknown", 5, "the DNS does not tell now where mail goes"),
        Outcome("undeliverable", 6, "no server would get the mail"),
    )
}
_BY_STATE = {
    "null-mx": "null-mx",
    "nxdomain": "nowhere",
    "no-address": "nowhere",
    "servfail": "unknown",
    "timeout": "unknown",
}


def outcome(matrix: Matrix, *, fails_on: str = "error") -> Outcome:
    """The outcome of a survey that is done."""
    domain = matrix.domain
    assert domain is not None
    state = domain.plan.state
    if state in _BY_STATE:
        return OUTCOMES[_BY_STATE[state]]
    if not any(row.is_good for row in matrix.rows):
        return OUTCOMES["undeliverable"]
    grave = ("error",) if fails_on == "error" else ("error", "warning")
    findings = [*domain.remarks(), *(each for row in matrix.rows for each in row.remarks())]
    is_faulty = not matrix.is_sound or any(each.severity in grave for each in findings)
    return OUTCOMES["faulty" if is_faulty else "sound"]


# --- for people -------------------------------------------------------------------------------


def short(cell: Cell) -> str:
    """A cell in the few characters of its column: a sign where it is not good, and the time."""
    if cell.seconds is None or cell.state in ("waiting", "now", "none"):
        return SIGNS[cell.state]
    sign = "" if cell.state == "good" else f"{SIGNS[cell.state]} "
    return f"{sign}{milliseconds(cell.seconds)}"


def row_lines(row: Row) -> Iterator[str]:
    """An address with its cells."""
    cells = row.cells()
    places = zip(STAGES, WIDTHS, strict=True)
    columns = "".join(f"{short(cells[stage]):>{width}}" for stage, width in places)
    is_long = len(row.address) >= ROOM
    if is_long:
        yield f"  {row.address}"
    yield f"  {'' if is_long else row.address:{ROOM}}{columns}".rstrip()


def row_note(row: Row) -> str:
    """A row in a sentence, for the transcript."""
    where = f"{row.exchanger.name} ({row.address})"
    parts = [
        f"{stage} {cell.text}"
        for stage, cell in row.cells().items()
        if cell.state in ("fair", "bad")
    ]
    return f"{where}: {'; '.join(parts) or 'good'}"


def heading() -> str:
    """The line above the rows."""
    columns = [f"{title:>{width}}" for title, width in zip(_TITLES, WIDTHS, strict=True)]
    return f"  {'':{ROOM}}{''.join(columns)}"


def table(matrix: Matrix) -> Iterator[str]:
    """The matrix as it stands."""
    if matrix.domain is None:
        yield f"{matrix.name}: asking the DNS …"
        return
    yield from plan_lines(matrix.domain.plan)
    if matrix.rows:
        yield ""
        yield heading()
    server = ""
    for row in matrix.rows:
        if row.exchanger.name != server:
            server = row.exchanger.name
            yield f"{row.exchanger.preference:>4} {shown_name(server)}"
        yield from row_lines(row)


def details(matrix: Matrix) -> Iterator[str]:
    """What stands behind the signs, what the domain publishes, and what is remarkable."""
    domain = matrix.domain
    if domain is None:
        return
    lines = [line for row in matrix.rows for line in _trouble(row)]
    if lines:
        yield ""
        yield from lines
    yield ""
    yield from _published(domain)
    remarks = domain.remarks()
    if remarks:
        yield ""
    for each in remarks:
        yield from told(each)


def _trouble(row: Row) -> Iterator[str]:
    """Cells that are not good, in words; conduct that is an error."""
    where = f"{row.exchanger.name} {row.address}"
    for stage, cell in row.cells().items():
        if cell.state in ("fair", "bad"):
            yield f"{SIGNS[cell.state]} {where}, {stage}: {cell.text}"
    for each in row.remarks():
        if each.severity == "error":
            yield f"! {where}: {each.text}"


def _published(domain: Domain) -> Iterator[str]:
    plan = len(list(plan_lines(domain.plan)))
    yield from list(domain_lines(domain))[plan:]


# --- for machines -----------------------------------------------------------------------------


def as_json(matrix: Matrix, *, fails_on: str = "error") -> dict[str, Any]:
    """The matrix as JSON values, as `matrix.json` beside this file describes them."""
    from importlib.metadata import version  # which loads much

    domain = matrix.domain
    assert domain is not None
    ended = outcome(matrix, fails_on=fails_on)
    return {
        "schema": SCHEMA,
        "program": f"smtpconsole {version('smtpconsole')}",
        "domain": domain.name,
        **domain_json(domain),
        "rows": [_row(each) for each in matrix.rows],
        "outcome": ended.name,
        "status": ended.status,
    }


def schema() -> dict[str, Any]:
    """The JSON Schema of it."""
    text = resources.files(__package__).joinpath("matrix.json").read_text("utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def domain_json(domain: Domain) -> dict[str, Any]:
    """A domain as JSON values."""
    plan, policy = domain.plan, domain.sts.policy
    return {
        "plan": {
            "state": plan.state,
            "text": plan.sentence,
            "why": plan.why or None,
            "secure": plan.is_secure,
            "exchangers": [
                {
                    "name": each.name,
                    "preference": each.preference,
                    "addresses": list(each.addresses),
                    "aliases": list(each.aliases),
                    "secure": each.is_secure,
                    "why": each.why or None,
                }
                for each in plan.exchangers
            ],
        },
        "records": [_record(each) for each in (domain.sts.record, *domain.records)],
        "mta_sts": {
            "mode": policy.mode if policy is not None else None,
            "mx": [clean(each) for each in policy.mx] if policy is not None else [],
            "max_age": policy.max_age if policy is not None else None,
            "error": clean(domain.sts.error) or None,
        },
        "tlsa": {
            name: {
                "records": [str(each) for each in answer.records],
                "secure": answer.is_secure,
                "error": answer.error or None,
            }
            for name, answer in domain.pins.items()
        },
        "dnssec_doubt": domain.doubt or None,
        "remarks": [remark(each) for each in domain.remarks()],
    }


def _record(found: Published) -> dict[str, Any]:
    return {
        "kind": found.kind,
        "name": found.name,
        "text": clean(found.text) or None,
        "why": found.why or None,
    }


def _row(row: Row) -> dict[str, Any]:
    return {
        "server": row.exchanger.name,
        "preference": row.exchanger.preference,
        "address": row.address,
        "port": row.port,
        "cells": {
            stage: {"state": cell.state, "seconds": cell.seconds, "text": clean(cell.text)}
            for stage, cell in row.cells().items()
        },
        "verdicts": [verdict(each) for each in row.verdicts],
        "remarks": [remark(each) for each in row.remarks()],
    }
