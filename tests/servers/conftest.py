"""Real servers for the tests in this folder."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import postfix
import pytest


@pytest.fixture(scope="session")
def mta() -> Iterator[postfix.Postfix]:
    """Postfix; where it cannot run, the test fails and says what to install."""
    # Not under pytest's folder, which only root may enter: Postfix drops its privileges.
    folder = Path(tempfile.mkdtemp(prefix="smtpconsole-postfix-"))
    try:
        with postfix.running(folder) as server:
            yield server
    finally:
        shutil.rmtree(folder)
