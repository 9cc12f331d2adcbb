"""Where to connect, as people write it and as it is written back."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtpconsole.console.answers import ConsoleError
from smtpconsole.console.targets import parse_target, password_of, written
from smtpconsole.smtp.events import Target
from smtpconsole.smtp.targets import port_of


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("mail.x", Target("mail.x", 25)),
        ("mail.x:587", Target("mail.x", 587)),
        ("mail.x:465", Target("mail.x", 465, implicit_tls=True)),
        ("[2001:db8::1]:26", Target("2001:db8::1", 26)),
        ("2001:db8::1", Target("2001:db8::1", 25)),
        ("[fe80::1%eth0]", Target("fe80::1%eth0", 25)),
        ("smtp://mail.x:465", Target("mail.x", 465)),
        ("SMTPS://mail.x/", Target("mail.x", 465, implicit_tls=True)),
        ("submission://mail.x", Target("mail.x", 587)),
        ("submissions://mail.x", Target("mail.x", 465, implicit_tls=True)),
        ("lmtp://mail.x", Target("mail.x", 24, lmtp=True)),
        ("lmtps://mail.x:2424", Target("mail.x", 2424, implicit_tls=True, lmtp=True)),
        ("alice@mail.x", Target("mail.x", 25, user="alice")),
        ("alice@a.x@mail.x:587", Target("mail.x", 587, user="alice@a.x")),
        ("submission://al%3Aice@mail.x", Target("mail.x", 587, user="al:ice")),
        ("lmtp+unix:///run/x/lmtp", Target("", 0, lmtp=True, path="/run/x/lmtp")),
        ("smtp+unix:///run/a%20b", Target("", 0, path="/run/a b")),
        ("unix:/run/x", Target("", 0, path="/run/x")),
        ("lmtp+unix://bob@/run/x", Target("", 0, lmtp=True, path="/run/x", user="bob")),
        ("/run/x", Target("", 0, path="/run/x")),
        ("exec:sendmail -bs", Target("", 0, command="sendmail -bs")),
        ("mx:mail.x", Target("mail.x", 25, mx=True)),
        ("mx:mail.x:587", Target("mail.x", 587, mx=True)),
        ("LMTP+exec: deliver 'a b'", Target("", 0, lmtp=True, command="deliver 'a b'")),
        ("mx:mail.x", Target("mail.x", 25, mx=True)),
        ("MX:bob@mail.x", Target("mail.x", 25, mx=True)),
        ("mx:mail.x:587", Target("mail.x", 587, mx=True)),
        ("mx://mail.x", Target("mail.x", 25, mx=True)),
    ],
)
def test_targets_in_every_form(text: str, target: Target) -> None:
    assert parse_target(text) == target


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not a server"),
        ("a b", "not a server"),
        ("mail.x:0", "not a port"),
        ("mx:", "not a mail domain"),
        ("mx:mail.x:y", "not a port"),
        ("mx:a b", "not a mail domain"),
        ("mx:[::1]", "not a mail domain"),
        ("mail.x:99999", "not a port"),
        ("mail.x:" + "9" * 5000, "not a port"),
        ("mail.x:", "nothing is not a port"),
        ("x:y", "not a port"),
        ("ftp://x", "ftp:// is not known"),
        ("http+unix:///x", "http:// is not known"),
        (":25", "not a server"),
        ("mail.x/box", "not a server"),
        ("@mail.x", "no user before the @"),
        ("alice:pw@mail.x", "a password has no place"),
        ("smtp://alice:pw@mail.x", "a password has no place"),
        ("lmtp+unix://bob:pw@/x", "a password has no place"),
        ("unix:run/x", "not the path of a socket"),
        ("lmtp+unix://", "nothing is not the path"),
        ("exec:", "needs a command"),
        ("exec:'open", "cannot be read"),
    ],
)
def test_what_is_no_target_is_told_with_the_remedy(text: str, words: str) -> None:
    with pytest.raises(ConsoleError, match=words) as caught:
        parse_target(text)
    assert caught.value.hints or "cannot be read" in words
    assert "pw" not in str(caught.value)


def test_a_password_in_a_url_is_found_to_be_hidden() -> None:
    assert password_of("socks5://me:hush@proxy:1080") == "hush"
    assert password_of("alice:hu:sh@mail.x") == "hu:sh"
    for text in ("mail.x:25", "[::1]:25", "alice@mail.x:25", "socks5://proxy:1080", ""):
        assert password_of(text) == ""
    with pytest.raises(ConsoleError) as caught:
        parse_target("smtp://alice:hush@mail x")
    assert "hush" not in str(caught.value)


NAMES = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?(\.[a-z0-9]{1,6}){0,3}", fullmatch=True)
HOSTS = NAMES | st.ip_addresses().map(str)
USERS = st.just("") | st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)
WORDS = st.lists(st.text(st.characters(codec="utf-8"), max_size=6), min_size=1, max_size=3)
TARGETS = st.one_of(
    st.builds(
        Target,
        HOSTS,
        st.integers(1, 65535) | st.sampled_from([24, 25, 465, 587]),
        st.booleans(),
        st.booleans(),
        user=USERS,
    ),
    st.builds(
        Target,
        st.just(""),
        st.just(0),
        st.booleans(),
        st.booleans(),
        path=st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=9).map(
            "/{}".format
        ),
        user=USERS,
    ),
    st.builds(
        Target,
        st.just(""),
        st.just(0),
        st.booleans(),
        st.booleans(),
        command=WORDS.map(shlex.join),
    ),
)


@given(TARGETS)
def test_a_target_that_is_written_is_read_back(target: Target) -> None:
    assert parse_target(target.written) == target
    (word,) = shlex.split(written(target))
    assert parse_target(word) == target


@given(st.text(max_size=40))
def test_no_text_is_too_strange(text: str) -> None:
    try:
        target = parse_target(text)
    except ConsoleError as error:
        assert error.text
    else:
        assert parse_target(target.written) == target


def test_a_target_reads_well() -> None:
    assert str(Target("::1", 465, implicit_tls=True)) == "[::1]:465"
    assert str(Target("", 0, path="/run/x")) == "/run/x"
    assert str(Target("", 0, command="sendmail -bs")) == "sendmail -bs"
    assert not Target("x", 25).is_local
    assert Target("", 0, path="/run/x").is_local
    assert Target("", 0, path="/run/\udcff").written == "smtp+unix:///run/%FF"
    assert Target("", 0, command="x -y").written == "exec:x -y"
    assert Target("", 0, command="x -y", lmtp=True).written == "lmtp+exec:x -y"
    assert Target("x", 24, implicit_tls=True, lmtp=True).written == "lmtps://x:24"
    assert Target("x", 465).written == "smtp://x:465"
    assert Target("x", 465, True).written == "x:465"
    assert Target("x", 25, mx=True).written == "mx:x"
    assert Target("x", 587, mx=True).written == "mx:x:587"


@pytest.mark.parametrize(
    ("text", "port"),
    [("1", 1), ("00025", 25), ("000025", None), ("65535", 65535), ("65536", None), ("0", None)],
)
def test_a_port_is_a_number_of_sixteen_bits_and_not_nought(text: str, port: int | None) -> None:
    assert port_of(text) == port
