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
# One without an end is taken to the end of the text, so that nothing is looked at twice.
_QUOTED = re.compile(r'"(?:\\.|[^"\\])*("|\\?\Z)', re.DOTALL)


def mailbox(text: str) -> str:
    """The bare address in what somebody wrote; ValueError if it would break out of its path."""
    if _PLAIN.fullmatch(text):
        return text
    if _CONTROL.search(text):
        raise ValueError(f"the address {text!r} contains a prohibited control character")
    text = text.strip()
    # Quoted strings may hold anything: look for brackets in a copy without them.
    plain = _QUOTED.sub(_covered, text)
    text, plain = _without_comments(text, plain)
    name, bracket, rest = plain.partition("<")
    if bracket:
        bare, _, after = rest.partition(">")
        if ">" in name or after.strip():
            raise ValueError(f"the address {text!r} goes on after its closing bracket")
        begin = len(name) + 1
        text, plain = text[begin : begin + len(bare)].strip(), bare.strip()
    if re.search(r"[<>\s]", plain):
        raise ValueError(f"the address {text!r} contains a blank or bracket outside of quotes")
    return text


def _covered(found: re.Match[str]) -> str:
    return "_" * len(found[0]) if found[1] == '"' else found[0]


def _without_comments(text: str, plain: str) -> tuple[str, str]:
    """Both without what stands in parentheses in the second; they nest (RFC 5322, 3.2.2)."""
    opened: list[int] = []
    comments: list[tuple[int, int]] = []  # none within another
    for found in re.finditer(r"[()]", plain):
        if found[0] == "(":
            opened.append(found.start())
        elif opened:
            begin = opened.pop()
            while comments and comments[-1][0] > begin:
                comments.pop()
            comments.append((begin, found.end()))
    begins = [0, *(end for _, end in comments)]
    ends = [*(begin for begin, _ in comments), len(plain)]
    pieces = list(zip(begins, ends, strict=True))
    return (
        "".join(text[begin:end] for begin, end in pieces).strip(),
        "".join(plain[begin:end] for begin, end in pieces).strip(),
    )


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
