"""What happened is kept, in memory and on disk, and secrets are not."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from smtpconsole.smtp import events, facts
from smtpconsole.smtp.capabilities import Capabilities, Keyword
from smtpconsole.smtp.commands import Send
from smtpconsole.smtp.replies import Reply
from smtpconsole.transcript.journal import Journal

LEAF = facts.CertificateFacts(
    "mail", "CA", ("mail",), datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC),
    "EC P-256", "ECDSA", "aa:bb", b"\x30\xff",
)  # fmt: skip
TLS = facts.TlsFacts("TLSv1.3", chain=(LEAF,), problems=(facts.Problem("error", "x", 0, "y"),))
TARGET = events.Target("mail.example.org", 25)
SECRET = Send(b"AUTH PLAIN AHRpbQB0YW5zdGFhZg==\r\n", b"AUTH", secret=slice(11, 31), about="tim")
ALL: list[events.Event] = [
    events.Dialling(TARGET),
    events.Resolved("mail.example.org", ("192.0.2.1",), 0.1),
    events.Tried("192.0.2.1:25", "refused", 0.1),
    events.Connected("127.0.0.1:1", "192.0.2.1:25", 0.1),
    events.Received(b"220 \xff\x1b\r\n"),
    events.Answered(Reply(220, [b"\xff\x1b"]), Send(b"", b"(greeting)")),
    events.Sent(Send(b"EHLO me\r\n", b"EHLO")),
    events.Learned(Capabilities("mail", (Keyword("SIZE", "1"),))),
    events.Secured(TLS),
    events.NotSecured(TLS, "no"),
    events.Traced(facts.Message("server", "ServerHello", 90)),
    events.Alerted(facts.Alert("server", 40, "handshake failure", True)),
    events.Anomaly("bare LF", ""),
    events.Proposed((Send(b"NOOP\r\n"),)),
    events.Entered("/connect"),
    events.Noted("a note"),
    events.Closed("server", None),
]


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("ascii").splitlines()]


def test_entries_are_numbered_stamped_and_told_to_subscribers() -> None:
    ticks = iter([10.0, 10.5, 11.0])
    journal = Journal(clock=lambda: next(ticks))
    woken: list[int] = []
    journal.subscribe(lambda: woken.append(len(journal)))
    journal(events.Noted("one"))
    journal(events.Noted("two"))
    assert [(entry.number, entry.at) for entry in journal.entries] == [(0, 0.5), (1, 1.0)]
    assert [entry.event for entry in journal.since(1)] == [events.Noted("two")]
    assert woken == [1, 2]
    assert journal.path is None


def test_every_event_is_written_as_it_happens(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "new" / "session.jsonl")
    for event in ALL:
        journal(event)
    assert journal.path is not None
    header, *written = rows(journal.path)
    assert header["smtpconsole journal"] == 1
    assert [row["event"] for row in written] == [type(event).__name__ for event in ALL]
    by_name = {row["event"]: row for row in written}
    assert by_name["Received"]["data"].encode("latin-1") == b"220 \xff\x1b\r\n"
    assert by_name["Secured"]["facts"]["chain"][0]["der"] == "0\xff"
    assert by_name["Learned"]["capabilities"]["keywords"] == [{"name": "SIZE", "parameters": "1"}]
    journal.close()
    journal.close()


def test_the_file_is_for_its_owner_alone_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        journal = Journal(tmp_path / "new" / "session.jsonl")
    finally:
        os.umask(before)
    journal.close()
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "new" / "session.jsonl").stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        Journal(tmp_path / "new" / "session.jsonl")


def test_no_secret_reaches_the_disk_even_where_the_server_repeats_it(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "session.jsonl")
    journal(events.Sent(SECRET))
    journal(events.Received(b"535 AHRpbQB0YW5"))
    journal(events.Received(b"zdGFhZg== is wrong, tansta"))
    journal(events.Received(b"af\r\n"))
    journal(events.Answered(Reply(535, [b"AHRpbQB0YW5zdGFhZg== is wrong, tanstaaf"]), SECRET))
    journal(events.Anomaly("odd", "tanstaaf"))
    journal.redactor.learn(b"typed-password")
    journal(events.Noted("it is typed-password"))
    journal.close()
    text = (tmp_path / "session.jsonl").read_text()
    for needle in ("tanstaaf", "AHRpbQB0", "dGFhZg", "typed-password"):
        assert needle not in text
    told = "".join(row["data"] for row in rows(tmp_path / "session.jsonl") if "data" in row)
    assert "535 [not shown] is wrong, [not shown]\r\n" in told


def test_a_killed_process_loses_nothing(tmp_path: Path) -> None:
    script = (
        "import os, signal, sys, pathlib\n"
        "from smtpconsole.transcript.journal import Journal\n"
        "from smtpconsole.smtp.events import Noted\n"
        "journal = Journal(pathlib.Path(sys.argv[1]))\n"
        "for number in range(100): journal(Noted(str(number)))\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    path = tmp_path / "session.jsonl"
    done = subprocess.run([sys.executable, "-c", script, path], check=False)
    assert done.returncode == -signal.SIGKILL
    assert [row["text"] for row in rows(path)[1:]] == [str(number) for number in range(100)]
