"""Text whose paragraphs flow (RFC 3676): soft line ends for the wire, hard ones for the eye."""

from __future__ import annotations

WIDTH = 72  # RFC 3676, 4.2: at most 78, and there may be quotes before it
_STUFFED = (" ", ">", "From ")  # RFC 3676, 4.4


def flowed(text: str) -> str:
    """The text in short lines, of which those that go on end in a blank."""
    return "\n".join(line for paragraph in text.split("\n") for line in _lines(paragraph))


def unflowed(text: str) -> str:
    """The paragraphs of a flowed text."""
    paragraphs, pending = [], ""
    for line in text.split("\n"):
        bare = line.removeprefix(" ")
        pending += bare
        if bare.endswith(" ") and bare != "-- ":
            continue
        paragraphs.append(pending)
        pending = ""
    return "\n".join([*paragraphs, pending] if pending else paragraphs)


def _lines(paragraph: str) -> list[str]:
    if paragraph == "-- ":  # a signature's separator keeps its blank (4.3)
        return [paragraph]
    lines, rest = [], paragraph.rstrip(" ")
    while len(rest) > WIDTH and (blank := rest.rfind(" ", 1, WIDTH)) > 0:
        lines.append(rest[: blank + 1])
        rest = rest[blank + 1 :]
    return [f" {line}" if line.startswith(_STUFFED) else line for line in [*lines, rest]]
