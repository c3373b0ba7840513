"""Blobs and objects on a real S3 store: its refusals in words, answers that are lost, and what a kill leaves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from qrecords.errors import InvalidInput, NotFound, QRecordsError, StorageFailure, UsageError, WrongState
from qrecords.settings import ArchiveSettings, load
from qrecords.stores import archives
from qrecords.stores.archive import Archive
from qrecords.stores.archives import archive_at, archive_of
from tests.servers import BUCKET, KEY, SECRET, S3Server, free_port
from tests.stores.test_archive import FILES, ITEM, put
from tests.stores.test_other_blobs import HOME, MORE, judged, problems

pytest.importorskip("obstore")
import obstore

from qrecords.stores.blobs import s3 as module
from qrecords.stores.blobs import s3keys, s3probe
from qrecords.stores.blobs.s3 import S3Blobs, S3Place
from qrecords.stores.blobs.s3keys import Keys


@pytest.fixture
def where(s3: S3Server) -> ArchiveSettings:
    return ArchiveSettings(s3.url(), s3.endpoint)


@pytest.fixture
def blobs(where: ArchiveSettings) -> S3Blobs:
    return S3Blobs(S3Place.of(where.url, where.endpoint))


@pytest.fixture
def archive(tmp_path: Path, where: ArchiveSettings) -> Archive:
    made = archive_of(tmp_path, where)
    made.prepare()
    return made


def test_objects_are_kept_and_judged(archive: Archive, tmp_path: Path) -> None:
    put(archive)
    assert put(archive, files=MORE, keep=["form.pdf"]) == 2
    assert [*archive.ids()] == [ITEM]
    assert archive.read(ITEM, "record.json", 1) == FILES["record.json"]
    assert archive.called(ITEM, "form.pdf").startswith("s3://")
    again = archive_at(archive.address)
    assert again.read(ITEM, "scans/更正说明.pdf") == b"%PDF-1.4"
    assert problems(again) == []
    judged(archive.blobs, tmp_path / "judged")
    folder = Archive(tmp_path / "folder")
    folder.prepare()
    assert folder.copy_in(archive, ITEM, 2) > 0
    assert folder.inventory_digest(ITEM, 2) == archive.inventory_digest(ITEM, 2)
    archive.blobs.replace(f"{HOME}/v1/content/form.pdf", b"other")
    archive.blobs.put("stray/file.txt", b"")
    told = "".join(problems(archive))
    assert "form.pdf 的内容与归档时不同" in told
    assert "stray 不属于" in told
    archive.blobs.delete("stray/file.txt")
    assert archive.remove(ITEM, "list")
    assert not archive.is_there(ITEM)
    assert problems(archive) == []


def test_who_walks_asks_for_one_listing(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        put(archive, f"{ITEM}{number}")
    listed, heads = [], []
    lists, head = obstore.list, obstore.head
    monkeypatch.setattr(obstore, "list", lambda *words: (listed.append(words), lists(*words))[1])
    monkeypatch.setattr(obstore, "head", lambda *words: (heads.append(words), head(*words))[1])
    assert len([*archive.ids()]) == 3
    assert archive.check_root() == []
    assert archive.check(f"{ITEM}1", deep=False) == []
    assert (len(listed), len(heads)) == (3, 0)


PUBLISHING = """
import os, signal, sys
from datetime import UTC, datetime
from qrecords.stores import durable
from qrecords.stores.archives import archive_at
from qrecords.stores.blobs.s3 import S3Blobs

address, item, name, after = sys.argv[1:]
archive = archive_at(address)
sent = S3Blobs._send

def send(self, *words):
    global after
    after = int(after) - 1
    if after < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    sent(self, *words)

S3Blobs._send = send
files = {name: b"{}", "record.json": b"[]"}
now = datetime(2026, 1, 1, tzinfo=UTC)
archive.publish(archive.stage(item, files, message="", user="u", created=now, intent="broken"))
"""


@pytest.mark.parametrize("second", [False, True], ids=["object", "version"])
def test_a_publisher_killed_between_two_requests_leaves_nothing_half(archive: Archive, second: bool) -> None:
    if second:
        put(archive)
    for after in range(0, 7, 2):
        words = [archive.address, ITEM, f"{after}.pdf", str(after)]
        killed = subprocess.run([sys.executable, "-c", PUBLISHING, *words], check=False)
        assert killed.returncode == -signal.SIGKILL, after
        fresh = archive_at(archive.address)
        assert fresh.head(ITEM) == second
        fresh.sweep(lambda intent: False)
        assert fresh.head(ITEM) in ({1, 2} if second else {0})
        assert problems(fresh) == []
        if fresh.head(ITEM) == 2:
            break
    head = fresh.head(ITEM)
    assert put(archive_at(archive.address), files=MORE) == head + 1


def test_a_lost_answer_is_found_out(blobs: S3Blobs, monkeypatch: pytest.MonkeyPatch) -> None:
    """The request arrives, its answer does not: whoever sent it learns that it was he who won."""
    monkeypatch.setattr(module, "PAUSES", (0.01,) * 3)
    sent, lost = S3Blobs._send, 2

    def send(self: S3Blobs, *words: object) -> None:
        nonlocal lost
        sent(self, *words)  # type: ignore[arg-type]
        if lost:
            lost -= 1
            raise obstore.exceptions.GenericError("timed out")

    monkeypatch.setattr(S3Blobs, "_send", send)
    assert blobs.put("name", b"mine")
    assert not blobs.put("name", b"other")
    lost = 1
    blobs.replace("name", b"again")
    assert blobs.get("name") == b"again"


def test_who_comes_late_changes_nothing(blobs: S3Blobs) -> None:
    """A replacing request that was held up on its way does not bring old bytes back."""
    blobs.put("name", b"first")
    stood = blobs.mark("name")
    assert stood is not None
    blobs.replace("name", b"second")
    with pytest.raises(obstore.exceptions.PreconditionError):
        blobs._send(f"{blobs.place.prefix}/name", b"late", {"e_tag": stood[0]}, "late")
    assert blobs.get("name") == b"second"


def test_of_many_who_replace_all_do_and_one_is_last(blobs: S3Blobs) -> None:
    with ThreadPoolExecutor(4) as pool:
        [*pool.map(lambda n: blobs.replace("name", b"%d" % n), range(8))]
    assert int(blobs.get("name")) in range(8)


def test_names_of_people_are_names(blobs: S3Blobs) -> None:
    names = ["50%25/更正 说明+(1).pdf", "a%3ab/%", "urn%3aqrecords%3aitem/v1/~'!&=@$,;#[].txt"]
    for name in names:
        assert blobs.put(name, name.encode())
    assert [*blobs.names()] == sorted(names)
    for name in names:
        assert blobs.get(name) == name.encode()
        assert [e.name for e in blobs.entries(name.rpartition("/")[0])] == [name.rpartition("/")[2]]
    blobs.delete(*names)
    assert blobs.entries() == [], "nor an empty folder"


# A store that says yes to everything, as some do, or to nothing.
class Careless(BaseHTTPRequestHandler):
    status = 200

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.send_response(self.status)
        self.send_header("content-length", "0")
        self.end_headers()

    do_PUT = do_DELETE = do_GET = do_HEAD = answer  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def careless(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    with ThreadingHTTPServer(("127.0.0.1", 0), Careless) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize(
    ("status", "words"), [(200, "靠不住"), (403, "不认这个账号"), (404, "没有这个桶"), (500, "没有接受")]
)
def test_a_store_that_does_not_hold_to_conditions_is_refused(
    careless: str, monkeypatch: pytest.MonkeyPatch, status: int, words: str
) -> None:
    monkeypatch.setattr(Careless, "status", status)
    with pytest.raises(QRecordsError, match=words) as told:
        S3Blobs(S3Place("bucket", f"office{status}", careless)).put("name", b"")
    assert told.value.remedy
    if status == 200:
        for what in ("If-None-Match", "复制", "SHA-256"):
            assert what in told.value.message


def test_the_real_one_holds_to_them(s3: S3Server) -> None:
    s3probe.require(BUCKET, "probed", s3.endpoint, Keys(KEY, SECRET), "s3://records")
    assert [*S3Blobs(S3Place(BUCKET, "probed", s3.endpoint)).names()] == []
    with pytest.raises(StorageFailure, match="不认这个账号"):
        s3probe.require(BUCKET, "probed", s3.endpoint, Keys(KEY, "wrong"), "s3://records")


def test_nobody_there_is_told_soon(monkeypatch: pytest.MonkeyPatch, s3: S3Server) -> None:
    monkeypatch.setattr(module, "PAUSES", (0.01,))
    module._client.cache_clear()
    blobs = S3Blobs(S3Place(BUCKET, "x", f"http://127.0.0.1:{free_port()}"))
    for act in (lambda: blobs.get("name"), lambda: blobs.put("name", b""), lambda: [*blobs.names()]):
        with pytest.raises(StorageFailure, match="连不上"):
            act()
    module._client.cache_clear()
    with pytest.raises(NotFound, match="不见了"):
        S3Blobs(S3Place(BUCKET, "x", s3.endpoint)).get("name")


def test_keys_come_from_the_environment_or_the_files_every_program_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [n for n in os.environ if n.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    with pytest.raises(StorageFailure, match="没有找到") as told:
        s3keys.keys()
    assert "AWS_ACCESS_KEY_ID" in told.value.remedy
    text = "[default]\naws_access_key_id = a\naws_secret_access_key = b%c\n[two]\naws_access_key_id=c\naws_secret_access_key=d"
    (tmp_path / "credentials").write_text(text)
    (tmp_path / "config").write_text("[profile two]\nregion = cn-north-1\nendpoint_url = https://s3.example\n")
    assert s3keys.keys() == Keys("a", "b%c")
    assert "b%c" not in repr(s3keys.keys())
    assert s3keys.endpoint() == "https://s3.us-east-1.amazonaws.com"
    monkeypatch.setenv("AWS_PROFILE", "two")
    assert s3keys.keys() == Keys("c", "d", "", "cn-north-1")
    assert s3keys.endpoint() == "https://s3.example"
    (tmp_path / "credentials").write_text("nonsense")
    with pytest.raises(StorageFailure, match="读不出"):
        s3keys.keys()
    with pytest.raises(StorageFailure, match="没有加密"):
        module._server(S3Place("bucket", "", "http://192.0.2.1:8333"))
    assert module._server(S3Place("bucket", "", "http://192.0.2.1:8333/", plain=True)) == "http://192.0.2.1:8333"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('url = "s3://"', "s3://桶/前缀"),
        ('url = "https://host/bucket"', "s3://桶/前缀"),
        ('url = "s3://key:secret@bucket/x"', "账号不写在这里"),
        ('url = "s3://bucket/../x"', "s3://桶/前缀"),
        ('endpoint = "https://a:b@host"', "不写在这里"),
        ('endpoint = "host:8333"', "https://"),
        ('endpoint = "http://192.0.2.1:8333"', "没有加密"),
    ],
)
def test_settings_that_cannot_be_are_told(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "qrecords.toml").write_text(f"[archive]\n{text}\n", encoding="utf-8")
    with pytest.raises(InvalidInput) as told:
        load(tmp_path)
    assert words in told.value.problems[0].message


def test_settings_that_can(tmp_path: Path) -> None:
    text = '[archive]\nurl = "s3://records/2026/a"\nendpoint = "http://192.0.2.1:8333"\nplain_http = true\n'
    (tmp_path / "qrecords.toml").write_text(text, encoding="utf-8")
    assert load(tmp_path).archive == ArchiveSettings("s3://records/2026/a", "http://192.0.2.1:8333", plain_http=True)


def test_a_machine_without_the_client_is_told_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in sys.modules if n.startswith("obstore") or n == "qrecords.stores.blobs.s3"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "obstore", None)
    monkeypatch.delattr("qrecords.stores.blobs.s3")
    with pytest.raises(UsageError, match="obstore") as told:
        archive_of(tmp_path, ArchiveSettings("s3://bucket/x"))
    assert "qrecords[s3]" in told.value.remedy


def test_a_place_is_claimed_by_one_office(tmp_path: Path, where: ArchiveSettings) -> None:
    archives.claim(tmp_path, where, "one")
    archives.claim(tmp_path, where, "one")
    with pytest.raises(WrongState, match="已有别的东西"):
        archives.claim(tmp_path, where, "two")
