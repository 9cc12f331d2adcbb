"""/login on real servers: what is tried, what is told, and that nothing secret is left."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import dovecot
import nodemailer
import postfix
import pytest
from test_console import Person

from smtpconsole.console.console import Console
from smtpconsole.console.settings import Settings
from smtpconsole.transcript.formats import FORMATS, exported
from smtpconsole.transcript.journal import Journal

pytestmark = pytest.mark.servers


@asynccontextmanager
async def at(
    port: int, ca: Path, *replies: str, journal: Journal | None = None, client_cert: str = ""
) -> AsyncIterator[tuple[Console, Person]]:
    person = Person(*replies)
    settings = Settings(name="client.example", ca=str(ca), client_cert=client_cert)
    console = Console(person, journal or Journal(), settings=settings)
    await console.execute(f"/connect smtps://localhost:{port}")
    try:
        yield console, person
    finally:
        await console.end()


async def test_the_strongest_mechanism_is_taken_and_told_step_by_step(
    mta: postfix.Postfix,
) -> None:
    async with at(mta.tls_port, mta.ca, postfix.PASSWORD) as (console, person):
        await console.execute(f"/login {postfix.USER}")
        told = person.answers[-1]
        assert told.title == f"logged in as {postfix.USER} with SCRAM-SHA-512"
        lines = " ".join(" ".join(told.lines).split())
        assert f"user {postfix.USER}" in lines and "rounds 4096" in lines
        assert "channel binding would be possible" in lines


async def test_every_mechanism_of_a_server_makes_a_table(mta: postfix.Postfix) -> None:
    async with at(mta.tls_port, mta.ca, "yes", postfix.PASSWORD) as (console, person):
        await console.execute(f"/login {postfix.USER} --try-all")
        told = person.answers[-1]
        count = len(postfix.MECHANISMS)
        assert told.title == f"{count} of {count} mechanisms let {postfix.USER} in"
        assert [line.split()[0] for line in told.lines] == list(postfix.MECHANISMS)


async def test_a_table_for_a_token(mda: dovecot.Dovecot) -> None:
    async with at(mda.tls_port, mda.ca, "yes", mda.token()) as (console, person):
        await console.execute(f"/login {dovecot.USER} --token --try-all")
        told = {line.split()[0]: line for line in person.answers[-1].lines}
        assert "logged in" in told["XOAUTH2"] and "logged in" in told["OAUTHBEARER"]
        assert "needs a password" in told["PLAIN"]
        assert "wrong credentials" in told["EXTERNAL"]  # there is no certificate


async def test_a_certificate_logs_in(mda: dovecot.Dovecot) -> None:
    async with at(mda.tls_port, mda.ca, client_cert=str(mda.client_cert)) as (console, person):
        await console.execute(f"/login EXTERNAL {dovecot.USER}")
        assert person.answers[-1].title == f"logged in as {dovecot.USER} with EXTERNAL"


@pytest.mark.parametrize(
    ("name", "way"), [("XOAUTH2", "--token"), ("OAUTHBEARER", "--token"), ("CRAM-MD5", "")]
)
async def test_no_form_of_a_secret_is_left_after_real_conversations(
    mda: dovecot.Dovecot, node: nodemailer.Nodemailer, tmp_path: Path, name: str, way: str
) -> None:
    secrets = [mda.token(), f"{mda.token()}x"] if way else [dovecot.PASSWORD, "wrong-0815-wrong"]
    journal = Journal(tmp_path / "session.jsonl")
    async with at(mda.tls_port, mda.ca, *secrets, journal=journal) as (console, person):
        for _ in secrets:
            await console.execute(f"/login {name} {dovecot.USER} {way}")
            await console.execute("/explain")
            await console.execute(console.connect_line)
    told = (tmp_path / "session.jsonl").read_text()
    told += "".join(exported(journal, each) for each in FORMATS)
    told += "".join("\n".join([each.title, *each.lines]) for each in person.answers)
    assert f"logged in as {dovecot.USER} with {name}" in told
    for secret in secrets:
        assert secret not in told and base64.b64encode(secret.encode()).decode() not in told
