"""How long to wait for what, in seconds; the defaults are those of RFC 5321, 4.5.3.2."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal

from smtpconsole.smtp.commands import CONTENT

Timer = Literal[
    "connect",
    "handshake",
    "greeting",
    "mail",
    "recipient",
    "data",
    "block",
    "end",
    "other",
    "total",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Seconds for each phase of a session; None waits for ever.

    Each but `total` starts anew with every reply, and while content is sent with every octet
    the kernel takes off us: an upload that moves is never late, a reply that drips is.
    """

    connect: float | None = 60  # for each address that is tried, and for a proxy's answers
    handshake: float | None = 60  # TLS
    greeting: float | None = 300
    mail: float | None = 300
    recipient: float | None = 300
    data: float | None = 120  # for the 354
    block: float | None = 180  # while content is sent: until some of it is taken
    end: float | None = 600  # for the reply to the message
    other: float | None = 300  # for the reply to any other command
    total: float | None = None  # for the whole call, whatever happens in it

    def __post_init__(self) -> None:
        for field in fields(self):
            seconds = getattr(self, field.name)
            if seconds is not None and not seconds >= 0:
                raise ValueError(
                    f"the timeout {field.name} is {seconds!r}, and must not be negative"
                )

    @classmethod
    def each(cls, seconds: float | None, *, total: float | None = None) -> Timeouts:
        """The same time for every phase."""
        phases = {field.name: seconds for field in fields(cls) if field.name != "total"}
        return cls(**phases, total=total)

    @classmethod
    def of(cls, timeout: float | Timeouts | None) -> Timeouts:
        """Timeouts as they are, a number for each phase, or none at all."""
        return timeout if isinstance(timeout, Timeouts) else cls.each(timeout)

    def seconds(self, timer: Timer) -> float | None:
        """What a timer is set to."""
        seconds: float | None = getattr(self, timer)
        return seconds


TIMERS: dict[bytes, Timer] = {  # by the verb whose reply is awaited
    b"MAIL": "mail",
    b"RCPT": "recipient",
    b"DATA": "data",
    b"BDAT": "end",
    CONTENT: "end",
}
