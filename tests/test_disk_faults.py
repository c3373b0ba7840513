"""A disk that refuses the N-th call of a step, for every N: told in words, nothing half, done when it is tried again.

Every write, sync, rename and mkdir of stores/ goes through four primitives (stores/durable.py); tests/faulty_disk.py refuses
them: full (ENOSPC, after half of the bytes) or broken (EIO), once or until the command ends.
"""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

from qrecords.errors import StorageFailure
from qrecords.model.lists import CUSTOMERS
from qrecords.office import Office
from qrecords.render.pdf import Converter
from qrecords.services.access.audit import close_segment
from qrecords.services.care.backup import backup, restore
from qrecords.services.care.verify import verify
from qrecords.services.correct import correct
from qrecords.services.disposition.destroy import destroy
from qrecords.services.disposition.lists import draw, lists
from qrecords.services.file import file_records
from qrecords.services.finding import indexing
from qrecords.services.finding.find import show
from qrecords.services.intake.lists import add_entry, list_entries
from qrecords.services.intake.templates import adopt
from qrecords.services.scans.attach import attach
from qrecords.services.volumes.compile import compile_year
from qrecords.settings import load
from qrecords.stores import durable
from tests import retention_office as kept
from tests.conftest import FORMS
from tests.faulty_disk import BROKEN, FULL, D, E, FaultyDisk, blank_convert, workspace

CORRECTION = {"info_content": "更正后的内容。"}


def _fill(office: Office) -> None:
    made = kept.filled(office, "01A", kept.information(5, "示例单位五"), kept.information(6, "示例单位六"))
    assert made == ["QR758-01A-2019-00005", "QR758-01A-2019-00006"], "no gap"


def _has(number: str) -> Callable[[Office], bool]:
    def look(office: Office) -> bool:
        with office.register.read() as tx:
            return tx.records.get(number) is not None

    return look


def _state(number: str, state: str) -> Callable[[Office], bool]:
    return lambda office: show(office, number)["state"] == state


def _file(office: Office) -> None:
    file_records(office, [n for n in (D, E) if not _state(n, "filed")(office)])


def _filed(office: Office) -> bool:
    numbers = sorted(str(show(office, n)["archive_no"]) for n in (D, E))
    return all(_state(n, "filed")(office) for n in (D, E)) and [n[-1] for n in numbers] == ["3", "4"]


def _correct(office: Office) -> None:
    source = kept_json(office, CORRECTION)
    correct(office, kept.A, source, reason="示例")


def _attach(office: Office) -> None:
    photo = office.settings.root.parent / "photo.png"
    if not photo.exists():
        Image.new("L", (300, 200), 200).save(photo)
    attach(office, kept.C, [photo], recognise=False)


def _attached(office: Office) -> bool:
    return [a["name"] for a in show(office, kept.C)["attached"]] == ["photo.png"]


def kept_json(office: Office, values: object) -> Path:
    path = office.settings.root.parent / "input.json"
    path.write_text(json.dumps(values, ensure_ascii=False), encoding="utf-8")
    return path


def _corrected(office: Office) -> bool:
    return bool(show(office, kept.A)["values"]["info_content"] == CORRECTION["info_content"])


def _compile(office: Office) -> None:
    compile_year(office, 2019, form_code="06A")


def _compiled(office: Office) -> bool:
    with office.register.read() as tx:
        made = [v for v in tx.items.volumes() if "·06·" in v["volume_code"] and v["version"] > 0]
    return [v["volume_code"][-3:] for v in made] == ["001"]


def _backup(office: Office) -> None:
    backup(office, office.settings.root.parent / "kept")


def _backed_up(office: Office) -> bool:
    folder = office.settings.root.parent
    shutil.rmtree(folder / "again", ignore_errors=True)
    if not (folder / "kept" / "backup.json").exists():
        return False
    restore(folder / "kept", folder / "again")
    with kept.opened(folder / "again", clock=lambda: kept.THEN) as people:
        return verify(people.office, deep=True)["problems"] == []


def _destroy(office: Office) -> None:
    destroy(kept.People(office)("戊"), kept.LIST_NO)


def _draw(office: Office) -> None:
    draw(office, [kept.C], "x")


def _adopt(office: Office) -> None:
    source = office.settings.root.parent / "new.docx"
    with zipfile.ZipFile(FORMS / "01A" / "template.docx") as old, zipfile.ZipFile(source, "w") as new:
        for name in old.namelist():
            new.writestr(zipfile.ZipInfo(name), old.read(name))
    adopt(office, "01A", source, pages=False)


def _adopted(office: Office) -> bool:
    with office.register.read() as tx:
        told = [e for e in tx.audit.events("QR758-01A/template") if e.outcome == "done"]
    now = (office.settings.forms_dir / "01A" / "template.docx").read_bytes()
    changed = now != (FORMS / "01A" / "template.docx").read_bytes()
    assert len(told) == changed, "the log tells of the template that is in place, once"
    return changed


UNIT = {"customer_unit": "示例单位一", "customer_code": "SL-001"}


def _add(office: Office) -> None:
    add_entry(office, CUSTOMERS, UNIT)


def _added(office: Office) -> bool:
    found = list_entries(office, CUSTOMERS)
    with office.register.read() as tx:
        told = [*tx.audit.events(CUSTOMERS.file_name)]
    return len(found) == 1 and len(told) == 1


def _closed(office: Office) -> bool:
    with office.register.read() as tx:
        return len(tx.audit.segments()) == 2


def _switch(office: Office) -> None:
    indexing.rebuild(office, engine="whoosh")


@dataclass(frozen=True)
class Step:
    """A step, and how to see that it is done, whole."""

    act: Callable[[Office], object]
    done: Callable[[Office], bool]
    witnessed: bool = False


STEPS = {
    "fill": Step(_fill, _has("QR758-01A-2019-00006")),
    "file": Step(_file, _filed),
    "correct": Step(_correct, _corrected),
    "attach": Step(_attach, _attached),
    "compile": Step(_compile, _compiled),
    "backup": Step(_backup, _backed_up),
    "draw": Step(_draw, lambda office: [x["state"] for x in lists(office)] == ["drawn"]),
    "destroy": Step(_destroy, lambda office: lists(office)[0]["state"] == "destroyed", witnessed=True),
    "adopt": Step(_adopt, _adopted),
    "lists": Step(_add, _added),
    "audit": Step(close_segment, _closed),
    "index": Step(_switch, lambda office: load(office.settings.root).index.engine == "whoosh"),
}


@pytest.fixture(autouse=True)
def no_paper(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Converter, "convert", blank_convert)
    monkeypatch.setattr(
        "qrecords.services.care.verify.volume_problems", lambda *_: iter(())
    )  # the front matter is blank
    monkeypatch.setattr(durable, "_flush", lambda _handle: None)  # whether it is called counts here, not the disk


def once(tmp_path: Path, step: Step, code: int, at: int, *, stays: bool) -> int:
    """Take a step with the disk refusing from call `at` on, look, take it again; returns the calls it made."""
    root = workspace(tmp_path, witnessed=step.witnessed)
    clock = (lambda: kept.NOW) if step.witnessed or step.act is _draw else (lambda: kept.THEN)
    with ExitStack() as stack:
        monkeypatch = stack.enter_context(pytest.MonkeyPatch.context())
        with kept.opened(root, clock=clock) as people:
            disk = FaultyDisk(monkeypatch, code, at, stays=stays)
            try:
                step.act(people("甲"))
            except StorageFailure as told:
                assert disk.refused
                assert told.exit_status == 7
                assert re.search("[一-鿿]", f"{told}")
                assert told.remedy
            else:
                disk.mend()
                assert step.done(people("甲")), "it said nothing, so it is done"
            disk.mend()
    with kept.opened(root, clock=clock) as people:
        office = people("甲")
        if not step.done(office):
            step.act(office)
        assert step.done(office)
        assert verify(office, deep=at % 8 == 0)["problems"] == []
        with office.register.read() as tx:
            assert tx.intents.open() == []
        assert office.archive.steps_in_staging() == []
        left = [p for folder in ("archive", "forms") for p in (root / folder).rglob(".*.tmp")]
        assert left == [], "nothing half"
    shutil.rmtree(root.parent)
    return disk.calls if not disk.refused else at


def calls_of(tmp_path: Path, step: Step) -> int:
    return once(tmp_path / "whole", step, FULL, 0, stays=False)


@pytest.mark.parametrize("name", STEPS)
def test_a_refused_call_now_and_then(tmp_path: Path, name: str) -> None:
    total = calls_of(tmp_path, STEPS[name])
    assert total
    for number, at in enumerate(sorted({total // 2, total})):
        once(tmp_path / f"{at}", STEPS[name], (FULL, BROKEN)[number % 2], at, stays=number % 2 == 0)


@pytest.mark.slow
@pytest.mark.parametrize("name", STEPS)
def test_every_call_refused(tmp_path: Path, name: str) -> None:
    total = calls_of(tmp_path, STEPS[name])
    for at in range(1, total + 1):
        once(tmp_path / f"{at}", STEPS[name], (FULL, BROKEN)[at % 2], at, stays=at % 4 < 2)
