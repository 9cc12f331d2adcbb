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
        self.update(self._content(max(20, self.size.width or self.app.size.width)))

    def _content(self, width: int) -> Content:
        left = Content(" │ ").join(Content.assemble(part) for part in self._parts())
        right = self._last()
        gap = width - left.cell_length - right.cell_length - 2
        if gap < 1:
            return Content.assemble(" ", left)
        return Content.assemble(" ", left, " " * gap, right, " ")

    def _parts(self) -> Iterator[tuple[str, str]]:
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
                yield f"{version} ! {count} {problems}", "bold $error"
            else:
                yield version, "$success"
        else:
            yield "no TLS", "$warning"
        yield (visible(session.identity) if session.identity else "not logged in"), ""
        if session.transaction is not None:
            count = len(session.transaction.accepted)
            yield ("1 recipient" if count == 1 else f"{count} recipients"), ""

    def _last(self) -> Content:
        connection = self.smtp_console.connection
        reply = connection.session.last_reply if connection is not None else None
        if reply is None:
            return Content("")
        told = f"{reply.code} {reply.enhanced or ''}".strip() if reply.code >= 0 else "no code"
        return Content(told).stylize("bold $error" if reply.is_negative else "bold")
