"""TLS that failed, in a person's words: what it means, and lines that go on when entered.

`net.failures` has said which side ended it and why, as a code; here is what to do about each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from smtpconsole import knowledge
from smtpconsole.console.answers import ConsoleError
from smtpconsole.console.targets import written
from smtpconsole.smtp.errors import HandshakeFailed
from smtpconsole.smtp.events import Target
from smtpconsole.smtp.facts import TlsFacts
from smtpconsole.smtp.targets import IMPLICIT_TLS_PORT

Ways = Callable[[Target], tuple[str, ...]]


def handshake(error: HandshakeFailed, target: Target | None) -> ConsoleError:
    """What to tell of a handshake that failed, or of TLS that broke."""
    facts = error.facts
    hints, ways = _WAYS.get(facts.failure, ((), _again))
    told = [*_meaning(facts), *(problem.text for problem in facts.errors), *hints]
    if target is None:
        return ConsoleError(str(error), *told)
    if facts.failure == "not-tls" and not target.implicit_tls:
        told = ["it agreed to STARTTLS and then went on in the clear", *told[len(hints) :]]
        ways = _again
    return ConsoleError(str(error), *told, next=ways(target))


def _meaning(facts: TlsFacts) -> list[str]:
    """What the server's last alert means."""
    for alert in reversed(facts.alerts):
        found = knowledge.alert(alert.code)
        if alert.party == "server" and alert.code and found is not None:
            return [found.text]
    return []


def _again(target: Target) -> tuple[str, ...]:
    return (f"/connect {written(target)}",)


def other_mode(target: Target) -> tuple[str, ...]:
    """The same port the other way, and the port that is for the other way."""
    if target.implicit_tls:
        plain = replace(target, implicit_tls=False)
        return (f"/connect smtp://{plain}", f"/connect {written(replace(plain, port=587))}")
    if target.port == IMPLICIT_TLS_PORT:
        return (f"/connect smtps://{target}",)
    secure = Target(target.host, IMPLICIT_TLS_PORT, implicit_tls=True)
    return (f"/connect {written(target)}", f"/connect {written(secure)}")


def _look(target: Target) -> tuple[str, ...]:
    lower = f"/connect {written(target)} --tls-max 1.2"
    return ("/tls scan", "/set strict no", lower)


def _scan(target: Target) -> tuple[str, ...]:
    return ("/tls scan", *other_mode(target))


def _name(target: Target) -> tuple[str, ...]:
    return ("/tls compare", f"/connect {written(target)} --sni none")


def _certificate(target: Target) -> tuple[str, ...]:
    return ("/set strict no", f"/connect {written(target)}", "/tls chain")


_OTHERS = "another network shows whether it is the server or something on the path"
_WAYS: dict[str, tuple[tuple[str, ...], Ways]] = {
    "alpn": (("connect without ALPN: SMTP needs none",), _again),
    "certificate": (
        ("to look all the same: /set strict no, then connect again",),
        _certificate,
    ),
    "clear-in-tls": (("whoever does that can put words into the session", _OTHERS), _again),
    "client-certificate": (
        (
            "to show one: /connect with --client-cert FILE",
            "the port may be for known clients only: 587 mostly is not",
        ),
        lambda target: (f"/connect {written(Target(target.host, 587))}", *_again(target)),
    ),
    "closed": (
        ("servers behind a balancer refuse a version or a suite without a word, too",),
        _scan,
    ),
    "downgrade": ((_OTHERS,), _scan),
    "garbage": (("what came is damaged, or no TLS", _OTHERS), other_mode),
    "injected": (
        (
            "it would have been taken for the server's words under TLS (CVE-2011-0411 class)",
            _OTHERS,
        ),
        lambda target: (f"/connect {written(Target(target.host, IMPLICIT_TLS_PORT, True))}",),
    ),
    "name": (("it has no certificate for the name it was asked for",), _name),
    "nested": (("the server forgets that TLS is on already",), _again),
    "no-common-suite": (("it may be older, or newer, than what is offered",), _look),
    "not-tls": (("connect in plain and use STARTTLS",), other_mode),
    "pin": (("/tls chain shows the pins of what the server sent",), _certificate),
    "prepare": (("see /set ca and the options of /connect",), lambda target: ("/set",)),
    "renegotiation": (("the server's TLS library is from before 2010",), _again),
    "version": (("the server is much older, or much newer, than what is offered",), _look),
    "weak-group": (("the server needs new Diffie-Hellman parameters, or ECDHE",), _look),
}
