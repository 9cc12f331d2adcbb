"""The sandbox as a server to clients of others: they deliver to it, and meet its faults."""

from __future__ import annotations

import os
import smtplib
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import aiosmtplib
import postfix
import pytest
from test_cli_sandbox import PATIENCE, running

from smtpconsole.sandbox import Letter, Sandbox

pytestmark = pytest.mark.servers

SENDER, BOB = "alice@sandbox.example", "bob@sandbox.example"
TEXT = "Subject: a letter\n\nOne line.\n.two, with a dot\n"
BODY = b"One line.\r\n.two, with a dot\r\n"
WithSettings = Callable[..., AbstractContextManager[postfix.Postfix]]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(lmtp_port=0) as server:
        yield server


def run(*words: str, text: str = "", home: Path | None = None) -> subprocess.CompletedProcess[str]:
    """A client; its end."""
    environment = {**os.environ, "HOME": str(home)} if home is not None else None
    return subprocess.run(
        words, input=text, capture_output=True, text=True, timeout=60, check=False, env=environment
    )


def arrived(sandbox: Sandbox, done: subprocess.CompletedProcess[str] | None = None) -> Letter:
    """The one letter there is, with what was sent."""
    told = f"{done.stdout}\n{done.stderr}" if done is not None else ""
    assert done is None or done.returncode == 0, told
    (letter,) = sandbox.mailbox.wait(1, 20)
    assert BODY in letter.content.partition(b"\r\n\r\n")[2], (letter.content, told)
    assert letter.recipients == (BOB,) and letter.subject == "a letter"
    return letter


# --- they deliver -----------------------------------------------------------------------------


def test_swaks_delivers_under_tls_and_logged_in(sandbox: Sandbox) -> None:
    done = run(
        *("swaks", "--server", f"127.0.0.1:{sandbox.port}", "--tls", "--auth", "LOGIN"),
        *("--auth-user", SENDER, "--auth-password", sandbox.password, "--from", SENDER),
        *("--to", BOB, "--header", "Subject: a letter", "--body", "One line.\n.two, with a dot"),
    )
    letter = arrived(sandbox, done)
    assert letter.tls and letter.user == SENDER


def test_mutt_delivers_with_its_attachment(sandbox: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "photo.bin").write_bytes(bytes(range(256)))
    (tmp_path / "muttrc").write_text(
        f'set smtp_url="smtp://{SENDER.replace("@", "%40")}@localhost:{sandbox.port}"\n'
        f'set smtp_pass="{sandbox.password}"\nset from="{SENDER}"\nset realname="Alice"\n'
        f'set certificate_file="{sandbox.ca_file}"\nset ssl_force_tls=yes\nunset record\n'
    )
    done = run(
        *("mutt", "-n", "-F", str(tmp_path / "muttrc"), "-s", "a letter"),
        *("-a", str(tmp_path / "photo.bin"), "--", BOB),
        text="One line.\n.two, with a dot\n",
        home=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    (letter,) = sandbox.mailbox.wait(1, 20)
    text, photo = letter.message.iter_parts()
    assert text.get_content() == "One line.\r\n.two, with a dot\r\n"
    assert photo.get_content() == bytes(range(256)) and letter.tls and letter.user == SENDER


def test_s_nail_delivers(sandbox: Sandbox, tmp_path: Path) -> None:
    user = SENDER.replace("@", "%40")
    done = run(
        *("s-nail", "-:/", "-S", "v15-compat", "-S", f"from={SENDER}", "-S", "smtp-use-starttls"),
        *("-S", f"mta=smtp://{user}:{sandbox.password}@localhost:{sandbox.port}"),
        *("-S", f"tls-ca-file={sandbox.ca_file}", "-S", "tls-verify=strict"),
        *("-S", "smtp-auth=plain", "-s", "a letter", BOB),
        text="One line.\n.two, with a dot\n",
        home=tmp_path,
    )
    assert arrived(sandbox, done).user == SENDER


def test_curl_delivers_from_the_first_octet_of_tls(sandbox: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "letter").write_text(TEXT.replace("\n", "\r\n"), newline="")
    done = run(
        *("curl", "-sS", "--url", f"smtps://localhost:{sandbox.tls_port}/client.example"),
        *("--cacert", str(sandbox.ca_file), "--user", f"{SENDER}:{sandbox.password}"),
        *("--mail-from", SENDER, "--mail-rcpt", BOB, "--upload-file", str(tmp_path / "letter")),
    )
    assert arrived(sandbox, done).tls


def test_openssl_s_client_delivers_by_hand(sandbox: Sandbox) -> None:
    said = ["EHLO client.example", f"MAIL FROM:<{SENDER}>", f"rcpt to:<{BOB}>", "DATA"]
    lines = [*said, *TEXT.replace("\n.two", "\n..two").splitlines(), ".", "QUIT"]
    words = (
        *("openssl", "s_client", "-connect", f"localhost:{sandbox.port}", "-starttls", "smtp"),
        *("-CAfile", str(sandbox.ca_file), "-verify_return_error", "-quiet", "-crlf"),
    )
    done = run(*words, text="".join(f"{line}\n" for line in lines))
    assert "250 2.0.0 Ok: kept as 1" in done.stdout, done.stderr
    assert arrived(sandbox).tls


def test_smtplib_delivers_over_smtp_and_over_lmtp(sandbox: Sandbox) -> None:
    context = ssl.create_default_context(cafile=str(sandbox.ca_file))
    with smtplib.SMTP("localhost", sandbox.port) as client:
        client.starttls(context=context)
        client.login(SENDER, sandbox.password)
        assert client.sendmail(SENDER, [BOB], TEXT) == {}
    letter = arrived(sandbox)
    assert letter.tls and letter.user == SENDER
    assert sandbox.lmtp_port is not None
    with smtplib.LMTP("127.0.0.1", sandbox.lmtp_port) as client:
        assert client.sendmail(SENDER, [BOB], TEXT) == {}
    assert len(sandbox.mailbox) == 2


@pytest.mark.parametrize("protocol", ["smtp", "lmtp"])
def test_postfix_relays_to_it_as_its_next_hop(
    sandbox: Sandbox, mta_with: WithSettings, protocol: str
) -> None:
    port = sandbox.port if protocol == "smtp" else sandbox.lmtp_port
    hop = f"{protocol}:inet:127.0.0.1:{port}" if protocol == "lmtp" else f"smtp:[127.0.0.1]:{port}"
    settings = (
        f"default_transport = {hop}",
        f"{protocol}_tls_security_level = verify",
        f"{protocol}_tls_CAfile = {sandbox.ca_file}",
        f"{protocol}_tls_verify_cert_match = nexthop",
        "smtp_host_lookup = native",
    )
    with mta_with(*settings) as mta, smtplib.SMTP("127.0.0.1", mta.trusting_port) as client:
        # For the machine's other users, as Postfix has one to verify its next hop.
        Path(sandbox.ca_file).parent.chmod(0o755)
        client.sendmail("someone@client.test", [BOB], TEXT)
        try:
            letter = arrived(sandbox)
        except TimeoutError:
            raise AssertionError(mta.log()) from None
        assert letter.tls and letter.sender == "someone@client.test"
        assert letter.helo == postfix.HOST
        log = _until(mta, "status=sent")
        assert "kept as 1" in log


def _until(mta: postfix.Postfix, words: str) -> str:
    """Postfix' log, once it has these words."""
    end = time.monotonic() + 20
    while words not in (log := mta.log()):
        assert time.monotonic() < end, log
        time.sleep(0.02)  # nothing to be awaited: a line in a file appears
    return log


# --- they meet faults -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "code", "told"),
    [
        ("mail-later", 23, "451 4.7.1 Greylisted"),
        ("banner-554", 21, "554 5.3.2"),
        ("rcpt-none-but-354", 24, "550 5.1.1 No such user"),
        ("data-refused", 25, "554 5.5.1"),
        ("starttls-refused", 29, "454 4.7.0"),
        ("tls-alert", 29, "handshake failure"),
        ("auth-535", 28, "535 5.7.8"),
        ("dot-timeout", 26, ""),
        ("banner-silent", 21, ""),
    ],
)
def test_swaks_meets_a_fault(fault: str, code: int, told: str) -> None:
    with running("--fault", fault) as server:
        done = run(
            *("swaks", "--server", f"127.0.0.1:{server['port']}", "--to", BOB, "--timeout", "2"),
            *(("--tls",) if "tls" in fault else ()),
            *(("--tls", "--auth-user", "a", "--auth-password", "b") if "auth" in fault else ()),
        )
    assert done.returncode == code and told in done.stdout + done.stderr, done.stdout


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("banner-421", smtplib.SMTPConnectError),
        ("banner-554", smtplib.SMTPConnectError),
        ("ehlo-drop", smtplib.SMTPServerDisconnected),
        ("mail-refused", smtplib.SMTPSenderRefused),
        ("rcpt-none-but-354", smtplib.SMTPRecipientsRefused),
        ("data-refused", smtplib.SMTPDataError),
        ("data-close", smtplib.SMTPServerDisconnected),
        ("missing-reply", smtplib.SMTPServerDisconnected),
        ("line-endless", smtplib.SMTPResponseException),
    ],
)
def test_smtplib_meets_a_fault(fault: str, error: type[Exception]) -> None:
    with running("--fault", fault) as server, pytest.raises(error):
        with smtplib.SMTP("127.0.0.1", int(server["port"]), timeout=1) as client:
            client.sendmail(SENDER, [BOB], TEXT)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("banner-silent", aiosmtplib.SMTPConnectTimeoutError),
        ("banner-554", aiosmtplib.SMTPConnectResponseError),
        ("mail-later", aiosmtplib.SMTPSenderRefused),
        ("rcpt-none-but-354", aiosmtplib.SMTPRecipientsRefused),
        ("421@RCPT", aiosmtplib.SMTPException),
        ("data-reset", aiosmtplib.SMTPServerDisconnected),
        ("dot-timeout", aiosmtplib.SMTPReadTimeoutError),
    ],
)
async def test_aiosmtplib_meets_a_fault(fault: str, error: type[Exception]) -> None:
    text = TEXT + "y" * 70 + ("\n" + "y" * 70) * 40_000 if fault == "data-reset" else TEXT
    with running("--fault", fault) as server:
        client = aiosmtplib.SMTP(
            hostname="127.0.0.1", port=int(server["port"]), timeout=1, start_tls=False
        )
        with pytest.raises(error):
            async with client:
                await client.sendmail(SENDER, [BOB], text)


def test_what_is_no_trouble_to_a_sound_client_is_none() -> None:
    faults = ("banner-multiline", "banner-bytewise", "pipelining-split", "bidi", "latin1")
    for fault in faults:
        with running("--fault", fault) as server:
            with smtplib.SMTP("127.0.0.1", int(server["port"]), timeout=PATIENCE) as client:
                assert client.sendmail(SENDER, [BOB], TEXT) == {}, fault
