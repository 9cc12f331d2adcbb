"""Every problem of a chain is named, and OpenSSL agrees on which are fatal."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from ipaddress import ip_address, ip_network
from itertools import combinations
from pathlib import Path
from typing import Any

import lab
import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from smtpconsole.net import certificates, roots
from smtpconsole.net.diagnosis import diagnose
from smtpconsole.net.problems import CODES
from smtpconsole.smtp.facts import Problem

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
    entry = lab.entry(data.draw(st.sampled_from(sorted(lab.KINDS))))
    ders = entry.ders
    place = data.draw(st.integers(0, len(ders) - 1))
    der = bytearray(ders[place])
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(der)))
        der[start : start + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    ders[place] = bytes(der)
    assert certificates.facts(ders[place]).der == ders[place]
    assert isinstance(diagnose(ders, entry.kind.host, entry.roots), tuple)


@given(st.binary(max_size=200))
def test_rubbish_is_an_unreadable_certificate(rubbish: bytes) -> None:
    assert certificates.facts(rubbish).subject == "unreadable certificate"
    assert "unreadable" in {problem.code for problem in diagnose([rubbish], "mail.x", [])}


def test_no_chain_is_a_problem_too() -> None:
    assert [problem.code for problem in diagnose([], "mail.x", [])] == ["no-certificate"]


def test_roots_come_from_a_file_or_the_reason_why_not(tmp_path: Path) -> None:
    root, _ = lab.authority("root")
    (tmp_path / "ca.pem").write_bytes(lab.pem(root))
    assert roots.roots_from(tmp_path / "ca.pem") == (root,)
    (tmp_path / "empty.pem").write_text("nothing here")
    with pytest.raises(ValueError, match=r"empty\.pem; give a PEM file"):
        roots.roots_from(tmp_path / "empty.pem")
    with pytest.raises(ValueError, match=r"Cannot read .*nowhere\.pem"):
        roots.roots_from(tmp_path / "nowhere.pem")


def test_roots_come_from_every_file_of_a_folder_and_once_each(tmp_path: Path) -> None:
    root, other = lab.authority("root")[0], lab.authority("other")[0]
    (tmp_path / "a.pem").write_bytes(lab.pem(root, other))
    (tmp_path / "b.pem").write_bytes(b"junk\n" + lab.pem(other) + _broken(lab.pem(root)))
    (tmp_path / "c.0").symlink_to("a.pem")
    (tmp_path / "d.pem").symlink_to("d.pem")
    (tmp_path / "folder").mkdir()
    assert set(roots.roots_from(tmp_path)) == {root, other}
    assert len(roots.roots_from(str(tmp_path))) == 2


def _broken(pem: bytes) -> bytes:
    return pem.replace(b"\nMI", b"\nAA", 1)


def test_the_roots_of_the_system_are_where_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "ca.pem").write_bytes(lab.pem(lab.authority("root")[0]))
    (tmp_path / "folder" / "ca.pem").write_bytes(lab.pem(lab.authority("other")[0]))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "folder"))
    roots.system_roots.cache_clear()
    try:
        names = [certificates.subject(root) for root in roots.system_roots()]
        assert names == ["Lab Root", "Other Root"]
    finally:
        roots.system_roots.cache_clear()


# --- what is said -----------------------------------------------------------------------------

SAID = {
    "expired": "expired 2 days ago, on ",
    "expired issuer": 'issuer "Lab Expired CA" expired 3 days ago, on ',
    "not yet valid": "is not valid before ",
    "wrong name": "asked for mail.lab.test; made for www.lab.test, lab.test",
    "incomplete": "; it is said to be at http://ca.lab.test/inter.der",
    "unknown root": 'issuer "Other Root" is a root that is not in the trust store',
    "RSA 1024": "RSA 1024",
    "SHA-1": "ECDSA with SHA-1",
    "for clients": "is made for clients, not for TLS servers",
    "one CA too many": 'issuer "Lab Issuing CA" allows no CA below it, but has 1',
    "outside of a constraint": 'issuer "Lab Constrained CA" may not certify mail.lab.test',
    "crossed": "is sent a second time, for clients that trust another root",
    "evil subject": "made for evil\x1b[2J.test",
}


@pytest.mark.parametrize("name", SAID)
def test_a_text_says_what_is_wrong_with_what(name: str) -> None:
    assert SAID[name] in problem(name).text


HINTED = {
    "address as a DNS name": "IP address entry",
    "wildcard, too deep": "one label only",
    "crossed, the other first": "Add it",
    "expired issuer": "current chain of the CA",
}


@pytest.mark.parametrize("name", HINTED)
def test_a_hint_says_what_to_do(name: str) -> None:
    assert HINTED[name] in problem(name).hint


def problem(name: str) -> Problem:
    """The worst problem of an entry."""
    entry = lab.entry(name)
    return diagnose(entry.ders, entry.kind.host, entry.roots)[0]


def test_every_text_and_every_hint_is_one_plain_sentence() -> None:
    for name in lab.KINDS:
        entry = lab.entry(name)
        for one in diagnose(entry.ders, entry.kind.host, entry.roots):
            assert one.text and one.hint
            assert not one.text.endswith(".") and not one.hint.endswith(".")
            assert "!" not in one.text + one.hint


def test_the_worst_comes_first_and_then_what_is_nearest_to_the_server() -> None:
    recipe = replace(lab.SOUND, begins=-60, ends=-2, by="other", names=["www.lab.test"])
    entry = lab.build(lab.Kind(recipe=recipe, send=("other", "inter")))
    found = diagnose(entry.ders, lab.HOST, entry.roots)
    assert [(one.severity, one.depth) for one in found] == [
        ("error", 0),
        ("error", 0),
        ("error", 1),
        ("warning", 2),
    ]


def test_a_depth_is_the_place_in_what_was_sent_and_a_root_of_the_store_is_behind() -> None:
    assert problem("misordered").depth == 1
    assert problem("issuer sent twice").depth == 2
    assert problem("expired root").depth == 1
    assert len(lab.entry("expired root").ders) == 1


def test_a_certificate_that_cannot_be_read_matters_only_if_it_is_needed() -> None:
    entry = lab.entry("sound")
    beside = diagnose([*entry.ders, b"rubbish"], lab.HOST, entry.roots)
    assert [(one.severity, one.code, one.depth) for one in beside] == [("warning", "unreadable", 2)]
    instead = diagnose([entry.ders[0], b"rubbish"], lab.HOST, entry.roots)
    assert [one.code for one in instead] == ["missing-issuer", "unreadable"]


def test_a_server_that_sends_hundreds_of_certificates_is_not_followed() -> None:
    entry = lab.entry("sound")
    found = diagnose([*entry.ders, *[entry.ders[1]] * 300], lab.HOST, entry.roots)
    assert {one.code for one in found} == {"unused-certificate"}
    assert found[-1].text == "the server sends 302 certificates; only 24 are read"


def test_every_code_there_is_can_be_had() -> None:
    planted = {code for kind in lab.KINDS.values() for code in kind.codes.split()}
    assert planted | {"no-certificate"} == set(CODES)


# --- mixtures ---------------------------------------------------------------------------------

DEFECTS: dict[str, dict[str, Any]] = {
    "expired": {"begins": -60, "ends": -2},
    "name-mismatch": {"names": ["www.lab.test"]},
    "untrusted-root": {"by": "other"},
    "wrong-usage": {"usage": [lab.CLIENT]},
    "no-aki": {"key_identifier": None},
    "ca-as-leaf": {"authority": True},
    "weak-key": {"key": "p192"},
    "must-staple": {"more": [(lab.STAPLE, False)]},
}


@pytest.mark.parametrize("count", range(len(DEFECTS) + 1))
def test_any_number_of_defects_is_that_number_of_codes_and_mending_one_takes_one_away(
    count: int,
) -> None:
    for chosen in combinations(DEFECTS, count):
        changes = {key: value for code in chosen for key, value in DEFECTS[code].items()}
        recipe = replace(lab.SOUND, **changes)
        assert codes(lab.build(lab.Kind("", recipe, [recipe.by]))) == set(chosen)


TREES = [
    *map(x509.DNSName, ["lab.test", ".lab.test", "mail.lab.test", ".mail.lab.test", "ab.test", ""]),
    *map(x509.IPAddress, [ip_network("192.0.2.0/24"), ip_network("2001:db8::/32")]),
]
SOME_TREES = st.lists(st.sampled_from(TREES), max_size=2)
USAGES = st.sampled_from([(), (lab.SERVER,), (lab.CLIENT,), (lab.ANY,), (lab.ANY, lab.SERVER)])
KEY_USAGES = st.sampled_from([None, lab.TLS_KEY, lab.CA_KEY, lab.TLS_KEY | lab.CA_KEY])
IDENTIFIERS = st.sampled_from(["issuer", "issuer", "wrong", None])
AUTHORITIES = st.builds(
    partial(replace, lab.CA, common_name="Lab Odd CA"),
    ends=st.sampled_from([1800, 1800, -3]),
    authority=st.sampled_from([True, True, None, False]),
    key_usage=KEY_USAGES,
    usage=USAGES,
    key_identifier=IDENTIFIERS,
    permitted=SOME_TREES,
    excluded=SOME_TREES,
)
NAMES = [lab.HOST, "*.lab.test", "*.test", "www.lab.test", "192.0.2.7", "*.LAB.test", "m*.lab.test"]
LEAVES = st.builds(
    partial(replace, lab.SOUND),
    common_name=st.sampled_from([lab.HOST, None]),
    names=st.lists(st.sampled_from(NAMES), max_size=2, unique=True),
    begins=st.sampled_from([-1, -1, 3]),
    authority=st.sampled_from([True, False, None]),
    key_usage=KEY_USAGES,
    usage=USAGES,
    key_identifier=IDENTIFIERS,
    is_damaged=st.sampled_from([False, False, False, True]),
)
HOSTS = [lab.HOST, "MAIL.lab.test", "mail.lab.test.", "lab.test", "a.mail.lab.test", "192.0.2.7"]


@given(AUTHORITIES, LEAVES, st.sampled_from(HOSTS))
def test_openssl_agrees_on_any_mixture(above: lab.Recipe, leaf: lab.Recipe, host: str) -> None:
    issuer, signer = lab.make(above)
    certificate, key = lab.make(leaf, by=(issuer, signer))
    roots = (lab.authority("root")[0],)
    entry = lab.Entry(lab.Kind(host=host), (certificate, issuer), key, roots)
    found = diagnose(entry.ders, host, entry.roots)
    has_error = any(one.severity == "error" for one in found)
    assert has_error == (lab.refusal(entry) is not None), (found, lab.refusal(entry))


# --- facts and names --------------------------------------------------------------------------

READ = {
    "sound": ("EC P-256", "ECDSA with SHA-256"),
    "sound, RSA": ("RSA 2048", "SHA-256 with RSA"),
    "sound, RSA-PSS": ("EC P-256", "SHA-256 with RSA-PSS"),
    "sound, Ed25519": ("Ed25519", "ECDSA with SHA-256"),
    "sound, P-384": ("EC P-384", "ECDSA with SHA-384"),
    "RSA 1024": ("RSA 1024", "ECDSA with SHA-256"),
    "P-192": ("EC secp192r1", "ECDSA with SHA-256"),
    "MD5": ("EC P-256", "MD5 with RSA"),
    "SHA-1": ("EC P-256", "ECDSA with SHA-1"),
}


@pytest.mark.parametrize("name", READ)
def test_keys_and_signatures_have_the_names_people_use(name: str) -> None:
    facts = certificates.facts(lab.entry(name).ders[0])
    assert (facts.key, facts.signature) == READ[name]


def test_an_issuer_is_named_with_its_organisation_and_an_empty_name_by_what_it_is_for() -> None:
    facts = certificates.facts(lab.entry("sound").ders[0])
    assert (facts.subject, facts.issuer) == (lab.HOST, "Lab Issuing CA, Lab")
    assert certificates.facts(lab.entry("sound, no common name").ders[0]).subject == "O=Lab"


def test_the_facts_of_an_unreadable_certificate_can_be_shown_too() -> None:
    facts = certificates.facts(b"")
    assert facts.not_before < NOW < facts.not_after
    assert (facts.names, facts.key, facts.signature) == ((), "unknown", "unknown")


@pytest.mark.parametrize(
    ("pattern", "name", "does"),
    [
        ("mail.example.com", "MAIL.Example.com", True),
        ("*.example.com", "mail.example.com", True),
        ("*.example.com", "example.com", False),
        ("*.example.com", "a.mail.example.com", False),
        ("*.example.com", ".example.com", False),
        ("*", "mail", False),
        ("*.com", "example.com", False),
        ("m*.example.com", "mail.example.com", False),
        ("*.*.example.com", "a.b.example.com", False),
        ("mail.*.com", "mail.example.com", False),
    ],
)
def test_a_wildcard_is_the_whole_left_most_label(pattern: str, name: str, does: bool) -> None:
    assert certificates.fits(pattern, name) is does


@pytest.mark.parametrize(
    ("host", "wanted"),
    [
        ("Mail.Example.COM.", "mail.example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("straße.example", "xn--strae-oqa.example"),  # IDNA 2003 would ask for strasse
        ("192.0.2.7", ip_address("192.0.2.7")),
        ("[2001:DB8::7]", ip_address("2001:db8::7")),
        ("fe80::1%eth0", ip_address("fe80::1")),
    ],
)
def test_a_host_is_looked_for_by_the_name_a_certificate_has(host: str, wanted: object) -> None:
    assert certificates.reference(host) == wanted


@pytest.mark.parametrize("host", ["", ".", ".example.com", "ü" * 64 + ".example"])
def test_what_is_no_name_fits_no_certificate(host: str) -> None:
    entry = lab.entry("sound")
    found = diagnose(entry.ders, host, entry.roots)
    assert [one.code for one in found] == ["name-mismatch"]
    assert "no name a certificate can be made for" in found[0].text
