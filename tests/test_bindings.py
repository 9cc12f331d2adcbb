"""Channel bindings, compared with what OpenSSL's own tools tell of the same session."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import ssl
from pathlib import Path

import lab
import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from smtpconsole.net.bindings import ExporterLog, exporter
from smtpconsole.net.dial import dial
from smtpconsole.net.policy import TlsPolicy
from smtpconsole.net.surroundings import channel
from smtpconsole.net.tls import TlsLayer
from smtpconsole.smtp.events import Target


def joined(client: ssl.SSLContext, *, is_ours: bool = True) -> tuple[TlsLayer, TlsLayer]:
    """Client and server after their handshake."""
    server_context = lab.server_context(lab.entry("sound"))
    ours = TlsLayer(client, server_name=lab.HOST, is_ours=is_ours)
    theirs = TlsLayer(server_context, server_side=True)
    done = [False, False]
    while not all(done):
        for index, (one, other) in enumerate(((ours, theirs), (theirs, ours))):
            done[index] = one.is_ready or one.handshake()
            if octets := one.take_outgoing():
                other.feed(octets)
    return ours, theirs


def context(version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    made.maximum_version = version
    return made


def certificate() -> bytes:
    return lab.der(lab.entry("sound").chain[0])


@pytest.mark.parametrize("cipher", ["TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256"])
async def test_tls_exporter_is_what_openssl_exports(tmp_path: Path, cipher: str) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    identity = authority.issue_cert("localhost")
    identity.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "server.pem"))
    server = await asyncio.create_subprocess_exec(
        *("openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", str(tmp_path / "server.pem")),
        *("-tls1_3", "-ciphersuites", cipher, "-naccept", "1"),
        *("-keymatexport", "EXPORTER-Channel-Binding", "-keymatexportlen", "32"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert server.stdin is not None and server.stdout is not None
    port = int(await _told(server.stdout, rb"ACCEPT .*:(\d+)"))
    policy = TlsPolicy(ca_file=str(tmp_path / "ca.pem"))
    target = Target("localhost", port, implicit_tls=True)
    dialling = asyncio.ensure_future(dial(target, tls=policy, timeout=10))
    theirs = await _told(server.stdout, rb"Keying material: ([0-9A-F]{64})")
    server.stdin.write(b"220 hello\r\n")
    connection = await dialling
    found = channel(connection).bindings
    assert found is not None
    mine = found()
    connection.close()
    await server.communicate()
    assert mine["tls-exporter"] == bytes.fromhex(theirs.decode())
    assert list(mine) == ["tls-exporter", "tls-server-end-point"]


async def _told(stream: asyncio.StreamReader, pattern: bytes) -> bytes:
    """What a program says, as soon as it does."""
    while line := await stream.readline():
        if found := re.search(pattern, line):
            return found[1]
    raise AssertionError(f"{pattern!r} was not said")


def test_under_tls_1_2_the_session_is_bound_by_tls_unique() -> None:
    ours, theirs = joined(context(ssl.TLSVersion.TLSv1_2))
    mine = ours.channel_bindings()
    assert list(mine) == ["tls-unique", "tls-server-end-point"]
    assert mine["tls-unique"] == theirs.object.get_channel_binding("tls-unique")
    assert mine["tls-server-end-point"] == hashlib.sha256(certificate()).digest()


def test_a_context_of_somebody_else_is_not_changed_and_binds_by_the_certificate() -> None:
    shared = context()
    ours, _ = joined(shared, is_ours=False)
    assert list(ours.channel_bindings()) == ["tls-server-end-point"]
    assert shared.keylog_filename is None


def test_a_key_log_that_somebody_wants_stays_where_it_is(tmp_path: Path) -> None:
    logging = context()
    logging.keylog_filename = str(tmp_path / "keys")
    ours, _ = joined(logging)
    assert "tls-exporter" not in ours.channel_bindings()
    assert "EXPORTER_SECRET" in (tmp_path / "keys").read_text()


def test_nothing_of_a_session_stays_in_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []
    truncate = os.ftruncate

    def watched(descriptor: int, length: int) -> None:
        sizes.append(os.fstat(descriptor).st_size)
        truncate(descriptor, length)
        sizes.append(os.fstat(descriptor).st_size)

    monkeypatch.setattr(os, "ftruncate", watched)
    joined(context())
    assert sizes[0] > 500 and sizes[1] == 0


def test_where_there_is_no_such_memory_there_is_no_exporter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(os, "memfd_create")
    ours, _ = joined(context())
    assert list(ours.channel_bindings()) == ["tls-server-end-point"]


def test_a_log_that_is_not_taken_is_forgotten_with_the_session() -> None:
    before = len(os.listdir("/proc/self/fd"))
    log = ExporterLog(context())
    assert len(os.listdir("/proc/self/fd")) > before
    assert log.take() is None and log.take() is None


def test_the_exporter_has_the_length_of_its_rfc() -> None:
    assert len(exporter(bytes(32), "sha256")) == len(exporter(bytes(48), "sha384")) == 32


def _signed(key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey, digest: str | None) -> bytes:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "x")])
    builder = x509.CertificateBuilder(
        name, name, key.public_key(), 1, lab.NOW, lab.NOW.replace(year=lab.NOW.year + 1)
    )
    algorithm = getattr(hashes, digest)() if digest is not None else None
    return lab.der(builder.sign(key, algorithm))


@pytest.mark.parametrize(
    ("digest", "used"), [("SHA256", "sha256"), ("SHA384", "sha384"), ("SHA3_512", "sha3_512")]
)
def test_the_certificate_is_hashed_as_it_is_signed(digest: str, used: str) -> None:
    from smtpconsole.net.bindings import _end_point

    der = _signed(rsa.generate_private_key(65537, 2048), digest)
    assert _end_point(der) == hashlib.new(used, der).digest()


def test_a_certificate_without_a_hash_of_its_own_binds_nothing() -> None:
    from smtpconsole.net.bindings import _end_point

    assert _end_point(_signed(ed25519.Ed25519PrivateKey.generate(), None)) is None
    assert _end_point(b"no certificate") is None
