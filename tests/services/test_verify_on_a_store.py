"""A check of objects on a real S3 store takes the store's word for the bytes where it gives it; a deep one never does."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import obstore
import pytest

from qrecords.errors import StorageFailure
from qrecords.office import Office
from qrecords.render.pdf import Converter
from qrecords.services.care.movearchive import move_archive
from qrecords.services.care.verify import verify
from qrecords.services.reports.draw import draw
from qrecords.services.reports.progress import Hand, approve, review
from qrecords.stores.blobs.s3 import S3Blobs, S3Place
from qrecords.stores.blobs.s3keys import Keys
from qrecords.stores.blobs.s3probe import Asked, sha256_in
from tests import retention_office as kept
from tests.faulty_disk import blank_convert
from tests.servers import KEY, SECRET, S3Server
from tests.services.test_move_archive import clock, on, wait_signed

DIGEST = hashlib.sha256(b"first").digest()
PAPERS = {  # what is told of each that was replaced
    "form.pdf": "form.pdf 与归档时登记的不同",
    "volume.pdf": "volume.pdf 与成册时登记的不同",
    "document.pdf": "document.pdf 与批准时登记的不同",
    "evidence": "的内容与登记时不同",
}


@pytest.fixture
def office(tmp_path: Path, s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """Give an office on a store: items, a volume, a document that was approved, a signed paper that waits."""
    monkeypatch.setattr(Converter, "convert", blank_convert)
    monkeypatch.setattr("qrecords.services.care.deep.Deep.volumes", lambda *_: iter(()))  # the front matter is blank
    root = on(kept.copied(tmp_path), s3)
    with kept.opened(root) as people:
        wait_signed(people.office)
        number = draw(people("甲"), "BB", "2019").document_no
        review(people("乙"), number, Hand("示例主任"))
        approve(people("丙"), number, Hand("示例领导"))
    move_archive(root, s3.url(), clock=clock)
    with kept.opened(root) as people:
        yield people.office


def blobs_of(office: Office, what: str) -> tuple[S3Blobs, str]:
    """Return where the last of the papers of a kind lies; of evidence the one that waits."""
    if what == "evidence":
        signed = hashlib.sha256((office.settings.root.parent / "signed.pdf").read_bytes()).hexdigest()
        return office.papers.evidence._blobs, f"{signed}.pdf"  # type: ignore[attr-defined]
    blobs: Any = office.archive.blobs
    return blobs, [name for name in blobs.names() if name.endswith(f"/{what}")][-1]


@contextmanager
def fetched(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Give the keys whose bytes are fetched while the block runs."""
    keys: list[str] = []
    get = obstore.get
    with monkeypatch.context() as patched:
        patched.setattr(obstore, "get", lambda store, key, **how: (keys.append(key), get(store, key, **how))[1])
        yield keys


def told(office: Office, *, deep: bool = False) -> str:
    return "\n".join(f"{p.source}：{p.message}" for p in verify(office, deep=deep).problems)


def mute(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the store keep no digests, as many do not."""
    head = Asked.head

    def without(self: Asked, key: str) -> tuple[int, dict[str, str]]:
        status, headers = head(self, key)
        return status, {name: value for name, value in headers.items() if "checksum" not in name}

    monkeypatch.setattr(Asked, "head", without)


def test_where_the_store_tells_digests_no_paper_is_fetched(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    with fetched(monkeypatch) as keys:
        assert told(office) == ""
    assert keys, "inventories and what was frozen are compared as ever"
    assert [key for key in keys if key.endswith(".pdf")] == []
    mute(monkeypatch)
    with fetched(monkeypatch) as keys:
        assert told(office) == ""
    assert sorted({key.rpartition("/")[2][-10:] for key in keys if key.endswith(".pdf")})[-1] == "volume.pdf"
    assert any("/evidence/" in key for key in keys), "what waits is read where the store says nothing"
    assert told(office, deep=True) == ""


@pytest.mark.parametrize("what", PAPERS)
def test_a_paper_that_was_replaced_is_found_without_fetching_it(
    office: Office, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    blobs, name = blobs_of(office, what)
    blobs.replace(name, blobs.get(name) + b"\n%")
    with fetched(monkeypatch) as keys:
        assert PAPERS[what] in told(office)
    assert [key for key in keys if key.endswith(".pdf")] == []
    assert name.rpartition("/")[2] in told(office, deep=True)


@pytest.mark.parametrize("what", PAPERS)
@pytest.mark.parametrize("tells", [True, False], ids=["its digest is of before", "it tells none"])
def test_what_a_store_lost_silently_a_deep_check_finds(
    office: Office, monkeypatch: pytest.MonkeyPatch, what: str, tells: bool
) -> None:
    """The disk below a store forgets; the digest the store keeps does not: only who reads the bytes finds out."""
    blobs, name = blobs_of(office, what)
    before = {blobs._key(name): blobs.told_sha256(name)}
    data = bytearray(blobs.get(name))
    data[len(data) // 2] ^= 1
    blobs.replace(name, bytes(data))
    if tells:
        head = Asked.head

        def of_before(self: Asked, key: str) -> tuple[int, Mapping[str, str]]:
            status, headers = head(self, key)
            if key in before:
                headers["x-amz-checksum-sha256"] = b64encode(bytes.fromhex(before[key])).decode()
            return status, headers

        monkeypatch.setattr(Asked, "head", of_before)
        assert told(office) == "", "nothing else is asked"
    else:
        mute(monkeypatch)
    assert name.rpartition("/")[2] in told(office, deep=True)


def test_a_paper_that_is_gone_is_told_by_either(office: Office) -> None:
    blobs, name = blobs_of(office, "volume.pdf")
    blobs.delete(name)
    assert "缺文件 v1/content/volume.pdf" in told(office)
    evidence, signed = blobs_of(office, "evidence")
    evidence.delete(signed)
    assert "不见了" in told(office)
    assert "不见了" in told(office, deep=True)


def test_the_store_tells_the_digest_of_what_was_put(s3: S3Server) -> None:
    blobs = S3Blobs(S3Place.of(s3.url(), s3.endpoint))
    blobs.put("name", b"first")
    assert blobs.told_sha256("name") == DIGEST.hex()
    blobs.replace("name", b"second")
    assert blobs.told_sha256("name") == hashlib.sha256(b"second").hexdigest()


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ({}, ""),
        ({"x-amz-checksum-sha256": b64encode(DIGEST).decode()}, DIGEST.hex()),
        ({"x-amz-checksum-sha256": b64encode(DIGEST).decode(), "x-amz-checksum-type": "FULL_OBJECT"}, DIGEST.hex()),
        ({"x-amz-checksum-sha256": b64encode(DIGEST).decode(), "x-amz-checksum-type": "COMPOSITE"}, ""),
        ({"x-amz-checksum-sha256": b64encode(DIGEST).decode() + "-3"}, ""),
        ({"x-amz-checksum-sha256": "nonsense!"}, ""),
        ({"x-amz-checksum-sha256": b64encode(b"short").decode()}, ""),
        ({"x-amz-checksum-crc32": "AAAAAA=="}, ""),
    ],
)
def test_a_digest_of_parts_or_of_another_kind_is_none(headers: dict[str, str], found: str) -> None:
    assert sha256_in(headers) == found


def test_a_store_that_does_not_answer_tells_none(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in s3_server.environment().items():
        monkeypatch.setenv(name, value)
    blobs = S3Blobs(S3Place.of(s3_server.url(), s3_server.endpoint))
    blobs.put("name", b"first")

    def silent(_self: Asked, _key: str) -> tuple[int, dict[str, str]]:
        raise StorageFailure("示例：连不上存储")

    monkeypatch.setattr(Asked, "head", silent)
    assert blobs.told_sha256("name") == ""
    monkeypatch.setattr(Asked, "head", lambda _self, _key: (503, {}))
    assert blobs.told_sha256("name") == ""


def test_a_connection_that_was_kept_and_grew_old_is_made_anew(s3: S3Server) -> None:
    asked = Asked("records", s3.endpoint, Keys(KEY, SECRET), "s3://records")
    assert asked.head("first")[0] == 200
    kept_one = asked._kept.connection
    assert asked.head("first")[0] == 200
    assert asked._kept.connection is kept_one
    kept_one.sock.close()
    assert asked.head("first")[0] == 200
    assert asked.head("none")[0] == 404
