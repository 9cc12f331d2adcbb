"""Parameters of MAIL and RCPT as data: how each is called and written, and who offers it.

1. A *wish* is a name and a value, `{"ret": "HDRS", "envid": "QQ 314"}`; `spelled` makes of it what
   goes on the line, or raises ValueError with a sentence that says what would be right.
2. `objections` says what the server, by what it has told, will not take.  Whether to send it all
   the same is up to the caller: a server may be sent what it has not advertised.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from smtpconsole.smtp import xtext
from smtpconsole.smtp.addresses import mailbox
from smtpconsole.smtp.capabilities import Capabilities

Wishes = Mapping[str, Any]

_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)
_BY = re.compile(r"([+-]?\d{1,9});([NR])(T?)", re.IGNORECASE | re.ASCII)
_NUMBER = re.compile(r"[+-]?\d{1,20}", re.ASCII)
_FREE = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*(=[\x21-\x3c\x3e-\x7e]+)?")  # RFC 5321, 4.1.2
_NOTIFY = ("SUCCESS", "FAILURE", "DELAY")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter."""

    name: str  # of the wish
    keyword: str  # on the line
    offered_by: str  # the EHLO keyword
    spell: Callable[[Any], str]  # the value as it is written; "" for none
    example: str
    rfc: str

    def written(self, value: Any) -> str:
        """The parameter; ValueError if the value is none it can have."""
        try:
            text = self.spell(value)
        except ValueError as error:
            why = "it is no UTF-8" if isinstance(error, UnicodeError) else error
            told = f"{self.keyword} cannot be {value!r}: {why} (for example {self.example})"
            raise ValueError(told) from None
        return f"{self.keyword}={text}" if text else self.keyword


@dataclass(frozen=True, slots=True)
class Objection:
    """Something the server has not offered, or has said it does not take."""

    parameter: str  # as it would be written
    text: str


class Unfit(ValueError):
    """The server will not take a message like this one; `objections` say why."""

    def __init__(self, objections: Sequence[Objection]) -> None:
        super().__init__("; ".join(each.text for each in objections))
        self.objections = tuple(objections)


# --- how values are written -------------------------------------------------------------------


def _flag(value: Any) -> str:
    if value is not True:
        raise ValueError("it takes no value")
    return ""


def _number(least: int, most: int) -> Callable[[Any], str]:
    def spell(value: Any) -> str:
        if isinstance(value, str) and _NUMBER.fullmatch(value) is None:
            raise ValueError("it is a number")
        try:
            number = int(value)
        except (TypeError, ValueError, OverflowError):
            raise ValueError("it is a number") from None
        if not least <= number <= most:
            raise ValueError(f"it is from {least} to {most}")
        return str(number)

    return spell


def _choice(*names: str) -> Callable[[Any], str]:
    def spell(value: Any) -> str:
        if str(value).upper() not in names:
            raise ValueError(f"it is one of {', '.join(names)}")
        return str(value).upper()

    return spell


def _envid(value: Any) -> str:
    text = xtext.encoded(_printable(value))
    if not 0 < len(text) <= 100:
        raise ValueError("it has 1 to 100 characters, written as xtext")
    return text


def _printable(value: Any) -> str:
    text = str(value)
    if not text.isascii() or not text.isprintable():
        raise ValueError("it is printable ASCII")
    return text


def _auth(value: Any) -> str:
    return "<>" if value in ("", "<>") else xtext.encoded(mailbox(str(value)))


def _by(value: Any) -> str:
    found = _BY.fullmatch(str(value))
    if found is None:
        raise ValueError("it is seconds, a semicolon, N (tell) or R (return), and T for a trace")
    if found[2].upper() == "R" and int(found[1]) <= 0:
        raise ValueError("with R the time is more than 0 seconds")
    return found[0].upper()


def _moment(value: Any) -> str:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("it needs a time zone")
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    text = str(value).upper()
    if not _DATE.fullmatch(text):
        raise ValueError("it is a date and time with a zone, as RFC 3339 has it")
    try:
        datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(str(error)) from None
    return text


def _rrvs(value: Any) -> str:
    if isinstance(value, datetime):
        return _moment(value)
    moment, semicolon, action = str(value).partition(";")
    if semicolon and action.upper() not in ("C", "R"):
        raise ValueError("behind the semicolon stands C (continue) or R (reject)")
    return _moment(moment) + (semicolon + action).upper()


def _notify(value: Any) -> str:
    words = value.split(",") if isinstance(value, str) else list(value)
    words = [str(word).strip().upper() for word in words]
    if words != ["NEVER"] and (not words or not set(words) <= set(_NOTIFY)):
        raise ValueError(f"it is NEVER, or a list of {', '.join(_NOTIFY)}")
    return ",".join(dict.fromkeys(words))


def _orcpt(value: Any) -> str:
    kind, semicolon, address = str(value).partition(";")
    if not semicolon or not re.fullmatch(r"[A-Za-z0-9-]+", kind):
        kind, address = "rfc822" if str(value).isascii() else "utf-8", mailbox(str(value))
    if kind.lower() == "utf-8":
        text = f"{kind};{xtext.utf8_address(address, smtputf8=False)}"
    elif not address.isascii():
        raise ValueError("an address beyond ASCII is of type utf-8")
    else:
        text = f"{kind};{xtext.encoded(address)}"
    if not address or len(text) > 500:
        raise ValueError("it is a type, a semicolon and an address, 500 characters at most")
    return text


_BODIES = ("7BIT", "8BITMIME", "BINARYMIME")
_YEARS = 999_999_999

MAIL: tuple[Parameter, ...] = (
    Parameter("size", "SIZE", "SIZE", _number(0, 10**20 - 1), "SIZE=4096", "RFC 1870"),
    Parameter("body", "BODY", "8BITMIME", _choice(*_BODIES), "BODY=8BITMIME", "RFC 6152"),
    Parameter("smtputf8", "SMTPUTF8", "SMTPUTF8", _flag, "SMTPUTF8", "RFC 6531"),
    Parameter("ret", "RET", "DSN", _choice("FULL", "HDRS"), "RET=HDRS", "RFC 3461 4.3"),
    Parameter("envid", "ENVID", "DSN", _envid, "ENVID=QQ314159", "RFC 3461 4.4"),
    Parameter("auth", "AUTH", "AUTH", _auth, "AUTH=<>", "RFC 4954 5"),
    Parameter("requiretls", "REQUIRETLS", "REQUIRETLS", _flag, "REQUIRETLS", "RFC 8689"),
    Parameter("by", "BY", "DELIVERBY", _by, "BY=3600;R", "RFC 2852 4"),
    Parameter(
        "hold_for", "HOLDFOR", "FUTURERELEASE", _number(1, _YEARS), "HOLDFOR=3600", "RFC 4865 4"
    ),
    Parameter(
        "hold_until",
        "HOLDUNTIL",
        "FUTURERELEASE",
        _moment,
        "HOLDUNTIL=2030-01-01T00:00:00Z",
        "RFC 4865 4",
    ),
    Parameter(
        "mt_priority", "MT-PRIORITY", "MT-PRIORITY", _number(-9, 9), "MT-PRIORITY=3", "RFC 6710 4"
    ),
    Parameter("prdr", "PRDR", "PRDR", _flag, "PRDR", "draft-hall-prdr"),
)
RCPT: tuple[Parameter, ...] = (
    Parameter("notify", "NOTIFY", "DSN", _notify, "NOTIFY=SUCCESS,DELAY", "RFC 3461 4.1"),
    Parameter("orcpt", "ORCPT", "DSN", _orcpt, "ORCPT=rfc822;you@example.org", "RFC 3461 4.2"),
    Parameter("rrvs", "RRVS", "RRVS", _rrvs, "RRVS=2030-01-01T00:00:00Z;C", "RFC 7293 3"),
)
_NAMES = {each.name: each for each in (*MAIL, *RCPT)}


# --- wishes -----------------------------------------------------------------------------------


def spelled(table: Sequence[Parameter], wishes: Wishes) -> list[str]:
    """The parameters of a command; `others` is a list of free ones.

    None and False are no wish.  ValueError says which value is wrong, and how it would be right;
    TypeError is for a name that is in no table.
    """
    left = {name: value for name, value in wishes.items() if _is_wished(value)}
    others = left.pop("others", ())
    if "hold_for" in left and "hold_until" in left:
        raise ValueError("a message is held for a time, or until a time, and not both")
    found = [each.written(left.pop(each.name)) for each in table if each.name in left]
    if left:
        raise TypeError(f"there is no parameter {', '.join(left)}")
    return [*found, *map(free, others)]


def _is_wished(value: Any) -> bool:
    return value is not None and value is not False  # and 0 is a value


def free(text: str) -> str:
    """Any parameter, as it is; ValueError if it has not the form of one (RFC 5321, 4.1.2)."""
    if _FREE.fullmatch(text) is None:
        raise ValueError(f"{text!r} has not the form of a parameter: NAME or NAME=VALUE, no blanks")
    return text


def objections(known: Capabilities, wishes: Wishes, *, is_secure: bool = True) -> list[Objection]:
    """What the server will not take of these wishes, of MAIL and RCPT alike."""
    found = []
    for name, value in wishes.items():
        parameter = _NAMES.get(name)
        if parameter is None or not _is_wished(value):
            continue
        written = parameter.written(value)
        text = _against(known, parameter, written.partition("=")[2], is_secure)
        if text:
            found.append(Objection(written, text))
    return found


def _against(known: Capabilities, parameter: Parameter, value: str, is_secure: bool) -> str:
    name = parameter.offered_by
    if parameter.keyword == "BODY" and value == "BINARYMIME":
        name = "BINARYMIME" if "CHUNKING" in known else "CHUNKING"
    if parameter.keyword == "REQUIRETLS" and not is_secure:
        return "REQUIRETLS can be asked for under TLS only"
    if name not in known and not (parameter.keyword == "BODY" and value == "7BIT"):
        return f"the server does not offer {name}, which {parameter.keyword} needs"
    check = _LIMITS.get(parameter.keyword)
    return check(known, value) if check is not None else ""


def _too_large(known: Capabilities, value: str) -> str:
    if known.size is None or int(value) <= known.size:
        return ""
    return f"the message has {int(value):,} octets, and the server takes {known.size:,} at most"


def _too_soon(known: Capabilities, value: str) -> str:
    least = _first_number(known, "DELIVERBY")
    seconds, _, mode = value.partition(";")
    if least is None or not mode.startswith("R") or int(seconds) >= least:
        return ""
    return f"the server needs {least} seconds at least to deliver or return a message"


def _too_long(known: Capabilities, value: str) -> str:
    most = _first_number(known, "FUTURERELEASE")
    if most is None or int(value) <= most:
        return ""
    return f"the server holds a message for {most} seconds at most"


def _first_number(known: Capabilities, name: str) -> int | None:
    word = re.match(r"\d{1,9}(?!\d)", known.parameters(name) or "")
    return int(word[0]) if word is not None else None


_LIMITS: dict[str, Callable[[Capabilities, str], str]] = {
    "SIZE": _too_large,
    "BY": _too_soon,
    "HOLDFOR": _too_long,
}
