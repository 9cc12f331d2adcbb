"""Real servers for the tests in this folder."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import dovecot
import gateways
import nodemailer
import postfix
import pytest

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
            if isinstance(server, (postfix.Postfix, dovecot.Dovecot)):
                lines = server.log().splitlines()[-LOGGED:]
                report.sections.append((f"log of {name}", "\n".join(lines)))
    return report


@contextmanager
def _folder(name: str) -> Iterator[Path]:
    # Not under pytest's folder, which only root may enter: servers drop their privileges.
    folder = Path(tempfile.mkdtemp(prefix=f"smtpconsole-{name}-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
