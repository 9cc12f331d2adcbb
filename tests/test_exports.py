"""Every export is a text of its language, whatever was said, and nothing in it is alive."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import recorded
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reparsing import arguments, reparse

from smtpconsole.smtp import events
from smtpconsole.smtp.commands import CONTENT, Send, raw
from smtpconsole.smtp.facts import Problem, TlsFacts
from smtpconsole.smtp.replies import Reply
from smtpconsole.smtp.targets import Target
from smtpconsole.transcript.formats import FORMATS, exported, is_unchanged
from smtpconsole.transcript.journal import Journal
from smtpconsole.transcript.showing import Show

NAMES = sorted(FORMATS)
SHELL = ["swaks", "curl", "openssl"]

HOSTILE = [
    "\x1b[2J\x1b]0;title\x07\x1b]8;;http://evil.example\x07link\x1b]8;;\x07\x9b31m",
    "\u202egnp.exe\u2066 \u200b\ufeff\u2028\u2029\ue000\U000e0041",
    "[@click=app.quit]quit[/] [link=javascript:alert(1)]x[/link] [/",
    "<script>alert(1)</script><img src=x onerror=alert(1)><a href='javascript:alert(1)'>x</a>",
    "</pre></div></style></title>--><svg onload=alert(1)><!-- ]]>&lt;&#x3c;script&#62;",
    "```\n# heading\n[x](javascript:alert(1)) ![x](http://evil.example/x.png) <b>|`|``|```",
    "=cmd|' /C calc'!A0 +1+1 @SUM(1) -2+3",
    "`id` $(id) ${IFS} ; id | id && id > /tmp/x 'a' \"b\" \\ ! # ~ * ?\n-oProxyCommand=id",
    "@/etc/passwd", "--help", "-", "%FROM_ADDRESS% %BODY%", "{}%s%(x)s{0.__class__}",
    "'''\"\"\"\\N{BULLET}\\u0041\\", "\0a\0b", "\udcff\udc80", "\ufffe\uffff\U0001ffff",
    "\r bare \n line ends \x85 \x0b \x0c", "."*2000, "", " ", "\t",
]  # fmt: skip


_ALIVE = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]")


def hostile() -> Journal:
    """A server and a client that say all that, wherever something can be said."""
    journal = Journal()
    for text in HOSTILE:
        data = text.encode("utf-8", "surrogateescape")
        word = text.replace("\n", " ").replace("\r", " ").replace("\0", " ")
        journal(events.Dialling(events.Target(word or "x", 25)))
        journal(events.Resolved(word, (word,), 0.1))
        journal(events.Tried(word, text, 0.1))
        journal(events.Connected(word, f"{word}:25", 0.1))
        journal(events.Answered(Reply(220, data.split(b"\r\n")), Send(b"", b"(greeting)")))
        hello = Send(b"EHLO " + data + b"\r\n", b"EHLO")
        journal(events.Sent(hello))
        journal(events.Answered(Reply(250, [data, data]), hello))
        problem = Problem("error", text, 0, text)
        journal(events.Secured(TlsFacts(text, text, 1, text, problems=(problem,), seconds=0.1)))
        auth = Send(b"AUTH PLAIN x\r\n", b"AUTH", secret=slice(11, 12), about=text)
        journal(events.Sent(auth))
        journal(events.Answered(Reply(535, [data]), auth))
        for verb, form in ((b"MAIL", b"MAIL FROM:<%b>"), (b"RCPT", b"RCPT TO:<%b> %b")):
            send = Send(form.replace(b"%b", data) + b"\r\n", verb, about=text)
            journal(events.Sent(send))
            journal(events.Answered(Reply(250, [data]), send))
        ask, message = Send(b"DATA\r\n", b"DATA"), Send(data + b"\r\n.\r\n", CONTENT)
        for send, code in ((ask, 354), (message, 554), (raw(data or b"x"), -1)):
            journal(events.Sent(send))
            journal(events.Answered(Reply(code, [data]), send))
        journal(events.Answered(Reply(421, [data]), None))
        journal(events.Anomaly(text, text))
        journal(events.Noted(text))
        journal(events.Closed("server", text))
    return journal


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("show", [Show(), Show(content=False, addresses=False)], ids=str)
def test_a_hostile_transcript_is_inert(name: str, show: Show) -> None:
    text = exported(hostile(), name, show=show)
    reparse(name, text)
    assert not re.search(
        r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]", text
    )


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("session", [recorded.delivered, recorded.typed_by_hand])
def test_sessions_reparse(session, name: str) -> None:  # type: ignore[no-untyped-def]
    reparse(name, exported(session(), name))


_OCTETS = st.one_of(
    st.binary(max_size=40),
    st.sampled_from(HOSTILE).map(lambda text: text.encode("utf-8", "surrogateescape")),
)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.sampled_from([b"", b"MAIL", b"RCPT", b"DATA", b"BDAT", b"AUTH", CONTENT]), _OCTETS, _OCTETS), max_size=5))  # fmt: skip  # noqa: E501
def test_any_octets_in_each_export_reparses(
    name: str, said: list[tuple[bytes, bytes, bytes]]
) -> None:
    journal = Journal()
    for verb, data, answer in said:
        send = Send(verb + b" FROM:<" + data + b">\r\n", verb)
        journal(events.Sent(send))
        journal(events.Answered(Reply(250, [answer]), send))
    reparse(name, exported(journal, name))


def test_exports_are_the_same_twice_and_a_change_is_found() -> None:
    journal = recorded.delivered()
    for name in NAMES:
        text = exported(journal, name)
        assert exported(journal, name) == text
        assert is_unchanged(text) is True
        assert is_unchanged(text.replace("250", "251", 1)) is False or "250" not in text
    assert is_unchanged("no digest\n") is None


def test_sha256sum_agrees(tmp_path: Path) -> None:
    import subprocess

    path = tmp_path / "x.txt"
    path.write_text(exported(recorded.delivered(), "text"))
    done = subprocess.run(
        f"head -n -1 {path} | sha256sum", shell=True, capture_output=True, text=True, check=True
    )
    assert done.stdout.split()[0] in path.read_text().splitlines()[-1]


# --- what a shell makes of it -------------------------------------------------------------------


def test_a_shell_gives_swaks_what_was_meant(tmp_path: Path) -> None:
    text = exported(recorded.delivered(), "swaks")
    ((words, message),) = arguments(text, "swaks", str(tmp_path))
    assert words == [
        *("--server", "mail.example.org", "--port", "587", "--tls"),
        *("--ehlo", "client.example.net", "--auth", "LOGIN", "--auth-user", "alice@example.org"),
        *("--from", "alice@example.org", "--to", "bob@example.net,nobody@example.net"),
        *("--pipeline", "--no-data-fixup", "--data", "-"),
    ]
    assert message == recorded.CONTENT.replace(b"\r\n.", b"\r\n..") + b".\r\n"


def test_a_shell_gives_curl_what_was_meant(tmp_path: Path) -> None:
    text = exported(recorded.delivered(), "curl")
    ((words, message),) = arguments(text, "curl", str(tmp_path))
    assert words == [
        *("--verbose", "--url", "smtp://mail.example.org:587/client.example.net", "--ssl-reqd"),
        *("--user", "alice@example.org", "--login-options", "AUTH=LOGIN"),
        *("--mail-from", "alice@example.org", "--mail-rcpt", "bob@example.net"),
        *("--mail-rcpt", "nobody@example.net", "--upload-file", "-"),
    ]
    assert message == recorded.CONTENT


_WORDS = st.text(
    st.characters(blacklist_characters="\0<>\r\n\"", blacklist_categories=["Cs"]), max_size=30
)  # fmt: skip


@settings(max_examples=25)
@given(_WORDS, _WORDS, st.binary(max_size=60).filter(lambda data: b"\r" not in data))
def test_whatever_the_addresses_the_shell_gives_them_as_they_are(
    tmp_path_factory: pytest.TempPathFactory, sender: str, recipient: str, content: bytes
) -> None:
    journal = Journal()
    wire = content.replace(b"\n", b"\r\n") + b"\r\n"
    stuffed = (b"\n" + wire).replace(b"\n.", b"\n..")[1:] + b".\r\n"
    for send, code in (
        (Send(f"MAIL FROM:<{sender}>\r\n".encode(), b"MAIL"), 250),
        (Send(f"RCPT TO:<{recipient}>\r\n".encode(), b"RCPT"), 250),
        (Send(b"DATA\r\n", b"DATA"), 354),
        (Send(stuffed, CONTENT), 250),
    ):
        journal(events.Sent(send))
        journal(events.Answered(Reply(code, [b""]), send))
    folder = str(tmp_path_factory.mktemp("shell"))
    ((words, message),) = arguments(exported(journal, "swaks"), "swaks", folder)
    told = dict(zip(words[::2], words[1::2], strict=False))
    assert told["--from"].lstrip("@<").rstrip(">") == (sender or "<>").lstrip("@<").rstrip(">")
    assert told["--to"].lstrip("@<").rstrip(">") == recipient.lstrip("@<").rstrip(">")
    assert not told["--from"].startswith("-") and not re.match("@[^@]", told["--from"])
    assert message == stuffed


@pytest.mark.parametrize(
    ("target", "words", "line"),
    [
        (Target("", 0, lmtp=True, path="/run/x"), ["--socket", "/run/x"], "lmtp+unix:///run/x"),
        (Target("", 0, command="cat -u"), ["--pipe", "cat -u"], "'exec:cat -u'"),
        (Target("example.org", 25, mx=True), ["--copy-routing", "example.org"], "mx:example.org"),
        (Target("::1", 465, True), ["--server", "::1"], "'[::1]:465'"),
    ],
    ids=str,
)
def test_servers_of_every_kind_are_named_as_their_tools_want_it(
    tmp_path: Path, target: Target, words: list[str], line: str
) -> None:
    journal = Journal()
    recorded.begun(journal, target)
    ((said, _),) = arguments(exported(journal, "swaks"), "swaks", str(tmp_path))
    assert said[:2] == words
    assert f"\n/connect {line}" in exported(journal, "script")
    for name in NAMES:
        reparse(name, exported(journal, name))
