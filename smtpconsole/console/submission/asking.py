"""From the words of the shell to a plan, and from its end to an exit code."""

from __future__ import annotations

import asyncio
import json
import shlex
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, TextIO

from smtpconsole.console.answers import ConsoleError
from smtpconsole.console.filenames import path_of
from smtpconsole.console.submission import stages
from smtpconsole.visible import visible

if TYPE_CHECKING:
    from smtpconsole.console.submission.plan import Plan
    from smtpconsole.console.submission.printing import Look, Printer
    from smtpconsole.console.submission.running import Submission

Said = Mapping[str, Any]


def send(target: str | None, said: Said) -> int:
    """Do what the words say; the exit code.  Every trouble is told on standard error."""
    try:
        with ExitStack() as stack:
            return _sent(target, said, stack)
    except ConsoleError as error:
        for line in (f"Error: {error.text}", *(f"  {hint}" for hint in error.hints)):
            print(visible(line), file=sys.stderr)
        return stages.USAGE
    except KeyboardInterrupt:
        return stages.STOPPED


def _sent(target: str | None, said: Said, stack: ExitStack) -> int:
    from smtpconsole.console.submission.planning import planned

    plan = planned(target, said)
    if said["dump_mail"]:
        sys.stdout.buffer.write(_octets(plan))
        return stages.OK
    if said["dump"]:
        from smtpconsole.console.submission.dump import dumped

        size = len(_octets(plan)) + plan.draft.filler if plan.sends("MAIL") else None
        lines = [*dumped(plan, size), "", f"The same again: {shlex.join(_argv())}"]
        print("\n".join(map(visible, lines)))
        return stages.OK
    if plan.sends("MAIL") and plan.draft.source is None:
        _octets(plan)  # what cannot be written is told before anything is said
    out: TextIO = sys.stdout
    if said["output"]:
        out = stack.enter_context(_opened(said["output"]))
    return _run(plan, look(said), out, as_json=said["format_"] == "json")


def _run(plan: Plan, look: Look, out: TextIO, *, as_json: bool) -> int:
    from smtpconsole.console.console import Console
    from smtpconsole.console.submission.dump import document
    from smtpconsole.console.submission.printing import Printer
    from smtpconsole.console.submission.running import Submission
    from smtpconsole.transcript.journal import Journal

    journal = Journal()
    printer = Printer(journal, look, None if as_json else out)

    async def go() -> Submission:
        console = Console(printer, journal, settings=plan.settings)
        console.draft = plan.draft
        submission = Submission(console, plan)
        try:
            await _interruptible(submission, printer)
        finally:
            await console.end()
        return submission

    done = asyncio.run(go())
    printer.close()
    if as_json:
        found = document(done, printer.troubles)
        out.write(f"{json.dumps(found, indent=1)}\n")
    return done.exit


async def _interruptible(submission: Submission, printer: Printer) -> None:
    """Run it; Ctrl+C ends the message under way in good order, or all there is."""
    from smtpconsole.console.answers import Answer
    from smtpconsole.console.composing.uploading import interrupted_by

    console = submission.console
    doing = asyncio.ensure_future(submission.run())

    def stop() -> None:
        submission.exit = stages.STOPPED
        if console.upload is not None:
            console.upload.stop()
        else:
            doing.cancel()

    with interrupted_by(stop):
        await asyncio.wait({doing})
    if doing.cancelled():
        printer.show(Answer("stopped", is_trouble=True))
    else:
        doing.result()


def _octets(plan: Plan) -> bytes:
    from smtpconsole.composer.errors import DraftError

    try:
        draft = plan.draft if plan.draft.recipients else replace(plan.draft, recipients=("you@x",))
        return draft.to_bytes(now=datetime.now().astimezone())
    except DraftError as error:
        raise ConsoleError(str(error)) from error


def _opened(path: str) -> TextIO:
    try:
        return path_of(path).open("w", encoding="utf-8")
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ConsoleError(f"{path} cannot be written: {reason}") from error


def _argv() -> list[str]:
    """The words as they were given, without a password that stands in a URL."""
    from smtpconsole.console.targets import password_of

    words = ["smtpconsole", *(word for word in sys.argv[1:] if word != "--dump")]
    return [word.replace(password_of(word), "…") if password_of(word) else word for word in words]


def look(said: Said) -> Look:
    """How much is printed."""
    from smtpconsole.console.submission.printing import Look

    hidden = {word.strip() for word in (said["hide"] or "").split(",") if word.strip()}
    for name in ("send", "receive", "informational"):
        if said[f"hide_{name}"]:
            hidden.add(name.removesuffix("rmational"))
    if unknown := hidden - {"send", "receive", "info"}:
        raise ConsoleError(f"{sorted(unknown)[0]!r} is no side", "--hide send,receive,info")
    return Look(
        frozenset(hidden),
        frozenset() if said["no_hints"] else Look().hints,
        said["suppress_data"],
        said["show_data"],
        said["show_time_lapse"],
        said["show_raw_text"],
        said["auth_plaintext"],
        said["silent"] or 0,
    )
