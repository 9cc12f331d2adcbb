"""What the sandbox did and why, for whoever looks at its side."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock

MOST = 2000  # lines


@dataclass(frozen=True, slots=True)
class Note:
    """One thing that happened."""

    number: int
    at: datetime
    peer: str
    what: str  # what the client said, or what came about
    why: str = ""  # the reason for the answer
    about: str = ""  # what it was: "said", "reply 550 5.1.1", "fault drip", "letter 3"


class Diary:
    """The last notes; written in the sandbox's thread, read in any."""

    def __init__(self) -> None:
        self._notes: deque[Note] = deque(maxlen=MOST)
        self._count = 0
        self._lock = Lock()
        self._told: tuple[Callable[[], None], ...] = ()

    def note(self, peer: str, what: str, why: str = "", *, about: str = "") -> None:
        """Write something down."""
        with self._lock:
            self._count += 1
            self._notes.append(Note(self._count, datetime.now(UTC), peer, what, why, about))
        for told in self._told:
            told()

    def since(self, number: int) -> list[Note]:
        """The notes after that of a number; those that made room are gone."""
        with self._lock:
            return [note for note in self._notes if note.number > number]

    def subscribe(self, told: Callable[[], None]) -> Callable[[], None]:
        """Call it after every note, in the sandbox's thread; what it returns ends that."""
        with self._lock:
            self._told = (*self._told, told)

        def leave() -> None:
            with self._lock:
                self._told = tuple(each for each in self._told if each is not told)

        return leave
