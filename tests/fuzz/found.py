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
    ("text for reports", "\ud800"),
)
