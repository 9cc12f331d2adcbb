"""The application, driven by keys on the sandbox."""

from __future__ import annotations

from pathlib import Path

import pytest
from driving import NARROW, WIDE, driving

from smtpconsole.console.console import Suggestions
from smtpconsole.console.settings import Settings
from smtpconsole.sandbox import Sandbox
from smtpconsole.smtp.events import Sent
from smtpconsole.transcript.journal import Journal
from smtpconsole.tui.prompt import Prompt

SIZES = pytest.mark.parametrize("size", [WIDE, NARROW], ids=["120x40", "80x24"])


@SIZES
async def test_tab_and_enter_alone_deliver_a_first_message(
    sandbox: Sandbox, settings: Settings, suggestions: Suggestions, size: tuple[int, int]
) -> None:
    async with driving("", size=size, settings=settings, suggestions=suggestions) as console:
        for offer in ("EHLO client.example", "STARTTLS", "EHLO client.example", "/login"):
            await console.until(f"Tab: {offer}")
            await console.press("tab", "enter")
        await console.until("in this sandbox it is wonderland")
        await console.enter(sandbox.password)
        for offer in ("MAIL FROM:<alice@sandbox.example>", "RCPT TO:<bob@sandbox.example>"):
            await console.until(f"Tab: {offer}")
            await console.press("tab", "enter")
        for offer in ("DATA", "Subject: Hello"):
            await console.until(f"Tab: {offer}")
            await console.press("tab", "enter")
        await console.until("an empty line ends the headers")
        await console.press("enter")
        await console.until("Tab: This is my message.")
        await console.press("tab", "enter")
        await console.until("Tab: .")
        await console.press("tab", "enter")
        await console.until("The server has the message")
        assert sandbox.mailbox.wait(1, 5)
        await console.press("f7")
        await console.until("1 message in its mailbox", "kept as 1, 39 octets")
    (letter,) = sandbox.mailbox.letters()
    assert letter.content == b"Subject: Hello\r\n\r\nThis is my message.\r\n"
    assert letter.tls and letter.user == sandbox.user


@SIZES
async def test_the_composer_sends_what_it_shows(
    sandbox: Sandbox, settings: Settings, suggestions: Suggestions, size: tuple[int, int]
) -> None:
    async with driving("", size=size, settings=settings, suggestions=suggestions) as console:
        await console.until("READY")
        await console.press("f4")
        await console.until("From       alice@sandbox.example", "To         bob@sandbox.example")
        focused = lambda: getattr(console.app.focused, "id", None)  # noqa: E731
        await console.wait(lambda: focused() == "field-recipients", "the first field has the focus")
        await console.press(*["tab"] * 11, *" of mine", *["tab"] * 5, *".dots")
        await console.press("f5")
        await console.until("rehearsal", "MAIL FROM:<alice@sandbox.example>", "Enter sends")
        await console.press("enter")
        await console.until("has taken the message for 1 recipient")
        await console.press("escape", "escape")
        await console.until("250 2.0.0")
    (letter,) = sandbox.mailbox.letters()
    assert letter.message["Subject"] == "Test of mine"
    assert letter.message.get_content() == "This is a test.\r\n.dots\r\n"
    assert letter.recipients == ("bob@sandbox.example",)


async def test_what_is_typed_is_said_verbatim(settings: Settings, suggestions: Suggestions) -> None:
    async with driving("", settings=settings, suggestions=suggestions) as console:
        await console.until("READY")
        await console.enter("eHlO  [192.0.2.1]")
        await console.until(" -> eHlO  [192.0.2.1]", "F2 Server")
        await console.enter("//etc")
        await console.until(" -> /etc", "<** 500")


@SIZES
async def test_the_server_and_its_tls_are_explained(
    settings: Settings, suggestions: Suggestions, size: tuple[int, int]
) -> None:
    async with driving("", size=size, settings=settings, suggestions=suggestions) as console:
        await console.until("READY")
        await console.enter("/starttls")
        await console.until("TLS 1.3", "<~  250 HELP")
        await console.press("f2")
        await console.until("commands in groups", "10 MiB")
        await console.press("pagedown")
        await console.until("NEW", "AUTH PLAIN LOGIN")
        await console.press("f3")
        screen = await console.until("the certificate proves the server", "sent by the server")
        assert "TLS_AES_256_GCM_SHA384" in screen
        assert "X25519" in screen
        await console.press("escape", "escape")
        await console.until("smtp>")


async def test_an_untrusted_certificate_is_named_and_used_only_by_the_users_word(
    sandbox: Sandbox, suggestions: Suggestions
) -> None:
    suggestions.sandbox = None  # a server like any other
    async with driving("", settings=Settings(), suggestions=suggestions) as console:
        await console.until("READY")
        await console.enter("/starttls")
        await console.until("TLS 1.3 ! 1 problem", "F3 TLS !")
        await console.press("f3")
        await console.until("does not prove the server", "judged by the system")
        await console.press("escape")
        await console.enter("/login alice@sandbox.example")
        await console.until("Go on all the same?")
        await console.enter("no")
        await console.until("nothing was sent", "not logged in")
        await console.enter("/login alice@sandbox.example")
        await console.until("Go on all the same?")
        await console.enter("yes")
        await console.until("Password of alice@sandbox.example")
        await console.enter(sandbox.password)
        await console.until("logged in as alice@sandbox.example")
        await console.press("f5")
        await console.until("Enter sends", "2 round trips")
        await console.press("enter")  # not asked again
        await console.until("has taken the message")


async def test_a_refusal_is_explained_and_its_next_lines_can_be_typed(
    settings: Settings, suggestions: Suggestions
) -> None:
    async with driving("", settings=settings, suggestions=suggestions) as console:
        await console.until("READY")
        await console.enter("EHLO me")
        await console.enter("MAIL FROM:<me@example.com>")
        await console.enter("RCPT TO:<you@elsewhere.example>")
        await console.until("<** 554 5.7.1")
        await console.enter("?")
        screen = await console.until("RFC 5321", "types a line")
        offered = next(line for line in screen.splitlines() if line.lstrip().startswith("1 "))
        await console.press("1")
        await console.until(f"smtp> {offered.split('  1  ')[-1].strip()}")
        await console.press("escape")
        assert "types a line" not in console.screen


async def test_the_wire_can_be_walked_explained_and_shown_in_octets(
    settings: Settings, suggestions: Suggestions
) -> None:
    async with driving("", settings=settings, suggestions=suggestions) as console:
        await console.until("READY")
        await console.enter("EHLO me")
        await console.until("250 HELP")
        await console.press("f6", "v")
        await console.until("EHLO me␍␊", "250 HELP␍␊")
        await console.press("v", "g", "G", "k", "k", "k", "enter")
        await console.until("STARTTLS", "RFC")
        await console.press("y")
        await console.until("sent to the terminal's clipboard")


async def test_unknown_commands_send_nothing_and_name_the_nearest(
    settings: Settings, suggestions: Suggestions
) -> None:
    async with driving("", settings=settings, suggestions=suggestions) as console:
        await console.until("READY")
        before = len(console.journal)
        await console.enter("/starttsl")
        await console.until("/starttsl is not a command, and nothing was sent", "/starttls")
        assert len(console.journal) == before


async def test_history_and_completion(settings: Settings, suggestions: Suggestions) -> None:
    async with driving("", settings=settings, suggestions=suggestions) as console:
        await console.until("READY")
        await console.enter("NOOP one")
        await console.enter("VRFY two")
        await console.press("up")
        await console.until("smtp> VRFY two")
        await console.press("up")
        await console.until("smtp> NOOP one")
        await console.press("down", "down")
        await console.press("ctrl+r", *"noop")
        await console.until("find>")
        await console.press("enter")
        await console.until("smtp> NOOP one")
        await console.press("ctrl+u", *"/exp", "tab")
        await console.until("/expect", "/explain", "/expn", "/export")
        await console.press("down", "down", "down", "enter")
        await console.until("smtp> /export")


@SIZES
async def test_panes_can_be_hidden_and_have_the_screen_to_themselves(
    settings: Settings, suggestions: Suggestions, size: tuple[int, int]
) -> None:
    async with driving("", size=size, settings=settings, suggestions=suggestions) as console:
        await console.until("READY")

        def shows(text: str) -> bool:
            return text in console.screen

        is_wide = size == WIDE
        assert shows("F2 Server") == is_wide
        await console.press("f9")
        await console.wait(lambda: shows("F2 Server") != is_wide, "F9 changes it")
        await console.press("f9")
        await console.wait(lambda: shows("F2 Server") == is_wide, "F9 changes it back")
        await console.press("f2", "f10")
        await console.wait(lambda: not shows("220 sandbox.example"), "the pane is alone")
        assert shows("F2 Server")
        await console.press("f6")
        await console.wait(lambda: console.app.focused.id == "wire", "the wire has the focus")
        await console.press("f10")
        await console.wait(lambda: not shows("F2 Server"), "the wire is alone")
        await console.press("escape")
        await console.wait(lambda: shows("220 sandbox.example"), "all is as before")


async def test_lines_pasted_together_wait_for_a_word(
    settings: Settings, suggestions: Suggestions
) -> None:
    from textual.events import Paste

    async with driving("", settings=settings, suggestions=suggestions) as console:
        await console.until("READY")
        console.app.focused.post_message(Paste("NOOP a\nNOOP b\n"))
        await console.until("2 lines were pasted", "yes/no")
        assert "-> NOOP a" not in console.screen
        await console.enter("yes")
        await console.until("-> NOOP a", "-> NOOP b")


async def test_help_names_every_key_and_command(
    settings: Settings, suggestions: Suggestions
) -> None:
    async with driving("", settings=settings, suggestions=suggestions) as console:
        await console.until("READY")
        await console.press("f1")
        await console.until("At the prompt", "F10")
        await console.press("end")
        await console.until("/starttls", "/quit")
        await console.press("escape")
        await console.until("smtp>")


async def test_lines_that_are_typed_in_a_hurry_are_said_as_they_were_typed(
    sandbox: Sandbox, settings: Settings, suggestions: Suggestions
) -> None:
    async with driving(suggestions.target, settings=settings, suggestions=suggestions) as console:
        await console.until("READY")
        lines = ["NOOP one", "NOOP two", "NOOP three", "NOOP four"]
        console.hurry(*lines)
        await console.until("-> NOOP four")
        said = [
            entry.event.send.line.decode()
            for entry in console.journal.entries
            if isinstance(entry.event, Sent)
        ]
        assert said == lines


async def test_a_pane_that_was_left_at_once_does_not_take_what_is_typed(
    settings: Settings, suggestions: Suggestions
) -> None:
    async with driving(suggestions.target, settings=settings, suggestions=suggestions) as console:
        await console.until("READY")
        console.app.action_show("capabilities")
        console.app.action_escape()  # before the pane is laid out
        await console.pilot.pause()
        await console.wait(
            lambda: console.app.query_one(Prompt).field.has_focus, "the prompt has the focus"
        )
        console.hurry("NOOP at once")
        await console.until("-> NOOP at once")


async def test_what_a_pane_has_no_use_for_is_typed_at_the_prompt(
    settings: Settings, suggestions: Suggestions
) -> None:
    async with driving(suggestions.target, settings=settings, suggestions=suggestions) as console:
        await console.until("READY")
        pane = console.app.query_one("#capabilities")
        await console.press("f2")
        await console.wait(lambda: pane.has_focus, "the focus")
        console.hurry("NOOP from the pane")
        await console.until("-> NOOP from the pane")


async def test_the_application_lives_through_every_trouble(
    tmp_path: Path, sandbox: Sandbox, settings: Settings, suggestions: Suggestions
) -> None:
    async with driving("", settings=settings, suggestions=suggestions) as console:
        await console.until("READY")
        await console.enter("/connect 127.0.0.1:1")
        await console.until("refused: nothing listens on this port")
        await console.enter("NOOP")
        await console.until("not connected; nothing was sent")
        await console.enter("/connect no-such-host.invalid")
        await console.until("no-such-host.invalid has no address")
        await console.enter(f"/connect localhost:{sandbox.port}")
        await console.until("READY", "220 sandbox.example")
        sandbox.stop()
        await console.until("the server closed the connection", "/connect")
        sandbox.start()
        await console.enter(f"/set ca {sandbox.ca_file}")
        await console.until("ca is set")
        await console.enter(f"/connect localhost:{sandbox.port}")
        await console.until("READY")
        await console.enter(f"/export text {tmp_path}/kept.txt")
        await console.until("saved as", "not shown: credentials")
    assert "=== connecting to no-such-host.invalid:25" in (tmp_path / "kept.txt").read_text()


async def test_the_password_is_in_no_screen_and_in_no_file(
    tmp_path: Path, sandbox: Sandbox, settings: Settings, suggestions: Suggestions
) -> None:
    suggestions.password = ""  # nobody tells it
    journal = Journal(tmp_path / "journals" / "session.jsonl")
    async with driving(
        "",
        settings=settings,
        suggestions=suggestions,
        journal=journal,
        history=tmp_path / "history.jsonl",
    ) as console:
        await console.until("READY")
        await console.enter("/starttls")
        await console.until("TLS 1.3")
        await console.enter("/login alice@sandbox.example")
        await console.until("Password of")
        for key in sandbox.password:
            await console.press(key)
            assert sandbox.password not in console.screen
        await console.press("enter")
        await console.until("logged in as")
        await console.enter("AUTH LOGIN")  # by hand, and refused: once is enough
        await console.until("503")
        await console.press("f6", "v")
        await console.enter(f"/export markdown {tmp_path}/report.md")
        await console.until("saved as")
        screens = "\n".join(console.seen)
    kept = "".join(path.read_text() for path in tmp_path.rglob("*") if path.is_file())
    assert (tmp_path / "history.jsonl").exists()
    # alice, NUL, and the password in the three ways base64 can fall; and alone
    for needle in (sandbox.password, "d29uZGVybGFuZA", "dvbmRlcmxhbm", "3b25kZXJsYW5k"):
        assert needle not in screens
        assert needle not in kept
