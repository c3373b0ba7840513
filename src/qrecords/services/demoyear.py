"""What happens in the sample office's two years: journeys with their reports, returns, calls and what users said.

All by one seed: the same years give the same records. Nobody and nothing in it is real (demo_year.toml).
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from importlib import resources
from random import Random
from typing import Any

Values = dict[str, Any]
Samples = Mapping[str, Values]  # by the two digits of their form
Keys = Mapping[str, Collection[str]]  # the fields a form has, likewise

GRADES = ("很满意", "满意", "较满意", "不满意", "很不满意")
RATINGS = (
    "product_rating",
    "service_rating",
    "response_rating",
    "skill_rating",
    "attitude_rating",
    "resolution_rating",
)
_GRADE_SHARES = (46, 32, 13, 6, 3)
_NO_TRAINING: Values = dict.fromkeys(("training_content", "training_hours", "training_people", "training_instructor"))
_SEED = 758
_UNITS_OF_A_MODEL = 6  # at one customer: few enough for some to fail again
_LATE_ARRIVAL, _LATE_PAPER = 6, 9  # every so many journeys
_CALLS, _REPAIRS = 4, 2  # a month


@dataclass(frozen=True, slots=True)
class Journey:
    """A service notice and, by the two digits of their forms, the reports made under it; `open`: nobody signed yet."""

    notice: Values
    reports: Sequence[tuple[str, Values]]
    open: bool = False


@dataclass(frozen=True, slots=True)
class Return:
    """A product sent in, and the report of its repair."""

    intake: Values
    report: Values


@dataclass(slots=True)
class Happened:
    """What one year brings, in the order it is entered; of the information `unsettled` is still under way."""

    journeys: list[Journey] = field(default_factory=list)
    returns: list[Return] = field(default_factory=list)
    calls: list[Values] = field(default_factory=list)
    information: list[Values] = field(default_factory=list)
    unsettled: list[Values] = field(default_factory=list)


@lru_cache(maxsize=1)
def _about() -> dict[str, Any]:
    return tomllib.loads(resources.files(__package__).joinpath("demo_year.toml").read_text(encoding="utf-8"))


def happened(samples: Samples, keys: Keys, year: int, *, last: bool) -> Happened:
    """Return a year's records; the last one ends with work nobody has signed and a complaint not yet settled."""
    made = _Year(samples, keys, year)
    for month in range(1, 13):
        for _ in range(_REPAIRS):
            made.repair_journey(month)
        made.calls(month)
        made.information(month)
        if month % 3 == 0:
            made.return_repair(month)
            made.commissioning(month)
        if month % 3 == 1:
            made.training(month)
        if month in (5, 11):
            made.support(month)
            made.related_unit(month)
    made.over_new_year(settled=not last)
    if last:
        made.repair_journey(12, open=True)
    return made.all


class _Year:
    def __init__(self, samples: Samples, keys: Keys, year: int) -> None:
        self._samples, self._keys, self._year = samples, keys, year
        self._chance = Random(_SEED + year)  # noqa: S311 (a seed makes the same years again)
        self._told = _about()
        self._count = 0
        self.all = Happened()

    def _one(self, several: Sequence[Any]) -> Any:
        return several[int(self._chance.random() * len(several))]

    def _by_share(self, several: Sequence[Any], shares: Sequence[int]) -> Any:
        left = self._chance.random() * sum(shares)
        for one, share in zip(several, shares, strict=True):
            left -= share
            if left < 0:
                return one
        return several[-1]

    def _number(self, low: int, high: int) -> int:
        return low + int(self._chance.random() * (high - low + 1))

    # What records are about

    def _model(self, *, related: bool = False) -> Values:
        models = [m for m in self._told["models"] if (m["production_status"] != "批量") is related]
        one = self._by_share(models, [m["share"] for m in models])
        return {k: v for k, v in one.items() if k != "share"}

    def _unit(self, customer: Values, model: Values) -> Values:
        """Return one of the few units of a model a customer has."""
        number = self._number(1, _UNITS_OF_A_MODEL)
        delivered = date(self._year - number % 5, 3, 20)
        return {
            "product_name": model["product_name"],
            "product_model": model["product_model"],
            "serial_no": f"S{customer['customer_code'][-3:]}{model['product_model'][-3:]}{number:02}",
            "production_batch": f"{delivered.year}年第{1 + number % 3}批",
            "delivery_date": delivered.isoformat(),
            "warranty_status": "保内" if self._year - delivered.year < 3 else "保外",
        }

    def _of(self, form: str, *values: Mapping[str, Any]) -> Values:
        """Return a form's sample with other values; what the form does not have is left out."""
        made = dict(self._samples[form])
        for one in values:
            made |= {key: value for key, value in one.items() if key in self._keys[form]}
        return {key: value for key, value in made.items() if value is not None}

    def _ratings(self, day: date) -> Values:
        """Return what the user ticked: all five words, some items left out, and sometimes nothing with the reason."""
        nothing: Values = dict.fromkeys(RATINGS)
        common = {"user_sign_date": day.isoformat(), "user_comments": None, "effect_rating": None}
        if self._chance.random() < 0.14:
            return nothing | common | {"not_rated_reason": self._one(self._told["not_rated"])}
        rated = {key: self._by_share(GRADES, _GRADE_SHARES) for key in RATINGS}
        for key in RATINGS[2:]:
            if self._chance.random() < 0.12:
                rated[key] = None
        if self._chance.random() < 0.4:
            common["user_comments"] = self._one(self._told["comments"])
        return rated | common

    def _fault(self) -> Values:
        one = self._by_share(self._told["faults"], [f["share"] for f in self._told["faults"]])
        parts = [self._part(number) for number in one["parts"][: self._number(1, 2)]]
        if one["parts"] and self._number(0, 1):
            parts = [self._part(self._one(one["parts"]))]
        said = {key: one[key] for key in one if key not in {"share", "parts"}}
        return said | {"parts": parts or None}

    def _part(self, number: int) -> Values:
        one: Values = self._told["parts"][number]
        goes = self._one(("带回分析", "现场报废", "交用户保管"))
        return one | {"quantity": self._number(1, 2), "old_part_goes_to": goes}

    # Journeys

    def _journey(
        self, month: int, category: str, products: Sequence[Values], reports: Sequence[tuple[str, Values]],
        customer: Values, days: _Days, *, by: Values | None = None, open: bool = False,
    ) -> None:  # fmt: skip
        notice = self._of(
            "04", customer, by or {}, days.notice(), self._ratings(days.left),
            {
                "service_category": [category],
                "service_origin": self._one(("用户要求", "订货合同要求", "售后服务年度计划安排")),
                "service_site": f"{customer['customer_unit']}驻地",
                "task_description": f"{category}：{'、'.join(p['product_model'] for p in products)}。",
                "products": list(products),
                "reports": None,
                "late_reason": "等候故障件入库手续。" if days.late_paper else None,
            },
        )  # fmt: skip
        if category != "走访" and self._number(0, 9) == 0:
            notice |= {"completion": "部分", "completion_note": "一台待备件到后再修。", "open_issues": "待备件到货。"}
        self.all.journeys.append(Journey(notice, reports, open))

    def _days(self, month: int) -> _Days:
        self._count += 1
        late = self._number(1, 4) if self._count % _LATE_ARRIVAL == 0 else 0
        issued = date(self._year, month, self._number(1, 5 if month == 12 else 14))
        return _Days(issued, late, self._number(2, 4), late_paper=self._count % _LATE_PAPER == 0)

    def repair_journey(self, month: int, *, open: bool = False) -> None:
        """Mend one to three units at a customer's, one report each; now and then with a training under four hours."""
        customer, days = self._one(self._told["customers"]), self._days(month)
        units = {u["serial_no"]: u for u in (self._unit(customer, self._model()) for _ in range(self._number(1, 3)))}
        reports = []
        for place, unit in enumerate(units.values()):
            finished = min(days.arrived + timedelta(days=place), days.left)
            conclusion = self._by_share(("修复", "临时恢复", "需返厂", "未修复", "无故障"), (80, 8, 5, 4, 3))
            made = self._of(
                "06", customer, unit, self._fault(), self._ratings(finished), self._short_training(place),
                {
                    "service_category": "现场维修",
                    "reported_on": (days.issued - timedelta(days=self._number(0, 6))).isoformat(),
                    "started_on": days.arrived.isoformat(),
                    "finished_on": finished.isoformat(),
                    "repair_conclusion": conclusion,
                    "open_issues": "待返厂检修。" if conclusion == "需返厂" else "无",
                    "work_hours": str(self._number(2, 16)),
                },
            )  # fmt: skip
            reports.append(("06", made))
        self._journey(
            month, "现场维修", [_line(u, "现场维修") for u in units.values()], reports, customer, days, open=open
        )

    def _short_training(self, place: int) -> Values:
        if place or self._number(0, 2):
            return _NO_TRAINING
        return {
            "training_content": self._one(self._told["short_trainings"]),
            "training_hours": self._one(("1", "1.5", "2", "3.5")),
            "training_people": self._number(3, 9),
            "training_instructor": self._one(self._told["engineers"]),
        }

    def training(self, month: int) -> None:
        """Train at a customer's for four hours or more."""
        customer, days, model = self._one(self._told["customers"]), self._days(month), self._model()
        hours = self._one((("4",), ("3", "3"), ("3", "2.5", "3"), ("6", "6")))
        courses = [
            {
                "date": (days.arrived + timedelta(days=min(place, 1))).isoformat(),
                "hours": length,
                "content": self._one(("操作使用", "维护保养", "排除一般常见故障")),
                "mode": self._one(("理论", "实操")),
            }
            for place, length in enumerate(hours)
        ]
        last = days.arrived + timedelta(days=min(len(hours) - 1, 1))
        made = self._of(
            "05", customer, {"product_model": model["product_model"]}, self._ratings(last),
            {
                "training_occasion": self._one(("年度计划安排", "用户提出要求", "订货合同要求")),
                "train_from": days.arrived.isoformat(),
                "train_to": last.isoformat(),
                "training_site": f"{customer['customer_unit']}训练室",
                "courses": courses,
                "trainees": self._samples["05"]["trainees"][: self._number(5, 15)],
                "effect_rating": self._by_share(GRADES, _GRADE_SHARES),
            },
        )  # fmt: skip
        line = _line(model, "技术培训") | {"quantity": 1}
        self._journey(month, "技术培训", [line], [("05", made)], customer, days)

    def commissioning(self, month: int) -> None:
        """Put units into service: three or more normal ones in one report, or one by itself."""
        customer, days, model = self._one(self._told["customers"]), self._days(month), self._model()
        unit = self._unit(customer, model)
        when = {"started_on": days.arrived.isoformat(), "finished_on": days.left.isoformat()}
        ratings = self._ratings(days.left)
        if month % 2:
            fault, bad = self._one(("无", "无", "馈线接头松动，紧固后正常。")), self._number(0, 3) == 0
            ends = {"conclusion": "有条件接收", "open_issues": "待补交随机资料。"} if bad else {"conclusion": "正常"}
            made = self._of(
                "07", customer, unit, when, ratings, ends, _NO_TRAINING,
                {"service_content": ["安装", "开通"], "faults_during": fault},
            )  # fmt: skip
            self._journey(month, "开通", [_line(unit, "开通")], [("07", made)], customer, days)
            return
        units = [
            self._samples["08"]["units"][0]
            | {"serial_no": f"{unit['serial_no'][:-2]}{20 + month + n}", "commissioned_on": days.left.isoformat()}
            for n in range(self._number(3, 5))
        ]
        made = self._of("08", customer, model, when, ratings, {"units": units, "remarks": "互通联试正常。"})
        line = _line(model, "开通") | {"quantity": len(units)}
        self._journey(month, "开通", [line], [("08", made)], customer, days)

    def support(self, month: int) -> None:
        """Stand by during an exercise."""
        customer, days = self._one(self._told["customers"][:6]), self._days(month)
        unit = self._unit(customer, self._model())
        made = self._of(
            "06", customer, unit, self._ratings(days.left), _NO_TRAINING,
            {
                "service_category": "技术保障",
                "started_on": days.arrived.isoformat(),
                "reported_on": None,
                "finished_on": days.left.isoformat(),
                "fault_symptom": "无故障",
                "fault_cause": None,
                "fault_category": None,
                "fault_liability": None,
                "repair_action": "检查连接电缆和天线，通电联试正常。",
                "parts": None,
                "repair_conclusion": "无故障",
                "support_checks": ["连接电缆", "天线", "通电联试"],
                "summary_report_no": f"示例总结{self._year}-{month:02}",
            },
        )  # fmt: skip
        self._journey(month, "技术保障", [_line(unit, "技术保障")], [("06", made)], customer, days)

    def related_unit(self, month: int) -> None:
        """Let the unit that developed it put a new product into service, and hand on what it learned."""
        customer, days, model = self._one(self._told["customers"][:6]), self._days(month), self._model(related=True)
        unit = self._unit(customer, model)
        who = self._one(self._told["related_units"])
        by = {"performed_by": "相关单位", "performing_unit": who}
        when = {"started_on": days.arrived.isoformat(), "finished_on": days.left.isoformat()}
        made = self._of(
            "07", customer, unit, when, self._ratings(days.left), _NO_TRAINING, by,
            {"service_content": ["开通", "系泊试验"], "faults_during": "无", "conclusion": "正常"},
        )  # fmt: skip
        told = self._of(
            "11", customer,
            {
                "performing_unit": who,
                "served_from": days.arrived.isoformat(),
                "served_to": days.left.isoformat(),
                "service_category": ["开通", "试验"],
                "products": [_line(unit) | {"production_status": "新产品"}],
                "quality_items": None,
                "sent_on": days.submitted.isoformat(),
                "received_on": (days.submitted + timedelta(days=1)).isoformat(),
                "summary_opinion": "归入同型号使用信息。",
                "transferred_to": None,
            },
        )  # fmt: skip
        line = _line(unit, "开通") | {"production_status": "边研制边生产"}
        self._journey(month, "开通", [line], [("07", made), ("11", told)], customer, days, by=by)

    # What comes in

    def return_repair(self, month: int) -> None:
        """Mend a unit a customer sent in."""
        customer = self._one(self._told["customers"])
        unit = self._unit(customer, self._model())
        came = date(self._year, month, self._number(1, 5))
        done = came + timedelta(days=self._number(4, 22))
        fault = self._fault()
        intake = self._of(
            "10", customer, unit,
            {
                "received_on": came.isoformat(),
                "user_need": f"{unit['product_name']}寄回检修：{fault['fault_symptom']}",
                "doc_ref": f"示例函〔{self._year}〕{month}号",
                "reply_record": None,
                "closed_on": done.isoformat(),
            },
        )  # fmt: skip
        report = self._of(
            "06", customer, unit, fault, _NO_TRAINING, dict.fromkeys(RATINGS),
            {
                "service_category": "返厂维修",
                "notice_no": None,
                "reported_on": came.isoformat(),
                "started_on": came.isoformat(),
                "finished_on": done.isoformat(),
                "repair_conclusion": "修复",
                "user_comments": None,
                "user_sign_date": None,
                "inspection_conclusion": "合格",
                "inspector": "示例检验员",
            },
        )  # fmt: skip
        self.all.returns.append(Return(intake, report))

    def calls(self, month: int) -> None:
        """Take a month's calls, most of them about service."""
        for number in range(self._number(_CALLS - 2, _CALLS + 2)):
            customer = self._one(self._told["customers"])
            day = date(self._year, month, 2 + 4 * number)
            category = self._by_share(("现场维修", "技术咨询", "技术支持", "备件供应", "技术培训"), (40, 25, 15, 12, 8))
            self.all.calls.append(
                self._of(
                    "02", customer, self._unit(customer, self._model()),
                    {
                        "call_at": f"{day} {self._number(8, 17):02}:{self._number(0, 59):02}",
                        "direction": self._by_share(("来电", "去电"), (80, 20)),
                        "line": self._by_share(("热线", "值班手机", "其他"), (70, 25, 5)),
                        "service_category": category,
                        "user_need": self._one(self._told["needs"]),
                        "handling_result": "已答复。",
                        "linked_record": None,
                        "closed_on": (day + timedelta(days=self._number(0, 3))).isoformat(),
                    },
                )
            )  # fmt: skip

    def information(self, month: int) -> None:
        """Write down what users said, from praise to complaint; most of it is settled within weeks."""
        for kinds in (
            [self._one(("要求", "咨询", "意见"))],
            [("建议", "表扬（感谢）", "抱怨", "投诉", "质量信息")[month % 5]],
        ):
            came = date(self._year, month, self._number(1, 9 if month < 12 else 4))
            self.all.information.append(self._said(kinds, came, came + timedelta(days=self._number(1, 24))))

    def over_new_year(self, *, settled: bool) -> None:
        """Take a complaint in December that is settled in January, or not yet."""
        came = date(self._year, 12, 22)
        said = self._said(["投诉"], came, date(self._year + 1, 1, 16)) | {
            "severity": "较大",
            "user_satisfied": "基本满意",
        }
        (self.all.information if settled else self.all.unsettled).append(said)

    def _said(self, kinds: Sequence[str], came: date, done: date) -> Values:
        customer = self._one(self._told["customers"])
        bad = bool({"投诉", "抱怨", "质量信息"} & {*kinds})
        words = [f["fault_symptom"] for f in self._told["faults"]] if bad else self._told["comments"]
        return self._of(
            "01", customer, self._unit(customer, self._model()),
            {
                "received_at": f"{came} {self._number(8, 17):02}:{self._number(0, 59):02}",
                "channel": self._by_share(("电话", "函件", "走访", "现场", "满意度调查"), (40, 20, 15, 15, 10)),
                "source_record_no": None,
                "info_type": list(kinds),
                "severity": self._by_share(("一般", "较大", "重大"), (80, 17, 3)) if bad else "一般",
                "info_content": self._one(words),
                "due_date": (came + timedelta(days=21)).isoformat(),
                "cause_analysis": "备件储备不足，处理周期偏长。" if bad else None,
                "handling_result": "已按意见处理，并告知用户。",
                "handled_on": done.isoformat(),
                "reply_content": "已向用户说明处理情况。",
                "replied_at": f"{done} 16:30",
                "qa_followup": "已跟踪验证，措施有效。" if "质量信息" in kinds else None,
                "user_satisfied": self._by_share(("满意", "基本满意", "不满意", "未表态"), (60, 20, 8, 12)),
                "resolved": True,
                "future_impact": "不影响",
            },
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Days:
    """The days of a journey: how late the arrival was, how long the stay."""

    issued: date
    late: int
    stay: int
    late_paper: bool

    @property
    def arrived(self) -> date:
        return self.issued + timedelta(days=3 + self.late)

    @property
    def left(self) -> date:
        return self.arrived + timedelta(days=self.stay)

    @property
    def submitted(self) -> date:
        return self.left + timedelta(days=1 + (7 if self.late_paper else 2))

    def notice(self) -> Values:
        days = {
            "issued_on": self.issued,
            "required_arrival": self.issued + timedelta(days=3),
            "planned_finish": self.issued + timedelta(days=8),
            "departed_on": self.arrived - timedelta(days=1),
            "arrived_on": self.arrived,
            "left_on": self.left,
            "returned_on": self.left + timedelta(days=1),
            "submitted_on": self.submitted,
        }
        return {key: day.isoformat() for key, day in days.items()}


def _line(unit: Mapping[str, Any], task: str = "") -> Values:
    """Return a product as a notice lists it, with the task there."""
    kept = {key: unit[key] for key in ("product_name", "product_model", "serial_no") if key in unit}
    return kept | {"production_status": "批量", "quantity": 1} | ({"task": task} if task else {})
