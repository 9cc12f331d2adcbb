"""SASLprep (RFC 4013): names and passwords in the one form that both sides hash.

Unassigned code points pass: a server that holds a password with them has let them pass as well,
and Unicode 3.2, which the RFC knows, has no emoji.
"""

from __future__ import annotations

from smtpconsole.smtp.sasl import Failure, MechanismError


def prepared(octets: bytes, what: str) -> bytes:
    """The text prepared; MechanismError if it cannot be, `what` being its name.

    Octets that are no UTF-8 are what some other charset made of them, and stay as they are.
    """
    try:
        text = octets.decode()
    except UnicodeDecodeError:
        return octets
    if not (text.isascii() and text.isprintable()):
        text = _prepared(text, what)
    if not text:
        raise MechanismError(f"the {what} is empty", Failure.UNUSABLE)
    return text.encode()


def _prepared(text: str, what: str) -> str:
    # Heavy, and of no use to whoever keeps to ASCII.
    import stringprep
    import unicodedata

    mapped = "".join(
        " " if stringprep.in_table_c12(char) else char
        for char in text
        if not stringprep.in_table_b1(char)
    )
    text = unicodedata.ucd_3_2_0.normalize("NFKC", mapped)
    prohibited = (
        *(stringprep.in_table_c12, stringprep.in_table_c21_c22, stringprep.in_table_c3),
        *(stringprep.in_table_c4, stringprep.in_table_c5, stringprep.in_table_c6),
        *(stringprep.in_table_c7, stringprep.in_table_c8, stringprep.in_table_c9),
    )
    for char in text:
        if any(is_in(char) for is_in in prohibited):
            raise MechanismError(
                f"the {what} has a character that SASLprep prohibits (U+{ord(char):04X}, RFC 4013)",
                Failure.UNUSABLE,
            )
    is_right_to_left = [stringprep.in_table_d1(char) for char in text]
    if any(is_right_to_left) and (
        not is_right_to_left[0]
        or not is_right_to_left[-1]
        or any(map(stringprep.in_table_d2, text))
    ):
        raise MechanismError(
            f"the {what} mixes directions of writing as SASLprep prohibits (RFC 4013, 2.4)",
            Failure.UNUSABLE,
        )
    return text
