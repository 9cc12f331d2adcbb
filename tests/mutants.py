"""What could be changed in smtp/ without anything that minds?  `make mutants`.

mutmut makes the mutants: a function with one small change each.  mypy sorts out those that it
tells.  The tests are run once, to learn which of them execute which line; then each mutant is a
fork of this process, in which its code takes the place of the function's, and in which the tests
that execute what is changed run, the quickest first, until one fails.

Who survives must be in mutants.toml with the reason why that does not matter, and who is in there
must survive.  What is made when a module is loaded (tables, patterns) is not mutated.
"""

from __future__ import annotations

import argparse
import ast
import gc
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from difflib import ndiff
from functools import partialmethod
from itertools import groupby
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import coverage
import libcst as cst
import pytest
from hypothesis import HealthCheck, Phase, settings
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation.file_mutation import create_mutations, deep_replace

ROOT = Path(__file__).parents[1]
CORE = ROOT / "smtpconsole/smtp"
TOLERATED = Path(__file__).with_suffix(".toml")
LIMIT = 2  # CPU seconds beyond what its tests take
PATIENCE = 120  # seconds, for a mutant that waits for what never comes
MEMORY = 2 * 2**30  # octets, for a mutant that hoards
KILLED, SURVIVED = 1, 0
OUTCOMES = ("by mypy", "by tests", "timed out", "tolerated", "survived", "untested", "broken")
DEAD = OUTCOMES[:3]
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


# --- by mypy ----------------------------------------------------------------------------------


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


# --- by tests ---------------------------------------------------------------------------------


@dataclass
class Hunt:
    """A plugin for pytest that runs, in place of the tests, their choice for each mutant."""

    prey: list[Mutant]
    jobs: int
    seconds: list[float] = field(default_factory=list)  # that each test takes
    functions: dict[str, list[FunctionType]] = field(default_factory=dict)
    is_survey: bool = True
    failed: str = ""  # the test that does so without any mutant
    running: dict[int, Mutant] = field(default_factory=dict)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        # The same examples each time; the first that fails is enough, however long it took.
        phases = (Phase.explicit, Phase.generate)
        checks = tuple(HealthCheck)
        settings.register_profile(
            "mutants", settings.default, phases=phases, suppress_health_check=checks
        )
        settings.load_profile("mutants")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if session.testsfailed:
            raise session.Interrupted("the tests cannot be collected")
        session.config.pluginmanager.unregister(name="terminalreporter")
        executed = self.survey(session.items)
        self.is_survey = False
        self.functions = _functions()
        gc.freeze()
        for done, mutant in enumerate(self.prey):
            tests = {test for line in mutant.lines for test in executed[mutant.module, line]}
            if not tests:
                mutant.outcome = "untested"
                continue
            if len(self.running) == self.jobs:
                self.bury()
            chosen = [session.items[test] for test in sorted(tests, key=self.seconds.__getitem__)]
            limit = LIMIT + 3 * sum(self.seconds[test] for test in tests)
            self.release(mutant, chosen, limit)
            if sys.stderr.isatty():
                print(f"{done}/{len(self.prey)}", end="\r", file=sys.stderr)
        while self.running:
            self.bury()
        return True

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> None:
        if call.excinfo is not None and not call.excinfo.errisinstance(pytest.skip.Exception):
            if not self.is_survey:
                os._exit(KILLED)
            self.failed = item.nodeid

    def survey(self, items: list[pytest.Item]) -> dict[tuple[str, int], set[int]]:
        """Run each test; which of them execute each line of each module."""
        watch = coverage.Coverage(data_file=None, config_file=False, include=[f"{CORE}/*"])
        watch.start()
        for number, (item, following) in enumerate(zip(items, [*items[1:], None], strict=True)):
            watch.switch_context(str(number))
            began = time.process_time()
            _run(item, following)
            if self.failed:
                pytest.exit(f"{self.failed} fails without any mutant", 2)
            self.seconds.append(time.process_time() - began)
        watch.stop()
        executed: dict[tuple[str, int], set[int]] = defaultdict(set)
        for module in {mutant.module for mutant in self.prey}:
            lines = watch.get_data().contexts_by_lineno(str(source(module)))
            for line, tests in lines.items():
                executed[module, line] = {int(test) for test in tests if test}
        return executed

    def release(self, mutant: Mutant, tests: list[pytest.Item], limit: float) -> None:
        """Begin to test a mutant in a process of its own."""
        if pid := os.fork():
            self.running[pid] = mutant
            return
        signal.setitimer(signal.ITIMER_PROF, limit)
        signal.alarm(PATIENCE)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        self.replace(mutant)
        for item, following in zip(tests, [*tests[1:], None], strict=True):
            _run(item, following)
        os._exit(SURVIVED)

    def replace(self, mutant: Mutant) -> None:
        """Whoever holds the function, or one that it has made, calls the mutant's from now on."""
        made = mutant.function()
        for code in _codes(made.__code__):
            for function in self.functions.get(f"{mutant.module}.{code.co_qualname}", ()):
                function.__code__ = code
                if code is made.__code__:
                    function.__defaults__ = made.__defaults__
                    function.__kwdefaults__ = made.__kwdefaults__

    def bury(self) -> None:
        """Wait for the end of one."""
        pid, status = os.wait()
        code = os.waitstatus_to_exitcode(status)
        told = {KILLED: "by tests", SURVIVED: "survived"}
        self.running.pop(pid).outcome = told.get(code, "broken" if code >= 0 else "timed out")


def _run(item: pytest.Item, following: pytest.Item | None) -> None:
    item.ihook.pytest_runtest_protocol(item=item, nextitem=following)


def _functions() -> dict[str, list[FunctionType]]:
    """The functions of the core that are loaded, under their place in it; closures may be many."""
    found = defaultdict(list)
    for each in gc.get_objects():
        if isinstance(each, FunctionType) and each.__code__.co_filename.startswith(str(CORE)):
            path = Path(each.__code__.co_filename).relative_to(CORE).with_suffix("")
            found[".".join((*path.parts, each.__code__.co_qualname))].append(each)
    return found


def _codes(code: CodeType) -> Iterator[CodeType]:
    """Of a function, and of those within it."""
    yield code
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield from _codes(each)


# --- what is told -----------------------------------------------------------------------------


def listed() -> dict[str, Any]:
    """What mutants.toml holds."""
    return tomllib.loads(TOLERATED.read_text("utf-8"))


def tolerated() -> set[Key]:
    """Who may survive."""
    entries = listed()["tolerated"]
    return {(entry["where"], change.strip()) for entry in entries for change in entry["changes"]}


def report(prey: list[Mutant]) -> bool:
    """Say who survived, and whether those are the tolerated."""
    allowed, modules = tolerated(), dict.fromkeys(mutant.module for mutant in prey)
    alive = {mutant.key: mutant for mutant in prey if mutant.outcome not in DEAD}
    for mutant in alive.values():
        if mutant.key in allowed:
            mutant.outcome = "tolerated"
        else:
            print(f'\n# {mutant.outcome}\n[[tolerated]]\nwhere = "{mutant.where}"\nwhy = ""')
            print(f"changes = ['''\n{mutant.change}''']")
    dead = {key for key in allowed - alive.keys() if key[0].startswith(tuple(modules))}
    for where, change in sorted(dead):
        print(f"\n{where}: in {TOLERATED.name}, but it does not survive:\n{change}")
    rows = [(name, [each.outcome for each in prey if each.module == name]) for name in modules]
    print("module".ljust(18) + "".join(name.rjust(10) for name in ("made", *OUTCOMES)))
    for name, outcomes in [*rows, ("all", [mutant.outcome for mutant in prey])]:
        figures = [len(outcomes), *(outcomes.count(each) for each in OUTCOMES)]
        print(name.ljust(18) + "".join(str(figure).rjust(10) for figure in figures))
    return alive.keys() <= allowed and not dead


def main() -> int:
    parser = argparse.ArgumentParser(description="Mutation testing of smtpconsole/smtp.")
    parser.add_argument("tests", nargs="+", help="files of tests")
    parser.add_argument("--modules", default="", help="of smtp/, such as `replies sasl.scram`")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    paths = [path.relative_to(CORE).with_suffix("") for path in sorted(CORE.rglob("*.py"))]
    left_out = listed()["unexamined"]
    known = [name for path in paths if (name := ".".join(path.parts)) not in left_out]
    modules = options.modules.split() or known
    prey = [mutant for module in modules for mutant in mutants(module)]
    sort_out(prey)
    # Nobody else will fulfil what a test waits for.
    Future.result = partialmethod(Future.result, timeout=0)  # type: ignore[method-assign, assignment]
    Future.exception = partialmethod(Future.exception, timeout=0)  # type: ignore[method-assign, assignment]
    hunt = Hunt([mutant for mutant in prey if not mutant.outcome], options.jobs)
    arguments = ["-qq", "-p", "no:cacheprovider", "--assert=plain"]
    pytest.main([*arguments, *options.tests], plugins=[hunt])
    if not all(mutant.outcome for mutant in prey):
        return 2  # pytest has said why
    is_as_listed = report(prey)
    if not options.modules:
        print(f"Not examined: {', '.join(left_out) or 'none'}")
    return 0 if is_as_listed else 1


if __name__ == "__main__":
    sys.exit(main())
