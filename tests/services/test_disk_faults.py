"""A disk that refuses the N-th call of a step, for every N: told in words, nothing half, done when it is tried again.

Every write, sync, rename and mkdir of stores/ goes through four primitives (stores/durable.py); tests/faulty_disk.py refuses
them: full (ENOSPC, after half of the bytes) or broken (EIO), once or until the command ends. The long run refuses the first
and the last call by each way through the program, with QRECORDS_EVERY_CALL=1 every single one.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

from qrecords.errors import StorageFailure
from qrecords.render.pdf import Converter
from qrecords.stores import durable
from tests.faulty_disk import BROKEN, FULL, FaultyDisk, blank_convert
from tests.office_steps import STEPS, Step, assert_whole


@pytest.fixture(autouse=True)
def no_paper(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Converter, "convert", blank_convert)
    monkeypatch.setattr("qrecords.services.care.deep.Deep.volumes", lambda *_: iter(()))  # the front matter is blank
    monkeypatch.setattr(durable, "_flush", lambda _handle: None)  # whether it is called counts here, not the disk


def once(folder: Path, step: Step, code: int, at: int, *, stays: bool) -> int:
    """Take a step with the disk refusing from call `at` on, look, take it again; returns the calls it made."""
    folder.mkdir(parents=True)
    root = step.start(folder)
    with pytest.MonkeyPatch.context() as patch:
        disk = FaultyDisk(patch, code, at, stays=stays)
        try:
            step.act(root)
        except StorageFailure as told:
            assert disk.refused
            assert told.exit_status == 7
            assert re.search("[一-鿿]", f"{told}")
            assert told.remedy
        else:
            disk.mend()
            assert step.done(root), "it said nothing, so it is done"
    assert_whole(root, step, deep=at % 8 == 0)
    left = [p for place in ("archive", "forms") for p in (root / place).rglob(".*.tmp")]
    assert left == [], "nothing half"
    shutil.rmtree(folder)
    return disk.calls


def calls_of(folder: Path, step: Step) -> FaultyDisk:
    """Take a step on a sound disk; returns it with the calls it got, and sees which moments the step came by."""
    folder.mkdir(parents=True)
    root, passed = step.start(folder), set[str]()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(durable, "checkpoint", passed.add)
        disk = FaultyDisk(patch, FULL, 0)
        step.act(root)
    assert passed == set(step.passes), "tests/office_steps.py says by which moments it comes"
    assert step.done(root)
    shutil.rmtree(folder)
    return disk


def one_by_one(disk: FaultyDisk) -> list[int]:
    """Return the calls to refuse: all of them when asked for, else the first and last by each way through the program.

    A backup copies its hundredth object by the same way as the second one.
    """
    if os.environ.get("QRECORDS_EVERY_CALL"):
        return [*range(1, disk.calls + 1)]
    first: dict[tuple[str, ...], int] = {}
    last: dict[tuple[str, ...], int] = {}
    for at, site in enumerate(disk.sites, start=1):
        first.setdefault(site, at)
        last[site] = at
    return sorted({*first.values(), *last.values()})


@pytest.mark.parametrize("name", STEPS)
def test_a_refused_call_now_and_then(tmp_path: Path, name: str) -> None:
    total = calls_of(tmp_path / "whole", STEPS[name]).calls
    half_way = [] if STEPS[name].reads else [total // 2]
    for at in {*half_way, total}:
        once(tmp_path / f"{at}", STEPS[name], FULL if at == total else BROKEN, at, stays=at < total)


@pytest.mark.slow
@pytest.mark.parametrize("name", STEPS)
def test_every_call_refused(tmp_path: Path, name: str) -> None:
    for number, at in enumerate(one_by_one(calls_of(tmp_path / "whole", STEPS[name]))):
        try:
            once(tmp_path / f"{at}", STEPS[name], (FULL, BROKEN)[number % 2], at, stays=number % 4 < 2)
        except BaseException as error:
            error.add_note(f"call {at} refused")
            raise
