"""Opens objects and papers where they lie: the one place that says what kind of store an address means."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlencode

from qrecords.errors import UsageError, WrongState
from qrecords.settings import ARCHIVE, ArchiveSettings
from qrecords.stores import durable
from qrecords.stores.archive import Archive
from qrecords.stores.blobs.folder import FolderBlobs
from qrecords.stores.papers import PAPERS_LOCK, WAITING, WorkspacePapers

if TYPE_CHECKING:
    from qrecords.ports import Blobs, Papers

S3 = "s3://"
OBJECTS, OWNER = "objects", "office"
SETTLES_IN = 1.0  # seconds; a publication takes a tenth of it
KEPT = (OBJECTS, *dict.fromkeys(folder.partition("/")[0] for folder in WAITING))  # right below the archive


def archive_at(address: str) -> Archive:
    """Return the objects at an address (ports.Objects.address): an archive folder, or an S3 store."""
    if not address.startswith(S3):
        return Archive(Path(address))
    url, _, said = address.partition("?")
    known = {name: values[0] for name, values in parse_qs(said).items()}
    where = ArchiveSettings(url, known.get("endpoint", ""), plain_http="plain_http" in known)
    return archive_of(Path(known["root"]), where)


def archive_of(root: Path, where: ArchiveSettings) -> Archive:
    """Return the objects of the workspace in a folder; what is under way lies there in any case."""
    if not where.url:
        return Archive(root / ARCHIVE)
    from qrecords.stores.blobs.orderedmoves import OrderedMoves  # an office in a folder does without

    said = {"root": str(root), "endpoint": where.endpoint} | ({"plain_http": "1"} if where.plain_http else {})
    address = f"{where.url}?{urlencode(said)}"
    return Archive(root / ARCHIVE, moves=OrderedMoves(blobs_of(root, where, OBJECTS), SETTLES_IN), address=address)


def papers_of(root: Path, where: ArchiveSettings) -> Papers:
    """Return the paper of the workspace in a folder that is in no object."""
    in_folder = not where.url
    return WorkspacePapers(root, root / ARCHIVE, None if in_folder else lambda folder: blobs_of(root, where, folder))


def blobs_of(root: Path, where: ArchiveSettings, folder: str) -> Blobs:
    """Return the blobs below a folder of the archive; UsageError where the client of a store is not installed."""
    if not where.url:
        return FolderBlobs(root / ARCHIVE / folder, root / ARCHIVE / PAPERS_LOCK)
    try:
        from qrecords.stores.blobs.s3 import S3Blobs, S3Place
    except ModuleNotFoundError as error:
        told = f"归档件在 {where.url}，而本机没有装连它的 {error.name}"
        raise UsageError(told, remedy='请安装：pip install "qrecords[s3]"') from None

    return S3Blobs(S3Place.of(where.url, where.endpoint, plain=where.plain_http).below(folder))


def claim(root: Path, where: ArchiveSettings, owner: str) -> None:
    """Let a store be this office's; WrongState when anything else lies there."""
    top, mark = blobs_of(root, where, ""), owner.encode()
    if top.has(OWNER):
        is_ours = top.get(OWNER) == mark
    else:
        is_ours = not top.entries() and (top.put(OWNER, mark) or top.get(OWNER) == mark)
    if not is_ours:
        raise WrongState(f"{where.url} 里已有别的东西，没有动它", remedy="请换一个空的前缀")


def left_in_folder(root: Path) -> list[Path]:
    """Return the folders of objects and papers that lie in a workspace."""
    return [folder for top in KEPT if (folder := root / ARCHIVE / top).exists()]


def leave_folder(root: Path, moment: str) -> None:
    """Keep what a move to a store left behind under other names; the next destruction removes it."""
    for folder in left_in_folder(root):
        durable.replace_dir(folder, folder.with_name(f"{folder.name}-{moment}{durable.MOVED}"))
