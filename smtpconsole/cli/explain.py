"""smtpconsole explain: what a code, a reply, a verb, a keyword or a remark means."""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
from collections.abc import Iterator
from typing import Any

import click

from smtpconsole import knowledge
from smtpconsole.console import explaining
from smtpconsole.visible import visible

_EPILOG = """\b
Examples:
  smtpconsole explain 550 5.7.1 Relay access denied
  smtpconsole explain PIPELINING
  smtpconsole explain tls alert unknown_ca
  smtpconsole explain bare-lf
  smtpconsole explain < bounce.txt      a pasted reply, or a report of failure

\b
Exit status:
  0  it was known, or something of a text
  1  nothing is known of it
  2  the words cannot be understood
"""
MOST_OCTETS = 1_000_000  # that are read from standard input
_WIDTH = 100


@click.command(
    epilog=_EPILOG,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "max_content_width": 100,
        "ignore_unknown_options": True,  # a reply may hold words that begin with a hyphen
    },
)
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(words: tuple[str, ...], as_json: bool) -> None:
    """Explain a code, a reply, a verb, a keyword, a mechanism, a remark or a TLS alert.

    WORDS are as a server has said them, or as the console shows them.  Without any, a reply is
    read from standard input.  The likeliest meaning comes first.
    """
    asked = _asked(words)
    found = [(each, knowledge.explanations(each)) for each in asked]
    # Of a whole report only the replies are of interest.
    found = [each for each in found if each[1]] or found
    if as_json:
        click.echo(json.dumps([_as_json(*each) for each in found], indent=1))
    else:
        click.echo("\n\n".join("\n".join(_as_text(*each)) for each in _once(found)))
    sys.exit(0 if all(each for _, each in found) else 1)


def _asked(words: tuple[str, ...]) -> tuple[str, ...]:
    """The questions: words of the shell are one, a text from a pipe may be several."""
    text = " ".join(words)
    if not words or words == ("-",):
        if sys.stdin.isatty():
            raise click.UsageError("explain what?  smtpconsole explain 550 5.7.1")
        text = sys.stdin.buffer.read(MOST_OCTETS).decode("utf-8", "replace")
    asked = knowledge.questions(text)
    if not asked:
        raise click.UsageError("there is nothing to explain: no words came")
    return asked


def _once(
    found: list[tuple[str, tuple[knowledge.Explanation, ...]]],
) -> Iterator[tuple[str, tuple[knowledge.Explanation, ...]]]:
    """Each meaning where it comes first: a report says the same reply two or three times."""
    told: list[knowledge.Explanation] = []
    for asked, meanings in found:
        news = tuple(each for each in meanings if each not in told)
        told += news
        if news or not meanings:
            yield asked, news


def _as_text(asked: str, found: tuple[knowledge.Explanation, ...]) -> Iterator[str]:
    """The likeliest meaning whole, the others below it, wrapped for the terminal."""
    if not found:
        error = explaining.unknown(asked)
        yield visible(error.text)
        yield from _wrapped(error.hints)
        return
    width = min(_WIDTH, shutil.get_terminal_size().columns)
    for number, each in enumerate(found):
        if number:
            yield ""
        yield visible(each.title)
        yield from _wrapped(explaining.lines(each), width)
        yield from (f"    {visible(line)}" for line in each.next)


def _wrapped(lines: Iterator[str] | tuple[str, ...], width: int = _WIDTH) -> Iterator[str]:
    for line in lines:
        begin = "    " if line.startswith("- ") else "  "
        yield from textwrap.wrap(
            visible(line), width, initial_indent="  ", subsequent_indent=begin
        ) or [""]


def _as_json(asked: str, found: tuple[knowledge.Explanation, ...]) -> dict[str, Any]:
    return {
        "asked": asked,
        "explanations": [
            {
                "title": each.title,
                "text": each.text,
                "now": each.now,
                "rfc": [reference for reference in each.rfc.split(" · ") if reference],
                "causes": list(each.causes),
                "servers": dict(each.servers),
                "next": list(each.next),
            }
            for each in found
        ],
        "nearest": [] if found else list(knowledge.nearest(asked)),
    }
