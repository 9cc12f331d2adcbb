"""Functions and values that need no server: addresses, messages, SASL, EHLO, exceptions."""

from __future__ import annotations

import importlib
import pickle
from email import message_from_bytes, policy
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage, Message
from typing import Any

from stage import Case, pure

ADDRESSES = [
    *("a@x", "a@[1.2.3.4]", "_______@x", "", "@@", "you", "listserv-members", "tést-lïst", "a@ü"),
    *('"A.Smith" <a@x>', "Ünï <a@x>", "Ünï <ä@x>", "<a@x>", "B. Smith <b@x", "<>", "A <>"),
    *('"a b"@x', '"a<b"@x', '"a>b"@x', '"a\\"b"@x', 'Name <"a b"@x>', 'N <"a\\"b"@x>'),
    *("a@x> AUTH=<b@x", "a@x> NOTIFY=NEVER ORCPT=rfc822;<b", "a@x>\tNOTIFY=NEVER", "a@x>"),
    *("a@x >", "a@x\r\nRCPT TO:<b@x>", " a@x ", "a@x (comment)", "a b@x", "a@x b", "a@x,b@x"),
    *("a@x\0", "a\t@x", "A  Smith  <a@x>", '"A, B" <a@x>', "a@x; b@x", "group: a@x;"),
]


def _address(name: str, address: str) -> Case:
    return pure(lambda library: getattr(_module(library, "email"), name)(address))


def _module(library: Any, name: str) -> Any:
    return importlib.import_module(f"{library.__name__}.{name}")


CASES: dict[str, Case] = {
    f"{name}/{address!r}": _address(name, address)
    for name in ("parse_address", "quote_address")
    for address in ADDRESSES
}

# --- messages ---------------------------------------------------------------------------------


def _legacy(*headers: tuple[str, Any], body: str = "Hi\n.x\nFrom me\n") -> Message:
    message = Message()
    for name, value in headers:
        message[name] = value
    message.set_payload(body)
    return message


def _email(*headers: tuple[str, Any], body: str = "Hi\n.x\nFrom me\n", **how: Any) -> EmailMessage:
    message = EmailMessage(**how)
    for name, value in headers:
        message[name] = value
    message.set_content(body)
    return message


_FROM, _TO = ("From", "a@x"), ("To", "b@x")
_DATE = ("Resent-Date", "Mon, 1 Jan 2024 00:00:00 +0000")
_LONG = ("Subject", "word " * 40)
MESSAGES = {
    "legacy": lambda: _legacy(_FROM, _TO),
    "legacy-many": lambda: _legacy(_FROM, ("To", "b@x, C <c@x>"), ("Cc", "b@x"), ("Bcc", "D@X")),
    "legacy-repeated": lambda: _legacy(_FROM, _TO, ("To", "c@x"), ("Cc", "d@x"), ("Cc", "e@x")),
    "legacy-sender": lambda: _legacy(_FROM, ("Sender", "s@x"), _TO),
    "legacy-resent": lambda: _legacy(
        _FROM, _TO, _DATE, ("Resent-From", "r@x"), ("Resent-To", "q@x")
    ),
    "legacy-resent-sender": lambda: _legacy(
        _FROM, _TO, _DATE, ("Resent-From", "r@x"), ("Resent-Sender", "rs@x"), ("Resent-Bcc", "q@x")
    ),
    "legacy-resent-twice": lambda: _legacy(_FROM, _TO, _DATE, _DATE, ("Resent-To", "q@x")),
    "legacy-bcc-only": lambda: _legacy(("Bcc", "b@x"), body=""),
    "legacy-empty": lambda: _legacy(body=""),
    "legacy-group": lambda: _legacy(("From", "undisclosed-recipients:;"), ("To", "g: b@x, c@x;")),
    "legacy-header": lambda: _legacy(("From", Header("Ünï <a@x>")), ("To", Header("b@x"))),
    "legacy-header-charset": lambda: _legacy(_FROM, ("To", Header("Ünï <b@x>", "utf-8"))),
    "legacy-header-two": lambda: _legacy(_FROM, ("To", Header("b@x, c@x"))),
    "legacy-encoded-word": lambda: _legacy(_FROM, ("To", "=?utf-8?q?=C3=BC?= <b@x>")),
    "legacy-utf8-address": lambda: _legacy(_FROM, ("To", "ü@x")),
    "legacy-long": lambda: _legacy(_FROM, _TO, _LONG),
    "legacy-parsed": lambda: message_from_bytes(
        b"From: a@x\nTo: b@x\nX: 1\n\t2\nBcc: c@x\n\ncaf\xe9\n.\n"
    ),
    "legacy-tuple": lambda: _legacy(_FROM, ("To", ("me@x", "you"))),
    "legacy-list": lambda: _legacy(_FROM, ("To", ["b@x", "C <c@x>"])),
    "legacy-injected": lambda: _legacy(("From", "a@x\r\nRCPT TO:<z@x>"), _TO),
    "email": lambda: _email(_FROM, _TO),
    "email-many": lambda: _email(_FROM, ("To", "b@x, C <c@x>"), ("Cc", "b@x"), ("Bcc", "D@X")),
    "email-address": lambda: _email(
        ("From", Address("Ä", "a", "x")), ("To", [Address("B", "b", "x"), Address("", "c", "x")])
    ),
    "email-sender": lambda: _email(_FROM, ("Sender", "s@x"), _TO),
    "email-resent": lambda: _email(_FROM, _TO, _DATE, ("Resent-From", "r@x"), ("Resent-To", "q@x")),
    "email-group": lambda: _email(("From", "undisclosed-recipients:;"), ("To", "g: b@x, c@x;")),
    "email-empty-group": lambda: _email(_FROM, ("To", "undisclosed-recipients:;"), ("Cc", "c@x")),
    "email-quoted": lambda: _email(_FROM, ("To", '"a b"@x, "N, M" <"c\\"d"@x>')),
    "email-utf8": lambda: _email(("From", "Ä <a@x>"), ("To", "ü@x"), ("Subject", "ß"), body="ü\n"),
    "email-long": lambda: _email(_FROM, _TO, _LONG),
    "email-long-lines": lambda: _email(_FROM, _TO, body="x" * 1200 + "\n"),
    "email-no-from": lambda: _email(_TO),
    "email-own-policy": lambda: _email(
        _FROM, _TO, _LONG, policy=policy.default.clone(max_line_length=None)
    ),
    "email-parsed": lambda: message_from_bytes(
        b"From: a@x\nTo: b@x\nX: 1\n\t2\nBcc: c@x\n\ncaf\xe9\n.\n", policy=policy.default
    ),
    "email-parsed-folded": lambda: message_from_bytes(
        b"From: a@x\r\nTo: b@x\r\nSubject: one\r\n two\r\n\r\nHi\r\n", policy=policy.SMTP
    ),
}


def _of_message(name: str, make: Any, **options: Any) -> Case:
    return pure(lambda library: getattr(_module(library, "email"), name)(make(), **options))


for _name, _make in MESSAGES.items():
    CASES[f"extract_sender/{_name}"] = _of_message("extract_sender", _make)
    CASES[f"extract_recipients/{_name}"] = _of_message("extract_recipients", _make)
    for _utf8, _cte in ((False, "7bit"), (False, "8bit"), (True, "8bit")):
        CASES[f"flatten/{_name}/{_utf8}/{_cte}"] = _of_message(
            "flatten_message", _make, utf8=_utf8, cte_type=_cte
        )

HEADERS: dict[str, Any] = {
    "text": "a@x, B <b@x>",
    "empty": "",
    "tuple": ("me@x", "you"),
    "header": Header("a@x"),
    "address": Address("", "a", "x"),
}
CASES |= {
    f"extract_addresses/{name}": pure(
        lambda library, value=value: _module(library, "email").extract_addresses(value)
    )
    for name, value in HEADERS.items()
}

# --- SASL and EHLO ----------------------------------------------------------------------------

PEOPLE = {
    "text": ("ü", "pä"),
    "bytes": (b"u", b"p\xff"),
    "empty": ("", ""),
    "long": ("u" * 99, "p"),
}
CASES |= {
    f"{name}/{who}": pure(
        lambda library, name=name, people=people: getattr(_module(library, "auth"), name)(*people)
    )
    for name in ("auth_plain_encode", "auth_login_encode", "auth_xoauth2_encode")
    for who, people in PEOPLE.items()
}
CASES |= {
    f"auth_crammd5_verify/{challenge!r}": pure(
        lambda library, challenge=challenge: _module(library, "auth").auth_crammd5_verify(
            "u", "p", challenge
        )
    )
    for challenge in (b"PDE+", "PDE+", b"", b"x", b"!!!!", b"PDE", "PDE+ ")
}
EHLOS = [
    *("", "x", "x\nSIZE 100\n\n 8BITMIME \nAUTH PLAIN LOGIN", "x\nAUTH=PLAIN\nAUTH LOGIN"),
    *("x\nAUTH PLAIN\nAUTH=LOGIN", "x\nsize", "x\nSIZE  1  2", "x\r\nFOO\tbar\r\nX a"),
]
CASES |= {
    f"parse_esmtp_extensions/{text!r}": pure(
        lambda library, text=text: _module(library, "esmtp").parse_esmtp_extensions(text)
    )
    for text in EHLOS
}

# --- values -----------------------------------------------------------------------------------

ERRORS: dict[str, tuple[Any, ...]] = {
    **dict.fromkeys(
        [
            *("SMTPException", "SMTPServerDisconnected", "SMTPConnectError", "SMTPTimeoutError"),
            *("SMTPConnectTimeoutError", "SMTPReadTimeoutError", "SMTPNotSupported"),
        ],
        ("text",),
    ),
    **dict.fromkeys(
        [
            *("SMTPResponseException", "SMTPConnectResponseError", "SMTPHeloError"),
            *("SMTPDataError", "SMTPAuthenticationError"),
        ],
        (550, "text"),
    ),
    "SMTPSenderRefused": (550, "text", "a@x"),
    "SMTPRecipientRefused": (550, "text", "b@x"),
    "SMTPRecipientsRefused": ([],),
}


def _facts(error: Exception) -> tuple[Any, ...]:
    again = pickle.loads(pickle.dumps(error))
    ancestors = [each.__name__ for each in type(error).__mro__]
    return (vars(error), error.args, str(error), repr(error), vars(again), repr(again), ancestors)


CASES |= {
    f"error/{name}": pure(
        lambda library, name=name, values=values: _facts(getattr(library, name)(*values))
    )
    for name, values in ERRORS.items()
}
CASES |= {
    f"error-misused/{name}": pure(
        lambda library, name=name: getattr(library, name)(message="text", code=1)
    )
    for name in ERRORS
}
CASES["status"] = pure(lambda library: [(s.name, s.value, f"{s}") for s in library.SMTPStatus])
CASES["status-modules"] = pure(
    lambda library: _module(library, "status").SMTPStatus is _module(library, "typing").SMTPStatus
)
CASES["response"] = pure(
    lambda library: (
        str(library.SMTPResponse(250, "a\nb")),
        repr(library.SMTPResponse(-1, "'\"\\")),
        library.SMTPResponse._fields,
    )
)
