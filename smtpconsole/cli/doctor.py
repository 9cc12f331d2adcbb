"""smtpconsole doctor"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from smtpconsole.visible import visible

if TYPE_CHECKING:
    from smtpconsole.console.doctor import Finding, Wish


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--online", is_flag=True, help="Also ask the DNS, and connect to ports 25, 465, 587.")
@click.option("--host", metavar="HOST", help="With --online: knock at this server on all three.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def command(online: bool, host: str | None, as_json: bool) -> None:
    """Tell what this machine can do, and what to do where it cannot.

    Python and OpenSSL with its policy, who is trusted, terminal, editor, folders, settings,
    resolvers.  Nothing leaves this machine, unless --online is given.  The status is 1 if
    something fails.
    """
    from smtpconsole.console import doctor

    if host is not None and not online:
        raise click.UsageError("--host is for --online")
    findings = list(doctor.examine())
    if online:
        wish = doctor.Wish(host, host) if host else doctor.Wish()
        findings += _network(wish)
    if as_json:
        click.echo(json.dumps(doctor.as_json(findings), indent=1))
    else:
        for line in doctor.lines(findings):
            click.echo(visible(line))
    sys.exit(1 if any(each.level == "fail" for each in findings) else 0)


def _network(wish: Wish) -> list[Finding]:
    import asyncio

    from smtpconsole.console import doctor
    from smtpconsole.console.composing.progress import ProgressLine

    progress = ProgressLine()

    async def run() -> list[Finding]:
        progress.show("knocking at ports 25, 465 and 587")
        return [finding async for finding in doctor.examine_network(wish)]

    try:
        return asyncio.run(run())
    finally:
        progress.end()
