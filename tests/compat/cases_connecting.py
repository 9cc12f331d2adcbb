"""Options, greetings, TLS, logging in on connect, and the life of a client."""

from __future__ import annotations

import asyncio
import socket
import ssl
from functools import cache, partial
from typing import Any

import trustme
from stage import EHLO, GONE, SILENT, Call, Case, Outcome, play, pure

# --- options that clash -----------------------------------------------------------------------


async def _token() -> str:
    return "token"


_CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
_SOCKET = socket.socket()
_SOCKET.close()
OPTIONS: dict[str, dict[str, Any]] = {
    "none": {},
    "password-and-token": {"password": "x", "oauth_token_generator": _token},
    "tls-and-starttls": {"use_tls": True, "start_tls": True},
    "tls-and-no-starttls": {"use_tls": True, "start_tls": False},
    "context-and-cert": {"tls_context": _CONTEXT, "client_cert": "x"},
    "context-and-key": {"tls_context": _CONTEXT, "client_key": "x"},
    "context-and-bundle": {"tls_context": _CONTEXT, "cert_bundle": "x"},
    "socket-and-path": {"sock": _SOCKET, "socket_path": "x"},
    "socket-and-port": {"sock": _SOCKET, "port": 1},
    "path-and-port": {"socket_path": "x", "port": 1},
    "socket-tls-no-host": {"sock": _SOCKET, "use_tls": True},
    "path-tls-no-host": {"socket_path": "x", "use_tls": True},
    "path-tls-host": {"socket_path": "x", "use_tls": True, "hostname": "h"},
    "path-source": {"socket_path": "x", "source_address": ("", 0)},
    "host-line-end": {"hostname": "a\r\nb"},
    "host-blank": {"hostname": "a b"},
    "host-empty": {"hostname": ""},
    "name-empty": {"local_hostname": ""},
    "name-blank": {"local_hostname": "a b"},
    "name-line-end": {"local_hostname": "a\nb"},
    "name-nul": {"local_hostname": "a\0"},
    "name-padded": {"local_hostname": " a "},
    "name-nbsp": {"local_hostname": "a\u00a0b"},
    "missing-files": {"client_cert": "/no", "client_key": "/no", "cert_bundle": "/no"},
    "strange": {"nonsense": 1},
}
SETTABLE = [
    *("hostname", "port", "local_hostname", "source_address", "timeout", "use_tls"),
    *("validate_certs", "client_cert", "client_key", "tls_context", "cert_bundle", "socket_path"),
    *("sock", "loop", "transport", "protocol", "last_helo_response", "last_ehlo_response"),
    *("esmtp_extensions", "supports_esmtp", "server_auth_methods", "supported_auth_methods"),
    *("is_connected", "is_ehlo_or_helo_needed"),
]


def _attributes(smtp: Any) -> dict[str, Any]:
    return {name: getattr(smtp, name) for name in SETTABLE}


def _connect_with(library: Any, options: dict[str, Any]) -> Outcome:
    async def call(smtp: Any, _: Any) -> Any:
        smtp.port = None
        await smtp.connect(port=1, **options) if "port" not in options else None
        return _attributes(smtp)

    return play(library, call, connect=False)


CASES: dict[str, Case] = {
    f"constructed/{name}": pure(
        lambda library, options=options: _attributes(library.SMTP(**options))
    )
    for name, options in OPTIONS.items()
}
CASES |= {
    f"connect-option/{name}": partial(_connect_with, options=options)
    for name, options in OPTIONS.items()
    if "hostname" not in options and name not in ("none", "missing-files", "strange", "path-source")
}

# --- greetings and the way to them ------------------------------------------------------------

GREETINGS: dict[str, bytes | None] = {
    "lines": b"220-first\r\n220 second\r\n",
    "554": b"554 no service\r\n",
    "421": b"421 busy\r\n",
    "250": b"250 hello\r\n",
    "garbage": b"HTTP/1.1 400 Bad Request\r\n",
    "gone": GONE,
    "silent": SILENT,
}


def _greeted(library: Any, greeting: str) -> Outcome:
    options: dict[str, Any] = {"timeout": 0.05} if greeting == "silent" else {}
    answers = {b"": GREETINGS[greeting]}

    async def call(smtp: Any, _: Any) -> Any:
        try:
            return await smtp.connect()
        finally:
            assert (smtp.transport is None, smtp.protocol is None) == (not smtp.is_connected,) * 2

    return play(library, call, answers, connect=False, **options)


CASES |= {f"greeting/{name}": partial(_greeted, greeting=name) for name in GREETINGS}


def _life(library: Any, call: Call, **how: Any) -> Outcome:
    return play(library, call, connect=False, **how)


async def _swallowed(smtp: Any, error: type[BaseException]) -> str:
    try:
        async with smtp:
            raise error
    except error:
        return str(smtp.is_connected)


async def _nested(smtp: Any, _: Any) -> list[bool]:
    seen = []
    async with smtp:
        async with smtp:
            seen.append(smtp.is_connected)
        seen.append(smtp.is_connected)
    return [*seen, smtp.is_connected]


async def _body_quits(smtp: Any, _: Any) -> Any:
    async with smtp:
        return await smtp.quit()


async def _again(smtp: Any, library: Any) -> list[Any]:
    seen = []
    for _ in range(2):
        seen += [await smtp.connect(), await smtp.noop(), await smtp.quit()]
    return seen


async def _twice(smtp: Any, _: Any) -> Any:
    await smtp.connect()
    await smtp.connect()


async def _after_close(smtp: Any, library: Any) -> Any:
    await smtp.connect()
    smtp.close()
    smtp.close()
    await smtp.noop()


async def _shared(smtp: Any, _: Any) -> list[Any]:
    async def use() -> Any:
        async with smtp:
            return await smtp.noop()

    return await asyncio.gather(use(), use(), use())


async def _at_once(smtp: Any, _: Any) -> list[Any]:
    await smtp.connect()
    await smtp.ehlo()
    return await asyncio.gather(
        *(smtp.ehlo(), smtp.helo(), smtp.noop(), smtp.vrfy("a@x"), smtp.expn("l")),
        *(smtp.mail("a@x"), smtp.help()),
    )


async def _kept(smtp: Any, _: Any) -> Any:
    await smtp.connect(timeout=1.5, validate_certs=False, cert_bundle="x", source_address=None)
    smtp.close()
    return smtp.timeout, smtp.validate_certs, smtp.cert_bundle, smtp.hostname, smtp.local_hostname


async def _reset(smtp: Any, _: Any) -> Any:
    smtp.cert_bundle = "x"
    await smtp.connect(cert_bundle=None, username=None)
    return smtp.cert_bundle


async def _info(smtp: Any, _: Any) -> Any:
    await smtp.connect()
    keys = ("ssl_object", "cipher", "peercert", "compression", "sslcontext", "nonsense")
    names = [smtp.get_transport_info(key) for key in keys]
    return names, smtp.get_transport_info("peername")[0], type(smtp.transport).__name__


async def _forgetful(smtp: Any, _: Any) -> Any:
    await smtp.connect()
    smtp.local_hostname = None
    return (await smtp.helo())[0], (await smtp.ehlo())[0]


async def _set_ehlo(smtp: Any, library: Any) -> Any:
    smtp.last_ehlo_response = library.SMTPResponse(250, "x\nSIZE 5\nAUTH PLAIN")
    return _attributes(smtp)["esmtp_extensions"], smtp.supported_auth_methods


LIVES: dict[str, Call] = {
    "with": lambda smtp, _: _swallowed(smtp, ZeroDivisionError),
    "with-connection-error": lambda smtp, _: _swallowed(smtp, ConnectionError),
    "with-timeout": lambda smtp, _: _swallowed(smtp, TimeoutError),
    "with-nested": _nested,
    "with-quit": _body_quits,
    "again": _again,
    "twice": _twice,
    "after-close": _after_close,
    "shared": _shared,
    "at-once": _at_once,
    "kept": _kept,
    "reset": _reset,
    "info": _info,
    "no-name": _forgetful,
    "set-ehlo": _set_ehlo,
    "not-connected": lambda smtp, _: smtp.noop(),
    "not-connected-info": lambda smtp, _: _sync(smtp.get_transport_info, "peername"),
    "not-connected-starttls": lambda smtp, _: smtp.starttls(),
    "not-connected-quit": lambda smtp, _: smtp.quit(),
    "not-connected-sendmail": lambda smtp, _: smtp.sendmail("a@x", "b@x", ""),
    "no-time": lambda smtp, _: smtp.connect(timeout=0.0),
    "refused": lambda smtp, _: smtp.connect(port=1),
    "refused-no-time": lambda smtp, _: smtp.connect(port=1, timeout=0.0),
    "no-such-host": lambda smtp, _: smtp.connect(hostname="nowhere.invalid"),
    "no-such-path": lambda smtp, _: smtp.connect(port=None, socket_path="/nowhere/at/all"),
}


async def _sync(function: Any, *arguments: Any) -> Any:
    return function(*arguments)


CASES |= {f"life/{name}": partial(_life, call=call) for name, call in LIVES.items()}
CASES |= {
    f"life-no-time/{name}": partial(
        play, call=lambda smtp, _, name=name: getattr(smtp, name)(timeout=0.0)
    )
    for name in ("ehlo", "helo", "noop", "rset", "help", "quit")
}

# --- TLS and login on connect -----------------------------------------------------------------


@cache
def _identity() -> tuple[trustme.CA, ssl.SSLContext]:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    return authority, context


def _trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    _identity()[0].configure_trust(context)
    return context


async def _tls_seen(smtp: Any, library: Any) -> Any:
    greeting = await smtp.connect()
    seen = "SSL" in type(smtp.transport).__name__
    fresh = smtp.is_ehlo_or_helo_needed, smtp.esmtp_extensions
    has = [smtp.get_transport_info(k) is not None for k in ("ssl_object", "cipher", "peercert")]
    return greeting, seen, fresh, has, await smtp.noop()


async def _starttls(smtp: Any, library: Any) -> Any:
    await smtp.connect()
    was = "SSL" in type(smtp.transport).__name__
    answer = await smtp.starttls()
    state = smtp.esmtp_extensions, smtp.is_ehlo_or_helo_needed, smtp.supports_esmtp
    return was, answer, "SSL" in type(smtp.transport).__name__, state, await smtp.ehlo()


async def _starttls_twice(smtp: Any, library: Any) -> Any:
    await smtp.connect()
    await smtp.starttls()
    await smtp.starttls()


_OFFERED = EHLO.replace(b"250 8BITMIME", b"250-8BITMIME\r\n250 STARTTLS")
_GO: dict[bytes, bytes | None] = {b"EHLO": _OFFERED, b"STARTTLS": b"220 go\r\n"}
_OPTIONAL = {"start_tls": None}


def _tls(library: Any, call: Call, implicit: bool = False, **how: Any) -> Outcome:
    options = {"tls_context": _trusting(), "answers": _GO} | how
    return play(library, call, connect=False, tls=_identity()[1], implicit=implicit, **options)


CASES |= {
    "tls/implicit": partial(_tls, call=_tls_seen, implicit=True, use_tls=True, start_tls=None),
    "tls/implicit-untrusted": partial(
        _tls, call=_tls_seen, implicit=True, use_tls=True, start_tls=None, tls_context=None
    ),
    "tls/implicit-unverified": partial(
        _tls,
        call=_tls_seen,
        implicit=True,
        use_tls=True,
        start_tls=None,
        tls_context=None,
        validate_certs=False,
    ),
    "tls/implicit-to-plain": partial(_tls, call=_tls_seen, use_tls=True, start_tls=None),
    "tls/missing-file": partial(
        _tls, call=_tls_seen, use_tls=True, start_tls=None, tls_context=None, client_cert="/no"
    ),
    "tls/optional": partial(_tls, call=_tls_seen, **_OPTIONAL),
    "tls/optional-not-offered": partial(_tls, call=_tls_seen, answers={}, **_OPTIONAL),
    "tls/required": partial(_tls, call=_tls_seen, start_tls=True),
    "tls/required-not-offered": partial(_tls, call=_tls_seen, answers={}, start_tls=True),
    "tls/refused": partial(
        _tls, call=_tls_seen, answers=_GO | {b"STARTTLS": b"454 no\r\n"}, **_OPTIONAL
    ),
    "tls/by-hand": partial(_tls, call=_starttls),
    "tls/by-hand-twice": partial(_tls, call=_starttls_twice),
    "tls/by-hand-untrusted": partial(_tls, call=_starttls, tls_context=None),
    "tls/by-hand-missing-file": partial(_tls, call=_starttls, tls_context=None, cert_bundle="/no"),
    "tls/by-hand-gone": partial(_tls, call=_starttls, answers=_GO | {b"STARTTLS": GONE}),
    "tls/by-hand-421": partial(_tls, call=_starttls, answers=_GO | {b"STARTTLS": b"421 x\r\n"}),
    "tls/by-hand-clash": partial(
        _tls,
        call=lambda smtp, _: _clashing(smtp),
    ),
}


async def _clashing(smtp: Any) -> Any:
    await smtp.connect()
    await smtp.starttls(tls_context=_CONTEXT, client_cert="x")


async def _refused_token() -> str:
    raise AssertionError("asked for a token that is of no use")


LOGINS: dict[str, tuple[dict[bytes, bytes | None], dict[str, Any]]] = {
    "plain": ({b"AUTH": b"235 ok\r\n"}, {"username": "u", "password": "p"}),
    "bytes": ({b"AUTH": b"235 ok\r\n"}, {"username": b"\xff", "password": b"\xfe"}),
    "no-password": ({b"AUTH": b"235 ok\r\n"}, {"username": "u"}),
    "refused": ({b"AUTH": b"535 no\r\n"}, {"username": "u", "password": "p"}),
    "not-offered": ({b"EHLO": b"250 x\r\n"}, {"username": "u", "password": "p"}),
    "nothing-known": (
        {b"EHLO": b"250-x\r\n250 AUTH GSSAPI\r\n"},
        {"username": "u", "password": "p"},
    ),
    "token": ({b"AUTH": b"235 ok\r\n"}, {"username": "u", "oauth_token_generator": _token}),
    "token-refused": (
        {b"AUTH": b"334 e30=\r\n", b"": b"220 x\r\n"},
        {"username": "u", "oauth_token_generator": _token},
    ),
    "token-no-user": ({}, {"oauth_token_generator": _refused_token}),
    "token-not-offered": (
        {b"EHLO": b"250-x\r\n250 AUTH PLAIN\r\n"},
        {"username": "u", "oauth_token_generator": _refused_token},
    ),
}
CASES |= {
    f"on-connect/{name}": partial(
        play,
        call=lambda smtp, _: smtp.connect(),
        connect=False,
        answers=answers,
        **options,
    )
    for name, (answers, options) in LOGINS.items()
}
