"""What a server says, spoilt on its way: octets, lines, ends of lines, codes, order, size."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st
from parsing import SECRET

_KNOWN = SECRET.encode()
STRANGE = (
    *(b"\r\n", b"250\r\n", b"250 \r\n", b"421 4.3.2 bye\r\n", b"354 go\r\n", b"334 \r\n"),
    *(b"220 go\r\n", b"353 x\r\n", b"250-\r\n", b"hello\r\n", b"99999 x\r\n", b"\xff\xfe\r\n"),
    *(b"250 \x1b]0;x\x07\x1b[2J[/red]<script>\r\n", b"250 a\rb\nc\0d\r\n", b"550-a\r\n250 b\r\n"),
    *(b"235 2.7.0 ok\r\n", b"334 %%\r\n", b"250-" + b"x" * 600 + b"\r\n250 y\r\n"),
    *(
        b"250 " + b"x" * 5000,
        b"250-x\r\n" * 600,
        b"\x16\3\1\0\5",
        b"334 cj14LHM9ZUE9PSxpPTQwOTY=\r\n",
    ),
    *(b"250 " + _KNOWN + b"\r\n", b"501 " + base64.b64encode(b"\0alice\0" + _KNOWN) + b"\r\n"),
)
_ENDS = (b"\n", b"\r", b"", b"\r\r\n", b"\n\r", b"\0")
_KINDS = ("flip", "drop", "double", "swap", "cut", "join", "code", "ends", "insert", "lose", "late")


@st.composite
def garbled(draw: Any, blocks: Sequence[bytes]) -> list[bytes]:
    """What the server says in one go each, with up to three changes."""
    found = list(blocks)
    for _ in range(draw(st.integers(1, 3))):
        kind, at = draw(st.sampled_from(_KINDS)), draw(st.integers(0, max(0, len(found) - 1)))
        if not found:
            break
        if kind == "lose":
            del found[at]
        elif kind == "join":
            found[at : at + 2] = [b"".join(found[at : at + 2])]
        elif kind == "late":
            found[at : at + 2] = reversed(found[at : at + 2])
        else:
            found[at] = _changed(draw, kind, found[at])
    return found


def _changed(draw: Any, kind: str, block: bytes) -> bytes:
    lines = block.splitlines(keepends=True) or [b""]
    at = draw(st.integers(0, len(lines) - 1))
    line = lines[at]
    match kind:
        case "flip":
            place, bits = draw(st.integers(0, len(block))), draw(st.integers(1, 255))
            return bytes(each ^ (bits if here == place else 0) for here, each in enumerate(block))
        case "drop":
            del lines[at]
        case "double":
            lines[at:at] = [line] * draw(st.sampled_from([1, 3, 600]))
        case "swap":
            lines[at : at + 2] = reversed(lines[at : at + 2])
        case "cut":
            return block[: draw(st.integers(0, len(block)))]
        case "code":
            place = draw(st.integers(0, 2))
            lines[at] = (
                line[:place]
                + draw(st.sampled_from(list("0123459x -"))).encode()
                + line[place + 1 :]
            )
        case "ends":
            lines[at] = line.rstrip(b"\r\n") + draw(st.sampled_from(_ENDS))
        case "insert":
            lines.insert(at + draw(st.integers(0, 1)), draw(st.sampled_from(STRANGE)))
    return b"".join(lines)
