"""Errors of the engine in a person's words, with the way on."""

from __future__ import annotations

import re
from dataclasses import replace

from smtpconsole.console.answers import ConsoleError, NotConnected
from smtpconsole.console.targets import written
from smtpconsole.console.tls import tlstroubles
from smtpconsole.smtp.commands import CONTENT, GREETING
from smtpconsole.smtp.errors import Disconnected, HandshakeFailed, Silence, Unreachable
from smtpconsole.smtp.events import Target
from smtpconsole.smtp.replies import Reply, stranger
from smtpconsole.smtp.sasl import MechanismError
from smtpconsole.visible import visible

_OTHER_PORTS = {
    "TLS": "this port speaks TLS from the first octet",
    "HTTP": "a web server listens here",
    "SSH": "an SSH server listens here",
    "IMAP": "an IMAP server listens here: it is for reading mail",
    "POP3": "a POP3 server listens here: it is for fetching mail",
}

# What somebody types who was asked for a server: a name with a dot, perhaps a port.
_SERVER = re.compile(r"(?:[a-z+]+://)?(?:[\w.+-]+@)?[\w-]+(?:\.[\w-]+)+\.?(?::\d{1,5})?", re.ASCII)


_NOT_SMTP = "this is not SMTP but {}"
_SHOWN = 60  # octets of what was not complete
TWICE = "it has not said whether it has the message: sent again, it may arrive twice"
_CUT = "the message was not sent to its end: the server has not taken it"
_UNKNOWN = {  # by the command that has no answer
    b"": "what it had not answered it may or may not have done",
    GREETING: "it had not greeted: the port may want TLS first, or not be for you",
    b"DATA": "it had not answered DATA: it has not taken the message",
    b"QUIT": "it left at QUIT without a word; what it had taken before stays taken",
} | {
    verb: "it closed before it answered {}"
    for verb in (b"EHLO", b"HELO", b"LHLO", b"MAIL", b"RCPT", b"RSET", b"AUTH", b"STARTTLS")
}
_OF_CONTENT = (CONTENT, b"BDAT")
_ALONE = "if it throws away what is sent ahead of its replies: /send --no-pipelining"
_SILENT = {b"RCPT": (_ALONE,), b"DATA": (_ALONE,)}


def trouble(error: Exception, target: Target | None) -> ConsoleError | None:
    """What to tell of an error; None if it is none of the engine's, hence a bug."""
    told = _trouble(error, target)
    # By BDAT a whole message may have been said before MAIL is answered: whatever is waited for.
    if told is not None and is_in_doubt(error):
        return ConsoleError(told.text, TWICE, *told.hints, next=told.next)
    return told


def is_in_doubt(error: Exception) -> bool:
    """The server may have taken a message, and has not said so."""
    match error:
        case Disconnected() | HandshakeFailed() | Silence():
            return error.is_in_doubt
    return False


def _trouble(error: Exception, target: Target | None) -> ConsoleError | None:
    match error:
        case ConsoleError():
            return error
        case Unreachable():
            return ConsoleError(str(error), *_ways(error, target), next=_next(target))
        case HandshakeFailed():
            return tlstroubles.handshake(error, target)
        case Silence():
            return _silence(error, target)
        case Disconnected():
            return _lost(error, target)
        case MechanismError():
            return ConsoleError(f"AUTH was cancelled: {error}", "try another mechanism with /login")
    return None


def nobody_there(connect_line: str, said: str) -> ConsoleError:
    """Something was to be said without a connection; perhaps it is a server's name."""
    lines = [connect_line]
    if _SERVER.fullmatch(said.strip()):
        lines.insert(0, f"/connect {said.strip()}")
    return NotConnected("not connected; nothing was sent", next=tuple(lines))


def bug(error: Exception) -> ConsoleError:
    """An error nobody thought of; the session lives on."""
    where = error.__traceback__
    while where is not None and where.tb_next is not None:
        where = where.tb_next
    place = ""
    if where is not None:
        code = where.tb_frame.f_code
        place = f" in {code.co_name}, line {where.tb_lineno}"
    return ConsoleError(
        f"this is a bug in smtpconsole: {type(error).__name__}{place}",
        "the session goes on; a report with /export markdown helps to mend it",
    )


def _ways(error: Unreachable, target: Target | None) -> list[str]:
    if target is not None and target.path:
        return ["the server makes this socket when it runs: is that its path, and may you use it?"]
    if target is not None and target.command:
        return ["it needs a program and its arguments; there is no shell in between"]
    if "the proxy" in str(error):
        return ["/set proxy '' goes without; socks5h:// has the proxy look up the name"]
    if not error.attempts:
        return ["check the spelling of the host, and that this machine can resolve names"]
    if all("refused" in attempt.error for attempt in error.attempts):
        return ["mail servers listen on 25, 587 (STARTTLS) or 465 (TLS); is it the right port?"]
    return ["a firewall may drop the packets; many networks block port 25 outward, so try 587"]


def _next(target: Target | None) -> tuple[str, ...]:
    if target is None:
        return ()
    if target.is_local or target.lmtp:
        return _again(target)
    other = replace(target, port=587 if target.port != 587 else 25, implicit_tls=False)
    return (f"/connect {written(other)}", f"/connect {written(target)}")


def _again(target: Target | None) -> tuple[str, ...]:
    return (f"/connect {written(target)}",) if target is not None else ()


def _lost(error: Disconnected, target: Target | None) -> ConsoleError:
    """The connection has gone: where, and what is not known because of it."""
    send, name = error.waiting_for, stranger(error.left)
    if target is not None and name is not None and send is not None and send.verb == GREETING:
        return _strange(name, target)
    verb = send.verb if send is not None else b""
    hints = [_UNKNOWN.get(verb, _UNKNOWN[b""]).format(verb.decode("ascii", "replace"))]
    if verb in _OF_CONTENT:
        hints = [] if error.is_in_doubt else [_CUT]
    if error.left and not error.left.isspace():
        hints.insert(0, f"the last it said was not complete: {visible(error.left[:_SHOWN])}")
    if verb == GREETING and target is not None:
        return ConsoleError(str(error), *hints, next=_next(target))
    return ConsoleError(str(error), *hints, next=_again(target))


def _strange(name: str, target: Target) -> ConsoleError:
    """It is another protocol that is spoken there."""
    if name == "TLS":
        secure = replace(target, implicit_tls=True)
        return ConsoleError(_NOT_SMTP.format(name), _OTHER_PORTS[name], next=_again(secure))
    return ConsoleError(_NOT_SMTP.format(name), _OTHER_PORTS[name], next=_next(target))


def _silence(error: Silence, target: Target | None) -> ConsoleError:
    is_remote = target is not None and not target.is_local
    if target is not None and is_remote and "greeting" in str(error) and not target.implicit_tls:
        tls = written(replace(target, implicit_tls=True))
        return ConsoleError(
            str(error),
            "the port may wait for TLS first, or it is not a mail server",
            next=(f"/connect {tls}", *_again(target)),
        )
    if error.timer == "total":
        return ConsoleError(
            str(error), "the total of the timers is over: /set timers ''", next=_again(target)
        )
    if "TLS handshake" in str(error):
        return ConsoleError(
            str(error),
            "the server takes the connection and says nothing in TLS",
            "a firewall may hold it back, or the port is not for TLS",
            next=tlstroubles.other_mode(target) if target is not None else (),
        )
    verb = error.waiting_for.verb if error.waiting_for is not None else b""
    if error.is_cut_short and verb in _OF_CONTENT:
        return _stuck(error, target)
    return ConsoleError(
        str(error),
        *_SILENT.get(verb, ()),
        "the connection was closed, as a late reply would be taken for another's",
        "to wait longer: /set timeout 2m; as RFC 5321 has it: /set timers rfc",
        next=_again(target),
    )


def _stuck(error: Silence, target: Target | None) -> ConsoleError:
    """The server reads no more of a message."""
    taken = f": it had taken about {error.taken:,} octets of it" if error.taken is not None else ""
    return ConsoleError(
        f"the server stopped reading in the middle of the message{taken}",
        str(error),
        _CUT,
        "the connection was reset, so that the rest cannot arrive later",
        next=_again(target),
    )


def greeting_trouble(reply: Reply, target: Target) -> ConsoleError | None:
    """What is wrong with a greeting; None if it is one."""
    if reply.code == 220:
        return None
    name = stranger(reply.octets)
    if name is not None:
        return _strange(name, target)
    if reply.code < 0:
        words = "the greeting has no reply code"
        return ConsoleError(words, "this may not be a mail server", next=_next(target))
    if reply.code == 421:
        words = f"the server does not want to talk now: {reply}"
        return ConsoleError(words, "try again later", next=_again(target))
    return ConsoleError(
        f"the server refuses service: {reply}",
        "RFC 5321 3.1 leaves only QUIT to say",
        next=("QUIT", f"?{reply.code}"),
    )
