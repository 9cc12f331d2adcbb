"""Words of the shell that stand for others: options out of a file, and headers by their names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import click

from smtpconsole.console.answers import ConsoleError
from smtpconsole.console.filenames import path_of
from smtpconsole.visible import visible


def expanded(args: Sequence[str]) -> list[str]:
    """The words with those of `--config` before them, and `--h-NAME VALUE` as a header."""
    found: list[str] = []
    rest = list(args)
    while rest:
        word = rest.pop(0)
        name, equals, value = word.partition("=")
        if name == "--config" or (name.startswith("--h-") and len(name) > 4):
            if not equals:
                if not rest:
                    raise click.UsageError(f"Option '{name}' requires an argument.")
                value = rest.pop(0)
            if name == "--config":
                found[:0] = _configured(value)
            else:
                found += ["--header", f"{name[4:].replace('_', '-')}: {value}"]
        else:
            found.append(word)
            if word == "--":
                return found + rest
    return found


def _configured(path: str) -> Iterator[str]:
    try:
        lines = path_of(path).read_text("utf-8").splitlines()
    except ConsoleError as error:
        raise click.UsageError(visible(error.text)) from error
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or "it is not UTF-8").lower()
        raise click.UsageError(f"{visible(path)} cannot be read: {reason}") from error
    for line in lines:
        if line.strip() and not line.lstrip().startswith("#"):
            name, _, value = line.strip().partition(" ")
            option = name if name.startswith("-") else f"--{name}"
            yield f"{option}={value.strip()}" if value and option.startswith("--") else option
