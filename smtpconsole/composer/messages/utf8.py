"""Characters of many scripts, in the subject and in the text."""

from __future__ import annotations

from dataclasses import replace

from smtpconsole.composer.draft import Draft
from smtpconsole.composer.messages import message

_TEXT = """\
Grüße, Ελληνικά, русский, עברית, العربية, 日本語, 한국어, हिन्दी.
One person in one character: 👩‍🚀; a flag in two: 🇪🇺; an accent on its own: e\u0301.
"""


@message(expects="250: it is taken; the subject is encoded words, so no SMTPUTF8 is needed")
def utf8(draft: Draft) -> Draft:
    """Whether text beyond ASCII, emoji among it, arrives unharmed."""
    return replace(draft, subject="Ünïcödé 日本語 🚀", body=_TEXT)
