"""A deep check's reading: what is proven by digests is not opened again, what a file does to its reader, what is forged."""

from __future__ import annotations

import hashlib
import shutil
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pypdf import PdfWriter
from pypdf.generic import DictionaryObject, NameObject, TextStringObject

from qrecords.errors import MissingProgram
from qrecords.model.formats import FrozenRecord, RecordJson
from qrecords.model.record import Action, Attached, Signed
from qrecords.model.volume import Item
from qrecords.office import Office
from qrecords.render.volume import Part, bind
from qrecords.render.volumecheck import Kept, Listed
from qrecords.scanning.limits import limit
from qrecords.services.access.audit import close_segment
from qrecords.services.administer import init, open_office
from qrecords.services.care import deep, readers, reading_child
from qrecords.services.care import verify as verifying
from qrecords.services.care.deep import OPENED, Deep
from qrecords.services.care.formats import TOO_LONG
from qrecords.services.care.verify import verify
from qrecords.services.volumes.check import Checking
from qrecords.stores.archive import Archive
from qrecords.stores.register.retention import Retention
from tests.conftest import NOW
from tests.render.test_render_volume import META, made
from tests.services.test_verify import pdf
from tests.stores.test_archive import put

BOUND = "urn:qrecords:bound:1"
ITEMS = [f"urn:qrecords:sample:{n}" for n in range(3)]
HOSTILE = """
import json, os, sys, time
from qrecords.services.care import reading_child
open_it = reading_child.looked_into
def looked_into(path, name):
    if b"HOSTILE" in path.read_bytes():
        os._exit(139) if {crashes} else time.sleep(600)
    return open_it(path, name)
reading_child.looked_into = looked_into
{before}
main = reading_child.main
if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
"""


@pytest.fixture(scope="module")
def laid(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("laid") / "office"
    with closing(init(root, clock=lambda: NOW)) as office:
        for number, object_id in enumerate(ITEMS):
            page = pdf(root / "page.pdf") + b"%% HOSTILE %d\n" % number
            put(office.archive, object_id, {"data.json": b"{}", "page.pdf": page})
    return root


@pytest.fixture
def root(laid: Path, tmp_path: Path) -> Path:
    return shutil.copytree(laid, tmp_path / "office")


def told(root: Path, *, afresh: bool = False) -> list[str]:
    with closing(open_office(root)) as office:
        return [p.message for p in verify(office, deep=True, afresh=afresh).problems]


@pytest.fixture
def hostile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """From now on, opening a sample page ends or holds up the process that does it."""

    def begin(*, crashes: bool = True, before: str = "") -> None:
        (tmp_path / "hostile_child.py").write_text(HOSTILE.format(crashes=crashes, before=before))
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        monkeypatch.setattr(readers, "MODULE", "hostile_child")

    return begin


def test_what_was_opened_is_not_opened_again_until_it_is_asked_for(root: Path, hostile: Callable[..., None]) -> None:
    assert told(root) == []
    hostile()
    assert told(root) == [], "bytes that opened once open again"
    assert len(told(root, afresh=True)) == len(ITEMS)
    assert len(told(root)) == len(ITEMS), "what is not sound is never remembered"


def test_without_its_memory_or_with_another_releases_all_is_opened(root: Path, hostile: Callable[..., None]) -> None:
    assert told(root) == []
    hostile()
    memory = root / "indexes" / OPENED
    lines = memory.read_text("utf-8").splitlines(keepends=True)
    memory.write_text("".join(["rules 0\n", *lines[1:]]), "utf-8")
    assert len(told(root)) == len(ITEMS)
    memory.unlink()
    assert len(told(root)) == len(ITEMS)


def test_what_left_the_archive_is_forgotten(root: Path) -> None:
    assert told(root) == []
    memory = root / "indexes" / OPENED
    known = memory.read_text("utf-8")
    memory.write_text(known + f"{'0' * 64}.pdf\n", "utf-8")
    assert told(root) == []
    assert sorted(memory.read_text("utf-8").splitlines()) == sorted(known.splitlines())


@pytest.mark.parametrize("name", ["data.json", "page.pdf"])
def test_a_changed_byte_is_found_whatever_is_remembered(root: Path, name: str) -> None:
    assert told(root) == []
    path = next((root / "archive" / "objects").rglob(name))
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    forged = hashlib.sha512(data).hexdigest()[:64] + path.suffix
    with (root / "indexes" / OPENED).open("a", encoding="utf-8") as memory:
        memory.write(f"{forged}\n")
    assert told(root) == [f"v1/content/{name} 的内容与归档时不同；请从备份恢复这个对象"]


ARCHIVE_NO, ITEM = "750-KJ·KF·01·2025·D5-0001", "urn:qrecords:item:750-KJ.KF.01.2025.D5-0001"


def record_json(*records: FrozenRecord) -> bytes:
    return RecordJson(ARCHIVE_NO, "QR758-01A", "示例", "0" * 64, "", 2025, 5, "", "甲", "", records).to_bytes()


def filed(office: Office, form: bytes, *, version: int = 1) -> None:
    """File a sample item, or its next version, in archive and register."""
    files: dict[str, bytes | Path] = {
        "form.pdf": form,
        "record.json": record_json(),
    }
    item = Item(
        ARCHIVE_NO, "示例", "示例", "示例", "2025-01-01", "2025-01-01", 1, "内部", ITEM, version,
        hashlib.sha256(form).hexdigest(),
    )  # fmt: skip
    put(office.archive, ITEM, files, expected_head=version - 1)
    with office.register.write() as tx:
        if version == 1:
            tx.items.reserve(item, "QR758-01A", 2025, "", office.now(), "甲")
            tx.counters.take(f"archive/{ARCHIVE_NO.rpartition('-')[0]}")
        tx.items.filed(item, office.now(), "甲")
        tx.audit.append([office.event("file", "示例")])


CHANGED = "form.pdf 与归档时登记的不同；请从备份恢复"


def test_an_object_made_anew_does_not_pass_with_a_forged_memory(office: Office, tmp_path: Path) -> None:
    form = pdf(tmp_path / "a.pdf")
    filed(office, form)
    assert CHANGED not in [p.message for p in verify(office, deep=True).problems]
    shutil.rmtree(next((office.archive.objects).glob("*/*/*/*")))
    forged = pdf(tmp_path / "b.pdf") + b"% another\n"
    put(office.archive, ITEM, {"record.json": record_json(), "form.pdf": forged})
    with (office.settings.indexes_dir / OPENED).open("a", encoding="utf-8") as memory:
        memory.write(f"{hashlib.sha512(forged).hexdigest()[:64]}.pdf\n")
    assert CHANGED in [p.message for p in verify(office, deep=True).problems]


def during(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
    """Let something happen when the objects have been read and the register has not."""
    objects = verifying._objects

    def then(*asked: Any) -> Any:
        read = objects(*asked)
        happens()
        return read

    monkeypatch.setattr(verifying, "_objects", then)


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("version", [1, 2])
def test_what_is_filed_or_corrected_during_a_check_is_sound(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: int, deep: bool
) -> None:
    form = pdf(tmp_path / "a.pdf")
    if version == 2:
        filed(office, form)
    during(monkeypatch, lambda: filed(office, form + b"% corrected\n" * (version - 1), version=version))
    told = {p.message for p in verify(office, deep=deep).problems if p.source == ITEM}
    assert told <= {"归档所用的表式模板不在档案库里；请从备份恢复"}  # the sample has none


def test_a_correction_while_both_are_compared_is_no_difference(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = pdf(tmp_path / "a.pdf")
    filed(office, form)
    head = office.archive.head
    corrected: list[bool] = []

    def then(object_id: str) -> int:
        if not corrected:
            corrected.append(True)
            filed(office, form + b"% corrected\n", version=2)
        return head(object_id)

    monkeypatch.setattr(office.archive, "head", then)
    assert not [p for p in verify(office).problems if "不符" in p.message]
    assert corrected


def test_what_is_lost_is_told_at_the_second_look_too(office: Office, tmp_path: Path) -> None:
    filed(office, pdf(tmp_path / "a.pdf"))
    shutil.rmtree(next((office.archive.objects).glob("*/*/*/*")).parents[2])
    assert "登记库里有，档案库里没有；请从备份恢复这个对象" in [p.message for p in verify(office).problems]


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("by_a_list", [False, True])
def test_what_is_destroyed_during_a_check_is_not_told_as_damaged(
    office: Office, monkeypatch: pytest.MonkeyPatch, deep: bool, by_a_list: bool
) -> None:
    monkeypatch.setattr(office.archive, "ids", lambda: iter([ITEM]))  # it is gone when its turn comes
    tombstones = [SimpleNamespace(object_id=ITEM, list_no="示例")] if by_a_list else []
    monkeypatch.setattr(Retention, "destroyed", lambda *_: tombstones)
    told = [p.message for p in verify(office, deep=deep).problems if p.source == ITEM]
    assert bool(told) is not by_a_list


def test_a_segment_filed_during_a_check_is_no_log_cut_short(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    check = verifying.check_log

    def then(office: Office, tx: Any) -> Any:
        with office.register.write() as other:
            other.audit.append([office.event(Action.VERIFY, "verify")])
        close_segment(office)
        return check(office, tx)

    monkeypatch.setattr(verifying, "check_log", then)
    assert verify(office).problems == []


def test_papers_beside_a_record_are_those_it_names(office: Office) -> None:
    scan, other = b"\xff\xd8\xff one", b"\xff\xd8\xff two"
    kept = [hashlib.sha256(scan).hexdigest()]
    record = FrozenRecord(
        "QR758-01A-2025-00001", "示例", "2025-01-01", {}, "", "", "", "", "", "", (Signed("customer", "示例", "2025-01-01"),),
        (Attached("sheet", "a.jpg", kept[0]),), (),
    )  # fmt: skip
    files: dict[str, bytes | Path] = {
        "record.json": record_json(record), "scans/a.jpg": scan, "scans/a.jpg.txt": b"read off it",
        "attachments/b.jpg": other,
    }  # fmt: skip
    put(office.archive, ITEMS[0], files)
    messages = [p.message for p in verify(office, deep=True).problems]
    assert messages == ["attachments/b.jpg 与归档内容里登记的不同；请从备份恢复"]


def test_a_file_that_ends_its_reader_is_told_and_the_rest_goes_on(root: Path, hostile: Callable[..., None]) -> None:
    hostile()
    assert told(root) == ["page.pdf 打不开；请从备份恢复，或重新扫描"] * len(ITEMS)


def test_a_file_that_holds_up_its_reader_is_told(
    root: Path, hostile: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    hostile(crashes=False)
    begin = readers.Readers.__init__
    monkeypatch.setattr(readers.Readers, "__init__", lambda *a, **k: begin(*a, **k, silence=1.5))
    for object_id in ITEMS[1:]:
        (home,) = (p for p in (root / "archive" / "objects").glob("*/*/*/*") if p.name.endswith(object_id[-1]))
        shutil.rmtree(home.parents[2])
    assert told(root) == [f"page.pdf {TOO_LONG}"]


def test_each_item_of_a_volume_is_a_sign_of_life(tmp_path: Path) -> None:
    source, volume = tmp_path / "a.pdf", tmp_path / "volume.pdf"
    source.write_bytes(made())
    items = [Part(source, name) for name in "甲乙丙"]
    bind(volume, front=[Part(made(), "目录")], items=items, back=[], meta=META)
    archive = Archive(tmp_path / "archive")
    archive.prepare()
    put(archive, BOUND, {"a.pdf": source, "volume.pdf": volume})
    asked = {
        "volume": (BOUND, "volume.pdf", 1), "listed": Listed(1, 1, ()).as_json(),
        "items": [Kept((BOUND, "a.pdf", 1), name, n + 2, (n + 1,)).as_json() for n, name in enumerate("甲乙丙")],
    }  # fmt: skip
    said: list[dict[str, Any]] = []
    child = reading_child.Child({"archive": archive.address, "known": ""}, said.append)
    assert child.answer({"volume": asked, "skip": [], "slow": []}) == {"differences": []}
    assert [s["opening"] for s in said] == ["volume.pdf", "「甲」", "「乙」", "「丙」", "卷内目录"]


def test_a_volume_that_takes_too_long_is_not_told_as_damaged(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hostile: Callable[..., None]
) -> None:
    slowly = "v.differences = lambda _, items: [time.sleep(600) for _ in items]"
    hostile(before=f"import qrecords.render.volumecheck as v; {slowly}")
    begin = readers.Readers.__init__
    monkeypatch.setattr(readers.Readers, "__init__", lambda *a, **k: begin(*a, **k, silence=1.0))
    put(office.archive, BOUND, {"a.pdf": made(), "volume.pdf": made()})
    items = (Kept((BOUND, "a.pdf", 1), "甲", 2, (1,)),)
    checking = Checking((), (BOUND, "volume.pdf", 1), items, Listed(1, 1, ()), frozenset(), "key")
    monkeypatch.setattr(deep, "checking_of", lambda *_: checking)
    with Deep(office, []) as reading:
        (problem,) = reading.volumes([SimpleNamespace(volume_code="示例")], ())
    assert "时间太久（停在「甲」）" in problem.message
    assert "恢复" not in problem.message


def test_a_reader_that_never_answers_does_not_end_the_check(root: Path, hostile: Callable[..., None]) -> None:
    hostile(before="reading_child.Child.answer = lambda *_: os._exit(1)")
    assert ["读它的程序几次中断" in message for message in told(root)] == [True] * len(ITEMS)


def test_a_reader_that_cannot_start_is_told_and_blames_no_object(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "MODULE", "qrecords.no_such_module")
    with pytest.raises(MissingProgram, match="启动不了") as raised:
        told(root)
    assert "重新安装" in str(raised.value.remedy)
    monkeypatch.setattr("sys.executable", str(root / "no-such-python"))
    with pytest.raises(MissingProgram, match="启动不了"):
        told(root)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such limits")
def test_a_limit_the_system_refuses_leaves_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    import resource

    set_to: dict[int, int] = {}

    def setrlimit(what: int, most: tuple[int, int]) -> None:
        if what == resource.RLIMIT_AS:
            raise ValueError("current limit exceeds maximum limit")  # macOS
        set_to[what] = most[0]

    monkeypatch.setattr(resource, "setrlimit", setrlimit)
    limit(1 << 30, 60)
    assert set(set_to) == {resource.RLIMIT_CPU, resource.RLIMIT_FSIZE, resource.RLIMIT_CORE}


def test_a_lost_reader_is_replaced(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answered = readers._Reader._asked

    def lost_after(reader: readers._Reader, question: dict[str, Any]) -> Any:
        answer = answered(reader, question)
        if reader._process:
            reader._process.kill()
        return answer

    monkeypatch.setattr(readers._Reader, "_asked", lost_after)
    assert told(root) == []


@pytest.mark.parametrize("count", [1, 3])
def test_answers_come_in_the_order_of_the_questions(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: count)
    monkeypatch.setattr(readers._Reader, "ask", lambda _self, question: {"was": question["number"]})
    with readers.Readers({}, 1000) as several:
        answers = [a["was"] for a in several.each({"number": n} for n in range(200))]
    assert answers == [*range(200)]


@pytest.mark.parametrize(("cores", "wanted"), [(0, 3), (1, 1), (2, 2), (9, readers.MAX_READERS)])
def test_a_worker_reads_by_as_many_processes_as_it_has_cores_for_itself(
    cores: int, wanted: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 3)
    with readers.Readers({}, 1000, cores=cores) as several:
        assert len(several._readers) == wanted


def test_pages_of_a_volume_are_compared_once_for_the_same_bytes(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, volume = tmp_path / "a.pdf", tmp_path / "volume.pdf"
    source.write_bytes(made())
    bind(volume, front=[Part(made(), "目录")], items=[Part(source, "甲")], back=[], meta=META)
    put(office.archive, BOUND, {"a.pdf": source, "volume.pdf": volume})
    asked: list[str] = []
    ask = readers._Reader.ask
    monkeypatch.setattr(readers._Reader, "ask", lambda r, q: (asked.append(q["volume"]["volume"]), ask(r, q))[1])

    def compared(key: str, *, number: int = 1, afresh: bool = False) -> list[str]:
        items = (Kept((BOUND, "a.pdf", 1), "甲", 2, (number,)),)
        checking = Checking((), (BOUND, "volume.pdf", 1), items, Listed(1, 1, ()), frozenset(ITEMS[:1]), key)
        monkeypatch.setattr(deep, "checking_of", lambda *_: checking)
        with Deep(office, [], afresh=afresh) as reading:
            return [p.message for p in reading.volumes([SimpleNamespace(volume_code="示例")], ())]

    assert compared("first") == compared("first") == []
    assert len(asked) == 1
    assert compared("first", afresh=True) == []
    assert len(asked) == 2
    assert compared("second", number=2) == compared("second", number=2) == ["「甲」第1页的页码不是2"]
    assert len(asked) == 4, "what is wrong is never remembered"
    Path(office.archive.called(BOUND, "volume.pdf")).write_bytes(b"%PDF-1.7 broken")
    (broken,) = compared("third")
    assert broken.startswith("读不出这一册：")


def test_afresh_goes_with_deep_alone(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from tests.conftest import CommandLine

    cli = CommandLine(root, capsys)
    assert "--deep" in cli("verify", "--afresh", ok=False).err
    assert "✓" in cli("verify", "--deep", "--afresh").out


def test_hidden_scripts_are_found_by_the_whole_check(office: Office, tmp_path: Path) -> None:
    def script_in_a_page(writer: PdfWriter) -> None:
        action = {NameObject("/S"): NameObject("/JavaScript"), NameObject("/JS"): TextStringObject("app.alert('x')")}
        writer.pages[0][NameObject("/AA")] = DictionaryObject({NameObject("/O"): DictionaryObject(action)})

    put(office.archive, ITEMS[0], {"a.pdf": pdf(tmp_path / "a.pdf", js=script_in_a_page)})
    answer = verify(office, deep=True)
    assert ["翻页时自行的动作" in p.message for p in answer.problems] == [True]
