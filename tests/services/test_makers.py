"""A case of several makers: each sees the steps that are its own and no other maker's, whichever way it looks (O, R53).

Two offices alike but for one maker's steps. Every answer to the other makers is the same in both, to the letter; its own
account and one that reads everything tell the two apart.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from qrecords.errors import InvalidInput, NotPermitted
from qrecords.model.access import Account, Grant
from qrecords.model.record import Action, Record, Signed, State
from qrecords.office import Office
from qrecords.services.administer import open_office
from qrecords.services.due import due
from qrecords.services.excerpts import paper_file, papers_of
from qrecords.services.finding.find import list_records, show
from qrecords.services.finding.hitlist import hits_file
from qrecords.services.finding.ledger import ledger_file
from qrecords.services.finding.search import Criteria, search
from qrecords.services.finding.viewing import paper_to_open, shown_paper
from qrecords.services.finding.waiting import waiting
from qrecords.services.intake.drafting import go_on, make, open_fields, save
from qrecords.services.intake.update import update
from qrecords.services.obstacles import obstacles_of
from qrecords.services.packs import switch
from qrecords.services.reading import one
from qrecords.services.steps import submit
from qrecords.stores.given import GivenFile
from tests.conftest import at_now
from tests.services.test_packs import paper
from tests.services.test_report_figures import keep
from tests.told import answer
from tests.web.test_desk import Browser

CASE = "FX758-FX-2026-00001"
MAIN, SECOND, THIRD = "示例一所", "示例二所", "示例三所"
HANDS = "示例签名人"


def case(which: str, mark: str, on: str) -> dict[str, Any]:
    """Return a case of three makers; the steps of one of them (`main`, `second`) say a mark, and a day."""
    own = {"main": ("主方", "2026-02-24"), "second": ("二方", "2026-02-25"), which: (mark, on)}
    said, day = own["main"]
    other, other_day = own["second"]
    return {
        "performing_unit": MAIN,
        "unpack_findings": said, "fault_found": f"{said}定位", "inspector": said, "location_complete_on": day,
        "other_makers": [
            {"maker": SECOND, "route_maker": f"{other}路线", "received_on": "2026-02-10", "located_on": other_day},
            {"maker": THIRD, "route_maker": THIRD, "received_on": "2026-02-11"},
        ],
        "other_contracts": [{"maker": SECOND, "contract_no": f"{other}-7"}, {"maker": THIRD, "contract_no": "三方-7"}],
        "contract_signed_on": "2026-01-31",
    }  # fmt: skip


def an_office(root: Path, values: dict[str, Any]) -> Office:
    with closing(open_office(root, clock=at_now)) as office:
        switch(office, "return_repair", on=True)
    office = open_office(root, clock=at_now)
    with office.register.write() as tx:  # whose drafts are kept
        for unit in (MAIN, SECOND, THIRD):
            tx.accounts.add(maker(unit), office.now())
            tx.audit.append([office.event(Action.ACCOUNTS, f"account/{maker(unit).name}")])
    form = office.forms.get("FX").form
    checked = form.check(paper("return_repair", amount=None, **values)).values
    signed = (Signed("maker", f"{HANDS}{values['inspector']}", "2026-02-12"),)
    keep(
        office,
        [Record(CASE, form.code, 2026, State.DRAFT, checked, "示例案", "2026-01-29", "示例单位一", office.now(), "x",
                signatures=signed)],
    )  # fmt: skip
    return office


@pytest.fixture(scope="module", params=["main", "second"])
def pair(
    request: pytest.FixtureRequest, fresh: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Office, Office]]:
    """Give two offices that differ in what one maker did."""
    folder = tmp_path_factory.mktemp(f"makers-{request.param}")
    with ExitStack() as opened:
        offices = []
        for name, mark, on in (("one", "甲乙丙丁甲", "2026-02-16"), ("other", "戊己庚辛戊", "")):
            (folder / name).mkdir()
            root = fresh(folder / name / "office", at_now)
            offices.append(opened.enter_context(closing(an_office(root, case(request.param, mark, on or None)))))  # type: ignore[arg-type]
        yield request.param, offices[0], offices[1]


def given(**values: Any) -> GivenFile:
    return GivenFile("u.json", json.dumps(values, ensure_ascii=False).encode())


WAYS: dict[str, Callable[[Office], Any]] = {
    "list": list_records,
    "list as a ledger": lambda o: ledger_file(o, list_records(o), "ledger.csv").data.decode("utf-8-sig"),
    "show": lambda o: show(o, CASE, history=True),
    "search its words": lambda o: search(o, "甲乙丙丁甲", Criteria()),
    "search the other words": lambda o: search(o, "戊己庚辛戊", Criteria()),
    "search one field": lambda o: search(o, "检验员:甲乙丙丁甲", Criteria()),
    "search a signature": lambda o: search(o, f"{HANDS}甲乙丙丁甲", Criteria()),
    "search everything": lambda o: search(o, "示例", Criteria(), facets=True),
    "list of hits": lambda o: hits_file(o, "示例", Criteria(), "hits.csv").data.decode("utf-8-sig"),
    "due in February": lambda o: due(o, on="2026-02-27"),
    "due in April": lambda o: due(o, on="2026-05-15"),
    "what waits": waiting,
    "what stands before it": lambda o: obstacles_of(o, one(o, CASE)),
    "its page at the desk": lambda o: shown_paper(o, CASE, lambda _o, _f, values: json.dumps(values).encode()),
    "open": lambda o: paper_to_open(o, CASE),
    "its papers": lambda o: papers_of(o, CASE),
    "a paper of it": lambda o: paper_file(o, CASE, "location", "定位.docx"),
    "go on with it at the desk": lambda o: go_on(o, CASE).values,
    "update what is another's": lambda o: update(o, CASE, given(other_makers=[{"maker": MAIN}], performing_unit=THIRD)),
    "update wrongly": lambda o: update(o, CASE, given(accepted_on="2026-01-01")),
}
NAMES = {"main": (SECOND, THIRD), "second": (MAIN, THIRD)}  # who must not tell the two offices apart
ITS = {"main": MAIN, "second": SECOND}


def maker(unit: str) -> Account:
    name = {MAIN: "first", SECOND: "second", THIRD: "third"}.get(unit, "another")
    return Account(name, f"示例员工{name}", None, True, unit, 3, (Grant("unit"),))


@pytest.mark.parametrize("way", sorted(WAYS))
def test_no_maker_is_told_what_another_did(pair: tuple[str, Office, Office], way: str) -> None:
    which, *offices = pair
    for unit in NAMES[which]:
        one_answer, other_answer = (answer(office, maker(unit), WAYS[way]) for office in offices)
        assert one_answer == other_answer, unit
        if not way.startswith("search"):  # what was looked for is told again
            assert not any(mark in one_answer for mark in ("甲乙丙丁甲", "戊己庚辛戊")), unit
    told = {answer(office, maker("示例四所"), WAYS[way]) for office in offices}
    assert len(told) == 1 and CASE not in (text := told.pop()).replace(f"没有这些记录：{CASE}", ""), text


def test_its_own_steps_and_the_whole_case_are_told(pair: tuple[str, Office, Office]) -> None:
    which, *offices = pair
    for who in (maker(ITS[which]), Account("all", "示例", None, True, "", 3, (Grant("supervisor"),))):
        told = [answer(office, who, WAYS["show"]) for office in offices]
        assert all(mark in text for mark, text in zip(("甲乙丙丁甲", "戊己庚辛戊"), told, strict=True)), who.unit


def test_its_own_words_are_found_by_it_and_by_who_reads_all(pair: tuple[str, Office, Office]) -> None:
    which, office, _ = pair
    whole = Account("all", "示例", None, True, "", 3, (Grant("supervisor"),))
    queries = {
        "main": ("甲乙丙丁甲定位", "检验员:甲乙丙丁甲", f"{HANDS}甲乙丙丁甲"),
        "second": ("甲乙丙丁甲路线", "甲"),
    }
    for who in (maker(ITS[which]), whole):
        for query in queries[which]:
            hits = search(replace(office, account=who), query, Criteria()).hits
            assert [hit.record_no for hit in hits] == [CASE], (who.unit, query)
            assert "甲" in json.dumps(asdict(hits[0]), ensure_ascii=False, default=str), "where it stands is shown"
        assert not search(replace(office, account=who), f"-{queries[which][0]}", Criteria()).hits


def test_each_maker_sees_its_own_lines_and_finds_the_case(pair: tuple[str, Office, Office]) -> None:
    """The main maker its fields and no line, another its own line and none of the fields; both what is everybody's."""
    _, office, _ = pair
    seen = {unit: show(replace(office, account=maker(unit)), CASE) for unit in (MAIN, SECOND, THIRD)}
    lines = {unit: [row["maker"] for row in told.values.get("other_makers", ())] for unit, told in seen.items()}
    assert lines == {MAIN: [], SECOND: [SECOND], THIRD: [THIRD]}
    assert [row["contract_no"] for row in seen[THIRD].values["other_contracts"]] == ["三方-7"]
    assert {unit: told.values.get("performing_unit") for unit, told in seen.items()} == {
        MAIN: MAIN,
        SECOND: None,
        THIRD: None,
    }
    assert all(told.values["serial_no"] and told.values["check_items"] for told in seen.values())
    assert [len(told.signatures) for told in seen.values()] == [1, 0, 0]
    for unit in (MAIN, SECOND, THIRD):
        acting = replace(office, account=maker(unit))
        assert [hit.record_no for hit in search(acting, "示例单位", Criteria()).hits] == [CASE], unit
    for unit in (SECOND, THIRD):
        acting = replace(office, account=maker(unit))
        with pytest.raises(NotPermitted, match="提交"):
            submit(acting, [CASE])
        with pytest.raises(NotPermitted, match="续填"):
            update(acting, CASE, given(fault_found="示例"))
    assert {(d.key, d.who) for d in due(replace(office, account=maker(THIRD)), on="2026-04-15").due if d.about == CASE} >= {
        ("other_location", THIRD), ("other_in_repair", THIRD),
    }  # fmt: skip


@pytest.mark.parametrize("page", [f"/records/{CASE}", "/today", "/search?q=示例", "/due"])
def test_no_page_of_the_desk_shows_what_another_did(pair: tuple[str, Office, Office], page: str) -> None:
    which, *offices = pair
    for office, unit in ((office, unit) for office in offices for unit in NAMES[which]):
        browser = Browser(Office(office.workspace, maker(unit))).enter()
        answer = browser.http.get(page)
        assert answer.status_code == 200 or page not in {f"/records/{CASE}", "/search?q=示例"}, answer.status_code
        assert not any(mark in answer.text for mark in ("甲乙丙丁甲", "戊己庚辛戊")), unit
        assert CASE in answer.text or page in {"/due", "/today"}


def test_the_main_maker_writes_on_and_the_others_lines_stay(fresh: Callable[..., Path], tmp_path: Path) -> None:
    """By a file and at the desk; what is another's he can neither write nor empty."""
    sound = case("main", "主方", "2026-02-24") | {
        "route_maker": MAIN,
        "repair_record_no": None,
        "handed_to_user_on": None,
    }
    for row in sound["other_makers"]:
        row["route_maker"] = row["maker"]
    with closing(an_office(fresh(tmp_path / "office", at_now), sound)) as office:
        main = replace(office, account=maker(MAIN))
        before = one(office, CASE).values
        done = update(main, CASE, given(repair_plan_no="示例方案-9"))
        assert "other_makers" not in done.values
        with pytest.raises(InvalidInput) as refused:
            update(main, CASE, given(other_makers=[], other_contracts=[{"maker": MAIN}], repair_plan_no="x"))
        assert {p.field for p in refused.value.problems} >= {"other_makers", "other_contracts"}
        draft = go_on(main, CASE)
        assert "other_makers" not in draft.values
        assert {"other_makers", "other_contracts"}.isdisjoint(f.key for f in open_fields(main, draft))
        draft = save(main, draft.key, {**draft.values, "search_plan_no": "示例排查-9"}, after=draft.revision)
        assert make(main, draft.key) == CASE
        now = one(office, CASE).values
        assert {key for key in before if before[key] != now[key]} == {"repair_plan_no", "search_plan_no"}
        assert (now["repair_plan_no"], now["search_plan_no"]) == ("示例方案-9", "示例排查-9")
