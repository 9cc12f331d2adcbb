"""Completion for bash 3.2 and newer."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from smtpconsole.cli.shells import FILES, PROGRAM, TARGETS, Words

_HEAD = """\
# bash completion for smtpconsole; made by `smtpconsole completion bash`
_smtpconsole() {
    local cur prev cmd= colon
    # A host and its port are one word here, whatever breaks words.
    cur=${COMP_LINE:0:COMP_POINT}
    cur=${cur##*[ $'\\t']}
    prev=${COMP_WORDS[COMP_CWORD-1]}
    if [[ $cur == --*=* ]]; then
        prev=${cur%%%%=*} cur=${cur#*=}
    fi
    COMPREPLY=()
    if (( COMP_CWORD > 1 )); then
        case ${COMP_WORDS[1]} in
            %(commands)s) cmd=${COMP_WORDS[1]} ;;
        esac
    fi
    case "$cmd $prev" in
"""
_MIDDLE = """\
    esac
    case "$cmd" in
"""
_TAIL = """\
    esac
    if [[ $cur == *:* && $COMP_WORDBREAKS == *:* ]]; then
        colon=${cur%"${cur##*:}"}
        COMPREPLY=("${COMPREPLY[@]#"$colon"}")
    fi
}
_smtpconsole_targets() {
    COMPREPLY+=($(compgen -W "$(smtpconsole completion --targets 2>/dev/null)" -- "$cur"))
}
_smtpconsole_files() {
    local IFS=$'\\n'
    COMPREPLY+=($(compgen -f -- "$cur"))
    compopt -o filenames 2>/dev/null
}
complete -F _smtpconsole smtpconsole
"""


def script(everything: Sequence[Words]) -> str:
    """The script."""
    names = "|".join(each.name for each in everything if each.name)
    return "".join(
        [
            _HEAD % {"commands": names},
            *(line for each in everything for line in _values(each)),
            _MIDDLE,
            *(line for each in everything for line in _words(each, names.split("|"))),
            _TAIL,
        ]
    )


def _values(words: Words) -> Iterator[str]:
    """What stands behind an option that takes a value."""
    for option in words.options:
        if option.takes_value:
            pattern = "|".join(f'"{words.name} {name}"' for name in option.names)
            yield f"        {pattern}) {_offered(option.values)} return ;;\n"


def _words(words: Words, commands: Sequence[str]) -> Iterator[str]:
    options = [name for option in words.options for name in option.names]
    offered = [each for argument in words.arguments for each in argument.split()]
    if not words.name:
        offered = [*commands, *offered]
    yield f'        "{words.name}")\n'
    yield f"            if [[ $cur == -* ]]; then {_offered(options)}\n"
    yield f"            else {_offered(offered) or ':'}\n            fi ;;\n"


def _offered(values: Sequence[str]) -> str:
    literal = [each for each in values if each not in (FILES, TARGETS)]
    parts = []
    if literal:
        listed = shlex.quote(" ".join(literal))
        parts.append(f'COMPREPLY=($(compgen -W {listed} -- "$cur"));')
    if TARGETS in values:
        parts.append(f"_{PROGRAM}_targets;")
    if FILES in values:
        parts.append(f"_{PROGRAM}_files;")
    return " ".join(parts)
