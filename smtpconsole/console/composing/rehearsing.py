"""A rehearsal: what sending the message would say, in its batches, and how; nothing is sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from smtpconsole.console.composing.contents import content_of
from smtpconsole.console.composing.drafting import measured
from smtpconsole.console.composing.sending import How, composed, letter
from smtpconsole.console.composing.wishes import objecting
from smtpconsole.console.holding.held import rehearsed
from smtpconsole.smtp import exchanges
from smtpconsole.smtp.envelope import groups
from smtpconsole.smtp.session import Batch

if TYPE_CHECKING:
    from smtpconsole.console.console import Console


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A delivery that was not made."""

    batches: tuple[Batch, ...]
    line: str  # what sends it just so
    weight: str  # the meter's line
    notes: tuple[str, ...] = ()
    is_secure: bool = False

    @property
    def title(self) -> str:
        """How many round trips it takes."""
        count = len(self.batches)
        return f"{'1 round trip' if count == 1 else f'{count} round trips'}, nothing was sent"

    def lines(self) -> Iterator[str]:
        """What would be said, and what it weighs."""
        yield from rehearsed(self.batches, is_secure=self.is_secure)
        yield self.weight
        yield from self.notes


def rehearsal(
    console: Console, *, chunking: bool = False, one_by_one: bool = False, insist: bool = False
) -> Rehearsal:
    """What `/send` would say now; ConsoleError where it would say nothing, with the reason."""
    draft, known = console.draft, console.known
    session = console.connection.session if console.connection is not None else None
    is_secure = session is not None and session.is_secure
    how = How(
        pipelining=not one_by_one,
        chunking=chunking,
        insist=insist,
        mail_parameters=draft.mail_parameters,
        rcpt_parameters=draft.rcpt_parameters,
    )
    octets = composed(console, draft, how)
    batches: list[Batch] = []
    for people in groups(known, draft.recipients):
        with content_of(console, "", draft=draft, octets=octets) as load, objecting():
            said = letter(
                known,
                replace(draft, recipients=tuple(people)),
                load.content,
                how,
                is_secure=is_secure,
            )
        batches += exchanges.rehearse(
            exchanges.deliver(
                *said,
                pipelining=how.pipelining and "PIPELINING" in known,
                chunking=chunking,
                lmtp=session is not None and session.lmtp,
            )
        )
    flags = {"--chunking": chunking, "--one-by-one": one_by_one, "--insist": insist}
    line = " ".join(["/send", *(flag for flag, is_on in flags.items() if is_on)])
    return Rehearsal(
        tuple(batches), line, str(measured(console)), tuple(_notes(console, chunking)), is_secure
    )


def _notes(console: Console, chunking: bool) -> Iterator[str]:
    if console.connection is None or not console.connection.is_open:
        yield "There is no connection: what a server offers is not known, and so not used."
    elif not console.known.greeting:
        yield "The server was not asked yet what it offers: EHLO will be said first."
    elif chunking and "CHUNKING" not in console.known:
        yield "The server does not offer CHUNKING, which BDAT needs."
    elif not chunking and "CHUNKING" in console.known:
        yield "The server offers CHUNKING: with BDAT it may be fewer round trips."
