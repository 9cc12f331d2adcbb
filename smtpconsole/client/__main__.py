"""python -m smtpconsole.client: a small sender that asks for all it needs."""

from __future__ import annotations

import sys

from smtpconsole.client.errors import SMTPException
from smtpconsole.client.smtp import SMTP, SMTP_PORT


def main() -> None:
    """Ask on stdin, and send; an error ends it with a sentence and code 1."""
    try:
        _ask_and_send()
    except (EOFError, KeyboardInterrupt):
        sys.exit("\nNothing was sent: the input ended before all was asked")
    except (SMTPException, ValueError) as error:
        sys.exit(f"Nothing was sent: {ascii(str(error))[1:-1]}")


def _ask_and_send() -> None:
    hostname = input("SMTP server hostname [localhost]: ").strip() or "localhost"
    port = input(f"SMTP server port [{SMTP_PORT}]: ").strip() or str(SMTP_PORT)
    if not port.isdecimal():
        raise ValueError(f"the port {port!r} is not a number, such as 25 or 587")
    sender = input("From: ").strip()
    recipients = [each.strip() for each in input("To: ").split(",")]
    print("Enter message, end with ^D:")
    message = sys.stdin.buffer.read()
    smtp = SMTP(hostname=hostname, port=int(port), start_tls=False)
    smtp.sendmail_sync(sender, recipients, message)


if __name__ == "__main__":
    main()
