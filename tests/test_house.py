"""The sandbox's rules, and what it can do beyond the simplest: over real sockets."""

from __future__ import annotations

import base64
import hashlib
import hmac
import socket
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from test_sandbox import (
    ENVELOPE,
    PASSWORD,
    PATIENCE,
    USER,
    Client,
    connected,
    logged_in,
    secured,
)

from smtpconsole.net.dial import dial
from smtpconsole.net.proxy_header import ProxyHeader
from smtpconsole.net.route import Route
from smtpconsole.sandbox import Sandbox
from smtpconsole.sandbox.faults import known
from smtpconsole.sandbox.house import House, HouseError, default, load, parsed
from smtpconsole.smtp.events import Target


def test_the_ready_rules_are_those_that_are_documented() -> None:
    rules = default()
    assert rules.domain == "sandbox.example" and rules.size == 10 * 2**20
    assert rules.has_login("alice@sandbox.example", "wonderland")
    assert rules.has_login("Alice", "wonderland") and not rules.has_login("alice", "x")
    assert not rules.has_login("carol", "")


@pytest.mark.parametrize(
    ("address", "user", "code", "why"),
    [
        ("bob@sandbox.example", None, 250, "every name"),
        ("Staff@SANDBOX.example", None, 250, "an alias for alice, bob"),
        ("everybody@sandbox.example", None, 250, "an alias for alice, bob, carol"),
        ("postmaster", None, 250, "every name"),
        ("bob", None, 553, "no domain"),
        ("nobody@sandbox.example", None, 550, "the rules give nobody"),
        ("x@example.org", None, 554, "not of this house, and nobody is logged in"),
        ("x@example.org", "alice", 250, "alice is logged in"),
        ("x@friends.example", None, 250, "among the domains to relay for"),
    ],
)
def test_each_recipient_gets_a_verdict_with_its_reason(
    address: str, user: str | None, code: int, why: str
) -> None:
    rules = replace(default(), relay_domains=("friends.example",))
    verdict = rules.recipient(address, user=user)
    assert verdict.reply.startswith(str(code)) and why in verdict.why
    assert verdict.is_accepted == (code == 250) == bool(verdict.mailboxes)


def test_who_may_relay_is_a_rule() -> None:
    nobody = replace(default(), relay="nobody").recipient("x@y.example", user="alice")
    assert not nobody.is_accepted and "relays for nobody" in nobody.why
    assert replace(default(), relay="everybody").recipient("x@y.example", user=None).is_accepted


def test_an_alias_that_leads_to_itself_is_followed_once() -> None:
    rules = House(aliases={"a": ("b", "A"), "b": ("a", "c")})
    assert rules.expanded("a") == ["c"]


def test_rules_of_ones_own_say_only_what_is_different(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(
        'domain = "My.Example"\nsize = 5000\nidle = 1.5\nrelay = "nobody"\n'
        'withdraw = ["PIPELINING"]\n[users]\n"Me@my.example" = "x"\n'
        '[replies]\nbad = "550 5.7.1 No"\n[aliases]\nall = ["a", "b"]\n[quota]\ntiny = 10\n'
    )
    rules = load(file)
    assert (rules.domain, rules.size, rules.idle) == ("my.example", 5000, 1.5)
    assert rules.withdraw == ("PIPELINING",) and rules.recipients == 1000
    assert rules.has_login("me", "x") and rules.has_login("alice@sandbox.example", "wonderland")
    assert rules.recipient("bad@my.example", user=None).reply == "550 5.7.1 No"
    assert rules.replies["nobody"] == default().replies["nobody"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("domain = ", "is not TOML"),
        ("colour = 1", "has 'colour', and there are only"),
        ('relay = "friends"', "relay is one of authenticated, everybody, nobody"),
        ("size = -1", "size cannot be -1"),
        ('size = "big"', "size cannot be 'big'"),
        ("domain = 5", "domain cannot be 5"),
        ("withdraw = [1]", "withdraw cannot be"),
        ('aliases = "x"', "aliases cannot be"),
        ('[aliases]\na = "x"', "'a' in aliases cannot be 'x'"),
        ('[users]\nme = "x"', "'me' in users cannot be"),
        ('[replies]\nx = "no"', "'x' in replies cannot be 'no'"),
        ("[quota]\nx = -1", "'x' in quota cannot be -1"),
    ],
)
def test_rules_that_cannot_be_are_told(text: str, problem: str) -> None:
    with pytest.raises(HouseError, match=problem):
        parsed(text, default(), "mine.toml")


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(HouseError, match="cannot be read: no such file"):
        load(tmp_path / "none")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(HouseError, match="it is not utf-8"):
        load(tmp_path / "binary")


# BDAT, DSN, LIMITS, greylisting, quota


def test_chunks_make_a_letter() -> None:
    with Sandbox() as sandbox, connected(sandbox) as client:
        client.say(b"MAIL FROM:<a@x.example> BODY=BINARYMIME\r\n")
        assert client.say(b"BDAT 5\r\n12345")[0].startswith(b"503 5.5.1 ")
        client.say(b"MAIL FROM:<a@x.example> BODY=BINARYMIME\r\n")
        client.say(b"RCPT TO:<bob@sandbox.example>\r\n")
        assert client.say(b"DATA\r\n")[0].startswith(b"503 5.5.1 ")
        replies = client.say(b"BDAT 6\r\n.\r\n\n\0\xffBDAT 0\r\nBDAT 3 LAST\r\nEND", replies=3)
        assert replies[0] == b"250 2.0.0 6 octets received\r\n"
        assert replies[2] == b"250 2.0.0 Ok: kept as 1\r\n"
        assert sandbox.mailbox.letters()[0].content == b".\r\n\n\0\xffEND"
        assert client.say(b"BDAT x\r\n")[0].startswith(b"501 5.5.4 ")
        assert client.rest() == b""


def test_chunks_are_counted_against_the_limit() -> None:
    with Sandbox(size=10) as sandbox, connected(sandbox) as client:
        client.say(b"MAIL FROM:<>\r\nRCPT TO:<bob@sandbox.example>\r\n", replies=2)
        replies = client.say(b"BDAT 8\r\n12345678BDAT 8\r\n12345678BDAT 1 LAST\r\n1", replies=3)
        assert [reply[:9] for reply in replies] == [b"250 2.0.0", b"552 5.3.4", b"552 5.3.4"]
        assert len(sandbox.mailbox) == 0


def test_a_receipt_that_was_asked_for_comes_back() -> None:
    with Sandbox() as sandbox, connected(sandbox) as client:
        client.say(b"MAIL FROM:<carol@sandbox.example> RET=HDRS ENVID=x1+3Dy\r\n")
        client.say(
            b"RCPT TO:<bob@sandbox.example> NOTIFY=SUCCESS ORCPT=rfc822;bob@b.example\r\n"
            b"RCPT TO:<alice@sandbox.example> NOTIFY=NEVER\r\n",
            replies=2,
        )
        client.say(b"DATA\r\nSubject: hi\r\n\r\nx\r\n.\r\n", replies=2)
    letter, receipt = sandbox.mailbox.letters()
    assert letter.rcpt_options[0] == ("NOTIFY=SUCCESS", "ORCPT=rfc822;bob@b.example")
    assert (receipt.sender, receipt.recipients) == ("", ("carol@sandbox.example",))
    assert receipt.message.get_content_type() == "multipart/report"
    assert b"Final-Recipient: rfc822; bob@sandbox.example" in receipt.content
    assert b"alice@sandbox.example" not in receipt.content and b"Subject: hi" in receipt.content
    assert b"Original-Envelope-Id: x1=y\r\n" in receipt.content
    assert b"\r\nOriginal-Recipient: rfc822; bob@b.example\r\n" in receipt.content


def test_a_lax_server_takes_what_is_smuggled_into_a_message_for_another() -> None:
    smuggled = (
        b"Subject: one\r\n\r\nhi\n.\nMAIL FROM:<queen@palace.example>\r\n"
        b"RCPT TO:<bob@sandbox.example>\r\nDATA\r\nSubject: two\r\n\r\nho\r\n.\r\n"
    )
    senders = {}
    for faults in ((), (known()["lax-end"],)):
        with Sandbox(faults=faults) as sandbox, connected(sandbox) as client:
            client.say(ENVELOPE + smuggled, replies=8 if faults else 4)
        senders[bool(faults)] = [letter.sender for letter in sandbox.mailbox.letters()]
        told = [note.what for note in sandbox.diary.since(0)]
        assert told.count("fault lax-end") == len(faults)
    assert len(senders[False]) == 1
    assert senders[True] == [*senders[False], "queen@palace.example"]


def test_limits_are_told_and_kept() -> None:
    with Sandbox(recipients=2, messages=1) as sandbox, connected(sandbox) as client:
        assert b"250-LIMITS RCPTMAX=2 MAILMAX=1\r\n" in client.say(b"EHLO x\r\n")[0]
        client.say(ENVELOPE[:-6], replies=2)
        replies = client.say(b"RCPT TO:<x@sandbox.example>\r\n" * 2 + b"DATA\r\n", replies=3)
        assert [reply[:3] for reply in replies] == [b"250", b"452", b"354"]
        client.say(b".\r\n")
        assert client.say(b"MAIL FROM:<>\r\n")[0].startswith(b"421 4.7.0 ")
        assert client.rest() == b""


def test_a_new_sender_has_to_wait() -> None:
    with Sandbox(greylist=3600) as sandbox, connected(sandbox) as client:
        client.say(b"MAIL FROM:<a@x.example>\r\n")
        line = b"RCPT TO:<bob@sandbox.example>\r\n"
        assert client.say(line)[0].startswith(b"450 4.7.1 Greylisted")
        sandbox.wait(3000)
        assert client.say(line)[0].startswith(b"450 4.7.1 Greylisted")
        sandbox.wait(600)
        assert client.say(line)[0].startswith(b"250 ")
        notes = [note.why for note in sandbox.diary.since(0)]
        assert any("this sender is new" in why for why in notes)
        with logged_in(sandbox) as known:
            known.say(b"MAIL FROM:<new@x.example>\r\n")
            assert known.say(line)[0].startswith(b"250 ")


def test_a_quota_is_kept_at_the_end_of_the_data() -> None:
    with Sandbox() as sandbox, connected(sandbox) as client:
        client.say(b"MAIL FROM:<>\r\nRCPT TO:<tiny@sandbox.example>\r\n", replies=2)
        client.say(b"DATA\r\n" + b"x" * 600 + b"\r\n.\r\n", replies=2)
        client.say(b"MAIL FROM:<>\r\nRCPT TO:<tiny@sandbox.example>\r\n", replies=2)
        reply = client.say(b"DATA\r\n" + b"x" * 600 + b"\r\n.\r\n", replies=2)[1]
        assert reply == b"552 5.2.2 Quota exceeded\r\n"
        assert len(sandbox.mailbox) == 1


def test_requiretls_is_offered_under_tls() -> None:
    with Sandbox() as sandbox, secured(sandbox) as client:
        assert b"250-REQUIRETLS\r\n" in client.say(b"EHLO x\r\n")[0]
        assert client.say(b"MAIL FROM:<a@x> REQUIRETLS\r\n")[0].startswith(b"250 ")


# LMTP, XCLIENT, PROXY


def test_lmtp_has_a_reply_for_each_recipient() -> None:
    with Sandbox(lmtp_port=0) as sandbox:
        assert sandbox.lmtp_port
        sock = socket.create_connection((sandbox.host, sandbox.lmtp_port), PATIENCE)
        with closing(Client(sock)) as client:
            assert client.reply().startswith(b"220 sandbox.example LMTP ")
            assert client.say(b"EHLO x\r\n")[0].startswith(b"500 5.5.1 ")
            assert b"250-PIPELINING\r\n" in client.say(b"LHLO x\r\n")[0]
            client.say(b"MAIL FROM:<>\r\nRCPT TO:<bob@sandbox.example>\r\n", replies=2)
            client.say(b"RCPT TO:<tiny@sandbox.example>\r\nRCPT TO:<nobody@sandbox.example>\r\n")
            client.reply()
            content = b"DATA\r\n" + b"x" * 2000 + b"\r\n.\r\n"
            assert client.say(content, replies=3)[1:] == [
                b"250 2.0.0 <bob@sandbox.example> Ok: kept as 1\r\n",
                b"552 5.2.2 <tiny@sandbox.example> Quota exceeded\r\n",
            ]
            client.say(b"MAIL FROM:<>\r\nRCPT TO:<a@sandbox.example>\r\n", replies=2)
            client.say(b"RCPT TO:<b@sandbox.example>\r\n")
            assert len(client.say(b"BDAT 2 LAST\r\nhi", replies=2)) == 2
            client.say(b"MAIL FROM:<>\r\n")
            assert client.say(b"DATA\r\n")[0].startswith(b"503 ")


def test_xclient_makes_another_client_of_it_where_it_is_offered() -> None:
    with Sandbox(withdraw=()) as sandbox, connected(sandbox) as client:
        assert b"250-XCLIENT NAME ADDR" in client.say(b"EHLO x\r\n")[0]
        assert client.say(b"XCLIENT COLOUR=red\r\n")[0].startswith(b"501 5.5.4 ")
        assert client.say(b"XCLIENT ADDR=nowhere\r\n")[0].startswith(b"501 5.5.4 ")
        reply = client.say(b"XCLIENT ADDR=192.0.2.7 PORT=99 NAME=x.example LOGIN=eve\r\n")[0]
        assert reply.startswith(b"220 sandbox.example ")
        assert client.say(b"MAIL FROM:<>\r\n")[0].startswith(b"503 ")
        client.say(b"EHLO x\r\n" + ENVELOPE, replies=4)
        client.say(b".\r\n")
        (letter,) = sandbox.mailbox.letters()
        assert (letter.peer, letter.user) == ("192.0.2.7:99", "eve")


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("source", [("192.0.2.7", 4711), ("2001:db8::7", 4711), None])
async def test_a_proxy_header_tells_who_the_client_is(
    version: int, source: tuple[str, int] | None
) -> None:
    destination = None
    if source is not None:
        destination = ("192.0.2.1", 25) if "." in source[0] else ("2001:db8::1", 25)
    header = ProxyHeader(
        version=version,  # type: ignore[arg-type]
        kind="proxy" if source else "local",
        source=source,
        destination=destination,
    )
    with Sandbox(proxy_port=0) as sandbox:
        assert sandbox.proxy_port
        target = Target(sandbox.host, sandbox.proxy_port)
        connection = await dial(target, route=Route(header=header), timeout=PATIENCE)
        last = connection.session.last_reply
        assert last is not None and last.code == 220
        connection.abort()
        await connection.lost
        wanted = {None: "127.0.0.1:", ("192.0.2.7", 4711): "192.0.2.7:4711"}
        peers = [note.peer for note in sandbox.diary.since(0) if note.what != "connected"]
        assert all(peer.startswith(wanted.get(source, "[2001:db8::7]:4711")) for peer in peers)


@pytest.mark.parametrize(
    "said", [b"EHLO x\r\n", b"PROXY TCP4 x y z\r\n", b"PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n"]
)
def test_who_says_no_header_is_not_answered(said: bytes) -> None:
    with Sandbox(proxy_port=0) as sandbox:
        assert sandbox.proxy_port
        sock = socket.create_connection((sandbox.host, sandbox.proxy_port), PATIENCE)
        with closing(Client(sock)) as client:
            client.sock.sendall(said)
            assert client.rest() == b""
        assert any("no PROXY header" in note.why for note in sandbox.diary.since(0))


# AUTH


def b64(data: bytes) -> bytes:
    return base64.b64encode(data) + b"\r\n"


@pytest.mark.parametrize(("password", "code"), [(PASSWORD, b"235 "), ("wrong", b"535 ")])
def test_cram_md5_knows_the_password(password: str, code: bytes) -> None:
    with Sandbox() as sandbox, secured(sandbox) as client:
        (reply,) = client.say(b"AUTH CRAM-MD5\r\n")
        challenge = base64.b64decode(reply[4:])
        digest = hmac.new(password.encode(), challenge, hashlib.md5).hexdigest()
        assert client.say(b64(f"{USER} {digest}".encode()))[0].startswith(code)


@pytest.mark.parametrize(("token", "code"), [("", b"235 "), ("wrong", b"535 ")])
def test_xoauth2_takes_the_sandboxes_token(token: str, code: bytes) -> None:
    with Sandbox() as sandbox, secured(sandbox) as client:
        bearer = f"user={USER}\x01auth=Bearer {token or sandbox.token}\x01\x01".encode()
        (reply,) = client.say(b"AUTH XOAUTH2 " + b64(bearer))
        if reply.startswith(b"334 "):
            assert b'"status":"401"' in base64.b64decode(reply[4:])
            (reply,) = client.say(b"\r\n")
        assert reply.startswith(code)


@pytest.mark.parametrize(
    "first", [b"x", b"p=tls-unique,,n=a,r=b", b"n,,n=alice", b"n,,m=1,n=alice,r=x"]
)
def test_scram_that_cannot_begin_so_is_refused(first: bytes) -> None:
    with Sandbox() as sandbox, secured(sandbox) as client:
        assert client.say(b"AUTH SCRAM-SHA-256 " + b64(first))[0].startswith(b"501 5.5.2 ")


# What it tells of itself


def test_the_diary_says_why_and_keeps_secrets() -> None:
    with Sandbox() as sandbox, secured(sandbox) as client:
        client.say(b"AUTH PLAIN " + b64(f"\0{USER}\0{PASSWORD}".encode()))
        client.say(b"MAIL FROM:<a@x.example>\r\nRCPT TO:<nobody@sandbox.example>\r\n", replies=2)
        notes = sandbox.diary.since(0)
    told = "\n".join(f"{note.what} | {note.why}" for note in notes)
    assert "TLS: TLSv1.3" in told and f"logged in as {USER} | PLAIN" in told
    assert "answered 550 5.1.1 No such user here | the rules give nobody this reply" in told
    assert PASSWORD not in told and "AUTH PLAIN ..." in told
    assert [note.number for note in sandbox.diary.since(notes[2].number)][:1] == [4]


def test_the_diary_tells_that_there_is_something_new() -> None:
    with Sandbox() as sandbox:
        told: list[int] = []
        sandbox.diary.subscribe(lambda: told.append(1))
        with connected(sandbox) as client:
            client.say(b"NOOP\r\n")
        assert len(told) >= 3


def test_others_may_reach_it_only_when_that_is_said() -> None:
    assert Sandbox(host="0.0.0.0", may_be_reached=True).host == "0.0.0.0"
