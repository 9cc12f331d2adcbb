"""The library on a real Dovecot."""

from __future__ import annotations

import socket

import dovecot
import pytest

from smtpconsole import SMTP

pytestmark = pytest.mark.servers


def client(mda: dovecot.Dovecot) -> SMTP:
    return SMTP(
        hostname="localhost",
        port=mda.tls_port,
        use_tls=True,
        cert_bundle=str(mda.ca),
        local_hostname="client.example",
    )


async def test_a_message_is_submitted_after_login(mda: dovecot.Dovecot) -> None:
    async with client(mda) as smtp:
        await smtp.ehlo()
        assert {each.upper() for each in smtp.server_auth_methods} == set(dovecot.MECHANISMS)
        assert (await smtp.login(dovecot.USER, dovecot.PASSWORD)).code == 235
        refused, _ = await smtp.sendmail(dovecot.USER, "bob@example.test", "Subject: x\n\nx\n")
    assert refused == {}


def test_a_letter_is_taken_and_one_over_quota_refused_over_the_unix_socket(
    mda: dovecot.Dovecot,
) -> None:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(20)
        sock.connect(str(mda.lmtp_socket))
        lines = sock.makefile("rb")
        assert lines.readline().startswith(b"220 ")
        for command in (
            b"MAIL FROM:<>",
            b"RCPT TO:<alice@example.test>",
            b"RCPT TO:<full@example.test>",
        ):
            sock.sendall(command + b"\r\n")
            assert lines.readline().startswith(b"250 "), command
        sock.sendall(b"DATA\r\n")
        assert lines.readline().startswith(b"354 ")
        sock.sendall(b"Subject: x\r\n\r\nx\r\n.\r\n")
        assert [lines.readline()[:9], lines.readline()[:9]] == [b"250 2.0.0", b"552 5.2.2"]
    assert mda.letters("alice")[-1].endswith(b"\nx\n")
