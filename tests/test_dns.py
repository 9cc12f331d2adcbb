"""The DNS, asked for real: a server on the loopback that has every fault."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import zone
from hypothesis import given as for_all
from hypothesis import strategies as st

from smtpconsole.net.dns.names import NoName, ascii_name, shown_name
from smtpconsole.net.dns.resolver import Answer, Resolver
from smtpconsole.net.dns.servers import Server, Servers, given, parse_server, system
from smtpconsole.transcript.journal import Journal
from smtpconsole.transcript.turns import turns

LAB = """
@ MX 10 mail
@ MX 20 backup
@ TXT "v=spf1 mx " "-all"
mail A 127.0.0.2
mail AAAA ::1
backup CNAME mail
far CNAME mail.elsewhere.test.
chain CNAME backup
other.loop A 127.0.0.1
evil TXT "a\\027[2Jb"
"""


@pytest.fixture
def names() -> Iterator[zone.Names]:
    elsewhere = zone.zone("elsewhere.test", "mail A 127.0.0.9\n")
    huge = zone.zone("huge.test", "".join(f'@ TXT "{number:0200}"\n' for number in range(40)))
    with zone.serve(zone.zone("lab.test", LAB), elsewhere, huge) as running:
        yield running


def resolver(
    names: zone.Names, *, lifetime: float = 2.0, journal: Journal | None = None
) -> Resolver:
    return Resolver(servers(names), observe=journal, lifetime=lifetime)


def servers(names: zone.Names, *before: Server) -> Servers:
    return Servers((*before, Server(zone.HOST, names.port)))


async def asked(names: zone.Names, fault: str, *, lifetime: float = 2.0) -> Answer:
    names.faults["lab.test"] = fault
    return await resolver(names, lifetime=lifetime).ask("lab.test", "MX")


# --- answers ----------------------------------------------------------------------------------


async def test_records_are_found_and_told_to_the_journal(names: zone.Names) -> None:
    journal = Journal()
    answer = await resolver(names, journal=journal).ask("LAB.test.", "MX")
    assert answer.outcome == "found"
    assert sorted(answer.texts) == ["10 mail.lab.test", "20 backup.lab.test"]
    (turn,) = turns(journal)
    (line,) = turn.lines
    assert line.startswith("DNS MX lab.test: ") and "10 mail.lab.test" in line
    assert "TTL 300" in line and f"from 127.0.0.1:{names.port}" in line and "ms" in line
    assert not turn.is_trouble


async def test_the_strings_of_a_text_are_one(names: zone.Names) -> None:
    assert (await resolver(names).ask("lab.test", "TXT")).texts == ("v=spf1 mx -all",)


async def test_a_question_is_asked_once_for_all_who_ask(names: zone.Names) -> None:
    one = resolver(names)
    assert await one.ask("lab.test", "MX") is await one.ask("lab.test", "MX")
    assert names.questions() == ["lab.test MX"]


async def test_an_alias_is_followed_and_named(names: zone.Names) -> None:
    answer = await resolver(names).ask("chain.lab.test", "A")
    assert answer.aliases == ("backup.lab.test", "mail.lab.test")
    assert answer.canonical == "mail.lab.test" and answer.texts == ("127.0.0.2",)
    assert "alias of mail.lab.test" in answer.event().detail


async def test_where_the_server_stops_at_an_alias_we_go_on(names: zone.Names) -> None:
    answer = await resolver(names).ask("far.lab.test", "A")
    assert answer.outcome == "found" and answer.texts == ("127.0.0.9",)
    assert names.questions() == ["far.lab.test A", "mail.elsewhere.test A"]


async def test_no_such_record_and_no_such_name_are_two_things(names: zone.Names) -> None:
    one = resolver(names)
    assert (await one.ask("mail.lab.test", "MX")).outcome == "no data"
    assert (await one.ask("backup.lab.test", "MX")).outcome == "no data"
    missing = await one.ask("nope.lab.test", "MX")
    assert missing.outcome == "nxdomain" and missing.words == "the name does not exist"


async def test_what_is_truncated_comes_over_tcp(names: zone.Names) -> None:
    answer = await asked(names, "truncate")
    assert answer.outcome == "found" and answer.is_over_tcp
    assert [each.over for each in names.asked] == ["udp", "tcp"]


async def test_a_huge_answer_comes_over_tcp(names: zone.Names) -> None:
    answer = await resolver(names).ask("huge.test", "TXT")
    assert len(answer.records) == 40 and answer.is_over_tcp


# --- failures ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "outcome", "words"),
    [
        ("servfail", "servfail", "the resolver could not get an answer"),
        ("network", "servfail", "no reachable authority (no server of lab.test answers)"),
        ("bogus", "bogus", "signature expired (signature expired)"),
        ("bogus-untold", "bogus", "only when told not to check (CD)"),
        ("refused", "refused", "refuses"),
        ("loop", "loop", "aliases without end"),
    ],
)
async def test_a_failure_has_its_name(
    names: zone.Names, fault: str, outcome: str, words: str
) -> None:
    answer = await asked(names, fault)
    assert answer.outcome == outcome
    assert words in answer.words
    assert not answer.is_certain and not answer.records


@pytest.mark.parametrize("fault", ["drop", "bad-id", "garbage"])
async def test_what_is_no_answer_is_waited_out(names: zone.Names, fault: str) -> None:
    answer = await asked(names, fault, lifetime=0.3)
    assert answer.outcome == "timeout"
    assert answer.words == "no answer in time: none within 0.3 seconds"
    assert len(names.asked) == 2


async def test_a_forged_response_is_not_taken(names: zone.Names) -> None:
    assert (await asked(names, "forged-first")).outcome == "found"


async def test_a_server_that_knows_no_edns_is_asked_without(names: zone.Names) -> None:
    assert (await asked(names, "no-edns")).outcome == "found"
    assert [each.has_edns for each in names.asked] == [True, False]


async def test_the_next_server_is_asked_where_one_fails(names: zone.Names) -> None:
    with zone.serve(faults={"lab.test": "servfail"}) as broken:
        both = servers(names, Server(zone.HOST, broken.port))
        assert (await Resolver(both).ask("lab.test", "MX")).outcome == "found"


async def test_a_server_that_is_not_there_is_told(names: zone.Names) -> None:
    with zone.serve() as gone:
        pass
    answer = await Resolver(servers(gone), lifetime=1).ask("lab.test", "MX")
    assert answer.outcome in ("unreachable", "timeout") and "127.0.0.1" in answer.server


async def test_without_a_resolver_there_is_a_sentence() -> None:
    answer = await Resolver(Servers(())).ask("lab.test", "MX")
    assert answer.words == "the resolver cannot be reached: there is no resolver"


async def test_a_name_that_is_none_is_not_asked_for(names: zone.Names) -> None:
    answer = await resolver(names).ask("a..b", "MX")
    assert answer.outcome == "malformed" and "empty part" in answer.words
    assert not names.asked


# --- the AD bit -------------------------------------------------------------------------------


async def test_ad_is_believed_of_a_resolver_on_this_machine(names: zone.Names) -> None:
    names.has_ad = True
    answer = await resolver(names).ask("lab.test", "MX")
    assert answer.is_authenticated and answer.is_secure
    names.has_ad = False
    assert not (await resolver(names).ask("lab.test", "MX")).is_secure


def test_ad_is_not_believed_of_a_resolver_elsewhere() -> None:
    far = Servers((Server("192.0.2.53"),))
    assert far.trust_in(far.servers[0]) == ""
    assert far.doubt == "AD not trusted: the resolver 192.0.2.53 is reached over plain UDP"
    assert given(["192.0.2.53"], trust_ad=True).doubt == ""
    assert not Answer("x", "MX", "found", is_authenticated=True).is_secure


def test_resolv_conf_may_vouch_for_its_resolvers(tmp_path: Path) -> None:
    file = tmp_path / "resolv.conf"
    file.write_text("# us\nnameserver 192.0.2.53\nnameserver nonsense\noptions edns0 trust-ad\n\n")
    found = system(file)
    assert found.servers == (Server("192.0.2.53"),)
    assert found.trust == f"options trust-ad in {file}" and found.doubt == ""
    file.write_text("search example\n")
    assert system(file).servers == (Server("127.0.0.1"),)


# --- names and servers ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.0.1:5300", "127.0.0.1:5300"),
        ("::1", "::1"),
        ("[::1]:5300", "[::1]:5300"),
    ],
)
def test_a_server_is_an_address(text: str, server: str) -> None:
    assert str(parse_server(text)) == server


@pytest.mark.parametrize("text", ["", "dns.example", "127.0.0.1:x", "127.0.0.1:70000", "[::1"])
def test_what_is_no_server_is_said(text: str) -> None:
    if text == "[::1":
        assert str(parse_server(text)) == "::1"
        return
    with pytest.raises(ValueError, match="is not"):
        parse_server(text)


def test_names_are_made_ascii() -> None:
    assert ascii_name("Müller.Example.") == "xn--mller-kva.example"
    assert ascii_name("_25._tcp.mail.example") == "_25._tcp.mail.example"
    assert shown_name("xn--mller-kva.example") == "xn--mller-kva.example (müller.example)"
    assert shown_name("mail.example") == "mail.example"


@for_all(st.text())
def test_any_text_is_a_name_or_told_not_to_be(text: str) -> None:
    try:
        name = ascii_name(text)
    except NoName as error:
        assert str(error)
    else:
        assert name.isascii() and len(name) <= 253 and ascii_name(name) == name
        shown_name(name)


async def test_what_a_record_says_is_not_live(names: zone.Names) -> None:
    from smtpconsole.visible import visible

    journal = Journal()
    await resolver(names, journal=journal).ask("evil.lab.test", "TXT")
    (turn,) = turns(journal)
    assert "\x1b" not in visible(turn.lines[0]) and "␛" in visible(turn.lines[0])
