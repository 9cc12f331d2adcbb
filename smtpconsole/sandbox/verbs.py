"""The verbs of a session: greetings, STARTTLS, questions, and the goodbye."""

from __future__ import annotations

import ipaddress

from smtpconsole.sandbox.conversation import VERBS, Conversation, verb
from smtpconsole.sandbox.login import offered
from smtpconsole.sandbox.paths import NoPath, parse_address

XCLIENT = "NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT"


def keywords(talk: Conversation) -> list[str]:
    """What EHLO offers here and now."""
    house = talk.house
    lines = ["PIPELINING", f"SIZE {house.size}", "8BITMIME", "SMTPUTF8"]
    if not talk.wire.is_secure:
        lines.append("STARTTLS")
    else:
        lines += [f"AUTH {' '.join(offered())}", "REQUIRETLS"]
    lines += ["ENHANCEDSTATUSCODES", "DSN", "CHUNKING", "BINARYMIME", _limits(talk)]
    lines += [f"XCLIENT {XCLIENT}", "ETRN", "VRFY", "EXPN", "HELP"]
    withdrawn = {*house.withdraw, *(["ETRN", "EXPN"] if talk.is_lmtp else [])}
    for fault in talk.due("offer"):
        withdrawn.update(fault.withdraw)
        lines += fault.offer
    return [line for line in lines if line.split(" ")[0] not in withdrawn]


def _limits(talk: Conversation) -> str:
    most = f" MAILMAX={talk.house.messages}" if talk.house.messages else ""
    return f"LIMITS RCPTMAX={talk.house.recipients}{most}"


@verb("HELO <name>")
async def helo(talk: Conversation, name: str) -> None:
    """Greet without extensions (RFC 5321, 4.1.1.1)."""
    await _greet(talk, name, is_extended=False)


@verb("EHLO <name>")
async def ehlo(talk: Conversation, name: str) -> None:
    """Greet, and tell what is offered."""
    await _greet(talk, name, is_extended=True)


@verb("LHLO <name>")
async def lhlo(talk: Conversation, name: str) -> None:
    """The same for LMTP (RFC 2033, 4.1)."""
    await _greet(talk, name, is_extended=True)


async def _greet(talk: Conversation, name: str, *, is_extended: bool) -> None:
    if talk.is_lmtp != (talk.verb == "LHLO"):
        wanted = "LHLO" if talk.is_lmtp else "EHLO"
        await talk.reply(f"500 5.5.1 Command not recognized here; say {wanted}")
        return
    if not name:
        await talk.reply(f"501 5.5.4 Syntax: {VERBS[talk.verb].syntax}")
        return
    talk.envelope = None
    talk.helo = name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    talk.is_extended = is_extended
    if not is_extended:
        await talk.reply(f"250 {talk.house.domain}")
        return
    first, *rest = talk.house.domain, *keywords(talk)
    last = rest.pop() if rest else None
    if last is None:
        await talk.reply(f"250 {first}")
    else:
        await talk.reply(first, *rest, f"250 {last}")


@verb("STARTTLS", keyword="STARTTLS")
async def starttls(talk: Conversation, argument: str) -> None:
    """Turn TLS on (RFC 3207); what was pipelined behind it is discarded."""
    if argument:
        await talk.reply("501 5.5.4 Syntax: STARTTLS")
    elif talk.wire.is_secure:
        await talk.reply("503 5.5.1 TLS is already on")
    else:
        if (await talk.reply("220 2.0.0 Ready to start TLS")).startswith(b"220"):
            await talk.start_tls()
            talk.forget()


@verb("NOOP [anything]")
async def noop(talk: Conversation, argument: str) -> None:
    """Nothing, done."""
    await talk.reply("250 2.0.0 Ok")


@verb("QUIT")
async def quit_(talk: Conversation, argument: str) -> None:
    """A farewell."""
    talk.leave()
    await talk.reply("221 2.0.0 Bye")


@verb("HELP [command]")
async def help_(talk: Conversation, name: str) -> None:
    """List the commands, or give the syntax of one."""
    hidden = {"HELO", "EHLO"} if talk.is_lmtp else {"LHLO"}
    hidden |= {"STARTTLS"} if talk.wire.is_secure else set()
    withdrawn = talk.house.withdraw
    known = {
        name: each
        for name, each in VERBS.items()
        if name not in hidden and each.keyword not in withdrawn
    }
    if not name:
        await talk.reply(f"214 2.0.0 Commands: {' '.join(sorted(known))}")
    elif name.upper() in known:
        await talk.reply(f"214 2.0.0 Syntax: {known[name.upper()].syntax}")
    else:
        await talk.reply("504 5.5.4 No such command; HELP alone lists them")


@verb("VRFY <address>", keyword="VRFY")
async def vrfy(talk: Conversation, argument: str) -> None:
    """Say what RCPT would, for mailboxes here (RFC 5321, 3.5)."""
    if not argument:
        await talk.reply("501 5.5.4 Syntax: VRFY <address>")
        return
    try:
        address = parse_address(argument, is_utf8=False)
    except NoPath as error:
        await talk.reply(error.reply)
        return
    full = address if "@" in address else f"{address}@{talk.house.domain}"
    if not talk.house.is_local(full):
        await talk.reply("252 2.0.0 Not a mailbox here, RCPT tells whether it is accepted")
        return
    verdict = talk.house.recipient(full, user=None)
    await talk.reply(f"250 2.1.5 <{full}>" if verdict.is_accepted else verdict.reply)


@verb("EXPN <list>", keyword="EXPN")
async def expn(talk: Conversation, name: str) -> None:
    """Tell who is behind an alias (RFC 5321, 3.5)."""
    local = name.strip("<>").partition("@")[0].lower()
    if not name:
        await talk.reply("501 5.5.4 Syntax: EXPN <list>")
    elif local not in talk.house.aliases:
        await talk.reply("550 5.1.1 No such list here")
    else:
        members = [f"2.1.5 <{each}@{talk.house.domain}>" for each in talk.house.expanded(local)]
        await talk.reply(*members[:-1], f"250 {members[-1]}")


@verb("ETRN <domain>", needs_hello=True, keyword="ETRN")
async def etrn(talk: Conversation, name: str) -> None:
    """Nothing waits here for anybody (RFC 1985, 5)."""
    if talk.envelope is not None:
        await talk.reply("503 5.5.1 ETRN is not possible during a mail transaction")
    elif not name or " " in name:
        await talk.reply("501 5.5.4 Syntax: ETRN <domain>")
    elif name.lstrip("@#").lower() == talk.house.domain:
        await talk.reply(f"251 2.0.0 No messages are waiting for {name}")
    else:
        await talk.reply(f"459 4.7.1 Node {name} is not allowed: it is not of this house")


@verb("XCLIENT <name=value> ...", needs_hello=True, keyword="XCLIENT")
async def xclient(talk: Conversation, argument: str) -> None:
    """Take the client for another one, as it says; Postfix's XCLIENT."""
    pairs = dict(word.upper().partition("=")[::2] for word in argument.split())
    values = dict(word.partition("=")[::2] for word in argument.split())
    values = {name.upper(): value for name, value in values.items()}
    if talk.envelope is not None:
        await talk.reply("503 5.5.1 XCLIENT is not possible during a mail transaction")
        return
    if not pairs or not set(pairs) <= set(XCLIENT.split()):
        await talk.reply(f"501 5.5.4 Syntax: XCLIENT with some of {XCLIENT}")
        return
    address = values.get("ADDR", "").removeprefix("IPV6:").removeprefix("IPv6:")
    try:
        if address and not address.startswith("["):
            ipaddress.ip_address(address)
    except ValueError:
        await talk.reply(f"501 5.5.4 Bad address {address}")
        return
    talk.forget()
    talk.user = values.get("LOGIN") or None
    if address and not address.startswith("["):
        shown = f"[{address}]" if ":" in address else address
        talk.peer = f"{shown}:{values.get('PORT', '0')}"
    await talk.reply(talk.greeting, why="XCLIENT")
