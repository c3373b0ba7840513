"""The archive store when the process is killed, or the disk refuses, at any step of a publication."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qrecords.errors import QRecordsError, StorageFailure
from qrecords.stores import durable
from qrecords.stores.archive import Archive
from qrecords.stores.ocfl import object_path
from tests.stores.test_archive import FILES, ITEM, judged_valid, put

OTHER = "urn:qrecords:item:750-KJ.KF.06.2026.D5-0001"
PRIMITIVES = ("_write", "_sync", "_rename", "_mkdir")
FIRST, SECOND = dict(FILES), {"record.json": b"{}", "scans/更正说明.pdf": b"%PDF-1.4"}

KILLER = """
import os, signal, sys
from datetime import datetime, timezone
from pathlib import Path
from qrecords.stores import durable
from qrecords.stores.archive import Archive

root, object_id, moment, work = sys.argv[1:]

def checkpoint(name):
    if name == moment:
        os.kill(os.getpid(), signal.SIGKILL)

durable.checkpoint = checkpoint
archive = Archive(Path(root))
if work == "publish":
    archive.publish(archive.stage(object_id, {"record.json": b"{}"}, message="", user="u", keep=(),
                                  created=datetime.now(timezone.utc), intent="killed"))
else:
    archive.recover()
"""


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    made = Archive(tmp_path / "archive")
    made.prepare()
    put(made, OTHER, {"record.json": b"[]"})
    return made


def kill_at(archive: Archive, moment: str, object_id: str = ITEM, work: str = "publish") -> None:
    command = [sys.executable, "-c", KILLER, str(archive.root), object_id, moment, work]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL


def recovered(archive: Archive) -> None:
    """Recover as an opening workspace does; what is under way is over."""
    archive.sweep(lambda intent: False)
    assert list(archive.staging.iterdir()) == []


@pytest.mark.parametrize(
    ("moment", "published"),
    [("stage.done", False), ("publish.begin", False), ("publish.done", True), ("publish.tidy", True)],
)
def test_a_new_object_killed(archive: Archive, moment: str, published: bool) -> None:
    kill_at(archive, moment)
    judged_valid(archive, 1 + published)  # at once: a new object needs no mending
    recovered(archive)
    judged_valid(archive, 1 + published)
    assert archive.head(ITEM) == published
    assert put(archive) == 1 + published


@pytest.mark.parametrize(
    ("moment", "published", "mended"),
    [
        ("stage.done", False, False),
        ("publish.begin", False, False),
        ("publish.version_in", True, True),
        ("publish.inventory_in", True, True),
        ("publish.done", True, False),
        ("publish.tidy", True, False),
    ],
)
def test_a_new_version_killed(archive: Archive, moment: str, published: bool, mended: bool) -> None:
    put(archive, files=FIRST)
    kill_at(archive, moment)
    for name, data in FIRST.items():
        assert archive.read(ITEM, name, version=1) == data
    assert bool(archive.check(ITEM, deep=True)) is mended
    assert archive.recover() == ([ITEM] if mended else [])
    assert archive.recover() == []
    judged_valid(archive, 2)
    assert archive.head(ITEM) == 1 + published
    recovered(archive)
    judged_valid(archive, 2)
    assert put(archive) == 2 + published
    judged_valid(archive, 2)


@pytest.mark.parametrize("moment", ["write_file.aside", "recover.inventory.json", "recover.inventory.json.sha512"])
def test_a_recovery_killed(archive: Archive, moment: str) -> None:
    put(archive, files=FIRST)
    kill_at(archive, "publish.version_in")
    kill_at(archive, moment, work="recover")
    archive.recover()
    judged_valid(archive, 2)
    assert archive.head(ITEM) == 2


def test_recovery_leaves_alone_what_is_damaged(archive: Archive) -> None:
    put(archive, files=FIRST)
    kill_at(archive, "publish.version_in")
    (archive.objects / object_path(ITEM) / "v2/inventory.json").write_bytes(b"{}")
    assert archive.recover() == []
    assert archive.head(ITEM) == 1
    assert archive.check(ITEM, deep=False)


def test_recovery_finds_nothing_to_do_in_an_empty_workspace(tmp_path: Path) -> None:
    assert Archive(tmp_path).recover() == []


class Killed(BaseException):
    """Stands for the end of the process: no `except` of ours sees it."""


class Trip:
    """Lets some calls of the disk primitives pass, then ends or refuses the next."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, error: Callable[[], BaseException] | None, at: int) -> None:
        self.calls: list[tuple[str, tuple[Path, ...]]] = []
        self._error, self._at = error, at
        for name in PRIMITIVES:
            monkeypatch.setattr(durable, name, self._wrapped(name, getattr(durable, name)))

    def _wrapped(self, name: str, primitive: Callable[..., None]) -> Callable[..., None]:
        def call(*arguments: Any) -> None:
            self.calls.append((name, tuple(a for a in arguments if isinstance(a, Path))))
            if self._error and len(self.calls) == self._at:
                if name == "_write":
                    arguments[0].write_bytes(b"to")  # torn
                raise self._error()
            primitive(*arguments)

        return call


@pytest.fixture
def no_flush(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare the disk: what a kill leaves behind does not depend on it."""
    monkeypatch.setattr(durable, "_flush", lambda handle: None)


def walk_through(tmp_path: Path, error: Callable[[], BaseException], second: bool) -> int:
    """Fail every single call on the disk in turn; returns how many there were."""
    at = 0
    while True:
        at += 1
        archive = Archive(tmp_path / f"archive{at}")
        archive.prepare()
        put(archive, OTHER, {"record.json": b"[]"})
        if second:
            put(archive, files=FIRST)
        before = archive.head(ITEM)
        with pytest.MonkeyPatch.context() as patch:
            trip = Trip(patch, error, at)
            try:
                put(archive, files=SECOND if second else FIRST, intent="broken")
            except (Killed, StorageFailure):
                went_through = False
            else:
                went_through = True
        if went_through and len(trip.calls) < at:
            return at - 1
        assert archive.head(ITEM) in {before, before + 1}
        if second:
            assert {name: archive.read(ITEM, name, version=1) for name in FIRST} == FIRST
        recovered(archive)
        head = archive.head(ITEM)
        assert head in {before, before + 1}
        judged_valid(archive, 1 + bool(head))
        assert put(archive, files=SECOND) == head + 1
        judged_valid(archive, 2)


@pytest.mark.usefixtures("no_flush")
@pytest.mark.parametrize("second", [False, True], ids=["object", "version"])
def test_killed_at_every_call_on_the_disk(tmp_path: Path, second: bool) -> None:
    assert walk_through(tmp_path, Killed, second) > 20


@pytest.mark.usefixtures("no_flush")
@pytest.mark.parametrize("second", [False, True], ids=["object", "version"])
def test_refused_at_every_call_on_the_disk(tmp_path: Path, second: bool) -> None:
    assert walk_through(tmp_path, lambda: OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), second) > 20


def test_a_refused_second_step_is_taken_back_at_once(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    put(archive, files=FIRST)
    rename = durable._rename

    def refuse(source: Path, target: Path) -> None:
        if target == archive.objects / object_path(ITEM) / "inventory.json":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        rename(source, target)

    monkeypatch.setattr(durable, "_rename", refuse)
    with pytest.raises(StorageFailure, match="磁盘已满"):
        put(archive, files=SECOND)
    judged_valid(archive, 2)  # before any recovery
    assert archive.head(ITEM) == 1


@pytest.mark.parametrize("second", [False, True], ids=["object", "version"])
def test_all_is_on_the_disk_before_it_is_moved_in(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, second: bool
) -> None:
    """Power may fail: what a rename brings in must be synced before, and the folders renamed in and out of after."""
    if second:
        put(archive, files=FIRST)
    trip = Trip(monkeypatch, None, 0)
    staged = archive.stage(ITEM, SECOND, message="", user="示例乙", created=put.__globals__["WHEN"], intent="power")
    lasting = set(staged.folder.rglob("*")) | {staged.folder}
    synced = {paths[0] for name, paths in trip.calls if name == "_sync"}
    assert lasting <= synced
    written_last = {paths[0]: n for n, (name, paths) in enumerate(trip.calls) if name == "_write"}
    synced_last = {paths[0]: n for n, (name, paths) in enumerate(trip.calls) if name == "_sync"}
    assert all(synced_last[path] > n for path, n in written_last.items() if path in lasting)

    trip.calls.clear()
    archive.publish(staged)
    renames = [(n, paths) for n, (name, paths) in enumerate(trip.calls) if name == "_rename"]
    assert len(renames) == (3 if second else 1)
    for n, (_, target) in renames:
        following = trip.calls[n + 1 :]
        until = next((i for i, (name, _) in enumerate(following) if name == "_rename"), len(following))
        assert ("_sync", (target.parent,)) in following[:until]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (errno.ENOSPC, "磁盘已满"), (errno.EROFS, "只读"), (errno.EACCES, "没有权限"), (errno.EIO, "读写出错"),
        (errno.ENOLINK, "没有接受"),
    ],
)  # fmt: skip
def test_what_the_disk_refuses_is_said_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, words: str
) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"old")

    def refuse(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(durable, "_sync", refuse)
    with pytest.raises(StorageFailure, match=words) as caught:
        durable.write_file(path, b"new")
    assert caught.value.remedy
    assert isinstance(caught.value, QRecordsError)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_write_file_replaces_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"old")
    for at in range(1, 4):
        with pytest.MonkeyPatch.context() as patch:
            Trip(patch, Killed, at)
            with pytest.raises(Killed):
                durable.write_file(path, b"new")
        assert path.read_bytes() in {b"old", b"new"}
    durable.write_file(path, b"new")
    assert path.read_bytes() == b"new"


def test_what_a_killed_write_left_is_removed_once_no_write_can_be_at_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(_name: str) -> None:
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(durable, "checkpoint", stop)
        durable.write_file(tmp_path / "drafts.docx", b"half")
    (left,) = tmp_path.iterdir()
    others = [tmp_path / ".lock.tmp", tmp_path / ".0123456789abcdef.txt"]
    for path in others:
        path.write_bytes(b"")
        os.utime(path, (0, 0))
    durable.sweep_asides(tmp_path)
    assert left.exists(), "it may be under way"
    os.utime(left, (0, 0))
    durable.sweep_asides(tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted(others)
    durable.sweep_asides(tmp_path / "nowhere")


def test_make_dirs_where_a_file_stands(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"")
    with pytest.raises(StorageFailure):
        durable.make_dirs(tmp_path / "x" / "y")
    durable.make_dirs(tmp_path / "a" / "b")
    durable.make_dirs(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()
