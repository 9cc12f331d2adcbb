"""smtpconsole sandbox"""

from __future__ import annotations

import signal
import sys
import threading

import click

from smtpconsole.cli import sentence
from smtpconsole.console.answers import ConsoleError
from smtpconsole.visible import visible


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--replay", metavar="JOURNAL", help="Play the server's side of this session.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Where to listen.")
@click.option("--times", is_flag=True, help="With --replay: take as long as the server took.")
def command(replay: str | None, port: int, times: bool) -> None:
    """Run a mail server on this machine, until Ctrl+C.

    With --replay it says what another server said, to a client that says what was said there;
    JOURNAL is a file, also a transcript of another tool, or the name of a kept session.
    """
    from smtpconsole.console.recordings import opened, spoken
    from smtpconsole.sandbox import Sandbox
    from smtpconsole.sandbox.replay import Replay

    def tell(line: str) -> None:
        print(visible(line), flush=True)

    try:
        server = (
            Replay(spoken(opened(replay).journal), port=port, keeps_time=times, tell=tell)
            if replay is not None
            else Sandbox(port=port)
        )
        ended = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: ended.set())
        with server:
            tell(f"listening on localhost:{server.port}, certificates by {server.ca_file}")
            ended.wait()
    except ConsoleError as error:
        raise sentence(error) from error
    except OSError as error:
        print(f"Error: port {port} cannot be used: {error.strerror or error}", file=sys.stderr)
        sys.exit(1)
