"""Inputs that have broken a parser once, by the parser's name."""

from __future__ import annotations

from parsing import SECRET

FOUND: tuple[tuple[str, str | bytes], ...] = (
    ("records for mail", "v=DKIM1; k=rsa; p=\u202eMIGf"),
    ("octets with escapes", "\\z"),
    ("octets with escapes", "\\\0"),
    ("breakpoints", "text [[greylist"),
    ("breakpoints", "text a{99999999999999999999}"),
    ("expectations", "text [[greylist"),
    ("checks", "reply 250 [[a"),
    ("checks", "not " * 1000 + "tls on"),
    ("pasted paths", "''" * 300),
    ("values of settings", "9" * 300),
    ("values of settings", "~nobody-has-this-name"),
    (".netrc", f'machine mx "login alice password {SECRET}\n'.encode()),
    (".netrc", f'"machine mx login alice password {SECRET}\n'.encode()),
    ("transcripts of swaks", "<-  220 mx\n -> EHLO h\n<-  250 mx\n -> NOOP\n<**\n"),
    ("transcripts of sided", "C: EHLO me\nS:\nS: 250 x\n"),
    ("digests of exports", "\udcff\nx " + "0" * 64),
    ("answers of an HTTP proxy", b"HTTP/OK\r\n\r\n"),
    ("challenges of SCRAM-SHA-256", b"e="),
    ("EHLO replies", b"mx\nSIZE " + b"9" * 5000),
    ("parameters", "by \u0661\u0662;R"),
    ("parameters", "auth \ud800@x"),
    ("parameters", "size 1_0"),
    ("targets", "mx.example.org:" + "0" * 5000),
    ("targets", "mx.example.org:00002599999"),
    ("values of settings", "9" * 5000),
    ("resolvers", "192.0.2.1:" + "9" * 5000),
    ("commands with their words", "/repeat " + "9" * 5000 + " NOOP"),
    ("commands with their words", "/export --from " + "9" * 5000),
    ("the file of settings", b"[settings]\ntimeout = " + b"9" * 5000),
    ("the file of settings", b"[settings]\ntimeout = 0x" + b"f" * 5000),
    ("rules of the sandbox", "size = inf"),
    ("rules of the sandbox", "size = 0x" + "f" * 5000),
    ("rules of the sandbox", "x = " + "[" * 3000),
    ("rules of the sandbox", '[replies]\nx = "\u0665\u0665\u0660 no digits of SMTP"'),
    ("text for reports", "\ud800"),
)
