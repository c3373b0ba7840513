"""What every store of blobs owes the office; each one in STORES passes all of it."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from qrecords.errors import IntegrityFailure, NotFound
from qrecords.ports import Blobs
from qrecords.stores import durable
from qrecords.stores.blobs.folder import FolderBlobs
from tests.memory import MemoryBlobs
from tests.servers import BUCKET

Opening = Callable[[Path], Blobs]


def in_folder(place: Path) -> Blobs:
    return FolderBlobs(place / "blobs", place / "locks" / "blobs.lock")


def in_s3(place: Path) -> Blobs:
    from qrecords.stores.blobs.s3 import S3Blobs, S3Place

    return S3Blobs(S3Place(BUCKET, f"{place.parent.name}-{place.name}", os.environ["AWS_ENDPOINT_URL"]))


# A store of another kind is one line here: a function that opens it anew on what the place holds.
STORES: dict[str, Opening] = {"folder": in_folder, "memory": MemoryBlobs.at, "s3": in_s3}


@pytest.fixture(params=STORES)
def opening(request: pytest.FixtureRequest) -> Opening:
    if request.param == "s3":
        request.getfixturevalue("s3")
    return STORES[request.param]


def test_what_is_put_is_there_for_who_opens_it_anew(opening: Opening, tmp_path: Path) -> None:
    assert opening(tmp_path).put("a/b/one.pdf", b"one")
    (tmp_path / "source").write_bytes(b"two" * 1_000_000)
    assert opening(tmp_path).put("a/two.pdf", tmp_path / "source")
    blobs = opening(tmp_path)
    assert blobs.get("a/b/one.pdf") == b"one"
    assert blobs.get("a/two.pdf") == b"two" * 1_000_000
    assert blobs.has("a/two.pdf")
    assert [*blobs.names()] == ["a/b/one.pdf", "a/two.pdf"]
    assert [*blobs.names("a/b/")] == ["a/b/one.pdf"]
    with blobs.lent("a/b/one.pdf") as path:
        assert path.read_bytes() == b"one"


def test_a_name_once_taken_keeps_its_bytes_unless_they_are_replaced(opening: Opening, tmp_path: Path) -> None:
    blobs = opening(tmp_path)
    assert blobs.put("name", b"first")
    assert not blobs.put("name", b"second")
    assert blobs.get("name") == b"first"
    blobs.replace("name", b"third")
    blobs.replace("other", b"new")
    assert (blobs.get("name"), blobs.get("other")) == (b"third", b"new")


def test_a_place_tells_the_digest_of_its_bytes_or_none(opening: Opening, tmp_path: Path) -> None:
    blobs = opening(tmp_path)
    for data in (b"first", b"second"):
        blobs.replace("name", data)
        assert blobs.told_sha256("name") in {hashlib.sha256(data).hexdigest(), ""}


def test_what_is_not_there_is_told_and_let_go_without_a_word(opening: Opening, tmp_path: Path) -> None:
    blobs = opening(tmp_path)
    assert not blobs.has("none")
    assert [*blobs.names()] == [] == [*blobs.names("none/")]
    with pytest.raises(NotFound):
        blobs.get("none")
    with pytest.raises(NotFound), blobs.lent("none"):
        pass
    blobs.put("one", b"1")
    blobs.put("two", b"2")
    blobs.delete("none", "two", "one")
    blobs.delete("one")
    assert [*blobs.names()] == []
    assert blobs.put("one", b"again")


@pytest.mark.parametrize("name", ["", "/a", "../a", "a/../b", "a//b", "a\\b", "a/"])
def test_no_name_leads_out(opening: Opening, tmp_path: Path, name: str) -> None:
    blobs = opening(tmp_path)
    for act in (blobs.get, blobs.has, lambda n: blobs.put(n, b""), blobs.delete):
        with pytest.raises(ValueError, match=r"^"):
            act(name)


def test_of_many_who_put_a_name_one_does(opening: Opening, tmp_path: Path) -> None:
    stores = [opening(tmp_path) for _ in range(6)]
    for key in range(10):
        with ThreadPoolExecutor(len(stores)) as pool:
            won = list(pool.map(lambda n, key=key: stores[n].put(f"{key}", b"%d" % n), range(len(stores))))
        assert won.count(True) == 1
        assert stores[0].get(f"{key}") == b"%d" % won.index(True)


PUTTING = """
import os, signal, sys
from pathlib import Path
from qrecords.stores import durable
from qrecords.stores.blobs.folder import FolderBlobs

def die(moment):
    os.kill(os.getpid(), signal.SIGKILL)

durable.checkpoint = die
place = Path(sys.argv[1])
FolderBlobs(place / "blobs", place / "locks" / "blobs.lock").put("name", b"half")
"""


def test_a_put_that_is_killed_leaves_the_name_free(tmp_path: Path) -> None:
    killed = subprocess.run([sys.executable, "-c", PUTTING, str(tmp_path)], check=False)
    assert killed.returncode == -signal.SIGKILL
    blobs = in_folder(tmp_path)
    assert [*blobs.names()] == []
    assert blobs.put("name", b"whole")
    assert blobs.get("name") == b"whole"


def test_a_folder_is_synced_before_a_name_is_said_to_be_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blobs = in_folder(tmp_path)
    blobs.put("first", b"makes the folders")
    synced: list[Path] = []
    sync = durable._sync
    monkeypatch.setattr(durable, "_sync", lambda path: (synced.append(path), sync(path))[1])
    blobs.put("name", b"bytes")
    aside, folder = synced
    assert aside.parent == folder == tmp_path / "blobs", "the bytes first, then the name"
    synced.clear()
    assert not blobs.put("name", b"bytes")
    assert synced == [tmp_path / "blobs"], "whoever put it may not have come to that"
    synced.clear()
    blobs.put("other", b"")
    synced.clear()
    blobs.delete("first", "name", "other")
    assert synced == [tmp_path / "blobs"], "once for all of them"


@pytest.mark.skipif(os.name != "posix", reason="links need no right there")
def test_a_link_in_a_folder_is_no_blob(tmp_path: Path) -> None:
    blobs = in_folder(tmp_path)
    blobs.put("one", b"1")
    (tmp_path / "blobs" / "link").symlink_to(tmp_path / "blobs" / "one")
    assert [*blobs.names()] == ["one"]
    with pytest.raises(IntegrityFailure):
        blobs.get("link")
    assert not blobs.put("link", b"2")
    blobs.delete("link")
    assert blobs.get("one") == b"1"
