"""The archive store, judged by ocfl-py: what it writes, reads, refuses and finds wrong."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from ocfl.storage_root import StorageRoot

from qrecords.errors import IntegrityFailure, InvalidInput, NotFound, StorageFailure, WrongState
from qrecords.stores import durable
from qrecords.stores.archive import Archive
from qrecords.stores.ocfl import object_path

ITEM = "urn:qrecords:item:750-KJ.KF.06.2026.D5-0123"
TEMPLATE = f"urn:qrecords:template:{'0123456789abcdef' * 4}"
FILES: dict[str, bytes | Path] = {
    "record.json": '{"故障现象":"功放过热"}'.encode(),
    "form.pdf": b"%PDF-1.7 sample",
    "scans/签字页.pdf": b"%PDF-1.4 scan",
}
WHEN = datetime(2026, 3, 4, 9, 30, tzinfo=timezone(timedelta(hours=8)))


def put(
    archive: Archive, object_id: str = ITEM, files: dict[str, bytes | Path] | None = None, **options: object
) -> int:
    """Stage and publish one version."""
    said = {"message": "归档", "user": "示例甲", "created": WHEN, "intent": "step1"} | options
    return archive.publish(archive.stage(object_id, FILES if files is None else files, **said))  # type: ignore[arg-type]


def judged_valid(archive: Archive, objects: int) -> None:
    """Let ocfl-py judge the whole storage root, warnings included."""
    root = StorageRoot(root=str(archive.objects))
    assert root.validate(log_warnings=True), root.log
    assert root.errors == []
    assert (root.num_objects, root.good_objects) == (objects, objects)
    assert archive.check_root() == []
    assert [p for i in archive.ids() for p in archive.check(i, deep=True)] == []


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    made = Archive(tmp_path / "archive")
    made.prepare()
    return made


def test_an_empty_root_is_valid_and_preparing_again_changes_nothing(archive: Archive) -> None:
    before = {p: p.stat().st_mtime_ns for p in archive.objects.rglob("*") if p.is_file()}
    archive.prepare()
    assert {p: p.stat().st_mtime_ns for p in archive.objects.rglob("*") if p.is_file()} == before
    judged_valid(archive, 0)


def test_a_root_prepared_by_half_is_completed(archive: Archive) -> None:
    (archive.objects / "0=ocfl_1.1").unlink()
    archive.prepare()
    judged_valid(archive, 0)


def test_a_storage_root_laid_out_otherwise_is_refused(archive: Archive) -> None:
    (archive.objects / "ocfl_layout.json").write_text('{"extension": "0002-flat-direct-storage-layout"}')
    with pytest.raises(IntegrityFailure):
        archive.prepare()


def test_objects_with_one_and_more_versions_are_valid(archive: Archive, tmp_path: Path) -> None:
    scan = tmp_path / "scan.pdf"
    scan.write_bytes(b"%PDF-1.4 " + os.urandom(3_000_000))
    assert put(archive) == 1
    assert put(archive, TEMPLATE, {"template.docx": b"PK", "form.toml": b"code"}) == 1
    assert put(archive, files={"record.json": b"{}", "scans/新扫描.pdf": scan}, keep=["form.pdf"]) == 2
    assert put(archive, files={"record.json": b"{ }"}, keep=["form.pdf", "scans/新扫描.pdf"], message="更正") == 3
    judged_valid(archive, 2)
    assert archive.head(ITEM) == 3
    assert archive.names(ITEM) == ["form.pdf", "record.json", "scans/新扫描.pdf"]
    assert archive.read(ITEM, "scans/新扫描.pdf") == scan.read_bytes()
    assert [(v.number, v.message, v.user, v.created) for v in archive.versions(ITEM)] == [
        (1, "归档", "示例甲", "2026-03-04T09:30:00+08:00"),
        (2, "归档", "示例甲", "2026-03-04T09:30:00+08:00"),
        (3, "更正", "示例甲", "2026-03-04T09:30:00+08:00"),
    ]


def test_old_versions_stay_readable(archive: Archive) -> None:
    put(archive)
    put(archive, files={"record.json": b"{}"})
    for name, data in FILES.items():
        assert archive.read(ITEM, name, version=1) == data
    assert archive.read(ITEM, "record.json") == b"{}"
    with pytest.raises(NotFound):
        archive.read(ITEM, "form.pdf")
    with pytest.raises(NotFound):
        archive.read(ITEM, "form.pdf", version=3)


def test_content_already_there_is_not_stored_again(archive: Archive) -> None:
    put(archive, files={"a.pdf": b"same", "b.pdf": b"same", "c.pdf": b"other"})
    put(archive, files={"a.pdf": b"other", "d/e.pdf": b"same", "f.pdf": b"new"})
    stored = sorted(p.read_bytes() for p in archive.objects.rglob("content/**/*") if p.is_file())
    assert stored == [b"new", b"other", b"same"]
    assert archive.read(ITEM, "a.pdf") == b"other"
    assert Path(archive.called(ITEM, "d/e.pdf")) == Path(archive.called(ITEM, "a.pdf", version=1))
    judged_valid(archive, 1)


def test_a_version_may_bring_nothing_new(archive: Archive) -> None:
    put(archive)
    assert put(archive, files={}, keep=list(FILES), message="核对") == 2
    judged_valid(archive, 1)


def test_the_same_inputs_give_the_same_bytes(tmp_path: Path) -> None:
    trees = []
    for place in ("one", "two"):
        archive = Archive(tmp_path / place)
        archive.prepare()
        put(archive, files=dict(FILES))
        put(archive, files=dict(reversed(FILES.items())) | {"更正.json": b"{}"})
        trees.append(
            {p.relative_to(archive.objects): p.read_bytes() for p in archive.objects.rglob("*") if p.is_file()}
        )
    assert trees[0] == trees[1]


@pytest.mark.parametrize(
    "object_id",
    [ITEM, TEMPLATE, "urn:qrecords:volume:750-KJ.KF.02.2026.D5-003", "urn:qrecords:长" + "长" * 50, "urn:~a.b%"],
)
def test_ids_come_back_from_the_folders(archive: Archive, object_id: str) -> None:
    put(archive, object_id)
    assert list(archive.ids()) == [object_id]
    judge = StorageRoot(root=str(archive.objects))
    judge.open_root_fs()
    judge.check_root_structure()
    assert Path(judge.object_path(object_id)) == object_path(object_id)
    judged_valid(archive, 1)


def test_what_is_not_there_is_not_found(archive: Archive) -> None:
    assert not archive.exists(ITEM)
    assert archive.head(ITEM) == 0
    for ask in (archive.versions, archive.names, lambda i: archive.read(i, "form.pdf")):
        with pytest.raises(NotFound):
            ask(ITEM)
    put(archive)
    with pytest.raises(NotFound):
        Path(archive.called(ITEM, "nothing.pdf"))
    with pytest.raises(NotFound):
        put(archive, files={}, keep=["nothing.pdf"])


@pytest.mark.parametrize("name", ["../x", "/x", "a//b", "./a", "a/..", "", "a\\b", "a\nb", "a:b", "字" * 86])
def test_names_that_lead_elsewhere_are_refused(archive: Archive, name: str) -> None:
    with pytest.raises(InvalidInput):
        put(archive, files={name: b""})
    assert list(archive.ids()) == []


def test_a_name_cannot_be_file_and_folder(archive: Archive) -> None:
    with pytest.raises(InvalidInput):
        put(archive, files={"a": b"1", "a/b": b"2"})


def test_a_scan_that_is_gone_is_told(archive: Archive, tmp_path: Path) -> None:
    with pytest.raises(StorageFailure, match=r"scan\.pdf"):
        put(archive, files={"scan.pdf": tmp_path / "scan.pdf"})


def test_the_second_of_two_changes_that_met_is_refused(archive: Archive) -> None:
    put(archive)
    staged = [
        archive.stage(ITEM, {"n": str(n).encode()}, message="", user="示例乙", created=WHEN, intent=f"i{n}")
        for n in range(2)
    ]
    assert archive.publish(staged[1]) == 2
    with pytest.raises(WrongState):
        archive.publish(staged[0])
    with pytest.raises(WrongState):
        put(archive, expected_head=1)
    with pytest.raises(WrongState):
        archive.publish(staged[1])
    assert archive.read(ITEM, "n") == b"1"
    judged_valid(archive, 1)


def test_two_first_versions_that_met(archive: Archive) -> None:
    staged = [
        archive.stage(ITEM, FILES, message="", user="示例乙", created=WHEN, intent=f"i{n}", expected_head=0)
        for n in range(2)
    ]
    archive.publish(staged[0])
    with pytest.raises(WrongState):
        archive.publish(staged[1])
    judged_valid(archive, 1)


def test_threads_that_publish_the_same_object_at_once(archive: Archive) -> None:
    outcomes: list[object] = []

    def work(n: int) -> None:
        for _ in range(5):
            try:
                outcomes.append(put(archive, files={"n": str(n).encode()}, intent=f"i{n}"))
            except WrongState as error:
                outcomes.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    made = sorted(n for n in outcomes if isinstance(n, int))
    assert len(outcomes) == 20
    assert made == list(range(1, len(made) + 1))
    assert archive.head(ITEM) == len(made)
    judged_valid(archive, 1)


def test_two_processes_at_once(archive: Archive) -> None:
    script = f"""
import sys
from datetime import datetime, timezone
from pathlib import Path
from qrecords.stores.archive import Archive
archive = Archive(Path({str(archive.root)!r}))
for n in range(20):
    who = sys.argv[1]
    archive.publish(archive.stage(f"urn:{{who}}:{{n}}", {{"who": who.encode()}}, message="", user=who,
                    created=datetime.now(timezone.utc), intent=who))
"""
    running = [subprocess.Popen([sys.executable, "-c", script, who]) for who in ("one", "two")]
    assert [process.wait(60) for process in running] == [0, 0]
    judged_valid(archive, 40)


def test_an_object_is_never_seen_half(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def look(name: str) -> None:
        with_version = archive.head(ITEM)
        names = archive.names(ITEM) if with_version else []
        seen.append((name, with_version, [archive.read(ITEM, n) for n in names]))

    monkeypatch.setattr(durable, "checkpoint", look)
    put(archive, files={"n": b"1"})
    put(archive, files={"n": b"2"})
    heads = [(name, head) for name, head, _ in seen]
    assert heads == [
        ("stage.done", 0), ("publish.begin", 0), ("publish.done", 1), ("publish.tidy", 1),
        ("stage.done", 1), ("publish.begin", 1), ("publish.version_in", 1), ("publish.inventory_in", 2),
        ("publish.done", 2), ("publish.tidy", 2),
    ]  # fmt: skip
    assert all(content == [str(head).encode()] for _, head, content in seen if head)


def test_nothing_stays_in_staging(archive: Archive) -> None:
    put(archive)
    put(archive, files={})
    assert [p for p in archive.staging.rglob("*") if p.is_file()] == []


def test_sweep_removes_only_what_is_over(archive: Archive) -> None:
    for intent in ("dead", "alive"):
        archive.stage(ITEM, FILES, message="", user="示例乙", created=WHEN, intent=intent)
        (archive.work_dir(intent) / "QR758-06A-2026-00001.docx").write_bytes(b"")
    assert archive.sweep({"alive"}) == ["dead"]
    assert [p.name for p in archive.staging.iterdir()] == ["alive"]
    assert archive.sweep(lambda intent: False) == ["alive"]
    assert archive.sweep(set()) == []


def damage_nothing(home: Path) -> None:
    """Leave the object as it is."""


def damage_content(home: Path) -> None:
    (home / "v1/content/form.pdf").write_bytes(b"%PDF-1.7 forged")


def damage_missing_file(home: Path) -> None:
    (home / "v1/content/scans/签字页.pdf").unlink()


def damage_stray_file(home: Path) -> None:
    (home / "v2/content/virus.exe").write_bytes(b"")


def damage_stray_in_root(home: Path) -> None:
    (home / "v3").mkdir()


def damage_stray_in_version(home: Path) -> None:
    (home / "v1/notes.txt").write_bytes(b"")


def damage_empty_folder(home: Path) -> None:
    (home / "v2/content/empty").mkdir()


def damage_declaration(home: Path) -> None:
    (home / "0=ocfl_object_1.1").unlink()


def damage_inventory(home: Path) -> None:
    path = home / "inventory.json"
    path.write_bytes(path.read_bytes().replace("示例甲".encode(), "示例丙".encode()))


def damage_inventory_torn(home: Path) -> None:
    path = home / "inventory.json"
    path.write_bytes(path.read_bytes()[:100])


def damage_sidecar(home: Path) -> None:
    (home / "inventory.json.sha512").unlink()


def damage_old_inventory(home: Path) -> None:
    (home / "v1/inventory.json").write_bytes(b"{}")


def damage_version_gone(home: Path) -> None:
    shutil.rmtree(home / "v1")


def damage_rewritten_with_sidecar(home: Path) -> None:
    """Forge the head inventory and its digest together: the version's own copy still tells."""
    import hashlib

    path = home / "inventory.json"
    data = path.read_bytes().replace("示例甲".encode(), "示例丙".encode())
    path.write_bytes(data)
    (home / "inventory.json.sha512").write_text(f"{hashlib.sha512(data).hexdigest()} inventory.json\n")


def damage_points_outside(home: Path) -> None:
    path = home / "inventory.json"
    path.write_bytes(path.read_bytes().replace(b"v1/content/form.pdf", b"v1/content/../../../../secret"))


DAMAGES = [f for name, f in sorted(globals().items()) if name.startswith("damage_") and f is not damage_nothing]


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda f: f.__name__)
def test_damage_is_found_where_the_judge_finds_it(archive: Archive, damage: Callable[[Path], None]) -> None:
    put(archive)
    put(archive, files={"record.json": b"{}", "more.pdf": b"%PDF"}, keep=["form.pdf"])
    home = archive.objects / object_path(ITEM)
    judged_valid(archive, 1)
    damage(home)
    found = archive.check(ITEM, deep=True)
    assert found
    assert all(p.source == ITEM and "请" in p.message for p in found)
    assert bool(archive.check(ITEM, deep=False)) is (damage is not damage_content)
    judge = StorageRoot(root=str(archive.objects))
    judge.validate(log_warnings=False)
    # No object without its declaration: to the judge the folder is not one, and it tells so of the root.
    assert judge.good_objects == 0


def test_an_object_moved_aside_is_told(archive: Archive) -> None:
    put(archive)
    home = archive.objects / object_path(ITEM)
    other = archive.objects / object_path(TEMPLATE)
    other.parent.mkdir(parents=True)
    home.rename(other)
    assert [p.message for p in archive.check(ITEM, deep=False)] == [
        "档案库里没有这个对象的文件夹；请从备份恢复这个对象"
    ]
    assert any(ITEM in p.message for p in archive.check(TEMPLATE, deep=False))
    assert any("空文件夹" in p.message for p in archive.check_root())


def test_strays_around_the_objects_are_told(archive: Archive) -> None:
    put(archive)
    (archive.objects / "note.txt").write_text("x")
    (archive.objects / "zzz").mkdir()
    (archive.objects / "abc/abc/abc/thing").mkdir(parents=True)
    assert len(archive.check_root()) == 3


def test_reading_changed_bytes_is_refused(archive: Archive) -> None:
    put(archive)
    path = Path(archive.called(ITEM, "record.json"))
    path.write_bytes(b"{}")
    with pytest.raises(IntegrityFailure):
        archive.read(ITEM, "record.json")
    path.unlink()
    with pytest.raises(IntegrityFailure):
        Path(archive.called(ITEM, "record.json"))


def test_a_manifest_that_points_outside_is_never_followed(archive: Archive) -> None:
    put(archive)
    damage_points_outside(archive.objects / object_path(ITEM))
    (archive.root / "secret").write_bytes(b"secret")
    with pytest.raises(IntegrityFailure):
        Path(archive.called(ITEM, "form.pdf"))


def test_the_inventory_is_readable_text(archive: Archive) -> None:
    put(archive)
    text = (archive.objects / object_path(ITEM) / "inventory.json").read_text(encoding="utf-8")
    assert "scans/签字页.pdf" in text
    version = json.loads(text)["versions"]["v1"]
    assert version["user"] == {"name": "示例甲", "address": "urn:qrecords:account:%E7%A4%BA%E4%BE%8B%E7%94%B2"}
    assert version["message"] == "归档"


@pytest.mark.skipif(os.name != "posix" or os.getuid() == 0, reason="root writes everywhere")
def test_a_folder_that_may_not_be_written(archive: Archive) -> None:
    archive.objects.chmod(0o500)
    try:
        with pytest.raises(StorageFailure):
            put(archive)
    finally:
        archive.objects.chmod(0o700)
