"""Delivery status notifications (RFC 3461, RFC 3464): the receipts that a sender asked for.

The sandbox sends nothing on, so a receipt is a letter in its own mailbox.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from email.utils import format_datetime, make_msgid

from smtpconsole.sandbox.house import House
from smtpconsole.sandbox.mailbox import Letter
from smtpconsole.smtp import xtext


def reports(house: House, letter: Letter) -> Iterator[Letter]:
    """The receipt for a letter, if one was asked for and there is somebody to send it to."""
    wanted = {
        address: _parameter("ORCPT", options)
        for address, options in zip(letter.recipients, letter.rcpt_options, strict=False)
        if "SUCCESS" in _parameter("NOTIFY", options).upper().split(",")
    }
    if not wanted or not letter.sender:
        return
    yield replace(
        letter,
        sender="",
        recipients=(letter.sender,),
        content=_content(house, letter, wanted),
        mail_options=(),
        rcpt_options=(),
        mailboxes=(letter.sender.partition("@")[0].lower(),),
        relayed=not house.is_local(letter.sender),
        user=None,
    )


def _parameter(wanted: str, options: tuple[str, ...]) -> str:
    """The value of a parameter as it was said, "" if it was not."""
    for option in options:
        name, _, value = option.partition("=")
        if name.upper() == wanted:
            return value
    return ""


def _content(house: House, letter: Letter, wanted: dict[str, str]) -> bytes:
    """The report on each of these recipients, with the original one as ORCPT told it."""
    envid = _plain(_parameter("ENVID", letter.mail_options))
    boundary = "receipt-of-the-sandbox"
    kind = 'multipart/report; report-type=delivery-status; boundary="' + boundary + '"'
    lines = [
        f"From: postmaster@{house.domain}",
        f"To: {letter.sender}",
        "Subject: Delivered",
        f"Date: {format_datetime(letter.received)}",
        f"Message-ID: {make_msgid(domain=house.domain)}",
        "Auto-Submitted: auto-replied",
        "MIME-Version: 1.0",
        f"Content-Type: {kind}",
        "",
        f"--{boundary}",
        "Content-Type: text/plain; charset=utf-8",
        "",
        f"Your message was delivered to {', '.join(wanted)}.",
        "",
        f"--{boundary}",
        "Content-Type: message/delivery-status",
        "",
        *([f"Original-Envelope-Id: {envid}"] if envid else []),
        f"Reporting-MTA: dns; {house.domain}",
        f"Arrival-Date: {format_datetime(letter.received)}",
    ]
    for address, orcpt in wanted.items():
        kind, _, original = orcpt.partition(";")
        lines += ["", *([f"Original-Recipient: {kind}; {_plain(original)}"] if original else [])]
        lines += [f"Final-Recipient: rfc822; {address}", "Action: delivered", "Status: 2.0.0"]
    lines += ["", f"--{boundary}", "Content-Type: text/rfc822-headers", ""]
    head = letter.content.partition(b"\r\n\r\n")[0].decode("utf-8", "surrogateescape")
    lines += [head, "", f"--{boundary}--", ""]
    return "\r\n".join(lines).encode("utf-8", "surrogateescape")


def _plain(text: str) -> str:
    """What xtext stands for, where that fits into a line of a report."""
    try:
        decoded = xtext.decoded(text)
    except ValueError:
        return text
    return decoded if decoded.isprintable() else text
