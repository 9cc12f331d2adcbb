"""EICAR: the file that every virus scanner agrees to take for a virus."""

from __future__ import annotations

from dataclasses import replace

from smtpconsole.composer.draft import Draft
from smtpconsole.composer.messages import message
from smtpconsole.composer.parts import Attachment

# In two halves, so that a scanner does not take this file away.
_EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}" + b"$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


@message(
    expects="550 or 554 at the end of the data; 250 where viruses are set aside",
    warning="scanners on the way, also on this machine, will raise an alarm",
    codes=(250, 550, 554),
)
def eicar(draft: Draft) -> Draft:
    """Whether a virus scanner is there, and what it does; the file is harmless."""
    file = Attachment("eicar.com", _EICAR)
    text = "The attached file is the test file of EICAR. It does nothing.\n"
    return replace(draft, subject="A test of the virus scanner", body=text, attachments=(file,))
