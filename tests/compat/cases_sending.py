"""Whole messages: envelopes, options, extensions, refusals, and `send`."""

from __future__ import annotations

from email.header import Header
from email.message import EmailMessage, Message
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from functools import partial
from typing import Any

from stage import EHLO, PIPELINING, Call, Case, Outcome, play

TEXT = "Subject: x\n\nHi\n.dot"
OFFERS = {
    "all": EHLO,
    "pipelining": PIPELINING,
    "nothing": b"250 server.example\r\n",
    "helo": b"502 what?\r\n",
}


def message(**headers: str) -> EmailMessage:
    made = EmailMessage()
    for name, value in ({"From": "a@x", "To": "b@x", "Subject": "s"} | headers).items():
        made[name.replace("_", "-")] = value
    made.set_content("Hi\n.dot\n")
    return made


def legacy(**headers: Any) -> Message:
    made = MIMEMultipart()
    for name, value in ({"From": "a@x", "To": "b@x", "Subject": "s"} | headers).items():
        made[name.replace("_", "-")] = value
    made.attach(MIMEText("Hi ünï\n.dot\n", "plain", "utf-8"))
    made.set_boundary("==boundary==")
    return made


SENT: dict[str, Call] = {
    "one": lambda smtp, _: smtp.sendmail("a@x", "b@x", TEXT),
    "bytes": lambda smtp, _: smtp.sendmail("a@x", ["b@x"], TEXT.encode()),
    "empty": lambda smtp, _: smtp.sendmail("a@x", ["b@x"], ""),
    "line-ends": lambda smtp, _: smtp.sendmail("a@x", ["b@x"], "a\rb\nc\r\nd\n\r.\r\n"),
    "dots": lambda smtp, _: smtp.sendmail("a@x", ["b@x"], ".\n..\n.x\n."),
    "8bit": lambda smtp, _: smtp.sendmail("a@x", ["b@x"], b"caf\xe9\r\n"),
    "non-ascii-text": lambda smtp, _: smtp.sendmail("a@x", ["b@x"], "café"),
    "many": lambda smtp, _: smtp.sendmail("a@x", [f"b{n}@x" for n in range(9)], TEXT),
    "twice": lambda smtp, _: smtp.sendmail("a@x", ["b@x", "b@x"], TEXT),
    "tuple": lambda smtp, _: smtp.sendmail("a@x", ("b@x", "c@x"), TEXT),
    "nobody": lambda smtp, _: smtp.sendmail("a@x", [], TEXT),
    "null-sender": lambda smtp, _: smtp.sendmail("", ["b@x"], TEXT),
    "names": lambda smtp, _: smtp.sendmail('"A" <a@x>', ["B <b@x>", "<c@x>"], TEXT),
    "mail-options": lambda smtp, _: smtp.sendmail(
        "a@x", "b@x", TEXT, mail_options=["BODY=8BITMIME", "RET=HDRS"]
    ),
    "rcpt-options": lambda smtp, _: smtp.sendmail(
        "a@x", ["b@x", "c@x"], TEXT, rcpt_options=("NOTIFY=NEVER",)
    ),
    "iterators": lambda smtp, _: smtp.sendmail(
        "a@x", ["b@x", "c@x"], TEXT, mail_options=iter(["X=1"]), rcpt_options=iter(["Y=1"])
    ),
    "smtputf8": lambda smtp, _: smtp.sendmail("ä@x", ["b@ü"], TEXT, mail_options=["smtputf8"]),
    "no-smtputf8": lambda smtp, _: smtp.sendmail("ä@x", ["b@x"], TEXT),
    "no-smtputf8-recipient": lambda smtp, _: smtp.sendmail("a@x", ["b@x", "ä@x"], TEXT),
    "idn": lambda smtp, _: smtp.sendmail("a@x", ["b@bücher.example"], TEXT),
    "control-in-option": lambda smtp, _: smtp.sendmail("a@x", "b@x", TEXT, mail_options=["X\r\n"]),
    "control-in-rcpt-option": lambda smtp, _: smtp.sendmail(
        "a@x", "b@x", TEXT, rcpt_options=["X\n"]
    ),
    "control-in-address": lambda smtp, _: smtp.sendmail("a@x", ["b@x", "c@x\r\nRSET"], TEXT),
    "injected-sender": lambda smtp, _: smtp.sendmail("a@x> AUTH=<", "b@x", TEXT),
    "injected-recipient": lambda smtp, _: smtp.sendmail("a@x", "b@x> NOTIFY=NEVER <c@x", TEXT),
    "two-messages": lambda smtp, _: _twice(smtp),
    "one-refused": lambda smtp, _: smtp.sendmail("a@x", ["b@x", "no@x", "c@x"], TEXT),
    "all-refused": lambda smtp, _: smtp.sendmail("a@x", ["no@x", "no@x"], TEXT),
    "sender-refused": lambda smtp, _: smtp.sendmail("no@x", ["b@x"], TEXT),
    "sender-refused-then-next": lambda smtp, library: _after_refusal(smtp, library),
    "email": lambda smtp, _: smtp.send_message(message()),
    "email-recipients": lambda smtp, _: smtp.send_message(
        message(Cc="c@x, D <d@x>", Bcc="e@x", To="b@x, b@x")
    ),
    "email-given": lambda smtp, _: smtp.send_message(message(), sender="z@x", recipients="y@x"),
    "email-given-list": lambda smtp, _: smtp.send_message(message(), recipients=["y@x", "w@x"]),
    "email-options": lambda smtp, _: smtp.send_message(
        message(), mail_options=["RET=FULL"], rcpt_options=["NOTIFY=FAILURE"]
    ),
    "email-body-given": lambda smtp, _: smtp.send_message(
        message(), mail_options=["body=8bitmime"]
    ),
    "email-sender": lambda smtp, _: smtp.send_message(message(Sender="s@x")),
    "email-resent": lambda smtp, _: smtp.send_message(
        message(Resent_Date="Mon, 1 Jan 2024 00:00:00 +0000", Resent_From="r@x", Resent_To="q@x")
    ),
    "email-utf8": lambda smtp, _: smtp.send_message(message(To="ü@x", Subject="ü")),
    "email-utf8-name": lambda smtp, _: smtp.send_message(message(To="Ü <u@x>")),
    "email-no-from": lambda smtp, _: smtp.send_message(_without(message(), "From")),
    "email-no-to": lambda smtp, _: smtp.send_message(_without(message(), "To")),
    "email-idn": lambda smtp, _: smtp.send_message(message(To="u@bücher.example")),
    "email-from-line": lambda smtp, _: smtp.send_message(_with_body(message(), "From me\n")),
    "legacy": lambda smtp, _: smtp.send_message(legacy()),
    "legacy-recipients": lambda smtp, _: smtp.send_message(legacy(Cc="c@x", Bcc="e@x, f@x")),
    "legacy-header": lambda smtp, _: smtp.send_message(legacy(To=Header("Ünï <b@x>", "utf-8"))),
    "legacy-utf8": lambda smtp, _: smtp.send_message(legacy(To="ü@x")),
    "legacy-from-line": lambda smtp, _: smtp.send_message(_plain("From me\nx\n")),
    "legacy-plain": lambda smtp, _: smtp.send_message(_plain("Hi\n")),
    "legacy-8bit": lambda smtp, _: smtp.send_message(_plain("café\n", "utf-8")),
}


async def _twice(smtp: Any) -> list[Any]:
    return [await smtp.sendmail("a@x", "b@x", TEXT) for _ in range(2)]


async def _after_refusal(smtp: Any, library: Any) -> Any:
    try:
        await smtp.sendmail("no@x", "b@x", TEXT)
    except library.SMTPSenderRefused:
        return await smtp.sendmail("a@x", "b@x", TEXT)


def _without(made: EmailMessage, name: str) -> EmailMessage:
    del made[name]
    return made


def _with_body(made: EmailMessage, body: str) -> EmailMessage:
    made.set_content(body)
    return made


def _plain(body: str, charset: str = "us-ascii") -> Message:
    made = MIMEText(body, "plain", charset)
    made["From"], made["To"] = "a@x", "b@x"
    return made


def run(library: Any, call: str, offer: str) -> Outcome:
    answers: dict[bytes, bytes | None] = {
        b"EHLO": OFFERS[offer],
        b"MAIL FROM:<no@x>": b"550 no sender\r\n",
        b"MAIL FROM:<no@x> size=23": b"550 no sender\r\n",
        b"RCPT TO:<no@x>": b"550 no recipient\r\n",
    }
    return play(library, SENT[call], answers)


CASES: dict[str, Case] = {
    f"sending-{call}/{offer}": partial(run, call=call, offer=offer)
    for call in SENT
    for offer in OFFERS
}

ANSWERED: dict[str, dict[bytes, bytes | None]] = {
    "mail-gone": {b"MAIL": b""},
    "rcpt-gone": {b"RCPT": b""},
    "data-gone": {b"DATA": b""},
    "content-gone": {b".": b""},
    "content-421": {b".": b"421 later\r\n"},
    "content-552": {b".": b"552 too big\r\n"},
    "rset-gone": {b"RCPT": b"550 no\r\n", b"RSET": b""},
    "all-550": {b"MAIL": b"550 no\r\n", b"RCPT": b"503 no\r\n", b"DATA": b"503 no\r\n"},
    "rcpt-550-data-554": {b"RCPT": b"550 no\r\n", b"DATA": b"554 nobody\r\n"},
    "data-451": {b"DATA": b"451 not now\r\n"},
}


def refuse(library: Any, answers: str, offer: str) -> Outcome:
    call: Call = lambda smtp, _: smtp.sendmail("a@x", ["b@x", "c@x"], TEXT)  # noqa: E731
    return play(library, call, {b"EHLO": OFFERS[offer], **ANSWERED[answers]})


CASES |= {
    f"refused-{answers}/{offer}": partial(refuse, answers=answers, offer=offer)
    for answers in ANSWERED
    for offer in ("all", "pipelining")
}


def send(library: Any, arguments: dict[str, Any], what: Any) -> Outcome:
    async def call(smtp: Any, _: Any) -> Any:
        given = {"hostname": smtp.hostname, "port": smtp.port, "start_tls": False}
        given |= {"local_hostname": smtp.local_hostname, "timeout": 2}
        return await library.send(what, **(given | arguments))

    return play(library, call, connect=False)


_SEND: dict[str, tuple[dict[str, Any], Any]] = {
    "text": ({"sender": "a@x", "recipients": "b@x"}, TEXT),
    "bytes": ({"sender": "a@x", "recipients": ["b@x", "c@x"]}, TEXT.encode()),
    "no-sender": ({"recipients": "b@x"}, TEXT),
    "no-recipients": ({"sender": "a@x"}, TEXT),
    "empty-recipients": ({"sender": "a@x", "recipients": []}, TEXT),
    "null-sender": ({"sender": "", "recipients": "b@x"}, TEXT),
    "email": ({}, message()),
    "email-given": ({"sender": "z@x", "recipients": ["y@x"]}, message()),
    "options": (
        {"sender": "a@x", "recipients": "b@x", "mail_options": ["A=1"], "rcpt_options": ["B=2"]},
        TEXT,
    ),
    "login": ({"sender": "a@x", "recipients": "b@x", "username": "u", "password": "p"}, TEXT),
    "clash": ({"sender": "a@x", "recipients": "b@x", "use_tls": True, "start_tls": True}, TEXT),
}
CASES |= {
    f"send-{name}": partial(send, arguments=arguments, what=what)
    for name, (arguments, what) in _SEND.items()
}
