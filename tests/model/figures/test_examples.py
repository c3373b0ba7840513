"""Smaller worked examples: numbers (V-4), first-time repair (V-5), and what must hold of any records."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from qrecords.model.figures import Figure, Rate, Rounding, shares
from qrecords.model.figures.measures import against
from qrecords.model.record import Record, Signed
from tests.model.figures.rows import Paper, record

SITE = {"service_category": "现场维修", "product_model": "甲"}


def test_v4_percentages_as_they_are_printed() -> None:
    assert [str(Rate(*pair).percent()) for pair in [(1, 16), (1999, 2000), (1, 3000), (0, 5), (0, 0)]] == [
        "6.3", "99.9", "0.1", "0.0", "None",
    ]  # fmt: skip


def test_v4_shares_add_to_a_hundred_the_upper_rows_first() -> None:
    assert shares([1, 1, 1]) == [Decimal(x) for x in ("33.4", "33.3", "33.3")]
    assert shares([1] * 6) == [Decimal(x) for x in ("16.7", "16.7", "16.7", "16.7", "16.6", "16.6")]
    assert shares([7, 5, 3, 2]) == [Decimal(x) for x in ("41.2", "29.4", "17.6", "11.8")]


def calls(month: str, count: int) -> list[Record]:
    return [record(f"{month}-{n}", "02A", call_at=f"{month}-05T09:00", direction="来电") for n in range(count)]


def test_v4_growth_since_the_month_before() -> None:
    faxes = [record("F", "03A", fax_at="2026-01-05T09:00", direction="收")]
    new = Paper("2026-02", [*faxes, *calls("2026-02", 3)])
    assert new["T01.forms.f02.growth"] == "新增"
    gone = Paper("2026-02", [*calls("2026-01", 3), *faxes])
    assert gone["T01.forms.f02.growth"] == "-100.0"
    neither = Paper("2026-02", [*faxes, *calls("2026-02", 1)])
    assert neither["T01.forms.f01.growth"] == "—"


def test_v4_a_period_before_the_first_record_is_nothing_to_compare_with() -> None:
    first = Paper("2026-02", calls("2026-02", 3))
    assert (first["T01.forms.f02.before"], first["T01.forms.f02.growth"]) == ("—", "—")
    gap = Paper("2026-03", [*calls("2026-01", 1), *calls("2026-03", 1)])
    assert gap["T01.forms.f02.before"] == "—", "the office has no record of February at all"


def test_h1_a_brief_names_the_products_and_what_users_told_of_their_quality() -> None:
    about = {"product_model": "SL-120", "serial_no": "01", "military_branch": "海军"}
    told = {
        "received_at": "2026-03-05T09:00",
        "info_type": ["质量信息", "意见"],
        "info_content": "示例：噪声大",
    } | about
    rows = [
        record("N", "04A", issued_on="2026-03-02", departed_on="2026-03-03", products=[
            {"product_model": "SL-120", "serial_no": "01"}, {"product_model": "SL-210"}, {"product_model": "SL-210"}]),
        record("R", "06A", finished_on="2026-03-04", fault_symptom="示例：不开机", fault_cause="示例：电源坏",
               repair_action="示例：换电源", repair_conclusion="修复", service_category="现场维修", **about),
        record("NO", "06A", finished_on="2026-03-04", repair_conclusion="无故障", service_category="现场维修", **about),
        record("LATE", "01A", "draft", due_date="2026-03-20", **told),
        record("SOON", "01A", "draft", due_date="2026-04-05", **told),
        record("DONE", "01A", due_date="2026-03-20", handled_on="2026-03-08", replied_at="2026-03-08T10:00",
               cause_analysis="示例：轴承", handling_result="示例：加油", **told),
        record("IDEA", "01A", received_at="2026-03-05T09:00", info_type=["建议"]),
    ]  # fmt: skip
    brief = Paper("2026-03", rows, kind="JB", cutoff="2026-04-10")
    assert [line[3] for line in brief.listed("J01", "tasks")] == ["SL-120/01、SL-210"]
    troubles = {line[0]: line[1:] for line in brief.listed("J01", "faults")}
    assert troubles["R"] == ("SL-120/01", "示例：不开机", "示例：电源坏", "示例：换电源", "修复")
    assert troubles["DONE"] == ("SL-120/01", "示例：噪声大", "示例：轴承", "示例：加油", "已办结")
    assert {no: line[-1] for no, line in troubles.items() if no in {"LATE", "SOON"}} == {
        "LATE": "未办结（逾期）", "SOON": "未办结",
    }  # fmt: skip
    assert {*troubles} == {"R", "DONE", "LATE", "SOON"}


def test_v4_the_summary_compares_with_the_month_before_and_the_year_before() -> None:
    """Amounts in per cent, rates in points; people's days and what is open are those of each period itself."""
    journeys = [("02-02", "02-03", 1, "02-02", "02-02"), ("02-10", "02-12", 2, "02-11", "02-12")]
    journeys += [("03-01", "03-02", 1, "03-01", "03-01")] * 3
    rows = [
        record(f"N{n}", "04A", issued_on=f"2026-{gone}", departed_on=f"2026-{gone}", returned_on=f"2026-{back}",
               required_arrival=f"2026-{asked}", arrived_on=f"2026-{came}", staff=[{"name": "甲"}] * people)
        for n, (gone, back, people, asked, came) in enumerate(journeys)
    ]  # fmt: skip
    rows.append(record("C", "01A", received_at="2026-02-05T09:00", info_type=["投诉"], handled_on="2026-03-10",
                       replied_at="2026-03-10T10:00"))  # fmt: skip
    paper = Paper("2026-03", rows, cutoff="2026-04-10")
    picked = ("sent", "days", "arrival", "complaints", "open_complaints")
    shown = {key: [paper.row("T00", "key", key)[name] for name in picked] for key in ("now", "before", "growth")}
    assert shown == {
        "now": ["3", "6", "100.0", "0", "0"],
        "before": ["2", "8", "50.0", "1", "1"],
        "growth": ["50.0", "-25.0", "50.0", "-100.0", "-100.0"],
    }
    assert [paper.figure(f"T00.key.growth.{name}").unit for name in ("days", "arrival", "service")] == [
        "%", "百分点", "分",
    ]  # fmt: skip
    assert {*paper.row("T00", "key", "year_before").values()} == {"—"}, "the office has no record of March 2025"
    assert {*paper.row("T00", "key", "year_growth").values()} == {"—"}


def test_v4_an_index_below_its_target_is_not_printed_as_the_target() -> None:
    assert against(Fraction(8996, 100), Decimal(90), Rounding.HALF_UP) == "89.96"


def site_faults(repeat: str) -> list[Record]:
    rows = [
        ("S1", "1", "01-10", "修复"),
        ("S2", "2", "01-12", "临时恢复"),
        ("S3", "3", "01-20", "修复"),
        ("S4", "4", "01-25", "修复"),
    ]
    faults = [
        record(name, "06A", serial_no=serial, finished_on=f"2026-{day}", repair_conclusion=said, **SITE)
        for name, serial, day, said in rows
    ]
    again = [
        record(
            "S3b",
            "06A",
            serial_no="3",
            reported_on="2026-02-10",
            finished_on="2026-02-12",
            repair_conclusion="修复",
            **SITE,
        ),
        record(
            "S4b", "06A", serial_no="4", reported_on=repeat, finished_on="2026-02-26", repair_conclusion="修复", **SITE
        ),
    ]
    return [*faults, *again]


def test_v5_a_repair_that_held_thirty_days_is_a_first_time_repair() -> None:
    found = Paper("2026-01", site_faults("2026-02-24"), cutoff="2026-03-10")
    assert (found["T07.total.total.first_fix"], found["T07.total.total.fixed"]) == ("25.0", "75.0")
    assert found.figure("T07.total.total.first_fix").records == ("S1",)
    later = Paper("2026-01", site_faults("2026-02-25"), cutoff="2026-03-10")
    assert (later["T07.total.total.first_fix"], later["T07.total.total.fixed"]) == ("50.0", "75.0")


def test_parts_are_counted_by_name_and_model_whatever_the_blanks() -> None:
    lines = [[("电源模块", "PM-1", 2)], [("电源 模块", "PM-1", 1), ("风扇", "F1", 1)]]
    reports = [
        record(f"R{n}", "06A", finished_on="2026-03-05", repair_conclusion="修复", serial_no=str(n),
               parts=[{"name": name, "model": model, "quantity": q} for name, model, q in parts], **SITE)
        for n, parts in enumerate(lines)
    ]  # fmt: skip
    paper = Paper("2026-03", reports)
    table = paper.part("T08", "parts")
    shown = {row.label: [c.shown for c in row.cells if isinstance(c, Figure)] for row in table.rows}
    assert shown == {"电源 模块 PM-1": ["3", "2", "1"], "风扇 F1": ["1", "1", "1"], "合计": ["4", "2", "1"]}


def test_what_was_handed_in_and_sent_back() -> None:
    reports = [record(f"R{n}", "06A", finished_on="2026-02-20", repair_conclusion="修复", **SITE) for n in range(3)]
    handed_in = {"R0": ("2026-03-02", False), "R1": ("2026-03-03", True)}
    row = Paper("2026-03", reports, handed_in=handed_in).row("T06", "first_pass")
    assert row == {"handed_in": "2", "sent_back": "1", "percent": "50.0"}


def test_r44_results_of_the_quality_department_are_due_from_the_hand_over_on() -> None:
    """Thirty days: of 2 March on 1 April, of the 20th in April too; what was never handed over is due no result."""
    about = {"info_type": ["质量信息"], "received_at": "2026-03-01T09:00"}

    def handed(day: str) -> list[Signed]:
        return [Signed("quality-receipt", "质量员", day)]

    rows = [
        record("Q1", "01A", signed=handed("2026-03-02"), qa_followup="措施有效", **about),
        record("Q2", "01A", signed=handed("2026-03-20"), **about),
        record("Q3", "01A", signed=handed("2026-02-10"), **about),
        record("Q4", "01A", signed=False, **about),
        record("Q5", "11A", signed=handed("2026-03-03"), served_to="2026-03-01", transferred_to="Q1",
               quality_items=[{"product": "甲", "problem": "示例", "needs_qa": True}]),
        record("Q6", "01A", signed=handed("2026-03-02"), paper_no="旧-1", **about),
    ]  # fmt: skip
    april = Paper("2026-04", rows, cutoff="2026-05-10")
    assert april.row("T12", "result") == {"due": "2", "there": "1", "missing": "1", "percent": "50.0"}
    assert april.figure("T12.result.total.missing").records == ("Q2",)
    march = Paper("2026-03", rows, cutoff="2026-04-10")
    assert march.figure("T12.result.total.due").records == ("Q3",)
    assert [line[0] for line in april.listed("T12", "open")] == ["Q2", "Q3", "Q4"]


def test_r25_r27_related_units_hand_in_by_the_day_of_the_next_month() -> None:
    """The 5th of April 2026 is a Sunday of a holiday: the next working day counts."""
    rows = [("A", "2026-04-07", None), ("B", "2026-04-08", None), ("C", None, "2026-03-25"), ("D", None, "2026-06-01")]
    found: list[Record] = []
    for name, submitted, informed in rows:
        found.append(
            record(name, "04A", issued_on="2026-03-01", departed_on="2026-03-02", returned_on="2026-03-20",
                   submitted_on=submitted, performed_by="相关单位", performing_unit="甲所")
        )  # fmt: skip
        if informed:
            found.append(record(f"{name}11", "11A", served_to="2026-03-19", sent_on=informed, notice=name))
    row = Paper("2026-03", found, cutoff="2026-06-10").row("T06", "related", "甲所")
    assert row == {
        "back": "4", "in_time": "1", "late": "1", "overdue": "2", "info_there": "2", "info_late": "1", "info_overdue": "2",
    }  # fmt: skip


# Any records

days = st.dates(date(2026, 1, 1), date(2026, 6, 30))
units = st.sampled_from(["客户服务中心", "甲所", "乙所"])


@st.composite
def journeys(draw: st.DrawFn) -> list[Record]:
    found = []
    for n in range(draw(st.integers(0, 12))):
        gone, away = draw(days), draw(st.none() | st.integers(0, 70))
        unit = draw(units)
        back = gone + timedelta(days=away) if away is not None else None
        found.append(
            record(
                f"N{n}", "04A", "issued" if back is None else "filed",
                issued_on=str(gone), departed_on=str(gone), returned_on=str(back) if back else None,
                performed_by="客户服务中心" if unit == "客户服务中心" else "相关单位", performing_unit=unit,
                service_category=draw(st.lists(st.sampled_from(["安装", "开通", "走访"]), min_size=1, unique=True)),
                service_origin=draw(st.sampled_from(["用户要求", "其他", None])),
                charge_type="无偿", staff=[{"name": "甲"}] * draw(st.integers(1, 3)),
            )
        )  # fmt: skip
    return found


def value(paper: Paper, name: str) -> Fraction:
    return Fraction(paper.figure(name).value or 0)


@settings(max_examples=40, deadline=None)
@given(journeys())
def test_rows_of_one_kind_add_up_to_the_total_and_stock_and_flow_close(records: list[Record]) -> None:
    paper = Paper("2026-03", records, cutoff="2026-12-31")  # a table that does not close is refused
    for table, part in [("T03", "flow"), ("T03", "origin"), ("T05", "people")]:
        found = paper.part(table, part)
        for place, head in enumerate(found.columns):
            cells = [(row.total, row.cells[place]) for row in found.rows]
            counts = [(total, c) for total, c in cells if isinstance(c, Figure) and head.key not in {"share", "most"}]
            summed = sum(Fraction(c.value or 0) for total, c in counts if not total)
            assert all(c.value == summed for total, c in counts if total)
    several = paper.part("T03", "category")
    totals = [row.cells[0] for row in several.rows if row.total]
    assert [c.value for c in totals if isinstance(c, Figure)] == [value(paper, "T03.planned.total.sent")]


@settings(max_examples=40, deadline=None)
@given(journeys())
def test_shares_of_a_table_add_to_a_hundred(records: list[Record]) -> None:
    found = Paper("2026-H1", records, cutoff="2026-12-31").part("T03", "origin")
    place = next(n for n, head in enumerate(found.columns) if head.key == "share")
    shown = [c.shown for row in found.rows if not row.total and isinstance(c := row.cells[place], Figure)]
    assert sum(Decimal(s) for s in shown if s != "—") in {Decimal("100.0"), Decimal(0)}


@settings(max_examples=25, deadline=None)
@given(journeys())
def test_a_half_year_is_counted_from_its_records_and_each_counts_once(records: list[Record]) -> None:
    half = Paper("2026-H1", records, cutoff="2026-12-31")
    sent = half.figure("T03.planned.total.sent")
    assert sorted(sent.records) == sorted(r.record_no for r in records if r.values["departed_on"] <= "2026-06-30")
    assert sent.value == len(sent.records)
    months = [value(Paper(f"2026-0{n}", records, cutoff="2026-12-31"), "T05.people.total.days") for n in range(1, 7)]
    assert value(half, "T05.people.total.days") == sum(months), "days away are split at the ends of the months"


@settings(max_examples=25, deadline=None)
@given(journeys(), st.randoms())
def test_figures_do_not_depend_on_the_order_records_are_read_in(records: list[Record], random: Random) -> None:
    shuffled = [*records]
    random.shuffle(shuffled)
    ordered, other = (Paper("2026-03", found, cutoff="2026-12-31") for found in (records, shuffled))
    assert [(f.id, f.shown) for t in ordered.drawn.tables for f in t.figures()] == [
        (f.id, f.shown) for t in other.drawn.tables for f in t.figures()
    ]


def test_what_a_figure_rests_on_is_named_with_its_share_of_it() -> None:
    paper = Paper("2026-03", [replace(r) for r in calls("2026-03", 2)])
    figure = paper.figure("T02.calls.total.calls")
    assert (figure.records, figure.contributions, figure.unit) == (("2026-03-0", "2026-03-1"), (), "件")
