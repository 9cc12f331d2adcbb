"""The stages of a sending, where it can be stopped, and what each way to fail counts as.

Names and exit codes are swaks', so that scripts can go on as they are.
"""

from __future__ import annotations

from dataclasses import dataclass

from smtpconsole.console.answers import ConsoleError


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage, and the exit code of one that fails there."""

    name: str
    exit: int
    others: tuple[str, ...] = ()
    sentence: str = ""


STAGES = {
    stage.name: stage
    for stage in (
        Stage("PROXY", 36, (), "a PROXY header is said, and the greeting came"),
        Stage("CONNECT", 21, ("BANNER",), "the server has greeted"),
        Stage("FIRST-HELO", 22, ("FIRST-EHLO", "FIRST-LHLO"), "the first EHLO is answered"),
        Stage("XCLIENT", 33, (), "XCLIENT is answered"),
        Stage("XCLIENT-HELO", 34, ("XCLIENT-EHLO", "XCLIENT-LHLO"), "and EHLO after it"),
        Stage("STARTTLS", 29, ("TLS",), "the TLS handshake is over"),
        Stage("HELO", 32, ("EHLO", "LHLO"), "the last EHLO is answered"),
        Stage("AUTH", 28, (), "somebody is logged in"),
        Stage("MAIL", 23, ("FROM",), "the sender is answered"),
        Stage("RCPT", 24, ("TO",), "the recipients are answered"),
        Stage("DATA", 25, (), "DATA is answered"),
        Stage("DOT", 26, (), "the message is answered"),
        Stage("QUIT", 27, (), "QUIT is answered"),
    )
}
POLITE = tuple(name for name in STAGES if name not in ("DATA", "DOT", "QUIT"))  # QUIT can follow
RUDE = tuple(name for name in STAGES if name != "QUIT")

OK, USAGE, UNREACHABLE, CLOSED, PREREQUISITE = 0, 1, 2, 6, 10
NO_PRDR, STOPPED = 30, 130
EXITS = {
    OK: "all went well",
    USAGE: "the words cannot be understood, or something in them cannot be used",
    UNREACHABLE: "no connection",
    CLOSED: "the server closed the connection when it should not",
    PREREQUISITE: "a library is missing",
    21: "not greeted",
    22: "EHLO not accepted",
    23: "MAIL not accepted",
    24: "no recipient accepted",
    25: "DATA not accepted",
    26: "the message not accepted",
    27: "QUIT not accepted",
    28: "not logged in",
    29: "no TLS",
    NO_PRDR: "PRDR wanted and not offered",
    32: "EHLO not accepted after TLS",
    33: "XCLIENT not accepted",
    34: "EHLO not accepted after XCLIENT",
    36: "the PROXY header cannot be said",
    STOPPED: "stopped by Ctrl+C",
}

VERBS = {  # of a command under way: its stage
    b"MAIL": "MAIL",
    b"RCPT": "RCPT",
    b"DATA": "DATA",
    b"BDAT": "DOT",
    b"QUIT": "QUIT",
}


def stage(word: str, among: tuple[str, ...] = RUDE) -> str:
    """The stage of a name; ConsoleError if it is none at which one could stop so."""
    for name in among:
        if word.upper() in (name, *STAGES[name].others):
            return name
    raise ConsoleError(f"{word!r} is no stage to stop after", f"there are {', '.join(among)}")
