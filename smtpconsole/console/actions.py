"""Everything that a key does on the screen, in one table.

1. An action has a name, an area where it works, keys, a word and a sentence, and the line of the
   console that does the same, if there is one.  Footer, palette, help, docs/keys.md and the keys
   themselves are made of it; no pane has a key that is not here.
2. Keys are named as Textual names them; a single character stands for itself.
3. None that terminals swallow or cannot tell from another: see `keynames`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Action:
    """Something that a key does."""

    name: str  # as the settings know it
    area: str
    keys: str  # with commas between
    does: str  # the method, without action_, as Textual has it
    label: str
    sentence: str
    line: str = ""  # of the console, which does the same
    is_first: bool = False  # before what has the focus sees the key
    in_footer: bool = False


@dataclass(frozen=True, slots=True)
class Area:
    """A part of the screen with keys of its own; a part of an area is named area.part."""

    name: str
    title: str
    takes_text: bool = False  # characters are typed there


AREAS = {
    each.name: each
    for each in (
        Area("everywhere", "Everywhere"),
        Area("prompt", "The prompt", takes_text=True),
        Area("wire", "The wire"),
        Area("words", "The line under the wire", takes_text=True),
        Area("tls", "The TLS pane"),
        Area("composer", "The composer", takes_text=True),
        Area("composer.field", "The composer's fields", takes_text=True),
        Area("composer.choice", "The composer's choices"),
        Area("composer.views", "The line of the composer's views"),
        Area("composer.files", "The composer's files"),
        Area("composer.meter", "The composer's meter"),
        Area("sandbox", "The sandbox pane"),
        Area("dns", "The DNS pane"),
        Area("lesson", "The lesson"),
        Area("rehearsal", "The rehearsal"),
        Area("export", "The export"),
        Area("picking", "A list to choose from", takes_text=True),
        Area("recorded", "A recorded session"),
        Area("help", "This help"),
        Area("jump", "Jump mode"),
    )
}

Row = tuple[str, str, str, str, str] | tuple[str, str, str, str, str, str]


def _area(area: str, *rows: Row, is_first: bool = False, in_footer: bool = False) -> list[Action]:
    prefix = "" if area == "everywhere" else f"{area}."
    return [
        Action(prefix + name, area, keys, does, label, sentence, "".join(line), is_first, in_footer)
        for name, keys, does, label, sentence, *line in rows
    ]


def _list(area: str, *more: Row) -> list[Action]:
    """The keys of a list, and more."""
    return _area(
        area,
        ("up", "up,k", "move(-1)", "Up", "a line up"),
        ("down", "down,j", "move(1)", "Down", "a line down"),
        ("page-up", "pageup", "page(-1)", "Page up", "a page up"),
        ("page-down", "pagedown", "page(1)", "Page down", "a page down"),
        ("first", "home,g", "move(-100000)", "First", "to the first line"),
        ("last", "end,G", "move(100000)", "Last", "to the last line"),
        *more,
    )


_EVERYWHERE = [
    *_area(
        "everywhere",
        (
            "help",
            "f1",
            "help",
            "Help",
            "explain what has the focus and its keys",
            "/help",
        ),
        ("palette", "ctrl+p", "command_palette", "Commands", "search all actions and commands"),
        ("jump", "ctrl+o", "jump", "Jump", "letters over all there is; one goes there"),
        ("send", "f5", "send", "Send", "show what sending will say; Enter sends", "/rehearse"),
        ("export", "f8", "export", "Export", "save the transcript", "/export"),
        ("panes", "f9", "panes", "Panes", "show or hide the side panes"),
        ("zoom", "f10", "zoom", "Zoom", "give the whole screen to the pane with the focus"),
        is_first=True,
        in_footer=True,
    ),
    *_area(
        "everywhere",
        ("server", "f2", "show('capabilities')", "Server", "what the server can do", "/caps"),
        ("tls", "f3", "show('tls')", "TLS", "the TLS session and its certificates", "/tls"),
        ("compose", "f4", "show('composer')", "Compose", "write a message", "/draft"),
        ("wire", "f6", "wire", "Wire", "walk through the lesson, if there is one, or the wire"),
        ("sandbox", "f7", "show('sandbox')", "Sandbox", "the sandbox's side", "/sandbox"),
        ("timing", "f12", "show('timing')", "Timing", "where the time went"),
        ("dns", "ctrl+n", "show('dns')", "DNS", "the mail servers of a domain", "/mx"),
        ("answer-up", "ctrl+up", "answer(-1)", "Answer up", "scroll the answer up"),
        ("answer-down", "ctrl+down", "answer(1)", "Answer down", "scroll the answer down"),
        is_first=True,
    ),
    *_area(
        "everywhere",
        ("wider", "alt+left,ctrl+left", "divide(4)", "Wider", "more room for the side panes"),
        ("narrower", "alt+right,ctrl+right", "divide(-4)", "Narrower", "more room for the wire"),
        ("back", "escape", "escape", "Back", "close what is open; back to the prompt"),
    ),
    *_area(
        "everywhere",
        ("quit", "ctrl+q", "quit", "Quit", "leave", "/quit"),
        is_first=True,
        in_footer=True,
    ),
]

_PROMPT = [
    *_area(
        "prompt",
        ("complete", "tab", "complete", "Complete", "type what the coach suggests, or complete"),
        ("older", "up", "older", "Older", "an older line that begins like this one"),
        ("newer", "down", "newer", "Newer", "a newer one"),
        ("search", "ctrl+r", "search", "Search", "search what was entered", "/history"),
        ("page-up", "pageup", "app.lesson(-1)", "Lesson up", "read the lesson, a page up"),
        ("page-down", "pagedown", "app.lesson(1)", "Lesson down", "read on in the lesson"),
    ),
]

_WIRE = [
    *_area(
        "wire",
        ("up", "up,k", "move(-1)", "Up", "a line up"),
        ("down", "down,j", "move(1)", "Down", "a line down"),
        ("page-up", "pageup", "page(-1)", "Page up", "a page up"),
        ("page-down", "pagedown", "page(1)", "Page down", "a page down"),
        ("first", "home,g", "first", "First", "to the first line"),
        ("last", "end,G", "last", "Last", "to the newest line, and follow"),
        (
            "details",
            "enter",
            "details",
            "Details",
            "explain and decode this line",
            "/explain",
        ),
        ("copy", "y", "copy", "Copy", "copy the line or the selected lines, as safe text"),
        ("copy-exchange", "Y", "copy_exchange", "Copy exchange", "copy a command and its reply"),
        ("copy-raw", "b", "copy_raw", "Copy octets", "copy the octets, in base64"),
        ("select", "s", "choosing", "Select", "begin to select lines, or give it up"),
        ("select-up", "shift+up,K", "choose(-1)", "Select up", "select a line up"),
        ("select-down", "shift+down,J", "choose(1)", "Select down", "select a line down"),
        ("search", "/", "ask('search')", "Search", "search for text"),
        ("next", "n", "again(1)", "Next match", "the next match"),
        ("previous", "N", "again(-1)", "Previous match", "the previous match"),
        ("filter", "f,&", "ask('filter')", "Filter", "show only lines of a kind, or all again"),
        ("next-error", "e", "trouble(1)", "Next error", "the next line that went wrong"),
        ("previous-error", "E", "trouble(-1)", "Previous error", "the previous one"),
        ("next-command", "c", "exchange(1)", "Next command", "the next command"),
        ("previous-command", "C", "exchange(-1)", "Previous command", "the previous command"),
        ("mark", "m", "mark", "Mark", "mark the line, or take the mark away"),
        ("remark", "M", "ask('remark')", "Remark", "mark it with a remark"),
        ("next-mark", "'", "marked(1)", "Next mark", "the next mark"),
        ("previous-mark", '"', "marked(-1)", "Previous mark", "the previous mark"),
        ("octets", "v", "mode('octets')", "Octets", "show every octet, or text again"),
        ("hex", "x", "mode('hex')", "Hex", "show octets as hex, or text again", "/hex"),
        ("wrap", "w", "wrap", "Wrap", "wrap long lines, or scroll them"),
        ("left", "left,h", "shift(-1)", "Left", "scroll to the left"),
        ("right", "right,l", "shift(1)", "Right", "scroll to the right"),
        ("fold", "z", "fold", "Fold", "show messages as one line, or whole"),
        ("times", "t", "times", "Times", "tell how long replies took, or when all was"),
    ),
    *_area("words", ("leave", "escape", "leave", "Leave", "back to the wire as it was")),
]

_TLS = _list(
    "tls",
    ("open", "enter,space", "fold", "Open", "open or close what is under the cursor"),
    ("open-all", "o", "fold_all", "Open all", "open or close all"),
    ("handshake", "h", "handshake", "Handshake", "show the handshake, step by step"),
    ("copy", "y", "copy", "Copy", "copy what is under the cursor"),
)

_COMPOSER = [
    *_area(
        "composer",
        ("ready-made", "ctrl+l", "choose", "Ready-made", "messages to begin with", "/message"),
        ("open", "ctrl+r", "open", "Open", "read a message from a file", "/draft open"),
        ("save", "ctrl+s", "save", "Save", "save the message", "/draft save"),
        ("editor", "ctrl+g", "edit", "Editor", "write on in your own editor", "/edit"),
        ("view", "ctrl+t", "view", "Next view", "text, HTML, files, parts, source"),
        is_first=True,
    ),
    *_area(
        "composer.field",
        ("next", "down", "app.focus_next", "Next field", "the next field"),
        ("previous", "up", "app.focus_previous", "Field before", "the field before"),
    ),
    *_area(
        "composer.choice",
        ("next-choice", "right,space,enter", "turn(1)", "Next choice", "the next choice"),
        ("previous-choice", "left", "turn(-1)", "Choice before", "the choice before"),
        ("next", "down", "app.focus_next", "Next field", "the next field"),
        ("previous", "up", "app.focus_previous", "Field before", "the field before"),
    ),
    *_area(
        "composer.views",
        ("next", "right,space", "turn(1)", "Next view", "the next view"),
        ("previous", "left", "turn(-1)", "View before", "the view before"),
        ("into", "down,enter", "app.focus_next", "Into the view", "into the view"),
        ("up", "up", "app.focus_previous", "Field before", "the field before"),
    ),
    *_area(
        "composer.files",
        ("attach", "a,insert", "want('')", "Attach", "attach a file", "/attach"),
        ("inline", "i", "want('inline')", "Image", "an image that the HTML shows"),
        ("drop", "x,d,delete", "drop", "Take away", "take the file away"),
    ),
    *_area("composer.meter", ("mend", "m", "mend", "Mend", "mend what the meter remarks", "/mend")),
]

_SANDBOX = _list(
    "sandbox",
    ("open", "enter,space", "open", "Open", "explain a line, open a message or a part"),
    ("mailbox", "m", "mailbox", "Mailbox", "what has arrived", "/mailbox"),
    ("source", "s", "source", "Source", "the octets of the message"),
    ("delete", "d,delete", "delete", "Delete", "delete the message"),
    ("copy", "y", "copy", "Copy", "copy what is shown"),
    ("back", "escape,left,backspace", "back", "Back", "back to where it was opened"),
)

_DNS = _area(
    "dns",
    ("up", "up,k", "move(-1, 0)", "Up", "a server up"),
    ("down", "down,j", "move(1, 0)", "Down", "a server down"),
    ("left", "left,h", "move(0, -1)", "Left", "the stage before"),
    ("right", "right,l", "move(0, 1)", "Right", "the next stage"),
    ("connect", "enter", "open", "Connect", "connect to the server under the cursor", "/connect"),
)

_LESSON = [
    *_area(
        "lesson",
        ("next", "n", "lesson('next')", "Next", "go on", "/learn next"),
        ("back", "b", "lesson('back')", "Back", "a step back, session and all", "/learn back"),
        ("hint", "h", "lesson('hint')", "Hint", "a hint, and then a better one", "/learn hint"),
        ("again", "r", "lesson('again')", "Again", "begin the step once more", "/learn again"),
        ("leave", "q", "lesson('leave')", "Leave", "leave the lesson", "/learn leave"),
        ("go-on", "enter,space", "go_on", "Go on", "read on, and go on at the end of the page"),
    ),
    *(
        _area(
            "lesson",
            (
                f"answer-{digit}",
                f"{digit}",
                f"lesson('answer {digit}')",
                f"Answer {digit}",
                f"answer {digit} to the question",
                f"/learn answer {digit}",
            ),
        )[0]
        for digit in range(1, 10)
    ),
]

_OVER = [
    *_area(
        "rehearsal",
        ("close", "escape,q", "dismiss(())", "Close", "send nothing"),
        ("send", "enter", "send", "Send", "say it", "/send"),
        ("step", "s", "step", "Step into it", "say it batch by batch", "/step"),
        ("chunking", "b", "turn('chunking')", "BDAT or DATA", "use the other one"),
        ("one-by-one", "1", "turn('one_by_one')", "One at a time", "a command a round trip"),
        ("insist", "i", "turn('insist')", "Insist", "say it though the server will refuse"),
    ),
    *_area(
        "export",
        ("close", "escape,f8", "dismiss", "Close", "save nothing"),
        is_first=True,
    ),
    *_area(
        "export",
        ("content", "c", "content", "Content", "show or hide what messages say"),
        ("addresses", "a", "addresses", "Addresses", "show or hide addresses"),
        ("part", "p", "part", "Part", "all of the session, or a part of it"),
        ("copy", "y", "copy", "Copy", "copy it instead", "/copy"),
    ),
    *_area(
        "picking",
        ("close", "escape", "dismiss('')", "Close", "choose nothing"),
        ("down", "down", "walk(1)", "Down", "a line down"),
        ("up", "up", "walk(-1)", "Up", "a line up"),
        ("page-down", "pagedown", "walk(8)", "Page down", "a page down"),
        ("page-up", "pageup", "walk(-8)", "Page up", "a page up"),
        ("complete", "tab", "complete", "Complete", "take what the cursor is on into the line"),
        is_first=True,
    ),
    *_area("recorded", ("back", "escape,q", "back", "Back", "close what is open; then leave")),
    *_area("help", ("close", "escape,q,f1", "dismiss", "Close", "close it")),
    *_area("jump", ("close", "escape,ctrl+o", "dismiss", "Close", "stay where you are")),
]

ACTIONS: dict[str, Action] = {
    each.name: each
    for each in (
        *_EVERYWHERE, *_PROMPT, *_WIRE, *_TLS, *_COMPOSER, *_SANDBOX, *_DNS, *_LESSON, *_OVER,
    )
}  # fmt: skip


def of(area: str) -> Iterator[Action]:
    """The actions of an area."""
    return (each for each in ACTIONS.values() if each.area == area)
