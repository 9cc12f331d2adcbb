"""An SMTP server with TLS for many clients, as sound or as faulty as a test wants it.

    with running(Behaviour(lab.server_context(lab.entry("sound")))) as port: ...

One thread a client, blocking sockets.  `Behaviour.obeys_injected` keeps what came in the clear
behind STARTTLS; `ends` are the sequences that end a message; `contexts` are by server name.
"""

from __future__ import annotations

import re
import socketserver
import ssl
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

CAPABILITIES = ("server.lab.test", "SIZE 1000000", "STARTTLS", "AUTH PLAIN")


@dataclass
class Behaviour:
    """What the server does."""

    context: ssl.SSLContext | None = None
    contexts: Mapping[str, ssl.SSLContext] = field(default_factory=dict)
    greeting: str = "220 server.lab.test ESMTP"
    plain: Sequence[str] = CAPABILITIES
    secure: Sequence[str] = ("server.lab.test", "SIZE 1000000", "AUTH PLAIN")
    is_implicit: bool = False
    obeys_injected: bool = False
    answers_injected: bool = False  # in the clear, before the handshake
    refuses_injected: bool = False
    ends: Sequence[bytes] = (b"\r\n.\r\n",)
    most: int = 1000  # clients; then 421
    clients: int = 0
    messages: list[bytes] = field(default_factory=list)


class _Handler(socketserver.BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        behaviour = self.server.behaviour
        behaviour.clients += 1
        self.buffer = b""
        self.is_secure = False
        self.request.settimeout(10)
        try:
            if behaviour.is_implicit:
                self.secure()
            if behaviour.clients > behaviour.most:
                self.say("421 4.7.0 too many connections")
                return
            self.say(behaviour.greeting)
            while (line := self.line()) is not None and self.obey(line):
                pass
        except OSError:
            pass
        finally:
            self.request.close()

    def say(self, *lines: str) -> None:
        self.request.sendall("".join(f"{line}\r\n" for line in lines).encode())

    def line(self) -> bytes | None:
        while b"\n" not in self.buffer:
            data = self.request.recv(65536)
            if not data:
                return None
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line.strip()

    def secure(self) -> None:
        behaviour = self.server.behaviour
        assert behaviour.context is not None

        def choose(sock: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
            if name in behaviour.contexts:
                sock.context = behaviour.contexts[name]

        behaviour.context.sni_callback = choose  # type: ignore[assignment]
        self.request = behaviour.context.wrap_socket(self.request, server_side=True)
        self.is_secure = True

    def obey(self, line: bytes) -> bool:
        behaviour = self.server.behaviour
        verb = line.split(b" ", 1)[0].upper()
        if verb == b"EHLO":
            words = behaviour.secure if self.is_secure else behaviour.plain
            self.say(*[f"250-{word}" for word in words[:-1]], f"250 {words[-1]}")
        elif verb == b"STARTTLS":
            return self.start_tls()
        elif verb == b"DATA":
            self.say("354 go on")
            return self.content()
        elif verb == b"QUIT":
            self.say("221 bye")
            return False
        else:
            self.say("250 2.0.0 ok")
        return True

    def start_tls(self) -> bool:
        behaviour = self.server.behaviour
        if self.buffer and behaviour.refuses_injected:
            self.say("554 5.5.0 synchronization error")
            return False
        if self.buffer and behaviour.answers_injected:
            self.buffer = b""
            self.say("220 go", "250 ok")
        else:
            self.say("220 go")
        if not behaviour.obeys_injected:
            self.buffer = b""
        self.secure()
        return True

    def content(self) -> bool:
        ends = b"|".join(map(re.escape, self.server.behaviour.ends))
        while (found := re.search(ends, self.buffer)) is None:
            data = self.request.recv(65536)
            if not data:
                return False
            self.buffer += data
        self.server.behaviour.messages.append(self.buffer[: found.start()])
        self.buffer = self.buffer[found.end() :]
        self.say("250 2.0.0 taken")
        return True


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    behaviour: Behaviour

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is none of our business."""


@contextmanager
def running(behaviour: Behaviour) -> Iterator[int]:
    """Run it; the port."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.behaviour = behaviour
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()
