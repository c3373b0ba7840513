"""The index on disk: generations, locks, and what happens to one that is missing, torn or another's."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from qrecords.cli.wording import worded
from qrecords.errors import InvalidInput, MissingProgram, StorageFailure, WrongState
from qrecords.model.query import parse_query
from qrecords.stores.fulltext import ENGINES, store
from qrecords.stores.fulltext.interface import Document
from qrecords.stores.fulltext.store import IndexStore, MustRebuild
from tests.fulltext_corpus import document

FIRST = [document(n, f"第{n}份，功放过热") for n in range(1, 6)]


@pytest.fixture(params=sorted(ENGINES))
def engine_name(request: pytest.FixtureRequest) -> str:
    if request.param == "tantivy":
        pytest.importorskip("tantivy", reason="no tantivy wheel for this machine")
    return str(request.param)


@pytest.fixture
def index(engine_name: str, tmp_path: Path) -> IndexStore:
    made = IndexStore(tmp_path / "indexes", engine_name, "register-1")
    made.rebuild(FIRST, last_seq=5)
    return made


def found(index: IndexStore, text: str) -> set[str]:
    return set(index.search(parse_query(text), limit=1000).record_nos)


def generation(index: IndexStore) -> Path:
    pointer = json.loads((index._root / "current").read_text())
    return index._root / str(pointer["generation"])


def generations(index: IndexStore) -> list[Path]:
    return sorted(path for path in index._root.iterdir() if path.is_dir())


def test_before_the_first_rebuild_there_is_none(engine_name: str, tmp_path: Path) -> None:
    index = IndexStore(tmp_path / "indexes", engine_name, "register-1")
    assert index.last_seq() is None
    with pytest.raises(MustRebuild, match="还没有建立") as caught:
        found(index, "功放")
    assert "qrecords index rebuild" in worded(caught.value.remedy)
    with pytest.raises(MustRebuild), index.writer():
        pass
    index.rebuild([], last_seq=0)
    assert index.last_seq() == 0
    assert found(index, "功放") == set()


def test_a_change_is_found_by_all_who_have_it_open(index: IndexStore, engine_name: str) -> None:
    other = IndexStore(index._root, engine_name, "register-1")
    assert len(found(other, "功放")) == 5
    with index.writer() as writer:
        assert writer.last_seq == 5
        writer.apply([document(6, "滤波器")], last_seq=6)
        assert writer.last_seq == 6
        writer.apply([], deletes=[FIRST[0].record_no], last_seq=7)
    for one in (index, other):
        assert one.last_seq() == 7
        assert found(one, "滤波器") == {document(6).record_no}
        assert len(found(one, "功放")) == 4


def test_a_rebuild_replaces_the_whole_and_leaves_one_generation(index: IndexStore, engine_name: str) -> None:
    other = IndexStore(index._root, engine_name, "register-1")
    assert len(found(other, "功放")) == 5
    (index._root / "README.md").write_text("stays")
    (index._root / f"{engine_name}-0123456789ab").mkdir()  # as a crash leaves it
    index.rebuild([document(9, "只有这一份")], last_seq=9)
    assert generations(index) == [generation(index)]
    assert (index._root / "README.md").exists()
    for one in (index, other):
        assert one.last_seq() == 9
        assert found(one, "功放") == set()
        assert found(one, "只有") == {document(9).record_no}


def test_searches_and_changes_go_on_while_it_is_rebuilt(index: IndexStore, engine_name: str) -> None:
    other = IndexStore(index._root, engine_name, "register-1")

    def slowly() -> Iterator[Document]:
        yield from FIRST
        assert len(found(other, "功放")) == 5
        with other.writer() as writer:
            writer.apply([document(6, "其间新填")], last_seq=6)
        assert found(other, "其间新填") == {document(6).record_no}

    index.rebuild(slowly(), last_seq=5)
    # The new generation says that it misses the change; the next catch-up brings it.
    assert index.last_seq() == other.last_seq() == 5
    assert found(other, "其间新填") == set()


def test_a_record_that_changed_during_a_rebuild_counts_once_and_as_it_is(index: IndexStore) -> None:
    index.rebuild([*FIRST, document(2, "后来改的", seq=7), document(2, "最后改的", seq=8)], last_seq=5)
    assert found(index, "后来") == set()
    assert found(index, "最后") == {FIRST[1].record_no}
    assert len(found(index, "功放")) == 4
    assert index.search(parse_query("-不存在")).total == 5


def test_a_rebuild_that_fails_leaves_the_old_index(index: IndexStore) -> None:
    def broken() -> Iterator[Document]:
        yield FIRST[0]
        raise InvalidInput("坏了")

    with pytest.raises(InvalidInput):
        index.rebuild(broken(), last_seq=9)
    assert index.last_seq() == 5
    assert len(found(index, "功放")) == 5
    assert generations(index) == [generation(index)]


def test_one_rebuild_is_enough_for_two_who_ask(index: IndexStore, engine_name: str) -> None:
    asked: list[str] = []
    begun = threading.Event()
    waiting = threading.Event()

    def documents(who: str) -> Iterator[Document]:
        asked.append(who)
        begun.set()
        waiting.wait(10)
        yield FIRST[0]

    def ask(who: str) -> None:
        IndexStore(index._root, engine_name, "register-1").rebuild(documents(who), last_seq=1)

    first = threading.Thread(target=ask, args=("first",))
    first.start()
    assert begun.wait(10)
    second = threading.Thread(target=ask, args=("second",))
    second.start()
    second.join(0.3)
    waiting.set()
    first.join(20)
    second.join(20)
    assert asked == ["first"]
    assert index.last_seq() == 1


@pytest.mark.parametrize("lock", ["write", "rebuild"])
def test_a_lock_held_by_another_is_waited_for_and_named(
    index: IndexStore, lock: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "WRITE_SECONDS", 0.1)
    monkeypatch.setattr(store, "REBUILD_SECONDS", 0.1)
    with FileLock(index._root / f"{lock}.lock"):
        with pytest.raises(WrongState, match="另一个程序") as caught:
            if lock == "write":
                with index.writer():
                    pass
            else:
                index.rebuild(FIRST, last_seq=5)
        assert caught.value.remedy
        assert len(found(index, "功放")) == 5


def _other_register(index: IndexStore) -> IndexStore:
    return IndexStore(index._root, index._engine_name, "register-2")


def _other_engine(index: IndexStore) -> IndexStore:
    return IndexStore(index._root, next(name for name in ENGINES if name != index._engine_name), "register-1")


def _other_format(index: IndexStore) -> None:
    pointer = index._root / "current"
    pointer.write_text(json.dumps(json.loads(pointer.read_text()) | {"format": 0}))


def _biggest(index: IndexStore) -> Path:
    return max((f for f in generation(index).iterdir() if f.is_file()), key=lambda f: f.stat().st_size)


def _heads(index: IndexStore) -> list[Path]:
    return [f for f in generation(index).iterdir() if f.name == "meta.json" or f.suffix == ".toc"]


def _head_gone(index: IndexStore) -> None:
    for head in _heads(index):
        head.unlink()


DAMAGE: dict[str, Callable[[IndexStore], object]] = {
    "all gone": lambda i: shutil.rmtree(i._root),
    "pointer gone": lambda i: (i._root / "current").unlink(),
    "pointer empty": lambda i: (i._root / "current").write_bytes(b""),
    "pointer of another thing": lambda i: (i._root / "current").write_text('["x"]'),
    "pointer to nowhere": lambda i: shutil.rmtree(generation(i)),
    "head gone": _head_gone,
    "head cut": lambda i: [f.write_bytes(f.read_bytes()[:20]) for f in _heads(i)],
    "a file gone": lambda i: _biggest(i).unlink(),
    "a file empty": lambda i: _biggest(i).write_bytes(b""),
    "a file cut": lambda i: _biggest(i).write_bytes(_biggest(i).read_bytes()[:-40]),
    "a file of zeros": lambda i: _biggest(i).write_bytes(bytes(_biggest(i).stat().st_size)),
    "another register": _other_register,
    "another engine": _other_engine,
    "another format": _other_format,
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_an_index_that_cannot_be_used_is_made_again(index: IndexStore, damage: str) -> None:
    index.close()
    broken = DAMAGE[damage](index)
    opened = broken if isinstance(broken, IndexStore) else index
    assert opened.last_seq() is None
    with pytest.raises(MustRebuild, match="检索索引不能用"):
        found(opened, "功放")
    with pytest.raises(MustRebuild), opened.writer():
        pass
    opened.rebuild(FIRST, last_seq=5)
    assert opened.last_seq() == 5
    assert len(found(opened, "功放")) == 5
    assert generations(opened) == [generation(opened)]


def test_a_full_disk_is_said(index: IndexStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with index.writer() as writer:
        monkeypatch.setattr(type(writer._index), "apply", full)
        with pytest.raises(StorageFailure, match="写不进去") as caught:
            writer.apply([document(6)], last_seq=6)
    assert "磁盘空间" in str(caught.value.remedy)
    monkeypatch.undo()
    assert index.last_seq() == 5


def test_an_engine_that_is_not_installed_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise ImportError("no wheel")

    monkeypatch.setitem(ENGINES, "tantivy", missing)
    with pytest.raises(MissingProgram, match="没有安装检索引擎") as caught:
        IndexStore(tmp_path, "tantivy", "r").rebuild([], last_seq=0)
    assert "whoosh" in str(caught.value.remedy)


def terms_beginning_with(index: IndexStore, char: str) -> list[str]:
    """Return what the dictionary of the index on disk holds, deleted or not, by the engine's own reader."""
    path = str(generation(index))
    if index._engine_name == "tantivy":
        import tantivy

        return [term for term, _ in tantivy.Index.open(path).searcher().terms_with_prefix("body", char)]
    from whoosh.index import open_dir

    opened = open_dir(path)
    with opened.reader() as reader:
        return [term.decode() for term in reader.expand_prefix("pairs", char)]


def test_a_purge_leaves_nothing_of_what_was_deleted(index: IndexStore) -> None:
    secret = document(6, "龘靐齉爩")
    with index.writer() as writer:
        writer.apply([secret, document(7, "另一份")], last_seq=6)
        writer.apply([], deletes=[secret.record_no], last_seq=7)
    assert found(index, "龘靐") == set()
    assert terms_beginning_with(index, "龘")  # a deletion alone only hides
    index.purge([*FIRST, document(7, "另一份")], last_seq=7)
    assert terms_beginning_with(index, "龘") == []
    assert terms_beginning_with(index, "功")
    assert found(index, "功放 OR 另一份") == {d.record_no for d in (*FIRST, document(7))}
    assert not any("龘靐".encode() in f.read_bytes() for f in generation(index).iterdir() if f.is_file())
    assert generations(index) == [generation(index)]


def test_a_purge_that_left_files_behind_says_so(index: IndexStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "remove_tree", lambda _: None)  # as on Windows, while someone reads
    with pytest.raises(StorageFailure, match="没有删净"):
        index.purge(FIRST, last_seq=5)
    monkeypatch.undo()
    index.purge(FIRST, last_seq=5)
    assert generations(index) == [generation(index)]
