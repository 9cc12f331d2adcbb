"""Make docs/figures.md, and the README's table, of docs/figures.toml, which `make bench` writes.

python docs/figures.py
"""

from __future__ import annotations

import textwrap
import tomllib
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
FIGURES = HERE / "figures.toml"
PAGE = HERE / "figures.md"
README = HERE.parent / "README.md"
BEGIN, END = "<!-- made of docs/figures.toml -->", "<!-- end -->"
WIDTH = 100

# The README's table: what a row is called there, and which it is of those with one recipient.
CLIENTS = {
    "aiosmtplib": "aiosmtplib",
    "smtplib": "smtplib",
    "smtp-source": "smtp-source, in C, one by one",
    "ours, one by one": "smtpconsole, one by one",
    "ours, pipelined": "smtpconsole, pipelined",
    "ours, pipelined, journal": "smtpconsole, pipelined, with the journal",
    "ours, pipelined, journal on disk": "smtpconsole, pipelined, with the journal on disk",
    "ours, batched": "smtpconsole, many messages at once (`deliver_all`)",
}
WHAT = {  # of each table: what it shows, as far as that is not clear
    "one-1": "Client and server share one CPU. The server does as little as possible.",
    "large": "Memory is what the message takes beyond what the client has before it.",
    "trips": "How often the client has to wait for an answer, counted on a link between the two.",
    "paint": "A terminal of 120x40, until the prompt is there; the empty one shows a word.",
}

Found = dict[str, Any]
Rows = dict[str, list[Any]]


def page(found: Found) -> str:
    """All tables, with the goals and whether they are met."""
    peers = ", ".join(f"{name} {version}" for name, version in found["versions"].items())
    parts = [
        "# Figures",
        _wrapped(
            f"Written by `make bench`, which measures all of them anew in one run; with {peers}. "
            "Times are those of one machine, and move between runs; ratios are medians of the "
            f"ratios in the same one of {found['rounds']} interleaved rounds, and move less."
        ),
    ]
    for table in found["table"]:
        title = table["title"]
        parts.append(f"## {title[0].upper()}{title[1:]}")
        if table["name"] in WHAT:
            parts.append(WHAT[table["name"]])
        parts.append(_table(["", *table["columns"]], table["rows"]))
        if table["goals"]:
            parts.append(_table(["goal", "found", "wanted", ""], map(_goal, table["goals"])))
    return "\n\n".join(parts) + "\n"


def _goal(goal: list[Any]) -> list[Any]:
    words, found, wanted, is_most, is_met = goal
    bound = f"at {'most' if is_most else 'least'} {shown(wanted)}"
    return [words, found, bound, "met" if is_met else "**not met**"]


def block(found: Found) -> str:
    """What the README shows of them."""
    rows = _rows(found, "one-1")
    table = [
        [title, times(rows[name][1]), f"{rows[name][3]:.2g}"]
        for name, title in CLIENTS.items()
        if name in rows
    ]
    intro = (
        "On one connection, with 1 KiB messages to one recipient, client and server on one CPU "
        f"(`make bench`; medians of the ratios in {found['rounds']} rounds of one run):"
    )
    head = ["", "messages a second", "CPU a message"]
    return "\n\n".join([_wrapped(intro), _table(head, table), _wrapped(_prose(found))])


def _prose(found: Found) -> str:
    many = _rows(found, "one-50")["ours, pipelined, journal"]
    large, trips = _rows(found, "large"), _rows(found, "trips")
    ours, theirs = large["ours"], large["aiosmtplib"]
    goals = [goal for table in found["table"] for goal in table["goals"]]
    missed = sum(not goal[4] for goal in goals)
    imported, painted = _rows(found, "import")["ours"][1], _rows(found, "paint")["ours"][1]
    return (
        f"To 50 recipients, pipelined with the journal, it is {times(many[1])} the messages at "
        f"{many[3]:.2g} of the CPU. A message of 25 MB from a file goes at {times(ours[1])} the "
        f"speed, in {ours[4]:.1f} MB of memory where aiosmtplib takes {shown(theirs[4])}. "
        f"STARTTLS, AUTH and a message to 100 recipients are {trips['ours'][0]} round trips, with "
        f"BDAT {trips['ours, with BDAT'][0]}; aiosmtplib and smtplib make "
        f"{trips['aiosmtplib'][0]}. Importing takes {times(imported)} aiosmtplib's time; the "
        f"application is painted after {times(painted)} that of an empty one. [All figures]"
        f"(docs/figures.md) tell, too, which {missed} of {len(goals)} goals this run did not meet."
    )


def readme(found: Found, text: str) -> str:
    """The README with that block in it."""
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}\n{block(found)}\n{END}{rest.partition(END)[2]}"


def _rows(found: Found, name: str) -> Rows:
    (table,) = (each for each in found["table"] if each["name"] == name)
    return {who: cells for who, *cells in table["rows"]}


def _table(head: list[str], rows: Any) -> str:
    lines = [head, ["---"] * len(head), *([shown(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines).replace("|  |", "| |")


def _wrapped(text: str) -> str:
    return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)


def times(value: float) -> str:
    return f"{value:.2g} \N{MULTIPLICATION SIGN}"


def shown(value: Any) -> str:
    """A number for people, as it is kept."""
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:g}"


if __name__ == "__main__":
    figures = tomllib.loads(FIGURES.read_text())
    PAGE.write_text(page(figures))
    README.write_text(readme(figures, README.read_text()))
