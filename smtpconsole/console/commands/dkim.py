"""/dkim"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

from smtpconsole.composer.errors import DraftError
from smtpconsole.composer.signing import Signer, canonical, public_record, signed
from smtpconsole.console.answers import Answer, ConsoleError
from smtpconsole.console.arguments import PATH, TEXT, choice
from smtpconsole.console.commands import command
from smtpconsole.console.composing.drafting import octets
from smtpconsole.console.console import Console
from smtpconsole.smtp import addresses

FORMS = choice("relaxed", "simple")


@command
async def dkim(
    console: Console,
    key: Annotated[str, PATH],
    *,
    domain: Annotated[str, TEXT] = "",
    selector: Annotated[str, TEXT] = "test",
    headers: Annotated[str, FORMS] = "relaxed",
    body: Annotated[str, FORMS] = "relaxed",
) -> None:
    """Sign the message in the composer with DKIM, and show what was hashed.

    The key is a PEM file, RSA or Ed25519; the domain is the sender's unless --domain says
    another.  The message is a source from then on: a change would break the signature.
    """
    signer = Signer(
        domain or addresses.domain(console.draft.sender), selector, Path(key).expanduser()
    )
    if not signer.domain:
        raise ConsoleError("whose signature is it?", "--domain says the domain")
    try:
        message = signed(octets(console), signer, headers=headers, body=body)  # type: ignore[arg-type]  # of the choice
        record = public_record(signer.key)
    except DraftError as error:
        raise ConsoleError(str(error)) from error
    console.draft = replace(console.draft, source=message)
    head, text = canonical(message)
    lines = [
        f"what a verifier needs in the DNS: {signer.record_name} TXT",
        f"  {record}",
        "the headers as they were hashed:",
        *(f"  {line}" for line in head.decode("utf-8", "surrogateescape").splitlines()),
        f"the body as it was hashed: {len(text):,} octets",
        *(f"  {line}" for line in text.decode("utf-8", "surrogateescape").splitlines()[:20]),
    ]
    console.front.show(Answer(f"signed for {signer.domain}", tuple(lines), ("/send",)))
