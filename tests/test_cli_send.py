"""One message from the shell: `smtpconsole send` on the sandbox, and with bad words."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import program
import pytest
from click.testing import CliRunner
from proxy import proxy

from smtpconsole.cli.send import command
from smtpconsole.composer.signing import checked, public_record
from smtpconsole.console.submission.stages import EXITS, STAGES
from smtpconsole.sandbox import Sandbox, faults

ALICE, BOB, NOBODY = (f"{who}@sandbox.example" for who in ("alice", "bob", "nobody"))
PASSWORD = "correct-horse-7291"
NAME = ("--helo", "me.example")


@dataclass
class Done:
    returncode: int
    stdout: str
    stderr: str


def send(*words: str, text: str = "", **variables: str) -> Done:
    """The command, in this process, as starting another takes its time."""
    done = CliRunner().invoke(command, words, input=text, env=variables)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exc_info
    return Done(done.exit_code, done.stdout, done.stderr)


def outside(*words: str) -> Done:
    """The command in a process of its own."""
    done = program.run("send", *words)
    return Done(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(password=PASSWORD) as running:
        yield running


@pytest.fixture
def at(sandbox: Sandbox) -> str:
    return f"localhost:{sandbox.port}"


def said(done: Done) -> list[str]:
    """What the client said, without the message."""
    lines = [line[4:] for line in done.stdout.splitlines() if line[:4] in (" -> ", " ~> ")]
    verbs = ("EHLO", "HELO", "LHLO", "MAIL", "RCPT", "DATA", "QUIT", "STARTTLS", "AUTH", "BDAT")
    return [line for line in lines if line.partition(" ")[0] in verbs]


def test_a_message_is_sent_and_the_session_shown_with_swaks_marks(
    sandbox: Sandbox, at: str
) -> None:
    words = (at, *NAME, "--from", ALICE, "--to", BOB, "--subject", "hello", "--body", "a\\nb")
    done = outside(*words)
    assert (done.returncode, done.stderr) == (0, "")
    assert sandbox.mailbox.letters()[-1].content.endswith(b"\r\n\r\na\r\nb\r\n")
    lines = done.stdout.splitlines()
    assert lines[0] == f"=== connecting to {at}"
    assert "<-  220 sandbox.example ESMTP smtpconsole sandbox" in lines
    assert " -> EHLO me.example" in lines and " -> Subject: hello" in lines and " -> ." in lines
    assert any(line.startswith(f"=== accepted   {BOB}  250 ") for line in lines)
    assert lines[-2:] == ["<-  221 2.0.0 Bye", "=== connection closed"]


def test_password_and_login_stay_out_of_all_that_is_shown(sandbox: Sandbox, at: str) -> None:
    words = (at, "--tls", "--ca", str(sandbox.ca_file), "--user", ALICE, "--to", BOB)
    shows = ("--show-raw-text", "--auth-plaintext", "--auth", "PLAIN")
    done = send(*words, *shows, SMTP_PASSWORD=PASSWORD)
    assert done.returncode == 0, done.stdout + done.stderr
    assert PASSWORD not in done.stdout + done.stderr and " ~> AUTH PLAIN" in done.stdout
    assert f"=== {ALICE}" in done.stdout or f"logged in as {ALICE}" in done.stdout
    assert PASSWORD not in send(*words, "--format", "json", SMTP_PASSWORD=PASSWORD).stdout


@pytest.mark.parametrize("way", ["file", "env", "command", "netrc"])
def test_the_password_comes_from_where_it_is_said_to_be(
    sandbox: Sandbox, at: str, tmp_path: Path, way: str
) -> None:
    (tmp_path / "secret").write_text(f"{PASSWORD}\nmore\n")
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine localhost login {ALICE} password {PASSWORD}\n")
    netrc.chmod(0o600)
    ways = {
        "file": ("--user", ALICE, "--password-file", str(tmp_path / "secret")),
        "env": ("--user", ALICE, "--password-env", "MINE"),
        "command": ("--user", ALICE, "--password-command", f"cat {tmp_path}/secret"),
        "netrc": ("--netrc",),
    }
    words = (at, "--tls", "--ca", str(sandbox.ca_file), "--quit-after", "AUTH")
    done = send(*words, *ways[way], MINE=PASSWORD, NETRC=str(netrc))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("words", "last"),
    [
        (("--quit-after", "banner"), ["QUIT"]),
        (("--quit-after", "EHLO"), ["EHLO me.example", "QUIT"]),
        (("--quit-after", "MAIL"), ["MAIL FROM:<a@x>", "QUIT"]),
        (("--quit-after", "TO"), [f"RCPT TO:<{BOB}>", "QUIT"]),
        (("--drop-after", "RCPT"), [f"RCPT TO:<{BOB}>"]),
        (("--drop-after", "DATA"), ["DATA"]),
        (("--drop-after-send", "MAIL"), ["MAIL FROM:<a@x>"]),
        (("--drop-after-send", "EHLO"), ["EHLO me.example"]),
        (("--protocol", "SMTP", "--quit-after", "HELO"), ["HELO me.example", "QUIT"]),
    ],
)
def test_it_stops_where_it_is_told_to(at: str, words: tuple[str, ...], last: list[str]) -> None:
    done = send(at, *NAME, "--from", "a@x", "--to", BOB, *words)
    assert done.returncode == 0, done.stdout + done.stderr
    heard = [line.partition(" size=")[0] for line in said(done)]
    assert heard[-len(last) :] == last
    if words[0] == "--drop-after-send":
        replies = [line for line in done.stdout.splitlines() if line.startswith("<-  250 2.1.0")]
        assert not replies


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--to", NOBODY), 24),
        (("--from", "a>b@x", "--to", BOB), 1),
        (("--to", BOB, "--tls", "--protocol", "SMTP"), 29),  # HELO offers nothing
        (("--to", BOB, "--xclient", "addr=192.0.2.1"), 33),
        (("--to", BOB, "--auth", "PLAIN", "--user", ALICE), 28),
        (("--to", BOB, "--prdr"), 30),
        (("--to", f"{BOB},{NOBODY}"), 0),
        (("--to", BOB, "--message", "huge", "--message-size", "30M"), 23),
        (("--to", BOB, "--tls"), 29),  # the certificate proves nothing, and nobody can be asked
    ],
)
def test_what_failed_is_the_exit_code(at: str, words: tuple[str, ...], code: int) -> None:
    done = send(at, *words)
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr and code in EXITS


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("banner-554", 21),
        ("banner-http", 21),
        ("ehlo-drop", 6),
        ("starttls-refused", 29),
        ("starttls-inject-line", 29),
        ("tls-alert", 29),
        ("auth-535", 28),
        ("auth-no-proof", 28),
        ("mail-later", 23),
        ("421", 23),
        ("rcpt-none-but-354", 24),
        ("data-refused", 25),
        ("data-close", 6),
        ("dot-timeout", 26),
        ("tls-cert-expired", 0),
    ],
)
def test_each_way_for_a_server_to_fail_has_its_code_and_a_sentence(fault: str, code: int) -> None:
    with Sandbox(password=PASSWORD, faults=[faults.known()[fault]]) as failing:
        done = send(
            *(f"localhost:{failing.port}", "--from", ALICE, "--to", BOB, "--timeout", "500ms"),
            *("--tls", "--ca", str(failing.ca_file), "--insecure", "--user", ALICE),
            SMTP_PASSWORD=PASSWORD,
        )
    assert done.returncode == code, done.stdout + done.stderr
    assert "is a bug" not in done.stdout and ("*** " in done.stdout) is (
        code != 0 or "tls" in fault
    )


@pytest.mark.parametrize(
    ("option", "code"), [("--tls-optional", 0), ("--tls-optional-strict", 29), ("--tls", 29)]
)
def test_tls_that_does_not_work_ends_it_unless_it_is_optional(option: str, code: int) -> None:
    with Sandbox(faults=[faults.known()["tls-alert"]]) as failing:
        done = send(f"localhost:{failing.port}", "--to", BOB, option)
        assert done.returncode == code, done.stdout + done.stderr
        assert done.stdout.count("=== connecting") == (2 if code == 0 else 1)
        assert len(failing.mailbox.letters()) == (code == 0)


def test_who_logs_in_is_who_sends_unless_it_is_said(sandbox: Sandbox, at: str) -> None:
    words = (at, "--tls", "--ca", str(sandbox.ca_file), "--user", ALICE, "--to", BOB)
    done = send(*words, "--quit-after", "MAIL", SMTP_PASSWORD=PASSWORD)
    assert f" ~> MAIL FROM:<{ALICE}>" in done.stdout


async def test_what_is_not_harmless_leaves_the_machine_by_a_person_s_word_only(
    sandbox: Sandbox,
) -> None:
    async with proxy() as between:
        words = (
            *(f"localhost:{sandbox.port}", "--proxy", f"http://127.0.0.1:{between.port}"),
            *("--to", BOB, "--message", "eicar"),
        )
        done = await asyncio.to_thread(send, *words)
        assert done.returncode == 1 and "nothing was sent" in done.stdout, done.stdout
        assert "Beware" in done.stderr and " -> MAIL" not in done.stdout
        assert (await asyncio.to_thread(send, *words, "--yes")).returncode == 0


def test_without_a_server_there_is_code_2_and_a_silent_one_fails_at_its_stage() -> None:
    with socket.create_server(("127.0.0.1", 0)) as quiet:
        port = quiet.getsockname()[1]
        done = send(f"127.0.0.1:{port}", "--to", BOB, "--timeout", "300ms")
        assert done.returncode == STAGES["CONNECT"].exit and "No greeting" in done.stdout
    done = send(f"127.0.0.1:{port}", "--to", BOB)
    assert done.returncode == 2 and "refused" in done.stdout


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("a b", "--to", BOB), "is not a server"),
        (("x", "--to", BOB, "--ca", "/no/such"), "/no/such is not a file"),
        (("x", "--to", BOB, "--client-cert", "/no/such"), "not a file"),
        (("x", "--to", BOB, "--attach", "/no/such"), "cannot be attached"),
        (("x", "--to", BOB, "--data", "/no/such"), "cannot be read"),
        (("x", "--to", BOB, "--body", "@/no/such"), "cannot be read"),
        (("x", "--to", BOB, "--config", "/no/such"), "cannot be read"),
        (("x", "--to", BOB, "--output", "/no/such/file"), "cannot be written"),
        (("x", "--to", BOB, "--password-file", "a", "--netrc"), "one place"),
        (("x", "--to", BOB, "--auth-password", "s3cret"), "seen by everybody"),
        (("x", "--to", BOB, "-ap", "s3cret"), "seen by everybody"),
        (("x", "--to", BOB, "--quit-after", "DATA"), "is no stage"),
        (("x", "--to", BOB, "--header", "nonsense"), "is no header"),
        (("x", "--to", BOB, "--header", "A: b\\nBcc: c"), "A"),
        (("x", "--to", BOB, "--message", "no-such"), "no ready-made message"),
        (("x", "--to", BOB, "--notify", "SOMETIMES"), "NOTIFY"),
        (("x", "--to", BOB, "--param", "a b=ü"), "parameter"),
        (("x", "--to", BOB, "--chunk", "many"), "is not a size"),
        (("x", "--to", BOB, "--port", "no-such"), "is no port"),
        (("x", "--to", BOB, "--timeout", "never"), "is not a time"),
        (("x", "--to", BOB, "--tls-min", "9"), "9"),
        (("x", "--to", BOB, "--proxy", "ftp://x"), "a proxy is"),
        (("x", "--to", BOB, "--hide", "all"), "is no side"),
        (("x", "--to", BOB, "--recipients", "0"), "--recipients"),
        (("x", "--to", BOB, "--protocol", "HTTP"), "--protocol"),
        (("x", "--server", "y", "--to", BOB), "name one server"),
        (("x",), "there is no recipient"),
        (("--quit-after", "MAIL"), "which server?"),
        (("x", "--what"), "--what"),
    ],
)
def test_bad_words_get_a_sentence_and_code_1(words: tuple[str, ...], sentence: str) -> None:
    done = send(*words)
    assert done.returncode == 1, done.stdout + done.stderr
    assert sentence in done.stderr and "Error" in done.stderr
    assert "Traceback" not in done.stderr and "s3cret" not in done.stderr


@pytest.mark.parametrize(
    "words", [("a b", "--to", BOB), ("x", "--to", BOB, "--attach", "/no/such"), ("--what",)]
)
def test_in_a_process_of_its_own_there_is_no_traceback_either(words: tuple[str, ...]) -> None:
    done = outside(*words)
    assert done.returncode == 1 and "Traceback" not in done.stderr and "Error" in done.stderr


@pytest.mark.parametrize("bad", [b"", b"nonsense", b"-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_a_certificate_that_is_none_is_told(at: str, tmp_path: Path, bad: bytes) -> None:
    path = tmp_path / "bad.pem"
    path.write_bytes(bad)
    for option in ("--ca", "--client-cert"):
        done = send(at, "--to", BOB, "--tls", option, str(path))
        assert done.returncode == 1 and str(path) in done.stdout + done.stderr
        assert "Traceback" not in done.stderr


def test_json_has_exit_code_recipients_and_transcript(at: str) -> None:
    done = send(at, "--to", f"{BOB},{NOBODY}", "--format", "json")
    found = json.loads(done.stdout)
    assert (found["exit"], found["delivered"], found["stage"]) == (0, True, "DOT")
    rows = found["messages"][0]["recipients"]
    assert [(row["recipient"], row["outcome"]) for row in rows] == [
        (BOB, "accepted"),
        (NOBODY, "refused"),
    ]
    assert rows[1]["enhanced"] == "5.1.1" and rows[1]["meaning"] == "recipient not known"
    assert found["transcript"]["turns"][-1]["by"] == "console"


def test_a_dump_tells_all_and_does_nothing(sandbox: Sandbox, at: str) -> None:
    before = len(sandbox.mailbox.letters())
    done = outside(at, "--to", BOB, "--user", ALICE, "--tls", "--notify", "NEVER", "--dump")
    assert done.returncode == 0 and len(sandbox.mailbox.letters()) == before
    for words in (f"target  {at}", "STARTTLS: required", f"<{BOB}>", "NOTIFY=NEVER", "asked for"):
        assert words in done.stdout
    assert done.stdout.endswith(f"--user {ALICE} --tls --notify NEVER\n")


def test_tokens_and_headers_make_the_message_and_bcc_is_in_none_of_it(
    sandbox: Sandbox, at: str, tmp_path: Path
) -> None:
    path = tmp_path / "template.eml"
    path.write_text(
        "From bob Thu Jan  1 00:00:00 2026\nDate: %DATE%\nTo: %TO_ADDRESS%\nFrom: %FROM_ADDRESS%\n"
        "Cc: %CC_ADDRESS%\nMessage-Id: <%MESSAGEID%>\nSubject: old\n\n%BODY%\n.dot\n"
    )
    done = send(
        *(at, "--from", ALICE, "--to", BOB, "--cc", "c@sandbox.example", "--data", f"@{path}"),
        *("--bcc", "secret@sandbox.example", "--body", "hello there", "--header", "Subject: new"),
        *("--h-X-Test", "yes"),
    )
    content = sandbox.mailbox.letters()[-1].content
    assert done.returncode == 0 and b"secret" not in content and b"From bob" not in content
    assert b"\r\nTo: bob@sandbox.example\r\nFrom: alice@sandbox.example\r\n" in content
    assert b"Cc: c@sandbox.example\r\n" in content and b"Subject: old" not in content
    assert b"Subject: new\r\nX-Test: yes\r\n\r\nhello there\r\n.dot\r\n" in content
    assert f" -> RCPT TO:<{BOB}>" in done.stdout and "secret@sandbox" in done.stdout


def test_it_is_signed_where_a_key_is_named(sandbox: Sandbox, at: str, tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ED25519", "-out", key], check=True)
    assert send(at, "--from", ALICE, "--to", BOB, "--dkim", str(key)).returncode == 0
    letter = sandbox.mailbox.letters()[-1].content
    record = {"test._domainkey.sandbox.example": public_record(key)}
    assert checked(letter, record.get).is_valid
    for words, told in (
        ((str(key), "--from", "alice"), "whose signature"),
        (("/no/such",), "cannot be read"),
        ((str(key), "--message", "huge"), "cannot be signed"),
    ):
        done = send(at, "--from", ALICE, "--to", BOB, "--dkim", *words)
        assert done.returncode == 1 and told in done.stderr, done


def test_data_as_it_is_keeps_its_octets(sandbox: Sandbox, at: str) -> None:
    text = "Subject: %DATE%\r\n\r\n.x\r\n..y\r\n"
    done = send(at, "--to", BOB, "--data", "-", "--no-data-fixup", text=text)
    assert done.returncode == 0
    assert sandbox.mailbox.letters()[-1].content == text.encode()


def test_options_come_from_a_file_and_from_the_environment(at: str, tmp_path: Path) -> None:
    path = tmp_path / "options"
    path.write_text(f"# mine\nto {BOB}\n--helo file.example\nquit-after MAIL\n")
    done = send(at, "--config", str(path), SMTPCONSOLE_SEND_FROM="env@x")
    assert done.returncode == 0 and " -> EHLO file.example" in done.stdout
    assert said(done)[-2].startswith("MAIL FROM:<env@x>")


@pytest.mark.parametrize(
    ("words", "shown", "hidden"),
    [
        (("-n",), " lines sent", " -> Subject"),
        (("--hide", "send,info"), "<-  220", " -> EHLO"),
        (("--no-hints",), "\nEHLO me.example", " -> EHLO"),
        (("--silent", "1"), "", "220"),
        (("-stl",), "=== response in 0.", "…"),
        (("-raw",), "  > 0000: 45 48 4c 4f", "…"),
        (("--silent", "1", "--to", NOBODY), "<-  220", "…"),
        (("--silent", "2", "--to", NOBODY), "", "…"),
    ],
)
def test_how_much_is_shown_can_be_chosen(
    at: str, words: tuple[str, ...], shown: str, hidden: str
) -> None:
    done = send(at, *NAME, "--from", ALICE, "--to", BOB, *words)
    assert shown in done.stdout and hidden not in done.stdout, done.stdout


def test_a_long_message_is_shown_by_its_beginning_unless_it_is_wanted_whole(at: str) -> None:
    words = (at, "--to", BOB, "--message", "huge", "--message-size", "400K")
    done = send(*words)
    lines = done.stdout.splitlines()
    assert done.returncode == 0 and len(lines) < 450
    (more,) = [line for line in lines if "more lines" in line]
    assert more.startswith(" -> … ") and lines.index(more) + 1 == lines.index(" -> .")
    assert len(send(*words, "--show-data").stdout.splitlines()) > 5000


def test_a_session_of_several_messages_in_chunks_and_pipelined(sandbox: Sandbox, at: str) -> None:
    before = len(sandbox.mailbox.letters())
    done = send(at, "--to", BOB, "--count", "3", "--chunking", "--pipeline")
    assert done.returncode == 0 and len(sandbox.mailbox.letters()) == before + 3
    lines = said(done)
    assert sum(line.startswith("BDAT ") for line in lines) == 3 and lines.count("QUIT") == 1


def test_starting_loads_no_screen_and_no_server() -> None:
    code = (
        "import sys, click\nfrom smtpconsole.cli import main\n"
        "try: main(sys.argv[1:])\nexcept SystemExit: pass\n"
        "print(len(sys.modules), *sorted(m for m in sys.modules if m.split('.')[0] in "
        "('textual', 'rich', 'prompt_toolkit', 'cryptography', 'trustme', 'dns', 'tomllib')))"
    )
    for words in (("send", "--help"), ("--version",)):
        done = subprocess.run(
            [sys.executable, "-c", code, *words], capture_output=True, text=True, check=True
        )
        count, *heavy = done.stdout.splitlines()[-1].split()
        assert not heavy and int(count) < 400, (words, count, heavy)
