"""MTA-STS (RFC 8461): the record that announces a policy, and the policy itself."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, cast

from smtpconsole.net.dns import tags
from smtpconsole.net.dns.mx import KINDS
from smtpconsole.net.dns.names import NoName, ascii_name
from smtpconsole.net.https import PORT, TIMEOUT, FetchError, fetch
from smtpconsole.net.verdicts import fits
from smtpconsole.smtp.facts import StsPolicy
from smtpconsole.smtp.remarks import Remark, by_severity

if TYPE_CHECKING:
    from smtpconsole.net.dns.resolver import Resolver

PATH = "/.well-known/mta-sts.txt"
MAX_AGE = 31557600  # seconds; RFC 8461, 3.2
SHORT_AGE = 86400  # a policy should live for weeks, 3.2
MODES = ("enforce", "testing", "none")

_ID = re.compile(r"[A-Za-z0-9]{1,32}")
_FIELDS = frozenset({"version", "mode", "mx", "max_age"})
_KNOWN = frozenset({"v", "id"})


@dataclass(frozen=True, slots=True)
class Sts:
    """All that a domain says about MTA-STS."""

    record: tags.Published
    policy: StsPolicy | None = None
    text: str = field(default="", repr=False)  # the policy as it came
    error: str = ""  # the policy cannot be had or used
    remarks: tuple[Remark, ...] = ()

    def allows(self, name: str) -> bool:
        """The policy names this server; true where there is none."""
        return self.policy is None or any(fits(each, name) for each in self.policy.mx)


@dataclass(frozen=True, slots=True)
class Web:
    """How the policy is fetched."""

    port: int = PORT
    ca_file: str | None = None
    timeout: float = TIMEOUT


async def sts(resolver: Resolver, domain: str, web: Web | None = None) -> Sts:
    """The record, and the policy if it announces one."""
    record = await announced(resolver, domain)
    if not record.text:
        return Sts(record)
    host = f"mta-sts.{domain}"
    web = web if web is not None else Web()
    answers = await asyncio.gather(*(resolver.ask(host, kind) for kind in KINDS))
    addresses = tuple(each.address for answer in answers for each in answer.records)
    if not addresses:
        why = answers[-1].words.replace("such record", "address")
        return _unusable(record, "sts-host", f"{host} has no address: {why}")
    try:
        document = await fetch(
            host,
            PATH,
            addresses=addresses,
            port=web.port,
            ca_file=web.ca_file,
            timeout=web.timeout,
        )
    except FetchError as error:
        return _unusable(record, f"sts-{error.code}", f"the policy cannot be had: {error}")
    policy, remarks = parse(document.body)
    if document.kind != "text/plain":
        told = document.kind or "of no kind"
        text = f"the policy is {told}, and must be text/plain"
        remarks = (Remark("error", "sts-media", text, "", "RFC 8461 3.2"), *remarks)
        policy = None
    errors = [each.text for each in remarks if each.severity == "error"]
    text = document.body.decode("utf-8", "surrogateescape")
    return Sts(record, policy, text, errors[0] if errors else "", remarks)


async def announced(resolver: Resolver, domain: str) -> tags.Published:
    """The record at _mta-sts.DOMAIN."""
    answer, found = await tags.texts(resolver, f"_mta-sts.{domain}", "v=STSv1")
    if not found:
        return tags.absent("MTA-STS", answer)
    remarks = list(_record_remarks(found[0]))
    if len(found) > 1:
        remarks.append(tags.more_than_one("MTA-STS", len(found), "RFC 8461 3.1"))
    return tags.Published("MTA-STS", answer.name, found[0], remarks=by_severity(remarks))


def _record_remarks(text: str) -> Iterator[Remark]:
    record = tags.read(text)
    yield from record.remarks("MTA-STS", _KNOWN, "RFC 8461 3.1")
    if not _ID.fullmatch(record.values.get("id", "")):
        said = "the MTA-STS record has no id of 1 to 32 letters and digits, and is not used"
        yield Remark("error", "sts-id", said, "write id=20260101T000000", "RFC 8461 3.1")


def _unusable(record: tags.Published, code: str, text: str) -> Sts:
    hint = f"senders that hold no policy yet deliver without one; see that {PATH} can be fetched"
    remark = Remark("error", code, text, hint, "RFC 8461 3.3")
    return Sts(record, error=text, remarks=(remark,))


# --- the policy -------------------------------------------------------------------------------


def parse(body: bytes) -> tuple[StsPolicy | None, tuple[Remark, ...]]:
    """A policy, if it can be used, and what is remarkable about it; total."""
    remarks: list[Remark] = []
    say = _sayer(remarks)
    text = body.decode("utf-8", "surrogateescape")
    if "\n" in text.replace("\r\n", ""):
        say("info", "sts-line-ends", "lines end with LF alone; CRLF is meant, LF is allowed")
    values: dict[str, str] = {}
    mx: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        name, colon, value = (each.strip() for each in line.partition(":"))
        if not line.strip():
            continue
        if not colon:
            say("error", "sts-syntax", f"line {number} of the policy is no field")
        elif name == "mx":
            mx.append(value.lower())
        elif name in values:
            say("warning", "sts-twice", f"{name} stands twice in the policy; the first counts")
        else:
            values[name] = value
            if name not in _FIELDS:
                say("info", "sts-unknown", f"the field {name} is not defined, and is ignored")
    _check(values, mx, say)
    if any(each.severity == "error" for each in remarks):
        return None, by_severity(remarks)
    mode = cast(Literal["enforce", "testing", "none"], values["mode"])
    return StsPolicy(mode, tuple(mx), int(values["max_age"])), by_severity(remarks)


_Say = Callable[[Literal["error", "warning", "info"], str, str], None]


def _sayer(remarks: list[Remark]) -> _Say:
    def say(severity: Literal["error", "warning", "info"], code: str, text: str) -> None:
        remarks.append(Remark(severity, code, text, "", "RFC 8461 3.2"))

    return say


def _check(values: dict[str, str], mx: list[str], say: _Say) -> None:
    if values.get("version") != "STSv1":
        say("error", "sts-version", "the policy does not say `version: STSv1`")
    if values.get("mode") not in MODES:
        say("error", "sts-mode", f"the mode of the policy is none of {', '.join(MODES)}")
    age = values.get("max_age", "")
    if not (age.isascii() and age.isdecimal() and len(age) <= 10 and int(age) <= MAX_AGE):
        say("error", "sts-max-age", f"max_age is no number of seconds up to {MAX_AGE}")
    elif int(age) < SHORT_AGE:
        say("warning", "sts-short", f"max_age is {age} seconds; a policy should live for weeks")
    if not mx and values.get("mode") != "none":
        say("error", "sts-no-mx", "the policy names no mx")
    for pattern in mx:
        if not _is_pattern(pattern):
            say("error", "sts-pattern", f"mx: {pattern[:80]} is no name, nor `*.` and a name")
    if values.get("mode") == "testing":
        say("info", "sts-testing", "mode testing: failures are reported, and mail is delivered")


def _is_pattern(pattern: str) -> bool:
    try:
        name = ascii_name(pattern.removeprefix("*."))
    except NoName:
        return False
    return name == pattern.removeprefix("*.").removesuffix(".")
