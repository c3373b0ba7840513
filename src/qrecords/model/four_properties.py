"""The four properties an archive is checked for (四性, DA/T 70): each a list of checks with what was found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from qrecords.errors import Problem

PROPERTIES = {"authenticity": "真实性", "completeness": "完整性", "usability": "可用性", "security": "安全性"}
_CHECKS = {
    "objects": ("authenticity", "归档对象与自己的清单、校验值一致", "个对象"),
    "items": ("authenticity", "归档件与登记、与归档时的内容一致", "件"),
    "documents": ("authenticity", "报表、简报与登记、与拟制批准时的内容一致", "份"),
    "waiting": ("authenticity", "未归档的记录的状态、内容、签署、附件与日志一致", "份"),
    "evidence": ("authenticity", "等待归档的扫描件、附件与登记时一致", "份记录"),
    "holds": ("authenticity", "冻结与日志一致", "项"),
    "volumes": ("authenticity", "册与登记一致", "册"),
    "log": ("authenticity", "日志链完整，与已固定的链头相符", "条"),
    "seals": ("authenticity", "账号、授权、归档件、册、副本、冻结、清册的登记与日志一致", "项"),
    "both_ways": ("completeness", "登记库与档案库互相对得上", "个对象"),
    "numbers": ("completeness", "记录编号、归档编号、案卷号连续，没有缺号", "个编号"),
    "records": ("completeness", "已归档的记录都有归档件", "份"),
    "places": ("completeness", "册内件号、页码相接", "件"),
    "formats": ("usability", "文件可读、没有加密，格式可长期保存", "个文件"),
    "strays": ("security", "档案库里没有外来的文件", "个对象"),
    "active": ("security", "文件里没有脚本、宏和附件", "个文件"),
    "rights": ("security", "工作区不能被不相干的人改写", "个文件夹"),
}


@dataclass(slots=True)
class Check:
    """One line of the four properties: what it says, how much was looked at, what is wrong."""

    name: str
    count: int = 0
    problems: list[Problem] = field(default_factory=list)

    @property
    def belongs_to(self) -> str:
        """Return which of the four it belongs to."""
        return _CHECKS[self.name][0]

    @property
    def label(self) -> str:
        """Return what holds when nothing is wrong."""
        return _CHECKS[self.name][1]

    @property
    def unit(self) -> str:
        """Return what was counted."""
        return _CHECKS[self.name][2]

    def add(self, problems: Iterable[Problem], count: int = 1) -> bool:
        """Note what was looked at; tells whether it was without fault."""
        found = list(problems)
        self.count += count
        self.problems += found
        return not found


@dataclass(frozen=True, slots=True)
class CheckMade:
    """What a check looked at, and how many problems it found."""

    name: str
    label: str
    checked: int
    unit: str
    problems: int


@dataclass(frozen=True, slots=True)
class PropertyChecked:
    """One of the four properties with its checks; `ok` when none found a problem."""

    property: str
    label: str
    ok: bool
    checks: list[CheckMade]


class Checks(dict[str, Check]):
    """All checks by name, in the order they are told."""

    def __init__(self) -> None:
        super().__init__({name: Check(name) for name in _CHECKS})

    @property
    def problems(self) -> list[Problem]:
        """Return everything that is wrong."""
        return [problem for check in self.values() for problem in check.problems]

    def properties(self) -> list[PropertyChecked]:
        """Return the four properties with their checks."""
        return [
            PropertyChecked(
                property=name,
                label=label,
                ok=not any(c.problems for c in self.values() if c.belongs_to == name),
                checks=[
                    CheckMade(c.name, c.label, c.count, c.unit, len(c.problems))
                    for c in self.values()
                    if c.belongs_to == name
                ],
            )
            for name, label in PROPERTIES.items()
        ]
