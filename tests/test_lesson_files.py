"""Lesson files: what is read of them, what is told of those that cannot be, and their Markdown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtpconsole.lessons import checks, markdown
from smtpconsole.lessons.lesson import LessonError, Look, Option, Wrong
from smtpconsole.lessons.reading import BLOCKS, parse

WHOLE = """---
title: "A test"
minutes: 7
rfc: 5321 §3
house: greylist = 3, relay = "nobody"
---
The *introduction*.

```house
[aliases]
both = ["alice", "bob"]
```

## First ##
Say `NOOP`.

```transcript
C: NOOP
```

```check
sent ^NOOP  # you said NOOP
reply to NOOP 250
```
```hint
One.
---
Two.
```
```wrong
try NOP
try NOOO
when sent ^NO[PO]
say No,
  not that.
try QUIT
when closed
say Gone.
```
```look
F6 Wire: the line
goes on
TLS — nothing
```
```fault
421@RCPT
```
```try
NOOP

```
## Second
```ask
Which?
- [ ] This
  Because not.
- [x] That
```
"""


def test_all_of_a_lesson_is_read() -> None:
    lesson = parse(WHOLE, "test", 3)
    assert (lesson.title, lesson.minutes, lesson.needs, lesson.tls) == (
        "A test",
        7,
        "sandbox",
        "starttls",
    )
    assert (lesson.rules.greylist, lesson.rules.relay) == (3.0, "nobody")
    assert lesson.rules.aliases["both"] == ("alice", "bob")
    assert lesson.intro == "The *introduction*."
    first, second = lesson.steps
    assert first.title == "First"
    assert first.text == "Say `NOOP`.\n\n```transcript\nC: NOOP\n```"
    assert first.checks == ("sent ^NOOP  # you said NOOP", "reply to NOOP 250")
    assert first.hints == ("One.", "Two.")
    assert first.wrongs == (
        Wrong(("NOP", "NOOO"), ("sent ^NO[PO]",), "No, not that."),
        Wrong(("QUIT",), ("closed",), "Gone."),
    )
    assert first.looks == (Look("wire", "the line goes on"), Look("tls", "nothing"))
    assert first.faults == ("421@RCPT",)
    assert first.tries == ("NOOP", "")
    assert second.asks[0].options == (
        Option("This", False, "Because not."),
        Option("That", True),
    )
    assert second.asks[0].right == 2


@pytest.mark.parametrize(
    ("old", "new", "line", "told"),
    [
        ("---\ntitle", "title", 1, "does not begin with ---"),
        ('title: "A test"\n', "", 1, "has no title"),
        ("minutes: 7", "minutes: many", 3, "minutes cannot be 'many'"),
        ("minutes: 7", "hours: 7", 3, "'hours' is not known"),
        ("minutes: 7", "rfc: 1", 4, "rfc is given twice"),
        ("minutes: 7", "needs: money", 3, "needs cannot be 'money'"),
        ("minutes: 7", "needs: any", 5, "own server has no such thing"),
        ("greylist = 3", "greylist = yes", 5, "house is not TOML"),
        ("[aliases]", "[alia", 9, "not TOML"),
        ("```house", "```check", 9, "before the first step"),
        ("## First", "##  ", 14, "no title"),
        ("```check", "```chek", 21, "did you mean check?"),
        ("sent ^NOOP  #", "send ^NOOP  #", 22, "did you mean sent?"),
        ("reply to NOOP 250", "reply to NOOP 999", 23, "'999' is no reply code"),
        ("reply to NOOP 250", "sent [", 23, "pattern cannot be read"),
        ("```try\nNOOP\n\n```", "", 14, "no way to do it"),
        ("One.", "---\na\n---\nb\n---\nc\n---", 25, "4 hints"),
        ("say Gone.", "", 30, "not whole"),
        ("try NOP\n", "NOP\n", 31, "'NOP' has no place here"),
        ("421@RCPT", "no-such-fault", 46, "no fault"),
        ("- [x] That", "- [ ] That", 53, "not told apart"),
        ("- [x] That", "That", 57, "neither an answer"),
    ],
)
def test_what_is_wrong_in_a_file_is_told_by_line_and_with_a_remedy(
    old: str, new: str, line: int, told: str
) -> None:
    assert old in WHOLE
    with pytest.raises(LessonError) as caught:
        parse(WHOLE.replace(old, new, 1))
    found = [each for each in caught.value.problems if told in f"{each.text}; {each.remedy}"]
    assert found, caught.value
    assert found[0].number == line
    assert found[0].remedy


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(LessonError) as caught:
        parse(WHOLE.replace("minutes: 7", "minutes: 0").replace("sent ^NOOP", "sent ["))
    assert [each.number for each in caught.value.problems] == [3, 22]


_WORDS = st.sampled_from(
    [
        "---\n",
        "title: x\n",
        "house: greylist = 3\n",
        "## Step\n",
        "text *em* `c`\n",
        "\n",
        "```\n",
        "````\n",
        *(f"```{block}\n" for block in BLOCKS),
        "sent ^x\n",
        "reply 250\n",
        "not not tls on\n",
        "try x\n",
        "when sent x\n",
        "say x\n",
        "- [ ] a\n",
        "- [x] b\n",
        "  because\n",
        "wire: look\n",
        "421\n",
    ]
)


@given(st.one_of(st.text(), st.lists(_WORDS).map("".join), st.lists(st.one_of(st.text(), _WORDS))))
def test_any_text_is_a_lesson_or_a_sentence(text: str | list[str]) -> None:
    text = text if isinstance(text, str) else "".join(text)
    try:
        lesson = parse(text)
    except LessonError as error:
        assert error.problems
        assert all(each.number >= 1 and each.text and each.remedy for each in error.problems)
    else:
        assert lesson.steps


@given(st.text())
def test_any_line_is_a_check_or_a_sentence(line: str) -> None:
    for each in (line, f"sent {line}", f"reply {line}", f"received {line}", f"tls {line}"):
        try:
            found = checks.parse(each)
        except checks.CheckError as error:
            assert str(error) and error.remedy
        else:
            assert isinstance(found.holds(checks.View()), bool)


@given(st.text(alphabet="ab *_[]()\\\n-#>|1. \t"))
def test_markdown_loses_no_letter(text: str) -> None:
    shown = "".join(block.text for block in markdown.blocks(text))
    assert (shown.count("a"), shown.count("b")) == (text.count("a"), text.count("b"))


def test_a_step_may_begin_with_lines_to_type() -> None:
    (step,) = parse("---\ntitle: x\n---\n## One\n \n    EHLO x\n    NOOP\n\nAnd wait.\n\n").steps
    assert step.text == "    EHLO x\n    NOOP\n\nAnd wait."
    assert [block.kind for block in markdown.blocks(step.text)] == ["code", "paragraph"]


def test_markdown_is_cut_into_blocks_and_spans() -> None:
    text = (
        "# Head\na `b` **c** *d* _e_ \\*f\\* [g](h)\n- one\n  more\n2. two\n> quoted\n\n    code\n"
    )
    found = markdown.blocks(text)
    assert [block.kind for block in found] == [
        "heading",
        "paragraph",
        "item",
        "item",
        "quote",
        "code",
    ]
    assert [(s.text, s.style) for s in found[1].spans if s.text.strip()] == [
        ("a ", ""),
        ("b", "code"),
        ("c", "strong"),
        ("d", "emphasis"),
        ("e", "emphasis"),
        ("*", ""),
        ("f", ""),
        ("*", ""),
        ("g (h)", ""),
    ]
    assert [(block.marker, block.text) for block in found[2:4]] == [
        ("-", "one more"),
        ("2.", "two"),
    ]
