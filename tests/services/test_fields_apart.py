"""Fields kept apart: who may read a record and not its prices finds none of them, whichever way it looks (R53).

Two offices alike but for one price. Every answer to an account that does not see prices is the same in both, to the
letter; one that sees them tells the two apart.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qrecords.errors import NotPermitted, QRecordsError
from qrecords.model.access import Account, Grant
from qrecords.model.apart import Place, changes_without, held, values_without
from qrecords.model.field import Field, FieldType
from qrecords.model.figures.checking import Words, set_problems, table_problems
from qrecords.model.figures.definitions import SetDefinition, TableDefinition
from qrecords.model.form import Form
from qrecords.office import Office
from qrecords.render.pdf import Converter
from qrecords.services import reading, steps
from qrecords.services.administer import open_office, status
from qrecords.services.care.handover import export_bag
from qrecords.services.correct import correct
from qrecords.services.due import due
from qrecords.services.file import file_records
from qrecords.services.finding.find import list_records, show
from qrecords.services.finding.hitlist import hits_file
from qrecords.services.finding.ledger import ledger_file
from qrecords.services.finding.search import Criteria, search
from qrecords.services.finding.viewing import archived_paper, paper_to_open, shown_paper
from qrecords.services.finding.waiting import waiting
from qrecords.services.intake.drafting import go_on
from qrecords.services.intake.fill import fill
from qrecords.services.intake.update import update
from qrecords.services.print import print_records
from qrecords.services.volumes.compile import compile_year
from qrecords.stores.accessfile import FILE_NAME as ACCESS_FILE
from qrecords.stores.accessfile import template
from qrecords.stores.given import GivenFile, on_disk
from tests.conftest import FORMS, at_now
from tests.faulty_disk import blank_convert
from tests.told import answer

FILED, OPEN = "KF758-BJ-2026-00001", "KF758-BJ-2026-00002"
PRICES = ("7341.58", "2905.36")
AMOUNTS = (
    "44049.48",
    "17432.16",
    "45649.48",
    "19032.16",
    "7200.00",
)  # six at these prices, with 1600 beside, at the old
OLD = "1200.00"
BLIND = b"""
[roles.blind]
rights = [{ actions = ["read", "create", "update", "attach", "submit", "sign", "review", "return", "void", "print", "file", "correct", "bind", "export", "copy-request"] }]
"""
LOW = Account("low", "示例员工", None, True, "", 3, (Grant("blind"),))
HIGH = replace(LOW, grants=(Grant("blind"), Grant("leader")))


def plan(price: str) -> dict[str, Any]:
    values: dict[str, Any] = json.loads((FORMS.parent / "KF758/BJ/sample.json").read_text(encoding="utf-8"))
    values["parts"][0]["price"] = price
    return values


def given(values: dict[str, Any], name: str = "plan.json") -> GivenFile:
    return GivenFile(name, json.dumps(values, ensure_ascii=False).encode())


def an_office(root: Path, price: str) -> Office:
    (root / ACCESS_FILE).write_bytes(template() + BLIND)
    office = open_office(root, clock=at_now)
    for values in (plan(OLD), plan(price)):
        values |= {"drafted_on": "2026-03-02", "production_on": "2026-03-03"}
        path = root / f"{len(values['parts'])}-{values['parts'][0]['price']}.json"
        path.write_text(json.dumps(values, ensure_ascii=False), encoding="utf-8")
        fill(office, "KF758-BJ", [on_disk(path)], same_again=True)
        path.unlink()
    steps.submit(office, [FILED])
    steps.sign(office, [FILED], kind="company-leader", by="示例领导", on="2026-03-03")
    steps.review(office, [FILED], on="2026-03-03")
    file_records(office, [FILED])
    correct(office, FILED, given({"parts": plan(price)["parts"]}), reason="示例：报价更正")
    print_records(office, [OPEN])
    return office


@pytest.fixture(scope="module")
def pair(fresh: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Office, Office]]:
    folder = tmp_path_factory.mktemp("prices")
    with pytest.MonkeyPatch.context() as patch, ExitStack() as opened:
        patch.setattr(Converter, "convert", blank_convert)
        offices = []
        for name, price in zip(("one", "other"), PRICES, strict=True):
            (folder / name).mkdir()
            office = an_office(fresh(folder / name / "office", at_now), price)
            offices.append(opened.enter_context(closing(office)))
        yield offices[0], offices[1]


WAYS: dict[str, Callable[[Office], Any]] = {
    "list": list_records,
    "list as a ledger": lambda o: ledger_file(o, list_records(o), "ledger.csv").data.decode("utf-8-sig"),
    "show": lambda o: show(o, OPEN),
    "show what was corrected": lambda o: show(o, FILED, history=True),
    "search a price": lambda o: search(o, PRICES[0], Criteria()),
    "search the column": lambda o: search(o, f"单价:{PRICES[0]}", Criteria()),
    "search the old price": lambda o: search(o, OLD, Criteria()),
    "search with snippets": lambda o: search(o, "电源模块", Criteria(), facets=True),
    "list of hits": lambda o: hits_file(o, "电源模块", Criteria(), "hits.csv").data.decode("utf-8-sig"),
    "due": lambda o: due(o, on="2026-12-31"),
    "what waits": waiting,
    "status": status,
    "open": lambda o: paper_to_open(o, FILED),
    "open the print of what is open": lambda o: paper_to_open(o, OPEN),
    "its archived paper": lambda o: archived_paper(o, FILED),
    "its page at the desk": lambda o: shown_paper(o, OPEN, lambda _o, _f, values: json.dumps(values).encode()),
    "the page of what is filed": lambda o: shown_paper(o, FILED, lambda _o, _f, values: json.dumps(values).encode()),
    "print": lambda o: print_records(o, [OPEN]),
    "update": lambda o: update(o, OPEN, given({"remarks": "示例"})),
    "correct": lambda o: correct(o, FILED, given({"remarks": "示例"}), reason="示例"),
    "go on with it at the desk": lambda o: go_on(o, OPEN),
    "export": lambda o: export_bag(o, o.settings.root / "bag", record_nos=[FILED]),
    "export the year": lambda o: export_bag(o, o.settings.root / "bag", year=2026),
    "what may be bound": lambda o: compile_year(o, 2026, form_code="KF758-BJ", dry_run=True),
}


@pytest.mark.parametrize("way", sorted(WAYS))
def test_a_price_shows_nowhere(pair: tuple[Office, Office], way: str) -> None:
    """The same in both offices, also after one who sees prices has looked; and no price stands in it, the old one neither."""
    if way in {"show", "due", "what waits", "search with snippets"}:
        for office in pair:
            answer(office, HIGH, WAYS[way])
    one, other = (answer(office, LOW, WAYS[way]) for office in pair)
    assert one == other
    if not way.startswith("search"):  # what was looked for is told again
        assert not any(price in one for price in (*PRICES, *AMOUNTS, OLD))
    assert '"total": 0' in one if way in {"search a price", "search the column", "search the old price"} else True


@pytest.mark.parametrize("way", ["show", "show what was corrected", "its page at the desk"])
def test_who_sees_prices_is_shown_them(pair: tuple[Office, Office], way: str) -> None:
    told = [answer(office, HIGH, WAYS[way]) for office in pair]
    assert all(price in text for price, text in zip(PRICES, told, strict=True)), told
    assert AMOUNTS[0] in told[0] and AMOUNTS[2] in told[0], "and what comes to, by line and in all"


def test_what_needs_it_whole_is_refused_and_nothing_lost(pair: tuple[Office, Office]) -> None:
    """A form filled in by who does not see a column would lose it: refused, with its name and what to do."""
    office = pair[0]
    low = replace(office, account=LOW)
    for way in ("print", "update", "correct", "export"):
        with pytest.raises(NotPermitted, match=r"看不到.*「单价」") as refused:
            WAYS[way](low)
        assert "请由能看这些栏目的人办理" in str(refused.value.remedy)
    assert show(low, OPEN).withheld == {
        "parts.price": "单价",
        "parts.amount": "金额",
        "amount_total": "金额合计",
        "amount_by_product": "金额按适用产品",
    }
    assert show(office, OPEN).withheld is None
    # Steps that neither show nor change a value are taken as always, and keep it.
    steps.submit(low, [OPEN])
    steps.send_back(low, [OPEN], reason="示例")
    assert reading.one(office, OPEN).values["parts"][0]["price"] == PRICES[0]
    with pytest.raises(QRecordsError):
        paper_to_open(low, FILED)


def test_places_are_taken_out_of_values_and_of_what_was_corrected() -> None:
    places = [Place("price", "amount"), Place("price", "parts", "price")]
    values = {"amount": "5", "parts": [{"name": "a", "price": "1"}, {"name": "b"}], "note": "x"}
    assert values_without(values, places) == {"parts": [{"name": "a"}, {"name": "b"}], "note": "x"}
    assert values["parts"][0]["price"] == "1", "what was given stays as it is"
    changes = {"amount": [None, "5"], "parts": [[{"name": "a", "price": "1"}], [{"name": "b", "price": "2"}]]}
    assert changes_without(changes, places) == {"parts": [[{"name": "a"}], [{"name": "b"}]]}
    assert changes_without({"parts": [[{"price": "1"}], [{"price": "2"}]]}, places) == {}
    assert held(places, {"parts": [{"name": "a"}]}, []) == []
    assert held(places, {}, [{"amount": ["4", None]}]) == places[:1]


def bj(**changes: Any) -> dict[str, Any]:
    fields = [
        {"key": "day", "label": "日期", "type": "date", "stage": "s", "required": True},
        {"key": "cost", "label": "价格", "type": "dec", "stage": "s", "apart": "price"},
        {"key": "lines", "label": "明细", "type": "rows", "stage": "s",
         "columns": [{"key": "price", "label": "单价", "type": "dec", "apart": "price"}]},
    ]  # fmt: skip
    return {
        "code": "KF758-XX", "edition": "", "title": "示例", "layout": "portrait", "date_field": "day",
        "title_fields": ["day"], "stages": [{"key": "s", "label": "填写"}], "fields": fields, "steps": {},
    } | changes  # fmt: skip


@pytest.mark.parametrize(
    "changes",
    [
        {"title_fields": ["cost"]},
        {"rules": [{"check": "at_least", "fields": ["cost"], "limit": 1}]},
        {
            "fields": [
                *bj()["fields"],
                {
                    "key": "sum",
                    "label": "合计",
                    "type": "computed",
                    "stage": "s",
                    "compute": {"function": "sum", "field": "lines", "column": "price"},
                },
            ]
        },
        {
            "fields": [
                bj()["fields"][0],
                {
                    "key": "lines",
                    "label": "明细",
                    "type": "rows",
                    "stage": "s",
                    "columns": [
                        {"key": "price", "label": "单价", "type": "dec", "apart": "price"},
                        {
                            "key": "twice",
                            "label": "平方",
                            "type": "computed",
                            "compute": {"function": "product", "factors": ["price", "price"]},
                        },
                    ],
                },
            ]
        },
        {"rules": [{"check": "filled_in_rows", "fields": ["lines"], "column": "price"}]},
        {"rules": [{"check": "required_when", "fields": ["day"], "when": {"field": "lines", "column": "price"}}]},
    ],
)
def test_nothing_else_of_a_form_tells_of_it(changes: dict[str, Any]) -> None:
    assert [p.path for p in Form(**bj()).apart] == ["cost", "lines.price"]
    with pytest.raises(ValueError, match="限阅"):
        Form(**bj(**changes))
    for wrong in ({"required": True}, {"type": FieldType.SIGNATURE}, {"apart": "价格"}):
        with pytest.raises(ValueError, match="apart"):
            Field(**{"key": "k", "label": "栏", "type": "text", "apart": "price"} | wrong)


def test_no_table_sums_it_up() -> None:
    """A report is read by who does not see prices: a definition that names one is told, with its place."""
    form = Form(**bj())
    forms_of = lambda code: [form] if code == "XX" else []  # noqa: E731
    sets = {"PLAN": SetDefinition(title="计划", forms=("XX",), date="day"), "LINES": SetDefinition(title="行", forms=("XX",), over="lines", date="day")}  # fmt: skip
    assert set_problems(sets, Words(forms_of), "sets.toml") == []
    for name, field in (("PLAN", "cost"), ("LINES", "lines.price")):
        column = {"key": "sum", "label": "合计", "measure": "sum", "fields": [field], "unit": "元"}
        part = {"key": "p", "set": name, "columns": [column]}
        table = TableDefinition(id="T99", title="示例", kinds=("BB",), order=1, parts=(part,))
        (problem,) = table_problems(table, sets, Words(forms_of), "T99.toml")
        assert "限阅" in str(problem.message) and str(problem.field).startswith("parts.p")
