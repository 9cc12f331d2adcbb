"""The shell's side: options, which front end, and the end.

1. Front ends are imported when they are chosen: `--help` and `--version` load neither.
2. A module in this folder is a subcommand of its name: a `click.Command` called `command`.  It is
   imported when it is called for, and what it needs inside of it.  `options` is what they share.
3. Any other first word is a server to open.  One that is called like a subcommand is written
   with its port.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from smtpconsole.console.answers import ConsoleError
from smtpconsole.visible import visible

if TYPE_CHECKING:
    from smtpconsole.console.console import Suggestions
    from smtpconsole.console.settings import Settings
    from smtpconsole.transcript.journal import Journal

F = TypeVar("F", bound=Callable[..., Any])

_ORDER = ("Options", "Session", "Route", "TLS", "DNS", "Time")
_GROUPS = {"name": "Session", "lmtp": "Session", "no-sni": "TLS", "dns": "DNS"} | {
    "dns-trust-ad": "DNS",
    "no-journal": "Session",
}
_SENTENCE = re.compile(r'^def command\(.*?"""([^"]*?\.)(?=\s|""")', re.DOTALL | re.MULTILINE)
EXAMPLES = [
    ("smtpconsole mail.example.com:587", "look at a server"),
    ("smtpconsole smtps://mail.example.com", "the same with TLS from the first octet"),
    ("smtpconsole --sandbox", "a server of your own, to try things on"),
    ("smtpconsole learn", "SMTP by speaking it"),
    ("smtpconsole probe mail.example.com", "a report, and an exit status"),
    ("smtpconsole repl mail.example.com < FILE", "lines from a file; status 1 if one fails"),
    ("smtpconsole COMMAND --help", "all about a command"),
]


def subcommands() -> list[str]:
    """Their names, without importing one."""
    return sorted(each.name for each in pkgutil.iter_modules(__path__) if not each.ispkg)


def subcommand(name: str) -> click.Command:
    """The subcommand of that name."""
    found = importlib.import_module(f"{__name__}.{name}").command
    assert isinstance(found, click.Command)
    return found


@contextmanager
def _sentences() -> Iterator[None]:
    """What goes wrong is said in a sentence, which does nothing to a terminal."""
    try:
        yield
    except ConsoleError as error:
        raise _inert(sentence(error)) from error
    except click.ClickException as error:
        _inert(error)
        raise


def _inert(error: click.ClickException) -> click.ClickException:
    message = "\n".join(visible(line) for line in error.message.split("\n"))
    vars(error).update(message=message)  # click calls it final, and prints it as it is
    return error


def told(name: str) -> str:
    """The sentence of a subcommand, read and not imported: --help is to be there at once."""
    try:
        text = Path(__path__[0], f"{name}.py").read_text("utf-8")
    except OSError:  # as in an archive
        return subcommand(name).get_short_help_str(100)
    found = _SENTENCE.search(text)
    return " ".join(found[1].split()) if found else ""


class Opening(click.Command):
    """Opens a server, with all the options that there are for it."""

    _is_complete = False

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """With the ways to connect, which are loaded when somebody asks."""
        if not self._is_complete:
            from smtpconsole.cli.options import resolving, with_ways

            def carrier() -> None: ...

            resolving(with_ways()(carrier))
            self.params += reversed(carrier.__click_params__)  # type: ignore[attr-defined]  # click's
            self._is_complete = True
        return super().get_params(ctx)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """By what they concern."""
        from smtpconsole.console.ways import WAYS

        groups: dict[str, list[tuple[str, str]]] = {each: [] for each in _ORDER}
        for parameter in self.get_params(ctx):
            row = parameter.get_help_record(ctx)
            name = parameter.opts[0].lstrip("-")
            group = WAYS[name].group if name in WAYS else _GROUPS.get(name, "Options")
            if row is not None and isinstance(parameter, click.Option):
                groups[group].append(row)
        for title, rows in groups.items():
            with formatter.section(title):
                formatter.write_dl(rows, col_max=26)


class Program(Opening):
    """Opens a server, unless the first word names a subcommand."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """That of the subcommand, where one is named."""
        if args == ["--version"]:  # needs nothing of the rest
            from importlib.metadata import version

            click.echo(f"smtpconsole, version {version('smtpconsole')}")
            raise SystemExit(0)
        with _sentences():
            if args and args[0] in subcommands():
                name, *rest = args
                return subcommand(name).make_context(f"{info_name} {name}", rest, parent, **extra)
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that the context is for."""
        with _sentences():
            return super().invoke(ctx) if ctx.command is self else ctx.command.invoke(ctx)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The examples."""
        with formatter.section("Examples"):
            formatter.write_dl(EXAMPLES, col_max=50)

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """What it is for; then the subcommands."""
        super().format_help_text(ctx, formatter)
        rows = [(name, told(name)) for name in subcommands()]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def opens(function: F) -> F:
    """The argument and options of what opens a server; the ways to connect come later."""
    for option in reversed(
        (
            click.argument("target", required=False),
            click.option("--sandbox", is_flag=True, help="Open a mail server on this machine."),
            click.option("--name", metavar="HOST", default="", help="Say HOST in EHLO."),
            click.option("--lmtp", is_flag=True, help="Speak LMTP; lmtp:// does, too."),
            click.option("--no-sni", is_flag=True, help="Ask for no name in TLS."),
            click.option("--no-journal", is_flag=True, help="Keep no file of the session."),
        )
    ):
        function = option(function)
    return function


@click.command(
    cls=Program,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@opens
@click.option("--lines", is_flag=True, help="Use the line mode, as `repl` does.")
@click.version_option(package_name="smtpconsole")
def main(lines: bool, **given: Any) -> None:
    """Talk to a mail server. See every byte. Know why.

    TARGET is host, host:port, [address]:port, user@host, smtp://host, smtps://host,
    submission://host, lmtp://host, lmtp+unix:///path, "exec:command", mx:domain for the server
    that takes a domain's mail, or the name of a profile.
    """
    open_server(in_lines=lines, **given)


def open_server(
    target: str | None,
    *,
    sandbox: bool,
    name: str,
    lmtp: bool,
    no_sni: bool,
    no_journal: bool,
    dns: tuple[str, ...],
    dns_trust_ad: bool,
    in_lines: bool,
    **how: Any,
) -> None:
    """Open a server, or nothing, in the application or the line mode."""
    from smtpconsole.console.configuring.configuration import configured
    from smtpconsole.console.ways import NO_NAME
    from smtpconsole.smtp.events import Noted

    with ExitStack() as stack:
        how |= {"name": name, "dns": ",".join(dns), "trustad": dns_trust_ad}
        how["sni"] = NO_NAME if no_sni else how["sni"]
        settings, problems = configured(how)
        suggestions = _suggestions(target, lmtp)
        if sandbox:
            suggestions = _sandbox(stack)
        kept = journal(settings, keep=not no_journal)
        stack.callback(kept.close)
        for problem in problems:
            kept(Noted(str(problem)))
        show(kept, settings, suggestions, in_lines=in_lines)


class Undecided(click.ClickException):
    """Something could not be done, and so nothing can be told by exit code 0 or 1."""

    exit_code = 2


def sentence(
    error: ConsoleError, kind: type[click.ClickException] = click.ClickException
) -> click.ClickException:
    """What the console would say, on standard error."""
    hints = "".join(f"\n  {hint}" for hint in error.hints)
    return kind(f"{error.text}{hints}")


def _suggestions(target: str | None, lmtp: bool) -> Suggestions:
    from smtpconsole.console.console import Suggestions
    from smtpconsole.console.targets import named, parse_target

    if target is None:
        return Suggestions()
    found = parse_target(target)
    if lmtp and found.profile:  # its rules stay with its name
        return Suggestions(target=f"{named(found)} --lmtp")
    return Suggestions(target=named(replace(found, lmtp=True) if lmtp else found))


def _sandbox(stack: ExitStack) -> Suggestions:
    """Start the sandbox, and tell what to try there."""
    from smtpconsole.console.sandboxing import sandboxes

    started = stack.enter_context(sandboxes.fresh())
    return replace(sandboxes.suggestions(started), is_for_learners=True)


def journal(settings: Settings, *, keep: bool) -> Journal:
    """The journal of this session; that it cannot be kept is noted in it, and no reason to stop."""
    from smtpconsole.console import paths
    from smtpconsole.console.commands.journal import pruned
    from smtpconsole.smtp.events import Noted
    from smtpconsole.transcript import shelf
    from smtpconsole.transcript.journal import Journal

    if not keep:
        return Journal()
    folder = paths.journal_folder()
    gone = shelf.prune(folder, days=settings.journal_days, octets=settings.journal_octets)
    try:
        journal = Journal(paths.new_journal_file(datetime.now(UTC)))
    except OSError as error:
        journal = Journal()
        reason = (error.strerror or str(error)).lower()
        way = "set SMTPCONSOLE_STATE to a folder that can be written"
        journal(Noted(f"this session is not kept, {folder} cannot be written: {reason}; {way}"))
    if told := pruned(gone):
        journal(Noted(told))
    return journal


def has_screen() -> bool:
    """A terminal that can show the application."""
    is_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    return is_terminal and os.environ.get("TERM", "dumb") != "dumb"


def show(
    journal: Journal, settings: Settings, suggestions: Suggestions, *, in_lines: bool = False
) -> None:
    """Open the application, or the line mode where there is no screen."""
    from smtpconsole.console import paths
    from smtpconsole.console.known import Known
    from smtpconsole.console.teaching.standing import Standing

    known, standing = Known(paths.known_file()), Standing(paths.lessons_file())
    if in_lines or not has_screen():
        import asyncio

        from smtpconsole.repl import Repl

        status = asyncio.run(
            Repl(journal, settings, suggestions, known=known, standing=standing).run()
        )
        if status:
            sys.exit(status)
    else:
        from smtpconsole.tui.app import ConsoleApp

        ConsoleApp(journal, settings, suggestions, known=known, standing=standing).run()
