"""smtpconsole settings"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from smtpconsole.visible import visible

if TYPE_CHECKING:
    from smtpconsole.console.configuring.configuration import Document, Problem
    from smtpconsole.console.settings import Settings


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--check", is_flag=True, help="Tell mistakes alone; status 1 if there are any.")
@click.option("--path", is_flag=True, help="Print where the file is, or would be.")
@click.option("--schema", is_flag=True, help="Print a JSON Schema of the file.")
@click.option("--json", "as_json", is_flag=True, help="The settings, for programs.")
def command(check: bool, path: bool, schema: bool, as_json: bool) -> None:
    """Show the settings and profiles, where each value comes from, and what is wrong.

    They are in a TOML file, and in variables of the environment (SMTPCONSOLE_TIMEOUT=10s).
    In the console, /set and /profile change them.
    """
    from smtpconsole.console.configuring import configuration, profiles

    document = configuration.read()
    if path:
        click.echo(str(document.path))
        return
    if schema:
        from smtpconsole.console.configuring.schema import schema as made

        click.echo(json.dumps(made(), indent=1))
        return
    settings, problems = configuration.configured({}, document)
    if as_json:
        click.echo(json.dumps(_as_json(settings, problems, document), indent=1))
    else:
        for problem in problems:
            click.echo(visible(str(problem)), err=not check)
    if not as_json and not check:
        for line in _lines(settings, profiles.names(document)):
            click.echo(visible(line))
    elif check and not problems and not as_json:
        has_file = document.path.exists()
        click.echo("nothing is wrong" if has_file else f"there is no {document.path}: defaults")
    sys.exit(1 if problems and check else 0)


def _lines(settings: Settings, names: list[str]) -> Iterator[str]:
    from smtpconsole.console.settings import SETTINGS

    width = max(map(len, SETTINGS))
    for name in SETTINGS:
        yield f"{name:{width}}  {settings.shown(name):<24}  {settings.origin(name)}"
    yield ""
    yield f"profiles: {', '.join(names) or 'none'}"


def _as_json(settings: Settings, problems: list[Problem], document: Document) -> dict[str, object]:
    from smtpconsole.console.configuring import profiles
    from smtpconsole.console.settings import SETTINGS

    told = {
        name: {"value": settings.shown(name), "origin": settings.origin(name)} for name in SETTINGS
    }
    return {
        "file": str(document.path),
        "settings": told,
        "profiles": profiles.names(document),
        "problems": [str(problem) for problem in problems],
    }
