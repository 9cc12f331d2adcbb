"""Fixtures for all tests, and coroutines as tests."""

from __future__ import annotations

import asyncio
import gc
import inspect
import itertools
import os
import sys
from pathlib import Path

import eager
import pytest

# What is imported is compiled once, and not by each worker and each program that tests start.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# No test reads what a person has set, or what another test has left, or trusts what the machine
# does: a hundred and fifty authorities take a while to read, and none of them is wanted.
os.environ["SMTPCONSOLE_CONFIG"] = "/nonexistent/smtpconsole"
os.environ["SSL_CERT_DIR"] = str(Path(__file__).with_name("authorities"))
os.environ["SSL_CERT_FILE"] = os.environ["SSL_CERT_DIR"] + "/of-nothing.pem"
_STATES = itertools.count()
_MARKED = {"pilot": "screens", "fuzz": "faults"}  # folders

LIMIT = 180  # seconds; a test that waits for ever must say where


def pytest_configure() -> None:
    """How tasks begin, and how much hypothesis tries."""
    eager.install()
    from hypothesis import settings

    settings.register_profile("plain", max_examples=30, deadline=None, derandomize=True)
    settings.register_profile("nightly", max_examples=5000, deadline=None, print_blob=True)
    settings.load_profile("nightly" if os.environ.get("SMTPCONSOLE_NIGHTLY") == "1" else "plain")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What a whole folder is about is marked by its name."""
    for item in items:
        folder = item.path.relative_to(Path(__file__).parent).parts[0]
        if folder in _MARKED:
            item.add_marker(_MARKED[folder])


def pytest_collection_finish() -> None:
    """What has been collected stays; the collector need not look at it again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def own_state(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is kept of sessions is each test's own."""
    folder = tmp_path_factory.getbasetemp() / f"state-{next(_STATES)}"
    monkeypatch.setenv("SMTPCONSOLE_STATE", str(folder))


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a test that is a coroutine on a loop of its own."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}

    async def limited() -> None:
        async with asyncio.timeout(LIMIT):
            await pyfuncitem.obj(**arguments)

    asyncio.run(limited())
    return True
