"""What an address is called, and whether the name leads back (forward-confirmed reverse DNS).

Many servers refuse clients whose address has no name, or whose name is not confirmed; the same
look at a server tells whether its greeting and its name agree.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING

from smtpconsole.net.dns.mx import KINDS
from smtpconsole.smtp.remarks import Remark

if TYPE_CHECKING:
    from smtpconsole.net.dns.resolver import Resolver

MAX_NAMES = 10  # of one address


@dataclass(frozen=True, slots=True)
class Reverse:
    """The names of an address."""

    address: str
    names: tuple[str, ...] = ()
    confirmed: tuple[str, ...] = ()  # those that lead back to it
    why: str = ""  # there is no name
    is_certain: bool = True

    def remarks(self) -> Iterator[Remark]:
        """What is remarkable."""
        if not self.names and self.is_certain:
            text = f"{self.address} has no name in the DNS"
            hint = "have whoever gave you the address publish a PTR record"
            yield Remark("warning", "no-ptr", text, hint, "RFC 1912 2.1")
        elif not self.names:
            text = f"the name of {self.address} cannot be told: {self.why}"
            yield Remark("warning", "ptr-unresolved", text, "", "")
        elif not self.confirmed:
            text = f"{self.address} is called {self.names[0]}, but that name is not this address"
            hint = f"publish the address of {self.names[0]}, or another PTR record"
            yield Remark("warning", "ptr-not-confirmed", text, hint, "RFC 8601 3")


async def reverse(resolver: Resolver, address: str) -> Reverse:
    """The names of an address, each looked up again."""
    answer = await resolver.ask(ip_address(address).reverse_pointer, "PTR")
    names = tuple(
        dict.fromkeys(each.target.to_text(omit_final_dot=True).lower() for each in answer.records)
    )[:MAX_NAMES]
    if not names:
        why = answer.words.replace("such record", "name") if answer.is_certain else answer.words
        return Reverse(address, why=why, is_certain=answer.is_certain)
    checked = await asyncio.gather(*(leads_to(resolver, name, address) for name in names))
    confirmed = tuple(name for name, is_so in zip(names, checked, strict=True) if is_so)
    return Reverse(address, names, confirmed)


async def leads_to(resolver: Resolver, name: str, address: str) -> bool:
    """The name has this address."""
    kind = "AAAA" if ":" in address else "A"
    answer = await resolver.ask(name, kind)
    wanted = ip_address(address)
    return any(ip_address(record.address) == wanted for record in answer.records)


async def hello_remarks(resolver: Resolver, name: str, address: str) -> list[Remark]:
    """What a server may mind about the name a client introduces itself with (RFC 5321, 4.1.4)."""
    if "." not in name.strip("."):
        text = f"{name} is not a fully qualified name"
        return [Remark("warning", "helo-not-qualified", text, "/set name HOST.DOMAIN", _HELO)]
    answers = [await resolver.ask(name, kind) for kind in KINDS]
    if not any(each.records for each in answers):
        text = f"{name} has no address: {answers[-1].words}"
        return [Remark("warning", "helo-no-address", text, "introduce yourself otherwise", _HELO)]
    if not await leads_to(resolver, name, address):
        text = f"{name} is not {address}, from where we come"
        return [Remark("info", "helo-other-address", text, "", _HELO)]
    return []


_HELO = "RFC 5321 4.1.4"
