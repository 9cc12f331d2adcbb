"""One bounded HTTPS request, as strict as MTA-STS wants it (RFC 8461, 3.3).

1. No redirect is followed, nothing is cached, nothing but one document is asked for.
2. The certificate must prove the host; OpenSSL judges.
3. There is an end: of the time, and of the octets.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from dataclasses import dataclass, field

PORT = 443
TIMEOUT = 10.0  # seconds for the whole
MAX_HEAD = 16 * 1024
MAX_BODY = 64 * 1024


class FetchError(Exception):
    """The document cannot be had; the text says why, and the code what kind of trouble it is."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True, slots=True)
class Document:
    """What came."""

    body: bytes = field(repr=False)
    kind: str  # of the media, without parameters


async def fetch(
    host: str,
    path: str,
    *,
    addresses: tuple[str, ...],
    port: int = PORT,
    ca_file: str | None = None,
    timeout: float = TIMEOUT,
) -> Document:
    """GET a document from one of these addresses; FetchError if that is not possible."""
    context = ssl.create_default_context(cafile=ca_file)
    try:
        async with asyncio.timeout(timeout):
            reader, writer = await _connect(host, addresses, port, context)
            try:
                writer.write(_request(host, path))
                await writer.drain()
                return await _response(reader)
            finally:
                writer.transport.abort()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()
    except TimeoutError:
        text = f"{host} does not answer within {timeout:g} seconds"
        raise FetchError("timeout", text) from None
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError) as error:
        raise FetchError("not-http", f"{host} does not speak HTTP as it should") from error
    except OSError as error:
        raise FetchError("connect", f"{host} cannot be read from: {_reason(error)}") from error


async def _connect(
    host: str, addresses: tuple[str, ...], port: int, context: ssl.SSLContext
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection to the first address that takes one, and that proves to be the host."""
    failed: OSError = OSError("it has no address")
    for address in addresses:
        try:
            return await asyncio.open_connection(
                address, port, ssl=context, server_hostname=host, limit=MAX_HEAD
            )
        except ssl.SSLCertVerificationError as error:
            text = f"the certificate of {host} is not trusted: {error.verify_message}"
            raise FetchError("certificate", text) from error
        except ssl.SSLError as error:
            reason = (error.reason or str(error)).replace("_", " ").lower()
            raise FetchError("tls", f"{host} does not speak TLS as it should: {reason}") from error
        except OSError as error:
            failed = error
    raise failed


def _request(host: str, path: str) -> bytes:
    lines = (
        f"GET {path} HTTP/1.1",
        f"Host: {host}",
        "User-Agent: smtpconsole",
        "Accept: text/plain",
        "Connection: close",
    )
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode("ascii")


async def _response(reader: asyncio.StreamReader) -> Document:
    head = await reader.readuntil(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    version, _, rest = status.partition(" ")
    if not version.startswith("HTTP/1."):
        raise ValueError(status)
    fields = {
        name.strip().lower(): value.strip()
        for name, _, value in (line.partition(":") for line in lines)
    }
    code = int(rest[:3])
    if 300 <= code < 400:
        where = fields.get("location", "nowhere")[:200]
        raise FetchError("redirect", f"it redirects ({code}) to {where}, and must not")
    if code != 200:
        raise FetchError("status", f"the web server says {rest.strip()[:80]}")
    body = await _body(reader, fields)
    return Document(body, fields.get("content-type", "").partition(";")[0].strip().lower())


async def _body(reader: asyncio.StreamReader, fields: dict[str, str]) -> bytes:
    if fields.get("transfer-encoding", "").lower() == "chunked":
        return await _chunks(reader)
    length = int(fields["content-length"]) if "content-length" in fields else None
    if length is not None and not 0 <= length <= MAX_BODY:
        raise FetchError("too-large", _TOO_LARGE)
    body = bytearray()
    while length is None or len(body) < length:
        piece = await reader.read(MAX_BODY)
        body += piece
        if len(body) > MAX_BODY:
            raise FetchError("too-large", _TOO_LARGE)
        if not piece:
            break
    if length is not None and len(body) < length:
        raise FetchError("truncated", "the connection ended in the middle of the document")
    return bytes(body if length is None else body[:length])


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    """A body in chunks (RFC 9112, 7.1); their extensions and the trailer are not looked at."""
    body = b""
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0].strip(), 16):
        if size < 0 or len(body) + size > MAX_BODY:
            raise FetchError("too-large", _TOO_LARGE)
        body += await reader.readexactly(size)
        await reader.readuntil(b"\r\n")
    return body


def _reason(error: OSError) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "nothing listens there"
    return (error.strerror or str(error) or type(error).__name__).lower()


_TOO_LARGE = f"it is larger than {MAX_BODY // 1024} KiB"
