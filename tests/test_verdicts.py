"""What a sender does here, by its policy: a table over what TLS and the DNS told."""

from __future__ import annotations

import lab
import pytest

from smtpconsole.net import certificates, dane
from smtpconsole.net.diagnosis import diagnose
from smtpconsole.net.verdicts import fits, verdicts
from smtpconsole.smtp.facts import StsPolicy, TlsaAnswer, TlsaRecord, TlsFacts

ENFORCE = StsPolicy("enforce", (lab.HOST,), 86400)
TESTING = StsPolicy("testing", (lab.HOST,), 86400)
ELSEWHERE = StsPolicy("enforce", ("mx.other.test", "*.mail.lab.test"), 86400)
NONE = StsPolicy("none", (), 86400)


def facts(name: str) -> TlsFacts:
    entry = lab.entry(name)
    chain = tuple(certificates.facts(der) for der in entry.ders)
    return TlsFacts("TLSv1.3", chain=chain, problems=diagnose(entry.ders, lab.HOST, entry.roots))


def answer(name: str, *, is_secure: bool = True) -> TlsaAnswer:
    record = dane.record_for(lab.entry(name).ders[0])
    return TlsaAnswer((record,), is_secure=is_secure, names=(lab.HOST,))


def told(name: str, **given: object) -> dict[str, bool | None]:
    found = verdicts(facts(name), lab.HOST, is_secure=True, **given)  # type: ignore[arg-type]
    return {one.policy: one.delivers for one in found}


def test_a_sound_certificate_satisfies_every_policy() -> None:
    found = told("sound", tlsa=answer("sound"), sts=ENFORCE)
    assert found == dict.fromkeys(
        ["opportunistic", "required", "verified", "DANE", "MTA-STS"], True
    )


def test_a_wrong_name_stops_who_verifies_and_not_who_matches_the_key() -> None:
    found = told("wrong name", tlsa=answer("wrong name"), sts=ENFORCE)
    assert found == {
        "opportunistic": True,
        "required": True,
        "verified": False,
        "DANE": True,
        "MTA-STS": False,
    }


def test_what_was_not_looked_up_is_not_known() -> None:
    found = told("sound")
    assert (found["DANE"], found["MTA-STS"]) == (None, None)


@pytest.mark.parametrize(
    ("tlsa", "delivers", "words"),
    [
        (TlsaAnswer(is_secure=True), True, "no TLSA records"),
        (answer("expired", is_secure=False), True, "do not count"),
        (answer("expired"), False, "none of 1"),
        (TlsaAnswer(error="SERVFAIL"), False, "waits: SERVFAIL"),
        (TlsaAnswer((TlsaRecord(0, 0, 1, bytes(32)),), is_secure=True), True, "unproven"),
        (answer("sound"), True, "record 1 (3 1 1) matches"),
    ],
)
def test_dane_goes_by_records_that_dnssec_vouches_for(
    tlsa: TlsaAnswer, delivers: bool, words: str
) -> None:
    found = verdicts(facts("sound"), lab.HOST, is_secure=True, tlsa=tlsa)
    (one,) = [one for one in found if one.policy == "DANE"]
    assert one.delivers is delivers
    assert words in one.text


@pytest.mark.parametrize(
    ("name", "policy", "delivers", "words"),
    [
        ("sound", ENFORCE, True, "mode enforce"),
        ("expired", ENFORCE, False, "1 problem: expired"),
        ("expired", TESTING, True, "reported, 1 problem"),
        ("sound", TESTING, True, "nothing to report"),
        ("expired", NONE, True, "no policy in force"),
        ("sound", ELSEWHERE, False, "not in its mx list"),
    ],
)
def test_mta_sts_goes_by_its_mode_its_list_and_the_certificate(
    name: str, policy: StsPolicy, delivers: bool, words: str
) -> None:
    found = verdicts(facts(name), lab.HOST, is_secure=True, sts=policy)
    assert found[-1].delivers is delivers
    assert words in found[-1].text


def test_without_tls_only_who_does_not_ask_for_it_delivers() -> None:
    for given in (None, TlsFacts(failure="version")):
        found = verdicts(
            given, lab.HOST, is_secure=False, is_offered=False, tlsa=answer("sound"), sts=ENFORCE
        )
        assert [one.delivers for one in found] == [True, False, False, False, False]
        assert "clear" in found[0].text


def test_where_tls_was_offered_and_not_tried_nothing_is_known_yet() -> None:
    found = verdicts(None, lab.HOST, is_secure=False, tlsa=answer("sound"), sts=ENFORCE)
    assert [one.delivers for one in found] == [True, None, None, None, None]


def test_a_resumed_session_shows_no_certificate_to_judge() -> None:
    found = verdicts(TlsFacts("TLSv1.3", is_resumed=True), lab.HOST, is_secure=True)
    assert found[2].delivers is None


def test_a_star_of_mta_sts_is_one_label() -> None:
    assert fits("*.Example.com", "mx.example.com.")
    assert not fits("*.example.com", "a.mx.example.com")
    assert not fits("*.example.com", "example.com")
    assert fits("mx.example.com", "MX.example.com")
