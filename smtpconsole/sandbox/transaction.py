"""MAIL, RCPT, DATA, BDAT, RSET: a message comes in, and is kept (RFC 5321, 3.3; RFC 3030)."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

from smtpconsole.sandbox import dsn
from smtpconsole.sandbox.conversation import VERBS, Conversation, Envelope, Recipient, verb
from smtpconsole.sandbox.mailbox import Letter
from smtpconsole.sandbox.paths import NoPath, checked, parse_parameters, parse_path
from smtpconsole.smtp import xtext

_PIECE = 16 * 1024
_GO_ON = "354 End data with <CR><LF>.<CR><LF>"
_NOTIFY = {"SUCCESS", "FAILURE", "DELAY"}


@verb("MAIL FROM:<address> [parameters]", needs_hello=True)
async def mail(talk: Conversation, argument: str) -> None:
    """Begin a transaction."""
    syntax = VERBS["MAIL"].syntax
    if talk.envelope is not None:
        await talk.reply("503 5.5.1 Nested MAIL; RSET ends the transaction before")
    elif argument[:5].upper() != "FROM:":
        await talk.reply(f"501 5.5.4 Syntax: {syntax}")
    elif talk.house.messages and talk.messages >= talk.house.messages:
        await talk.reply("421 4.7.0 That was the last message of this connection")
        talk.leave()
    else:
        try:
            talk.envelope = _envelope(talk, argument[5:], syntax)
        except NoPath as error:
            await talk.reply(error.reply)
        else:
            if not await _is_positive(talk, "250 2.1.0 Ok"):
                talk.envelope = None


async def _is_positive(talk: Conversation, reply: str, *, why: str = "") -> bool:
    """Reply; false where a fault has made a refusal of it, which is what then counts."""
    return (await talk.reply(reply, why=why)).startswith((b"2", b"3"))


def _envelope(talk: Conversation, text: str, syntax: str) -> Envelope:
    sender, rest = parse_path(text, syntax)
    parameters = parse_parameters(rest)
    if parameters and not talk.is_extended:
        raise NoPath("555 5.5.4 Parameters need EHLO before")
    for name, value in parameters.items():
        check = _MAIL_PARAMETERS.get(name)
        if check is None or check[0] in talk.house.withdraw:
            raise NoPath(f"555 5.5.4 Parameter {name} is not recognized")
        check[1](talk, value)
    is_utf8 = "SMTPUTF8" in parameters
    checked(sender, is_utf8=is_utf8)
    return Envelope(
        sender,
        tuple(rest.split()),
        is_utf8,
        (parameters.get("BODY") or "").upper() == "BINARYMIME",
    )


Check = Callable[[Conversation, str | None], None]


def _check_size(talk: Conversation, value: str | None) -> None:
    if value is None or not value.isascii() or not value.isdecimal() or len(value) > 20:
        raise NoPath("501 5.5.4 Syntax: SIZE=<octets>")
    if int(value) > talk.house.size:
        raise NoPath(f"552 5.3.4 Message of {value} octets is larger than SIZE said")


def _check_body(talk: Conversation, value: str | None) -> None:
    if (value or "").upper() not in ("7BIT", "8BITMIME", "BINARYMIME"):
        raise NoPath("501 5.5.4 BODY is 7BIT, 8BITMIME or BINARYMIME")


def _check_ret(talk: Conversation, value: str | None) -> None:
    if (value or "").upper() not in ("FULL", "HDRS"):
        raise NoPath("501 5.5.4 RET is FULL or HDRS")


def _check_xtext(talk: Conversation, value: str | None) -> None:
    try:
        is_there = bool(xtext.decoded(value or ""))
    except ValueError:
        is_there = False
    if not is_there:
        raise NoPath("501 5.5.4 The value is not encoded as xtext (RFC 3461, 4)")


def _check_none(talk: Conversation, value: str | None) -> None:
    if value is not None:
        raise NoPath("501 5.5.4 The parameter takes no value")


def _check_requiretls(talk: Conversation, value: str | None) -> None:
    _check_none(talk, value)
    if not talk.wire.is_secure:
        raise NoPath("555 5.5.4 Parameter REQUIRETLS needs TLS")


_MAIL_PARAMETERS: dict[str, tuple[str, Check]] = {  # the keyword that offers it, and its check
    "SIZE": ("SIZE", _check_size),
    "BODY": ("8BITMIME", _check_body),
    "SMTPUTF8": ("SMTPUTF8", _check_none),
    "RET": ("DSN", _check_ret),
    "ENVID": ("DSN", _check_xtext),
    "AUTH": ("AUTH", _check_xtext),
    "REQUIRETLS": ("REQUIRETLS", _check_requiretls),
}


@verb("RCPT TO:<address> [parameters]", needs_hello=True)
async def rcpt(talk: Conversation, argument: str) -> None:
    """Name a recipient; the house rules say whether it is taken."""
    envelope, syntax = talk.envelope, VERBS["RCPT"].syntax
    if envelope is None:
        await talk.reply("503 5.5.1 MAIL first")
    elif argument[:3].upper() != "TO:":
        await talk.reply(f"501 5.5.4 Syntax: {syntax}")
    elif len(envelope.recipients) >= talk.house.recipients:
        await talk.reply("452 4.5.3 Too many recipients")
    else:
        try:
            address, rest = parse_path(argument[3:], syntax)
            _check_rcpt(talk, parse_parameters(rest))
            checked(address, is_utf8=envelope.is_utf8)
        except NoPath as error:
            await talk.reply(error.reply)
            return
        await _decide(talk, envelope, address, tuple(rest.split()))


def _check_rcpt(talk: Conversation, parameters: dict[str, str | None]) -> None:
    for name, value in parameters.items():
        if name not in ("NOTIFY", "ORCPT") or "DSN" in talk.house.withdraw or not talk.is_extended:
            raise NoPath(f"555 5.5.4 Parameter {name} is not recognized")
        words = set((value or "").upper().split(","))
        if name == "NOTIFY" and words != {"NEVER"} and not (words and words <= _NOTIFY):
            raise NoPath("501 5.5.4 NOTIFY is NEVER, or some of SUCCESS, FAILURE and DELAY")
        if name == "ORCPT":
            kind, _, original = (value or "").partition(";")
            if not kind or not original:
                raise NoPath("501 5.5.4 ORCPT is a type, a semicolon and an address in xtext")


async def _decide(
    talk: Conversation, envelope: Envelope, address: str, options: tuple[str, ...]
) -> None:
    verdict = talk.house.recipient(address, user=talk.user)
    if verdict.is_accepted and (wait := _greylisted(talk, envelope.sender, address)):
        why = f"greylisted: this sender is new, {wait:.0f} s are left"
        await talk.reply("450 4.7.1 Greylisted, try again later", why=why)
        return
    if verdict.is_accepted:
        talk.note(f"accepted <{address}>", verdict.why)
    if await _is_positive(talk, verdict.reply, why=verdict.why):
        envelope.recipients.append(Recipient(address, verdict.mailboxes, options))


def _greylisted(talk: Conversation, sender: str, address: str) -> float:
    """Seconds that are left to wait; 0 for who may pass (RFC 6647)."""
    if not talk.house.greylist or talk.user is not None:
        return 0
    key = (talk.peer.rpartition(":")[0], sender.lower(), address.lower())
    seen = talk.shared.greylisted
    if len(seen) > 10_000:
        seen.clear()
    first = seen.setdefault(key, time.monotonic())
    return max(0.0, first + talk.house.greylist - time.monotonic())


@verb("RSET")
async def rset(talk: Conversation, argument: str) -> None:
    """Forget the transaction."""
    if argument:
        await talk.reply("501 5.5.4 Syntax: RSET")
        return
    talk.envelope = None
    await talk.reply("250 2.0.0 Ok")


@verb("DATA", needs_hello=True)
async def data(talk: Conversation, argument: str) -> None:
    """Take the content up to the lone dot, and keep the letter."""
    envelope = talk.envelope
    if argument:
        await talk.reply("501 5.5.4 Syntax: DATA")
    elif envelope is None or not envelope.recipients:
        if envelope is None or not _may_do_without(talk):
            await talk.reply("503 5.5.1 No recipient accepted, RCPT first")
            return
        if await _is_positive(talk, _GO_ON):
            await _content(talk)
            await talk.reply("554 5.5.1 No recipients", at="end")
        talk.envelope = None
    elif envelope.is_binary or envelope.chunks is not None:
        await talk.reply("503 5.5.1 BDAT has begun, or BODY=BINARYMIME needs it")
    elif await _is_positive(talk, _GO_ON):
        content = await _content(talk)
        await _finish(talk, envelope, content)


def _may_do_without(talk: Conversation) -> bool:
    return any(fault.name == "rcpt-none-but-354" for fault in talk.shared.faults.on)


async def _content(talk: Conversation) -> bytes | None:
    """The content up to the lone dot, dots unstuffed; None if it was too much."""
    content = bytearray()
    fits = at_line_start = True
    faults = talk.due("content")
    lax = next((fault for fault in faults if fault.lax), None)
    taken = 0
    while True:
        piece, is_whole = await talk.wire.until(b"\n" if lax else b"\r\n", _PIECE)
        taken += len(piece)
        for fault in faults:
            if fault is not lax and taken >= fault.octets:
                await talk.commit(fault, fault.changed(b""))
        if at_line_start and piece in (b".\r\n", b".\n"):
            if lax and not (b"\r\n" + content + piece).endswith(b"\r\n.\r\n"):
                talk.note(f"fault {lax.name}", lax.title)
            return bytes(content) if fits else None
        if at_line_start and piece.startswith(b"."):
            piece = piece[1:]
        at_line_start = is_whole
        fits = fits and len(content) + len(piece) <= talk.house.size
        if fits:
            content += piece
        else:
            content.clear()


@verb("BDAT <octets> [LAST]", needs_hello=True, keyword="CHUNKING")
async def bdat(talk: Conversation, argument: str) -> None:
    """Take a chunk; the octets are read also where it is refused (RFC 3030, 2)."""
    size, _, last = argument.partition(" ")
    if (
        not size.isascii()
        or not size.isdecimal()
        or len(size) > 12
        or last.upper() not in ("", "LAST")
    ):
        await talk.reply("501 5.5.4 Syntax: BDAT <octets> [LAST]")
        talk.leave()  # nobody knows how many octets follow
        return
    envelope = talk.envelope
    if envelope is not None and envelope.chunks is None:
        envelope.chunks = bytearray()
    await _take_chunk(talk, envelope, int(size))
    if envelope is None or not envelope.recipients:
        talk.envelope = None
        await talk.reply("503 5.5.1 No recipient accepted, RCPT first")
    elif last:
        assert envelope.chunks is not None
        await _finish(talk, envelope, None if envelope.is_too_large else bytes(envelope.chunks))
    elif envelope.is_too_large:
        await talk.reply("552 5.3.4 Message is larger than SIZE said")
    else:
        await talk.reply(f"250 2.0.0 {size} octets received")


async def _take_chunk(talk: Conversation, envelope: Envelope | None, left: int) -> None:
    while left:
        piece = await talk.wire.some(min(left, _PIECE))
        left -= len(piece)
        if envelope is None or envelope.chunks is None or envelope.is_too_large:
            continue
        if len(envelope.chunks) + len(piece) > talk.house.size:
            envelope.is_too_large = True
            envelope.chunks.clear()
        else:
            envelope.chunks += piece


async def _finish(talk: Conversation, envelope: Envelope, content: bytes | None) -> None:
    """Keep the message, or say why not; LMTP has a reply for each recipient (RFC 2033, 4.2)."""
    talk.envelope = None
    talk.messages += 1
    letter: Letter | None = None
    if content is None:
        replies = ["552 5.3.4 Message is larger than SIZE said"] * len(envelope.recipients)
    else:
        letter, replies = _kept(talk, envelope, content)
    if not talk.is_lmtp:
        good = next((reply for reply in replies if reply.startswith("2")), replies[0])
        said = await talk.reply(good, at="end")
        if letter is not None and said.startswith((b"4", b"5")):  # a fault has refused it
            talk.shared.mailbox.delete(letter.number)
        return
    for recipient, reply in zip(envelope.recipients, replies, strict=True):
        code, enhanced, words = reply.split(" ", 2)
        await talk.reply(f"{code} {enhanced} <{recipient.address}> {words}", at="end")


def _kept(
    talk: Conversation, envelope: Envelope, content: bytes
) -> tuple[Letter | None, list[str]]:
    """Put the letter into the mailbox; it, if there is room, and the reply for each recipient."""
    over = [each for each in envelope.recipients if _is_over_quota(talk, each, content)]
    taken = [each for each in envelope.recipients if each not in over]
    letter = None
    if taken:
        letter = talk.shared.mailbox.keep(_letter(talk, envelope, taken, content))
        about = f"letter {letter.number}"
        talk.note(f"kept as {letter.number}", f"{len(content):,} octets", about=about)
        for report in dsn.reports(talk.house, letter):
            number = talk.shared.mailbox.keep(report).number
            talk.note(f"reported as {number}", "NOTIFY=SUCCESS", about=f"letter {number}")
    for recipient in over:
        talk.note(f"refused <{recipient.address}>", "its quota is used up")
    good = f"250 2.0.0 Ok: kept as {letter.number}" if letter is not None else ""
    bad = "552 5.2.2 Quota exceeded"
    return letter, [bad if recipient in over else good for recipient in envelope.recipients]


def _is_over_quota(talk: Conversation, recipient: Recipient, content: bytes) -> bool:
    for name in recipient.mailboxes:
        limit = talk.house.quota.get(name)
        if limit is not None:
            used = talk.shared.mailbox.used(name)
            if used + len(content) > limit:
                return True
    return False


def _letter(
    talk: Conversation, envelope: Envelope, taken: list[Recipient], content: bytes
) -> Letter:
    return Letter(
        received=datetime.now(UTC),
        peer=talk.peer,
        helo=talk.helo,
        tls=talk.wire.is_secure,
        user=talk.user,
        sender=envelope.sender,
        recipients=tuple(each.address for each in taken),
        content=content,
        mail_options=envelope.options,
        rcpt_options=tuple(each.options for each in taken),
        mailboxes=tuple(name for each in taken for name in each.mailboxes),
        relayed=not all(talk.house.is_local(each.address) for each in taken),
    )
