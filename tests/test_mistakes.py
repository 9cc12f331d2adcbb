"""Whatever is wrong on the command line, a sentence says so, and what to do next."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from program import run

CONFIG = """\
[settings]
timeuot = 3

[profile.broken]
target = "mail.example"
forbid = ["DTA"]

[profile.odd]
target = "a b"
"""
FILES = {"empty": b"", "binary": bytes(range(256)), "odd.jsonl": b'{"not": "ours"}\n[1]\n'}

# What is typed, and what must be told; {closed} is a port where nobody listens.
MISTAKES: dict[str, tuple[str, str, str]] = {  # arguments, lines, words
    "an option": ("--tiemout 3", "", "--help"),
    "an option of a command": ("probe --jsn", "", "--help"),
    "no value": ("--timeout", "", "requires an argument"),
    "too many words": ("mail.example too many", "", "unexpected extra arguments"),
    "a target": ("a/b", "", "write it as host"),
    "a port": ("mail.example:99999", "", "ports go from 1 to 65535"),
    "a scheme": ("ftp://mail.example", "", "known are smtp"),
    "a password in a target": ("al:hush@mail.example", "", "/login asks for the password"),
    "a time": ("--timeout soon", "", "30s, 5m"),
    "a file": ("--ca /no/such", "", "check the path"),
    "a certificate": ("repl localhost:{closed} --ca empty", "", "must be a PEM file"),
    "a client certificate": ("repl localhost:{closed} --client-cert binary", "", "PEM file"),
    "a version of TLS": ("--tls-min 9", "", "not among"),
    "a cipher": ("--ciphers NONSENSE", "", "openssl ciphers"),
    "a pin": ("--pin nonsense", "", "/tls chain"),
    "a resolver": ("mx example.com --dns nonsense", "", "127.0.0.1"),
    "a host": ("repl no-such-host.invalid", "", "no-such-host.invalid"),
    "a closed port": ("repl localhost:{closed}", "", "refused"),
    "a profile": ("broken", "", "nearest is DATA"),
    "another profile": ("repl odd", "", "not a server"),
    "a key of the file": ("settings --check", "", "line 2: there is no setting timeuot; nearest"),
    "a shell": ("completion csh", "", "bash"),
    "a journal": ("open nothing-such", "", "nothing-such"),
    "a journal that is none": ("open odd.jsonl", "", "odd.jsonl"),
    "octets for a journal": ("export binary", "", "binary"),
    "a format": ("export odd.jsonl --format nonsense", "", "nonsense"),
    "a script": ("run /no/such", "", "/no/such"),
    "a fault": ("sandbox --fault rcpt-mixd", "", "rcpt-mixed"),
    "a lesson": ("learn no-such-lesson", "", "no-such-lesson"),
    "a command of the console": ("repl", "/conect x\n", "nearest is /connect"),
    "an option of it": ("repl", "/connect x --tls-mn 1.2\n", "nearest is --tls-min"),
    "a quote": ("repl", "/send 'open\n", "between quotes"),
    "a line without a server": ("repl", "NOOP\n", "/connect"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where all of it is tried."""
    folder = tmp_path_factory.mktemp("mistakes")
    for name, octets in FILES.items():
        (folder / name).write_bytes(octets)
    (folder / "config").mkdir()
    (folder / "config" / "config.toml").write_text(CONFIG)
    return folder


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_in_a_sentence_with_the_next_step(folder: Path, mistake: str) -> None:
    words, lines, told = MISTAKES[mistake]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        closed = free.getsockname()[1]
        done = run(
            *words.format(closed=closed).split(),
            typed=lines,
            cwd=folder,
            SMTPCONSOLE_CONFIG=str(folder / "config"),
        )
    text = done.stdout + done.stderr
    assert done.returncode != 0, text
    assert "Traceback" not in text and "bug in smtpconsole" not in text, text
    assert told in text, text
    assert "hush" not in text and "\x1b" not in text
