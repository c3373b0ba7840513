"""All paper of a workspace that is in no object: evidence, waiting pages, what was typed, prints, reading copies.

Evidence, waiting pages and answers are blobs; prints and reading copies are files people open, and can be made again.
Places are paths in the workspace, divided by `/`: destruction lists name them so, and they must not change.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from re import Pattern

from qrecords.errors import IntegrityFailure, NotFound
from qrecords.ports import Blobs
from qrecords.stores import durable
from qrecords.stores.blobs.folder import FolderBlobs
from qrecords.stores.inbox import InboxBlobs

EVIDENCE, INBOX, DRAFTS, ANSWERS = "evidence", "inbox/unmatched", "drafts", "drafts/answers"
WAITING = (EVIDENCE, INBOX)  # must not be lost
PAPERS_LOCK = "locks/papers.lock"
GIVEN = "jobs"
COPIES = "volumes"  # reading copies of volumes, beside the archive
_NO_PAPER = {"objects", "staging", "locks"}  # below the archive: removed in other ways, or holds no record


class EvidenceStore:
    """Papers that wait to be filed with their record, as blobs; `folder` is their place in the workspace."""

    def __init__(self, blobs: Blobs, folder: str) -> None:
        self._blobs = blobs
        self._folder = folder

    def keep(self, stored: str, data: bytes) -> None:
        """Keep a paper; one that lies here damaged is kept anew. ValueError for other bytes than its name says."""
        if hashlib.sha256(data).hexdigest() != _sha256_in(stored):
            raise ValueError(stored)
        if not self._blobs.put(stored, data) and self.fault(stored):
            self._blobs.replace(stored, data)

    def has(self, stored: str) -> bool:
        """Tell whether a paper is here."""
        return self._blobs.has(stored)

    def fault(self, stored: str, *, deep: bool = True) -> str:
        """Return what is wrong with a paper, as the end of a sentence; "" when it is sound.

        Not `deep`, the word of its store is taken for its bytes where it gives one.
        """
        try:
            found = "" if deep else self._blobs.told_sha256(stored)
            if found:
                return "" if found == _sha256_in(stored) else "的内容与登记时不同"
            with self._blobs.lent(stored) as path, durable.storage_errors(path), path.open("rb") as stream:
                found = hashlib.file_digest(stream, "sha256").hexdigest()
        except NotFound:
            return "不见了"
        except IntegrityFailure:
            return "被换成了链接"
        return "" if found == _sha256_in(stored) else "的内容与登记时不同"

    @contextmanager
    def lent(self, names: Sequence[str]) -> Iterator[dict[str, Path]]:
        """Lend real files of papers and texts, by the names they are stored under."""
        with ExitStack() as stack:
            lent = {}
            for name in names:
                try:
                    lent[name] = stack.enter_context(self._blobs.lent(name))
                except NotFound:
                    remedy = f"请从备份恢复 {self.place(name)} 后再试"
                    raise NotFound(f"签署件或附件 {name} 不见了", remedy=remedy) from None
            yield lent

    def drop(self, *names: str) -> None:
        """Let go of papers; one that is gone is no error."""
        self._blobs.delete(*names)

    def text(self, sha256: str) -> str | None:
        """Return the text read off a paper; None when none was written down."""
        try:
            return self._blobs.get(f"{sha256}.txt").decode()
        except NotFound:
            return None

    def keep_text(self, sha256: str, text: str) -> None:
        """Write down the text read off a paper."""
        self._blobs.replace(f"{sha256}.txt", text.encode())

    def place(self, stored: str) -> str:
        """Return what a paper is called in the whole workspace."""
        return f"{self._folder}/{stored}"

    def stored_at(self, place: str) -> str | None:
        """Return what a place of the workspace is stored as among these papers; None when it is none of them."""
        folder, _, stored = place.rpartition("/")
        return stored if folder == self._folder else None


class AnswerFiles:
    """What was typed and is no record yet: files, since people find them there after a crash and fill from them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, name: str, data: bytes) -> Path:
        """Keep answers; returns the file, from which they can be filled in."""
        durable.make_dirs(self._folder)
        path = self._folder / name
        durable.write_file(path, data)
        return path

    def drop(self, name: str) -> None:
        """Let go of answers that have become a record."""
        with durable.storage_errors(self._folder):
            (self._folder / name).unlink(missing_ok=True)


class WorkspacePapers:
    """The paper of the workspace `root`, whose archive is its folder `archive`.

    `blobs` gives the store of what must not be lost, evidence and waiting pages, by its place in the archive; without
    it they are files of that folder.
    """

    def __init__(self, root: Path, archive: Path, blobs: Callable[[str], Blobs] | None = None) -> None:
        self._root = root
        self._archive = archive
        self._blobs: Callable[[str], Blobs] = blobs or self._in_folder

    @cached_property
    def evidence(self) -> EvidenceStore:
        """Return the papers that wait to be filed."""
        return EvidenceStore(self._blobs(EVIDENCE), self._place(self._archive / EVIDENCE))

    @cached_property
    def inbox(self) -> InboxBlobs:
        """Return the scanned pages that wait for their record, or for the rest of their print."""
        return InboxBlobs(self._blobs(INBOX), str(self._archive / INBOX))

    @cached_property
    def answers(self) -> AnswerFiles:
        """Return what was typed and is no record yet."""
        return AnswerFiles(self._archive / ANSWERS)

    @cached_property
    def given(self) -> Blobs:
        """Return the files given with long work, until it is done."""
        return self._blobs(GIVEN)

    @property
    def drafts(self) -> Path:
        """Return the folder prints go into when no other is named; people take them from there."""
        return self._archive / DRAFTS

    def printed(self, names: Sequence[str]) -> Path | None:
        """Return the first of these prints that was made here."""
        return next((path for name in names if (path := self.drafts / name).is_file()), None)

    def waiting(self) -> list[str]:
        """Return the places of all that must not be lost: evidence and waiting pages."""
        return [self._place(self._archive / f / name) for f in WAITING for name in self._blobs(f).names()]

    @contextmanager
    def lent(self, place: str) -> Iterator[Path]:
        """Lend a real file of the paper at a place."""
        folder, _, last = place.rpartition("/")
        blobs, name = self._kept_at(place) or (FolderBlobs(self._root / folder, self._lock), last)
        with blobs.lent(name) as path:
            yield path

    def called(self, pattern: Pattern[str]) -> list[str]:
        """Return the places of all paper, of whatever kind, whose file name matches."""
        with durable.storage_errors(self._archive):
            folders = [p for p in self._archive.iterdir() if p.is_dir() and not _holds_no_paper(p.name)]
            files = [
                self._place(path)
                for folder in (*folders, self._root / COPIES)
                for path in folder.rglob("*")
                if path.is_file() and pattern.search(path.name)
            ]
        waiting = [place for place in self.waiting() if pattern.search(place.rpartition("/")[2])]
        return [*dict.fromkeys((*files, *waiting))]

    def is_there(self, place: str) -> bool:
        """Tell whether there is paper at a place."""
        if kept := self._kept_at(place):
            return kept[0].has(kept[1])
        return (self._root / place).is_file()  # people give such files names no blob would have

    def remove(self, place: str) -> None:
        """Remove the paper at a place, for good."""
        if kept := self._kept_at(place):
            kept[0].delete(kept[1])
        else:
            durable.remove_file(self._root / place)

    def sweep(self) -> None:
        """Remove what killed writes left: it may hold what is destroyed."""
        for folder in (DRAFTS, EVIDENCE, INBOX, GIVEN):
            durable.sweep_asides(self._archive / folder)

    def sweep_all(self) -> None:
        """Remove what killed writes left anywhere in the archive."""
        durable.sweep_asides(self._archive)

    def _place(self, path: Path) -> str:
        return path.relative_to(self._root).as_posix()

    def _kept_at(self, place: str) -> tuple[Blobs, str] | None:
        """Return the store of blobs a place is in, and its name there; None for a file."""
        folder, _, name = place.rpartition("/")
        for kept in WAITING:
            if folder == self._place(self._archive / kept):
                return self._blobs(kept), name
        return None

    def _in_folder(self, folder: str) -> FolderBlobs:
        return FolderBlobs(self._archive / folder, self._lock)

    @property
    def _lock(self) -> Path:
        return self._archive / PAPERS_LOCK


def _holds_no_paper(folder: str) -> bool:
    return folder in _NO_PAPER or folder.endswith(durable.MOVED)


def _sha256_in(stored: str) -> str:
    return stored.partition(".")[0]
