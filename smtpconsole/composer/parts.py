"""What a message is made of beside its texts: attachments and inline images."""

from __future__ import annotations

import mimetypes
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from smtpconsole.composer.errors import DraftError

Encoding = Literal["7bit", "8bit", "quoted-printable", "base64"]

LARGEST = 512 * 2**20  # octets of one file; the message is made in memory

_PACKED = frozenset({"gzip", "bzip2", "xz", "compress"})


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with the message, or an image that the HTML shows."""

    name: str
    data: bytes = field(repr=False)
    kind: str = "application/octet-stream"  # the media type
    content_id: str = ""  # without brackets; the HTML refers to it as cid:...

    @property
    def is_inline(self) -> bool:
        """The HTML shows it."""
        return bool(self.content_id)


def attached(path: Path, *, content_id: str = "") -> Attachment:
    """A file, read now, so that what is shown is what is sent; DraftError if it cannot be."""
    try:
        size = path.stat().st_size
        if size > LARGEST:
            raise DraftError(f"{path} has {size:,} octets, more than {LARGEST:,} can be attached")
        data = path.read_bytes()
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        problem = f"{path} cannot be attached: {why}; name a file that can be read"
        raise DraftError(problem) from error
    return Attachment(path.name, data, media_type(path.name), content_id)


def media_type(name: str) -> str:
    """The media type that a file's name suggests."""
    kind, packed = mimetypes.guess_type(name, strict=False)
    if packed in _PACKED:
        return f"application/{packed}"
    return kind or "application/octet-stream"
