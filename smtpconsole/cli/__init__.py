"""The shell's side: options, which front end, and the end.

1. Front ends are imported when they are chosen: `--help` and `--version` load neither.
2. A module in this folder is a subcommand of its name: a `click.Command` called `command`.  It is
   imported when it is called for, and what it needs inside of it.  `options` is what they share.
3. Any other first word is a server to open.  One that is called like a subcommand is written
   with its port.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import pkgutil
import sys
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from smtpconsole.console.answers import ConsoleError

if TYPE_CHECKING:
    from smtpconsole.console.console import Suggestions
    from smtpconsole.console.settings import Settings
    from smtpconsole.transcript.journal import Journal

_EPILOG = """\b
Examples:
  smtpconsole mail.example.com:587      look at a server
  smtpconsole smtps://mail.example.com  the same with TLS from the first octet
  smtpconsole --sandbox                 a server of your own, to try things on
"""


def subcommands() -> list[str]:
    """Their names, without importing one."""
    return sorted(each.name for each in pkgutil.iter_modules(__path__) if not each.ispkg)


def subcommand(name: str) -> click.Command:
    """The subcommand of that name."""
    found = importlib.import_module(f"{__name__}.{name}").command
    assert isinstance(found, click.Command)
    return found


class Program(click.Command):
    """Opens a server, unless the first word names a subcommand."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """That of the subcommand, where one is named."""
        if args and args[0] in subcommands():
            name, *rest = args
            return subcommand(name).make_context(f"{info_name} {name}", rest, parent, **extra)
        return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that the context is for."""
        return super().invoke(ctx) if ctx.command is self else ctx.command.invoke(ctx)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Name the subcommands, then the examples."""
        rows = [(name, subcommand(name).get_short_help_str(80)) for name in subcommands()]
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)
        super().format_epilog(ctx, formatter)


@click.command(
    cls=Program,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.argument("target", required=False)
@click.option("--sandbox", is_flag=True, help="Start a mail server on this machine and open it.")
@click.option("--ca", metavar="FILE", default="", help="Trust the certificates of this PEM file.")
@click.option("--name", metavar="HOST", default="", help="Introduce ourselves as HOST in EHLO.")
@click.option("--timeout", metavar="SECONDS", default="", help="Wait so long for each reply.")
@click.option("--strict", is_flag=True, help="End at a certificate that does not verify.")
@click.option("--lines", is_flag=True, help="Use the line mode, also on a terminal.")
@click.option("--no-journal", is_flag=True, help="Keep no file of the session.")
@click.version_option(package_name="smtpconsole")
def main(
    target: str | None,
    sandbox: bool,
    ca: str,
    name: str,
    timeout: str,
    strict: bool,
    lines: bool,
    no_journal: bool,
) -> None:
    """Talk to a mail server. See every byte. Know why.

    TARGET is host, host:port, [address]:port, smtp://host, smtps://host or submission://host.
    """
    try:
        with ExitStack() as stack:
            settings = _settings(ca, name, timeout, strict)
            suggestions = _suggestions(target)
            if sandbox:
                settings.ca, suggestions = _sandbox(stack)
            journal = _journal(keep=not no_journal)
            stack.callback(journal.close)
            _run(journal, settings, suggestions, in_lines=lines or not _has_screen())
    except ConsoleError as error:
        hints = "".join(f"\n  {hint}" for hint in error.hints)
        raise click.ClickException(f"{error.text}{hints}") from error


def _settings(ca: str, name: str, timeout: str, strict: bool) -> Settings:
    from smtpconsole.console.settings import Settings

    settings = Settings(strict=strict)
    for setting, text in (("ca", ca), ("name", name), ("timeout", timeout)):
        if text:
            settings.set(setting, text)
    return settings


def _suggestions(target: str | None) -> Suggestions:
    from smtpconsole.console.console import Suggestions
    from smtpconsole.console.targets import parse_target, written

    if target is None:
        return Suggestions()
    return Suggestions(target=written(parse_target(target)))


def _sandbox(stack: ExitStack) -> tuple[str, Suggestions]:
    """Start the sandbox; the CA to trust, and what to try there."""
    from smtpconsole.console.console import Suggestions
    from smtpconsole.sandbox import Sandbox

    sandbox = stack.enter_context(Sandbox())
    suggestions = Suggestions(
        target=f"localhost:{sandbox.port}",
        user=sandbox.user,
        password=sandbox.password,
        sender=sandbox.user,
        recipient=f"bob@{sandbox.user.partition('@')[2]}",
        mailbox=sandbox.mailbox,
    )
    return str(sandbox.ca_file), suggestions


def _journal(*, keep: bool) -> Journal:
    from smtpconsole.console import paths
    from smtpconsole.transcript.journal import Journal

    if not keep:
        return Journal()
    path = paths.new_journal_file(datetime.now(UTC))
    try:
        return Journal(path)
    except OSError as error:
        raise ConsoleError(
            f"the journal cannot be kept in {path}: {(error.strerror or str(error)).lower()}",
            "set SMTPCONSOLE_STATE to a folder that can be written, or give --no-journal",
        ) from error


def _has_screen() -> bool:
    """A terminal that can show the application."""
    is_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    return is_terminal and os.environ.get("TERM", "dumb") != "dumb"


def _run(journal: Journal, settings: Settings, suggestions: Suggestions, *, in_lines: bool) -> None:
    from smtpconsole.console import paths
    from smtpconsole.console.known import Known

    known = Known(paths.known_file())
    if in_lines:
        from smtpconsole.repl import Repl

        asyncio.run(Repl(journal, settings, suggestions, known=known).run())
    else:
        from smtpconsole.tui.app import ConsoleApp

        ConsoleApp(journal, settings, suggestions, known=known).run()
