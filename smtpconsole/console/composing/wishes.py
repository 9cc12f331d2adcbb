"""The options of /mail, /rcpt and /send that become parameters of MAIL and RCPT."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from smtpconsole.console.answers import ConsoleError
from smtpconsole.console.arguments import Kind
from smtpconsole.smtp import parameters
from smtpconsole.smtp.parameters import MAIL, RCPT, Unfit

if TYPE_CHECKING:
    from smtpconsole.console.console import Console


@dataclass(frozen=True, slots=True)
class Wish:
    """An option with the parameter it becomes."""

    name: str  # as it is typed
    field: str  # as `parameters` has it
    kind: Kind
    sentence: str
    is_flag: bool = False


def _wish(parameter: parameters.Parameter) -> Wish:
    keyword, equals, value = parameter.example.partition("=")

    def parse(text: str) -> str:
        try:
            parameter.written(text)
        except ValueError as error:
            raise ConsoleError(str(error), f"see {parameter.rfc}") from error
        return text

    def complete(console: Console, word: str) -> Iterable[str]:
        return (each for each in (value,) if each.startswith(word))

    return Wish(
        parameter.name.replace("_", "-"),
        parameter.name,
        Kind(keyword, parse, complete),
        f"{parameter.example} ({parameter.rfc}); needs {parameter.offered_by}",
        is_flag=not equals,
    )


def _free(text: str) -> list[str]:
    try:
        return [parameters.free(word) for word in text.split()]
    except ValueError as error:
        raise ConsoleError(str(error), '--param "SOLICIT=com.example:adv XVERP"') from error


FREE = Kind('"NAME=VALUE ..."', _free)

MAIL_WISHES = {wish.name: wish for wish in map(_wish, MAIL)}
RCPT_WISHES = {wish.name: wish for wish in map(_wish, RCPT)}
WISHES = {**MAIL_WISHES, **RCPT_WISHES}


def told(table: Sequence[parameters.Parameter], wishes: Mapping[str, Any]) -> dict[str, Any]:
    """Of some wishes, those for one of the two commands."""
    names = {each.name for each in table}
    return {name: value for name, value in wishes.items() if name in names}


@contextmanager
def objecting() -> Iterator[None]:
    """What the server does not take is told, with the way to say it all the same."""
    try:
        yield
    except Unfit as error:
        texts = [each.text for each in error.objections]
        hint = "with --insist it is said all the same"
        raise ConsoleError(f"nothing was sent: {texts[0]}", *texts[1:], hint) from error
    except ValueError as error:
        raise ConsoleError(f"nothing was sent: {error}") from error
