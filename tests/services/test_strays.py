"""A version that comes in after its step was undone is taken back by the next try; what is not of such a step stays."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from qrecords.errors import IntegrityFailure, StorageFailure
from qrecords.office import Office
from qrecords.render.pdf import Converter
from qrecords.services.access.audit import close_segment, object_id
from qrecords.services.care.recover import recover
from qrecords.services.care.verify import verify
from qrecords.services.correct import correct
from qrecords.services.file import file_records
from qrecords.services.strays import taken_back_to
from qrecords.services.volumes.compile import compile_year
from qrecords.stores.archive import Archive, Staged
from qrecords.stores.blobs.orderedmoves import OrderedMoves
from qrecords.stores.given import on_disk
from tests import retention_office as kept
from tests.faulty_disk import D, E, blank_convert, workspace
from tests.memory import MemoryBlobs

YEAR = 2019


@pytest.fixture(params=["folder", "store"])
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Office]:
    """Give an office with two reviewed records, its objects in a folder or on a store."""
    monkeypatch.setattr(Converter, "convert", blank_convert)
    root = workspace(tmp_path)
    with kept.opened(root, clock=lambda: kept.THEN) as people:
        if request.param == "store":
            blobs, folder = MemoryBlobs(), people.office.archive.blobs
            for name in folder.names():
                blobs.put(name, folder.get(name))
            people.office.workspace.__dict__["archive"] = Archive(people.office.archive.root, moves=OrderedMoves(blobs))
        yield people.office


@pytest.fixture
def held_up(office: Office, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[Callable[[], object]], str]:
    """Return a way to do a step whose first publication is on its way when the step is undone, and comes in then."""

    def do(step: Callable[[], object]) -> str:
        sent: list[Staged] = []

        def publish(archive: Archive, staged: Staged) -> int:
            shutil.copytree(staged.folder, tmp_path / "sent")
            sent.append(staged)
            raise StorageFailure("示例：连不上")

        with monkeypatch.context() as patched:
            patched.setattr(Archive, "publish", publish)
            with pytest.raises(StorageFailure):
                step()
        assert {done["outcome"] for done in recover(office)} <= {"undone", "partly"}
        (staged,) = sent
        moves, home = office.archive._moves, office.archive.home(staged.object_id)  # type: ignore[attr-defined]
        if staged.version == 1:
            moves.take_in(tmp_path / "sent" / "tree", home)
        else:
            moves.take_version(tmp_path / "sent", home, staged.version)
        shutil.rmtree(tmp_path / "sent")
        assert office.archive.head(staged.object_id) == staged.version
        return staged.object_id

    return do


def sound(office: Office) -> None:
    assert verify(office).problems == []
    assert office.archive.steps_in_staging() == []


def test_an_item_is_filed_under_its_number(office: Office, held_up: Callable[..., str]) -> None:
    held_up(lambda: file_records(office, [D]))
    filed = file_records(office, [D, E])
    assert [f.archive_no[-4:] for f in filed] == ["0003", "0004"], "no gap, none twice"
    sound(office)


def test_a_volume_gets_its_code(office: Office, held_up: Callable[..., str]) -> None:
    file_records(office, [D, E])
    held_up(lambda: compile_year(office, YEAR, form_code="01A", with_gaps=True, reason="示例"))
    (made,) = compile_year(office, YEAR, form_code="01A", with_gaps=True, reason="示例").volumes
    assert (made.volume_code or "").endswith("-002")
    sound(office)


def test_a_correction_makes_the_next_version(office: Office, held_up: Callable[..., str], tmp_path: Path) -> None:
    (filed,) = file_records(office, [D])
    for text in ("更正一", "更正二"):
        (tmp_path / f"{text}.json").write_text(f'{{"info_content": "{text}"}}', encoding="utf-8")
    held_up(lambda: correct(office, D, on_disk(tmp_path / "更正一.json"), reason="示例"))
    correct(office, D, on_disk(tmp_path / "更正二.json"), reason="示例")
    assert office.archive.head(filed.object) == 2
    assert "更正二" in office.archive.read(filed.object, "record.json").decode()
    sound(office)


def test_the_log_is_closed(office: Office, held_up: Callable[..., str]) -> None:
    held_up(lambda: close_segment(office))
    segment = close_segment(office)
    assert office.archive.read(object_id(segment.number), "events.jsonl").count(b"\n") > 1
    sound(office)


def test_what_no_step_planned_stays(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """A register from an old backup knows less than the archive: what was filed since is never taken back."""
    (filed,) = file_records(office, [D])
    with office.register.write() as tx:
        (step,) = [i for i in tx.intents.over(naming=filed.object) if i.kind == "file"]
        before = {**step.payload, "filings": [{**step.payload["filings"][0], "print_no": 77}]}
        monkeypatch.setattr(type(tx.intents), "over", lambda *_, **__: [replace(step, payload=before)])
        assert not taken_back_to(office, tx, filed.object, 0)
        monkeypatch.setattr(type(tx.intents), "over", lambda *_, **__: [step])
        assert taken_back_to(office, tx, filed.object, 0), "it is the print that tells them apart"


def test_a_lone_root_inventory_is_let_go(office: Office, held_up: Callable[..., str]) -> None:
    """What comes last of a new object may come when the rest was let go of."""
    if not isinstance(office.archive._moves, OrderedMoves):  # type: ignore[attr-defined]
        pytest.skip("one rename brings in a whole object")
    home = office.archive.home(held_up(lambda: file_records(office, [D])))
    rest = {*office.archive.blobs.names(f"{home}/")} - {f"{home}/inventory.json"}
    office.archive.blobs.delete(*rest)
    (filed,) = file_records(office, [D])
    assert (filed.archive_no[-4:], filed.version) == ("0003", 1)
    sound(office)


@pytest.mark.parametrize("left", [0, 2], ids=["alone", "with some of the rest"])
def test_a_step_is_recovered_whose_root_inventory_came_late(
    office: Office, monkeypatch: pytest.MonkeyPatch, left: int
) -> None:
    """It is there before anybody has recovered the step: that is no object, and the office opens."""
    if not isinstance(office.archive._moves, OrderedMoves):  # type: ignore[attr-defined]
        pytest.skip("one rename brings in a whole object")
    sent: list[Staged] = []

    def publish(archive: Archive, staged: Staged) -> int:
        home, sent[:] = archive.home(staged.object_id), [staged]
        archive._moves.take_in(staged.folder / "tree", home)
        rest = sorted(
            {*archive.blobs.names(f"{home}/")} - {f"{home}/inventory.json"}, key=lambda n: "inventory" not in n
        )
        archive.blobs.delete(*rest[: len(rest) - left])
        raise StorageFailure("示例：连不上")

    with monkeypatch.context() as patched:
        patched.setattr(Archive, "publish", publish)
        with pytest.raises(StorageFailure):
            file_records(office, [D])
    recover(office)
    assert not office.archive.exists(sent[0].object_id)
    (filed,) = file_records(office, [D])
    assert (filed.archive_no[-4:], filed.version) == ("0003", 1)
    sound(office)


def test_without_it_every_try_is_refused(
    office: Office, held_up: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    held_up(lambda: file_records(office, [D]))
    monkeypatch.setattr("qrecords.services.freezing.taken_back_to", lambda *_: False)
    for _ in range(2):
        with pytest.raises(IntegrityFailure, match="已有内容"):
            file_records(office, [D])
