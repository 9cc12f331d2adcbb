"""What a plan would do, told without doing it; and what came of it, for programs."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from smtpconsole.console.answers import Answer
from smtpconsole.console.composing.results import Results
from smtpconsole.console.headless import PASSWORD
from smtpconsole.console.settings import Settings
from smtpconsole.console.submission.plan import Plan
from smtpconsole.smtp import parameters
from smtpconsole.transcript.formats import exported

if TYPE_CHECKING:
    from smtpconsole.console.submission.running import Submission

KEY = "smtpconsole send"
VERSION = 1


def dumped(plan: Plan, octets: int | None) -> Iterator[str]:
    """The plan by what it concerns; no secret is in it."""
    for title, rows in _sections(plan, octets):
        if rows:
            yield f"{title}:"
            width = max(len(name) for name, _ in rows)
            yield from (f"  {name:{width}}  {value}".rstrip() for name, value in rows)


def _sections(plan: Plan, octets: int | None) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    settings, how, draft = plan.settings, plan.how, plan.draft
    changed = [
        (each.name.replace("_", "-"), settings.shown(each.name.replace("_", "-")))
        for each in fields(Settings)
        if getattr(settings, each.name) != getattr(Settings(), each.name) or each.name == "name"
    ]
    stops = (
        ("quit", plan.quit_after),
        ("drop", plan.drop_after),
        ("drop at", plan.drop_after_send),
    )
    yield "Server", [("target", plan.target.written), *changed]
    yield (
        "Session",
        [
            ("hello", f"{plan.hello} {settings.name}"),
            *((f"{name} after", stage) for name, stage in stops if stage),
            *(("XCLIENT", words) for words in plan.xclient),
            ("pipelining", "where it is offered" if how.pipelining else "no"),
            ("messages", str(plan.count)),
        ],
    )
    tls = "from the first octet" if plan.target.implicit_tls else f"STARTTLS: {plan.tls}"
    yield "TLS", [("use", tls), *([("insecure", "yes")] if plan.is_insecure else [])]
    if plan.login.need != "none":
        yield "Login", list(_login(plan))
    if plan.sends("MAIL"):
        wished = parameters.spelled(parameters.MAIL, _of(parameters.MAIL, how.wishes))
        each = parameters.spelled(parameters.RCPT, _of(parameters.RCPT, how.wishes))
        yield (
            "Envelope",
            [
                ("from", f"<{draft.sender}>"),
                *(("to", f"<{who}>") for who in draft.recipients[:20]),
                *([("to", f"{len(draft.recipients)} in all")] if draft.recipients[20:] else []),
                ("parameters", " ".join([*wished, *how.mail_parameters]) or "-"),
                ("of RCPT", " ".join([*each, *how.rcpt_parameters]) or "-"),
            ],
        )
        told = f"{octets:,} octets" if octets is not None else "-"
        yield "Message", [("size", told), ("by", "BDAT" if how.chunking else "DATA")]


def _login(plan: Plan) -> Iterator[tuple[str, str]]:
    wish = plan.login.wish
    yield "need", plan.login.need
    yield "mechanisms", ", ".join(plan.login.mechanisms) or "whatever is offered, the strongest"
    yield "user", wish.user or "asked for"
    is_told = PASSWORD in os.environ and not wish.source.is_given
    yield "secret", f"the variable {PASSWORD}" if is_told else str(wish.source)


def _of(table: Sequence[parameters.Parameter], wishes: Any) -> dict[str, Any]:
    names = {each.name for each in table}
    return {name: value for name, value in wishes.items() if name in names}


def document(done: Submission, troubles: Sequence[Answer]) -> dict[str, Any]:
    """What came of it, with the transcript."""
    results = done.results
    return {
        KEY: VERSION,
        "exit": done.exit,
        "stage": done.ended_at,
        "delivered": bool(results) and all(each.is_delivered for each in results),
        "in_doubt": done.is_in_doubt,  # a message may arrive twice, if it is sent again
        "messages": [_message(each) for each in results],
        "troubles": [[each.title, *each.lines] for each in troubles],
        "transcript": json.loads(exported(done.console.journal, "json")),
    }


def _message(results: Results) -> dict[str, Any]:
    return {
        "recipients": [
            {
                "recipient": row.recipient,
                "outcome": row.outcome,
                "code": row.reply.code if row.reply is not None else None,
                "enhanced": row.reply.enhanced if row.reply is not None else None,
                "text": row.reply.text if row.reply is not None else None,
                "meaning": row.meaning,
            }
            for row in results.rows
        ],
        "queued": [
            {
                "id": each.id,
                "server": each.server,
                "commands": list(each.commands),
                "note": each.note,
            }
            for each in results.queued
        ],
    }
