"""What an EHLO reply offers, as aiosmtplib gives it: a dict and a list, in lower case."""

from __future__ import annotations

import re

__all__ = ("parse_esmtp_extensions",)

_OLD_AUTH = re.compile(r"auth=(.*)", re.IGNORECASE)


def parse_esmtp_extensions(message: str) -> tuple[dict[str, str], list[str]]:
    """Extensions with their parameters, and SASL mechanisms (RFC 5321, 4.1.1.1; RFC 4954, 3).

    `message` is the text of the reply without codes, a line each; its first line is a greeting.
    `AUTH=PLAIN` is how it was written before RFC 2554; mechanisms of both kinds add up.
    """
    extensions: dict[str, str] = {}
    mechanisms: list[str] = []
    for line in message.split("\n")[1:]:
        keyword, _, parameters = line.strip().partition(" ")
        if not keyword:
            continue
        if old := _OLD_AUTH.fullmatch(line.strip()):
            extensions["auth"] = old[1]
            mechanisms += old[1].lower().split()
            continue
        extensions[keyword.lower()] = parameters
        if keyword.lower() == "auth":
            mechanisms += parameters.lower().split()
    return extensions, mechanisms
