"""The terminal, the editor, the clipboard, folders and the file of settings, resolvers."""

from __future__ import annotations

import locale
import os
import shutil
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

from smtpconsole.console import paths
from smtpconsole.console.answers import ConsoleError
from smtpconsole.console.composing import editing
from smtpconsole.console.configuring import configuration
from smtpconsole.console.doctor import Finding, check
from smtpconsole.net.dns import servers

_LEAST = (80, 24)
_CLIPBOARDS = ("wl-copy", "xclip", "xsel", "pbcopy", "clip.exe")
_ROOM = 50_000_000  # octets


@check
def terminal() -> Iterator[Finding]:
    """What can be drawn."""
    name = os.environ.get("TERM", "")
    if not sys.stdout.isatty():
        yield Finding("ok", "terminal", "none: the line mode is used, without prompts")
    elif name in ("", "dumb"):
        yield Finding(
            "warn",
            "terminal",
            "TERM is dumb: the line mode is used",
            "in a terminal that can draw: export TERM=xterm-256color",
        )
    else:
        columns, rows = shutil.get_terminal_size()
        is_small = columns < _LEAST[0] or rows < _LEAST[1]
        yield Finding(
            "warn" if is_small else "ok",
            "terminal",
            f"{name}, {columns} by {rows}",
            "80 by 24 is the least the application is made for" if is_small else "",
        )
    yield _colours(name)
    if name in ("linux", "vt100", "vt220"):
        yield Finding(
            "warn",
            "keys",
            f"{name} may have no F11, F12 or Ctrl with arrows",
            "Ctrl+P opens all that keys do",
        )
    encoding = locale.getpreferredencoding(False)
    if encoding.lower().replace("-", "") != "utf8":
        yield Finding(
            "warn",
            "encoding",
            f"{encoding}: lines beyond ASCII are drawn wrong",
            "export LC_ALL=C.UTF-8",
        )


def _colours(name: str) -> Finding:
    if os.environ.get("NO_COLOR"):
        return Finding("ok", "colours", "none: NO_COLOR is set")
    if os.environ.get("COLORTERM", "") in ("truecolor", "24bit"):
        return Finding("ok", "colours", "16 million")
    count = "256" if "256" in name else "those of the terminal"
    return Finding("ok", "colours", count, "export COLORTERM=truecolor, if it has all of them")


@check
def clipboard() -> Iterator[Finding]:
    """Where `y` puts things."""
    tools = [each for each in _CLIPBOARDS if shutil.which(each)]
    beside = f"; installed besides: {', '.join(tools)}" if tools else ""
    told = f"by the terminal itself (OSC 52){beside}"
    if os.environ.get("TMUX"):
        yield Finding("ok", "clipboard", told, "in tmux it needs: set -s set-clipboard on")
    elif os.environ.get("TERM", "").startswith("screen"):
        yield Finding("warn", "clipboard", "GNU screen swallows it", "use tmux, or F8 and a file")
    else:
        yield Finding("ok", "clipboard", told)


@check
def editor() -> Iterator[Finding]:
    """What /edit opens."""
    try:
        yield Finding("ok", "editor", " ".join(editing.editor()))
    except ConsoleError as error:
        yield Finding("warn", "editor", error.text, "; ".join(error.hints))


@check
def folders() -> Iterator[Finding]:
    """What is kept of sessions is for its owner alone."""
    folder = paths.state_folder()
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        yield Finding(
            "fail",
            "state",
            f"{folder} cannot be written: no session is kept",
            "set SMTPCONSOLE_STATE to a folder that can",
        )
        return
    free = shutil.disk_usage(folder).free
    if free < _ROOM:
        yield Finding(
            "warn",
            "state",
            f"{folder} has {free // 1_000_000} MB left",
            "make room, or /set journal-size",
        )
    else:
        yield Finding("ok", "state", str(folder))
    private = (folder, paths.journal_folder(), paths.history_file(), paths.known_file())
    for path in private:
        yield from _private(path)


def _private(path: Path) -> Iterator[Finding]:
    try:
        found = path.stat()
    except OSError:
        return
    mode = stat.S_IMODE(found.st_mode)
    if os.name == "posix" and mode & 0o077:
        right = "700" if path.is_dir() else "600"
        yield Finding(
            "warn",
            "permissions",
            f"{path} can be read by others (mode {mode:o})",
            f"chmod {right} {path}",
        )
    if hasattr(os, "getuid") and found.st_uid != os.getuid():
        yield Finding(
            "warn",
            "permissions",
            f"{path} belongs to somebody else",
            "was it made by sudo? chown it back",
        )


@check
def settings() -> Iterator[Finding]:
    """The file, and the environment."""
    document = configuration.read()
    _, problems = configuration.configured({}, document)
    for problem in problems:
        yield Finding("fail", "settings", f"{problem.where}: {problem.text}", problem.remedy)
    if not problems:
        is_there = document.path.exists()
        told = f"{document.path}" if is_there else f"no {document.path}: the defaults hold"
        yield Finding("ok", "settings", told)


@check
def resolvers() -> Iterator[Finding]:
    """Who is asked about names, and whether their word on DNSSEC counts."""
    found = servers.system()
    if not found.servers:
        yield Finding("fail", "resolver", "there is none", "/set dns 192.0.2.53 --save, with yours")
        return
    yield Finding("ok", "resolver", ", ".join(map(str, found.servers)))
    if found.doubt:
        yield Finding(
            "ok",
            "dnssec",
            found.doubt,
            "a resolver on this machine (unbound), or `options trust-ad`, makes DANE count",
        )
    else:
        trust = found.trust_in(found.servers[0])
        yield Finding("ok", "dnssec", f"what the resolver validates is believed: {trust}")
