"""The sample years: what reports need to be judged by is in them, and they are the same each time."""

from __future__ import annotations

import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from typing import Any

import openpyxl
import pytest

from qrecords.model.record import State
from qrecords.office import Office
from qrecords.render.charts.picture import picture
from qrecords.render.charts.svg import svg
from qrecords.render.pdf import Converter
from qrecords.services import steps
from qrecords.services.administer import init, open_office
from qrecords.services.demo import add_years
from qrecords.services.demoyear import GRADES, RATINGS, Happened, happened
from qrecords.services.finding.find import list_records
from qrecords.services.reports.draw import draw
from qrecords.services.reports.kept import outline
from qrecords.stores.formfiles import FormCatalogue
from tests import retention_office
from tests.conftest import FORMS, at_now, sample_of
from tests.faulty_disk import blank_convert
from tests.web.test_desk import Browser

YEARS = (2024, 2025)


def brought() -> list[Happened]:
    folders = {folder.form.number: folder for folder in FormCatalogue(FORMS).all()}
    samples = {number: folder.sample() for number, folder in folders.items()}
    keys = {number: folder.form.by_key for number, folder in folders.items()}
    return [happened(samples, keys, year, last=year == YEARS[-1]) for year in YEARS]


@pytest.fixture(scope="module")
def years() -> list[Happened]:
    return brought()


def reports(years: list[Happened], form: str) -> list[dict[str, Any]]:
    made = [
        report for year in years for journey in year.journeys for digits, report in journey.reports if digits == form
    ]
    return made + [one.report for year in years for one in year.returns if form == "06"]


def days(values: dict[str, Any], *keys: str) -> Iterator[date]:
    return (date.fromisoformat(values[key]) for key in keys)


def test_they_are_the_same_each_time(years: list[Happened]) -> None:
    assert years == brought()


def test_users_models_faults_and_parts_are_many(years: list[Happened]) -> None:
    repairs = reports(years, "06")
    assert len({r["customer_unit"] for r in repairs}) == 8
    assert len({r["military_branch"] for r in repairs}) == 4
    models = {p["product_model"] for year in years for j in year.journeys for p in j.notice["products"]}
    assert len(models) == 6
    folder = FormCatalogue(FORMS).get("06A")
    assert {r.get("fault_category") for r in repairs} == {*folder.form.by_key["fault_category"].choices, None}
    assert {r["repair_conclusion"] for r in repairs} == {*folder.form.by_key["repair_conclusion"].choices}
    parts = {p["name"] for r in repairs for p in r.get("parts", [])}
    assert len(parts) == 12
    months = {r["finished_on"][:7] for r in repairs}
    assert len(months) == 24
    again = Counter((r["product_model"], r["serial_no"]) for r in repairs if r.get("fault_category"))
    assert max(again.values()) >= 2, "no unit failed twice"


def test_ratings_use_every_word_and_have_gaps(years: list[Happened]) -> None:
    sheets = [j.notice for year in years for j in year.journeys] + reports(years, "06")
    words = Counter(sheet.get(key) for sheet in sheets for key in RATINGS)
    assert {*words} == {*GRADES, None}
    assert sum("not_rated_reason" in sheet for sheet in sheets) > 5


def test_some_come_late_and_some_papers_too(years: list[Happened]) -> None:
    notices = [j.notice for year in years for j in year.journeys]
    late = [n for n in notices if n["arrived_on"] > n["required_arrival"]]
    assert 0.05 < len(late) / len(notices) < 0.4
    slow = [
        n for n in notices if (date.fromisoformat(n["submitted_on"]) - date.fromisoformat(n["returned_on"])).days > 3
    ]
    assert slow
    assert all(n["late_reason"] for n in slow)


def test_training_lies_on_both_sides_of_four_hours(years: list[Happened]) -> None:
    short = [float(r["training_hours"]) for r in reports(years, "06") if "training_hours" in r]
    whole = [sum(float(c["hours"]) for c in r["courses"]) for r in reports(years, "05")]
    assert short
    assert max(short) < 4 <= min(whole)


def test_a_complaint_lies_over_each_new_year(years: list[Happened]) -> None:
    first, last = years
    over = [v for v in first.information if v["received_at"] < "2025" <= v["handled_on"]]
    assert [v["info_type"] for v in over] == [["投诉"]]
    assert [v["info_type"] for v in last.unsettled] == [["投诉"]]


def test_related_units_served_and_handed_on_what_they_learned(years: list[Happened]) -> None:
    notices = [j for year in years for j in year.journeys if j.notice["performed_by"] == "相关单位"]
    assert len(notices) == 4
    assert all(j.notice["performing_unit"] and [f for f, _ in j.reports] == ["07", "11"] for j in notices)


@pytest.fixture(scope="module")
def entered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Office, list[str]]]:
    """An office with the last of the years, and the numbers of its records."""
    root = tmp_path_factory.mktemp("years") / "office"
    init(root, clock=at_now).close()
    with closing(open_office(root, clock=at_now)) as office:
        yield office, add_years(office, YEARS[1:])


def test_they_are_entered_whole_and_only_the_last_work_is_open(entered: tuple[Office, list[str]]) -> None:
    office, numbers = entered
    records = list_records(office, year=2025)
    assert {r.record_no for r in records} == {*numbers}
    states = Counter(r.state for r in records)
    assert {*states} == {State.DRAFT, State.ISSUED, State.SUBMITTED, State.REVIEWED}
    assert (states[State.DRAFT], states[State.ISSUED]) == (1, 1)
    assert 1 <= states[State.SUBMITTED] <= 3


# The year's report beside what pandas makes of the same records, by ways of its own.

SCORES = dict(zip(GRADES, (100, 80, 60, 40, 20), strict=True))
WEIGHTS = {RATINGS[1]: 40} | dict.fromkeys(RATINGS[2:], 15)
FIRST, LAST = "2025-01-01", "2025-12-31"


class Year:
    """The workbook of the year's report by the keys of its tables, and the records of each form as a frame."""

    def __init__(self, office: Office) -> None:
        self.pandas = pytest.importorskip("pandas")
        self.office = office
        self.sheets: dict[str, Any] = {}
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(Converter, "convert", blank_convert)
            self.drawn = draw(office, "BB", "2025")
            measured = draw(office, "MY", "2025", answer="示例")
        for drawn in (self.drawn, measured):
            path = drawn.files["tables.xlsx"]
            sheets = self.pandas.read_excel(path, sheet_name=None, header=1, index_col=0, engine="openpyxl")
            self.sheets |= {name.split(" ")[0]: sheet for name, sheet in sheets.items()}

    def column(self, table: str, name: str) -> dict[str, Any]:
        """Return a column of a table as the workbook has it, the rows that are nought left out."""
        found = self.sheets[table][name].dropna()
        return {str(label): value for label, value in found.items() if value not in (0, "0")}

    def cells(self, table: str, name: str) -> dict[str, int]:
        """Return the whole numbers of the first column called so, whatever its unit; noughts and the total left out."""
        sheet = self.sheets[table]
        found = sheet[next(column for column in sheet.columns if re.fullmatch(rf"{name}(（.*）)?", column))]
        numbers = self.pandas.to_numeric(found, errors="coerce").fillna(0)
        return {str(k): int(v) for k, v in numbers.items() if k != "合计" and v}

    def state_of(self, number: str) -> str:
        with self.office.register.read() as tx:
            return str(tx.records.many([number])[0].state.value)

    def listed(self, table: str) -> set[str]:
        """Return the records a list names."""
        return {str(number) for number in self.sheets[table].index if not str(number).startswith("注：")} - {"无"}

    def total(self, table: str, name: str) -> Any:
        return self.sheets[table][name]["合计"]

    def frame(self, form: str) -> Any:
        with self.office.register.read() as tx:
            records = tx.records.counted(f"QR758-{form}A")
        settled = {"submitted", "reviewed", "filed", "bound"}
        rows = [
            {**r.values, "number": r.record_no, "state": r.state.value, "valid": r.state.value in settled and (
                any(s.kind.startswith("customer-") and not s.lapsed for s in r.signatures)
                or r.values.get("service_category") == "返厂维修")}
            for r in records
        ]  # fmt: skip
        return self.pandas.DataFrame(rows)

    def within(self, form: str, date_field: str, *, valid: bool = False) -> Any:
        frame = self.frame(form)
        if form == "04":
            frame = frame[(frame.state != "void") & (frame.state != "draft")]
        days = frame[date_field].fillna("").str[:10]
        frame = frame[(days >= FIRST) & (days <= LAST)]
        return frame[frame.valid] if valid else frame


@pytest.fixture(scope="module")
def year(entered: tuple[Office, list[str]]) -> Year:
    return Year(entered[0])


def counts(series: Any) -> dict[str, int]:
    return {str(k): int(v) for k, v in series.value_counts().items()}


def without_total(column: dict[str, Any]) -> dict[str, int]:
    return {label: int(value) for label, value in column.items() if label != "合计"}


def test_pandas_counts_the_records_of_each_form_alike(year: Year) -> None:
    dates = {"01": "received_at", "02": "call_at", "04": "issued_on", "10": "received_on", "11": "served_to"}
    done = {"05": "train_to", "06": "finished_on", "07": "finished_on", "08": "finished_on"}
    expected = {form: len(year.within(form, key)) for form, key in dates.items()}
    expected |= {form: len(year.within(form, key, valid=True)) for form, key in done.items()}
    found = {label[:2]: int(value) for label, value in year.column("T01.forms", "本期").items() if label != "合计"}
    assert found == expected
    assert year.total("T01.forms", "本期") == sum(expected.values())


def test_pandas_finds_the_same_journeys(year: Year) -> None:
    sent = year.within("04", "departed_on")
    assert without_total(year.column("T03.category", "派出")) == counts(sent.service_category.explode())
    assert without_total(year.column("T03.origin", "派出")) == counts(sent.service_origin)
    out = year.frame("04")
    out = out[~out.state.isin(["void", "draft"])].fillna({"departed_on": "", "returned_on": ""})
    back = out.returned_on.where(out.returned_on != "", "9999")
    opening = int(((out.departed_on != "") & (out.departed_on < FIRST) & (back >= FIRST)).sum())
    closing = int(((out.departed_on != "") & (out.departed_on <= LAST) & (back > LAST)).sum())
    flow = year.sheets["T03.flow"].loc["合计"]
    assert (flow["期初在外"], flow["派出"], flow["期末在外"]) == (opening, len(sent), closing)
    due = year.within("04", "required_arrival")
    arrived = due[due.arrived_on.notna()]
    in_time = int((arrived.arrived_on <= arrived.required_arrival).sum())
    row = year.sheets["T06.arrival"].loc["合计"]
    assert (row["应到达（次）"] if "应到达（次）" in row else row["应到达"], row["按期"]) == (len(due), in_time)
    assert float(row.filter(like="按期到达率").iloc[0]) == pytest.approx(100 * in_time / len(arrived), abs=0.05001)


def test_pandas_finds_the_same_people_and_days_away(year: Year) -> None:
    sent = year.within("04", "departed_on")
    people = year.sheets["T05.people"].loc["合计"]
    assert int(people.filter(like="人次").iloc[0]) == sent.staff.str.len().sum()
    out = year.frame("04")
    out = out[~out.state.isin(["void", "draft"]) & out.departed_on.notna()]
    stamp = year.pandas.to_datetime
    start = stamp(out.departed_on).clip(lower=stamp(FIRST))
    end = stamp(out.returned_on.fillna(LAST)).clip(upper=stamp(LAST))
    days = ((end - start).dt.days + 1).clip(lower=0) * out.staff.str.len()
    assert int(people.filter(like="人天").iloc[0]) == days.sum()


def test_pandas_finds_the_same_repairs_faults_and_parts(year: Year) -> None:
    repairs = year.within("06", "finished_on", valid=True)
    faults = repairs[repairs.repair_conclusion != "无故障"]
    total = year.sheets["T07.total"].loc["合计"]
    assert int(total.filter(like="台次").iloc[0]) == len(repairs)
    assert int(total.filter(like="故障数").iloc[0]) == len(faults)
    fixed = 100 * (faults.repair_conclusion == "修复").mean()
    assert float(total.filter(like="修复率").iloc[0]) == pytest.approx(fixed, abs=0.05001)
    assert without_total(year.column("T07.conclusion", "台次")) == counts(repairs.repair_conclusion)
    assert without_total(year.column("T07.category", "故障数")) == counts(faults.fault_category.fillna("未填"))
    parts = repairs.explode("parts").dropna(subset="parts")
    parts = parts.assign(
        what=[f"{p['name']} {p['model']}" for p in parts.parts], n=[int(p["quantity"]) for p in parts.parts]
    )
    expected = {str(k): int(v) for k, v in parts.groupby("what").n.sum().items()}
    assert (
        without_total(year.column("T08.parts", "数量（件）" if "数量（件）" in year.sheets["T08.parts"] else "数量"))
        == expected
    )


def by_branch(frame: Any) -> dict[str, int]:
    return counts(frame.military_branch)


def test_pandas_finds_the_same_calls_and_letters(year: Year) -> None:
    calls, letters = year.within("02", "call_at"), year.within("10", "received_on")
    ways = {"来电": calls[calls.direction == "来电"], "去电": calls[calls.direction == "去电"], "收件": letters}
    assert year.cells("T02.flow", "件数") == {name: len(found) for name, found in ways.items() if len(found)}
    for branch in calls.military_branch.unique():
        expected = {n: c for n, f in ways.items() if (c := int((f.military_branch == branch).sum()))}
        assert year.cells("T02.flow", branch) == expected
    for name in ("来电", "去电"):
        assert year.cells("T02.category", name) == counts(ways[name].service_category)
    still = year.frame("10")
    still = still[(still.received_on <= LAST) & (still.closed_on.fillna("9999") > LAST) & (still.state != "void")]
    assert year.cells("T02.open", "未办结").get("收件", 0) == len(still)


def test_pandas_finds_the_same_of_each_branch(year: Year) -> None:
    repairs = year.within("06", "finished_on", valid=True)
    batches = year.within("08", "finished_on", valid=True)
    information = year.within("01", "received_at")
    complaints = information[information.info_type.map(lambda kinds: bool({"抱怨", "投诉"}.intersection(kinds)))]
    expected = {
        "派出": by_branch(year.within("04", "departed_on")),
        "开通试验": by_branch(year.within("07", "finished_on", valid=True)),
        "培训": by_branch(year.within("05", "train_to", valid=True)),
        "用户信息": by_branch(information),
        "投诉": by_branch(complaints),
        "故障": by_branch(repairs[repairs.repair_conclusion != "无故障"]),
        "批量": {k: int(v) for k, v in batches.units.str.len().groupby(batches.military_branch).sum().items()}
        if len(batches) else {},
    }  # fmt: skip
    for column, category in (("现场维修", "现场维修"), ("返厂维修", "返厂维修"), ("技术保障", "技术保障")):
        expected[column] = by_branch(repairs[repairs.service_category == category])
    assert {name: year.cells("T04.branch", name) for name in expected} == expected


def test_pandas_finds_the_same_commissioning_and_training(year: Year) -> None:
    work = year.within("07", "finished_on", valid=True)
    trainings = year.within("05", "train_to", valid=True)
    row = year.sheets["T09.total"].loc["合计"]
    trouble = work.faults_during.map(lambda told: told not in {"无", "/"}) & work.faults_during.notna()
    assert int(row.filter(like="开通/试验报告").iloc[0]) == len(work)
    assert int(row.filter(regex="^正常").iloc[0]) == int((work.conclusion == "正常").sum())
    assert int(row.filter(like="有过程故障").iloc[0]) == int(trouble.sum())
    assert year.cells("T09.content", "开通/试验报告") == counts(work.service_content.explode())
    row, people = year.sheets["T10.total"].loc["合计"], trainings.trainee_count.astype(int)
    hours = trainings.total_hours.astype(float)
    found = [float(row.filter(regex=f"^{name}").iloc[0]) for name in ("培训", "学时", "学员", "人学时")]
    assert found == [len(trainings), hours.sum(), people.sum(), (hours * people).sum()]
    assert year.cells("T10.mode", "培训") == counts(trainings.training_mode)
    assert year.cells("T10.effect", "培训") == counts(trainings.effect_rating)
    reports = [year.within(form, "finished_on", valid=True) for form in ("06", "07")]
    short = year.pandas.concat([f[f.training_content.notna()] for f in reports if "training_content" in f])
    assert int(row.filter(regex="^短训").iloc[0]) == len(short)


def test_pandas_finds_the_same_information(year: Year) -> None:
    every = year.frame("01")
    new = year.within("01", "received_at")
    assert year.cells("T11.type", "件数") == counts(new.info_type.explode())
    assert year.cells("T11.severity", "件数") == counts(new.severity.fillna("未填"))
    done = every[["handled_on", "replied_at"]].apply(lambda c: c.str[:10]).max(axis=1, skipna=False)
    done = done.where(every.get("resolved", year.pandas.Series("", every.index)) != "否").fillna("9999")
    received = every.received_at.str[:10]
    flow = year.sheets["T11.flow"].loc["用户信息"]
    opening, closing = ((received < FIRST) & (done >= FIRST)).sum(), ((received <= LAST) & (done > LAST)).sum()
    assert [int(flow[name]) for name in ("期初未办结", "新增", "期末未办结")] == [opening, len(new), closing]
    told = new.info_type.map(lambda kinds: bool({"抱怨", "投诉"}.intersection(kinds)))
    assert year.listed("T11.complaints") == {*new[told].number}


def test_pandas_finds_the_same_left_over_and_left_out(year: Year) -> None:
    nothing = {"无", "/", "无。", "没有"}
    open_ones: set[str] = set()
    for form in ("04", "06", "07"):
        frame = year.within(form, {"04": "issued_on"}.get(form, "finished_on"))
        frame = frame[frame.state != "void"]
        told = frame.open_issues.notna() & ~frame.open_issues.isin(["", *nothing])
        if "completion" in frame:
            told |= frame.completion.isin(["部分", "未完成"])
        open_ones |= {*frame[told].number}
    reports = year.pandas.concat([year.frame(form)[lambda f: f.valid] for form in ("06", "07")])
    said = reports[reports.open_issues.isin(["无", "无。", "没有"]) & (reports.finished_on <= LAST)]
    both = reports[reports.number.isin(open_ones)].merge(
        said, on=["product_model", "serial_no"], suffixes=("", "_later")
    )
    answered = {*both[both.finished_on_later > both.finished_on].number}
    assert year.listed("T17.list") == open_ones - answered and open_ones - answered
    dates = {"05": "train_to", "06": "finished_on", "07": "finished_on", "08": "finished_on"}
    out = [frame[~frame.valid].number for frame in (year.within(form, key) for form, key in dates.items())]
    assert year.listed("T18.list") == {number for numbers in out for number in numbers}


def numbers(row: Any, *names: str) -> list[float]:
    """Return the numbers of a row under headings that begin so; what cannot be worked out is nan."""
    found = [row[[name in str(head) and str(head).startswith(name) for head in row.index]].iloc[0] for name in names]
    return [float("nan") if value in ("—", "/") else float(value) for value in found]


class Days:
    """Days of rest as holidays.csv has them, counted by pandas alone."""

    def __init__(self, pandas: Any) -> None:
        named = pandas.read_csv(FORMS / "holidays.csv", comment="#")
        self.rest = {*named[named["类别"] == "休"]["日期"]}
        self.work = {*named[named["类别"] == "班"]["日期"]}

    def works(self, day: date) -> bool:
        return day.isoformat() in self.work or (day.isoformat() not in self.rest and day.weekday() < 5)

    def rolled(self, day: date) -> date:
        while not self.works(day):
            day += timedelta(days=1)
        return day

    def after(self, start: str, days: int) -> str:
        """Return so many days later, on a working day."""
        return self.rolled(date.fromisoformat(start[:10]) + timedelta(days=days)).isoformat()

    def working(self, start: str, days: int) -> str:
        """Return so many working days later."""
        day = date.fromisoformat(start[:10])
        for _ in range(days):
            day = self.rolled(day + timedelta(days=1))
        return day.isoformat()


def apart(start: Any, end: Any, pandas: Any) -> Any:
    """Return the days from one column to another, of the rows that have both."""
    return (pandas.to_datetime(end.str[:10]) - pandas.to_datetime(start.str[:10])).dt.days.dropna()


def test_pandas_keeps_the_same_days(year: Year) -> None:
    """T06: by the calendar of holidays.csv read anew; what a report lacks is the business of other tests."""
    days, today = Days(year.pandas), at_now().date().isoformat()
    due = year.within("04", "required_arrival")
    late = due[due.arrived_on.notna() & (due.arrived_on > due.required_arrival)]
    away = due[due.arrived_on.isna()]
    row = year.sheets["T06.arrival"].loc["合计"]
    expected = [len(away), int((away.required_arrival < today).sum()),
                apart(late.required_arrival, late.arrived_on, year.pandas).mean()]  # fmt: skip
    assert numbers(row, "待到", "其中逾期未到", "平均晚到") == pytest.approx(expected, abs=0.05001)

    back = year.within("04", "returned_on")
    own = back[back.performed_by == "客户服务中心"]
    limit, target = (own.returned_on.map(lambda day, n=n: days.after(day, n)) for n in (3, 2))
    there = own.submitted_on.notna()
    in_time = int((there & (own.submitted_on <= limit)).sum())
    row = year.sheets["T06.report"].loc["合计"]
    found = dict(zip(("back", "in_time", "late", "lacking", "overdue", "not_due", "target"), numbers(
        row, "返回", "及时", "逾期交", "交而不全", "逾期未交", "未到期", "2日内交"), strict=True))  # fmt: skip
    assert (found["back"], found["in_time"] + found["lacking"]) == (len(own), in_time)
    assert found["late"] == int((there & (own.submitted_on > limit)).sum())
    assert (found["overdue"], found["not_due"]) == (
        int((~there & (limit < today)).sum()),
        int((~there & (limit >= today)).sum()),
    )
    assert found["target"] == int((there & (own.submitted_on <= target)).sum())
    (percent,) = numbers(row, "提交及时率")
    assert percent == pytest.approx(100 * found["in_time"] / (len(own) - found["not_due"]), abs=0.05001)

    related = back[back.performed_by == "相关单位"]
    assert year.cells("T06.related", "返回") == counts(related.performing_unit)
    following = (year.pandas.to_datetime(related.returned_on) + year.pandas.offsets.MonthBegin(1)).dt.strftime(
        "%Y-%m-05"
    )
    kept = related[related.submitted_on <= following.map(lambda day: days.after(day, 0))]
    assert year.cells("T06.related", "按期报送") == counts(kept.performing_unit)

    asked = year.within("01", "due_date")
    done = asked[["handled_on", "replied_at"]].apply(lambda c: c.str[:10]).max(axis=1, skipna=False)
    row = year.sheets["T06.answer"].loc["合计"]
    expected = [len(asked), int((done <= asked.due_date).sum()), int((done > asked.due_date).sum())]
    assert numbers(row, "应答复", "按期", "逾期") == expected

    for form, start, closed in (
        ("02", "call_at", "closed_on"),
        ("10", "received_on", "closed_on"),
        ("09", "sent_on", "delivered_on"),
    ):
        rows = year.frame(form)
        if not len(rows):
            continue  # the year has none, and the table no line for it
        rows = rows[rows.state != "void"]
        limit = rows[start].map(lambda day: days.working(day, 7))
        rows, limit = rows[(limit >= FIRST) & (limit <= LAST)], limit[(limit >= FIRST) & (limit <= LAST)]
        row = year.sheets["T06.settled"].loc[
            next(n for n in year.sheets["T06.settled"].index if str(n).startswith(form))
        ]
        assert numbers(row, "应办结", "按期办结") == [len(rows), int((rows[closed] <= limit).sum())]


def faults_of(frame: Any) -> Any:
    return frame[
        (frame.repair_conclusion != "无故障") & frame.repair_conclusion.notna() & (frame.service_category != "培训")
    ]


def test_pandas_finds_the_same_first_fixes_days_models_and_liabilities(year: Year) -> None:
    repairs = year.within("06", "finished_on", valid=True)
    faults = faults_of(repairs)
    site = faults[faults.service_category == "现场维修"]
    every = faults_of(year.frame("06")[lambda f: f.valid])
    said = every.reported_on.fillna(every.started_on).fillna(every.finished_on).str[:10]
    pairs = site.merge(every.assign(said=said), on=["product_model", "serial_no"], suffixes=("", "_other"))
    until = (year.pandas.to_datetime(pairs.finished_on) + year.pandas.Timedelta(days=30)).dt.strftime("%Y-%m-%d")
    again = {
        *pairs[(pairs.number != pairs.number_other) & (pairs.finished_on < pairs.said) & (pairs.said <= until)].number
    }
    fixed = site[(site.repair_conclusion == "修复") & ~site.number.isin(again)]
    took = apart(site.started_on, site.finished_on, year.pandas)
    whole = apart(faults.reported_on, faults.finished_on, year.pandas)
    row = year.sheets["T07.total"].loc["合计"]
    found = numbers(row, "一次修复率", "平均修复", "修复中位数", "报修到修复", "涉及台数")
    units = len(repairs[["product_model", "serial_no"]].drop_duplicates())
    expected = [100 * len(fixed) / len(site), took.mean(), took.median(), whole.mean(), units]
    assert found == pytest.approx(expected, abs=0.05001)
    spans = year.pandas.cut(
        took, [-1, 2, 7, 15, 30, 60, 10_000], labels=["0–2天", "3–7天", "8–15天", "16–30天", "31–60天", "60天以上"]
    )
    assert year.cells("T07.spread", "故障数") == {k: v for k, v in counts(spans).items() if v}
    assert year.cells("T07.model", "台次") == counts(repairs.product_model)
    assert year.cells("T07.model", "故障数") == counts(faults.product_model)
    for table, field in (("T07.branch", "military_branch"), ("T07.service", "service_category")):
        assert year.cells(table, "台次") == counts(repairs[field])
        assert year.cells(table, "故障数") == counts(faults[field])
        units = repairs.groupby(field).apply(lambda f: len(f[["product_model", "serial_no"]].drop_duplicates()))
        assert year.cells(table, "涉及台数") == {str(k): int(v) for k, v in units.items()}
    assert year.cells("T07.liability", "故障数") == counts(faults.fault_liability.fillna("未填"))
    assert year.cells("T07.warranty", "故障数") == counts(faults.warranty_status.fillna("未填"))
    assert year.listed("T07.warranty_items") == {*faults[faults.warranty_status == "保内"].number}


def test_pandas_adds_up_the_same_hours_cost_and_days_of_each_branch(year: Year) -> None:
    repairs = year.within("06", "finished_on", valid=True)
    row = year.sheets["T05.cost"].loc["合计"]
    hours, cost = (year.pandas.to_numeric(repairs.reindex(columns=[key])[key]) for key in ("work_hours", "repair_cost"))
    found = numbers(row, "工时", "写明工时", "费用", "写明费用")
    assert found == pytest.approx([hours.sum(), hours.count(), cost.sum(), cost.count()], abs=0.005001)
    out = year.frame("04")
    out = out[~out.state.isin(["void", "draft"]) & out.departed_on.notna()]
    stamp = year.pandas.to_datetime
    end = stamp(out.returned_on.fillna(LAST)).clip(upper=stamp(LAST))
    days = ((end - stamp(out.departed_on).clip(lower=stamp(FIRST))).dt.days + 1).clip(lower=0) * out.staff.str.len()
    expected = {str(k): int(v) for k, v in days.groupby(out.military_branch).sum().items() if v}
    assert year.cells("T04.branch", "人天") == expected


def test_pandas_finds_the_same_handed_to_the_quality_department(year: Year) -> None:
    days, today = Days(year.pandas), at_now().date().isoformat()
    told, served = year.within("01", "received_at"), year.within("11", "served_to")
    about = told[told.info_type.map(lambda kinds: "质量信息" in kinds)]
    told_of = served.reindex(columns=["quality_items"]).quality_items
    of_units = served[told_of.map(lambda rows: isinstance(rows, list) and bool(rows)).astype(bool)]
    with year.office.register.read() as tx:
        records = [r for form in ("01", "11") for r in tx.records.counted(f"QR758-{form}A")]
    received = {r.record_no: max(s.on for s in r.signatures if s.kind == "quality-receipt")
                for r in records if any(s.kind == "quality-receipt" for s in r.signatures)}  # fmt: skip
    start = {
        **dict(zip(about.number, about.received_at, strict=True)),
        **dict(zip(of_units.number, of_units.served_to, strict=True)),
    }
    limit = {number: days.working(day, 1) for number, day in start.items()}
    in_time = sum(received.get(number, "9999") <= last for number, last in limit.items())
    overdue = sum(number not in received and last < today for number, last in limit.items())
    row = year.sheets["T12.handover"].loc["合计"]
    assert numbers(row, "质量信息", "按期移交", "逾期未移交") == [len(start), in_time, overdue]
    every = year.frame("01")
    every = every[every.info_type.map(lambda kinds: "质量信息" in kinds) & every.number.isin([*received])]
    last = every.number.map(lambda n: (date.fromisoformat(received[n]) + timedelta(days=30)).isoformat())
    due = every[(last >= FIRST) & (last <= LAST)]
    row = year.sheets["T12.result"].loc["合计"]
    there = int(due.qa_followup.notna().sum())
    assert numbers(row, "应有结果", "已有结果", "逾期没有结果") == [len(due), there, len(due) - there]


@pytest.fixture(scope="module")
def march(entered: tuple[Office, list[str]], year: Year) -> dict[str, Any]:
    """The sheets of a report of the month all was handed in, one paper sent back in it, one quality problem open."""
    office, numbers = entered
    waiting = next(n for n in numbers if n.startswith("QR758-06A") and year.state_of(n) == "submitted")
    steps.send_back(office, [waiting], reason="示例：缺附件")
    steps.submit(office, [waiting])
    quality = {"info_type": ["质量信息"], "qa_followup": None, "channel": "电话", "source_record_no": None}
    for day in ("2026-03-02", "2024-02-05"):  # both answered by the next day, long before or after the year
        then = (date.fromisoformat(day) + timedelta(days=1)).isoformat()
        dates = {"received_at": f"{day} 09:00", "due_date": then, "handled_on": then, "replied_at": f"{then} 10:00"}
        words = {key: f"示例：{day}的{key}" for key in ("info_content", "handling_result", "reply_content")}
        retention_office.filled(office, "01A", sample_of("01A", **quality, **dates, **words))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Converter, "convert", blank_convert)
        patched.setattr(office.workspace, "source", lambda: at_now() + timedelta(days=40))
        drawn = draw(office, "BB", "2026-03")
    sheets = year.pandas.read_excel(
        drawn.files["tables.xlsx"], sheet_name=None, header=1, index_col=0, engine="openpyxl"
    )
    return {name.split(" ")[0]: sheet for name, sheet in sheets.items()}


def test_pandas_finds_the_same_handed_in_and_sent_back(year: Year, march: dict[str, Any]) -> None:
    """T06.first_pass: by the log, whatever the day of the paper itself."""
    with year.office.register.read() as tx:
        log = year.pandas.DataFrame([(e.object, e.action, e.at, e.outcome) for e in tx.audit.events()],
                                    columns=["number", "action", "at", "outcome"])  # fmt: skip
    log = log[(log.outcome == "done") & (log["at"] >= "2026-03-01") & (log["at"] < "2026-04")]
    papers = [f"QR758-{form}A" for form in ("04", "05", "06", "07", "08", "11")]
    frames = [year.frame(code[6:8]) for code in papers]
    there = {
        number
        for frame in frames
        if len(frame)
        for number in frame[
            (frame.state != "void") & ~((frame.state == "draft") & frame.number.str.contains("-04A-"))
        ].number
    }
    handed_in = {*log[log.action == "submit"].number} & there
    sent_back = {*log[log.action == "return"].number} & handed_in
    row = march["T06.first_pass"].loc["合计"]
    assert numbers(row, "提交", "退回过") == [len(handed_in), len(sent_back)] and sent_back
    (percent,) = numbers(row, "一次合格率")
    assert percent == pytest.approx(100 * (1 - len(sent_back) / len(handed_in)), abs=0.1)
    assert percent < 100, "never all of them while one came back"


def test_pandas_finds_the_same_without_a_result_of_the_quality_department(year: Year, march: dict[str, Any]) -> None:
    """T12.open: however old it is, it waits until there is a result."""
    told = year.frame("01")
    about = told[told.info_type.map(lambda kinds: "质量信息" in kinds) & (told.state != "void")]
    waiting = about[about.qa_followup.isna() & (about.received_at.str[:10] <= "2026-03-31")]
    served = year.frame("11").reindex(columns=["number", "state", "served_to", "quality_items", "transferred_to"])
    asked = served.quality_items.map(lambda rows: isinstance(rows, list) and any(r.get("needs_qa") for r in rows))
    waiting_11 = served[asked.astype(bool) & served.transferred_to.isna() & (served.state != "void")]
    expected = {*waiting.number, *waiting_11.number}
    assert {str(n) for n in march["T12.open"].index if str(n).startswith("QR758")} == expected and len(expected) >= 2
    days = march["T12.open"]["已历天数"]
    assert max(int(d) for d in days if str(d).isdecimal()) == (date(2026, 3, 31) - date(2024, 2, 5)).days


@pytest.fixture(scope="module")
def occasions(year: Year) -> Any:
    """Each occasion of the year: a mean for each item, weights over what is there."""
    pandas = year.pandas
    keys = ["number", "notice_no", "customer_unit", "military_branch", "user_sign_date", "product_rating", *WEIGHTS]
    frames = [year.frame(form)[lambda f: f.valid].reindex(columns=keys) for form in ("04", "05", "06", "07", "08")]
    sheets = pandas.concat(frames)
    own = sheets.number.str.startswith("QR758-04A") | sheets.notice_no.isna() | (sheets.notice_no == "")
    sheets["occasion"] = sheets.notice_no.where(~own, sheets.number) + sheets.customer_unit
    items = ["product_rating", *WEIGHTS]
    rated = sheets[sheets[items].notna().any(axis=1)]
    scores = sheets[items].apply(lambda column: column.map(SCORES)).groupby(sheets.occasion).mean()
    weights = pandas.Series(WEIGHTS)
    of = scores[[*WEIGHTS]]
    enough = of["service_rating"].notna() | (of.notna().sum(axis=1) >= 2)
    scores["service"] = ((of * weights).sum(axis=1) / (of.notna() * weights).sum(axis=1)).where(enough)
    scores["day"] = rated.groupby("occasion").user_sign_date.min()
    scores["branch"] = sheets.groupby("occasion").military_branch.first()
    return scores[(scores.day >= FIRST) & (scores.day <= LAST)]


def test_pandas_measures_the_same_satisfaction(year: Year, occasions: Any) -> None:
    row = year.sheets["T13.index"].loc["合计"]
    assert int(row.filter(like="样本").iloc[0]) == occasions.service.count()
    row = year.sheets["M01.index"].loc["合计"]
    found = [float(row.filter(regex=f"^{name}").iloc[0]) for name in ("服务满意度", "产品满意度")]
    assert found == pytest.approx([occasions.service.mean(), occasions.product_rating.mean()], abs=0.05001)
    assert int(row.filter(regex="^服务样本").iloc[0]) == occasions.service.count()
    means = occasions.groupby("branch").service.mean().dropna()
    shown = year.sheets["M02.index"].filter(regex="^服务满意度").iloc[:, 0].drop("合计").dropna()  # notes are rows, too
    assert {k: float(v) for k, v in shown.items()} == pytest.approx({**means}, abs=0.05001)
    months = occasions.groupby(occasions.day.str[:7]).service.mean()
    trend = year.sheets["M10.months"].filter(regex="^服务满意度").iloc[:, 0].dropna()
    told = {f"2025年{int(month[5:])}月": value for month, value in months.dropna().items()}
    assert {k: float(v) for k, v in trend.items() if v != "—"} == pytest.approx(told, abs=0.05001)


def test_pandas_finds_the_same_grades_comments_and_sources(year: Year) -> None:
    frames = [year.frame(form)[lambda f: f.valid] for form in ("04", "05", "06", "07", "08")]
    keys = ["number", "user_sign_date", "user_comments", "product_rating", *WEIGHTS]
    sheets = year.pandas.concat([f.reindex(columns=keys) for f in frames])
    sheets = sheets[(sheets.user_sign_date >= FIRST) & (sheets.user_sign_date <= LAST)]
    service = counts(sheets.service_rating.dropna())
    row = year.sheets["M06.grades"].loc["服务质量"]
    assert {g: int(v) for g in GRADES if (v := row.filter(regex=f"^{g}").iloc[0])} == service
    rated = sheets[["product_rating", *WEIGHTS]].notna().any(axis=1)
    assert year.listed("M09.comments") == {*sheets[sheets.user_comments.notna() & rated].number}
    asked = year.within("01", "received_at")
    asked = asked[asked.channel.isin(["满意度调查", "走访", "电话"])]
    assert year.cells("M11.channels", "件数") == counts(asked.channel)


def rated_at_all(sheets: Any) -> Any:
    return sheets[["product_rating", *WEIGHTS]].notna().any(axis=1)


@pytest.fixture(scope="module")
def sheets(year: Year) -> Any:
    """Every valid paper with room for a word of the user's, with the occasion it belongs to."""
    keys = ["number", "notice_no", "customer_unit", "user_sign_date", "arrived_on", "left_on", "not_rated_reason",
            "performed_by", "performing_unit", "product_model", "products", "product_rating", *WEIGHTS]  # fmt: skip
    frames = [year.frame(form)[lambda f: f.valid].reindex(columns=keys) for form in ("04", "05", "06", "07", "08")]
    found = year.pandas.concat(frames)
    own = found.number.str.startswith("QR758-04A") | found.notice_no.isna() | (found.notice_no == "")
    return found.assign(
        occasion=found.notice_no.where(~own, found.number) + found.customer_unit,
        unit=found.performing_unit.where(found.performed_by == "相关单位", "客户服务中心"),
        is_notice=found.number.str.startswith("QR758-04A"),
    )


def test_pandas_covers_the_same_services(year: Year, sheets: Any) -> None:
    """Due are the valid notices whose people arrived; by the day of the word, or of leaving where there is none."""
    due = sheets[sheets.is_notice & sheets.arrived_on.notna()].set_index("occasion")
    some = sheets[sheets.occasion.isin(due.index)]
    rated = some[rated_at_all(some)].occasion.unique()
    day = some.groupby("occasion").user_sign_date.min().reindex(due.index).where(due.index.isin(rated), due.left_on)
    in_year = (day.str[:10] >= FIRST) & (day.str[:10] <= LAST)
    row = year.sheets["M01.coverage"].loc["合计"]
    expected = [int(in_year.sum()), int((in_year & due.index.isin(rated)).sum())]
    assert numbers(row, "应评价", "已评价") == expected
    (percent,) = numbers(row, "覆盖率")
    assert percent == pytest.approx(100 * expected[1] / expected[0], abs=0.05001)
    why = some.groupby("occasion").not_rated_reason.first().reindex(due.index)[in_year & ~due.index.isin(rated)]
    assert year.cells("M07.reasons", "服务") == counts(why.fillna("未填"))


def test_pandas_measures_the_same_of_units_and_in_the_summary(year: Year, sheets: Any, occasions: Any) -> None:
    unit = sheets.sort_values("is_notice", ascending=False, kind="stable").groupby("occasion").unit.first()
    means = occasions.service.groupby(unit.reindex(occasions.index)).mean().dropna()
    shown = year.sheets["M04.index"].filter(regex="^服务满意度").iloc[:, 0].drop("合计").dropna()
    assert {k: float(v) for k, v in shown.items()} == pytest.approx({**means}, abs=0.05001)
    row = year.sheets["T13.index"].loc["合计"]
    pleased = occasions.service_rating.dropna() >= 80
    expected = [occasions.service.mean(), occasions.product_rating.mean(), 100 * pleased.mean()]
    assert numbers(row, "服务满意度", "产品满意度", "满意率") == pytest.approx(expected, abs=0.05001)
    now = year.sheets["T00.key"].loc["本期"]
    sent = year.within("04", "departed_on")
    faults = faults_of(year.within("06", "finished_on", valid=True))
    information = year.within("01", "received_at")
    complaints = information.info_type.map(lambda kinds: bool({"抱怨", "投诉"}.intersection(kinds))).sum()
    found = numbers(now, "派出（", "派出人次", "故障", "服务满意度", "抱怨、投诉")
    expected = [len(sent), sent.staff.str.len().sum(), len(faults), occasions.service.mean(), complaints]
    assert found == pytest.approx(expected, abs=0.05001)
    for name, table in (("按期到达率", "T06.arrival"), ("报告提交及时率", "T06.report"), ("一次修复率", "T07.total")):
        other = year.sheets[table].loc["合计"]
        assert numbers(now, name) == numbers(other, name.removeprefix("报告"))


def test_pandas_measures_the_same_of_each_model(year: Year, sheets: Any) -> None:
    """By what the reports of an occasion say of each model; the notice's own word where they say none, of its one model."""
    pandas = year.pandas
    reports = sheets[~sheets.is_notice]
    silent = (
        sheets.groupby("occasion")
        .product_rating.first()
        .index.difference(reports[reports.product_rating.notna()].occasion)
    )
    notices = sheets[sheets.is_notice & sheets.occasion.isin(silent)]
    models = notices.products.map(lambda rows: sorted({r["product_model"] for r in rows}))
    notices = notices.assign(product_model=models.map(lambda names: names[0] if len(names) == 1 else None))
    every = pandas.concat([reports, notices])
    every = every[every.product_model.notna()]
    group = every.groupby(["occasion", "product_model"])
    scores = every.assign(**{k: every[k].map(SCORES) for k in ("product_rating", *WEIGHTS)})
    means = scores.groupby(["occasion", "product_model"])[["product_rating", *WEIGHTS]].mean()
    weights, of = pandas.Series(WEIGHTS), means[[*WEIGHTS]]
    enough = of.service_rating.notna() | (of.notna().sum(axis=1) >= 2)
    means["service"] = ((of * weights).sum(axis=1) / (of.notna() * weights).sum(axis=1)).where(enough)
    day = group.user_sign_date.min()
    means = means[(day >= FIRST) & (day <= LAST) & means[["product_rating", *WEIGHTS]].notna().any(axis=1)]
    for name, column in (("服务满意度", "service"), ("产品满意度", "product_rating")):
        shown = year.sheets["M03.index"].filter(regex=f"^{name}").iloc[:, 0].drop("合计").dropna()
        expected = means[column].groupby("product_model").mean().dropna()
        told = {str(k): float(v) for k, v in shown.items() if v not in ("—", "/")}
        assert told == pytest.approx({**expected}, abs=0.05001)


def test_pandas_raises_the_same_alarms(year: Year, sheets: Any, occasions: Any) -> None:
    """A1 by sheet, A2 by index, A5 by answer; of an office without follow-ups no A6 (I.5)."""
    bad = sheets[(sheets.user_sign_date >= FIRST) & (sheets.user_sign_date <= LAST)]
    bad = bad[bad[["product_rating", *WEIGHTS]].isin(["不满意", "很不满意"]).any(axis=1)]
    found = Counter(str(kind) for kind in year.sheets["M08.alarms"].index)
    below = sum(v.count() >= 5 and v.mean() < 90 for v in (occasions.service, occasions.product_rating))
    every = year.frame("01")
    done = every[["handled_on", "replied_at"]].apply(lambda c: c.str[:10]).max(axis=1, skipna=False)
    unhappy = (every.user_satisfied == "不满意") & (done >= FIRST) & (done <= LAST) & (every.state != "void")
    (covered,) = numbers(year.sheets["M01.coverage"].loc["合计"], "覆盖率")
    expected = {"A1": len(bad), "A2": below, "A4": int(covered < 80), "A5": int(unhappy.sum())}
    assert {kind: found[kind] for kind in expected} == expected and found["A6"] == 0
    told = " ".join(map(str, year.sheets["M08.alarms"].loc[["A1"]].to_numpy().ravel()))
    assert [number for number in bad.number if number not in told] == []


def test_the_years_report_has_its_charts(year: Year) -> None:
    """On paper as pictures whose words tell the numbers, in the workbook as native charts of the same (F.9)."""
    kinds = [name.rpartition("-")[2][:2] for name in year.drawn.files if name.startswith("charts/")]
    assert sorted(kinds) == ["C1", "C2", "C3", "C3", "C4", "C4", "C5"]
    book = openpyxl.load_workbook(year.drawn.files["tables.xlsx"])
    assert sum(bool(sheet._charts) for sheet in book) == len(kinds)  # type: ignore[attr-defined]
    with zipfile.ZipFile(year.drawn.files["document.docx"]) as packed:
        told = re.findall(r'descr="([^"]*)"', packed.read("word/document.xml").decode())
    assert len(told) == 2 * len(kinds), "of the drawing and of the picture in it"
    trend = next(words for words in told if "月度趋势" in words)
    months = year.within("04", "departed_on").departed_on.str[:7].value_counts()
    assert f"2025-06：派出 {months.get('2025-06', 0)}，" in trend


def test_a_chart_on_the_desk_is_the_drawing_of_the_papers_picture(year: Year) -> None:
    number = year.drawn.document_no
    charts = outline(year.office, number).charts
    browser = Browser(year.office).enter()
    page = browser.get(f"/reports/{number}")
    with zipfile.ZipFile(year.drawn.files["document.docx"]) as packed:
        on_paper = {packed.read(name) for name in packed.namelist() if name.endswith(".png")}
    for name, chart in charts.items():
        assert f"/reports/{number}/chart?name={name}" in page
        assert browser.get(f"/reports/{number}/chart?name={name}") == svg(chart)
        assert picture(chart) in on_paper
    assert len(charts) + 1 == len(on_paper), "and the code of the paper"
