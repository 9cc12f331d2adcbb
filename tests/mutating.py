"""Mutants of smtp/: each a function with one small change, and the first that minds is mypy.

mutmut makes the changes, of all functions and methods; what decorates them is left out, for they
are put in the place of what has been decorated already.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import ndiff
from itertools import groupby
from pathlib import Path
from types import FunctionType

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation.file_mutation import create_mutations, deep_replace

ROOT = Path(__file__).parents[1]
CORE = ROOT / "smtpconsole/smtp"
CODECS = ("ascii", "latin-1", "utf-8", "utf-16-le")
MARK = "_mutant_"

Key = tuple[str, str]


@dataclass
class Mutant:
    """One change to one function."""

    module: str
    owner: str | None  # the class, of a method
    before: cst.FunctionDef
    after: cst.FunctionDef
    lines: range  # of the statement that is changed, or of the function
    ends: int  # the line on which the function does
    outcome: str = ""

    @property
    def where(self) -> str:
        """module.Class.function, without what all have in common."""
        return ".".join(filter(None, (self.module, self.owner, self.before.name.value)))

    @property
    def change(self) -> str:
        """The lines that differ, without their place and indentation."""
        before, after = (cst.Module([each]).code.splitlines() for each in (self.before, self.after))
        lines = [line for line in ndiff(before, after) if line[0] in "-+"]
        return "\n".join(f"{line[0]} {line[2:].strip()}" for line in lines)

    @property
    def key(self) -> Key:
        """What tells it from all others, also when the code around it changes."""
        return self.where, self.change

    def function(self) -> FunctionType:
        """The changed function, made among the names of its module."""
        code = cst.Module([self.after.with_changes(decorators=())]).code
        if self.owner is not None:
            code = f"class {self.owner}:\n{textwrap.indent(code, '    ')}"
        names = dict(vars(sys.modules[loaded(self.module)]))
        exec(compile(f"from __future__ import annotations\n{code}", self.where, "exec"), names)
        made = names if self.owner is None else vars(names[self.owner])
        function = made[self.before.name.value]
        assert isinstance(function, FunctionType)
        return function


def source(module: str) -> Path:
    return CORE / f"{module.replace('.', '/')}.py"


def loaded(module: str) -> str:
    return f"smtpconsole.smtp.{module}".removesuffix(".__init__")


def mutants(module: str) -> Iterator[Mutant]:
    """Those of a module, in its order."""
    code = _undecorated(source(module).read_text("utf-8"))
    tree, mutations, _, _ = create_mutations(str(source(module)), code)
    places = MetadataWrapper(tree, unsafe_skip_copy=True).resolve(PositionProvider)
    statements = _statements(code)
    owners = {
        method: each.name.value
        for each in tree.body
        if isinstance(each, cst.ClassDef)
        for method in each.body.body
    }
    for each in mutations:
        before = each.contained_by_top_level_function
        if isinstance(before, cst.FunctionDef) and not _is_codec(each.original_node):
            after = deep_replace(before, each.original_node, each.mutated_node)
            assert isinstance(after, cst.FunctionDef)
            body = range(places[before.body].start.line, places[before.body].end.line + 1)
            place = places.get(each.original_node)
            lines = statements.get(place.start.line, body) if place is not None else body
            yield Mutant(module, owners.get(before), before, after, lines, body.stop - 1)


def _undecorated(code: str) -> str:
    """The code without what decorates functions, which mutmut would leave alone for it."""
    lines = code.splitlines()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.FunctionDef):
            for each in node.decorator_list:
                for line in range(each.lineno - 1, each.end_lineno or 0):
                    lines[line] = ""
    return "\n".join(lines)


def _is_codec(node: cst.CSTNode) -> bool:
    """The name of one, which Python knows however it is spelt."""
    return isinstance(node, cst.SimpleString) and node.raw_value in CODECS


def _statements(code: str) -> dict[int, range]:
    """The lines of the statement on each line; of those that hold others, their head."""
    found = {}
    for node in ast.walk(ast.parse(code)):  # outer ones first
        if isinstance(node, ast.stmt) and not isinstance(node, ast.FunctionDef | ast.ClassDef):
            body = getattr(node, "body", None)
            end = max(node.lineno, body[0].lineno - 1) if body else node.end_lineno or 0
            lines = range(node.lineno, end + 1)
            found.update(dict.fromkeys(lines, lines))
    return found


# --- those that mypy tells --------------------------------------------------------------------


def sort_out(prey: list[Mutant]) -> None:
    """Mark those that mypy tells.

    All are checked in one go, each beside its function, as is a twin without a change, whose
    errors count for nothing.
    """
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(ROOT / "pyproject.toml", folder)
        copy = Path(folder, "smtpconsole")
        shutil.copytree(CORE.parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
        for module, those in groupby(enumerate(prey), key=lambda each: each[1].module):
            path = copy / source(module).relative_to(CORE.parent)
            path.write_text(_crowd(those, path.read_text("utf-8")), "utf-8")
        errors = _errors(folder)
    for number, mutant in enumerate(prey):
        if errors[_name(mutant, number)] - errors[_name(mutant, "twin")]:
            mutant.outcome = "by mypy"


def _crowd(prey: Iterable[tuple[int, Mutant]], code: str) -> str:
    """The code of a module with its mutants in it."""
    behind: dict[int, list[str]] = defaultdict(list)
    for number, mutant in prey:
        if not behind[mutant.ends]:
            behind[mutant.ends].append(_named(mutant, mutant.before, "twin"))
        behind[mutant.ends].append(_named(mutant, mutant.after, number))
    lines = enumerate(code.splitlines(), 1)
    return "\n".join("\n".join([line, *behind[at]]) for at, line in lines)


def _named(mutant: Mutant, function: cst.FunctionDef, which: str | int) -> str:
    name = cst.Name(_name(mutant, which))
    code = cst.Module([function.with_changes(name=name, leading_lines=())]).code
    return textwrap.indent(code, "    " * bool(mutant.owner))


def _name(mutant: Mutant, which: str | int) -> str:
    where = f"{mutant.module}.{mutant.owner}.{mutant.before.name.value}"
    return f"{where.replace('.', '_')}{MARK}{which}"


def _errors(folder: str) -> dict[str, Counter[str]]:
    """What mypy minds, of each mutant and twin."""
    command = [sys.executable, "-m", "mypy", f"--cache-dir={os.devnull}", "-p", "smtpconsole.smtp"]
    told = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False).stdout
    found = re.findall(r"^(\S+?):(\d+): error: (.*)$", told, re.MULTILINE)
    errors: dict[str, Counter[str]] = defaultdict(Counter)
    for path, those in groupby(sorted(found), key=lambda error: error[0]):
        names = _names(Path(folder, path).read_text("utf-8"))
        for _, line, error in those:
            errors[names.get(int(line), "")][error] += 1
    return errors


def _names(code: str) -> dict[int, str]:
    """The mutant on each line, or the twin."""
    return {
        line: node.name
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.FunctionDef) and MARK in node.name
        for line in range(node.lineno, (node.end_lineno or 0) + 1)
    }
