"""Make docs/library.md, the guide and a reference from the docstrings, the tables of
docs/settings.md, docs/peers.md, docs/faults.md and docs/keys.md, and the manual page.

python docs/make.py
"""

from __future__ import annotations

import inspect
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import smtpconsole.client as library
from smtpconsole.cli.shells import everything, man
from smtpconsole.client import delivering, options
from smtpconsole.client.options import Setting
from smtpconsole.console.actions import AREAS, of
from smtpconsole.console.configuring import keynames
from smtpconsole.console.configuring.schema import tables
from smtpconsole.sandbox.faults import known

HERE = Path(__file__).parent
PAGE = HERE / "library.md"
SETTINGS = HERE / "settings.md"
PEERS = HERE / "peers.toml"
KEYS = HERE / "keys.md"
MAN = HERE / "smtpconsole.1"  # the wheel has it
FAULTS = HERE / "faults.toml"
WIDTH = 96

CLASSES = ["SMTP", "Pool", "Receipt", "Letter", "SMTPResponse", "Route", "Timeouts", "TlsPolicy"]
TABLES = [options.MoreOptions, delivering.EnvelopeOptions, delivering.RecipientOptions]


def page() -> str:
    """The whole page."""
    parts = [(HERE / "guide.md").read_text().rstrip(), "# Reference"]
    parts.append(section("send", library.send, "##"))
    for name in CLASSES:
        parts += of_class(name, getattr(library, name))
    for table in TABLES:
        parts.append(f"## {table.__name__}\n\n{text(table)}")
    parts.append("## Exceptions")
    errors = [name for name in sorted(library.__all__) if is_error(getattr(library, name))]
    errors.sort(key=lambda name: len(getattr(library, name).__mro__))
    parts += [of_error(name, getattr(library, name)) for name in errors]
    parts.append(statuses())
    return "\n\n".join(parts) + "\n"


def is_error(value: Any) -> bool:
    return inspect.isclass(value) and issubclass(value, Exception)


def of_class(name: str, kind: type) -> Iterator[str]:
    yield f"## {name}\n\n{text(kind)}"
    if name in ("SMTP", "Pool"):
        yield section("", kind.__init__, "", skip=True).strip()
    settings = [each for each, value in members(kind) if isinstance(value, Setting)]
    if settings:
        yield (
            "Options that can be read and set: " + ", ".join(f"`{each}`" for each in settings) + "."
        )
    for each, value in members(kind):
        if isinstance(value, property) and value.__doc__:
            yield f"### {name}.{each}\n\n{text(value)}"
        elif inspect.isfunction(value) and value.__doc__:
            yield section(f"{name}.{each}", value, "###")


def members(kind: type) -> Iterator[tuple[str, Any]]:
    """What a class and those it is built on have for users, in the order of the source."""
    seen: set[str] = set()
    for layer in reversed(kind.__mro__):
        if not layer.__module__.startswith("smtpconsole."):
            continue
        for name, value in vars(layer).items():
            if not name.startswith("_") and name not in seen:
                seen.add(name)
                yield name, value


def section(name: str, function: Any, level: str, *, skip: bool = False) -> str:
    head = f"{level} {name}\n\n" if name else ""
    body = "" if skip else f"\n\n{text(function)}"
    return (
        f"{head}```python\n{signature(function, name.rpartition('.')[2] or '__init__')}\n```{body}"
    )


def signature(function: Any, name: str) -> str:
    """As it is written, a parameter a line where it is long."""
    start = "async def" if inspect.iscoroutinefunction(function) else "def"
    found = inspect.signature(function)
    short = f"{start} {name}{found}".replace("<Default.token: 0>", "_default")
    if len(short) <= WIDTH:
        return short
    lines = []
    kinds = [each.kind for each in found.parameters.values()]
    for at, each in enumerate(found.parameters.values()):
        if each.kind is each.KEYWORD_ONLY and each.KEYWORD_ONLY not in kinds[:at]:
            lines.append("    *,")
        lines.append(f"    {str(each).replace('<Default.token: 0>', '_default')},")
        is_last = each.kind is each.POSITIONAL_ONLY and each.POSITIONAL_ONLY not in kinds[at + 1 :]
        if is_last:
            lines.append("    /,")
    return f"{start} {name}(\n" + "\n".join(lines) + f"\n) -> {found.return_annotation}"


def text(value: Any) -> str:
    """The docstring; indented blocks of it become code or lists."""
    lines: list[str] = []
    for line in inspect.cleandoc(value.__doc__ or "").splitlines():
        head, colon, _ = line.partition(":")
        is_item = colon and not line.startswith(" ") and head.replace(", ", "").isidentifier()
        if is_item and head[:1].islower():
            names = ", ".join(f"`{each}`" for each in head.split(", "))
            line = f"- {names}{line[len(head) :]}"
        lines.append(line)
    return "\n".join(lines)


def of_error(name: str, kind: type) -> str:
    bases = ", ".join(f"`{each.__name__}`" for each in kind.__bases__)
    return f"### {name}\n\nOf {bases}.\n\n{text(kind)}"


def statuses() -> str:
    rows = "\n".join(f"| {each.value} | `{each.name}` |" for each in library.SMTPStatus)
    return f"## SMTPStatus\n\n{text(library.SMTPStatus)}\n\n| code | name |\n|---|---|\n{rows}"


def settings() -> str:
    """The page about settings, with its tables as the schema has them."""
    told = SETTINGS.read_text()
    for name, table in tables().items():
        mark = f"<!-- made of the schema: {name} -->"
        before, _, rest = told.partition(mark)
        told = f"{before}{mark}\n{table}\n<!-- end -->{rest.partition('<!-- end -->')[2]}"
    return told


def peers() -> str:
    """The page about other tools, of the table that tests run row by row."""
    parts = [
        "# What other tools do, and what does it here\n\n"
        "`smtpconsole send` sends one message and shows the session, for people who type swaks"
        " today; a word that begins with a slash is a command of the console.  Each row is run by"
        " the tests as it stands in `peers.toml`, of which this page is made."
    ]
    for peer in tomllib.loads(PEERS.read_text())["peer"]:
        rows = (f"| {cell(row['what'])} | {cell(row['here'])} |" for row in peer["row"])
        table = "\n".join([f"| {peer['name']} | here |", "|---|---|", *rows])
        parts.append(f"## {peer['name']}\n\n{peer['about']}\n\n{table}")
    return "\n\n".join(parts) + "\n"


def faults() -> str:
    """The page about what a server's faults do, of the table that tests hold every front to."""
    ends = tomllib.loads(FAULTS.read_text())
    parts = [
        "# What each fault does to each front\n\n"
        "What the library raises, the word that `smtpconsole probe` reports, and the exit statuses"
        " of `smtpconsole run` and `smtpconsole send`, where a server fails so.  `smtpconsole"
        " sandbox --fault NAME` is such a server; [Testing your own client](sandbox.md) tells more,"
        " and `/fault NAME` what a good client shows.  Tests hold every front against every fault:"
        " it ends so, in its time and within its memory, and what is told of the message is what"
        " the server has of it."
    ]
    for group in dict.fromkeys(fault.group for fault in known().values()):
        rows = [
            f"| `{fault.name}` | {cell(fault.title)} | {_ends(ends[fault.name])} |"
            for fault in known().values()
            if fault.group == group
        ]
        head = [
            "| fault | the server | library | probe | run | send |",
            "|---|---|---|---|---|---|",
        ]
        parts.append(f"## {group}\n\n" + "\n".join([*head, *rows]))
    return "\n\n".join(parts) + "\n"


def _ends(ends: dict[str, str]) -> str:
    words = (ends[front] for front in ("library", "probe", "run", "send"))
    return " | ".join(word.replace("|", " or ") for word in words)


def keys() -> str:
    """The page about keys, of the table of actions."""
    parts = [
        "# Keys\n\n"
        "`F1` shows those of the pane that has the focus, with your own changes; `^P` searches"
        " all actions and commands by words.  What stands behind a key is a command of the console"
        " wherever there is one, and the same in the line mode and in scripts.\n\n"
        "A key is changed in the [settings](settings.md), by the name of the action; commas stand"
        " between several:\n\n"
        '```toml\n[keys]\njump = "^F"\nexport = "^E"\n"wire.copy" = "y,Ctrl+Y"\n```\n\n'
        "A key that another action has, that is typed as text there or that terminals swallow is"
        " told with its line, and the default holds: "
        + "; ".join(f"`{keynames.shown(key)}`: {why}" for key, why in keynames.SWALLOWED.items())
        + "."
    ]
    for area in AREAS.values():
        rows = [
            f"| `{each.name}` | {code(keynames.all_shown(each.keys))} | {cell(each.sentence)} |"
            f" {code(each.line)} |"
            for each in of(area.name)
        ]
        table = "\n".join(
            ["| action | keys | what it does | command |", "|---|---|---|---|", *rows]
        )
        parts.append(f"## {area.title}\n\n{table}")
    return "\n\n".join(parts) + "\n"


def code(text: str) -> str:
    return f"`{cell(text)}`" if text else ""


def cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    PEERS.with_suffix(".md").write_text(peers())
    PAGE.write_text(page())
    KEYS.write_text(keys())
    FAULTS.with_suffix(".md").write_text(faults())
    SETTINGS.write_text(settings())
    MAN.write_text(man.script(everything()))
