"""What is written can be read, and says the same."""

from __future__ import annotations

import shlex
import socket
from collections.abc import Callable
from datetime import UTC, datetime

from effort import plainly
from hypothesis import given
from hypothesis import strategies as st
from parsing import SECRET

from smtpconsole.console import headers, language, targets
from smtpconsole.console.configuring import keynames
from smtpconsole.net import pins
from smtpconsole.net.dns import sts
from smtpconsole.net.proxy_header import ProxyHeader
from smtpconsole.sandbox import faults
from smtpconsole.smtp import addresses, capabilities, parameters, xtext
from smtpconsole.smtp.replies import Reply, ReplyParser
from smtpconsole.visible import in_place, octets, visible

words = st.lists(
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12),
    max_size=4,
)
texts = st.binary(max_size=20).map(lambda data: data.translate(None, b"\0\r\n"))
live = st.characters(categories=["Cc", "Cf", "Cs", "Zl", "Zp"])
ports = st.integers(0, 65535)


@plainly(25)
@given(words)
def test_a_command_has_the_words_that_were_quoted(found: list[str]) -> None:
    """Quoted, nothing is a variable, an escape or an option's end."""
    line = "/send " + " ".join(map(language.quoted, found))
    call = language.parse(line, lookup=lambda name: "another")
    assert call == language.Call("send", tuple(found))


@plainly(25)
@given(st.text(max_size=9), st.text(max_size=9), st.sampled_from(["$X", "${X}", '"$X"']))
def test_a_value_stays_one_word_whatever_is_in_it(before: str, value: str, use: str) -> None:
    line = f"/send {shlex.quote(before)}{use}"
    call = language.parse(line, lookup=lambda name: value)
    assert call == language.Call("send", (f"{before.replace(chr(0xE000), '')}{value}",))


@plainly(20)
@given(st.binary(max_size=20))
def test_octets_with_escapes_are_those_octets(data: bytes) -> None:
    told = "".join(f"\\x{octet:02x}" if octet != 0x5C else "\\\\" for octet in data)
    assert language.unescaped(told) == data


@plainly(20)
@given(st.binary(max_size=30))
def test_xtext_stands_for_the_octets_it_was_made_of(data: bytes) -> None:
    assert xtext.decoded(xtext.encoded(data)).encode("utf-8", "surrogateescape") == data


@plainly(20)
@given(
    st.integers(200, 559),
    st.lists(texts, min_size=1, max_size=4),
)
def test_a_reply_is_read_as_it_was_written(code: int, lines: list[bytes]) -> None:
    reply = Reply(code, lines)
    (found,) = ReplyParser().feed(reply.octets)
    assert found.octets == reply.octets and found.code == code


_KEYWORDS = st.sampled_from(["SIZE 1000", "AUTH PLAIN LOGIN", "X-A.B", "AUTH=LOGIN", "8BITMIME"])


@plainly(20)
@given(st.lists(_KEYWORDS, max_size=5), st.booleans())
def test_capabilities_keep_order_and_repetition_in_any_case(
    found: list[str], is_lower: bool
) -> None:
    lines = [(word.lower() if is_lower else word).encode() for word in found]
    known = capabilities.parse(Reply(250, [b"mx", *lines]))
    assert [word.name for word in known] == [word.split()[0] for word in found]


ENDS = st.tuples(st.ip_addresses(v=4), st.ip_addresses(v=4)) | st.tuples(
    st.ip_addresses(v=6), st.ip_addresses(v=6)
)


@plainly(20)
@given(ENDS, ports, ports, st.sampled_from([1, 2]))
def test_a_proxy_header_says_what_was_typed(
    ends: tuple[object, object], here: int, there: int, version: int
) -> None:
    pairs = zip(map(str, ends), (here, there), strict=True)
    source, destination = (f"[{a}]:{port}" if ":" in a else f"{a}:{port}" for a, port in pairs)
    header = headers.parse(f"v{version}:{source}/{destination}")
    assert isinstance(header, ProxyHeader)
    left, right = socket.socketpair()
    with left, right:
        assert header.told(left).endswith(f": {source} to {destination}")


@plainly(20)
@given(st.binary(min_size=32, max_size=32), st.sampled_from(["spki", "cert"]))
def test_a_pin_is_the_digest_it_was_written_of(digest: bytes, kind: str) -> None:
    assert pins.parse(f"{kind}:{digest.hex(':')}") == (kind, digest)


@plainly(20)
@given(st.sampled_from(sorted(faults.known())), st.integers(0, 99), st.integers(1, 100))
def test_a_fault_is_switched_on_by_what_it_is_written_as(name: str, nth: int, chance: int) -> None:
    fault = faults.parsed(f"{name}#{nth}%{chance}")
    again = faults.parsed(fault.written)
    assert (again.name, again.chance) == (name, chance)


@plainly(20)
@given(st.sampled_from(["enforce", "testing", "none"]), st.integers(1, 31557600))
def test_a_policy_is_what_was_published(mode: str, age: int) -> None:
    body = f"version: STSv1\r\nmode: {mode}\r\nmx: *.example.org\r\nmax_age: {age}\r\n"
    policy, _ = sts.parse(body.encode())
    assert policy is not None
    assert (policy.mode, policy.mx, policy.max_age) == (mode, ("*.example.org",), age)


@plainly(20)
@given(st.sampled_from(["ctrl+n", "alt+left", "f2", "y", "ctrl+alt+home", "shift+f3"]))
def test_a_key_is_shown_as_it_can_be_written(key: str) -> None:
    assert keynames.read(keynames.shown(keynames.read(key))) == keynames.read(key)


@plainly(20)
@given(st.datetimes(min_value=datetime(1000, 1, 1)).map(lambda when: when.replace(tzinfo=UTC)))
def test_a_moment_is_written_as_rfc_3339_has_it(when: datetime) -> None:
    told = parameters.spelled(parameters.MAIL, {"hold_until": when})[0]
    text = told.partition("=")[2]
    assert parameters.spelled(parameters.MAIL, {"hold_until": text}) == [told]


@plainly(40)
@given(
    st.text(st.characters() | st.characters(categories=["Cc", "Cf", "Cs", "Zl", "Zp"]), max_size=30)
)
def test_nothing_that_is_visible_is_live(text: str) -> None:
    shown = visible(text)
    assert shown.isprintable() and visible(shown) == shown
    assert in_place(text).isprintable() and len(in_place(text)) == len(text)


@plainly(20)
@given(st.binary(max_size=40))
def test_octets_are_shown_one_by_one(data: bytes) -> None:
    assert octets(data).isprintable() and visible(data).isprintable()


@plainly(20)
@given(st.text('a@x<>"\\(), ', max_size=20))
def test_an_address_that_was_found_is_found_again(text: str) -> None:
    try:
        found = addresses.mailbox(text)
    except ValueError:
        return
    if "(" not in found and "<" not in found and found == found.strip():
        assert addresses.mailbox(found) == found


@plainly(20)
@given(st.text(max_size=12))
def test_a_target_never_tells_the_password_of_a_url(noise: str) -> None:
    try:
        targets.parse_server(f"smtp://alice:{SECRET}@{noise}")
    except targets.ConsoleError as error:
        assert SECRET not in f"{error.text}{error.hints}"


@plainly(30)
@given(st.text("ab '\"\\\t\n$#;", max_size=16))
def test_words_are_those_of_a_shell(text: str) -> None:
    def parted(split: Callable[[str], list[str]]) -> list[str] | None:
        try:
            return split(text)
        except ValueError:
            return None

    assert parted(language.split) == parted(shlex.split)
