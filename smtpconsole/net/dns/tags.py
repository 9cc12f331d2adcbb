"""Records that are lists of tags, `v=DMARC1; p=none`: those of DMARC, DKIM, TLS-RPT, MTA-STS."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from smtpconsole.net.dns.resolver import Answer, text_of
from smtpconsole.smtp.remarks import Remark

if TYPE_CHECKING:
    from smtpconsole.net.dns.resolver import Resolver

CODES = {"SPF": "spf", "DMARC": "dmarc", "DKIM": "dkim", "TLS-RPT": "tlsrpt", "MTA-STS": "sts"}

_TAG = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Published:
    """A record of a domain, as it is published, with what is remarkable about it."""

    kind: str  # "SPF", "DMARC", …
    name: str  # where it was looked for, or found
    text: str = ""  # empty: there is none
    why: str = ""  # there is none, in words
    remarks: tuple[Remark, ...] = ()
    is_certain: bool = True

    @property
    def has_errors(self) -> bool:
        """A reader would not use it."""
        return any(each.severity == "error" for each in self.remarks)


@dataclass(frozen=True, slots=True)
class Tags:
    """A list of tags, read; and what was no tag."""

    values: dict[str, str]
    order: tuple[str, ...]
    stray: tuple[str, ...]  # parts that are no tag
    twice: tuple[str, ...]

    def remarks(self, kind: str, known: frozenset[str], rfc: str) -> Iterator[Remark]:
        """What is remarkable about the list itself."""
        code = CODES[kind]
        for part in self.stray:
            text = f"{part[:60]!r} in the {kind} record is no tag"
            yield Remark("error", f"{code}-syntax", text, "write NAME=VALUE; …", rfc)
        for name in self.twice:
            text = f"the tag {name} stands twice in the {kind} record"
            yield Remark("error", f"{code}-twice", text, "keep one of them", rfc)
        for name in self.order:
            if name not in known:
                text = f"the tag {name} of the {kind} record is not defined, and is ignored"
                yield Remark("info", f"{code}-unknown", text, "check its spelling", rfc)


def read(text: str) -> Tags:
    """The tags of a record; total."""
    values: dict[str, str] = {}
    order, stray, twice = list[str](), list[str](), list[str]()
    for part in text.split(";"):
        name, equals, value = (each.strip() for each in part.partition("="))
        if not part.strip():
            continue
        if not equals or not _TAG.fullmatch(name):
            stray.append(part.strip())
        elif name in values:
            twice.append(name)
        else:
            values[name] = value
            order.append(name)
    return Tags(values, tuple(order), tuple(stray), tuple(dict.fromkeys(twice)))


async def texts(resolver: Resolver, name: str, prefix: str) -> tuple[Answer, list[str]]:
    """The TXT records of a name that begin so, and the answer they come from."""
    answer = await resolver.ask(name, "TXT")
    found = [text_of(each) for each in answer.records]
    return answer, [each for each in found if each.lower().startswith(prefix.lower())]


def absent(kind: str, answer: Answer) -> Published:
    """There is no such record, or it cannot be told."""
    if answer.is_certain:
        return Published(kind, answer.name, why="none is published")
    text = f"the {kind} record cannot be had: {answer.words}"
    remark = Remark("warning", f"{CODES[kind]}-unresolved", text)
    return Published(kind, answer.name, why=answer.words, remarks=(remark,), is_certain=False)


def more_than_one(kind: str, count: int, rfc: str) -> Remark:
    """Two records of a kind are as good as none."""
    text = f"there are {count} {kind} records, so none of them counts"
    return Remark("error", f"{CODES[kind]}-many", text, "publish one", rfc)


def uris(text: str) -> list[str]:
    """The addresses of a comma-separated list."""
    return [each.strip() for each in text.split(",") if each.strip()]
