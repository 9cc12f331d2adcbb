"""Taking a lesson: steps that are done, wrong turns, hints, going back, and coming again."""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from test_console import Person, at, said

from smtpconsole.console.coach import advise
from smtpconsole.console.console import Console, Suggestions
from smtpconsole.console.settings import Settings
from smtpconsole.console.teaching import lessonplay
from smtpconsole.console.teaching.standing import Place, Standing
from smtpconsole.lessons.reading import parse
from smtpconsole.sandbox import Sandbox
from smtpconsole.smtp.events import Phase
from smtpconsole.transcript.journal import Journal

LESSON = """---
title: Of tests
---
Begin, {user}.

## Connect
Enter `/connect {sandbox}`.
```check
connected
```
```wrong
try connect {sandbox}
when typed ^connect
say A slash is missing.
```
```try
/connect {sandbox}
```

## Greet
```check
sent ^EHLO
reply to EHLO 250  # the server lists what it can
```
```hint
A nod.
---
A push.
```
```wrong
try HELO x
when sent ^HELO
say That is the old one.
```
```wrong
try EHLO
when reply to EHLO 5..
say A name is missing.
```
```try
EHLO {name}
```

## Read
Just read.

## Refused
```fault
421@NOOP
```
```check
reply to NOOP 421
closed
```
```try
NOOP
```

## Ask
```ask
Which?
- [ ] This
  No.
- [x] That
  Yes.
```
"""


@asynccontextmanager
async def learning(
    tmp_path: Path, *lines: str, text: str = LESSON
) -> AsyncIterator[tuple[Console, Person]]:
    """A console in the lesson, these lines entered."""
    file = tmp_path / "test.md"
    file.write_text(text)
    person = Person()
    settings = Settings(name="client.example")
    standing = Standing(tmp_path / "state" / "lessons.json")
    console = Console(person, Journal(), settings=settings, standing=standing)
    try:
        for line in (f"/learn {file}", *lines):
            await console.execute(line)
        yield console, person
    finally:
        await console.end()


def where(console: Console) -> str:
    assert console.learning is not None
    step = console.learning.tutor.step
    return step.title if step is not None else "introduction"


async def test_a_lesson_is_walked_through_by_what_the_coach_offers(tmp_path: Path) -> None:
    async with learning(tmp_path) as (console, person):
        assert person.last.startswith("Of tests\nBegin, alice@sandbox.example.")
        seen = [where(console)]
        for _ in range(40):
            assert console.learning is not None
            if console.learning.tutor.is_finished:
                break
            line = advise(console).line
            ask = console.learning.tutor.ask
            await console.execute(line if ask is None else f"/learn answer {ask.right}")
            if where(console) != seen[-1]:
                seen.append(where(console))
        assert seen == ["introduction", "Connect", "Greet", "Read", "Refused", "Ask"]
        assert console.standing.place(str(tmp_path / "test.md")) == Place(4, (0, 1, 2, 3, 4), True)


async def test_who_types_on_without_reading_on_has_not_typed_in_vain(tmp_path: Path) -> None:
    async with learning(tmp_path) as (console, _):
        await console.execute("/connect")
        assert where(console) == "Connect"  # the introduction was left by doing it
        await console.execute("EHLO x")
        await console.execute("/learn next")
        assert where(console) == "Greet"
        assert console.learning is not None and console.learning.tutor.is_done


async def test_a_wrong_turn_is_told_each_time_and_forgotten_when_something_else_is_tried(
    tmp_path: Path,
) -> None:
    async with learning(tmp_path, "/learn next") as (console, person):
        await console.execute("connect there")
        assert person.last.startswith("not quite\nA slash is missing.")
        assert advise(console).text == "Not quite. A hint?"
        await console.execute("/connect")
        await console.execute("/learn next")
        for _ in range(2):
            await console.execute("HELO x")
            assert person.last.startswith("not quite\nThat is the old one.")
        await console.execute("EHLO")
        assert person.last.startswith("not quite\nok you say EHLO\nA name is missing.")
        await console.execute("NOOP")
        assert advise(console).text == "Step 2 of 5: Greet."
        await console.execute("EHLO x")
        assert person.last.startswith("step 2 of 5 is done\nok")


async def test_hints_come_in_degrees_and_end_with_the_solution(tmp_path: Path) -> None:
    async with learning(tmp_path, "/learn next", "/connect", "/learn next") as (console, person):
        assert advise(console).line == "/learn hint"
        for told in ("hint 1\nA nod.", "hint 2\nA push.", "hint 3\nType: EHLO client.example"):
            await console.execute("/learn hint")
            assert person.last.startswith(told)
        assert advise(console).line == "EHLO client.example"


async def test_faults_are_on_in_their_step_alone(tmp_path: Path) -> None:
    async with learning(tmp_path, "/connect", "EHLO x", "/learn next", "/learn next") as (
        console,
        _,
    ):
        assert console.sandbox is not None
        assert not console.sandbox.faults.on
        await console.execute("/learn next")
        assert [fault.name for fault in console.sandbox.faults.on] == ["421"]
        await console.execute("NOOP")
        await console.execute("/learn next")
        assert where(console) == "Ask"
        assert not console.sandbox.faults.on


async def test_what_the_server_does_of_its_own_accord_is_seen_without_a_further_line(
    tmp_path: Path,
) -> None:
    async with learning(tmp_path, "/connect", "EHLO x", "/learn next", "/learn next") as (
        console,
        person,
    ):
        await console.execute("/learn next")
        await console.execute("NOOP")
        assert console.connection is not None
        await console.connection.lost
        for _ in range(5):
            await asyncio.sleep(0)
        assert person.last.startswith("step 4 of 5 is done")


async def test_back_is_the_session_as_it_was_then(tmp_path: Path) -> None:
    lines = ("/connect", "EHLO x", "/learn next", "/learn next", "RSET")
    async with learning(tmp_path, *lines) as (console, _):
        first = console.sandbox
        assert first is not None
        ports = first.ports
        await console.execute("/learn back")
        assert where(console) == "Greet"
        assert console.phase is Phase.READY  # connected, by the lesson's own solution
        assert not console.known.greeting  # and not greeted yet
        assert console.sandbox is not first and console.sandbox is not None
        assert console.sandbox.ports == ports  # the lines typed before hold still
        assert console.watch.changes == ()
        await console.execute("/learn back")
        assert where(console) == "Connect" and console.connection is None
        await console.execute("/learn back")
        await console.execute("/learn back")
        assert where(console) == "introduction"


async def test_what_is_played_again_is_not_held_by_step_mode(tmp_path: Path) -> None:
    lines = ("/connect", "EHLO x", "/learn next", "/learn next", "/step on", "/break NOOP")
    async with learning(tmp_path, *lines) as (console, _):
        await console.execute("/learn back")
        await console.execute("/learn next")
        assert where(console) == "Read" and console.held is None
        assert console.stepping.is_on and console.stepping.breakpoints


async def test_who_leaves_has_what_was_there_before(tmp_path: Path) -> None:
    async with learning(tmp_path) as (console, person):
        await console.execute("/learn leave")
        await console.execute("/sandbox")
        first = console.sandbox
        await console.execute(f"/learn {tmp_path}/test.md")
        await console.execute("/learn leave")
        assert first is not None and not first.is_running
        assert console.sandbox is not None and console.phase is Phase.READY
        await console.execute("/sandbox stop")
        console.suggestions.target = "mail.example.org"
        await console.execute(f"/learn {tmp_path}/test.md")
        assert console.connect_line.startswith("/connect localhost:")
        await console.execute("/learn leave")
        assert console.connect_line == "/connect mail.example.org"
        console.journal.is_recorded = True
        await console.execute("/learn")
        assert "recorded session" in person.last


async def test_a_session_elsewhere_ends_for_a_lesson_by_a_word_only() -> None:
    with Sandbox() as elsewhere:
        async with at(elsewhere, "no", "yes") as (console, person):
            await console.execute("/learn hello")
            assert "the session goes on" in person.last and console.phase is Phase.READY
            assert console.learning is None and f":{elsewhere.port} ends" in person.questions[0][0]
            await console.execute("/learn hello")
            assert console.learning is not None and console.phase is None
            await console.execute("/learn next")
            await console.execute("/connect")
            await console.execute("/learn again")
            await console.execute("/learn leave")
    assert not person.replies and len(person.questions) == 2


async def test_who_comes_again_is_where_the_lesson_was_left(tmp_path: Path) -> None:
    lines = ("/connect", "EHLO x", "/learn next")
    async with learning(tmp_path, *lines, "/learn leave") as (console, person):
        assert console.learning is None and console.sandbox is None
        assert advise(console).text == "Not connected."
    file = tmp_path / "state" / "lessons.json"
    assert file.stat().st_mode & 0o777 == 0o600
    async with learning(tmp_path) as (console, person):
        assert where(console) == "Greet"
        assert console.phase is Phase.READY
        assert said(console) == [] and person.last.startswith("Step 2 of 5: Greet")
    file.write_text('{"smtpconsole lessons": 1, "lessons": {"a": 3, "b": {"step": "x"}}}')
    assert Standing(file).last == ""
    async with learning(tmp_path) as (console, _):
        assert where(console) == "introduction"


async def test_what_is_asked_for_and_cannot_be_is_told_in_a_sentence(tmp_path: Path) -> None:
    person = Person()
    console = Console(person, Journal())
    for line, told in (
        ("/learn next", "no lesson is under way"),
        ("/learn heloo", "there is no lesson 'heloo'"),
        ("/learn /no/such.md", "cannot be read"),
        (f"/learn {Path(__file__)}", "is no lesson yet"),
        ("/learn hello x", "takes nothing like"),
    ):
        await console.execute(line)
        assert told in person.last, line
        assert person.answers[-1].is_trouble
    await console.end()
    async with learning(tmp_path) as (console, person):
        for line, told in (
            ("/learn answer 1", "nothing is asked here"),
            ("/learn answer x", "needs a number"),
            ("/learn back", "the beginning"),
            ("/learn hint 2", "takes nothing like '2'"),
        ):
            await console.execute(line)
            assert told in person.last, line
        for _ in range(5):
            await console.execute("/learn next")
        assert where(console) == "Ask"
        await console.execute("/learn next")
        assert "not done yet" in person.last
        await console.execute("/learn answer 9")
        assert "no answer 9" in person.last
        await console.execute("/learn answer 1")
        assert person.last.startswith("1 is not it\nNo.")
        await console.execute("/learn answer 2")
        assert person.last.startswith("2 is right\nYes.\nthe lesson is done")
        await console.execute("/learn next")
        assert "that was the last lesson" in person.last


async def test_a_lesson_at_somebodys_own_server_has_to_be_harmless(tmp_path: Path) -> None:
    text = LESSON.replace("title: Of tests", "title: Of tests\nneeds: any").replace(
        "```fault\n421@NOOP\n```\n", ""
    )
    file = tmp_path / "any.md"
    file.write_text(text)
    (tmp_path / "sandbox.md").write_text(LESSON)
    person = Person()
    with Sandbox() as sandbox:
        target = f"localhost:{sandbox.port}"
        console = Console(person, Journal(), suggestions=Suggestions(target="other.example"))
        await console.execute(f"/learn {tmp_path}/sandbox.md --at {target}")
        assert "is for the sandbox: it would do harm elsewhere" in person.last
        await console.execute(f"/learn {file} --at {target}")
        assert console.sandbox is None
        await console.execute("/learn next")
        assert f"/connect {target}" in person.last
        await console.execute(f"/connect {target}")
        assert person.last.startswith("step 1 of 5 is done")
        await console.end()


async def test_a_lesson_becomes_a_page_with_what_was_said_in_each_step(tmp_path: Path) -> None:
    lines = ("/connect", "/learn next", "EHLO <b>x", f"/learn html {tmp_path}/a.html")
    async with learning(tmp_path, *lines) as (_, person):
        assert person.last.startswith("saved as")
    page = (tmp_path / "a.html").read_text()
    assert "<b>" not in page and "EHLO &lt;b&gt;x" in page
    steps = page.split("<h2>")
    assert "<pre>220 " in steps[1] and "Connect" in steps[1]
    assert "<pre>250-sandbox.example</pre>" in steps[2]
    assert "<li>ok the server lists what it can</li>" in steps[2]
    text = html.unescape(re.sub("<[^>]+>", "", page))
    assert "Begin, alice@sandbox.example." in text


async def test_the_player_tells_what_fails_where(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smtpconsole.console.teaching.learning.PATIENCE", 0.1)

    async def told(old: str, new: str) -> str:
        assert old in LESSON
        lesson = parse(LESSON.replace(old, new, 1), "test")
        return "\n".join(map(str, await lessonplay.problems(lesson)))

    assert await told("title: Of", "title: Of") == ""
    for old, new, words in (
        ("try\nEHLO {name}", "try\nHELO {name}", "Greet: the solution is taken for a wrong turn"),
        ("try\nEHLO {name}", "try\nEHLO {nane}", "{nane} stands for nothing"),
        ("sent ^EHLO", "sent ^E\nphase ready", "'phase ready' holds before anything is done"),
        ("try HELO x", "try HELP x", "'HELP x' there does not hold: sent ^HELO"),
        ("try EHLO\n", "try EHLO x\n", "'EHLO x' the step is done"),
        ("when sent ^HELO", "when sent ^.", "another one is told: That is the old one."),
    ):
        assert words in await told(old, new), words


async def test_a_step_that_is_never_done_is_told_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smtpconsole.console.teaching.learning.PATIENCE", 0.1)
    text = LESSON.replace("reply to EHLO 250 ", "reply to EHLO 251 ")
    (problem,) = await lessonplay.problems(parse(text, "test"))
    assert "after the solution there fails: reply to EHLO 251" in problem.text
    assert problem.remedy.startswith("the last reply was 250")


LETTER = """---
title: A letter
---
## Announce
```check
reply to DATA 354
```
```try
/connect {sandbox}
EHLO {name}
MAIL FROM:<{user}>
RCPT TO:<bob@{domain}>
DATA
```

## Write
```check
reply to . 250
```
```try
Subject: x
.
```
"""


async def test_within_a_message_enter_goes_on_only_until_something_is_said(tmp_path: Path) -> None:
    async with learning(tmp_path, "/learn next", text=LETTER) as (console, _):
        lesson = console.learning
        assert lesson is not None
        for line in lesson.tutor.solution:
            assert lesson.on_enter == ""
            await console.execute(line)
        assert console.phase is Phase.CONTENT
        assert lesson.on_enter == "/learn next"
        assert advise(console).text == "ok: Announce. Enter goes on."
        await console.execute("Subject: x")
        assert lesson.on_enter == ""
        assert advise(console).text.startswith("The step is done. Tab goes on;")
        assert advise(console).line == "/learn next"
