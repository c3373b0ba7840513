"""Optional parts on and off: what an office without them sees is what it saw before, what was made on them stays."""

from __future__ import annotations

import json
import re
import shutil
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from qrecords.cli.wording import worded
from qrecords.errors import NotFound, WrongState
from qrecords.model.access import Grant
from qrecords.model.period import Period
from qrecords.model.record import Record, State
from qrecords.model.rules import holds, violations
from qrecords.office import Office
from qrecords.render.pdf import Converter
from qrecords.services.administer import open_office
from qrecords.services.checking import reminders
from qrecords.services.demo import add_packs
from qrecords.services.due import due
from qrecords.services.excerpts import paper_file, papers_of
from qrecords.services.finding.find import list_records, show
from qrecords.services.finding.search import Criteria, search
from qrecords.services.intake.fill import fill
from qrecords.services.packs import packs, switch
from qrecords.services.reports.draw import draw
from qrecords.services.reports.figures import figures_of, means_of
from qrecords.services.steps import issue, void
from qrecords.stores.formfiles import FormCatalogue
from qrecords.stores.given import on_disk
from tests.conftest import CHECKOUT, FORMS, CommandLine, at_now
from tests.faulty_disk import blank_convert
from tests.services.test_report_figures import keep
from tests.web.test_desk import Browser

PACKS = CHECKOUT / "packs"
NAMES = ["ledger", "reserve", "response", "return_repair"]
PAPERS = {"ledger": "TZ758-TZ", "reserve": "YB758-YB", "response": "DF758-DC", "return_repair": "FX758-FX"}


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> FormCatalogue:
    """Return the forms of an office with every pack."""
    forms = tmp_path_factory.mktemp("all") / "forms"
    shutil.copytree(FORMS.parent, forms)
    for name, code in PAPERS.items():
        shutil.copytree(PACKS / name, forms / code.rpartition("-")[0])
    return FormCatalogue(forms / "QR758")


# What a unit that is refused has nothing of: all behind the hand-over.
REFUSED: dict[str, None] = dict.fromkeys(
    f["key"]
    for f in tomllib.loads((PACKS / "return_repair/FX/form.toml").read_text(encoding="utf-8"))["fields"]
    if f.get("stage", "handover") != "handover"
)


def paper(name: str, /, **changes: Any) -> dict[str, Any]:
    form = PAPERS[name].rpartition("-")[2]
    values = json.loads((PACKS / name / form / "sample.json").read_text(encoding="utf-8")) | changes
    return {key: value for key, value in values.items() if value is not None}


def told(catalogue: FormCatalogue, name: str, values: dict[str, Any]) -> str:
    form = catalogue.get(PAPERS[name]).form
    checked = form.check(values)
    return "\n".join(
        str(p.message) for p in (*checked.problems, *form.incomplete(checked.values, [s.key for s in form.stages]))
    )


def seen(office: Office) -> dict[str, Any]:
    """Return all an office shows of its parts: forms, deadlines, tables with their columns."""
    means = means_of(office)
    return {
        "forms": office.forms.codes(),
        "deadlines": sorted(office.forms.deadlines),
        "sets": sorted(means.sets),
        "tables": sorted((t.id, p.key, c.key) for t in means.tables for p in t.parts for c in (*p.columns, *p.items)),
        "due": [d.key for d in due(office, on="2026-03-04").due],
    }


PAGES = ("/fill", "/owed", "/records", "/review", "/search", "/shelf/2025", "/retention", "/reports", "/office/forms")
COMMANDS = (
    "forms list", "forms show 06A", "fill --help", "list --help", "papers --help", "due --on 2026-03-04", "list", "search 示例", "packs list",
    "report draw --help", "task arrivals", "complaints",
)  # fmt: skip


def told_of(root: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """Return what commands say, and pages of the desk, without what differs from one session to the next."""
    line = CommandLine(root, capsys)
    ran = {words: line(*words.split()).out for words in COMMANDS}
    with closing(open_office(root)) as office:  # by the clock the commands go by
        browser = Browser(office).enter()
        ran |= {page: re.sub(r"\b[0-9a-f]{32,64}\b", "KEY", browser.get(page)) for page in PAGES}
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Converter, "convert", blank_convert)
            drawn = draw(office, "BB", "2026-02")
    ran["BB"] = str([(t.key, t.title, t.columns, t.rows, t.notes) for t in drawn.tables or ()])
    return ran


def test_off_leaves_no_trace_in_commands_pages_and_reports(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    """What an office without packs is told, to the letter: before, and after all were on; while on, each tells of them."""
    asked = {"info_type": ["要求"], "received_at": "2026-02-10T16:30", "secrecy_level": "内部", "customer_unit": "甲"}
    keep(
        office,
        [Record("QR758-01A-2026-00001", "QR758-01A", 2026, State.SUBMITTED, asked, "示例", "2026-02-10", "甲", "", "")],
    )
    root = office.settings.root

    def turn(*, on: bool) -> None:
        with closing(open_office(root)) as now:
            for name in NAMES:
                switch(now, name, on=on)

    told_of(root, capsys)  # what the first look leaves of itself, the second finds
    before = told_of(root, capsys)
    turn(on=True)
    with_all = told_of(root, capsys)
    changed = {what for what in before if before[what] != with_all[what]}
    assert changed >= {"forms list", "due --on 2026-03-04", "packs list", "/fill", "/office/forms", "BB"}
    assert "答复时限" in with_all["BB"] and "答复时限" not in before["BB"]
    turn(on=False)
    after = told_of(root, capsys)
    assert {what: text for what, text in after.items() if text != before[what]} == {}
    for what, text in before.items():
        if what != "packs list":
            assert not any(code in text for code in ("TZ758", "YB758", "DF758", "FX758")), what


def again(office: Office) -> Iterator[Office]:
    with closing(open_office(office.settings.root, clock=at_now)) as opened:
        yield opened


def test_off_leaves_no_trace(office: Office) -> None:
    before = seen(office)
    assert [(p.name, p.on) for p in packs(office)] == [(name, False) for name in NAMES]
    for name in NAMES:
        assert switch(office, name, on=True).on
    (with_all,) = [seen(opened) for opened in again(office)]
    for part in ("forms", "deadlines", "sets", "tables"):
        assert set(map(str, before[part])) < set(map(str, with_all[part])), part
    assert "opinion_solicitation" in with_all["due"]
    for name in NAMES:
        assert not switch(office, name, on=False).on
    (without,) = [seen(opened) for opened in again(office)]
    assert without == before
    assert [e for e in packs(office) if e.on] == []


def test_what_was_made_on_a_pack_stays_readable_and_nothing_new_is_made(
    office: Office, write: Callable[..., Path]
) -> None:
    switch(office, "ledger", on=True)
    for opened in again(office):
        fill(opened, "TZ", [on_disk(write(paper("ledger")))])
        with pytest.raises(WrongState, match="还有1份记录没有办完"):
            switch(opened, "ledger", on=False)
        void(opened, ["TZ758-TZ-2026-00001"], reason="示例")
        switch(opened, "ledger", on=False)
    for opened in again(office):
        assert show(opened, "TZ758-TZ-2026-00001").values["content"] == "无意见"
        with pytest.raises(NotFound):
            fill(opened, "TZ758-TZ", [on_disk(write(paper("ledger")))])
    switch(office, "ledger", on=True)
    for opened in again(office):
        (made,) = fill(opened, "TZ", [on_disk(write(paper("ledger", content="示例二")))]).records
        assert made.record_no == "TZ758-TZ-2026-00002"


def test_another_name_is_told(office: Office) -> None:
    with pytest.raises(NotFound, match="没有名为「plan」"):
        switch(office, "plan", on=True)


def test_a_pack_that_cannot_be_read_is_not_turned_on(office: Office) -> None:
    """The office goes on without it: one wrong line would keep it from every command."""
    switch(office, "ledger", on=True)
    switch(office, "ledger", on=False)
    spoilt = office.settings.forms_dir.parent / "TZ758" / "TZ" / "form.toml"
    spoilt.write_text(spoilt.read_text(encoding="utf-8").replace('block = "head"', 'block = "none"'), encoding="utf-8")
    with pytest.raises(WrongState, match="读不出") as refused:
        switch(office, "ledger", on=True)
    assert any("none" in str(p.message) for p in refused.value.problems)
    for opened in again(office):
        assert opened.forms.all() and not [p for p in packs(opened) if p.on]


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_is_whole(catalogue: FormCatalogue, name: str) -> None:
    assert told(catalogue, name, paper(name)) == ""
    for sample in sorted((PACKS / name).glob("*/sample.json")):  # its other forms, where it has some
        form = catalogue.get(f"{PAPERS[name].rpartition('-')[0]}-{sample.parent.name}").form
        checked = form.check(json.loads(sample.read_text(encoding="utf-8")))
        assert not [*checked.problems, *form.incomplete(checked.values, [s.key for s in form.stages])], form.code


OTHER = paper("return_repair")["other_makers"][0]
REFUSALS: list[tuple[str, dict[str, Any], str]] = [
    # A unit that comes without one of its papers, or with others than told, is refused (R145, R146).
    ("return_repair", {"has_packing_list": False}, "没有装箱清单，只能拒收"),
    ("return_repair", {"has_fault_sheet": False}, "没有故障单，只能拒收"),
    ("return_repair", {"match_in": False}, "文、物不一致，只能拒收"),
    ("return_repair", {"acceptance": "拒收", "refusal_reason": "缺装箱清单"}, "不能分发、维修、交付：「开箱日期」"),
    ("return_repair", {"late_reason": None}, "超过7日（最迟2026-02-05）"),
    (
        "return_repair",
        {"accepted_on": "2026-04-13", "repaired_reported_on": "2026-04-14"},
        "超过60日（最迟2026-04-12）",
    ),
    ("return_repair", {"search_plan_no": None}, "排查方案编号"),
    ("return_repair", {"told_quality_on": None}, "报质量部门日期"),
    ("return_repair", {"inspector": None}, "检验员"),
    ("return_repair", {"kit_complete": False}, "没有齐套，不能交付用户"),
    ("return_repair", {"has_packing_list_out": False}, "交付时"),
    ("return_repair", {"handed_to_user_on": "2026-03-01"}, "早于"),
    ("return_repair", {"route_maker": "另一研究所"}, "改变路线的原因"),
    ("return_repair", {"contract_no": None, "inspection_conclusion": None}, "检验结论"),
    ("return_repair", {"certificate_entry_on": None}, "证明文件记载日期"),
    ("return_repair", {"acceptance": "拒收", **REFUSED}, "拒收原因"),
    ("reserve", {"employment": "其他"}, "正式职工"),
    ("reserve", {"verdict": "退出"}, "变动标记写退出"),
    ("reserve", {"filed_with_user_on": None}, "用户备案日期"),
    ("ledger", {"category": "跟产学习"}, "用户单位"),
    ("return_repair", {"has_certificate": False}, "没有产品证明文件，只能拒收"),
    ("return_repair", {"check_items": [{"name": "终端", "quantity": 1, "matches": False}]}, "交接清单里有文、物不一致"),
    ("return_repair", {"received_by_maker_on": None}, "承制单位签收日期"),
    ("return_repair", {"handed_to_user_on": None}, "交付用户日期"),
    ("reserve", {"approved_on": "2026-01-01"}, "早于"),
    ("ledger", {"closed_on": "2026-03-01"}, "早于"),
    ("response", {"returned_on": "2026-03-01"}, "早于"),
    # A unit that goes to several makers: each by its own route, the case by the last of them (R147).
    ("return_repair", {"other_makers": [{**OTHER, "maker": "另一所"}]}, "请填「改变原因」：「其他承制单位」第1行"),
    ("return_repair", {"other_makers": [{**OTHER, "received_on": "2026-02-12"}]}, "写最后一个签收的"),
    ("return_repair", {"other_makers": [{**OTHER, "accepted_on": "2026-03-19"}]}, "写最后一个验收的"),
    ("return_repair", {"other_makers": [{**OTHER, "received_on": None}]}, "也要有签收日期"),
    ("return_repair", {"other_makers": [{**OTHER, "accepted_on": None}]}, "也要有验收日期"),
]


@pytest.mark.parametrize(("name", "changes", "words"), REFUSALS)
def test_what_a_paper_refuses(catalogue: FormCatalogue, name: str, changes: dict[str, Any], words: str) -> None:
    assert words in told(catalogue, name, paper(name, **changes))


@pytest.mark.parametrize(
    ("born", "told_of"),
    [
        ("1990-05", ""), ("1981-01", ""), ("1980-12", ""), ("1980-01", "46岁"), ("2008年2月", "17岁"), ("五月", "1990-05"),
    ],
)  # fmt: skip
def test_r160_of_the_age_the_office_sets(catalogue: FormCatalogue, born: str, told_of: str) -> None:
    """Whole years on the day of the entry, 20 January 2026; what is no month is told as such."""
    form = catalogue.get("YB").form
    found = [str(p.message) for p in form.warnings(form.check(paper("reserve", born_on=born)).values)]
    assert [told_of in m for m in found] == ([True] if told_of else [])


def test_every_refusal_has_its_clause_and_a_case_that_meets_it(catalogue: FormCatalogue) -> None:
    """What a pack refuses names the clause it follows, and each of its rules is broken above, by no sample."""
    for name, code in PAPERS.items():
        form = catalogue.get(code).form
        tried = [form.check(paper(of, **changes)).values for of, changes, _ in REFUSALS if of == name]
        own = [r for r in form.rules if r.level == "refuse" and r.fields != ("secrecy_period",)]  # of all forms alike
        for rule in own:
            assert not violations(rule, form.check(paper(name)).values, form.label)
            found = [p for values in tried for p in violations(rule, values, form.label)]
            assert found and all(rule.clause and rule.clause in worded(p.message) for p in found), (code, rule)
        needs = form.steps["file"].signatures
        assert all(n.clause for n in needs), code


def test_a_refused_unit_is_filed_with_its_reason_and_two_signatures(catalogue: FormCatalogue) -> None:
    """It has no maker, no repair, no delivery: none of that is asked for, and the maker signs nothing (R146)."""
    refused = paper("return_repair", acceptance="拒收", refusal_reason="缺装箱清单", has_packing_list=False, **REFUSED)
    assert told(catalogue, "return_repair", refused) == ""
    form = catalogue.get("FX758-FX").form
    for values, kinds in (
        (refused, {"giver", "user-representative"}),
        (paper("return_repair"), {"giver", "user-representative", "maker", "unpack-user"}),
    ):
        needs = form.steps["file"].signatures
        assert {kind for n in needs if holds(n.when, form.check(values).values) for kind in n.any_of} == kinds
        assert form.incomplete(form.check(values).values, form.steps["file"].stages) == []


def test_repairs_are_counted_with_their_days_and_what_is_not_settled(office: Office) -> None:
    """T15 of three cases: distributed in time or not, days in repair and from door to door, what is still owed (O.5)."""
    switch(office, "return_repair", on=True)
    with closing(open_office(office.settings.root, clock=at_now)) as opened:
        form = opened.forms.get("FX").form

        def case(n: int, **changes: Any) -> Record:
            values = form.check(paper("return_repair", **{"serial_no": f"{n:02}"} | changes)).values
            day = str(values["arrived_on"])
            no = f"FX758-FX-2026-{n:05}"
            return Record(no, form.code, 2026, State.DRAFT, values, "示例", day, "示例单位一", opened.now(), "x")

        keep(
            opened,
            [
                case(1),  # arrived 01-29, with the maker on 02-11: late; accepted 03-18; handed over 04-20
                case(
                    2,
                    received_by_maker_on="2026-02-03",
                    late_reason=None,
                    settled_on="2026-05-06",
                    amount="5000",
                    contract_signed_on="2026-01-31",
                    sub_contract_signed_on="2026-05-01",
                ),
                case(3, acceptance="拒收", has_fault_sheet=False, refusal_reason="缺故障单", **REFUSED),
                # The first unit again, four months after it was handed back; not distributed; its day is 14 June.
                case(4, serial_no="01", arrived_on="2026-06-07", **REFUSED),
            ],
        )
        with opened.register.read() as tx:
            drawn = figures_of(opened, tx, "BB", Period.read("2026-H1"), level="机密").drawn
        shown = {f.id: f.shown for t in drawn.tables if t.id == "T15" for f in t.figures()}
        wanted = {
            "checks.total.checks": "4", "checks.total.percent": "25.0", "checks.total.again": "1",
            "distribution.total.due": "3", "distribution.total.given": "2", "distribution.total.late": "1",
            "distribution.total.missing": "0", "distribution.total.percent": "50.0",  # the fourth is not due today
            "location.total.due": "2", "location.total.percent": "50.0",  # by 25 February, and by the 10th
            "kits.total.due": "2", "kits.total.percent": "100.0",
            "contracts.total.late": "1", "contracts.total.percent": "0.0",  # a day after 30 April
            "repaired.total.repaired": "2", "repaired.total.mean": "39.0", "repaired.total.over": "0",
            "handed.total.cycle": "81.0", "handed.total.settled": "1", "handed.total.open": "1",
        }  # fmt: skip
        assert {key: shown[f"T15.{key}"] for key in wanted} == wanted
        assert not any("5000" in value for value in shown.values())


def test_r147_r151_r157_each_maker_of_a_unit_has_its_own_clock(office: Office) -> None:
    """A unit that three share: each is to locate its fault in five days of work, and has three months for its contract."""
    switch(office, "return_repair", on=True)
    with closing(open_office(office.settings.root, clock=at_now)) as opened:
        form = opened.forms.get("FX").form
        makers = [
            {"maker": "示例二所", "route_maker": "示例二所", "received_on": "2026-02-10", "located_on": "2026-02-25"},
            {"maker": "示例三所", "route_maker": "示例三所", "received_on": "2026-02-11"},
        ]
        contracts = [{"maker": "示例二所", "signed_on": "2026-04-30"}, {"maker": "示例三所"}]
        said = {"other_makers": makers, "other_contracts": contracts, "contract_signed_on": "2026-01-31"}
        values = form.check(paper("return_repair", **said)).values
        number = "FX758-FX-2026-00001"
        keep(
            opened,
            [
                Record(
                    number, form.code, 2026, State.DRAFT, values, "示例", "2026-01-29", "示例单位一", opened.now(), "x"
                )
            ],
        )

        def waits(on: str) -> list[tuple[str, str, str]]:
            return [(d.key, d.who, d.limit_on) for d in due(opened, on=on).due if d.key.startswith("other_")]

        third = ("other_location", "示例三所", "2026-02-25")
        assert waits("2026-02-20") == [third]
        assert waits("2026-03-31") == [
            third,
            ("other_in_repair", "示例二所", "2026-04-11"),
            ("other_in_repair", "示例三所", "2026-04-12"),
            ("other_contract", "示例三所", "2026-04-30"),
        ]
        with opened.register.read() as tx:
            drawn = figures_of(opened, tx, "BB", Period.read("2026-H1"), level="机密").drawn
        shown = {f.id: f.shown for t in drawn.tables if t.id == "T15" for f in t.figures()}
        wanted = {
            "other_location.示例二所.late": "1", "other_location.total.due": "2", "other_location.total.in_time": "0",
            "other_contracts.示例二所.percent": "100.0", "other_contracts.total.due": "2", "contracts.total.due": "1",
        }  # fmt: skip
        assert {key: shown[f"T15.{key}"] for key in wanted} == wanted


def test_r157_the_year_lists_what_was_settled_and_what_is_not(office: Office) -> None:
    """Each case once, by maker: settled in the year, or handed back and open at its end; no amount in it (O.4)."""
    switch(office, "return_repair", on=True)
    with closing(open_office(office.settings.root, clock=at_now)) as opened:
        form = opened.forms.get("FX").form
        said = [
            {"settled_on": "2025-05-06"},  # before the year
            {"settled_on": "2026-05-06", "performing_unit": "乙所", "amount": "5000"},
            {"settled_on": None, "performing_unit": "甲所", "handed_to_user_on": "2025-11-30"},
            {"settled_on": None, "handed_to_user_on": None},
            {"settled_on": "2027-01-05", "performing_unit": "甲所", "handed_to_user_on": "2026-12-30"},
        ]
        made = []
        for n, changes in enumerate(said, start=1):
            values = form.check(paper("return_repair", serial_no=f"{n:02}", **changes)).values
            no = f"FX758-FX-2026-{n:05}"
            made.append(
                Record(no, form.code, 2026, State.DRAFT, values, "示例", "2026-01-29", "示例单位一", opened.now(), "x")
            )
        keep(opened, made)
        with opened.register.read() as tx:
            drawn = {p: figures_of(opened, tx, "BB", Period.read(p), level="机密").drawn for p in ("2026-H1", "2026")}
        parts = {p: [t for t in d.tables if t.id == "T15" and t.part == "settlement"] for p, d in drawn.items()}
        (table,) = parts["2026"]
        assert parts["2026-H1"] == []
        assert [(row.cells[0], row.cells[3], row.cells[6]) for row in table.rows] == [
            ("乙所", "SL-200/02", "2026-05-06"), ("甲所", "SL-200/03", "/"), ("甲所", "SL-200/05", "2027-01-05"),
        ]  # fmt: skip
        assert not any("5000" in cell for row in table.rows for cell in row.cells)
        waits = [d.about for d in due(opened, on="2026-11-05").due if d.key == "repair_settlement"]
        assert waits == ["FX758-FX-2026-00003"], "the other waiting is not handed back, or is settled"


def test_papers_that_go_along_with_a_unit(office: Office, write: Callable[..., Path]) -> None:
    """Each says its part of the case and whose hand it waits for; what is refused gives the notice, nothing behind it."""
    switch(office, "return_repair", on=True)
    for opened in again(office):
        taken = paper("return_repair", repair_record_no=None)
        lacking = {"has_packing_list": False, "acceptance": "拒收", "refusal_reason": "缺装箱清单"}
        refused = paper("return_repair", serial_no="10", batch_no="FX-2026-02", **REFUSED | lacking)
        numbers = [fill(opened, "FX", [on_disk(write(v))]).records[0].record_no for v in (taken, refused)]
        keys = [[p.key for p in papers_of(opened, number)] for number in numbers]
        assert keys[1] == ["intake", "refusal"] and len(keys[0]) == 8 and "refusal" not in keys[0]
        with BytesIO(paper_file(opened, numbers[1], "refusal", "通知.docx")) as made, zipfile.ZipFile(made) as book:
            words = re.sub(r"<[^>]+>", "", book.read("word/document.xml").decode())
        for said in ("缺装箱清单", "装箱清单", "总体单位签收", "1. 名称：数据终端；编号：09"):
            assert said in words, said
        with opened.register.read() as tx:
            assert [e.detail["sheet"] for e in tx.audit.events(numbers[1]) if e.action == "print"] == ["refusal"]
        with pytest.raises(NotFound, match="没有名为「delivery」"):
            paper_file(opened, numbers[1], "delivery", "清单.docx")
        void(opened, [numbers[1]], reason="示例")
        with pytest.raises(WrongState, match="作废"):
            paper_file(opened, numbers[1], "refusal", "通知.docx")


def test_v13_heads_and_marks(office: Office) -> None:
    """Twelve asked for, eleven on the roster and one proposed: one lacks until he is on file with the user (R159, R163)."""
    switch(office, "reserve", on=True)
    with closing(open_office(office.settings.root, clock=at_now)) as opened:
        form = opened.forms.get("YB").form

        def person(number: int, year: int, **changes: Any) -> dict[str, Any]:
            day = {"person_no": f"{number:03}", "name": f"示例{number}", "entered_on": f"{year}-01-20"}
            said = paper("reserve", **day | {"change": "新增" if number == 15 else "—"} | changes)
            return form.check(said).values

        def added(code: str, year: int, n: int, values: dict[str, Any]) -> Record:
            return Record(
                f"{code}-{year}-{n:05}", code, year, State.DRAFT, values, "示例", f"{year}-01-20", "", opened.now(), "x"
            )

        last = [added("YB758-YB", 2025, n, person(n, 2025, change="新增")) for n in range(1, 12)]
        unfiled = {
            "status": "拟征召",
            "approved_on": None,
            "filed_with_user_on": None,
            "verdict": None,
            "checked_on": None,
        }
        stay = [person(n, 2026) for n in range(1, 12) if n not in {3, 7}]
        left = person(3, 2026, verdict="退出", change="退出", status="已退出")
        renamed = person(7, 2026, name="示例改名", change="调整")
        new = [person(15, 2026), person(16, 2026, **unfiled)]
        now = [added("YB758-YB", 2026, n, v) for n, v in enumerate([*stay, left, renamed, *new], 1)]
        need = json.loads((PACKS / "reserve/XQ/sample.json").read_text(encoding="utf-8"))
        keep(opened, [*last, *now, added("YB758-XQ", 2026, 1, need)])

        def heads() -> dict[str, str]:
            with opened.register.read() as tx:
                drawn = figures_of(opened, tx, "BB", Period.read("2026"), level="内部").drawn
            (table,) = [t for t in drawn.tables if t.id == "L05"]
            return {f.id.rpartition(".")[2]: f.shown for f in table.figures() if ".total." not in f.id}

        assert heads() == {"required": "12", "on_roster": "11", "proposed": "1", "difference": "-1"}
        with opened.register.write() as tx:
            filed = person(16, 2026, change="新增")
            tx.records.change([now[-1].record_no], values=filed)
            tx.audit.append([opened.event("update", now[-1].record_no)])
        assert heads() == {"required": "12", "on_roster": "12", "proposed": "0", "difference": "0"}

        def mark(values: dict[str, Any], number: str) -> list[str]:
            return [p.message for p in reminders(opened, form, values, own=number) if "变动标记" in p.message]

        assert [r.values["person_no"] for r in now if mark(r.values, r.record_no)] == []
        assert "应为「调整」" in mark(renamed | {"change": "—"}, now[-3].record_no)[0], (
            "known by his number, not his name"
        )
        assert "应为「新增」" in mark(new[0] | {"change": "—"}, now[-2].record_no)[0]
        assert "应为「—」" in mark(stay[0] | {"change": "新增"}, now[0].record_no)[0]


def test_a_refused_unit_has_no_clock(catalogue: FormCatalogue) -> None:
    """The clocks of V-8: distribution from the arrival, location and repair from the maker's receipt, none rolled."""
    deadlines, calendar = catalogue.deadlines, catalogue.procedure.calendar
    limits = {
        key: deadlines[key].limit_from(start, calendar)
        for key, start in (
            ("return_distribution", "2026-01-29"),
            ("fault_location", "2026-02-11"),
            ("in_repair_alarm", "2026-02-11"),
            ("in_repair", "2026-02-11"),
            ("kitting_report", "2026-04-20"),
            ("sub_contract", "2026-01-31"),
            ("repair_settlement", "2026-04-20"),
            ("adhoc_reply", "2026-02-13 16:30"),
            ("measure_reply", "2026-02-14"),
        )
    }
    assert limits == {
        "return_distribution": "2026-02-05",
        "fault_location": "2026-02-25",
        "in_repair_alarm": "2026-03-28",
        "in_repair": "2026-04-12",
        "kitting_report": "2026-04-17",
        "sub_contract": "2026-04-30",
        "repair_settlement": "2026-12-31",
        "adhoc_reply": "2026-02-15 16:30",
        "measure_reply": "2026-02-24",
    }
    assert deadlines["return_distribution"].when[0].among == ("接收",)
    assert deadlines["reserve_check"].day_of(2029, calendar).isoformat() == "2029-03-31"


def test_r140_the_48_hours_tell_when_36_are_over(office: Office) -> None:
    """Asked at 16:30 on the 2nd: high time from 04:30 on the 4th, late after 16:30; nights count (R140)."""
    switch(office, "response", on=True)
    for opened in again(office):
        said = {"info_type": ["要求"], "received_at": "2026-03-02T16:30", "secrecy_level": "内部"}
        number = "QR758-01A-2026-00001"
        keep(opened, [Record(number, "QR758-01A", 2026, State.SUBMITTED, said, "示例", "2026-03-02", "甲", "", "")])
        (found,) = [d for d in due(opened, on="2026-03-03").due if d.key == "adhoc_reply"]
        assert (found.due_on, found.limit_on, found.late) == ("2026-03-04", "2026-03-04", False)
        assert found.detail == "03-04 04:30满36小时，最迟16:30"


def test_the_sample_office_shows_each_at_work(
    office: Office, write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of last year something filed, of these days something that is due (demo_packs.toml)."""
    monkeypatch.setattr(Converter, "convert", blank_convert)
    for name in NAMES:
        switch(office, name, on=True)
    for opened in again(office):
        named = {}
        for form, key in (("04A", "notice"), ("06A", "repair")):
            values = json.loads((FORMS / form / "sample.json").read_text(encoding="utf-8"))
            (made,) = fill(opened, form, [on_disk(write({k: v for k, v in values.items() if v}))]).records
            named[key] = made.record_no
            if key == "notice":
                issue(opened, [named[key]])
        records = {no: show(opened, no) for no in add_packs(opened, 2025, **named)}
        states = {(r.record_no.rpartition("-")[0], r.state) for r in records.values()}
        assert states >= {(f"{code}-2025", "filed") for code in PAPERS.values()}
        assert states >= {(f"{code}-2026", "draft") for code in PAPERS.values() if code != "FX758-FX"}
        late = {d.key for d in due(opened).due}
        assert late >= {"opinion_solicitation", "adhoc_reply", "in_repair", "reserve_check"}, late
        with opened.register.read() as tx:
            drawn = [figures_of(opened, tx, "BB", Period.read(y), level="机密").drawn for y in ("2025", "2026")]
        shown = {f.id: f.value for one in drawn for t in one.tables for f in t.figures() if f.value}
        there = {"L01.rows", "L03.classes", "L05.heads", "L06.adhoc", "L07.weeks", "T15.checks", "T15.repaired"}
        assert {".".join(key.split(".")[:2]) for key in shown} >= there
        # The roster is for a role that names its form: no other sees it, nor finds it.
        keeper = replace(opened, account=replace(opened.account, grants=(Grant("supervisor"), Grant("archivist"))))
        assert [search(of, "单位/部门:示例研究所", Criteria()).total for of in (opened, keeper)] == [3, 0]
        hidden = {r.form_code for r in list_records(opened)} - {r.form_code for r in list_records(keeper)}
        assert hidden == {"YB758-YB", "YB758-XQ", "YB758-ZJ"}
        roster = replace(keeper, account=replace(keeper.account, grants=(Grant("reserve-keeper"),)))
        assert {r.form_code for r in list_records(roster)} == hidden and show(roster, "YB758-YB-2025-00001").values
        # A maker reads its own cases, and not what they cost.
        maker = replace(keeper, account=replace(keeper.account, unit="示例研究所", grants=(Grant("unit"),)))
        cases = [r.record_no for r in list_records(maker)]
        assert cases and all(show(maker, no).values["performing_unit"] == "示例研究所" for no in cases)
        assert not any("amount" in show(maker, no).values for no in cases)
        with pytest.raises(NotFound):
            show(keeper, "YB758-YB-2025-00001")
        assert {r.values.get("acceptance") for r in records.values()} >= {"接收", "拒收"}
