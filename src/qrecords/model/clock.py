"""The office's clock against the times in the log: what is too early, what too late, what runs backwards (ADR 9)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta, tzinfo

from qrecords.advice import Do, advise
from qrecords.errors import Problem, WrongState
from qrecords.model.audit import Event
from qrecords.model.record import Action

TOLERANCE = timedelta(minutes=10)  # two machines' clocks, and readings set aside, may differ by so much
CLOCK = "clock"  # the action of the events by which wrong times are declared; begun = asked for, done = confirmed
# Looking, copying away and mending are possible whatever the clock says.
TIMELESS = frozenset(
    {
        Action.READ,
        Action.VERIFY,
        Action.AUDIT_READ,
        Action.AUDIT_EXPORT,
        Action.EXPORT,
        Action.ADMINISTER,
        Action.REPORT_READ,
    }
)
REMEDY = advise(
    "请先校准这台机器的时钟。时钟没错、是日志里的时间错了的，由两名管理员先后用 {} 声明（见 docs/security.md）",
    Do.DECLARE_CLOCK,
)


def shown(moment: str | datetime, zone: tzinfo | None = None) -> str:
    """Return a moment as the office's clock shows it, 2026-11-26 11:30; without a zone, as it was written down."""
    if not moment:
        return ""
    taken = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return taken.astimezone(zone).strftime("%Y-%m-%d %H:%M") if zone else taken.strftime("%Y-%m-%d %H:%M")


def require_clock(now: datetime, newest: datetime | None, longest_pause_days: int) -> None:
    """Refuse a step at a moment the log's newest trusted event makes unbelievable; 0 days = no limit forwards."""
    if newest is None:
        return
    last = shown(newest, now.tzinfo)
    if now < newest - TOLERANCE:
        raise WrongState(f"系统时钟（{shown(now)}）比日志里最近的一笔（{last}）早，没有办理", remedy=REMEDY)
    if longest_pause_days and now > newest + timedelta(days=longest_pause_days):
        raise WrongState(
            f"系统时钟（{shown(now)}）比日志里最近的一笔（{last}）晚了{longest_pause_days}天以上，没有办理",
            remedy=REMEDY,
        )


class Backwards:
    """Watches events go by, and remembers those whose time runs back by more than the tolerance."""

    def __init__(self) -> None:
        self._latest: datetime | None = None
        self._found: list[tuple[int, str, datetime]] = []

    def watch(self, events: Iterable[Event]) -> Iterator[Event]:
        """Give the events on as they are."""
        for event in events:
            self._see(event)
            yield event

    def _see(self, event: Event) -> None:
        try:
            at = datetime.fromisoformat(event.at)
            if event.action == CLOCK and event.outcome == "done":  # what lies before was declared
                self._latest, self._found = at, []
            elif self._latest is not None and at < self._latest - TOLERANCE:
                if event.action != CLOCK:
                    self._found.append((event.seq, event.at, self._latest))
            elif self._latest is None or at > self._latest:
                self._latest = at
        except (TypeError, ValueError):  # no moment at all, or none with an offset: the chain's check tells of it
            return

    def problems(self) -> list[Problem]:
        """Return one problem for all, naming the first and how many."""
        if not self._found:
            return []
        seq, at, latest = self._found[0]
        told = f"日志里有{len(self._found)}条的时间比前面的早：第{seq}条是 {shown(at)}，前面已有 {shown(latest)}"
        how = advise("{}；请核对时钟；确是时钟的错，由两名管理员先后用 {} 声明", told, Do.DECLARE_CLOCK)
        return [Problem(how, source=f"audit/{seq}")]
