"""What an account may not read does not show, whichever way it looks.

Two offices: in one stands a record the account may not read, in the other it was never filled. Every answer to the
account must be the same in both, to the letter; a second account, whose rights differ by one thing, tells them apart.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from qrecords.cli.wording import error_json
from qrecords.errors import NotFound, NotPermitted, QRecordsError
from qrecords.model.access import Account, Grant
from qrecords.model.record import Action, State
from qrecords.office import Office
from qrecords.render.pdf import Converter
from qrecords.services import reading, steps
from qrecords.services.administer import init, status
from qrecords.services.arrivals import arrivals
from qrecords.services.care.handover import export_bag
from qrecords.services.complaints import checklist_file, complaints
from qrecords.services.disposition.hold import hold, release
from qrecords.services.due import due
from qrecords.services.feedback import feedback_file
from qrecords.services.finding.find import list_records, show
from qrecords.services.finding.hitlist import hits_file
from qrecords.services.finding.ledger import ledger_file
from qrecords.services.finding.search import Criteria, search
from qrecords.services.finding.viewing import archived_paper, paper_to_open
from qrecords.services.finding.waiting import waiting
from qrecords.services.intake.drafting import go_on
from qrecords.services.intake.fill import fill
from qrecords.services.intake.givingout import give_out
from qrecords.services.intake.takingback import take_back
from qrecords.services.intake.update import update
from qrecords.services.reports import draw, kept, progress
from qrecords.services.reports.evaluated import evaluation
from qrecords.services.require import show_task
from qrecords.services.volumes.compile import compile_year
from qrecords.stores.accessfile import FILE_NAME as ACCESS_FILE
from qrecords.stores.accessfile import template
from qrecords.stores.given import on_disk
from tests.conftest import FORMS, NOW
from tests.faulty_disk import blank_convert
from tests.told import answer

NOTICE, OPEN, HIDDEN = "QR758-04A-2025-00001", "QR758-06A-2025-00001", "QR758-06A-2025-00002"
OPEN_COMPLAINT, HIDDEN_COMPLAINT = "QR758-01A-2025-00001", "QR758-01A-2025-00002"
# Of the whole centre; of the branch of what stands open; of the branch that hides.
REPORT, BRIEF, HIDDEN_BRIEF = "KF-BB-2025-001", "KF-JB-2025-001", "KF-JB-2025-002"
COMPLAINT = {"info_type": ["投诉", "质量信息"], "channel": "电话", "replied_at": None, "qa_followup": None}
LATE = {"required_arrival": "2025-03-04", "customer_unit": "示例单位九"}
DRAWN = (("BB", ""), ("JB", "海军"), ("JB", "空军"))
MARK = "隐蔽故障代号七七"
UNIT = {"performed_by": "相关单位", "performing_unit": "示例一所"}


@dataclass(frozen=True)
class Difference:
    """Values of the open record, values that hide the other one, and the two accounts."""

    given: dict[str, Any]
    hidden: dict[str, Any]
    low: Account
    high: Account


def account(*grants: Grant, clearance: int = 3, unit: str = "") -> Account:
    return Account("low", "示例员工", None, True, unit, clearance, grants)


FULL = account(Grant("supervisor"), Grant("archivist"))
DIFFERENCES = {
    "level": Difference({}, {"secrecy_level": "秘密", "secrecy_period": "10年"}, replace(FULL, clearance=1), replace(FULL, clearance=2)),
    "unit": Difference(
        UNIT, UNIT | {"performing_unit": "示例二所"},
        account(Grant("unit"), unit="示例一所"), account(Grant("unit"), Grant("unit", unit="示例二所"), unit="示例一所"),
    ),
    "branch": Difference(
        {}, {"military_branch": "空军"},
        account(Grant("supervisor", branch="海军")), account(Grant("supervisor", branch="海军"), Grant("supervisor", branch="空军")),
    ),
    "period": Difference(
        {}, {"military_branch": "空军"},
        account(Grant("supervisor", branch="海军"), Grant("reader", until="2026-03-03")),
        account(Grant("supervisor", branch="海军"), Grant("reader", until="2026-03-04")),
    ),
    "apart": Difference({}, {}, FULL, account(*FULL.grants, Grant("roster"))),
    "own": Difference({}, {"notice_no": "QR758-04A-2025-00002"}, account(Grant("engineer")), account(Grant("engineer"), Grant("reader", until="2026-12-31"))),
}  # fmt: skip


# The forms of the hidden records are kept apart: rights that name no form do not reach them.
APART = b"""apart = ["01A", "04A", "06A"]
[roles.roster]
rights = [{ actions = ["read"], forms = ["01A", "04A", "06A"] }]
"""


def sample(form: str, **changes: Any) -> dict[str, Any]:
    values = json.loads((FORMS / form / "sample.json").read_text(encoding="utf-8")) | changes
    return {k: v for k, v in values.items() if v not in (None, "")}


def an_office(root: Path, difference: Difference, name: str, *, with_hidden: bool) -> Office:
    if name == "apart":
        root.mkdir(parents=True)
        (root / ACCESS_FILE).write_bytes(APART + template())
    office = init(root, clock=lambda: NOW)

    def take(form: str, values: dict[str, Any], file_name: str) -> str:
        path = root / file_name
        path.write_text(json.dumps(values, ensure_ascii=False), encoding="utf-8")
        return fill(office, form, [on_disk(path)]).records[0].record_no

    staff = [{"name": "示例员工", "title": "工程师", "is_leader": True}]
    notice = {k: v for k, v in difference.given.items() if k in UNIT}
    assert take("04A", sample("04A", staff=staff, **notice), "notice.json") == NOTICE
    steps.issue(office, [NOTICE])
    assert take("06A", sample("06A", **difference.given), "open.json") == OPEN
    hiding = sample(
        "06A", fault_symptom=MARK, customer_unit="示例单位九", **({"product_model": "ZZ-9"} | difference.hidden)
    )
    if name == "own":
        another = "QR758-04A-2025-00002"  # a notice that sends others
        assert take("04A", sample("04A"), "another.json") == another
        steps.issue(office, [another])
    (root / "hidden.json").write_text(json.dumps(hiding, ensure_ascii=False), encoding="utf-8")
    assert take("01A", sample("01A", **COMPLAINT), "complaint.json") == OPEN_COMPLAINT
    if with_hidden:
        # A late notice and a complaint beside it, hidden by the same thing as far as their forms have it.
        hidden = {k: v for k, v in difference.hidden.items() if k not in {"notice_no", "product_model"}}
        take("04A", sample("04A", **LATE, **hidden), "late.json")
        told = {k: v for k, v in hidden.items() if k not in UNIT}
        complaint = sample("01A", **COMPLAINT, **told, info_content=MARK, customer_unit="示例单位九")
        assert take("01A", complaint, "another-complaint.json") == HIDDEN_COMPLAINT
        assert fill(office, "06A", [on_disk(root / "hidden.json")]).records[0].record_no == HIDDEN
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Converter, "convert", blank_convert)
        drawn = [draw.draw(office, kind, "2025-03", branch=branch) for kind, branch in DRAWN]
    assert [d.document_no for d in drawn] == [REPORT, BRIEF, HIDDEN_BRIEF]
    return office


@pytest.fixture(scope="module", params=sorted(DIFFERENCES))
def pair(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Difference, Office, Office]]:
    difference = DIFFERENCES[request.param]
    folder = tmp_path_factory.mktemp(request.param)
    with (
        closing(an_office(folder / "with" / "office", difference, request.param, with_hidden=True)) as with_it,
        closing(an_office(folder / "without" / "office", difference, request.param, with_hidden=False)) as without,
    ):
        yield difference, with_it, without


def paged(office: Office, text: str) -> str:
    return hits_file(office, text, Criteria(), "hits.csv").data.decode("utf-8-sig")


def checklist(office: Office) -> str:
    """Return the cells of the quality department's check list."""
    return cells_of(checklist_file(office, complaints(office, since="2025-01-01"), "checklist.xlsx"))


def ledger(office: Office) -> str:
    """Return the cells of the ledger `list -o` writes."""
    return cells_of(ledger_file(office, list_records(office), "ledger.xlsx").data)


def cells_of(book: bytes) -> str:
    return str([[c.value for c in row] for row in openpyxl.load_workbook(BytesIO(book)).worksheets[0].iter_rows()])


def words_of(office: Office, number: str) -> str:
    """Return the cells of the workbook a document gives who asks."""
    book = openpyxl.load_workbook(BytesIO(kept.document_file(office, number, kept.WORKBOOK)))
    return str([(sheet.title, [[c.value for c in row] for row in sheet.iter_rows()]) for sheet in book.worksheets])


# What tells of the document of the whole centre: what it prints goes by its own scope, not by who reads it (F.3).
OF_THE_WHOLE: dict[str, Callable[[Office], Any]] = {
    "report": lambda o: kept.show_document(o, REPORT),
    "figures of a report": lambda o: kept.figures_of(o, REPORT),
    "outline of a report": lambda o: kept.outline(o, REPORT),
    "workbook of a report": lambda o: words_of(o, REPORT),
    "brief": lambda o: kept.show_document(o, BRIEF),
    "figures of a brief": lambda o: kept.figures_of(o, BRIEF),
    "outline of a brief": lambda o: kept.outline(o, BRIEF),
    "workbook of a brief": lambda o: words_of(o, BRIEF),
}
WAYS: dict[str, Callable[[Office], Any]] = {
    **OF_THE_WHOLE,
    "reports": kept.list_documents,
    "brief of the other branch": lambda o: kept.show_document(o, HIDDEN_BRIEF),
    "figures of the other branch": lambda o: kept.figures_of(o, HIDDEN_BRIEF),
    "outline of the other branch": lambda o: kept.outline(o, HIDDEN_BRIEF),
    "workbook of the other branch": lambda o: words_of(o, HIDDEN_BRIEF),
    "word of the other branch": lambda o: kept.document_file(o, HIDDEN_BRIEF, "document.docx"),
    "sign the other branch's": lambda o: progress.sign(
        o, HIDDEN_BRIEF, "reviewer", progress.Hand("示例", "2026-03-04")
    ),
    "evaluate by a report": lambda o: evaluation(o, REPORT),
    "list": list_records,
    "list by form": lambda o: list_records(o, form_code="06A", states=[State.DRAFT]),
    "list as a ledger": ledger,
    "show": lambda o: show(o, HIDDEN),
    "show history": lambda o: show(o, HIDDEN.lower(), history=True),
    "open": lambda o: paper_to_open(o, HIDDEN),
    "search its words": lambda o: search(o, MARK, Criteria()),
    "search its number": lambda o: search(o, HIDDEN, Criteria()),
    "search its customer": lambda o: search(o, "用户:示例单位九", Criteria()),
    "search with facets": lambda o: search(o, "示例", Criteria()),
    "search by relevance": lambda o: search(o, "示例 OR 功放", Criteria(), sort="relevance"),
    "search that finds nothing": lambda o: search(o, f"{MARK} 没有这样的词", Criteria(form_code="06A")),
    "search excluding": lambda o: search(o, "示例 -功放", Criteria()),
    "search one field": lambda o: search(o, "型号:ZZ-9", Criteria(year=2025)),
    "list of hits": lambda o: paged(o, "示例"),
    "arrivals": arrivals,
    "complaints": lambda o: complaints(o, since="2025-01-01"),
    "check list of complaints": checklist,
    "feedback": lambda o: feedback_file(o, HIDDEN_COMPLAINT, "feedback.docx"),
    "show a complaint": lambda o: show(o, HIDDEN_COMPLAINT),
    "due": lambda o: due(o, on="2025-12-31"),
    "status": status,
    "task": lambda o: show_task(o, NOTICE),
    "what is left out of the year": lambda o: compile_year(o, 2025, form_code="06A", dry_run=True),
    "update": lambda o: update(o, HIDDEN, on_disk(o.settings.root / "hidden.json")),
    "submit": lambda o: steps.submit(o, [HIDDEN]),
    "submit both": lambda o: steps.submit(o, [HIDDEN, "QR758-06A-2025-00099"]),
    "review": lambda o: steps.review(o, [HIDDEN]),
    "return": lambda o: steps.send_back(o, [HIDDEN], reason="示例"),
    "void": lambda o: steps.void(o, [HIDDEN], reason="示例"),
    "sign": lambda o: steps.sign(o, [HIDDEN], kind="engineer", by="示例"),
    "authorise": lambda o: o.authorise(Action.VOID, HIDDEN),
    "hold": lambda o: hold(o, HIDDEN, "示例"),
    "hold its customer": lambda o: hold(o, "示例单位九", "示例"),
    "release its customer": lambda o: release(o, "示例单位九", "示例"),
    "export": lambda o: export_bag(o, o.settings.root / "bag", record_nos=[HIDDEN]),
    "what waits": waiting,
    "its archived paper": lambda o: archived_paper(o, HIDDEN),
    "go on with it at the desk": lambda o: go_on(o, HIDDEN),
}


@pytest.mark.parametrize("way", sorted(WAYS))
def test_nothing_of_it_shows(pair: tuple[Difference, Office, Office], way: str) -> None:
    difference, with_it, without = pair
    if difference is DIFFERENCES["apart"] and way in OF_THE_WHOLE:
        pytest.skip("its figures count what is kept apart too: the next test")
    assert answer(with_it, difference.low, WAYS[way]) == answer(without, difference.low, WAYS[way])


@pytest.mark.parametrize("number", [REPORT, BRIEF])
def test_a_document_of_what_is_kept_apart_leads_to_none_of_it(
    pair: tuple[Difference, Office, Office], number: str
) -> None:
    """What it prints goes by its scope (F.3); the records its figures count are named to who may read those."""
    difference, with_it, _ = pair

    def named(who: Account) -> set[str]:
        acting = replace(with_it, account=who)
        try:
            return {line.record_no for figure in kept.figures_of(acting, number) for line in figure.records}
        except NotFound:
            return set()

    assert not {HIDDEN, HIDDEN_COMPLAINT} & named(difference.low)
    if difference is DIFFERENCES["apart"]:
        assert OPEN_COMPLAINT not in named(difference.low), "its form is kept apart, too"
        assert {OPEN_COMPLAINT, HIDDEN_COMPLAINT} <= named(replace(difference.high, clearance=3))


def test_who_may_read_the_other_branch_s_brief_sees_what_it_counts(pair: tuple[Difference, Office, Office]) -> None:
    difference, with_it, without = pair
    way = WAYS["figures of the other branch"]
    there, nowhere = (answer(office, difference.high, way) for office in (with_it, without))
    if difference is DIFFERENCES["branch"]:
        assert HIDDEN_COMPLAINT in there and HIDDEN_COMPLAINT not in nowhere
    else:
        assert there == nowhere and HIDDEN_COMPLAINT not in there


@pytest.mark.parametrize(
    "way",
    [
        "list",
        "list as a ledger",
        "show",
        "search its words",
        "search with facets",
        "list of hits",
        "status",
        "arrivals",
        "due",
    ],
)
def test_who_has_the_one_thing_more_sees_it(pair: tuple[Difference, Office, Office], way: str) -> None:
    difference, with_it, without = pair
    assert answer(with_it, difference.high, WAYS[way]) != answer(without, difference.high, WAYS[way])
    assert answer(with_it, difference.high, WAYS[way]) != answer(with_it, difference.low, WAYS[way])


@pytest.mark.parametrize("way", ["due", "what waits"])
def test_nothing_worked_out_for_another_shows(pair: tuple[Difference, Office, Office], way: str) -> None:
    difference, with_it, without = pair
    for office in (with_it, without):
        answer(office, difference.high, WAYS[way])
    assert answer(with_it, difference.low, WAYS[way]) == answer(without, difference.low, WAYS[way])


@pytest.mark.parametrize("way", ["complaints", "check list of complaints"])
def test_who_may_read_a_complaint_finds_it_in_the_lists(pair: tuple[Difference, Office, Office], way: str) -> None:
    difference, with_it, without = pair
    told = [answer(office, difference.high, WAYS[way]) for office in (with_it, without)]
    if difference is DIFFERENCES["unit"]:  # a customer's information belongs to no unit
        assert told[0] == told[1]
    else:
        assert HIDDEN_COMPLAINT in told[0] and HIDDEN_COMPLAINT not in told[1]


def test_a_refused_look_is_in_the_log(pair: tuple[Difference, Office, Office]) -> None:
    difference, with_it, _ = pair
    with pytest.raises(NotFound, match="没有这些记录"):
        reading.one(replace(with_it, account=difference.low), HIDDEN)
    with with_it.register.read() as tx:
        events = [e for e in tx.audit.events(HIDDEN) if e.account == "low"]
    assert {(e.action, e.outcome) for e in events} >= {("read", "refused")}


# Ways that change something: an office of their own


@pytest.fixture
def secret(tmp_path: Path) -> Iterator[Office]:
    with closing(an_office(tmp_path / "office", DIFFERENCES["level"], "level", with_hidden=True)) as office:
        yield office


def test_the_same_input_does_not_find_another_s_record(secret: Office) -> None:
    """Filling the file of a hidden record again gives no number of it, and no paper."""
    low = replace(secret, account=account(Grant("supervisor"), Grant("engineer"), clearance=1))
    path = secret.settings.root / "hidden.json"
    with pytest.raises(QRecordsError) as refused:
        fill(low, "06A", [on_disk(path)])
    assert refused.value.exit_status == 4 and "涉密等级" in refused.value.problems[0].message
    assert HIDDEN not in json.dumps(error_json(refused.value), ensure_ascii=False)
    again = fill(secret, "06A", [on_disk(path)]).records[0].record_no
    assert again == HIDDEN, "who may read it finds it again"


def test_rows_given_out_and_taken_back_show_nothing_hidden(secret: Office) -> None:
    """The workbook of open rows holds no row that may not be read; one named in it is answered like none."""
    root = secret.settings.root
    later = {"handling_result": None, "closed_on": None}
    rows = [sample("10A", **later), sample("10A", user_need=MARK, secrecy_level="秘密", secrecy_period="10年", **later)]
    (root / "rows.json").write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    shown, hidden = [r.record_no for r in fill(secret, "10A", [on_disk(root / "rows.json")]).records]
    low = replace(secret, account=account(Grant("supervisor"), Grant("clerk"), clearance=1))
    high = replace(secret, account=account(Grant("supervisor"), Grant("clerk"), clearance=2))
    assert give_out(high, "10A").record_nos == [shown, hidden]
    given = give_out(low, "10A")
    assert given.record_nos == [shown]
    book = openpyxl.load_workbook(BytesIO(given.data))
    cells = str([[c.value for c in row] for sheet in book.worksheets for row in sheet.iter_rows()])
    assert hidden not in cells and MARK not in cells and shown in cells
    told = []
    for number in (hidden, "QR758-10A-2025-00077"):
        (root / "back.csv").write_text(f"记录编号,处理结果\n{number},示例\n", encoding="utf-8")
        with pytest.raises(QRecordsError) as refused:
            take_back(low, "10A", on_disk(root / "back.csv"))
        told.append(json.dumps(error_json(refused.value), ensure_ascii=False).replace(number, "NO"))
    assert told[0] == told[1] and "没有编号是" in told[0]
    with secret.register.read() as tx:
        assert ("read", "refused") in {(e.action, e.outcome) for e in tx.audit.events(hidden)}


def test_a_notice_that_may_not_be_read_is_none(secret: Office) -> None:
    """A reference to a hidden notice is answered like one to a number never given."""
    stranger = replace(secret, account=Account("other", "示例外人", None, grants=(Grant("engineer"),)))
    told = []
    for number in (NOTICE, "QR758-04A-2025-00077"):
        path = secret.settings.root / "report.json"
        path.write_text(json.dumps(sample("06A", notice_no=number), ensure_ascii=False), encoding="utf-8")
        with pytest.raises(QRecordsError) as refused:
            fill(stranger, "06A", [on_disk(path)])
        told.append(json.dumps(error_json(refused.value), ensure_ascii=False).replace(number, "NO"))
    assert told[0] == told[1] and "不是在用的" in told[0]


def test_a_refused_step_on_a_readable_record_names_the_right_and_who_has_it(secret: Office) -> None:
    reader = replace(secret, account=account(Grant("reader", until="2026-12-31")))
    with pytest.raises(QRecordsError) as refused:
        steps.void(reader, [OPEN], reason="示例")
    error = refused.value
    assert (error.exit_status, "「作废」" in error.message, "管理信息部主管（supervisor）" in str(error.remedy)) == (
        4,
        True,
        True,
    )
    with secret.register.read() as tx:
        assert [(e.action, e.outcome) for e in tx.audit.events(OPEN)][-1] == ("void", "refused")


@pytest.mark.office
def test_bound_papers_show_nothing_of_it(tmp_path: Path) -> None:
    """A month and a volume with a hidden row: no contents, no place, no item, no title, no count."""
    from qrecords.services.file import file_months
    from qrecords.services.volumes.shelf import find_records, list_volumes, show_volume

    root = tmp_path / "office"
    rows = [sample("10A"), sample("10A", secrecy_level="秘密", secrecy_period="10年")]
    with closing(init(root, clock=lambda: NOW)) as office:
        (root / "rows.json").write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
        numbers = [r.record_no for r in fill(office, "10A", [on_disk(root / "rows.json")]).records]
        steps.submit(office, numbers)
        steps.review(office, numbers, on="2025-12-31")
        month = reading.one(office, numbers[0]).month
        file_months(office, "10A", [month])
        compile_year(office, 2025, form_code="10A")
        (volume,) = list_volumes(office)
        low, high = (replace(office, account=replace(FULL, clearance=n)) for n in (1, 2))
        assert volume.secrecy_level == "秘密", "a volume is as secret as the most secret of its items"
        assert [v.volume_code for v in list_volumes(high)] == [volume.volume_code]
        assert list_volumes(low) == []
        told = {}
        for code in (volume.volume_code, volume.volume_code[:-1] + "9"):
            with pytest.raises(NotFound) as missing:
                show_volume(low, code)
            told[code] = json.dumps(error_json(missing.value), ensure_ascii=False).replace(code, "CODE")
        assert len(set(told.values())) == 1
        with pytest.raises(NotPermitted) as refused:
            find_records(low, numbers[:1])
        assert "没有成册" not in refused.value.message, "it is bound, and show says so"
        assert numbers[1] not in json.dumps(error_json(refused.value), ensure_ascii=False)
        with pytest.raises(NotFound, match="没有可导出的归档件") as nothing:
            export_bag(low, root.parent / "bag-low", year=2025)
        told_of_it = json.dumps(error_json(nothing.value), ensure_ascii=False)
        assert not any(word in told_of_it for word in (*numbers, volume.volume_code))
        assert not (root.parent / "bag-low").exists()
        packed = export_bag(high, root.parent / "bag-high", year=2025)
        assert packed.volumes == [volume.volume_code]
        shown = show(low, numbers[0])
        assert shown.item is None and show(high, numbers[0]).item.archive_no
        found = status(low)
        assert (found.records, found.items, found.volumes) == ({"bound": 1}, 0, 0)
        with pytest.raises(QRecordsError):
            paper_to_open(low, numbers[0])
        assert compile_year(low, 2025, form_code="10A", dry_run=True).volumes == []
