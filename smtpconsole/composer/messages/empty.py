"""Nothing at all between DATA and the dot."""

from __future__ import annotations

from dataclasses import replace

from smtpconsole.composer.draft import Draft
from smtpconsole.composer.messages import message


@message(
    expects="250 from most; 550 or 554 where From and Date are insisted on",
    codes=(250, 550, 554),
)
def empty(draft: Draft) -> Draft:
    """What the server does with a message that has no header and no body."""
    return replace(draft, source=b"")
