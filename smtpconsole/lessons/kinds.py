"""The kinds of checks: each makes a predicate, and words for it, of what stands behind its name.

The docstring of one says when it holds; `docs/lessons.md` has the same list for teachers.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from email.errors import MessageError
from typing import TYPE_CHECKING

from smtpconsole.lessons.checks import Test, View, kind
from smtpconsole.smtp.commands import CONTENT, GREETING
from smtpconsole.smtp.events import (
    Anomaly,
    Answered,
    Closed,
    Connected,
    Entered,
    Learned,
    Noted,
    NotSecured,
    Phase,
    Secured,
    Sent,
)
from smtpconsole.smtp.replies import Reply

if TYPE_CHECKING:
    from smtpconsole.sandbox.mailbox import Letter

_LONGEST = 4096  # characters of a line that are looked at


@kind("sent REGEX")
def _sent(rest: str) -> tuple[Test, str]:
    """A line was said, typed or by a command: the octets on the wire, without their line end."""
    pattern = _pattern(rest)

    def holds(view: View) -> bool:
        return any(_finds(pattern, line) for event in view.events(Sent) for line in _said(event))

    return holds, f"you say {rest}"


@kind("reply [to VERB] CODE [REGEX]")
def _reply(rest: str) -> tuple[Test, str]:
    """The server answered with that code; 5.. is any 5yz, 5.7.1 and 5.7.x are enhanced codes."""
    verb, code, pattern = _asked(rest)
    fits = _code(code)

    def holds(view: View) -> bool:
        return any(
            fits(event.reply)
            and (verb is None or (event.send is not None and event.send.verb == verb))
            and any(_finds(pattern, line) for line in event.reply.text.split("\n"))
            for event in view.events(Answered)
        )

    what = f"{_VERBS_SHOWN.get(verb, verb.decode())} is answered" if verb else "the server answers"
    with_text = f" {pattern.pattern}" if pattern.pattern else ""
    return holds, f"{what} {code}{with_text}"


@kind("caps KEYWORD [REGEX]")
def _caps(rest: str) -> tuple[Test, str]:
    """The server listed that keyword in its answer to EHLO, with such parameters."""
    keyword, _, parameters = _needed(rest).partition(" ")
    pattern = _pattern(parameters or "", may_be_empty=True)
    name = keyword.upper()

    def holds(view: View) -> bool:
        return any(
            word.name == name and _finds(pattern, word.parameters)
            for event in view.events(Learned)
            for word in event.capabilities
        )

    return holds, f"the server offers {keyword} {parameters}".rstrip()


@kind("tls on|off|failed|problem CODE")
def _tls(rest: str) -> tuple[Test, str]:
    """What was said last went under TLS, or not; a handshake failed; a problem was found in it."""
    word, _, code = rest.partition(" ")
    if word not in _TLS or (word == "problem") != bool(code.strip()):
        raise ValueError(f"tls {rest!r} is no check".replace("''", "alone"))
    return _TLS[word](code.strip())


@kind("identity REGEX")
def _identity(rest: str) -> tuple[Test, str]:
    """AUTH was answered 235, and that is who is logged in."""
    pattern = _pattern(rest)

    def holds(view: View) -> bool:
        is_new = any(
            event.reply.code == 235 and event.send is not None and event.send.verb == b"AUTH"
            for event in view.events(Answered)
        )
        return is_new and view.identity is not None and _finds(pattern, view.identity)

    return holds, f"{rest} is logged in"


@kind("phase NAME")
def _phase(rest: str) -> tuple[Test, str]:
    """The session is in that phase: ready, auth, content, closed."""
    names = [phase.value for phase in Phase]
    if rest.lower() not in names:
        raise ValueError(f"there is no phase {rest!r}, only {', '.join(names)}")
    return lambda view: view.phase is not None and view.phase.value == rest.lower(), (
        f"the session is in the phase {rest.lower()}"
    )


@kind("received HEADER ~ REGEX | body ~ REGEX | count N")
def _received(rest: str) -> tuple[Test, str]:
    """A message arrived in the sandbox with such a header or body; or so many did."""
    what, tilde, text = (part.strip() for part in rest.partition("~"))
    count = re.fullmatch(r"count (\d{1,4})", rest.strip())
    if count:
        number = int(count[1])
        return lambda view: len(view.letters) == number, f"{number} messages arrive"
    if not tilde or not what or " " in what:
        raise ValueError("it does not say what was received")
    pattern = _pattern(text)
    if what.lower() == "body":
        return lambda view: any(_finds(pattern, line) for line in view.letter_lines()), (
            f"a message arrives with {text} in its body"
        )

    def holds(view: View) -> bool:
        return any(_finds(pattern, value) for each in view.letters for value in _values(each, what))

    return holds, f"a message arrives with {what}: {text}"


@kind("envelope from|to REGEX")
def _envelope(rest: str) -> tuple[Test, str]:
    """A message arrived whose envelope has that sender, or that recipient."""
    side, _, text = rest.partition(" ")
    if side not in ("from", "to"):
        raise ValueError("an envelope has from and to")
    pattern = _pattern(text)

    def holds(view: View) -> bool:
        found = (
            each.sender if side == "from" else "\n".join(each.recipients) for each in view.letters
        )
        return any(_finds(pattern, line) for one in found for line in one.split("\n"))

    return holds, f"the envelope says {side} {text}"


@kind("command NAME [REGEX]")
def _command(rest: str) -> tuple[Test, str]:
    """A command of the console was entered, with such words behind it."""
    name, _, text = _needed(rest).partition(" ")
    name = name.removeprefix("/").lower()
    pattern = _pattern(text, may_be_empty=True)

    def holds(view: View) -> bool:
        for event in view.events(Entered):
            line = f"/explain {event.line[1:]}" if event.line.startswith("?") else event.line
            entered, _, words = line.partition(" ")
            if entered.lower() == f"/{name}" and _finds(pattern, words):
                return True
        return False

    return holds, f"you enter /{name} {text}".rstrip()


@kind("typed REGEX")
def _typed(rest: str) -> tuple[Test, str]:
    """A line was entered at the prompt, whatever became of it: without a connection it is not
    sent."""
    pattern = _pattern(rest)
    return lambda view: any(_finds(pattern, line) for line in view.typed), f"you type {rest}"


@kind("remark REGEX")
def _remark(rest: str) -> tuple[Test, str]:
    """A remark was made with #, or the console noted something."""
    pattern = _pattern(rest)
    return lambda view: any(_finds(pattern, event.text) for event in view.events(Noted)), (
        f"you remark {rest}"
    )


@kind("anomaly REGEX")
def _anomaly(rest: str) -> tuple[Test, str]:
    """The console remarked on something odd in what the server said or did."""
    pattern = _pattern(rest)

    def holds(view: View) -> bool:
        return any(_finds(pattern, f"{each.kind}: {each.detail}") for each in view.events(Anomaly))

    return holds, f"the console remarks: {rest}"


@kind("connected")
def _connected(rest: str) -> tuple[Test, str]:
    """A connection was made."""
    _nothing(rest)
    return lambda view: any(True for _ in view.events(Connected)), "you are connected"


@kind("closed [by server|client]")
def _closed(rest: str) -> tuple[Test, str]:
    """A connection ended."""
    found = re.fullmatch(r"(?:by (server|client))?", rest.strip())
    if found is None:
        raise ValueError(f"a connection is not closed {rest!r}")
    by = found[1]
    who = {"server": " by the server", "client": " by you"}.get(by or "", "")
    return lambda view: any(by in (None, event.by) for event in view.events(Closed)), (
        f"the connection is closed{who}"
    )


# --- what they share --------------------------------------------------------------------------

_VERBS = {"": None, ".": CONTENT, "CONTENT": CONTENT, "GREETING": GREETING}
_VERBS_SHOWN = {CONTENT: "the message", GREETING: "the connection"}
_EVERYTHING = re.compile("")


def _pattern(text: str, *, may_be_empty: bool = False) -> re.Pattern[str]:
    if not text and not may_be_empty:
        raise ValueError("it needs a pattern")
    with warnings.catch_warnings():  # of what newer Pythons may read otherwise
        warnings.simplefilter("ignore")
        return re.compile(text, re.IGNORECASE) if text else _EVERYTHING


def _needed(text: str) -> str:
    if not text:
        raise ValueError("it needs a name")
    return text


def _nothing(text: str) -> None:
    if text:
        raise ValueError(f"there is nothing like {text!r} in it")


def _finds(pattern: re.Pattern[str], text: str) -> bool:
    return pattern.search(text[:_LONGEST]) is not None


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _said(event: Sent) -> list[str]:
    return _text(event.send.data).removesuffix("\r\n").split("\r\n")


def _asked(rest: str) -> tuple[bytes | None, str, re.Pattern[str]]:
    """The verb, the code and the text of a reply."""
    verb = None
    if found := re.fullmatch(r"to (\S+)\s+(.*)", rest):
        name = found[1].upper()
        verb = _VERBS.get(name, name.encode("utf-8", "surrogateescape"))
        rest = found[2]
    code, _, text = rest.partition(" ")
    return verb, code, _pattern(text.strip(), may_be_empty=True)


def _code(code: str) -> Callable[[Reply], bool]:
    """Whether a reply has that code, be it of three digits or enhanced."""
    if re.fullmatch(r"[2-5][\d.]{2}", code):
        digits = re.compile(code)
        return lambda reply: digits.fullmatch(str(reply.code)) is not None
    if re.fullmatch(r"[245]\.(\d{1,3}|x)\.(\d{1,3}|x)", code):
        enhanced = re.compile(code.replace(".", r"\.").replace("x", r"\d+"))
        return lambda reply: enhanced.fullmatch(reply.enhanced or "") is not None
    raise ValueError(f"{code!r} is no reply code")


def _values(letter: Letter, name: str) -> list[str]:
    try:
        return [str(value) for value in letter.message.get_all(name, [])]
    except (AttributeError, IndexError, KeyError, TypeError, ValueError, MessageError):
        return []  # CPython's parser trips over some hostile headers


def _last_was(is_secure: bool) -> Test:
    def holds(view: View) -> bool:
        last = [each for each in view.seen if isinstance(each.event, Sent | Answered | Secured)]
        return bool(last) and last[-1].is_secure is is_secure

    return holds


def _tls_problem(code: str) -> tuple[Test, str]:
    def holds(view: View) -> bool:
        facts = [each.facts for each in view.events(Secured)]
        facts += [each.facts for each in view.events(NotSecured)]
        return any(
            code == each.failure or any(code == problem.code for problem in each.problems)
            for each in facts
        )

    return holds, f"TLS shows the problem {code}"


def _tls_failed(view: View) -> bool:
    return any(True for _ in view.events(NotSecured))


_TLS: dict[str, Callable[[str], tuple[Test, str]]] = {
    "on": lambda _: (_last_was(True), "TLS is on"),
    "off": lambda _: (_last_was(False), "it goes in the clear"),
    "failed": lambda _: (_tls_failed, "the TLS handshake fails"),
    "problem": _tls_problem,
}
