"""The options of `smtpconsole send`, by group.

Names that swaks has for the same are taken as well (`also`), where they mean the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import click

from smtpconsole.cli.options.grouped import F, option
from smtpconsole.console.ways import WAYS
from smtpconsole.smtp.parameters import MAIL, RCPT

PROTOCOLS = (
    *("SMTP", "SSMTP", "SSMTPA", "SMTPS", "ESMTP", "ESMTPA", "ESMTPS", "ESMTPSA"),
    *("LMTP", "LMTPA", "LMTPS", "LMTPSA"),
)
TEXT = "TEXT|-|@FILE"
_SWAKS = {  # what swaks calls a way to connect
    "source": "--local-interface -li",
    "timeout": "",
    "ca": "--tls-ca-path",
    "servername": "--tls-verify-target",
    "sni": "--tls-sni",
    "strict": "--tls-verify",
    "client-cert": "--tls-cert",
    "client-key": "--tls-key",
    "ciphers": "--tls-cipher",
}
# Parameters of MAIL and RCPT whose names an option of the message or the login has already.
RENAMED = {"body": "body-type", "auth": "mail-auth", "size": "size"}


def _flag(group: str, *names: str, also: str = "", help: str) -> Any:
    return option(group, *names, also=also, is_flag=True, help=help)


def _value(group: str, *names: str, metavar: str, help: str, also: str = "", **more: Any) -> Any:
    return option(group, *names, also=also, metavar=metavar, help=help, **more)


def _server() -> Iterator[Any]:
    group = "Server"
    yield _value(group, "-s", "--server", metavar="TARGET", help="The same as TARGET.")
    yield _value(group, "-p", "--port", metavar="PORT", help="A port, or the name of a service.")
    yield _value(
        group, "--mx", "mx", also="--copy-routing", metavar="DOMAIN",
        help="A server that takes mail for DOMAIN; without any server, for the last recipient's.",
    )  # fmt: skip
    yield _value(group, "--socket", metavar="FILE", help="A UNIX socket.")
    yield _value(group, "--pipe", metavar="COMMAND", help="A program that speaks SMTP, no shell.")
    yield _flag(group, "-4", "ipv4", help="Only IPv4.")
    yield _flag(group, "-6", "ipv6", help="Only IPv6.")
    yield option(
        group,
        "--protocol",
        type=click.Choice(PROTOCOLS, case_sensitive=False),
        metavar="NAME",
        help=f"Hello, TLS and login in a word: {', '.join(PROTOCOLS)}.",
    )
    yield _flag(group, "--lmtp", help="Speak LMTP; lmtp:// does, too.")
    yield _value(
        group, "--local-port", also="-lp --lport", metavar="PORT", help="Connect from this port."
    )


def _envelope() -> Iterator[Any]:
    group = "Envelope"
    yield _value(group, "-f", "--from", "from_", metavar="ADDRESS", help="The sender; <> for none.")
    yield _value(group, "-t", "--to", metavar="ADDRESS,…", multiple=True, help="Recipients.")
    yield _value(group, "--cc", metavar="ADDRESS,…", multiple=True, help="Further ones, in Cc.")
    yield _value(group, "--bcc", metavar="ADDRESS,…", multiple=True, help="And in no header.")
    yield option(
        group, "--recipients", type=click.IntRange(1, 100_000), metavar="N",
        help="N recipients, made from the first one: user+0@, user+1@, …",
    )  # fmt: skip
    for each in (*MAIL, *RCPT):
        name = RENAMED.get(each.name, each.name.replace("_", "-"))
        keyword, equals, value = each.example.partition("=")
        told = f"{keyword} ({each.rfc}); for example {value}." if equals else f"{each.rfc}."
        if equals:
            yield _value(group, f"--{name}", f"wish_{each.name}", metavar=keyword,
                         help=told)  # fmt: skip
        else:
            yield _flag(group, f"--{name}", f"wish_{each.name}", help=f"{keyword}, {told}")
    yield _value(group, "--param", metavar="NAME=VALUE", multiple=True, help="Any other, of MAIL.")
    yield _value(group, "--rcpt-param", metavar="NAME=VALUE", multiple=True, help="And of RCPT.")


def _message() -> Iterator[Any]:
    group = "Message"
    yield _value(group, "--subject", metavar="TEXT", help="The subject.")
    yield _value(group, "--body", metavar=TEXT, help="The text; \\n is a line end.")
    yield _value(group, "--html", metavar=TEXT, help="The same in HTML, as an alternative.")
    yield _value(
        group, "--attach", metavar="FILE[;type=…][;name=…][;inline=CID]", multiple=True,
        help="A file that goes with it.",
    )  # fmt: skip
    yield _value(
        group, "--header", metavar='"NAME: VALUE"', multiple=True, help="Instead of one there is."
    )
    yield _value(
        group, "--add-header", also="-ah", metavar='"NAME: VALUE"', multiple=True,
        help="Besides those there are.",
    )  # fmt: skip
    yield _value(
        group, "-d", "--data", metavar="FILE|-|TEXT",
        help="The whole message; tokens such as %FROM% and %DATE% are filled in.",
    )  # fmt: skip
    yield _flag(
        group, "--no-data-fixup", also="-ndf --raw-data",
        help="Its octets as they are: no tokens, no line ends mended.",
    )  # fmt: skip
    yield _value(
        group, "--message", metavar="NAME", help="A ready-made one: plain, utf8, eicar, huge, …"
    )
    yield _value(group, "--message-size", metavar="SIZE", help="For huge: 500K, 30M, 2G.")
    yield _value(group, "--dkim", metavar="KEY", help="Sign it with DKIM, by this PEM file.")
    yield _value(group, "--dkim-selector", metavar="NAME", default="test",
                 help="Where its other half is published.")  # fmt: skip
    yield _value(group, "--dkim-domain", metavar="DOMAIN", default="",
                 help="Who signs, if not the sender's domain.")  # fmt: skip
    yield _flag(group, "--yes", help="Send also one that is not harmless, such as eicar, unasked.")
    yield _flag(group, "--chunking", also="--bdat", help="Say it in BDAT commands (RFC 3030).")
    yield _value(group, "--chunk", metavar="SIZE", help="Of at most so many octets.")
    yield option(
        group, "--count", type=click.IntRange(1, 10_000), default=1, metavar="N",
        help="So many messages, one after the other in one session.",
    )  # fmt: skip


def _session() -> Iterator[Any]:
    group = "Session"
    yield _value(
        group, "--helo", "name", also="--ehlo --lhlo --name", metavar="HOST",
        help="Introduce ourselves as HOST.",
    )  # fmt: skip
    yield _value(group, "-q", "--quit-after", metavar="STAGE", help="Say QUIT after this stage.")
    yield _value(
        group, "--drop-after", also="-da", metavar="STAGE", help="Or close the connection then."
    )
    yield _value(
        group, "--drop-after-send", also="-das", metavar="STAGE",
        help="Or already when its command is said.",
    )  # fmt: skip
    yield _flag(group, "--pipeline", help="Several commands in one go, where that is offered.")
    yield _flag(group, "--insist", help="Say also what the server has not offered.")
    yield _value(
        group, "--xclient", metavar='"NAME=VALUE …"', multiple=True,
        help="Be taken for another client: addr=192.0.2.1 name=mx.example.",
    )  # fmt: skip
    yield _value(
        group, "--xclient-raw", metavar="TEXT", multiple=True, help="XCLIENT with what you write."
    )
    yield _flag(group, "--xclient-before-starttls", help="And before TLS.")


def _tls() -> Iterator[Any]:
    group = "TLS"
    yield _flag(group, "--tls", also="-tls", help="STARTTLS, and nothing without it.")
    yield _flag(group, "--tls-optional", also="-tlso", help="If it is offered, and if it works.")
    yield _flag(group, "--tls-optional-strict", also="-tlsos", help="If it is offered.")
    yield _flag(
        group, "--tls-on-connect", also="-tlsc --tlsc", help="From the first octet; smtps:// does."
    )
    yield _flag(
        group, "--insecure",
        help="Go on whatever the certificate; log in also in the clear.",
    )  # fmt: skip
    yield _value(
        group, "--save-certificates", also="--tls-get-peer-cert --tls-get-peer-chain",
        metavar="FILE", help="Write the certificates of the server there, as PEM.",
    )  # fmt: skip


def _ways(group: str) -> Iterator[Any]:
    for way in WAYS.values():
        if way.group != group:
            continue
        more: Any = {"is_flag": True} if way.is_flag else {"metavar": way.kind.name}
        sentence = f"{way.sentence[:1].upper()}{way.sentence[1:]}."
        also = _SWAKS.get(way.name, "")
        title = "TLS" if group == "TLS" else "Server"
        yield option(title, f"--{way.name}", also=also, help=sentence, **more)


def _login() -> Iterator[Any]:
    group = "Login"
    auth: Any = {"is_flag": False, "flag_value": "ANY", "metavar": "[MECHANISM,…]"}
    yield option(group, "-a", "--auth", help="Log in, or fail.", **auth)
    yield option(group, "--auth-optional", also="-ao", help="If it works.", **auth)
    yield option(group, "--auth-optional-strict", also="-aos", help="If it is offered.", **auth)
    yield _value(
        group, "--user", "--auth-user", "user", also="-au", metavar="USER",
        help="Who; alone it means --auth.",
    )  # fmt: skip
    yield _value(group, "--as", "as_", metavar="USER", help="Act for somebody else.")
    yield _value(group, "--password-file", metavar="FILE", help="Its first line is the password.")
    yield _value(group, "--password-env", metavar="NAME", help="A variable that holds it.")
    yield _value(group, "--password-command", metavar="COMMAND", help="A program that prints it.")
    yield _flag(group, "--netrc", help="User and password out of ~/.netrc.")
    yield _flag(group, "--keyring", help="The password out of the keyring.")
    yield _flag(group, "--token", help="It is an OAuth access token.")
    yield _flag(group, "--no-initial", help="Let the server ask first (swaks: LOGIN-INITIAL).")
    yield _flag(group, "--auth-plaintext", also="-apt", help="Show what was said in AUTH, decoded.")
    yield option(
        group,
        "--auth-password",
        also="-ap",
        hidden=True,
        is_flag=False,
        flag_value="",
        default=None,
    )


def _output() -> Iterator[Any]:
    group = "Output"
    yield option(
        group, "--format", "format_", type=click.Choice(["text", "json"]), default="text",
        help="Text with swaks' marks while it happens, or JSON at the end.",
    )  # fmt: skip
    yield _value(group, "--output", also="--output-file", metavar="FILE", help="Print it there.")
    yield _flag(group, "-n", "--suppress-data", help="Count the lines of the message instead.")
    yield _flag(group, "--show-data", help="Show all of it, however long.")
    yield _flag(group, "--show-time-lapse", also="-stl", help="How long each reply took.")
    yield _flag(group, "--show-raw-text", also="-raw", help="Each octet in hex, besides.")
    yield _value(group, "--hide", metavar="SIDE,…", help="Leave out: send, receive, info.")
    yield _flag(group, "--hide-send", also="-hs", help="The same as --hide send.")
    yield _flag(group, "--hide-receive", also="-hr", help="The same as --hide receive.")
    yield _flag(group, "--hide-informational", also="-hi", help="The same as --hide info.")
    yield _flag(group, "--no-hints", also="-nth", help="No marks before the lines.")
    yield option(
        group, "-S", "--silent", type=click.IntRange(1, 3), is_flag=False, flag_value="1",
        metavar="[1|2|3]",
        help="1: nothing unless something fails; 2: only what fails; 3: nothing.",
    )  # fmt: skip
    yield _flag(group, "--dump", help="Tell what would be done, and do nothing.")
    yield _flag(group, "--dump-mail", help="Print the message, and do nothing.")
    yield _value(group, "--config", metavar="FILE", help='Further options, "option value" a line.')


def sending(function: F) -> F:
    """All options of `send`, in the order in which the help shows them."""
    made: list[Callable[[F], F]] = [
        *_server(), *_ways("Route"), *_ways("Time"), *_envelope(), *_message(), *_session(),
        *_tls(), *_ways("TLS"), *_login(), *_output(),
    ]  # fmt: skip
    for each in reversed(made):
        function = each(function)
    return function
