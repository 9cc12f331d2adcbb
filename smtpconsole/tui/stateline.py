"""The state of the connection in one line that reads at a glance."""

from __future__ import annotations

from collections.abc import Iterator

from textual.content import Content
from textual.widgets import Static

from smtpconsole.console.console import Console
from smtpconsole.smtp.events import Phase
from smtpconsole.visible import visible


class StateLine(Static):
    """Server, phase, TLS, identity, recipients, and the last code at the right."""

    def __init__(self, console: Console) -> None:
        super().__init__(id="state")
        self.smtp_console = console

    def refresh_state(self) -> None:
        """Look at the console again."""
        self.update(self.told(max(20, self.size.width or self.app.size.width)))

    def told(self, width: int) -> Content:
        """The last code keeps its place; the rest is told shorter, or cut, where there is less."""
        right = self._last()
        room = width - right.cell_length - 3
        left = self._left(is_short=False)
        if left.cell_length > room:
            left = self._left(is_short=True).truncate(room, ellipsis=True)
        gap = room + 1 - left.cell_length
        return Content.assemble(" ", left, " " * gap, right, " ")

    def _left(self, *, is_short: bool) -> Content:
        parts = self._parts(is_short=is_short)
        return Content(" │ ").join(Content.assemble(part) for part in parts)

    def _parts(self, *, is_short: bool) -> Iterator[tuple[str, str]]:
        console = self.smtp_console
        if console.target is None:
            yield "smtpconsole", "bold"
            yield "not connected", ""
            return
        kind = "LMTP " if console.target.lmtp else ""
        yield f"{kind}{visible(str(console.target))}", "bold"
        connection = console.connection
        if connection is None:
            yield ("connecting" if console.is_dialling else "not connected"), "bold $warning"
            return
        session = connection.session
        is_over = session.phase in (Phase.CLOSED, Phase.CLOSING)
        yield session.phase.value.upper(), "bold $warning" if is_over else "bold"
        if session.is_secure and connection.tls is not None:
            version = (connection.tls.version or "TLS").replace("TLSv", "TLS ")
            count = len(connection.tls.errors)
            if count:
                problems = "problem" if count == 1 else "problems"
                told = "!" if is_short else f"! {count} {problems}"
                yield f"{version} {told}", "bold $error"
            else:
                yield version, "$success"
        else:
            yield "no TLS", "$warning"
        yield (visible(session.identity) if session.identity else "not logged in"), ""
        if session.transaction is not None:
            count = len(session.transaction.accepted)
            people = "rcpt" if is_short else "recipient" if count == 1 else "recipients"
            yield f"{count} {people}", ""

    def _last(self) -> Content:
        connection = self.smtp_console.connection
        reply = connection.session.last_reply if connection is not None else None
        if reply is None:
            return Content("")
        told = f"{reply.code} {reply.enhanced or ''}".strip() if reply.code >= 0 else "no code"
        return Content(told).stylize("bold $error" if reply.is_negative else "bold")
