"""What happened is kept, in memory and on disk, and secrets are not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import pytest
from conversation import pieces
from hypothesis import given
from hypothesis import strategies as st

from smtpconsole.smtp import events, facts
from smtpconsole.smtp.capabilities import Capabilities, Keyword
from smtpconsole.smtp.commands import CONTENT, GREETING, Send
from smtpconsole.smtp.replies import Reply
from smtpconsole.transcript import journal as journals
from smtpconsole.transcript.journal import Journal
from smtpconsole.transcript.turns import Teller

LEAF = facts.CertificateFacts(
    "mail", "CA", ("mail",), datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC),
    "EC P-256", "ECDSA", "aa:bb", b"\x30\xff",
)  # fmt: skip
PROBLEM = facts.Problem("error", "expired", 0, "it ended on 2026-01-01", "renew it")
TLS = facts.TlsFacts("TLSv1.3", bits=256, chain=(LEAF,), problems=(PROBLEM,), seconds=0.02)
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
    events.Anomaly("bare LF", ""),
    events.Proposed((Send(b"NOOP\r\n"),)),
    events.Entered("/connect"),
    events.Noted("a note"),
    events.Marked(3, "here it breaks"),
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


def test_any_part_of_the_entries_can_be_had() -> None:
    journal = Journal(clock=lambda: 0.0)
    for number in range(5):
        journal(events.Noted(str(number)))
    assert [entry.number for entry in journal.since(3)] == [3, 4]
    assert list(journal.since(5)) == list(journal.since(99)) == []
    assert journal.entries[-1].event == events.Noted("4")
    assert [entry.number for entry in journal.entries[1:4:2]] == [1, 3]
    with pytest.raises(IndexError):
        journal.entries[5]


def test_the_entries_of_some_types_can_be_had() -> None:
    journal = Journal()
    for event in ALL:
        journal(event)
    wanted = journal.since(2, events.Secured, events.Noted)
    assert [type(entry.event) for entry in wanted] == [events.Secured, events.Noted]
    assert len(journal.since(0, events.Marked)) == 1


def test_a_subscriber_finds_the_event_it_is_told_of() -> None:
    journal = Journal()
    seen: list[events.Event] = []
    for _ in range(2):
        journal.subscribe(lambda: seen.append(journal.entries[-1].event))
    note = events.Noted("one")
    journal(note)
    assert seen == [note, note]


def test_a_reply_is_paired_with_the_entry_it_answers() -> None:
    journal = Journal()
    greeting, mail, content = Send(b"", GREETING), Send(b"MAIL\r\n", b"MAIL"), Send(b".\r\n")
    recipients = [Send(b"RCPT\r\n", b"RCPT") for _ in range(2)]
    content = Send(b"x\r\n.\r\n", CONTENT, replies=-1)
    journal(events.Answered(Reply(220, [b"hi"]), greeting))
    for send in (mail, *recipients, Send(b"half\r\n", CONTENT, replies=0), content):
        journal(events.Sent(send))
    for send in (mail, *recipients, content, content):
        journal(events.Answered(Reply(250, [b"ok"]), send))
    journal(events.Answered(Reply(421, [b"bye"]), None))
    asked = [entry.asked for entry in journal.entries if type(entry.event) is events.Answered]
    assert asked == [None, 1, 2, 3, 5, 5, None]


def test_the_same_command_said_twice_is_answered_twice() -> None:
    journal = Journal()
    noop = Send(b"NOOP\r\n", b"NOOP")
    for _ in range(2):
        journal(events.Sent(noop))
    for _ in range(2):
        journal(events.Answered(Reply(250, [b"ok"]), noop))
    assert [entry.asked for entry in journal.since(2)] == [0, 1]


def test_every_event_is_written_as_it_happens(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "new" / "session.jsonl")
    for event in ALL:
        journal(event)
    assert journal.path is not None
    header, *written = rows(journal.path)
    assert header["smtpconsole journal"] == 2
    assert [row["event"] for row in written] == [type(event).__name__ for event in ALL]
    by_name = {row["event"]: row for row in written}
    assert by_name["Received"]["data"].encode("latin-1") == b"220 \xff\x1b\r\n"
    told = by_name["Secured"]["facts"]
    assert told["version"] == "TLSv1.3" and told["bits"] == 256 and told["seconds"] == 0.02
    assert told["chain"][0]["der"].encode("latin-1") == LEAF.der
    assert told["chain"][0]["not_after"] == "2027-01-01T00:00:00+00:00"
    assert told["problems"][0]["code"] == "expired" and told["problems"][0]["hint"] == "renew it"
    assert by_name["Answered"]["code"] == 220 and by_name["Answered"]["verb"] == "(greeting)"
    assert by_name["Answered"]["data"] == "220 \xff\x1b\r\n"
    assert by_name["Sent"]["data"] == "EHLO me\r\n" and by_name["Sent"]["verb"] == "EHLO"
    assert by_name["Proposed"]["batch"][0]["data"] == "NOOP\r\n"
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


def test_only_what_the_transcript_tells_has_lines() -> None:
    journal = Journal()
    for event in ALL:
        journal(event)
        told = [turn for turn in Teller(journal).tell(journal.since(len(journal) - 1))]
        assert bool(journal.columns.lines[-1]) is bool(told), event


# --- secrets ----------------------------------------------------------------------------------


def test_no_secret_reaches_the_disk_even_where_the_server_repeats_it(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "session.jsonl")
    journal(events.Sent(SECRET))
    journal(events.Received(b"535 AHRpbQB0YW5"))
    journal(events.Received(b"zdGFhZg== is wrong, tansta"))
    journal(events.Received(b"af\r\n"))
    journal(events.Answered(Reply(535, [b"AHRpbQB0YW5zdGFhZg== is wrong, tanstaaf"]), SECRET))
    journal(events.Anomaly("odd", "tanstaaf"))
    journal(events.NotSecured(TLS, "because of tanstaaf"))
    journal.redactor.learn(b"typed-password")
    journal(events.Noted("it is typed-password"))
    journal.close()
    text = (tmp_path / "session.jsonl").read_text()
    for needle in ("tanstaaf", "AHRpbQB0", "dGFuc3RhYW", "typed-password"):
        assert needle not in text
    heard = journal.since(0, events.Received)
    told = [entry.event.data for entry in Journal.open(tmp_path / "session.jsonl").since(1)[:3]]
    assert told == [b"535 [not shown]", b" is wrong, [not shown]", b"\r\n"]
    assert len(heard) == 3


def test_no_secret_reaches_the_disk_before_it_is_said_or_said_again(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "session.jsonl")
    blob = SECRET.data[SECRET.secret]
    journal(events.Proposed((SECRET,)))  # step mode shows it before it is said
    journal(events.Sent(SECRET))
    # After a refusal the same line again, now as a command that nobody knows.
    again = Send(blob + b"\r\n", blob.upper())
    journal(events.Sent(again))
    journal(events.Answered(Reply(500, [b"what is " + blob + b"?"]), again))
    wrong = Send(b"tanstaaf\r\n", b"TANSTAAF")
    journal(events.Sent(wrong))
    journal(events.Answered(Reply(500, [b"unknown: TANSTAAF"]), wrong))
    for _ in range(5000):  # until there is an index of it
        journal(events.Noted(""))
    journal.close()
    text = (tmp_path / "session.jsonl").read_text()
    for needle in ("tanstaaf", "TANSTAAF", "AHRpbQB0", "AHRPBQB0", "dGFuc3RhYW"):
        assert needle not in text
    assert '"index"' in text


@given(
    st.from_regex(r"[!-~]{8,20}", fullmatch=True).filter(lambda text: text not in "[not shown]"),
    st.lists(st.integers(0, 300), max_size=8),
    st.booleans(),
)
def test_no_password_reaches_the_disk_in_any_form_however_the_echo_is_cut(
    tmp_path_factory: pytest.TempPathFactory, password: str, cuts: list[int], is_said: bool
) -> None:
    path = tmp_path_factory.mktemp("journal") / "session.jsonl"
    journal = Journal(path)
    blob = b64encode(b"\0tim\0" + password.encode())
    journal(events.Sent(Send(blob + b"\r\n", b"AUTH", secret=slice(0, len(blob)), about="tim")))
    alone = b64encode(password.encode())
    forms = (blob, password.encode(), alone, password.encode().hex().encode(), blob.lower())
    for piece in pieces(b"535 " + b" ".join(forms) + b"\r\n", cuts):
        journal(events.Sent(Send(piece, replies=0)) if is_said else events.Received(piece))
    journal(events.Closed("server", f"it said {password}"))
    journal.close()
    recorded = Journal.open(path)
    stream = b"".join(
        [each.event.send.data if is_said else each.event.data for each in recorded.entries[1:-1]]
    )
    assert stream == b"535" + b" [not shown]" * 5 + b"\r\n"
    assert recorded.entries[-1].event.error == "it said [not shown]"
    assert len(recorded) == len(journal)


def test_a_secret_belongs_to_the_segment_in_which_it_begins(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "session.jsonl")
    journal.redactor.learn(b"tanstaaf")
    for segment in (b"221 tan", b"st", b"aaf\r\n", b"221 tan", b"talus\r\n"):
        journal(events.Received(segment))
    journal.close()
    told = [entry.event.data for entry in Journal.open(tmp_path / "session.jsonl").entries]
    assert told == [b"221 [not shown]", b"", b"\r\n", b"221 tan", b"talus\r\n"]


def test_streams_of_two_connections_are_not_joined(tmp_path: Path) -> None:
    path = tmp_path / "session.jsonl"
    journal = Journal(path)
    journal.redactor.learn(b"tanstaaf")
    journal(events.Received(b"221 tans"))
    journal(events.Closed("server", None))
    journal(events.Dialling(TARGET))
    journal(events.Received(b"taaf\r\n"))
    journal.close()
    told = [getattr(entry.event, "data", None) for entry in Journal.open(path).entries]
    assert told == [b"221 tans", None, None, b"taaf\r\n"]


# --- memory -----------------------------------------------------------------------------------


def test_what_is_old_leaves_memory_and_is_read_back(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "session.jsonl", clock=lambda: 0.0)
    for number in range(5000):
        journal(events.Noted(str(number)))
    assert len(journal._recent) <= 2 * journals.RECENT < journal.stored
    assert [entry.event.text for entry in journal.entries] == [str(each) for each in range(5000)]
    assert [entry.number for entry in journal.since(4998)] == [4998, 4999]


def test_what_was_held_back_is_there_when_its_event_leaves_memory(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "session.jsonl")
    journal.redactor.learn(b"tanstaaf")
    journal(events.Received(b"250 tanst"))
    for _ in range(3 * journals.RECENT):
        journal(events.Noted(""))
    assert journal.stored > 0
    assert journal.entries[0].event == events.Received(b"250 tanst")


def test_long_content_leaves_memory_sooner(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "session.jsonl")
    for number in range(100):
        journal(events.Sent(Send(b"%d" % number * 100_000, CONTENT, replies=0)))
    assert sum(len(event.send.data) for event in journal._recent) < 3 * journals.RECENT_OCTETS
    assert journal.entries[3].event.send.data == b"3" * 100_000


def test_a_session_that_is_not_kept_goes_to_a_file_without_a_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(journals, "IN_MEMORY", 3000)
    journal = Journal()
    journal(events.Sent(SECRET))
    for number in range(3500):
        journal(events.Received(b"250 %d\r\n" % number))
    assert journal.path is None
    assert journal.stored > 0
    assert journal.entries[1].event == events.Received(b"250 0\r\n")
    assert journal.entries[-1].event == events.Received(b"250 3499\r\n")
    sent = journal.entries[0].event.send
    assert sent.data == b"AUTH PLAIN [20 octets not shown]\r\n"
    assert sent.data[sent.secret] == b"[20 octets not shown]"


def test_the_index_of_an_entry_is_at_most_64_octets() -> None:
    journal = Journal()
    for event in ALL:
        journal(event)
    columns = journal.columns
    arrays = [each for each in vars(columns).values() if hasattr(each, "itemsize")]
    assert sum(each.itemsize for each in arrays) + len((columns.kinds, columns.flags)) <= 64


# --- when the file cannot be written ----------------------------------------------------------


def test_a_full_disk_ends_the_file_but_not_the_session(tmp_path: Path) -> None:
    script = (
        "import pathlib, resource, sys\n"
        "from smtpconsole.transcript.journal import Journal\n"
        "from smtpconsole.smtp.events import Noted\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (300, 300))\n"
        "journal = Journal(pathlib.Path(sys.argv[1]))\n"
        "for number in range(100): journal(Noted(str(number)))\n"
        "journal.close()\n"
        "notes = [entry.event.text for entry in journal.entries]\n"
        "print(len(notes), *[note for note in notes if not note.isdecimal()], sep='|')\n"
    )
    path = tmp_path / "session.jsonl"
    done = subprocess.run(
        [sys.executable, "-c", script, path], check=True, capture_output=True, text=True
    )
    count, *told = done.stdout.strip().split("|")
    assert count == "101"
    assert told == ["the journal's file ends here: file too large"]
    assert path.stat().st_size <= 300
    recorded = Journal.open(path)
    assert not recorded.problems  # no half row
    assert [entry.event.text for entry in recorded.entries] == [str(n) for n in range(5)]


def test_a_full_device_is_told_once(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "session.jsonl")
    journal(events.Noted("one"))
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, journal._file._descriptor)
    os.close(full)
    for _ in range(3):
        journal(events.Noted("more"))
    notes = [entry.event.text for entry in journal.since(1)]
    told = "the journal's file ends here: no space left on device"
    assert notes == ["more", told, "more", "more"]


def test_a_file_that_was_deleted_is_told_once(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "new" / "session.jsonl")
    (tmp_path / "new" / "session.jsonl").unlink()
    (tmp_path / "new").rmdir()
    for _ in range(10_000):
        journal(events.Received(b"x"))
    journal(events.Dialling(TARGET))
    assert len(journal.since(0, events.Received)) == 10_000
    (note,) = journal.since(0, events.Noted)
    assert "was deleted" in note.event.text


def test_a_file_that_was_deleted_is_told_with_the_next_connection(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "session.jsonl")
    (tmp_path / "session.jsonl").unlink()
    journal(events.Dialling(TARGET))
    assert "was deleted" in journal.entries[-1].event.text
    assert journal.path is None


def test_every_type_of_event_is_among_those_tested() -> None:
    unknown = set(get_args(events.Event)) - {type(event) for event in ALL}
    assert not {cls.__name__ for cls in unknown} & {"Sent", "Marked"}
