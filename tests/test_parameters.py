"""Parameters of MAIL and RCPT: written as their RFCs have it, and held against the offer."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from smtpconsole.smtp.capabilities import Capabilities, parse
from smtpconsole.smtp.envelope import groups, wished
from smtpconsole.smtp.parameters import (
    MAIL,
    RCPT,
    Objection,
    Parameter,
    Unfit,
    free,
    objections,
    spelled,
)
from smtpconsole.smtp.replies import Reply
from smtpconsole.smtp.streams import Stream

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


def offer(*lines: str) -> Capabilities:
    return parse(Reply(250, [b"x", *(line.encode() for line in lines)]))


ALL = offer(
    "SIZE 1000",
    "8BITMIME",
    "CHUNKING",
    "BINARYMIME",
    "SMTPUTF8",
    "DSN",
    "AUTH PLAIN",
    "REQUIRETLS",
    "DELIVERBY 240",
    "FUTURERELEASE 86400 2030-01-01T00:00:00Z",
    "MT-PRIORITY",
    "PRDR",
    "RRVS",
)

WRITTEN = [
    ("size", 4096, "SIZE=4096"),
    ("body", "8bitmime", "BODY=8BITMIME"),
    ("smtputf8", True, "SMTPUTF8"),
    ("size", 0, "SIZE=0"),
    ("size", 10**20 - 1, f"SIZE={10**20 - 1}"),
    ("body", "7bit", "BODY=7BIT"),
    ("body", "BinaryMIME", "BODY=BINARYMIME"),
    ("ret", "full", "RET=FULL"),
    ("ret", "hdrs", "RET=HDRS"),
    ("envid", "QQ+31 4", "ENVID=QQ+2B31+204"),
    ("envid", "x" * 100, "ENVID=" + "x" * 100),
    ("auth", "", "AUTH=<>"),
    ("auth", "<>", "AUTH=<>"),
    ("auth", "e+mc2@example.com", "AUTH=e+2Bmc2@example.com"),
    ("requiretls", True, "REQUIRETLS"),
    ("by", "-120;n", "BY=-120;N"),
    ("by", "600;RT", "BY=600;RT"),
    ("by", "1;r", "BY=1;R"),
    ("hold_for", 1, "HOLDFOR=1"),
    ("hold_for", 999_999_999, "HOLDFOR=999999999"),
    ("hold_until", NOON, "HOLDUNTIL=2030-01-01T12:00:00Z"),
    (
        "hold_until",
        NOON.astimezone(timezone(timedelta(hours=2))),
        "HOLDUNTIL=2030-01-01T12:00:00Z",
    ),
    ("hold_until", "2030-01-01t12:00:00.5z", "HOLDUNTIL=2030-01-01T12:00:00.5Z"),
    ("mt_priority", -9, "MT-PRIORITY=-9"),
    ("mt_priority", 9, "MT-PRIORITY=9"),
    ("mt_priority", 0, "MT-PRIORITY=0"),
    ("mt_priority", "3", "MT-PRIORITY=3"),
    ("prdr", True, "PRDR"),
    ("notify", "never", "NOTIFY=NEVER"),
    ("notify", "success, delay", "NOTIFY=SUCCESS,DELAY"),
    ("notify", "SUCCESS,FAILURE,DELAY", "NOTIFY=SUCCESS,FAILURE,DELAY"),
    ("notify", ["FAILURE", "FAILURE"], "NOTIFY=FAILURE"),
    ("orcpt", "Bob <b+c@x>", "ORCPT=rfc822;b+2Bc@x"),
    ("orcpt", "x400;C=de", "ORCPT=x400;C+3Dde"),
    ("orcpt", "RFC822;a;b@x", "ORCPT=RFC822;a;b@x"),
    ("orcpt", "a.b;c@x", "ORCPT=rfc822;a.b;c@x"),  # what is before the semicolon is no type
    ("orcpt", "rfc822;" + "a" * 493, "ORCPT=rfc822;" + "a" * 493),
    ("orcpt", "jörg@x", r"ORCPT=utf-8;j\x{F6}rg@x"),
    ("orcpt", "utf-8;jörg@x", r"ORCPT=utf-8;j\x{F6}rg@x"),
    ("rrvs", NOON, "RRVS=2030-01-01T12:00:00Z"),
    ("rrvs", "2030-01-01T12:00:00Z", "RRVS=2030-01-01T12:00:00Z"),
    ("rrvs", "2030-01-01T12:00:00Z;c", "RRVS=2030-01-01T12:00:00Z;C"),
    ("rrvs", "2030-01-01T12:00:00Z;r", "RRVS=2030-01-01T12:00:00Z;R"),
]


@pytest.mark.parametrize(("name", "value", "written"), WRITTEN)
def test_a_parameter_is_written_as_its_rfc_has_it(name: str, value: Any, written: str) -> None:
    table = RCPT if name in {each.name for each in RCPT} else MAIL
    assert spelled(table, {name: value}) == [written]


TO_DELIVER = "it is seconds, a semicolon, N (tell) or R (return), and T for a trace"
WHEN = "it is a date and time with a zone, as RFC 3339 has it"
TO_TELL = "it is NEVER, or a list of SUCCESS, FAILURE, DELAY"
TYPED = "it is a type, a semicolon and an address, 500 characters at most"
BEHIND = "behind the semicolon stands C (continue) or R (reject)"
WRONG = [
    ("size", -1, f"it is from 0 to {10**20 - 1}"),
    ("size", "large", "it is a number"),
    ("size", "1_0", "it is a number"),
    ("size", "\uff11", "it is a number"),
    ("size", float("inf"), "it is a number"),
    ("auth", "\ud800@x", "it is no UTF-8"),
    ("by", "\u0661\u0662;R", TO_DELIVER),
    ("size", 10**20, f"it is from 0 to {10**20 - 1}"),
    ("body", "9BIT", "it is one of 7BIT, 8BITMIME, BINARYMIME"),
    ("smtputf8", "yes", "it takes no value"),
    ("ret", "ALL", "it is one of FULL, HDRS"),
    ("envid", "", "it has 1 to 100 characters, written as xtext"),
    ("envid", "x" * 101, "it has 1 to 100 characters, written as xtext"),
    ("envid", "+" * 34, "it has 1 to 100 characters, written as xtext"),
    ("envid", "ä", "it is printable ASCII"),
    (
        "auth",
        "a@x> SIZE=1",
        "the address 'a@x> SIZE=1' contains a blank or bracket outside of quotes",
    ),
    ("by", "soon", TO_DELIVER),
    ("by", "0;R", "with R the time is more than 0 seconds"),
    ("by", "0;r", "with R the time is more than 0 seconds"),
    ("hold_for", 0, "it is from 1 to 999999999"),
    ("hold_until", "tomorrow", WHEN),
    ("hold_until", datetime(2030, 1, 1), "it needs a time zone"),
    ("hold_for", 10**9, "it is from 1 to 999999999"),
    ("mt_priority", 10, "it is from -9 to 9"),
    ("mt_priority", -10, "it is from -9 to 9"),
    ("notify", "NEVER,SUCCESS", TO_TELL),
    ("notify", [], TO_TELL),
    ("orcpt", "rfc822;ö@x", "an address beyond ASCII is of type utf-8"),
    ("orcpt", "rfc822;", TYPED),
    ("orcpt", "rfc822;" + "a" * 494, TYPED),
    ("rrvs", "2030-01-01T12:00:00Z;X", BEHIND),
    ("rrvs", "2030-01-01T12:00:00Z;C;C", BEHIND),
]


@pytest.mark.parametrize(("name", "value", "sentence"), WRONG)
def test_a_wrong_value_is_told_with_a_right_one(name: str, value: Any, sentence: str) -> None:
    (parameter,) = (each for each in (*MAIL, *RCPT) if each.name == name)
    with pytest.raises(ValueError) as caught:
        parameter.written(value)
    told = f"{parameter.keyword} cannot be {value!r}: {sentence} (for example {parameter.example})"
    assert str(caught.value) == told


def test_a_day_that_does_not_exist_is_told() -> None:
    with pytest.raises(ValueError, match=r"HOLDUNTIL cannot be .*: month .*\(for example"):
        spelled(MAIL, {"hold_until": "2030-13-01T12:00:00Z"})


def test_a_moment_is_written_in_utc_wherever_that_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("TZ", "UTC-9")
        time.tzset()
        assert spelled(MAIL, {"hold_until": NOON}) == ["HOLDUNTIL=2030-01-01T12:00:00Z"]
    time.tzset()


def test_every_parameter_has_an_example_that_is_right() -> None:
    for table in (MAIL, RCPT):
        for each in table:
            keyword, equals, value = each.example.partition("=")
            assert each.written(value if equals else True) == each.example
            assert keyword == each.keyword


def test_what_is_not_wished_is_not_written() -> None:
    assert spelled(MAIL, {"ret": None, "smtputf8": False, "others": []}) == []


def test_free_parameters_are_as_they_are_given() -> None:
    assert spelled(MAIL, {"others": ["SOLICIT=com.example:adv", "XVERP"]}) == [
        "SOLICIT=com.example:adv",
        "XVERP",
    ]
    for wrong in ("", "A B", "=x", "X=", "X=a=b", "X\r\nRSET"):
        with pytest.raises(ValueError, match="has not the form of a parameter"):
            free(wrong)


def test_a_name_that_is_in_no_table_is_a_mistake_of_the_program() -> None:
    with pytest.raises(TypeError, match=r"^there is no parameter notify, rrvs$"):
        spelled(MAIL, {"notify": "NEVER", "ret": "FULL", "rrvs": NOON})


def test_a_message_is_held_one_way() -> None:
    told = "^a message is held for a time, or until a time, and not both$"
    with pytest.raises(ValueError, match=told):
        spelled(MAIL, {"hold_for": 1, "hold_until": NOON})


# --- what the server offers


@pytest.mark.parametrize(
    ("wishes", "known", "sentence"),
    [
        ({"ret": "FULL"}, offer(), "does not offer DSN, which RET needs"),
        ({"notify": "NEVER"}, offer(), "does not offer DSN, which NOTIFY needs"),
        ({"body": "BINARYMIME"}, offer("BINARYMIME"), "does not offer CHUNKING"),
        ({"body": "BINARYMIME"}, offer("CHUNKING"), "does not offer BINARYMIME"),
        ({"body": "8BITMIME"}, offer(), "does not offer 8BITMIME"),
        ({"size": 1001}, ALL, "1,001 octets, and the server takes 1,000 at most"),
        ({"by": "100;R"}, ALL, "240 seconds at least"),
        ({"hold_for": 86401}, ALL, "86400 seconds at most"),
        ({"others": ["X"], "envid": None, "ret": "FULL"}, offer(), "does not offer DSN"),
    ],
)
def test_what_the_server_does_not_take_is_objected_to(
    wishes: dict[str, Any], known: Capabilities, sentence: str
) -> None:
    (found,) = objections(known, wishes)
    assert sentence in found.text


@pytest.mark.parametrize(
    ("wishes", "known"),
    [
        ({"body": "7BIT"}, offer()),
        ({"body": "BINARYMIME"}, ALL),
        ({"size": 1000}, ALL),
        ({"size": 10**9}, offer("SIZE")),
        ({"by": "240;R"}, ALL),
        ({"by": "-5;N"}, ALL),
        ({"by": "5;R"}, offer("DELIVERBY")),
        ({"hold_for": 1}, offer("FUTURERELEASE")),
        ({"hold_for": 86400}, ALL),
        ({"requiretls": True}, ALL),
        ({"hold_for": 1, "ret": None, "others": ["X"]}, ALL),
    ],
)
def test_what_the_server_takes_is_not(wishes: dict[str, Any], known: Capabilities) -> None:
    assert objections(known, wishes) == []


OFFERED_BY = {
    "size": "SIZE",
    "body": "8BITMIME",
    "smtputf8": "SMTPUTF8",
    "ret": "DSN",
    "envid": "DSN",
    "auth": "AUTH",
    "requiretls": "REQUIRETLS",
    "by": "DELIVERBY",
    "hold_for": "FUTURERELEASE",
    "hold_until": "FUTURERELEASE",
    "mt_priority": "MT-PRIORITY",
    "prdr": "PRDR",
    "notify": "DSN",
    "orcpt": "DSN",
    "rrvs": "RRVS",
}


@pytest.mark.parametrize("parameter", [*MAIL, *RCPT], ids=lambda each: each.name)
def test_each_parameter_is_offered_by_its_keyword(parameter: Parameter) -> None:
    needed = OFFERED_BY[parameter.name]
    wish = {parameter.name: parameter.example.partition("=")[2] or True}
    assert objections(offer(needed), wish) == []
    (found,) = objections(offer(*{*OFFERED_BY.values()} - {needed}), wish)
    assert found.text == f"the server does not offer {needed}, which {parameter.keyword} needs"


def test_requiretls_is_for_tls() -> None:
    (found,) = objections(ALL, {"requiretls": True}, is_secure=False)
    assert found.parameter == "REQUIRETLS"
    assert found.text == "REQUIRETLS can be asked for under TLS only"
    assert objections(ALL, {"ret": "FULL"}, is_secure=False) == []
    for wishes in ({"mail_wishes": {"requiretls": True}}, {"rcpt_wishes": {"requiretls": True}}):
        with pytest.raises(Unfit, match="under TLS only"):
            wished(ALL, "a@x", ["b@x"], b"", is_secure=False, **wishes)
    mail, _ = wished(ALL, "a@x", ["b@x"], b"", mail_wishes={"requiretls": True})
    assert mail.line == b"MAIL FROM:<a@x> size=0 REQUIRETLS"


def test_a_message_that_is_unfit_says_all_that_is_wrong() -> None:
    unfit = Unfit([Objection("A", "one"), Objection("B", "two")])
    assert str(unfit) == "one; two"


def test_recipients_beyond_ascii_are_sent_where_smtputf8_is_wished_for() -> None:
    utf8 = {"smtputf8": True}
    _, (rcpt,) = wished(ALL, "a@x", ["zoë@x"], b"", mail_wishes=utf8)
    assert rcpt.line == "RCPT TO:<zoë@x>".encode()
    _, (rcpt,) = wished(ALL, "a@x", ["zoë@x"], b"", mail_options=["smtputf8"])
    assert rcpt.line == "RCPT TO:<zoë@x>".encode()
    with pytest.raises(UnicodeEncodeError):
        wished(ALL, "a@x", ["zoë@x"], b"")


def test_an_envelope_has_what_is_wished_for() -> None:
    mail, (first, second) = wished(
        ALL,
        "a@x",
        ["b@x", "c@x"],
        b"12\r\n",
        mail_wishes={"envid": "1", "smtputf8": True},
        rcpt_wishes={"notify": "DELAY", "c@x": {"orcpt": "jörg@x"}},
    )
    assert mail.line == b"MAIL FROM:<a@x> size=4 SMTPUTF8 ENVID=1"
    assert first.line == b"RCPT TO:<b@x> NOTIFY=DELAY"
    assert second.line == rb"RCPT TO:<c@x> ORCPT=utf-8;j\x{F6}rg@x"


def test_a_message_that_is_too_large_is_not_begun_unless_that_is_insisted_on() -> None:
    big = b"x" * 998 + b"\r\n\r\n"
    with pytest.raises(Unfit, match="takes 1,000 at most") as caught:
        wished(ALL, "a@x", ["b@x"], big)
    assert [each.parameter for each in caught.value.objections] == ["SIZE=1002"]
    mail, _ = wished(ALL, "a@x", ["b@x"], big, insist=True)
    assert mail.line == b"MAIL FROM:<a@x> size=1002"


def test_what_was_not_advertised_can_be_sent_by_insisting() -> None:
    mail, (rcpt,) = wished(
        offer(),
        "a@x",
        ["b@x"],
        b"",
        mail_wishes={"ret": "HDRS", "size": 7},
        rcpt_wishes={"notify": "NEVER"},
        insist=True,
    )
    assert mail.line == b"MAIL FROM:<a@x> SIZE=7 RET=HDRS"
    assert rcpt.line == b"RCPT TO:<b@x> NOTIFY=NEVER"


def test_a_size_of_ones_own_is_said_once() -> None:
    mail, _ = wished(ALL, "a@x", ["b@x"], b"12\r\n", mail_wishes={"size": 7})
    assert mail.line == b"MAIL FROM:<a@x> SIZE=7"


def test_the_objections_to_many_recipients_are_told_once() -> None:
    with pytest.raises(Unfit) as caught:
        wished(offer(), "a@x", ["b@x", "c@x"], b"", rcpt_wishes={"notify": "NEVER"})
    assert len(caught.value.objections) == 1


def test_a_stream_of_unknown_size_declares_none() -> None:
    mail, _ = wished(ALL, "a@x", ["b@x"], Stream([b"x"]))
    assert mail.line == b"MAIL FROM:<a@x>"
    mail, _ = wished(ALL, "a@x", ["b@x"], Stream([b"x"], size=3))
    assert mail.line == b"MAIL FROM:<a@x> size=3"


# --- LIMITS (RFC 9422)


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ("", [["a@x", "b@x", "c@y", "d@X"]]),
        ("RCPTMAX=3", [["a@x", "b@x", "c@y"], ["d@X"]]),
        ("rcptmax=1 MAILMAX=2", [["a@x"], ["b@x"], ["c@y"], ["d@X"]]),
        ("RCPTDOMAINMAX=1", [["a@x", "b@x"], ["c@y"], ["d@X"]]),
        ("RCPTDOMAINMAX=2", [["a@x", "b@x", "c@y", "d@X"]]),
        ("RCPTMAX=0", [["a@x", "b@x", "c@y", "d@X"]]),
        ("RCPTMAX=many FOO", [["a@x", "b@x", "c@y", "d@X"]]),
    ],
)
def test_recipients_are_split_as_the_server_limits_them(
    limits: str, expected: list[list[str]]
) -> None:
    known = offer(f"LIMITS {limits}")
    assert groups(known, ["a@x", "b@x", "c@y", "d@X"]) == expected
    assert groups(offer(), ["a@x"]) == [["a@x"]]
    assert groups(offer(), []) == []


def test_a_limit_is_told() -> None:
    known = offer("LIMITS MAILMAX=999999 RCPTMAX=1000000")
    assert known.limit("MAILMAX") == 999_999
    assert known.limit("RCPTMAX") is None  # no limit that anybody would reach
    assert known.limit("RCPTDOMAINMAX") is None
