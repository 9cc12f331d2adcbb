"""The program as the shell runs it, without its start: a process that has all loaded is forked.

A start takes a fifth of a second, most of it imports, and hundreds of tests want the program with
its own standard streams, status, and traceback if there is one.  What a start itself is (imports,
signals, terminals) is tested with `python -m smtpconsole`.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import gc
import importlib
import json
import os
import pkgutil
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryFile

_LONGEST = 1 << 18  # octets of a request
_PATIENCE = 60  # seconds
_turn = threading.Lock()


def run(
    *words: str,
    typed: str | bytes = "",
    state: Path | None = None,
    cwd: Path | None = None,
    umask: int = 0o022,
    **variables: str,
) -> subprocess.CompletedProcess[str]:
    """`smtpconsole` with these words and that on its standard input, which is a pipe."""
    if state is not None:
        variables["SMTPCONSOLE_STATE"] = str(state)
    wish = {
        "words": words,
        "variables": {**os.environ, **variables},
        "folder": os.fspath(cwd or Path.cwd()),
        "umask": umask,
    }
    octets = typed.encode() if isinstance(typed, str) else typed
    with _turn, TemporaryFile() as out, TemporaryFile() as err:
        reading, writing = os.pipe()
        starter = _starter()
        starter.settimeout(_PATIENCE)
        try:
            socket.send_fds(
                starter, [json.dumps(wish).encode()], [reading, out.fileno(), err.fileno()]
            )
        finally:
            os.close(reading)
        feeding = threading.Thread(target=_feed, args=(writing, octets))
        feeding.start()
        status = json.loads(starter.recv(_LONGEST))
        feeding.join()
        told = [_text(each.fileno()) for each in (out, err)]
    return subprocess.CompletedProcess(words, status, *told)


def _feed(descriptor: int, octets: bytes) -> None:
    with contextlib.suppress(BrokenPipeError), open(descriptor, "wb") as pipe:
        pipe.write(octets)


def _text(descriptor: int) -> str:
    octets = os.pread(descriptor, os.fstat(descriptor).st_size, 0)
    return octets.decode("utf-8", "backslashreplace").replace("\r\n", "\n")


@functools.cache
def _starter() -> socket.socket:
    """The process that is forked, one for all tests of this one."""
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with its:
        process = subprocess.Popen([sys.executable, __file__], stdin=its)
    atexit.register(process.wait)
    atexit.register(ours.close)
    return ours


# --- on the other side ------------------------------------------------------------------------


def _load() -> None:
    import eager

    import smtpconsole

    eager.install()
    for module in pkgutil.walk_packages(smtpconsole.__path__, "smtpconsole."):
        if not module.name.startswith("smtpconsole.tui") and not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    gc.collect()
    gc.freeze()  # so that no fork looks through, and thereby copies, what it shares


def _serve(wishes: socket.socket) -> Sequence[str]:
    """Fork for each wish, and tell the status; in a fork, the words of the program."""
    while True:
        octets, streams, _, _ = socket.recv_fds(wishes, _LONGEST, 3)
        if not octets:
            os._exit(0)
        if not (child := os.fork()):
            wishes.close()
            return _become(json.loads(octets), streams)
        for each in streams:
            os.close(each)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        wishes.send(json.dumps(status).encode())


def _become(wish: dict[str, object], streams: list[int]) -> Sequence[str]:
    for number, descriptor in enumerate(streams):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.environ.clear()
    os.environ.update(wish["variables"])  # type: ignore[call-overload]
    os.chdir(wish["folder"])  # type: ignore[arg-type]
    os.umask(wish["umask"])  # type: ignore[arg-type]
    return wish["words"]  # type: ignore[return-value]


def _as_the_program(words: Sequence[str]) -> int:
    from smtpconsole.cli import main

    sys.argv = ["smtpconsole", *words]
    try:
        main(prog_name="smtpconsole")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    except BaseException:
        traceback.print_exc()
    return 1


if __name__ == "__main__":
    _load()
    status = _as_the_program(_serve(socket.socket(fileno=os.dup(0))))
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # to take all apart that was loaded would take as long as a start
