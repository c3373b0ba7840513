"""What was worked out of an office as it stands, kept for all who ask until something in it changes.

Whoever asks says the state it holds in; with another state everything kept goes. What an account may not see is part
of the key, never of the state: the one who asks with another key gets nothing of it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from threading import Lock, RLock
from typing import Any, TypeVar

T = TypeVar("T")

_MOST = 500  # things kept at a time


class _Place:
    """Where one thing is kept: whoever asks while it is being worked out waits for it."""

    __slots__ = ("guard", "made", "value")

    def __init__(self) -> None:
        self.guard = RLock()
        self.made = False
        self.value: Any = None


class Kept:
    """Keeps things of one state at a time; safe for threads."""

    def __init__(self) -> None:
        self._guard = Lock()
        self._state: object = None
        self._places: dict[Hashable, _Place] = {}

    def get(self, state: object, key: Hashable, make: Callable[[], T]) -> T:
        """Return what is kept under a key in this state, or make it; what fails is made anew by who asks next.

        What is kept is shared: nobody may change it.
        """
        with self._guard:
            if state != self._state or len(self._places) >= _MOST:
                self._state, self._places = state, {}
            place = self._places.setdefault(key, _Place())
        with place.guard:
            if not place.made:
                place.value = make()
                place.made = True
            value: T = place.value
            return value


class Recent:
    """Keeps what was last made of single records, each with the change it was made at; safe for threads.

    What is kept is shared: nobody may change it, and who is shown it is asked about each time.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._guard = Lock()
        self._made: OrderedDict[str, tuple[int, Any]] = OrderedDict()

    def known(self, changes: Mapping[str, int]) -> dict[str, Any]:
        """Return what is kept of those of these records that have not changed since."""
        found: dict[str, Any] = {}
        with self._guard:
            for name, change in changes.items():
                if (kept := self._made.get(name)) is not None and kept[0] == change:
                    found[name] = kept[1]
                    self._made.move_to_end(name)
        return found

    def keep(self, made: Mapping[str, Any], changes: Mapping[str, int]) -> None:
        """Keep what was made of records at their changes; what was not asked for longest goes."""
        with self._guard:
            for name, one in made.items():
                self._made[name] = changes[name], one
                self._made.move_to_end(name)
            while len(self._made) > self._most:
                self._made.popitem(last=False)
