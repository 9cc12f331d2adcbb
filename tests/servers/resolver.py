"""A real unbound on loopback, which validates: the Debian package `unbound` as it is installed.

It asks nobody but the name server it is given, and trusts the keys it is told to.
"""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ports import free_port, wait_for

_DAEMON = Path("/usr/sbin/unbound")


@contextmanager
def running(
    folder: Path, *, zones: Sequence[str], server: int, anchors: Sequence[str]
) -> Iterator[int]:
    """The port of an unbound that asks the server on that port about these zones."""
    assert _DAEMON.exists(), "install the Debian package unbound"
    port = free_port()
    file = folder / "unbound.conf"
    file.write_text(_configuration(folder, port, zones, server, anchors))
    process = subprocess.Popen([_DAEMON, "-d", "-c", file], stderr=subprocess.PIPE)
    try:
        wait_for(port, "unbound")
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)


def _configuration(
    folder: Path, port: int, zones: Sequence[str], server: int, anchors: Sequence[str]
) -> str:
    stubs = "".join(
        f'stub-zone:\n name: "{name}"\n stub-addr: 127.0.0.1@{server}\n' for name in zones
    )
    trusted = "".join(f' trust-anchor: "{anchor}"\n' for anchor in anchors)
    return f"""\
server:
 interface: 127.0.0.1@{port}
 access-control: 127.0.0.0/8 allow
 do-not-query-localhost: no
 chroot: ""
 username: ""
 directory: "{folder}"
 pidfile: "{folder}/pid"
 use-syslog: no
 logfile: "{folder}/log"
 module-config: "validator iterator"
 local-zone: "test." nodefault
 ede: yes
{trusted}remote-control:
 control-enable: no
{stubs}"""
