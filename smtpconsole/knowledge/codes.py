"""What a reply says: its code, its enhanced code and its text, the most exact of them first.

1. The wording of a well-known server is more exact than the enhanced code, that more than the
   code behind its verb, and that more than the code alone; what is marked as vague comes later.
2. The most exact gives title, text, causes and next; the references of all are told.
3. Whatever has the shape of a code is explained, by its first digit or its subject at least.
"""

from __future__ import annotations

from smtpconsole.knowledge.entries import (
    BETWEEN,
    Entry,
    Explanation,
    explanation,
    references,
    table,
)
from smtpconsole.knowledge.wording import wording

_UNDEFINED = "No RFC defines {code}; a client goes by its first digit."
_CLASSES = ("2", "4", "5")


def explain_reply(
    code: str, *, enhanced: str = "", text: str = "", after: str | None = None
) -> Explanation:
    """Explain a reply; `after` is the verb it answers, "connect" or "content"."""
    plain = _reply_entry(code, after)
    exact = _enhanced_entry(enhanced) if enhanced else None
    worded = wording(text, code[0])
    known = _ranked(worded, exact, plain)
    best = known[0]
    notes = _notes(code, enhanced, exact if best is not worded else None, best)
    cited = {reference for entry in known for reference in references(entry)}
    servers = {name: told for entry in reversed(known) for name, told in _servers(entry).items()}
    return Explanation(
        title=" ".join(filter(None, (code, enhanced, best["title"]))),
        text=" ".join([best["text"], *notes]),
        now=best.get("now") or _digit(code[0])["now"],
        rfc=BETWEEN.join(sorted(cited, key=_reply_codes_first)),
        causes=tuple(best.get("causes", ())),
        servers=tuple(servers.items()) if best is not worded else tuple(_servers(best).items()),
        next=tuple(best.get("next", ())),
    )


def _servers(entry: Entry) -> Entry:
    servers: Entry = entry.get("servers", {})
    return servers


def _ranked(worded: Entry | None, exact: Entry | None, plain: Entry) -> list[Entry]:
    ranked = [worded, exact, plain]
    if exact is not None and exact.get("vague"):
        ranked = [worded, plain, exact]
    elif exact is not None and (exact.get("whose") or (worded and worded.get("vague"))):
        ranked = [exact, worded, plain]
    return [entry for entry in ranked if entry is not None]


def explain_enhanced(enhanced: str, text: str = "") -> Explanation:
    """Explain an enhanced code without a reply code before it; "X" stands for any class."""
    enhanced = enhanced.upper()
    worded, exact = wording(text, enhanced[0]), _enhanced_entry(enhanced)
    entry = exact if worded is None or exact.get("whose") else worded
    told = " ".join([entry["text"], *_notes("", enhanced, entry, entry)])
    now = {"now": _digit(enhanced[0])["now"]} if enhanced[0] in _CLASSES else {}
    return explanation({**now, **entry}, title=f"{enhanced} {entry['title']}", text=told)


def explain_text(text: str) -> Explanation | None:
    """Explain the wording of a well-known server, without a code."""
    entry = wording(text, "")
    return None if entry is None else explanation(entry, title=entry["title"])


def explain_digit(digit: str) -> Explanation:
    """Explain all codes that begin with a digit."""
    return explanation(_digit(digit), title=f"{digit}xx {_digit(digit)['title']}")


def explain_subject(enhanced: str) -> Explanation:
    """Explain a class and subject, such as 5.7 or X.7."""
    known = table("enhanced/classes")
    kind, subject = enhanced.upper().split(".")[:2]
    about = known["subject"].get(subject)
    if about is None:
        return explain_enhanced(f"{kind}.{subject}.0")
    name = known["class"].get(kind)
    title = f"{kind}.{subject} {about['name']}" + (f", {name}" if name else "")
    return explanation(about, title=title)


def _reply_entry(code: str, after: str | None) -> Entry:
    digit = _digit(code[0])
    found: Entry | None = table(f"replies/{code[0]}").get(code) if code[0] in "12345" else None
    if found is None:
        undefined = f" {_UNDEFINED.format(code=code)}" if code[0] in "2345" else ""
        return {**digit, "text": f"{digit['text']}{undefined}"}
    if not found.get("defined", True):
        told = _UNDEFINED.format(code=code)
        entry = {**found, "rfc": "RFC 5321 4.3.2"}
        return entry if "whole" in found else {**entry, "text": f"{found['text']} {told}"}
    return {**found, **_variant(found, (after or "").casefold())}


def _variant(entry: Entry, after: str) -> Entry:
    for names, variant in entry.get("after", {}).items():
        if after in names.casefold().split():
            chosen: Entry = variant
            return chosen
    return {}


def _enhanced_entry(enhanced: str) -> Entry:
    kind, subject, detail = enhanced.split(".")
    known = table(f"enhanced/{int(subject)}") if int(subject) <= 7 else {}
    vendor = _vendor(known, enhanced)
    found = known.get(f"{int(subject)}.{int(detail)}")
    if found is None or kind not in (*_CLASSES, "X"):
        return {**_vendor_detail(kind, subject), **vendor}
    return {**found, **found.get("class", {}).get(kind, {}), **vendor}


def _vendor(known: Entry, enhanced: str) -> Entry:
    """What one vendor means by a code: "5.7.57", "X.7.31" of any class, or "5.7.606-649"."""
    kind, rest = enhanced.split(".", 1)
    found: Entry | None = known.get(enhanced) or known.get(f"X.{rest}")
    if found is not None:
        return found
    subject, detail = (int(each) for each in rest.split("."))
    for key, entry in known.items():
        first, dash, last = key.rpartition(".")[2].partition("-")
        if dash and key.startswith(f"{kind}.{subject}.") and int(first) <= detail <= int(last):
            ranged: Entry = entry
            return ranged
    return {}


def _vendor_detail(kind: str, subject: str) -> Entry:
    known = table("enhanced/classes")
    name = known["class"].get(kind, "an unknown class")
    about = known["subject"].get(str(int(subject)))
    if about is None or kind not in (*_CLASSES, "X"):
        text = "Enhanced codes begin with 2, 4 or 5, and their subjects go from 0 to 7."
        return {"title": f"not registered, {name}", "text": text, "rfc": "RFC 3463 2"}
    return {
        "title": f"vendor detail of subject {int(subject)}, {about['name']}",
        "text": f"The registry does not have it: its meaning is the vendor's. {about['text']}",
        "rfc": about["rfc"],
    }


def _notes(code: str, enhanced: str, exact: Entry | None, best: Entry) -> list[str]:
    """Say what is worth a remark about the two codes side by side."""
    notes = []
    kind = enhanced[:1]
    if exact is not None and exact.get("note"):
        notes.append(exact["note"])
    if code and kind in _CLASSES and code[0] in "245" and code[0] != kind:
        notes.append(f"The two codes disagree; a client goes by {code}.")
    elif code.startswith("3") and enhanced:
        notes.append("RFC 2034 gives replies that begin with 3 no such code.")
    elif best is exact and kind == "4" and "class" not in best and "later" not in best["text"]:
        notes.append("The server expects it to pass: the same may succeed later.")
    return notes


def _reply_codes_first(reference: str) -> tuple[bool, str]:
    return (not reference.startswith("RFC 5321"), reference)


def _digit(digit: str) -> Entry:
    digits = table("replies/digits")
    entry: Entry = digits.get(digit, digits["other"])
    return entry
