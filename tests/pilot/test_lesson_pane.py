"""A lesson beside the wire, taken by keys alone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from driving import NARROW, WIDE, Driver, driving
from evil import TEXT

from smtpconsole.console.console import Suggestions
from smtpconsole.console.teaching.learning import Learning
from smtpconsole.lessons import catalogue
from smtpconsole.smtp.events import Phase
from smtpconsole.tui.lessontext import rendered

GOLDEN = Path(__file__).parent / "golden"
SIZES = pytest.mark.parametrize("size", [WIDE, NARROW], ids=["120x40", "80x24"])

LESSON = """---
title: A test
---
An *introduction*, to be read.

## Greet
Say `EHLO`, a blank, a name:

    EHLO me.example

> It is polite.

1. One thing is **certain**:
2. a list has items, and an item that is long enough goes on in a second line, below its words.

```check
typed ^EHLO
reply to EHLO 250  # the server answers
```
```look
Wire: what comes back.
```
```hint
A nod.
---
A push.
```
```wrong
try ehlo
when typed ^helo
say HELO is the older word, and asks for less.
```
```try
EHLO me.example
```
## Ask
```ask
What is it?
- [ ] This
  No, not this.
- [x] That
  Yes.
```
"""


def learning(console: Driver) -> Learning:
    found = console.app.smtp_console.learning
    assert found is not None
    return found


@SIZES
async def test_a_newcomer_is_led_through_two_lessons_from_the_sandboxs_first_screen(
    size: tuple[int, int],
) -> None:
    suggestions = Suggestions(opening="# nothing yet", is_for_learners=True)
    async with driving("", size=size, suggestions=suggestions) as console:
        await console.until("New to SMTP?", "1  /learn")
        await console.press("1", "enter")
        for number in (1, 2):
            lesson = catalogue.course()[number - 1].read()
            await console.until(f"Lesson {number}: {lesson.title}")
            for at, each in enumerate(lesson.steps, 1):
                is_content = console.app.smtp_console.phase is Phase.CONTENT
                await console.press(*(("tab", "enter") if is_content else ("enter",)))
                await console.until(f"Step {at} of {len(lesson.steps)}: {each.title[:30]}")
                tutor = learning(console).tutor
                for line in tutor.solution:
                    if line.startswith("answer "):
                        await console.press(line[-1])
                    else:
                        await console.enter(line)
                await console.until("Tab: /learn next")
            if number == 1:
                await console.press("enter")
        sandbox = console.app.smtp_console.sandbox
        assert sandbox is not None
        (letter,) = sandbox.mailbox.letters()
        assert letter.message["Subject"] == "By hand"


@SIZES
async def test_the_screens_of_a_lesson(tmp_path: Path, size: tuple[int, int]) -> None:
    file = tmp_path / "test.md"
    file.write_text(LESSON)
    async with driving("", size=size, suggestions=Suggestions(opening=f"/learn {file}")) as console:
        await console.until("Tab: /learn next")
        await _same(console, "introduction", size)
        await console.press("enter")
        await console.enter("helo x")
        await console.until("not quite: HELO", "not connected")
        await console.press("escape")
        await _same(console, "wrong", size)
        await console.enter("/learn hint")
        await console.until("hint 1: A nod.")
        await console.press("f6", "h")
        await console.until("hint 2: A push.")
        await _same(console, "hint", size)
        await console.enter("/learn next")  # which does the step itself
        await console.until("What is it?", "Step 2 of 2")
        await console.press("1")
        await console.until("1 not it: No, not this.")
        await console.press("2")
        await console.until("2 right: Yes.", "the lesson is done")
        await _same(console, "done", size)


async def _same(console: Driver, name: str, size: tuple[int, int]) -> None:
    """The screen becomes what was approved; times are not compared."""
    golden = GOLDEN / f"lesson-{name}-{size[0]}x{size[1]}.txt"
    await console.same(golden, lambda: _masked(console.screen))


def _masked(screen: str) -> str:
    def at(found: re.Match[str]) -> str:
        return "0.000".rjust(len(found[1])) + found[2]

    shown = re.sub(r"( *\d+\.\d{3})( ===)", at, screen)
    return "\n".join(line.rstrip() for line in shown.split("\n")) + "\n"


@SIZES
async def test_a_hostile_lesson_is_shown_literally(tmp_path: Path, size: tuple[int, int]) -> None:
    evil = TEXT.replace("\0", "")
    file = tmp_path / "evil.md"
    file.write_text(
        f"---\ntitle: {evil}\n---\n{evil}\n\n## {evil}\n{evil} **{evil}** `{evil}`\n\n"
        f"    {evil}\n\n- {evil}\n\n```check\ntyped x  # {evil}\n```\n```hint\n{evil}\n```\n"
        f"```wrong\ntry y\nwhen typed ^y\nsay {evil}\n```\n```look\nwire: {evil}\n```\n"
        f"```ask\n{evil}\n- [ ] {evil}\n  {evil}\n- [x] {evil}\n```\n```try\nx\n```\n"
    )
    async with driving("", size=size, suggestions=Suggestions(opening=f"/learn {file}")) as console:
        await console.until("user[/x]@e [b]y[/b] [@click=app.quit]z[/]", "Tab: /learn next")
        await console.press("enter")
        await console.until("Step 1 of 1: user[/x]@e")
        await console.enter("y")
        await console.until("not quite: user[/x]@e")
        await console.press("escape", "f6", "h", "1")
        await console.until("hint 1: user[/x]@e", "1 not it: user[/x]@e")
        await console.enter(f"/learn html {tmp_path}/evil.html")
        await console.until("saved as")
        for screen in console.seen:
            assert not {char for char in screen if not char.isprintable()} - {"\n"}
    page = (tmp_path / "evil.html").read_text()
    assert not {char for char in page if not char.isprintable()} - {"\n"}


async def test_the_space_bar_alone_presents_a_lesson() -> None:
    async with driving("", suggestions=Suggestions(opening="/learn hello --present")) as console:
        await console.until("Lesson 1: Hello", "space goes on")
        for _ in range(80):
            if learning(console).tutor.is_finished:
                break
            before = len(console.journal), console.screen
            await console.press("space")
            await console.wait(
                lambda before=before: (len(console.journal), console.screen) != before,  # type: ignore[misc]
                "the space bar does something",
            )
        await console.until("the lesson is done")
        assert learning(console).tutor.done == set(range(6))


async def test_from_the_prompt_the_lesson_is_read_on_and_left(tmp_path: Path) -> None:
    file = tmp_path / "long.md"
    lines = "\n\n".join(f"Line {number}." for number in range(1, 60))
    file.write_text(f"---\ntitle: Long\n---\n{lines}\n\n## Only\nRead.\n")
    async with driving("", suggestions=Suggestions(opening=f"/learn {file}")) as console:
        await console.until("Line 1.", "PgDn reads on")
        await console.press("pagedown")
        await console.wait(lambda: "Line 1." not in console.screen, "the text has scrolled")
        await console.press("pageup")
        await console.until("Line 1.")
        await console.press("f9")
        await console.until("F2 Server", "Line 1.")  # over the wire, beside the lesson
        await console.press("f10")
        await console.wait(lambda: "Line 1." not in console.screen, "the side pane is alone")
        assert "F2 Server" in console.screen and "=== lesson" not in console.screen
        await console.press("f10")
        await console.until("F2 Server", "Line 1.")
        await console.press("f9", "f6", "f10")
        await console.wait(lambda: "=== lesson" not in console.screen, "the lesson is alone")
        await console.press("escape")
        await console.until("=== lesson")
        await console.enter("/learn leave")
        await console.until("your place in it is kept", "F2 Server")
        assert "Line 1." not in console.screen


def test_a_long_line_to_type_goes_on_further_to_the_right() -> None:
    line = "RCPT TO:<bob@sandbox.example> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;bob@sandbox.example"
    shown = [part.plain for part in rendered(f"Type:\n\n    {line}\n     -> EHLO x", 60)]
    assert shown[2] == "    RCPT TO:<bob@sandbox.example> NOTIFY=SUCCESS,FAILURE"
    assert shown[3] == "        ORCPT=rfc822;bob@sandbox.example"
    assert shown[4] == "     -> EHLO x"
