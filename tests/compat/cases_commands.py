"""Every method before every kind of answer."""

from __future__ import annotations

from functools import partial
from typing import Any

from stage import GONE, SILENT, Call, Case, Outcome, play

MESSAGE = "Subject: x\n\nHi\n.dot\r.\r\nend"

CALLS: dict[str, tuple[bytes, Call]] = {  # the verb that gets the answer, and the call
    "helo": (b"HELO", lambda smtp, _: smtp.helo()),
    "ehlo": (b"EHLO", lambda smtp, _: smtp.ehlo()),
    "greet": (b"EHLO", lambda smtp, _: smtp.noop()),
    "help": (b"HELP", lambda smtp, _: smtp.help()),
    "rset": (b"RSET", lambda smtp, _: smtp.rset()),
    "noop": (b"NOOP", lambda smtp, _: smtp.noop()),
    "vrfy": (b"VRFY", lambda smtp, _: smtp.vrfy("a@example.org")),
    "expn": (b"EXPN", lambda smtp, _: smtp.expn("staff")),
    "mail": (b"MAIL", lambda smtp, _: smtp.mail("a@example.org")),
    "rcpt": (b"RCPT", lambda smtp, _: smtp.rcpt("b@example.org")),
    "data": (b"DATA", lambda smtp, _: smtp.data(MESSAGE)),
    "content": (b".", lambda smtp, _: smtp.data(MESSAGE)),
    "starttls": (b"STARTTLS", lambda smtp, _: smtp.starttls()),
    "quit": (b"QUIT", lambda smtp, _: smtp.quit()),
    "execute": (b"XYZ", lambda smtp, _: smtp.execute_command(b"xyz", b"a  b", b"")),
    "plain": (b"AUTH", lambda smtp, _: smtp.auth_plain("u", "p")),
    "login": (b"AUTH", lambda smtp, _: smtp.auth_login("u", "p")),
    "login-2": (b"CA==", lambda smtp, _: smtp.auth_login("u", "\x08")),
    "crammd5": (b"AUTH", lambda smtp, _: smtp.auth_crammd5("u", "p")),
    "xoauth2": (b"AUTH", lambda smtp, _: smtp.auth_xoauth2("u", "t")),
    "auth": (b"AUTH", lambda smtp, _: smtp.login("u", "p")),
    "sendmail-mail": (b"MAIL", lambda smtp, _: smtp.sendmail("a@x", ["b@x", "c@x"], MESSAGE)),
    "sendmail-rcpt": (b"RCPT", lambda smtp, _: smtp.sendmail("a@x", ["b@x", "c@x"], MESSAGE)),
    "sendmail-rcpt-2": (
        b"RCPT TO:<c@x>",
        lambda smtp, _: smtp.sendmail("a@x", ["b@x", "c@x", "d@x"], MESSAGE),
    ),
    "sendmail-data": (b"DATA", lambda smtp, _: smtp.sendmail("a@x", "b@x", MESSAGE)),
    "sendmail-content": (b".", lambda smtp, _: smtp.sendmail("a@x", "b@x", MESSAGE)),
    "sendmail-rset": (b"RSET", lambda smtp, _: smtp.sendmail("a@x", "x@x", MESSAGE)),
}

REPLIES: dict[str, bytes | None] = {
    **{
        str(code): b"%d 2.0.0 some text\r\n" % code
        for code in (200, 214, 220, 221, 235, 250, 251, 252)
    },
    **{str(code): b"%d some text\r\n" % code for code in (334, 354, 421, 450, 500, 535, 550)},
    "lines": b"250-first\r\n250-  second  \r\n250 third\r\n",
    "refused-lines": b"550-first\r\n550 second\r\n",
    "latin1": b"250 caf\xe9\r\n",
    "utf8": "250 café\r\n".encode(),
    "no-text": b"250\r\n",
    "blank-text": b"250 \r\n",
    "bare-lf": b"250 ok\n",
    "uncoded": b"hello\r\n",
    "two-digits": b" 25 x\r\n",
    "out-of-range": b"999 x\r\n",
    "changing": b"250-a\r\n550 b\r\n",
    "surplus": b"250 real\r\n250 extra\r\n",
    "gone": GONE,
    "silent": SILENT,
    "half": b"25",
}


def run(library: Any, call: str, reply: str) -> Outcome:
    verb, method = CALLS[call]
    answers: dict[bytes, bytes | None] = {verb: REPLIES[reply]}
    if call == "login-2":
        answers[b"AUTH"] = b"334 UGFzc3dvcmQ6\r\n"
    if call == "sendmail-rset":
        answers[b"RCPT"] = b"550 no\r\n"
    return play(library, method, answers, patience=0.03 if reply in ("silent", "half") else None)


CASES: dict[str, Case] = {
    f"{call}/{reply}": partial(run, call=call, reply=reply)
    for call in CALLS
    for reply in REPLIES
    # A surplus reply in mid-transaction leaves aiosmtplib waiting for ever.
    if not (call.startswith("sendmail") and reply == "surplus")
}


def watched(library: Any, method: Call) -> Outcome:
    """What passes through `execute_command`, which users override, and with which timeout."""
    said: list[Any] = []

    async def call(smtp: Any, library: Any) -> Any:
        execute = smtp.execute_command

        async def told(*args: bytes, **more: Any) -> Any:
            said.append((args, {name: str(value) for name, value in more.items()}))
            return await execute(*args, **more)

        smtp.execute_command = told
        return await method(smtp, library), said

    return play(library, call)


CASES |= {
    f"watched-{name}": partial(watched, method=method)
    for name, (_, method) in CALLS.items()
    if name
    not in ("execute", "starttls", "login-2", "crammd5", "auth", "plain", "xoauth2", "login")
}
