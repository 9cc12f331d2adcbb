"""A handshake as a policy wants it: what is offered, and what is made of the outcome.

`TlsLayer` shakes hands and says what it saw; here is what that means for who asked for it.
"""

from __future__ import annotations

import contextlib
import ssl
from dataclasses import replace

from smtpconsole.net import pins
from smtpconsole.net.failures import failure
from smtpconsole.net.messages import Tell
from smtpconsole.net.policy import TlsPolicy
from smtpconsole.net.resumption import Kept
from smtpconsole.net.tls import TlsLayer, indicated, judged
from smtpconsole.smtp.errors import HandshakeFailed, NoName
from smtpconsole.smtp.events import Alerted, Target, Traced
from smtpconsole.smtp.facts import Alert, Message, Problem, TlsFacts
from smtpconsole.smtp.session import Observer


class Handshake:
    """One handshake with one server; HandshakeFailed if it cannot even begin."""

    def __init__(self, policy: TlsPolicy, target: Target, observe: Observer | None) -> None:
        self.policy = policy = policy.resolved()
        self._is_observed = observe is not None
        self._kept: Kept | None = None
        try:
            self._name = policy.name(target.host)
            context = self._context(target)
            self._key_log = policy.key_log or _logged(policy.given)
            session = self._kept.session if self._kept is not None else None
            sni = policy.indicated(target.host)
            self.layer = TlsLayer(
                context,
                server_name=indicated(sni) if sni else None,
                session=session,
                tell=_telling(observe) if observe is not None else None,
                is_ours=policy.is_ours,
            )
        except NoName:
            raise
        except (ssl.SSLError, OSError, ValueError) as error:
            why = f"TLS cannot be prepared: {_words(error)}"
            raise HandshakeFailed(why, TlsFacts(failure="prepare")) from error

    def _context(self, target: Target) -> ssl.SSLContext:
        sessions = self.policy.sessions
        if sessions is None:
            return self.policy.context()
        self._kept = sessions.of((target, self.policy), self.policy.context)
        return self._kept.context

    @property
    def warning(self) -> str | None:
        """What whoever watches must know before the first octet."""
        if self._key_log is None:
            return None
        return f"the secrets of this TLS session are written to {self._key_log}"

    def facts(self) -> TlsFacts:
        """All about the session; the chain only where somebody looks, or it must be judged."""
        layer, policy = self.layer, self.policy
        facts = replace(layer.facts(), key_log=self._key_log)
        is_asked = self._is_observed or not policy.strict or policy.pins or policy.is_split
        if layer.is_ready and not is_asked:
            return facts
        chain = layer.chain()
        if not chain and not layer.is_ready:
            return facts
        kept = self._kept.facts if self._kept is not None else None
        if facts.is_resumed and kept is not None:
            # No certificate is sent again: those of the first handshake hold.
            return replace(
                facts,
                chain=kept.chain,
                problems=kept.problems,
                store=kept.store,
                strict=kept.strict,
            )
        facts = self._pinned(judged(facts, chain, self._name, policy))
        if self._kept is not None and layer.is_ready:
            self._kept.facts = facts
        return facts

    def _pinned(self, facts: TlsFacts) -> TlsFacts:
        """What the pins say to the server's certificate."""
        problem = pins.mismatch(facts.chain, self.policy.pins)
        problems = facts.problems
        if problem is not None:
            problems = (problem, *problems)
        elif self.policy.is_pinned_only:
            problems = tuple(_harmless(each) for each in problems)
        return replace(facts, problems=problems)

    def objection(self, facts: TlsFacts) -> HandshakeFailed | None:
        """Why a handshake that OpenSSL was content with must not count."""
        policy = self.policy
        if not policy.strict or not (policy.pins or policy.is_split) or not facts.errors:
            return None
        worst = facts.errors[0]
        code = "pin" if worst.code == "pin-mismatch" else "certificate"
        why = f"the certificate is not trusted: it {worst.text}"
        return HandshakeFailed(why, replace(facts, failure=code))

    def failed(self, error: Exception) -> HandshakeFailed:
        """What to raise of a handshake, or a stream, that broke."""
        code, told = failure(error, self.layer)
        failed = HandshakeFailed(told, replace(self.facts(), failure=code))
        failed.__cause__ = error
        return failed

    def keep(self) -> None:
        """The end: keep the session, which TLS 1.3 gives only after the handshake, to resume it."""
        self.layer.forget()
        if self._kept is not None and self.layer.is_ready:
            with contextlib.suppress(ValueError):  # there is none
                self._kept.session = self.layer.object.session or self._kept.session


def _telling(observe: Observer) -> Tell:
    """Each message and alert as an event."""

    def tell(seen: Message | Alert) -> None:
        observe(Traced(seen) if isinstance(seen, Message) else Alerted(seen))

    return tell


def _harmless(problem: Problem) -> Problem:
    """A problem of a chain that nobody relies on."""
    return replace(problem, severity="info") if problem.severity == "error" else problem


def _logged(given: ssl.SSLContext | None) -> str | None:
    """The key log of a context that was given; memory of ours, for channel bindings, is none."""
    file = given.keylog_filename if given is not None else None
    return None if file is None or file.startswith("/proc/self/fd/") else file


def _words(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename}: {error.strerror.lower()}"
    return str(error)
