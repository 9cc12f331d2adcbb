"""Every mechanism logs in to real servers that offer it, and is refused there as it should be."""

from __future__ import annotations

from pathlib import Path

import dovecot
import nodemailer
import postfix
import pytest

from smtpconsole.net.connection import Connection
from smtpconsole.net.dial import dial
from smtpconsole.net.policy import TlsPolicy
from smtpconsole.net.surroundings import channel
from smtpconsole.smtp.commands import command
from smtpconsole.smtp.events import Target
from smtpconsole.smtp.exchanges import ask, hello, quit
from smtpconsole.smtp.login import Attempt, attempt
from smtpconsole.smtp.sasl import MECHANISMS, Failure, credentials

pytestmark = pytest.mark.servers

Server = postfix.Postfix | dovecot.Dovecot | nodemailer.Nodemailer
NEW = [each for each in dovecot.MECHANISMS if MECHANISMS[each].needs == "password"]


async def connected(server: Server, client_cert: Path | None = None) -> Connection:
    policy = TlsPolicy(
        ca_file=str(server.ca), client_cert=str(client_cert) if client_cert is not None else None
    )
    target = Target("localhost", server.tls_port, implicit_tls=True)
    connection = await dial(target, tls=policy, timeout=20)
    await connection.run(hello(b"client.example"), 20)
    return connection


async def tried(
    server: Server,
    name: str,
    user: str,
    password: str = "",
    *,
    initial: bool = True,
    client_cert: Path | None = None,
    **more: str,
) -> Attempt:
    connection = await connected(server, client_cert)
    assert name in connection.session.capabilities.mechanisms
    who = credentials(user, password, channel=channel(connection), **more)
    made = await connection.run(attempt(MECHANISMS[name], who, initial=initial), 20)
    # Whatever became of it, client and server are agreed on where they stand.
    assert (await connection.run(ask(command(b"NOOP")), 20)).code == 250
    if made.is_logged_in:
        assert connection.session.identity == (user or more.get("authzid", ""))
    await connection.run(quit(), 20)
    connection.close()
    return made


INITIAL = pytest.mark.parametrize("initial", [True, False], ids=["initial", "asked"])


@INITIAL
@pytest.mark.parametrize("name", postfix.MECHANISMS)
async def test_postfix_lets_us_in(mta: postfix.Postfix, name: str, initial: bool) -> None:
    made = await tried(mta, name, postfix.USER, postfix.PASSWORD, initial=initial)
    assert made.is_logged_in, made


@pytest.mark.parametrize("name", postfix.MECHANISMS)
async def test_postfix_knows_a_wrong_password(mta: postfix.Postfix, name: str) -> None:
    made = await tried(mta, name, postfix.USER, "wrong")
    assert made.failure is Failure.CREDENTIALS, made


async def test_postfix_offers_what_is_tested(mta: postfix.Postfix) -> None:
    connection = await connected(mta)
    assert connection.session.capabilities.mechanisms == postfix.MECHANISMS
    connection.close()


@INITIAL
@pytest.mark.parametrize("name", NEW)
async def test_dovecot_lets_us_in(mda: dovecot.Dovecot, name: str, initial: bool) -> None:
    made = await tried(mda, name, dovecot.USER, dovecot.PASSWORD, initial=initial)
    assert made.is_logged_in, made


@pytest.mark.parametrize("name", NEW)
async def test_dovecot_knows_a_wrong_password(mda: dovecot.Dovecot, name: str) -> None:
    made = await tried(mda, name, dovecot.USER, "wrong")
    assert made.failure is Failure.CREDENTIALS, made


@INITIAL
@pytest.mark.parametrize("name", ["XOAUTH2", "OAUTHBEARER"])
async def test_dovecot_takes_a_token(mda: dovecot.Dovecot, name: str, initial: bool) -> None:
    made = await tried(mda, name, dovecot.USER, token=mda.token(), initial=initial)
    assert made.is_logged_in, made


@pytest.mark.parametrize("name", ["XOAUTH2", "OAUTHBEARER"])
async def test_dovecot_tells_why_it_refuses_a_token(mda: dovecot.Dovecot, name: str) -> None:
    made = await tried(mda, name, dovecot.USER, token=mda.token(lifetime=-60))
    assert made.failure is Failure.CREDENTIALS and "the token is" in made.words, made


async def test_dovecot_knows_whose_certificate_it_is(mda: dovecot.Dovecot) -> None:
    made = await tried(mda, "EXTERNAL", "", authzid=dovecot.USER, client_cert=mda.client_cert)
    assert made.is_logged_in, made


async def test_dovecot_lets_nobody_in_without_a_certificate(mda: dovecot.Dovecot) -> None:
    made = await tried(mda, "EXTERNAL", "", authzid=dovecot.USER)
    assert made.failure is Failure.CREDENTIALS, made


@INITIAL
@pytest.mark.parametrize("name", nodemailer.MECHANISMS)
async def test_nodemailer_lets_us_in(node: nodemailer.Nodemailer, name: str, initial: bool) -> None:
    made = await tried(
        *(node, name, nodemailer.USER, nodemailer.PASSWORD),
        token=nodemailer.TOKEN,
        initial=initial,
    )
    assert made.is_logged_in, made


@pytest.mark.parametrize("name", nodemailer.MECHANISMS)
async def test_nodemailer_knows_a_wrong_secret(node: nodemailer.Nodemailer, name: str) -> None:
    made = await tried(node, name, nodemailer.USER, "wrong", token="wrong")
    assert made.failure is Failure.CREDENTIALS, made


@pytest.mark.parametrize("name", ["SCRAM-SHA3-512", "OAUTHBEARER", "ANONYMOUS"])
async def test_a_mechanism_that_is_not_offered_is_told_apart(
    mta: postfix.Postfix, mda: dovecot.Dovecot, node: nodemailer.Nodemailer, name: str
) -> None:
    for server in (mta, mda, node):
        connection = await connected(server)
        if name not in connection.session.capabilities.mechanisms:
            who = credentials(postfix.USER, "x", token="x")
            made = await connection.run(attempt(MECHANISMS[name], who), 20)
            assert made.failure is Failure.MECHANISM, made
        connection.close()


async def test_plain_text_to_a_server_that_wants_tls_is_told_apart(
    node: nodemailer.Nodemailer,
) -> None:
    connection = await dial(Target("localhost", node.port), timeout=20)
    await connection.run(hello(b"client.example"), 20)
    made = await connection.run(attempt(MECHANISMS["PLAIN"], credentials("a", "b")), 20)
    connection.close()
    assert made.failure is Failure.ENCRYPTION, made
