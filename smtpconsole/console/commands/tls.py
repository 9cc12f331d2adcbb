"""/tls"""

from __future__ import annotations

import os
import ssl
from collections.abc import Awaitable, Callable, Iterable
from typing import Annotated

from smtpconsole.console.answers import Answer, ConsoleError
from smtpconsole.console.arguments import TEXT, choice
from smtpconsole.console.commands import command
from smtpconsole.console.console import Console
from smtpconsole.console.filenames import path_of
from smtpconsole.console.sessions.inspection import Inspection
from smtpconsole.console.tls import tlsprobing, tlsreport
from smtpconsole.console.tls.tlsreport import Row
from smtpconsole.smtp.facts import Demands

WHAT = choice(
    "chain", "verdicts", "handshake", "save", "compare", "scan", "injection", "stop", "forget"
)


@command
async def tls(
    console: Console,
    what: Annotated[str, WHAT] = "",
    argument: Annotated[str, TEXT] = "",
    *,
    i_own_this: bool = False,
) -> None:
    """Tell all about TLS: session, certificates, problems, who would deliver, what has changed.

    /tls chain         the certificates as they were sent, with every detail
    /tls verdicts      what senders with different policies would do
    /tls handshake     each message of the handshake
    /tls save FILE     the certificates as a PEM file
    /tls compare       the certificates with and without a server name (SNI);
                       /tls compare PORT or HOST:PORT: with another port or server
    /tls scan          which versions, cipher suites and groups the server takes;
                       it connects some dozen times, twice a second beyond this machine
    /tls injection     whether a command slipped in behind STARTTLS is obeyed under TLS;
                       only for servers of your own: --i-own-this beyond this machine
    /tls stop          stop a scan or probe
    /tls forget        forget what servers were like
    """
    await _ACTIONS[what](console, argument, i_own_this)


def _seen(console: Console) -> Inspection:
    seen = Inspection.of(console.journal)
    if seen.target is None:
        raise ConsoleError("there is no connection to tell of", next=(console.connect_line,))
    return seen


def _with_tls(console: Console) -> Inspection:
    seen = _seen(console)
    if seen.facts is None:
        raise ConsoleError("there is no TLS in this session yet", next=("/starttls",))
    return seen


def _demands(console: Console, seen: Inspection) -> Demands:
    host = seen.target.host if seen.target is not None else ""
    return console.demands.get(host.lower(), Demands())


def _lines(*sections: Iterable[Row]) -> tuple[str, ...]:
    """Sections with an empty line between."""
    lines: list[str] = []
    for section in sections:
        found = [row.text for row in section]
        lines += ["", *found] if lines and found else found
    return tuple(lines)


async def _all(console: Console, argument: str, is_owned: bool) -> None:
    seen = _with_tls(console)
    lines = _lines(
        (*tlsreport.headlines(seen), *tlsreport.problems(seen)),
        tlsreport.chain(seen, opened=()),
        tlsreport.verdicts(seen, _demands(console, seen)),
        tlsreport.changes(console.watch.changes),
        tlsreport.offers(seen),
        tlsreport.details(seen),
    )
    console.front.show(Answer(f"TLS of {seen.target}", lines, ("/tls chain", "/tls verdicts")))


async def _chain(console: Console, argument: str, is_owned: bool) -> None:
    seen = _with_tls(console)
    lines = _lines(tlsreport.chain(seen), tlsreport.problems(seen))
    console.front.show(Answer(f"certificates of {seen.target}", lines, ("/tls save FILE",)))


async def _verdicts(console: Console, argument: str, is_owned: bool) -> None:
    seen = _seen(console)
    lines = _lines(tlsreport.verdicts(seen, _demands(console, seen)), tlsreport.problems(seen))
    console.front.show(Answer(f"senders to {seen.target}", lines))


async def _handshake(console: Console, argument: str, is_owned: bool) -> None:
    seen = _with_tls(console)
    lines = _lines(tlsreport.session(seen), tlsreport.messages(seen))
    console.front.show(Answer(f"handshake with {seen.target}", lines))


async def _save(console: Console, argument: str, is_owned: bool) -> None:
    seen = _with_tls(console)
    assert seen.facts is not None
    if not argument:
        raise ConsoleError("save the certificates where?", "/tls save chain.pem")
    if not seen.facts.chain:
        raise ConsoleError("no certificate was received; nothing was saved")
    path = path_of(argument)
    text = "".join(ssl.DER_cert_to_PEM_cert(each.der) for each in seen.facts.chain)
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o644)
    except FileExistsError:
        raise ConsoleError(
            f"{path} is there already, and was left as it is", "give another name"
        ) from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ConsoleError(f"{path} cannot be written: {reason}", "give another name") from error
    with open(descriptor, "w", encoding="ascii") as out:
        out.write(text)
    count = len(seen.facts.chain)
    told = f"{count} certificate{'s' * (count > 1)}, the server's own first"
    console.front.show(Answer(f"saved as {path.resolve()}", (told,)))


async def _compare(console: Console, argument: str, is_owned: bool) -> None:
    await tlsprobing.run(console, tlsprobing.compared(console, _seen(console), argument))


async def _scan(console: Console, argument: str, is_owned: bool) -> None:
    await tlsprobing.run(console, tlsprobing.scanned(console, _seen(console)))


async def _injection(console: Console, argument: str, is_owned: bool) -> None:
    probe = tlsprobing.injection(console, _seen(console), is_owned=is_owned)
    await tlsprobing.run(console, probe)


async def _stop(console: Console, argument: str, is_owned: bool) -> None:
    await tlsprobing.stop(console)


async def _forget(console: Console, argument: str, is_owned: bool) -> None:
    console.watch.forget()
    console.front.show(Answer("all servers are forgotten"))


_ACTIONS: dict[str, Callable[[Console, str, bool], Awaitable[None]]] = {
    "": _all,
    "chain": _chain,
    "verdicts": _verdicts,
    "handshake": _handshake,
    "save": _save,
    "compare": _compare,
    "scan": _scan,
    "injection": _injection,
    "stop": _stop,
    "forget": _forget,
}
