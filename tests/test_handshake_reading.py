"""What is read out of a handshake, and what of it is remarked on."""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtpconsole.net.messages import Reader
from smtpconsole.net.remarks import clock, remarks
from smtpconsole.smtp.facts import Alert, Message, TlsFacts

ZEROS = bytes(32)


def extension(kind: int, body: bytes) -> bytes:
    return struct.pack("!HH", kind, len(body)) + body


def block(*extensions: bytes) -> bytes:
    whole = b"".join(extensions)
    return struct.pack("!H", len(whole)) + whole


def client_hello(*versions: int) -> bytes:
    listed = b"".join(struct.pack("!H", version) for version in versions)
    extensions = block(extension(43, bytes([len(listed)]) + listed)) if versions else b""
    return b"\x03\x03" + ZEROS + b"\x00" + b"\x00\x02\xc0\x2f" + b"\x01\x00" + extensions


def server_hello(*extensions: bytes, random: bytes = ZEROS, version: bytes = b"\x03\x03") -> bytes:
    return version + random + b"\x00" + b"\xc0\x2f" + b"\x00" + block(*extensions)


def read(*messages: tuple[str, int, bytes]) -> Reader:
    reader = Reader()
    for party, kind, body in messages:
        reader.message(party, kind, body)  # type: ignore[arg-type]
    return reader


TLS_1_3 = extension(43, b"\x03\x04")


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (0x11EC, "X25519MLKEM768"),
        (0x11EB, "SecP256r1MLKEM768"),
        (29, "X25519"),
        (0x4242, "group 16962"),
    ],
)
def test_a_group_is_named_post_quantum_ones_too(number: int, name: str) -> None:
    share = extension(51, struct.pack("!HH", number, 0))
    reader = read(("server", 2, server_hello(TLS_1_3, share)))
    assert (reader.version, reader.group) == ("TLSv1.3", name)
    assert reader.extended_master_secret


def test_a_downgrade_is_one_only_if_the_higher_version_was_offered() -> None:
    random = ZEROS[:24] + b"DOWNGRD\x01"
    answer = ("server", 2, server_hello(extension(23, b""), random=random))
    offered = read(("client", 1, client_hello(0x0304, 0x0303)), answer)
    assert offered.downgraded_from == "TLSv1.3"
    assert "downgrade" in {one.code for one in remarks(TlsFacts(downgraded_from="TLSv1.3"))}
    assert read(("client", 1, client_hello(0x0303)), answer).downgraded_from is None
    assert read(("client", 1, client_hello()), answer).downgraded_from is None


def test_the_authorities_of_a_wished_for_certificate_are_named() -> None:
    name = b"\x30\x0e\x31\x0c\x30\x0a\x06\x03\x55\x04\x03\x0c\x03CAs"
    names = struct.pack("!H", len(name)) + name
    new = b"\x00" + block(extension(47, struct.pack("!H", len(names)) + names))
    reader = read(("server", 2, server_hello(TLS_1_3)), ("server", 13, new))
    assert (reader.client_certificate_requested, reader.authorities) == (True, ("CAs",))
    old = b"\x01\x01" + b"\x00\x02\x04\x01" + struct.pack("!H", len(names)) + names
    reader = read(("server", 2, server_hello()), ("server", 13, old))
    assert (reader.client_certificate_requested, reader.authorities) == (True, ("CAs",))
    (remark,) = remarks(TlsFacts(client_certificate_requested=True, authorities=("CAs",)))
    assert remark.text == "the server asks for a certificate, from CAs"


def test_no_more_is_kept_than_a_person_can_look_at() -> None:
    told: list[Message | Alert] = []
    reader = Reader(told.append)
    for _ in range(1000):
        reader.message("server", 4, b"ticket")
        reader.alert("server", 1, 112)
    assert len(reader.messages) == len(reader.alerts) == 200
    assert len(told) == 400
    assert str(reader.alerts[0]) == "unrecognized name, from the server"


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["client", "server"]), st.integers(0, 255), st.binary(max_size=120)
        )
    )
)
def test_no_message_can_stop_it(messages: list[tuple[str, int, bytes]]) -> None:
    assert len(read(*messages).messages) == len(messages)


@given(st.data())
def test_no_octet_of_a_sound_message_can_stop_it(data: st.DataObject) -> None:
    share = extension(51, struct.pack("!HH", 29, 32) + ZEROS)
    sound = bytearray(server_hello(TLS_1_3, share))
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(sound) - 1))
        sound[at : at + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=2))
        sound = sound or bytearray(b"x")
    read(("server", 2, bytes(sound)), ("server", 12, bytes(sound)), ("server", 13, bytes(sound)))


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        (TlsFacts("TLSv1.1", "ECDHE-RSA-AES128-SHA"), "old-version"),
        (TlsFacts("TLSv1.2", "ECDHE-RSA-RC4-SHA"), "weak-suite"),
        (TlsFacts("TLSv1.2", "ECDHE-RSA-DES-CBC3-SHA"), "weak-suite"),
        (TlsFacts("TLSv1.2", "AES256-GCM-SHA384"), "no-forward-secrecy"),
        (TlsFacts("TLSv1.2", "DHE-RSA-AES128-SHA", group="DHE 1024"), "weak-group"),
        (TlsFacts("TLSv1.2", "ECDHE-X", signature="RSA with SHA-1"), "weak-handshake-signature"),
        (TlsFacts("TLSv1.2", "ECDHE-X", compression="ZLIB"), "compression"),
        (TlsFacts("TLSv1.2", "ECDHE-X", extended_master_secret=False), "no-ems"),
    ],
)
def test_what_is_weak_is_remarked_and_never_an_error(facts: TlsFacts, code: str) -> None:
    found = remarks(facts)
    assert [one.code for one in found] == [code]
    assert found[0].severity != "error" and found[0].depth < 0


def test_a_modern_session_is_not_remarked_on() -> None:
    facts = TlsFacts(
        "TLSv1.3", "TLS_AES_256_GCM_SHA384", 256, "X25519", extended_master_secret=True
    )
    assert remarks(facts) == ()
    assert remarks(TlsFacts("TLSv1.2", "ECDHE-RSA-AES128-GCM-SHA256", group="X25519")) == ()


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(0, None), (4, None), (-4, None), (90, "1 hour ahead of"), (-4000, "2 days behind")],
)
def test_the_time_in_a_greeting_tells_of_the_clocks(minutes: int, words: str | None) -> None:
    now = datetime(2026, 11, 25, 17, 20, 11, tzinfo=UTC) + timedelta(minutes=minutes)
    found = clock("mail.example.com ESMTP Exim 4.98 Wed, 25 Nov 2026 18:20:11 +0100", now)
    assert (found is None) == (words is None)
    if found is not None and words is not None:
        assert found.code == "clock-off" and words in found.text


@given(st.text())
def test_no_greeting_can_stop_it(greeting: str) -> None:
    clock(greeting)
    clock(f"{greeting} 99 Foo 9999 99:99:99 +9999")
