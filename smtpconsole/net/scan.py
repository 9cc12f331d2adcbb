"""Which versions, cipher suites and groups a server takes: it is asked, one by one.

1. Everything is offered, and what the server takes is left out the next time, until nothing is
   left: so the suites come in the server's order.
2. It is polite: one connection at a time, with a pause between them, and it ends when the
   server says that it has had enough.
3. What the TLS library of this machine cannot offer is not seen; `BLIND` says what that is.
"""

from __future__ import annotations

import asyncio
import ssl
import warnings
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Literal

from smtpconsole.net.knocking import knock
from smtpconsole.net.policy import TlsPolicy
from smtpconsole.net.route import Route
from smtpconsole.smtp.events import Target
from smtpconsole.smtp.facts import TlsFacts

Version = ssl.TLSVersion
VERSIONS = {
    "TLSv1": Version.TLSv1,
    "TLSv1.1": Version.TLSv1_1,
    "TLSv1.2": Version.TLSv1_2,
    "TLSv1.3": Version.TLSv1_3,
}
GROUPS = {
    "X25519": "X25519",
    "P-256": "prime256v1",
    "P-384": "secp384r1",
    "P-521": "secp521r1",
    "X448": "X448",
}
BLIND = (
    "SSL 2 and 3, export suites, and whatever the TLS library here was built without",
    "cipher suites of TLS 1.3 other than the one taken: Python cannot choose among them",
    "post-quantum groups, unless the library here offers them (OpenSSL 3.5)",
    "faults of the server's TLS library, such as Heartbleed or ROBOT",
)
PAUSE = 0.5  # seconds between two connections to a server that is not this machine

_ALL = "ALL:COMPLEMENTOFALL"
_MOST_SUITES = 100
# The handshake went wrong in a way that tells of no refusal.
_NO_ANSWER = ("prepare", "injected", "not-tls", "nested")


@dataclass(frozen=True, slots=True)
class Finding:
    """What was tried, and whether the server took it."""

    kind: Literal["version", "suite", "group"]
    name: str
    is_taken: bool
    text: str = ""


class Unfit(Exception):
    """The server cannot be scanned."""


@dataclass(slots=True)
class Scan:
    """A scan of one server."""

    target: Target
    name: bytes  # said in EHLO
    timeout: float
    server_name: str | None = None
    pause: float = 0.0
    route: Route | None = None
    connections: int = 0

    async def run(self) -> AsyncIterator[Finding]:
        """Each finding as it comes; raises Unfit, or what `knock` raises."""
        taken: list[str] = []
        for version in VERSIONS:
            facts = await self._try(version)
            is_taken = facts is not None and not facts.failure
            if is_taken:
                taken.append(version)
            yield Finding("version", version, is_taken, _said(facts))
        old = [version for version in taken if version != "TLSv1.3"]
        if old:
            async for finding in self._suites(old[-1]):
                yield finding
        if taken:
            async for finding in self._groups(taken[-1]):
                yield finding

    async def _suites(self, version: str) -> AsyncIterator[Finding]:
        found: list[str] = []
        while len(found) < _MOST_SUITES:
            facts = await self._try(version, without=found)
            if facts is None or facts.failure or not facts.cipher or facts.cipher in found:
                return
            found.append(facts.cipher)
            yield Finding("suite", facts.cipher, True, f"{facts.bits} bits, {facts.group or 'RSA'}")

    async def _groups(self, version: str) -> AsyncIterator[Finding]:
        for name, curve in GROUPS.items():
            facts = await self._try(version, group=curve)
            if facts is None:
                continue
            is_taken = not facts.failure and facts.group == name
            yield Finding("group", name, is_taken, "" if is_taken else _said(facts))

    async def _try(
        self, version: str, *, without: list[str] | None = None, group: str = ""
    ) -> TlsFacts | None:
        """One connection; None where this machine cannot offer it."""
        context = _offering(version, without or [], group)
        if context is None:
            return None
        if self.connections:
            await asyncio.sleep(self.pause)
        self.connections += 1
        policy = TlsPolicy(given=context, server_name=self.server_name)
        facts = await knock(
            self.target, policy, name=self.name, timeout=self.timeout, route=self.route
        )
        if facts.failure in _NO_ANSWER:
            raise Unfit("the server does not speak TLS here, or breaks it off in the clear")
        return facts


def _offering(version: str, without: list[str], group: str) -> ssl.SSLContext | None:
    """A context that offers one version, all suites but some, one group; None if it cannot be."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = context.maximum_version = VERSIONS[version]
        left_out = "".join(f":!{suite}" for suite in without)
        context.set_ciphers(f"{_ALL}{left_out}:@SECLEVEL=0")
        if group:
            context.set_ecdh_curve(group)
    except (ssl.SSLError, ValueError):
        return None
    return context


def _said(facts: TlsFacts | None) -> str:
    """What came of it, in a few words."""
    if facts is None:
        return "cannot be offered by the TLS library here"
    if not facts.failure:
        parts = [facts.cipher, facts.group]
        return ", ".join(part for part in parts if part)
    alert = next((each for each in reversed(facts.alerts) if each.party == "server"), None)
    return alert.name if alert is not None else facts.failure.replace("-", " ")
