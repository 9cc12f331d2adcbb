"""The knowledge base: complete, well formed, and able to explain what servers say."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import registries
from hypothesis import given
from hypothesis import strategies as st

from smtpconsole import knowledge
from smtpconsole.knowledge import Explanation, describe, explain, keyword
from smtpconsole.knowledge.entries import table
from smtpconsole.knowledge.keywords import keywords
from smtpconsole.knowledge.oddities import SOURCES
from smtpconsole.knowledge.wording import TOPICS, is_in, wordings
from smtpconsole.net.registries import ALERTS

FOLDER = Path(knowledge.__file__).parent
TABLES = sorted(
    file.relative_to(FOLDER).with_suffix("").as_posix()
    for file in FOLDER.rglob("*.toml")
    if file.name != "queues.toml"  # patterns, which have tests of their own
)


def words(text: str) -> list[str]:
    return text.split()


DEFINED = words(registries.REPLIES)
WILD = words("""
    101 111 200 222 353 420 431 441 442 443 446 447 449 471 499
    510 511 512 513 514 515 516 517 519 520 522 529 531 540 541 542 546 547 557 558 561
    570 571 572 573 598 599
""")
REGISTERED = words(registries.EXTENSIONS)
PRIVATE = words("""
    XCLIENT XFORWARD XVERP XEXDATA XSECURITY VERP PRDR PIPECONNECT X_PIPE_CONNECT PIPE_CONNECT
    XRCPTFORWARD XWARNINGMSGID XLOOP XADR XSTA XCIR XGEN XONE XQUE XREMOTEQUEUE XACK XMRG XDFN
    XJOB XUSR XVRB XAUDIT XSNDOP XRSET X-RCPTLIMIT X-EXPS X-LINK2STATE XEXCH50 X-ANONYMOUSTLS
    XRDST XSHADOW XSHADOWREQUEST XQDISCARD XPROXY XPROXYFROM XPROXYTO XOORG XORIGFROM
    XMESSAGECONTEXT XATTR XSYSPROBE XSESSIONPARAMS XEXPROPS XUNMTA CLIENTID XXXXXXXA 263.NET
    MAE-SMTP
""")
VERBS = words("""
    EHLO HELO LHLO MAIL RCPT DATA BDAT BURL RSET VRFY EXPN HELP NOOP QUIT STARTTLS AUTH ETRN ATRN
    TURN SEND SOML SAML XCLIENT XFORWARD CLIENTID VERB ONEX X-EXPS X-ANONYMOUSTLS X-LINK2STATE
    XEXCH50 XSHADOW XQDISCARD XPROXY XPROXYFROM XPROXYTO XSHADOWREQUEST EXDATA XADR XCIR XGEN XSTA
    PROXY WIZ DEBUG
""")
MECHANISMS = words(f"""
    {registries.MECHANISMS}
    SCRAM-SHA-512 SCRAM-SHA3-512-PLUS HT-SHA-256-ENDP PLAIN-CLIENTTOKEN
    CRAM-SHA1 CRAM-SHA256 MSN SPA ATOKEN WSTOKEN WETOKEN
""")
ANOMALIES = """
    unsolicited reply; late reply; reply code unexpected for verb; plaintext after STARTTLS;
    plaintext after TLS;
    bare LF; bare CR; NUL in reply; no reply code; reply code out of range; incomplete reply;
    code changes within the reply; line without a code within the reply; not SMTP;
    no separator after the code; reply line too long; reply line over 512 octets; reply too long;
    STARTTLS no longer offered; STARTTLS still offered under TLS; AUTH offered in plaintext;
    capability without its extension; certificate does not match; closed without close_notify;
    reply before the end of the content
"""
KINDS = [" ".join(kind.split()) for kind in ANOMALIES.split(";")]


def explained(words: str, *, after: str | None = None) -> Explanation:
    found = explain(words, after=after)
    assert found is not None, words
    return found


def rows(text: str) -> list[tuple[str, str]]:
    """Read "what is asked => what is answered" line by line."""
    parted = (line.partition("=>") for line in text.strip().splitlines())
    return [(asked.strip(), answer.strip()) for asked, _, answer in parted]


def entries(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every leaf of the tables, with the way to it."""
    if isinstance(value, dict):
        for key, below in value.items():
            yield from entries(below, f"{path}/{key}")
    elif isinstance(value, list):
        for below in value:
            yield from entries(below, path)
    else:
        yield path, value


CODES = {code: entry for digit in "12345" for code, entry in table(f"replies/{digit}").items()}
WORDINGS = [entry for topic in TOPICS for entry in wordings(topic)]


def details(subject: str) -> list[Any]:
    """The registered details of a subject."""
    known = table(f"enhanced/{subject}")
    return [entry for key, entry in known.items() if key.count(".") == 1]


LEAVES = [leaf for name in TABLES for leaf in entries(table(name), name)]
TEXTS = [(path, value) for path, value in LEAVES if isinstance(value, str)]
REFERENCES = [(path, value) for path, value in TEXTS if path.endswith("/rfc") and value]


# --- the tables ---------------------------------------------------------------------------------


def test_every_reply_code_of_the_rfcs_is_there_and_no_other_claims_to_be() -> None:
    codes = CODES
    defined = {code for code, entry in codes.items() if entry.get("defined", True)}
    assert defined == set(DEFINED)
    assert set(codes) - defined == set(WILD)


def test_every_enhanced_code_of_the_registry_is_there() -> None:
    for subject, details in registries.ENHANCED.items():
        known = {key for key in table(f"enhanced/{subject}") if key.count(".") == 1}
        assert known == {f"{subject}.{detail}" for detail in details.split()}


def test_every_registered_keyword_is_there_and_the_others_are_marked() -> None:
    known = dict(keywords())
    assert {name for name in known if "private" in known[name]} == set(PRIVATE)
    assert set(known) - set(PRIVATE) == {*REGISTERED, "VRFY"}


@pytest.mark.parametrize("name", VERBS)
def test_every_verb_is_known_in_any_case(name: str) -> None:
    found = knowledge.verb(name.lower())
    assert found is not None and found.name == name
    assert found.expects and found.phases and found.syntax.startswith(name)
    assert set(found.phases) <= {"hello", "ready", "transaction", "recipients"}


def test_no_verb_is_there_that_the_list_does_not_have() -> None:
    assert [verb.name for verb in knowledge.verbs()] == VERBS


@pytest.mark.parametrize("name", MECHANISMS)
def test_every_mechanism_is_known_in_any_case(name: str) -> None:
    found = knowledge.mechanism(name.lower())
    assert found is not None and found.name == name and found.exposes


def test_every_anomaly_is_there() -> None:
    assert set(table("remarks/session")) == set(KINDS)
    for kind in KINDS:
        found = knowledge.anomaly(kind.upper())
        assert found == explain(kind) and found is not None and found.title == kind


def test_every_alert_of_the_registry_is_there_and_found_as_people_write_it() -> None:
    assert {int(number): entry["name"] for number, entry in table("alerts").items()} == ALERTS
    for number, name in ALERTS.items():
        found = explained(f"alert {number}")
        assert found.title == f"{name}, TLS alert {number}"
        for words in (
            name,
            name.upper().replace(" ", "_"),
            f"TLS alert: {name}, from us ({number})",
        ):
            assert explained(words) == found == knowledge.alert(number)


def test_every_verb_an_extension_adds_or_a_reply_answers_is_in_the_table() -> None:
    names = {verb.name for verb in knowledge.verbs()} | {"connect", "content", "any"}
    for entry in dict(keywords()).values():
        assert set(entry.get("verbs", ())) <= names
        assert set(entry.get("needs", ())) <= set(dict(keywords()))
    for entry in CODES.values():
        after = " ".join(entry.get("after", {})).split()
        assert {*entry.get("verbs", ()), *after} <= names
        assert len(after) == len(set(after))


def test_every_code_a_verb_expects_or_fears_is_in_the_table() -> None:
    codes = CODES
    for verb in knowledge.verbs():
        assert {str(code) for code in (*verb.expects, *verb.refusals)} <= set(codes)
        assert all(code < 400 for code in verb.expects)
        assert all(code >= 400 for code in verb.refusals)


def test_every_basic_code_of_an_enhanced_code_is_in_the_table() -> None:
    for entry in (each for subject in registries.ENHANCED for each in details(subject)):
        assert {str(code) for code in entry.get("basic", ())} <= set(CODES)


def test_every_reference_is_well_formed_and_its_rfc_has_a_title() -> None:
    for path, value in REFERENCES:
        for reference in value.split(" · "):
            match = re.fullmatch(r"RFC ([1-9][0-9]{2,4})( [1-9A-Z][0-9]*(\.[0-9]+)*)?", reference)
            assert match, f"{path}: {value}"
            assert knowledge.rfc_title(match[1]), f"{path}: {value}"


def test_no_title_of_an_rfc_is_there_that_nothing_cites() -> None:
    cited = {number for _, value in REFERENCES for number in re.findall(r"RFC ([0-9]+)", value)}
    assert set(table("rfcs")) == cited


def test_no_text_has_control_characters_or_exclamation_marks_or_stray_blanks() -> None:
    for path, value in TEXTS:
        assert value.isprintable(), path
        assert "!" not in value, path
        assert value == value.strip() and "  " not in value, path


def test_every_text_is_one_to_three_sentences_and_every_title_a_phrase() -> None:
    for path, value in TEXTS:
        last = path.rpartition("/")[2]
        if last in ("text", "sentence", "note", "exposes"):
            assert value.endswith(".") and 1 <= len(re.findall(r"\.(?: |$)", value)) <= 3, path
        if last in ("title", "brief", "listed"):
            assert not value.endswith("."), path


def test_nothing_suggests_more_than_three_lines() -> None:
    for words in (*DEFINED, *WILD, *KINDS, *VERBS):
        assert len(explained(words).next) <= 3, words
    for entry in WORDINGS:
        assert len(entry.get("next", ())) <= 3


def test_every_phrase_of_a_server_is_in_small_letters_and_said_once() -> None:
    phrases = [phrase for entry in WORDINGS for phrase in entry["phrases"]]
    assert phrases == [" ".join(phrase.casefold().split()) for phrase in phrases]
    assert len(phrases) == len(set(phrases))


def test_a_phrase_is_not_hidden_by_an_earlier_one() -> None:
    for entry in WORDINGS:
        digit = entry.get("digits", [5])[-1]
        for phrase in entry["phrases"]:
            assert explained(f"{digit}50 {phrase}").title == f"{digit}50 {entry['title']}", phrase


def test_every_kind_the_engine_remarks_on_is_in_the_table() -> None:
    package = Path(knowledge.__file__).parent.parent
    said = re.compile(r'(?:remark\(|_flaws\.append\(|_TOO_LONG = )"([^"]+)"')
    for file in (*package.glob("smtp/*.py"), *package.glob("net/*.py")):
        assert set(said.findall(file.read_text("utf-8"))) <= set(KINDS), file.name


# --- codes --------------------------------------------------------------------------------------


def test_a_reply_code_is_explained() -> None:
    found = explained("550")
    assert found.title == "550 mailbox unavailable, or refused by policy"
    assert found.rfc == "RFC 5321 4.2.2"


@pytest.mark.parametrize("code", [*DEFINED, *WILD])
def test_every_listed_code_has_a_title_of_its_own_words(code: str) -> None:
    assert explained(code).title == f"{code} {CODES[code]['title']}"


@pytest.mark.parametrize("code", WILD)
def test_a_code_of_no_rfc_is_said_to_be_one(code: str) -> None:
    assert "no RFC" in explained(code).text.replace("No RFC", "no RFC")


def test_two_codes_are_explained_by_the_more_exact_one() -> None:
    found = explained("550 5.7.1")
    assert found.title == "550 5.7.1 not authorised, refused by policy"
    assert found.rfc == "RFC 5321 4.2.2 · RFC 3463 3.8"
    assert "/login" in found.next


def test_an_enhanced_code_that_says_nothing_leaves_it_to_the_reply_code() -> None:
    assert explained("451 4.3.0").title == "451 4.3.0 local error in processing"


def test_an_enhanced_code_alone_is_explained_and_class_four_differs() -> None:
    assert explained("5.7.1").title == "5.7.1 not authorised, refused by policy"
    assert explained("4.7.1").title == "4.7.1 refused by policy for now"
    assert "succeed later" in explained("4.1.1").text


def test_codes_that_disagree_are_remarked_on() -> None:
    assert "disagree" in explained("550 4.7.1").text
    assert "disagree" not in explained("550 5.7.1").text


UNKNOWN = """
299 => 299 done
399 => 399 go on
498 => 498 not now, try later
590 => 590 permanent refusal
000 => 000 no reply of SMTP
999 => 999 no reply of SMTP
"""


@pytest.mark.parametrize(("code", "title"), rows(UNKNOWN))
def test_an_unknown_code_is_explained_by_its_first_digit(code: str, title: str) -> None:
    assert explained(code).title == title


def test_an_unknown_enhanced_code_is_explained_by_its_subject() -> None:
    assert explained("5.7.999").title == "5.7.999 vendor detail of subject 7, security or policy"
    assert "vendor detail of subject 4" in explained("550 5.4.999").title


@given(st.from_regex(r"\A[0-9]{3}([ -][0-9X]\.[0-9]{1,3}\.[0-9]{1,3})?( .*)?\Z"))
def test_whatever_has_the_shape_of_a_reply_is_explained(words: str) -> None:
    assert explain(words) is not None


@given(st.from_regex(r"\A[0-9xX]\.[0-9]{1,3}(\.[0-9]{1,3})?\Z"))
def test_whatever_has_the_shape_of_an_enhanced_code_is_explained(words: str) -> None:
    assert explain(words) is not None


BEHIND = """
250 after MAIL => 250 sender accepted
250 after rcpt => 250 recipient accepted
250 after content => 250 message taken
MAIL 250 => 250 sender accepted
250 MAIL => 250 sender accepted
554 after connect => 554 no SMTP service for this client
452 after RCPT => 452 too many recipients, or out of storage
454 after STARTTLS => 454 TLS not available for now
454 after AUTH => 454 login not possible for now
500 after HELO => 500 command not recognised, or line too long
"""


@pytest.mark.parametrize(("words", "title"), rows(BEHIND))
def test_a_code_means_something_of_its_own_behind_a_verb(words: str, title: str) -> None:
    code, _, after = words.partition(" after ")
    assert explained(code, after=after or None).title == title


def test_all_codes_of_a_digit_and_all_of_a_subject_are_explained() -> None:
    assert explained("5xx").title == "5xx permanent refusal"
    assert explained("4yz").title == "4xx not now, try later"
    assert explained("5.7.x").title == "5.7 security or policy, permanent failure"


# --- whole lines --------------------------------------------------------------------------------


LINES = """
554 5.7.1 <a@b.example>: Relay access denied => 554 5.7.1 relaying refused
550 relay not permitted => 550 relaying refused
550 5.7.1 <x@y.example>... Relaying denied. Proper authentication => 550 5.7.1 relaying refused
450 4.2.0 <a@b>: Recipient address rejected: Greylisted => 450 4.2.0 greylisted: come back later
535 5.7.139 Authentication unsuccessful => 535 5.7.139 login over SMTP switched off
530 5.7.0 Must issue a STARTTLS command first => 530 5.7.0 TLS required first
535-5.7.8 Error: authentication failed: => 535 5.7.8 login refused
550 5.1.1 <n@b>: Recipient address rejected: User unknown in table => 550 5.1.1 recipient not known
550 5.1.1 <n@b>: Recipient address rejected: no => 550 5.1.1 mailbox does not exist
503 5.5.1 You are already wearing that => 503 5.5.1 bad sequence of commands
550 Unrouteable address => 550 no route for the address
552 5.3.4 Message size exceeds fixed limit => 552 5.3.4 message too big
503 5.5.1 Error: need RCPT command => 503 5.5.1 no recipient to send to
221 2.7.0 Error: I can break rules, too. Goodbye. => 221 2.7.0 taken for something
220 ******************** => 220 overwritten by a firewall
250 2.0.0 Ok: queued as 933BB24243D => 250 2.0.0 message taken
503 but you already said HELO ... => 503 introduced already
502 5.5.1 TLS is already active. => 502 5.5.1 TLS not available
550 I cannot deliver mail for <postmaster> => 550 relaying refused
535 Authentication invalid => 535 login refused
503 5.5.0 MAIL already given => 503 5.5.0 a transaction is open already
500 Error: command "WIBBLE" not recognized => 500 command not recognised
421 4.5.0 Bare linefeed (LF) not allowed => 421 4.5.0 bare line feeds
554 5.5.0 SMTP protocol error => 554 5.5.0 the client did not wait
421 4.7.0 mx.example Error: too many connections from 192.0.2.1 => 421 4.7.0 too much in a time
450 4.3.2 Service currently unavailable => 450 4.3.2 postscreen tests the client
554 5.7.1 Service unavailable; client [192.0.2.1] blocked using zen.spamhaus.org => 554 5.7.1 on a
550 5.7.1 Service unavailable, client blocked using PBL.spamhaus.org => 550 5.7.1 on Spamhaus' list
550 5.4.1 Recipient address rejected: Access denied. AS(201806281) => 550 5.4.1 recipient not
550 5.7.1 part of their network is on our block list (S3150) => 550 5.7.1 the client's
451 4.7.500 Server busy. Please try again later from [192.0.2.1]. (AS843) => 451 4.7.500 slowed down
550 5.1.10 RESOLVER.ADR.RecipientNotFound; not found => 550 5.1.10 recipient not in the directory
550 5.7.708 Access denied, traffic not accepted from this IP => 550 5.7.708 no traffic
421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred => 421 4.7.0 put off for its volume
554-gmx.net (mxgmx104) Nemesis ESMTP Service not available => 554 no service for this client
504 5.5.2 <me>: Helo command rejected: need fully-qualified hostname => 504 5.5.2 the name in EHLO
"""


@pytest.mark.parametrize(("line", "title"), rows(LINES))
def test_a_line_of_a_well_known_server_is_recognised(line: str, title: str) -> None:
    assert explained(line).title.startswith(title)


def test_whose_wording_it_is_gets_told() -> None:
    assert "Postfix" in explained("554 5.7.1 <a@b>: Relay access denied").text
    assert "Exim" in explained("relay not permitted").text


def test_words_within_an_address_are_not_taken_for_the_servers() -> None:
    assert explained("550 5.7.1 <virus@b.example> no").title.startswith("550 5.7.1 not authorised")


def test_a_refusal_is_not_read_out_of_a_success() -> None:
    assert explained("250 2.1.0 no user unknown here").title.startswith("250 2.1.0 done")


def test_a_line_of_an_ehlo_reply_is_explained_by_its_keyword() -> None:
    assert "50 MiB" in explained("250-SIZE 52428800").text
    assert explained("250-XXXXXXXA").title == "XXXXXXXA"
    assert explained("250 mail.example.com").title == "250 done"


# --- words --------------------------------------------------------------------------------------


NAMES = """
RCPT => RCPT TO:<forward-path> [parameters]
mail from => MAIL FROM:<reverse-path> [parameters]
MAIL FROM:<a@b.example> SIZE=10 => MAIL FROM:<reverse-path> [parameters]
STARTTLS => STARTTLS
pipelining => PIPELINING
SIZE 1000 => SIZE 1000
SCRAM-SHA-256 => SCRAM-SHA-256, a way to log in
AUTH PLAIN => PLAIN, a way to log in
AUTH plain AGEAYg== => PLAIN, a way to log in
AUTH PLAIN LOGIN => AUTH PLAIN LOGIN
starttls no longer offered => STARTTLS no longer offered
*** unsolicited reply: 421 bye => unsolicited reply
NOTIFY=NEVER => NOTIFY, parameter of RCPT
RFC 3207 => RFC 3207
"""


@pytest.mark.parametrize(("words", "title"), rows(NAMES))
def test_verbs_keywords_mechanisms_and_parameters_are_explained(words: str, title: str) -> None:
    assert explained(words).title == title


@pytest.mark.parametrize("words", ["", " ", "wibble", "what is this", "12", "5551", "1.2.3.4", "é"])
def test_nonsense_is_not_explained(words: str) -> None:
    assert explain(words) is None


OFFERS = """
SIZE 52428800 => messages up to 50 MiB (52,428,800 octets)
size 35882577 => messages up to 34.2 MiB (35,882,577 octets)
SIZE 1000 => messages up to 1,000 octets
SIZE 0 => messages of any size; no fixed limit
SIZE => the size of a message may be announced
AUTH PLAIN LOGIN => log in with PLAIN, LOGIN
AUTH=PLAIN LOGIN => log in with PLAIN, LOGIN
LIMITS RCPTMAX=2000 => at most 2,000 recipients a message
DELIVERBY 120 => deliver within a time, at least 120 seconds
PIPELINING => commands in groups
X-WIBBLE 1 => not registered, and not known here
"""


@pytest.mark.parametrize(("offer", "told"), rows(OFFERS))
def test_a_keyword_is_described_with_its_parameters_read(offer: str, told: str) -> None:
    name, _, parameters = offer.partition(" ")
    assert describe(name, parameters) == told


def test_a_parameter_that_cannot_be_read_is_said_to_be_one() -> None:
    assert describe("SIZE", "9" * 5000).endswith("what follows cannot be read")


def test_a_keyword_has_one_sentence_without_placeholders() -> None:
    for name, entry in keywords():
        sentence = keyword(name.lower())
        assert sentence and sentence.endswith(".") and not set("{}<>") & set(sentence), name
        assert "{" not in describe(name) + describe(name, "1 2") + entry["brief"]
    assert keyword("WIBBLE") is None


def test_only_mechanisms_that_hide_the_secret_are_called_sound() -> None:
    sound = {each.name: each.sound for each in knowledge.mechanisms()}
    bare = {"PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER", "SECURID", "PLAIN-CLIENTTOKEN"}
    assert not any(sound[name] for name in bare)
    assert all(sound[name] for name in ("CRAM-MD5", "SCRAM-SHA-256", "GSSAPI", "EXTERNAL"))
    assert not any("*" in name for name in sound)


# --- anything at all ----------------------------------------------------------------------------


@given(st.text(), st.none() | st.text() | st.sampled_from(VERBS))
def test_explaining_anything_never_fails_and_shows_no_control_characters(
    words: str, after: str | None
) -> None:
    found = explain(words, after=after)
    assert found is None or (found.title + found.text).isprintable()


WORDS = st.sampled_from(
    ["550", "250-", "5.7.1", "AUTH", "PLAIN", "SIZE", "MAIL", "LIMITS", "X.", "="]
)


@given(st.lists(WORDS | st.text(max_size=5)).map(" ".join))
def test_explaining_what_looks_like_smtp_never_fails(words: str) -> None:
    found = explain(words)
    assert found is None or (found.title and (found.title + found.text).isprintable())


@given(st.sampled_from([*REGISTERED, *PRIVATE]) | st.text(), st.text())
def test_describing_anything_never_fails_and_shows_no_control_characters(
    name: str, parameters: str
) -> None:
    assert describe(name, parameters).isprintable()
    keyword(name)


@given(st.text())
def test_looking_anything_up_never_fails(name: str) -> None:
    knowledge.verb(name)
    knowledge.mechanism(name)
    knowledge.anomaly(name)
    knowledge.rfc_title(name)


def test_a_line_without_end_is_explained_in_no_time() -> None:
    assert explain("550 " + "a@" * 1_000_000) is not None
    assert explain("A" * 1_000_000) is None


def test_importing_reads_no_table_and_nothing_heavy() -> None:
    script = (
        "import sys\n"
        "import smtpconsole.knowledge\n"
        "heavy = {'tomllib', 'importlib.resources', 'asyncio', 'ssl', 'textual', 'rich'}\n"
        "from smtpconsole.knowledge.entries import table\n"
        "print(sorted(heavy & set(sys.modules)), table.cache_info().currsize)\n"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["[]", "0"]


# --- what is pasted -----------------------------------------------------------------------------

PASTED = """
550 5.7.1 no => 550 5.7.1 no
<-  550 5.7.1 no => 550 5.7.1 no
<** 550 no => 550 no
 0.031 <~* 550 no => 550 no
+11 ms <** 503 5.5.1 EHLO first => 503 5.5.1 EHLO first
S: 250 Ok => 250 Ok
PIPELINING => PIPELINING
"""


@pytest.mark.parametrize(("pasted", "asked"), rows(PASTED))
def test_the_marks_of_a_transcript_are_taken_off(pasted: str, asked: str) -> None:
    assert knowledge.questions(pasted) == (asked,)


def test_a_reply_of_several_lines_is_one_question_with_its_codes_once() -> None:
    text = "550-5.7.26 one\n550-5.7.26 two\nthree\n550 5.7.26 four\n\n421 bye\n"
    assert knowledge.questions(text) == ("550 5.7.26 one two three four", "421 bye")


def test_of_a_reply_to_ehlo_each_line_is_a_question() -> None:
    text = "250-mail.example.com\n250-SIZE 10\n250 HELP\n"
    assert knowledge.questions(text) == ("EHLO 250 mail.example.com", "SIZE 10", "HELP")


@given(st.text())
def test_pasting_anything_never_fails_and_gives_no_control_characters(text: str) -> None:
    assert all(each.isprintable() for each in knowledge.questions(text))


@given(
    st.lists(st.sampled_from(["250-", "250 ", "550-5.1.1 ", "x", "\n", "<- ", " "])).map("".join)
)
def test_pasting_what_looks_like_replies_never_fails(text: str) -> None:
    for each in knowledge.questions(text):
        knowledge.explanations(each)


@pytest.mark.parametrize("part", [" ", "<", "- ", "1", "250-", "a * ", "x@ ", "*"])
def test_hostile_text_costs_no_more_than_its_length(part: str) -> None:
    whole = part * 200_000
    began = time.process_time()
    knowledge.questions(whole)
    knowledge.explanations(f"550 {whole}")
    knowledge.nearest(whole)
    assert time.process_time() - began < 2


def test_a_phrase_with_a_gap_is_looked_for_once_and_in_its_order() -> None:
    assert is_in("no * mail", "no more mail") and is_in("mail", "mail")
    assert not is_in("no * mail", "mail no") and not is_in("a * a", "a")
    assert not is_in("a * b * c", "a b " * 50_000)


def test_nearest_names_what_is_written_alike() -> None:
    assert knowledge.nearest("piplining")[0] == "PIPELINING"
    assert "unknown CA" in knowledge.nearest("unknwn ca")
    assert knowledge.nearest("mx-is")[0].startswith("mx-is-")
    assert knowledge.nearest("qqqqqqqq") == ()


# --- every entry --------------------------------------------------------------------------------


def test_no_entry_is_without_a_meaning_and_no_refusal_without_what_to_do_and_a_cause() -> None:
    named = {name: table(f"remarks/{name}") for name in SOURCES}
    named |= {"terms": table("terms"), "texts": {e["title"]: e for e in WORDINGS}}
    for name, known in named.items():
        for key, entry in known.items():
            assert entry["text"] and entry["now"] and entry["causes"], f"{name} {key}"
    for code in CODES:
        found = explained(code)
        assert found.text and found.now, code
        assert found.causes, code
    for subject in registries.ENHANCED:
        for key, entry in table(f"enhanced/{subject}").items():
            code = key if key.count(".") > 1 else f"5.{key}"
            found = explained(code.split("-")[0].replace("X.", "5."))
            assert found.text and found.now, key
            assert entry.get("servers") or found.causes, key


def test_what_to_do_now_is_short_and_ends_as_a_sentence() -> None:
    for path, value in TEXTS:
        if path.endswith("/now"):
            assert value[0].isupper() and value[-1] in ".;" and len(value) <= 160, (
                f"{path}: {value}"
            )


def test_a_code_of_a_vendors_range_is_that_vendors() -> None:
    assert explained("5.7.606").title == explained("5.7.649").title.replace("649", "606")
    assert "vendor detail" in explained("5.7.650").title
    assert explained("4.7.32").title == "4.7.32 From does not align"


def test_what_servers_mean_by_a_code_is_told_by_their_names() -> None:
    servers = dict(explained("451").servers)
    assert {"Postfix", "Exim", "Microsoft 365", "Gmail"} <= set(servers)
    assert "DKIM" in dict(explained("550 5.7.30").servers)["Gmail"]
    assert explained("550 relay not permitted").servers == ()  # the wording says whose it is


def test_known_servers_have_words_enough() -> None:
    assert len(WORDINGS) >= 180
    assert sum(len(entry["phrases"]) for entry in WORDINGS) >= 600
