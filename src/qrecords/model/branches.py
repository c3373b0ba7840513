"""The branches users belong to, each in the days it was there, and the offices that represent them (5.7.4)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from qrecords.model.access import SECRECY_LEVELS
from qrecords.model.field import Definition
from qrecords.model.period import Period, Span

DAY = re.compile(r"\d{4}-\d\d-\d\d")


class BranchDays(Definition):
    """From which day to which one a branch was there (YYYY-MM-DD, "" = always), and what it is called since."""

    since: str = ""
    until: str = ""
    successors: tuple[str, ...] = ()

    def _problems(self) -> Iterator[str]:
        yield from (f"「{day}」不是日期" for day in (self.since, self.until) if day and not DAY.fullmatch(day))

    def why_not(self, first: str, last: str = "") -> str:
        """Tell why there was no such branch on a day, or on any of some days; "" when there was."""
        if self.until and self.until < first:
            then = f"，后为{'、'.join(self.successors)}" if self.successors else ""
            return f"到 {self.until} 止{then}"
        return f"{self.since} 起才有" if self.since > (last or first) else ""


class Milrep(Definition):
    """An office of military representatives: of which branches, what it gets, how secret at most.

    One that looks after some customers or models alone gets no document of the whole branch (5.11.1), but its own, of
    the days it was narrowed so.
    """

    branches: tuple[str, ...]
    spans: tuple[Span, ...] = ("month", "half", "year")
    level: str = "内部"
    customers: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    since: str = ""  # from which day on it is owed documents of its own

    def _problems(self) -> Iterator[str]:
        yield from (f"since「{day}」不是日期" for day in (self.since,) if day and not DAY.fullmatch(day))
        if self.level not in SECRECY_LEVELS:
            yield f"level「{self.level}」不可用，可用：{'、'.join(SECRECY_LEVELS)}"

    @property
    def is_narrowed(self) -> bool:
        """Tell whether it looks after some customers or models alone."""
        return bool(self.customers or self.models)

    def why_not(self, branch: str, period: Period, level: str) -> str:
        """Tell why a branch's whole document of a period and secrecy is not for it; "" when it is."""
        if why := self.why_none(branch, period, level):
            return why
        return f"只分管{branch}的部分单位或型号，这份里有其他单位的内容" if self.is_narrowed else ""

    def why_none(self, branch: str, period: Period, level: str) -> str:
        """Tell why no document of a branch, period and secrecy is for it, narrowed or not; "" when there may be one."""
        if branch not in self.branches:
            return f"不管{branch}" if branch else "不收全中心的文件"
        if period.span not in self.spans:
            return "不要这种期间的文件"
        if SECRECY_LEVELS.index(level) > SECRECY_LEVELS.index(self.level):
            return f"最高收到{self.level}，这份是{level}"
        return ""
