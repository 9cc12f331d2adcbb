"""What the console remembers of servers: certificate, TLS and promises, and what has changed.

Format 1: `{"smtpconsole known": 1, "servers": {"host:port": {...}}}`, for its owner alone.  It
is read when first asked, written anew as a whole, and holds the servers seen last.  A file
that cannot be read or written is no trouble: then nothing is remembered.
"""

from __future__ import annotations

import contextlib
import json
import operator
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from smtpconsole.console.sessions.inspection import Inspection
from smtpconsole.net.connection import Connection
from smtpconsole.smtp.capabilities import Capabilities
from smtpconsole.smtp.events import Noted
from smtpconsole.smtp.facts import TlsFacts
from smtpconsole.transcript.journal import Journal

FORMAT = 1
_MOST_SERVERS = 500
_MOST_OCTETS = 4 * 1024 * 1024
_LONGEST = 200  # characters of a name

Server = dict[str, Any]  # Any: it is JSON, and somebody else may have written it


class Known:
    """The servers that were seen; without a path only those of this session."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._servers: dict[str, Server] | None = None

    def visit(self, where: str) -> Visit:
        """Begin to talk to a server."""
        return Visit(self, where, dict(self._load().get(where, {})))

    def remember(self, where: str, found: Server, now: datetime | None = None) -> None:
        """Keep what has been seen of a server; what has not been, stays as it was."""
        servers = self._load()
        moment = (now or datetime.now(UTC)).isoformat(timespec="seconds")
        # At the end: it was seen last.
        servers[where] = {**servers.pop(where, {}), **found, "seen": moment}
        while len(servers) > _MOST_SERVERS:
            del servers[next(iter(servers))]
        self._save(servers)

    @property
    def names(self) -> list[str]:
        """The servers, the one seen last first."""
        return list(reversed(self._load()))

    def forget(self) -> None:
        """Forget all of it."""
        self._servers = {}
        self._save({})

    # --- the file -----------------------------------------------------------------------------

    def _load(self) -> dict[str, Server]:
        if self._servers is None:
            self._servers = {}
            with contextlib.suppress(OSError, ValueError, RecursionError):
                if self._path is not None and self._path.stat().st_size <= _MOST_OCTETS:
                    self._servers = _checked(json.loads(self._path.read_text("utf-8")))
        return self._servers

    def _save(self, servers: dict[str, Server]) -> None:
        if self._path is None:
            return
        new = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        text = json.dumps({"smtpconsole known": FORMAT, "servers": servers}, indent=1)
        with contextlib.suppress(OSError):
            new.unlink(missing_ok=True)
            flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW
            with open(os.open(new, flags, 0o600), "w", encoding="ascii") as out:
                out.write(text)
            os.replace(new, self._path)


class Visit:
    """One connection to a server, compared with the visits before."""

    def __init__(self, known: Known, where: str, before: Server) -> None:
        self.changes: list[str] = []  # in sentences
        self._known, self._where, self._before = known, where, before

    def look(self, seen: Inspection) -> list[str]:
        """Remember what is seen by now; the changes that have not been told yet.

        Only what has been seen is compared: who has not said EHLO has lost nothing.
        """
        found = _observed(seen)
        if not found:
            return []
        since = _date(self._before.get("seen"))
        when = f", since {since}" if since else ""
        told = [f"{each}{when}" for each in _changes(self._before, found)]
        news = [each for each in told if each not in self.changes]
        self.changes += news
        self._known.remember(self._where, found)
        return news


class Watch:
    """Tells what has changed at the server at hand, as soon as it is seen."""

    def __init__(self, journal: Journal, known: Known | None) -> None:
        self._journal = journal
        self._known = known if known is not None else Known()
        self._visit: Visit | None = None
        self._seen: tuple[object, ...] = ()

    def begin(self, where: str | None) -> None:
        """A server is connected to; None if nothing shall be remembered of it."""
        self._visit = self._known.visit(where) if where is not None else None
        self._seen = ()

    def look(self, connection: Connection | None) -> None:
        """See what is new since the last look; cheap if nothing is."""
        if connection is None or self._visit is None:
            return
        seen = connection.tls, connection.session.capabilities
        if self._seen and all(map(operator.is_, seen, self._seen)):
            return
        self._seen = seen
        for change in self._visit.look(Inspection.of(self._journal)):
            self._journal(Noted(f"changed: {change}"))

    @property
    def servers(self) -> list[str]:
        """Those that are remembered, the one seen last first."""
        return self._known.names

    def forget(self) -> None:
        """Forget every server."""
        self._known.forget()
        self._visit = None

    @property
    def changes(self) -> tuple[str, ...]:
        """What has changed since the server was seen last, in sentences."""
        return tuple(self._visit.changes) if self._visit is not None else ()


def _checked(value: Any) -> dict[str, Server]:
    servers = value.get("servers") if isinstance(value, dict) else None
    if not isinstance(servers, dict) or value.get("smtpconsole known") != FORMAT:
        return {}
    return {name: each for name, each in servers.items() if isinstance(each, dict)}


# --- what is seen, and what of it is different ------------------------------------------------


def _observed(seen: Inspection) -> Server:
    found: Server = {}
    facts = seen.facts
    if facts is not None and seen.is_secure:
        found["tls"] = _tls(facts)
        if facts.chain:
            found["certificate"] = _certificate(facts)
    if seen.plain is not None:
        found["plain"] = _keywords(seen.plain)
    if seen.secure is not None:
        found["secure"] = _keywords(seen.secure)
    return found


def _tls(facts: TlsFacts) -> Server:
    return {"version": facts.version, "cipher": facts.cipher, "group": facts.group}


def _certificate(facts: TlsFacts) -> Server:
    own = facts.chain[0]
    return {
        "sha256": own.sha256,
        "spki": own.spki_sha256,
        "subject": own.subject[:_LONGEST],
        "issuer": own.issuer[:_LONGEST],
        "ends": own.not_after.isoformat(),
    }


def _keywords(known: Capabilities) -> list[str]:
    return [f"{each.name} {each.parameters}".strip()[:_LONGEST] for each in known][:100]


def _changes(before: Server, now: Server) -> Iterator[str]:
    old, new = before.get("certificate"), now.get("certificate")
    if isinstance(old, dict) and new and old.get("sha256") != new["sha256"]:
        yield _another(old, new)
    old, new = before.get("tls"), now.get("tls")
    if isinstance(old, dict) and new:
        for name in ("version", "cipher", "group"):
            if old.get(name) and new[name] and old[name] != new[name]:
                yield f"{name} {new[name]}, was {old[name]}"
    for name, where in (("plain", "in the clear"), ("secure", "under TLS")):
        if isinstance(before.get(name), list) and name in now:
            yield from _offers(before[name], now[name], where)


def _another(old: Server, new: Server) -> str:
    key = "the same key" if old.get("spki") == new["spki"] else "a new key"
    issuer = "the same issuer"
    if old.get("issuer") != new["issuer"]:
        issuer = f'issuer "{new["issuer"]}", was "{old.get("issuer")}"'
    return f"new certificate with {key} and {issuer}"


def _offers(old: list[Any], new: list[str], where: str) -> Iterator[str]:
    gone = [each for each in old if isinstance(each, str) and each not in new]
    come = [each for each in new if each not in old]
    if gone:
        yield f"no longer offered {where}: {', '.join(gone)}"
    if come:
        yield f"newly offered {where}: {', '.join(come)}"


def _date(text: Any) -> str:
    try:
        return f"{datetime.fromisoformat(text):%-d %B %Y}"
    except (TypeError, ValueError):
        return ""
