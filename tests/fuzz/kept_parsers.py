"""Parsers of what was kept: journals, transcripts, messages, drafts, files of the console."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import recorded
from parsing import Parser, folder, in_file

from smtpconsole.composer import drafts, fields, files, lint, mends, meter, tokens, tree
from smtpconsole.composer.draft import Draft
from smtpconsole.composer.errors import DraftError
from smtpconsole.console import known
from smtpconsole.console.history import History
from smtpconsole.console.login.workbench import dialogues
from smtpconsole.console.probe import report
from smtpconsole.console.scripting import scripts
from smtpconsole.console.sessions import details
from smtpconsole.console.teaching.standing import Standing
from smtpconsole.smtp.capabilities import Capabilities
from smtpconsole.transcript import masking, search, shelf
from smtpconsole.transcript.dialogue import talks
from smtpconsole.transcript.diffing import compared
from smtpconsole.transcript.formats import FORMATS, exported, is_unchanged
from smtpconsole.transcript.journal import Journal
from smtpconsole.transcript.letters import visit
from smtpconsole.transcript.reading import Unreadable, read
from smtpconsole.transcript.recording import NotAJournal
from smtpconsole.transcript.replaying import outline
from smtpconsole.transcript.steps import steps
from smtpconsole.transcript.turns import turns

scripts.register()
NOW = datetime(2026, 1, 1, tzinfo=UTC)

# --- journals and transcripts -----------------------------------------------------------------


def looked_at(journal: Journal) -> list[str]:
    """All that the console does with a journal; none of it may fail, whatever is in it."""
    told = [str(each) for each in turns(journal)]
    for talk in talks(turns(journal)):
        told += map(str, steps(talk))
        told.append(str(outline(talk)))
        visit(talk)
    for entry in list(journal.entries)[:12]:
        told.append(str(details.details(journal, entry.number)))
    told += [str(line) for each in dialogues(journal) for line in each.lines]
    compared(list(turns(journal)), list(turns(journal)))
    search.parse("from:client -text:x").found(journal, 0, len(journal))
    return told


def _read(text: str) -> object:
    reading = read(text)
    looked_at(reading.journal)
    return [exported(reading.journal, name) for name in FORMATS], reading.problems


def _opened(path: Path) -> object:
    shelf.kept_at(path)
    journal = Journal.open(path)
    assert len(list(journal.entries)) == len(journal)
    looked_at(journal)
    return [exported(journal, name) for name in ("text", "json")], journal.problems


def kept(session: Callable[[], Journal]) -> bytes:
    """The file of a session's journal."""
    path = folder() / "kept.jsonl"
    path.unlink(missing_ok=True)
    journal = Journal(path, began=NOW)
    for entry in session().entries:
        journal(entry.event)
    journal.close()
    return path.read_bytes()


_SWAKS = (
    "=== Trying 127.0.0.1:25...\n=== Connected to 127.0.0.1.\n<-  220 mx ESMTP\n -> EHLO h\n"
    "<-  250-mx\n<-  250 AUTH PLAIN\n -> AUTH PLAIN AGEAYg==\n<** 535 no\n*** SSL error\n"
    "=== TLS started with cipher TLSv1.3:TLS_AES:256\n ~> QUIT\n<~  221 bye\n"
)
_SIDED = (
    "C: EHLO me\nS: 250-mx\nS: 250 STARTTLS\nC: STARTTLS\nS: 220 go\n*: TLS\nC~ QUIT\nS~ 221 x\n"
)
_TERMINAL = (
    "$ telnet mx 25\nTrying 192.0.2.1...\nConnected to mx.\n220 mx\nEHLO me\n250-mx\n250 HELP\n"
    "DATA\n354 go\nSubject: x\n.\n250 ok\nBDAT 5\nhello\n250 x\n"
    "Connection closed by foreign host.\n"
)
_SMTPLIB = (
    "connect: to ('localhost', 25) None\nreply: b'220 mx\\r\\n'\nsend: 'ehlo h\\r\\n'\n"
    "reply: b'250-mx\\r\\n'\nreply: b'250 AUTH LOGIN\\r\\n'\nreply: retcode (250); Msg: b'mx'\n"
)
_SCRIPT = "/connect mx\nEHLO me\n/expect 250\nMAIL FROM:<a@b>\n/expect 5.. 5.7.1\n"


def transcripts() -> dict[str, str]:
    """A sample for each reader."""
    samples = {"swaks": _SWAKS, "sided": _SIDED, "terminal": _TERMINAL, "smtplib": _SMTPLIB}
    told = {name: exported(recorded.delivered(), name) for name in ("text", "json", "jsonl")}
    return {**samples, **told, "script": _SCRIPT}


def _ways(text: str) -> object:
    masker = masking.Masker()
    masker.learn(text)
    masker.learn_host(text.partition(" ")[0])
    return (
        masker.mask(text),
        masker.mask_message(text),
        masker.mask_octets(text.encode("utf-8", "replace")),
    )


_WORDS = ("250 ", "250-", "334 ", "354 ", "STARTTLS", "BDAT 99999999999 LAST", "AUTH PLAIN ")
_JSON: tuple[bytes, ...] = (
    b"null",
    b"1e999",
    b"-1",
    b'"\\ud800"',
    b"[]",
    b"{}",
    b"NaN",
    b"true",
    b"\n",
    b"[" * 2000,
    b'"0001-01-01T00:00:00+14:00"',
)

TRANSCRIPTS = (
    *(
        Parser(f"transcripts of {name}", _read, (text,), (Unreadable,), words=_WORDS)
        for name, text in transcripts().items()
    ),
    Parser(
        "journals",
        in_file(_opened, "session.jsonl"),
        tuple(map(kept, (recorded.delivered, recorded.typed_by_hand))),
        (NotAJournal,),
        words=_JSON,
    ),
    Parser(
        "searches",
        search.parse,
        ("from:server code:5.. -verb:RCPT", "text:'a b' after:10s", "!x"),
        (search.QueryError,),
        words=(":", "-", "!", "'", "code:", "after:", "is:", "verb:"),
    ),
    Parser("digests of exports", is_unchanged, (exported(recorded.delivered(), "text"),)),
    Parser(
        "addresses to be masked",
        _ways,
        ("alice@mail.example.org [192.0.2.1] mx.example.org YUBi",),
        words=("@", ".", "::1", "=", "\n"),
    ),
)

# --- messages ---------------------------------------------------------------------------------

_EML = (
    b'From: =?utf-8?q?Al=C3=ACce?= <alice@example.org>\r\nTo: bob@example.net, "c, d" <e@f>\r\n'
    b"Subject: hi\r\n there\r\nDate: Wed, 25 Nov 2026 18:20:11 +0100\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/mixed; boundary="xx"\r\n\r\n--xx\r\nContent-Type: text/plain;'
    b' charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\na=C3=A4=\r\n.dot\r\n'
    b"--xx\r\nContent-Type: image/png; name*=utf-8''%e2%82%ac.png\r\nContent-Transfer-Encoding:"
    b" base64\r\n\r\nAAECAw==\r\n--xx--\r\n"
)
_MBOX = b"From a@b Wed Nov 25 18:20:11 2026\n" + _EML.replace(b"\r\n", b"\n") + b"\n"
_DRAFT = Draft("alice@example.org", ("bob@example.net",), ("SIZE=5",), (), "hi", body="text\n")


def _saved() -> bytes:
    path = folder() / "saved.draft"
    drafts.save_draft(_DRAFT, path)
    return path.read_bytes()


def _letter(octets: bytes) -> object:
    found = files.received(octets, _DRAFT)
    measure = meter.measure(found, octets, Capabilities())
    for remark in measure.remarks:
        with suppress(DraftError):  # the envelope is its headers'
            mends.mended(found, remark.code, now=NOW).to_bytes(now=NOW)
    return str(measure), lint.lint(octets), tree.tree(octets), tree.text_of(octets)


def _template(path: Path) -> object:
    return files.read_template(path, tokens.About(_DRAFT, NOW)).to_bytes(now=NOW)


def _reopened(path: Path) -> object:
    draft = drafts.load_draft(path)
    draft.check()
    octets = draft.to_bytes(now=NOW)
    again = folder() / "again.draft"
    drafts.save_draft(draft, again)
    assert drafts.load_draft(again) == draft
    return octets, list(fields.differences(draft))


MESSAGES = (
    Parser("messages", _letter, (_EML,), words=(b"\r\n", b"\n", b"=?", b"?=", b"--xx", b":", b";")),
    Parser(
        ".eml files", in_file(lambda path: files.read_eml(path, _DRAFT)), (_EML,), (DraftError,)
    ),
    Parser(
        "mailboxes",
        in_file(lambda path: files.read_mbox(path, _DRAFT)),
        (_MBOX, _MBOX * 2),
        (DraftError,),
        words=(b"\nFrom ", b"\n"),
    ),
    Parser(
        "templates",
        in_file(_template),
        (b"From: %FROM%\nTo: %TO_ADDRESS%\nDate: %DATE%\n\n%X%",),
        (DraftError,),
        words=(b"%", b"%FROM%", b"\n"),
    ),
    Parser("drafts", in_file(_reopened), (_saved(),), (DraftError,), words=_JSON),
    Parser(
        "other headers",
        lambda text: fields.with_others(_DRAFT, text),
        ("X-A: b\nX-C: d\n e",),
        (DraftError,),
        words=(":", "\n", " "),
    ),
)

# --- the console's own files ------------------------------------------------------------------

_KNOWN = {"smtpconsole known": known.FORMAT, "servers": {"mx:25": {"seen": "2026-01-01T00:00:00"}}}
_STANDING = {"smtpconsole lessons": 1, "lessons": {"hello": {"step": 1, "done": [0]}}}


def _remembered(path: Path) -> object:
    found = known.Known(path)
    return found.names, [found.visit(name) for name in found.names]


def _stood(path: Path) -> object:
    found = Standing(path)
    return found.place("hello"), found.last


def _entered(path: Path) -> object:
    found = History(path)
    return list(found.newest_first()), found.search("a b")


def _text(value: Any) -> bytes:
    return json.dumps(value).encode()


def _cleaned(text: str) -> object:
    found = report.clean(text)
    found.encode("utf-8")
    return found


FILES = (
    Parser("servers that were seen", in_file(_remembered), (_text(_KNOWN),), words=_JSON),
    Parser("places in lessons", in_file(_stood), (_text(_STANDING),), words=_JSON),
    Parser(
        "the history", in_file(_entered), (_text({"at": 1, "line": "NOOP"}) + b"\n",), words=_JSON
    ),
    Parser("text for reports", _cleaned, ("caf\udcc3", "\ud800")),
)

PARSERS: tuple[Parser, ...] = (*TRANSCRIPTS, *MESSAGES, *FILES)
