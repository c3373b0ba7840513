"""What a search finds and shows: texts of forms and of what belongs to a record, without loading what it does not need."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from qrecords.desk.workspace import Workspace
from qrecords.errors import QRecordsError
from qrecords.model.record import Record, Signed, State
from qrecords.office import Office
from qrecords.services.finding import indexing
from qrecords.services.finding.search import Criteria, facets_of, search
from qrecords.services.intake.fill import fill
from qrecords.stores.formoutlines import CACHE_FILE
from qrecords.stores.fulltext.store import POINTER, IndexStore
from qrecords.stores.given import on_disk
from qrecords.stores.register import tables
from qrecords.stores.register.rows import VolumeRow
from tests.conftest import CHECKOUT, CommandLine
from tests.stores.test_fulltext_store import terms_beginning_with

NO = "QR758-10A-2025-00001"


@pytest.fixture
def filled(office: Office, write: Callable[..., Path], sample: Callable[..., Any]) -> Office:
    fill(office, "10A", [on_disk(write(sample("10A")))])
    return office


def found(office: Office, text: str) -> list[str]:
    return [hit.record_no for hit in search(office, text, Criteria()).hits]


def test_names_of_evidence_and_signers(filled: Office) -> None:
    with filled.register.write() as tx:
        tx.records.sign(
            [NO], Signed("engineer", "示例签署人甲", "2025-04-09", "回执传真复印件03.pdf"), "2025-04-09", "x"
        )
        tx.records.touch([NO])
    assert found(filled, "传真复印件03") == [NO]
    assert found(filled, "附件:复印件") == [NO]
    assert found(filled, "签署:签署人甲") == [NO]
    assert found(filled, "签署:复印件") == []


def test_the_title_of_its_volume(filled: Office) -> None:
    volume: dict[str, Any] = {c.name: c.type.python_type() for c in tables.volume.c if not c.nullable} | {
        "volume_code": "750-KJ·KF·10·2025·D5-001", "form_code": "QR758-10A", "year": 2025, "number": 1, "version": 1,
        "title": "示例单位甲卷：客户服务收件记录",
    }  # fmt: skip
    with filled.register.write() as tx:
        tx.items.reserve_volume(VolumeRow(**volume))
        tx.records.change([NO], volume_code=volume["volume_code"])
    assert found(filled, "示例单位甲卷") == [NO]
    assert found(filled, "册:2025D5001") == [NO]
    assert "甲卷" in search(filled, "甲卷", Criteria()).hits[0].snippet


def test_a_source_of_further_texts_is_searched_and_shown(filled: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def scans(_office: Office, _tx: Any, records: Sequence[Record]) -> Iterable[tuple[str, str, str]]:
        return [(record.record_no, "scan_text", "手写补充：按键板批号7741") for record in records]

    monkeypatch.setattr(indexing, "SOURCES", (*indexing.SOURCES, scans))
    with filled.register.write() as tx:
        tx.records.touch([NO])  # as whoever adds such a text does
    assert found(filled, "扫描件:批号7741") == [NO]
    assert "【批号7741】" in search(filled, "批号7741", Criteria()).hits[0].snippet


def test_a_search_loads_neither_form_definitions_nor_document_libraries(
    cli: CommandLine, write: Callable[..., Path], sample: Callable[..., Any]
) -> None:
    cli("fill", "10A", write(sample("10A")))
    cli("search", "遥控盒")  # keeps the outlines of the forms
    program = (
        "import sys; from qrecords.cli import app\n"
        "try: app.run(sys.argv[1:])\n"
        "finally: print(*sorted(m for m in sys.modules if '.' not in m or m == 'qrecords.web'), file=sys.stderr)"
    )
    words = ["--root", str(cli.root), "search", "用户:示例", "--form", "10A"]
    environment = os.environ | {"PYTHONPATH": str(CHECKOUT / "src")}
    ran = subprocess.run(
        [sys.executable, "-c", program, *words], check=False, capture_output=True, text=True, env=environment
    )
    assert NO in ran.stdout, ran.stderr
    loaded = set(ran.stderr.split())
    assert loaded.isdisjoint({"pydantic", "openpyxl", "docx", "docxtpl", "pypdf", "lxml", "jinja2", "yaml", "alembic"})
    assert loaded.isdisjoint({"starlette", "uvicorn", "anyio", "multipart", "qrecords.web"}), "nothing of the desk"


def test_outlines_follow_the_forms(filled: Office) -> None:
    assert "送件之人" not in filled.outlines.labels()
    path = filled.settings.forms_dir / "10A" / "form.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('label = "来件人"', 'label = "送件之人"'), encoding="utf-8")
    fresh = Office(Workspace(filled.settings, filled.register), filled.account)
    assert fresh.outlines.labels()["送件之人"] == ("contact_person",)
    path.write_text("broken [", encoding="utf-8")
    other = Office(Workspace(filled.settings, filled.register), filled.account)
    assert other.outlines.get("QR758-06A").title == "维修服务报告"
    assert other.outlines.full_code("06a") == "QR758-06A"


@pytest.mark.parametrize("damage", [b"", b"{}", b'{"marks": 1}', b"\xff"])
def test_outlines_that_are_damaged_are_made_again(filled: Office, damage: bytes) -> None:
    before = filled.outlines.labels()
    kept = filled.settings.indexes_dir / CACHE_FILE
    assert kept.is_file()
    kept.write_bytes(damage)
    again = Office(Workspace(filled.settings, filled.register), filled.account)
    assert again.outlines.labels() == before
    assert kept.read_bytes() != damage


@pytest.mark.parametrize("engine", ["tantivy", "whoosh"])
def test_nothing_of_a_destroyed_record_is_found_or_left(
    office: Office, write: Callable[..., Path], sample: Callable[..., Any], engine: str
) -> None:
    if engine == "tantivy":
        pytest.importorskip("tantivy", reason="no tantivy wheel for this machine")
    office.workspace.use_engine(engine)
    fill(
        office,
        "10A",
        [on_disk(write([sample("10A", user_need="示例：囍字遥控盒"), sample("10A", user_need="示例：遥控盒")]))],
    )
    assert found(office, "囍字") == [NO]
    copy = office.settings.indexes_dir / indexing.OPENED / "x.pdf"
    copy.parent.mkdir()
    copy.write_bytes(b"%PDF")
    with office.register.write() as tx:
        tx.records.change([NO], state=State.DESTROYED, values={}, title="示例：已销毁", customer_unit="")
    assert found(office, "囍字") == []
    assert found(office, "遥控盒") == ["QR758-10A-2025-00002"]
    assert found(office, f"编号:{NO}") == [NO]  # that it was, the register still says
    indexing.purge(office)
    assert found(office, "遥控盒") == ["QR758-10A-2025-00002"]
    assert indexing.catch_up(office) == 0
    assert not copy.exists()
    assert terms_beginning_with(office.index, "囍") == []
    assert terms_beginning_with(office.index, "遥")
    office.index.close()


def test_a_machine_that_is_behind_waits_or_says_by_how_much(
    filled: Office, write: Callable[..., Path], sample: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "BATCH", 1)
    monkeypatch.setattr(indexing, "follow", lambda _office: None)
    search(filled, "", Criteria(form_code="10A"))
    with filled.register.write() as tx:
        made = tx.records.many([NO])[0]
        tx.records.add([(replace(made, record_no=f"QR758-10A-2025-0000{n}"), None) for n in (2, 3, 4)])
        tx.records.touch([f"QR758-10A-2025-0000{n}" for n in (2, 3, 4)])
    settings = filled.settings
    filled.workspace.settings = replace(settings, index=replace(settings.index, behind="tell"))
    asked = [search(filled, "", Criteria(form_code="10A")) for _ in range(4)]
    assert [found.total for found in asked] == [2, 3, 4, 4]
    assert [found.behind for found in asked] == [2, 1, None, None]
    with filled.register.write() as tx:
        tx.records.touch([f"QR758-10A-2025-0000{n}" for n in (2, 3, 4)])
    filled.workspace.settings = settings
    assert search(filled, "", Criteria(form_code="10A")).behind is None


def test_a_page_s_view_older_than_the_index_is_begun_anew(filled: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexing, "_rebuild", None)  # the index is not too new: the view is too old
    with filled.register.one_view():
        assert found(filled, "遥控盒") == [NO]
        with filled.register.read() as tx:
            assert tx.records.many(["QR758-10A-2025-00002"]) == []
        in_another_thread(filled, "QR758-10A-2025-00002")
        with filled.register.read() as tx:
            assert tx.records.many(["QR758-10A-2025-00002"]) == [], "what others write meanwhile is not seen"
        assert facets_of(filled, "遥控盒", Criteria())["form_code"] == {"QR758-10A": 2}
        assert found(filled, "遥控盒") == ["QR758-10A-2025-00002", NO]


def test_what_the_index_took_in_while_it_was_asked_is_shown(filled: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    assert found(filled, "遥控盒") == [NO]
    asked = filled.index.search

    def late(*given: Any, **named: Any) -> Any:
        in_another_thread(filled, "QR758-10A-2025-00002")
        return asked(*given, **named)

    monkeypatch.setattr(filled.index, "search", late)
    with filled.register.one_view():
        assert found(filled, "遥控盒") == ["QR758-10A-2025-00002", NO]


def in_another_thread(office: Office, number: str) -> None:
    """Make one more record like the first and take it into the index, as another process of the desk does."""

    def made() -> None:
        with office.register.write() as tx:
            record = tx.records.many([NO])[0]
            tx.records.add([(replace(record, record_no=number), None)])
            tx.records.touch([number])
        indexing.catch_up(office)

    other = Thread(target=made)
    other.start()
    other.join()


def test_a_rebuild_of_another_that_began_before_a_change_hides_it_from_nobody(
    filled: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who finds no index and waits while another makes it takes that one, and what came since it was begun."""
    assert found(filled, "遥控盒") == [NO]
    with filled.register.read() as tx:
        before, last = [*indexing.documents(filled, tx, tx.records.many([NO]))], tx.records.last_change()
    with filled.register.write() as tx:
        tx.records.add([(replace(tx.records.many([NO])[0], record_no="QR758-10A-2025-00002"), None)])
        tx.records.touch(["QR758-10A-2025-00002"])
    (filled.indexes_dir / POINTER).unlink()
    other = IndexStore(filled.indexes_dir, filled.settings.index.engine, filled.register.register_id)
    lock, made = filled.index._lock, list[int]()

    def waited_for(name: str, seconds: float, doing: str) -> Any:
        if name == "rebuild" and not made:
            made.append(last)
            other.rebuild(before, last_seq=last)
            other.close()
        return lock(name, seconds, doing)

    monkeypatch.setattr(filled.index, "_lock", waited_for)
    assert found(filled, "遥控盒") == ["QR758-10A-2025-00002", NO]
    assert made, "the other one's was taken"


def test_an_index_is_copied_from_another_machine_instead_of_rebuilt(
    filled: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert found(filled, "示例") == [NO]
    here, there = filled.settings.root, tmp_path / "other" / "machine"
    shutil.copytree(here, there, ignore=shutil.ignore_patterns("indexes"))
    monkeypatch.setattr(indexing, "_rebuild", lambda *_: pytest.fail("it was rebuilt"))
    with closing(Office.open(there, clock=filled.workspace.source)) as other:
        with pytest.raises(QRecordsError):
            indexing.take_copy(other, tmp_path)
        assert indexing.take_copy(other, here) == 0
        assert found(other, "示例") == [NO]
    assert found(filled, "示例") == [NO], "where it came from it goes on"
