"""The roots to trust: those of this machine, or of a file or folder that somebody names."""

from __future__ import annotations

import base64
import binascii
import contextlib
import functools
import os
import re
import ssl
from collections.abc import Iterable, Iterator
from pathlib import Path

from cryptography import x509

from smtpconsole.net.certificates import read
from smtpconsole.net.policy import TlsPolicy

_PEM = re.compile(rb"-----BEGIN (?:X509 )?CERTIFICATE-----([^-]*)-----END ")


@functools.cache
def system_roots() -> tuple[x509.Certificate, ...]:
    """What this machine trusts: OpenSSL's default file and folder, or SSL_CERT_FILE and _DIR."""
    paths = ssl.get_default_verify_paths()
    files = [Path(paths.cafile)] if paths.cafile else []
    if paths.capath:
        files += _files(Path(paths.capath))
    return _certificates(map(_text, files))


def trusted_by(policy: TlsPolicy) -> tuple[x509.Certificate, ...]:
    """What a policy trusts: its store, its file and its folder together.

    A given context tells what it has loaded; of a folder that is only what it has used, so this
    machine's come beside.
    """
    found = system_roots() if policy.trusts == "system" else ()
    if policy.trusts == "certifi":
        import certifi

        found = roots_from(certifi.where())
    if policy.given is not None:
        loaded = map(read, policy.given.get_ca_certs(binary_form=True))
        found += tuple(each for each in loaded if each is not None)
    for path in (policy.ca_file, policy.ca_folder):
        if path is not None:
            found += roots_from(path)
    return found


def roots_from(path: str | Path) -> tuple[x509.Certificate, ...]:
    """The certificates of a PEM file, or of every PEM file of a folder."""
    path = Path(path)
    try:
        texts = map(_text, _files(path)) if path.is_dir() else [path.read_bytes()]
    except OSError as error:
        raise ValueError(f"Cannot read {path} ({error.strerror}); check its name") from error
    found = _certificates(texts)
    if not found:
        raise ValueError(
            f"No readable certificate in {path}; give a PEM file, one with lines that say "
            "BEGIN CERTIFICATE, or a folder of such files"
        )
    return found


def _files(folder: Path) -> list[Path]:
    # A certificate folder is mostly links to the same few files (c_rehash).
    return [Path(name) for name in sorted({os.path.realpath(entry) for entry in folder.iterdir()})]


def _text(file: Path) -> bytes:
    """What a file of a folder holds: nothing, if it is a folder itself or not ours to read."""
    try:
        return file.read_bytes()
    except OSError:
        return b""


def _certificates(texts: Iterable[bytes]) -> tuple[x509.Certificate, ...]:
    ders = dict.fromkeys(der for text in texts for der in _ders(text))
    return tuple(found for der in ders if (found := read(der)) is not None)


def _ders(text: bytes) -> Iterator[bytes]:
    for block in _PEM.finditer(text):
        with contextlib.suppress(binascii.Error):
            yield base64.b64decode(block[1])
