"""What became of a message: the table of recipients, and what its server calls it."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtpconsole.console.composing.results import Results, table
from smtpconsole.knowledge.entries import table as entries
from smtpconsole.knowledge.queues import Queued, queued, servers
from smtpconsole.smtp.outcome import Delivery
from smtpconsole.smtp.replies import Reply

SERVERS = entries("queues")["server"]
EXAMPLES = [(each["name"], text, name) for each in SERVERS for text, name in each["examples"]]
# Names that would do harm in a shell, where a server could put them into its reply.
HOSTILE = (
    "$(touch x)",
    "`touch x`",
    "';touch x;'",
    '";touch x;"',
    "a1\ntouch x",
    "1|touch x",
    "-x",
)


def reply(text: str) -> Reply:
    code, _, rest = text.partition(" ")
    return Reply(int(code), [line.encode() for line in rest.split("\n")])


def delivery(*outcomes: tuple[str, str], content: tuple[str, ...]) -> Delivery:
    return Delivery(
        reply("250 ok"),
        [(who, reply(text)) for who, text in outcomes],
        reply("354 go"),
        [reply(text) for text in content],
    )


@pytest.mark.parametrize(("server", "text", "name"), EXAMPLES)
def test_each_server_s_reply_tells_its_name_and_whose_it_is(
    server: str, text: str, name: str
) -> None:
    found = queued(text)
    assert found is not None and (found.server, found.id) == (server, name)
    assert found.commands or found.note
    assert all(name in line for line in found.commands)


def test_the_servers_that_matter_are_known() -> None:
    wanted = {
        *("Postfix", "Exim", "Sendmail", "Microsoft 365", "Exchange", "Gmail", "OpenSMTPD"),
        *("Dovecot", "Cyrus", "Haraka", "Stalwart", "qmail"),
    }
    assert wanted <= set(servers())


@pytest.mark.parametrize(
    "text",
    [
        "ok",
        "2.0.0 Ok",
        "Queued",
        "2.6.0 stored",
        "Delivery in progress",
        "2.6.0 Message accepted for delivery",
        "2.0.0 You offer the Amulet of Yendor to Anhur...",
        "queued as spam",
        "Queued (0.123 seconds)",
    ],
)
def test_words_that_name_nothing_are_not_taken_for_a_name(text: str) -> None:
    assert queued(text) is None


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize(
    "example", EXAMPLES, ids=[f"{n} {i}" for i, (n, _, _) in enumerate(EXAMPLES)]
)
def test_a_hostile_name_gets_into_no_line_for_a_shell(
    example: tuple[str, str, str], hostile: str
) -> None:
    _, text, name = example
    for spoilt in (hostile, name + hostile, hostile + name):
        found = queued(text.replace(name, spoilt))
        for line in found.commands if found is not None else ():
            assert "touch" not in line and "\n" not in line


@given(st.text(max_size=200), st.sampled_from([text for _, text, _ in EXAMPLES]))
def test_whatever_a_server_says_the_name_is_one_word_of_the_line(noise: str, text: str) -> None:
    for said in (noise, f"{text} {noise}", f"{noise} {text}", text[:-3] + noise):
        found = queued(said)
        if found is None:
            continue
        assert found.id.isascii() and found.id.isprintable()
        for line in found.commands:
            if not line.startswith("Get-"):
                assert any(found.id in word for word in shlex.split(line))


def test_the_line_finds_the_message_in_a_log(tmp_path: Path) -> None:
    log = tmp_path / "mail.log"
    log.write_text("a: 7D90124242A: client=x\nb: OTHER: y\n")
    found = queued("2.0.0 Ok: queued as 7D90124242A")
    assert found is not None
    line = found.commands[0].replace("/var/log/mail.log", str(log))
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=False)
    assert done.stdout == "a: 7D90124242A: client=x\n"


def test_a_table_says_what_became_of_each_recipient_and_what_a_refusal_means() -> None:
    results = Results(
        (
            delivery(
                ("alice@x.example", "250 2.1.5 ok"),
                ("bob@x", "550 5.1.1 no such user"),
                ("c@x", "451 4.7.1 Greylisted, try later"),
                content=("250 2.0.0 Ok: queued as 7D90124242A",),
            ),
        )
    )
    assert results.is_delivered and not results.is_complete
    assert results.lines[:5] == (
        "accepted   alice@x.example  250 2.0.0 Ok: queued as 7D90124242A",
        "refused    bob@x            550 5.1.1 no such user",
        "                            recipient not known",
        "deferred   c@x              451 4.7.1 Greylisted, try later",
        "                            greylisted: come back later",
    )
    assert results.lines[5] == "queue id 7D90124242A (Postfix); to find it there:"


def test_lmtp_answers_for_each_recipient_and_names_the_message_for_each() -> None:
    ids = ("bK6FOL7mZ2VzBgAABgkh6g", "cK6FOL7mZ2VzBgAABgkh6g")
    results = Results(
        (
            delivery(
                *((f"{who}@x", "250 ok") for who in "abc"),
                content=(
                    f"250 2.0.0 <a@x> {ids[0]} Saved",
                    "552 5.2.2 <b@x> Quota exceeded",
                    f"250 2.0.0 <c@x> {ids[1]} Saved",
                ),
            ),
        )
    )
    assert [row.outcome for row in results.rows] == ["accepted", "refused", "accepted"]
    assert [(each.id, each.server) for each in results.queued] == [
        (ids[0], "Dovecot"),
        (ids[1], "Dovecot"),
    ]


def test_a_recipient_without_a_last_word_is_said_to_have_none() -> None:
    cut_off = delivery(("a@x", "250 ok"), ("b@x", "250 ok"), content=("250 saved",))
    cut_off.content = [*cut_off.content, reply("451 4.3.0 later")]
    cut_off.recipients.append(("c@x", reply("250 ok")))
    rows = Results((cut_off,)).rows
    assert [row.outcome for row in rows] == ["accepted", "deferred", "no answer"]
    assert "no word" not in rows[0].meaning and "before there was a word" in rows[2].meaning


def test_of_many_recipients_those_that_were_taken_are_counted() -> None:
    outcomes = [(f"u{number}@x", "250 ok") for number in range(40)]
    outcomes[7] = ("u7@x", "452 4.5.3 too many")
    lines = table(Results((delivery(*outcomes, content=("250 ok",)),)).rows)
    assert [line.split()[0] for line in lines] == ["deferred", "too", "accepted"]
    assert lines[-1] == "accepted   39 recipients"


def test_one_name_is_told_once_whatever_number_of_transactions() -> None:
    one = delivery(("a@x", "250 ok"), content=("250 OK id=1xV2WJ-0007lO-12",))
    assert Results((one, one)).queued == (queued("OK id=1xV2WJ-0007lO-12"),)
    assert isinstance(queued("OK id=1xV2WJ-0007lO-12"), Queued)
