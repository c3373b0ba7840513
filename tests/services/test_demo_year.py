"""The sample years: what reports need to be judged by is in them, and they are the same each time."""

from __future__ import annotations

import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from typing import Any

import openpyxl
import pytest

from qrecords.model.record import State
from qrecords.office import Office
from qrecords.render.charts.picture import picture
from qrecords.render.charts.svg import svg
from qrecords.render.pdf import Converter
from qrecords.services.administer import init, open_office
from qrecords.services.demo import add_years
from qrecords.services.demoyear import GRADES, RATINGS, Happened, happened
from qrecords.services.finding.find import list_records
from qrecords.services.reports.draw import draw
from qrecords.services.reports.kept import outline
from qrecords.stores.formfiles import FormCatalogue
from tests.conftest import FORMS, at_now
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

    def listed(self, table: str) -> set[str]:
        """Return the records a list names."""
        return {str(number) for number in self.sheets[table].index} - {"无"}

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
    assert year.listed("T17.list") == open_ones
    dates = {"05": "train_to", "06": "finished_on", "07": "finished_on", "08": "finished_on"}
    out = [frame[~frame.valid].number for frame in (year.within(form, key) for form, key in dates.items())]
    assert year.listed("T18.list") == {number for numbers in out for number in numbers}


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
