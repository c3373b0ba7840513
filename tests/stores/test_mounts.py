"""A folder other machines have too, or whose locks they do not see, is known and told before anything is lost."""

from __future__ import annotations

import errno
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from qrecords.desk.places import unfit_for_many
from qrecords.errors import StorageFailure
from qrecords.services.administer import init
from qrecords.services.jobs import require_kinds
from qrecords.settings import load
from qrecords.stores import mounts
from qrecords.stores.turns import in_turn
from tests.conftest import NOW, CommandLine

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what is mounted")
ROOT = "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"


@pytest.fixture
def mounted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Let a folder be mounted in some way."""
    table = tmp_path / "mountinfo"
    monkeypatch.setattr(mounts, "MOUNTS", table)

    def mount(folder: Path, kind: str, options: str = "rw") -> None:
        place = str(folder.resolve()).replace(" ", "\\040")
        table.write_text(f"{ROOT}31 22 0:30 / {place} rw,noatime shared:2 - {kind} nas:/office {options}\n")

    table.write_text(ROOT)
    yield mount


def test_the_deepest_and_the_last_mounted_there_counts(tmp_path: Path, mounted: Any) -> None:
    share = tmp_path / "one share"
    (share / "office").mkdir(parents=True)
    assert mounts.mount_of(share) == mounts.Mount("ext4", "rw,relatime,rw")
    mounted(share, "nfs4", "rw,vers=4.1")
    assert mounts.mount_of(share / "office") == mounts.Mount("nfs4", "rw,noatime,rw,vers=4.1")
    assert mounts.mount_of(tmp_path).kind == "ext4"
    with mounts.MOUNTS.open("a", encoding="utf-8") as table:
        table.write(f"40 22 0:31 / {str(share).replace(' ', chr(92) + '040')} rw - tmpfs none rw\n")
    assert mounts.mount_of(share / "office").kind == "tmpfs"


def test_a_system_that_tells_nothing_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mounts, "MOUNTS", tmp_path / "none")
    assert not mounts.mount_of(tmp_path).is_networked


@pytest.mark.parametrize(
    ("kind", "options", "alone"),
    [
        ("nfs4", "rw,vers=4.1,local_lock=none", False), ("nfs", "rw,vers=3,nolock,local_lock=all", True),
        ("nfs", "rw,local_lock=flock", True), ("cifs", "rw,nobrl", True), ("cifs", "rw", False),
        ("ext4", "rw,nolock", False), ("nfs4", "rw,local_lock=posix", False),
    ],
)  # fmt: skip
def test_locks_of_one_machine_alone_are_known(
    tmp_path: Path, mounted: Any, kind: str, options: str, alone: bool
) -> None:
    mounted(tmp_path, kind, options)
    assert mounts.mount_of(tmp_path).locks_alone is alone


def test_a_register_of_a_file_on_a_share_is_told_and_no_worker_starts(
    tmp_path: Path, mounted: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "office"
    with closing(init(root, clock=lambda: NOW)) as office:
        require_kinds(office, [])
        assert "注意" not in CommandLine(root, capsys)("status").out
        mounted(root, "nfs4", "rw,local_lock=all")
        with pytest.raises(StorageFailure) as refused:
            require_kinds(office, [])
        assert "不能由几台机器一起办" in str(refused.value)
        assert len(unfit_for_many(load(root))) == 2
    cli = CommandLine(root, capsys)
    told = cli("status").out
    assert "登记库的文件在网络文件系统（nfs4）上" in told
    assert "move-register" in told
    assert "只在本机有效的锁" in told
    assert "注意：登记库的文件" in cli("init", root).out
    assert "move-register" in cli("worker", "--once", ok=False).err
    settings = root / "qrecords.toml"
    text = settings.read_text(encoding="utf-8").replace('url = ""', 'url = "postgresql+psycopg://a@db/office"', 1)
    settings.write_text(text, encoding="utf-8")
    assert load(root).register.url
    assert len(unfit_for_many(load(root))) == 1, "on a server it is nobody's file; the objects still lie there"


def test_a_file_system_without_locks_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl

    folder = tmp_path / "locks"
    folder.mkdir()

    def flock(*_: Any) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    with monkeypatch.context() as without:
        without.setattr(fcntl, "flock", flock)
        with pytest.raises(StorageFailure, match="不支持文件锁"), in_turn(folder / "a.lock", tmp_path):
            raise AssertionError("two at once")
    with in_turn(folder / "a.lock", tmp_path):
        pass
