"""The mechanisms, with the examples of their RFCs, and with servers that do not keep to them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import struct
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtpconsole import knowledge, registry
from smtpconsole.smtp import sasl
from smtpconsole.smtp.sasl import (
    MECHANISMS,
    Channel,
    Credentials,
    Failure,
    Mechanism,
    MechanismError,
    Response,
    Turns,
    credentials,
    digests,
    ntlm,
    oauth,
    usable,
)
from smtpconsole.smtp.sasl.digest_md5 import digest_md5, directives
from smtpconsole.smtp.sasl.oauth import xoauth2
from smtpconsole.smtp.sasl.preparation import prepared
from smtpconsole.smtp.sasl.scram import ERRORS, attributes, scram

USER, PENCIL = b"user", b"pencil"


def octets(response: bytes | Response) -> bytes:
    return response if isinstance(response, bytes) else response.octets


def first(turns: Turns) -> bytes:
    return octets(next(turns))


def answer(turns: Turns, challenge: bytes) -> bytes:
    return octets(turns.send(challenge))


def refused(turns: Turns, challenge: bytes) -> MechanismError:
    with pytest.raises(MechanismError) as caught:
        turns.send(challenge)
    return caught.value


# --- what all have in common


def test_those_that_say_the_secret_are_those_that_the_tables_call_unsound() -> None:
    for name, mechanism in MECHANISMS.items():
        known = knowledge.mechanism(name)
        assert known is not None and known.sound is not mechanism.exposes, name


def test_a_connection_that_does_not_log_in_loads_no_mechanism() -> None:
    script = "import sys, smtpconsole.net.connection; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    loaded = {name for name in done.stdout.decode().split() if "smtp.sasl." in name}
    assert loaded == {"smtpconsole.smtp.sasl.claims"}
    assert len(MECHANISMS) > 20


def test_bound_mechanisms_come_first_and_only_under_tls() -> None:
    offered = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-1", "CRAM-MD5")
    assert [each.name for each in usable(offered)] == [
        *("SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5", "PLAIN")
    ]
    assert "SCRAM-SHA-256-PLUS" not in [each.name for each in usable(offered, is_secure=False)]


def test_without_tls_what_says_the_secret_comes_last() -> None:
    offered = ("LOGIN", "NTLM", "PLAIN")
    assert [each.name for each in usable(offered)] == ["PLAIN", "LOGIN", "NTLM"]
    assert [each.name for each in usable(offered, is_secure=False)] == ["NTLM", "PLAIN", "LOGIN"]


def test_a_token_is_for_other_mechanisms_than_a_password() -> None:
    offered = ("PLAIN", "XOAUTH2", "OAUTHBEARER", "EXTERNAL", "ANONYMOUS")
    assert [each.name for each in usable(offered, need="token")] == ["OAUTHBEARER", "XOAUTH2"]
    assert [each.name for each in usable(offered, need="nothing")] == ["EXTERNAL"]


def test_no_secret_is_in_what_credentials_look_like() -> None:
    told = repr(credentials("alice", "wonderland", token="to.ke.n"))
    assert "alice" in told and "wonderland" not in told and "to.ke.n" not in told
    assert credentials(b"\xff", b"\xfe").user == b"\xff"


# --- PLAIN, EXTERNAL, ANONYMOUS


@pytest.mark.parametrize(
    ("authzid", "user", "password", "message"),
    [
        ("", "tim", "tanstaaftanstaaf", b"\0tim\0tanstaaftanstaaf"),
        ("Ursel", "Kurt", "xipj3plmq", b"Ursel\0Kurt\0xipj3plmq"),
    ],
)
def test_plain_with_the_examples_of_rfc_4616(
    authzid: str, user: str, password: str, message: bytes
) -> None:
    assert first(MECHANISMS["PLAIN"](credentials(user, password, authzid=authzid))) == message


def test_plain_does_not_let_a_nul_shift_its_parts() -> None:
    told = "^PLAIN cannot carry a NUL in a name or a password$"
    with pytest.raises(MechanismError, match=told) as caught:
        first(MECHANISMS["PLAIN"](credentials("a\0b", "c")))
    assert caught.value.failure is Failure.UNUSABLE


def test_external_says_who_to_act_as_and_anonymous_a_trace() -> None:
    assert first(MECHANISMS["EXTERNAL"](credentials("alice"))) == b""
    assert first(MECHANISMS["EXTERNAL"](credentials("", authzid="bob"))) == b"bob"
    assert first(MECHANISMS["ANONYMOUS"](credentials("sirhc"))) == b"sirhc"  # RFC 4505


# --- SASLprep


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("I\u00adX", "IX"),
        ("user", "user"),
        ("USER", "USER"),
        ("\u00aa", "a"),
        ("\u2168", "IX"),
        ("a\u00a0b", "a b"),
        ("a\u1680b", "a b"),  # which is a blank in the RFC's table alone
        ("\u0627\u0628", "\u0627\u0628"),
    ],
)
def test_text_is_prepared_as_rfc_4013_shows(text: str, result: str) -> None:
    assert prepared(text.encode(), "password") == result.encode()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("\x07", r"the password has a character .* \(U\+0007"),
        ("\u06271", "mixes directions"),
        ("1\u0627", "mixes directions"),
        ("\u0627\u06281", "mixes directions"),
        ("\u0627a\u0628", "mixes directions"),
        ("\u00ad", "the password is empty"),
        ("", "the password is empty"),
    ],
)
def test_what_saslprep_prohibits_is_refused_here(text: str, reason: str) -> None:
    with pytest.raises(MechanismError, match=reason) as caught:
        prepared(text.encode(), "password")
    assert caught.value.failure is Failure.UNUSABLE


def test_octets_that_are_no_utf_8_are_left_alone() -> None:
    assert prepared(b"caf\xe9", "password") == b"caf\xe9"


# --- SCRAM

SHA_1 = (
    b"n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
    b"r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
    b"c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
    b"v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
)
SHA_256 = (
    b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
    b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
    b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
    b"p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
    b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
)


def begun(example: tuple[bytes, ...] = SHA_256, digest: str = "sha256") -> Turns:
    nonce = example[0].rpartition(b"r=")[2]
    turns = scram(credentials(USER, PENCIL), digest, bound=False, nonce=nonce)
    assert next(turns) == Response(example[0], proves_later=True)
    return turns


@pytest.mark.parametrize(("digest", "example"), [("sha1", SHA_1), ("sha256", SHA_256)])
def test_scram_with_the_examples_of_rfc_5802_and_7677(
    digest: str, example: tuple[bytes, ...]
) -> None:
    turns = begun(example, digest)
    assert turns.send(example[1]) == Response(example[2], proves_later=True)
    assert turns.send(example[3]) == Response(b"")


class ScramServer:
    """The other side, written from RFC 5802 for these tests."""

    def __init__(
        self, digest: str, password: bytes, bindings: Mapping[str, bytes] | None = None
    ) -> None:
        self.digest, self.bindings = digest, bindings or {}
        self.salted = hashlib.pbkdf2_hmac(digest, password, b"salt of the sea", 4096)

    def _hmac(self, key: bytes, data: bytes) -> bytes:
        return hmac.digest(key, data, self.digest)

    def first(self, message: bytes) -> bytes:
        flag, authzid, self.bare = message.split(b",", 2)
        self.header = b"%b,%b," % (flag, authzid)
        self.flag = flag.decode()
        nonce = self.bare.rpartition(b",r=")[2] + b"theirs"
        salt = base64.b64encode(b"salt of the sea")
        self.said = b"r=%b,s=%b,i=4096" % (nonce, salt)
        return self.said

    def final(self, message: bytes) -> bytes:
        if self.flag == "y" and self.bindings:
            return b"e=server-does-support-channel-binding"
        without, _, proof = message.rpartition(b",p=")
        bound = base64.b64decode(without.split(b",")[0][2:])
        binding = self.bindings.get(self.flag[2:], b"")
        if bound != self.header + binding:
            return b"e=channel-bindings-dont-match"
        signed = b",".join((self.bare, self.said, without))
        key = self._hmac(self.salted, b"Client Key")
        stored = hashlib.new(self.digest, key).digest()
        found = bytes(
            a ^ b for a, b in zip(base64.b64decode(proof), self._hmac(stored, signed), strict=True)
        )
        if found != key:
            return b"e=invalid-proof"
        server_key = self._hmac(self.salted, b"Server Key")
        return b"v=" + base64.b64encode(self._hmac(server_key, signed))


HASHES = {
    "SCRAM-SHA-1": "sha1",
    "SCRAM-SHA-224": "sha224",
    "SCRAM-SHA-256": "sha256",
    "SCRAM-SHA-384": "sha384",
    "SCRAM-SHA-512": "sha512",
    "SCRAM-SHA3-512": "sha3_512",
}


def held(name: str, channel: Channel, server: ScramServer) -> Response | bytes:
    """The last response of a mechanism to a server, which has verified what came before."""
    turns = MECHANISMS[name](credentials("a,b=c", "pencil", authzid="d,e=", channel=channel))
    opening = first(turns)
    assert b"a=d=2Ce=3D" in opening and b"n=a=2Cb=3Dc," in opening
    return turns.send(server.final(answer(turns, server.first(opening))))


@pytest.mark.parametrize(("name", "digest"), HASHES.items())
def test_scram_of_every_hash_proves_both_sides(name: str, digest: str) -> None:
    assert held(name, Channel(), ScramServer(digest, b"pencil")) == Response(b"")


@pytest.mark.parametrize("name", [*HASHES])
def test_scram_plus_is_bound_to_the_session(name: str) -> None:
    bindings = {"tls-exporter": b"\1" * 32, "tls-server-end-point": b"\2" * 32}
    channel = Channel(bindings=lambda: bindings)
    server = ScramServer(HASHES[name], b"pencil", bindings)
    assert held(f"{name}-PLUS", channel, server) == Response(b"")
    assert server.flag == "p=tls-exporter"  # the best comes first


def test_another_session_behind_ours_is_noticed() -> None:
    channel = Channel(bindings=lambda: {"tls-exporter": b"ours"})
    server = ScramServer("sha256", b"pencil", {"tls-exporter": b"somebody else's"})
    told = held("SCRAM-SHA-256-PLUS", channel, server)
    assert isinstance(told, Response) and told.failure is Failure.UNPROVEN
    assert "between us" in told.words


def test_an_offer_without_plus_that_somebody_has_changed_is_noticed() -> None:
    channel = Channel(offered=("SCRAM-SHA-256",), bindings=lambda: {"tls-exporter": b"ours"})
    server = ScramServer("sha256", b"pencil", {"tls-exporter": b"ours"})
    told = held("SCRAM-SHA-256", channel, server)
    assert server.flag == "y"
    assert isinstance(told, Response) and told.failure is Failure.UNPROVEN
    assert "changed its offer" in told.words


@pytest.mark.parametrize(
    ("channel", "flag"),
    [
        (Channel(), b"n,,"),
        (Channel(offered=("SCRAM-SHA-256",)), b"n,,"),
        (Channel(bindings=dict, offered=("SCRAM-SHA-256",)), b"y,,"),
        (Channel(bindings=dict, offered=("SCRAM-SHA-256", "SCRAM-SHA-1-PLUS")), b"n,,"),
    ],
)
def test_the_flag_tells_what_binding_there_could_be(channel: Channel, flag: bytes) -> None:
    turns = MECHANISMS["SCRAM-SHA-256"](credentials("tim", "secret", channel=channel))
    assert first(turns)[:3] == flag


@pytest.mark.parametrize("channel", [Channel(), Channel(bindings=dict)])
def test_plus_without_a_session_to_bind_to_says_so(channel: Channel) -> None:
    turns = MECHANISMS["SCRAM-SHA-256-PLUS"](credentials("tim", "secret", channel=channel))
    told = "^there is no TLS session that can be bound to; the form without -PLUS may do$"
    with pytest.raises(MechanismError, match=told) as caught:
        next(turns)
    assert caught.value.failure is Failure.UNUSABLE


@pytest.mark.parametrize(
    ("who", "what"),
    [
        (credentials("\x07", "x"), "user's name"),
        (credentials("x", "\x07"), "password"),
        (credentials("x", "x", authzid="\x07"), "authorization name"),
    ],
)
def test_it_is_told_which_name_has_what_saslprep_prohibits(who: Credentials, what: str) -> None:
    with pytest.raises(MechanismError, match=f"^the {what} has a character that SASLprep"):
        next(MECHANISMS["SCRAM-SHA-256"](who))


def test_an_attribute_of_scram_is_a_letter_with_a_value() -> None:
    assert attributes(b"v,x=1,ab=2,x=3") == {"x": b"1"}


REPLAYED = "the server's nonce does not continue ours; this may be an old answer played again"
LACKING = "the server's first message lacks nonce, salt or rounds"
ROUNDS = "the server wants {} rounds of hashing; 4096 to 2000000 are taken (RFC 7677, 4)"


@pytest.mark.parametrize(
    ("old", "new", "reason", "failure"),
    [
        (b"r=rOprN", b"r=xOprN", REPLAYED, Failure.UNPROVEN),
        (b"%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0", b"", REPLAYED, Failure.UNPROVEN),
        (b"i=4096", b"i=4095", ROUNDS.format(4095), Failure.PROTOCOL),
        (b"i=4096", b"i=2000001", ROUNDS.format(2000001), Failure.PROTOCOL),
        (b"i=4096", b"i=1234567890123", ROUNDS.format(123456789012), Failure.PROTOCOL),
        (b"i=4096", b"i=-1", ROUNDS.format(-1), Failure.PROTOCOL),
        (b"i=4096", b"i=4_096", ROUNDS.format("4_096"), Failure.PROTOCOL),
        (b",i=4096", b"", LACKING, Failure.PROTOCOL),
        (b"i=4096", b"i=\xff", LACKING, Failure.PROTOCOL),
        (b"s=W22ZaJ0SNY7soEsUEjb6gQ==", b"s=%", LACKING, Failure.PROTOCOL),
        (b"s=W22ZaJ0SNY7soEsUEjb6gQ==", b"s=", "the server sent no salt", Failure.PROTOCOL),
        (
            b"r=rO",
            b"m=new,r=rO",
            "the server demands an extension of SCRAM that is not known here",
            Failure.PROTOCOL,
        ),
        (b"r=rO", b"e=unknown-user,r=rO", "the server knows no such user", Failure.CREDENTIALS),
        (
            b"r=rO",
            b"e=\xff%b,r=rO" % (b"x" * 60),
            "the server refuses: \ufffd" + "x" * 59,
            Failure.CREDENTIALS,
        ),
    ],
)
def test_a_first_message_that_is_not_right_ends_scram(
    old: bytes, new: bytes, reason: str, failure: Failure
) -> None:
    error = refused(begun(), SHA_256[1].replace(old, new))
    assert str(error) == reason and error.failure is failure


def test_as_many_rounds_as_are_taken_are_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smtpconsole.smtp.sasl.scram.MOST_ROUNDS", 4096)
    assert answer(begun(), SHA_256[1]) == SHA_256[2]


WRONG = "the server's proof is wrong: it does not know the password, and may be an impostor"
NONE = "the server gives no proof that it knows the password; it may be an impostor"


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (b"v=" + base64.b64encode(bytes(32)), WRONG),
        (b"v=", WRONG),
        (b"", NONE),
        (b"welcome", NONE),
    ],
)
def test_a_server_that_does_not_know_the_password_is_no_server(message: bytes, reason: str) -> None:
    turns = begun()
    answer(turns, SHA_256[1])
    error = refused(turns, message)
    assert str(error) == reason and error.failure is Failure.UNPROVEN


@pytest.mark.parametrize("name", ERRORS)
def test_every_error_of_scram_has_a_sentence(name: str) -> None:
    turns = begun()
    answer(turns, SHA_256[1])
    told = turns.send(b"e=" + name.encode())
    failure, words = ERRORS[name]
    assert told == Response(b"", proves_later=True, failure=failure, words=words)


def test_an_error_of_scram_without_a_name_is_told_as_one() -> None:
    error = refused(begun(), b"e= ")
    assert str(error) == "the server refuses, and does not say why"


@given(st.binary(max_size=80))
def test_scram_survives_any_first_message(message: bytes) -> None:
    turns = begun()
    with pytest.raises(MechanismError):
        turns.send(message)


def test_a_nonce_is_never_the_same() -> None:
    who = credentials("tim", "secret")
    nonces = [first(MECHANISMS["SCRAM-SHA-256"](who)).rpartition(b",r=")[2] for _ in range(3)]
    nonces += [digested(b'nonce="x"')["cnonce"] for _ in range(3)]
    assert len({*nonces}) == 6
    assert {len(nonce) for nonce in nonces} == {24}  # in base64: 144 bits


# --- CRAM-MD5 and DIGEST-MD5


def test_md5_that_is_forbidden_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*args: Any) -> Any:
        raise ValueError("[digital envelope routines] unsupported")

    monkeypatch.setattr(digests.hmac, "new", forbidden)
    monkeypatch.setattr(digests.hashlib, "md5", forbidden)
    for name in ("CRAM-MD5", "DIGEST-MD5"):
        turns = MECHANISMS[name](credentials("tim", "secret"))
        next(turns)
        error = refused(turns, b'nonce="x"')
        told = "MD5 is not available here (a FIPS build of OpenSSL?); choose another mechanism"
        assert str(error) == told and error.failure is Failure.UNUSABLE


@pytest.mark.parametrize(
    ("service", "nonce", "client_nonce", "response", "proof"),
    [
        (
            *(b"imap", b"OA6MG9tEQGm2hh", b"OA6MHXh6VqTrRk"),
            *(b"d388dad90d4bbd760a152321f2143af7", b"ea40f60335c427b5527b84dbabcdfffd"),
        ),
        (
            *(b"acap", b"OA9BSXrbuRhWay", b"OA9BSuZWMSpW8m"),
            *(b"6084c6db3fede7352c551284490fd0fc", b"2f0b3d7c3c2e486600ef710726aa2eae"),
        ),
    ],
)
def test_digest_md5_with_the_examples_of_rfc_2831(
    service: bytes, nonce: bytes, client_nonce: bytes, response: bytes, proof: bytes
) -> None:
    channel = Channel(host="elwood.innosoft.com")
    who = credentials("chris", "secret", channel=channel)
    turns = digest_md5(who, service=service, nonce=client_nonce)
    assert first(turns) == b""
    challenge = (
        b'realm="elwood.innosoft.com",nonce="%b",qop="auth",algorithm=md5-sess,charset=utf-8'
    )
    assert turns.send(challenge % nonce) == Response(
        b'charset=utf-8,username="chris",realm="elwood.innosoft.com",nonce="%b",nc=00000001,'
        b'cnonce="%b",digest-uri="%b/elwood.innosoft.com",response=%b,qop=auth'
        % (nonce, client_nonce, service, response),
        proves_later=True,
    )
    assert answer(turns, b"rspauth=" + proof) == b""


def digested(challenge: bytes, **more: Any) -> dict[str, bytes]:
    turns = digest_md5(credentials("alice@example.test", "caf\u00e9", **more))
    next(turns)
    return dict(directives(answer(turns, challenge)))


def test_cram_md5_says_nothing_before_the_server() -> None:
    assert first(MECHANISMS["CRAM-MD5"](credentials("tim", "x"))) == b""


def test_digest_md5_takes_the_realm_of_the_user_or_the_first_or_none() -> None:
    two = b'realm="other",realm="Example.Test",nonce="x"'
    assert digested(two)["realm"] == b"Example.Test"
    assert digested(b'realm="b",realm="a",nonce="x"')["realm"] == b"b"
    said = digested(b'nonce="x"', authzid="bob")
    assert "realm" not in said and "charset" not in said and said["authzid"] == b"bob"
    assert digested(b'nonce="x",realm=""')["realm"] == b""
    turns = digest_md5(credentials("a@b@example.test"))
    next(turns)
    assert b'realm="example.test"' in answer(turns, b'nonce="x",realm="a",realm="example.test"')


def test_digest_md5_names_the_service_by_the_host_or_the_realm() -> None:
    challenge = b'nonce="x",realm="r",qop="auth-int,auth"'
    host = Channel(host="m\u00fcnchen.example")
    assert digested(challenge, channel=host)["digest-uri"] == b"smtp/m?nchen.example"
    assert digested(challenge)["digest-uri"] == b"smtp/r"


def test_digest_md5_proves_who_to_act_as() -> None:
    said = []
    for authzid in ("", "bob"):
        turns = digest_md5(credentials("tim", "x", authzid=authzid), nonce=b"mine")
        next(turns)
        said.append(answer(turns, b'nonce="x"'))
    assert said[1].endswith(b',authzid="bob"')
    assert dict(directives(said[0]))["response"] != dict(directives(said[1]))["response"]


def test_digest_md5_quotes_what_it_says() -> None:
    turns = digest_md5(credentials('a"b\\c', "\u20ac"))  # the password has no form in ISO 8859-1
    next(turns)
    said = answer(turns, b'nonce="x\\"y" , realm=plain')
    assert b'username="a\\"b\\\\c"' in said
    assert dict(directives(said))["nonce"] == b'x"y'


@pytest.mark.parametrize(
    ("challenge", "reason", "failure"),
    [
        (b"", "the server's challenge has no nonce", Failure.PROTOCOL),
        (
            b'nonce="x",algorithm=md5',
            "the server wants another algorithm than md5-sess",
            Failure.PROTOCOL,
        ),
        (
            b'nonce="x",qop="auth-int,auth-conf"',
            "the server insists on DIGEST-MD5's own protection of the session, which is not "
            "known here; use TLS and another mechanism",
            Failure.UNUSABLE,
        ),
    ],
)
def test_digest_md5_refuses_what_it_cannot_answer(
    challenge: bytes, reason: str, failure: Failure
) -> None:
    turns = MECHANISMS["DIGEST-MD5"](credentials("tim", "secret"))
    next(turns)
    error = refused(turns, challenge)
    assert str(error) == reason and error.failure is failure


@pytest.mark.parametrize(("final", "reason"), [(b"rspauth=00", WRONG), (b"", NONE)])
def test_digest_md5_wants_the_proof_of_the_server(final: bytes, reason: str) -> None:
    turns = MECHANISMS["DIGEST-MD5"](credentials("tim", "secret"))
    next(turns)
    answer(turns, b'nonce="x"')
    error = refused(turns, final)
    assert str(error) == reason and error.failure is Failure.UNPROVEN


# --- OAuth

TOKEN = "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg=="


def test_oauthbearer_with_the_example_of_rfc_7628() -> None:
    channel = Channel(host="server.example.com", port=143)
    who = credentials("user@example.com", token=TOKEN, channel=channel)
    turns = MECHANISMS["OAUTHBEARER"](who)
    assert base64.b64encode(first(turns)) == (
        b"bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9QmVhcm"
        b"VyIHZGOWRmdDRxbVRjMk52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB"
    )
    told = turns.send(
        base64.b64decode(
            "eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIiwic2NvcGUiOiJleGFtcGxlX3Njb3BlIiwib3BlbmlkLWNvbmZpZ3Vy"
            "YXRpb24iOiJodHRwczovL2V4YW1wbGUuY29tLy53ZWxsLWtub3duL29wZW5pZC1jb25maWd1cmF0aW9uIn0="
        )
    )
    assert told == Response(
        b"\x01",
        failure=Failure.CREDENTIALS,
        words="the token is expired, revoked or malformed "
        "(status invalid_token, scope example_scope)",
    )


def test_oauthbearer_needs_neither_name_nor_host_and_escapes_the_name() -> None:
    assert first(MECHANISMS["OAUTHBEARER"](credentials("", token="t"))) == (
        b"n,,\x01auth=Bearer t\x01\x01"
    )
    assert first(MECHANISMS["OAUTHBEARER"](credentials("a,b=c", token="t"))) == (
        b"n,a=a=2Cb=3Dc,\x01auth=Bearer t\x01\x01"
    )


def test_xoauth2_as_google_describes_it() -> None:
    turns = MECHANISMS["XOAUTH2"](credentials("someuser@example.com", token=TOKEN))
    assert first(turns) == b"user=someuser@example.com\x01auth=Bearer %b\x01\x01" % TOKEN.encode()
    told = turns.send(b'{"status":"401","schemes":"bearer","scope":"https://mail.google.com/"}')
    assert isinstance(told, Response)
    assert told.octets == b"" and told.failure is Failure.CREDENTIALS
    assert told.words.endswith("(status 401, scope https://mail.google.com/)")


@pytest.mark.parametrize("name", ["XOAUTH2", "OAUTHBEARER"])
@pytest.mark.parametrize(
    ("user", "token"), [("a", ""), ("a", "t t"), ("a", "t\x01"), ("\x01", "t")]
)
def test_what_would_break_out_of_the_message_is_not_said(name: str, user: str, token: str) -> None:
    with pytest.raises(MechanismError) as caught:
        next(MECHANISMS[name](credentials(user, token=token)))
    assert caught.value.failure is Failure.UNUSABLE
    assert str(caught.value) == (
        "the user's name has a control character"
        if user == "\x01"
        else "there is no access token that could be sent: it is empty, or has blanks or controls"
    )


def test_a_host_beyond_ascii_is_told_as_far_as_it_can_be() -> None:
    who = credentials("", token="t", channel=Channel(host="m\u00fcnchen.example"))
    assert b"\x01host=m?nchen.example\x01" in first(MECHANISMS["OAUTHBEARER"](who))


def test_what_is_not_given_of_credentials_is_empty() -> None:
    assert credentials("tim") == Credentials(b"tim", b"", b"", b"", Channel())


def test_mechanisms_are_loaded_once_and_when_somebody_looks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loads: list[str] = []
    monkeypatch.setattr(sasl, "MECHANISMS", type(sasl.MECHANISMS)())
    monkeypatch.setattr(registry, "load", lambda name, path: loads.append(name))
    sasl.mechanism("X-PLAIN", strength=1)(xoauth2)
    sasl.mechanism("X-TOKEN", strength=2, speaks_first=False, needs="token", exposes=True)(xoauth2)
    assert loads == []
    assert [*sasl.MECHANISMS.values()] == [
        Mechanism("X-PLAIN", 1, xoauth2, True, "password", False),
        Mechanism("X-TOKEN", 2, xoauth2, False, "token", True),
    ]
    assert loads == ["smtpconsole.smtp.sasl"]


WORDLESS = "the server refuses the token, and does not say why"


@pytest.mark.parametrize(
    ("told", "failure", "words"),
    [
        (b'{"status":503}', Failure.TEMPORARY, "the server cannot check tokens now (status 503)"),
        (
            b'{"status":"invalid_request"}',
            Failure.PROTOCOL,
            "the server cannot read the request (status invalid_request)",
        ),
        (b'{"status":"x"}', Failure.CREDENTIALS, "the server refuses the token (status x)"),
        (b"{}", Failure.CREDENTIALS, "the server refuses the token"),
        (b"[]", Failure.CREDENTIALS, WORDLESS),
        (b"not JSON", Failure.CREDENTIALS, WORDLESS),
        (b"[" * 100_000, Failure.CREDENTIALS, WORDLESS),
    ],
)
def test_a_refused_token_is_told_as_a_sentence(told: bytes, failure: Failure, words: str) -> None:
    assert oauth.verdict(told) == (failure, words)


def test_a_token_that_does_not_allow_it_is_a_matter_of_policy() -> None:
    assert oauth.verdict(b'{"status":"403"}')[0] is Failure.POLICY


# --- NTLM (MS-NLMP 4.2.4)

INFO = bytes.fromhex(
    "02000c0044006f006d00610069006e0001000c00530065007200760065007200"
)  # and four zeros
SERVER_NONCE = bytes.fromhex("0123456789abcdef")


def pair(number: int, value: bytes) -> bytes:
    return struct.pack("<HH", number, len(value)) + value


def type_2(info: bytes = INFO, flags: int = ntlm.UNICODE | ntlm.TARGET_INFO) -> bytes:
    target = "Domain".encode("utf-16-le" if flags & ntlm.UNICODE else "latin-1")
    info += bytes(4)
    head = ntlm.SIGNATURE + struct.pack("<IHHII", 2, len(target), len(target), 56, flags)
    place = struct.pack("<HHI", len(info), len(info), 56 + len(target))
    version = bytes.fromhex("0601b11d0000000f")
    return head + SERVER_NONCE + bytes(8) + place + version + target + info


@pytest.mark.parametrize(
    ("data", "digest"),
    [
        (b"", "31d6cfe0d16ae931b73c59d7e0c089c0"),
        (b"a", "bde52cb31de33e46245e05fbdbd6fb24"),
        (b"abc", "a448017aaf21d8525fc10ae87aa6729d"),
        (b"message digest", "d9130a8164549fe818874806e1c7014b"),
        (b"1234567890" * 8, "e33b4ddc9c38f2199c3e7b164fcc0536"),
    ],
)
def test_md4_with_the_examples_of_rfc_1320(data: bytes, digest: str) -> None:
    assert digests.md4(data).hex() == digest


@given(st.binary(max_size=200))
def test_md4_is_that_of_openssl_for_every_length(data: bytes) -> None:
    if len(data) in _SEEN:
        return
    _SEEN.add(len(data))
    command = ["openssl", "dgst", "-provider", "legacy", "-md4", "-r"]
    told = subprocess.run(command, input=data, capture_output=True, check=True).stdout
    assert digests.md4(data).hex().encode() == told[:32]


_SEEN: set[int] = set()


def test_ntlm_with_the_example_of_ms_nlmp() -> None:
    key = ntlm.response_key("User", "Domain", "Password")
    assert key.hex() == "0c868a403bfd7a93a3001ef22ef02e3f"
    nonce = b"\xaa" * 8
    proof, rest = ntlm.nt_response(key, SERVER_NONCE, nonce, bytes(8), INFO + bytes(4))
    assert proof.hex() == "68cd0ab851e51c96aabc927bebef6a1c"
    assert rest.endswith(INFO + bytes(8))
    older = digests.hmac_md5(key, SERVER_NONCE + nonce) + nonce
    assert older.hex() == "86c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa"


def test_a_challenge_of_ntlm_is_read() -> None:
    found = ntlm.parse_challenge(type_2(flags=ntlm.UNICODE | ntlm.TARGET_INFO | 0x2000000))
    assert found.target == "Domain" and found.nonce == SERVER_NONCE
    assert found.pair(1) == "Server".encode("utf-16-le") and found.pair(7) is None
    assert found.version == "6.1 build 7601"


def short(place: bytes = bytes(8), version: bytes = b"", flags: int = ntlm.TARGET_INFO) -> bytes:
    """A challenge whose nonce is a pair, to which its place may point."""
    head = ntlm.SIGNATURE + struct.pack("<IQI", 2, 0, flags) + pair(1, b"ABCD")
    return head + bytes(8) + place + version


@pytest.mark.parametrize(
    ("message", "pairs", "version"),
    [
        (short()[:32], (), ""),  # as short as a challenge may be
        (short()[:47], (), ""),
        (short(struct.pack("<HHI", 8, 8, 24)), ((1, b"ABCD"),), ""),
        (short(struct.pack("<HHI", 8, 8, 24), flags=ntlm.UNICODE), (), ""),  # it says there is none
        (short(struct.pack("<HHI", 4, 4, 24)), ((1, b""),), ""),
        (short(struct.pack("<HHI", 99, 99, 24)), (), ""),  # beyond the end
        (short(version=b"\xff" * 8, flags=0x2000000), (), "255.255 build 65535"),
        (short(version=b"\xff" * 7, flags=0x2000000), (), ""),
    ],
)
def test_a_challenge_of_ntlm_is_read_as_far_as_it_goes(
    message: bytes, pairs: tuple[tuple[int, bytes], ...], version: str
) -> None:
    found = ntlm.parse_challenge(message)
    assert (found.pairs, found.version) == (pairs, version)


def test_what_is_long_in_ntlm_is_taken_whole_or_not_at_all() -> None:
    long = b"x" * 40_000
    place = struct.pack("<HHI", len(long), len(long), 8)
    assert ntlm.buffer(place + long, 0) == long
    assert ntlm.buffer(place + long[1:], 0) == b""


def test_names_that_are_no_text_are_told_as_far_as_they_are() -> None:
    challenge = type_2().replace("Domain".encode("utf-16-le"), b"\0\xd8" * 6, 1)
    assert ntlm.parse_challenge(challenge).target == "\ufffd" * 6
    turns = MECHANISMS["NTLM"](credentials(b"\xff", b"\xff"))
    next(turns)
    message = answer(turns, type_2())
    assert ntlm.name(message, 36) == "\ufffd"
    end = struct.pack("<HHI", 2, 2, len(message))
    assert ntlm.name(message[:36] + end + message[44:] + b"\0\xd8", 36) == "\ufffd"


def spoken(user: str, challenge: bytes, channel: Channel = Channel()) -> bytes:  # noqa: B008
    turns = MECHANISMS["NTLM"](credentials(user, "Password", channel=channel))
    assert first(turns) == ntlm.SIGNATURE + struct.pack("<II", 1, 0x88207) + bytes(16)
    return answer(turns, challenge)


@pytest.mark.parametrize(
    ("user", "domain", "name"),
    [
        ("User", "Domain", "User"),
        ("Other\\User", "Other", "User"),
        ("Other\\A\\B", "Other", "A\\B"),
        ("user@example.test", "", "user@example.test"),
    ],
)
def test_ntlm_says_domain_and_user_and_proves_the_password(
    user: str, domain: str, name: str
) -> None:
    message = spoken(user, type_2(), Channel(now=1_700_000_000))
    assert ntlm.name(message, 28) == domain and ntlm.name(message, 36) == name
    response = ntlm.buffer(message, 20)
    key = ntlm.response_key(name, domain, "Password")
    assert response[:16] == digests.hmac_md5(key, SERVER_NONCE + response[16:])
    older = ntlm.buffer(message, 12)
    assert older[:16] == digests.hmac_md5(key, SERVER_NONCE + older[16:])
    seconds = struct.unpack_from("<Q", response, 24)[0] / 10_000_000 - 11_644_473_600
    assert seconds == 1_700_000_000
    assert len(older) == 24 and response.endswith(older[16:] + bytes(4) + INFO + bytes(8))
    assert ntlm.name(message, 44) == "" and ntlm.buffer(message, 52) == b""
    assert ntlm.buffer(spoken(user, type_2()), 20)[24:32] == bytes(8)  # no clock, no time


def test_ntlm_with_a_time_is_bound_to_the_channel_and_has_a_code() -> None:
    moment = struct.pack("<Q", 133_000_000_000_000_000)
    challenge = type_2(INFO + pair(7, moment) + pair(6, b"\1\0\0\0"))
    channel = Channel(host="mail.example", bindings=lambda: {"tls-server-end-point": b"hash"})
    message = spoken("User", challenge, channel)
    response = ntlm.buffer(message, 20)
    assert ntlm.buffer(message, 12) == bytes(24)
    key = ntlm.response_key("User", "Domain", "Password")
    assert response[:16] == digests.hmac_md5(key, SERVER_NONCE + response[16:])
    assert response[24:32] == moment
    binding = bytes(16) + struct.pack("<I", 25) + b"tls-server-end-point:hash"
    assert pair(10, digests.md5(binding)) in response
    assert pair(9, "SMTPSVC/mail.example".encode("utf-16-le")) in response
    assert pair(6, b"\3\0\0\0") in response
    negotiation = first(MECHANISMS["NTLM"](credentials("User", "Password")))
    without = message[:72] + bytes(16) + message[88:]
    code = digests.hmac_md5(digests.hmac_md5(key, response[:16]), negotiation + challenge + without)
    assert message[72:88] == code


def test_ntlm_without_a_certificate_says_that_there_is_no_binding() -> None:
    message = spoken("User", type_2(INFO + pair(7, bytes(8))))
    assert pair(10, bytes(16)) in ntlm.buffer(message, 20)
    assert pair(6, b"\2\0\0\0") in ntlm.buffer(message, 20)


def test_what_a_server_tells_is_said_back_whatever_it_is() -> None:
    info = INFO + pair(7, bytes(8)) + pair(6, b"\0\0\0\x80") + pair(0xFFFE, b"x")
    response = ntlm.buffer(spoken("User", type_2(info)), 20)
    assert pair(6, b"\2\0\0\x80") + pair(0xFFFE, b"x") in response and INFO in response


def test_ntlm_in_an_old_charset_says_names_in_it_or_not_at_all() -> None:
    message = spoken("J\u00fcrgen", type_2(flags=ntlm.OEM))
    assert ntlm.name(message, 36) == "J\u00fcrgen" and b"J\xfcrgen" in message
    told = "^the server takes no Unicode, and the user's name needs it$"
    with pytest.raises(MechanismError, match=told) as caught:
        spoken("\u0391", type_2(flags=ntlm.OEM))
    assert caught.value.failure is Failure.UNUSABLE


@pytest.mark.parametrize("octets", [b"", b"NTLM supported", type_2()[:20], b"\0" * 60])
def test_what_is_no_challenge_of_ntlm_is_refused(octets: bytes) -> None:
    with pytest.raises(
        MechanismError, match=r"^the server's challenge is no NTLM message of type 2$"
    ):
        ntlm.parse_challenge(octets)


@given(st.binary(max_size=120))
def test_ntlm_survives_any_challenge(rest: bytes) -> None:
    octets = ntlm.SIGNATURE + b"\2\0\0\0" + rest
    try:
        found = ntlm.parse_challenge(octets)
    except MechanismError:
        assert len(octets) < 32
    else:
        assert len(found.nonce) == 8
