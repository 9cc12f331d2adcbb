"""T19, T21, T25: nothing is taken from the folder one stands in, nothing is fetched unasked."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from smtpconsole.sandbox import Sandbox

# Every socket that is not one of this machine's own ends the program, with the reason.
GUARD = """\
import os, socket, sys
def guard(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname"):
        place = arguments[0] if event.startswith("socket.get") else arguments[1]
        host = place[0] if isinstance(place, tuple) else place
        if str(host) not in ("localhost", "127.0.0.1", "::1", "None"):
            os.write(2, f"GUARD {event} {place}\\n".encode())
            os._exit(99)
sys.addaudithook(guard)
"""


def run(folder: Path, code: str, typed: str = "", *words: str) -> subprocess.CompletedProcess[str]:
    """Run Python under the guard, standing in a folder."""
    return subprocess.run(
        [sys.executable, "-c", GUARD + code, *words],
        input=typed,
        cwd=folder,
        env={**os.environ, "SMTPCONSOLE_STATE": str(folder / "state")},
        capture_output=True,
        text=True,
        check=False,
    )


MAIN = "from smtpconsole.cli import main\nmain(sys.argv[1:])\n"


def test_t19_no_file_of_the_folder_one_stands_in_is_read_or_run(tmp_path: Path) -> None:
    here = tmp_path / "hostile"
    here.mkdir()
    for name in (".smtpconsolerc", ".smtpconsole", "smtpconsole.toml", ".swaksrc", ".netrc"):
        (here / name).write_text("/raw OWNED\n[settings]\nname = 'owned'\n--to owned@x\n")
    config = here / ".config/smtpconsole"
    config.mkdir(parents=True)
    (config / "config.toml").write_text("name = 'owned'\n")
    for module in ("aiosmtpd", "sitecustomize", "tomlkit", "click", "trustme"):
        (here / f"{module}.py").write_text("print('OWNED')\nraise SystemExit(98)\n")
    with Sandbox() as sandbox:
        program = str(Path(sys.executable).with_name("smtpconsole"))
        done = subprocess.run(
            [program, f"localhost:{sandbox.port}"],
            input="/set name\nNOOP\n/quit\n",
            cwd=here,
            env={**os.environ, "SMTPCONSOLE_STATE": str(tmp_path / "state")},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0 and "C: NOOP" in done.stdout, done.stdout + done.stderr
    assert "owned" not in (done.stdout + done.stderr).lower()


def test_t21_what_a_certificate_names_is_shown_and_never_fetched(tmp_path: Path) -> None:
    with Sandbox() as sandbox:
        typed = "/starttls\n/tls\n/tls chain\n/explain STARTTLS\n/quit\n"
        done = run(tmp_path, MAIN, typed, f"localhost:{sandbox.port}", "--ca", sandbox.ca_file)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "TLS 1.3" in done.stdout and "GUARD" not in done.stderr


def test_t21_the_guard_can_fail(tmp_path: Path) -> None:
    done = run(tmp_path, MAIN, "/quit\n", "192.0.2.1:25")
    assert done.returncode == 99 and "GUARD socket." in done.stderr


def test_t25_importing_touches_no_network(tmp_path: Path) -> None:
    code = (
        "import pkgutil, importlib, smtpconsole\n"
        "for each in pkgutil.walk_packages(smtpconsole.__path__, 'smtpconsole.'):\n"
        "    if not each.name.endswith('__main__'): importlib.import_module(each.name)\n"
        "print('all of it')\n"
    )
    done = run(tmp_path, code)
    assert done.returncode == 0 and "all of it" in done.stdout, done.stderr
