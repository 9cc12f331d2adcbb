"""smtpconsole sandbox"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import click

from smtpconsole.visible import visible

if TYPE_CHECKING:
    from smtpconsole.sandbox import Sandbox
    from smtpconsole.sandbox.diary import Diary, Note
    from smtpconsole.sandbox.replay import Replay


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--replay", metavar="JOURNAL", help="Play the server's side of this session.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Where to listen.")
@click.option("--tls-port", type=click.IntRange(0, 65535), default=0, help="The same, under TLS.")
@click.option("--lmtp-port", type=click.IntRange(0, 65535), help="Where to listen for LMTP.")
@click.option("--host", metavar="ADDRESS", default="127.0.0.1", help="Listen on ADDRESS.")
@click.option("--others-may-connect", is_flag=True, help="ADDRESS need not be of loopback.")
@click.option("--house", metavar="FILE", default="", help="Rules of your own, in TOML.")
@click.option("--fault", metavar="FAULT", multiple=True, help="Fail so; may be repeated.")
@click.option("--faults", is_flag=True, help="List the ways to fail, and end.")
@click.option("--diary", is_flag=True, help="Tell what clients say, what is decided, and why.")
@click.option("--json", "as_json", is_flag=True, help="The same as JSON, an object a line.")
@click.option("--seed", type=int, default=0, help="For faults by chance: fault%20.")
@click.option("--times", is_flag=True, help="With --replay: take as long as the server took.")
def command(
    replay: str | None,
    port: int,
    tls_port: int,
    lmtp_port: int | None,
    host: str,
    others_may_connect: bool,
    house: str,
    fault: tuple[str, ...],
    faults: bool,
    diary: bool,
    as_json: bool,
    seed: int,
    times: bool,
) -> None:
    """Run a mail server on this machine, until Ctrl+C.

    With --replay it says what another server said, to a client that says what was said there;
    JOURNAL is a file, also a transcript of another tool, or the name of a kept session.

    FAULT is a name, such as rcpt-mixed, with a place, a count or a chance if wished: 421@RCPT,
    drip#3, double-reply%20.
    """
    from smtpconsole.console.sessions.recordings import opened, spoken
    from smtpconsole.sandbox import Sandbox
    from smtpconsole.sandbox import faults as ways
    from smtpconsole.sandbox.house import default, load
    from smtpconsole.sandbox.replay import Replay

    # An Event could deadlock: its lock is held where the handler may interrupt its wait.
    ended: SimpleQueue[None] = SimpleQueue()

    def say(line: str) -> None:
        try:
            print(line, flush=True)
        except BrokenPipeError:  # nobody listens any more
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ended.put(None)

    def tell(line: str) -> None:
        say(json.dumps({"event": "told", "text": line}) if as_json else visible(line))

    if faults:
        for each in ways.known().values():
            tell(f"{each.id}  {each.name:27} {each.title}")
        return
    try:
        server = (
            Replay(spoken(opened(replay).journal), port=port, keeps_time=times, tell=tell)
            if replay is not None
            else Sandbox(
                port=port,
                tls_port=tls_port,
                lmtp_port=lmtp_port,
                host=host,
                may_be_reached=others_may_connect,
                rules=load(Path(house)) if house else default(),
                faults=[ways.parsed(text) for text in fault],
                seed=seed,
            )
        )
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: ended.put(None))
        with server:
            # First, so that no client can have come and gone before anybody listens.
            if (diary or as_json) and isinstance(server, Sandbox):
                news = _as_json if as_json else _as_talk
                server.diary.subscribe(partial(_tell_news, server.diary, [0], news, say))
            where = "localhost" if host in ("127.0.0.1", "::1") else host
            facts = _facts(server, where)
            say(json.dumps(facts) if as_json else "\n".join(_told(facts)))
            ended.get()
    except ValueError as error:  # of the rules, a fault, or where to listen
        raise click.ClickException(str(error)) from error
    except OSError as error:
        print(f"Error: port {port} cannot be used: {error.strerror or error}", file=sys.stderr)
        sys.exit(1)


def _facts(server: Sandbox | Replay, host: str) -> dict[str, Any]:
    """How clients reach it, and who may log in."""
    names = ("port", "tls_port", "lmtp_port", "ca_file", "user", "password", "token")
    found = {name: getattr(server, name, None) for name in names}
    known = {name: value for name, value in found.items() if value is not None}
    return {"event": "listening", "host": host, **known, "ca_file": str(server.ca_file)}


def _told(facts: dict[str, Any]) -> Iterator[str]:
    host = facts["host"]
    yield f"listening on {host}:{facts['port']}, certificates by {visible(facts['ca_file'])}"
    if "tls_port" in facts:
        yield f"under TLS on {host}:{facts['tls_port']}"
    if "lmtp_port" in facts:
        yield f"LMTP on {host}:{facts['lmtp_port']}"
    if "user" in facts:
        yield f"XOAUTH2 takes the token {facts['token']}"
        yield f"log in as {facts['user']} with {facts['password']}"


def _tell_news(
    diary: Diary,
    told: list[int],
    news: Callable[[list[Note]], Iterator[str]],
    say: Callable[[str], None],
) -> None:
    """Tell the notes that have not been told; called in the sandbox's thread only."""
    notes = diary.since(told[0])
    told[0] += len(notes)
    for line in news(notes):
        say(line)


def _as_talk(notes: list[Note]) -> Iterator[str]:
    from smtpconsole.console.sandboxing import serverside

    for row in serverside.talk(notes):
        yield visible(row.text)


def _as_json(notes: list[Note]) -> Iterator[str]:
    for note in notes:
        yield json.dumps({"event": "note", **asdict(note), "at": note.at.isoformat()})
