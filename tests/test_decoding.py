"""What challenges and responses say: field by field, who they are about, what in them is secret."""

from __future__ import annotations

import base64
import json
import struct
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_sasl import INFO, pair, spoken, type_2

from smtpconsole.smtp.sasl import MECHANISMS
from smtpconsole.smtp.sasl.claims import claimed_user, holds_secret, is_proof, secret_parts
from smtpconsole.smtp.sasl.decoding import Field, decode_challenge, decode_response
from smtpconsole.smtp.sasl.tokens import expiry, token_facts

SECRET = "tanstaaftanstaaf"


def told(fields: tuple[Field, ...]) -> list[str]:
    """Each field in a line: name, value and what is noted about it."""
    return [f"{each.name}: {each.value}" + f" ({each.note})" * bool(each.note) for each in fields]


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What is told in UTC is so wherever that is done."""
    with monkeypatch.context() as east:
        east.setenv("TZ", "UTC-9")
        time.tzset()
        yield
    time.tzset()


def jwt(**claims: Any) -> bytes:
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=")
    return b"eyJhbGciOiJIUzI1NiJ9." + body + b".c2lnbmF0dXJl"


TYPE_3 = spoken("Domain\\Caf\u00e9", type_2())

PROVEN = "proof: [8 octets not shown] (that the client knows the password)"
BOUND = base64.b64encode(b"p=tls-exporter,a=x,\1,\2")
COMPUTED = "(computed from the password)"
RESPONSES = [
    (
        "PLAIN",
        b"bob\0tim\0" + SECRET.encode(),
        ["act as: bob", "user: tim", "password: [16 octets not shown]"],
    ),
    ("PLAIN", b"\0tim\0se\0cret", ["user: tim", "password: [7 octets not shown]"]),
    (
        "PLAIN",
        b"tim\0" + SECRET.encode(),
        ["response: [20 octets not shown] (it should have two NULs and has fewer (RFC 4616))"],
    ),
    (
        "CRAM-MD5",
        b"tim the first b913a602c7eda7a495b4e6e7334d3890",
        [
            "user: tim the first",
            "digest: [32 octets not shown] (of the challenge, keyed with the password)",
        ],
    ),
    (
        "DIGEST-MD5",
        b'username="tim",nc=1,response=0123456789abcdef0123456789abcdef',
        [
            "username: tim",
            "nc: 1",
            "response: [32 octets not shown] (proof that the client knows the password)",
        ],
    ),
    (
        "SCRAM-SHA-1",
        b"n,a=b=2Cob,n=a=2Cb=3D,r=x",
        ["binding: no channel binding", "act as: b,ob", "user: a,b=", "nonce: x"],
    ),
    (
        "SCRAM-SHA-1",
        b"y,,n=tim,r=x",
        [
            "binding: channel binding would be possible, and the server does not offer it",
            "user: tim",
            "nonce: x",
        ],
    ),
    (
        "SCRAM-SHA-1-PLUS",
        b"p=tls-exporter,,n=tim,r=x,\xff=y",
        [
            "binding: bound to this TLS session by tls-exporter",
            "user: tim",
            "nonce: x",
            "\ufffd: y",
        ],
    ),
    (
        "SCRAM-SHA-1",
        b"c=biws,r=xy,p=c2VjcmV0",
        ["binding: no channel binding", "nonce: xy", PROVEN],
    ),
    ("SCRAM-SHA-1", b"c=%biws,p=c2VjcmV0", ["binding: not base64", PROVEN]),
    ("SCRAM-SHA-1", b"c=eCws,r=xy,p=c2VjcmV0", ["binding: unknown", "nonce: xy", PROVEN]),
    (
        "SCRAM-SHA-1-PLUS",
        b"c=%b,r=xy,p=c2VjcmV0" % BOUND,
        ["binding: tls-exporter 012c02", "nonce: xy", PROVEN],
    ),
    (
        "XOAUTH2",
        b"user=tim\x01auth=Bearer t.o.k\x01\x01",
        ["user: tim", "token: [5 octets not shown] (Bearer)"],
    ),
    (
        "XOAUTH2",
        b"user=tim\x01AUTH=Bearer " + jwt(sub="t") + b"\x01\x01",
        ["user: tim", "token: [50 octets not shown] (Bearer)", "token's sub: t"],
    ),
    (
        "OAUTHBEARER",
        b"n,a=tim,\x01host=h=1\x01auth\x01auth=Bearer t t.o.k\x01\x01",
        ["act as: tim", "host: h=1", "auth: ", "token: [7 octets not shown] (Bearer)"],
    ),
    ("OAUTHBEARER", b"y,a=na=X,,\x01\xff=\xff\x01", ["act as: na=X", "\udcff: \udcff"]),
    ("OAUTHBEARER", b"\x01", ["(nothing more):  (the answer to an error, RFC 7628, 3.2.3)"]),
    ("EXTERNAL", b"bob", ["act as: bob"]),
    ("ANONYMOUS", b"sirhc", ["trace: sirhc"]),
    ("NTLM", b"NTLMSSP\0\1\0\0\0", ["message: negotiation (NTLM type 1)"]),
    (
        "NTLM",
        TYPE_3,
        [
            "message: authentication (NTLM type 3)",
            "domain: Domain",
            "user: Caf\u00e9",
            f"response: [84 octets not shown] {COMPUTED}",
        ],
    ),
    (
        "NTLM",
        b"NTLMSSP\0\3\0\0\0" + bytes(52),
        [
            "message: authentication (NTLM type 3)",
            "domain: ",
            "user: ",
            f"response: [0 octets not shown] {COMPUTED}",
        ],
    ),
    *(
        ("NTLM", octets, [f"response: [{len(octets)} octets not shown] (no NTLM message)"])
        for octets in (
            b"NTLMSSP\0\3\0\0\0" + bytes(51),
            b"NTLMSSP\1\3\0\0\0" + bytes(52),
            b"NTLMSSP\0\2\0\0\0" + bytes(52),
            b"nonsense",
        )
    ),
    (
        "X-MAGIC",
        b"abracadabra",
        ["response: [11 octets not shown] (of a mechanism that is not known here)"],
    ),
    ("PLAIN", b"", ["(empty): "]),
]


@pytest.mark.parametrize(("mechanism", "octets", "fields"), RESPONSES)
def test_a_response_is_told_field_by_field_without_its_secret(
    mechanism: str, octets: bytes, fields: list[str]
) -> None:
    assert told(decode_response(mechanism, octets)) == fields


def test_login_says_first_the_user_then_the_password() -> None:
    assert told(decode_response("LOGIN", b"tim")) == ["user: tim"]
    found = told(decode_response("login", SECRET.encode(), number=1))
    assert found == ["password: [16 octets not shown]"]


CHALLENGES = [
    ("LOGIN", b"User Name\0", ["prompt: User Name"]),
    ("LOGIN", b"FAX\0", ["prompt: FAX"]),
    ("CRAM-MD5", b"<1@x>", ["challenge: <1@x>"]),
    ("SCRAM-SHA-1", b"r=xy,s=QSXC,i=4096", ["nonce: xy", "salt: QSXC", "rounds: 4096"]),
    (
        "SCRAM-SHA-1",
        b"m=x,v=c2VjcmV0",
        [
            "mandatory extension: x",
            "proof: [8 octets not shown] (that the server knows the password)",
        ],
    ),
    ("SCRAM-SHA-1", b"e=unknown-user", ["error: unknown-user (the server knows no such user)"]),
    ("SCRAM-SHA-1", b"e=new,z=1,odd", ["error: new", "z: 1"]),
    ("DIGEST-MD5", b'realm="a\\"b",nonce=x', ['realm: a"b', "nonce: x"]),
    (
        "DIGEST-MD5",
        b"rspauth=00",
        ["rspauth: [2 octets not shown] (proof that the server knows the password)"],
    ),
    ("XOAUTH2", b'{"status":"401","n":1}', ["status: 401", "n: 1"]),
    ("OAUTHBEARER", b"no", ["challenge: no (this should be JSON)"]),
    ("NTLM", b"NTLM supported", ["challenge: NTLM supported"]),
    ("X-MAGIC", b"\xff", ["challenge: \udcff"]),
    ("PLAIN", b"", []),
]


@pytest.mark.parametrize(("mechanism", "octets", "fields"), CHALLENGES)
def test_a_challenge_is_told_field_by_field(
    mechanism: str, octets: bytes, fields: list[str]
) -> None:
    assert told(decode_challenge(mechanism, octets)) == fields


def test_what_a_windows_server_tells_of_itself_is_read() -> None:
    moment = struct.pack("<Q", 133_000_000_000_000_000)
    info = INFO + pair(7, moment) + pair(6, b"\2\0\0\0") + pair(99, b"x\0\0\xd8")
    info += pair(8, b"\0" * 8) + pair(10, b"\1")
    assert told(decode_challenge("NTLM", type_2(info, flags=0x82800001))) == [
        "target: Domain",
        "nonce: 0123456789abcdef",
        "flags: 0x82800001",
        "Windows: 6.1 build 7601",
        "domain (NetBIOS): Domain",
        "host (NetBIOS): Server",
        "time: 2022-06-18 04:26:40 UTC",
        "flags: 02000000",
        "pair 99: x\ufffd",
        "single host: 0000000000000000",
        "channel binding: 01",
    ]
    assert "Windows" not in "".join(told(decode_challenge("NTLM", type_2())))


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        (b"\1", "01"),
        (b"\xff" * 8, "ffffffffffffffff"),
        (116_444_735_990_000_000, None),
        (116_444_736_000_000_000, "1970-01-01 00:00:00 UTC"),
        (2_650_467_743_990_000_000, "9999-12-31 23:59:59 UTC"),
        (2_650_467_744_000_000_000, None),
    ],
)
def test_the_time_of_a_windows_server_is_told_where_it_is_one(
    value: bytes | int, moment: str | None
) -> None:
    octets = value if isinstance(value, bytes) else struct.pack("<Q", value)
    (*_, field) = decode_challenge("NTLM", type_2(pair(7, octets)))
    assert (field.name, field.value) == ("time", moment or octets.hex())


@given(st.sampled_from([*MECHANISMS, "X-MAGIC"]), st.binary(max_size=80), st.integers(0, 2))
def test_nothing_that_is_said_breaks_the_decoding(name: str, octets: bytes, number: int) -> None:
    for field in (*decode_challenge(name, octets), *decode_response(name, octets, number=number)):
        assert isinstance(field.value, str)
    claimed_user(name, base64.b64encode(octets))
    secret_parts(octets)


# --- tokens


def test_a_token_tells_whose_it_is_and_when_it_expires() -> None:
    token = jwt(iss="https://login.example", scp=["SMTP.Send"], exp=1_700_000_000)
    assert dict(token_facts(token)) == {
        "iss": "https://login.example",
        "scp": "['SMTP.Send']",
        "expiry": "2023-11-14 22:13:20 UTC",
    }
    assert dict(token_facts(token, 1_700_000_000 - 600))["expiry"].endswith("UTC, in 10 minutes")
    assert dict(token_facts(token, 1_700_000_000 + 600))["expiry"].endswith("10 minutes ago")
    assert expiry(token) == 1_700_000_000


@pytest.mark.parametrize("size", range(8))
def test_all_that_a_token_says_is_told_in_its_order(size: int) -> None:
    names = ["iss", "aud", "sub", "upn", "scope", "scp"]
    claims = {name: "x" * size for name in reversed(names)}
    assert [*token_facts(jwt(**claims))] == [(name, "x" * size) for name in names]


@pytest.mark.parametrize(
    ("now", "left"),
    [(0, "in 600 minutes"), (36_000, "0 minutes ago"), (72_000, "600 minutes ago")],
)
def test_what_is_left_of_a_token_is_told_in_minutes(now: float, left: str) -> None:
    assert dict(token_facts(jwt(exp=36_000), now))["expiry"].endswith(f", {left}")


@pytest.mark.parametrize(
    ("moment", "end"),
    [(0, None), (0.5, 0.5), (253_402_300_799, 253_402_300_799.0), (253_402_300_800, None)],
)
def test_a_token_ends_in_the_years_that_there_are(moment: float, end: float | None) -> None:
    assert expiry(jwt(exp=moment)) == end


@pytest.mark.parametrize(
    "token",
    [b"opaque", b"a.b.c", b"a.\xff.c", b"a.YQ.c", jwt(exp="soon"), jwt(exp=1e99), jwt(exp=-1)],
)
def test_a_token_that_tells_nothing_is_no_trouble(token: bytes) -> None:
    assert list(token_facts(token)) == [] and expiry(token) is None


# --- who it is, and what is secret


def encoded(octets: bytes) -> bytes:
    return base64.b64encode(octets)


@pytest.mark.parametrize(
    ("mechanism", "octets", "user"),
    [
        ("PLAIN", b"bob\0tim\0secret", "tim"),
        ("PLAIN", b"tim", None),
        ("CRAM-MD5", b"tim the first 0123", "tim the first"),
        ("CRAM-MD5", b"0123", None),
        ("DIGEST-MD5", b'username="tim",response=x', "tim"),
        ("DIGEST-MD5", b"", None),
        ("SCRAM-SHA-256", b"n,,n=a=2Cb=3D,r=x", "a,b="),
        ("SCRAM-SHA-256", b"y,,n=tim,r=x", "tim"),
        ("SCRAM-SHA-256-PLUS", b"p=tls-exporter,,n=tim,r=x", "tim"),
        ("SCRAM-SHA-256", b"n,,r=x", None),
        ("SCRAM-SHA-256", b"c=biws,r=x,p=y", None),
        ("XOAUTH2", b"user=tim\x01auth=Bearer t\x01\x01", "tim"),
        ("OAUTHBEARER", b"n,a=a=2Cb=3D,\x01auth=Bearer t\x01\x01", "a,b="),
        ("OAUTHBEARER", b"n,,\x01auth=Bearer t\x01\x01", None),
        ("EXTERNAL", b"tim", "tim"),
        ("EXTERNAL", b"", None),
        ("ANONYMOUS", b"trace", "anonymous"),
        ("NTLM", TYPE_3, "Domain\\Caf\u00e9"),
        ("NTLM", b"NTLMSSP\0\1\0\0\0", None),
        ("NTLM", b"NTLMSSP\0\3\0\0\0" + b"\0" * 51, None),
        ("NTLM", b"NTLMSSP\0\3\0\0\0" + b"\0" * 52, ""),
        ("X-PLAIN-LIKE", b"\0tim\0secret", "tim"),
        ("X-MAGIC", b"abra", None),
    ],
)
def test_whom_a_response_claims_to_be_is_read(
    mechanism: str, octets: bytes, user: str | None
) -> None:
    assert claimed_user(mechanism, encoded(octets)) == user
    assert claimed_user(mechanism, b"%") is None


def test_an_ntlm_user_without_domain_stands_alone() -> None:
    assert claimed_user("NTLM", encoded(spoken("a@b", type_2()))) == "a@b"


@pytest.mark.parametrize(
    ("challenge", "claimed", "user"),
    [
        (b"", None, "tim"),  # with the command
        (b"Username:", None, "tim"),
        (b"Username:", "tim", "tim"),  # asked again
        (b"Benutzer:", None, "tim"),
        (b"Password:", None, None),
        (b"Kennwort:", "tim", None),
    ],
)
def test_a_password_of_login_is_never_taken_for_a_name(
    challenge: bytes, claimed: str | None, user: str | None
) -> None:
    assert claimed_user("LOGIN", encoded(b"tim"), challenge, claimed) == user


@pytest.mark.parametrize(
    ("octets", "secrets"),
    [
        (b"bob\0tim\0secret", [b"secret"]),
        (b"user=tim\x01auth=Bearer tok\x01\x01", [b"tok"]),
        (b"n,a=tim,\x01host=h\x01auth=Bearer tok\x01\x01", [b"tok"]),
        (b"tim b913a602c7eda7a495b4e6e7334d3890", [b"b913a602c7eda7a495b4e6e7334d3890"]),
        (b"c=biws,r=x,p=c2VjcmV0", [b"c2VjcmV0"]),
        (b'username="t",response=' + b"0a" * 16 + b",qop=auth", [b"0a" * 16]),
        (b"n,,n=tim,r=x", []),
        (b"tim", []),
    ],
)
def test_the_secret_part_is_known_without_the_mechanism(
    octets: bytes, secrets: list[bytes]
) -> None:
    assert secret_parts(octets) == secrets


def test_what_names_only_somebody_is_no_secret() -> None:
    assert not holds_secret("external") and not holds_secret("ANONYMOUS")
    assert holds_secret("plain") and holds_secret("X-MAGIC")


@pytest.mark.parametrize(
    ("response", "is_once"),
    [
        (b"tim 913a602c7eda7a495b4e6e7334d3890" + b"b", True),
        (b"c=biws,r=abc,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=", True),
        (b'username="a",response=d388dad90d4bbd760a152321f2143af7', True),
        (b"NTLMSSP\0\3\0\0\0", True),
        (b"y,,n=alice@sandbox.example,r=kl3+2gkwUEyBp6g0", True),
        (b"\0tim\0tanstaaf", False),
        (b"user=a\1auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEu\1\1", False),
        (b"tanstaaf", False),
    ],
)
def test_a_proof_for_one_challenge_is_told_from_a_secret(response: bytes, is_once: bool) -> None:
    assert is_proof(response) == is_once
