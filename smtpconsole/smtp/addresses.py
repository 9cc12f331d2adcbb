"""Mail addresses as the envelope needs them (RFC 5321, 4.1.2), out of what people write.

1. `mailbox()` finds the bare address in `Name <address>`, and takes what is bare as it is.
2. A wrong address is the server's to refuse; only what would end the path early and be read
   as a parameter, or as another command, is refused here.
3. The parser is our own: `email.utils.parseaddr` of older Python releases silently cuts off
   what it does not understand (CVE-2023-27043), and so mails somebody else.
"""

from __future__ import annotations

import re

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_PLAIN = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+")
_ASCII = ("ascii", "usascii")
_QUOTED = re.compile(r'"(?:\\.|[^"\\])*"')
_COMMENT = re.compile(r"\([^()]*\)")


def mailbox(text: str) -> str:
    """The bare address in what somebody wrote; ValueError if it would break out of its path."""
    if _PLAIN.fullmatch(text):
        return text
    if _CONTROL.search(text):
        raise ValueError(f"the address {text!r} contains a prohibited control character")
    text = text.strip()
    # Quoted strings may hold anything: look for brackets in a copy without them.
    plain = _QUOTED.sub(lambda found: "x" * len(found[0]), text)
    while comment := _COMMENT.search(plain):  # RFC 5322, 3.2.2: they nest
        text, plain = _without(text, comment).strip(), _without(plain, comment).strip()
    start = plain.find("<")
    if start >= 0:
        end = plain.find(">", start)
        stop = end if end >= 0 else len(text)
        if ">" in plain[:start] or (end >= 0 and plain[end + 1 :].strip()):
            raise ValueError(f"the address {text!r} goes on after its closing bracket")
        text, plain = text[start + 1 : stop].strip(), plain[start + 1 : stop].strip()
    if re.search(r"[<>\s]", plain):
        raise ValueError(f"the address {text!r} contains a blank or bracket outside of quotes")
    return text


def _without(text: str, found: re.Match[str]) -> str:
    return text[: found.start()] + text[found.end() :]


def path(text: str, *, encoding: str = "ascii") -> bytes:
    """The address between angle brackets, as MAIL and RCPT want it; `""` is the null sender.

    Where only ASCII goes, a domain of other letters is sent as A-labels.  UnicodeEncodeError
    for other letters before the @.
    """
    bare = mailbox(text)
    if not bare.isascii() and encoding.replace("-", "").lower() in _ASCII:
        bare = with_a_labels(bare)
    return f"<{bare}>".encode(encoding)


def needs_utf8(text: str) -> bool:
    """The address cannot be written in ASCII, not even with A-labels (RFC 6531, 3.3)."""
    return not with_a_labels(mailbox(text)).isascii()


def with_a_labels(address: str) -> str:
    """The address with its domain as A-labels (RFC 5891), where that can be done."""
    name, at, domain = address.rpartition("@")
    if domain.isascii():
        return address
    import idna  # heavy, and hardly ever wanted

    try:
        return f"{name}{at}{idna.encode(domain, uts46=True).decode('ascii')}"
    except idna.IDNAError:
        return address


def domain(address: str) -> str:
    """What stands behind the last @, in lower case; "" without one."""
    return address.rpartition("@")[2].lower() if "@" in address else ""
