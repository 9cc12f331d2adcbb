"""A message in a message in a message, as forwarding makes them."""

from __future__ import annotations

from dataclasses import replace

from smtpconsole.composer.draft import Draft
from smtpconsole.composer.messages import message

_DEPTH = 12


@message(expects="250: it is taken; scanners with a limit say so, and do not break")
def nested(draft: Draft) -> Draft:
    """Whether scanners and readers bear multiparts twelve deep."""
    part = b"Content-Type: text/plain\r\n\r\nThe innermost text.\r\n"
    for depth in range(_DEPTH, 0, -1):
        mark = b"level-%d" % depth
        kind = b"multipart/mixed; boundary=%b" % mark
        body = b"--%b\r\n%b--%b--\r\n" % (mark, part, mark)
        part = b"Content-Type: %b\r\n\r\n%b" % (kind, body)
    headers = (("MIME-Version", "1.0"), ("Content-Type", kind.decode()))
    return replace(draft, subject="Twelve deep", headers=headers, body_octets=body)
