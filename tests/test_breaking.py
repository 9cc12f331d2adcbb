"""The connection is lost at each octet of a session: nobody is told what is not so.

Thousands of links break here; `SMTPCONSOLE_NIGHTLY=1` breaks them in more ways.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from breaking import OTHER, Break, How
from brittle import (
    BOB,
    CAROL,
    IN_DOUBT,
    NOT_TAKEN,
    TAKEN,
    Deliver,
    Guarded,
    Told,
    by_library,
    lies,
    sessions,
)
from brittlefronts import by_console, by_send

from smtpconsole.net.policy import TlsPolicy

pytestmark = pytest.mark.faults

IS_NIGHT = os.environ.get("SMTPCONSOLE_NIGHTLY") == "1"
SHAPES: dict[str, dict[str, Any]] = {
    "one by one": {"pipelining": False},
    "pipelined": {},
    "BDAT": {"chunking": True},
    "BDAT one by one": {"chunking": True, "pipelining": False},
    "LMTP": {"lmtp": True},
    "LMTP by BDAT": {"lmtp": True, "chunking": True},
}
HOWS: tuple[How, ...] = ("fin", "reset")
GO_ON = b"354 End data with <CR><LF>.<CR><LF>\r\n"
KEPT = b"kept as "


def octets(told: Told, how: How, step: int = 1) -> Iterator[Break]:
    """A break behind each octet that a session has, in both directions."""
    for way in OTHER:
        for after in range(0, len(told.link.carried[way]) + 1, step):
            yield Break(way, after, how)


async def broken(
    server: Guarded, shape: dict[str, Any], how: How, *, step: int = 1, count: int = 1, **more: Any
) -> list[Told]:
    """A session that comes to its end, and the same broken everywhere."""
    deliver, lmtp = by_library(**shape, **more), shape.get("lmtp", False)
    whole = await sessions(server, deliver, [None], lmtp=lmtp, count=count)
    assert whole[0].messages[-1].claim == TAKEN and not lies(server, whole, BOB, CAROL)
    return await sessions(server, deliver, octets(whole[0], how, step), lmtp=lmtp, count=count)


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("shape", SHAPES)
async def test_what_is_claimed_of_a_message_is_so_wherever_the_link_breaks(
    shape: str, how: How
) -> None:
    with Guarded() as server:
        found = await broken(server, SHAPES[shape], how, step=1 if how == "fin" or IS_NIGHT else 3)
        assert lies(server, found, "", BOB, CAROL) == []
        if how == "fin":
            assert [str(told) for told in found if not is_sharp(told)] == []


def is_sharp(told: Told) -> bool:
    """Doubt is claimed where there is some, and nowhere else."""
    (message,), down = told.messages, bytes(told.link.carried["down"])
    _, kept, rest = down.partition(KEPT)
    if kept and b"\r\n" in rest:
        return message.claim == TAKEN
    if b"BDAT" in told.link.offered["up"] or GO_ON in down:
        return message.claim == IN_DOUBT
    return message.claim == NOT_TAKEN


@pytest.mark.parametrize("shape", ["one by one", "pipelined", "BDAT", "LMTP"])
async def test_of_many_messages_each_is_told_what_became_of_it(shape: str) -> None:
    with Guarded() as server:
        found = await broken(server, SHAPES[shape], "fin", step=1 if IS_NIGHT else 2, count=3)
        assert lies(server, found, "", BOB, CAROL) == []
        for told in found:
            claims = [message.claim for message in told.messages]
            assert claims == sorted(claims, key=[TAKEN, IN_DOUBT, NOT_TAKEN].index), str(told)
            if shape != "BDAT":  # of which several are under way at once
                assert claims.count(IN_DOUBT) < 2, str(told)


async def test_recipients_in_groups_are_told_apart() -> None:
    """RFC 9422: a recipient a transaction, so the first may have what the second has not."""
    with Guarded(withdraw=["STARTTLS"], recipients=1) as server:
        found = await broken(server, {}, "fin", step=1 if IS_NIGHT else 2)
        assert lies(server, found, BOB, CAROL) == []
        people = [told.messages[0].people for told in found]
        assert {BOB: TAKEN, CAROL: IN_DOUBT} in people


async def test_in_lmtp_who_has_no_room_is_told_apart_from_who_has_it() -> None:
    """A refusal for the first says nothing of the second."""
    tiny, people = "tiny@sandbox.example", ["tiny@sandbox.example", CAROL]
    with Guarded(quota={"tiny": 10}) as server:
        deliver = by_library(lmtp=True, people=people)
        whole = await sessions(server, deliver, [None], lmtp=True)
        assert whole[0].messages[0].people == {tiny: NOT_TAKEN, CAROL: TAKEN}
        cuts = octets(whole[0], "fin", 1 if IS_NIGHT else 2)
        found = await sessions(server, deliver, cuts, lmtp=True)
        assert lies(server, found, tiny, CAROL) == []
        last = [each for each in found if b"Quota exceeded\r\n" in each.link.carried["down"]]
        assert IN_DOUBT in [told.messages[0].claim for told in last]


async def test_silence_is_told_after_its_time_and_in_truth() -> None:
    """What still comes is lost, and nobody is told: the time for a reply ends it."""
    with Guarded() as server:
        for shape in SHAPES.values() if IS_NIGHT else (SHAPES["pipelined"], SHAPES["BDAT"]):
            lmtp, patience = shape.get("lmtp", False), 1.5
            whole = await sessions(server, by_library(**shape), [None], lmtp=lmtp)
            cuts = octets(whole[0], "silence", 1 if IS_NIGHT else 5)
            deliver = by_library(patience, **shape)
            found = await sessions(server, deliver, cuts, lmtp=lmtp, at_once=120)
            assert lies(server, found, "", BOB, CAROL) == []
            silent = [told for told in found if "TimeoutError" in told.messages[0].words]
            assert {told.messages[0].claim for told in silent} == {NOT_TAKEN, IN_DOUBT}


async def test_under_tls_a_break_at_the_edge_of_a_record_is_no_reply() -> None:
    with Guarded(withdraw=["LIMITS"]) as server:
        policy = TlsPolicy(ca_file=str(server.ca_file), server_name="localhost")
        deliver = by_library(
            start_tls=True, tls_policy=policy, username=server.user, password=server.password
        )
        whole = await sessions(server, deliver, [None])
        cuts = [
            Break(way, after + by, how)
            for how in (HOWS if IS_NIGHT else HOWS[:1])
            for way in OTHER
            for after in records(bytes(whole[0].link.carried[way]))
            for by in (-1, 0, 1)
        ]
        found = await sessions(server, deliver, cuts)
        assert lies(server, found, "", BOB, CAROL) == []
        claims = Counter(told.messages[0].claim for told in found)
        assert min(claims[each] for each in (TAKEN, IN_DOUBT, NOT_TAKEN)) > 3, claims
        assert all(letter.tls and letter.user for letter in server.mailbox.letters())


def records(octets: bytes) -> Iterator[int]:
    """Where each record of TLS ends, behind what was said in the clear."""
    at = octets.index(b"\x16\x03")
    while at + 5 <= len(octets):
        at += 5 + int.from_bytes(octets[at + 3 : at + 5], "big")
        yield at


FRONTS: dict[str, Deliver] = {
    "console": by_console(),
    "console by BDAT": by_console("--chunking"),
    "send": by_send(),
    "send by BDAT": by_send("--chunking"),
    "send by LMTP": by_send(scheme="lmtp"),
}


@pytest.mark.parametrize("front", FRONTS)
async def test_people_are_told_the_truth_wherever_the_link_breaks(front: str) -> None:
    lmtp = "LMTP" in front
    with Guarded() as server:
        whole = await sessions(server, FRONTS[front], [None], lmtp=lmtp)
        cuts = octets(whole[0], "fin", 1 if IS_NIGHT else 9)
        found = await sessions(server, FRONTS[front], cuts, lmtp=lmtp)
        assert lies(server, found, "" if not lmtp else BOB) == []
        claims = {told.messages[0].claim for told in found}
        assert claims == {TAKEN, IN_DOUBT, NOT_TAKEN}
