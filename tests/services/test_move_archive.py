"""Objects and papers of an office go to a real S3 store and back; the office lives there; nothing half, ever."""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from qrecords.cli.wording import worded
from qrecords.errors import IntegrityFailure, UsageError, WrongState
from qrecords.model.audit import first_break
from qrecords.office import Office
from qrecords.render.pdf import Converter
from qrecords.services import jobs, steps
from qrecords.services.administer import init
from qrecords.services.care import movearchive
from qrecords.services.care.movearchive import FOLDER, move_archive
from qrecords.services.care.verify import verify
from qrecords.services.file import file_records
from qrecords.stores import movingobjects
from qrecords.stores.given import on_disk
from qrecords.stores.settingsfile import new_settings
from tests import retention_office as kept
from tests.conftest import CommandLine, blank_scan
from tests.faulty_disk import blank_convert
from tests.servers import S3Server


def clock() -> Any:
    return kept.NOW


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory, fresh: Callable[..., Path]) -> Path:
    """Return an office with an object, its template, and a signed paper that waits; to be copied."""
    root = fresh(tmp_path_factory.mktemp("base") / "office", clock)
    with kept.opened(root) as people, pytest.MonkeyPatch.context() as patched:
        patched.setattr(Converter, "convert", blank_convert)
        office = people("甲")
        numbers = kept.filled(office, "01A", kept.information(1, "示例单位一"))
        kept.reviewed(office, *numbers)
        file_records(office, numbers)
        kept.filled(office, "04A", kept.sample("04A"))
        steps.issue(office, [kept.NOTICE])
        wait_signed(office)
    return root


def wait_signed(office: Office) -> None:
    """Let a signed paper wait for its record to be filed."""
    (number,) = kept.filled(office, "06A", kept.sample("06A", customer_unit="示例单位六"))
    scan = blank_scan(office.settings.root.parent / "signed.pdf")
    (need, *_) = office.forms.get("QR758-06A").form.steps["file"].signatures
    steps.sign(office, [number], kind=need.any_of[0], by="示例", on="2019-12-30", evidence=on_disk(scan))


@pytest.fixture
def root(base: Path, tmp_path: Path, s3: S3Server) -> Path:
    return on(Path(shutil.copytree(base, tmp_path / "office")), s3)


def on(root: Path, s3: S3Server) -> Path:
    """Let the settings of an office name the server of the store."""
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


def test_by_command(cli: CommandLine, s3: S3Server) -> None:
    url = s3.url()
    assert cli.json("move-archive", "--to", url)["archive"]["objects"] == 0
    assert "已经在" in cli("move-archive", "--to", url, ok=False).err
    assert cli.json("verify")["problems"] == []
    assert "搬到" in cli("move-archive", "--to", FOLDER).out
    assert cli.json("verify")["problems"] == []


def test_files_of_jobs_that_wait_are_not_left_behind(root: Path, s3: S3Server) -> None:
    with kept.opened(root) as people:
        job = jobs.start(people.office, "scan", {}, files=[on_disk(blank_scan(root.parent / "page.pdf"))])
    url = s3.url()
    with pytest.raises(WrongState, match="还有1项长活带着文件在等（如「读扫描件」）"):
        moved(root, url)
    with kept.opened(root) as people:
        jobs.stop(people.office, job.key)
    assert moved(root, url).objects


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
