"""Asks the DNS, and gives every answer as a value: also the absence of one.

1. A question has a lifetime.  In it each server is asked, twice if none answers.
2. It is asked with EDNS and DO, so that the resolver tells what it validated and, with extended
   errors (RFC 8914), why it gives nothing.  A server that knows no EDNS is asked without.
3. A truncated answer is asked for again over TCP.
4. What a resolver refuses only because it validates is *bogus*: its extended error says so, or
   it gives the records when told not to check.
5. Answers are kept for the life of a Resolver, so that one report asks everything once.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from smtpconsole.net.dns.names import NoName, ascii_name
from smtpconsole.net.dns.servers import Server, Servers
from smtpconsole.smtp.events import LookedUp
from smtpconsole.smtp.session import Observer

if TYPE_CHECKING:
    import dns.message

LIFETIME = 5.0  # seconds for one question
MAX_ALIASES = 8  # followed by ourselves, where a resolver stops at a CNAME
_PAYLOAD = 1232  # octets: fits every path without fragments

Outcome = Literal[
    "found",
    "no data",
    "nxdomain",
    "servfail",
    "bogus",
    "refused",
    "timeout",
    "loop",
    "malformed",
    "unreachable",
]

_WORDS: dict[Outcome, str] = {
    "found": "found",
    "no data": "the name exists, but has no such record",
    "nxdomain": "the name does not exist",
    "servfail": "the resolver could not get an answer",
    "bogus": "DNSSEC validation failed, so the answer must not be used",
    "refused": "the resolver refuses to answer",
    "timeout": "no answer in time",
    "loop": "aliases without end",
    "malformed": "the answer cannot be read",
    "unreachable": "the resolver cannot be reached",
}
# RFC 8914: what a validating resolver says of a chain of trust that broke.
_BOGUS = {1, 2, 5, 6, 7, 8, 9, 10, 11, 12, 25, 27}


@dataclass(frozen=True, slots=True)
class Answer:
    """What the DNS says to one question."""

    name: str
    kind: str
    outcome: Outcome
    records: tuple[Any, ...] = ()  # dnspython's rdata
    aliases: tuple[str, ...] = ()  # the targets of CNAMEs on the way, the last one owns the records
    server: str = ""
    rcode: str = ""
    ttl: int | None = None
    is_authenticated: bool = False
    is_trusted: bool = False
    errors: tuple[str, ...] = ()  # extended ones, in words
    is_over_tcp: bool = False
    seconds: float = 0.0

    @property
    def is_secure(self) -> bool:
        """Validated with DNSSEC, by somebody who can be believed."""
        return self.is_authenticated and self.is_trusted

    @property
    def is_certain(self) -> bool:
        """The DNS has answered, be it that there is nothing."""
        return self.outcome in ("found", "no data", "nxdomain")

    @property
    def canonical(self) -> str:
        """The name that owns the records."""
        return self.aliases[-1] if self.aliases else self.name

    @property
    def texts(self) -> tuple[str, ...]:
        """The records as people read them."""
        return tuple(shown(record) for record in self.records)

    @property
    def words(self) -> str:
        """What became of the question, in a sentence without its name."""
        return ": ".join((_WORDS[self.outcome], *self.errors))

    def event(self) -> LookedUp:
        """The answer for the journal."""
        details = [*self.errors]
        if self.aliases:
            details.append(f"alias of {self.canonical}")
        if self.is_over_tcp:
            details.append("over TCP")
        return LookedUp(
            self.name,
            self.kind,
            self.outcome,
            self.texts,
            self.seconds,
            self.server,
            self.rcode,
            self.ttl,
            self.is_authenticated,
            self.is_trusted,
            ", ".join(details),
        )


class Resolver:
    """Asks the servers it is given."""

    def __init__(
        self,
        servers: Servers,
        *,
        observe: Observer | None = None,
        lifetime: float = LIFETIME,
    ) -> None:
        self.servers = servers
        self.observe = observe
        self.lifetime = lifetime
        self._known: dict[tuple[str, str], Answer] = {}

    async def ask(self, name: str, kind: str) -> Answer:
        """The records of a kind that a name has, or why there are none."""
        try:
            name = ascii_name(name)
        except NoName as error:
            return Answer(name, kind, "malformed", errors=(str(error),))
        known = self._known.get((name, kind))
        if known is not None:
            return known
        loop = asyncio.get_running_loop()
        began = loop.time()
        answer = await self._answer(name, kind)
        answer = replace(answer, seconds=loop.time() - began)
        self._known[name, kind] = answer
        if self.observe is not None:
            self.observe(answer.event())
        return answer

    async def _answer(self, name: str, kind: str) -> Answer:
        """The same, through all servers, and through aliases that a server leaves to us."""
        end = asyncio.get_running_loop().time() + self.lifetime
        asked, aliases, is_authenticated = name, tuple[str, ...](), True
        for _ in range(MAX_ALIASES):
            answer = await self._from_any(asked, kind, end)
            aliases += answer.aliases
            is_authenticated &= answer.is_authenticated
            answer = replace(answer, name=name, aliases=aliases, is_authenticated=is_authenticated)
            if answer.outcome != "no data" or not aliases or answer.canonical == asked:
                return answer
            if len(set(aliases)) < len(aliases):
                break
            asked = answer.canonical
        return replace(answer, outcome="loop", records=())

    async def _from_any(self, name: str, kind: str, end: float) -> Answer:
        """The first certain answer; without one, what tells most."""
        silent = list(self.servers.servers)
        if not silent:
            return Answer(name, kind, "unreachable", errors=("there is no resolver",))
        patience = self.lifetime / (2 * len(silent))
        best = Answer(name, kind, "timeout", server=str(silent[0]))
        for server in (*silent, *silent):
            left = end - asyncio.get_running_loop().time()
            if left <= 0 or server not in silent:
                continue
            answer = await self._from(server, name, kind, min(patience, left))
            if answer.is_certain or answer.outcome in ("bogus", "loop"):
                return answer  # of the latter others cannot know better
            if answer.outcome != "timeout":
                silent.remove(server)
                best = answer if best.outcome == "timeout" or not best.errors else best
        if best.outcome == "timeout":
            best = replace(best, errors=(f"none within {self.lifetime:g} seconds",))
        return best

    async def _from(self, server: Server, name: str, kind: str, patience: float) -> Answer:
        """One server's answer."""
        import dns.exception

        blank = Answer(name, kind, "timeout", server=str(server))
        try:
            async with asyncio.timeout(patience):
                response, over_tcp = await _exchange(server, name, kind)
            answer = _read(blank, response, bool(self.servers.trust_in(server)))
            if answer.outcome == "servfail" and not answer.errors:
                answer = await self._unchecked(server, answer, patience)
        except (TimeoutError, dns.exception.Timeout):
            return blank
        except (dns.exception.DNSException, ValueError) as error:
            return replace(blank, outcome="malformed", errors=(str(error).lower(),))
        except (OSError, EOFError) as error:
            told = getattr(error, "strerror", None) or "it closed the connection"
            return replace(blank, outcome="unreachable", errors=(f"{server}: {told.lower()}",))
        return replace(answer, is_over_tcp=over_tcp)

    async def _unchecked(self, server: Server, failed: Answer, patience: float) -> Answer:
        """A failure, called bogus if the server has an answer when told not to check."""
        import dns.exception
        import dns.flags

        with contextlib.suppress(TimeoutError, OSError, EOFError, dns.exception.DNSException):
            async with asyncio.timeout(patience):
                response, _ = await _exchange(server, failed.name, failed.kind, flags=dns.flags.CD)
            if _read(failed, response, False).is_certain:
                told = "the resolver gives the records only when told not to check (CD)"
                return replace(failed, outcome="bogus", errors=(told,))
        return failed


async def _exchange(
    server: Server, name: str, kind: str, *, flags: int = 0
) -> tuple[dns.message.Message, bool]:
    """A server's response, and whether it came over TCP."""
    import dns.asyncquery
    import dns.flags
    import dns.message
    import dns.rcode

    flags |= dns.flags.RD | dns.flags.AD
    for edns in (0, -1):
        query = dns.message.make_query(
            name, kind, use_edns=edns, want_dnssec=edns == 0, payload=_PAYLOAD, flags=flags
        )
        # A response to another question, or with another id, may be forged: the right one is
        # waited for (RFC 5452, 9.1).
        response, over_tcp = await dns.asyncquery.udp_with_fallback(
            query,
            server.address,
            port=server.port,
            ignore_unexpected=True,
            ignore_errors=True,
        )
        if response.rcode() not in (dns.rcode.FORMERR, dns.rcode.NOTIMP, dns.rcode.BADVERS):
            break
    return response, over_tcp


def _read(blank: Answer, response: dns.message.Message, trusts_ad: bool) -> Answer:
    """A response as a value."""
    import dns.flags
    import dns.message
    import dns.rcode

    assert isinstance(response, dns.message.QueryMessage)
    codes, errors = _extended(response)
    rcode = response.rcode()
    answer = replace(
        blank,
        rcode=dns.rcode.to_text(rcode),
        errors=errors,
        is_authenticated=bool(response.flags & dns.flags.AD),
        is_trusted=trusts_ad,
    )
    if rcode not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        return replace(answer, outcome=_failure(rcode, codes))
    try:
        chain = response.resolve_chaining()
    except dns.message.ChainTooLong:
        return replace(answer, outcome="loop")
    except dns.message.AnswerForNXDOMAIN:
        return replace(
            answer,
            outcome="malformed",
            errors=(
                *errors,
                "NXDOMAIN with records",
            ),
        )
    aliases = tuple(each[0].target.to_text(omit_final_dot=True).lower() for each in chain.cnames)
    answer = replace(answer, aliases=aliases, ttl=chain.minimum_ttl)
    if chain.answer is not None:
        return replace(answer, outcome="found", records=tuple(chain.answer))
    is_missing = rcode == dns.rcode.NXDOMAIN
    return replace(answer, outcome="nxdomain" if is_missing else "no data")


def _failure(rcode: int, codes: set[int]) -> Outcome:
    import dns.rcode

    if rcode == dns.rcode.SERVFAIL:
        return "bogus" if codes & _BOGUS else "servfail"
    return "refused" if rcode in (dns.rcode.REFUSED, dns.rcode.NOTAUTH) else "malformed"


def _extended(response: dns.message.Message) -> tuple[set[int], tuple[str, ...]]:
    """The extended errors of a response: their codes, and in words."""
    found = response.extended_errors()
    return {int(each.code) for each in found}, tuple(_extended_words(found))


def _extended_words(found: Any) -> Iterator[str]:
    for each in found:
        name = getattr(each.code, "name", f"extended error {int(each.code)}")
        words = name.replace("_", " ").lower().replace("dnssec", "DNSSEC")
        yield f"{words} ({each.text})" if each.text else words


def shown(record: Any) -> str:
    """A record as people read it: strings joined, names without their final dot."""
    match record.rdtype.name:
        case "TXT" | "SPF":
            return text_of(record)
        case "MX":
            return f"{record.preference} {record.exchange.to_text(omit_final_dot=True)}"
        case "PTR" | "CNAME" | "NS":
            return str(record.target.to_text(omit_final_dot=True))
    return str(record.to_text())


def text_of(record: Any) -> str:
    """The text of a TXT record: its strings joined without anything between (RFC 7208, 3.3)."""
    return b"".join(record.strings).decode("utf-8", "surrogateescape")
