"""smtpconsole export"""

from __future__ import annotations

import sys

import click


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.argument("journal")
@click.option("-f", "--format", "name", default="text", metavar="FORMAT", help="text, html, …")
@click.option("-o", "--output", metavar="FILE", help="A new file, instead of standard output.")
@click.option("--no-content", is_flag=True, help="Leave out messages.")
@click.option("--no-addresses", is_flag=True, help="Mask addresses and host names.")
@click.option("--from", "first", type=int, metavar="NUMBER", help="From this entry on.")
@click.option("--to", "last", type=int, metavar="NUMBER", help="Up to this entry.")
@click.option(
    "--last",
    "ending",
    type=click.Choice(["connection", "exchange"]),
    help="The last connection or exchange only.",
)
def command(
    journal: str,
    name: str,
    output: str | None,
    no_content: bool,
    no_addresses: bool,
    first: int | None,
    last: int | None,
    ending: str | None,
) -> None:
    """Write a session in another format.

    JOURNAL is a file, also a transcript of another tool, or the name of a kept session.  Formats
    are text, markdown, html, json, jsonl, script, swaks, curl, openssl, python, python-aiosmtplib
    and python-smtpconsole.  Credentials are never in it.
    """
    from smtpconsole.console.filenames import path_of
    from smtpconsole.console.sessions.recordings import opened
    from smtpconsole.console.sessions.saving import save
    from smtpconsole.transcript.formats import FORMATS, exported
    from smtpconsole.transcript.showing import Show

    if name not in FORMATS:
        known = ", ".join(sorted(FORMATS))
        raise click.UsageError(f"{name} is not a format; known are {known}")
    recorded = opened(journal)
    for problem in recorded.problems:
        click.echo(f"{journal}: {problem}", err=True)
    text = exported(
        recorded.journal,
        name,
        show=Show(content=not no_content, addresses=not no_addresses),
        first=first,
        last=last,
        last_connection=ending == "connection",
        last_exchange=ending == "exchange",
    )
    if output is not None and output != "-":
        save(path_of(output), text)
    else:
        sys.stdout.buffer.write(text.encode())
