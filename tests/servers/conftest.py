"""Real servers for the tests in this folder."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dovecot
import gateways
import nodemailer
import postfix
import pytest


@pytest.fixture(scope="session")
def mta() -> Iterator[postfix.Postfix]:
    """Postfix; where it cannot run, the test fails and says what to install."""
    with _folder("postfix") as folder, postfix.running(folder) as server:
        yield server


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


@contextmanager
def _folder(name: str) -> Iterator[Path]:
    # Not under pytest's folder, which only root may enter: servers drop their privileges.
    folder = Path(tempfile.mkdtemp(prefix=f"smtpconsole-{name}-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
