"""A package for the company archive: checked by bagit and ocfl-py, taken in whole or not at all."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import shutil
from contextlib import closing
from pathlib import Path

import bagit
import pytest
from ocfl.storage_root import StorageRoot
from PIL import Image

from qrecords.errors import InvalidInput, WrongState
from qrecords.services import reading
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
    root = bag / "data" / "objects"
    for inventory in root.glob("*/*/*/*/inventory.json"):  # extension 0004, which ocfl-py does not know
        digest = hashlib.sha256(json.loads(inventory.read_bytes())["id"].encode()).hexdigest()
        assert inventory.parent == root / digest[:3] / digest[3:6] / digest[6:9] / digest
    shutil.copytree(root, bag.parent / "judged")
    (bag.parent / "judged" / "ocfl_layout.json").unlink()
    judge = StorageRoot(root=str(bag.parent / "judged"))
    assert judge.validate(log_warnings=True), judge.log
    with (bag / "data" / "metadata.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["聚合层次"] for row in rows} == {"件", "卷"}
    assert {row["档号"] for row in rows} >= {VOLUME, ITEM_C}
    for row in rows:
        assert (bag / "data" / row["计算机文件名"]).is_file()
    assert next(row for row in rows if row["档号"].endswith("06·2019·D5-0001"))["保管期限"] == "D5"


def strictly_judged(bag: Path) -> None:
    """RFC 8493 by the letter: version 1.0 (2.1.1), every payload file once in the manifest, `%` as %25 alone (2.1.3)."""
    assert (bag / "bagit.txt").read_bytes() == b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
    listed = []
    for line in (bag / "manifest-sha512.txt").read_text(encoding="utf-8").splitlines():
        digest, _, name = line.partition("  ")
        assert not re.search(r"%(?!25|0[AD])", name)
        path = bag / re.sub("%(25|0A|0D)", lambda found: chr(int(found[1], 16)), name)
        assert hashlib.sha512(path.read_bytes()).hexdigest() == digest
        listed.append(path)
    assert sorted(listed) == sorted(p for p in (bag / "data").rglob("*") if p.is_file())
    oxum = re.search(r"^Payload-Oxum: (\d+)\.(\d+)$", (bag / "bag-info.txt").read_text(encoding="utf-8"), re.MULTILINE)
    assert oxum and tuple(map(int, oxum.groups())) == (sum(p.stat().st_size for p in listed), len(listed))


def test_a_package_keeps_to_the_letter_of_the_standard(bag: Path) -> None:
    """Folders named `urn%3a…` are against RFC 8493, 2.1.3: validators that keep to it call the package invalid."""
    strictly_judged(bag)
    assert not [path for path in bag.rglob("*") if "%" in path.name]
    layout = json.loads((bag / "data" / "objects" / "ocfl_layout.json").read_text(encoding="utf-8"))
    assert layout["extension"] == "0004-hashed-n-tuple-storage-layout"


def test_a_file_with_a_percent_in_its_name_goes_along(cli: CommandLine, tmp_path: Path) -> None:
    paper = tmp_path / "合格率100%.png"
    Image.linear_gradient("L").save(paper)
    cli("attach", C, paper, "--no-ocr")
    cli("export", C, "--bag", tmp_path / "one")
    strictly_judged(tmp_path / "one")
    assert bagit.Bag(str(tmp_path / "one")).validate()
    with closing(init(tmp_path / "company")) as office:
        import_bag(office, tmp_path / "one")
        assert verify(office, deep=True).problems == []
        (held,) = [a.name for a in reading.one(office, C).attached if "100%" in a.name]
        assert held == paper.name


def as_written_before(cli: CommandLine, target: Path) -> Path:
    """A package as the first release made it: the archive's own folders, bagit's version 0.97."""
    shutil.copytree(cli.root / "archive" / "objects", target / "objects")
    for other in ("disposition", "audit"):
        for found in [p for p in (target / "objects").rglob(f"urn%3aqrecords%3a{other}*") if p.is_dir()]:
            shutil.rmtree(found)
    for folder in sorted((p for p in target.rglob("*") if p.is_dir()), reverse=True):
        if not any(folder.iterdir()):
            folder.rmdir()
    (target / "metadata.csv").write_text("聚合层次\n", encoding="utf-8")
    bagit.make_bag(str(target), {"Contact-Name": "示例"}, checksums=["sha512"])
    return target


def test_a_package_written_before_is_taken_in(cli: CommandLine, tmp_path: Path) -> None:
    older = as_written_before(cli, tmp_path / "older")
    assert "0.97" in (older / "bagit.txt").read_text(encoding="utf-8")
    assert "urn%3a" in (older / "manifest-sha512.txt").read_text(encoding="utf-8")
    with closing(init(tmp_path / "company")) as office:
        assert len(import_bag(office, older).items) == 4
        assert verify(office, deep=True).problems == []


def damage(bag: Path, how: str) -> None:
    manifest = bag / "manifest-sha512.txt"
    lines = manifest.read_text(encoding="utf-8").splitlines(keepends=True)
    match how:
        case "a file more":
            (bag / "data" / "more.txt").write_text("x", encoding="utf-8")
        case "a file less":
            (bag / "data" / "metadata.csv").unlink()
        case "a line twice":
            manifest.write_text("".join([*lines, lines[0]]), encoding="utf-8")
        case "a path that leads out":
            manifest.write_text("".join([*lines, f"{'0' * 128}  data/../../secret\n"]), encoding="utf-8")
        case "a version unknown":
            (bag / "bagit.txt").write_text("BagIt-Version: 2.0\nTag-File-Character-Encoding: UTF-8\n", encoding="utf-8")
        case "to be fetched":
            (bag / "fetch.txt").write_text("http://example.invalid/x - data/x\n", encoding="utf-8")
        case "no manifest":
            manifest.unlink()
        case "a weak manifest alone":
            manifest.rename(bag / "manifest-md5.txt")
        case "tags changed":
            (bag / "bag-info.txt").write_text("Contact-Name: x\n", encoding="utf-8")
        case "no bag":
            (bag / "bagit.txt").unlink()


HOW = [
    "a file more",
    "a file less",
    "a line twice",
    "a path that leads out",
    "a version unknown",
    "to be fetched",
    "no manifest",
    "a weak manifest alone",
    "tags changed",
    "no bag",
]


@pytest.mark.parametrize("how", HOW)
def test_what_is_no_whole_package_is_refused(bag: Path, tmp_path: Path, how: str) -> None:
    damage(bag, how)
    with closing(init(tmp_path / "company")) as office:
        with pytest.raises(InvalidInput, match="不是完好的移交包"):
            import_bag(office, bag)
        assert list(office.archive.ids()) == []


def test_single_records_and_what_is_not_filed(cli: CommandLine, tmp_path: Path) -> None:
    answer = cli.json("export", C, "--bag", tmp_path / "one")
    assert (answer["items"], answer["volumes"]) == ([ITEM_C], [])
    assert cli("export", "--bag", tmp_path / "two", ok=False).status == 2
    assert cli("export", C, "--year", 2019, "--bag", tmp_path / "two", ok=False).status == 2
    assert cli("export", "QR758-04A-2019-00001", "--bag", tmp_path / "two", ok=False).status == 5
    assert cli("export", C, "--bag", tmp_path / "one", ok=False).status == 6
    assert cli("export", C, "--bag", cli.root / "indexes" / "two", ok=False).status == 2, "rebuilt, it would be gone"
    assert not (tmp_path / "two").exists()


def test_a_package_is_taken_in_whole(bag: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with closing(init(tmp_path / "company")) as office:
        taken = import_bag(office, bag)
        assert len(taken.items) == 4
        assert verify(office, deep=True).problems == []
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
        assert verify(office).problems == []


@pytest.mark.parametrize("name", ["form.pdf", "metadata.csv", "manifest-sha512.txt"])
def test_a_package_that_was_changed_is_refused(bag: Path, tmp_path: Path, name: str) -> None:
    path = next(bag.rglob(name))
    path.write_bytes(path.read_bytes() + b" ")
    with closing(init(tmp_path / "company")) as office:
        with pytest.raises(InvalidInput, match="移交"):
            import_bag(office, bag)
        assert verify(office).problems == []


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
        assert verify(office, deep=True).problems == []
        import_bag(office, bag)
        assert verify(office, deep=True).problems == []
