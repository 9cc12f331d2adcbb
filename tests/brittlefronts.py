"""The console and `smtpconsole send` over links that break, and what a person is told there."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

from brittle import BOB, CAROL, IN_DOUBT, NOT_TAKEN, PATIENCE, TAKEN, At, Deliver, Guarded, Message
from test_console import Person

from smtpconsole.cli.send import command
from smtpconsole.console.console import Console
from smtpconsole.console.settings import Settings
from smtpconsole.console.submission.asking import look
from smtpconsole.console.submission.dump import document
from smtpconsole.console.submission.planning import planned
from smtpconsole.console.submission.printing import Printer
from smtpconsole.console.submission.running import Submission
from smtpconsole.transcript.journal import Journal

TWICE = "sent again, it may arrive twice"
HAS_TAKEN = "the server has taken the message"
_AFTERWARDS = "what it had taken before stays taken"


def by_console(words: str = "", *, patience: float = PATIENCE, tls: bool = False) -> Deliver:
    """A person in the console, who says `/send` with these words."""

    async def deliver(server: Guarded, at: At, messages: list[Message]) -> None:
        person = Person(*["yes"] * 9)
        settings = Settings(
            name="me.example", timeout=patience, remember=False, ca=str(server.ca_file)
        )
        console = Console(person, Journal(), settings=settings)
        lines = ["/connect {}:{}".format(*at), "EHLO me.example"]
        if tls:
            lines += ["/starttls", f"/login {server.user} {server.password}"]
        try:
            for line in lines:
                await console.execute(line)
            await console.execute(f"/recipients {BOB} {CAROL}")
            console.draft = replace(console.draft, sender=server.user, subject=messages[0].number)
            await console.execute(f'/send "{BOB} {CAROL}" {words}'.strip())
            await console.execute("QUIT")
        finally:
            await console.end()
        told = [line for each in person.answers for line in (each.title, *each.lines)]
        messages[0].claim, messages[0].words = claimed("\n".join(told)), "; ".join(told)[-300:]

    return deliver


def by_send(*words: str, scheme: str = "smtp", patience: float = PATIENCE) -> Deliver:
    """`smtpconsole send`, and what it prints for a person or in JSON, which must agree."""

    async def deliver(server: Guarded, at: At, messages: list[Message]) -> None:
        given = ["{}://{}:{}".format(scheme, *at), "--helo", "me.example", "--from", server.user]
        given += ["--to", f"{BOB},{CAROL}", "--subject", messages[0].number]
        given += ["--timeout", f"{patience}s", *(word.format(server=server) for word in words)]
        said: dict[str, Any] = command.make_context("send", given).params
        plan = planned(said.pop("target"), said)
        printed, journal = io.StringIO(), Journal()
        printer = Printer(journal, look(said), printed)
        console = Console(printer, journal, settings=plan.settings)
        console.draft = plan.draft
        submission = Submission(console, plan)
        try:
            await submission.run()
        finally:
            await console.end()
        printer.close()
        text, found = printed.getvalue(), document(submission, printer.troubles)
        messages[0].claim = claimed(text)
        messages[0].words = f"exit {submission.exit}: {text[-300:]}"
        by_program = TAKEN if found["delivered"] else IN_DOUBT if found["in_doubt"] else NOT_TAKEN
        assert by_program == messages[0].claim, text
        assert (submission.exit == 0) <= (by_program == TAKEN), text
        assert "bug in smtpconsole" not in text

    return deliver


def claimed(text: str) -> str:
    """What a person takes from the words."""
    if HAS_TAKEN in text:
        return TAKEN
    return IN_DOUBT if TWICE in text else NOT_TAKEN
