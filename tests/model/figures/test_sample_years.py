"""The sample years' figures beside the same ones reckoned apart, from the values alone, by nothing of the engine."""

from __future__ import annotations

from collections import Counter, defaultdict
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

import pytest

from qrecords.model.record import Record
from tests.model.figures.rows import Paper, record
from tests.services.test_demo_year import brought

Values = dict[str, Any]
SCORES = {"很满意": 100, "满意": 80, "较满意": 60, "不满意": 40, "很不满意": 20}
WEIGHTS = {
    "service_rating": 40,
    "response_rating": 15,
    "skill_rating": 15,
    "attitude_rating": 15,
    "resolution_rating": 15,
}


class Years:
    """Two years as plain values: notices by number, reports with the notice they name, calls, information."""

    def __init__(self) -> None:
        self.notices: dict[str, Values] = {}
        self.reports: list[tuple[str, str, Values]] = []
        self.records: list[Record] = []
        for year in brought():
            for journey in year.journeys:
                number = f"N{len(self.notices)}"
                self.notices[number] = journey.notice
                self.records.append(record(number, "04A", **journey.notice))
                for form, values in journey.reports:
                    self._report(form, values | {"notice_no": number})
            for back in year.returns:
                self._report("06", back.report)
            for n, values in enumerate(year.information):
                self.records.append(record(f"I{len(self.records)}-{n}", "01A", **values))

    def _report(self, form: str, values: Values) -> None:
        self.reports.append((form, f"R{len(self.reports)}", values))
        self.records.append(record(f"R{len(self.reports)}", f"{form}A", **values))

    def repairs(self, year: str) -> list[Values]:
        return [v for form, _, v in self.reports if form == "06" and v["finished_on"].startswith(year)]


@pytest.fixture(scope="module")
def years() -> Years:
    return Years()


@pytest.fixture(scope="module")
def paper(years: Years) -> Paper:
    return Paper("2025", years.records, cutoff="2026-01-10")


def one_place(value: Fraction) -> str:
    return str((Decimal(value.numerator) / value.denominator).quantize(Decimal("0.1"), ROUND_HALF_UP))


def test_journeys_and_arrivals(years: Years, paper: Paper) -> None:
    sent = [v for v in years.notices.values() if v["departed_on"].startswith("2025")]
    assert paper["T03.planned.total.sent"] == str(len(sent))
    assert paper["T05.people.total.people"] == str(sum(len(v["staff"]) for v in sent))
    due = [v for v in years.notices.values() if v["required_arrival"].startswith("2025") and v.get("arrived_on")]
    in_time = [v for v in due if v["arrived_on"] <= v["required_arrival"]]
    assert paper["T06.arrival.total.percent"] == one_place(Fraction(100 * len(in_time), len(due)))


def test_faults_by_category_and_parts(years: Years, paper: Paper) -> None:
    faults = [v for v in years.repairs("2025") if v["repair_conclusion"] != "无故障"]
    by_category = Counter(v.get("fault_category", "未填") for v in faults)
    shown = paper.column("T07", "category", "faults")
    assert shown == {k: str(n) for k, n in by_category.items()} | {"total": str(len(faults))}
    quantities: Counter[str] = Counter()
    for values in years.repairs("2025"):
        for part in values.get("parts", ()):
            quantities[f"{part['name']} {part.get('model', '')}".strip()] += int(part["quantity"])
    table = paper.part("T08", "parts")
    assert {row.label: row.cells[0].shown for row in table.rows if not row.total} == {  # type: ignore[union-attr]
        name: str(n) for name, n in quantities.items()
    }


def test_satisfaction(years: Years) -> None:
    sheets: dict[tuple[str, str], list[Values]] = defaultdict(list)
    for number, values in years.notices.items():
        sheets[number, values["customer_unit"]].append(values)
    for form, number, values in years.reports:
        if form != "11":
            key = (values["notice_no"], values["customer_unit"]) if values.get("notice_no") else (number, "")
            sheets[key].append(values)
    indices, products = [], []
    for group in sheets.values():
        if not any(s.get(item) for s in group for item in (*WEIGHTS, "product_rating")):
            continue
        signed = min((s["user_sign_date"] for s in group if s.get("user_sign_date")), default="")
        if not signed.startswith("2025"):
            continue
        means = {}
        for item in (*WEIGHTS, "product_rating"):
            scores = [SCORES[s[item]] for s in group if s.get(item)]
            if scores:
                means[item] = Fraction(sum(scores), len(scores))
        present = [item for item in WEIGHTS if item in means]
        if "service_rating" in present or len(present) > 1:
            weight = sum(WEIGHTS[i] for i in present)
            indices.append(sum((WEIGHTS[i] * means[i] for i in present), Fraction(0)) / weight)
        if "product_rating" in means:
            products.append(means["product_rating"])
    found = Paper("2025", years.records, kind="MY", cutoff="2026-01-10")
    row = found.row("M01", "index")
    assert (row["service_n"], row["product_n"]) == (str(len(indices)), str(len(products)))
    assert row["service"] == one_place(sum(indices, Fraction(0)) / len(indices))
    assert row["product"] == one_place(sum(products, Fraction(0)) / len(products))
