"""Logging in (RFC 4954): one mechanism after another, and what each refusal means.

1. A refusal is a value: an `Attempt` with its `Failure`.  What a failure means, what to do, and
   whether another mechanism may be tried after it, is one table, `MEANINGS`.
2. Never is anything more said to a server that should have proven itself and has not.
3. `Policy` is the difference between the library, which tries as its users expect, and the
   console, which does not send a password twice.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass

from smtpconsole.smtp.commands import Send
from smtpconsole.smtp.replies import Reply
from smtpconsole.smtp.sasl import (
    Credentials,
    Failure,
    Mechanism,
    MechanismError,
    Response,
    usable,
)
from smtpconsole.smtp.session import Exchange

MAX_CHALLENGES = 8
MAX_LINE = 512  # octets: RFC 4954, 4 leaves the AUTH command within RFC 5321, 4.5.3.1.4


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a failure means to a person."""

    sentence: str  # with {user} and {mechanism}
    advice: str
    goes_on: bool = False  # another mechanism is worth a try, and risks nothing


MEANINGS: dict[Failure, Meaning] = {
    Failure.CREDENTIALS: Meaning(
        "the server does not accept these credentials for {user}",
        "check user and password; some accounts need an app password or a token instead",
    ),
    Failure.MECHANISM: Meaning(
        "the server does not let {user} in by {mechanism}",
        "another mechanism may do, or the server has turned AUTH off here",
        goes_on=True,
    ),
    Failure.ENCRYPTION: Meaning(
        "the server wants TLS before {mechanism}",
        "turn TLS on, and log in then",
    ),
    Failure.POLICY: Meaning(
        "the server does not allow {user} to log in here",
        "its administrator decides: the account, the address you come from, or the hour",
    ),
    Failure.TEMPORARY: Meaning(
        "the server cannot check credentials now",
        "nothing is said about the password; try again in a while",
    ),
    Failure.UNPROVEN: Meaning(
        "the server has not proven that it is the one that knows {user}",
        "it may be an impostor: the password was not told to it, and should not be",
    ),
    Failure.PROTOCOL: Meaning(
        "{mechanism} did not come to an end: one side does not keep to it",
        "another mechanism may do",
        goes_on=True,
    ),
    Failure.UNUSABLE: Meaning(
        "{mechanism} cannot be used here",
        "another mechanism may do",
        goes_on=True,
    ),
}

# RFC 4954, 6; RFC 5248; and what large providers say.
_BY_ENHANCED = {
    "4.7.12": Failure.MECHANISM,  # a password transition is needed
    "5.5.4": Failure.MECHANISM,
    "5.5.6": Failure.PROTOCOL,
    "5.7.3": Failure.CREDENTIALS,  # Exchange
    "5.7.4": Failure.MECHANISM,  # Exchange
    "5.7.8": Failure.CREDENTIALS,
    "5.7.9": Failure.MECHANISM,
    "5.7.10": Failure.ENCRYPTION,
    "5.7.11": Failure.ENCRYPTION,
    "5.7.13": Failure.POLICY,
    "5.7.14": Failure.POLICY,
    "5.7.139": Failure.POLICY,  # Exchange Online: AUTH is turned off for the account
}
_BY_CODE = {
    432: Failure.MECHANISM,
    500: Failure.MECHANISM,
    501: Failure.PROTOCOL,
    502: Failure.MECHANISM,
    503: Failure.POLICY,
    504: Failure.MECHANISM,
    523: Failure.ENCRYPTION,
    524: Failure.ENCRYPTION,
    525: Failure.POLICY,
    530: Failure.ENCRYPTION,
    534: Failure.MECHANISM,
    535: Failure.CREDENTIALS,
    538: Failure.ENCRYPTION,
}


# Cyrus SASL has one code for all; its words are those of `sasl_errstring`.
_BY_WORDS = (
    ("no mechanism available", Failure.MECHANISM),
    ("mechanism too weak", Failure.MECHANISM),
    ("encryption needed", Failure.ENCRYPTION),
    ("bad protocol", Failure.PROTOCOL),
    ("another step is needed", Failure.PROTOCOL),
    ("account disabled", Failure.POLICY),
    ("authorization failure", Failure.POLICY),
    ("generic failure", Failure.TEMPORARY),
    ("too many", Failure.TEMPORARY),  # failures, as a rule
)


def failure_of(reply: Reply) -> Failure | None:
    """Of what kind a reply to AUTH is; None if somebody is logged in."""
    if reply.is_positive:
        return None
    if reply.code == 535:
        text = reply.text.lower()
        for words, failure in _BY_WORDS:
            if words in text:
                return failure
    known = _BY_ENHANCED.get(reply.enhanced or "") or _BY_CODE.get(reply.code)
    if known is not None:
        return known
    return Failure.TEMPORARY if reply.code // 100 == 4 else Failure.POLICY


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of one mechanism."""

    mechanism: str
    reply: Reply | None  # the last; None if nothing was sent
    failure: Failure | None  # None: logged in
    words: str = ""  # why, as mechanism or server tell it
    error: MechanismError | None = None  # the mechanism gave up

    @property
    def is_logged_in(self) -> bool:
        return self.failure is None

    def sentence(self, user: str) -> str:
        """What happened, for a person."""
        if self.failure is None:
            return f"logged in as {user} with {self.mechanism}"
        told = MEANINGS[self.failure].sentence.format(user=user, mechanism=self.mechanism)
        return f"{told}: {self.words}" if self.words else told

    @property
    def advice(self) -> str:
        """What to do about it."""
        return MEANINGS[self.failure].advice if self.failure is not None else ""


@dataclass(frozen=True, slots=True)
class Policy:
    """How far to go."""

    stop_on_refusal: bool = False  # a password that was refused is not sent again
    allow_cleartext: bool = True  # a secret may be said without TLS, where it can be read


SAFE = Policy(stop_on_refusal=True, allow_cleartext=False)


def goes_on(attempt: Attempt, policy: Policy) -> bool:
    """Whether another mechanism is to be tried after this attempt."""
    if attempt.failure in (None, Failure.UNPROVEN):
        return False
    if attempt.reply is not None and attempt.reply.code == 421:
        return False
    assert attempt.failure is not None
    return MEANINGS[attempt.failure].goes_on or not policy.stop_on_refusal


def candidates(
    who: Credentials, offered: tuple[str, ...], *, is_secure: bool, policy: Policy
) -> list[Mechanism]:
    """The mechanisms to try, in their order."""
    known = usable(offered, need="token" if who.token else "password", is_secure=is_secure)
    return [each for each in known if is_secure or policy.allow_cleartext or not each.exposes]


def login(
    mechanisms: Iterable[Mechanism], who: Credentials, *, policy: Policy = SAFE
) -> Exchange[list[Attempt]]:
    """Try mechanisms one by one, as far as the policy goes; all attempts, the last decides."""
    attempts: list[Attempt] = []
    for mechanism in mechanisms:
        attempts.append((yield from attempt(mechanism, who)))
        if not goes_on(attempts[-1], policy):
            break
    return attempts


def authenticate(
    mechanism: Mechanism, who: Credentials, *, initial: bool = True
) -> Exchange[Reply]:
    """Log in with one mechanism; MechanismError if that gave up, after AUTH was cancelled."""
    made = yield from attempt(mechanism, who, initial=initial)
    if made.error is not None:
        raise made.error
    assert made.reply is not None
    return made.reply


def attempt(mechanism: Mechanism, who: Credentials, *, initial: bool = True) -> Exchange[Attempt]:
    """Try one mechanism (RFC 4954, 4), with an initial response where one is possible."""
    dialogue = _Dialogue(mechanism, who)
    try:
        response = dialogue.first()
    except MechanismError as error:
        return Attempt(mechanism.name, None, error.failure, str(error), error)
    (reply,) = yield (dialogue.opening(response if initial else None),)
    pending = None if dialogue.is_said else response
    for _ in range(MAX_CHALLENGES):
        if reply.code // 100 != 3:
            return dialogue.outcome(reply)
        try:
            _check(reply)
            response = dialogue.answer(reply) if pending is None else pending
        except MechanismError as error:
            return (yield from _cancelled(mechanism, reply, error))
        pending = None
        (reply,) = yield (dialogue.line(response),)
    if reply.code // 100 != 3:
        return dialogue.outcome(reply)
    endless = MechanismError(f"the server still asks after {MAX_CHALLENGES} answers")
    return (yield from _cancelled(mechanism, reply, endless))


def _cancelled(mechanism: Mechanism, reply: Reply, error: MechanismError) -> Exchange[Attempt]:
    yield (Send(b"*\r\n", b"AUTH"),)
    return Attempt(mechanism.name, reply, error.failure, str(error), error)


class _Dialogue:
    """A mechanism in the middle of its say."""

    def __init__(self, mechanism: Mechanism, who: Credentials) -> None:
        self._mechanism = mechanism
        self._turns = mechanism(who)
        self._about = _claimed(mechanism, who)
        self._is_secret = mechanism.needs != "nothing"
        self._told: Response | None = None  # why the server will refuse
        self.is_said = False  # the initial response went with the command

    def first(self) -> bytes | None:
        """The initial response; None where the server speaks first."""
        octets = self._said(next(self._turns))
        return octets if self._mechanism.speaks_first else None

    def answer(self, reply: Reply) -> bytes:
        """The response to a challenge; MechanismError if there is none."""
        try:
            return self._said(self._turns.send(_challenge(reply)))
        except StopIteration:
            name = self._mechanism.name
            raise MechanismError(f"the server asks for more than {name} has to say") from None

    def _said(self, response: bytes | Response) -> bytes:
        if isinstance(response, bytes):
            response = Response(response)
        if response.failure is not None:
            self._told = response
        self._last = response
        return response.octets

    def opening(self, response: bytes | None) -> Send:
        """The AUTH command, with the initial response if it fits into the line."""
        line = b"AUTH " + self._mechanism.name.encode("ascii")
        secret = None
        if response is not None:
            octets = base64.b64encode(response) or b"="
            if len(line) + 1 + len(octets) + 2 <= MAX_LINE:
                self.is_said = True
                start = len(line) + 1
                line += b" " + octets
                secret = self._hidden(start, len(line))
        return Send(line + b"\r\n", b"AUTH", secret=secret, about=self._about)

    def line(self, response: bytes) -> Send:
        """A response to a challenge."""
        line = base64.b64encode(response)
        hidden = self._hidden(0, len(line))
        return Send(line + b"\r\n", b"AUTH", secret=hidden, about=self._about)

    def _hidden(self, start: int, stop: int) -> slice | None:
        return slice(start, stop) if self._is_secret and stop > start else None

    def outcome(self, reply: Reply) -> Attempt:
        """What the last reply comes to."""
        name, told = self._mechanism.name, self._told
        if reply.is_positive and self._last.proves_later:
            error = MechanismError(
                "the server says yes without the proof that it knows the password",
                Failure.UNPROVEN,
            )
            return Attempt(name, reply, error.failure, str(error), error)
        if reply.is_positive:
            return Attempt(name, reply, None)
        if told is not None:
            return Attempt(name, reply, told.failure, f"{told.words} ({reply})")
        return Attempt(name, reply, failure_of(reply), str(reply))


def _claimed(mechanism: Mechanism, who: Credentials) -> str | None:
    """Whom the session takes us for afterwards."""
    if mechanism.name == "ANONYMOUS":
        return "anonymous"
    user = who.user if mechanism.needs != "nothing" else who.authzid or who.user
    return user.decode("utf-8", "surrogateescape") or None


def _check(reply: Reply) -> None:
    if reply.code != 334:  # it waits for something, and RFC 4954 has nothing else to wait for
        raise MechanismError(f"the server answers AUTH with {reply.code}, and a challenge is 334")


def _challenge(reply: Reply) -> bytes:
    try:
        return base64.b64decode(reply.lines[0].strip(), validate=True)
    except ValueError as error:
        raise MechanismError("the server's challenge is not base64") from error
