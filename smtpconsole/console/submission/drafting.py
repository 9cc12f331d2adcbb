"""The message of a sending, out of the words of the shell.

1. A value is text, in which `\\n` is a line end; `-` is standard input, `@FILE` a file, and `@@x`
   the text `@x`.
2. Tokens are filled in last, with Bcc in none of them but its own.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from smtpconsole.composer import files
from smtpconsole.composer.draft import Draft
from smtpconsole.composer.errors import DraftError
from smtpconsole.composer.messages import MESSAGES
from smtpconsole.composer.parts import Attachment, attached
from smtpconsole.composer.tokens import About, filled
from smtpconsole.console.answers import ConsoleError
from smtpconsole.console.filenames import path_of
from smtpconsole.smtp import content

_SEPARATOR = re.compile(r"[,;\s]+")
_PART = re.compile(r";(type|name|inline)=")
_FROM = re.compile(rb"\AFrom [^\n]*\n")  # of an mbox


@dataclass(frozen=True, slots=True)
class Words:
    """What was said of the message."""

    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    recipients: int = 0
    subject: str | None = None
    body: str | None = None
    html: str | None = None
    attach: tuple[str, ...] = ()
    header: tuple[str, ...] = ()
    add_header: tuple[str, ...] = ()
    data: str | None = None
    is_raw: bool = False  # the octets of `data` as they are
    message: str = ""
    message_size: int = 0

    @property
    def people(self) -> tuple[str, ...]:
        """All recipients, each once."""
        return addresses(*self.to, *self.cc, *self.bcc)


def addresses(*texts: str) -> tuple[str, ...]:
    """The addresses in lists with commas or blanks."""
    words = (word for text in texts for word in _SEPARATOR.split(text))
    return tuple(dict.fromkeys(word.removeprefix("<").removesuffix(">") for word in words if word))


def drafted(words: Words, *, sender: str, now: datetime, server: str) -> Draft:
    """The draft; ConsoleError where something in the words cannot be used."""
    try:
        return _drafted(words, sender, now, server)
    except DraftError as error:
        raise ConsoleError(str(error)) from error


def _drafted(words: Words, sender: str, now: datetime, server: str) -> Draft:
    people = words.people
    if words.recipients:
        people = _many(people, words.recipients)
    draft = Draft(sender.strip().removeprefix("<").removesuffix(">"), people)
    to = addresses(*words.to) if not words.recipients else people
    about = About(replace(draft, recipients=to), now, server=server)
    about = replace(about, draft=_told(about.draft, words))
    if words.message:
        return _headed(_ready_made(draft, words), words, about)
    if words.data is not None:
        return replace(draft, source=_source(words, about))
    draft = replace(
        draft,
        subject=filled("Test" if words.subject is None else words.subject, about),
        body=filled(_text(words.body, "This is a test.\n"), about),
        html=filled(_text(words.html, ""), about),
        attachments=tuple(map(_attached, words.attach)),
    )
    if words.cc or words.bcc:
        draft = draft.with_header("To", ", ".join(to) or "undisclosed-recipients:;")
    if words.cc:
        draft = draft.with_header("Cc", ", ".join(addresses(*words.cc)))
    return _headed(draft, words, about)


def _told(draft: Draft, words: Words) -> Draft:
    """The draft as tokens tell of it."""
    draft = replace(
        draft,
        subject="Test" if words.subject is None else words.subject,
        body=_text(words.body, "This is a test.\n") if words.body not in ("-",) else "",
        headers=tuple(map(_field, (*words.header, *words.add_header))),
    )
    for name, people in (("Cc", words.cc), ("Bcc", words.bcc)):
        if people:
            draft = draft.with_header(name, ", ".join(addresses(*people)))
    return draft


def _ready_made(draft: Draft, words: Words) -> Draft:
    found = MESSAGES.get(words.message.lower())
    if found is None:
        raise ConsoleError(
            f"there is no ready-made message {words.message!r}", f"there are {', '.join(MESSAGES)}"
        )
    return found.of(replace(draft, filler=words.message_size))


def warning(words: Words) -> str:
    """What is to be agreed to before the message leaves the machine."""
    found = MESSAGES.get(words.message.lower())
    return found.warning if found is not None else ""


def _headed(draft: Draft, words: Words, about: About) -> Draft:
    for text in words.header:
        name, value = _field(text)
        draft = draft.with_header(name, filled(value, about))
    for text in words.add_header:
        name, value = _field(text)
        draft = replace(draft, headers=(*draft.headers, (name, filled(value, about))))
    if draft.source is not None and (words.header or words.add_header):
        raise ConsoleError("a ready-made message of fixed octets takes no further header")
    return draft


def _field(text: str) -> tuple[str, str]:
    name, colon, value = text.replace("\\n", "\n").partition(":")
    if not colon or not name.strip() or not name.isascii():
        raise ConsoleError(f"{text!r} is no header", 'write it as "NAME: VALUE"')
    return name.strip(), value.strip()


def _many(people: Sequence[str], count: int) -> tuple[str, ...]:
    if not people:
        raise ConsoleError("--recipients makes them from the first one", "name it with --to")
    local, _, domain = people[0].partition("@")
    return tuple(f"{local}+{number}@{domain}" for number in range(count))


def _attached(text: str) -> Attachment:
    path, *rest = _PART.split(text)
    given = dict(zip(rest[::2], rest[1::2], strict=True))
    found = attached(path_of(path.removeprefix("@")), content_id=given.get("inline", ""))
    return replace(found, kind=given.get("type", found.kind), name=given.get("name", found.name))


# --- where octets come from -------------------------------------------------------------------


def _source(words: Words, about: About) -> bytes:
    """The whole message, as it was given or with all that makes it one."""
    data = _octets(words.data or "")
    if words.is_raw:
        return data
    data = _FROM.sub(b"", data, count=1)
    text = filled(data.decode("utf-8", "surrogateescape"), about)
    data = content.canonical(text.encode("utf-8", "surrogateescape"))
    for line in words.header:
        data = with_field(data, *_field(filled(line, about)), replaces=True)
    for line in words.add_header:
        data = with_field(data, *_field(filled(line, about)), replaces=False)
    return data


def with_field(data: bytes, name: str, value: str, *, replaces: bool) -> bytes:
    """A message with one more field at the end of its head, or with one instead of others."""
    if "\n" in value or "\r" in value:
        raise ConsoleError(f"the header {name} would become two", "a value has no line end")
    head, blank, body = data.partition(b"\r\n\r\n")
    fields = re.split(rb"\r\n(?![ \t])", head) if head else []
    if replaces:
        fields = [
            each for each in fields if not each.lower().startswith(name.lower().encode() + b":")
        ]
    fields.append(f"{name}: {value}".encode("utf-8", "surrogateescape"))
    return b"\r\n".join(fields) + (blank or b"\r\n\r\n") + body


def _octets(word: str) -> bytes:
    """What `--data` names: standard input, a file, or text."""
    if word == "-":
        return sys.stdin.buffer.read()
    if word.startswith("@@") or "\\n" in word or "\n" in word:
        text = word.removeprefix("@") if word.startswith("@@") else word
        return _lined(text).encode("utf-8", "surrogateescape")
    return files.read(path_of(word.removeprefix("@")), "message")


def _text(word: str | None, default: str) -> str:
    if word is None:
        return default
    if word == "-":
        return sys.stdin.read()
    if word.startswith("@@"):
        return _lined(word[1:])
    if word.startswith("@"):
        return files.read(path_of(word[1:]), "text").decode("utf-8", "replace")
    return _lined(word)


def _lined(text: str) -> str:
    return text.replace("\\r\\n", "\n").replace("\\n", "\n")
