"""The sandbox: listeners and conversations in a thread and event loop of their own.

A client that floods the sandbox, or a lesson that breaks it, must not hold up the console.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import tempfile
import threading
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from weakref import WeakSet

from smtpconsole.sandbox import certificates
from smtpconsole.sandbox.accounts import DOMAIN, Accounts
from smtpconsole.sandbox.mailbox import Mailbox
from smtpconsole.sandbox.protocol import Conversation, House, TlsLayer

NAMES = ("localhost", "127.0.0.1", "::1", DOMAIN)
SIZE_LIMIT = 10 * 2**20
IDLE_LIMIT = 300.0  # seconds; RFC 5321, 4.5.3.2.7

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
    port: int
    tls_port: int | None


class Sandbox:
    """A mail server on this computer that keeps what it is sent and never sends anything on."""

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        tls_port: int | None = 0,
        user: str = "alice@sandbox.example",
        password: str = "wonderland",
        size_limit: int = SIZE_LIMIT,
        require_auth_for_relay: bool = True,
        timeout: float = IDLE_LIMIT,
    ) -> None:
        self._host = _loopback(host)
        self._port = port
        self._tls_port = tls_port
        self._accounts = Accounts(user, password, require_auth_for_relay)
        self._size_limit = size_limit
        self._timeout = timeout
        self._mailbox = Mailbox()
        self._running: Running | None = None
        self._lock = threading.Lock()

    def start(self) -> None:
        """Listen, and return when clients can connect; nothing if it does already."""
        with self._lock, ExitStack() as undo:
            if self._running:
                return
            identity = certificates.good(*NAMES)
            directory = tempfile.TemporaryDirectory(prefix="smtpconsole-sandbox-")
            undo.callback(directory.cleanup)
            Path(directory.name, "ca.pem").write_bytes(identity.ca_pem)
            house = House(
                self._accounts, self._mailbox, identity.context, self._size_limit, self._timeout
            )
            ready: Future[Listening] = Future()
            thread = threading.Thread(
                target=self._run, args=(house, ready), name="smtpconsole-sandbox", daemon=True
            )
            thread.start()
            try:
                self._running = Running(thread, directory, ready.result())
            except Exception:
                thread.join()
                raise
            undo.pop_all()

    def stop(self) -> None:
        """Dismiss all clients and close; nothing if it is not running."""
        with self._lock:
            running, self._running = self._running, None
            if running is None:
                return
            listening = running.listening
            listening.loop.call_soon_threadsafe(listening.stopping.set)
            running.thread.join()
            running.directory.cleanup()

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
        return self._now().listening.port

    @property
    def tls_port(self) -> int | None:
        """The port for clients that begin with TLS, if there is one."""
        return self._now().listening.tls_port

    @property
    def ca_file(self) -> Path:
        """The certificate of the authority to trust, in PEM; gone when the sandbox stops."""
        return Path(self._now().directory.name, "ca.pem")

    @property
    def user(self) -> str:
        """Who can log in."""
        return self._accounts.user

    @property
    def password(self) -> str:
        """What that user logs in with; it protects nothing, and is told to everybody."""
        return self._accounts.password

    @property
    def mailbox(self) -> Mailbox:
        """The letters that arrived; they outlive a stop."""
        return self._mailbox

    def _now(self) -> Running:
        if self._running is None:
            raise RuntimeError("Sandbox is not running; start() it first")
        return self._running

    def _run(self, house: House, ready: Future[Listening]) -> None:
        """The whole life of the thread."""
        try:
            with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
                runner.run(self._serve(house, ready))
        except BaseException as error:
            if ready.done():
                log.exception("Sandbox died")
            else:
                ready.set_exception(error)

    async def _serve(self, house: House, ready: Future[Listening]) -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(_note)
        conversations: WeakSet[Conversation] = WeakSet()

        def conversation() -> Conversation:
            conversations.add(new := Conversation(house, has_tls=False))
            return new

        def secure_conversation() -> TlsLayer:
            conversations.add(new := Conversation(house, has_tls=True))
            return TlsLayer(new)

        with ExitStack() as listeners:
            plain = await loop.create_server(conversation, self._host, self._port)
            listeners.callback(plain.close)
            tls = None
            if self._tls_port is not None:
                tls = await loop.create_server(secure_conversation, self._host, self._tls_port)
                listeners.callback(tls.close)
            stopping = asyncio.Event()
            ready.set_result(Listening(loop, stopping, _port(plain), _port(tls) if tls else None))
            await stopping.wait()
            # asyncio leaks the socket of a client accepted just before its listener closes
            # (python/cpython#109564): stop accepting first, and let the last ones in.
            for listener in (*plain.sockets, *(tls.sockets if tls else ())):
                loop.remove_reader(listener)
            await _turns(3)
        await _dismiss(conversations)


async def _dismiss(conversations: WeakSet[Conversation]) -> None:
    """Close every connection, and let asyncio close its socket."""
    for conversation in tuple(conversations):
        conversation.dismiss(f"421 4.3.2 {DOMAIN} The sandbox is closing")
        conversation.abort()
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


def _loopback(host: str) -> str:
    if host == "localhost":
        return "127.0.0.1"  # one address: the two of localhost would get different free ports
    try:
        is_loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        raise ValueError(
            f"Sandbox cannot listen on {host!r}, which others might reach; use 127.0.0.1 or ::1"
        )
    return host
