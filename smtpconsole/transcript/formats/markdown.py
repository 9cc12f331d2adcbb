"""Markdown, to be pasted into a bug report."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from smtpconsole.transcript.formats import About, export_format
from smtpconsole.transcript.formats.text import marked
from smtpconsole.transcript.turns import Side, Turn
from smtpconsole.visible import visible


@export_format("markdown", "md")
def markdown(turns: Sequence[Turn], about: About) -> str:
    """Markdown for a bug report: what was met, the facts, the transcript."""
    transcript = "\n".join(marked(turns))
    fence = _fence(transcript)
    parts = [
        f"# SMTP session with {_code(str(about.target or 'no server'))}",
        _summary(turns),
        "\n".join(_facts(about)),
        "## Transcript",
        "Marks: `->` sent, `<-` received, `~` under TLS, `*` not what was hoped for, "
        "`===` and `***` remarks. Credentials are not shown.",
        f"{fence}text\n{transcript}\n{fence}",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _summary(turns: Sequence[Turn]) -> str:
    """The last trouble: what a reader wants to know first."""
    troubles = [turn for turn in turns if turn.is_trouble]
    if not troubles:
        return "Every command was answered positively."
    last = troubles[-1]
    told = _code(" ".join(last.lines))
    if last.side is Side.CONSOLE:
        return f"The last trouble: {told}"
    asked = last.send.verb.decode("ascii", "replace") if last.send is not None else ""
    return f"The last refusal{f' answers {_code(asked)}' if asked else ''}: {told}"


def _facts(about: About) -> Iterator[str]:
    yield f"- When: {about.began:%Y-%m-%d %H:%M:%S} UTC"
    if about.peer is not None:
        yield f"- Address: {_code(about.peer)}"
    if about.tls is not None:
        tls = about.tls
        told = [each for each in (tls.version, tls.cipher, tls.group) if each]
        yield f"- TLS: {_code(', '.join(told) or 'failed')}"
        yield from (f"- Certificate: {_code(problem.text)}" for problem in tls.problems)
    if about.capabilities is not None:
        words = (f"{each.name} {each.parameters}".strip() for each in about.capabilities)
        yield f"- Offered: {', '.join(map(_code, words)) or 'nothing'}"
    yield f"- With: {about.program}, {about.python}"


def _code(text: str) -> str:
    """Text as code, whatever back-ticks it holds."""
    text = visible(text)
    fence = "`" * (_longest_run(text) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _fence(text: str) -> str:
    return "`" * max(3, _longest_run(text) + 1)


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)
