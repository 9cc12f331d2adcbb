"""GTUBE: the text that every spam filter agrees to take for spam."""

from __future__ import annotations

from dataclasses import replace

from smtpconsole.composer.draft import Draft
from smtpconsole.composer.messages import message

# In two halves, so that this file is no spam itself.
_GTUBE = "XJS*C4JDBQADN1.NSBN3*2IDNEN*" + "GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"


@message(
    expects="550 or 554 at the end of the data; 250 where spam is marked or set aside",
    warning="it will be taken for spam, and may cost the sending address its reputation",
    codes=(250, 550, 554),
)
def gtube(draft: Draft) -> Draft:
    """Whether a spam filter is there, and what it does."""
    return replace(draft, subject="A test of the spam filter", body=f"{_GTUBE}\n")
