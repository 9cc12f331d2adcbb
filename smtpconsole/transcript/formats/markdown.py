"""Markdown, to be pasted into a bug report."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from smtpconsole.transcript.dialogue import talks
from smtpconsole.transcript.formats import About, export_format
from smtpconsole.transcript.formats.swaks import command_lines
from smtpconsole.transcript.formats.text import marked
from smtpconsole.transcript.turns import Side, Turn
from smtpconsole.transcript.waterfall import waterfall
from smtpconsole.visible import visible


@export_format("markdown", "md", last_line="<!-- sha256 of the lines above: %s -->")
def markdown(turns: Sequence[Turn], about: About) -> str:
    """Markdown for a bug report: what was met, the facts, the transcript."""
    transcript = "\n".join(marked(turns))
    parts = [
        f"# SMTP session with {code(str(about.target or 'no server'))}",
        summary(turns),
        "\n".join(_facts(about)),
        "## Transcript",
        "Marks: `->` sent, `<-` received, `~` under TLS, `*` not what was hoped for, "
        "`===` and `***` remarks.",
        _fenced(transcript, "text"),
        *_timings(turns),
        *_again(turns),
        f"{visible(about.stamp)}.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n\n"


def summary(turns: Sequence[Turn]) -> str:
    """The last trouble: what a reader wants to know first."""
    troubles = [turn for turn in turns if turn.is_trouble]
    if not troubles:
        return "Every command was answered positively."
    last = troubles[-1]
    told = code(" ".join(last.lines))
    if last.side is Side.CONSOLE:
        return f"The last trouble: {told}"
    asked = last.verb.decode("ascii", "replace")
    return f"The last refusal{f' answers {code(asked)}' if asked else ''}: {told}"


def _facts(about: About) -> Iterator[str]:
    yield f"- When: {about.began:%Y-%m-%d %H:%M:%S} UTC"
    if about.peer is not None:
        yield f"- Address: {code(about.peer)}"
    if about.tls is not None:
        tls = about.tls
        told = [each for each in (tls.version, tls.cipher, tls.group) if each]
        yield f"- TLS: {code(', '.join(told) or 'failed')}"
        yield from (f"- Certificate: {code(problem.text)}" for problem in tls.problems)
    if about.capabilities is not None:
        words = (f"{each.name} {each.parameters}".strip() for each in about.capabilities)
        yield f"- Offered: {', '.join(map(code, words)) or 'nothing'}"
    yield f"- With: {about.program}, {about.python}"


def _timings(turns: Sequence[Turn]) -> Iterator[str]:
    bars = waterfall(turns)
    if not bars:
        return
    rows = [
        f"| {code(bar.label, in_table=True)} | {bar.start:.3f} | {bar.seconds * 1000:.0f} ms "
        f"| {bar.code if bar.code is not None else ''} |"
        for bar in bars
    ]
    head = "| | began at | took | reply |\n|---|---:|---:|---:|"
    yield "## Timings"
    yield "\n".join([head, *rows])


def _again(turns: Sequence[Turn]) -> Iterator[str]:
    commands = [line for talk in talks(turns) for line in command_lines(talk)]
    if commands:
        yield "## To reproduce"
        yield _fenced("\n".join(commands), "sh")


def code(text: str, *, in_table: bool = False) -> str:
    """Text as code, whatever back-ticks it holds."""
    text = visible(text)
    if in_table:  # a bar ends a cell, even in code
        text = text.replace("|", "¦")
    if not text.strip():
        return "(empty)"
    fence = "`" * (_longest_run(text) + 1)
    pad = " " if text[0] in "` " or text[-1] in "` " else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _fenced(text: str, language: str) -> str:
    fence = "`" * max(3, _longest_run(text) + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)
