"""What the sandbox never does: reach others, be reached by them unasked, or grow without end."""

from __future__ import annotations

import gc
import struct
import sys
from contextlib import ExitStack, closing
from dataclasses import replace

import pytest
from program import run
from test_cli_sandbox import running
from test_sandbox import PATIENCE, Client, connected, logged_in, socket

from smtpconsole.sandbox import Sandbox, server, wire
from smtpconsole.sandbox.diary import MOST, Diary
from smtpconsole.sandbox.faults import known

LINGER_NOT = struct.pack("ii", 1, 0)  # a close is a reset


def test_it_connects_to_nobody_whatever_it_is_asked_to_carry() -> None:
    outward: list[object] = []
    is_watching = True

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        if is_watching and event in ("socket.connect", "socket.sendto", "socket.getaddrinfo"):
            outward.append(arguments)

    with Sandbox(relay="everybody") as sandbox, logged_in(sandbox) as client:
        sys.addaudithook(watch)  # for all threads of the process; it cannot be taken away
        for line in (
            b"MAIL FROM:<alice@sandbox.example> RET=FULL\r\n",
            b"RCPT TO:<carol@example.org> NOTIFY=SUCCESS,FAILURE\r\n",
            b"RCPT TO:<@hop.example:dave@[192.0.2.1]>\r\n",
            b"RCPT TO:<staff@sandbox.example>\r\n",
        ):
            client.say(line)
        client.say(b"DATA\r\nhello\r\n.\r\n", replies=2)
        client.say(b"ETRN example.org\r\n")
        client.say(b"VRFY carol@example.org\r\n")
        is_watching = False
        assert sandbox.mailbox.letters()[0].relayed
    assert outward == []
    is_watching = True
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", 1), 0.1)
    is_watching = False
    assert outward, "the watch would notice"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "mail.example.org"])
def test_from_the_shell_it_is_reached_by_others_only_by_ones_word(host: str) -> None:
    done = run("sandbox", "--host", host)
    assert done.returncode == 1 and "others might reach" in done.stderr


def test_said_in_words_it_listens_elsewhere() -> None:
    with running("--host", "0.0.0.0", "--others-may-connect") as told:
        assert "port" not in told  # it is not localhost that is told


@pytest.mark.parametrize("last", [b"QUIT\r\n", b"ends\r\n.\r\n"])
def test_the_last_reply_is_not_overtaken_by_a_reset(last: bytes) -> None:
    with Sandbox() as sandbox, connected(sandbox) as client:
        client.say(b"EHLO client.example\r\n")
        client.say(b"MAIL FROM:<>\r\n")
        client.say(b"RCPT TO:<bob@sandbox.example>\r\n")
        if last != b"QUIT\r\n":
            client.say(b"DATA\r\n")
            sandbox.faults.switch_on(known()["idle-421"])
        client.sock.sendall(last + b"NOOP\r\n" * 50_000)
        told = client.rest()
        assert told.splitlines()[-1][:3] in (b"221", b"421")


def test_a_client_that_resets_the_connection_at_its_end_is_no_accident(
    caplog: pytest.LogCaptureFixture,
) -> None:
    hasty = replace(known()["banner-silent"], end="close")  # without a look at the client
    with Sandbox(faults=[hasty]) as sandbox:
        for _ in range(50):
            with socket.create_connection(("127.0.0.1", sandbox.port)) as client:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NOT)
    gc.collect()  # a task that failed tells it when it is gone
    assert not caplog.records, caplog.text


def test_the_other_address_answers_nobody_as_long_as_the_fault_is_on() -> None:
    deaf = known()["deaf-address"]
    with Sandbox(faults=[deaf]) as sandbox:
        other = ("::1", sandbox.port)
        for _ in range(2):
            with pytest.raises(TimeoutError):
                socket.create_connection(other, 0.1)
            sandbox.faults.switch_off("deaf-address")
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(other, 0.1)
            sandbox.faults.switch_on(deaf)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(other, 0.1)


def test_where_the_other_address_cannot_be_had_all_is_as_before() -> None:
    deaf = known()["deaf-address"]
    with Sandbox(tls_port=None) as sandbox:
        with socket.create_server(("::1", sandbox.port), family=socket.AF_INET6):
            with pytest.raises(OSError, match="in use"):
                sandbox.faults.switch_on(deaf)
        assert not sandbox.faults.on
    elsewhere = Sandbox(host="127.0.0.2", faults=[deaf])
    with pytest.raises(OSError, match="no address of localhost"):
        elsewhere.start()
    assert not elsewhere.is_running


def test_a_client_that_does_not_end_is_waited_for_a_moment_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(wire, "LINGER", 0.05)
    with Sandbox() as sandbox, connected(sandbox) as client:
        client.say(b"QUIT\r\n")
        assert client.rest() == b""
        with pytest.raises(OSError):
            while True:
                client.sock.sendall(b"NOOP\r\n")


def test_clients_beyond_a_number_are_told_to_come_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "MAX_CLIENTS", 3)
    with Sandbox() as sandbox, ExitStack() as clients:
        for _ in range(3):
            clients.enter_context(connected(sandbox))
        for _ in range(2):
            assert greeting(sandbox) == b"421 4.3.2 sandbox.example Too many clients at once\r\n"
        clients.close()
        for _ in range(1000):  # until it has noticed
            if greeting(sandbox).startswith(b"220 "):
                return
        raise AssertionError("nobody is let in any more")


def greeting(sandbox: Sandbox) -> bytes:
    sock = socket.create_connection((sandbox.host, sandbox.port), PATIENCE)
    with closing(Client(sock)) as client:
        return client.reply()


def test_the_diary_keeps_the_last_notes_and_numbers_them_on() -> None:
    diary = Diary()
    for number in range(MOST + 10):
        diary.note("peer", str(number))
    kept = diary.since(0)
    assert len(kept) == MOST and kept[0].what == "10" and kept[-1].number == MOST + 10
    assert [note.what for note in diary.since(MOST + 9)] == [str(MOST + 9)]


def test_whoever_is_told_of_notes_can_leave() -> None:
    diary, told = Diary(), []
    leave = diary.subscribe(lambda: told.append(1))
    diary.subscribe(lambda: told.append(2))
    diary.note("peer", "a")
    leave()
    diary.note("peer", "b")
    assert told == [1, 2, 2]


def test_what_a_person_throws_away_is_no_longer_counted() -> None:
    with Sandbox(quota={"tiny": 30}) as sandbox, connected(sandbox) as client:
        codes = []
        for _ in range(3):
            client.say(b"MAIL FROM:<a@b.example>\r\n")
            client.say(b"RCPT TO:<tiny@sandbox.example>\r\n")
            codes.append(client.say(b"DATA\r\n" + b"x" * 20 + b"\r\n.\r\n", replies=2)[1][:3])
            if codes[-1] == b"552":
                assert sandbox.mailbox.delete(1) and not sandbox.mailbox.delete(1)
        assert codes == [b"250", b"552", b"250"]
        assert sandbox.mailbox.letter(1) is None and sandbox.mailbox.letter(2) is not None
