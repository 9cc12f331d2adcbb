"""TLSA records against chains: each is judged on its own, and OpenSSL judges alike."""

from __future__ import annotations

import hashlib
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

import lab
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from smtpconsole.net import certificates, dane
from smtpconsole.smtp.facts import TlsaAnswer, TlsaRecord


def record(
    entry: lab.Entry, depth: int, usage: int, selector: int = 1, matching: int = 1
) -> TlsaRecord:
    """The record for one certificate of a chain."""
    certificate = entry.chain[depth]
    data = lab.der(certificate)
    if selector:
        key = certificate.public_key()
        data = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if matching:
        data = hashlib.new({1: "sha256", 2: "sha512"}[matching], data).digest()
    return TlsaRecord(usage, selector, matching, data)


def outcomes(
    entry: lab.Entry, *records: TlsaRecord, names: tuple[str, ...] = (lab.HOST,)
) -> list[str]:
    answer = TlsaAnswer(records, is_secure=True, names=names)
    return [one.outcome for one in dane.match(entry.ders, answer)]


@pytest.mark.parametrize("name", ["sound", "sound, RSA", "sound, Ed25519", "sound, P-384"])
def test_the_key_of_a_certificate_is_the_one_it_holds(name: str) -> None:
    entry = lab.entry(name)
    key = entry.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert certificates.spki(entry.ders[0]) == key


@pytest.mark.parametrize("selector", [0, 1])
@pytest.mark.parametrize("matching", [0, 1, 2])
def test_usage_three_is_about_the_key_and_neither_names_nor_dates(
    selector: int, matching: int
) -> None:
    entry = lab.entry("expired, wrong name, unknown root")
    assert outcomes(entry, record(entry, 0, 3, selector, matching)) == ["matches"]
    assert outcomes(lab.entry("sound"), record(entry, 0, 3, selector, matching)) == ["differs"]


def test_usage_two_needs_all_below_the_authority_to_be_sound() -> None:
    root_sent, sound = lab.entry("root sent"), lab.entry("sound")
    assert outcomes(root_sent, record(root_sent, 2, 2)) == ["matches"]
    assert outcomes(sound, record(sound, 1, 2)) == ["matches"]  # trusted, though no root
    assert outcomes(sound, record(root_sent, 2, 2)) == ["differs"]  # not sent
    assert outcomes(sound, record(root_sent, 2, 2, 0, 0)) == ["matches"]  # it is in the record
    for name in ("wrong name", "expired", "damaged"):
        entry = lab.entry(name)
        assert outcomes(entry, record(entry, 1, 2)) == ["differs"]


def test_usage_two_takes_any_of_the_names_in_question() -> None:
    entry = lab.entry("wrong name")
    wanted = record(entry, 1, 2)
    assert outcomes(entry, wanted, names=(lab.HOST, "lab.test")) == ["matches"]
    (one,) = dane.match(entry.ders, TlsaAnswer((wanted,), names=(lab.HOST,)))
    assert "made for www.lab.test, lab.test" in one.text


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (TlsaRecord(0, 1, 1, bytes(32)), "public CA"),
        (TlsaRecord(1, 1, 1, bytes(32)), "public CA"),
        (TlsaRecord(4, 1, 1, bytes(32)), "usage 4"),
        (TlsaRecord(3, 2, 1, bytes(32)), "selector 2"),
        (TlsaRecord(3, 1, 3, bytes(32)), "matching type 3"),
        (TlsaRecord(3, 1, 1, bytes(31)), "32 octets, not 31"),
        (TlsaRecord(3, 1, 2, bytes(32)), "64 octets, not 32"),
        (TlsaRecord(3, 1, 0, b""), "empty"),
    ],
)
def test_what_no_sender_can_use_says_why(wrong: TlsaRecord, words: str) -> None:
    (one,) = dane.match(lab.entry("sound").ders, TlsaAnswer((wrong,)))
    assert one.outcome == "unusable"
    assert words in one.text


def test_of_two_hashes_the_stronger_counts() -> None:
    entry, other = lab.entry("sound"), lab.entry("sound, RSA")
    right, wrong = record(entry, 0, 3, 1, 1), record(other, 0, 3, 1, 2)
    assert outcomes(entry, right, wrong) == ["weaker", "differs"]
    broken = replace(wrong, data=b"short")
    assert outcomes(entry, right, broken) == ["matches", "unusable"]
    assert outcomes(entry, right, record(other, 0, 3, 0, 2)) == ["matches", "differs"]


def test_the_record_to_publish_matches_the_server_it_was_made_for() -> None:
    entry = lab.entry("sound")
    made = dane.record_for(entry.ders[0])
    assert (made.usage, made.selector, made.matching) == (3, 1, 1)
    assert outcomes(entry, made) == ["matches"]


@given(st.builds(TlsaRecord, *[st.integers(0, 255)] * 3, st.binary(max_size=70)), st.binary())
def test_no_record_and_no_chain_can_stop_it(odd: TlsaRecord, rubbish: bytes) -> None:
    for chain in ([], [rubbish], lab.entry("sound").ders):
        assert len(dane.match(chain, TlsaAnswer((odd, odd)))) == 2


# --- OpenSSL's verdict ------------------------------------------------------------------------

JUDGED = [
    ("sound", 0, 3, 1, 1),
    ("sound", 0, 3, 0, 2),
    ("wrong name", 0, 3, 1, 1),
    ("expired", 0, 3, 1, 1),
    ("sound", 1, 2, 1, 1),
    ("root sent", 2, 2, 0, 1),
    ("wrong name", 1, 2, 1, 1),
    ("expired", 1, 2, 0, 1),
    ("expired issuer", 1, 2, 1, 1),
    ("expired issuer", 1, 2, 0, 1),
    ("issuer is no CA", 1, 2, 0, 1),
    ("issuer is no CA", 1, 2, 1, 1),
    ("issuer may not sign", 1, 2, 0, 1),
    ("outside of a constraint", 1, 2, 0, 1),
    ("outside of a constraint", 1, 2, 1, 1),
    ("damaged", 1, 2, 1, 1),
    ("self-signed", 0, 3, 1, 1),
]


@pytest.mark.parametrize(("name", "depth", "usage", "selector", "matching"), JUDGED)
def test_openssl_agrees(name: str, depth: int, usage: int, selector: int, matching: int) -> None:
    entry = lab.entry(name)
    for judged in (entry, lab.entry("sound, RSA")):
        wanted = record(entry, depth, usage, selector, matching)
        matches = outcomes(judged, wanted) == ["matches"]
        assert matches == openssl_takes(judged, wanted), (judged.kind.codes, wanted)


def openssl_takes(entry: lab.Entry, wanted: TlsaRecord) -> bool:
    with tls_server(lab.server_context(entry)) as port:
        command = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-quiet"]
        command += ["-no-CAfile", "-no-CApath", "-no-CAstore", "-verify_return_error"]
        command += ["-dane_tlsa_domain", lab.HOST, "-dane_ee_no_namechecks"]
        command += ["-dane_tlsa_rrdata", str(wanted)]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=20)
    return done.returncode == 0


@contextmanager
def tls_server(context: ssl.SSLContext) -> Iterator[int]:
    """A server that shakes hands with one client, and leaves."""

    def run() -> None:
        with suppress(OSError):
            sock, _ = listener.accept()
            sock.settimeout(10)
            with sock, context.wrap_socket(sock, server_side=True) as secure:
                secure.unwrap()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join(15)
