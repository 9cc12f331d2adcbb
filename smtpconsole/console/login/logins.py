"""Logging in on a person's behalf: what to ask, what to try, and what came of it.

The careful policy holds: a password that was refused is not said again, and none goes in the
clear without the person's word.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from smtpconsole import knowledge
from smtpconsole.console.agreeing import agrees
from smtpconsole.console.answers import Answer, ConsoleError
from smtpconsole.console.console import Console
from smtpconsole.console.login import workbench
from smtpconsole.console.login.passwords import Source, netrc_entry
from smtpconsole.net.connection import Connection
from smtpconsole.net.surroundings import channel
from smtpconsole.smtp import exchanges
from smtpconsole.smtp.login import SAFE, Attempt, attempt, candidates, login
from smtpconsole.smtp.sasl import (
    MECHANISMS,
    Channel,
    Credentials,
    Failure,
    Mechanism,
    Need,
    credentials,
    usable,
)
from smtpconsole.smtp.sasl.tokens import expiry

# By the person's word, or because nobody can listen.
ALLOWED = replace(SAFE, allow_cleartext=True)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person has said of how to log in."""

    mechanism: str = ""
    user: str = ""
    secret: str = ""
    authzid: str = ""
    is_token: bool = False
    source: Source = field(default_factory=Source)
    binding: str = ""
    initial: bool = True

    @property
    def need(self) -> Need:
        """What the secret is; the mechanism, if one is named, knows better."""
        known = MECHANISMS.get(self.mechanism)
        if known is not None:
            return known.needs
        return "token" if self.is_token else "password"


async def log_in(console: Console, wish: Wish) -> None:
    """Log in, and tell what came of it; ConsoleError if nobody is logged in."""
    wish = _by_profile(console, wish)
    connection = await console.introduced()
    offered = connection.session.capabilities.mechanisms
    wish = await _with_mechanism(console, wish, offered)
    if not wish.mechanism:
        _check_offer(wish.need, offered)
    await console.may_send_secrets()
    who = await _credentials(console, wish, channel(connection))
    if wish.mechanism:
        chosen = MECHANISMS[wish.mechanism]
        attempts = [await console.run(attempt(chosen, who, initial=wish.initial))]
    else:
        is_secure = connection.session.is_secure
        ways = candidates(who, offered, is_secure=is_secure, policy=ALLOWED)
        attempts = await console.run(login(ways, who, policy=ALLOWED))
    _tell(console, who, attempts)


def _by_profile(console: Console, wish: Wish) -> Wish:
    """The wish with what a profile says of who logs in, and where the password is."""
    if console.profile is None or wish.secret or wish.source.is_given:
        return wish
    is_needed = wish.need != "nothing"
    user = wish.user or (console.known_user if is_needed else "")
    return replace(wish, user=user, source=console.profile.source)


# --- asking -----------------------------------------------------------------------------------


async def _with_mechanism(console: Console, wish: Wish, offered: tuple[str, ...]) -> Wish:
    """The wish with a mechanism that is known; asked for where nothing at all was said."""
    name = wish.mechanism
    ways = usable(offered, is_secure=console.connected().session.is_secure)
    is_open = not (name or wish.user or wish.is_token or wish.source.is_given)
    if is_open and len([each for each in offered if each in MECHANISMS]) > 1:
        console.front.show(offer(offered))
        first = ways[0].name if ways else ""
        hint = f" (just Enter: {first})" if first else ""
        name = (await console.front.ask(f"Mechanism{hint}:")).strip().upper()
    if name and name not in MECHANISMS:
        raise ConsoleError(
            f"{name} is not known here",
            f"known are {', '.join(MECHANISMS)}",
            "AUTH can be typed by hand all the same",
        )
    return replace(wish, mechanism=name)


def offer(offered: tuple[str, ...]) -> Answer:
    """What there is to log in by."""
    width = max(map(len, offered), default=0)
    lines = []
    for name in offered:
        known = knowledge.mechanism(name)
        told = known.sentence.partition(". ")[0].rstrip(".") if known is not None else ""
        unknown = "" if name in MECHANISMS else " (not known here: type AUTH by hand)"
        lines.append(f"{name:{width}}  {told}{unknown}".rstrip())
    count = len(offered)
    return Answer(
        f"the server offers {count} way{'s' if count != 1 else ''} to log in", tuple(lines)
    )


def _check_offer(need: Need, offered: tuple[str, ...]) -> None:
    """ConsoleError where no mechanism fits."""
    if usable(offered, need=need):
        return
    if offered:
        raise ConsoleError(
            f"the server offers {', '.join(offered)}; none of it takes a {need} that is known here",
            "AUTH can be typed by hand",
            next=tuple(f"/login {name}" for name in offered if name in MECHANISMS)[:3],
        )
    raise ConsoleError(
        "the server does not offer AUTH; nothing was sent",
        "many servers offer it only under TLS, or on port 587",
        next=("/starttls", "/login PLAIN"),
    )


async def _credentials(console: Console, wish: Wish, around: Channel) -> Credentials:
    """Who logs in with what, as far as the mechanism needs it."""
    around = _bound(around, wish.binding)
    if wish.need == "nothing":
        if wish.mechanism == "EXTERNAL":
            return credentials("", authzid=wish.authzid or wish.user, channel=around)
        return credentials(wish.user or "anonymous", channel=around)
    user = wish.user
    if not user and wish.source.from_netrc:
        user = netrc_entry(around.host)[0]
    user = user or await _asked_user(console)
    if not user:
        raise ConsoleError("nobody to log in as; nothing was sent")
    secret = wish.secret
    if not secret and wish.source.is_given:
        secret = await wish.source.secret(around.host, user)
    if not secret:
        secret = await console.front.ask(_question(console, user, wish.need), secret=True)
    console.journal.redactor.learn(secret.encode("utf-8", "surrogateescape"))
    octets = secret.encode("utf-8", "surrogateescape")
    is_token = wish.need == "token"
    return credentials(
        user.encode("utf-8", "surrogateescape"),
        b"" if is_token else octets,
        authzid=wish.authzid,
        token=octets if is_token else b"",
        channel=around,
    )


async def _asked_user(console: Console) -> str:
    known = console.known_user
    hint = f" (just Enter: {known})" if known else ""
    return (await console.front.ask(f"User{hint}:")).strip() or known


def _question(console: Console, user: str, need: Need) -> str:
    if need == "token":
        return f"Access token of {user}:"
    known = console.suggestions
    if known.password and user == known.user:  # the sandbox's, which protects nothing
        return f"Password of {user} (in this sandbox it is {known.password}):"
    return f"Password of {user}:"


def _bound(around: Channel, binding: str) -> Channel:
    """The channel with the one binding that is wished for."""
    find = around.bindings
    if not binding or find is None:
        return around

    def chosen() -> Mapping[str, bytes]:
        return {kind: octets for kind, octets in find().items() if kind == binding}

    return replace(around, bindings=chosen)


# --- telling ----------------------------------------------------------------------------------


def _tell(console: Console, who: Credentials, attempts: list[Attempt]) -> None:
    last = attempts[-1]
    session = console.connection.session if console.connection is not None else None
    name = who.user.decode("utf-8", "surrogateescape")
    if last.is_logged_in and session is not None:
        name = name or session.identity or "somebody"
    name = name or who.authzid.decode("utf-8", "surrogateescape") or "whoever the certificate names"
    before = tuple(f"{each.mechanism}: {each.words}" for each in attempts[:-1])
    said = workbench.dialogues(console.journal)
    lines = said[-1].lines if said and last.reply is not None else ()
    if last.is_logged_in:
        told = f"the server had not offered {last.mechanism}, and took it all the same"
        remarks = () if last.mechanism in console.mechanisms else (told,)
        console.front.show(Answer(last.sentence(name), (*before, *remarks, *lines)))
        return
    hints = [*before, last.advice, *_remarks(console, last, who)]
    raise ConsoleError(last.sentence(name), *hints, *lines, next=_next(console, last, name))


def _remarks(console: Console, last: Attempt, who: Credentials) -> list[str]:
    """What else may have to do with it."""
    remarks = []
    ends = expiry(who.token) if who.token else None
    if ends is not None and ends < time.time():
        remarks.append(f"the token expired {_ago(time.time() - ends)} ago")
    if _others(console, last):
        remarks.append(f"{last.mechanism} was used; the others were not tried")
    return remarks


def _ago(seconds: float) -> str:
    for size, unit in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} seconds"


def _others(console: Console, last: Attempt) -> list[Mechanism]:
    need = MECHANISMS[last.mechanism].needs
    return [each for each in usable(console.mechanisms, need=need) if each.name != last.mechanism]


def _next(console: Console, last: Attempt, name: str) -> tuple[str, ...]:
    """Lines to enter, by what went wrong."""
    reply = last.reply
    known = reply is not None and reply.code not in (235, 334)
    why = f"?{reply.code} {reply.enhanced or ''}".strip() if reply is not None and known else ""
    others = [f"/login {each.name} {name}" for each in _others(console, last)]
    by_failure: dict[Failure, list[str]] = {
        Failure.CREDENTIALS: [why, f"/login {name}"],
        Failure.MECHANISM: [*others[:2], why],
        Failure.ENCRYPTION: ["/starttls", why],
        Failure.POLICY: [why],
        Failure.TEMPORARY: [why, f"/login {name}"],
        Failure.UNPROVEN: ["/tls", "/close"],
        Failure.PROTOCOL: [*others[:2], why],
        Failure.UNUSABLE: others[:2],
    }
    assert last.failure is not None
    return tuple(line for line in by_failure[last.failure] if line)


# --- trying all -------------------------------------------------------------------------------


async def try_all(console: Console, wish: Wish) -> None:
    """Try every mechanism that the server offers, each on a connection of its own."""
    connection = await console.introduced()
    offered = connection.session.capabilities.mechanisms
    if not offered:
        _check_offer("password", offered)
    await console.may_send_secrets()
    question = (
        f"{len(offered)} mechanisms will be tried, each on a new connection; if the secret is "
        "wrong, that many failures may lock the account. Go on?"
    )
    if not await agrees(console.front, question):
        raise ConsoleError("nothing was sent")
    asked = replace(wish, mechanism="XOAUTH2" if wish.is_token else "PLAIN")
    who = await _credentials(console, asked, channel(connection))
    was_secure = connection.session.is_secure
    rows = []
    for name in offered:
        rows.append((name, *await _tried(console, name, who, was_secure=was_secure)))
    width = max(len(name) for name, _, _ in rows)
    lines = tuple(f"{name:{width}}  {kind:17}  {words}".rstrip() for name, kind, words in rows)
    count = sum(kind == "logged in" for _, kind, _ in rows)
    user = who.user.decode("utf-8", "replace")
    title = f"{count} of {len(rows)} mechanisms let {user} in"
    console.front.show(Answer(title, lines, is_trouble=not count))


async def _tried(
    console: Console, name: str, who: Credentials, *, was_secure: bool
) -> tuple[str, str]:
    """Of what kind the outcome of one mechanism is, and the reason."""
    mechanism = MECHANISMS.get(name)
    if mechanism is None:
        return "not tried", "not known here"
    if mechanism.needs != "nothing" and (mechanism.needs == "token") != bool(who.token):
        return "not tried", f"it needs a {mechanism.needs}"
    connection = await _anew(console, is_secure=was_secure)
    own = replace(who, user=b"") if mechanism.needs == "nothing" else who
    made = await console.run(attempt(mechanism, replace(own, channel=channel(connection))))
    if made.failure is None:
        return "logged in", ""
    return made.failure.value, made.words


async def _anew(console: Console, *, is_secure: bool) -> Connection:
    """Another connection to the same server, as far as the one before had come."""
    assert console.target is not None
    await console.connect(console.target)
    connection = await console.introduced()
    if is_secure and not connection.session.is_secure:
        await console.run(exchanges.start_tls())
        connection = await console.introduced()
        await console.may_send_secrets()
    return connection
