"""Charts that look as those of the documents do, invented numbers."""

from __future__ import annotations

from decimal import Decimal

from qrecords.render.charts.chart import Chart, Kind, Role, Series, Value

GRADES = ("很满意", "满意", "较满意", "不满意", "很不满意")
ITEMS = ("产品", "服务", "响应", "技能", "态度", "问题解决")
MONTHS = tuple(f"2025-{m:02}" for m in range(3, 13)) + ("2026-01", "2026-02", "2026-03")


def row(label: str, *numbers: float | None, role: Role = Role.BAR, unit: str = "") -> Series:
    """Return a series; None is a value there is none of."""
    values = (Value(None, "—") if n is None else Value(Decimal(str(n)), f"{n}{unit}") for n in numbers)
    return Series(label, tuple(values), role)


SAMPLES = {
    Kind.MONTHS: Chart(
        Kind.MONTHS, "服务任务月度趋势", "件", MONTHS,
        (
            row("本期", 3, 5, 8, 13, 9, 7, 11, 4, 6, 12, 15, 10, 8),
            row("上年同期", 2, 4, 6, 10, 9, 8, None, None, 5, 9, 11, 12, 7, role=Role.LINE),
        ),
        period="2025年3月至2026年3月", n=111, note="注：「—」为没有登记的月份。", name="T01-C1",
    ),
    Kind.PARTS: Chart(
        Kind.PARTS, "服务任务按兵种分布", "件", ("陆军", "海军", "民用", "其他军方（含军贸、预备役及未列明的使用单位）"),
        (row("件数", 34, 21, 12, 0), row("构成", 50.7, 31.4, 17.9, 0, role=Role.FIGURE, unit="%")), n=67,
    ),
    Kind.PARETO: Chart(
        Kind.PARETO, "故障类别帕累托图", "件", ("元器件", "软件", "工艺", "操作不当", "环境", "其他"),
        (
            row("故障数", 24, 11, 6, 4, 2, 1),
            row("累计占比", 50, 72.9, 85.4, 93.8, 97.9, 100, role=Role.LINE, unit="%"),
        ),
        period="2026年", n=48,
    ),
    Kind.SPREAD: Chart(
        Kind.SPREAD, "报修到修复天数分布", "件", ("0–2天", "3–7天", "8–15天", "16–30天", "31–60天", "60天以上"),
        (row("件数", 12, 23, 9, 4, 0, 2),), n=50,
    ),
    Kind.ITEMS: Chart(
        Kind.ITEMS, "用户满意度", "分", ITEMS,
        (
            row("本期", 92.5, 90, 88.3, 95, 97.1, 84, role=Role.LINE),
            row("上期", 90.1, 91, 86, None, 96, 80, role=Role.LINE),
            row("目标", 90, role=Role.LEVEL),
        ),
        n=41,
    ),
    Kind.TREND: Chart(
        Kind.TREND, "满意度趋势", "分", tuple(f"2026-{m:02}" for m in range(1, 13)),
        (
            row("服务", 92.5, 90, 88.3, 95, 97.1, 84, 91, 92, None, 90.5, 93.3, 94, role=Role.LINE),
            row("产品", 90.5, 88, 85.3, 91, 93.1, 86, 89, 90, None, 92.5, 92.3, 91, role=Role.LINE),
            row("目标", 90, role=Role.LEVEL),
            row("n", 6, 8, 5, 9, 12, 7, 6, 8, 0, 9, 11, 10, role=Role.FIGURE),
        ),
        n=91,
    ),
    Kind.GRADES: Chart(
        Kind.GRADES, "满意度等级分布", "份", ITEMS,
        (
            *(row(grade, *counts) for grade, *counts in (
                (GRADES[0], 30, 25, 20, 31, 38, 0), (GRADES[1], 8, 10, 12, 8, 3, 0), (GRADES[2], 1, 4, 5, 1, 0, 0),
                (GRADES[3], 1, 1, 3, 1, 0, 0), (GRADES[4], 1, 1, 1, 0, 0, 0),
            )),
            row("份数", 41, 41, 41, 41, 41, 0, role=Role.FIGURE),
        ),
        n=41,
    ),
    Kind.DONE: Chart(
        Kind.DONE, "年度技术服务计划完成", "项", ("举措", "用户培训", "用户走访", "教材编写"),
        (row("应完成", 4, 12, 9, 2), row("已完成", 4, 10, 9, 0)), period="2026年上半年", n=27,
    ),
}  # fmt: skip
