"""How often one may ask for what costs much: logins, pages made, files taken in, searches."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from datetime import timedelta
from enum import Enum
from threading import Lock

from qrecords.desk.workspace import Workspace
from qrecords.settings import DeskSettings

WINDOW = 60.0  # seconds
ADDRESS_TIMES = 3  # logins of one address: an office behind one door has several people
_MANY = 10_000  # askers kept in mind; those of longer ago than the window are let go then


class Costly(Enum):
    """What is counted, by what a refusal calls it."""

    LOGIN = "登录"
    PREVIEW = "打印预览"
    UPLOAD = "上传"
    SEARCH = "检索"


class Limits:
    """Counts for each who asks what was let in during the last minute; kept in memory, never written."""

    def __init__(self, settings: DeskSettings, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = {
            Costly.LOGIN: settings.logins_per_minute,
            Costly.PREVIEW: settings.previews_per_minute,
            Costly.UPLOAD: settings.uploads_per_minute,
            Costly.SEARCH: settings.searches_per_minute,
        }
        self._clock = clock
        self._guard = Lock()
        self._let_in: dict[tuple[Costly, str], deque[float]] = {}

    def wait(self, costly: Costly, who: str, *, times: int = 1) -> int:
        """Return how many seconds who asks has to wait; 0 lets him in, and counts. A setting of 0 sets no limit."""
        most = self._most[costly] * times
        if not most:
            return 0
        now = self._clock()
        with self._guard:
            if len(self._let_in) > _MANY:
                self._let_in = {key: kept for key, kept in self._let_in.items() if kept[-1] > now - WINDOW}
            moments = self._let_in.setdefault((costly, who), deque())
            while moments and moments[0] <= now - WINDOW:
                moments.popleft()
            if len(moments) >= most:
                return math.ceil(moments[0] + WINDOW - now)
            moments.append(now)
        return 0


def told_to_wait(workspace: Workspace, costly: Costly, seconds: int) -> str:
    """Say that it was too often, and when to try again."""
    then = workspace.settings.moment(workspace.clock) + timedelta(seconds=seconds)
    return f"{costly.value}太频繁，没有执行；请过{seconds}秒（{then:%H:%M:%S} 以后）再试"
