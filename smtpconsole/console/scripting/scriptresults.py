"""What came of a script: a line a step, and reports for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from smtpconsole.console.scripting import exitcodes
from smtpconsole.console.scripting.playing import Result, Script, failure
from smtpconsole.visible import visible

_WIDTH = 44


def row(result: Result) -> str:
    """A line about a step: how it went, its number, what was entered, what was answered."""
    state = "FAILED" if result.has_failed else "ok"
    text = result.line.text
    return f"{state:6} {result.line.number:>4}  {text:<{_WIDTH}}  {result.told}".rstrip()


@dataclass(frozen=True, slots=True)
class Report:
    """A script that was played."""

    script: Script
    results: Sequence[Result]
    target: str
    transcript: str

    @property
    def code(self) -> int:
        """The exit code."""
        failed = failure(self.results)
        return failed.code if failed is not None else 0

    @property
    def outcome(self) -> str:
        """The exit code in words."""
        return exitcodes.words(self.code)

    @property
    def seconds(self) -> float:
        """How long it took."""
        return sum(result.seconds for result in self.results)

    @property
    def sentence(self) -> str:
        """All in a line."""
        count = len(self.results)
        steps = "1 step" if count == 1 else f"{count} steps"
        failed = failure(self.results)
        if failed is None:
            return f"{self.script.name}: {steps}, all as they should be, {self.seconds:.1f} s"
        return (
            f"{self.script.name}: line {failed.line.number} failed ({self.outcome}, exit code"
            f" {self.code}): {failed.told}"
        )

    def json(self) -> str:
        """For programs."""
        steps = [
            {
                "line": result.line.number,
                "text": result.line.text,
                "status": "failed" if result.has_failed else "ok",
                "told": result.told,
                "seconds": round(result.seconds, 3),
                "exit_code": result.code,
            }
            for result in self.results
        ]
        told = {
            "script": self.script.name,
            "target": self.target,
            "outcome": self.outcome,
            "exit_code": self.code,
            "seconds": round(self.seconds, 3),
            "steps": steps,
        }
        return json.dumps(told, indent=2, ensure_ascii=True)

    def junit(self) -> str:
        """For CI: a test suite, with a case for each line that does something."""
        from xml.etree import ElementTree

        name = visible(self.script.name)
        lines = [result.line for result in self.results if not result.line.number]
        lines += [line for line in self.script.lines if not (line.is_idle or line.is_remark)]
        by_number = {result.line.number: result for result in self.results}
        cases = [line for line in lines if not line.is_content or line.number in by_number]
        failed = sum(result.has_failed for result in self.results)
        suite = ElementTree.Element(
            "testsuite",
            name=name,
            tests=str(len(cases)),
            failures=str(failed),
            errors="0",
            skipped=str(sum(line.number not in by_number for line in cases)),
            time=f"{self.seconds:.3f}",
        )
        for line in cases:
            result = by_number.get(line.number)
            case = ElementTree.SubElement(
                suite,
                "testcase",
                classname=name,
                name=visible(f"line {line.number}: {line.text}"),
                time=f"{result.seconds if result is not None else 0:.3f}",
            )
            if result is None:
                ElementTree.SubElement(case, "skipped")
            elif result.has_failed:
                fault = ElementTree.SubElement(case, "failure", message=visible(result.told))
                fault.text = f"exit code {result.code}"
        out = ElementTree.SubElement(suite, "system-out")
        out.text = "\n".join(map(visible, self.transcript.splitlines()))
        ElementTree.indent(suite)
        return f'<?xml version="1.0" encoding="utf-8"?>\n{ElementTree.tostring(suite, "unicode")}\n'
