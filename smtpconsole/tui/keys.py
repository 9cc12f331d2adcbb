"""One table of actions: keys, footer and help are made from it.

No key that terminals swallow: F-keys, Escape and a few Ctrl ones.  The footer takes entries in
their order, as many as fit, and never cuts a word.
"""

from __future__ import annotations

from dataclasses import dataclass

from textual.binding import Binding, BindingType


@dataclass(frozen=True, slots=True)
class Action:
    """Something a key does."""

    name: str  # of the method, without action_
    key: str
    shown: str  # the key as people write it
    label: str  # in the footer
    sentence: str
    line: str = ""  # the console command that does the same
    in_footer: bool = True


ACTIONS = (
    Action("help", "f1", "F1", "Help", "explain the screen, the keys and the commands", "/help"),
    Action("command_palette", "ctrl+p", "^P", "Commands", "search all commands"),
    Action("send", "f5", "F5", "Send", "show what sending will say; Enter sends", "/rehearse"),
    Action("export", "f8", "F8", "Export", "save the transcript", "/export"),
    Action("panes", "f9", "F9", "Panes", "show or hide the side panes"),
    Action("zoom", "f10", "F10", "Zoom", "give the whole screen to the pane with the focus"),
    Action("show('capabilities')", "f2", "F2", "Server", "what the server can do", "", False),
    Action("show('tls')", "f3", "F3", "TLS", "the TLS session and its certificates", "", False),
    Action("show('composer')", "f4", "F4", "Compose", "write a message", "", False),
    Action("wire", "f6", "F6", "Wire", "walk through lesson and transcript", "", False),
    Action("show('sandbox')", "f7", "F7", "Sandbox", "the sandbox's side", "/sandbox", False),
    Action("show('dns')", "ctrl+n", "^N", "DNS", "the mail servers of a domain", "/mx", False),
    Action("show('timing')", "f12", "F12", "Timing", "where the time went", "", False),
    Action("answer(-1)", "ctrl+up", "^Up", "Answer", "scroll the answer up", "", False),
    Action("answer(1)", "ctrl+down", "^Down", "Answer", "scroll the answer down", "", False),
    Action("escape", "escape", "Esc", "Back", "close what is open; back to the prompt", "", False),
    Action("quit", "ctrl+q", "^Q", "Quit", "leave", "/quit"),
)


def bindings() -> list[BindingType]:
    """The table as Textual wants it; the keys work wherever the focus is."""
    return [
        Binding(each.key, each.name, each.label, id=each.name, priority=each.key != "escape")
        for each in ACTIONS
    ]


def footer(width: int) -> str:
    """The keys that fit into a line."""
    line = ""
    for each in ACTIONS:
        if not each.in_footer:
            continue
        entry = f" {each.shown} {each.label} "
        if len(line) + len(entry) > width:
            break
        line += entry
    return line


def table() -> list[str]:
    """The keys for the help screen, a row each."""
    rows = []
    for each in ACTIONS:
        command = f"   ({each.line})" if each.line else ""
        rows.append(f"{each.shown:5} {each.label:10} {each.sentence}{command}")
    return rows
