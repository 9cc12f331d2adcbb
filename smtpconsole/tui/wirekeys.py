"""The keys of the wire, and what its help says of them."""

from __future__ import annotations

from textual.binding import Binding, BindingType

BINDINGS: list[BindingType] = [
    Binding("up,k", "move(-1)", "Up", show=False),
    Binding("down,j", "move(1)", "Down", show=False),
    Binding("shift+up,K", "choose(-1)", "Select up", show=False),
    Binding("shift+down,J", "choose(1)", "Select down", show=False),
    Binding("pageup", "page(-1)", "Page up", show=False),
    Binding("pagedown", "page(1)", "Page down", show=False),
    Binding("home,g", "first", "First", show=False),
    Binding("end,G", "last", "Last", show=False),
    Binding("left,h", "shift(-1)", "Left", show=False),
    Binding("right,l", "shift(1)", "Right", show=False),
    Binding("enter", "details", "Details", show=False),
    Binding("y", "copy", "Copy", show=False),
    Binding("Y", "copy_raw", "Copy raw", show=False),
    Binding("s", "choosing", "Select", show=False),
    Binding("v", "mode('octets')", "Octets", show=False),
    Binding("x", "mode('hex')", "Hex", show=False),
    Binding("w", "wrap", "Wrap", show=False),
    Binding("z", "fold", "Fold messages", show=False),
    Binding("t", "times", "Times", show=False),
    Binding("slash", "ask('search')", "Search", show=False),
    Binding("f,ampersand", "ask('filter')", "Filter", show=False),
    Binding("n", "again(1)", "Next match", show=False),
    Binding("N", "again(-1)", "Previous match", show=False),
    Binding("e", "trouble(1)", "Next error", show=False),
    Binding("E", "trouble(-1)", "Previous error", show=False),
    Binding("c", "exchange(1)", "Next command", show=False),
    Binding("C", "exchange(-1)", "Previous command", show=False),
    Binding("m", "mark", "Mark", show=False),
    Binding("M", "ask('remark')", "Remark", show=False),
    Binding("apostrophe", "marked(1)", "Next mark", show=False),
    Binding("quotation_mark", "marked(-1)", "Previous mark", show=False),
]

HELP = (
    "The transcript: -> is what was said, <- the reply, ~ under TLS, * not what was hoped "
    "for, === and *** remarks. Before a reply stands how long it took, before the rest when "
    "it was; # is a mark of yours.\n"
    "  j k, arrows, Page, g G   move; G follows the newest   Enter  explains, decodes, times\n"
    "  / n N      search, next, previous match         e E  next, previous error\n"
    "  f          filter: from:server code:5 verb:RCPT tls:no slow:0.5 marked:yes text:word,\n"
    "             -word turns it round, an empty one ends it   c C  next, previous command\n"
    "  s, Shift+arrows  select lines    y copies safe text, Y the octets in base64\n"
    "  m M        mark, remark on a line   ' \"  next, previous mark\n"
    "  v x        every octet, hex         w  wraps or scrolls (h l)\n"
    "  z          folds messages           t  times of all lines"
)
