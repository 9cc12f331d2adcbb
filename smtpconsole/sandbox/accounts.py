"""Who may log in, and what the sandbox answers for a recipient: data, no sockets."""

from __future__ import annotations

import hmac
from dataclasses import dataclass

DOMAIN = "sandbox.example"

# Recipients that are there to be refused; any other local part has a mailbox.
REFUSED = {
    "nobody": "550 5.1.1 No such user here",
    "busy": "450 4.2.1 Mailbox busy, try again later",
    "full": "552 5.2.2 Mailbox full",
}


@dataclass(frozen=True, slots=True)
class Accounts:
    """The one user who may log in, and the policy for recipients."""

    user: str
    password: str
    require_auth_for_relay: bool = True

    def has_login(self, user: bytes, password: bytes) -> bool:
        """Whether these are the user's name and password."""
        is_user = hmac.compare_digest(user, self.user.encode())
        return hmac.compare_digest(password, self.password.encode()) and is_user

    def answer(self, address: str, *, user: str | None) -> str:
        """The reply to RCPT for this address, when this user (or nobody) is logged in."""
        local_part, _, domain = address.rpartition("@")
        if not local_part and domain.lower() != "postmaster":  # RFC 5321, 4.1.1.3
            return f"553 5.1.3 The address needs a domain, such as @{DOMAIN}"
        if is_local(address):
            return REFUSED.get(local_part.lower(), "250 2.1.5 Ok")
        if user is None and self.require_auth_for_relay:
            return "554 5.7.1 Relay access denied"
        return "250 2.1.5 Ok; kept here, the sandbox never relays"


def is_local(address: str) -> bool:
    """Whether mail for this address ends here."""
    _, at, domain = address.rpartition("@")
    return not at or domain.lower() == DOMAIN
