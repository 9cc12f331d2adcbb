"""HTML, and the same as plain text for those who do not want it."""

from __future__ import annotations

from dataclasses import replace

from smtpconsole.composer.draft import Draft
from smtpconsole.composer.messages import message

_HTML = """\
<!doctype html>
<html lang="en"><body>
<h1>A test of HTML</h1>
<p>The same is there as <b>plain text</b>. Umlauts: äöü.</p>
</body></html>
"""


@message(expects="250: it is taken; a reader shows one of the two, not both")
def html(draft: Draft) -> Draft:
    """Whether multipart/alternative is read as it should be."""
    text = "A test of HTML\n\nThe same is there as HTML. Umlauts: äöü.\n"
    return replace(draft, subject="A test of HTML", body=text, html=_HTML)
