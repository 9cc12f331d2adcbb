"""Where to connect, out of what people write.

mail.example.org   mail.example.org:587   [2001:db8::1]:25   alice@mail.example.org
smtp:// smtps:// submission:// submissions:// lmtp:// lmtps://
lmtp+unix:///run/dovecot/lmtp   smtp+unix:///run/smtp.socket   /run/smtp.socket
exec:/usr/sbin/sendmail -bs     lmtp+exec:...
mx:example.org   mx:example.org:587
work   alice@work               a profile's name
"""

from __future__ import annotations

import re
import shlex
from urllib.parse import unquote

from smtpconsole.console.answers import ConsoleError
from smtpconsole.smtp.targets import IMPLICIT_TLS_PORT, MX_PORT, SCHEMES, Target, port_of

_EXEC = re.compile(r"(?:(?P<scheme>[a-z]+)\+)?exec:(?P<command>.*)", re.IGNORECASE | re.DOTALL)
_UNIX = re.compile(
    r"(?:(?P<scheme>[a-z]+)\+)?unix:(?://(?:(?P<user>[^/]*)@)?)?(?P<path>.*)",
    re.IGNORECASE | re.DOTALL,
)
_FORM = re.compile(
    r"(?:(?P<scheme>[a-z]+)://)?"
    r"(?:(?P<user>[^\s/]*)@)?"
    r"(?:\[(?P<literal>[^\[\]\s/@]+)\]"
    r"|(?P<host>[^\s:/\[\]@]+|[0-9a-f]*:[0-9a-f]*:[0-9a-f:.]*))"
    r"(?::(?P<port>[^\s/@:]*))?/?",
    re.IGNORECASE,
)
_FORMS = (
    "host, host:port, [address]:port, smtp://host, smtps://host, mx:domain, /path, exec:…, or the"
    " name of a profile"
)


def parse_target(text: str) -> Target:
    """The target that is written so; ConsoleError, with what would be one, if it is none."""
    from smtpconsole.console.configuring import profiles  # which reads targets, too

    return profiles.target(text.strip()) or parse_server(text)


def parse_server(text: str) -> Target:
    """The same, where the name of a profile is none."""
    text = text.strip()
    if found := _EXEC.fullmatch(text):
        return _program(found["scheme"], found["command"].strip())
    if text.startswith("/") and not text.startswith("//"):
        return Target("", 0, path=text)
    if found := _UNIX.fullmatch(text):
        return _socket(found)
    if text.lower().startswith("mx:"):
        return _exchanger(text[3:])
    found = _FORM.fullmatch(text)
    if found is None:
        raise ConsoleError(f"{_harmless(text)} is not a server", f"write it as {_FORMS}")
    port, implicit_tls, lmtp = _scheme(found["scheme"])
    if found["port"] is not None:
        port = _port(found["port"])
        if found["scheme"] is None:
            implicit_tls = port == IMPLICIT_TLS_PORT
    host = found["literal"] or found["host"]
    return Target(host, port, implicit_tls, lmtp, user=user_of(found["user"]))


def written(target: Target) -> str:
    """A target as a word that /connect takes."""
    return shlex.quote(target.written)


def named(target: Target) -> str:
    """The same, by the name of its profile where it has one."""
    return shlex.quote(target.profile or target.written)


def password_of(text: str) -> str:
    """The password that somebody wrote into a URL; "" if there is none."""
    front, at, _ = text.rpartition("@")
    _, slashes, behind = front.rpartition("//")
    user, colon, password = (behind if slashes else front).partition(":")
    return password if at and colon and user else ""


def _exchanger(text: str) -> Target:
    """Whatever server takes mail for a domain."""
    name, colon, port = text.removeprefix("//").rpartition(":")
    domain = (name if colon else port).rpartition("@")[2]
    if not domain or any(char.isspace() or char in "/[]:" for char in domain):
        raise ConsoleError(f"{_harmless(text)} is not a mail domain", "write mx:example.org")
    return Target(domain, _port(port) if colon else MX_PORT, mx=True)


def _scheme(name: str | None) -> tuple[int, bool, bool]:
    name = (name or "smtp").lower()
    if name not in SCHEMES:
        raise ConsoleError(f"{name}:// is not known", f"known are {', '.join(SCHEMES)}")
    return SCHEMES[name]


def _port(text: str) -> int:
    found = port_of(text)
    if found is None:
        raise ConsoleError(f"{text[:40] or 'nothing'} is not a port", "ports go from 1 to 65535")
    return found


def user_of(text: str | None) -> str:
    """The user in front of a host; ConsoleError where there is a password."""
    if text is None:
        return ""
    if ":" in text:
        raise ConsoleError(
            "a password has no place in a target: it would be seen and kept",
            "name the user alone, as in alice@mail.example.org; /login asks for the password",
        )
    if not text:
        raise ConsoleError("there is no user before the @", "write it as alice@mail.example.org")
    return unquote(text, errors="surrogateescape")


def _program(scheme: str | None, command: str) -> Target:
    _, implicit_tls, lmtp = _scheme(scheme)
    try:
        is_empty = not shlex.split(command)
    except ValueError as error:
        raise ConsoleError(f"the command {command!r} cannot be read: {error}") from error
    if is_empty:
        raise ConsoleError("exec: needs a command", '/connect "exec:/usr/sbin/sendmail -bs"')
    return Target("", 0, implicit_tls, lmtp, command=command)


def _socket(found: re.Match[str]) -> Target:
    _, implicit_tls, lmtp = _scheme(found["scheme"])
    path = unquote(found["path"], errors="surrogateescape")
    if not path.startswith("/"):
        raise ConsoleError(
            f"{path or 'nothing'} is not the path of a socket",
            "it begins with a slash: lmtp+unix:///run/dovecot/lmtp",
        )
    return Target("", 0, implicit_tls, lmtp, path=path, user=user_of(found["user"]))


def _harmless(text: str) -> str:
    """What was written, without a password."""
    return repr(text.replace(password_of(text), "…") if password_of(text) else text)
