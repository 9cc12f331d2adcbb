"""`smtpconsole open FILE`: a session that is over, to be looked at."""

from __future__ import annotations

import click


@click.command("open")
@click.argument("which", metavar="JOURNAL")
@click.option("--lines", is_flag=True, help="Print it, also on a terminal.")
def command(which: str, lines: bool) -> None:
    """Look at a session that was kept, or at a transcript of another tool.

    JOURNAL is a file, the name that /journal gave it, or its number in that list, 1 for the newest.
    """
    from smtpconsole.cli import has_screen
    from smtpconsole.console.sessions.recordings import opened

    recorded = opened(which)
    if lines or not has_screen():
        from smtpconsole.transcript.turns import turns
        from smtpconsole.visible import visible

        for problem in recorded.problems:
            click.echo(f"*: {visible(problem)}", err=True)
        for turn in turns(recorded.journal):
            for line in turn.lines:
                click.echo(f"{turn.mark} {visible(line)}")
        return
    from smtpconsole.console.configuring import configuration
    from smtpconsole.tui.keys import Keyboard
    from smtpconsole.tui.recorded import RecordingApp

    settings, _ = configuration.configured({})
    RecordingApp(recorded.journal, Keyboard(settings.keys), settings.theme).run()
