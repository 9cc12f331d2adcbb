"""/fault"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

from smtpconsole.console.answers import Answer, ConsoleError
from smtpconsole.console.arguments import NUMBER, TEXT, Kind
from smtpconsole.console.commands import command
from smtpconsole.console.console import Console
from smtpconsole.console.sandboxing import faulting, sandboxes

if TYPE_CHECKING:
    from smtpconsole.sandbox.faults import Fault, Switches

_SWITCHES = ("on", "off")


def _complete(console: Console, word: str) -> Sequence[str]:
    extra = [each for each in (*_SWITCHES, *faulting.GROUPS) if each.startswith(word)]
    return [*faulting.complete(console, word), *extra]


WORDS = Kind("FAULT ... on|off", complete=_complete, is_rest=True, is_list=True)


@command
async def fault(
    console: Console,
    words: Annotated[tuple[str, ...], WORDS] = (),
    *,
    at: Annotated[str, TEXT] = "",
    count: Annotated[int, NUMBER] = 0,
    chance: Annotated[int, NUMBER] = 0,
) -> None:
    """List the ways in which the sandbox can fail, explain one, switch them on and off.

    /fault lists all, /fault tls those of a group.  /fault drip tells what it does and what a good
    client shows; /fault drip on switches it on, several together if wished: /fault drip bidi on.
    /fault drip off ends one, /fault off all.

    --at VERB chooses another place, such as RCPT; --count N its Nth chance only; --chance N so
    many of a hundred.  They may be written with the name, too: 421@RCPT#3%20.  What concerns the
    greeting begins with the next connection.
    """
    words = tuple(name for word in words for name in word.split(",") if name)
    names = [word for word in words if word.lower() not in _SWITCHES]
    switch = next((word.lower() for word in words if word.lower() in _SWITCHES), "")
    if len(words) - len(names) > 1:
        raise ConsoleError("on and off at once", "/fault drip on, then /fault bidi off")
    if not names or (len(names) == 1 and names[0].lower() in faulting.GROUPS and not switch):
        _listed(console, names, switch)
        return
    chosen = [_changed(faulting.parsed(name), at, count, chance) for name in names]
    if not switch:
        for each in chosen:
            console.front.show(_explained(console, each))
        return
    switches = _switches(console)
    for each in chosen:
        if switch == "on":
            _switched_on(switches, each)
        else:
            switches.switch_off(each.name)
    console.front.show(_state(console, chosen if switch == "on" else []))


def _switched_on(switches: Switches, fault: Fault) -> None:
    try:
        switches.switch_on(fault)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ConsoleError(
            f"{fault.name} cannot be had here: {reason}",
            "it needs the port of the sandbox at the other address of localhost, too",
            next=("/sandbox", f"/fault {fault.name}"),
        ) from error


def _changed(fault: Fault, at: str, count: int, chance: int) -> Fault:
    """With the place, count and chance that are wished."""
    if chance > 100:
        raise ConsoleError(f"{chance} of a hundred is more than all", "--chance 20 is a fifth")
    if at:
        fault = replace(fault, at=(at if at.islower() else at.upper(),))
    if count:
        fault = replace(fault, nth=count)
    return replace(fault, chance=float(chance)) if chance else fault


def _switches(console: Console) -> Switches:
    if console.sandbox is None:
        raise sandboxes.none()
    return console.sandbox.faults


def _listed(console: Console, names: Sequence[str], switch: str) -> None:
    """The list; or, of /fault off, the end of all."""
    if switch == "on":
        raise ConsoleError("which fault?", "/fault lists them", next=("/fault",))
    if switch == "off":
        _switches(console).switch_off()
        console.front.show(_state(console, []))
        return
    group = names[0].lower() if names else ""
    on = console.sandbox.faults.on if console.sandbox is not None else ()
    title = f"{_named(on)} on" if on else "no fault is on"
    rows = tuple(faulting.rows(console, group))
    console.front.show(Answer(title, rows, ("/fault rcpt-mixed", "/fault rcpt-mixed on")))


def _explained(console: Console, fault: Fault) -> Answer:
    on = console.sandbox.faults.on if console.sandbox is not None else ()
    is_on = any(each.name == fault.name for each in on)
    shown = next((each for each in on if each.name == fault.name), fault)
    lines = (
        f"It applies {faulting.moment(shown)}.",
        f"A good client shows: {fault.shows}",
        f"It takes {fault.seconds:g} seconds at most, if the client waits 2 seconds for a reply.",
    )
    ways = (f"/fault {fault.name} off",) if is_on else (f"/fault {fault.written} on",)
    state = "is on" if is_on else "is off"
    title = f"{fault.name} ({fault.id}) {state}: {fault.title}"
    return Answer(title, lines, ways if console.sandbox is not None else ("/sandbox",))


def _state(console: Console, new: Sequence[Fault]) -> Answer:
    """What is on now, and what to do to meet it."""
    on = _switches(console).on
    if not on:
        return Answer("no fault is on", ("the sandbox does what it should",))
    lines = [f"{each.name}: {each.title}  ({faulting.moment(each)})" for each in on]
    ways: tuple[str, ...] = ("/fault off",)
    if any(faulting.is_for_the_next(each) for each in new):
        lines.append("what concerns the greeting begins with the next connection")
        ways = (console.connect_line, *ways)
    return Answer(f"{_named(on)} on", tuple(lines), ways)


def _named(faults: Sequence[Fault]) -> str:
    names = ", ".join(each.name for each in faults)
    return f"{names} {'is' if len(faults) == 1 else 'are'}"
