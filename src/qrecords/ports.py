"""What the office needs of the world, as protocols; `stores/` serves them, `desk/workspace.py` alone chooses who does.

One office on one machine has a folder and SQLite behind them. What else may stand there is held to the same contract
tests (tests/stores/test_blobs.py), so that no service notices (docs/adr/0017-ports.md).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from re import Pattern
from typing import TYPE_CHECKING, Protocol, TypeVar

from qrecords.errors import Problem
from qrecords.model.papers import Waiting

if TYPE_CHECKING:
    from qrecords.model.audit import Event
    from qrecords.model.formats import Format

F = TypeVar("F", bound="Format")
Tx_co = TypeVar("Tx_co", covariant=True)

Content = bytes | Path  # bytes at hand, or a file they are copied from


class Clock(Protocol):
    """Tells the moment, with its offset."""

    def __call__(self) -> datetime:
        """Return the moment."""
        ...


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """What lies right in a folder of blobs: a blob, a folder of more, or what is neither (a link, a device)."""

    name: str  # the last part of it
    is_folder: bool = False
    is_foreign: bool = False


class Walk(Protocol):
    """Blobs as who walks through many of them needs them: what lies where may be known from one listing."""

    def get(self, name: str) -> bytes:
        """Return the bytes of a name."""
        ...

    def has(self, name: str) -> bool:
        """Tell whether a name is there."""
        ...

    def entries(self, folder: str = "") -> list[Entry]:
        """Return all that lies right in a folder (`a/b`, or "" for the top), sorted; nothing when it is none."""
        ...

    def called(self, name: str = "") -> str:
        """Return what people are told of where a name lies."""
        ...

    def lent(self, name: str) -> AbstractContextManager[Path]:
        """Lend a real file with the bytes of a name, for programs that need one: to be read, within the block alone."""
        ...


class Blobs(Walk, Protocol):
    """Bytes by name, kept for good: after `put` or `replace` has returned they are there, whatever breaks.

    A name is relative, its parts divided by `/`. Bytes are there whole or not at all, at any moment. StorageFailure
    when the place refuses; NotFound for a name that is not there; IntegrityFailure where something else stands.
    """

    def put(self, name: str, data: Content) -> bool:
        """Keep bytes unless the name is taken; tells whether they were kept. Of many who try at once one does."""
        ...

    def replace(self, name: str, data: Content) -> None:
        """Keep bytes in the place of what was there."""
        ...

    def names(self, prefix: str = "") -> Iterator[str]:
        """Give the names below a prefix (`a/b/`, or "" for all), sorted."""
        ...

    def size(self, name: str) -> int:
        """Return how many bytes a name has."""
        ...

    def told_sha256(self, name: str) -> str:
        """Return the SHA-256 the place itself keeps of the bytes of a name, none of them read; "" for none."""
        ...

    def mark(self, name: str) -> Hashable | None:
        """Return what is another when the bytes of a name were replaced; None for a name that is not there."""
        ...

    def delete(self, *names: str) -> None:
        """Let go of names, in their order; one that is not there is no error."""
        ...


class Moves(Protocol):
    """How objects, staged on the disk, come into a store of blobs and go out of it; `home` is the place of an object.

    A reader sees the version before or the new one, whole, since he follows the root inventory. StorageFailure when
    the store refuses: then the object is as it was, or `finish_version` and `drop_half` make it so.
    """

    @property
    def blobs(self) -> Blobs:
        """Return the blobs of the objects."""
        ...

    @property
    def at_once(self) -> int:
        """Return how many objects may be asked after at a time: more than one where the way there takes long."""
        ...

    @property
    def settles_in(self) -> float:
        """Return within how many seconds a version another machine brings in is in: until then it looks damaged."""
        ...

    def walk(self, folder: str = "") -> Walk:
        """Return the blobs for who walks through all of them below a folder."""
        ...

    def holds(self, home: str) -> bool:
        """Tell whether anything at all lies where an object belongs."""
        ...

    def take_file(self, staged: Path, name: str) -> None:
        """Bring in a single file, in the place of what was there."""
        ...

    def take_in(self, tree: Path, home: str) -> None:
        """Bring in a new object, staged in `tree` below the folders of its place."""
        ...

    def take_version(self, staged: Path, home: str, version: int) -> None:
        """Bring in a version of an object that is here, with its inventory and the digest of that."""
        ...

    def finish_version(self, object_id: str, staged: Path, home: str) -> bool:
        """Do what is left of a `take_version` that broke off; tells whether there was anything to finish."""
        ...

    def drop_half(self, home: str) -> None:
        """Let go of what a `take_in` that broke off left, if it is not an object."""
        ...

    def take_back(self, home: str, version: int, aside: Path) -> None:
        """Let an object be as it was before its newest version, which is not the first; `aside` is a folder to use."""
        ...

    def take_copy(self, copy: Path, home: str) -> None:
        """Bring in a copy of a whole object, in the place of what was there."""
        ...

    def take_versions(self, copy: Path, home: str, versions: Sequence[int]) -> None:
        """Bring in copies of further versions of an object, with the inventory of the last."""
        ...

    def take_out(self, home: str, trash: Path) -> bool:
        """Let an object be gone, at once for readers; False when it is not here. What `trash` holds is removed next."""
        ...

    def drop(self, home: str) -> None:
        """Remove an object from a copy of objects."""
        ...


Files = Mapping[str, Content]  # by the name they get in an object
Held = tuple[str, str, int | None]  # a file of an object: its id, the name, the version (None: the newest)


@dataclass(frozen=True, slots=True)
class VersionInfo:
    """Who made a version, when (RFC 3339) and why."""

    number: int
    created: str
    message: str
    user: str


@dataclass(frozen=True, slots=True)
class Staged:
    """A whole new version, synced, ready to be published.

    Version 1 lies in `tree/` below the folders of its place in the archive; a later one is `vN`, with the root
    inventory and its digest beside it.
    """

    object_id: str
    version: int
    folder: Path


@dataclass(frozen=True, slots=True)
class Stored:
    """What an object is in its store: files, bytes, and the SHA-512 of its inventory, which covers all of them."""

    files: int
    size: int
    sha512: str


@dataclass(frozen=True, slots=True)
class Through:
    """What looking through an object gave: what is wrong; of its newest version (`head`) each file's SHA-512.

    `sha256` holds those asked for, as far as the files are whole.
    """

    problems: list[Problem]
    head: int
    files: Mapping[str, str]
    sha256: Mapping[str, str]


class Objects(Protocol):
    """The frozen objects of an office: files by name, in versions that are only added to.

    NotFound for an object, version or name that is not there; IntegrityFailure for bytes that are not those frozen;
    WrongState where another version came first; StorageFailure when the store refuses.
    """

    @property
    def address(self) -> str:
        """Return what another process opens these objects by (stores/archives.py)."""
        ...

    @property
    def blobs(self) -> Blobs:
        """Return the blobs the objects are made of."""
        ...

    @property
    def at_once(self) -> int:
        """Return how many objects may be asked after at a time: more than one where the way there takes long."""
        ...

    def home(self, object_id: str) -> str:
        """Return where an object lies among the blobs."""
        ...

    def exists(self, object_id: str) -> bool:
        """Tell whether there is such an object."""
        ...

    def is_there(self, object_id: str) -> bool:
        """Tell whether anything at all lies where an object belongs, readable or not."""
        ...

    def head(self, object_id: str) -> int:
        """Return the number of the newest version; 0 when there is no such object."""
        ...

    def versions(self, object_id: str) -> list[VersionInfo]:
        """Return all versions of an object, the oldest first."""
        ...

    def names(self, object_id: str, version: int | None = None) -> list[str]:
        """Return the names of the files in a version, the newest when none is said."""
        ...

    def ids(self) -> Iterator[str]:
        """Give the ids of all objects, in no order; of one that cannot be read, the name of its folder."""
        ...

    def read(self, object_id: str, name: str, version: int | None = None) -> bytes:
        """Return a file of a version, checked against its digest."""
        ...

    def read_as(self, kind: type[F], object_id: str, version: int | None = None) -> F:
        """Read a file of an object as what it is (model/formats.py)."""
        ...

    def lent(self, object_id: str, name: str, version: int | None = None) -> AbstractContextManager[Path]:
        """Lend a real file of a version, to be read within the block."""
        ...

    def lent_all(self, wanted: Iterable[Held]) -> AbstractContextManager[list[Path]]:
        """Lend real files, in the order of what is wanted."""
        ...

    def require(self, object_id: str, name: str, version: int | None = None) -> str:
        """Return the SHA-512 a file of a version was stored with; IntegrityFailure when the file is missing."""
        ...

    def sha256(self, object_id: str, name: str, version: int | None = None) -> str:
        """Return the SHA-256 of a file of a version as it is now."""
        ...

    def told_sha256(self, object_id: str, name: str, version: int | None = None) -> str:
        """Return the SHA-256 the store itself keeps of a file of a version; "" when it keeps none."""
        ...

    def called(self, object_id: str, name: str, version: int | None = None) -> str:
        """Return what people are told of where a file of a version lies."""
        ...

    def inventory_digest(self, object_id: str, version: int) -> str:
        """Return the digest of a version's inventory: two objects with the same have the same content."""
        ...

    def measure(self, object_id: str) -> Stored:
        """Return how much an object is, and the digest that covers it."""
        ...

    def check(self, object_id: str, *, deep: bool) -> list[Problem]:
        """Return what is wrong with an object; `deep` reads every byte again."""
        ...

    def look_through(self, object_id: str, *, deep: bool, sha256_of: Callable[[str], bool] | None = None) -> Through:
        """Check an object, and return what its newest version holds; the SHA-256 of the names asked for comes along."""
        ...

    def check_root(self) -> list[Problem]:
        """Return what is wrong around the objects."""
        ...

    def work_dir(self, intent: str) -> Path:
        """Return the folder, on this machine, of a step's files under way."""
        ...

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
        """Make a whole new version of an object aside: `files`, and of the newest version the names in `keep`."""
        ...

    def publish(self, staged: Staged) -> int:
        """Bring a staged version in, for good; returns its number."""
        ...

    def copy_in(self, source: Objects, object_id: str, version: int, aside: str = "object") -> int:
        """Bring in an object's versions up to `version` from elsewhere, checked on the way; returns the bytes."""
        ...

    def remove(self, object_id: str, intent: str) -> bool:
        """Remove an object with all its versions, for good; False when it was gone already."""
        ...

    def take_back(self, object_id: str, version: int, intent: str) -> None:
        """Let go of an object's newest version, which no register knows; of the object when it is the first."""
        ...

    def let_go_half(self, object_id: str) -> None:
        """Let go of what lies where an object belongs, and is none."""
        ...

    def recover(self) -> list[str]:
        """Finish every version whose coming in broke off; returns the ids of the objects mended."""
        ...

    def steps_in_staging(self) -> list[str]:
        """Return the intents that have files under way, or left behind."""
        ...

    def sweep(self, alive: Container[str] | Callable[[str], bool]) -> list[str]:
        """Remove what steps that are over left, after finishing their versions; returns their intents."""
        ...


class Register(Protocol[Tx_co]):
    """The office's database: views that are consistent, and one writing transaction at a time.

    WrongState when it is held by others for too long, StorageFailure when it takes no writes, IntegrityFailure when it
    is damaged. What a transaction can be asked is the same on every engine (stores/register).
    """

    holders: set[str]

    @property
    def read_only(self) -> bool:
        """Tell whether nothing can be written: a disk of a backup."""
        ...

    @property
    def register_id(self) -> str:
        """Return the identity the index remembers this register by."""
        ...

    def read(self) -> AbstractContextManager[Tx_co]:
        """Give one consistent view; nothing may be changed through it."""
        ...

    def one_view(self) -> AbstractContextManager[None]:
        """Let what this thread reads one after the other be one view, until it writes."""
        ...

    def look_anew(self) -> None:
        """Let this thread's one view end: what it reads next is the register as it then is."""
        ...

    def write(self, *, wait: bool = True) -> AbstractContextManager[Tx_co]:
        """Give the one writing transaction; it commits at the end of the block or leaves no trace."""
        ...

    def has_aside(self) -> bool:
        """Tell whether events wait beside the log."""
        ...

    def set_aside(self, events: Sequence[Event]) -> None:
        """Keep events that cannot wait for who writes; the next event appended to the log takes them in before it."""
        ...

    def copy_to(self, path: Path) -> None:
        """Write the register as it stands at this moment into a single new file, while others go on working."""
        ...

    def scrub(self) -> None:
        """Let nothing be left of what was removed; needs it alone."""
        ...

    def close(self) -> None:
        """Close all connections."""
        ...


class Leases(Protocol):
    """What this process holds, told apart by a heartbeat from what a dead one left (work/leases.py)."""

    def hold(self, name: str) -> AbstractContextManager[None]:
        """Hold a lease of a new name while the block runs."""
        ...

    def take_over(self, name: str) -> AbstractContextManager[bool]:
        """Hold what a dead process left, or what nobody holds, while the block runs; gives False when one lives."""
        ...

    def hold_alone(self, name: str, label: str) -> AbstractContextManager[None]:
        """Hold a lease that others may want too; Occupied when one of them does not let go of it in time."""
        ...

    def is_alive(self, name: str) -> bool:
        """Tell whether someone holds a lease and lives."""
        ...

    def close(self) -> None:
        """Let the heart stop; what is still held then is left to others."""
        ...


class Evidence(Protocol):
    """Papers that wait to be filed with their record, by SHA-256 and kind (`SHA256.pdf`), and texts read off them."""

    def keep(self, stored: str, data: bytes) -> None:
        """Keep a paper; the same one again changes nothing. ValueError when its bytes are not those of its name."""
        ...

    def has(self, stored: str) -> bool:
        """Tell whether a paper is here."""
        ...

    def fault(self, stored: str, *, deep: bool = True) -> str:
        """Return what is wrong with a paper, as the end of a sentence: gone, changed, a link. "" when it is sound.

        Not `deep`, its store's own word is taken for its bytes where it gives one.
        """
        ...

    def lent(self, names: Sequence[str]) -> AbstractContextManager[Mapping[str, Path]]:
        """Lend real files of papers and texts, by the names they are stored under. NotFound for one that is lost."""
        ...

    def drop(self, *names: str) -> None:
        """Let go of papers; one that is gone is no error."""
        ...

    def text(self, sha256: str) -> str | None:
        """Return the text read off a paper; None when none was written down."""
        ...

    def keep_text(self, sha256: str, text: str) -> None:
        """Write down the text read off a paper."""
        ...

    def place(self, stored: str) -> str:
        """Return what a paper is called in the whole workspace."""
        ...

    def stored_at(self, place: str) -> str | None:
        """Return what a place of the workspace is stored as among these papers; None when it is none of them."""
        ...


class Inbox(Protocol):
    """Scanned pages that wait for their record, or for the rest of their print, by the id of what they show."""

    @property
    def called(self) -> str:
        """Return what people are told of where they lie."""
        ...

    def put(self, page: Waiting, jpeg: bytes, preview: bytes) -> None:
        """Keep a page; one that waits already is known better now."""
        ...

    def all(self) -> list[Waiting]:
        """Return the pages that wait, in the order of their files and pages."""
        ...

    def get(self, page: str) -> Waiting | None:
        """Return one page, or None when none of this id waits."""
        ...

    def remove(self, *pages: str) -> None:
        """Let pages go; one that is gone is no error."""
        ...

    def picture(self, page: str) -> Callable[[], bytes]:
        """Return what gives the picture of a page, when it is needed."""
        ...

    def texts(self) -> dict[str, str]:
        """Return the texts read off the pictures, by page; "" where none was found, none for one not read yet."""
        ...

    def keep_text(self, page: str, text: str) -> None:
        """Write down the text read off a page, unless it waits no more."""
        ...


class Answers(Protocol):
    """What was typed and is no record yet, as input files, so that it is never lost."""

    def keep(self, name: str, data: bytes) -> Path:
        """Keep answers; returns the file, from which they can be filled in."""
        ...

    def drop(self, name: str) -> None:
        """Let go of answers that have become a record."""
        ...


class Papers(Protocol):
    """All paper of a workspace that is in no object."""

    @property
    def evidence(self) -> Evidence:
        """Return the papers that wait to be filed."""
        ...

    @property
    def inbox(self) -> Inbox:
        """Return the scanned pages that wait."""
        ...

    @property
    def answers(self) -> Answers:
        """Return what was typed and is no record yet."""
        ...

    @property
    def given(self) -> Blobs:
        """Return the files given with long work, until it is done: on every machine of the office."""
        ...

    @property
    def drafts(self) -> Path:
        """Return the folder prints go into when no other is named; people take them from there."""
        ...

    def waiting(self) -> list[str]:
        """Return the places of all that must not be lost: evidence and waiting pages."""
        ...

    def lent(self, place: str) -> AbstractContextManager[Path]:
        """Lend a real file of the paper at a place. NotFound when there is none."""
        ...

    def printed(self, names: Sequence[str]) -> Path | None:
        """Return the first of these prints that was made here; they can be made again any time."""
        ...

    def called(self, pattern: Pattern[str]) -> list[str]:
        """Return the places of all paper, of whatever kind, whose file name matches."""
        ...

    def is_there(self, place: str) -> bool:
        """Tell whether there is paper at a place."""
        ...

    def remove(self, place: str) -> None:
        """Remove the paper at a place, for good."""
        ...

    def sweep(self) -> None:
        """Remove what killed writes of paper left."""
        ...

    def sweep_all(self) -> None:
        """Remove what killed writes left anywhere: it may hold what is destroyed."""
        ...
