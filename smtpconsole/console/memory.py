"""What the console offers to somebody who begins, and what it keeps of a session in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from smtpconsole.smtp.events import Target

if TYPE_CHECKING:
    from smtpconsole.sandbox import Sandbox


@dataclass(slots=True)
class Suggestions:
    """What to offer somebody who begins; of a sandbox that runs, `sandboxes` makes them."""

    sandbox: Sandbox | None = None
    target: str = ""
    user: str = ""
    password: str = ""  # no secret: the sandbox's, which is told to everybody
    sender: str = "me@example.com"
    recipient: str = "postmaster@example.com"
    opening: str = ""  # the line to begin with, instead of connecting to the target
    is_for_learners: bool = False  # offer the lessons


@dataclass(slots=True)
class Memory:
    """What came up in the session, for completion and the coach."""

    targets: dict[str, None] = field(default_factory=dict)
    addresses: dict[str, None] = field(default_factory=dict)
    granted: set[tuple[str, str]] = field(default_factory=set)
    content: list[str] = field(default_factory=list)  # typed since the last 354, its beginning
    deliveries: int = 0
    ways: dict[Target, dict[str, Any]] = field(default_factory=dict)  # settings for a server
    passwords: dict[str, str] = field(default_factory=dict, repr=False)  # of client keys
