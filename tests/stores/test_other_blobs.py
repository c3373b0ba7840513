"""An archive over blobs that are no folder: what a second store of them needs is the blobs alone."""

from __future__ import annotations

import hashlib
import re
import shutil
from pathlib import Path

import pytest
from ocfl.storage_root import StorageRoot

from qrecords.errors import NotFound, Overtaken, StorageFailure, WrongState
from qrecords.stores import durable
from qrecords.stores.archive import Archive
from qrecords.stores.blobs.orderedmoves import OrderedMoves
from qrecords.stores.layouts import HASHED
from qrecords.stores.ocfl import object_path
from qrecords.stores.papers import WorkspacePapers
from tests.memory import MemoryBlobs
from tests.stores.test_archive import FILES, ITEM, TEMPLATE, put

HOME = object_path(ITEM).as_posix()
MORE: dict[str, bytes | Path] = {"record.json": b"{}", "scans/更正说明.pdf": b"%PDF-1.4"}


@pytest.fixture
def blobs() -> MemoryBlobs:
    return MemoryBlobs()


@pytest.fixture
def archive(tmp_path: Path, blobs: MemoryBlobs, monkeypatch: pytest.MonkeyPatch) -> Archive:
    monkeypatch.setattr(durable, "_flush", lambda handle: None)
    made = Archive(tmp_path / "archive", moves=OrderedMoves(blobs))
    made.prepare()
    return made


def problems(archive: Archive) -> list[str]:
    return [
        p.message for p in (*archive.check_root(), *(p for i in archive.ids() for p in archive.check(i, deep=True)))
    ]


def judged(blobs: MemoryBlobs, folder: Path) -> None:
    """Let ocfl-py judge the same names and bytes as a folder."""
    shutil.rmtree(folder, ignore_errors=True)
    for name in blobs.names():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(blobs.get(name))
    root = StorageRoot(root=str(folder))
    assert root.validate(log_warnings=True), root.log


def test_objects_are_kept_and_read_over_any_blobs(archive: Archive, blobs: MemoryBlobs, tmp_path: Path) -> None:
    assert put(archive) == 1
    assert put(archive, TEMPLATE, {"form.toml": b"code"}) == 1
    assert put(archive, files=MORE, keep=["form.pdf"]) == 2
    assert sorted(archive.ids()) == sorted([ITEM, TEMPLATE])
    assert archive.read(ITEM, "record.json") == b"{}"
    assert archive.read(ITEM, "record.json", 1) == FILES["record.json"]
    with archive.lent(ITEM, "form.pdf") as path:
        assert path.read_bytes() == FILES["form.pdf"]
    assert archive.called(ITEM, "form.pdf") == f"memory:{HOME}/v1/content/form.pdf"
    assert archive.measure(ITEM).files == len([*blobs.names(f"{HOME}/")])
    assert problems(archive) == []
    judged(blobs, tmp_path / "judged")
    assert not (archive.root / "objects").exists()
    assert [p for p in archive.staging.rglob("*") if p.is_file()] == []


def test_the_layout_is_the_same_as_in_a_folder(archive: Archive, blobs: MemoryBlobs, tmp_path: Path) -> None:
    folder = Archive(tmp_path / "folder")
    folder.prepare()
    for one in (archive, folder):
        put(one)
        put(one, files=MORE, keep=["form.pdf"])
    there = {p.relative_to(folder.objects).as_posix(): p.read_bytes() for p in folder.objects.rglob("*") if p.is_file()}
    assert {name: blobs.get(name) for name in blobs.names()} == there


def test_what_is_wrong_in_it_is_found(archive: Archive, blobs: MemoryBlobs) -> None:
    put(archive)
    blobs.replace(f"{HOME}/v1/content/form.pdf", b"other")
    blobs.delete(f"{HOME}/v1/content/record.json")
    blobs.put(f"{HOME}/notes.txt", b"")
    blobs.put("stray/file.txt", b"")
    told = "".join(problems(archive))
    for words in ("form.pdf 的内容与归档时不同", "缺文件 v1/content/record.json", "多出 notes.txt", "stray 不属于"):
        assert words in told


def test_objects_go_between_a_folder_and_other_blobs(archive: Archive, blobs: MemoryBlobs, tmp_path: Path) -> None:
    folder, package = Archive(tmp_path / "folder"), Archive(tmp_path / "package", HASHED)
    folder.prepare()
    package.prepare()
    put(folder)
    archive.copy_in(folder, ITEM, 1)
    put(folder, files=MORE, keep=["form.pdf"])
    archive.copy_in(folder, ITEM, 2)
    assert archive.copy_in(folder, ITEM, 2) == 0
    package.copy_in(archive, ITEM, 2)
    assert problems(archive) == problems(package) == []
    assert archive.inventory_digest(ITEM, 2) == package.inventory_digest(ITEM, 2)
    archive.discard(ITEM)
    assert not archive.is_there(ITEM)
    assert not [*blobs.names(f"{HOME}/")]


def test_an_object_removed_is_gone_at_once(archive: Archive, blobs: MemoryBlobs) -> None:
    put(archive)
    blobs.refuse_at = 1
    with pytest.raises(StorageFailure):
        archive.remove(ITEM, "list")
    assert not archive.exists(ITEM)
    assert archive.is_there(ITEM)
    blobs.refuse_at = -1
    assert archive.remove(ITEM, "list")
    assert not archive.remove(ITEM, "list")
    with pytest.raises(NotFound):
        archive.read(ITEM, "form.pdf")


@pytest.mark.parametrize("second", [False, True], ids=["object", "version"])
@pytest.mark.parametrize("lives", [False, True], ids=["cut off for good", "back at once"])
def test_broken_off_at_every_change(archive: Archive, blobs: MemoryBlobs, second: bool, lives: bool) -> None:
    """The store refuses from the nth change on: a killed process, or a network that comes back for the taking back."""
    if second:
        put(archive)
    whole, at, blobs.is_gone = dict(blobs.held), 0, not lives
    while True:
        blobs.refuse_at = at
        try:
            put(archive, files=MORE, intent="broken")
        except StorageFailure:
            pass
        else:
            break
        blobs.refuse_at = -1
        if second:
            assert archive.read(ITEM, "record.json", 1) == FILES["record.json"]
        assert archive.head(ITEM) == second
        if lives:
            assert archive.check(ITEM, deep=False) == [] or not second, "taken back at once"
        assert put(archive, OTHER, {"record.json": b"[]"}, intent="after") == 1
        archive.sweep(lambda intent: False)
        assert archive.head(ITEM) in ({1, 2} if second else {0})
        assert problems(archive) == []
        blobs.held = dict(whole)
        at += 1
    assert at > len(MORE) + 2
    assert archive.head(ITEM) == 1 + second
    assert problems(archive) == []


OTHER = "urn:qrecords:item:750-KJ.KF.06.2026.D5-0001"


def test_of_two_who_bring_in_an_object_one_does(archive: Archive, blobs: MemoryBlobs) -> None:
    staged = archive.stage(ITEM, FILES, message="", user="u", created=put.__globals__["WHEN"], intent="late")
    put(archive)
    with pytest.raises(WrongState):
        archive.publish(staged)
    with pytest.raises(WrongState):
        archive._moves.take_in(staged.folder / "tree", HOME)
    assert problems(archive) == []
    assert archive.read(ITEM, "form.pdf") == FILES["form.pdf"]


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("late", ["content/record.json", "inventory.json"])
def test_a_put_held_up_on_its_way_never_stands_in_a_later_try(
    archive: Archive, blobs: MemoryBlobs, monkeypatch: pytest.MonkeyPatch, version: int, late: str
) -> None:
    """What an earlier try sent arrives when this one has looked and sends its own: nobody's version, and it goes."""
    if version == 2:
        put(archive)
    name, given = f"{HOME}/v{version}/{late}", MemoryBlobs.put

    def comes_late(self: MemoryBlobs, called: str, data: bytes | Path) -> bool:
        if called == name:
            given(self, called, b"of an earlier try")
        return given(self, called, data)

    monkeypatch.setattr(MemoryBlobs, "put", comes_late)
    with pytest.raises(Overtaken):
        put(archive, files=MORE, keep=["form.pdf"] if version == 2 else ())
    assert problems(archive) == []
    assert not archive.is_there(ITEM) if version == 1 else archive.head(ITEM) == 1
    monkeypatch.setattr(MemoryBlobs, "put", given)
    assert put(archive, files=MORE, keep=["form.pdf"] if version == 2 else ()) == version
    assert archive.read(ITEM, "record.json") == MORE["record.json"]
    assert problems(archive) == []


def test_papers_that_must_not_be_lost_lie_among_other_blobs(tmp_path: Path) -> None:
    stores: dict[str, MemoryBlobs] = {}
    root, archive = tmp_path, tmp_path / "archive"
    (archive / "drafts").mkdir(parents=True)
    (archive / "drafts" / "QR758-01A-2026-00001：草稿?.pdf").write_bytes(b"%PDF")
    papers = WorkspacePapers(root, archive, lambda folder: stores.setdefault(folder, MemoryBlobs()))
    sha256 = hashlib.sha256(b"scan").hexdigest()
    stored = f"{sha256}.pdf"
    papers.evidence.keep(stored, b"scan")
    place = papers.evidence.place(stored)
    assert (place, papers.waiting()) == (f"archive/evidence/{stored}", [f"archive/evidence/{stored}"])
    assert stores["evidence"].get(stored) == b"scan"
    assert sorted(p.name for p in archive.iterdir()) == ["drafts"]
    with papers.lent(place) as path:
        assert path.read_bytes() == b"scan"
    (draft,) = papers.called(re.compile("00001"))
    assert papers.called(re.compile(sha256)) == [place]
    for one in (draft, place):
        assert papers.is_there(one)
        papers.remove(one)
        assert not papers.is_there(one)
