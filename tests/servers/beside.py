"""Programs of Debian packages that are not installed, run where only they see themselves.

    folder = fetched("opensmtpd", kept)
    with started(folder, ["/usr/sbin/smtpd", "-d"], scratch, ports=[25], users={"smtpd": 999}): ...

Two MTAs cannot be installed at once.  So apt is asked what a package needs that this machine
lacks, and all of that is unpacked into a folder of its own: nothing is installed, no script of
a package is run.  The program runs in a mount namespace in which that folder lies over /usr;
what it writes to /etc, /var and /run is gone with it.  Root is needed, and CAP_SYS_ADMIN.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from ports import WAIT, wait_for

MIRROR = "http://deb.debian.org/debian"
BACKPORTED = {"opensmtpd": {"bookworm"}}  # where the suite's own is broken: 6.8 with OpenSSL 3

_KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"
_LIMIT = 120  # seconds for apt
_NAMESPACE = """\
set -e
mount -t tmpfs beside "$SCRATCH"
mount -t overlay -o "lowerdir=$FOLDER/usr:/usr" beside /usr
for name in etc var run; do
    mkdir -p "$SCRATCH/$name" "$SCRATCH/.$name"
    mount -t overlay -o "lowerdir=/$name,upperdir=$SCRATCH/$name,workdir=$SCRATCH/.$name" \\
        beside "/$name"
done
printf '%b' "$PASSWD" >>/etc/passwd
printf '%b' "$GROUP" >>/etc/group
mkdir -p $FOLDERS
exec "$@"
"""


def missing() -> str | None:
    """What this machine lacks to run anything beside."""
    if os.geteuid() != 0:
        return "the tests with real servers need root"
    for program in ("apt-get", "dpkg", "mount", "unshare"):
        if shutil.which(program) is None:
            return f"{program} is missing: packages beside what is installed need Debian's tools"
    return None


def fetched(package: str, kept: Path) -> Path:
    """The folder with a package and what it needs; only the first time takes a while."""
    problem = missing()
    assert problem is None, problem
    folder = kept / package
    with (kept / "lock").open("w") as lock:  # other runs may share the folder
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            _fetch(package, folder)
    return folder / "root"


def _fetch(package: str, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("archives/partial", "root/usr"):
        (folder / name).mkdir(parents=True)
    _download(package, folder)
    for archive in sorted((folder / "archives").glob("*.deb")):
        subprocess.run(["dpkg", "-x", archive, folder / "root"], check=True)
    _merge(folder / "root")
    (folder / "complete").touch()


@contextmanager
def started(
    folder: Path,
    command: Sequence[str | Path],
    scratch: Path,
    *,
    ports: Sequence[int],
    users: Mapping[str, int],
    folders: Sequence[str] = (),
) -> Iterator[None]:
    """Run a program of that folder, with users and folders that only it sees; then end it.

    `scratch` is an empty folder.  What the program says goes to `scratch.log` beside it.
    AssertionError with that, where the program does not listen on its ports.
    """
    environment = {
        **os.environ,
        "FOLDER": str(folder),
        "SCRATCH": str(scratch),
        "PASSWD": "".join(f"{name}:x:{n}:{n}::/nonexistent:\\n" for name, n in users.items()),
        "GROUP": "".join(f"{name}:x:{n}:\\n" for name, n in users.items()),
        "FOLDERS": " ".join(("/tmp", *folders)),
    }
    namespace = ["unshare", "--mount", "--propagation", "private", "sh", "-c", _NAMESPACE]
    with scratch.with_suffix(".log").open("wb") as log:
        process = subprocess.Popen(
            [*namespace, "beside", *command],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        for port in ports:
            _wait_for(process, port, scratch.with_suffix(".log"))
        yield
    finally:
        process.terminate()
        process.wait(WAIT)


def _wait_for(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    try:
        wait_for(port, str(process.args[-1]))  # type: ignore[index]  # a list
    except AssertionError as error:
        raise AssertionError(f"{error}\n{log.read_text('utf-8', 'replace')}") from None


def _download(package: str, folder: Path) -> None:
    wanted = package
    if _suite() in BACKPORTED.get(package, ()):
        wanted = f"{package}/{_suite()}-backports"
    lists = _lists(folder.parent)
    apt = {"Dir::Cache": folder, "Dir::Cache::archives": folder / "archives"}
    _apt(lists, apt, "--no-install-recommends", "--download-only", "install", wanted)


@cache
def _lists(folder: Path) -> Path:
    """What the archive has, asked for once a run; the machine's own lists stay as they are."""
    lists = folder / "lists"
    (lists / "partial").mkdir(parents=True, exist_ok=True)
    suites = [_suite()]
    if any(_suite() in each for each in BACKPORTED.values()):
        suites.append(f"{_suite()}-backports")
    lines = [f"deb [signed-by={_KEYS}] {_mirror()} {each} main\n" for each in suites]
    (folder / "sources.list").write_text("".join(lines))
    _apt(lists, {"Dir::Cache": folder}, "update")
    return lists


def _apt(lists: Path, more: Mapping[str, Path], *words: str) -> None:
    options: dict[str, object] = {
        "Dir::Etc::sourcelist": lists.parent / "sources.list",
        "Dir::Etc::sourceparts": "-",
        "Dir::State::lists": lists,
        "APT::Sandbox::User": "root",
        "Debug::NoLocking": "1",  # nothing of the machine's own is changed
        "Acquire::Retries": "3",
        **more,
    }
    apt = ["apt-get", "-q", "-y", *(f"-o{name}={value}" for name, value in options.items())]
    done = subprocess.run(
        [*apt, *words], capture_output=True, text=True, timeout=_LIMIT, check=False
    )
    assert done.returncode == 0, f"apt-get {' '.join(words)}: {done.stderr or done.stdout}"


def _suite() -> str:
    found = re.search(r"^VERSION_CODENAME=(\w+)", Path("/etc/os-release").read_text(), re.M)
    assert found is not None, "this is not a Debian with a codename"
    return found[1]


def _mirror() -> str:
    """The archive that this machine takes its packages from."""
    apt = Path("/etc/apt")
    files = (apt / "sources.list", *sorted((apt / "sources.list.d").glob("*")))
    told = "\n".join(file.read_text() for file in files if file.is_file())
    found = re.search(r"^[^#\n]*?(https?://\S+/debian)/?(?=\s)", told, re.M)
    return found[1] if found else MIRROR


def _merge(root: Path) -> None:
    """What a package still has in /lib or /bin belongs to /usr on a merged system."""
    for name in ("bin", "lib", "sbin"):
        if (root / name).is_dir():
            shutil.copytree(root / name, root / "usr" / name, symlinks=True, dirs_exist_ok=True)
