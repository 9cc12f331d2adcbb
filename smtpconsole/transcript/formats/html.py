"""One HTML file that needs nothing else, no script either, and loads nothing from anywhere.

1. What was said stands in text nodes only, visible and escaped; no attribute holds any of it.
2. The Content-Security-Policy allows the one style sheet, by its hash, and nothing else.
3. The drawing is SVG, each bar a rectangle; positions are attributes, so no style is inline.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from functools import cache
from html import escape
from importlib import resources

from smtpconsole.transcript.dialogue import talks
from smtpconsole.transcript.formats import About, export_format
from smtpconsole.transcript.formats.swaks import command_lines
from smtpconsole.transcript.turns import Side, Turn
from smtpconsole.transcript.waterfall import Bar, scale, waterfall
from smtpconsole.visible import visible

FOLDED = 12  # lines of a message that are shown without a click
_SIDES = {Side.CLIENT: "client", Side.SERVER: "server", Side.CONSOLE: "console"}


@export_format("html", "html", last_line="<!-- sha256 of the lines above: %s -->")
def html(turns: Sequence[Turn], about: About) -> str:
    """A page for a browser: what was met, where the time went, and the transcript."""
    title = f"SMTP session with {about.target or 'no server'}"
    return "\n".join([*head(title), *_body(turns, about), "</html>", ""])


@cache
def _style() -> str:
    return resources.files(__package__).joinpath("page.css").read_text("utf-8")


def head(title: str) -> Iterator[str]:
    """What a page begins with: its policy, its title, its style."""
    style = f"\n{_style()}"
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode("ascii")
    yield "<!DOCTYPE html>"
    yield '<html lang="en">'
    yield "<head>"
    yield '<meta charset="utf-8">'
    yield (
        '<meta http-equiv="Content-Security-Policy" content="'
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'\">"
    )
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="referrer" content="no-referrer">'
    yield f"<title>{shown(title)}</title>"
    yield f"<style>{style}</style>"
    yield "</head>"


def _body(turns: Sequence[Turn], about: About) -> Iterator[str]:
    yield "<body>"
    yield f"<h1>SMTP session with <code>{shown(str(about.target or 'no server'))}</code></h1>"
    yield _verdict(turns)
    yield from _waterfall(waterfall(turns))
    yield "<h2>Facts</h2>"
    yield from _facts(about)
    yield "<h2>Transcript</h2>"
    yield (
        '<p class="quiet"><code>-&gt;</code> sent, <code>&lt;-</code> received, <code>~</code> '
        "under TLS, <code>*</code> not what was hoped for, <code>===</code> and "
        "<code>***</code> remarks. Seconds since the beginning on the left.</p>"
    )
    yield '<div class="wire">'
    for turn in turns:
        yield from said(turn)
    yield "</div>"
    yield from _again(turns)
    yield f"<footer>{shown(about.stamp)}. {shown(about.python)}.</footer>"
    yield "</body>"


def _verdict(turns: Sequence[Turn]) -> str:
    """The last trouble: what a reader wants to know first."""
    troubles = [turn for turn in turns if turn.is_trouble]
    if not troubles:
        return '<p class="verdict">Every command was answered positively.</p>'
    last = troubles[-1]
    asked = f" answers <code>{shown(last.verb)}</code>" if last.verb else ""
    what = f"The last refusal{asked}" if last.side is Side.SERVER else "The last trouble"
    return f'<p class="verdict bad">{what}: <code>{shown(" ".join(last.lines))}</code></p>'


def _waterfall(bars: Sequence[Bar]) -> Iterator[str]:
    if not bars:
        return
    place = scale(bars)
    yield "<h2>Where the time went</h2>"
    yield '<table class="waterfall"><tbody>'
    for bar in bars:
        left = place(bar.start) * 1000
        width = max(3.0, place(bar.end) * 1000 - left)
        kind = "bad" if bar.is_trouble else "late" if bar.is_late else bar.kind
        limit = f"of {_duration(bar.limit)}" if bar.limit is not None else ""
        code = str(bar.code) if bar.code is not None else ""
        yield (
            f'<tr><th scope="row" class="label">{shown(bar.label)}</th><td class="bar">'
            '<svg viewBox="0 0 1000 16" preserveAspectRatio="none" aria-hidden="true">'
            f'<rect class="{kind}" x="{min(left, 997):.1f}" y="2" width="{width:.1f}" '
            f'height="12"/></svg></td><td class="number">{_duration(bar.seconds)}</td>'
            f'<td class="number code{" bad" if bar.is_trouble else ""}">{code}</td>'
            f'<td class="number quiet limit">{limit}</td></tr>'
        )
    yield "</tbody></table>"
    yield (
        '<p class="quiet">On the right is how long a client must be ready to wait '
        "(RFC 5321, 4.5.3.2). Time in which nothing was waited for is shortened.</p>"
    )


def _duration(seconds: float) -> str:
    if seconds >= 60:
        return f"{seconds / 60:g} min" if seconds % 60 == 0 else f"{seconds / 60:.1f} min"
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.1f} ms"


def _facts(about: About) -> Iterator[str]:
    yield "<dl>"
    yield f"<dt>When</dt><dd>{about.began:%Y-%m-%d %H:%M:%S} UTC</dd>"
    if about.peer is not None:
        yield f"<dt>Address</dt><dd><code>{shown(about.peer)}</code></dd>"
    if about.tls is not None:
        tls = about.tls
        told = [each for each in (tls.version, tls.cipher, tls.group) if each]
        yield f"<dt>TLS</dt><dd>{shown(', '.join(told) or 'failed')}</dd>"
        for problem in tls.problems:
            bad = ' class="bad"' if problem.severity == "error" else ""
            yield f"<dt>Certificate</dt><dd{bad}>{shown(problem.text)}</dd>"
    if about.capabilities is not None:
        words = (f"{each.name} {each.parameters}".strip() for each in about.capabilities)
        offered = " ".join(f"<code>{shown(word)}</code>" for word in words)
        yield f"<dt>Offered</dt><dd>{offered or 'nothing'}</dd>"
    yield "</dl>"


def said(turn: Turn) -> Iterator[str]:
    """A turn; a long message folded."""
    rows = list(_rows(turn))
    if not turn.is_content or len(rows) <= FOLDED:
        yield from rows
        return
    size = f"{len(turn.lines)} lines, {len(turn.data):,} octets"
    yield f'<details class="turn"><summary>the message, {size}</summary>'
    yield from rows
    yield "</details>"


def _rows(turn: Turn) -> Iterator[str]:
    kinds = f"turn {_SIDES[turn.side]}{' trouble' if turn.is_trouble else ''}"
    for number, line in enumerate(turn.lines):
        clock = f"{turn.at:.3f}" if number == 0 else ""
        asks = " asks" if turn.side is Side.CLIENT and number == 0 else ""
        yield (
            f'<div class="{kinds}{asks}"><time>{clock}</time><span class="mark">'
            f"{escape(turn.mark)}</span><pre>{shown(line)}</pre></div>"
        )


def _again(turns: Sequence[Turn]) -> Iterator[str]:
    commands = [line for talk in talks(turns) for line in command_lines(talk)]
    if commands:
        told = "\n".join(commands)
        yield "<h2>To reproduce</h2>"
        yield f'<div class="wire"><pre class="commands">{escape(told)}</pre></div>'


def shown(text: str | bytes) -> str:
    """Foreign text as HTML shows it: visible, and escaped."""
    return escape(visible(text))
