"""Completion for fish."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from smtpconsole.cli.shells import FILES, PROGRAM, TARGETS, Option, Words

_FIRST = "__smtpconsole_is_first"
_HEAD = f"""\
# fish completion for smtpconsole; made by `smtpconsole completion fish`
function {_FIRST}
    set -l words (commandline -opc)
    test (count $words) -eq 1
end
function __smtpconsole_is
    set -l words (commandline -opc)
    test (count $words) -gt 1; and test $words[2] = $argv[1]
end
function __smtpconsole_is_none
    set -l words (commandline -opc)
    test (count $words) -eq 1; or not contains -- $words[2] %s
end
function __smtpconsole_targets
    smtpconsole completion --targets 2>/dev/null
end
complete -c {PROGRAM} -f
"""


def script(everything: Sequence[Words]) -> str:
    """The script."""
    commands = [each for each in everything if each.name]
    lines = [_HEAD % " ".join(each.name for each in commands)]
    for each in commands:
        lines.append(
            f"complete -c {PROGRAM} -n {_FIRST} -a {each.name} -d {_quoted(each.sentence)}\n"
        )
    for each in everything:
        lines += _of(each)
    return "".join(lines)


def _of(words: Words) -> Iterator[str]:
    condition = f"'__smtpconsole_is {words.name}'" if words.name else "__smtpconsole_is_none"
    for option in words.options:
        yield f"complete -c {PROGRAM} -n {condition} {_option(option)}\n"
    for argument in words.arguments:
        where = condition if words.name else _FIRST
        if argument == TARGETS:
            yield f"complete -c {PROGRAM} -n {where} -a '(__smtpconsole_targets)'\n"
        elif argument == FILES:
            yield f"complete -c {PROGRAM} -n {where} -F\n"
        elif argument:
            yield f"complete -c {PROGRAM} -n {where} -a {_quoted(argument)}\n"


def _option(option: Option) -> str:
    names = [
        f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in option.names
    ]
    told = f"-d {_quoted(option.help)}"
    if not option.takes_value:
        return f"{' '.join(names)} {told}"
    literal = " ".join(each for each in option.values if each != FILES)
    kind = "-r -F" if FILES in option.values else "-x"
    values = f" -a {_quoted(literal)}" if literal else ""
    return f"{' '.join(names)} {kind}{values} {told}"


def _quoted(text: str) -> str:
    inner = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", " ")
    return f"'{inner}'"
