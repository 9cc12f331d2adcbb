"""Library, `send` and `probe` on each server of the table, each as a person would use it there."""

from __future__ import annotations

import json

import pytest
from abilities import LIMIT
from click.testing import CliRunner
from columns import COLUMNS, Column

from smtpconsole import SMTP, Pool
from smtpconsole.cli import main

pytestmark = pytest.mark.servers

NAME = "client.example.test"
SERVERS = pytest.mark.parametrize("server", COLUMNS)


@pytest.fixture
def at(server: str, request: pytest.FixtureRequest) -> Column:
    fixture, column = COLUMNS[server]
    return column(request.getfixturevalue(fixture))


def options(at: Column) -> dict[str, object]:
    """What a program says to be as safe as the server lets it: TLS, and a login."""
    told: dict[str, object] = {"hostname": "localhost", "port": at.port, "timeout": LIMIT}
    told |= {"local_hostname": NAME, "lmtp": at.is_lmtp, "start_tls": at.ca is not None}
    if at.ca is not None:
        told["cert_bundle"] = str(at.ca)
    # smtp-sink has 250 for a login, which for the library is none, as for aiosmtplib.
    if not at.is_lmtp and at.ca is not None:
        told |= {"username": at.user, "password": at.password}
    return told


@SERVERS
async def test_the_library_delivers_one_message_and_many(server: str, at: Column) -> None:
    async with SMTP(**options(at)) as smtp:  # type: ignore[arg-type]
        receipt = await smtp.deliver("Subject: x\n\nx\n", sender=at.user, recipients=at.known)
        assert list(receipt.delivered) == [at.known]
    async with Pool(size=2, **options(at)) as pool:  # type: ignore[arg-type]
        for _ in range(3):
            assert (await pool.sendmail(at.user, at.known, "Subject: y\n\ny\n")).delivered


@SERVERS
def test_send_delivers_under_tls_and_logged_in_where_that_can_be(server: str, at: Column) -> None:
    scheme = "lmtp" if at.is_lmtp else "smtp"
    words = ["send", f"{scheme}://localhost:{at.port}", "--helo", NAME]
    words += ["--from", at.user, "--to", at.known]
    if at.ca is not None:
        words += ["--tls", "--ca", str(at.ca)]
    if not at.is_lmtp:
        words += ["--user", at.user]
    done = CliRunner().invoke(main, words, env={"SMTP_PASSWORD": at.password})
    assert done.exit_code == 0, done.output
    assert f"accepted   {at.known}" in done.output
    assert at.password not in done.output or server == "smtp-sink"  # "any" is in other words


@SERVERS
def test_probe_comes_to_its_end_and_tells_what_is_offered(server: str, at: Column) -> None:
    scheme = "lmtp" if at.is_lmtp else "smtp"
    words = ["probe", f"{scheme}://localhost:{at.port}", "--no-dns", "--json"]
    words += ["--ca", str(at.ca)] if at.ca is not None else []
    done = CliRunner().invoke(main, words)
    told = json.loads(done.stdout)
    assert told["outcome"] == "sound", told
    assert told["capabilities"]
