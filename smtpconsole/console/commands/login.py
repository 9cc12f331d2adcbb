"""/login"""

from __future__ import annotations

from typing import Annotated

from smtpconsole.console.answers import Answer, ConsoleError
from smtpconsole.console.arguments import ADDRESS, MECHANISM, SECRET
from smtpconsole.console.commands import command
from smtpconsole.console.console import Console
from smtpconsole.smtp import login as logins
from smtpconsole.smtp import sasl


@command
async def login(
    console: Console,
    user: Annotated[str, ADDRESS] = "",
    password: Annotated[str, SECRET] = "",
    *,
    mechanism: Annotated[str, MECHANISM] = "",
) -> None:
    """Log in with the strongest mechanism that both sides know; the password is asked unseen.

    With --mechanism NAME that one is used, offered or not.  After a refusal nothing else is
    tried: sending the password again may lock the account.  RFC 4954.
    """
    connection = await console.introduced()
    chosen = _chosen(mechanism, connection.session.capabilities.mechanisms)
    await console.may_send_secrets()
    user = user or await console.front.ask("User:")
    if not user:
        raise ConsoleError("nobody to log in as; nothing was sent")
    password = password or await console.front.ask(_question(console, user), secret=True)
    console.journal.redactor.learn(password.encode())
    reply = await console.run(logins.authenticate(chosen, sasl.credentials(user, password)))
    if reply.is_positive:
        console.front.show(Answer(f"logged in as {user} with {chosen.name}"))
        return
    raise ConsoleError(
        f"the server does not let {user} in: {reply}",
        f"{chosen.name} was used; the others were not tried",
        next=(f"?{reply.code} {reply.enhanced or ''}".strip(), f"/login {user}"),
    )


def _question(console: Console, user: str) -> str:
    known = console.suggestions
    if known.password and user == known.user:  # the sandbox's, which protects nothing
        return f"Password of {user} (in this sandbox it is {known.password}):"
    return f"Password of {user}:"


def _chosen(name: str, offered: tuple[str, ...]) -> sasl.Mechanism:
    if name:
        if name not in sasl.MECHANISMS:
            known = ", ".join(sasl.MECHANISMS)
            raise ConsoleError(f"{name} is not known here", f"known are {known}")
        return sasl.MECHANISMS[name]
    usable = sasl.usable(offered)
    if usable:
        return usable[0]
    if offered:
        raise ConsoleError(
            f"the server offers {', '.join(offered)}, none of which is known here",
            f"known are {', '.join(sasl.MECHANISMS)}; AUTH can be typed by hand",
        )
    raise ConsoleError(
        "the server does not offer AUTH; nothing was sent",
        "many servers offer it only under TLS, or on port 587",
        next=("/starttls", "/login --mechanism PLAIN"),
    )
