"""/dkim"""

from __future__ import annotations

from typing import Annotated

from smtpconsole.composer.signing import canonical, public_record
from smtpconsole.console.answers import Answer
from smtpconsole.console.arguments import PATH, TEXT, choice
from smtpconsole.console.commands import command
from smtpconsole.console.composing.drafting import octets
from smtpconsole.console.composing.sealing import sealed, signer_for
from smtpconsole.console.console import Console

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
    signer = signer_for(console.draft.sender, key, domain=domain, selector=selector)
    console.draft = sealed(console.draft, octets(console), signer, headers=headers, body=body)  # type: ignore[arg-type]  # of the choice
    record = public_record(signer.key)
    head, text = canonical(console.draft.source or b"")
    lines = [
        f"what a verifier needs in the DNS: {signer.record_name} TXT",
        f"  {record}",
        "the headers as they were hashed:",
        *(f"  {line}" for line in head.decode("utf-8", "surrogateescape").splitlines()),
        f"the body as it was hashed: {len(text):,} octets",
        *(f"  {line}" for line in text.decode("utf-8", "surrogateescape").splitlines()[:20]),
    ]
    console.front.show(Answer(f"signed for {signer.domain}", tuple(lines), ("/send",)))
