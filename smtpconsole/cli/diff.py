"""smtpconsole diff"""

from __future__ import annotations

import json
import shutil
import sys
from typing import TYPE_CHECKING

import click

from smtpconsole.cli import Undecided, sentence
from smtpconsole.console.answers import ConsoleError
from smtpconsole.visible import visible

if TYPE_CHECKING:
    from smtpconsole.transcript.diffing import Comparison


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.argument("first")
@click.argument("second")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.option("--heed", multiple=True, metavar="KIND", help="Let this count, too: texts, times.")
@click.option("--ignore", multiple=True, metavar="KIND", help="Let this not count: codes, tls, …")
def command(
    first: str, second: str, as_json: bool, heed: tuple[str, ...], ignore: tuple[str, ...]
) -> None:
    """Compare two sessions, command by command.

    FIRST and SECOND are files, also transcripts of other tools, or names of kept sessions.
    Dates, identifiers, addresses and the names of both ends make no difference.  What counts are
    commands, codes, capabilities that are gone, tls and certificates.  The exit code is 0 if
    nothing that counts differs, 1 if something does, 2 if it cannot be told.
    """
    from smtpconsole.console.sessions.recordings import opened
    from smtpconsole.transcript.diffing import compared
    from smtpconsole.transcript.turns import turns

    heeded = chosen(heed, ignore)
    try:
        before, after = (list(turns(opened(name).journal)) for name in (first, second))
        comparison = compared(before, after, heeded=heeded)
    except ConsoleError as error:
        raise sentence(error, Undecided) from error
    tell(comparison, as_json=as_json)
    sys.exit(0 if comparison.is_same else 1)


def chosen(heed: tuple[str, ...], ignore: tuple[str, ...]) -> set[str]:
    """The kinds of differences that count; click.UsageError for one that is not known."""
    from smtpconsole.transcript.diffing import HEEDED, KINDS

    for kind in (*heed, *ignore):
        if kind not in KINDS:
            raise click.UsageError(f"{kind} is no kind of difference; there are {', '.join(KINDS)}")
    return set(HEEDED | set(heed)) - set(ignore)


def tell(comparison: Comparison, *, as_json: bool) -> None:
    """Write a comparison to standard output."""
    from smtpconsole.transcript import sidebyside

    if as_json:
        click.echo(json.dumps(sidebyside.as_json(comparison), indent=1))
        return
    for line in sidebyside.report(comparison, width=shutil.get_terminal_size((100, 24)).columns):
        click.echo(visible(line))
    click.echo(sidebyside.verdict(comparison))
