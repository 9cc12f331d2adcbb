"""Every public name of aiosmtplib 5.1.3, with its signature, is a name of ours."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys
from typing import Any

import aiosmtplib
import pytest

import smtpconsole
import smtpconsole.client
from smtpconsole.sandbox import Sandbox

MODULES = [
    *("api", "auth", "email", "errors", "esmtp", "protocol", "response", "smtp", "status"),
    "typing",
]
METHODS = [
    name
    for name, member in inspect.getmembers(aiosmtplib.SMTP, inspect.isfunction)
    if not name.startswith("_") or name in ("__init__", "__aenter__", "__aexit__")
]
PROPERTIES = [
    name for name, _ in inspect.getmembers(aiosmtplib.SMTP, lambda each: isinstance(each, property))
]
FUNCTIONS = [
    ("auth", "auth_crammd5_verify"),
    ("auth", "auth_login_encode"),
    ("auth", "auth_plain_encode"),
    ("auth", "auth_xoauth2_encode"),
    ("email", "extract_addresses"),
    ("email", "extract_recipients"),
    ("email", "extract_sender"),
    ("email", "flatten_message"),
    ("email", "parse_address"),
    ("email", "quote_address"),
    ("esmtp", "parse_esmtp_extensions"),
]


def module(library: str, name: str) -> Any:
    return importlib.import_module(f"{library}.{name}")


def test_the_package_has_every_name() -> None:
    assert set(aiosmtplib.__all__) <= set(smtpconsole.client.__all__)
    assert set(aiosmtplib.__all__) <= set(smtpconsole.__all__)
    for name in smtpconsole.__all__:
        assert getattr(smtpconsole, name) is getattr(smtpconsole.client, name)


@pytest.mark.parametrize("name", MODULES)
def test_a_module_has_every_name(name: str) -> None:
    theirs = module("aiosmtplib", name)
    missing = [each for each in theirs.__all__ if not hasattr(module(OURS, name), each)]
    assert missing == []


OURS = "smtpconsole.client"


def test_values_that_are_not_functions() -> None:
    smtp = module(OURS, "smtp")
    assert (smtp.SMTP_PORT, smtp.SMTP_TLS_PORT, smtp.SMTP_STARTTLS_PORT) == (25, 465, 587)
    assert smtp.DEFAULT_TIMEOUT == 60
    typing = module(OURS, "typing")
    assert [each.name for each in typing.Default] == ["token"]
    assert typing.SMTPStatus is module(OURS, "status").SMTPStatus is smtpconsole.SMTPStatus
    assert set(aiosmtplib.SMTP.AUTH_METHODS) <= set(smtpconsole.SMTP.AUTH_METHODS)
    assert module(OURS, "protocol").SMTPProtocol


@pytest.mark.parametrize("name", METHODS)
def test_a_method_takes_what_that_of_the_reference_takes(name: str) -> None:
    takes_as_much(getattr(smtpconsole.SMTP, name), getattr(aiosmtplib.SMTP, name))


def test_send_takes_what_that_of_the_reference_takes() -> None:
    takes_as_much(smtpconsole.send, aiosmtplib.send)


@pytest.mark.parametrize(("where", "name"), FUNCTIONS)
def test_a_function_takes_what_that_of_the_reference_takes(where: str, name: str) -> None:
    takes_as_much(
        getattr(module(OURS, where), name),
        getattr(module("aiosmtplib", where), name),
        by_name=False,
    )


def takes_as_much(ours: Any, theirs: Any, *, by_name: bool = True) -> None:
    """The same parameters in the same order, with the same kinds and defaults; then only more
    that may be left out."""
    assert inspect.iscoroutinefunction(ours) == inspect.iscoroutinefunction(theirs)
    mine = list(inspect.signature(ours).parameters.values())
    wanted = list(inspect.signature(theirs).parameters.values())
    for own, other in zip(mine, wanted, strict=False):
        assert (own.name, own.kind) == (other.name, other.kind) or not by_name
        assert own.kind == other.kind
        assert str(own.default) == str(other.default)
    assert len(mine) >= len(wanted)
    for extra in mine[len(wanted) :]:
        assert extra.kind in (extra.KEYWORD_ONLY, extra.VAR_KEYWORD)
        assert extra.kind is extra.VAR_KEYWORD or extra.default is not extra.empty


@pytest.mark.parametrize("name", PROPERTIES)
def test_a_property_is_one_and_as_settable(name: str) -> None:
    ours = inspect.getattr_static(smtpconsole.SMTP, name)
    assert isinstance(ours, property)
    assert (ours.fset is None) == (inspect.getattr_static(aiosmtplib.SMTP, name).fset is None)


def test_what_an_instance_has_can_be_read_and_set() -> None:
    theirs, ours = aiosmtplib.SMTP(), smtpconsole.SMTP()
    for name in vars(theirs):
        if not name.startswith("_"):
            assert getattr(ours, name) == getattr(theirs, name), name
            setattr(ours, name, getattr(ours, name))


def test_an_instance_of_a_subclass_can_have_steps_of_its_own() -> None:
    class Watched(smtpconsole.SMTP):
        async def execute_command(self, *args: bytes, **more: Any) -> smtpconsole.SMTPResponse:
            return await super().execute_command(*args, **more)

    assert Watched()._is_watched and not smtpconsole.SMTP()._is_watched


def test_a_program_may_import_ours_in_its_place() -> None:
    import smtpconsole.client as aiosmtplib

    assert aiosmtplib.SMTPStatus.completed == 250
    assert aiosmtplib.SMTP(hostname="x").hostname == "x"


def answered(*lines: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "smtpconsole.client"],
        input="\n".join(lines),
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


def test_as_a_program_it_asks_and_sends() -> None:
    with Sandbox() as sandbox:
        people = f"bob@sandbox.example, {sandbox.user}"
        done = answered("", str(sandbox.port), "a@x", people, "Subject: x", "", "Hi ü")
        letters = sandbox.mailbox.letters()
    assert done.returncode == 0, done.stderr
    assert "SMTP server hostname [localhost]: SMTP server port [25]: From: To: " in done.stdout
    assert "Enter message, end with ^D:" in done.stdout
    assert len(letters) == 2 or len(letters[0].recipients) == 2


@pytest.mark.parametrize("lines", [("", "x"), ("",), ("127.0.0.1", "1", "a@x", "b@x", "Hi")])
def test_as_a_program_it_says_what_went_wrong(lines: tuple[str, ...]) -> None:
    done = answered(*lines)
    assert done.returncode == 1
    assert "Nothing was sent: " in done.stderr and "Traceback" not in done.stderr
