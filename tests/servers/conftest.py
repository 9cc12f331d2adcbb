"""Real servers for the tests in this folder."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import controllers
import dovecot
import exim
import gateways
import nodemailer
import opensmtpd
import postfix
import pytest
from smtp_sink import FAULTS, Sinks, sink
from table import printed

from smtpconsole.sandbox import Sandbox

LOGGED = 60  # lines of a server's log below a failed test


@pytest.fixture(scope="session")
def mta() -> Iterator[postfix.Postfix]:
    """Postfix; where it cannot run, the test fails and says what to install."""
    with _folder("postfix") as folder, postfix.running(folder) as server:
        yield server


@pytest.fixture
def mta_with() -> Callable[..., AbstractContextManager[postfix.Postfix]]:
    """A Postfix of one's own with further lines of main.cf: `with mta_with(...) as server:`."""

    @contextmanager
    def started(*settings: str) -> Iterator[postfix.Postfix]:
        with _folder("postfix") as folder, postfix.running(folder, *settings) as server:
            yield server

    return started


@pytest.fixture(scope="session")
def mda() -> Iterator[dovecot.Dovecot]:
    """Dovecot, for submission and LMTP; where it cannot run, the test fails as well."""
    with _folder("dovecot") as folder, dovecot.running(folder) as server:
        yield server


@pytest.fixture(scope="session")
def node() -> Iterator[nodemailer.Nodemailer]:
    """Nodemailer's smtp-server."""
    with _folder("nodemailer") as folder, nodemailer.running(folder) as server:
        yield server


@pytest.fixture(scope="session")
def unpacked(pytestconfig: pytest.Config) -> Path:
    """Where packages are unpacked that are not installed; they are fetched once."""
    assert pytestconfig.cache is not None
    return pytestconfig.cache.mkdir("beside")


@pytest.fixture(scope="session")
def osmtpd(unpacked: Path) -> Iterator[opensmtpd.OpenSmtpd]:
    """OpenSMTPD."""
    with _folder("opensmtpd") as folder, opensmtpd.running(folder, unpacked) as server:
        yield server


@pytest.fixture(scope="session")
def exim_server(unpacked: Path) -> Iterator[exim.Exim]:
    """Exim."""
    with _folder("exim") as folder, exim.running(folder, unpacked) as server:
        yield server


@pytest.fixture(scope="session")
def controllers_running() -> Iterator[controllers.Controllers]:
    """aiosmtpd."""
    with _folder("aiosmtpd") as folder, controllers.running(folder) as running:
        yield running


@pytest.fixture(scope="session")
def sinks() -> Iterator[Sinks]:
    """smtp-sink, of the kind that takes everything."""
    with sink(*FAULTS["none"]) as port, sink(*FAULTS["LMTP"]) as lmtp_port:
        yield Sinks(port, lmtp_port)


@pytest.fixture(scope="session")
def sandboxes() -> Iterator[tuple[Sandbox, Sandbox]]:
    """Our own server with all that it offers, and another that dismisses who is silent."""
    with Sandbox(lmtp_port=0, proxy_port=0, withdraw=()) as server, Sandbox(idle=1.0) as other:
        yield server, other


@pytest.fixture(scope="session")
def proxies() -> Iterator[gateways.Gateways]:
    """microsocks and tinyproxy."""
    with _folder("gateways") as folder, gateways.running(folder) as running:
        yield running


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failed test shows what the servers it was given have logged."""
    report = yield
    if report.failed and isinstance(item, pytest.Function):
        for name, server in item.funcargs.items():
            if hasattr(server, "log"):
                lines = server.log().splitlines()[-LOGGED:]
                report.sections.append((f"log of {name}", "\n".join(lines)))
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The table, of what has been tried in this run, wherever it was."""
    reports = [each for kind in ("passed", "failed") for each in terminalreporter.getreports(kind)]
    found = {
        (ability, server): ("FAIL" if report.failed else "yes" if can else "no", words)
        for report in reports
        for name, (ability, server, can, words) in report.user_properties
        if name == "cell"
    }
    if found:
        terminalreporter.section("abilities x servers")
        for line in printed(found):
            terminalreporter.write_line(line)


@contextmanager
def _folder(name: str) -> Iterator[Path]:
    # Not under pytest's folder, which only root may enter: servers drop their privileges.
    folder = Path(tempfile.mkdtemp(prefix=f"smtpconsole-{name}-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
