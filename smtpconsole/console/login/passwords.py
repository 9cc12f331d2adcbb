"""Where secrets come from: a program, the environment, netrc, the keyring, or a person.

Nothing is looked up unasked, and what is found is told to nobody but the caller.
"""

from __future__ import annotations

import asyncio
import netrc
import os
import shlex
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from smtpconsole.console.answers import ConsoleError
from smtpconsole.console.filenames import path_of

PATIENCE = 120  # seconds: a program may ask the person itself

Asked = Callable[[], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Source:
    """What was said of where the secret is; at most one of these is given."""

    command: str = ""
    variable: str = ""
    from_netrc: bool = False
    from_keyring: bool = False
    file: str = ""

    def check(self) -> None:
        """ConsoleError if there is more than one."""
        given = [bool(each) for each in (self.command, self.variable, self.file)]
        if sum((*given, self.from_netrc, self.from_keyring)) > 1:
            raise ConsoleError("a secret comes from one place; name only one of them")

    @property
    def is_given(self) -> bool:
        return bool(
            self.command or self.variable or self.from_netrc or self.from_keyring or self.file
        )

    def __str__(self) -> str:
        told = {
            f"what `{self.command}` prints": self.command,
            f"the variable {self.variable}": self.variable,
            "netrc": self.from_netrc,
            "the keyring": self.from_keyring,
            f"the first line of {self.file}": self.file,
        }
        return next((words for words, is_so in told.items() if is_so), "asked for")

    async def secret(self, host: str, user: str) -> str:
        """The secret; ConsoleError where there is none."""
        if self.command:
            return await from_command(self.command)
        if self.file:
            return from_file(self.file)
        if self.variable:
            return from_environment(self.variable)
        if self.from_netrc:
            return netrc_entry(host, user)[1]
        return await from_keyring(host, user)


async def from_command(command: str) -> str:
    """The first line that a program prints; it is started without a shell."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise ConsoleError(f"the command cannot be read: {str(error).lower()}") from error
    if not words:
        raise ConsoleError("which command?", '--password-command "pass show mail"')
    try:
        program = await asyncio.create_subprocess_exec(
            *words,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConsoleError(f"{words[0]} cannot be started: {reason.lower()}") from error
    try:
        async with asyncio.timeout(PATIENCE):
            told, complaint = await program.communicate()
    except TimeoutError:
        raise ConsoleError(f"{words[0]} said nothing within {PATIENCE} seconds") from None
    finally:
        if program.returncode is None:
            program.kill()
            await program.wait()
    if program.returncode:
        last = complaint.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise ConsoleError(
            f"{words[0]} failed with code {program.returncode}", *([last] if last else [])
        )
    secret = told.decode("utf-8", "surrogateescape").partition("\n")[0].rstrip("\r")
    if not secret:
        raise ConsoleError(f"{words[0]} printed no secret")
    return secret


def from_file(name: str) -> str:
    """The first line of a file."""
    try:
        with path_of(name).open(encoding="utf-8", errors="surrogateescape") as file:
            secret = file.readline().rstrip("\r\n")
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ConsoleError(f"{name} cannot be read: {reason}") from error
    if not secret:
        raise ConsoleError(f"the first line of {name} is empty")
    return secret


def from_environment(variable: str) -> str:
    """What a variable of the environment holds."""
    secret = os.environ.get(variable, "")
    if not secret:
        raise ConsoleError(
            f"the variable {variable} is not set, or empty",
            "it must be exported before smtpconsole starts",
        )
    return secret


def netrc_entry(host: str, user: str = "") -> tuple[str, str]:
    """User and password for a host, of the file that $NETRC names or of ~/.netrc."""
    path = Path(os.environ.get("NETRC") or Path.home() / ".netrc")
    try:
        # With its own name the file must be readable to its owner alone.
        is_usual = "NETRC" not in os.environ
        entries = netrc.netrc() if is_usual else netrc.netrc(str(path))
    except FileNotFoundError:
        raise ConsoleError(
            f"there is no {path}", "machine HOST login USER password SECRET"
        ) from None
    except netrc.NetrcParseError as error:
        if error.lineno is None:  # it is about whose the file is
            raise ConsoleError(f"{path} cannot be used: {error.msg}") from error
        # What it cannot read it quotes, and that may be a password.
        told = f"{path} cannot be used: line {error.lineno} cannot be read"
        raise ConsoleError(told, "machine HOST login USER password SECRET") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise ConsoleError(f"{path} cannot be used: {reason}") from error
    found = entries.authenticators(host)
    if found is None or not found[2]:
        raise ConsoleError(f"{path} has no password for {host}", f"machine {host} login USER ...")
    if user and found[0] and found[0] != user:
        raise ConsoleError(f"{path} has a password for {found[0]} at {host}, not for {user}")
    return found[0] or user, found[2]


async def from_keyring(host: str, user: str) -> str:
    """What the system's keyring holds for a user at a host."""
    try:
        import keyring
        import keyring.errors
    except ImportError:
        raise ConsoleError(
            "the keyring needs a package that is not installed",
            "pip install 'smtpconsole[keyring]'",
        ) from None
    try:
        secret = await asyncio.to_thread(keyring.get_password, host, user)
    except keyring.errors.KeyringError as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ConsoleError(f"the keyring cannot be used: {reason}") from error
    if not secret:
        raise ConsoleError(
            f"the keyring has nothing for {user} at {host}",
            f"keyring set {host} {user}   puts it there",
        )
    return secret
