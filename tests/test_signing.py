"""DKIM: what is signed verifies, and what was changed does not."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from smtpconsole.composer.draft import Draft
from smtpconsole.composer.errors import DraftError
from smtpconsole.composer.messages import MESSAGES
from smtpconsole.composer.signing import (
    Canonicalization,
    Signer,
    canonical,
    checked,
    public_record,
    signed,
)

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
DRAFT = Draft("me@example.com", ("you@example.org",), subject="Hello", body="One  line. \n\n")
OCTETS = DRAFT.to_bytes(now=NOW)


@pytest.fixture(scope="module", params=["rsa:1024", "ed25519"])
def signer(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Signer:
    file = tmp_path_factory.mktemp("dkim") / "key.pem"
    kind = request.param
    rsa = ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"]  # short, as it signs slowly
    how = ["-algorithm", "ED25519"] if kind == "ed25519" else rsa
    subprocess.run(["openssl", "genpkey", *how, "-out", file], check=True, capture_output=True)
    return Signer("example.com", "test", file)


def verified(octets: bytes, signer: Signer) -> tuple[bool, str]:
    records = {signer.record_name: public_record(signer.key)}
    verdict = checked(octets, records.get)
    return verdict.is_valid, verdict.reason


@pytest.mark.parametrize("headers", ["simple", "relaxed"])
@pytest.mark.parametrize("body", ["simple", "relaxed"])
def test_what_is_signed_verifies(
    signer: Signer, headers: Canonicalization, body: Canonicalization
) -> None:
    octets = signed(OCTETS, signer, headers=headers, body=body)
    assert octets.endswith(OCTETS) and octets.startswith(b"DKIM-Signature:")
    assert verified(octets, signer) == (True, "it is as it was signed")


def test_what_was_changed_does_not_verify(signer: Signer) -> None:
    octets = signed(OCTETS, signer)
    assert not verified(octets.replace(b"One", b"Two"), signer)[0]
    assert not verified(octets.replace(b"Subject: Hello", b"Subject: Hullo"), signer)[0]
    assert verified(octets.replace(b"One  line. ", b"One line."), signer)[0]  # relaxed
    assert verified(OCTETS, signer) == (False, "there is no DKIM-Signature")
    verdict = checked(octets, lambda name: None)
    assert not verdict.is_valid and (verdict.domain, verdict.selector) == ("example.com", "test")


def test_what_was_hashed_can_be_looked_at(signer: Signer) -> None:
    octets = signed(OCTETS, signer)
    headers, body = canonical(octets)
    assert body == b"One line.\r\n"
    assert b"subject:Hello\r\n" in headers and b"from:me@example.com\r\n" in headers
    assert b"dkim-signature" not in headers
    verdict = checked(octets, lambda name: None)
    assert (verdict.headers, verdict.body) == (headers, body)


def test_the_ready_made_messages_can_be_signed(signer: Signer) -> None:
    for message in MESSAGES.values():
        octets = message.of(replace(DRAFT, filler=0)).to_bytes(now=NOW)
        try:
            result = signed(octets, signer)
        except DraftError as error:
            assert message.name == "empty", error
            continue
        if message.name != "duplicate-headers":
            assert verified(result, signer)[0], message.name


def test_a_key_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(DraftError, match="cannot be read: no such file"):
        signed(OCTETS, Signer("x", "y", tmp_path / "none"))
    (tmp_path / "bad").write_text("no key")
    with pytest.raises(DraftError, match="no private key in PEM"):
        signed(OCTETS, Signer("x", "y", tmp_path / "bad"))
    curve = tmp_path / "ec"
    subprocess.run(
        ["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", curve],
        check=True,
    )
    with pytest.raises(DraftError, match="RSA and Ed25519"):
        signed(OCTETS, Signer("x", "y", curve))
