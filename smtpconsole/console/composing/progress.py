"""How far something is that takes its time: octets, rate, what is left."""

from __future__ import annotations

import sys
import time
from collections import deque
from dataclasses import dataclass

from smtpconsole.visible import visible

_UNITS = ((10**9, "GB"), (10**6, "MB"), (10**3, "kB"), (1, "octets"))
_LATELY = 5.0  # seconds that the rate is taken over
_BAR = 12  # characters


@dataclass(frozen=True, slots=True)
class Progress:
    """A look at something under way."""

    what: str  # "12 messages to example.com"
    done: int  # octets
    total: int | None = None  # None: nobody knows
    rate: float | None = None  # octets a second, lately
    note: str = ""  # what is awaited, when it is not octets

    @property
    def left(self) -> float | None:
        """Seconds, if it goes on like this."""
        if self.total is None or not self.rate or self.done > self.total:
            return None
        return (self.total - self.done) / self.rate

    def __str__(self) -> str:
        parts = [self._octets]
        if self.note:
            return f"{self.what}: {self._octets}; {self.note}"
        if self.rate is not None:
            parts.append(f"{amount(self.rate)}/s")
        if self.left is not None:
            parts.append(f"{span(self.left)} left")
        return f"{self._bar}{self.what}: {', '.join(parts)}"

    @property
    def _octets(self) -> str:
        if self.total is None:
            return amount(self.done)
        size, unit = _unit(self.total)
        if size == 1:
            return f"{self.done} of {self.total} octets"
        return f"{self.done / size:.1f} of {self.total / size:.1f} {unit}"

    @property
    def _bar(self) -> str:
        if not self.total:
            return ""
        full = min(_BAR, self.done * _BAR // self.total)
        return f"[{'#' * full}{'.' * (_BAR - full)}] "


class Pace:
    """Octets a second over the last few seconds."""

    def __init__(self) -> None:
        self._looks: deque[tuple[float, int]] = deque()

    def rate(self, done: int) -> float | None:
        """The rate now, when so many octets are done; None before there is one."""
        now = time.monotonic()
        self._looks.append((now, done))
        while now - self._looks[0][0] > _LATELY:
            self._looks.popleft()
        began, before = self._looks[0]
        return (done - before) / (now - began) if now - began > 0.1 else None


class ProgressLine:
    """One line on the terminal that says where things stand; nothing where there is none."""

    def __init__(self) -> None:
        # Not what prompt_toolkit puts in its place, which waits for the end of a line.
        self._stream = sys.__stderr__
        self._is_shown = self._stream is not None and self._stream.isatty()
        self._is_dirty = False

    def show(self, text: str) -> None:
        """Say it in place of what was said before."""
        if self._is_shown and self._stream is not None:
            self._is_dirty = True
            self._stream.write(f"\r\x1b[K{visible(text)[:78]}")
            self._stream.flush()

    def end(self) -> None:
        """Take the line away."""
        if self._is_dirty and self._stream is not None:
            self._is_dirty = False
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    def tell(self, progress: Progress | None) -> None:
        """Say how far it is; None takes the line away."""
        if progress is None:
            self.end()
        else:
            self.show(f"{progress}; Ctrl+C stops it")


def amount(octets: float) -> str:
    """Octets in the unit a person would use."""
    size, unit = _unit(octets)
    return f"{octets:.0f} octets" if size == 1 else f"{octets / size:.1f} {unit}"


def span(seconds: float) -> str:
    """A time as a person would say it."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.1f} h"


def _unit(octets: float) -> tuple[int, str]:
    return next((size, unit) for size, unit in _UNITS if octets >= size or size == 1)
