"""Exit codes by what went wrong, as users of swaks know them; 1 where that has none.

Also the verdict on what was answered: which stage of a session has failed, if one has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from smtpconsole.console.answers import NotConnected
from smtpconsole.console.submission.stages import CLOSED, EXITS, STAGES, UNREACHABLE, VERBS
from smtpconsole.smtp.commands import CONTENT, GREETING
from smtpconsole.smtp.errors import Disconnected, HandshakeFailed, Silence, Unreachable
from smtpconsole.smtp.replies import Reply
from smtpconsole.smtp.sasl import MechanismError

FAILED = 1  # an expectation that nothing else is said of
HELLO, DATA, AUTH, TLS = (STAGES[name].exit for name in ("FIRST-HELO", "DATA", "AUTH", "STARTTLS"))
BANNER = STAGES["CONNECT"].exit

_STAGES = {
    GREETING: BANNER,
    b"EHLO": HELLO,
    b"HELO": HELLO,
    b"LHLO": HELLO,
    b"AUTH": AUTH,
    b"STARTTLS": TLS,
    b"XCLIENT": STAGES["XCLIENT"].exit,
    CONTENT: STAGES["DOT"].exit,
    **{verb: STAGES[name].exit for verb, name in VERBS.items()},
}
_COMMANDS = {"login": AUTH, "starttls": TLS, "connect": BANNER, "reconnect": BANNER}


def words(code: int) -> str:
    """An exit code for a person."""
    return "not as it should be" if code == FAILED else EXITS[code]


def stage(verbs: Sequence[bytes]) -> int:
    """The code for the last of the verbs that were said on a connection."""
    if not verbs:
        return FAILED
    code = _STAGES.get(verbs[-1], FAILED)
    if code != HELLO:
        return code
    for verb in reversed(verbs[:-1]):
        if verb == b"XCLIENT":
            return STAGES["XCLIENT-HELO"].exit
        if verb == b"STARTTLS":
            return STAGES["HELO"].exit
    return HELLO


def of_error(error: Exception, verbs: Sequence[bytes], command: str = "") -> int:
    """The code for an exception that a line of a script ended with."""
    match error:
        case Unreachable():
            return UNREACHABLE
        case HandshakeFailed():
            return TLS
        case Silence() if "handshake" in error.timer:
            return TLS
        case Silence() if "greeting" in error.timer:
            return BANNER
        case Silence():
            missing = error.waiting_for  # of several commands in one go, the first without a reply
            return stage([*verbs, missing.verb] if missing is not None else verbs)
        case Disconnected():
            return CLOSED
        case MechanismError():
            return AUTH
        case NotConnected() if verbs and verbs[-1] != b"QUIT":  # there was one, and it has ended
            return CLOSED
    return _COMMANDS.get(command, FAILED)


@dataclass(frozen=True, slots=True)
class Refusal:
    """The first stage that has failed."""

    code: int
    reply: Reply
    is_in_doubt: bool = False  # it is the answer to a message, and says neither yes nor no


def refusal(
    answered: Sequence[tuple[bytes, Reply]], before: Sequence[bytes] = ()
) -> Refusal | None:
    """What the replies to a line's commands amount to; None if nothing has failed.

    Of several recipients one is enough; of a command that was said again its last reply counts.
    """
    last: dict[bytes, Reply] = {}
    for verb, reply in answered:
        name = b"EHLO" if verb in (b"HELO", b"LHLO") else verb
        held = last.get(name)
        if name == b"RCPT" and held is not None and held.is_positive:
            continue
        if name == CONTENT and held is not None and held.is_negative:
            continue  # LMTP: any recipient without the message is one too many
        last[name] = reply
    verbs = list(before)
    for name, reply in last.items():
        verbs.append(name)
        if reply.is_negative:
            is_last_word = name in (CONTENT, b"BDAT")
            return Refusal(stage(verbs), reply, is_last_word and not reply.is_clear)
    return None
