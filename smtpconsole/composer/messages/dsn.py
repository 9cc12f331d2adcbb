"""A message that asks for a receipt."""

from __future__ import annotations

from dataclasses import replace

from smtpconsole.composer.draft import Draft
from smtpconsole.composer.messages import message


@message(
    expects="250: a notification of success comes back, from this server or from the next",
    codes=(250, 501, 504, 555),
)
def dsn(draft: Draft) -> Draft:
    """Whether delivery status notifications work (RFC 3461)."""
    return replace(
        draft,
        mail_parameters=("RET=HDRS", "ENVID=smtpconsole-test"),
        rcpt_parameters=("NOTIFY=SUCCESS,FAILURE,DELAY",),
        subject="Please send a receipt",
        body="A notification of success should come back to the sender of this message.\n",
    )
