"""From the words of the shell to a plan."""

from __future__ import annotations

import shlex
import socket
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from smtpconsole.console.answers import ConsoleError
from smtpconsole.console.arguments import SIZE
from smtpconsole.console.submission import stages

if TYPE_CHECKING:
    from smtpconsole.console.logins import Wish
    from smtpconsole.console.submission.drafting import Words
    from smtpconsole.console.submission.plan import Login, Need, Plan
    from smtpconsole.smtp.targets import Target

Said = Mapping[str, Any]

_WAYS = (
    *("source", "family", "proxy", "proxy_header", "timeout", "timers", "ca", "servername", "sni"),
    *("strict", "pin", "client_cert", "client_key", "tls_min", "tls_max", "ciphers", "suites"),
    *("alpn", "keylog", "resume"),
)


def planned(target: str | None, said: Said) -> Plan:
    """The plan that the words make; ConsoleError says which of them cannot be."""
    from smtpconsole.console.configuration import configured
    from smtpconsole.console.submission.drafting import drafted, warning
    from smtpconsole.console.submission.plan import Plan

    if said["auth_password"] is not None:
        raise ConsoleError(
            "a password on the command line is seen by everybody on this machine",
            "leave it away and be asked, or: SMTP_PASSWORD, --password-file, --password-env,",
            "--password-command, --netrc, --keyring",
        )
    flags = {name: said[name] for name in (*_WAYS, "name")}
    flags["family"] = "4" if said["ipv4"] else "6" if said["ipv6"] else flags["family"]
    if said["local_port"]:
        flags["source"] = _with_port(flags["source"] or "", said["local_port"])
    settings, _ = configured(flags)
    words = _words(said)
    last = _last(said)
    if not words.people and last not in (*stages.POLITE[: stages.POLITE.index("MAIL") + 1],):
        words = replace(words, to=(_asked("To"),))
    server = _target(target, said, words)
    mail = said["from_"] if said["from_"] is not None else _own_address(settings.name)
    draft = drafted(words, sender=mail, now=datetime.now().astimezone(), server=str(server))
    protocol = (said["protocol"] or "").upper()
    is_lmtp = server.lmtp
    stops = {name: _stop(said, name) for name in ("quit_after", "drop_after", "drop_after_send")}
    return Plan(
        server,
        settings,
        draft,
        _how(said),
        "LHLO" if is_lmtp else "HELO" if protocol == "SMTP" else "EHLO",
        _tls(said, protocol),
        _login(said, protocol, server),
        tuple(said["xclient_raw"])
        or tuple(word for each in said["xclient"] for word in _split(each)),
        is_xclient_raw=bool(said["xclient_raw"]),
        is_xclient_first=said["xclient_before_starttls"],
        needs_prdr=bool(said["wish_prdr"]),
        count=said["count"],
        is_insecure=said["insecure"],
        certificates=said["save_certificates"] or "",
        warning="" if said["yes"] else warning(words),
        **stops,
    )


def _last(said: Said) -> str:
    return next((stop for name in _STOPS if (stop := _stop(said, name))), "DOT")


_STOPS = ("quit_after", "drop_after", "drop_after_send")


def _stop(said: Said, name: str) -> str:
    word = said[name]
    if not word:
        return ""
    return stages.stage(word, stages.POLITE if name == "quit_after" else stages.RUDE)


def _asked(what: str) -> str:
    if not sys.stdin.isatty():
        raise ConsoleError("there is no recipient", "--to bob@example.com names one")
    try:
        return input(f"{what}: ")
    except EOFError:
        raise ConsoleError("there is no recipient") from None


def _own_address(host: str) -> str:
    import getpass

    try:
        return f"{getpass.getuser()}@{host}"
    except (KeyError, OSError):  # a user without a name
        return f"smtpconsole@{host}"


def _words(said: Said) -> Words:
    from smtpconsole.console.submission.drafting import Words

    size = said["message_size"]
    return Words(
        said["from_"],
        said["to"],
        said["cc"],
        said["bcc"],
        said["recipients"] or 0,
        said["subject"],
        said["body"],
        said["html"],
        said["attach"],
        said["header"],
        said["add_header"],
        said["data"],
        said["no_data_fixup"],
        said["message"] or "",
        SIZE.parse(size) if size else 0,
    )


def _target(text: str | None, said: Said, words: Words) -> Target:
    from smtpconsole.console.targets import parse_target
    from smtpconsole.smtp.targets import Target

    found = [
        *((each, parse_target) for each in (text, said["server"]) if each),
        *((f"mx:{each}", parse_target) for each in (said["mx"],) if each),
        *((f"unix:{each}", parse_target) for each in (said["socket"],) if each),
        *((f"exec:{each}", parse_target) for each in (said["pipe"],) if each),
    ]
    if len(found) > 1:
        raise ConsoleError(f"{found[0][0]} or {found[1][0]}?", "name one server")
    if found:
        word, parse = found[0]
        server = parse(word)
    elif words.people and "@" in words.people[-1]:
        word, server = "", Target(words.people[-1].rpartition("@")[2], 25, mx=True)
    else:
        raise ConsoleError(
            "which server?", "smtpconsole send mail.example.com --to bob@example.com"
        )
    return _adjusted(server, said, has_port=server.port not in (25, 24))


def _adjusted(server: Target, said: Said, *, has_port: bool) -> Target:
    """The server with what further options say of it."""
    protocol = (said["protocol"] or "").upper()
    if said["lmtp"] or protocol.startswith("LMTP"):
        server = replace(server, lmtp=True, port=server.port if has_port else 24)
    if said["tls_on_connect"] or protocol.startswith("SSMTP"):
        server = replace(server, implicit_tls=True, port=server.port if has_port else 465)
    if said["port"]:
        server = replace(server, port=_port(said["port"]))
    return server


def _port(text: str) -> int:
    if text.isascii() and text.isdecimal() and 0 < int(text[:6]) < 65536:
        return int(text)
    try:
        return socket.getservbyname(text, "tcp")
    except (OSError, OverflowError, ValueError):
        raise ConsoleError(f"{text!r} is no port", "25, 587 or submission") from None


def _with_port(source: str, port: str) -> str:
    return f"[{source}]:{port}" if ":" in source else f"{source}:{port}"


def _tls(said: Said, protocol: str) -> Need:
    if said["tls"] or protocol in ("ESMTPS", "ESMTPSA", "LMTPS", "LMTPSA", "SMTPS"):
        return "required"
    if said["tls_optional_strict"]:
        return "strict"
    return "optional" if said["tls_optional"] else "none"


def _login(said: Said, protocol: str, server: Target) -> Login:
    from smtpconsole.console.logins import Wish
    from smtpconsole.console.passwords import Source
    from smtpconsole.console.submission.plan import Login

    needs: tuple[tuple[str, Need], ...] = (
        ("auth", "required"),
        ("auth_optional_strict", "strict"),
        ("auth_optional", "optional"),
    )
    nothing: tuple[Need, str] = ("none", "")
    need, names = next(((need, said[key]) for key, need in needs if said[key]), nothing)
    user = said["user"] or server.user
    if need == "none" and (user or said["netrc"] or protocol.endswith("A")):
        need = "required"
    source = Source(
        said["password_command"] or "",
        said["password_env"] or "",
        said["netrc"],
        said["keyring"],
        said["password_file"] or "",
    )
    source.check()
    mechanisms = () if names in ("", "ANY") else tuple(names.upper().replace(",", " ").split())
    wish = Wish(
        user=user,
        authzid=said["as_"] or "",
        is_token=said["token"],
        source=source,
        initial=not said["no_initial"],
    )
    return Login(need, *_mechanisms(mechanisms, wish))


def _mechanisms(names: tuple[str, ...], wish: Wish) -> tuple[tuple[str, ...], Wish]:
    """LOGIN-INITIAL is what swaks calls LOGIN with an initial response."""
    if "LOGIN" in names and "LOGIN-INITIAL" not in names:
        wish = replace(wish, initial=False)
    found = dict.fromkeys("LOGIN" if name == "LOGIN-INITIAL" else name for name in names)
    return tuple(found), wish


def _how(said: Said) -> Any:
    from smtpconsole.console.sending import How
    from smtpconsole.console.wishes import FREE, WISHES

    wishes = {wish.field: said[f"wish_{wish.field}"] for wish in WISHES.values()}
    wishes = {name: value for name, value in wishes.items() if value}
    for wish in WISHES.values():
        if wish.field in wishes and not wish.is_flag:
            wish.kind.parse(wishes[wish.field])
    chunk = SIZE.parse(said["chunk"]) if said["chunk"] else 0
    return How(
        pipelining=said["pipeline"],
        chunking=said["chunking"] or bool(chunk) or wishes.get("body", "").upper() == "BINARYMIME",
        chunk=chunk,
        insist=said["insist"],
        wishes=wishes,
        mail_parameters=tuple(word for each in said["param"] for word in FREE.parse(each)),
        rcpt_parameters=tuple(word for each in said["rcpt_param"] for word in FREE.parse(each)),
    )


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        raise ConsoleError(f"{text!r} cannot be read: {error}") from error
