"""Options that several subcommands have."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from smtpconsole.console.answers import ConsoleError
from smtpconsole.console.ways import WAYS
from smtpconsole.visible import visible

if TYPE_CHECKING:
    from smtpconsole.console.settings import Settings

F = TypeVar("F", bound=Callable[..., Any])

_RESOLVING = (
    click.option(
        "--dns",
        metavar="ADDRESS[:PORT]",
        multiple=True,
        help="Ask this resolver about mail domains, not the system's; may be repeated.",
    ),
    click.option(
        "--dns-trust-ad",
        is_flag=True,
        help="Believe the resolver's AD bit: the path to it is safe.",
    ),
)
_FAILING = click.option(
    "--fail-on",
    type=click.Choice(["error", "warning"]),
    default="error",
    help="Count a server with such a finding as faulty.",
)
# What there is to say about a visit: it has a time of its own, and always looks at certificates.
VISIT = (
    *("source", "family", "proxy", "proxy-header", "ca", "servername", "sni"),
    *("client-cert", "client-key", "tls-min", "tls-max", "ciphers", "alpn", "keylog"),
)


def with_ways(*names: str) -> Callable[[F], F]:
    """An option for each of these ways to connect, or for all."""

    def add(function: F) -> F:
        for way in reversed([WAYS[name] for name in names or WAYS]):
            sentence = f"{way.sentence[:1].upper()}{way.sentence[1:]}."
            kind: dict[str, Any] = {"is_flag": True} if way.is_flag else {"metavar": way.kind.name}
            function = click.option(f"--{way.name}", help=sentence, **kind)(function)
        return function

    return add


def resolving(function: F) -> F:
    """Options of who is asked about names."""
    return _with(_RESOLVING, function)


def failing(function: F) -> F:
    """The option of what counts as faulty."""
    return _FAILING(function)


def _with(options: Sequence[Callable[[F], F]], function: F) -> F:
    for option in reversed(options):
        function = option(function)
    return function


def seconds(text: str) -> float:
    """A time in seconds; click's error if it is none."""
    try:
        found = float(text.removesuffix("s"))
    except ValueError:
        found = 0.0
    if not 0 < found <= 86400:
        raise click.BadParameter(f"{text!r} is not a time: give seconds, such as 30 or 2.5")
    return found


def settings_from(words: Mapping[str, str | bool | None]) -> Settings:
    """Settings by flag, environment, file and default; ConsoleError where a flag is wrong.

    Mistakes in the file are told on standard error, and no reason to stop.
    """
    from smtpconsole.console.configuring.configuration import configured

    settings, problems = configured(words)
    for problem in problems:
        click.echo(f"*: {visible(str(problem))}", err=True)
    return settings


def usage(error: ConsoleError) -> click.UsageError:
    """What the console finds wrong with the words, as the shell is told it: status 2."""
    return click.UsageError("\n  ".join(map(visible, (error.text, *error.hints))))
