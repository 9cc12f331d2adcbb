"""smtpconsole run"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from smtpconsole.cli import sentence
from smtpconsole.cli.options import settings_from, with_ways
from smtpconsole.console.answers import ConsoleError
from smtpconsole.console.submission.stages import STOPPED, USAGE
from smtpconsole.visible import visible

if TYPE_CHECKING:
    from smtpconsole.console.settings import Settings


class WrongScript(click.ClickException):
    """The script, or a word behind it, is wrong, and nothing was said."""

    exit_code = USAGE


class WrongUsage(click.UsageError):
    """An option or an argument is wrong."""

    exit_code = USAGE


class Command(click.Command):
    """As swaks has it, 1 is for wrong options: 2 means that nobody could be connected to."""

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        """The context, or the end with 1."""
        try:
            return super().make_context(*args, **extra)
        except click.UsageError as error:
            raise WrongUsage(error.format_message(), error.ctx) from error


_EPILOG = """\b
Exit codes, as those of swaks:
   0  all was as it should be     21  greeting       25  DATA          29  TLS
   1  an expectation, an option   22  EHLO, HELO     26  the message   32  EHLO after TLS
   2  not connected               23  MAIL           27  QUIT          33  XCLIENT
   6  the connection ended        24  no RCPT taken  28  AUTH          34  EHLO after XCLIENT
 130  Ctrl+C
"""


@click.command(
    cls=Command,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.argument("script")
@click.argument("target", required=False, default="")
@click.option("--var", multiple=True, metavar="NAME=VALUE", help="Set a variable; may be repeated.")
@click.option("--json", "as_json", is_flag=True, help="Tell all in one JSON object, at the end.")
@click.option("--junit", metavar="FILE", default="", help="Write a report for CI, too.")
@click.option("--transcript", metavar="FILE", default="", help="Write what was said, as text.")
@click.option(
    "--journal", metavar="FILE", default="", help="Keep the session, for smtpconsole open."
)
@click.option("--keep-going", is_flag=True, help="Do not end at the first line that fails.")
@click.option("--yes", is_flag=True, help="Say yes where a person would be asked.")
@click.option("--name", metavar="HOST", default="", help="Introduce ourselves as HOST in EHLO.")
@with_ways()
def command(
    script: str,
    target: str,
    var: tuple[str, ...],
    as_json: bool,
    junit: str,
    transcript: str,
    journal: str,
    keep_going: bool,
    yes: bool,
    **how: str | bool | None,
) -> None:
    """Play a script of console lines, and tell of each line what came of it.

    SCRIPT is a file, or - for standard input.  TARGET is connected to first, or instead of what
    the script connects to.  $NAME in the script is a variable, from --var, /set or the environment.
    A password that is asked for comes from SMTP_PASSWORD.
    """
    wish = Wish(script, target, var, as_json, junit, transcript, journal, keep_going, yes)
    try:
        code = asyncio.run(_run(wish, settings_from(how)))
    except ConsoleError as error:
        raise sentence(error, WrongScript) from error
    except KeyboardInterrupt:
        code = STOPPED
    sys.exit(code)


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be run, and what told of it."""

    script: str
    target: str
    values: tuple[str, ...]
    as_json: bool
    junit: str
    transcript: str
    journal: str
    keep_going: bool
    yes: bool


async def _run(wish: Wish, settings: Settings) -> int:
    """The exit code."""
    from smtpconsole.console.console import Console, Suggestions
    from smtpconsole.console.headless import Quiet
    from smtpconsole.console.scripting import playing, scriptfiles, scriptresults
    from smtpconsole.console.targets import parse_target
    from smtpconsole.transcript.formats import exported
    from smtpconsole.transcript.journal import Journal

    if wish.target:
        parse_target(wish.target)  # which says what is wrong with it
    suggestions = Suggestions(target=wish.target)
    front = Quiet(says_yes=wish.yes)
    try:
        journal = Journal(Path(wish.journal) if wish.journal else None)
    except OSError as error:
        raise ConsoleError(_unwritten(wish.journal, error)) from error
    console = Console(front, journal, settings=settings, suggestions=suggestions)
    console.stepping.is_watched = False
    for word in wish.values:
        console.variables.assign(word)

    def tell(result: playing.Result) -> None:
        if not wish.as_json:
            click.echo(visible(scriptresults.row(result)))

    try:
        script = scriptfiles.load(wish.script, console, stdin=True)
        player = playing.Player(
            console, script, target=wish.target, keep_going=wish.keep_going, tell=tell
        )
        results = await player.play()
        text = exported(console.journal, "text")
    finally:
        await console.end()
    report = scriptresults.Report(script, results, wish.target or str(console.target or ""), text)
    click.echo(report.json() if wish.as_json else visible(report.sentence))
    _write(wish.junit, report.junit())
    _write(wish.transcript, text)
    return report.code


def _write(path: str, text: str) -> None:
    if not path:
        return
    try:
        Path(path).write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise ConsoleError(_unwritten(path, error)) from error


def _unwritten(path: str, error: OSError) -> str:
    return f"{path} cannot be written: {(error.strerror or str(error)).lower()}"
