"""Line ends that are none."""

from __future__ import annotations

from dataclasses import replace

from smtpconsole.composer.draft import Draft
from smtpconsole.composer.messages import message


@message(
    expects="550 or 451 where bare line feeds are refused; 250 where they are borne or mended",
    codes=(250, 421, 451, 500, 550, 554),
)
def bare_lf(draft: Draft) -> Draft:
    """What the server does with LF and CR that stand alone (RFC 5321, 2.3.8)."""
    return replace(
        draft, subject="Bare line ends", body_octets=b"a bare LF:\na bare CR:\rand the end\r\n"
    )
