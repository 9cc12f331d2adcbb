"""What is special to tests of the application: a sandbox for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from smtpconsole.console.console import Suggestions
from smtpconsole.console.sandboxing import sandboxes
from smtpconsole.console.settings import Settings
from smtpconsole.sandbox import Sandbox


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture
def settings(sandbox: Sandbox) -> Settings:
    """Settings that trust the sandbox."""
    return Settings(ca=str(sandbox.ca_file))


@pytest.fixture
def suggestions(sandbox: Sandbox) -> Suggestions:
    """What the sandbox suggests to a beginner."""
    return sandboxes.suggestions(sandbox)
