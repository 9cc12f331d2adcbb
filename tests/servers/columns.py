"""The servers of the table: where each listens, who may log in, and whom it knows.

A column is made of the fixture of its server when a test asks for it; `COLUMNS` says of which.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dovecot
import exim
import nodemailer
import opensmtpd
import postfix
from controllers import PASSWORD as AIOSMTPD_PASSWORD
from controllers import Controllers
from smtp_sink import Sinks

from smtpconsole.sandbox import Sandbox


@dataclass(frozen=True)
class Column:
    """A server as the rows of the table see it.  A port that there is none of is None."""

    port: int  # clear text at first, STARTTLS where it has it
    tls_port: int | None = None
    lmtp_port: int | None = None
    proxy_port: int | None = None  # wants a PROXY header first
    trusting_port: int | None = None  # takes XCLIENT
    impatient_port: int | None = None  # dismisses who is silent for a second
    watchful_port: int | None = None  # waits a moment for who speaks before it
    ca: Path | None = None
    client_cert: Path | None = None
    user: str = postfix.USER
    password: str = ""
    token: str = ""
    known: str = f"bob@{postfix.DOMAIN}"
    unknown: str = f"nobody@{postfix.DOMAIN}"
    elsewhere: str = "x@elsewhere.test"
    many: str = f"u{{}}@{postfix.DOMAIN}"  # as many as one likes, whose mail is thrown away
    many_port: int | None = None  # where they are taken
    is_lmtp: bool = False
    logs_in_first: bool = False  # it is for submission


def _postfix(mta: postfix.Postfix) -> Column:
    return Column(
        port=mta.port,
        tls_port=mta.tls_port,
        proxy_port=mta.proxy_port,
        trusting_port=mta.trusting_port,
        impatient_port=mta.impatient_port,
        ca=mta.ca,
        password=postfix.PASSWORD,
        many="u{}@elsewhere.test",
        many_port=mta.trusting_port,
    )


def _exim(server: exim.Exim) -> Column:
    return Column(
        port=server.port,
        tls_port=server.tls_port,
        proxy_port=server.proxy_port,
        impatient_port=server.impatient_port,
        watchful_port=server.impatient_port,
        ca=server.ca,
        client_cert=server.client_cert,
        password=exim.PASSWORD,
    )


def _opensmtpd(server: opensmtpd.OpenSmtpd) -> Column:
    return Column(
        port=server.port,
        tls_port=server.tls_port,
        proxy_port=server.proxy_port,
        ca=server.ca,
        password=opensmtpd.PASSWORD,
    )


def _submission(mda: dovecot.Dovecot) -> Column:
    return Column(
        port=mda.port,
        tls_port=mda.tls_port,
        ca=mda.ca,
        client_cert=mda.client_cert,
        password=dovecot.PASSWORD,
        token=mda.token(),
        logs_in_first=True,
    )


def _lmtp(mda: dovecot.Dovecot) -> Column:
    return Column(
        port=mda.lmtp_port,
        lmtp_port=mda.lmtp_port,
        ca=mda.ca,
        password=dovecot.PASSWORD,
        many=f"postmaster+{{}}@{dovecot.DOMAIN}",
        is_lmtp=True,
    )


def _nodemailer(node: nodemailer.Nodemailer) -> Column:
    return Column(
        port=node.port,
        tls_port=node.tls_port,
        lmtp_port=node.lmtp_port,
        proxy_port=node.proxy_port,
        trusting_port=node.xclient_port,
        impatient_port=node.impatient_port,
        ca=node.ca,
        password=nodemailer.PASSWORD,
        token=nodemailer.TOKEN,
    )


def _aiosmtpd(server: Controllers) -> Column:
    return Column(
        port=server.port,
        tls_port=server.tls_port,
        lmtp_port=server.lmtp_port,
        proxy_port=server.proxy_port,
        impatient_port=server.impatient_port,
        ca=server.ca,
        password=AIOSMTPD_PASSWORD,
    )


def _sink(sinks: Sinks) -> Column:
    return Column(
        port=sinks.port, lmtp_port=sinks.lmtp_port, trusting_port=sinks.port, password="any"
    )


def _sandbox(servers: tuple[Sandbox, Sandbox]) -> Column:
    server, impatient = servers
    return Column(
        port=server.port,
        tls_port=server.tls_port,
        lmtp_port=server.lmtp_port,
        proxy_port=server.proxy_port,
        trusting_port=server.port,
        impatient_port=impatient.port,
        ca=server.ca_file,
        user=server.user,
        password=server.password,
        token=server.token,
        known="bob@sandbox.example",
        unknown="nobody@sandbox.example",
        many="u{}@sandbox.example",
    )


COLUMNS: dict[str, tuple[str, Callable[[Any], Column]]] = {
    "Postfix": ("mta", _postfix),
    "Exim": ("exim_server", _exim),
    "OpenSMTPD": ("osmtpd", _opensmtpd),
    "Dovecot": ("mda", _submission),
    "Dovecot LMTP": ("mda", _lmtp),
    "smtp-server": ("node", _nodemailer),
    "aiosmtpd": ("controllers_running", _aiosmtpd),
    "smtp-sink": ("sinks", _sink),
    "sandbox": ("sandboxes", _sandbox),
}
