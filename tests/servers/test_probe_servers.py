"""The probe on Postfix and Dovecot: nothing is wrong with them, and they are not sent mail."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import dovecot
import jsonschema
import postfix
import pytest

from smtpconsole.console.probe.report import schema

pytestmark = pytest.mark.servers


def probed(target: str, *arguments: str) -> dict[str, Any]:
    """A report, from the program."""
    done = subprocess.run(
        [sys.executable, "-m", "smtpconsole", "probe", target, "--json", "--no-dns", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    told: dict[str, Any] = json.loads(done.stdout)
    jsonschema.validate(told, schema())
    assert done.returncode == told["status"]
    return told


def codes(told: dict[str, Any]) -> set[str]:
    return {each["code"] for each in told["remarks"]}


def test_postfix_is_sound(mta: postfix.Postfix) -> None:
    told = probed(f"localhost:{mta.port}", "--ca", str(mta.ca))
    assert told["outcome"] == "sound" and codes(told) == set()
    assert told["auth"]["plain"] == [] and "PLAIN" in told["auth"]["tls"]
    assert told["capabilities"]["difference"]["removed"] == ["STARTTLS"]
    assert told["greeting"]["lines"] == [f"{postfix.HOST} ESMTP Postfix"]


def test_postfix_with_tls_from_the_first_octet_is_sound(mta: postfix.Postfix) -> None:
    told = probed(f"smtps://localhost:{mta.tls_port}", "--ca", str(mta.ca))
    assert told["outcome"] == "sound" and told["tls"]["version"] == "TLSv1.3"


def test_postfix_asked_in_the_wrong_way_is_recognised(mta: postfix.Postfix) -> None:
    told = probed(f"smtp://localhost:{mta.tls_port}", "--ca", str(mta.ca), "--timeout", "5")
    assert told["outcome"] == "wrong-mode" and told["tls"]["established"]
    told = probed(f"smtps://localhost:{mta.port}", "--ca", str(mta.ca))
    assert told["outcome"] == "wrong-mode" and told["tls"]["established"]


def test_postfix_with_a_certificate_of_nobody_is_told(mta: postfix.Postfix) -> None:
    told = probed(f"localhost:{mta.port}", "--ca", str(mta.other_ca))
    assert told["outcome"] == "untrusted" and told["status"] == 3
    verdicts = {each["policy"]: each["delivers"] for each in told["tls"]["verdicts"]}
    assert verdicts["opportunistic"] is True and verdicts["verified"] is False


def test_dovecot_is_sound_for_submission_and_for_lmtp(mda: dovecot.Dovecot) -> None:
    told = probed(f"localhost:{mda.port}", "--ca", str(mda.ca))
    assert told["outcome"] == "sound", told["remarks"]
    assert codes(told) <= {"auth-in-plaintext", "names-differ", "xclient", "greeting-name"}
    told = probed(f"smtps://localhost:{mda.tls_port}", "--ca", str(mda.ca))
    assert told["outcome"] == "sound" and told["tls"]["established"]
    told = probed(f"lmtp://localhost:{mda.lmtp_port}", "--ca", str(mda.ca))
    assert told["outcome"] == "sound" and told["target"]["protocol"] == "lmtp", told
    assert Path(mda.lmtp_socket).exists()
    told = probed(f"lmtp+unix://{mda.lmtp_socket}", "--ca", str(mda.ca))
    assert told["outcome"] in ("sound", "untrusted") and told["greeting"]["code"] == 220
