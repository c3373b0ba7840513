"""A package for the company archive: checked by bagit and ocfl-py, taken in whole or not at all."""

from __future__ import annotations

import csv
import shutil
from contextlib import closing
from pathlib import Path

import bagit
import pytest
from ocfl.storage_root import StorageRoot

from qrecords.errors import InvalidInput, WrongState
from qrecords.services.administer import init, open_office
from qrecords.services.care.handover import import_bag
from qrecords.services.care.verify import verify
from qrecords.stores import durable
from tests.conftest import CommandLine
from tests.retention_office import ITEM_C, VOLUME, A, B, C, copied

pytestmark = pytest.mark.office


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(copied(tmp_path), capsys)


@pytest.fixture
def bag(cli: CommandLine, tmp_path: Path) -> Path:
    cli("export", "--year", 2019, "--bag", tmp_path / "bag")
    return tmp_path / "bag"


def test_the_package_is_a_bag_and_a_storage_root(bag: Path) -> None:
    assert bagit.Bag(str(bag)).validate()
    judge = StorageRoot(root=str(bag / "data" / "objects"))
    assert judge.validate(log_warnings=True), judge.log
    with (bag / "data" / "metadata.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["聚合层次"] for row in rows} == {"件", "卷"}
    assert {row["档号"] for row in rows} >= {VOLUME, ITEM_C}
    for row in rows:
        assert (bag / "data" / row["计算机文件名"]).is_file()
    assert next(row for row in rows if row["档号"].endswith("06·2019·D5-0001"))["保管期限"] == "D5"


def test_single_records_and_what_is_not_filed(cli: CommandLine, tmp_path: Path) -> None:
    answer = cli.json("export", C, "--bag", tmp_path / "one")
    assert (answer["items"], answer["volumes"]) == ([ITEM_C], [])
    assert cli("export", "--bag", tmp_path / "two", ok=False).status == 2
    assert cli("export", C, "--year", 2019, "--bag", tmp_path / "two", ok=False).status == 2
    assert cli("export", "QR758-04A-2019-00001", "--bag", tmp_path / "two", ok=False).status == 5
    assert cli("export", C, "--bag", tmp_path / "one", ok=False).status == 6
    assert not (tmp_path / "two").exists()


def test_a_package_is_taken_in_whole(bag: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with closing(init(tmp_path / "company")) as office:
        taken = import_bag(office, bag)
        assert len(taken.items) == 4
        assert verify(office, deep=True)["problems"] == []
        again = import_bag(office, bag)
        assert again.items == [], "what is here already is passed over"
    company = CommandLine(tmp_path / "company", capsys)
    assert "没有新的" in company("import", bag).out
    assert company.json("show", A)["record"]["volume_code"] == VOLUME
    assert company.json("show", C)["record"]["state"] == "filed"
    assert company.json("search", "示例单位二")["total"] > 0


def test_a_part_of_a_series_is_no_gap(cli: CommandLine, tmp_path: Path) -> None:
    cli("export", B, "--bag", tmp_path / "one")
    with closing(init(tmp_path / "company")) as office:
        import_bag(office, tmp_path / "one")
        assert verify(office)["problems"] == []


@pytest.mark.parametrize("name", ["form.pdf", "metadata.csv", "manifest-sha512.txt"])
def test_a_package_that_was_changed_is_refused(bag: Path, tmp_path: Path, name: str) -> None:
    path = next(bag.rglob(name))
    path.write_bytes(path.read_bytes() + b" ")
    with closing(init(tmp_path / "company")) as office:
        with pytest.raises(InvalidInput, match="移交"):
            import_bag(office, bag)
        assert verify(office)["problems"] == []


def test_a_link_out_of_the_package_is_refused(bag: Path, tmp_path: Path) -> None:
    shutil.move(bag / "data" / "metadata.csv", tmp_path / "metadata.csv")
    (bag / "data" / "metadata.csv").symlink_to(tmp_path / "metadata.csv")
    with closing(init(tmp_path / "company")) as office, pytest.raises(InvalidInput):
        import_bag(office, bag)


def test_numbers_in_use_are_not_taken_twice(cli: CommandLine, bag: Path) -> None:
    path = next(p for p in (cli.root / "archive" / "objects").rglob("*") if p.name.endswith("06%2e2019%2eD5-0001"))
    shutil.rmtree(path)
    with closing(open_office(cli.root)) as office, pytest.raises(WrongState, match="用过"):
        import_bag(office, bag)


@pytest.mark.parametrize("moment", ["import.intent", "import.object", "import.committed"])
def test_an_import_broken_off_is_undone_or_finished(
    bag: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    root = tmp_path / "company"

    def stop(at: str) -> None:
        if at == moment:
            raise KeyboardInterrupt

    with closing(init(root)) as office, monkeypatch.context() as patched:
        patched.setattr(durable, "checkpoint", stop)
        with pytest.raises(KeyboardInterrupt):
            import_bag(office, bag)
    with closing(open_office(root)) as office:
        assert verify(office, deep=True)["problems"] == []
        import_bag(office, bag)
        assert verify(office, deep=True)["problems"] == []
