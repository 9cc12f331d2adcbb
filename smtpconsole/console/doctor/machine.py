"""Python, OpenSSL and its policy, the trust store, the clock, what may be installed."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import ssl
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from smtpconsole.console.doctor import Finding, check

EXTRAS = {  # module, extra: what it gives
    ("dkim", "dkim"): "DKIM signatures",
    ("keyring", "keyring"): "passwords from the desktop's keyring",
}
_STRICT = 2  # Debian's security level: 2048 bits, no SHA-1
_DAY = 86400


@check
def python() -> Iterator[Finding]:
    """The interpreter."""
    told = f"{platform.python_version()} in {sys.prefix}"
    if sys.version_info < (3, 13):
        told += "; from 3.13 on, certificate chains need no private interface of it"
    yield Finding("ok", "python", told)


@check
def openssl() -> Iterator[Finding]:
    """The library, and what its policy allows."""
    is_old = ssl.OPENSSL_VERSION_INFO < (3, 0)
    yield Finding(
        "warn" if is_old else "ok",
        "openssl",
        ssl.OPENSSL_VERSION,
        "versions before 3.0 are no longer maintained; install a newer Python" if is_old else "",
    )
    context = ssl.create_default_context()
    level = context.security_level
    lowest = context.minimum_version.name.replace("_", ".").replace("TLSv", "TLS ")
    lowest = "no lowest version" if "MINIMUM" in lowest else f"{lowest} at least"
    configured = os.environ.get("OPENSSL_CONF", "")
    source = f" (OPENSSL_CONF={configured})" if configured else ""
    told = f"security level {level}, {lowest}{source}"
    if level >= _STRICT:
        remedy = "for servers with keys below 2048 bits or SHA-1: /set ciphers DEFAULT@SECLEVEL=0"
        yield Finding("ok", "tls policy", f"{told}; old servers cannot be reached so", remedy)
    else:
        yield Finding("ok", "tls policy", told)
    if configured and not Path(configured).is_file():
        yield Finding("fail", "tls policy", f"there is no {configured}", "unset OPENSSL_CONF")


@check
def trust_store() -> Iterator[Finding]:
    """Who is trusted to vouch for servers."""
    for variable in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        given = os.environ.get(variable)
        if given and not Path(given).exists():
            yield Finding(
                "fail",
                "trust store",
                f"{variable} names {given}, which is not there",
                f"unset {variable}, or name what exists",
            )
    paths = ssl.get_default_verify_paths()
    count = ssl.create_default_context().cert_store_stats()["x509_ca"]
    where = paths.cafile or paths.capath
    hashed = list(Path(paths.capath).glob("*.0")) if paths.capath else []
    if count or hashed:
        yield Finding("ok", "trust store", f"{count or len(hashed)} authorities, from {where}")
    else:
        yield Finding(
            "fail",
            "trust store",
            "no authorities: no certificate can be verified",
            "install ca-certificates, or /set ca certifi --save",
        )


@check
def clock() -> Iterator[Finding]:
    """A clock that is behind finds certificates not yet valid."""
    now = time.time()
    newest = max(each.stat().st_mtime for each in Path(__file__).parent.glob("*.py"))
    told = time.strftime("%Y-%m-%d %H:%M:%S %z", time.localtime(now))
    if now + _DAY < newest:
        remedy = "set it, or certificates look expired or not yet valid"
        yield Finding("fail", "clock", f"{told} is before this program was installed", remedy)
    else:
        yield Finding("ok", "clock", told)


@check
def extras() -> Iterator[Finding]:
    """What is used where it is installed."""
    for (module, extra), what in EXTRAS.items():
        if importlib.util.find_spec(module) is not None:
            yield Finding("ok", extra, f"installed: {what}")
        else:
            yield Finding(
                "ok",
                extra,
                f"not installed: {what}",
                f"pip install 'smtpconsole[{extra}]', if you want that",
            )
    versions = [
        f"{name} {importlib.metadata.version(name)}"
        for name in ("textual", "prompt_toolkit", "dnspython", "cryptography")
    ]
    yield Finding("ok", "packages", ", ".join(versions))
