"""/mx"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from smtpconsole.console.answers import Answer, ConsoleError
from smtpconsole.console.arguments import NUMBER, TEXT
from smtpconsole.console.commands import command
from smtpconsole.console.console import Console
from smtpconsole.console.dns import resolving
from smtpconsole.console.dns.matrix import PORT, Matrix, Row, survey
from smtpconsole.console.dns.matrixtext import details, outcome, row_note, table
from smtpconsole.console.probe.errands import errand_for
from smtpconsole.net.dns.sts import Web
from smtpconsole.smtp.events import Noted, Target
from smtpconsole.smtp.facts import Demands

TIMEOUT = 30.0  # seconds for each server


@command
async def mx(
    console: Console,
    domain: Annotated[str, TEXT] = "",
    row: Annotated[int, NUMBER] = 0,
    *,
    port: Annotated[int, NUMBER] = PORT,
) -> None:
    """Visit every mail server of a domain: every MX, every address, every stage.

    /mx DOMAIN         visit them, as a sender would, and send no mail; the DNS pane fills in
    /mx open NUMBER    connect to the address in that row, by the name of its server
    /mx                show the last table again
    """
    if domain == "open":
        await open_row(console, _row(console, row))
    elif domain:
        await _survey(console, resolving.domain(domain), port)
    else:
        _show(console, _last(console))


async def _survey(console: Console, domain: str, port: int) -> None:
    matrix = Matrix(domain)
    errand = errand_for(replace(console.settings, servername=""), Target(domain, port), TIMEOUT)
    noted: set[int] = set()

    def tell(matrix: Matrix) -> None:
        for number, each in enumerate(matrix.rows):
            if each.is_done and number not in noted:
                noted.add(number)
                console.journal(Noted(row_note(each)))

    resolver = resolving.of(console.settings, console.journal)
    console.matrix = matrix
    console.journal(Noted(f"visiting the mail servers of {domain}"))
    web = Web(ca_file=resolving.ca_file(console.settings))
    await survey(matrix, resolver, errand, tell=tell, port=port, web=web)
    _remember(console, matrix)
    ended = outcome(matrix)
    console.journal(Noted(f"{domain}: {ended.name}, {ended.sentence}"))
    _show(console, matrix)


def _remember(console: Console, matrix: Matrix) -> None:
    """What the domain demands counts for the verdicts on its servers."""
    assert matrix.domain is not None
    for name, answer in matrix.domain.pins.items():
        console.demands[name] = Demands(answer, matrix.domain.sts.policy)


def _show(console: Console, matrix: Matrix) -> None:
    if matrix.domain is None:
        console.front.show(Answer(f"{matrix.name}: the DNS has not answered yet"))
        return
    title, *lines = (*table(matrix), *details(matrix))
    next = tuple(f"/mx open {number}" for number, _ in enumerate(matrix.rows[:2], 1))
    console.front.show(Answer(title, tuple(lines), next))


def _last(console: Console) -> Matrix:
    if console.matrix is None:
        raise ConsoleError("of which domain?", "/mx example.com")
    return console.matrix


def _row(console: Console, number: int) -> Row:
    rows = _last(console).rows
    if not 0 < number <= len(rows):
        raise ConsoleError(f"there is no row {number}", f"there are {len(rows)}: /mx shows them")
    return rows[number - 1]


async def open_row(console: Console, row: Row) -> None:
    """Connect to the address in a row, by the name of its server in SNI and for verification."""
    if row.exchanger.name in console.demands:
        console.demands[row.address] = console.demands[row.exchanger.name]
    await console.connect(row.target, {"servername": row.exchanger.name})
