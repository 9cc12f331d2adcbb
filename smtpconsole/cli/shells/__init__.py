"""What can be typed behind `smtpconsole`, as data made of the argument parsers.

Scripts for shells and the manual page are made of it, so that none of them can be behind.
"""

from __future__ import annotations

from dataclasses import dataclass

import click

from smtpconsole.cli import main, subcommand, subcommands

PROGRAM = "smtpconsole"
TARGETS, FILES = "(targets)", "(files)"  # what a shell has to find out

_FILES = ("FILE", "FOLDER", "JOURNAL", "SCRIPT", "FIRST", "SECOND")


@dataclass(frozen=True, slots=True)
class Option:
    """An option of a command."""

    names: tuple[str, ...]
    help: str
    metavar: str  # "" for a flag
    values: tuple[str, ...]  # TARGETS or FILES may be among them

    @property
    def takes_value(self) -> bool:
        return bool(self.metavar)


@dataclass(frozen=True, slots=True)
class Words:
    """What a command takes; the program itself is the one without a name."""

    name: str
    sentence: str
    text: str
    usage: str
    options: tuple[Option, ...]
    arguments: tuple[str, ...]  # what each of them may be: a word, TARGETS or FILES
    end: str  # what its help ends with: examples, exit statuses


def words(name: str = "") -> Words:
    """What a subcommand takes, or the program."""
    found = subcommand(name) if name else main
    # As if it were called, or what its help is called would depend on whether it has been.
    settings = found.context_settings
    context = click.Context(found, info_name=f"{PROGRAM} {name}".strip(), **settings)
    options: list[Option] = []
    arguments: list[str] = []
    for parameter in found.get_params(context):
        if isinstance(parameter, click.Option) and not parameter.hidden:
            options.append(_option(parameter, context))
        elif isinstance(parameter, click.Argument):
            arguments.append(_argument(parameter, context))
    told = (found.help or "").partition("\f")[0]
    usage = " ".join(found.collect_usage_pieces(context))
    sentence = found.get_short_help_str(200)
    end = click.HelpFormatter(width=92)
    found.format_epilog(context, end)
    return Words(
        name, sentence, told, usage, tuple(options), tuple(arguments), end.getvalue().strip("\n")
    )


def everything() -> list[Words]:
    """The program, and each of its subcommands."""
    return [words(), *map(words, subcommands())]


def _option(parameter: click.Option, context: click.Context) -> Option:
    is_flag = parameter.is_flag or parameter.count
    metavar = "" if is_flag else parameter.metavar or parameter.type.name.upper()
    names = (*parameter.opts, *parameter.secondary_opts)
    return Option(names, parameter.help or "", metavar, _values(parameter, metavar))


def _values(parameter: click.Option, metavar: str) -> tuple[str, ...]:
    if isinstance(parameter.type, click.Choice):
        return tuple(map(str, parameter.type.choices))
    if metavar == "FAULT":
        from smtpconsole.sandbox import faults

        return tuple(faults.known())
    if metavar == "FORMAT":
        from smtpconsole.transcript.formats import FORMATS

        return tuple(FORMATS)
    if metavar == "4|6":
        return ("4", "6")
    if metavar == "VERSION":
        return ("1.0", "1.1", "1.2", "1.3")
    if metavar == "FILE|FOLDER|STORE":
        return ("system", "certifi", "none", FILES)
    return (FILES,) if metavar in _FILES else ()


def _argument(parameter: click.Argument, context: click.Context) -> str:
    name = (parameter.metavar or parameter.name or "").upper().strip("[]")
    if isinstance(parameter.type, click.Choice):
        return " ".join(map(str, parameter.type.choices))
    if name == "TARGET":
        return TARGETS
    return FILES if name in _FILES else ""
