"""Variables: `$NAME` in commands and scripts, from /set and from the environment.

1. A name is of letters, digits and underscores; /set keeps those in capitals, as its own settings
   are in small letters.
2. `$$` is a dollar, and so is one that no name follows; single quotes keep all as it is.
3. The value of a name that speaks of a secret is hunted for in all that is kept, and not shown.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator

from smtpconsole.console.answers import ConsoleError

Lookup = Callable[[str], str]

_NAME = re.compile(r"[A-Z_][A-Z0-9_]*")
USE = re.compile(r"\$(?:(\$)|([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)\})")
_SECRET = re.compile(r"PASS|SECRET|TOKEN|KEY|PWD|CREDENTIAL", re.IGNORECASE)


def is_variable(name: str) -> bool:
    """/set takes it for a variable and not for a setting."""
    return _NAME.fullmatch(name) is not None


def is_secret(name: str) -> bool:
    """Its value is not to be shown."""
    return _SECRET.search(name) is not None


def used(text: str) -> Iterator[str]:
    """The names that a text needs."""
    return (found[2] or found[3] for found in USE.finditer(text) if not found[1])


def expanded(text: str, lookup: Lookup) -> str:
    """The text with values for names; ConsoleError if one has none."""
    return USE.sub(lambda found: found[1] or lookup(found[2] or found[3]), text)


def literal(text: str) -> str:
    """The text with its dollars, and the names as they are."""
    return text.replace("$$", "$")


class Variables:
    """What names stand for in a session."""

    def __init__(self, learn: Callable[[bytes], None]) -> None:
        self.own: dict[str, str] = {}  # said by /set, in their order
        self._learn = learn  # of secrets

    def set(self, name: str, value: str) -> None:
        """Give a name a value."""
        self.own[name] = value
        self._hide(name, value)

    def assign(self, word: str) -> None:
        """Set what NAME=VALUE says; ConsoleError if it is none."""
        name, equals, value = word.partition("=")
        if not (equals and name.isascii() and name.isidentifier()):
            raise ConsoleError(f"{word!r} is not NAME=VALUE", "as in TO=bob@example.com")
        self.set(name, value)

    def get(self, name: str) -> str:
        """The value; ConsoleError if there is none."""
        value = self.own.get(name, os.environ.get(name))
        if value is None:
            raise ConsoleError(
                f"${name} is not set; nothing was sent",
                f"/set {name.upper()} VALUE sets it, or export it before the start",
                "single quotes, or $$ for a dollar, keep it as it is",
            )
        self._hide(name, value)
        return value

    def has(self, name: str) -> bool:
        """There is a value."""
        return name in self.own or name in os.environ

    def _hide(self, name: str, value: str) -> None:
        if is_secret(name):
            self._learn(value.encode("utf-8", "surrogateescape"))

    def shown(self) -> tuple[str, ...]:
        """Those that were set, for a person."""
        return tuple(
            f"{name}  {'[not shown]' if is_secret(name) else value}"
            for name, value in self.own.items()
        )
