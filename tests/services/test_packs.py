"""Optional parts on and off: what an office without them sees is what it saw before, what was made on them stays."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qrecords.errors import NotFound, WrongState
from qrecords.model.access import Grant
from qrecords.office import Office
from qrecords.render.pdf import Converter
from qrecords.services.administer import open_office
from qrecords.services.demo import add_packs
from qrecords.services.due import due
from qrecords.services.finding.find import list_records, show
from qrecords.services.finding.search import Criteria, search
from qrecords.services.intake.fill import fill
from qrecords.services.packs import packs, switch
from qrecords.services.reports.figures import means_of
from qrecords.services.steps import issue, void
from qrecords.stores.formfiles import FormCatalogue
from qrecords.stores.given import on_disk
from tests.conftest import CHECKOUT, FORMS, at_now
from tests.faulty_disk import blank_convert

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


def paper(name: str, **changes: Any) -> dict[str, Any]:
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
        assert made["record_no"] == "TZ758-TZ-2026-00002"


def test_another_name_is_told(office: Office) -> None:
    with pytest.raises(NotFound, match="没有名为「plan」"):
        switch(office, "plan", on=True)


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_is_whole(catalogue: FormCatalogue, name: str) -> None:
    assert told(catalogue, name, paper(name)) == ""


@pytest.mark.parametrize(
    ("name", "changes", "words"),
    [
        # A unit that comes without one of its papers, or with others than told, is refused (R145, R146).
        ("return_repair", {"has_packing_list": False}, "没有装箱清单，只能拒收"),
        ("return_repair", {"has_fault_sheet": False}, "没有故障单，只能拒收"),
        ("return_repair", {"match_in": False}, "文、物不一致，只能拒收"),
        ("return_repair", {"acceptance": "拒收", "refusal_reason": "缺装箱清单"}, "不能分发、维修、交付"),
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
        ("reserve", {"employment": "其他"}, "正式职工"),
        ("reserve", {"filed_with_user_on": None}, "用户备案日期"),
        ("ledger", {"category": "跟产学习"}, "用户单位"),
    ],
)
def test_what_a_paper_refuses(catalogue: FormCatalogue, name: str, changes: dict[str, Any], words: str) -> None:
    assert words in told(catalogue, name, paper(name, **changes))


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
        "adhoc_reply": "2026-02-15 16:30",
        "measure_reply": "2026-02-24",
    }
    assert deadlines["return_distribution"].when[0].among == ("接收",)
    assert deadlines["reserve_check"].day_of(2029, calendar).isoformat() == "2029-03-31"


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
            named[key] = str(made["record_no"])
            if key == "notice":
                issue(opened, [named[key]])
        records = {no: show(opened, no) for no in add_packs(opened, 2025, **named)}
        states = {(r.record_no.rpartition("-")[0], r.state) for r in records.values()}
        assert states >= {(f"{code}-2025", "filed") for code in PAPERS.values()}
        assert states >= {(f"{code}-2026", "draft") for code in PAPERS.values() if code != "FX758-FX"}
        late = {d.key for d in due(opened).due}
        assert late >= {"opinion_solicitation", "adhoc_reply", "in_repair", "reserve_check"}, late
        # The roster is for a role that names its form: no other sees it, nor finds it.
        keeper = replace(opened, account=replace(opened.account, grants=(Grant("supervisor"), Grant("archivist"))))
        assert [search(of, "单位/部门:示例研究所", Criteria()).total for of in (opened, keeper)] == [3, 0]
        assert {r.form_code for r in list_records(opened)} - {r.form_code for r in list_records(keeper)} == {"YB758-YB"}
        with pytest.raises(NotFound):
            show(keeper, "YB758-YB-2025-00001")
        assert {r.values.get("acceptance") for r in records.values()} >= {"接收", "拒收"}
