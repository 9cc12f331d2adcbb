"""Entries are found by what they are and what they say, in memory as in a file."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtpconsole.smtp import events
from smtpconsole.smtp.commands import CONTENT, GREETING, Send
from smtpconsole.smtp.replies import Reply
from smtpconsole.transcript import search
from smtpconsole.transcript.journal import Journal
from smtpconsole.transcript.turns import Teller


def session(path: Path | None = None) -> Journal:
    ticks = iter(range(1000))
    journal = Journal(path, clock=lambda: next(ticks) / 10)
    mail, rcpt = Send(b"MAIL FROM:<a@x>\r\n", b"MAIL"), Send(b"RCPT TO:<b\\n@x>\r\n", b"RCPT")
    for event in (
        events.Dialling(events.Target("mail.example", 25)),  # 0
        events.Received(b"220 hi\r\n"),
        events.Answered(Reply(220, [b"hi"]), Send(b"", GREETING)),  # 2
        events.Sent(mail),  # 3
        events.Answered(Reply(250, [b"2.1.0 Ok"]), mail),
        events.Secured(events.TlsFacts("TLSv1.3")),  # 5
        events.Sent(rcpt),
        events.Noted("think"),
        events.Answered(Reply(550, [b"5.1.1 \xc3\x84 nobody"]), rcpt),  # 8
        events.Sent(Send(b"Caf\xc3\xa9\r\n" + bytes(range(128, 256)), CONTENT, replies=0)),
        events.Anomaly("odd", "thing"),  # 10
        events.Marked(8, "why?"),
    ):
        journal(event)
    return journal


@pytest.fixture(params=["memory", "file"])
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> Journal:
    if request.param == "memory":
        return session()
    session(tmp_path / "session.jsonl").close()
    return Journal.open(tmp_path / "session.jsonl")


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("from:server", [2, 4, 8]),
        ("from:client", [3, 6, 9]),
        ("from:client,server -tls:yes", [2, 3, 4]),
        ("from:console trouble:yes", [10]),
        ("code:5", [8]),
        ("code:2,5", [2, 4, 8]),
        ("code:55x", [8]),
        ("-code:2 from:server", [8]),
        ("verb:rcpt", [6, 8]),
        ("verb:content", [9]),
        ("!verb:RCPT,MAIL from:client", [9]),
        ("slow:0.15", [8]),
        ("slow:200ms", [8]),
        ("marked:yes", [8]),
        ("event:secured", [5]),
        ("nobody", [8]),
        ("text:NOBODY code:5", [8]),
        ('"2.1.0 ok"', [4]),
        ("550 5.1.1", [8]),
        ("'550 5.1.1'", [8]),
        ("ä", []),  # only the case of ASCII letters is ignored
        ("Ä", [8]),
        ("é", [9]),
        ("n", [0, 6, 7, 8, 10]),  # and not every line, for CR LF is \r\n in the file
        ("b\\\\n@", [6]),
        ("data", []),  # a word of the file's format
        ("sent", []),
        ("think", [7]),
        ("TLS", [5]),
    ],
)
def test_a_query_finds(journal: Journal, query: str, numbers: list[int]) -> None:
    assert list(search.parse(query).found(journal, 0, len(journal))) == numbers


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("from:mars", "from:mars is none of server, client, console"),
        ("from:", "needs a word behind it, such as from:server"),
        ("code:x", "code:5"),
        ("code:²", "code:5"),
        ("slow:never", "slow:0.5"),
        ("tls:maybe", "yes, no"),
        ("event:party", "anomaly"),
        ('"open', "a quote is not closed"),
    ],
)
def test_a_query_that_makes_no_sense_is_told_what_would(query: str, told: str) -> None:
    with pytest.raises(search.QueryError, match=told):
        search.parse(query)


words = st.text(st.sampled_from('abnrtu0e9"\\\r\né\x01'), min_size=1, max_size=3)


@given(st.lists(st.binary(max_size=20) | words.map(str.encode), max_size=8), words)
def test_rows_are_searched_as_what_they_say(
    tmp_path_factory: pytest.TempPathFactory, said: list[bytes], text: str
) -> None:
    path = tmp_path_factory.mktemp("journal") / "session.jsonl"
    writing = Journal(path)
    for data in said:
        writing(events.Sent(Send(data, about="about")))
        writing(events.Received(data))
    writing.close()
    journal = Journal.open(path)
    found = search.literal(text).found(journal, 0, len(journal))
    octets = text.encode().lower()
    says = [
        turn.number for turn in Teller(journal).tell(journal.entries) if octets in turn.data.lower()
    ]
    assert sorted(found) == says


def test_slices_cover_everything_in_both_directions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "SLICE", 5)
    journal = session()
    query = search.parse("from:server")
    forward = [list(each) for each in query.slices(journal, 0, len(journal))]
    assert forward == [[2, 4], [8], []]
    assert [list(each) for each in query.backwards(journal, len(journal))] == [[8], [2, 4], []]
