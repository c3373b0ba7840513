"""An S3-compatible store serves blobs: an object each, given away by conditional puts, through `obstore`.

A name is taken by `If-None-Match: *`, bytes are replaced by `If-Match` on what stood there: a request that arrives late
changes nothing any more. Every put carries a mark of its own, by which whoever lost the answer finds out whether it was
he who won. Many stores ignore the one or the other: a process probes before its first change (s3probe.py).
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar
from uuid import uuid4

import obstore
from obstore import exceptions
from obstore.store import S3Store

from qrecords.errors import NotFound, StorageFailure, WrongState
from qrecords.ports import Content, Entry
from qrecords.settings import is_open
from qrecords.stores import durable, ocfl
from qrecords.stores.blobs import s3keys, s3probe
from qrecords.stores.blobs.listed import Listing

T = TypeVar("T")

CONNECT, SHORT, LONG = timedelta(seconds=5), timedelta(seconds=10), timedelta(minutes=15)
SMALL = 8 << 20  # bytes that pass in SHORT on any network an office has
PAUSES = (0.1, 0.3, 1.0, 2.0, 4.0)  # seconds before the next try
READ_AGAIN = 4
OK, NOT_FOUND = 200, 404
_PIECE = 1 << 20
_MARK = "qrecords-put"


_FORKED_FROM: list[int] = []  # processes that had asked a store: its client would wait for ever here


class _Again(Exception):
    """Another changed the name at the same moment."""


@dataclass(frozen=True, slots=True)
class S3Place:
    """Where blobs lie: a bucket, what all their names begin with, the server; `plain` allows one without TLS."""

    bucket: str
    prefix: str = ""
    endpoint: str = ""  # "" = AWS's own, of the region
    plain: bool = False

    @classmethod
    def of(cls, url: str, endpoint: str = "", *, plain: bool = False) -> S3Place:
        """Return the place of `s3://bucket/prefix`."""
        bucket, _, prefix = url.removeprefix("s3://").partition("/")
        return cls(bucket, prefix.strip("/"), endpoint, plain)

    @property
    def url(self) -> str:
        """Return it as the settings name it."""
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")

    def below(self, folder: str) -> S3Place:
        """Return a place further down."""
        return replace(self, prefix=f"{self.prefix}/{folder}".strip("/"))


class S3Blobs:
    """The objects of a bucket whose keys begin with the prefix of a place."""

    def __init__(self, place: S3Place) -> None:
        self.place = place

    def put(self, name: str, data: Content) -> bool:
        """Keep bytes unless the name is taken; tells whether they were kept."""
        key, mark = self._writable(name), uuid4().hex
        content = _bytes(data)

        def once() -> bool:
            try:
                self._send(key, content, "create", mark)
            except (exceptions.AlreadyExistsError, exceptions.PreconditionError):
                return self._is_mine(key, mark)
            return True

        return self._persist(name, once)

    def replace(self, name: str, data: Content) -> None:
        """Keep bytes in the place of what was there."""
        key, mark = self._writable(name), uuid4().hex
        content = _bytes(data)

        def once() -> None:
            mode: Any = "create"
            with suppress(FileNotFoundError):
                mode = {"e_tag": obstore.head(self._store(), key)["e_tag"]}
            try:
                self._send(key, content, mode, mark)
            except (exceptions.AlreadyExistsError, exceptions.PreconditionError):
                if not self._is_mine(key, mark):
                    raise _Again from None

        self._persist(name, once)

    def get(self, name: str) -> bytes:
        """Return the bytes of a name."""
        key = self._key(name)
        return self._asked(name, lambda: bytes(obstore.get(self._store(), key).bytes()))

    def has(self, name: str) -> bool:
        """Tell whether a name is there."""
        return self._head(name) is not None

    def names(self, prefix: str = "") -> Iterator[str]:
        """Give the names below a prefix, sorted."""
        if prefix and not ocfl.is_safe_name(prefix.removesuffix("/")):
            raise ValueError(prefix)
        own = f"{self.place.prefix}/" if self.place.prefix else ""
        listed = self._asked(prefix, lambda: obstore.list(self._store(), f"{own}{prefix}" or None).collect())
        yield from sorted(meta["path"].removeprefix(own) for meta in listed)

    def entries(self, folder: str = "") -> list[Entry]:
        """Return all that lies right in a folder: one is there as long as there is a name below it.

        A listing by folders would be shorter, but some stores name folders that are empty since.
        """
        return Listing(self.names(f"{folder}/" if folder else "")).entries(folder)

    def size(self, name: str) -> int:
        """Return how many bytes a name has."""
        if (meta := self._head(name)) is None:
            raise self._lost(name)
        return int(meta["size"])

    def told_sha256(self, name: str) -> str:
        """Return the SHA-256 the store took a name's bytes in with, "" when it tells none; it reads none."""
        status, headers = 0, dict[str, str]()
        with suppress(StorageFailure):  # whoever needs to know reads the bytes, and tries for longer
            status, headers = _asking(self.place).head(self._key(name))
        if status == NOT_FOUND:
            raise self._lost(name)
        return s3probe.sha256_in(headers) if status == OK else ""

    def mark(self, name: str) -> tuple[Any, ...] | None:
        """Return what is another when the bytes of a name were replaced; None for a name that is not there."""
        meta = self._head(name)
        return None if meta is None else (meta["e_tag"], meta["last_modified"], meta["size"])

    def called(self, name: str = "") -> str:
        """Return the address of a name."""
        return f"{self.place.url}/{name}".rstrip("/")

    def delete(self, *names: str) -> None:
        """Let go of names, one after the other."""
        for name, key in [(name, self._writable(name)) for name in names]:

            def gone(key: str = key) -> None:
                with suppress(FileNotFoundError):
                    obstore.delete(self._store(), key)

            self._asked(name, gone)

    @contextmanager
    def lent(self, name: str) -> Iterator[Path]:
        """Lend a copy in a folder of its own, gone with the block."""
        key = self._key(name)
        with TemporaryDirectory(prefix="qrecords-s3-", ignore_cleanup_errors=True) as folder:
            path = Path(folder) / name.rpartition("/")[2]
            self._asked(name, lambda: _download(self._store(LONG), key, path))
            yield path

    def _key(self, name: str) -> str:
        if not ocfl.is_safe_name(name):
            raise ValueError(name)
        return f"{self.place.prefix}/{name}" if self.place.prefix else name

    def _writable(self, name: str) -> str:
        key = self._key(name)
        require_sound(self.place)
        return key

    def _head(self, name: str) -> Any:
        key = self._key(name)

        def once() -> Any:
            with suppress(FileNotFoundError):
                return obstore.head(self._store(), key)
            return None

        return self._asked(name, once)

    def _send(self, key: str, content: bytes, mode: Any, mark: str) -> None:
        store = self._store(SHORT if len(content) <= SMALL else LONG, retries=0)
        obstore.put(store, key, content, mode=mode, attributes={_MARK: mark}, use_multipart=False)

    def _is_mine(self, key: str, mark: str) -> bool:
        """Tell whether a name was taken by the put of this mark: its answer may have been lost."""
        try:
            return bool(obstore.get(self._store(), key).attributes.get(_MARK) == mark)
        except FileNotFoundError:
            raise _Again from None  # let go of since, or refused because another was at it

    def _store(self, seconds: timedelta = SHORT, *, retries: int | None = None) -> S3Store:
        if _FORKED_FROM:
            raise StorageFailure("连着存储时分出来的进程用不了它", remedy="请把工作台关掉，重新启动")
        retries = (
            min(READ_AGAIN, len(PAUSES)) if retries is None else retries
        )  # what is only read, `obstore` asks for again itself
        return _client(self.place.bucket, self.place.endpoint, self.place.plain, seconds, retries)

    def _persist(self, name: str, act: Callable[[], T]) -> T:
        """Try until it is done, with pauses; StorageFailure when it does not come to be."""
        for pause in PAUSES:
            try:
                return act()
            except (_Again, exceptions.GenericError):
                time.sleep(pause * (0.5 + random.random()))  # noqa: S311
        return self._asked(name, act)

    def _asked(self, name: str, act: Callable[[], T]) -> T:
        try:
            return act()
        except FileNotFoundError:
            raise self._lost(name) from None
        except _Again:
            raise WrongState(f"{self.called(name)} 别处正在改", remedy="请稍后再试") from None
        except exceptions.BaseError as error:
            raise failure_of(self.place, error) from error

    def _lost(self, name: str) -> NotFound:
        return NotFound(f"{self.called(name)} 不见了", remedy="请从备份恢复这个文件")


def failure_of(place: S3Place, error: exceptions.BaseError) -> StorageFailure:
    """Return what an error of the store means and what to do; its own words may hold names of records."""
    where = f"{place.url}（{place.endpoint or 'AWS'}）"
    if isinstance(error, (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError)):
        return StorageFailure(f"{where} 不认这个账号，或不许这样做", remedy=s3keys.REMEDY)
    return StorageFailure(f"连不上存储 {where}，或它没有接受", remedy="请检查网络和存储服务，再试；已写入的没有损坏")


def require_sound(place: S3Place) -> None:
    """Refuse a store that does not hold to conditions and digests; asked once a process and bucket."""
    _probed(place.bucket, place.prefix.partition("/")[0], place.endpoint, place.plain)


@cache
def _probed(bucket: str, top: str, endpoint: str, plain: bool) -> None:
    place = S3Place(bucket, top, endpoint, plain)
    s3probe.require(bucket, top, _server(place), s3keys.keys(), str(place.url))


def _asking(place: S3Place) -> s3probe.Asked:
    """Return who asks a bucket what no client asks."""
    return _asked_of(place.bucket, place.endpoint, place.plain)


@cache
def _asked_of(bucket: str, endpoint: str, plain: bool) -> s3probe.Asked:
    place = S3Place(bucket, "", endpoint, plain)
    return s3probe.Asked(bucket, _server(place), s3keys.keys(), place.url)


@cache
def _client(bucket: str, endpoint: str, plain: bool, seconds: timedelta, retries: int) -> S3Store:
    """Return the client of a bucket; the credentials are read once, and never shown."""
    keys, server = s3keys.keys(), _server(S3Place(bucket, "", endpoint, plain))
    pauses = {"init_backoff": timedelta(milliseconds=200), "max_backoff": timedelta(seconds=4), "base": 2}
    options: Any = {
        "allow_http": server.startswith("http://"), "connect_timeout": CONNECT, "timeout": seconds,
    }  # fmt: skip
    known: dict[str, Any] = {"access_key_id": keys.access, "secret_access_key": keys.secret}
    known["checksum_algorithm"] = "SHA256"  # the store refuses what did not arrive as it was sent
    if keys.token:
        known["session_token"] = keys.token
    retrying: Any = {"max_retries": retries, "retry_timeout": timedelta(minutes=2), "backoff": pauses}
    return S3Store(bucket, endpoint=server, region=keys.region, client_options=options, retry_config=retrying, **known)


def _note_fork() -> None:
    _asked_of.cache_clear()  # its connections are the starter's
    if _client.cache_info().currsize:
        _FORKED_FROM.append(os.getppid())


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_note_fork)


def _server(place: S3Place) -> str:
    """Return the address of the server; StorageFailure for one without TLS that is not this machine."""
    server = place.endpoint or s3keys.endpoint()
    if is_open(server) and not place.plain:
        raise StorageFailure(
            f"{server} 没有加密（http），没有连",
            remedy="请用 https；内网确实不加密的，在 [archive] 里写 plain_http = true",
        )
    return server.rstrip("/")


def _bytes(data: Content) -> bytes:
    if isinstance(data, bytes):
        return data
    with durable.storage_errors(data):
        return data.read_bytes()


def _download(store: S3Store, key: str, path: Path) -> None:
    with path.open("wb") as file:
        for piece in obstore.get(store, key).stream(_PIECE):
            file.write(bytes(piece))
