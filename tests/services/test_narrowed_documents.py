"""Documents narrowed to one office of military representatives: its own customers and models alone (5.7.4, 5.11.1)."""

from __future__ import annotations

import re
import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path

import openpyxl
import pytest

from qrecords.cli.wording import worded
from qrecords.errors import InvalidInput, NotFound, NotPermitted, QRecordsError, UsageError, WrongState
from qrecords.model.access import Account, Grant
from qrecords.model.formats import DocumentJson
from qrecords.model.objects import DOCUMENT
from qrecords.office import REGISTER_FILE, Office
from qrecords.render.charts.svg import svg
from qrecords.render.pdf import Converter
from qrecords.services import steps
from qrecords.services.access.copies import request as request_copies
from qrecords.services.administer import init, open_office
from qrecords.services.care.backup import backup, restore
from qrecords.services.care.handover import export_bag, import_bag
from qrecords.services.care.rebuild import rebuild
from qrecords.services.care.verify import verify
from qrecords.services.disposition.destroy import destroy
from qrecords.services.disposition.lists import approve as approve_list
from qrecords.services.disposition.lists import draw as draw_list
from qrecords.services.disposition.lists import witness
from qrecords.services.finding.search import Criteria, search
from qrecords.services.reports.awaited import awaited_documents
from qrecords.services.reports.draw import correct, draw, offices
from qrecords.services.reports.kept import document_file, figures_of, list_documents, outline, show_document
from qrecords.services.reports.progress import Hand, approve, issue, make_void, review
from qrecords.services.volumes.compile import compile_year
from tests import retention_office as kept
from tests.faulty_disk import blank_convert

MARCH, NAVY = "2019-03", "海军"
WHOLE, OWN, MODELS, FAR = "示例甲室", "示例丙室", "示例丁室", "示例戊室"
OURS, THEIRS = "示例海军单位", "示例海军友邻"
MILREPS = {
    WHOLE: 'branches = ["海军"]',
    OWN: f'branches = ["海军"]\ncustomers = ["{OURS}"]',
    MODELS: 'branches = ["海军"]\nmodels = ["SL-120"]\nspans = ["half", "year"]',
    FAR: 'branches = ["空军"]\ncustomers = ["示例空军单位"]\nlevel = "公开"',
}


@pytest.fixture(autouse=True)
def blank_pages(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    if "office" not in {mark.name for mark in request.node.iter_markers()}:
        monkeypatch.setattr(Converter, "convert", blank_convert)
        monkeypatch.setattr("qrecords.services.care.deep.Deep.volumes", lambda *_: iter(()))


def listed(root: Path, milreps: dict[str, str]) -> None:
    path = root / "forms" / "KF" / "documents.toml"
    text = path.read_text(encoding="utf-8").partition("\n[milreps.")[0]
    own = "".join(f'\n[milreps."{name}"]\n{said}\n' for name, said in milreps.items())
    path.write_text(text + own, encoding="utf-8")


@pytest.fixture
def people(tmp_path: Path) -> Iterator[kept.People]:
    root = kept.copied(tmp_path)
    listed(root, MILREPS)
    units = f"用户单位\n{OURS}\n{THEIRS}\n示例空军单位\n"
    (root / "customers.csv").write_text(units, encoding="utf-8")
    with kept.opened(root, clock=lambda: kept.THEN) as all_of_them:
        yield all_of_them


def with_grants(people: kept.People, *grants: Grant) -> Office:
    return replace(people.office, account=Account("low", "示例员工", None, True, "", 3, grants))


def approved(people: kept.People, kind: str, period: str, milrep: str = "") -> str:
    number = draw(people("甲"), kind, period, branch=NAVY, milrep=milrep).document_no
    review(people("乙"), number, Hand("示例主任"))
    approve(people("丙"), number, Hand("示例领导"))
    return number


def mailed(office: Office, *numbers: str) -> str:
    return kept.filled(office, "09A", kept.sample("09A", subject=f"报送 {' '.join(numbers)}"))[0]


def test_r105_each_narrowed_office_has_a_document_of_its_own(people: kept.People) -> None:
    office = people("甲")
    whole, own = draw(office, "JB", MARCH, branch=NAVY), draw(office, "JB", MARCH, branch=NAVY, milrep=f" {OWN}")
    assert [d.document_no for d in (whole, own)] == ["KF-JB-2019-001", "KF-JB-2019-002"]
    assert (whole.milrep, own.milrep) == (None, OWN)
    assert own.title == f"{whole.title}（{OWN}）"
    assert draw(office, "JB", MARCH, branch=NAVY, milrep=OWN).document_no == own.document_no, "drawn again"
    with office.register.read() as tx:
        found = [tx.documents.get(d.document_no) for d in (whole, own)]
        assert tx.documents.standing("KF-JB", MARCH, NAVY) == found[0]
        assert tx.documents.standing("KF-JB", MARCH, NAVY, OWN) == found[1]
    assert [d.recipients for d in found if d] == [(WHOLE,), (OWN,)]
    for month in ("2019-04", "2019-05"):
        draw(office, "JB", month, branch=NAVY)
    draw(office, "JB", "2019-04", branch=NAVY, milrep=OWN)
    issues = [
        office.archive.read_as(DocumentJson, DOCUMENT.object_id(d.document_no)).issue for d in list_documents(office)
    ]
    assert issues == [f"第{n}期（总第{n}期）" for n in (1, 1, 2, 3, 2)], "counted for each office by itself"


@pytest.mark.parametrize(
    ("kind", "period", "branch", "milrep", "error", "told"),
    [
        ("BB", MARCH, "", OWN, UsageError, "不分军事代表室"),
        ("JB", MARCH, NAVY, "示例没有室", InvalidInput, "没有军事代表室「示例没有室」"),
        ("JB", MARCH, "空军", OWN, UsageError, "示例丙室不管空军"),
        ("JB", MARCH, NAVY, WHOLE, UsageError, "分管海军的全部"),
        ("JB", MARCH, NAVY, MODELS, UsageError, "不要这种期间"),
        ("JB", MARCH, "空军", FAR, UsageError, "最高收到公开，这份是内部"),
        ("JB", MARCH, "", OWN, UsageError, "要写是哪个军兵种"),
    ],
)
def test_what_an_office_gets_none_of_is_told_and_takes_no_number(
    people: kept.People, kind: str, period: str, branch: str, milrep: str, error: type[QRecordsError], told: str
) -> None:
    office = people("甲")
    with pytest.raises(error, match=told) as refused:
        draw(office, kind, period, branch=branch, milrep=milrep)
    assert worded(refused.value.remedy)
    with office.register.read() as tx:
        assert tx.documents.all(reserved=True) == [] and not office.register.has_aside()
    assert draw(office, "JB", MARCH, branch=NAVY).document_no == "KF-JB-2019-001"


def test_a_customer_nobody_knows_leaves_no_document_empty_unseen(people: kept.People) -> None:
    office = people("甲")
    listed(people.root, {OWN: 'branches = ["海军"]\ncustomers = ["示例海军单位", "示例单位一", "示例海车单位"]'})
    with pytest.raises(InvalidInput, match="分管的「示例海车单位」在用户清单和记录里都没有"):
        draw(office, "JB", MARCH, branch=NAVY, milrep=OWN)
    listed(people.root, {OWN: 'branches = ["海军"]\ncustomers = ["示例海军单位", "示例单位一"]'})
    assert draw(office, "JB", MARCH, branch=NAVY, milrep=OWN).document_no == "KF-JB-2019-001"


# What it says


def text_of(path: Path) -> str:
    import pypdf

    if path.suffix == ".pdf":
        return re.sub(r"\s", "", "".join(page.extract_text() for page in pypdf.PdfReader(path).pages))
    if path.suffix == ".png":
        return ""
    with zipfile.ZipFile(path) as packed:
        said = "".join(packed.read(name).decode() for name in packed.namelist() if name.endswith((".xml", ".rels")))
    if path.suffix == ".xlsx":
        book = openpyxl.load_workbook(path)
        said += "".join(str(cell) for one in book for row in one.iter_rows(values_only=True) for cell in row)
    return said


def notice(customer: str, *models: str) -> dict[str, object]:
    products = [
        {"product_name": "示例电台", "product_model": m, "serial_no": f"N{m}", "quantity": 1, "task": "维修"}
        for m in models
    ]
    return kept.sample("04A", customer_unit=customer, customer_code=None, products=products, task_description="检修")


def repair(month: int, customer: str, branch: str) -> dict[str, object]:
    days = {"reported_on": 1, "started_on": 2, "finished_on": 3, "user_sign_date": 3}
    return kept.sample(
        "06A", customer_unit=customer, customer_code=None, military_branch=branch, training_hours=0.2, serial_no=f"S{month}{customer}",
        **{key: f"2019-{month:02d}-1{day}" for key, day in days.items()},
    )  # fmt: skip


@pytest.mark.office
@pytest.mark.parametrize(("kind", "period"), [("JB", MARCH), ("BZ", "2019")])
def test_r107_an_offices_document_names_no_other_customer_of_its_branch(
    people: kept.People, kind: str, period: str
) -> None:
    office = people("甲")
    (mine,) = kept.filled(office, "01A", kept.information(3, OURS, military_branch=NAVY))
    (near,) = kept.filled(office, "01A", kept.information(4, THEIRS, military_branch=NAVY))
    (far,) = kept.filled(office, "01A", kept.information(5, "示例空军单位", military_branch="空军"))
    (unnamed,) = kept.filled(office, "01A", kept.information(6, "示例海军单位二", military_branch=NAVY))
    for customer, branch in ((OURS, NAVY), (THEIRS, NAVY), ("示例空军单位", "空军")):
        made = kept.filled(office, "06A", *(repair(n, customer, branch) for n in range(1, 13)))
        for need in office.forms.get("QR758-06A").form.steps["file"].signatures:
            steps.sign(office, made, kind=need.any_of[0], by="示例", on="2019-12-30")
        steps.submit(office, made)
    shown = draw(office, kind, period, branch=NAVY, milrep=OWN, remarks=[f"与{OURS}核对过，见 {mine}。"])
    assert shown.files
    said = {name: text_of(Path(path)) for name, path in shown.files.items()}
    charts = outline(office, shown.document_no).charts
    said |= {f"{name}.svg": svg(chart) for name, chart in charts.items()}
    said["document.json"] = office.archive.read(DOCUMENT.object_id(shown.document_no), "document.json").decode()
    assert {Path(name).suffix for name in said} >= {".docx", ".pdf", ".xlsx", ".json"}
    assert kind == "JB" or charts
    for name in ("document.docx", "document.pdf", "tables.xlsx", "document.json"):
        assert OURS in said[name] and OWN in said[name], name
    assert mine in said["tables.xlsx"]
    assert f"{shown.title.removesuffix(f'（{OWN}）')}</w:t><w:br/>" in said["document.docx"], (
        "the office below the title"
    )
    outside = (THEIRS, near, far, unnamed, "示例海军单位二", "示例空军单位", "空军", WHOLE, MODELS, FAR)
    assert [(name, word) for name, text in said.items() for word in outside if word in text] == []
    counted = {r.record_no for f in figures_of(office, shown.document_no) for r in f.records}
    assert mine in counted and counted.isdisjoint({near, far, unnamed})


def test_by_models_a_notice_counts_with_its_own_products_alone(people: kept.People) -> None:
    office = people("甲")
    (both,) = kept.filled(office, "04A", notice(OURS, "SL-120", "SL-210"))
    (others,) = kept.filled(office, "04A", notice(THEIRS, "SL-210"))
    (mine,) = kept.filled(office, "01A", kept.information(3, THEIRS, military_branch=NAVY, product_model="ＳＬ-120"))
    (away,) = kept.filled(office, "01A", kept.information(4, OURS, military_branch=NAVY, product_model="SL-210"))
    shown = draw(office, "BZ", "2019-H1", branch=NAVY, milrep=MODELS)
    held = office.archive.read(DOCUMENT.object_id(shown.document_no), "document.json").decode()
    assert "SL-120" in held and mine in held and both in held
    assert [word for word in ("SL-210", others, away) if word in held] == []
    listed(people.root, {OWN: f'branches = ["海军"]\ncustomers = ["{OURS}"]\nmodels = ["SL-120"]'})
    shown = draw(office, "BZ", "2019", branch=NAVY, milrep=OWN)
    held = office.archive.read(DOCUMENT.object_id(shown.document_no), "document.json").decode()
    assert [word for word in (THEIRS, mine, away, "SL-210") if word in held] == [], "what is in both"


def test_words_of_people_name_nobody_the_office_does_not_look_after(people: kept.People) -> None:
    office = people("甲")
    (near,) = kept.filled(office, "01A", kept.information(4, THEIRS, military_branch=NAVY))
    other = draw(office, "JB", "2019-02", branch=NAVY).document_no
    for words in (f"{THEIRS}已办结", f"另见 {near.lower()}", f"同 {other}"):
        with pytest.raises(UsageError, match="示例丙室不分管") as refused:
            draw(office, "JB", MARCH, branch=NAVY, milrep=OWN, remarks=["正常", words])
        assert len(refused.value.problems) == 1
    draw(office, "JB", MARCH, branch=NAVY, remarks=[f"{THEIRS}已办结"])
    number = approved(people, "JB", MARCH, OWN)
    with pytest.raises(UsageError, match="示例丙室不分管"):
        correct(office, number, f"{THEIRS}的数字")
    assert correct(office, number, f"补登 {number}").edition == 2


# When it is owed, where it goes, who reads it


def test_r98_an_office_waits_for_its_own_and_what_is_missing_is_a_gap_of_the_volume(people: kept.People) -> None:
    office = people("甲")
    listed(people.root, {WHOLE: MILREPS[WHOLE]})
    draw(office, "JB", "2019-02", branch=NAVY)
    listed(people.root, {WHOLE: MILREPS[WHOLE], OWN: "branches = ['海军']"})
    approved(people, "JB", MARCH)  # sent to both: not narrowed yet
    listed(people.root, MILREPS)

    def owed() -> set[str]:
        return {one.about for one in awaited_documents(office, date(2019, 7, 31))}

    assert f"KF-JB 2019-04海军{OWN}" in owed() and "KF-JB 2019-04海军" in owed()
    assert f"KF-JB 2019-03海军{OWN}" not in owed(), "the whole was for it"
    assert not any(MODELS in about or FAR in about for about in owed()), "they want no briefs"
    (step,) = [one for one in awaited_documents(office, date(2019, 7, 31)) if one.about == f"KF-JB 2019-04海军{OWN}"]
    assert f"--office {OWN}" in worded(step.detail)
    listed(people.root, MILREPS | {OWN: MILREPS[OWN] + '\nsince = "2019-05-01"'})
    assert f"KF-JB 2019-04海军{OWN}" not in owed() and f"KF-JB 2019-05海军{OWN}" in owed()
    listed(people.root, MILREPS)
    number = draw(office, "JB", "2019-04", branch=NAVY, milrep=OWN).document_no
    assert number in owed() and f"KF-JB 2019-04海军{OWN}" not in owed(), "until it is approved"
    navy = with_grants(people, Grant("supervisor", branch="空军"))
    assert [*awaited_documents(navy, date(2019, 7, 31))] == []

    missing = {m.record_no for m in compile_year(office, 2019, form_code="KF-JB", dry_run=True).missing}
    assert {"KF-JB 2019-04", f"KF-JB 2019-05{OWN}", f"KF-JB 2019-02{OWN}"} <= missing
    assert missing.isdisjoint({f"KF-JB 2019-03{OWN}", f"KF-JB 2019-04{OWN}", "KF-JB 2019-03"})
    review(people("乙"), number, Hand("示例主任"))
    approve(people("丙"), number, Hand("示例领导"))
    make_void(office, draw(office, "JB", "2019-06", branch=NAVY, milrep=OWN).document_no, "示例")
    (made,) = compile_year(office, 2019, form_code="KF-JB", with_gaps=True, reason="示例").volumes
    assert (made.volume_code, made.items) == ("750-KJ·KF·JB·HJ·2019·D5-001", 2), "all offices of the branch together"
    assert show_document(office, number).volumes == (made.volume_code,)
    assert verify(office, deep=True).problems == []


def test_where_every_office_is_narrowed_the_whole_is_owed_no_more(people: kept.People) -> None:
    office = people("甲")
    draw(office, "JB", "2019-02", branch=NAVY)
    listed(people.root, {OWN: MILREPS[OWN]})
    owed = {one.about for one in awaited_documents(office, date(2019, 7, 31))}
    assert f"KF-JB 2019-04海军{OWN}" in owed and "KF-JB 2019-04海军" not in owed


def test_an_offices_document_goes_to_nobody_elses(people: kept.People) -> None:
    office = people("甲")
    whole, own = approved(people, "JB", MARCH), approved(people, "JB", MARCH, OWN)
    listed(people.root, MILREPS | {"示例己室": f'branches = ["海军"]\ncustomers = ["{THEIRS}"]'})
    mail = mailed(office, whole, own)
    for number, name, why, then in (
        (own, WHOLE, "给示例丙室拟制的", "海军的那一份"),
        (own, "示例己室", "给示例丙室拟制的", "--office 示例己室"),
        (own, FAR, "给示例丙室拟制的", ""),
        (whole, OWN, "部分单位", f"--office {OWN}"),
    ):
        with pytest.raises(UsageError, match=why) as refused:
            issue(office, number, to=[name], mail_no=mail)
        assert then in worded(refused.value.remedy)
    for number, name in ((own, WHOLE), (whole, OWN), (whole, f" {OWN}")):
        with pytest.raises(UsageError, match=f"不能报送{name.strip()}"):
            request_copies(office, number, purpose="报送", recipient=name)
    assert request_copies(office, own, purpose="报送", recipient=OWN).recipient == OWN
    assert issue(office, own, mail_no=mail).awaiting_receipt == (OWN,)
    assert issue(office, whole, mail_no=mail).awaiting_receipt == (WHOLE,)


def test_an_account_of_an_office_reads_its_own_documents_alone(people: kept.People) -> None:
    office = people("甲")
    listed(people.root, MILREPS | {"示例己室": f'branches = ["海军"]\ncustomers = ["{THEIRS}"]'})
    numbers = [approved(people, "JB", MARCH, milrep) for milrep in ("", OWN, "示例己室")]
    mail = mailed(office, *numbers)
    for number in numbers:
        issue(office, number, mail_no=mail)
    whole, own, others = numbers
    its = with_grants(people, Grant("milrep", unit=OWN, branch=NAVY))
    assert [d.document_no for d in list_documents(its)] == [own]
    assert [d.document_no for d in search(its, "2019年3月", Criteria()).documents] == [own]
    assert document_file(its, own, "document.pdf")
    for hidden in (whole, others):
        for ask in (show_document, figures_of, outline, partial(document_file, name="tables.xlsx")):
            with pytest.raises(NotFound, match="没有这份文件"):
                ask(its, hidden)
    of_branch = with_grants(people, Grant("milrep", branch=NAVY))
    assert [d.document_no for d in list_documents(of_branch)] == numbers, "it sees the whole branch anyway"
    assert list_documents(with_grants(people, Grant("milrep", unit=OWN, branch="空军"))) == []


def test_an_account_of_another_branch_learns_of_no_office(people: kept.People) -> None:
    air = with_grants(people, Grant("supervisor", branch="空军"))
    assert (offices(air), offices(people("甲"))) == ([FAR], [OWN, MODELS, FAR])
    for name in (OWN, "示例没有室"):
        with pytest.raises(NotPermitted) as refused:
            draw(air, "JB", MARCH, branch=NAVY, milrep=name)
        assert MODELS not in str(refused.value) + worded(refused.value.remedy)


# What it is compared with


def test_r104_an_offices_half_year_stands_beside_its_own_months(people: kept.People) -> None:
    office = people("甲")
    path = people.root / "forms" / "KF" / "documents.toml"
    text = path.read_text(encoding="utf-8").replace('periods = ["half", "year"]', 'periods = ["month", "half", "year"]')
    text = text.replace("signatures = { half =", 'signatures = { month = ["reviewer"], half =')
    path.write_text(text, encoding="utf-8")
    kept.filled(office, "01A", kept.information(3, OURS, military_branch=NAVY))
    for month in range(1, 7):
        period = f"2019-{month:02d}"
        approved_month = draw(office, "BZ", period, branch=NAVY, milrep=OWN).document_no
        review(people("乙"), approved_month, Hand("示例主任"))
    shown = draw(office, "BZ", "2019-H1", branch=NAVY, milrep=OWN)
    (beside,) = [t for t in shown.tables or () if t.key.startswith("T19")]
    assert not any("没有" in note for note in beside.notes), beside.notes
    whole = draw(office, "BZ", "2019-H1", branch=NAVY)
    (without,) = [t for t in whole.tables or () if t.key.startswith("T19")]
    assert without != beside, "the months of an office are not the branch's"


# Kept


def test_rebuilt_backed_up_handed_over_and_destroyed_it_is_the_offices(people: kept.People, tmp_path: Path) -> None:
    office = people("甲")
    whole, own = approved(people, "JB", MARCH), approved(people, "JB", MARCH, OWN)
    with office.register.read() as tx:
        before = tx.documents.all()
    assert [d.milrep for d in before] == ["", OWN]
    backup(office, tmp_path / "backup")
    export_bag(office, tmp_path / "bag", year=2019)
    with closing(init(tmp_path / "elsewhere", clock=lambda: kept.THEN)) as other:
        import_bag(other, tmp_path / "bag")
        assert show_document(other, own).milrep == OWN
        assert verify(other, deep=True).problems == []
    restore(tmp_path / "backup", tmp_path / "restored")
    with closing(open_office(tmp_path / "restored", clock=lambda: kept.THEN)) as again, again.register.read() as tx:
        assert tx.documents.all() == before
    later = people.at(kept.NOW)
    found = draw_list(later("甲"), [own], "无继续保存价值")
    approve_list(later("乙"), found.list_no)
    for name in ("丙", "丁"):
        witness(later(name), found.list_no, found.sha256, kept.TODAY)
    destroy(later("戊"), found.list_no)
    assert (show_document(later("甲"), own).state, show_document(later("甲"), whole).state) == ("destroyed", "approved")
    assert verify(later("甲"), deep=True).problems == []
    root = people.root
    people.office.close()
    (root / "archive" / REGISTER_FILE).rename(tmp_path / "gone.sqlite")
    assert rebuild(root, clock=lambda: kept.THEN).problems == []
    with closing(open_office(root, clock=lambda: kept.THEN)) as office, office.register.read() as tx:
        assert tx.documents.get(whole) == before[0]
        gone = tx.documents.get(own)
        assert gone and gone.version < 0


def test_rebuilt_it_stands_beside_the_whole(people: kept.People, tmp_path: Path) -> None:
    draw(people("甲"), "JB", MARCH, branch=NAVY, milrep=OWN)
    with people.office.register.read() as tx:
        before = tx.documents.all()
    root = people.root
    people.office.close()
    (root / "archive" / REGISTER_FILE).rename(tmp_path / "gone.sqlite")
    assert rebuild(root, clock=lambda: kept.THEN).problems == []
    with closing(open_office(root, clock=lambda: kept.THEN)) as office:
        with office.register.read() as tx:
            assert tx.documents.all() == before
        assert draw(office, "JB", MARCH, branch=NAVY).document_no == "KF-JB-2019-002"
        assert draw(office, "JB", MARCH, branch=NAVY, milrep=OWN).document_no == "KF-JB-2019-001"
        assert verify(office, deep=True).problems == []


def test_whose_it_is_cannot_be_edited_unseen(people: kept.People) -> None:
    own = draw(people("甲"), "JB", MARCH, branch=NAVY, milrep=OWN).document_no
    whole = draw(people("甲"), "JB", MARCH, branch=NAVY).document_no
    assert verify(people("甲")).problems == []
    for number, milrep in ((own, ""), (own, WHOLE), (whole, OWN)):
        with closing(sqlite3.connect(people.root / "archive" / REGISTER_FILE)) as connection, connection:
            (was,) = connection.execute("SELECT milrep FROM document WHERE document_no = ?", (number,)).fetchone()
            connection.execute("UPDATE document SET milrep = ? WHERE document_no = ?", (milrep, number))
        found = [
            worded(p.message) for p in verify(people("甲")).problems if number in f"{p.source} {worded(p.message)}"
        ]
        assert len(found) >= 2, "the seal of the row and the object both say otherwise"
        with closing(sqlite3.connect(people.root / "archive" / REGISTER_FILE)) as connection, connection:
            connection.execute("UPDATE document SET milrep = ? WHERE document_no = ?", (was, number))
    assert verify(people("甲")).problems == []


def test_a_register_of_before_keeps_its_documents_and_their_seals(people: kept.People) -> None:
    number = approved(people, "JB", MARCH)
    root = people.root
    people.office.close()
    with closing(sqlite3.connect(root / "archive" / REGISTER_FILE)) as connection, connection:
        connection.execute("ALTER TABLE document DROP COLUMN milrep")
        connection.execute("UPDATE alembic_version SET version_num = '0013'")
    with kept.opened(root, clock=lambda: kept.THEN) as again:
        assert show_document(again("甲"), number).milrep is None
        assert verify(again("甲"), deep=True).problems == []
        with pytest.raises(WrongState, match="已经批准"):
            draw(again("甲"), "JB", MARCH, branch=NAVY)
