"""No parser is stopped by anything: it reads, or refuses in a sentence that keeps secrets."""

from __future__ import annotations

import kept_parsers
import net_parsers
import pytest
import smtp_parsers
import word_parsers
from effort import plainly
from found import FOUND
from hypothesis import given
from parsing import SECRET, Parser
from spoiling import inputs

from smtpconsole.visible import visible

PARSERS = (
    *smtp_parsers.PARSERS,
    *net_parsers.PARSERS,
    *word_parsers.PARSERS,
    *kept_parsers.PARSERS,
)
EACH = pytest.mark.parametrize("parser", PARSERS, ids=str)
LONGEST = 400  # characters of a refusal, besides what it quotes


@EACH
def test_a_parser_reads_what_it_is_made_for(parser: Parser) -> None:
    for sample in parser.samples:
        try:
            parser.parse(sample)
        except parser.errors as error:
            check_refusal(error, sample)


@EACH
def test_a_parser_reads_anything_or_refuses_it_in_a_sentence(parser: Parser) -> None:
    @plainly(10)
    @given(inputs(parser.samples, parser.words))
    def holds(data: str | bytes) -> None:
        try:
            found = parser.parse(data)
        except parser.errors as error:
            check_refusal(error, data)
        else:
            if parser.is_plain:
                assert all(map(str.isprintable, texts(found)))

    holds()


@pytest.mark.parametrize(("name", "data"), FOUND)
def test_what_has_broken_a_parser_once_does_so_no_more(name: str, data: str | bytes) -> None:
    (parser,) = (each for each in PARSERS if each.name == name)
    try:
        parser.parse(data)
    except parser.errors as error:
        check_refusal(error, data)


def check_refusal(error: Exception, data: str | bytes) -> None:
    text = str(error)
    assert len(text.split()) > 1 and text == text.rstrip(), repr(text)
    assert len(text) <= LONGEST + 10 * len(data), f"{len(text)} characters about {len(data)}"
    assert SECRET not in text or not stands_for_a_password(data)
    assert visible(text).isprintable()


def stands_for_a_password(data: str | bytes) -> bool:
    """The secret is where passwords are, and not anywhere after a spoilt word."""
    text = data if isinstance(data, str) else data.decode("latin-1")
    before = text.partition(SECRET)[0]
    return SECRET not in text or before.endswith((":", "password ", 'password = "', "PLAIN "))


def texts(found: object) -> list[str]:
    """All strings in a result."""
    if isinstance(found, str):
        return [found]
    if isinstance(found, tuple | list):
        return [text for each in found for text in texts(each)]
    slots = getattr(found, "__slots__", ())
    return [text for name in slots for text in texts(getattr(found, name))]


def test_the_fuzzer_can_fail() -> None:
    def parse(text: str) -> object:
        return int(text)

    broken = Parser("numbers", parse, ("12",))
    with pytest.raises(ValueError, match=r"invalid literal|Exceeds"):
        test_a_parser_reads_anything_or_refuses_it_in_a_sentence(broken)
