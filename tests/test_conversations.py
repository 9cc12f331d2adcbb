"""Every exchange against conversations as RFCs write them: `conversations/*.txt`.

A file says in its first lines what it shows (#), the exchange with its arguments, and what must
come of it; then the conversation follows (see `conversation`).

    # One recipient of two is refused.
    exchange: deliver pipelining
    to: b@x, c@x
    content: Hi\\n
    result: delivered; b@x 250 queued; c@x 550 no
    C: MAIL FROM:<a@x>
    ...

`result` is what the exchange returns, `raises` what ends it, with the replies it carries, and
whether the server may have a message that it has not answered for (`in doubt`);
`after` is the session's state: its phase, `open` with a transaction, `secure`, `as USER`.
Each is held whole, then with the server's side cut at every octet, then octet by octet.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conversation import Watched, converse, ready

from smtpconsole.smtp import exchanges
from smtpconsole.smtp.commands import (
    Send,
    command,
    etrn,
    mail,
    raw,
    rcpt,
    xclient,
    xforward,
)
from smtpconsole.smtp.content import canonical
from smtpconsole.smtp.events import Anomaly, Phase
from smtpconsole.smtp.login import Attempt, authenticate, login
from smtpconsole.smtp.outcome import Delivery
from smtpconsole.smtp.replies import Reply
from smtpconsole.smtp.sasl import MECHANISMS, credentials
from smtpconsole.smtp.session import Exchange, Session
from smtpconsole.smtp.streams import Content, Stream

FOLDER = Path(__file__).parent / "conversations"
FILES = sorted(FOLDER.glob("*.txt"))
HEADER = re.compile(r"(exchange|from|to|mail|rcpt|content|result|raises|after|odd|cut): (.*)")


class Written:
    """One file."""

    def __init__(self, path: Path) -> None:
        lines = path.read_text("utf-8").splitlines()
        self.header: dict[str, str] = {}
        while lines and (lines[0].startswith("#") or HEADER.match(lines[0])):
            if (found := HEADER.match(lines.pop(0))) is not None:
                self.header[found[1]] = found[2]
        self.script = "\n".join(lines)
        self.name, *words = self.header["exchange"].split()
        self.options = dict(word.partition("=")[::2] for word in words)

    def session(self) -> Watched:
        lmtp = "lmtp" in self.options
        session = Watched(lmtp=lmtp) if self.name == "greeting" else ready(lmtp=lmtp)
        assert isinstance(session, Watched)
        return session

    def exchange(self, session: Session) -> Exchange[Any]:
        return EXCHANGES[self.name](self, session)

    # --- arguments

    def letters(self) -> list[tuple[Send, list[Send], Content]]:
        """Messages are separated by | in `to` and `content`."""
        contents = self.header.get("content", "Hi\\n").split(" | ")
        found = []
        for number, people in enumerate(self.header.get("to", "b@x").split(" | ")):
            octets = contents[min(number, len(contents) - 1)]
            text = octets.encode().decode("unicode_escape").encode("latin-1")
            content: Content = Stream([text]) if "stream" in self.options else canonical(text)
            parameters = self.header.get("rcpt", "").split()
            rcpts = [rcpt(who.strip(), options=parameters) for who in people.split(",")]
            opening = mail(
                self.header.get("from", "a@x"), options=self.header.get("mail", "").split()
            )
            found.append((opening, rcpts, content))
        return found

    def ways(self) -> dict[str, Any]:
        """Options of `deliver` and `deliver_all`."""
        ways: dict[str, Any] = {
            name: True for name in ("pipelining", "lmtp", "prdr") if name in self.options
        }
        if "chunking" in self.options:
            ways["chunking"] = True
            ways["chunk"] = int(self.options["chunking"] or 0) or None
        return ways


def _all(written: Written, session: Session) -> Exchange[list[Delivery]]:
    most = written.options.get("most")
    ways = {"pipelining": False, **written.ways()}
    return exchanges.deliver_all(written.letters(), most=int(most) if most else None, **ways)


def _secure(written: Written, session: Session) -> Exchange[Reply]:
    """EHLO, STARTTLS, EHLO."""
    yield from exchanges.hello(b"me")
    yield from exchanges.start_tls()
    return (yield from exchanges.hello(b"me"))


def _typed(written: Written, session: Session) -> Exchange[list[Reply]]:
    """The client's lines, as if somebody typed them one by one."""
    replies: list[Reply] = []
    for line in re.findall(r"^C: (.*)$", written.script, re.MULTILINE):
        replies += yield from exchanges.typed(session, line.encode())
    return replies


def _login(written: Written, session: Session) -> Exchange[Any]:
    names = [name for name in written.options if name in MECHANISMS]
    who = credentials(written.header.get("from", "alice"), "secret", token="token")
    if len(names) > 1:
        return login([MECHANISMS[name] for name in names], who)
    initial = "late" not in written.options
    return authenticate(MECHANISMS[names[0]], who, initial=initial)


def _say(written: Written, session: Session) -> Exchange[list[Reply]]:
    """One Send, made by its function: `say etrn=example.org`, `say raw=2`."""
    (name, argument), *_ = written.options.items()
    made = {
        "etrn": lambda: etrn(argument),
        "xclient": lambda: xclient(name="mail.example.com", addr="2001:db8::1", login=None),
        "xforward": lambda: xforward(name="a b+c=d", addr="192.0.2.1", source="REMOTE"),
        "raw": lambda: raw(b"\x00\xff garbage\r\nNOOP\r\n", replies=int(argument)),
        "command": lambda: command(argument.encode()),
    }[name]()
    return (yield (made,))


EXCHANGES: dict[str, Callable[[Written, Session], Exchange[Any]]] = {
    "greeting": lambda written, session: exchanges.greeting(),
    "hello": lambda written, session: exchanges.hello(b"me", lmtp=session.lmtp),
    "secure": _secure,
    "login": _login,
    "quit": lambda written, session: exchanges.quit(),
    "reset": lambda written, session: exchanges.reset(),
    "deliver": lambda written, session: exchanges.deliver(*written.letters()[0], **written.ways()),
    "deliver-all": _all,
    "data": lambda written, session: exchanges.data(written.letters()[0][2]),
    "typed": _typed,
    "say": _say,
}


def told(result: Any) -> str:
    """A result as the files write it."""
    match result:
        case Reply():
            return str(result).replace("\n", " ").rstrip()
        case Delivery():
            verdict = "delivered" if result.is_delivered else "refused"
            words = [f"{who} {told(reply)}" for who, reply in result.outcomes]
            return "; ".join([verdict, *words])
        case Attempt():
            return result.sentence("alice")
        case tuple():  # what DATA and content were answered
            return told(result[1] or result[0])
        case list():
            is_long = any(isinstance(each, (Delivery, Attempt)) for each in result)
            return (" | " if is_long else ", ").join(map(told, result))
    return str(result)


def ended(error: BaseException) -> str:
    replies = getattr(error, "replies", [])
    doubt = " in doubt" if getattr(error, "is_in_doubt", False) else ""
    return ", ".join([f"{type(error).__name__}{doubt}", *map(told, replies)])


def state(session: Session) -> str:
    words = [session.phase.value]
    words += ["open"] * (session.transaction is not None)
    words += ["secure"] * session.is_secure
    words += [f"as {session.identity}"] * (session.identity is not None)
    return " ".join(words)


def hold(written: Written, cut: range | list[int]) -> None:
    session = written.session()
    header = written.header
    try:
        result = told(converse(written.exchange(session), written.script, session, cut=cut))
    except (ConnectionError, TimeoutError, ValueError) as error:
        assert ended(error) == header.get("raises")
    else:
        assert result == header.get("result")
    assert state(session) == header.get("after", "ready")
    odd = dict.fromkeys(event.kind for event in session.of(Anomaly))
    assert ", ".join(odd) == header.get("odd", "")


def longest(script: str) -> int:
    """The octets of the longest block of the server's."""
    blocks = re.findall(r"(?:^S: .*(?:\n|$))+", script, re.MULTILINE)
    return max((len(block.encode()) for block in blocks), default=0)


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_a_conversation_is_held(path: Path) -> None:
    written = Written(path)
    hold(written, [])
    if written.header.get("cut") == "no":  # where it depends on what comes in one go
        return
    for place in range(longest(written.script)):
        hold(written, [place])
    hold(written, range(longest(written.script)))


def test_a_conversation_that_goes_otherwise_is_noticed() -> None:
    written = Written(FOLDER / "noop.txt")
    written.header["result"] = "250 another"
    with pytest.raises(AssertionError):
        hold(written, [])
    written = Written(FOLDER / "noop.txt")
    written.header["after"] = Phase.CLOSED.value
    with pytest.raises(AssertionError):
        hold(written, [])


def test_every_exchange_has_its_conversations() -> None:
    assert {Written(path).name for path in FILES} == set(EXCHANGES)
