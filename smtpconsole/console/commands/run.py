"""/run"""

from __future__ import annotations

from typing import Annotated

from smtpconsole.console.answers import Answer
from smtpconsole.console.arguments import LIST, PATH
from smtpconsole.console.commands import command
from smtpconsole.console.console import Console
from smtpconsole.console.scripting import playing, scriptfiles
from smtpconsole.console.stopping import stoppable


@command
async def run(
    console: Console,
    file: Annotated[str, PATH],
    values: Annotated[tuple[str, ...], LIST] = (),
    *,
    keep_going: bool = False,
) -> None:
    """Enter the lines of a script, up to the first that fails: /run check.smtp TO=bob@example.com.

    A script is lines as you type them, with /expect behind those that matter; $NAME is a variable
    there, from NAME=VALUE here, /set NAME VALUE or the environment.  /export script makes one of
    this session.  Scripts may run scripts.  --keep-going does not end at what fails.
    """
    for word in values:
        console.variables.assign(word)
    script = scriptfiles.load(file, console)
    player = playing.Player(console, script, keep_going=keep_going)
    with stoppable(console, script.name):
        results = await player.play()
    failed = playing.failure(results)
    if failed is not None:
        where = f"{failed.script}, line {failed.line.number}"
        raise playing.Failed(f"{where}: {failed.line.text}: {failed.told}", failed.code)
    console.front.show(Answer(f"{script.name}: {len(results)} steps, all as they should be"))
