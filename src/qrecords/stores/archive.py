"""Frozen objects (OCFL 1.1) in `objects/`, made whole in `staging/` and moved into place.

Where the objects lie is a store of blobs, and how they come in its moves (ports.Moves): a folder, or another store.
What a kill at any moment leaves behind in a folder, and what mends it:

new object   one rename brings in the object with every folder above it that is missing. Before it there is only
             staging (`sweep` removes it), after it the object is whole.
new version  1 the version's folder is renamed into the object   2 the root inventory is replaced   3 its digest file is
             replaced. Between 1 and 3 the object is not valid; readers still see a whole old or new version, since
             they follow the root inventory. The version's folder holds the same inventory, and the staging folder
             keeps the object's id until 3 is done, so `recover` finds the object and does 2 and 3 again.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Collection, Container, Hashable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

from qrecords.advice import Do, advise
from qrecords.errors import IntegrityFailure, NotFound, Overtaken, Problem, QRecordsError
from qrecords.ports import Blobs, Files, Held, Moves, Objects, Staged, Stored, Through, VersionInfo, Walk
from qrecords.stores import durable, mirror, ocfl, ocflcheck, removal, staging
from qrecords.stores.blobs.foldermoves import FolderMoves
from qrecords.stores.layouts import NAMED, TUPLES, Layout
from qrecords.stores.ocfl import INVENTORY, Inventory, Version
from qrecords.stores.staging import NOTE, Author
from qrecords.stores.turns import in_turn

if TYPE_CHECKING:
    from qrecords.model.formats import Format

F = TypeVar("F", bound="Format")

__all__ = ["Archive", "Staged", "VersionInfo"]

_PARSED = 256  # inventories kept at a time


class Archive:
    """The objects of one workspace; `root` is its archive folder. A package's have a layout of their own.

    What is under way lies in `root`; so do the objects, unless `moves` has another store of blobs for them.
    """

    def __init__(self, root: Path, layout: Layout = NAMED, moves: Moves | None = None, address: str = "") -> None:
        self.root = root
        self.layout = layout
        self.objects = root / "objects"  # where a folder serves them
        self.staging = root / "staging"
        self.address = address or str(root)  # what another process opens these objects by, as it was given
        self._moves: Moves = moves or FolderMoves(self.objects, root / "locks" / "objects.lock")
        self.blobs: Blobs = self._moves.blobs
        # Inventories just read, the last at the end: whoever asks for the names in an object asks for its files next.
        self._parsed: dict[str, tuple[Hashable, Inventory]] = {}
        self._guard = Lock()  # threads share them

    def __reduce__(self) -> tuple[type[Archive], tuple[Path, Layout, Moves, str]]:
        """Go to another process without what was read here."""
        return Archive, (self.root, self.layout, self._moves, self.address)

    def home(self, object_id: str) -> str:
        """Return where an object lies among the blobs."""
        return self.layout.path(object_id).as_posix()

    def is_laid_out(self) -> bool:
        """Tell whether there is a sound storage root of this layout."""
        return bool(self.blobs.entries()) and not self.check_root()

    def prepare(self) -> None:
        """Make the storage root; what is there stays. IntegrityFailure when it is laid out in another way."""
        layout = "ocfl_layout.json"
        if self.blobs.has(layout) and self.blobs.get(layout) != ocfl.to_json(self.layout.declaration):
            raise IntegrityFailure(
                f"{self.blobs.called()} 不是本软件的档案库（存放方式不同）",
                remedy="请换一个工作区文件夹，不要改动这里",
            )
        durable.make_dirs(self.staging)
        name, declaration = ocfl.ROOT_DECLARATION  # last: without it the folder is not yet a storage root
        for path, data in (
            (f"extensions/{self.layout.name}/config.json", ocfl.to_json(self.layout.config)),
            (layout, ocfl.to_json(self.layout.declaration)),
            (name, declaration),
        ):
            if not self.blobs.has(path):
                # Aside in staging: a kill here must not leave a stray file in the storage root.
                aside = self.staging / path.rpartition("/")[2]
                durable.write_file(aside, data)
                self._moves.take_file(aside, path)
                aside.unlink(missing_ok=True)

    # Reading

    def exists(self, object_id: str) -> bool:
        """Tell whether there is such an object."""
        return self.blobs.has(self._at(object_id, INVENTORY))

    def head(self, object_id: str) -> int:
        """Return the number of the newest version; 0 when there is no such object."""
        try:
            return self._inventory(object_id).head
        except NotFound:
            return 0

    def versions(self, object_id: str) -> list[VersionInfo]:
        """Return all versions of an object, the oldest first."""
        inventory = self._inventory(object_id)
        return [VersionInfo(n, v.created, v.message, v.user) for n, v in enumerate(inventory.versions, start=1)]

    def names(self, object_id: str, version: int | None = None) -> list[str]:
        """Return the names of the files in a version, the newest when none is said."""
        return sorted(self._version(object_id, version)[1].state)

    @contextmanager
    def lent(self, object_id: str, name: str, version: int | None = None) -> Iterator[Path]:
        """Lend a real file of a version, to be read within the block; IntegrityFailure when it is missing."""
        content, _ = self._named(object_id, name, version)
        with ExitStack() as stack:
            try:
                path = stack.enter_context(self.blobs.lent(content))
            except NotFound:
                raise _missing(object_id, name) from None
            yield path

    @contextmanager
    def lent_all(self, wanted: Iterable[Held]) -> Iterator[list[Path]]:
        """Lend real files, of objects, names and versions, in their order."""
        with ExitStack() as stack:
            yield [stack.enter_context(self.lent(*one)) for one in wanted]

    def require(self, object_id: str, name: str, version: int | None = None) -> str:
        """Return the SHA-512 a file of a version was stored with; IntegrityFailure when the file is missing."""
        return self._content(object_id, name, version)[1]

    def told_sha256(self, object_id: str, name: str, version: int | None = None) -> str:
        """Return the SHA-256 the store keeps of a file of a version, "" for none; IntegrityFailure: missing."""
        content, _ = self._named(object_id, name, version)
        try:
            return self.blobs.told_sha256(content)
        except NotFound:
            raise _missing(object_id, name) from None

    def called(self, object_id: str, name: str, version: int | None = None) -> str:
        """Return what people are told of where a file of a version lies."""
        return self.blobs.called(self._content(object_id, name, version)[0])

    def place(self, object_id: str, name: str, version: int | None = None) -> str:
        """Return where a file of a version lies below the archive, divided by `/`."""
        return f"objects/{self._content(object_id, name, version)[0]}"

    def sha256(self, object_id: str, name: str, version: int | None = None) -> str:
        """Return the SHA-256 of a file of a version as it is now, read piece by piece."""
        with self.lent(object_id, name, version) as path, durable.storage_errors(path), path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()

    def read(self, object_id: str, name: str, version: int | None = None) -> bytes:
        """Return a file of a version; IntegrityFailure when its bytes are not those stored."""
        content, digest = self._named(object_id, name, version)
        try:
            data = self.blobs.get(content)
        except NotFound:
            raise _missing(object_id, name) from None
        if ocfl.sha512(data) != digest:
            raise IntegrityFailure(f"{object_id} 的 {name} 与归档时不同", remedy="请从备份恢复这个对象")
        return data

    @property
    def at_once(self) -> int:
        """Return how many objects may be asked after at a time."""
        return self._moves.at_once

    def ids(self) -> Iterator[str]:
        """Give the ids of all objects, in no order; of one that cannot be read, the name of its folder."""
        for home in _homes(self._moves.walk(), "", TUPLES):
            leaf = home.rpartition("/")[2]
            object_id = self.layout.id_of_leaf(leaf)
            if object_id is None:
                with suppress(QRecordsError):
                    object_id = Inventory.parse(self.blobs.get(f"{home}/{INVENTORY}"), leaf).object_id
            yield object_id or leaf

    def check(self, object_id: str, *, deep: bool) -> list[Problem]:
        """Return what is wrong with an object: its inventories against its files; `deep` reads every byte again."""
        return self.look_through(object_id, deep=deep).problems

    def look_through(self, object_id: str, *, deep: bool, sha256_of: Callable[[str], bool] | None = None) -> Through:
        """Check an object as `check` does, and return what its newest version holds; nothing when it is unreadable.

        Of the files whose names `sha256_of` takes, the SHA-256 comes along from the same reading (`deep` only).
        """
        home = self.home(object_id)
        looked = ocflcheck.look_at(self._moves.walk(home), home, object_id)
        if looked.problems and self._moves.holds(home):
            # It may only be that a new version is moving in at this moment, here or from another machine.
            time.sleep(self._moves.settles_in)
            with suppress(QRecordsError), self._publishing(home):
                looked = ocflcheck.look_at(self._moves.walk(home), home, object_id)
        inventory = looked.inventory
        state = inventory.versions[-1].state if inventory else {}
        content = {name: inventory.manifest[digest][0] for name, digest in state.items()} if inventory else {}
        if deep:
            wanted = {path for name, path in content.items() if sha256_of and sha256_of(name)}
            ocflcheck.check_content(self.blobs, home, looked, wanted)
        return Through(
            problems=[Problem(message, source=object_id) for message in looked.problems],
            head=inventory.head if inventory else 0,
            files={name: state[name] for name in sorted(state)},
            sha256={name: looked.sha256[path] for name, path in content.items() if path in looked.sha256},
        )

    def check_root(self) -> list[Problem]:
        """Return what is wrong around the objects: declarations, stray files, empty folders."""
        where = self.blobs.called()
        return [Problem(message, source=where) for message in ocflcheck.check_root(self._moves.walk(), self.layout)]

    # Writing

    def work_dir(self, intent: str) -> Path:
        """Return the folder of a step's files under way; whoever began the step makes and removes it."""
        return self.staging / intent

    def stage(
        self,
        object_id: str,
        files: Files,
        *,
        message: str,
        user: str,
        created: datetime,
        intent: str,
        expected_head: int | None = None,
        keep: Collection[str] = (),
    ) -> Staged:
        """Make a whole new version of an object in staging, synced; nothing is published yet.

        The version holds `files` (bytes, or a path to copy) and, of the newest version, the names in `keep`; content
        the object already has is not stored again. WrongState when the newest version is not `expected_head`.
        """
        try:
            before = self._inventory(object_id)
        except NotFound:
            before = Inventory(object_id, {}, [])
        if expected_head is not None and before.head != expected_head:
            raise _moved_on(object_id, before.head, expected_head)
        if created.tzinfo is None:
            raise ValueError("a version's moment needs its offset")
        folder = self.work_dir(intent) / "objects" / ocfl.object_path(object_id).name
        return staging.build(folder, before, files, keep, Author(user, created.isoformat(), message))

    def publish(self, staged: Staged) -> int:
        """Move a staged version into the archive, for good; returns its number.

        WrongState when the object has got another version since.
        """
        with self._publishing(self.home(staged.object_id)):
            head = self.head(staged.object_id)
            if head != staged.version - 1:
                raise _moved_on(staged.object_id, head, staged.version - 1)
            durable.checkpoint("publish.begin")
            if staged.version == 1:
                self._moves.take_in(staged.folder / "tree", self.home(staged.object_id))
            else:
                self._moves.take_version(staged.folder, self.home(staged.object_id), staged.version)
            durable.checkpoint("publish.done")
        durable.remove_tree(staged.folder)
        durable.checkpoint("publish.tidy")
        return staged.version

    def copy_in(self, source: Objects, object_id: str, version: int, aside: str = "object") -> int:
        """Bring in an object's versions up to `version` from another archive; returns the bytes copied.

        It is made in the folder `aside` of the staging. IntegrityFailure when the source is damaged.
        """
        here, there = (source.blobs, source.home(object_id)), (self._moves, self.home(object_id))
        return mirror.copy_object(here, there, object_id, version, self.staging / aside)

    def discard(self, object_id: str) -> None:
        """Remove an object from what is only a copy of an archive."""
        self._moves.drop(self.home(object_id))

    def drop_aside(self, aside: str = "") -> None:
        """Remove what copying in left in the staging."""
        durable.remove_tree(self.staging / aside)

    def recover(self) -> list[str]:
        """Finish every version whose move a crash broke off; returns the ids of the objects mended."""
        mended = []
        for note in sorted(self.staging.glob(f"*/objects/*/{NOTE}")):
            # A publication just done may be tidying up; what is damaged is told by `check`.
            with durable.storage_errors(note), suppress(FileNotFoundError, IntegrityFailure):
                object_id = note.read_text(encoding="utf-8")
                with self._publishing(home := self.home(object_id)):
                    if self._moves.finish_version(object_id, note.parent, home):
                        mended.append(object_id)
        for tree in sorted(self.staging.glob("/".join(["*/objects/*/tree", *["*"] * (TUPLES + 1)]))):
            with self._publishing(home := "/".join(tree.parts[-TUPLES - 1 :])):
                self._moves.drop_half(home)
        return mended

    # Destroying

    def read_as(self, kind: type[F], object_id: str, version: int | None = None) -> F:
        """Read a file of an object as what it is (model/formats.py); IntegrityFailure when it cannot be understood."""
        try:
            return kind.from_bytes(self.read(object_id, kind.FILE, version))
        except ValueError as error:
            raise IntegrityFailure(f"{object_id} 的 {kind.FILE} 读不懂：{error}", remedy="请从备份恢复") from None

    def inventory_digest(self, object_id: str, version: int) -> str:
        """Return the digest of a version's inventory: two objects with the same have the same content."""
        return ocfl.sha512(self.blobs.get(self._at(object_id, f"v{version}/{INVENTORY}")))

    def measure(self, object_id: str) -> Stored:
        """Return how much an object is on disk, and the digest that covers it."""
        return removal.measure(self.blobs, self.home(object_id))

    def is_there(self, object_id: str) -> bool:
        """Tell whether anything at all lies where an object belongs, readable or not."""
        return self._moves.holds(self.home(object_id))

    def remove(self, object_id: str, intent: str) -> bool:
        """Remove an object with all its versions, for good; False when it was gone already.

        Only the execution of a destruction list may do this, after its certificate is written; but for what no register
        knows (`take_back`).
        """
        trash = self.work_dir(intent) / removal.TRASH
        with self._publishing(home := self.home(object_id)):
            taken = self._moves.take_out(home, trash)
        removal.erase(trash)
        return taken

    def take_back(self, object_id: str, version: int, intent: str) -> None:
        """Let go of an object's newest version, which no register knows; of the object itself when it is the first.

        WrongState when another version is the newest.
        """
        with self._publishing(home := self.home(object_id)):
            if (head := self.head(object_id)) != version:
                raise _moved_on(object_id, head, version)
            if version > 1:
                self._moves.take_back(home, version, self.work_dir(intent) / "back")
        if version == 1:
            self.remove(object_id, intent)
        durable.remove_tree(self.work_dir(intent))

    def let_go_half(self, object_id: str) -> None:
        """Let go of what lies where an object belongs, and is none."""
        with self._publishing(home := self.home(object_id)):
            self._moves.drop_half(home)

    def steps_in_staging(self) -> list[str]:
        """Return the intents that have files under way, or left behind."""
        return sorted(f.name for f in self.staging.glob("*") if f.is_dir())

    def sweep(self, alive: Container[str] | Callable[[str], bool]) -> list[str]:
        """Remove the staging of steps that are over, after finishing their versions; returns their intents.

        Give a function rather than a set: it is asked about a folder after the folder was seen, so that a step begun
        meanwhile is not taken for one that is over.
        """
        self.recover()
        is_alive = alive if callable(alive) else alive.__contains__
        over = [intent for intent in self.steps_in_staging() if not is_alive(intent)]
        for intent in over:
            durable.remove_tree(self.staging / intent)
        return over

    def _at(self, object_id: str, name: str) -> str:
        return f"{self.home(object_id)}/{name}"

    def _inventory(self, object_id: str) -> Inventory:
        name = self._at(object_id, INVENTORY)
        if (mark := self.blobs.mark(name)) is None:
            raise NotFound(f"档案库里没有 {object_id}", remedy=advise("请核对归档编号；用 {} 查找", Do.SEARCH))
        with self._guard:
            known = self._parsed.pop(object_id, None)
            if known is None or known[0] != mark:  # another process may have replaced it
                known = mark, Inventory.parse(self.blobs.get(name), object_id)
            self._parsed[object_id] = known
            if len(self._parsed) > _PARSED:
                self._parsed.pop(next(iter(self._parsed)))
        return known[1]

    def _version(self, object_id: str, number: int | None) -> tuple[Inventory, Version]:
        inventory = self._inventory(object_id)
        wanted = inventory.head if number is None else number
        if not 1 <= wanted <= inventory.head:
            raise NotFound(f"{object_id} 没有第{wanted}版", remedy=f"它有第1版到第{inventory.head}版")
        return inventory, inventory.versions[wanted - 1]

    def _named(self, object_id: str, name: str, number: int | None) -> tuple[str, str]:
        """Return where the content of a file belongs, and its SHA-512."""
        inventory, version = self._version(object_id, number)
        if name not in version.state:
            raise NotFound(f"{object_id} 里没有 {name}", remedy=f"它有：{'、'.join(sorted(version.state))}")
        digest = version.state[name]
        return self._at(object_id, inventory.manifest[digest][0]), digest

    def _content(self, object_id: str, name: str, number: int | None) -> tuple[str, str]:
        """Return where the content of a file lies, and its SHA-512."""
        content, digest = self._named(object_id, name, number)
        if not self.blobs.has(content):
            raise _missing(object_id, name)
        return content, digest

    @cached_property
    def _locks(self) -> Path:
        folder = self.root / "locks"
        durable.make_dirs(folder)
        return folder

    @contextmanager
    def _publishing(self, home: str) -> Iterator[None]:
        """Let one process at a time move versions into place: in a folder it takes milliseconds.

        Where the way there takes longer, others meanwhile publish other objects.
        """
        name = "publish.lock" if self._moves.at_once == 1 else f"publish-{home[:2]}.lock"
        with in_turn(self._locks / name, self.root):
            yield


def _homes(blobs: Walk, above: str, depth: int) -> Iterator[str]:
    for entry in blobs.entries(above):
        at = f"{above}/{entry.name}" if above else entry.name
        if depth == 0:
            yield at
        elif ocflcheck.is_way(entry):
            yield from _homes(blobs, at, depth - 1)


def _missing(object_id: str, name: str) -> IntegrityFailure:
    return IntegrityFailure(f"{object_id} 缺文件 {name}", remedy="请从备份恢复这个对象")


def _moved_on(object_id: str, head: int, expected: int) -> Overtaken:
    now = f"已有第{head}版" if head else "还没有归档"
    meant = f"接着第{expected}版做的" if expected else "当作新的来归档的"
    return Overtaken(f"{object_id} {now}，这次却是{meant}", remedy="别处先改动了它，请重新查看后再试")
