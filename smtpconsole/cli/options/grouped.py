"""A command whose help shows its options in groups, and options that other tools call otherwise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

ENVIRONMENT = "SMTPCONSOLE_SEND_"

F = TypeVar("F", bound=Callable[..., Any])


class Option(click.Option):
    """An option of a group; `also` are names that are taken and not shown."""

    def __init__(self, names: list[str], *, group: str, also: str = "", **attributes: Any) -> None:
        long = next((name for name in names if name.startswith("--")), None)
        if long is not None:
            attributes["envvar"] = ENVIRONMENT + long[2:].upper().replace("-", "_")
        super().__init__([*names, *also.split()], **attributes)
        self.group = group
        self._hidden = set(also.split())

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Its row in the help, without the names that are for habit's sake."""
        names, self.opts = self.opts, [name for name in self.opts if name not in self._hidden]
        try:
            return super().get_help_record(ctx)
        finally:
            self.opts = names


class Grouped(click.Command):
    """Options by what they concern, in the order in which the groups appear."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write them, a group after the other."""
        groups: dict[str, list[tuple[str, str]]] = {}
        options = [each for each in self.get_params(ctx) if isinstance(each, click.Option)]
        for each in sorted(options, key=lambda each: not hasattr(each, "group")):
            row = each.get_help_record(ctx)
            if row is not None:
                groups.setdefault(getattr(each, "group", "Help"), []).append(row)
        for title, rows in groups.items():
            with formatter.section(title):
                formatter.write_dl(rows)


def option(group: str, *names: str, also: str = "", **attributes: Any) -> Callable[[F], F]:
    """An option of a group."""
    return click.option(*names, cls=Option, group=group, also=also, **attributes)
