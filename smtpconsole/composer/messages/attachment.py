"""Every octet there is, as a file beside the text."""

from __future__ import annotations

from dataclasses import replace

from smtpconsole.composer.draft import Draft
from smtpconsole.composer.messages import message
from smtpconsole.composer.parts import Attachment


@message(expects="250: it is taken; the file has the same 1,024 octets when it is saved")
def attachment(draft: Draft) -> Draft:
    """Whether a file survives the way, octet by octet, and keeps a name with umlauts."""
    file = Attachment("prüfung.bin", bytes(range(256)) * 4)
    text = "The file holds each of the 256 octets four times, in order.\n"
    return replace(draft, subject="A test of attachments", body=text, attachments=(file,))
