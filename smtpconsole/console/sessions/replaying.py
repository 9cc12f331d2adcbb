"""A session done again on another server, as far as a person allows."""

from __future__ import annotations

from smtpconsole.console import commands
from smtpconsole.console.agreeing import agrees
from smtpconsole.console.answers import ConsoleError
from smtpconsole.console.console import Console
from smtpconsole.console.sessions.recordings import spoken
from smtpconsole.smtp import exchanges, sasl
from smtpconsole.smtp.errors import Disconnected
from smtpconsole.smtp.events import Phase, Target
from smtpconsole.transcript.dialogue import Talk
from smtpconsole.transcript.journal import Journal
from smtpconsole.transcript.replaying import (
    Batch,
    NotReplayable,
    Outline,
    outline,
    plan,
    said_again,
)
from smtpconsole.transcript.steps import Close, Connect, Login, StartTls, Step
from smtpconsole.transcript.turns import Turn, turns

_MOST = 5  # recipients that are named in the question


async def replay(
    console: Console,
    recorded: Journal,
    target: Target | None,
    *,
    user: str = "",
    is_sure: bool = False,
) -> list[Turn]:
    """Do again what a client did, as another user if one is named; the turns of it.

    ConsoleError if something cannot be done again; what was done until then is in the journal.
    """
    talks = spoken(recorded)
    plans = [_planned(talk) for talk in talks]
    begin = len(console.journal)
    for talk, steps in zip(talks, plans, strict=True):
        where = target or talk.target
        if where is None:
            raise ConsoleError("the transcript does not tell which server it was", "name a server")
        await console.connect(where)
        if not is_sure:
            await _ask(console, outline(talk), where)
        try:
            await _perform(console, steps, user)
        finally:
            await console.disconnect()
    return [turn for turn in turns(console.journal) if turn.number >= begin]


def _planned(talk: Talk) -> list[Step | Batch]:
    try:
        return plan(talk)
    except NotReplayable as error:
        raise ConsoleError(
            f"it cannot be done again: {error}", "take a transcript that shows message content"
        ) from error


async def _ask(console: Console, what: Outline, where: Target) -> None:
    """Mail goes to people only by a person's word."""
    if not what.messages or console.is_loopback():
        return
    people = ", ".join(what.recipients[:_MOST])
    if len(what.recipients) > _MOST:
        people += f" and {len(what.recipients) - _MOST} more"
    count = "a message" if what.messages == 1 else f"{what.messages} messages"
    question = f"This sends {count} to {people} through {where}. Go on?"
    if not await agrees(console.front, question):
        raise ConsoleError("nothing was sent")


async def _perform(console: Console, steps: list[Step | Batch], user: str) -> None:
    for step in steps:
        if console.phase in (None, Phase.CLOSED):
            return  # the server wanted it so; a comparison tells
        match step:
            case StartTls(is_secure=is_secure):
                await _start_tls(console, was_secure=is_secure)
            case Login():
                await _log_in(console, step, user)
            case Batch():
                await _say(console, step)
            case Close():
                await console.disconnect()
            case Connect():
                continue


async def _start_tls(console: Console, *, was_secure: bool) -> None:
    reply = await console.run(exchanges.start_tls())
    if was_secure and reply.code != 220:
        raise ConsoleError(
            f"the server does not turn TLS on: {reply}",
            "what was said under TLS is not said in the clear; the replay ends here",
        )


async def _log_in(console: Console, step: Login, user: str) -> None:
    """The log-in anew: challenges are never the same twice."""
    user = user or step.user or ""
    words = [user] if user else []
    if step.mechanism in sasl.MECHANISMS and step.mechanism in console.mechanisms:
        words += ["--mechanism", step.mechanism]
    try:
        await commands.find("login")(console, tuple(words))
    except ConsoleError:
        last = console.connected().session.last_reply
        was_refused = step.code is not None and step.code // 100 != 2
        if not was_refused or last is None or not last.is_negative:
            raise


async def _say(console: Console, batch: Batch) -> None:
    connection = console.connected()
    await console.may_trust()
    try:
        await console.run(said_again(batch, lmtp=connection.session.lmtp))
    except NotReplayable as error:
        connection.abort()
        raise ConsoleError(f"the replay ends here: {error}") from error
    except Disconnected:
        return  # it is in the journal
