"""smtpconsole learn"""

from __future__ import annotations

import asyncio
import json
import shlex
from pathlib import Path

import click

from smtpconsole.console.composing.progress import ProgressLine
from smtpconsole.visible import visible

_EPILOG = """\b
Examples:
  smtpconsole learn                     go on where you were, or begin with the first lesson
  smtpconsole learn starttls            take one lesson
  smtpconsole learn hello mx.example.org:25   take it at a server of yours; it is harmless
  smtpconsole learn --check mine.md     see whether a lesson of your own holds
"""


@click.command(
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.argument("name", metavar="[LESSON]", default="")
@click.argument("target", required=False)
@click.option("--list", "is_list", is_flag=True, help="List the lessons, and end.")
@click.option("--json", "as_json", is_flag=True, help="With --list: as JSON.")
@click.option("--check", metavar="FILE", help="Play a lesson of your own; tell what fails in it.")
@click.option("--html", metavar="FILE", help="Save the lesson with the session of its solution.")
@click.option("--present", is_flag=True, help="Large, for a room: the space bar does it all.")
@click.option("--lines", is_flag=True, help="Use the line mode, also on a terminal.")
@click.option("--no-journal", is_flag=True, help="Keep no file of the session.")
def command(
    name: str,
    target: str | None,
    is_list: bool,
    as_json: bool,
    check: str | None,
    html: str | None,
    present: bool,
    lines: bool,
    no_journal: bool,
) -> None:
    """Learn SMTP by speaking it, on a server of your own that can be broken.

    LESSON is a name or a number of --list, or a file.  TARGET is a server of yours, for a lesson
    that is harmless there.  Where you were is kept.
    """
    if check is not None:
        raise SystemExit(_check(Path(check)))
    if is_list:
        _list(as_json=as_json)
    elif html is not None:
        _html(name or "1", Path(html))
    else:
        _learn(name, target, present=present, in_lines=lines, keep=not no_journal)


def _learn(name: str, target: str | None, *, present: bool, in_lines: bool, keep: bool) -> None:
    """Open the console at a lesson; what cannot be is told before that."""
    from smtpconsole.cli import journal, show
    from smtpconsole.console.configuring.configuration import configured
    from smtpconsole.console.memory import Suggestions
    from smtpconsole.console.teaching.lessons import find, harmless
    from smtpconsole.smtp.events import Noted

    words = ["/learn"]
    if name:
        lesson, _ = find(name)
        words.append(shlex.quote(name))
        if target is not None:
            harmless(lesson)
            words += ["--at", shlex.quote(target)]
    settings, problems = configured({})
    kept = journal(settings, keep=keep)
    try:
        for problem in problems:
            kept(Noted(str(problem)))
        words += ["--present"] if present else []
        show(kept, settings, Suggestions(opening=" ".join(words)), in_lines=in_lines)
    finally:
        kept.close()


def _list(*, as_json: bool) -> None:
    from smtpconsole.console import paths
    from smtpconsole.console.teaching.lessons import facts, rows
    from smtpconsole.console.teaching.standing import Standing

    standing = Standing(paths.lessons_file())
    if as_json:
        click.echo(json.dumps(facts(standing), indent=1))
        return
    for row in rows(standing):
        click.echo(visible(row))


def _html(name: str, path: Path) -> None:
    """Save a lesson with the session that its solution makes."""
    from smtpconsole.console.sessions.saving import save
    from smtpconsole.console.teaching.lessonpage import page
    from smtpconsole.console.teaching.lessonplay import solved
    from smtpconsole.console.teaching.lessons import find

    async def made() -> str:
        async with solved(find(name)[0]) as learning:
            return page(learning)

    click.echo(f"saved as {visible(str(save(path, asyncio.run(made()))))}")


def _check(path: Path) -> int:
    """Play a lesson; 0 if all of it holds."""
    from smtpconsole.console.teaching.lessonplay import problems, wrong_turns
    from smtpconsole.console.teaching.lessons import read

    progress = ProgressLine()
    lesson = read(path)
    try:
        found = asyncio.run(problems(lesson, progress.show))
    finally:
        progress.end()
    for problem in found:
        click.echo(visible(f"{path}:{problem.number}: {problem.text}"))
        click.echo(visible(f"    {problem.remedy}"))
    turns = sum(len(wrong_turns(step)) for step in lesson.steps)
    if not found:
        steps = f"{len(lesson.steps)} step{'s' if len(lesson.steps) > 1 else ''}"
        click.echo(f"{steps} and {turns} wrong turns: all of it holds")
    return 1 if found else 0
