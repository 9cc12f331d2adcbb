"""What a person can set, by name; /set shows and changes it."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from smtpconsole.console.answers import ConsoleError

_YES = {"yes": True, "on": True, "true": True, "no": False, "off": False, "false": False}


def _own_name() -> str:
    """A name for EHLO without asking the DNS, which could take its time."""
    name = socket.gethostname().strip(".")
    return name if name and name.isascii() and " " not in name else "localhost"


@dataclass(slots=True)
class Settings:
    """The settings of a console."""

    name: str = field(default_factory=_own_name)  # said in EHLO
    timeout: float = 30.0  # seconds, for each reply
    ca: str = ""  # a file of CA certificates instead of the system's
    servername: str = ""  # for SNI and verification, instead of the host
    strict: bool = False  # end the connection at a certificate that does not verify
    coach: bool = True
    remember: bool = True  # what servers are like, to tell what has changed

    def set(self, name: str, text: str) -> None:
        """Give a setting the value that was typed; ConsoleError if it cannot have it."""
        if name not in SENTENCES:
            raise ConsoleError(f"there is no setting {name!r}", f"there are {', '.join(SENTENCES)}")
        setattr(self, name, _READERS[name](text))


SENTENCES = {
    "name": "how we introduce ourselves in EHLO",
    "timeout": "seconds to wait for each reply",
    "ca": "a file of CA certificates to trust instead of the system's; empty for the system's",
    "servername": "the name to ask and verify in TLS instead of the host; empty for the host",
    "strict": "end the connection at a certificate that does not verify, instead of asking",
    "coach": "say above the prompt what is sensible next",
    "remember": "keep certificate and promises of servers, to tell what has changed; no forgets",
}


def _read_name(text: str) -> str:
    if not text or not text.isascii() or any(char.isspace() for char in text):
        raise ConsoleError(f"{text!r} is not a host name", "a name has no blanks and is ASCII")
    return text


def _read_seconds(text: str) -> float:
    try:
        seconds = float(text.removesuffix("s"))
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 86400:
        raise ConsoleError(f"{text!r} is not a time", "give seconds, such as 30 or 2.5")
    return seconds


def _read_file(text: str) -> str:
    if not text:
        return ""
    path = Path(text).expanduser()
    if not path.is_file() or not os.access(path, os.R_OK):
        raise ConsoleError(f"{path} is not a file that can be read", "check the path")
    return str(path)


def _read_switch(text: str) -> bool:
    if text.lower() not in _YES:
        raise ConsoleError(f"{text!r} is neither yes nor no")
    return _YES[text.lower()]


_READERS: dict[str, Any] = {
    "name": _read_name,
    "timeout": _read_seconds,
    "ca": _read_file,
    "servername": str,
    "strict": _read_switch,
    "coach": _read_switch,
    "remember": _read_switch,
}
