"""smtpconsole send: one message, and its transcript."""

from __future__ import annotations

from typing import Any

import click

from smtpconsole.cli.options.grouped import Grouped
from smtpconsole.cli.options.sending import sending
from smtpconsole.cli.options.words import expanded

_EPILOG = """\b
Examples:
  smtpconsole send mail.example.com --to bob@example.com
  smtpconsole send --to bob@example.com              to the domain's own server
  smtpconsole send mail.example.com:587 --tls --user alice --to bob@example.com
  smtpconsole send mail.example.com --to bob@example.com --quit-after RCPT
  smtpconsole send lmtp+unix:///run/dovecot/lmtp --to bob --message utf8
  generate | smtpconsole send mail.example.com --to bob@example.com --data -

\b
Stages:
  CONNECT FIRST-EHLO XCLIENT XCLIENT-EHLO TLS EHLO AUTH MAIL RCPT; to drop also DATA DOT

\b
Exit status, as swaks has it:
  0 all went well     1 usage             2 no connection      6 closed by the server
  21 not greeted      22 EHLO refused     23 MAIL refused      24 no recipient taken
  25 DATA refused     26 message refused  27 QUIT refused      28 not logged in
  29 no TLS           30 no PRDR          32 EHLO after TLS    33 XCLIENT refused
  34 EHLO after XCLIENT                   36 PROXY header      130 stopped by Ctrl+C
"""


class Misused(click.UsageError):
    """As swaks has it."""

    exit_code = 1


class Send(Grouped):
    """Takes options from a file, and exits with 1 where the words are wrong."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """That of the words, those of the files they name before them."""
        try:
            return super().make_context(info_name, expanded(args), parent, **extra)
        except click.UsageError as error:
            raise Misused(error.format_message(), error.ctx) from error


@click.command(
    cls=Send,
    epilog=_EPILOG,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "max_content_width": 100,
    },
)
@click.argument("target", required=False)
@sending
def command(target: str | None, **words: Any) -> None:
    """Send one message, and show the whole session with the marks that swaks has.

    TARGET is as for smtpconsole itself.  Nothing but what you ask for is done: no TLS without
    --tls, no login without --user.  Passwords are asked for, or come from a file, a variable
    (also SMTP_PASSWORD), a program, ~/.netrc or the keyring.  What each recipient was answered is
    told in the end, with the name that the server gave the message.  Each option can stand in
    the environment, as SMTPCONSOLE_SEND_FROM, and in a file for --config.
    """
    import sys

    from smtpconsole.console.submission import asking

    sys.exit(asking.send(target, words))
