"""smtpconsole replay"""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

import click

from smtpconsole.cli import Undecided, sentence
from smtpconsole.cli.diff import chosen, tell
from smtpconsole.cli.options import settings_from
from smtpconsole.console.answers import ConsoleError

if TYPE_CHECKING:
    from smtpconsole.transcript.turns import Turn


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.argument("journal")
@click.argument("target", required=False)
@click.option("--diff", is_flag=True, help="Compare it with the original; the exit code tells.")
@click.option("--json", "as_json", is_flag=True, help="With --diff: for programs.")
@click.option("--heed", multiple=True, metavar="KIND", help="Let this count, too: texts, times.")
@click.option("--ignore", multiple=True, metavar="KIND", help="Let this not count: codes, tls, …")
@click.option("--yes", is_flag=True, help="Send the mail that is in it, without asking.")
@click.option("--user", metavar="USER", default="", help="Log in as USER instead.")
@click.option("--ca", metavar="FILE", default="", help="Trust the certificates of this PEM file.")
@click.option("--strict", is_flag=True, help="End at a certificate that does not verify.")
@click.option("--timeout", metavar="SECONDS", default="", help="Wait so long for each reply.")
def command(
    journal: str,
    target: str | None,
    diff: bool,
    as_json: bool,
    heed: tuple[str, ...],
    ignore: tuple[str, ...],
    yes: bool,
    user: str,
    ca: str,
    strict: bool,
    timeout: str,
) -> None:
    """Do again what a client did, on TARGET or the same server.

    JOURNAL is a file, also a transcript of another tool, or the name of a kept session.  Mail
    really is sent: you are asked before it goes to a server elsewhere.  The password comes from
    SMTP_PASSWORD, or is asked for.  With --diff the exit code is 0 if nothing that counts differs,
    1 if something does, 2 if it could not be done.
    """
    heeded = chosen(heed, ignore)
    from smtpconsole.transcript.diffing import compared

    try:
        before, after, text = asyncio.run(
            _replayed(journal, target, yes, user, (("ca", ca), ("timeout", timeout)), strict)
        )
    except ConsoleError as error:
        raise sentence(error, Undecided) from error
    if not diff:
        click.echo(text, nl=False)
        return
    comparison = compared(before, after, heeded=heeded)
    tell(comparison, as_json=as_json)
    sys.exit(0 if comparison.is_same else 1)


async def _replayed(
    journal: str,
    target: str | None,
    yes: bool,
    user: str,
    chosen_settings: tuple[tuple[str, str], ...],
    strict: bool,
) -> tuple[list[Turn], list[Turn], str]:
    """The turns before and after, and the second as text."""
    from smtpconsole.console import troubles
    from smtpconsole.console.console import Console
    from smtpconsole.console.headless import Headless
    from smtpconsole.console.sessions.recordings import opened
    from smtpconsole.console.sessions.replaying import replay
    from smtpconsole.console.targets import parse_target
    from smtpconsole.transcript.formats import exported
    from smtpconsole.transcript.journal import Journal
    from smtpconsole.transcript.turns import turns

    settings = settings_from({"strict": strict, **dict(chosen_settings)})
    recorded = opened(journal).journal
    where = parse_target(target) if target is not None else None
    console = Console(Headless(), Journal(), settings=settings)
    try:
        after = await replay(console, recorded, where, user=user, is_sure=yes)
    except ConsoleError:
        raise
    except Exception as error:
        told = troubles.trouble(error, console.target)
        if told is None:
            raise
        raise told from error
    finally:
        await console.end()
    return list(turns(recorded)), after, exported(console.journal, "text")
