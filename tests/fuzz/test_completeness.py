"""Whatever reads foreign text is fuzzed: no module that parses is missing from the tables."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

from test_parsers import PARSERS
from work import modules

import smtpconsole

ROOT = Path(smtpconsole.__file__).parent

# What a module calls that takes text apart.
MARKS = {
    *("loads", "fromisoformat", "b64decode", "urlsafe_b64decode", "fromhex", "unquote"),
    *("message_from_bytes", "from_bytes", "unpack", "unpack_from", "iter_unpack", "from_wire"),
    *(
        "load_der_x509_certificate",
        "netrc",
        "fullmatch",
        "match",
        "finditer",
        "findall",
        "urlsplit",
    ),
}

# Those of which none is a parser of foreign text, and why.
EXEMPT = {
    "net/bindings.py": "reads OpenSSL's own key log",
    "net/tls.py": "looks for letters in what came instead of TLS",
    "net/watchdog.py": "reads what the kernel tells of a socket",
    "console/commands/hex.py": "asks bytes.fromhex, and says so where that refuses",
    "console/dns/matrixtext.py": "loads its own schema",
    "console/holding/held.py": "reads what this side is about to say",
    "console/submission/dump.py": "loads its own schema",
    "console/teaching/lessonplay.py": "looks through a lesson that has been read",
    "console/tls/tlsreport.py": "reads its own digests",
    "lessons/catalogue.py": "reads the names of its own files",
    "sandbox/login.py": "runs in the sessions of test_spoilt_sessions.py",
    "sandbox/mailbox.py": "runs in the sessions of test_spoilt_sessions.py",
    "sandbox/replay.py": "runs in the sessions of test_spoilt_sessions.py",
}


@cache
def marked() -> dict[str, set[str]]:
    """The modules that take text apart, with what they call for it."""
    found = {}
    for path in ROOT.rglob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        called = {name(each.func) for each in ast.walk(tree) if isinstance(each, ast.Call)}
        if called & MARKS:
            found[str(path.relative_to(ROOT))] = called & MARKS
    return found


def name(called: ast.expr) -> str:
    return called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")


def run_by_the_tables() -> set[str]:
    """The modules that run when each parser reads its samples."""

    def work() -> None:
        for parser in PARSERS:
            for sample in parser.samples:
                try:
                    parser.parse(sample)
                except parser.errors:
                    continue

    return modules(work)


def test_every_module_that_takes_text_apart_is_run_by_a_fuzz_test() -> None:
    missing = {path: what for path, what in marked().items() if not path.startswith("tui/")}
    left = set(missing) - run_by_the_tables() - set(EXEMPT)
    assert not left, "\n".join(f"{path} {missing[path]}" for path in sorted(left))


def test_what_is_exempt_takes_text_apart() -> None:
    assert set(EXEMPT) <= set(marked())
