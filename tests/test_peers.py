"""What other tools can do is done here: each row of docs/peers.toml that has a command is run."""

from __future__ import annotations

import shlex
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from click.testing import CliRunner
from test_console import Person
from test_docs import DOCS, make

from smtpconsole.cli import main
from smtpconsole.console.console import Console
from smtpconsole.console.settings import Settings
from smtpconsole.sandbox import Sandbox
from smtpconsole.transcript.journal import Journal

ALICE, BOB, PASSWORD = "alice@sandbox.example", "bob@sandbox.example", "correct-horse-7291"
PEERS = tomllib.loads((DOCS / "peers.toml").read_text())["peer"]
ROWS = [(peer["name"], row) for peer in PEERS for row in peer["row"]]
PIPED = """\
import sys
def say(text): print(text, end="\\r\\n", flush=True)
say("220 piped")
content = False
for line in sys.stdin:
    line = line.rstrip()
    if content and line != ".": continue
    verb = line[:4].upper()
    content = verb == "DATA"
    say("354 go" if content else "221 bye" if verb == "QUIT" else "250 ok")
    if verb == "QUIT": break
"""


def rows(kind: str) -> list[Any]:
    """The rows that are run in a way."""
    found = [(name, row) for name, row in ROWS if kind in row]
    return [pytest.param(row, id=f"{name}: {row['what'][:40]}") for name, row in found]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(password=PASSWORD, lmtp_port=0, proxy_port=0) as running:
        yield running


@pytest.fixture(scope="module")
def names(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the words in braces stand for."""
    folder = tmp_path_factory.mktemp("peers")
    (folder / "body.txt").write_text("from a file\n")
    (folder / "raw.eml").write_bytes(b"Subject: %DATE%\r\n\r\nas it is\r\n")
    (folder / "server.py").write_text(PIPED)
    (folder / "options").write_text(f"server localhost:{sandbox.port}\nehlo of.a.file\n")
    (folder / "netrc").write_text(f"machine localhost login {ALICE} password {PASSWORD}\n")
    (folder / "netrc").chmod(0o600)
    identity = trustme.CA().issue_cert("client.example")
    identity.private_key_and_cert_chain_pem.write_to_path(str(folder / "client.pem"))
    return {
        "smtp": f"localhost:{sandbox.port}",
        "port": str(sandbox.port),
        "tls": f"localhost:{sandbox.tls_port}",
        "lmtp": f"localhost:{sandbox.lmtp_port}",
        "proxy": f"localhost:{sandbox.proxy_port}",
        "ca": str(sandbox.ca_file),
        "folder": str(folder),
        "python": sys.executable,
        "alice": ALICE,
        "bob": BOB,
    }


def check(row: dict[str, Any], told: str, names: dict[str, str]) -> None:
    """All that is expected is to be seen, in its order."""
    at = 0
    for words in row["expect"]:
        words = words.format(**names)
        found = told.find(words, at)
        assert found >= 0, f"{words!r} is not in, or not behind {told[:at][-40:]!r} in\n{told}"
        at = found + len(words)


@pytest.mark.parametrize("row", rows("send"))
def test_a_row_for_send_does_what_it_says(row: dict[str, Any], names: dict[str, str]) -> None:
    words = ["send", *shlex.split(row["send"].format(**names))]
    variables = {"SMTP_PASSWORD": PASSWORD, "NETRC": f"{names['folder']}/netrc"}
    done = CliRunner().invoke(main, words, env=variables)
    told = done.stdout + done.stderr
    assert done.exit_code == row.get("code", 0), told
    check(row, told, names)


@pytest.mark.parametrize("row", rows("program"))
def test_a_row_for_the_shell_does_what_it_says(row: dict[str, Any], names: dict[str, str]) -> None:
    done = CliRunner().invoke(main, shlex.split(row["program"].format(**names)))
    assert done.exit_code == row.get("code", 0), done.output
    check(row, done.output, names)


@pytest.mark.parametrize("row", rows("lines"))
async def test_a_row_for_the_console_does_what_it_says(
    row: dict[str, Any], names: dict[str, str]
) -> None:
    person = Person(PASSWORD)
    settings = Settings(name="me.example", ca=names["ca"])
    console = Console(person, Journal(), settings=settings)
    try:
        await console.execute(f"/connect {names['smtp']}")
        for line in row["lines"]:
            await console.execute(line.format(**names))
    finally:
        await console.end()
    lines = (line for each in person.answers for line in (each.title, *each.lines))
    check(row, "\n".join(lines), names)


def test_the_page_about_peers_is_current() -> None:
    assert (DOCS / "peers.md").read_text() == make().peers(), "run python docs/make.py"


def test_what_has_no_command_says_where_it_is_or_why_not() -> None:
    for _, row in ROWS:
        is_run = {"send", "program", "lines"} & set(row)
        assert is_run or row["here"].startswith(("not here: ", "as RFC", "`", "the console")), row
        assert not is_run or isinstance(row["expect"], list)
    assert sum(len(rows(kind)) for kind in ("send", "program", "lines")) > len(ROWS) * 0.8


def test_the_table_has_each_way_of_each_peer_once() -> None:
    assert [peer["name"] for peer in PEERS] == [
        "swaks",
        "smtptest",
        "openssl s_client -starttls smtp",
        "posttls-finger",
    ]
    seen = [(name, row["what"]) for name, row in ROWS]
    assert len(set(seen)) == len(seen)
    assert Path(DOCS / "peers.md").exists()
