"""smtpconsole learn"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import click

from smtpconsole.cli import sentence
from smtpconsole.console.answers import ConsoleError
from smtpconsole.console.progress import ProgressLine
from smtpconsole.visible import visible


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--list", "is_list", is_flag=True, help="List the lessons, and end.")
@click.option("--check", metavar="FILE", help="Play a lesson of your own; tell what fails in it.")
def command(is_list: bool, check: str | None) -> None:
    """Learn SMTP by speaking it."""
    try:
        if check is not None:
            raise SystemExit(_check(Path(check)))
        if is_list:
            for line in _listed():
                click.echo(visible(line))
    except ConsoleError as error:
        raise sentence(error) from error


def _listed() -> Iterator[str]:
    from smtpconsole.lessons import catalogue

    for entry in catalogue.course():
        lesson = entry.read()
        yield f"{entry.number:2}  {entry.name:24} {lesson.minutes:2} min  {lesson.title}"


def _check(path: Path) -> int:
    """Play a lesson; 0 if all of it holds."""
    from smtpconsole.console.lessonplay import problems, wrong_turns
    from smtpconsole.console.lessons import read

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
        click.echo(f"{len(lesson.steps)} steps and {turns} wrong turns: all of it holds")
    return 1 if found else 0
