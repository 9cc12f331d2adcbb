"""From the words of the shell to a plan."""

from __future__ import annotations

import getpass
import shlex
import socket
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from smtpconsole.composer.draft import Draft
from smtpconsole.composer.errors import DraftError
from smtpconsole.console.answers import ConsoleError
from smtpconsole.console.arguments import SIZE
from smtpconsole.console.composing.sealing import sealed, signer_for
from smtpconsole.console.composing.sending import How
from smtpconsole.console.composing.wishes import FREE, WISHES
from smtpconsole.console.configuring.configuration import configured
from smtpconsole.console.login.logins import Wish
from smtpconsole.console.login.passwords import Source
from smtpconsole.console.settings import Settings
from smtpconsole.console.submission import stages
from smtpconsole.console.submission.drafting import Words, drafted, warning
from smtpconsole.console.submission.plan import Login, Need, Plan
from smtpconsole.console.targets import parse_target
from smtpconsole.smtp.targets import Target, port_of
from smtpconsole.visible import visible

Said = Mapping[str, Any]

_WAYS = (
    *("source", "family", "proxy", "proxy_header", "timeout", "timers", "ca", "servername", "sni"),
    *("strict", "pin", "client_cert", "client_key", "tls_min", "tls_max", "ciphers", "suites"),
    *("alpn", "keylog", "resume"),
)


def planned(target: str | None, said: Said) -> Plan:
    """The plan that the words make; ConsoleError says which of them cannot be."""
    _check_password(said)
    settings = _settings(said)
    protocol = (said["protocol"] or "").upper()
    stops = {name: _stop(said, name) for name in _STOPS}
    words = _words(said)
    if not words.people and _needs_recipient(stops):
        words = replace(words, to=(_asked("To"),))
    server = _target(target, said, words)
    login = _login(said, protocol, server)
    sender = said["from_"]
    if sender is None:
        user = login.wish.user
        sender = user if "@" in user else _own_address(settings.name)
    now = datetime.now().astimezone()
    return Plan(
        server,
        settings,
        _sealed(drafted(words, sender=sender, now=now, server=str(server)), said, now),
        _how(said),
        hello="LHLO" if server.lmtp else "HELO" if protocol == "SMTP" else "EHLO",
        tls=_tls(said, protocol),
        login=login,
        xclient=_xclient(said),
        is_xclient_raw=bool(said["xclient_raw"]),
        is_xclient_first=said["xclient_before_starttls"],
        needs_prdr=bool(said["wish_prdr"]),
        count=said["count"],
        is_insecure=said["insecure"],
        certificates=said["save_certificates"] or "",
        warning="" if said["yes"] else warning(words),
        **stops,
    )


def _check_password(said: Said) -> None:
    if said["auth_password"] is not None:
        raise ConsoleError(
            "a password on the command line is seen by everybody on this machine",
            "leave it away and be asked, or: SMTP_PASSWORD, --password-file, --password-env,",
            "--password-command, --netrc, --keyring",
        )


def _settings(said: Said) -> Settings:
    flags = {name: said[name] for name in (*_WAYS, "name")}
    flags["family"] = "4" if said["ipv4"] else "6" if said["ipv6"] else flags["family"]
    if said["local_port"]:
        flags["source"] = _with_port(flags["source"] or "", said["local_port"])
    settings, problems = configured(flags)
    for problem in problems:
        print(f"*** {visible(str(problem))}", file=sys.stderr)
    return settings


_STOPS = ("quit_after", "drop_after", "drop_after_send")


def _stop(said: Said, name: str) -> str:
    word = said[name]
    if not word:
        return ""
    return stages.stage(word, stages.POLITE if name == "quit_after" else stages.RUDE)


def _needs_recipient(stops: Mapping[str, str]) -> bool:
    last = next(filter(None, stops.values()), "DOT")
    names = list(stages.STAGES)
    return names.index(last) >= names.index("RCPT")


def _xclient(said: Said) -> tuple[str, ...]:
    if said["xclient_raw"]:
        return tuple(said["xclient_raw"])
    return tuple(word for each in said["xclient"] for word in _split(each))


def _asked(what: str) -> str:
    if not sys.stdin.isatty():
        raise ConsoleError("there is no recipient", "--to bob@example.com names one")
    try:
        return input(f"{what}: ")
    except EOFError:
        raise ConsoleError("there is no recipient") from None


def _own_address(host: str) -> str:

    try:
        return f"{getpass.getuser()}@{host}"
    except (KeyError, OSError):  # a user without a name
        return f"smtpconsole@{host}"


def _words(said: Said) -> Words:
    size = said["message_size"]
    return Words(
        to=said["to"],
        cc=said["cc"],
        bcc=said["bcc"],
        recipients=said["recipients"] or 0,
        subject=said["subject"],
        body=said["body"],
        html=said["html"],
        attach=said["attach"],
        header=said["header"],
        add_header=said["add_header"],
        data=said["data"],
        is_raw=said["no_data_fixup"],
        message=said["message"] or "",
        message_size=SIZE.parse(size) if size else 0,
    )


def _sealed(draft: Draft, said: Said, now: datetime) -> Draft:
    if not said["dkim"]:
        return draft
    signer = signer_for(
        draft.sender, said["dkim"], domain=said["dkim_domain"], selector=said["dkim_selector"]
    )
    try:
        message = draft.to_bytes(now=now)
    except DraftError as error:
        raise ConsoleError(str(error)) from error
    return sealed(draft, message, signer)


def _target(text: str | None, said: Said, words: Words) -> Target:
    named = {"mx": "mx:", "socket": "unix:", "pipe": "exec:"}
    found = [word for word in (text, said["server"]) if word]
    found += [f"{scheme}{said[name]}" for name, scheme in named.items() if said[name]]
    if len(found) > 1:
        raise ConsoleError(f"{found[0]} or {found[1]}?", "name one server")
    if found:
        server = parse_target(found[0])
    elif words.people and "@" in words.people[-1]:
        server = Target(words.people[-1].rpartition("@")[2], 25, mx=True)
    else:
        raise ConsoleError(
            "which server?", "smtpconsole send mail.example.com --to bob@example.com"
        )
    is_named = any(word.endswith(f":{server.port}") for word in found)
    return _adjusted(server, said, has_port=is_named or server.port not in (25, 24))


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
    if (found := port_of(text)) is not None:
        return found
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


def _how(said: Said) -> How:

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
