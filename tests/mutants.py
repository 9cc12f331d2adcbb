"""What could be changed in smtp/ without anything that minds?  `make mutants`.

Of the mutants (`mutating`) mypy sorts out those that it tells.  The tests are run once, to learn
which of them execute which line; then each mutant is a fork of this process, in which its code
takes the place of the function's, and in which the tests that execute what is changed run, the
quickest first, until one fails.

Who survives must be in mutants.toml with the reason why that does not matter, and who is in there
must survive.  What is made when a module is loaded (tables, patterns) is not mutated.
"""

from __future__ import annotations

import argparse
import gc
import os
import resource
import signal
import sys
import time
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from functools import partialmethod
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import coverage
import pytest
from hypothesis import HealthCheck, Phase, settings
from mutating import CORE, Key, Mutant, mutants, sort_out, source

TOLERATED = Path(__file__).with_suffix(".toml")
LIMIT = 2  # CPU seconds beyond what its tests take
PATIENCE = 600  # seconds, for a mutant that waits for what never comes
MEMORY = 2 * 2**30  # octets, for a mutant that hoards
KILLED, SURVIVED = 1, 0
OUTCOMES = ("by mypy", "by tests", "timed out", "tolerated", "survived", "untested", "broken")
DEAD = OUTCOMES[:3]


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
        # Whatever is told of mutants is worth nothing where one without a change dies.
        control = replace(self.prey[0], after=self.prey[0].before)
        self.release(control, session.items, {*range(len(session.items))})
        self.bury()
        if control.outcome != "survived":
            pytest.exit(f"{control.where} as it is: {control.outcome}", 2)
        for done, mutant in enumerate(self.prey):
            tests = {test for line in mutant.lines for test in executed[mutant.module, line]}
            if not tests:
                mutant.outcome = "untested"
                continue
            if len(self.running) == self.jobs:
                self.bury()
            self.release(mutant, session.items, tests)
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

    def release(self, mutant: Mutant, items: list[pytest.Item], tests: set[int]) -> None:
        """Begin to test a mutant in a process of its own."""
        if pid := os.fork():
            self.running[pid] = mutant
            return
        signal.setitimer(signal.ITIMER_PROF, LIMIT + 3 * sum(self.seconds[test] for test in tests))
        signal.alarm(PATIENCE)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        self.put_in_place(mutant)
        chosen = [items[test] for test in sorted(tests, key=self.seconds.__getitem__)]
        for item, following in zip(chosen, [*chosen[1:], None], strict=True):
            _run(item, following)
        os._exit(SURVIVED)

    def put_in_place(self, mutant: Mutant) -> None:
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
    gc.unfreeze()  # what was there when the tests were collected is not among the objects else
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
    allowed = tolerated()
    modules = tuple(dict.fromkeys(f"{mutant.module}." for mutant in prey))
    alive = [mutant for mutant in prey if mutant.outcome not in DEAD]
    for mutant in alive:
        if mutant.key in allowed:
            mutant.outcome = "tolerated"
        else:
            print(f'\n# {mutant.outcome}\n[[tolerated]]\nwhere = "{mutant.where}"\nwhy = ""')
            print(f"changes = ['''\n{mutant.change}''']")
    gone = allowed - {mutant.key for mutant in alive}
    gone = {key for key in gone if key[0].startswith(modules)}
    for where, change in sorted(gone):
        print(f"\n{where}: in {TOLERATED.name}, but it does not survive:\n{change}")
    print("module".ljust(18) + "".join(name.rjust(10) for name in ("made", *OUTCOMES)))
    for module in (*modules, ""):
        outcomes = [each.outcome for each in prey if f"{each.module}.".startswith(module)]
        figures = [len(outcomes), *map(outcomes.count, OUTCOMES)]
        print((module[:-1] or "all").ljust(18) + "".join(str(each).rjust(10) for each in figures))
    return not gone and all(mutant.outcome in (*DEAD, "tolerated") for mutant in prey)


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
    if hunt.prey:
        pytest.main([*arguments, *options.tests], plugins=[hunt])
    if not all(mutant.outcome for mutant in hunt.prey):
        return 2  # pytest has said why
    is_as_listed = report(prey)
    if not options.modules:
        print(f"Not examined: {', '.join(left_out) or 'none'}")
    return 0 if is_as_listed else 1


if __name__ == "__main__":
    sys.exit(main())
