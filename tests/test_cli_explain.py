"""smtpconsole explain: words, pasted replies, JSON, and how soon it answers."""

from __future__ import annotations

import json
import resource
import subprocess
import sys

import pytest
from click.testing import CliRunner, Result

from smtpconsole.cli.explain import command

BOUNCE = """\
<-  550-5.7.26 Unauthenticated email from b.example is not accepted due to domain's
<-  550-5.7.26 DMARC policy. Please contact the administrator of b.example
<-  550 5.7.26 - gsmtp
"""
HELLO = "250-mail.example.com at your service\n250-SIZE 35882577\n250-STARTTLS\n250 CHUNKING\n"


def run(*words: str, text: str | None = None) -> Result:
    return CliRunner().invoke(command, list(words), input=text)


def test_a_reply_is_explained_by_its_words_then_by_its_codes() -> None:
    told = run("550", "5.7.1", "Relay", "access", "denied")
    assert told.exit_code == 0
    whole, exact, plain = told.output.split("\n\n")
    assert whole.startswith("550 5.7.1 relaying refused\n") and "Postfix" in whole
    assert exact.startswith("5.7.1 not authorised") and plain.startswith("550 mailbox")
    assert "    /login\n" in whole and "  Now: " in whole and "RFC 5321 3.6.2" in whole


@pytest.mark.parametrize(
    ("words", "title"),
    [
        ("PIPELINING", "PIPELINING"),
        ("tls alert unknown_ca", "unknown CA, TLS alert 48"),
        ("STARTTLS no longer offered", "STARTTLS no longer offered"),
        ("mx-is-alias", "mx-is-alias, a remark on what the DNS says"),
        ("5.7.620", "5.7.620 client banned"),
        ("greylisting", "greylisting"),
    ],
)
def test_words_of_every_kind_are_explained(words: str, title: str) -> None:
    told = run(*words.split())
    assert told.exit_code == 0 and told.output.splitlines()[0] == title


def test_a_pasted_reply_of_several_lines_is_one() -> None:
    told = run(text=BOUNCE)
    assert told.exit_code == 0
    assert told.output.startswith("550 5.7.26 the sender's domain asks to refuse it\n")


def test_what_a_report_says_twice_is_explained_once() -> None:
    words = "550 5.1.1 <bob@b.example>: user unknown"
    told = run(text=f"host mx said: {words}\n\nDiagnostic-Code: smtp; {words} in table\n")
    titles = [part.splitlines()[0] for part in told.output.split("\n\n")]
    assert len(titles) == len(set(titles)) == 3
    assert len(json.loads(run("--json", text=f"said: {words}\n\nsmtp; {words}\n").output)) == 2


REPORT = """\
This is the mail system at host mail.example.com.

<bob@b.example>: host mx.b.example[192.0.2.1] said: 550 5.1.1 <bob@b.example>:
    Recipient address rejected: User unknown in virtual mailbox table
Diagnostic-Code: smtp; 452 4.2.2 mailbox full
"""


def test_of_a_report_of_failure_the_replies_are_explained_and_the_rest_passed_over() -> None:
    told = run("--json", text=REPORT)
    assert told.exit_code == 0
    titles = [each["explanations"][0]["title"] for each in json.loads(told.output)]
    assert titles == ["550 5.1.1 recipient not known", "452 4.2.2 mailbox full"]


def test_a_pasted_reply_to_ehlo_is_explained_keyword_by_keyword() -> None:
    titles = [part.splitlines()[0] for part in run(text=HELLO).output.split("\n\n")]
    assert titles[0] == "250 welcome, and what the server offers"
    assert {"SIZE 35882577", "STARTTLS", "CHUNKING"} <= set(titles)


def test_json_has_every_meaning_in_its_order() -> None:
    (one,) = json.loads(run("--json", "AUTH").output)
    assert one["asked"] == "AUTH" and one["nearest"] == []
    first, second, *_ = one["explanations"]
    assert first["title"].startswith("AUTH mechanism") and second["title"] == "AUTH"
    assert first["rfc"] == ["RFC 4954 4"] and first["next"] == ["/login"]
    assert set(first) == {"title", "text", "now", "rfc", "causes", "servers", "next"}


def test_unknown_words_get_the_nearest_and_status_1() -> None:
    told = run("piplining")
    assert told.exit_code == 1 and "PIPELINING" in told.output
    (one,) = json.loads(run("--json", "piplining").output)
    assert one["explanations"] == [] and one["nearest"][0] == "PIPELINING"


def test_nothing_to_explain_is_a_usage_error() -> None:
    told = run(text=" \n\n")
    assert told.exit_code == 2 and "nothing to explain" in told.output


def test_hostile_text_reaches_the_terminal_inert() -> None:
    for told in (run("550", "\x1b[31m\u202ered"), run(text="\x1b]0;x\x07\xff qqqq")):
        assert all(char.isprintable() or char == "\n" for char in told.output)


IMPORTS = "import click, importlib, json, pkgutil, shutil, textwrap, tomllib"


def seconds(*words: str) -> float:
    """The processor's time of a process, the best of some."""
    return min(_once(*words) for _ in range(5))


def _once(*words: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_it_answers_in_two_and_a_half_times_what_python_and_its_imports_take() -> None:
    least = seconds("-c", IMPORTS)
    asked = seconds("-m", "smtpconsole", "explain", "550", "5.7.1", "Relay", "access", "denied")
    assert asked <= 2.5 * least, f"{asked:.3f} s, and {least:.3f} s for the imports"


def test_it_loads_neither_a_face_nor_the_network() -> None:
    script = (
        "import sys\nfrom smtpconsole.cli.explain import command\n"
        "try: command(['550'])\nexcept SystemExit: pass\nprint(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    loaded = set(done.stdout.decode().split())
    assert not loaded & {"textual", "rich", "prompt_toolkit", "cryptography", "dns", "aiosmtpd"}
