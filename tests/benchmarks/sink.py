"""A server that does as little as possible, for benchmarks.  argv: the CPU to run on, or -."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import threading

EHLO = b"250-sink\r\n250-PIPELINING\r\n250-SIZE 50000000\r\n250-8BITMIME\r\n250 CHUNKING\r\n"
OK = b"250 2.0.0 Ok\r\n"
REPLIES = {b"EHLO": EHLO, b"DATA": b"354 go ahead\r\n", b"QUIT": b"221 2.0.0 Bye\r\n"}
END = b"\r\n.\r\n"


def serve(sock: socket.socket) -> None:
    with contextlib.suppress(ConnectionError):  # not everybody says QUIT
        talk(sock)
    sock.close()


def talk(sock: socket.socket) -> None:
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.sendall(b"220 sink\r\n")
    buffer, in_content, chunk = b"", False, 0  # chunk: octets that are still to come
    while data := sock.recv(262144):
        buffer += data
        out = []
        while True:
            if chunk:
                skipped = min(chunk, len(buffer))
                buffer, chunk = buffer[skipped:], chunk - skipped
                if chunk:
                    break
                out.append(OK)
                continue
            if in_content:
                _, end, rest = buffer.partition(END)
                if not end:
                    buffer = buffer[-len(END) + 1 :]  # the end may have begun
                    break
                buffer, in_content = rest, False
                out.append(b"250 2.0.0 Ok: queued as 12345\r\n")
                continue
            line, end, rest = buffer.partition(b"\r\n")
            if not end:
                break
            verb, buffer = line[:4].upper(), rest
            if verb == b"BDAT" and (size := int(line.split()[1])):
                chunk = size
                continue
            in_content = verb == b"DATA"
            out.append(REPLIES.get(verb, OK))
        sock.sendall(b"".join(out))


def main() -> None:
    if sys.argv[1] != "-":
        os.sched_setaffinity(0, {int(sys.argv[1])})
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    while True:
        sock, _ = listener.accept()
        threading.Thread(target=serve, args=(sock,), daemon=True).start()


main()
