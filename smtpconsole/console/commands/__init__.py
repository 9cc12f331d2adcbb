"""Console commands, one a file: an `async def` under `@command`.

Its signature gives the arguments, the first line of its docstring the sentence in help,
completion and palette, the rest the long help.  `**how: Annotated[Any, WAYS]` stands for an
option for each way there is.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Protocol, get_args, get_origin, get_type_hints

from smtpconsole import registry
from smtpconsole.console.answers import ConsoleError, nearest
from smtpconsole.console.arguments import TEXT, Kind

if TYPE_CHECKING:
    from smtpconsole.console.console import Console

Function = Callable[..., Awaitable[None]]


class Listed(Protocol):
    """An option that stands in a table, for several commands (`**name: Annotated[Any, TABLE]`)."""

    @property
    def name(self) -> str: ...
    @property
    def field(self) -> str: ...
    @property
    def kind(self) -> Kind: ...
    @property
    def is_flag(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument or option of a command."""

    name: str  # in the function
    written: str  # as it is typed
    kind: Kind
    is_option: bool
    is_flag: bool
    is_required: bool


@dataclass(frozen=True, slots=True)
class Command:
    """A console command."""

    name: str
    function: Function
    sentence: str
    details: str
    parameters: tuple[Parameter, ...]

    @property
    def usage(self) -> str:
        """How it is written."""
        return " ".join([f"/{self.name}", *map(_usage, self.parameters)])

    @property
    def options(self) -> dict[str, Parameter]:
        """The options by what is typed."""
        return {f"--{each.written}": each for each in self.parameters if each.is_option}

    @property
    def positional(self) -> list[Parameter]:
        """The arguments in their order."""
        return [each for each in self.parameters if not each.is_option]

    async def __call__(self, console: Console, words: tuple[str, ...]) -> None:
        """Run it with the words that were typed."""
        await self.function(console, **self.bound(words))

    def bound(self, words: tuple[str, ...]) -> dict[str, Any]:
        """The words as values by parameter; ConsoleError where they do not fit."""
        values: dict[str, Any] = {}
        left = self.positional
        rest = list(words)
        while rest:
            word = rest.pop(0)
            is_known = word.partition("=")[0] in self.options
            is_in_list = bool(left) and left[0].name in values
            if word.startswith("--") and len(word) > 2 and (is_known or not is_in_list):
                name, value = self._option(word, rest)
                several = isinstance(value, tuple)
                values[name] = (*values.get(name, ()), *value) if several else value
                continue
            while left and left[0].kind.fits is not None and not left[0].kind.fits(word):
                left.pop(0)
            if not left:
                raise ConsoleError(f"/{self.name} takes nothing like {word!r}", self.usage)
            elif left[0].kind.is_list:  # options may stand among its words
                values[left[0].name] = (*values.get(left[0].name, ()), word)
            elif left[0].kind.is_rest:
                values[left.pop(0).name] = " ".join((word, *rest))
                rest = []
            else:
                parameter = left.pop(0)
                values[parameter.name] = parameter.kind.parse(word)
        missing = [each for each in left if each.is_required and each.name not in values]
        if missing:
            kind = missing[0].kind
            hints = (f"{kind.name}: {kind.sentence}",) if kind.sentence else ()
            raise ConsoleError(f"/{self.name} needs {kind.name}", self.usage, *hints)
        return values

    def _option(self, word: str, rest: list[str]) -> tuple[str, Any]:
        typed, equals, value = word.partition("=")
        parameter = self.options.get(typed)
        if parameter is None:
            near = nearest(typed, self.options)
            hints = (f"nearest is {near}",) if near else ()
            raise ConsoleError(f"/{self.name} has no option {typed}", *hints, self.usage)
        if parameter.is_flag:
            return parameter.name, True
        if not equals:
            if not rest:
                raise ConsoleError(f"{typed} needs {parameter.kind.name}", self.usage)
            value = rest.pop(0)
        return parameter.name, parameter.kind.parse(value)

    def secrets(self, words: tuple[str, ...]) -> list[str]:
        """The words that must not be kept anywhere."""
        hidden = [
            secret for at, word in enumerate(words) if (secret := self._hidden(words[:at], word))
        ]
        try:
            values = self.bound(words)
        except ConsoleError:
            is_any = any(each.kind.is_secret for each in self.parameters)
            return list(words) if is_any else hidden
        return hidden + [
            str(values[each.name])
            for each in self.parameters
            if each.kind.is_secret and each.name in values
        ]

    def _hidden(self, before: tuple[str, ...], word: str) -> str:
        """The part of a word that must not be kept, such as a password in a URL."""
        kinds = {each.kind for each in self.parameters}
        parts = [each.hides(word) for each in kinds if each.hides is not None]
        parts += [each.hides_after(before, word) for each in kinds if each.hides_after is not None]
        return next(filter(None, parts), "")


def _usage(parameter: Parameter) -> str:
    text = parameter.kind.name
    if parameter.is_option:
        text = f"--{parameter.written}" + ("" if parameter.is_flag else f" {text}")
    return text if parameter.is_required else f"[{text}]"


class Table(MutableMapping[str, Command]):
    """All commands; a file is imported when its command is asked for, and all when all are.

    The modules need the console, so the package cannot import them itself.
    """

    def __init__(self) -> None:
        self._made: dict[str, Command] = {}
        self._is_whole = False

    def __getitem__(self, name: str) -> Command:
        if name not in self._made and not self._is_whole:
            self._bring(name)
        return self._made[name]

    def __setitem__(self, name: str, command: Command) -> None:
        self._made[name] = command

    def __delitem__(self, name: str) -> None:
        del self._made[name]

    def __iter__(self) -> Iterator[str]:
        self.bring_all()
        return iter(sorted(self._made))

    def __len__(self) -> int:
        self.bring_all()
        return len(self._made)

    def _bring(self, name: str) -> None:
        """A file is called like its command, but for those with several and those of keywords."""
        for module in registry.names(__path__):
            if module.rstrip("_") == name:
                importlib.import_module(f"{__name__}.{module}")
                return
        self.bring_all()

    def bring_all(self) -> None:
        """Import what is left."""
        for _ in self.bring():
            pass

    def bring(self) -> Iterator[None]:
        """The same in steps, for who has something else to do in between."""
        if not self._is_whole:
            yield from registry.each(__name__, __path__)
            self._is_whole = True


COMMANDS = Table()


def command(function: Function) -> Function:
    """Register a coroutine function as a console command, under its own name."""
    sentence, _, details = inspect.cleandoc(function.__doc__ or "").partition("\n")
    hints = get_type_hints(function, include_extras=True)
    parameters: list[Parameter] = []
    for each in list(inspect.signature(function).parameters.values())[1:]:
        if each.kind is inspect.Parameter.VAR_KEYWORD:
            parameters += map(_way, get_args(hints[each.name])[1].values())
        else:
            parameters.append(_parameter(each, hints[each.name]))
    name = function.__name__.rstrip("_")
    COMMANDS[name] = Command(name, function, sentence, details.strip(), tuple(parameters))
    return function


def _parameter(found: inspect.Parameter, hint: Any) -> Parameter:
    kind = TEXT
    if get_origin(hint) is Annotated:
        kind = next(each for each in get_args(hint) if isinstance(each, Kind))
    return Parameter(
        found.name,
        found.name.replace("_", "-").strip("-"),
        kind,
        is_option=found.kind is inspect.Parameter.KEYWORD_ONLY,
        is_flag=hint is bool,
        is_required=found.default is inspect.Parameter.empty,
    )


def _way(way: Listed) -> Parameter:
    return Parameter(way.field, way.name, way.kind, True, way.is_flag, False)


def find(name: str) -> Command:
    """The command of that name; ConsoleError names what is nearest."""
    if name in COMMANDS:
        return COMMANDS[name]
    near = nearest(name, COMMANDS)
    raise ConsoleError(
        f"/{name} is not a command, and nothing was sent",
        f"nearest is /{near}" if near else "/help lists the commands",
        f"to say it to the server: //{name}",
        next=(f"/{near}",) if near else ("/help",),
    )
