"""What is known of a server's TLS, gathered from the journal: one view for `/tls` and its pane.

Feed it events in their order; it begins anew with each connection.  It asks nobody, so it also
tells of a session that has failed or is over.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from smtpconsole.smtp import events
from smtpconsole.smtp.commands import GREETING
from smtpconsole.smtp.facts import Alert, Message, Problem, TlsFacts

if TYPE_CHECKING:
    from smtpconsole.smtp.capabilities import Capabilities
    from smtpconsole.transcript.journal import Journal

_MOST_MESSAGES = 400
_TOLD = (
    events.Dialling,
    events.Traced,
    events.Alerted,
    events.Secured,
    events.NotSecured,
    events.Answered,
    events.Learned,
    events.Anomaly,
    events.Closed,
)
_TRUNCATED = "closed without close_notify"


class Inspection:
    """The TLS of the connection told last."""

    def __init__(self) -> None:
        self._begin(None)

    def _begin(self, target: events.Target | None) -> None:
        self.target = target
        self.facts: TlsFacts | None = None
        self.error = ""
        self.is_secure = False
        self.messages: list[Message] = []
        self.alerts: list[Alert] = []
        self.greeting = ""
        self.plain: Capabilities | None = None
        self.secure: Capabilities | None = None
        self.is_cut_off = False  # closed without close_notify
        self.is_over = False

    def told(self, event: events.Event) -> bool:
        """Take note of an event; true if it changes what is to be shown."""
        match event:
            case events.Dialling(target):
                self._begin(target)
            case events.Traced(message):
                if len(self.messages) < _MOST_MESSAGES:
                    self.messages.append(message)
            case events.Alerted(alert):
                if len(self.alerts) < _MOST_MESSAGES:
                    self.alerts.append(alert)
            case events.Secured(facts):
                self.facts, self.error, self.is_secure = facts, "", True
            case events.NotSecured(facts, error):
                self.facts, self.error = facts, error
            case events.Answered(reply, send) if send is not None and send.verb == GREETING:
                self.greeting = reply.text
            case events.Learned(known) if self.is_secure:
                self.secure = known
            case events.Learned(known):
                self.plain = known
            case events.Anomaly(kind) if kind == _TRUNCATED:
                self.is_cut_off = True
            case events.Closed():
                self.is_over = True
            case _:
                return False
        return True

    @classmethod
    def of(cls, journal: Journal) -> Inspection:
        """Of the last connection in a journal."""
        dials = journal.since(0, events.Dialling).numbers
        return cls.after(entry.event for entry in journal.since(dials[-1] if dials else 0, *_TOLD))

    @classmethod
    def after(cls, told: Iterable[events.Event]) -> Inspection:
        """Of these events."""
        found = cls()
        for event in told:
            found.told(event)
        return found

    # --- what follows from it -----------------------------------------------------------------

    @property
    def is_offered(self) -> bool:
        """TLS comes first, or STARTTLS was offered."""
        if self.target is not None and self.target.implicit_tls:
            return True
        return self.plain is not None and "STARTTLS" in self.plain

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Every problem, the worst first."""
        # Heavy, and only wanted when somebody looks.
        from smtpconsole.net import problems, remarks

        found = list(self.facts.problems) if self.facts is not None else []
        if (clock := remarks.clock(self.greeting)) is not None:
            found.append(clock)
        if self.is_cut_off:
            text = "the server ended the connection without close_notify: it may have been cut off"
            found.append(problems.problem("no-close-notify", problems.SESSION, text))
        ranks = {"error": 0, "warning": 1, "info": 2}
        return tuple(sorted(found, key=lambda one: ranks[one.severity]))

    @property
    def tickets(self) -> int:
        """How often the server offered to resume the session later."""
        return sum(message.name == "NewSessionTicket" for message in self.messages)

    @property
    def lost(self) -> tuple[str, ...]:
        """Keywords that were offered in the clear and are not under TLS, but STARTTLS."""
        if self.plain is None or self.secure is None:
            return ()
        return tuple(sorted(self.plain.names - self.secure.names - {"STARTTLS"}))

    @property
    def gained(self) -> tuple[str, ...]:
        """Keywords that are offered only under TLS."""
        if self.plain is None or self.secure is None:
            return ()
        return tuple(sorted(self.secure.names - self.plain.names))
