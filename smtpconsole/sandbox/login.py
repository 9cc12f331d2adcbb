"""AUTH as a server does it (RFC 4954), each mechanism a generator: `response = yield challenge`.

It returns the user, or raises Refused.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Generator

from smtpconsole.sandbox.conversation import MAX_AUTH_LINE, Conversation, verb

_ROUNDS = 4096

Turns = Generator[bytes, bytes, str]
Start = Callable[[Conversation, bytes | None], Turns]


class Refused(Exception):
    """The client may not log in so; the reply says why."""

    def __init__(self, reply: str = "535 5.7.8 Authentication credentials invalid") -> None:
        super().__init__(reply)
        self.reply = reply


def offered() -> list[str]:
    """The mechanisms in the order in which EHLO lists them."""
    return list(MECHANISMS)


@verb("AUTH <mechanism> [initial-response]", needs_hello=True)
async def auth(talk: Conversation, argument: str) -> None:
    """Log in, under TLS only, and not amid a transaction."""
    name, _, initial = argument.partition(" ")
    if talk.user is not None:
        await talk.reply("503 5.5.1 Already authenticated")
    elif talk.envelope is not None:
        await talk.reply("503 5.5.1 AUTH is not possible during a mail transaction")
    elif not talk.is_extended:
        await talk.reply("503 5.5.1 EHLO first")
    elif not talk.wire.is_secure:
        reply = "538 5.7.11 Encryption required for requested authentication mechanism"
        await talk.reply(reply, why="the connection is in the clear")
    elif name.upper() not in MECHANISMS:
        await talk.reply("504 5.5.4 Unrecognized authentication mechanism")
    else:
        await _log_in(talk, name.upper(), initial)


async def _log_in(talk: Conversation, name: str, initial: str) -> None:
    try:
        first = _decoded(initial) if initial else None
        turns = MECHANISMS[name](talk, first)
        challenge = next(turns)
        while True:
            text = base64.b64encode(challenge).decode("ascii")
            await talk.reply(f"334 {text}", at="challenge")
            challenge = turns.send(await _response(talk))
    except StopIteration as done:
        if (await talk.reply("235 2.7.0 Authentication successful")).startswith(b"235"):
            talk.user = done.value
            talk.note(f"logged in as {talk.user}", name)
    except Refused as refused:
        await talk.reply(refused.reply, why=f"{name} failed")


async def _response(talk: Conversation) -> bytes:
    line, is_whole = await talk.wire.until(b"\n", MAX_AUTH_LINE)
    while not is_whole:
        _, is_whole = await talk.wire.until(b"\n", MAX_AUTH_LINE)
        line = b"!"
    text = line.rstrip(b"\r\n").decode("ascii", "replace")
    if text == "*":
        raise Refused("501 5.7.0 Auth aborted")
    return _decoded(text)


def _decoded(text: str) -> bytes:
    if text == "=":
        return b""
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise Refused("501 5.5.2 Can't decode base64") from None


def _plain(talk: Conversation, first: bytes | None) -> Turns:
    """RFC 4616."""
    response = first if first is not None else (yield b"")
    parts = response.split(b"\0")
    if len(parts) != 3:
        raise Refused("501 5.5.2 PLAIN is an identity, a user and a password between NULs")
    return _checked(talk, parts[1], parts[2])


def _login(talk: Conversation, first: bytes | None) -> Turns:
    user = first if first is not None else (yield b"Username:")
    return _checked(talk, user, (yield b"Password:"))


def _checked(talk: Conversation, user: bytes, password: bytes) -> str:
    name = user.decode("utf-8", "replace")
    if not talk.house.has_login(name, password.decode("utf-8", "replace")):
        raise Refused()
    return name


def _cram_md5(talk: Conversation, first: bytes | None) -> Turns:
    """RFC 2195."""
    challenge = f"<{secrets.randbits(64)}@{talk.house.domain}>".encode()
    user, _, digest = (yield challenge).rpartition(b" ")
    password = talk.house.password(user.decode("utf-8", "replace"))
    wanted = hmac.new((password or "").encode(), challenge, "md5").hexdigest().encode()
    if password is None or not hmac.compare_digest(digest, wanted):
        raise Refused()
    return user.decode("utf-8", "replace")


_FIRST = re.compile(rb"(n|y|p=[^,]*),(a=[^,]*)?,(n=([^,]*),r=([^,]+).*)", re.DOTALL)


def _scram(talk: Conversation, first: bytes | None) -> Turns:
    """SCRAM-SHA-256 (RFC 5802, RFC 7677)."""
    found = _FIRST.fullmatch(first if first is not None else (yield b""))
    if found is None or found[1].startswith(b"p="):
        raise Refused("501 5.5.2 SCRAM cannot begin so")
    user = found[4].replace(b"=2C", b",").replace(b"=3D", b"=").decode("utf-8", "replace")
    password = talk.house.password(user)
    salt = hashlib.sha256(b"salt of " + user.encode()).digest()[:16]
    nonce = found[5] + secrets.token_urlsafe(18).encode()
    server_first = b"r=%b,s=%b,i=%d" % (nonce, base64.b64encode(salt), _ROUNDS)
    final = yield server_first
    without_proof, _, proof = final.rpartition(b",p=")
    header = base64.b64encode(found[1] + b"," + (found[2] or b"") + b",")
    if not without_proof.startswith(b"c=%b,r=%b" % (header, nonce)):
        raise Refused()
    salted = hashlib.pbkdf2_hmac("sha256", (password or "").encode(), salt, _ROUNDS)
    said = b",".join((found[3], server_first, without_proof))
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    signature = hmac.digest(hashlib.sha256(client_key).digest(), said, "sha256")
    wanted = bytes(a ^ b for a, b in zip(client_key, signature, strict=True))
    if password is None or not hmac.compare_digest(base64.b64encode(wanted), proof):
        raise Refused()
    proved = hmac.digest(hmac.digest(salted, b"Server Key", "sha256"), said, "sha256")
    yield b"v=" + base64.b64encode(proved)
    return user


_BEARER = re.compile(rb"user=([^\x01]*)\x01auth=Bearer ([^\x01]*)\x01\x01")


def _xoauth2(talk: Conversation, first: bytes | None) -> Turns:
    """Google's and Microsoft's XOAUTH2; the token is the sandbox's own."""
    found = _BEARER.fullmatch(first if first is not None else (yield b""))
    if found is None:
        raise Refused("501 5.5.2 XOAUTH2 is user=, auth=Bearer and two octets of 1")
    user = found[1].decode("utf-8", "replace")
    is_right = hmac.compare_digest(found[2], talk.shared.token.encode())
    if not is_right or talk.house.password(user) is None:
        yield b'{"status":"401","schemes":"bearer","scope":"https://sandbox.example/"}'
        raise Refused()
    return user


MECHANISMS: dict[str, Start] = {
    "PLAIN": _plain,
    "LOGIN": _login,
    "CRAM-MD5": _cram_md5,
    "SCRAM-SHA-256": _scram,
    "XOAUTH2": _xoauth2,
}
