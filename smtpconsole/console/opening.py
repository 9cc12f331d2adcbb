"""What a session with a person begins with."""

from __future__ import annotations

from smtpconsole.console.answers import Answer
from smtpconsole.console.console import Console
from smtpconsole.console.teaching.standing import TOUR
from smtpconsole.smtp.events import Entered, Sent

_MOST_SERVERS = 4
_MOST_PROFILES = 3


async def begin(console: Console, *, offers: bool = True) -> None:
    """Enter the first line, which connects if there is a server; offer the lessons to learners,
    or what can be opened, where somebody is there."""
    suggestions = console.suggestions
    line = suggestions.opening or (suggestions.target and console.connect_line)
    if line:
        await console.execute(line)
    elif offers and not _has_begun(console):
        console.front.show(start(console))
    if suggestions.is_for_learners and offers:
        from smtpconsole.console.teaching import lessons  # which needs tomllib

        lessons.welcome(console)


def _has_begun(console: Console) -> bool:
    """Whoever has entered something while we started needs no offer, and has an answer there."""
    return any(isinstance(entry.event, Entered | Sent) for entry in console.journal.entries)


def start(console: Console) -> Answer:
    """What can be opened: servers and profiles that are known, the sandbox, a lesson, a journal."""
    from smtpconsole.console.configuring import profiles  # which needs tomllib

    servers = console.watch.servers[:_MOST_SERVERS]
    named = profiles.names()[:_MOST_PROFILES]
    known = [f"/connect {name}" for name in (*named, *servers)]
    is_new = not console.standing.place(TOUR).is_finished
    lines = ["/connect takes host, host:port, smtps://host, mx:domain, or a profile."]
    tour = "; /tour shows the console" if is_new else ""
    lines.append(f"/sandbox is a server of your own; /learn teaches SMTP{tour}.")
    if known:
        lines.append("These you know:")
    others = ("/sandbox", "/learn", *(("/tour",) if is_new else ()))
    journal = ("/journal",) if servers else ()
    title = "Talk to a mail server. See every byte. Know why."
    return Answer(title, tuple(lines), (*known, *others, *journal))
