"""A compilation has its records in hand for the index before it commits: taken in with its commit, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qrecords.errors import WrongState
from qrecords.model.record import Record, State
from qrecords.office import Office
from qrecords.render.pdf import Converter
from qrecords.services.finding import indexing
from qrecords.services.finding.indexing import ahead, catch_up, documents
from qrecords.services.finding.search import Criteria, search
from qrecords.services.volumes.compile import BindVolumes, compile_year
from qrecords.stores import durable
from qrecords.stores.fulltext.store import IndexStore
from tests.faulty_disk import blank_convert
from tests.retention_office import ITEM_C, ROWS, A, C, copied, opened

pytestmark = pytest.mark.office
CODE = "750-KJ·KF·06·2019·D5-001"


@pytest.fixture(params=["tantivy", "whoosh"])
def office(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """The office of tests/retention_office.py, by each engine: C filed and in no volume, two rows of a month too."""
    monkeypatch.setattr(Converter, "convert", blank_convert)
    if request.param == "tantivy":
        pytest.importorskip("tantivy", reason="no tantivy wheel for this machine")
    root = copied(tmp_path)
    settings = root / "qrecords.toml"
    settings.write_text(settings.read_text("utf-8").replace('"tantivy"', f'"{request.param}"'), "utf-8")
    with opened(root) as people:
        catch_up(people.office)
        yield people.office


def found(office: Office, words: str) -> list[str]:
    return [hit.record_no for hit in search(office, words, Criteria()).hits]


def taken_in_later(office: Office, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return what takes note of how many records each catching up takes in."""
    counts: list[int] = []
    bring_up = indexing._bring_up

    def noted(*given: Any, **how: Any) -> int:
        counts.append(bring_up(*given, **how))
        return counts[-1]

    monkeypatch.setattr(indexing, "_bring_up", noted)
    return counts


def held(office: Office) -> list[Record]:
    with office.register.read() as tx:
        return [*tx.records.archived_under([ITEM_C], [State.FILED])]


def changed(office: Office, numbers: list[str]) -> None:
    with office.register.write() as tx:
        tx.records.change(numbers, state=State.BOUND, volume_code="示例册-1")
        tx.audit.append([office.event("bind", "示例册-1")])


def test_what_is_bound_is_in_the_index_with_its_commit(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = taken_in_later(office, monkeypatch)
    foreseen: list[Record] = []
    leaves = BindVolumes.leaves

    def noted(step: BindVolumes, tx: Any) -> list[Record]:
        foreseen.extend(leaves(step, tx))
        return foreseen

    monkeypatch.setattr(BindVolumes, "leaves", noted)
    compile_year(office, 2019, form_code="06A")
    assert [record.record_no for record in foreseen] == [C]
    assert found(office, f"册:{CODE}") == [C]
    assert found(office, "状态:已成册 表式:06A") == [C]
    assert counts == [0], "nothing was left to take in, but what was looked for before the commit"
    with office.register.read() as tx:
        (now,) = documents(office, tx, tx.records.many([C]))
        (made,) = documents(office, tx, foreseen)
    assert replace(made, seq=now.seq) == now, "as the register tells it"
    indexing.rebuild(office)
    assert found(office, f"册:{CODE}") == [C]


def test_nobody_sees_it_before_it_is_committed(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bool] = []

    def look(moment: str) -> None:
        if moment == "compile.committed":  # the register has it, the index not yet: as if the program ended here
            other = IndexStore(office.indexes_dir, office.settings.index.engine, office.register.register_id)
            seen.append(other.last_seq() == last(office))

    def last(office: Office) -> int:
        with office.register.read() as tx:
            return tx.records.last_change()

    monkeypatch.setattr(durable, "checkpoint", look)
    compile_year(office, 2019, form_code="06A")
    assert seen == [False]
    assert office.index.last_seq() == last(office)


@pytest.mark.parametrize("moved", [[A], [C], [ROWS[0], C]])
def test_a_change_that_came_between_is_not_lost(
    office: Office, moved: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    records = held(office)
    foreseen = [replace(r, state=State.BOUND, volume_code="示例册-1") for r in records]
    counts = taken_in_later(office, monkeypatch)
    with ahead(office, foreseen):
        with office.register.write() as tx:  # another process, after the index was looked at and before the commit
            tx.records.change(moved, title="其间改题名")
            tx.audit.append([office.event("correct", moved[0])])
        changed(office, [C])
    assert set(found(office, "其间改题名")) == set(moved)
    assert found(office, "册:示例册-1") == [C]
    assert counts[-1] == len({*moved, C}), "all of it was read anew"


def test_what_was_changed_since_it_was_read_is_read_anew(office: Office) -> None:
    foreseen = [replace(r, state=State.BOUND, volume_code="示例册-1") for r in held(office)]
    with office.register.write() as tx:
        tx.records.change([C], title="其间改题名")
        tx.audit.append([office.event("correct", C)])
    with ahead(office, foreseen):
        changed(office, [C])
    assert found(office, "其间改题名 册:示例册-1") == [C]


def test_what_is_not_committed_is_not_in_the_index(office: Office) -> None:
    foreseen = [replace(r, state=State.BOUND, volume_code="示例册-1") for r in held(office)]
    with pytest.raises(WrongState, match="示例"), ahead(office, foreseen):
        raise WrongState("示例", remedy="")
    assert found(office, "册:示例册-1") == []
    with ahead(office, foreseen):
        pass
    assert found(office, "册:示例册-1") == []
    assert found(office, "状态:已归档 表式:06A") == [C]
    changed(office, [C])
    assert found(office, "册:示例册-1") == [C]


def test_an_index_that_cannot_be_written_hinders_no_binding(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def occupied(self: IndexStore) -> Any:
        raise WrongState("另一个程序正在更新检索索引", remedy="")

    with monkeypatch.context() as busy:
        busy.setattr(IndexStore, "writer", occupied)
        compile_year(office, 2019, form_code="06A")
    assert found(office, f"册:{CODE}") == [C]


def test_more_than_fits_into_memory_is_left_to_the_next_search(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexing, "MOST_AHEAD", 0)
    compile_year(office, 2019, form_code="06A")
    assert found(office, f"册:{CODE}") == [C]
