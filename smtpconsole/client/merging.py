"""What came of a message: of as many transactions as it took, or of one that was not ended."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import TYPE_CHECKING, Any

from smtpconsole.client.errors import SMTPException, failure
from smtpconsole.client.receipt import Receipt
from smtpconsole.smtp.outcome import NO_REPLY, Delivery
from smtpconsole.smtp.replies import Reply

if TYPE_CHECKING:
    from smtpconsole.smtp.exchanges import Letter


def result(
    outcomes: Sequence[Delivery], parts: Sequence[Letter], sender: str, lost: SMTPException
) -> Receipt | SMTPException:
    """The receipt, or why there is none; `lost` is why some of the parts were not decided."""
    if any(each.is_delivered for each in outcomes):
        return Receipt(merged(outcomes, parts))
    if len(outcomes) == len(parts) and all(map(_is_decided, outcomes)):
        return failure(merged(outcomes, parts), sender)
    own = copy(lost)
    own.is_in_doubt = any(each.is_in_doubt for each in outcomes)
    return own.with_traceback(None)


def _is_decided(outcome: Delivery) -> bool:
    has_begun = outcome.mail is not NO_REPLY
    return has_begun and outcome.refusal is not None and not outcome.is_in_doubt


def merged(outcomes: Sequence[Delivery], parts: Sequence[Letter]) -> Delivery:
    """As of one transaction; who was never named to the server has no reply."""
    if len(parts) == 1:
        return outcomes[0]
    pairs, words = list[tuple[Any, Reply]](), list[Reply]()
    for at, (_, rcpts, _) in enumerate(parts):
        outcome = outcomes[at] if at < len(outcomes) else Delivery()
        pairs += outcome.recipients
        words += [
            word or NO_REPLY
            for (_, reply), (_, word) in zip(outcome.recipients, outcome.outcomes, strict=True)
            if reply.is_positive
        ]
        unnamed = rcpts[len(outcome.recipients) :]
        pairs += [(rcpt.about, outcome.refusal or NO_REPLY) for rcpt in unnamed]
    return Delivery(outcomes[0].mail, pairs, outcomes[-1].data, words, is_each=True)
