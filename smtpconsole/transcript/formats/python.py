"""Python programs that say the same again: with smtplib, aiosmtplib, or smtpconsole itself.

They say one thing after the other, show each reply, and end at the first that has another code
than it had.  The password comes from SMTP_PASSWORD, or is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from smtpconsole.smtp.commands import command
from smtpconsole.smtp.targets import Target
from smtpconsole.transcript.dialogue import talks
from smtpconsole.transcript.formats import About, export_format
from smtpconsole.transcript.formats.swaks import NO_SERVER
from smtpconsole.transcript.steps import Connect, Login, Message, Say, StartTls, Step, steps
from smtpconsole.transcript.turns import Turn
from smtpconsole.visible import visible

Dialect = Callable[[Step], Iterator[str]]

_COMMON = '''

def expect(replies, *codes):
    """Show replies; stop where one has another code than it had."""
    for code, text in replies:
        print(code, text.decode(errors="replace") if isinstance(text, bytes) else text)
    found = [code for code, _ in replies]
    if codes and found != list(codes):
        sys.exit(f"got {found}, expected {list(codes)}")


def password(user):
    """The password, which is in no transcript."""
    return os.environ.get("SMTP_PASSWORD") or getpass.getpass(f"Password of {user}: ")
'''

_SMTPLIB = '''

def say(smtp, data, replies=1):
    """Say octets as they are, and read the replies."""
    smtp.send(data)
    return [smtp.getreply() for _ in range(replies)]


def start_tls(smtp, server):
    """STARTTLS, and the handshake where the server agrees."""
    reply = smtp.docmd("STARTTLS")
    if reply[0] == 220:
        context = ssl.create_default_context()
        smtp.sock = context.wrap_socket(smtp.sock, server_hostname=server)
        smtp.file = smtp.helo_resp = smtp.ehlo_resp = None
        smtp.esmtp_features, smtp.does_esmtp = {}, False
    return [reply]


def login(smtp, user):
    """Log in; a refusal is a reply like others."""
    try:
        return [smtp.login(user, password(user))]
    except smtplib.SMTPResponseException as error:
        return [(error.smtp_code, error.smtp_error)]
'''

_ASYNC = '''

async def reply_to(action):
    """The reply, also where it is a refusal."""
    try:
        reply = await action
    except MODULE.SMTPResponseException as error:
        return [(error.code, error.message)]
    return [(reply.code, reply.message)]
'''


@export_format("python", "py")
def smtplib(turns: Sequence[Turn], about: About) -> str:
    """A Python program on smtplib that says the same and expects the same codes."""
    head = "import getpass\nimport os\nimport smtplib\nimport ssl\nimport sys\n"
    start = "try:\n    main()\nexcept (OSError, smtplib.SMTPException) as error:\n"
    return _program(turns, about, f"{head}{_COMMON}{_SMTPLIB}", "def main():", _smtplib, start)


@export_format("python-aiosmtplib", "py")
def aiosmtplib(turns: Sequence[Turn], about: About) -> str:
    """The same on aiosmtplib."""
    return _asynchronous(turns, about, "aiosmtplib")


@export_format("python-smtpconsole", "py")
def smtpconsole(turns: Sequence[Turn], about: About) -> str:
    """The same on the library of smtpconsole."""
    return _asynchronous(turns, about, "smtpconsole")


def _asynchronous(turns: Sequence[Turn], about: About, module: str) -> str:
    modules = sorted(["asyncio", "getpass", "os", "sys"])
    head = "".join(f"import {name}\n" for name in modules) + f"\nimport {module}\n"
    helpers = _COMMON + _ASYNC.replace("MODULE", module)
    start = f"try:\n    asyncio.run(main())\nexcept (OSError, {module}.SMTPException) as error:\n"
    return _program(
        turns,
        about,
        head + helpers,
        "async def main():",
        lambda step: _awaited(step, module),
        start,
    )


def _program(
    turns: Sequence[Turn], about: About, head: str, main: str, dialect: Dialect, start: str
) -> str:
    lines = [
        f"    {line}" for talk in talks(turns) for step in steps(talk) for line in dialect(step)
    ]
    body = "\n".join(lines)
    title = f"# What was said to {visible(str(about.target or 'a server'))}, once more."
    return (
        f"{title}\n# {visible(about.stamp)}\n\n{head}\n\n{main}\n{body}\n\n\n"
        f"{start}    sys.exit(str(error))\n"
    )


def _smtplib(step: Step) -> Iterator[str]:
    match step:
        case Connect(target, code):
            host, port = _where(target)
            is_tls = target is not None and target.implicit_tls
            kind = "SMTP_SSL(context=ssl.create_default_context()" if is_tls else "SMTP("
            yield f"server = {_literal(host)}"
            yield f"smtp = smtplib.{kind}{', ' if is_tls else ''}timeout=60)"
            if is_tls:  # SMTP_SSL takes the name for SNI from here when connect() is called apart
                yield "smtp._host = server"
            yield f"expect([smtp.connect(server, {port})]{_codes(code)})"
        case StartTls(code):
            yield f"expect(start_tls(smtp, server){_codes(code)})"
        case Login(_, user, code):
            yield f"expect(login(smtp, {_literal(user or 'USER')}){_codes(code)})"
        case Message(code, content, said, codes):
            yield f'expect(say(smtp, b"DATA\\r\\n"){_codes(code)})'
            if content is not None:
                yield from _octets("message", said)
                yield f"expect(say(smtp, message{_count(codes)}){_codes(*codes)})"
        case Say(data, verb, codes) if verb in (b"EHLO", b"HELO") and step.line.count(" ") == 1:
            method = verb.decode("ascii").lower()
            name = _literal(step.line.partition(" ")[2])
            yield f"expect([smtp.{method}({name})]{_codes(*codes)})"
        case Say(data, _, codes):
            yield f"expect(say(smtp, {data!r}{_count(codes)}){_codes(*codes)})"
        case _:
            yield "smtp.close()"


def _awaited(step: Step, module: str) -> Iterator[str]:
    match step:
        case Connect(target, code):
            host, port = _where(target)
            is_tls = target is not None and target.implicit_tls
            yield f"server = {_literal(host)}"
            yield f"smtp = {module}.SMTP(hostname=server, port={port}, timeout=60,"
            yield f"    use_tls={is_tls}, start_tls=False)"
            yield f"expect(await reply_to(smtp.connect()){_codes(code)})"
        case StartTls(code):
            yield f"expect(await reply_to(smtp.starttls()){_codes(code)})"
        case Login(_, user, code):
            name = _literal(user or "USER")
            yield f"expect(await reply_to(smtp.login({name}, password({name}))){_codes(code)})"
        case Message(code, content, _, codes):
            yield from _octets("message", content or b"")
            ended = codes[-1] if codes else code
            yield f"expect(await reply_to(smtp.data(message)){_codes(ended)})"
        case Say(_, verb, codes) if verb in (b"EHLO", b"HELO") and step.line.count(" ") == 1:
            method = verb.decode("ascii").lower()
            name = _literal(step.line.partition(" ")[2])
            yield f"expect(await reply_to(smtp.{method}(hostname={name})){_codes(*codes)})"
        case Say(data, _, codes):
            yield from _command(data, codes)
        case _:
            yield "smtp.close()"


def _where(target: Target | None) -> tuple[str, int]:
    """A host and a port; sockets and programs are for a person to put in."""
    if target is None or target.is_local:
        return NO_SERVER, 25
    return target.host, target.port


def _command(data: bytes, codes: Sequence[int]) -> Iterator[str]:
    line = data.removesuffix(b"\r\n")
    try:
        command(line)
    except ValueError:
        yield f"# more than a command, which the library does not say: {data!r}"
        return
    yield f"expect(await reply_to(smtp.execute_command({line!r})){_codes(*codes)})"


def _octets(name: str, data: bytes) -> Iterator[str]:
    """An assignment, a line of the program for each line of the octets."""
    lines = data.splitlines(keepends=True) or [b""]
    yield f"{name} = ("
    yield from (f"    {line!r}" for line in lines)
    yield ")"


def _literal(text: str) -> str:
    """A literal in ASCII."""
    return ascii(text)


def _codes(*codes: int | None) -> str:
    return "".join(f", {code}" for code in codes if code is not None)


def _count(codes: Sequence[int]) -> str:
    return "" if len(codes) == 1 else f", replies={len(codes)}"
