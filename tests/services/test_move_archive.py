"""Objects and papers of an office go to a real S3 store and back; the office lives there; nothing half, ever."""

from __future__ import annotations

import shutil
import tomllib
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from qrecords.cli.wording import worded
from qrecords.errors import IntegrityFailure, UsageError, WrongState
from qrecords.model.audit import first_break
from qrecords.office import Office
from qrecords.services import making, steps
from qrecords.services.administer import init
from qrecords.services.care import movearchive
from qrecords.services.care.backup import backup, open_restored, restore
from qrecords.services.care.movearchive import FOLDER, move_archive
from qrecords.services.care.verify import verify
from qrecords.services.disposition.destroy import destroy
from qrecords.services.disposition.lists import approve, draw, witness
from qrecords.services.file import file_records
from qrecords.services.finding.find import show
from qrecords.services.finding.search import Criteria, search
from qrecords.services.volumes.compile import compile_year
from qrecords.stores import movingobjects
from qrecords.stores.given import on_disk
from qrecords.stores.settingsfile import new_settings
from tests import retention_office as kept
from tests.conftest import CommandLine, blank_scan
from tests.faulty_disk import blank_pdfs
from tests.servers import S3Server

pytestmark = pytest.mark.office
SIGNED = "QR758-06A-2019-00002"


def clock() -> Any:
    return kept.NOW


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an office with objects, a volume, and a signed paper that waits; to be copied."""
    root = kept.copied(tmp_path_factory.mktemp("base"))
    with kept.opened(root) as people:
        office = people("甲")
        kept.filled(office, "06A", kept.sample("06A", customer_unit="示例单位六"))
        scan = blank_scan(root.parent / "signed.pdf")
        (need, *_) = office.forms.get("QR758-06A").form.steps["file"].signatures
        steps.sign(office, [SIGNED], kind=need.any_of[0], by="示例", on="2019-12-30", evidence=on_disk(scan))
    return root


@pytest.fixture
def root(base: Path, tmp_path: Path, s3: S3Server) -> Path:
    root = Path(shutil.copytree(base, tmp_path / "office"))
    path = root / "qrecords.toml"
    text = path.read_text(encoding="utf-8").replace('endpoint = ""', f'endpoint = "{s3.endpoint}"')
    path.write_text(text, encoding="utf-8")
    return root


def moved(root: Path, to: str) -> movearchive.Moved:
    return move_archive(root, to, clock=clock)


def url_in(root: Path) -> str:
    return str(tomllib.loads((root / "qrecords.toml").read_text(encoding="utf-8"))["archive"]["url"])


def held(office: Office) -> dict[str, str]:
    """Return the digest that covers each object, and the places of the papers that wait."""
    objects = {i: office.archive.inventory_digest(i, office.archive.head(i)) for i in office.archive.ids()}
    return objects | dict.fromkeys(office.papers.waiting(), "")


def state(root: Path) -> tuple[dict[str, str], int]:
    with kept.opened(root) as people:
        office = people("甲")
        with office.register.read() as tx:
            assert first_break(tx.audit.events()) is None
            seq = tx.audit.head()[0]
        return held(office), seq


def test_a_whole_office_lives_on_a_store(
    root: Path, tmp_path: Path, s3: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "to_pdf", blank_pdfs)
    before, url = state(root)[0], s3.url()
    assert any(name.startswith("archive/evidence/") for name in before)
    told = moved(root, url)
    assert told.objects + told.papers == len(before)
    assert state(root)[0] == before
    assert url_in(root) == url
    assert not (root / "archive" / "objects").exists()
    with kept.opened(root) as people:
        office = people("甲")
        assert verify(office).problems == []
        drawn = draw(office, kept.ALL, "无继续保存价值")
        approve(people("乙"), drawn.list_no)
        for name in ("丙", "丁"):
            witness(people(name), drawn.list_no, drawn.sha256, kept.TODAY)
        assert [*(root / "archive").glob("*.moved")]
        assert destroy(people("戊"), kept.LIST_NO).state == "destroyed"
        assert not [*(root / "archive").glob("*.moved")], "what it was moved out of holds nothing of it"
        assert list(show(office, kept.A).values) == ["secrecy_level"]
        numbers = kept.filled(office, "01A", kept.information(1, "示例单位九"), kept.information(2, "示例单位八"))
        kept.reviewed(office, *numbers)
        file_records(office, numbers)
        assert search(office, "示例单位九", Criteria()).total == 1
        assert compile_year(office, 2019, form_code="01A").volumes
        assert verify(office, deep=True).problems == []
        assert not (root / "archive" / "objects").exists()
        manifest = backup(office, tmp_path / "copy").manifest
        after = held(office)
    restored = tmp_path / "restored"
    restore(tmp_path / "copy", restored)
    assert open_restored(restored, manifest, clock=clock).problems == []
    assert url_in(restored) == ""
    told = moved(root, FOLDER)
    assert told.objects + told.papers == len(after)
    assert state(root)[0] == after
    told = moved(root, url)  # over what was left there, but for what was destroyed
    assert (told.bytes, state(root)[0]) == (0, after)
    with kept.opened(root) as people:
        assert verify(people("甲")).problems == []


def test_by_command(cli: CommandLine, s3: S3Server) -> None:
    url = s3.url()
    assert cli.json("move-archive", "--to", url)["archive"]["objects"] == 0
    assert "已经在" in cli("move-archive", "--to", url, ok=False).err
    assert cli.json("verify")["problems"] == []
    assert "搬到" in cli("move-archive", "--to", FOLDER).out
    assert cli.json("verify")["problems"] == []


@pytest.mark.parametrize("way", ["there", "back"])
def test_a_move_that_breaks_off_is_done_again(
    root: Path, s3: S3Server, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    url = s3.url()
    if way == "back":
        moved(root, url)
    to = url if way == "there" else FOLDER
    (before, seq), where = state(root), url_in(root)
    places: list[tuple[Any, str]] = [
        (movingobjects.Move, "_is_same"),
        (movingobjects, "_take_paper"),
        (movearchive, "_switch"),
        (movearchive, "with_archive"),
    ]
    for place, name in places:
        with monkeypatch.context() as patched:
            patched.setattr(place, name, _killed)
            with pytest.raises(KeyboardInterrupt):
                moved(root, to)
        assert url_in(root) == where
        if place is not movearchive:  # the old ones are in force
            assert state(root) == (before, seq)
    with pytest.raises(WrongState, match="归档件在") as told:
        state(root)
    assert "再运行一次" in worded(told.value.remedy)
    with monkeypatch.context() as patched:
        patched.setattr(movearchive, "leave_folder", _killed)
        if way == "there":
            with pytest.raises(KeyboardInterrupt):
                moved(root, to)
    moved(root, to)
    with pytest.raises(UsageError, match="已经在"):
        moved(root, to)
    assert state(root) == (before, seq + 1)


def _killed(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_it_waits_for_nobody_and_takes_nothing_that_is_not_its_own(root: Path, s3: S3Server, tmp_path: Path) -> None:
    url = s3.url()
    with kept.opened(root) as people:
        office = people("甲")
        with office.under_way(), pytest.raises(WrongState, match="办事"):
            moved(root, url)
        moved(root, url)
        with pytest.raises(WrongState, match="归档件在"), office.under_way():
            pass  # whoever has it open still files nothing in the old place
    another = tmp_path / "another"
    init(another, clock=clock).close()
    with pytest.raises(WrongState, match="已有别的东西"):
        moved(another, url)
    with pytest.raises(UsageError, match="s3://桶/前缀"):
        moved(another, "s3://k:s@bucket")
    path = root / "qrecords.toml"
    path.write_text(path.read_text(encoding="utf-8").replace(url, ""), encoding="utf-8")
    with pytest.raises(WrongState, match="归档件在"):
        state(root)


def test_what_is_damaged_is_not_moved(root: Path, s3: S3Server) -> None:
    paper = next((root / "archive" / "objects").rglob("form.pdf"))
    paper.write_bytes(paper.read_bytes() + b" ")
    before = state(root)
    with pytest.raises(IntegrityFailure, match="1个对象不完好") as told:
        moved(root, s3.url())
    assert "form.pdf" in told.value.problems[0].message
    assert state(root) == before


def test_a_new_office_takes_the_store_its_settings_name(tmp_path: Path, s3: S3Server) -> None:
    def named(root: Path, url: str) -> Path:
        root.mkdir()
        text = new_settings("tantivy", "示例单位").replace('[archive]\nurl = ""', f'[archive]\nurl = "{url}"')
        (root / "qrecords.toml").write_text(
            text.replace('endpoint = ""', f'endpoint = "{s3.endpoint}"'), encoding="utf-8"
        )
        return root

    root, url = named(tmp_path / "office", s3.url()), ""
    with closing(init(root, clock=clock)) as office:
        url = office.settings.archive.url
        assert office.archive.check_root() == []
        assert verify(office).problems == []
    with pytest.raises(UsageError, match="已经在"):
        moved(root, url)
    with pytest.raises(WrongState, match="已有别的东西"):
        init(named(tmp_path / "another", url), clock=clock)
