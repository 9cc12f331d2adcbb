"""Every problem of a chain is named, and OpenSSL agrees on which are fatal."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import lab
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtpconsole.net import certificates
from smtpconsole.net.diagnosis import diagnose

NOW = datetime.now(UTC)


def codes(entry: lab.Entry) -> set[str]:
    return {problem.code for problem in diagnose(entry.ders, entry.kind.host, entry.roots)}


@pytest.mark.parametrize("name", sorted(lab.KINDS))
def test_every_planted_defect_is_named(name: str) -> None:
    entry = lab.entry(name)
    assert codes(entry) == set(entry.kind.codes.split())


@pytest.mark.parametrize("name", sorted(lab.KINDS))
def test_openssl_refuses_what_has_an_error_and_nothing_else(name: str) -> None:
    entry = lab.entry(name)
    problems = diagnose(entry.ders, entry.kind.host, entry.roots)
    has_error = any(problem.severity == "error" for problem in problems)
    assert has_error == (lab.refusal(entry) is not None), lab.refusal(entry)


def test_mending_one_defect_of_three_takes_away_one_code() -> None:
    sound = lab.Recipe()
    bad = replace(
        sound, names=("www.else.test",), common_name=None, begins=-60, ends=-2, by="other"
    )
    kind = lab.Kind(recipe=bad, send=("other",))
    assert codes(lab.build(kind)) == {"name-mismatch", "expired", "untrusted-root"}
    for mended, gone in (
        (replace(bad, names=sound.names), "name-mismatch"),
        (replace(bad, begins=sound.begins, ends=sound.ends), "expired"),
    ):
        left = codes(lab.build(replace(kind, recipe=mended)))
        assert left == {"name-mismatch", "expired", "untrusted-root"} - {gone}


def test_a_clock_decides_what_is_expired() -> None:
    entry = lab.build(lab.Kind())
    later = NOW + timedelta(days=100)
    problems = diagnose(entry.ders, lab.HOST, entry.roots, now=later)
    assert [problem.code for problem in problems if problem.depth == 0] == ["expired"]
    assert "days ago" in problems[0].text


def test_facts_are_read_and_hostile_names_carried_through() -> None:
    entry = lab.build(lab.Kind(recipe=replace(lab.Recipe(), common_name="evil\x1b[2J")))
    facts = certificates.facts(entry.ders[0])
    assert facts.subject == "evil\x1b[2J"
    assert facts.names == (lab.HOST,)
    assert facts.key == "EC P-256"
    assert facts.signature == "ECDSA with SHA-256"
    assert facts.sha256.count(":") == 31


@given(st.data())
def test_no_octet_of_a_certificate_can_stop_it(data: st.DataObject) -> None:
    der = bytearray(lab.entry(sorted(lab.KINDS)[0]).ders[0])
    for _ in range(data.draw(st.integers(1, 4))):
        der[data.draw(st.integers(0, len(der) - 1))] = data.draw(st.integers(0, 255))
    mutated = bytes(der)
    assert certificates.facts(mutated).der == mutated
    assert isinstance(diagnose([mutated], "mail.example.org", []), tuple)


@given(st.binary(max_size=200))
def test_rubbish_is_an_unreadable_certificate(rubbish: bytes) -> None:
    assert certificates.facts(rubbish).subject == "unreadable certificate"
    assert "unreadable" in {problem.code for problem in diagnose([rubbish], "mail.x", [])}


def test_no_chain_is_a_problem_too() -> None:
    assert [problem.code for problem in diagnose([], "mail.x", [])] == ["no-certificate"]


def test_roots_come_from_a_file_or_the_reason_why_not(tmp_path) -> None:  # type: ignore[no-untyped-def]
    root, _ = lab.authority("root")
    (tmp_path / "ca.pem").write_bytes(lab.pem(root))
    assert certificates.roots_from(tmp_path / "ca.pem") == (root,)
    (tmp_path / "empty.pem").write_text("nothing here")
    with pytest.raises(ValueError, match=r"empty\.pem"):
        certificates.roots_from(tmp_path / "empty.pem")
    assert isinstance(certificates.system_roots(), tuple)
