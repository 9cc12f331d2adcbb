"""A journal's file is read back as it was, and whatever else a file holds does no harm."""

from __future__ import annotations

import json
import os
import types
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from smtpconsole.smtp import events
from smtpconsole.smtp.commands import CONTENT, Send
from smtpconsole.smtp.replies import Reply, ReplyParser
from smtpconsole.transcript import rows, storage
from smtpconsole.transcript.columns import KINDS
from smtpconsole.transcript.journal import Journal, NotAJournal

SLOW = settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=20)
octets = st.binary(max_size=80)


def values(hint: Any) -> st.SearchStrategy[Any]:
    """Any value of a type."""
    origin, of = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return st.one_of([st.none() if each is type(None) else values(each) for each in of])
    if origin is Literal:
        return st.sampled_from(of)
    if origin is tuple and (len(of) != 2 or of[1] is not Ellipsis):
        return st.tuples(*map(values, of))
    if origin in (tuple, Sequence):
        return st.lists(values(of[0]), max_size=3).map(tuple)
    if origin is list:
        return st.lists(values(of[0]), max_size=3)
    if origin is dict:
        return st.dictionaries(values(of[0]), values(of[1]), max_size=3)
    if origin in (set, frozenset):
        return st.frozensets(values(of[0]), max_size=3)
    if hint is Send:
        verbs = st.sampled_from([b"", b"MAIL", CONTENT, b"\xff"])
        about = st.none() | st.text(max_size=9)
        return st.builds(Send, octets, verbs, st.integers(-1, 3), st.none(), about)
    if hint is Reply:
        return octets.map(lambda data: ReplyParser().feed(data + b"\n")[-1])
    if is_dataclass(hint):
        hints = rows._hints(hint)
        names = [each.name for each in fields(hint) if each.init]
        return st.fixed_dictionaries({name: values(hints[name]) for name in names}).map(
            lambda found: hint(**found)
        )
    if hint is datetime:
        return st.datetimes().map(lambda when: when.replace(tzinfo=UTC))
    if hint is float:
        return st.floats(0, 1e6)
    if isinstance(hint, type) and hint in (bool, int, bytes, str):
        text = st.text(st.characters() | st.characters(categories=["Cs"]), max_size=20)
        return text if hint is str else st.from_type(hint)
    return st.sampled_from(list(hint))  # an Enum


@pytest.mark.parametrize("cls", KINDS, ids=lambda cls: cls.__name__)
def test_every_event_comes_back_as_it_was(
    cls: type, tmp_path_factory: pytest.TempPathFactory
) -> None:
    @SLOW
    @given(st.lists(values(cls), min_size=1, max_size=4))
    def holds(happened: list[events.Event]) -> None:
        path = tmp_path_factory.mktemp("journal") / "session.jsonl"
        journal = Journal(path)
        for event in happened:
            if cls is events.Answered and event.send is not None:
                event.send.replies = 1
                journal(events.Sent(event.send))
            journal(event)
        journal.close()
        recorded = Journal.open(path)
        assert [entry.event for entry in recorded.entries] == [
            entry.event for entry in journal.entries
        ]
        assert not recorded.problems

    holds()


@given(st.lists(st.tuples(st.sampled_from("RSAC"), octets), max_size=12))
@SLOW
def test_every_octet_its_segment_time_tls_and_pairing_come_back(
    tmp_path_factory: pytest.TempPathFactory, said: list[tuple[str, bytes]]
) -> None:
    ticks = iter(range(1000))
    path = tmp_path_factory.mktemp("journal") / "session.jsonl"
    journal = Journal(path, clock=lambda: next(ticks) / 7)
    for what, data in said:
        if what == "R":
            journal(events.Received(data))
        elif what == "S":
            journal(events.Sent(Send(data, b"MAIL")))
        elif what == "A":
            waiting = [send for _, send in journal.columns._unanswered]
            reply = ReplyParser().feed(data + b"\r\n")[0]
            journal(events.Answered(reply, waiting[0] if waiting else None))
        else:
            journal(events.Secured(events.TlsFacts()) if data else events.Closed("server"))
    journal.close()
    recorded = Journal.open(path)
    for before, after in zip(journal.entries, recorded.entries, strict=True):
        assert after.event == before.event
        assert after.at == pytest.approx(before.at, abs=1e-6)
        assert (after.is_secure, after.asked) == (before.is_secure, before.asked)


def test_an_index_and_no_index_read_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "ROWS", 50)
    journal = Journal(tmp_path / "session.jsonl")
    journal.redactor.learn(b"tanstaaf")
    for number in range(333):
        send = Send(b"RCPT %d\r\n" % number, b"RCPT" if number % 3 else b"X%d" % number)
        journal(events.Sent(send))
        journal(events.Received(b"250 tanst"))
        journal(events.Answered(Reply(250 + number % 2 * 300, [b"a", b"b"]), send))
    journal.close()
    lines = (tmp_path / "session.jsonl").read_bytes().splitlines(keepends=True)
    assert sum(b'"index"' in line for line in lines) > 10
    (tmp_path / "plain.jsonl").write_bytes(
        b"".join(line for line in lines if b'"index"' not in line)
    )
    indexed, plain = (Journal.open(tmp_path / f"{name}.jsonl") for name in ("session", "plain"))
    assert len(indexed) == len(plain) == len(journal) == 999
    for name in ("kinds", "flags", "codes", "lines", "asked"):
        assert getattr(indexed.columns, name) == getattr(plain.columns, name)
    assert [entry.event for entry in indexed.entries] == [entry.event for entry in plain.entries]
    assert indexed.columns.times.tolist() == pytest.approx(plain.columns.times.tolist(), abs=1e-6)
    names = [[each.columns.names[verb] for verb in each.columns.verbs] for each in (indexed, plain)]
    assert names[0] == names[1]
    assert indexed.entries[1].event == events.Received(b"250 tanst")


def test_an_index_that_lies_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "ROWS", 10)
    path = tmp_path / "session.jsonl"
    journal = Journal(path)
    for number in range(95):
        journal(events.Noted(str(number)))
    lines = path.read_bytes().splitlines(keepends=True)
    at = max(n for n, line in enumerate(lines) if b'"index"' in line)
    honest = json.loads(lines[at])
    for lie in (
        {"count": 3},
        {"count": "x"},
        {"index": 7},
        {"columns": "AAAA"},
        {"columns": "%"},
        {"previous": 10**9},
        {"previous": "x"},
        {"verbs": None},
        {"events": 3},
        {"completed": [1]},
    ):
        row = json.dumps({**honest, **lie}).encode() + b"\n"
        path.write_bytes(b"".join([*lines[:at], row, *lines[at + 1 :]]))
        recorded = Journal.open(path)
        assert [entry.event.text for entry in recorded.entries] == [str(n) for n in range(95)]


HEADER = b'{"smtpconsole journal": 2, "began": "2026-11-25T00:00:00+00:00"}\n'
NOTE = b'{"at":1,"event":"Noted","text":"one"}\n'


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (HEADER + NOTE + NOTE[:20], "the last line, of 20 octets, was cut off"),
        (HEADER + NOTE + b"garbage\n\xff\xfe\n", "2 lines are no event and left out"),
        (HEADER + b"[" * 100_000 + b"\n" + NOTE, "1 line is no event"),
        (NOTE + NOTE, "the first line, with the version and the date, is missing"),
        (HEADER.replace(b"2,", b"9,") + NOTE, "a newer version wrote it (format 9"),
        (HEADER.replace(b"2026", b"later") + NOTE, "when it began is not told"),
        (HEADER + b'{"of":7,"data":"x"}\n' + NOTE, "1 line is no event"),
    ],
)
def test_what_can_be_read_is_read_and_the_rest_told(
    tmp_path: Path, content: bytes, told: str
) -> None:
    (tmp_path / "odd.jsonl").write_bytes(content)
    recorded = Journal.open(tmp_path / "odd.jsonl")
    assert recorded.entries[0].event == events.Noted("one")
    assert any(told in problem for problem in recorded.problems), recorded.problems


def test_an_event_of_another_version_keeps_its_number(tmp_path: Path) -> None:
    new = b'{"at":"soon","event":"Teleported","to":"\\u001b[31mMars"}\n{"event":"Sent"}\n'
    (tmp_path / "new.jsonl").write_bytes(HEADER + new + NOTE)
    recorded = Journal.open(tmp_path / "new.jsonl")
    first, second, third = (entry.event.text for entry in recorded.entries)
    assert first == "Teleported: an event of another version, which this one does not know"
    assert second == "Sent: an event that cannot be read"
    assert third == "one"


def test_the_first_format_is_still_read(tmp_path: Path) -> None:
    (tmp_path / "old.jsonl").write_bytes(
        b'{"smtpconsole journal": 1, "began": "2026-11-25T00:00:00+00:00"}\n'
        b'{"at":0.1,"event":"Sent","data":"NOOP\\r\\n","verb":"NOOP","replies":1}\n'
        b'{"at":0.2,"event":"Answered","code":250,"lines":["ok"],"flaws":[],"answers":"NOOP"}\n'
    )
    sent, answered = Journal.open(tmp_path / "old.jsonl").entries
    assert sent.event == events.Sent(Send(b"NOOP\r\n", b"NOOP"))
    assert answered.event == events.Answered(Reply(250, [b"ok"]), Send(b"", b"NOOP"))


@given(st.binary(max_size=400) | st.lists(st.sampled_from([HEADER, NOTE, b"{", b'"', b"\n"])))
@SLOW
def test_whatever_a_file_holds_it_is_read_or_refused_in_words(
    tmp_path_factory: pytest.TempPathFactory, content: bytes | list[bytes]
) -> None:
    path = tmp_path_factory.mktemp("journal") / "any.jsonl"
    path.write_bytes(content if isinstance(content, bytes) else b"".join(content))
    try:
        recorded = Journal.open(path)
    except NotAJournal as error:
        assert str(path) in str(error)
    else:
        assert len(list(recorded.entries)) == len(recorded)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=6,
)
NAMES = sorted({each.name for cls in KINDS for each in fields(cls)} | {"data", "code", "verb"})


@given(
    st.sampled_from([cls.__name__ for cls in KINDS]),
    st.dictionaries(st.sampled_from(NAMES), json_values, max_size=8),
)
def test_a_row_of_any_json_becomes_an_event(name: str, row: dict[str, Any]) -> None:
    event = rows.event({**row, "event": name}, lambda _: None)
    assert isinstance(event, KINDS)
    list(Journal().entries)


def test_an_empty_file_is_an_empty_journal(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").touch()
    recorded = Journal.open(tmp_path / "empty.jsonl")
    assert len(recorded) == 0 and "first line" in recorded.problems[0]


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path, tmp_path / "fifo"):
        with pytest.raises((NotAJournal, OSError)):
            Journal.open(path)
    with pytest.raises(FileNotFoundError):
        Journal.open(tmp_path / "none")


def test_what_happens_after_reading_is_kept_in_memory(tmp_path: Path) -> None:
    (tmp_path / "old.jsonl").write_bytes(HEADER + NOTE)
    recorded = Journal.open(tmp_path / "old.jsonl")
    recorded(events.Marked(0, "look"))
    assert [type(entry.event) for entry in recorded.entries] == [events.Noted, events.Marked]
    assert recorded.marks == {0: "look"}
    assert (tmp_path / "old.jsonl").read_bytes() == HEADER + NOTE


def test_marks_come_back(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "session.jsonl")
    for event in (events.Noted("a"), events.Noted("b"), events.Marked(0, "x"), events.Marked(1)):
        journal(event)
    journal(events.Marked(1, is_on=False))
    journal.close()
    assert Journal.open(tmp_path / "session.jsonl").marks == journal.marks == {0: "x"}
