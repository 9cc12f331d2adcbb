"""What is remarked on: by a session, by TLS, by the probe, the DNS and the lint; and alerts.

1. A file in `remarks/` is a source of remarks; a code may mean one thing in two of them.
2. `anomaly` knows what sessions remark on, by its kind; the others have short codes.
"""

from __future__ import annotations

from smtpconsole.knowledge.entries import Entry, Explanation, explanation, table

# Who says it, in the order in which a person wants to hear them.
SOURCES = {
    "session": "",
    "certificate": "a certificate's problem",
    "tls": "a remark on a TLS session",
    "handshake": "why TLS did not come about",
    "probe": "a finding of /probe",
    "message": "a remark on a message",
    "dns": "a remark on what the DNS says",
}


def anomaly(kind: str) -> Explanation | None:
    """Explain something odd that a session remarks on, by its kind, as the wire tells it."""
    wanted = kind.strip().removeprefix("*** ").partition(": ")[0].casefold()
    for name, entry in table("remarks/session").items():
        if name.casefold() == wanted:
            return explanation(entry, title=name)
    return None


def remarks(code: str) -> list[Explanation]:
    """Explain a code of a remark, in each sense that it has."""
    code = code.strip().casefold()
    if not code or " " in code:
        return []
    found = (remark(code, source) for source in SOURCES if source != "session")
    return [each for each in found if each is not None]


def remark(code: str, source: str) -> Explanation | None:
    """Explain a code in the sense of one source, such as "certificate" or "dns"."""
    entry: Entry | None = table(f"remarks/{source}").get(code)
    return None if entry is None else explanation(entry, title=f"{code}, {SOURCES[source]}")


def alert(words: str | int) -> Explanation | None:
    """Explain an alert of TLS, by its number or by its name in any spelling."""
    wanted = str(words).strip().casefold().replace("_", " ").removeprefix("tls ")
    wanted = wanted.removeprefix("alert ").strip()
    for number, entry in table("alerts").items():
        if wanted in (number, entry["name"].casefold()):
            return explanation(entry, title=f"{entry['name']}, TLS alert {number}")
    return None
