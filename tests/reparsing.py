"""Each export read by a parser of its language, and what must not be in it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib import resources
from pathlib import Path
from xml.etree import ElementTree

import html5lib
import jsonschema
from markdown_it import MarkdownIt

from smtpconsole.transcript import formats

SCHEMA = json.loads(
    resources.files(formats.__name__).joinpath("transcript.schema.json").read_text("utf-8")
)
_VALIDATOR = jsonschema.Draft202012Validator(
    SCHEMA, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
)
_TURN = _VALIDATOR.evolve(schema=SCHEMA["$defs"]["turn"])
ELEMENTS = {
    *("html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "code", "table", "tbody"),
    *("tr", "th", "td", "svg", "rect", "dl", "dt", "dd", "div", "time", "span", "pre", "details"),
    *("summary", "footer"),
}
ATTRIBUTES = {
    *("lang", "charset", "http-equiv", "content", "name", "class", "scope", "viewBox", "x", "y"),
    *("preserveAspectRatio", "aria-hidden", "width", "height"),
}


def reparse(name: str, text: str) -> None:
    """Read an export; it raises where something is not well."""
    assert all(char.isprintable() or char == "\n" for char in text), "not plain text"
    assert formats.is_unchanged(text), "the SHA-256 is wrong"
    _PARSERS[name](text)


def _json(text: str) -> None:
    _VALIDATOR.validate(json.loads(text))


def _jsonl(text: str) -> None:
    head, *turns, last = map(json.loads, text.splitlines())
    _VALIDATOR.validate({**head, "turns": turns, **last})


def _html(text: str) -> None:
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    root = parser.parse(text)
    for element in root.iter():
        if not isinstance(element.tag, str):
            continue  # a comment
        assert element.tag.rpartition("}")[2] in ELEMENTS, f"<{element.tag}> is in it"
        assert element.attrib.keys() <= ATTRIBUTES, f"{element.attrib} is in it"
    for element in root.iter("{http://www.w3.org/2000/svg}svg"):
        ElementTree.fromstring(ElementTree.tostring(element))


def _markdown(text: str) -> None:
    """What was said is in code only, and nothing of it is a link, HTML or a heading."""
    tokens = MarkdownIt("commonmark", {"linkify": False}).enable("table").parse(text)
    blocks = [token.type for token in tokens]
    assert blocks.count("fence") in (1, 2) and blocks.count("html_block") == 1
    headings = [
        token.content
        for token, before in zip(tokens[1:], tokens, strict=False)
        if before.type == "heading_open"
    ]
    known = ["Transcript", "Timings", "To reproduce"]
    assert headings[0].startswith("SMTP session with `")
    assert [heading for heading in headings[1:] if heading not in known] == []
    for token in tokens:
        for child in token.children or ():
            assert child.type in {"text", "code_inline", "softbreak"}, child


def _shell(text: str) -> None:
    done = subprocess.run(["sh", "-n"], input=text.encode(), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


def _python(text: str) -> None:
    compile(text, "export", "exec")


def _plain(text: str) -> None:
    assert re.fullmatch(r"(?:(?:===|\*\*\*|[ *<][-~*][->* ]).*\n|<[-~]\n)*", text) is not None


def _script(text: str) -> None:
    from smtpconsole.console import language

    for line in text.splitlines():
        language.parse(line, in_content=True)


_PARSERS = {
    "json": _json,
    "jsonl": _jsonl,
    "html": _html,
    "markdown": _markdown,
    "swaks": _shell,
    "curl": _shell,
    "openssl": _shell,
    "python": _python,
    "python-aiosmtplib": _python,
    "python-smtpconsole": _python,
    "text": _plain,
    "script": _script,
}


_FAKE = """#!{python}
import json, sys
reads = "-" in sys.argv[-1:]
given = sys.stdin.buffer.read() if reads else b""
words = [word.encode("utf-8", "surrogateescape").decode("latin-1") for word in sys.argv[1:]]
print(json.dumps([words, given.decode("latin-1")]))
"""


def arguments(script: str, program: str, folder: str) -> list[tuple[list[str], bytes]]:
    """What a shell makes of a script: the words that a program gets, and its standard input."""
    fake = Path(folder, program)
    fake.write_text(_FAKE.format(python=sys.executable))
    fake.chmod(0o755)
    done = subprocess.run(
        ["sh"],
        input=script.encode(),
        capture_output=True,
        check=True,
        env={"PATH": f"{folder}:/usr/bin:/bin", "SWAKS_OPT_auth_password": "x"},
    )
    return [
        (
            [word.encode("latin-1").decode("utf-8", "surrogateescape") for word in words],
            given.encode("latin-1"),
        )
        for words, given in map(json.loads, done.stdout.splitlines())
    ]
