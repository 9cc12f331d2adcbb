"""Whether what is said is protected on the way."""

from __future__ import annotations

from collections.abc import Iterator

from smtpconsole.console.probe.checks import check
from smtpconsole.console.probe.offers import difference, each_offer
from smtpconsole.console.probe.visit import Visit


@check("warning", "no-starttls", "RFC 8314 3", "offer STARTTLS: mail is read on the way without")
def _no_starttls(visit: Visit) -> Iterator[str]:
    if visit.plain is not None and not visit.offers_tls and not visit.target.is_local:
        yield "STARTTLS is not offered"


@check("error", "starttls-refused", "RFC 3207 4", "see what the server's log says")
def _starttls_refused(visit: Visit) -> Iterator[str]:
    reply = visit.replies.get("STARTTLS")
    if reply is not None and reply.code != 220:
        yield f"STARTTLS is offered and refused: {reply}"


@check("info", "starttls-parameters", "RFC 3207 4", "")
def _starttls_parameters(visit: Visit) -> Iterator[str]:
    text = visit.plain.parameters("STARTTLS") if visit.plain is not None else ""
    if text:
        yield f"STARTTLS has no parameters, and {text[:40]} stands behind it"


@check("warning", "starttls-under-tls", "RFC 3207 4.2", "")
def _starttls_under_tls(visit: Visit) -> Iterator[str]:
    if visit.secure is not None and "STARTTLS" in visit.secure:
        yield "STARTTLS is still offered under TLS"


@check("warning", "auth-in-plaintext", "RFC 8314 4", "offer AUTH only under TLS")
def _auth_in_plaintext(visit: Visit) -> Iterator[str]:
    if visit.plain is None or visit.target.is_local:
        return
    naked = [each for each in visit.plain.mechanisms if each in ("PLAIN", "LOGIN", "XOAUTH2")]
    if naked:
        verb = "is" if len(naked) == 1 else "are"
        yield f"{' and '.join(naked)} {verb} offered in the clear: passwords can be read on the way"


@check("info", "auth-old-form", "RFC 4954 3", "")
def _auth_old_form(visit: Visit) -> Iterator[str]:
    for _, known in each_offer(visit):
        if any(each.name.startswith("AUTH=") for each in known):
            yield "AUTH= is offered, a form for clients of the last century"
            return


@check("warning", "no-auth", "RFC 6409 4.3", "a submission port has to know who sends")
def _no_auth(visit: Visit) -> Iterator[str]:
    known = visit.secure
    if known is not None and visit.target.port in (465, 587) and not known.mechanisms:
        yield f"port {visit.target.port} is for submission, and AUTH is not offered under TLS"


@check("warning", "lost-under-tls", "RFC 3207 4.2", "")
def _lost(visit: Visit) -> Iterator[str]:
    if visit.plain is None or visit.secure is None:
        return
    lost = [each for each in difference(visit).get("removed", []) if each != "STARTTLS"]
    if lost:
        yield f"under TLS there is no more {', '.join(lost)}"
