"""smtpconsole repl"""

from __future__ import annotations

from typing import Any

import click

from smtpconsole.cli import Opening, open_server, opens


@click.command(
    "repl",
    cls=Opening,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@opens
@click.option("--accessible", is_flag=True, help="Draw nothing anew, for screen readers.")
def command(**given: Any) -> None:
    """Speak with a server in plain lines, over ssh, in a dumb terminal or from a pipe.

    C: is what was said, S: what the server said, *: what happened.  On a terminal there are
    history, completion and Ctrl+R; with TERM=dumb or --accessible lines come as they are, and
    with NO_COLOR without colours.

    From a pipe there are no prompts: each line is done, and the next answers what is asked.  The
    status is then 0 if all went well, and 1 if a line could not be done or was refused (4xx, 5xx).
    `smtpconsole run` is for scripts that expect something else.
    """
    open_server(in_lines=True, **given)
