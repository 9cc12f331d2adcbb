"""How far somebody has come in which lesson: a small file, for its owner alone.

A file that is damaged, or cannot be written, costs the progress and nothing else.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

TOUR = "tour"  # which shows the console, beside the course
_HEAD = "smtpconsole lessons"
_LARGEST = 1_000_000  # octets
_MOST = 500  # lessons


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody is in a lesson."""

    step: int = -1  # from 0; -1 is the introduction
    done: tuple[int, ...] = ()
    is_finished: bool = False  # at least once


class Standing:
    """The places in all lessons, by their names; those of one's own by their files."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._places: dict[str, Place] | None = None

    def place(self, name: str) -> Place:
        """Where somebody is in that lesson; at its beginning if it was never begun."""
        return self._loaded().get(name, Place())

    def keep(self, name: str, place: Place) -> None:
        """Remember a place; that lesson is the last one now."""
        places = self._loaded()
        places.pop(name, None)
        places[name] = place
        while len(places) > _MOST:
            del places[next(iter(places))]
        self._save()

    @property
    def last(self) -> str:
        """The lesson that was taken last; "" if there is none.  The tour leads to none."""
        return next((each for each in reversed(self._loaded()) if each != TOUR), "")

    def _loaded(self) -> dict[str, Place]:
        if self._places is None:
            self._places = {}
            with contextlib.suppress(OSError, ValueError, RecursionError):
                if self._path is not None and self._path.stat().st_size <= _LARGEST:
                    self._places = _checked(json.loads(self._path.read_text("utf-8")))
        return self._places

    def _save(self) -> None:
        if self._path is None:
            return
        places = {name: asdict(place) for name, place in self._loaded().items()}
        text = json.dumps({_HEAD: 1, "lessons": places}, indent=1)
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle, new = tempfile.mkstemp(dir=self._path.parent, prefix=".lessons-")
            with open(handle, "w", encoding="ascii") as out:  # mkstemp: for its owner alone
                out.write(text)
            os.replace(new, self._path)


def _checked(found: Any) -> dict[str, Place]:
    """The places that can be what they claim."""
    lessons = found.get("lessons") if isinstance(found, dict) and _HEAD in found else None
    places: dict[str, Place] = {}
    for name, entry in lessons.items() if isinstance(lessons, dict) else ():
        known = {each.name for each in fields(Place)}
        if isinstance(entry, dict) and entry.keys() <= known:
            step, done = entry.get("step", -1), entry.get("done", [])
            is_sound = isinstance(step, int) and isinstance(done, list)
            if is_sound and all(isinstance(each, int) for each in done):
                places[name] = Place(step, tuple(done), entry.get("is_finished") is True)
    return places
