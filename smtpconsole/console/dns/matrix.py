"""The MX matrix: every server of a domain, every address of it, every stage of a visit.

1. A row is a visit; what its cells say is read from it whenever somebody looks, so a matrix fills
   in while it is shown.
2. It is polite: few visits at once, one at a time to each server, a pause between two outside of
   this machine, no mail, and QUIT at the end.
3. Each address is visited as a sender would: by the name in the MX record, for SNI, and for what
   the certificate must prove.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from typing import Literal

from smtpconsole.console.dns.domains import Domain, look_up
from smtpconsole.console.probe import checks
from smtpconsole.console.probe.visit import Errand, Visit, visit
from smtpconsole.net.dns.mx import Exchanger
from smtpconsole.net.dns.resolver import Resolver
from smtpconsole.net.dns.sts import Web
from smtpconsole.net.verdicts import verdicts
from smtpconsole.smtp.events import Target
from smtpconsole.smtp.facts import Verdict
from smtpconsole.smtp.remarks import Remark

PORT = 25
AT_ONCE = 4  # visits
MAX_ROWS = 64
PAUSE = 0.5  # seconds between two visits that leave this machine

State = Literal["waiting", "now", "good", "fair", "bad", "none"]
STAGES = ("connect", "greeting", "EHLO", "STARTTLS", "certificate", "policy")

# The stages of a visit, and the column each belongs to.
_COLUMNS = {
    "connect": "connect",
    "greeting": "greeting",
    "EHLO": "EHLO",
    "STARTTLS": "STARTTLS",
    "TLS": "STARTTLS",
    "EHLO under TLS": "STARTTLS",
    "QUIT": "policy",
}


@dataclass(frozen=True, slots=True)
class Cell:
    """What one stage came to."""

    state: State
    text: str = ""
    seconds: float | None = None


@dataclass(slots=True)
class Row:
    """One address of one server."""

    exchanger: Exchanger
    address: str
    port: int
    visit: Visit | None = None
    verdicts: tuple[Verdict, ...] = ()
    is_done: bool = False

    @property
    def target(self) -> Target:
        """Where to connect to, to see the same."""
        return Target(self.address, self.port)

    def cells(self) -> dict[str, Cell]:
        """Every stage, as it stands now."""
        return {stage: self.cell(stage) for stage in STAGES}

    def cell(self, stage: str) -> Cell:
        """One stage, as it stands now."""
        found = self.visit
        if found is None:
            return Cell("waiting")
        failure = found.failure
        ended = _COLUMNS.get(failure.stage if failure is not None else found.stage, "policy")
        place, end = STAGES.index(stage), STAGES.index(ended)
        if failure is not None and place == end:
            return Cell("bad", failure.text, _seconds(found, stage))
        if place < end or (self.is_done and failure is None):
            return _READERS[stage](self, found)
        if failure is not None or self.is_done:
            return Cell("none")
        return Cell("now" if place == end else "waiting")

    def remarks(self) -> tuple[Remark, ...]:
        """What is remarkable about the server's conduct here."""
        return checks.remarks(self.visit) if self.visit is not None else ()

    @property
    def is_good(self) -> bool:
        """A sender gets through here, and nothing is wrong."""
        return self.is_done and not any(each.state == "bad" for each in self.cells().values())


@dataclass(slots=True)
class Matrix:
    """The matrix of a domain."""

    name: str
    domain: Domain | None = None
    rows: list[Row] = field(default_factory=list)
    is_done: bool = False

    @property
    def is_sound(self) -> bool:
        """Every address of every server is good, and there is one."""
        return bool(self.rows) and all(row.is_good for row in self.rows)


async def survey(
    matrix: Matrix,
    resolver: Resolver,
    errand: Errand,
    *,
    tell: Callable[[Matrix], None],
    port: int = PORT,
    web: Web | None = None,
    selector: str = "",
) -> Matrix:
    """Fill a matrix in; `tell` is called whenever something in it is new."""
    domain = await look_up(resolver, matrix.name, web=web, selector=selector, port=port)
    matrix.domain = domain
    matrix.rows = [
        Row(each, address, port) for each in domain.plan.exchangers for address in each.addresses
    ][:MAX_ROWS]
    tell(matrix)
    turn = _Turns()
    async with asyncio.TaskGroup() as group:
        for row in matrix.rows:
            group.create_task(_visit(matrix, row, errand, turn, tell))
    matrix.is_done = True
    tell(matrix)
    return matrix


class _Turns:
    """Who may visit, and when."""

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(AT_ONCE)
        self._servers: dict[str, asyncio.Lock] = {}
        self._next = 0.0

    def server(self, name: str) -> asyncio.Lock:
        """One visit at a time to each server."""
        return self._servers.setdefault(name, asyncio.Lock())

    @property
    def places(self) -> asyncio.Semaphore:
        """Few visits at once."""
        return self._places

    async def pause(self, address: str) -> None:
        """Wait until a visit to this address is not too soon after the one before."""
        if ip_address(address).is_loopback:
            return
        clock = asyncio.get_running_loop().time
        begin = max(self._next, clock())
        self._next = begin + PAUSE
        await asyncio.sleep(begin - clock())


async def _visit(
    matrix: Matrix, row: Row, errand: Errand, turn: _Turns, tell: Callable[[Matrix], None]
) -> None:
    def noted(visit: Visit) -> None:
        row.visit = visit
        tell(matrix)

    name = row.exchanger.name
    policy = replace(errand.tls, server_name=errand.tls.server_name or name)
    async with turn.server(row.exchanger.canonical), turn.places:
        await turn.pause(row.address)
        row.visit = await visit(
            row.target, replace(errand, tls=policy), tell=noted, asks_for_more=False
        )
    row.verdicts = _judged(matrix, row, row.visit)
    row.is_done = True
    tell(matrix)


def _judged(matrix: Matrix, row: Row, found: Visit) -> tuple[Verdict, ...]:
    if found.hello is None and found.tls is None:
        return ()
    domain = matrix.domain
    assert domain is not None
    return verdicts(
        found.tls,
        row.exchanger.name,
        is_secure=found.is_secure,
        is_offered=found.offers_tls,
        tlsa=domain.pins.get(row.exchanger.name),
        sts=domain.sts.policy,
    )


# --- what the cells say -----------------------------------------------------------------------


def _seconds(found: Visit, stage: str) -> float | None:
    if stage == "STARTTLS":
        parts = [found.timings.get("STARTTLS"), found.timings.get("handshake")]
        known = [each for each in parts if each is not None]
        return sum(known) if known else None
    return found.timings.get(stage)


def _connect(row: Row, found: Visit) -> Cell:
    return Cell("good", f"connected to {row.address}", _seconds(found, "connect"))


def _greeting(row: Row, found: Visit) -> Cell:
    reply, seconds = found.greeting, _seconds(found, "greeting")
    is_slow = seconds is not None and seconds > 5
    return Cell("fair" if is_slow else "good", str(reply) if reply is not None else "", seconds)


def _ehlo(row: Row, found: Visit) -> Cell:
    known = found.plain or found.secure
    names = ", ".join(each.name for each in known) if known is not None else ""
    return Cell("fair" if found.says_helo else "good", names, _seconds(found, "EHLO"))


def _starttls(row: Row, found: Visit) -> Cell:
    if not found.offers_tls:
        return Cell("fair", "STARTTLS is not offered")
    facts = found.tls
    if facts is None or not found.is_secure:
        return Cell("bad", "TLS did not come about")
    version = (facts.version or "").replace("TLSv", "TLS ")
    parts = [part for part in (version, facts.cipher, facts.group) if part]
    return Cell("good", ", ".join(parts), _seconds(found, "STARTTLS"))


def _certificate(row: Row, found: Visit) -> Cell:
    facts = found.tls
    if facts is None or not facts.chain:
        return Cell("none", "there is no certificate")
    if facts.errors:
        return Cell("fair", "; ".join(each.text for each in facts.errors))
    return Cell("good", f"it proves {row.exchanger.name}")


def _policy(row: Row, found: Visit) -> Cell:
    """What the domain asks of senders decides: DANE first (RFC 8461, 2), then MTA-STS."""
    judged = {each.policy: each for each in row.verdicts}
    for name in ("DANE", "MTA-STS"):
        verdict = judged.get(name)
        if verdict is not None and verdict.delivers is False:
            return Cell("bad", f"{name}: {verdict.text}")
    for name in ("DANE", "MTA-STS"):
        verdict = judged.get(name)
        if verdict is not None and verdict.delivers and "as opportunistic" not in verdict.text:
            return Cell("good", f"{name}: {verdict.text}")
    verdict = judged.get("opportunistic")
    state: State = "good" if found.is_secure else "fair"
    return Cell(state, f"opportunistic: {verdict.text}" if verdict is not None else "")


_READERS: dict[str, Callable[[Row, Visit], Cell]] = {
    "connect": _connect,
    "greeting": _greeting,
    "EHLO": _ehlo,
    "STARTTLS": _starttls,
    "certificate": _certificate,
    "policy": _policy,
}
