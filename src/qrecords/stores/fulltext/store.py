"""The index of one workspace on disk: generations, and a pointer to the one in use.

    indexes/current               {"generation": "tantivy-5f0c…", "engine": "tantivy", "format": 2}
    indexes/tantivy-5f0c…/        one whole index
    indexes/write.lock            held while the index in use changes
    indexes/rebuild.lock          held while a new generation is made

A rebuild makes a new generation while searches and changes go on with the old one, and then moves the pointer. What
came in between is missing in the new one: its last sequence number says so, and the next change brings it in.
"""

from __future__ import annotations

import json
import re
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import RLock
from typing import TypeVar

from filelock import FileLock, Timeout

from qrecords.advice import Do, advise
from qrecords.errors import QRecordsError, StorageFailure, WrongState
from qrecords.model.query import Query
from qrecords.stores.durable import fsync_tree, make_dirs, remove_tree, write_file
from qrecords.stores.fulltext import ENGINES, load_engine
from qrecords.stores.fulltext.interface import (
    Document,
    FileMark,
    Filters,
    Hits,
    Index,
    Made,
    MustRebuild,
    Sort,
    file_mark,
)
from qrecords.stores.fulltext.places import Place

__all__ = ["IndexStore", "MustRebuild"]

FORMAT = 6  # of normal forms, pairs and schemas; an index of another format is made again
POINTER = "current"
WRITE_SECONDS = 60
REBUILD_SECONDS = 600
_ATTEMPTS = 5  # to open the generation in use while others replace it
_NAME = re.compile(f"^({'|'.join(ENGINES)})-[0-9a-f]{{12}}$")

_FULL = ("StorageFull", "No space left", "os error 112")  # what the engines call a full disk; the last on Windows

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Generation:
    name: str
    index: Index


class IndexStore:
    """The full-text index of a workspace; opened when first used, and again whenever another process replaced it."""

    def __init__(self, root: Path, engine_name: str, register_id: str) -> None:
        self._root = root
        self._pointer_path = root / POINTER
        self._engine_name = engine_name
        self._register_id = register_id
        self._open: _Generation | None = None
        self._pointer: tuple[FileMark, bytes] | None = None
        self._guard = RLock()  # threads share what is open

    def last_seq(self) -> int | None:
        """Return the last change of the register the index holds, or None when there is no usable index."""
        try:
            return self._guarded(lambda index: index.last_seq)
        except MustRebuild:
            return None

    def search(
        self,
        query: Query,
        filters: Filters | None = None,
        *,
        limit: int = 20,
        after: Place | None = None,
        sort: Sort = "date",
        facets: bool = False,
    ) -> Hits:
        """Return a page of what fits query and filters, behind `after`; MustRebuild when there is no usable index.

        Facets take as long again as the search.
        """
        narrowed = filters or Filters()
        return self._guarded(
            lambda index: index.search(query, narrowed, limit=limit, after=after, sort=sort, facets=facets)
        )

    def made(self, documents: Iterable[Document]) -> list[Made]:
        """Return documents in the form the engine takes; needs no lock."""
        engine = load_engine(self._engine_name)
        return [engine.made(document) for document in documents]

    @contextmanager
    def writer(self) -> Iterator[Writer]:
        """Give the one who may change the index; WrongState when another process does not let go of it."""
        with self._lock("write", WRITE_SECONDS, "正在更新检索索引"):
            yield Writer(self._guarded(lambda index: index))

    def rebuild(
        self, documents: Iterable[Document], *, last_seq: int, before_switch: Callable[[], None] | None = None
    ) -> None:
        """Make a new generation of these records and put it in the place of the old one.

        `last_seq` is the register's last change before the first of them was read; a record that changed meanwhile may
        come twice, the later one counts (its number is higher). When another process has just finished a rebuild, its
        result is taken. `before_switch` runs once the new one is whole.
        """
        before = self._pointer_bytes()
        with self._lock("rebuild", REBUILD_SECONDS, "正在重建检索索引"):
            if self._pointer_bytes() == before or self.last_seq() is None:
                self._replace(documents, last_seq, before_switch)

    def purge(self, documents: Iterable[Document], *, last_seq: int) -> None:
        """Rebuild so that nothing of any record but these is left in the files; StorageFailure when something is."""
        with self._lock("rebuild", REBUILD_SECONDS, "正在重建检索索引"):
            left = self._replace(documents, last_seq)
        if left:
            raise StorageFailure(
                f"旧的检索索引没有删净：{left[0]}", remedy=advise("请关闭正在检索的程序，再运行 {}", Do.REBUILD_INDEX)
            )

    def take_copy(self, folder: Path) -> None:
        """Put a copy of another machine's index in the place of this one; MustRebuild when it does not fit."""
        other = IndexStore(folder, self._engine_name, self._register_id)
        with other.writer(), self._lock("rebuild", REBUILD_SECONDS, "正在重建检索索引"):
            source = folder / other._generation(other._pointer_bytes())
            other.close()
            self._switch(lambda path: shutil.copytree(source, path, dirs_exist_ok=True))

    def close(self) -> None:
        """Let go of the files; the next use opens them again."""
        with self._guard:
            if self._open:
                with suppress(Exception):
                    self._open.index.close()
                self._open = None

    def _replace(
        self, documents: Iterable[Document], last_seq: int, before_switch: Callable[[], None] | None = None
    ) -> list[Path]:
        """Make a generation and point to it; returns old ones that would not go (Windows, while someone reads)."""
        return self._switch(lambda path: self._build(path, documents, last_seq), before_switch)

    def _switch(self, make: Callable[[Path], object], before_switch: Callable[[], None] | None = None) -> list[Path]:
        self._sweep()  # what a crash left takes room
        name = f"{self._engine_name}-{secrets.token_hex(6)}"
        path = self._root / name
        try:
            make_dirs(path)
            make(path)
            fsync_tree(path)
            pointer = {"generation": name, "engine": self._engine_name, "format": FORMAT}
            # Whoever changes the old generation now finishes first; whoever comes later finds the new one.
            with self._lock("write", WRITE_SECONDS, "正在更新检索索引"):
                if before_switch:
                    before_switch()
                write_file(self._pointer_path, json.dumps(pointer).encode())
        except BaseException:
            with suppress(QRecordsError):
                remove_tree(path)
            raise
        self.close()
        return self._sweep()

    def _build(self, path: Path, documents: Iterable[Document], last_seq: int) -> None:
        engine = load_engine(self._engine_name)
        later: dict[str, Document] = {}
        with _writing():
            engine.build(path, _as_of(last_seq, documents, later), self._register_id, last_seq)
            if later:  # some of them are in the new one already
                index = engine.open(path)
                index.apply(later.values(), [], last_seq)
                index.close()

    def _sweep(self) -> list[Path]:
        """Remove every generation but the one in use; the caller holds the rebuild lock, so none is in the making."""
        current = self._pointer_bytes() or b""
        old = [p for p in self._root.glob("*-*/") if _NAME.match(p.name) and p.name.encode() not in current]
        for path in old:
            with suppress(QRecordsError):
                remove_tree(path)
        return [path for path in old if path.exists()]

    def _guarded(self, use: Callable[[Index], T]) -> T:
        """Use the index; what goes wrong inside means it is torn, unless others replaced it just now."""
        for _ in range(_ATTEMPTS):
            pointer = self._pointer_bytes()
            try:
                return use(self._current(pointer))
            except BaseException as error:
                # A panic in native code is no Exception, but it is nothing else than a torn index either.
                if isinstance(error, QRecordsError) or not (isinstance(error, Exception) or _is_panic(error)):
                    raise
                self.close()
                if self._pointer_bytes() == pointer:
                    raise MustRebuild(f"文件已损坏或不全（{type(error).__name__}）") from error
        raise MustRebuild("它正被反复重建")

    def _current(self, pointer: bytes | None) -> Index:
        """Return the index in use, as it now is."""
        name = self._generation(pointer)
        with self._guard:
            if self._open and self._open.name == name:
                self._open.index.refresh()
            else:
                self.close()
                self._open = _Generation(name, load_engine(self._engine_name).open(self._root / name))
            index = self._open.index
        if index.register_id != self._register_id:
            self.close()
            raise MustRebuild("它属于另一个登记库")
        return index

    def _generation(self, pointer: bytes | None) -> str:
        if pointer is None:
            raise MustRebuild("还没有建立")
        held = json.loads(pointer)
        if held["engine"] != self._engine_name:
            raise MustRebuild(f"它由另一个检索引擎（{held['engine']}）建立，现在用的是 {self._engine_name}")
        if held["format"] != FORMAT:
            raise MustRebuild("它由另一个版本的程序建立")
        return str(held["generation"])

    def _pointer_bytes(self) -> bytes | None:
        """Return the pointer as it now is; it is only read when it was replaced."""
        try:
            mark = file_mark(self._pointer_path)
            if self._pointer is None or self._pointer[0] != mark:
                self._pointer = mark, self._pointer_path.read_bytes()
        except FileNotFoundError:
            return None
        return self._pointer[1]

    @contextmanager
    def _lock(self, name: str, seconds: float, doing: str) -> Iterator[None]:
        make_dirs(self._root)
        try:
            with FileLock(self._root / f"{name}.lock").acquire(timeout=seconds):
                yield
        except Timeout:
            raise WrongState(f"另一个程序{doing}", remedy="请等它结束后再试") from None


class Writer:
    """The index in use, for the one who holds its lock."""

    def __init__(self, index: Index) -> None:
        self._index = index

    @property
    def last_seq(self) -> int:
        """Return the last change of the register the index holds."""
        return self._index.last_seq

    def apply(self, upserts: Iterable[Document], deletes: Iterable[str] = (), *, last_seq: int) -> None:
        """Take in records and take out others; `last_seq` is the last change among them. All or nothing."""
        with _writing():
            self._index.apply(upserts, deletes, last_seq)

    @contextmanager
    def taking(self, upserts: Iterable[Made]) -> Iterator[Callable[[int], None]]:
        """Write records down that no search sees yet; give what takes them in, with the last change of the register.

        Nothing is taken in unless that is called before the block ends.
        """
        with ExitStack() as held:
            with _writing():
                take = held.enter_context(self._index.taking(upserts, ()))

            def take_in(last_seq: int) -> None:
                with _writing():
                    take(last_seq)

            yield take_in


@contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:  # tantivy gives every failure of the disk as ValueError
        full = any(words in str(error) for words in _FULL)
        raise StorageFailure(
            f"检索索引写不进去：{'磁盘已满' if full else error}",
            remedy=advise(
                "请检查磁盘空间和 indexes 文件夹的权限；仍不行时运行 {}。记录已保存，不受影响", Do.REBUILD_INDEX
            ),
        ) from error


def _as_of(last_seq: int, documents: Iterable[Document], later: dict[str, Document]) -> Iterator[Document]:
    """Give the records as they were at a change, each once; `later` gets the latest of those that changed since."""
    for document in documents:
        if document.seq > last_seq:
            later[document.record_no] = document
        else:
            yield document


def _is_panic(error: BaseException) -> bool:
    return type(error).__name__ == "PanicException"
