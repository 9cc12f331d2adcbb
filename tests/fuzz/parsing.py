"""What a parser is to the fuzzer: how it is called, what it is made for, and how it refuses."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

SECRET = "hush-7291-hush"  # what stands in samples where a password stands


@dataclass(frozen=True)
class Parser:
    """A parser, and how to try it."""

    name: str
    parse: Callable[[Any], object]
    samples: Sequence[Any]  # str or bytes, all of one type; each is read without an error
    errors: tuple[type[Exception], ...] = ()  # its documented way to refuse
    words: Sequence[Any] = ()  # what means something to it
    is_plain: bool = False  # what comes of it is text that can be shown as it is
    is_linear: bool = True  # False with a bound of its own on what it reads

    def __str__(self) -> str:
        return self.name


def awaited(work: Coroutine[Any, Any, Any]) -> Any:
    """What a coroutine gives, on a loop that is kept."""
    return _loop().run_until_complete(work)


@cache
def _loop() -> asyncio.AbstractEventLoop:
    return asyncio.new_event_loop()


@cache
def folder() -> Path:
    """Where files stand that are read; one for all, since each is written over."""
    return Path(_kept().name)


@cache
def _kept() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="fuzz-", ignore_cleanup_errors=True)


def in_file(read: Callable[[Path], object], name: str = "input") -> Callable[[Any], object]:
    """A parser of octets out of one that wants a file."""

    def parse(data: Any) -> object:
        path = folder() / name
        octets = data if isinstance(data, bytes) else data.encode("utf-8", "surrogateescape")
        path.write_bytes(octets)
        return read(path)

    return parse
