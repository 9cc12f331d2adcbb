"""smtpconsole mx: where mail for a domain goes, and how each server there fares."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import sys
from typing import TYPE_CHECKING

import click

from smtpconsole.cli.options import (
    failing,
    resolving,
    seconds,
    settings_from,
    usage,
    with_ways,
)
from smtpconsole.console.answers import ConsoleError
from smtpconsole.console.composing.progress import ProgressLine
from smtpconsole.visible import visible

if TYPE_CHECKING:
    from smtpconsole.console.dns.matrix import Matrix
    from smtpconsole.console.probe.visit import Errand
    from smtpconsole.net.dns.resolver import Resolver

_FRAME = 0.1  # seconds between two looks

_EPILOG = """\b
Exit status:
  0  sound          every server takes mail, and nothing is wrong
  1  faulty         mail can be delivered, and something is wrong
  2  usage          the words cannot be understood
  3  null-mx        the domain takes no mail, and says so
  4  nowhere        there is nowhere to deliver mail to
  5  unknown        the DNS does not tell now where mail goes
  6  undeliverable  no server would get the mail
"""


@click.command(
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.argument("domain", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--schema", "is_schema", is_flag=True, help="Print the JSON Schema of it, and end.")
@click.option("--port", type=click.IntRange(1, 65535), default=25, help="Visit this port, not 25.")
@click.option("--timeout", metavar="SECONDS", default="30", help="Leave each server after so long.")
@click.option("--selector", metavar="NAME", default="", help="Look at this DKIM key as well.")
@click.option(
    "--sts-port", type=click.IntRange(1, 65535), default=443, help="Fetch MTA-STS from this port."
)
@click.option("--name", metavar="HOST", default="", help="Introduce ourselves as HOST in EHLO.")
@resolving
@failing
@with_ways("source", "family", "ca")
def command(
    domain: str | None,
    as_json: bool,
    is_schema: bool,
    port: int,
    timeout: str,
    selector: str,
    sts_port: int,
    dns: tuple[str, ...],
    dns_trust_ad: bool,
    name: str,
    fail_on: str,
    **how: str | bool | None,
) -> None:
    """Walk the mail servers of a domain: every MX, every address, every stage.

    What the domain publishes is shown and checked: MX, MTA-STS, TLSA, TLS-RPT, SPF, DMARC.  Each
    server is visited as a sender would, without sending mail.
    """
    from smtpconsole.console.dns.matrix import Matrix
    from smtpconsole.console.dns.matrixtext import as_json as in_json
    from smtpconsole.console.dns.matrixtext import details, outcome, schema, table
    from smtpconsole.console.dns.resolving import domain as mail_domain
    from smtpconsole.console.dns.resolving import resolver
    from smtpconsole.console.probe.errands import errand_for
    from smtpconsole.smtp.targets import Target

    if is_schema:
        click.echo(json.dumps(schema(), indent=1))
        return
    if domain is None:
        raise click.UsageError("which domain?  smtpconsole mx example.com")
    try:
        matrix = Matrix(mail_domain(domain))
        errand = errand_for(
            settings_from({"name": name, **how}), Target(matrix.name, port), seconds(timeout)
        )
        asked = resolver(dns, trust_ad=dns_trust_ad)
    except ConsoleError as error:
        raise usage(error) from error
    asyncio.run(_watched(matrix, asked, errand, port, sts_port, selector, is_live=not as_json))
    ended = outcome(matrix, fails_on=fail_on)
    if as_json:
        click.echo(json.dumps(in_json(matrix, fails_on=fail_on), indent=1))
    else:
        for line in (*table(matrix), *details(matrix), "", f"{ended.name}: {ended.sentence}"):
            click.echo(visible(line))
    sys.exit(ended.status)


async def _watched(
    matrix: Matrix,
    resolver: Resolver,
    errand: Errand,
    port: int,
    sts_port: int,
    selector: str,
    *,
    is_live: bool,
) -> None:
    """Survey, and show the table meanwhile where there is a terminal for it."""
    from smtpconsole.console.dns.matrix import survey
    from smtpconsole.net.dns.sts import Web

    screen = _Screen(matrix, is_live=is_live)
    web = Web(sts_port, errand.tls.ca_file)
    drawing = asyncio.create_task(screen.draw_on())
    try:
        await survey(
            matrix, resolver, errand, tell=screen.note, port=port, web=web, selector=selector
        )
    finally:
        drawing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await drawing
        screen.clear()


class _Screen:
    """The table on a terminal, drawn anew when something in it is new."""

    def __init__(self, matrix: Matrix, *, is_live: bool) -> None:
        self._matrix = matrix
        self._news = asyncio.Event()
        self._progress = ProgressLine()
        self._height = 0
        self._is_live = is_live and sys.stdout.isatty()

    def note(self, matrix: Matrix) -> None:
        """Something is new."""
        self._news.set()

    async def draw_on(self) -> None:
        """Draw until cancelled."""
        while True:
            self._draw()
            await self._news.wait()
            self._news.clear()
            await asyncio.sleep(_FRAME)

    def _draw(self) -> None:
        from smtpconsole.console.dns.matrixtext import table

        lines = [visible(line) for line in table(self._matrix)]
        size = shutil.get_terminal_size()
        if not self._is_live or len(lines) >= size.lines:
            done = sum(row.is_done for row in self._matrix.rows)
            self._progress.show(
                f"{self._matrix.name}: {done} of {len(self._matrix.rows)} addresses"
            )
            return
        self.clear()
        for line in lines:
            print(line[: size.columns - 1])
        self._height = len(lines)
        sys.stdout.flush()

    def clear(self) -> None:
        """Take away what was drawn."""
        self._progress.end()
        if self._height:
            sys.stdout.write(f"\x1b[{self._height}A\x1b[J")
            self._height = 0
