"""Parsers of what people write: the console's language, scripts, lessons, settings, questions."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from parsing import SECRET, Parser, in_file

from smtpconsole import knowledge
from smtpconsole.composer import flowed
from smtpconsole.console import (
    arguments,
    commanding,
    commands,
    headers,
    language,
    pasting,
    targets,
    troubles,
    ways,
)
from smtpconsole.console.answers import ConsoleError
from smtpconsole.console.composing import offers, wishes
from smtpconsole.console.configuring import configuration, keynames, profiles
from smtpconsole.console.configuring.guard import Guard
from smtpconsole.console.holding import stepping
from smtpconsole.console.login import passwords
from smtpconsole.console.sandboxing import faulting
from smtpconsole.console.scripting import expecting, playing, variables
from smtpconsole.console.settings import SETTINGS
from smtpconsole.knowledge import explaining, keywords, oddities, queues, wording
from smtpconsole.knowledge import pasting as questions
from smtpconsole.lessons import catalogue, checks, markdown, reading
from smtpconsole.sandbox import faults, house
from smtpconsole.smtp.commands import CONTENT, Send, raw

commands.COMMANDS.bring_all()

# --- the console ------------------------------------------------------------------------------

_LINES = (
    *("MAIL FROM:<a@example.org>", "//etc", "?550 5.7.1", "# remark", f"AUTH PLAIN {SECRET}"),
    *('/send --subject "a test" $TO', "/set TO 'a b'", "/repeat 3 NOOP", "/pipeline NOOP NOOP"),
)
_COMMANDS = tuple(
    f"/{name} {' '.join(f'--{each} 1' for each in command.options)}"
    for name, command in commands.COMMANDS.items()
)


def _said(line: str) -> object:
    found = language.parse(line, lookup=lambda name: f"value of {name}")
    language.names(line)
    language.secret_of(line)
    language.parse(line, in_content=True)
    return found


def _called(line: str) -> object:
    """A command with its words, each made what the command wants."""
    call = language.parse(line, lookup=lambda name: "x")
    if not isinstance(call, language.Call):
        return None
    command = commands.find(call.name)
    command.secrets(call.words)
    return command.bound(call.words)


def _expanded(text: str) -> object:
    list(variables.used(text))
    variables.literal(text)
    return variables.expanded(text, lambda name: name)


def _played(text: str) -> object:
    return playing.read(text, "script", has=lambda name: name == "TO")


def _set(text: str) -> object:
    """A value for every setting; each may refuse it in words."""
    told = []
    for entry in SETTINGS.values():
        try:
            entry.kind.parse(text)
        except ConsoleError as error:
            told.append(error.text)
    return told


def _guarded(data: bytes) -> object:
    """As a profile asks before something is said."""
    guard = Guard.of("work", ["VRFY", "foreign-recipients"], ["example.org"])
    for line in data.split(b"|"):
        guard.check((raw(line),))
    guard.check((Send(data, b"RCPT"), Send(data, CONTENT)))
    return guard


def _unconnected(text: str) -> object:
    return troubles.nobody_there("/connect mx.example.org", text).answer()


def _each(*reads: Callable[[str], Any]) -> Callable[[str], object]:
    def parse(text: str) -> object:
        told = []
        for read in reads:
            try:
                read(text)
            except ConsoleError as error:
                told.append(error.text)
        return told

    return parse


_SCRIPT = (
    "# a script\n/connect mail.example.org\n/expect 220\nEHLO me\n/expect 250 within 5s\n"
    "MAIL FROM:<a@b>\nRCPT TO:<$TO>\n/expect 250 or 550\nDATA\n/expect 354\nSubject: x\n\n.\n"
    "/set N 1\n/repeat 2 NOOP\nBDAT 5 LAST\nhello\nQUIT\n"
)
_EXPECT = ("250", "not 5.. 5.7.1", "354 within 5s", "text 'queued as'", "phase ready", "tls on")
_TARGETS = (
    *("mail.example.org:587", "smtps://alice@mail.example.org", "[2001:db8::1]:25", "mx:a.example"),
    *("lmtp+unix:///run/lmtp", "exec:/usr/sbin/sendmail -bs", f"smtp://alice:{SECRET}@x"),
)
_HEADERS = (
    *("v1", "v2:local", "v2:192.0.2.7:52000,authority=x,0xE1=\\x00\\xff", "raw:PROXY x\\r\\n"),
    "v2:[2001:db8::7]:52000/[2001:db8::1]:25",
)
_VALUES = (
    *(
        "30s",
        "yes",
        "1.3",
        "500K",
        "192.0.2.7:25",
        "socks5://u:p@x",
        "v2:local",
        "greeting=5,all=9",
    ),
    "mail.example.org",
)
_CONFIG = (
    '[settings]\ntimeout = 30\nname = "me.example"\ntls = "required"\n[keys]\nquit = "^Q"\n'
    f'[profile.work]\ntarget = "smtps://alice@mail.example.org"\npassword = "{SECRET}"\n'
    'forbid = ["VRFY"]\n[profile.work.settings]\nretries = 2\n'
)


def _configured(path: Any) -> object:
    document = configuration.read(path)
    settings, problems = configuration.configured({}, document)
    profiles.check(document)
    for name in profiles.names(document):
        try:
            profiles.of(document, name)
        except ConsoleError:
            continue
    told = [*document.problems, *problems]
    assert all(each.text and SECRET not in f"{each.text}{each.remedy}" for each in told), told
    return settings, told


_NETRC = f"machine mail.example.org login alice password {SECRET}\ndefault login a password b\n"


def _netrc(path: Any) -> object:
    before = os.environ.get("NETRC")
    os.environ["NETRC"] = str(path)
    try:
        return passwords.netrc_entry("mail.example.org")
    finally:
        os.environ.pop("NETRC") if before is None else os.environ.update(NETRC=before)


CONSOLE = (
    Parser(
        "what a profile forbids",
        _guarded,
        (b"RCPT TO:<a@example.org>|BDAT 5|hello|", b"VRFY x\r\n", b"a\r\n.\r\n"),
        (ConsoleError,),
        words=(b"|", b"\r\n.\r\n", b"RCPT TO:", b"BDAT ", b"<", b">"),
    ),
    Parser("lines", _said, _LINES, (ConsoleError,), words=("$", "${", "$$", "'", '"', "\\")),
    Parser(
        "commands with their words",
        _called,
        (*_LINES[5:], *_COMMANDS),
        (ConsoleError,),
        words=("--", "$", "--no-", "="),
    ),
    Parser("variables", _expanded, ("a $TO b ${FROM} $$ '$X'",), words=("$", "${", "}")),
    Parser(
        "scripts",
        _played,
        (_SCRIPT,),
        (playing.ScriptError,),
        words=("\n", "/expect ", "BDAT 3", "DATA\n", "$", "/set "),
    ),
    Parser(
        "expectations",
        lambda text: expecting.parse(text.split(" ")),
        _EXPECT,
        (ConsoleError,),
        words=("not", "text", "within", "(", "[", "*"),
    ),
    Parser(
        "breakpoints",
        lambda text: stepping.breakpoint_of(text.split(" ")),
        ("RCPT", "5..", "phase auth", "text greylist"),
        (ConsoleError,),
        words=("(", "[", "*"),
    ),
    Parser("targets", targets.parse_server, _TARGETS, (ConsoleError,), words=("@", ":", "//", "[")),
    Parser("PROXY headers", headers.parse, _HEADERS, (ConsoleError,), words=("\\x", ",", "=", "/")),
    Parser("times", arguments.duration, ("30s", "1.5m", "500ms"), (ConsoleError,)),
    Parser(
        "attributes",
        lambda text: commanding.attributes(text.split(" ")),
        ("addr=192.0.2.1 name=", "helo=x"),
        (ConsoleError,),
    ),
    Parser("values of settings", _set, _VALUES, words=(",", ":", "=", "0", "~/", "/dev/null")),
    Parser(
        "timers",
        _each(lambda text: ways.timers(text, 5), ways.source),
        ("greeting=5,mail=9", "[::1]:25"),
    ),
    Parser(
        "wishes",
        lambda text: [each.kind.parse(text) for each in wishes.WISHES.values()][:0],
        ("HDRS", "3600;R"),
        (ConsoleError,),
    ),
    Parser("free parameters as typed", wishes._free, ("XVERP A=b",), (ConsoleError,)),
    Parser(
        "keys",
        keynames.read,
        ("^N,F2", "Ctrl+Left", "y", ","),
        (ConsoleError,),
        words=("+", "-", "^", "ctrl+", "alt+", ","),
    ),
    Parser(
        "octets with escapes",
        language.unescaped,
        (r"\r\n\x00\\", r"\u1234"),
        (ConsoleError,),
        words=("\\", "\\x", "\\N{", "\\u"),
    ),
    Parser("what is said to nobody", _unconnected, ("mx.example.org:587", "NOOP")),
    Parser("pasted lines", pasting.split, ("a\r\nb\rc\n",)),
    Parser("pasted paths", offers.pasted_path, ("'/tmp/a b.eml'", "file:///tmp/x%20y", "/a\\ b")),
    Parser(
        "the file of settings",
        in_file(_configured, "config.toml"),
        (_CONFIG.encode(),),
        words=(b"[", b"]", b"=", b'"', b"profile.", b"[" * 400, b"{a=" * 300),
    ),
    Parser(
        ".netrc",
        in_file(_netrc, "netrc"),
        (_NETRC.encode(),),
        (ConsoleError,),
        words=(b"machine ", b"default ", b"macdef x\n", b"#", b'"', b"password "),
    ),
    Parser(
        "faults",
        faults.parsed,
        ("silence@EHLO#2", "garbage%50"),
        (faults.FaultError,),
        words=("@", "#", "%"),
    ),
    Parser("faults as typed", faulting.parsed, ("silence@EHLO#2",), (ConsoleError,)),
)

# --- lessons, the sandbox's rules -------------------------------------------------------------

_HOUSE = (
    'domain = "x.example"\nsize = 100\nidle = 1.5\nrelay = "nobody"\nwithdraw = ["SIZE"]\n'
    '[users]\n"a@x" = "b"\n[replies]\nnobody = "550 no such user"\n[aliases]\ns = ["a"]\n'
    "[quota]\ntiny = 5\n"
)
_TOML = ("inf", "nan", "-1", "true", "{}", "[]", "[[]]", '""', "1979-05-27", "0x10", "[" * 400)
_LESSONS = tuple(each.file.read_text("utf-8") for each in catalogue.course()[1:4])
_CHECKS = (
    *("sent ^EHLO ", "reply 250", "tls on", "not reply 5..", "received subject ~ hello  # label"),
    *("within 5s reply 250", "offered STARTTLS", "code 550 to RCPT"),
)


def _ruled(text: str) -> object:
    return house.parsed(text, house.default(), "house")


def _written_down(text: str) -> object:
    found = markdown.blocks(text)
    return [each.text for each in found], [markdown.spans(line) for line in text.split("\n")]


LESSONS = (
    Parser(
        "lessons",
        reading.parse,
        _LESSONS,
        (reading.LessonError,),
        words=("\n## ", "\n```check\n", "\n```", "needs: ", "\n", "~~~", "house: {size = inf}"),
    ),
    Parser(
        "checks",
        checks.parse,
        _CHECKS,
        (checks.CheckError,),
        words=("not ", "  # ", "(", "[", "{", "^", "~"),
    ),
    Parser(
        "Markdown",
        _written_down,
        ("# t\n\n- a **b** `c` [x](y)\n\n> q\n\n```\ncode\n```\n",),
        words=("`", "*", "**", "_", "[", "](", "#", ">", "\n", "\\"),
    ),
    Parser(
        "rules of the sandbox",
        _ruled,
        (_HOUSE,),
        (house.HouseError,),
        words=(*_TOML, "= ", "\n", "relay = ", "size = ", "quota = "),
    ),
)

# --- questions --------------------------------------------------------------------------------

_QUESTIONS = (
    *("550 5.7.1 Relaying denied", "RCPT 550", "5.7.1", "5.7", "4xx", "SIZE=1000", "RFC 5321"),
    *("TLS alert: unknown ca", "bare LF", "scram-sha-256-plus", "expired", "250-STARTTLS"),
)
_PASTED = (
    "<-  250-mx Hello\n<-  250-SIZE 1000\n<-  250 HELP\n",
    "host mx.example said: 550 5.7.1 no\n  (in reply to RCPT)\nDiagnostic-Code: smtp; 450 4.2.0 x",
)


def _explained(text: str) -> object:
    found = explaining.explanations(text)
    near = explaining.nearest(text) if len(text) < 60 else ()
    return found, near, explaining.explain(text, after="RCPT")


def _looked_up(text: str) -> object:
    name, _, rest = text.partition(" ")
    found = [
        keywords.describe(name, rest),
        keywords.find(name),
        keywords.explain_keyword(name, rest),
    ]
    found += [keywords.explain_parameter(text), oddities.anomaly(text), oddities.alert(text)]
    return [*found, wording.wording(text, "5"), queues.queued(text), knowledge.verb(text)]


QUESTIONS = (
    Parser("questions", _explained, _QUESTIONS, is_plain=True),
    Parser("what is looked up", _looked_up, (*_QUESTIONS, "2.0.0 Ok: queued as 4F1C")),
    Parser(
        "pasted questions",
        questions.questions,
        _PASTED,
        is_plain=True,
        words=("\n", "250-", "250 ", "said: "),
    ),
    Parser("flowed text", flowed.unflowed, ("a \nb \n-- \n> x",), words=(" \n", "> ", " ")),
)

PARSERS: tuple[Parser, ...] = (*CONSOLE, *LESSONS, *QUESTIONS)
