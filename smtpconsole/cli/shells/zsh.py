"""Completion for zsh."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from smtpconsole.cli.shells import FILES, TARGETS, Option, Words

_TAIL = """\
_smtpconsole_targets() {
    local -a found
    found=(${(f)"$(smtpconsole completion --targets 2>/dev/null)"})
    compadd -a found
}
_smtpconsole() {
    if (( CURRENT > 2 )) && (( $+functions[_smtpconsole__$words[2]] )); then
        shift words
        (( CURRENT-- ))
        _smtpconsole__$words[1]
    else
        _smtpconsole__
    fi
}
if [[ $funcstack[1] == _smtpconsole ]]; then
    _smtpconsole "$@"
else
    compdef _smtpconsole smtpconsole
fi
"""


def script(everything: Sequence[Words]) -> str:
    """The script, to be sourced, or to lie in $fpath as _smtpconsole."""
    parts = [
        "#compdef smtpconsole\n# made by `smtpconsole completion zsh`\n",
        "_smtpconsole_commands() {\n    local -a commands\n    commands=(\n",
        *(f"        {_quoted(_pair(each))}\n" for each in everything if each.name),
        "    )\n    _describe -t commands command commands\n}\n",
        "_smtpconsole_first() { _alternative "
        "'commands:command:_smtpconsole_commands' 'targets:target:_smtpconsole_targets' }\n",
    ]
    for each in everything:
        lines = " \\\n".join(f"        {line}" for line in _specs(each))
        parts.append(f"_smtpconsole__{each.name}() {{\n    _arguments -s \\\n{lines}\n}}\n")
    return "".join([*parts, _TAIL])


def _pair(words: Words) -> str:
    return f"{words.name}:{words.sentence}"


def _specs(words: Words) -> Iterator[str]:
    for option in words.options:
        for name in option.names:
            yield _quoted(f"{_repeated(option)}{name}[{_escaped(option.help)}]{_value(option)}")
    if not words.name:
        yield "'1:command or target:_smtpconsole_first'"
        return
    for number, argument in enumerate(words.arguments, 1):
        action = {TARGETS: "_smtpconsole_targets", FILES: "_files", "": " "}.get(argument)
        yield _quoted(f"{number}:word:{action or f'({argument})'}")


def _repeated(option: Option) -> str:
    return "*" if "may be repeated" in option.help else ""


def _value(option: Option) -> str:
    if not option.takes_value:
        return ""
    literal = " ".join(each for each in option.values if each != FILES)
    if FILES in option.values:
        action = "_files"
        if literal:
            return f":{_escaped(option.metavar)}:{{compadd {literal}; _files}}"
    else:
        action = f"({literal})" if literal else " "
    return f":{_escaped(option.metavar)}:{action}"


def _escaped(text: str) -> str:
    for char in "\\[]:":
        text = text.replace(char, f"\\{char}")
    return text.replace("\n", " ")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
