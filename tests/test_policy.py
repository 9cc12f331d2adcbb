"""What can be wished of TLS, on real handshakes."""

from __future__ import annotations

import os
import socket
import ssl
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives import serialization
from hostile import Echo, Hear, Say, Server, StartTls, serve

from smtpconsole.net.connection import Connection
from smtpconsole.net.dial import dial
from smtpconsole.net.pins import of_key
from smtpconsole.net.policy import TlsPolicy
from smtpconsole.net.resumption import TlsSessions
from smtpconsole.net.route import Route
from smtpconsole.smtp.commands import command
from smtpconsole.smtp.errors import HandshakeFailed, NoName
from smtpconsole.smtp.events import Event, Noted, Target
from smtpconsole.smtp.exchanges import ask, start_tls
from smtpconsole.smtp.facts import TlsFacts

NAME = "mail.example"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def identity(authority: trustme.CA) -> trustme.LeafCert:
    return authority.issue_cert(NAME, "127.0.0.1")


@pytest.fixture
def ca(authority: trustme.CA, tmp_path: Path) -> str:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return str(tmp_path / "ca.pem")


@pytest.fixture
def context(identity: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    identity.configure_cert(context)
    return context


@contextmanager
def listening(context: ssl.SSLContext) -> Iterator[Server]:
    with serve(StartTls(context), Say(b"220 hi\r\n"), Echo()) as server:
        yield server


async def gone(connection: Connection) -> None:
    connection.close()
    await connection.lost


async def secured(
    port: int, policy: TlsPolicy, *, host: str = "127.0.0.1", events: list[Event] | None = None
) -> TlsFacts:
    """What a connection with TLS from the first octet tells of it."""
    connection = await dial(
        Target(host, port, implicit_tls=True),
        observe=events.append if events is not None else None,
        tls=policy,
        timeout=5,
        route=Route(sock=socket.create_connection(("127.0.0.1", port))),
    )
    await connection.run(ask(command(b"NOOP")), 5)  # the tickets of TLS 1.3 come with its reply
    await gone(connection)
    assert connection.tls is not None
    return connection.tls


# --- versions, ciphers, ALPN


async def test_the_highest_version_and_its_cipher_are_chosen(
    context: ssl.SSLContext, ca: str
) -> None:
    cipher = "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES256-GCM-SHA384"
    with listening(context) as server:
        facts = await secured(server.port, TlsPolicy(ca_file=ca, maximum="TLSv1.2", ciphers=cipher))
    assert facts.version == "TLSv1.2"
    assert facts.cipher in cipher.split(":")


@pytest.mark.parametrize("strict", [True, False])
async def test_a_version_below_the_minimum_is_not_taken(
    context: ssl.SSLContext, ca: str, strict: bool
) -> None:
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with listening(context) as server:
        with pytest.raises(HandshakeFailed, match="version"):
            await secured(server.port, TlsPolicy(strict, ca_file=ca, minimum="1.3"))


@pytest.mark.parametrize(
    "fields",
    [
        {"minimum": "1.4"},
        {"maximum": "SSLv3"},
        {"minimum": "1.3", "maximum": "1.2"},
        {"store": "windows"},
        {"alpn": ("",)},
        {"pins": ("sha256//short",)},
        {"pins": ("cert:zz",)},
        {"pins": ("md5:00",)},
    ],
    ids=str,
)
def test_wishes_that_cannot_be_are_refused_at_once(fields: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        TlsPolicy(**fields)  # type: ignore[arg-type]


async def test_ciphers_that_openssl_does_not_know_are_told(context: ssl.SSLContext) -> None:
    with listening(context) as server:
        with pytest.raises(HandshakeFailed, match="OpenSSL knows no ciphers in 'CAESAR'"):
            await secured(server.port, TlsPolicy(ciphers="CAESAR"))


async def test_suites_of_tls_1_3_are_chosen_where_python_can(
    context: ssl.SSLContext, ca: str
) -> None:
    policy = TlsPolicy(ca_file=ca, minimum="1.3", suites="TLS_CHACHA20_POLY1305_SHA256")
    with listening(context) as server:
        if hasattr(context, "set_ciphersuites"):
            assert (await secured(server.port, policy)).cipher == policy.suites
        else:
            with pytest.raises(HandshakeFailed, match=r"cannot choose among the suites"):
                await secured(server.port, policy)


async def test_a_protocol_is_agreed_on_by_alpn(context: ssl.SSLContext, ca: str) -> None:
    context.set_alpn_protocols(["smtp"])
    with listening(context) as server:
        facts = await secured(server.port, TlsPolicy(ca_file=ca, alpn=("lmtp", "smtp")))
    assert facts.alpn == "smtp"


# --- names


@pytest.mark.parametrize(
    ("sni", "sent"), [(None, NAME), ("", None), ("front.example", "front.example")]
)
async def test_the_name_that_is_sent_is_not_the_one_that_is_verified(
    context: ssl.SSLContext, ca: str, sni: str | None, sent: str | None
) -> None:
    with listening(context) as server:
        facts = await secured(server.port, TlsPolicy(ca_file=ca, sni=sni), host=NAME)
        assert (server.server_name, facts.server_name) == (sent, sent)


@pytest.mark.parametrize("sni", [None, "", NAME])
async def test_a_wrong_name_is_refused_whatever_is_sent(
    context: ssl.SSLContext, ca: str, sni: str | None
) -> None:
    with listening(context) as server:
        with pytest.raises(HandshakeFailed, match="not trusted") as caught:
            await secured(server.port, TlsPolicy(ca_file=ca, sni=sni), host="other.example")
    assert "name-mismatch" in [problem.code for problem in caught.value.facts.errors]
    assert caught.value.facts.failure == "certificate"


async def test_an_unknown_authority_is_refused_also_without_sni(context: ssl.SSLContext) -> None:
    with listening(context) as server:
        with pytest.raises(HandshakeFailed, match="not trusted"):
            await secured(server.port, TlsPolicy(sni=""), host=NAME)


async def test_a_name_that_is_needed_and_missing_is_an_error_before_the_handshake(
    context: ssl.SSLContext, ca: str
) -> None:
    for policy in (TlsPolicy(ca_file=ca), TlsPolicy(given=ssl.create_default_context())):
        with listening(context) as server:
            with pytest.raises(ValueError, match="no name to verify"):
                await secured(server.port, policy, host="")
            assert server.heard == b""


async def test_a_name_that_is_missing_at_starttls_is_a_value_error_too(ca: str) -> None:
    with serve(Say(b"220 hi\r\n"), Hear(), Say(b"220 go\r\n"), Hear()) as server:
        route = Route(sock=socket.create_connection(("127.0.0.1", server.port)))
        connection = await dial(Target("", 0), tls=TlsPolicy(ca_file=ca), timeout=5, route=route)
        with pytest.raises(NoName) as caught:
            await connection.run(start_tls(), 5)
        assert isinstance(caught.value, ValueError)
        await connection.lost
        assert bytes(server.heard) == b"STARTTLS\r\n"  # and no ClientHello


# --- whom to trust


async def test_a_folder_of_authorities_is_trusted(
    context: ssl.SSLContext, ca: str, tmp_path: Path
) -> None:
    folder = tmp_path / "cas"
    folder.mkdir()
    (folder / "one.pem").write_text(Path(ca).read_text())
    subprocess.run(["openssl", "rehash", folder], check=True)
    for strict in (True, False):
        with listening(context) as server:
            facts = await secured(server.port, TlsPolicy(strict, ca_folder=str(folder)))
        assert facts.store == (None if strict else f"the folder {folder}")
        assert not facts.errors


@pytest.mark.parametrize("store", ["none", "certifi", "system"])
async def test_no_other_store_trusts_an_authority_of_our_own(
    context: ssl.SSLContext, ca: str, store: str
) -> None:
    with listening(context) as server:
        with pytest.raises(HandshakeFailed, match="not trusted"):
            await secured(server.port, TlsPolicy(store=store))  # type: ignore[arg-type]
    with listening(context) as server:
        policy = TlsPolicy(False, store=store, ca_file=ca)  # type: ignore[arg-type]
        facts = await secured(server.port, policy)
        assert not facts.errors
        stores = {
            "none": "",
            "certifi": "certifi's store and ",
            "system": "the system's store and ",
        }
        assert facts.store == f"{stores[store]}the file {ca}"


async def test_a_client_certificate_is_shown(
    context: ssl.SSLContext, authority: trustme.CA, ca: str, tmp_path: Path
) -> None:
    context.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(context)
    mine = authority.issue_cert("me@client.example")
    cert, key = str(tmp_path / "cert.pem"), str(tmp_path / "key.pem")
    mine.cert_chain_pems[0].write_to_path(cert)
    mine.private_key_pem.write_to_path(key)
    with listening(context) as server:
        await secured(server.port, TlsPolicy(ca_file=ca, client_cert=cert, client_key=key))
    _lock(mine, key, b"s3same")
    policy = TlsPolicy(ca_file=ca, client_cert=cert, client_key=key, client_password="s3same")
    assert "s3same" not in repr(policy)
    with listening(context) as server:
        await secured(server.port, policy)
    for password, words in ((None, "has a password"), ("wrong", "cannot be prepared")):
        wrong = TlsPolicy(ca_file=ca, client_cert=cert, client_key=key, client_password=password)
        with listening(context) as server:
            with pytest.raises(HandshakeFailed, match=words):
                await secured(server.port, wrong)


def _lock(leaf: trustme.LeafCert, path: str, password: bytes) -> None:
    key = serialization.load_pem_private_key(leaf.private_key_pem.bytes(), None)
    octets = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(password),
    )
    Path(path).write_bytes(octets)


async def test_a_file_that_is_not_there_is_named(context: ssl.SSLContext) -> None:
    with listening(context) as server:
        with pytest.raises(
            HandshakeFailed, match=r"cannot be prepared: /no/such\.pem: no such file"
        ):
            await secured(server.port, TlsPolicy(ca_file="/no/such.pem"))


# --- pins


async def _certificate(context: ssl.SSLContext) -> TlsFacts:
    with listening(context) as server:
        return await secured(server.port, TlsPolicy(False), events=[])


async def test_a_pin_of_the_key_or_the_certificate_is_proof_without_any_authority(
    context: ssl.SSLContext, ca: str
) -> None:
    own = (await _certificate(context)).chain[0]
    pins = (of_key(own), f"spki:{own.spki_sha256}", f"cert:{own.sha256}", f"CERT:{own.sha256}")
    for pin in pins:
        for policy in (
            TlsPolicy(ca_file=ca, pins=(pin,)),
            TlsPolicy(store="none", pins=("spki:" + "00" * 32, pin)),
            TlsPolicy(False, store="none", pins=(pin,)),
        ):
            with listening(context) as server:
                assert not (await secured(server.port, policy)).errors


async def test_a_pin_that_does_not_match_is_an_error_however_good_the_chain(
    context: ssl.SSLContext, ca: str
) -> None:
    authoritys = (await _certificate(context)).chain
    wrong = ("cert:" + "ab" * 32, *(f"cert:{each.sha256}" for each in authoritys[1:]))
    for policy in (TlsPolicy(ca_file=ca, pins=wrong), TlsPolicy(store="none", pins=wrong)):
        with listening(context) as server:
            with pytest.raises(HandshakeFailed, match="does not match the pin") as caught:
                await secured(server.port, policy)
        assert caught.value.facts.failure == "pin"
    with listening(context) as server:
        facts = await secured(server.port, TlsPolicy(False, ca_file=ca, pins=wrong))
    assert [problem.code for problem in facts.errors] == ["pin-mismatch"]


# --- resumption


@pytest.mark.parametrize("version", ["1.2", "1.3"])
@pytest.mark.parametrize("strict", [True, False])
async def test_a_session_is_resumed_and_its_certificates_are_remembered(
    context: ssl.SSLContext, ca: str, version: str, strict: bool
) -> None:
    sessions = TlsSessions()
    policy = TlsPolicy(
        strict, ca_file=ca, minimum=version, maximum=version, sessions=sessions, sni=""
    )
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        target = Target(NAME, reserved.getsockname()[1], implicit_tls=True)
    seen: list[TlsFacts] = []
    for _ in range(3):
        with listening(context) as server:
            route = Route(sock=socket.create_connection(("127.0.0.1", server.port)))
            connection = await dial(target, tls=policy, timeout=5, route=route)
            await connection.run(ask(command(b"NOOP")), 5)
            await gone(connection)
            assert connection.tls is not None
            seen.append(connection.tls)
    assert [facts.is_resumed for facts in seen] == [False, True, True]
    assert seen[0].chain
    assert seen[2].chain == seen[0].chain
    assert len(sessions) == 1
    sessions.forget()
    assert len(sessions) == 0


async def test_another_policy_does_not_get_the_session(context: ssl.SSLContext, ca: str) -> None:
    sessions = TlsSessions()
    seen: list[bool] = []
    for policy in (
        TlsPolicy(False, ca_file=ca, sessions=sessions),
        TlsPolicy(True, ca_file=ca, sessions=sessions),
    ):
        for _ in range(2):
            with listening(context) as server:
                route = Route(sock=socket.create_connection(("127.0.0.1", server.port)))
                connection = await dial(Target(NAME, 465, True), tls=policy, timeout=5, route=route)
                await connection.run(ask(command(b"NOOP")), 5)
                await gone(connection)
                assert connection.tls is not None
                seen.append(connection.tls.is_resumed)
    assert seen == [False, True, False, True]


# --- the key log


async def test_secrets_are_logged_to_a_file_of_our_own_and_that_is_announced(
    context: ssl.SSLContext, ca: str, tmp_path: Path
) -> None:
    log, events = tmp_path / "keys.log", list[Event]()
    for _ in range(2):  # a file that is there and ours is appended to
        with listening(context) as server:
            facts = await secured(
                server.port, TlsPolicy(ca_file=ca, key_log=str(log)), events=events
            )
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    assert log.read_text().count("CLIENT_TRAFFIC_SECRET_0") == 2
    assert facts.key_log == str(log)
    told = [event.text for event in events if isinstance(event, Noted)]
    assert told == [f"the secrets of this TLS session are written to {log}"] * 2
    assert "CLIENT_TRAFFIC" not in repr(events)


async def test_the_environment_asks_for_a_key_log(
    context: ssl.SSLContext, ca: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "keys.log"
    monkeypatch.setenv("SSLKEYLOGFILE", str(log))
    with listening(context) as server:
        facts = await secured(server.port, TlsPolicy(ca_file=ca))
    assert facts.key_log == str(log)
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


async def test_the_key_log_of_a_context_that_is_given_is_announced_too(
    context: ssl.SSLContext, ca: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, events = tmp_path / "keys.log", list[Event]()
    log.touch(0o600)
    monkeypatch.setenv("SSLKEYLOGFILE", str(log))
    for is_shared in (True, False):
        given = ssl.create_default_context(cafile=ca)
        policy = TlsPolicy(given=given, is_shared=is_shared)
        with listening(context) as server:
            facts = await secured(server.port, policy, events=events)
        assert facts.key_log == str(log)
    assert sum(str(log) in str(event) for event in events if isinstance(event, Noted)) == 2
    monkeypatch.delenv("SSLKEYLOGFILE")
    policy = TlsPolicy(given=ssl.create_default_context(cafile=ca), is_shared=False)
    for _ in range(2):
        with listening(context) as server:
            assert (await secured(server.port, policy, events=events)).key_log is None


def _open_to_all(path: Path) -> None:
    path.touch(0o600)
    path.chmod(0o644)


def _link(path: Path) -> None:
    (path.parent / "there").touch(0o600)
    path.symlink_to(path.parent / "there")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (_open_to_all, r"is open to others \(644\); chmod 600"),
        (_link, "is a link"),
        (Path.mkdir, "irectory"),
        (lambda path: os.mkfifo(path, 0o600), "device|no plain file"),
    ],
    ids=["open", "link", "folder", "pipe"],
)
async def test_a_key_log_that_others_could_read_is_refused(
    context: ssl.SSLContext, ca: str, tmp_path: Path, make: object, words: str
) -> None:
    log = tmp_path / "keys.log"
    make(log)  # type: ignore[operator]
    with listening(context) as server:
        with pytest.raises(HandshakeFailed, match=words):
            await secured(server.port, TlsPolicy(ca_file=ca, key_log=str(log)))
    assert not log.is_file() or log.read_bytes() == b""
