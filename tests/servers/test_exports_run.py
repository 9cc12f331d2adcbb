"""What is taken home works: exports run in swaks, curl, openssl, Python and a browser."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import postfix
import pytest
from test_exports import hostile

from smtpconsole.console.answers import Answer
from smtpconsole.console.console import Console
from smtpconsole.console.settings import Settings
from smtpconsole.sandbox import Sandbox
from smtpconsole.sandbox.replay import Replay
from smtpconsole.transcript.dialogue import talks
from smtpconsole.transcript.formats import exported
from smtpconsole.transcript.journal import Journal
from smtpconsole.transcript.reading import read
from smtpconsole.transcript.showing import Show
from smtpconsole.transcript.turns import turns

pytestmark = pytest.mark.servers

BODY = b"Subject: taken home\r\n\r\n%FROM_ADDRESS% `id` $(id) \\n 'x'\r\n.dot\r\ncaf\xc3\xa9\r\n"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


class Person:
    """Knows a password, and says yes."""

    def __init__(self, password: str) -> None:
        self.password = password

    def show(self, answer: Answer) -> None: ...

    async def ask(self, question: str, *, secret: bool = False) -> str:
        return self.password if secret else "yes"

    async def edit(self, text: str, *, suffix: str) -> str | None:
        return None

    def progress(self, progress: object) -> None: ...

    def copy(self, text: str) -> str:
        return ""

    def leave(self) -> None: ...


def record(*lines: str, ca: Path, password: str = "wonderland") -> Journal:
    """A session of the console."""

    async def session() -> Journal:
        journal = Journal()
        settings = Settings(ca=str(ca), name="client.example")
        console = Console(Person(password), journal, settings=settings)
        for line in lines:
            await console.execute(line)
        await console.end()
        return journal

    return asyncio.run(session())


def sent_to(sandbox: Sandbox) -> Journal:
    """A message under TLS, after a log-in, to one of two recipients."""
    text = BODY.decode().replace("\r\n.", "\r\n..").removesuffix("\r\n").split("\r\n")
    return record(
        f"/connect localhost:{sandbox.port}",
        *("EHLO client.example", "STARTTLS", "EHLO client.example"),
        "/login alice@sandbox.example --mechanism PLAIN",
        "MAIL FROM:<alice@sandbox.example>",
        *("RCPT TO:<bob@sandbox.example>", "DATA", *text, ".", "QUIT"),
        ca=sandbox.ca_file,
    )


def run(*words: str, text: str = "", folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a program with an environment of its own."""
    environment = {**os.environ, "HOME": str(folder), **more}
    return subprocess.run(
        words, input=text, capture_output=True, text=True, timeout=60, check=False, env=environment
    )


def test_swaks_says_it_again_and_its_output_is_read_back(sandbox: Sandbox, tmp_path: Path) -> None:
    script = exported(sent_to(sandbox), "swaks")
    done = run("sh", text=script, folder=tmp_path, SWAKS_OPT_auth_password="wonderland")
    assert done.returncode == 0, done.stdout + done.stderr
    first, again = sandbox.mailbox.letters()
    assert again.content == first.content == BODY
    assert (again.sender, again.recipients) == (first.sender, first.recipients)
    assert again.user == "alice@sandbox.example" and again.tls
    reading = read(done.stdout)
    assert (reading.format, reading.problems) == ("swaks", ())
    (talk,) = talks(turns(reading.journal))
    assert [question.code for question in talk.questions if question.verb == b"AUTH"][-1] == 235
    assert "d29uZGVybGFuZA" not in exported(reading.journal, "text")


def test_curl_says_it_again(sandbox: Sandbox, tmp_path: Path) -> None:
    user = "--user alice@sandbox.example"  # at a terminal, curl asks for the password there
    script = exported(sent_to(sandbox), "curl").replace(user, f"{user}:wonderland")
    done = run("sh", text=script, folder=tmp_path, CURL_CA_BUNDLE=str(sandbox.ca_file))
    assert done.returncode == 0, done.stderr
    first, again = sandbox.mailbox.letters()
    assert again.content == first.content and again.user == "alice@sandbox.example"
    reading = read(done.stderr)
    assert reading.format == "sided"


def test_openssl_says_it_again(sandbox: Sandbox, tmp_path: Path) -> None:
    journal = record(
        *(f"/connect localhost:{sandbox.port}", "EHLO client.example", "STARTTLS"),
        *("EHLO client.example", "RSET", "QUIT"),
        ca=sandbox.ca_file,
    )
    script = exported(journal, "openssl").replace("sleep 1", "sleep 0.3")
    done = run("sh", text=script, folder=tmp_path)
    assert "250 2.0.0 Ok" in done.stdout and "221 2.0.0 Bye" in done.stdout


@pytest.mark.parametrize("name", ["python", "python-aiosmtplib", "python-smtpconsole"])
def test_python_says_it_again(sandbox: Sandbox, tmp_path: Path, name: str) -> None:
    program = tmp_path / "again.py"
    program.write_text(exported(sent_to(sandbox), name))
    done = run(
        *(sys.executable, str(program)),
        folder=tmp_path,
        SMTP_PASSWORD="wonderland",
        SSL_CERT_FILE=str(sandbox.ca_file),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    first, again = sandbox.mailbox.letters()
    assert again.content == first.content
    assert again.user == "alice@sandbox.example" and again.tls


def test_swaks_is_served_by_a_replay(sandbox: Sandbox, tmp_path: Path) -> None:
    journal = record(
        f"/connect localhost:{sandbox.port}",
        *("EHLO client.example", "MAIL FROM:<a@sandbox.example>", "RCPT TO:<bob@sandbox.example>"),
        *("DATA", "Subject: x", "", "y", ".", "QUIT"),
        ca=sandbox.ca_file,
    )
    told: list[str] = []
    with Replay(talks(turns(journal)), tell=told.append) as server:
        done = run(
            *("swaks", "--server", "127.0.0.1", "--port", str(server.port), "--helo", "other"),
            *("--from", "a@sandbox.example", "--to", "bob@sandbox.example"),
            folder=tmp_path,
        )
    assert done.returncode == 0 and "220 sandbox.example" in done.stdout
    assert told[-1] == "client 1: said all that the transcript has"


def test_a_session_on_the_sandbox_is_done_again_on_postfix_and_compared(
    sandbox: Sandbox, mta: postfix.Postfix, tmp_path: Path
) -> None:
    domain = postfix.DOMAIN
    journal = record(
        f"/connect localhost:{sandbox.port}",
        *("EHLO client.example", "STARTTLS", "EHLO client.example"),
        "/login alice@sandbox.example --mechanism PLAIN",
        f"MAIL FROM:<alice@{domain}>",
        *(f"RCPT TO:<bob@{domain}>", "DATA", "Subject: moved", "", "x", ".", "QUIT"),
        ca=sandbox.ca_file,
    )
    before = tmp_path / "before.json"
    before.write_text(exported(journal, "json"))
    count = len(mta.letters("bob")) if (mta.folder / "mail/bob/new").is_dir() else 0

    def replay(*options: str) -> subprocess.CompletedProcess[str]:
        options = ("--ignore", "times", *options)  # somebody else may keep the machine busy
        words = ("replay", str(before), f"localhost:{mta.port}", "--diff", "--ca", str(mta.ca))
        return run(
            *(sys.executable, "-m", "smtpconsole", *words, "--user", postfix.USER, *options),
            folder=tmp_path,
            SMTP_PASSWORD=postfix.PASSWORD,
            COLUMNS="120",
        )

    done = replay()
    assert done.returncode == 1, done.stdout + done.stderr
    assert "! capabilities: SMTPUTF8 -> -" in done.stdout or "! capabilities:" in done.stdout
    assert re.search(
        r"~ \(message\) +250 2\.0\.0 Ok: kept as 1 +250 2\.0\.0 Ok: queued", done.stdout
    )
    done = replay("--ignore", "capabilities")
    assert done.returncode == 0, done.stdout + done.stderr
    letters = mta.wait_for_letters("bob", count + 2)
    assert b"Subject: moved" in letters[-1]


def chromium(page: Path, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which("chromium")
    assert program, "chromium is missing: apt-get install chromium"
    return run(
        *(program, "--headless", "--no-sandbox", "--disable-gpu"),
        *("--disable-background-networking", f"--user-data-dir={folder}/chromium", *options),
        page.as_uri(),
        folder=folder,
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_opens_in_a_browser_and_nothing_in_it_is_alive(
    tmp_path: Path, scheme: str
) -> None:
    page = tmp_path / "session.html"
    # Were one of the scripts run, or one of the handlers, the title would be another.
    page.write_text(exported(hostile(), "html"))
    is_dark = ["--force-dark-mode"] if scheme == "dark" else []
    dom = chromium(page, tmp_path, "--dump-dom", *is_dark)
    assert dom.returncode == 0, dom.stderr
    assert not re.search(r"<(?:script|img|a|b|iframe|object|link|base)\b", dom.stdout)
    assert not re.search(r"<[^>]+\son\w+=", dom.stdout)
    assert dom.stdout.count("<rect") > 10 and "Where the time went" in dom.stdout
    refused = [line for line in dom.stderr.splitlines() if "Content Security Policy" in line]
    assert refused == []  # its own style is allowed, and nothing else is tried
    picture = tmp_path / "page.png"
    chromium(page, tmp_path, f"--screenshot={picture}", "--window-size=1000,1400", *is_dark)
    assert picture.stat().st_size > 20_000


def test_masked_pages_hold_no_address(sandbox: Sandbox) -> None:
    text = exported(sent_to(sandbox), "html", show=Show(addresses=False))
    assert "sandbox.example" not in text and "client.example" not in text
    assert "user1@host" in text


def test_our_own_script_says_it_again(sandbox: Sandbox, tmp_path: Path) -> None:
    script = exported(sent_to(sandbox), "script")
    words = (sys.executable, "-m", "smtpconsole", "run", "-", "--ca", str(sandbox.ca_file))
    done = run(*words, text=script, folder=tmp_path, SMTP_PASSWORD="wonderland")
    assert done.returncode == 0, done.stdout + done.stderr
    first, again = sandbox.mailbox.letters()
    assert again.content == first.content == BODY
    assert again.user == "alice@sandbox.example" and again.tls
