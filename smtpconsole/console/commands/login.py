"""/login"""

from __future__ import annotations

from typing import Annotated

from smtpconsole.console.arguments import (
    ADDRESS,
    BINDING,
    MECHANISM,
    MECHANISM_FIRST,
    PROGRAM,
    SECRET,
    VARIABLE,
)
from smtpconsole.console.commands import command
from smtpconsole.console.console import Console
from smtpconsole.console.login import logins
from smtpconsole.console.login.passwords import Source


@command
async def login(
    console: Console,
    way: Annotated[str, MECHANISM_FIRST] = "",
    user: Annotated[str, ADDRESS] = "",
    password: Annotated[str, SECRET] = "",
    *,
    mechanism: Annotated[str, MECHANISM] = "",
    as_: Annotated[str, ADDRESS] = "",
    token: bool = False,
    password_command: Annotated[str, PROGRAM] = "",
    password_env: Annotated[str, VARIABLE] = "",
    netrc: bool = False,
    keyring: bool = False,
    binding: Annotated[str, BINDING] = "",
    no_initial: bool = False,
    try_all: bool = False,
) -> None:
    """Log in: by the strongest mechanism in common, or by the one that is named.

    What is missing is asked, the password unseen.  Alone, it shows what the server offers.  After
    wrong credentials nothing else is tried: sending a password again may lock the account.

    --as NAME acts for somebody else; --token says that the secret is an OAuth access token.
    --password-command "pass show mail", --password-env NAME, --netrc and --keyring say where the
    secret is.  --binding TYPE chooses what a -PLUS mechanism is bound by, and --no-initial waits
    for the server to ask.  --try-all makes a table of every mechanism with its outcome.
    The answer shows each challenge and response, decoded.  RFC 4954.
    """
    wish = logins.Wish(
        mechanism=mechanism or way,
        user=user,
        secret=password,
        authzid=as_,
        is_token=token,
        source=Source(password_command, password_env, netrc, keyring),
        binding=binding,
        initial=not no_initial,
    )
    wish.source.check()
    await (logins.try_all if try_all else logins.log_in)(console, wish)
