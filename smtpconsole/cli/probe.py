"""smtpconsole probe: what a mail admin should know of a server."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from smtpconsole.cli.options import (
    VISIT,
    failing,
    resolving,
    seconds,
    settings_from,
    usage,
    with_ways,
)
from smtpconsole.console.answers import ConsoleError
from smtpconsole.console.composing.progress import ProgressLine
from smtpconsole.visible import visible

if TYPE_CHECKING:
    from smtpconsole.console.probe.probing import Inquiry, Report
    from smtpconsole.console.probe.visit import Errand
    from smtpconsole.smtp.events import Target

_EPILOG = """\b
Exit status:
  0  sound         nothing is wrong
  1  faulty        the server works, and breaks rules that matter
  2  usage         the words cannot be understood
  3  untrusted     the certificate does not prove the server
  4  tls-failed    TLS was offered or asked for, and did not come about
  5  refused       the server refuses service
  6  closed        the server ended the conversation
  7  not-smtp      something else than SMTP answers
  8  wrong-mode    TLS comes first where plain text was asked for, or the reverse
  9  timeout       the server did not answer in time
 10  unreachable   no address could be connected to
"""


@click.command(
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.argument("target", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--schema", is_flag=True, help="Print the JSON Schema of the report, and end.")
@click.option("--transcript", is_flag=True, help="Print what is said, on standard error.")
@click.option(
    "--timeout", metavar="SECONDS", default="60", help="End after so long, whatever there is."
)
@click.option("--lmtp", is_flag=True, help="Speak LMTP.")
@click.option("--name", metavar="HOST", default="", help="Introduce ourselves as HOST in EHLO.")
@click.option("--domain", metavar="DOMAIN", default="", help="Judge by the MTA-STS of this domain.")
@click.option("--no-dns", is_flag=True, help="Do not ask for PTR and TLSA records.")
@resolving
@failing
@with_ways(*VISIT)
def command(
    target: str | None,
    as_json: bool,
    schema: bool,
    transcript: bool,
    timeout: str,
    lmtp: bool,
    name: str,
    domain: str,
    no_dns: bool,
    dns: tuple[str, ...],
    dns_trust_ad: bool,
    fail_on: str,
    **how: str | bool | None,
) -> None:
    """Report what a server says, offers and proves, and what is wrong with it.

    TARGET is written as for smtpconsole itself.  Greeting, EHLO, STARTTLS, EHLO, HELP, NOOP and
    QUIT are said, and no mail is sent.
    """
    from smtpconsole.console.dns.resolving import ca_file
    from smtpconsole.console.dns.resolving import domain as mail_domain
    from smtpconsole.console.dns.resolving import resolver as resolver_for
    from smtpconsole.console.probe import report as reports
    from smtpconsole.console.probe import text
    from smtpconsole.console.probe.errands import errand_for
    from smtpconsole.console.probe.probing import Inquiry
    from smtpconsole.console.targets import parse_target
    from smtpconsole.net.dns.sts import Web

    if schema:
        click.echo(json.dumps(reports.schema(), indent=1))
        return
    if target is None:
        raise click.UsageError("which server?  smtpconsole probe mail.example.com:587")
    try:
        asked = parse_target(target)
        if lmtp:
            asked = replace(asked, lmtp=True)
        settings = settings_from({"name": name, **how})
        errand = errand_for(settings, asked, seconds(timeout))
        resolver = None if no_dns else resolver_for(dns, trust_ad=dns_trust_ad)
        if domain and resolver is None:
            raise ConsoleError("--domain needs the DNS", "leave --no-dns away")
        inquiry = Inquiry(
            resolver, domain and mail_domain(domain), Web(ca_file=ca_file(settings)), fail_on
        )
    except ConsoleError as error:
        raise usage(error) from error
    report = _run(asked, errand, inquiry, transcript=transcript)
    if as_json:
        click.echo(json.dumps(reports.as_json(report), indent=1))
    else:
        for line in text.lines(report):
            click.echo(visible(line))
    sys.exit(report.outcome.status)


def _run(target: Target, errand: Errand, inquiry: Inquiry, *, transcript: bool) -> Report:
    """Probe, and show meanwhile where it stands, or all that is said."""
    from smtpconsole.console.probe.probing import probe
    from smtpconsole.transcript.journal import Journal
    from smtpconsole.transcript.turns import Teller

    journal, progress = Journal(), ProgressLine()
    teller, told = Teller(journal), 0

    def tell() -> None:
        nonlocal told
        entries = journal.since(told)
        told += len(entries)
        for turn in teller.tell(entries):
            for line in turn.lines:
                click.echo(f"{turn.mark} {visible(line)}", err=True)

    if transcript:
        journal.subscribe(tell)
        return asyncio.run(probe(target, errand, inquiry, journal=journal))
    try:
        return asyncio.run(
            probe(
                target,
                errand,
                inquiry,
                journal=journal,
                tell=lambda visit: progress.show(f"{visit.target}: {visit.stage}"),
            )
        )
    finally:
        progress.end()
