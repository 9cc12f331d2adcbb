"""class Receipt: what became of a message; it unpacks as aiosmtplib's pair."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from smtpconsole.client.response import SMTPResponse, response

if TYPE_CHECKING:
    from smtpconsole.smtp.exchanges import Delivery


_NO_WORD = SMTPResponse(-1, "The connection ended before there was a word on this recipient")


class Receipt(tuple[dict[str, SMTPResponse], str]):
    """The refused recipients with their responses, and the server's last word: that is the pair.

    Beyond the pair it has every reply of the transaction (RFC 5321, 3.3).  Where the connection
    ended before there was a word on every recipient, as it can in LMTP, those without one are
    among the refused, with the code -1.
    """

    _delivery: Delivery

    def __new__(cls, delivery: Delivery) -> Self:
        if delivery.is_each or delivery.whole is not None:  # each has its own word, or has none
            refused = {
                str(who): response(reply) if reply is not None else _NO_WORD
                for who, reply in delivery.outcomes
                if reply is None or not reply.is_positive
            }
        else:
            refused = {str(who): response(reply) for who, reply in delivery.refused}
        text = response(delivery.content[0]).message if delivery.content else ""
        receipt = super().__new__(cls, (refused, text))
        receipt._delivery = delivery
        return receipt

    def __getnewargs__(self) -> tuple[Delivery]:  # for pickle
        return (self._delivery,)

    @property
    def mail(self) -> SMTPResponse:
        """The response to MAIL."""
        return response(self._delivery.mail)

    @property
    def recipients(self) -> list[tuple[str, SMTPResponse]]:
        """Each recipient as it was given, in order, also one given twice, with its response."""
        return [(str(who), response(reply)) for who, reply in self._delivery.recipients]

    @property
    def accepted(self) -> dict[str, SMTPResponse]:
        """The recipients that RCPT was positive for."""
        return {who: answer for who, answer in self.recipients if answer.code // 100 == 2}

    @property
    def refused(self) -> dict[str, SMTPResponse]:
        """The others."""
        return self[0]

    @property
    def content(self) -> list[SMTPResponse]:
        """The responses to the message: one, or in LMTP one for each accepted recipient."""
        return [response(reply) for reply in self._delivery.content]

    @property
    def delivered(self) -> dict[str, SMTPResponse]:
        """The recipients whom the server has taken the message for, with its word on it.

        For SMTP those accepted; for LMTP (RFC 2033, 4.2) and PRDR each has a word of its own.
        """
        return {
            str(who): response(reply)
            for who, reply in self._delivery.outcomes
            if reply is not None and reply.is_positive
        }
