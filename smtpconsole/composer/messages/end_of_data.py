"""Text that looks like the end of data to a server that is not careful."""

from __future__ import annotations

from dataclasses import replace

from smtpconsole.composer.draft import Draft
from smtpconsole.composer.messages import message

_BODY = (
    b"Each of the next lines is the end of the data for some server that is not careful.\r\n"
    b"LF dot LF:\n.\nLF dot CRLF:\n.\r\nCR dot CR:\r.\rthe end, in truth\r\n"
)


@message(
    expects="one 250 or one refusal; a second reply means that mail can be smuggled to it",
    warning="only for a server of your own: one that is not careful takes text for commands",
    codes=(250, 421, 451, 500, 501, 502, 503, 550, 554),
)
def end_of_data(draft: Draft) -> Draft:
    """Whether LF and CR that stand alone end the data (CVE-2023-51764 and its kin).

    Nothing behind the false ends is a command, so nothing can be smuggled by it.
    """
    # With dots doubled behind bare line feeds there would be no false end left to test.
    return replace(draft, subject="Smuggling, harmless", body_octets=_BODY, bare_dots=True)
