"""What the knowledge base suggests and covers, held against the console and what it remarks on."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import smtpconsole
from smtpconsole import knowledge
from smtpconsole.composer.mends import MENDS
from smtpconsole.console import commands, language
from smtpconsole.console.probe.checks import CHECKS
from smtpconsole.knowledge.entries import table
from smtpconsole.net import failures, problems
from smtpconsole.net.dns.tags import CODES as RECORDS

PACKAGE = Path(smtpconsole.__file__).parent
FOLDER = Path(knowledge.__file__).parent
TABLES = sorted(
    file.relative_to(FOLDER).with_suffix("").as_posix()
    for file in FOLDER.rglob("*.toml")
    if file.name != "queues.toml"  # patterns, which have tests of their own
)


def next_lines(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Every line that is suggested, with the way to it."""
    if isinstance(value, dict):
        for key, below in value.items():
            yield from next_lines(below, f"{path}/{key}")
    elif isinstance(value, list):
        for each in value:
            if isinstance(each, str) and path.endswith("/next"):
                yield path, each
            else:
                yield from next_lines(each, path)


def test_every_next_line_is_of_the_console_language_and_its_command_takes_these_words() -> None:
    commands.COMMANDS.bring_all()
    verbs = {verb.name for verb in knowledge.verbs()} | {"*", "."}
    found = [line for name in TABLES for line in next_lines(table(name), name)]
    assert len(found) > 400
    for path, line in found:
        match language.parse(line):
            case language.Call(name, words):
                commands.find(name).bound(words)  # raises what a person would be told
                assert name != "mend" or words[0] in MENDS, f"{path}: {line}"
            case language.Say(data):
                assert data.decode().split()[0] in verbs, f"{path}: {line}"
            case language.Remark(text):
                pytest.fail(f"{path}: {text}")


def test_a_line_that_a_command_does_not_take_would_be_noticed() -> None:
    commands.COMMANDS.bring_all()
    for line in ("/dns example.com --selector x", "/conect mail.example.com"):
        call = language.parse(line)
        assert isinstance(call, language.Call)
        with pytest.raises(language.ConsoleError):
            commands.find(call.name).bound(call.words)


# --- remarks ------------------------------------------------------------------------------------


def codes_in(file: Path, *callers: str) -> Iterator[str]:
    """The second argument of each Remark(...) and its like; also where it is a name."""
    tree = ast.parse(file.read_text("utf-8"))
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        if node.func.id in callers and len(node.args) > 1:
            yield from _codes(node.args[1], tree)


def _codes(node: ast.expr, tree: ast.Module) -> Iterator[str]:
    if isinstance(node, ast.Constant):
        yield str(node.value)
    elif isinstance(node, ast.IfExp):
        yield from (*_codes(node.body, tree), *_codes(node.orelse, tree))
    elif isinstance(node, ast.JoinedStr) and isinstance(node.values[-1], ast.Constant):
        yield from (f"{record}{node.values[-1].value}" for record in RECORDS.values())
    elif isinstance(node, ast.Name):
        assigned = (each for each in ast.walk(tree) if isinstance(each, ast.Assign))
        for each in assigned:
            if any(isinstance(name, ast.Name) and name.id == node.id for name in each.targets):
                yield from _codes(each.value, tree)


def test_every_remark_on_the_dns_is_explained_and_no_other() -> None:
    files = [*PACKAGE.glob("net/dns/*.py"), PACKAGE / "console/dns/domains.py"]
    said = {code for file in files for code in codes_in(file, "Remark", "say")}
    fetching = re.findall(r'FetchError\("([a-z-]+)"', (PACKAGE / "net/https.py").read_text())
    said |= {f"sts-{code}" for code in fetching}
    said -= {"spf-twice", "spf-unknown"}  # SPF is no list of tags
    assert said == set(table("remarks/dns"))


def test_every_finding_of_the_probe_is_explained_and_no_other() -> None:
    aside = set(codes_in(PACKAGE / "console/probe/probing.py", "Remark"))
    assert {each.code for each in CHECKS} | aside == set(table("remarks/probe"))


def test_every_remark_on_a_message_is_explained_and_no_other() -> None:
    files = (PACKAGE / "composer/lint.py", PACKAGE / "composer/meter.py")
    said = {code for file in files for code in codes_in(file, "Remark")}
    text = files[0].read_text()
    said |= {f"no-{name.lower()}" for name in re.findall(r'\("([A-Z][\w-]+)", "(?:err|warn)', text)}
    said |= set(re.findall(r'_BARE_\w\w, "([a-z-]+)"', text))
    assert said == set(table("remarks/message"))


def test_every_problem_of_tls_is_explained_and_no_other() -> None:
    assert set(problems.CODES) == set(table("remarks/certificate"))
    assert set(problems.OF_SESSIONS) == set(table("remarks/tls"))


def test_every_way_in_which_tls_fails_is_explained_and_no_other() -> None:
    said = {code for code, _ in failures._REASONS.values()} | set(failures._ALERTS.values())
    for file in PACKAGE.glob("net/**/*.py"):
        said |= set(re.findall(r'failure(?:=|") ?"([a-z-]+)"', file.read_text()))
    for file in ("net/failures.py", "smtp/session.py"):
        text = (PACKAGE / file).read_text()
        said |= set(re.findall(r'(?:return|unsound =) "([a-z-]+)",', text))
        said |= set(re.findall(r'failure="([a-z-]+)"', text))
        said |= set(re.findall(r'_ALERTS\.get\(alert\.code, "([a-z-]+)"\)', text))
    assert said == set(table("remarks/handshake"))
