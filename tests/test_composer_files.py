"""Messages and drafts come out of files as they went in."""

from __future__ import annotations

import json
import stat
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtpconsole.composer.draft import Draft
from smtpconsole.composer.drafts import load_draft, save_draft
from smtpconsole.composer.errors import DraftError
from smtpconsole.composer.files import (
    append_mbox,
    read_eml,
    read_mbox,
    read_template,
    templates,
    write_eml,
)
from smtpconsole.composer.messages import MESSAGES
from smtpconsole.composer.parts import Attachment
from smtpconsole.composer.tokens import TOKENS, About, filled
from smtpconsole.composer.tree import opened, text_of, tree

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
DRAFT = Draft("me@example.com", ("you@example.org",), subject="Hello", body="One line.\n")
LETTER = b"From: A <a@x.example>\r\nTo: b@y.example, C <c@z.example>\r\n\r\ntext\r\n"


def test_a_message_is_read_as_it_is_with_the_envelope_of_its_headers(tmp_path: Path) -> None:
    file = tmp_path / "letter.eml"
    file.write_bytes(LETTER)
    draft = read_eml(file, DRAFT)
    assert draft.sender == "a@x.example"
    assert draft.recipients == ("b@y.example", "c@z.example")
    assert draft.source == draft.to_bytes(now=NOW) == LETTER
    file.write_bytes(b"Subject: x\r\n\r\n")
    assert read_eml(file, DRAFT).recipients == DRAFT.recipients


def test_a_text_file_of_this_platform_gets_the_line_ends_of_the_wire(tmp_path: Path) -> None:
    file = tmp_path / "letter.eml"
    file.write_bytes(LETTER.replace(b"\r\n", b"\n"))
    assert read_eml(file, DRAFT).source == LETTER
    mixed = LETTER + b"bare\nLF\r\n"
    file.write_bytes(mixed)
    assert read_eml(file, DRAFT).source == mixed


def test_a_message_is_written_once(tmp_path: Path) -> None:
    file = tmp_path / "out.eml"
    octets = DRAFT.to_bytes(now=NOW)
    write_eml(octets, file)
    assert file.read_bytes() == octets
    with pytest.raises(DraftError, match="is there already; name another file"):
        write_eml(octets, file)
    with pytest.raises(DraftError, match="cannot be written: no such file"):
        write_eml(octets, tmp_path / "none" / "x.eml")


def test_a_mailbox_holds_several(tmp_path: Path) -> None:
    box = tmp_path / "box"
    for subject in ("one", "two"):
        append_mbox(replace(DRAFT, subject=subject, body="From here\n").to_bytes(now=NOW), box)
    one, two = read_mbox(box, DRAFT)
    assert one.source is not None and b"Subject: one\r\n" in one.source
    assert two.source is not None and b"Subject: two\r\n" in two.source
    (tmp_path / "none").write_bytes(b"no mailbox\n")
    with pytest.raises(DraftError, match="holds no message"):
        read_mbox(tmp_path / "none", DRAFT)
    with pytest.raises(DraftError, match="cannot be read as a mailbox: no such file"):
        read_mbox(tmp_path / "missing", DRAFT)


FULL = Draft(
    "me@example.com",
    ("a@x", "b@y"),
    ("RET=HDRS",),
    ("NOTIFY=NEVER",),
    "Süß",
    (("X-A", "1"), ("X-A", "2")),
    "text \udcff",
    "<p>",
    "BEGIN:VCALENDAR",
    (Attachment("a.bin", bytes(range(256)), "a/b", "cid"),),
    "utf-8",
    "base64",
    True,
    b"\0\xff",
    b"source\xff",
    42,
)


def test_a_draft_is_kept_whole_and_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "draft.json"
    for draft in (DRAFT, FULL, *(each.of(DRAFT) for each in MESSAGES.values())):
        save_draft(draft, file)
        assert load_draft(file) == draft
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["draft.json"]


@pytest.mark.parametrize(
    "change",
    [
        {"smtpconsole draft": 2},
        {"sender": 1},
        {"recipients": [1]},
        {"recipients": 5},
        {"headers": ["x"]},
        {"headers": 5},
        {"attachments": [{"name": "x"}]},
        {"attachments": [{"nam": "x", "data": ""}]},
        {"source": "!"},
        {"encoding": "rot13"},
        {"filler": "many"},
    ],
)
def test_what_is_no_draft_is_told(tmp_path: Path, change: dict[str, object]) -> None:
    file = tmp_path / "draft.json"
    save_draft(DRAFT, file)
    load_draft(file)
    file.write_text(json.dumps({**json.loads(file.read_text()), **change}))
    with pytest.raises(DraftError, match="cannot be read as a draft"):
        load_draft(file)


@given(st.binary(max_size=100) | st.text(max_size=100).map(str.encode))
def test_any_file_can_be_tried(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    file = tmp_path_factory.mktemp("any") / "file"
    file.write_bytes(data)
    with pytest.raises(DraftError):
        load_draft(file)
    assert isinstance(read_eml(file, DRAFT).to_bytes(now=NOW), bytes)
    assert all(part.number for part in tree(data))


def test_tokens_are_filled_in() -> None:
    draft = DRAFT.with_header("Cc", "c@z")
    about = About(draft, NOW, session="night", server="mail.example.org")
    assert filled("%FROM_ADDRESS%|%TO%|%CC_ADDRESS%|%BODY%|%SESSION%", about) == (
        "me@example.com|you@example.org|c@z|One line.\n|night"
    )
    assert filled("%DATE% %SERVER% %NEW_HEADERS%", about) == (
        "Wed, 25 Nov 2026 12:00:00 +0000 mail.example.org Cc: c@z"
    )
    assert filled("100% of %NOTHING% %from%", about) == "100% of %NOTHING% %from%"
    trick = replace(draft, body="%FROM%")
    assert filled("%BODY%", About(trick, NOW)) == "%FROM%"
    for token in TOKENS:
        assert f"%{token}%" not in filled(f"%{token}%", about)


def test_a_template_is_a_message_with_tokens(tmp_path: Path) -> None:
    (tmp_path / "night.eml").write_bytes(
        b"From: %FROM%\nTo: %TO%\nSubject: %SUBJECT% again\nMessage-ID: %MESSAGEID%\n\n%BODY%"
    )
    found = templates(tmp_path)
    assert list(found) == ["night"] and templates(tmp_path / "none") == {}
    draft = read_template(found["night"], About(DRAFT, NOW))
    assert draft.source is not None and draft.sender == "me@example.com"
    assert b"Subject: Hello again\r\n" in draft.source and draft.source.endswith(b"One line.\r\n")


def test_the_tree_of_a_message_can_be_walked_and_opened() -> None:
    draft = replace(DRAFT, html="<p>Hi", attachments=(Attachment("a.bin", b"\0\xff" * 10, "a/b"),))
    octets = draft.to_bytes(now=NOW)
    parts = tree(octets)
    assert [(each.number, each.depth, each.kind) for each in parts] == [
        ("1", 0, "multipart/mixed"),
        ("1.1", 1, "multipart/alternative"),
        ("1.1.1", 2, "text/plain"),
        ("1.1.2", 2, "text/html"),
        ("1.2", 1, "a/b"),
    ]
    assert str(parts[-1]) == "a/b  20 octets  a.bin  base64" and str(parts[0]) == "multipart/mixed"
    assert opened(octets, "1.2") == b"\0\xff" * 10
    assert text_of(octets).strip() == "One line." and text_of(b"") == ""
    with pytest.raises(KeyError):
        opened(octets, "2")


def test_a_message_nested_beyond_reason_is_walked_all_the_same() -> None:
    depth = 300
    head = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (each, each)
        for each in range(depth)
    )
    assert len(tree(head)) > 10
