"""`smtpconsole open FILE`: a recorded session, to be looked at."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("open")
@click.argument("which", metavar="JOURNAL")
@click.option("--lines", is_flag=True, help="Print it, also on a terminal.")
def command(which: str, lines: bool) -> None:
    """Look at a session that was kept.

    JOURNAL is a file, the name that /journal gave it, or its number in that list, 1 for the newest.
    """
    from smtpconsole.cli import has_screen
    from smtpconsole.console import paths
    from smtpconsole.console.answers import ConsoleError
    from smtpconsole.console.commands.journal import opened
    from smtpconsole.transcript import shelf

    path = Path(which)
    if not path.is_file():
        found = shelf.find(shelf.kept(paths.journal_folder()), which)
        path = found.path if found is not None else path
    try:
        journal = opened(path)
    except ConsoleError as error:
        raise click.ClickException(f"{error.text}\n  {'; '.join(error.hints)}") from error
    if lines or not has_screen():
        from smtpconsole.transcript.turns import turns
        from smtpconsole.visible import visible

        for problem in journal.problems:
            click.echo(f"*: {visible(problem)}", err=True)
        for turn in turns(journal):
            for line in turn.lines:
                click.echo(f"{turn.mark} {visible(line)}")
        return
    from smtpconsole.tui.recorded import RecordingApp

    RecordingApp(journal).run()
