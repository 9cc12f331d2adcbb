"""The sandbox: listeners and conversations in a thread and event loop of their own.

A client that floods the sandbox, or a lesson that breaks it, must not hold up the console.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import secrets
import tempfile
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from smtpconsole.sandbox import deaf, house, login, transaction, verbs
from smtpconsole.sandbox.conversation import Conversation, Shared
from smtpconsole.sandbox.diary import Diary
from smtpconsole.sandbox.faults import Fault, Switches
from smtpconsole.sandbox.house import House
from smtpconsole.sandbox.mailbox import Mailbox
from smtpconsole.sandbox.wire import Wire

if TYPE_CHECKING:
    from smtpconsole.sandbox.certificates import Identity

__all__ = ["Sandbox", "login", "transaction", "verbs"]  # their verbs are registered

MAX_CLIENTS = 250  # at once; each may hold a message that is not complete
_HOSTS = ("localhost", "127.0.0.1", "::1")

log = logging.getLogger("smtpconsole.sandbox")


@dataclass(frozen=True, slots=True)
class Running:
    """What there is only between start and stop."""

    thread: threading.Thread
    directory: tempfile.TemporaryDirectory[str]
    listening: Listening


@dataclass(frozen=True, slots=True)
class Listening:
    """What the thread tells once it can be connected to."""

    loop: asyncio.AbstractEventLoop
    stopping: asyncio.Event
    ports: dict[str, int]


class Sandbox:
    """A mail server on this computer that keeps what it is sent and never sends anything on."""

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        tls_port: int | None = 0,
        lmtp_port: int | None = None,
        proxy_port: int | None = None,
        rules: House | None = None,
        password: str | None = None,
        faults: Sequence[Fault] = (),
        seed: int = 0,
        may_be_reached: bool = False,
        **changes: Any,
    ) -> None:
        """`rules` are those of `default.toml` if none are given, `changes` what is to be different
        in them, and `password` that of their first user.  A port of 0 is a free one, one of None
        is not listened on.  ValueError if others might reach it, unless that is wished."""
        self._host = _address(host, may_be_reached=may_be_reached)
        wanted = {"smtp": port, "tls": tls_port, "lmtp": lmtp_port, "proxy": proxy_port}
        self._ports = {name: number for name, number in wanted.items() if number is not None}
        self.rules = replace(rules or house.default(), **changes)
        if password is not None:
            self.rules = replace(self.rules, users={**self.rules.users, self.user: password})
        self.mailbox = Mailbox()  # outlives a stop
        self.diary = Diary()
        self.faults = Switches(faults, seed=seed)
        self.token = secrets.token_urlsafe(24)  # what XOAUTH2 takes; it protects nothing
        self._identity: Identity | None = None  # made at the start
        self._greylisted: dict[tuple[str, str, str], float] = {}
        self._running: Running | None = None
        self._deaf: ExitStack | None = None  # where the other address answers nobody
        self._lock = threading.RLock()
        self.faults.changed = self._turn_deaf

    def start(self) -> None:
        """Listen, and return when clients can connect; nothing if it does already."""
        with self._lock, ExitStack() as undo:
            if self._running:
                return
            if self._identity is None:
                from smtpconsole.sandbox import certificates  # which loads cryptography

                self._identity = certificates.good(*_HOSTS, self.rules.domain)
            directory = tempfile.TemporaryDirectory(prefix="smtpconsole-sandbox-")
            undo.callback(directory.cleanup)
            Path(directory.name, "ca.pem").write_bytes(self._identity.ca_pem)
            shared = Shared(
                self.rules,
                self.mailbox,
                self.diary,
                self.faults,
                self._identity,
                self.token,
                self._greylisted,
            )
            ready: Future[Listening] = Future()
            thread = threading.Thread(
                target=self._run, args=(shared, ready), name="smtpconsole-sandbox", daemon=True
            )
            thread.start()
            try:
                self._running = Running(thread, directory, ready.result())
            except Exception:
                thread.join()
                raise
            undo.pop_all()
            try:
                self._turn_deaf()
            except OSError:
                self.stop()
                raise

    def stop(self) -> None:
        """Dismiss all clients and close; nothing if it is not running."""
        with self._lock:
            running, self._running = self._running, None
            if running is None:
                return
            self._turn_deaf()
            listening = running.listening
            listening.loop.call_soon_threadsafe(listening.stopping.set)
            running.thread.join()
            running.directory.cleanup()

    def afresh(self, rules: House) -> Sandbox:
        """Another that may take its place: on the same ports and with the same certificate, and
        with nothing kept.  RuntimeError if this one is not running."""
        ports = self._now().listening.ports
        new = Sandbox(
            host=self._host,
            port=ports["smtp"],
            tls_port=ports.get("tls"),
            lmtp_port=ports.get("lmtp"),
            proxy_port=ports.get("proxy"),
            rules=rules,
            may_be_reached=True,
        )
        new._identity, new.token = self._identity, self.token
        return new

    def wait(self, seconds: float) -> None:
        """As if so much time had passed for those who have to come again."""

        def earlier() -> None:
            for key in self._greylisted:
                self._greylisted[key] -= seconds

        self._now().listening.loop.call_soon_threadsafe(earlier)

    def _turn_deaf(self) -> None:
        """Answer nobody at the other address of localhost, if a fault wants that."""
        with self._lock:
            is_wanted = self.is_running and any(fault.deaf for fault in self.faults.on)
            if is_wanted and self._deaf is None:
                self._deaf = deaf.listen(deaf.other(self._host), self.ports.values())
            elif not is_wanted and self._deaf is not None:
                self._deaf.close()
                self._deaf = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def is_running(self) -> bool:
        """Whether clients can connect."""
        return self._running is not None

    @property
    def host(self) -> str:
        """The address it listens on."""
        return self._host

    @property
    def port(self) -> int:
        """The port for clients that begin in the clear."""
        return self._now().listening.ports["smtp"]

    @property
    def tls_port(self) -> int | None:
        """The port for clients that begin with TLS, if there is one."""
        return self._now().listening.ports.get("tls")

    @property
    def lmtp_port(self) -> int | None:
        """The port for LMTP, if there is one."""
        return self._now().listening.ports.get("lmtp")

    @property
    def proxy_port(self) -> int | None:
        """The port on which a PROXY header comes first, if there is one."""
        return self._now().listening.ports.get("proxy")

    @property
    def ports(self) -> dict[str, int]:
        """All of them by name: smtp, tls, lmtp, proxy; none when it is not running."""
        return dict(self._running.listening.ports) if self._running is not None else {}

    @property
    def ca_file(self) -> Path:
        """The certificate of the authority to trust, in PEM; gone when the sandbox stops."""
        return Path(self._now().directory.name, "ca.pem")

    @property
    def user(self) -> str:
        """Somebody who can log in."""
        return next(iter(self.rules.users), f"alice@{self.rules.domain}")

    @property
    def password(self) -> str:
        """What that user logs in with; it protects nothing, and is told to everybody."""
        return self.rules.password(self.user) or ""

    def _now(self) -> Running:
        if self._running is None:
            raise RuntimeError("Sandbox is not running; start() it first")
        return self._running

    def _run(self, shared: Shared, ready: Future[Listening]) -> None:
        """The whole life of the thread."""
        try:
            with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
                runner.run(self._serve(shared, ready))
        except BaseException as error:
            if ready.done():
                log.exception("Sandbox died")
            else:
                ready.set_exception(error)

    async def _serve(self, shared: Shared, ready: Future[Listening]) -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(_note)
        # Nothing else holds a connection whose reading is paused.
        wires: set[Wire] = set()

        def listener(name: str) -> Callable[[], Wire]:
            def accepted() -> Wire:
                talk = Conversation(
                    shared,
                    has_tls=name == "tls",
                    is_lmtp=name == "lmtp",
                    is_proxied=name == "proxy",
                    is_refused=len(wires) >= MAX_CLIENTS,
                )
                wires.add(talk.wire)
                talk.wire.lost = wires.discard
                return talk.wire

            return accepted

        servers: dict[str, asyncio.Server] = {}
        with ExitStack() as listeners:
            for name, number in self._ports.items():
                server = await loop.create_server(listener(name), self._host, number)
                listeners.callback(server.close)
                servers[name] = server
            stopping = asyncio.Event()
            ports = {name: _port(server) for name, server in servers.items()}
            ready.set_result(Listening(loop, stopping, ports))
            await stopping.wait()
            # asyncio leaks the socket of a client accepted just before its listener closes
            # (python/cpython#109564): stop accepting first, and let the last ones in.
            for server in servers.values():
                for sock in server.sockets:
                    loop.remove_reader(sock)
            await _turns(3)
        await _dismiss(wires, shared.house.domain)


async def _dismiss(wires: set[Wire], domain: str) -> None:
    """Close every connection, and let asyncio close its socket."""
    for wire in tuple(wires):
        wire.dismiss(f"421 4.3.2 {domain} The sandbox is closing")
        wire.abort()
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await _turns(3)  # asyncio reports a loss and closes the socket in later turns of the loop


async def _turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


def _note(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    log.error("%s", context.get("message"), exc_info=context.get("exception"))


def _port(server: asyncio.Server) -> int:
    return int(server.sockets[0].getsockname()[1])


def _address(host: str, *, may_be_reached: bool) -> str:
    if host == "localhost":
        return "127.0.0.1"  # one address: the two of localhost would get different free ports
    try:
        is_loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback and not may_be_reached:
        raise ValueError(
            f"Sandbox cannot listen on {host!r}, which others might reach; use 127.0.0.1 or ::1,"
            " or say that others may connect"
        )
    return host
