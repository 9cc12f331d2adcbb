"""The probe on a dozen of the sandbox's faults: each report names what is wrong."""

from __future__ import annotations

import asyncio

import pytest

from smtpconsole.console.probe import text
from smtpconsole.console.probe.probing import Report, probe
from smtpconsole.console.probe.visit import Errand
from smtpconsole.net.policy import TlsPolicy
from smtpconsole.sandbox import Sandbox
from smtpconsole.sandbox.faults import known
from smtpconsole.smtp.events import Target

pytestmark = pytest.mark.faults

EXPECTED = {  # the outcome, and words of the report
    "banner-multiline": ("sound", "220"),
    "banner-554": ("refused", "554 5.3.2"),
    "banner-421": ("refused", "421 4.3.2"),
    "banner-silent": ("timeout", "at greeting"),
    "banner-imap": ("not-smtp", "IMAP"),
    "tls-on-plain": ("not-smtp", "this is not SMTP but TLS"),
    "bare-lf": ("faulty", "! bare LF"),
    "endless-continuation": ("closed", "reply too long"),
    "ehlo-drop": ("closed", "at EHLO"),
    "escape-bomb": ("sound", "SIZE"),
    "starttls-inject-line": ("tls-failed", "plaintext"),
    "tls-alert": ("tls-failed", "handshake failure"),
    "starttls-hang": ("timeout", "TLS"),
    "tls-cert-expired": ("untrusted", "expired"),
    "tls-capability-drop": ("sound", "TLS 1.3"),
    "quit-without-reply": ("sound", "QUIT"),
}


@pytest.fixture(scope="module")
def reports() -> dict[str, Report]:
    """A report on each, several side by side."""
    return asyncio.run(_reports())


async def _reports() -> dict[str, Report]:
    waiting, found = list(EXPECTED), dict[str, Report]()

    async def go_on(sandbox: Sandbox) -> None:
        while waiting:
            name = waiting.pop(0)
            sandbox.faults.switch_off()
            sandbox.faults.switch_on(known()[name])
            policy = TlsPolicy(strict=False, ca_file=str(sandbox.ca_file))
            errand = Errand("client.example", policy, timeout=4)
            found[name] = await probe(Target("127.0.0.1", sandbox.port), errand)

    sandboxes = [Sandbox() for _ in range(4)]
    try:
        for each in sandboxes:
            each.start()
        await asyncio.gather(*map(go_on, sandboxes))
    finally:
        for each in sandboxes:
            each.stop()
    return found


@pytest.mark.parametrize("name", EXPECTED)
def test_the_report_names_what_is_wrong(reports: dict[str, Report], name: str) -> None:
    report, (outcome, words) = reports[name], EXPECTED[name]
    lines = "\n".join(text.lines(report))
    assert report.outcome.name == outcome, lines
    assert words in lines, lines
