"""What is the whole desk's, whichever of its processes answers: the link that lets in once, files that leave once, how
often each asked, the process that does the long work, and that a form was changed.

The process that started the desk holds it (`held`). Where others answer the browsers, each asks it through a pipe of
its own (`Asking`), so that every count and every "once" is the desk's, exact, and nothing of it is ever written.
"""

from __future__ import annotations

import hmac
import mmap
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from typing import Any, Protocol

from qrecords.desk.workspace import Workspace
from qrecords.settings import Settings
from qrecords.web.leaving import Leaving, Showing
from qrecords.web.limits import Costly, Limits
from qrecords.web.worker import Beside


class Link:
    """The one-time link: what it says, and that it was used."""

    def __init__(self) -> None:
        self.key = secrets.token_urlsafe(32)
        self._guard = threading.Lock()
        self._is_used = False

    def use(self, key: str) -> bool:
        """Tell whether this is the link's key, not used before; it is used then."""
        with self._guard:
            if self._is_used or not hmac.compare_digest(key.encode(), self.key.encode()):
                return False
            self._is_used = True
            return True


class FormsChanged:
    """Tells the processes of a desk that one of them changed a form: memory they share says which change was last."""

    def __init__(self) -> None:
        self._last = mmap.mmap(-1, mmap.PAGESIZE)
        self._known = self._last[:8]

    def tell(self) -> None:
        """Say that a form was changed here."""
        self._known = self._last[:8] = secrets.token_bytes(8)

    def heed(self, workspace: Workspace) -> None:
        """Let the forms be read anew if another process changed one."""
        if (last := self._last[:8]) != self._known:
            self._known = last
            workspace.forget_forms()


class Once(Protocol):
    """What can be used once."""

    def use(self, key: str) -> bool:
        """Tell whether it was used now."""


class _Leaving(Protocol):
    def keep(self, account: str, name: str, data: bytes) -> str: ...

    def take(self, account: str, word: str) -> tuple[str, bytes] | None: ...


class _Showing(Protocol):
    def keep(self, account: str, picture: bytes) -> str: ...

    def look(self, account: str, word: str) -> bytes | None: ...


class _Limits(Protocol):
    def wait(self, costly: Costly, who: str, *, times: int = 1) -> int: ...


@dataclass(frozen=True)
class Shared:
    """What the application is given of it: the things themselves, or what asks for them."""

    link: Once
    leaving: _Leaving
    showing: _Showing
    limits: _Limits
    start_work: Callable[[], None]
    forms: FormsChanged


def held(settings: Settings, link: Once) -> Shared:
    """Return it for a desk, held by this process."""
    return Shared(link, Leaving(), Showing(), Limits(settings.desk), Beside(settings.root), FormsChanged())


# What may be asked through a pipe: of which thing which method.
_ASKED = frozenset(
    {"link.use", "leaving.keep", "leaving.take", "showing.keep", "showing.look", "limits.wait", "start_work.__call__"}
)


def answered(here: Shared, what: str, given: tuple[Any, ...], named: dict[str, Any]) -> Any:
    """Return what one of the things held here answers."""
    if what not in _ASKED:
        raise ValueError(what)
    thing, _, method = what.partition(".")
    return getattr(getattr(here, thing), method)(*given, **named)


class Asking:
    """Asks the process that started the desk, one question after the other; safe for threads."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._guard = threading.Lock()

    def __call__(self, what: str, /, *given: Any, **named: Any) -> Any:
        """Return the answer; what failed there fails here."""
        with self._guard:
            self._pipe.send((what, given, named))
            answer, error = self._pipe.recv()
        if error is not None:
            raise error
        return answer

    def shared(self, forms: FormsChanged) -> Shared:
        """Return what is the desk's, asked for there."""
        far = partial(_Far, self)
        start = partial(self, "start_work.__call__")
        return Shared(far("link"), far("leaving"), far("showing"), far("limits"), start, forms)


class _Far:
    """Something held by the process that started the desk."""

    def __init__(self, asking: Asking, name: str) -> None:
        self._asking, self._name = asking, name

    def __getattr__(self, method: str) -> Callable[..., Any]:
        return partial(self._asking, f"{self._name}.{method}")
