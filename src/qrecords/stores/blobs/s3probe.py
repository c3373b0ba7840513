"""Is an S3 store one that objects may be entrusted to? It must hold to conditions and digests; many do not.

Asked with requests of our own, signed as the protocol says (AWS Signature Version 4), since no client sends a wrong
digest.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from threading import local
from urllib.parse import quote, urlsplit
from uuid import uuid4

from qrecords.errors import StorageFailure, WrongState
from qrecords.stores.blobs.s3keys import REMEDY, Keys

SECONDS = 20
_TAKEN = 412
_DATA, _OTHER = b"qrecords", b"QRECORDS"


def require(bucket: str, top: str, server: str, keys: Keys, called: str) -> None:
    """Refuse a store whose puts or copies do not hold to `If-None-Match`, or that takes bytes of another digest."""
    asked = Asked(bucket, server, keys, called)
    begin = "/".join(part for part in (top, "probe", uuid4().hex) if part)
    one, other, wrong = f"{begin}/one", f"{begin}/other", f"{begin}/wrong"
    free = {"if-none-match": "*"}
    told = []
    try:
        for key in (one, other):
            if (status := asked.put(key, _DATA, free)) >= 300:
                raise _refused(called, status)
        if asked.put(one, _OTHER, free) != _TAKEN:
            told.append("同名的再写一次，它没有拒绝（If-None-Match）")
        if asked.put(one, b"", {**free, "x-amz-copy-source": quote(f"/{bucket}/{other}")}) != _TAKEN:
            told.append("复制到已有的名字上，它没有拒绝")
        of_other = b64encode(hashlib.sha256(_OTHER).digest()).decode()
        if asked.put(wrong, _DATA, {"x-amz-checksum-sha256": of_other}) < 300:
            told.append("内容与校验值（SHA-256）不符，它也收下")
    finally:
        for key in (one, other, wrong):
            asked.delete(key)
    if told:
        raise WrongState(
            f"存储 {called} 靠不住：{'；'.join(told)}",
            remedy="没有写入任何归档件；请换用支持条件写入、核对校验值的存储",
        )


def sha256_in(headers: Mapping[str, str]) -> str:
    """Return the SHA-256 of the whole bytes a store tells, as hexadecimal; "" for none, or one made of parts."""
    try:
        told = b64decode(headers.get("x-amz-checksum-sha256", ""), validate=True)
    except ValueError:  # of parts: it ends with how many
        return ""
    whole = headers.get("x-amz-checksum-type", "FULL_OBJECT") == "FULL_OBJECT"
    return told.hex() if whole and len(told) == hashlib.sha256().digest_size else ""


def _refused(called: str, status: int) -> StorageFailure:
    if status in {401, 403}:
        return StorageFailure(f"{called} 不认这个账号，或不许写入", remedy=REMEDY)
    if status == 404:
        return StorageFailure(f"{called} 没有这个桶", remedy="请核对 [archive] url，或请管理员先建好桶")
    return StorageFailure(f"{called} 没有接受写入（{status}）", remedy="请检查存储服务，再试")


class Asked:
    """Requests to one bucket."""

    def __init__(self, bucket: str, server: str, keys: Keys, called: str) -> None:
        self._server = urlsplit(server)
        self._bucket, self._keys, self._called = bucket, keys, called
        self._kept = local()

    def put(self, key: str, data: bytes, headers: Mapping[str, str]) -> int:
        """Put bytes; returns the status."""
        return self.ask("PUT", key, data, headers)

    def delete(self, key: str) -> int:
        """Let go of a key; what is left of a probe harms nobody."""
        try:
            return self.ask("DELETE", key, b"", {})
        except StorageFailure:
            return 0

    def head(self, key: str) -> tuple[int, dict[str, str]]:
        """Return the status of a key and what is said of it, digests too; a thread keeps its connection."""
        path, nothing = quote(f"{self._server.path}/{self._bucket}/{key}"), hashlib.sha256(b"").hexdigest()
        for again in (False, True):
            kept: http.client.HTTPConnection | None = getattr(self._kept, "connection", None)
            connection = self._kept.connection = kept or self._connection()
            signed = self._signed("HEAD", path, {"x-amz-checksum-mode": "ENABLED", "x-amz-content-sha256": nothing})
            try:
                connection.request("HEAD", path, headers=signed)
                answer = connection.getresponse()
                answer.read()
            except (OSError, http.client.HTTPException):
                connection.close()
                self._kept.connection = None
                if again or kept is None:  # one that was kept may only have grown old
                    raise self._silent() from None
            else:
                return answer.status, {name.lower(): value for name, value in answer.getheaders()}
        raise AssertionError

    def ask(self, method: str, key: str, data: bytes, headers: Mapping[str, str]) -> int:
        """Send one request, signed; returns the status. StorageFailure when nobody answers."""
        path = quote(f"{self._server.path}/{self._bucket}/{key}")
        signed = self._signed(method, path, {**headers, "x-amz-content-sha256": hashlib.sha256(data).hexdigest()})
        connection = self._connection()
        try:
            connection.request(method, path, data, signed)
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            raise self._silent() from None
        finally:
            connection.close()
        return answer.status

    def _connection(self) -> http.client.HTTPConnection:
        kind = http.client.HTTPSConnection if self._server.scheme == "https" else http.client.HTTPConnection
        return kind(self._server.netloc, timeout=SECONDS)

    def _silent(self) -> StorageFailure:
        told = f"连不上存储 {self._called}（{self._server.netloc}）"
        return StorageFailure(told, remedy="请检查网络和存储服务，再试")

    def _signed(self, method: str, path: str, headers: Mapping[str, str]) -> dict[str, str]:
        now = datetime.now(UTC)
        day, moment = f"{now:%Y%m%d}", f"{now:%Y%m%dT%H%M%SZ}"
        known = {"host": self._server.netloc, "x-amz-date": moment, **headers}
        if self._keys.token:
            known["x-amz-security-token"] = self._keys.token
        names = sorted(known)
        lines = [f"{name}:{known[name]}\n" for name in names]
        asked = "\n".join([method, path, "", "".join(lines), ";".join(names), headers["x-amz-content-sha256"]])
        scope = f"{day}/{self._keys.region}/s3/aws4_request"
        text = "\n".join(["AWS4-HMAC-SHA256", moment, scope, hashlib.sha256(asked.encode()).hexdigest()])
        secret = f"AWS4{self._keys.secret}".encode()
        for part in scope.split("/"):
            secret = hmac.digest(secret, part.encode(), "sha256")
        signature = hmac.new(secret, text.encode(), "sha256").hexdigest()
        credential = f"{self._keys.access}/{scope}"
        known["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={';'.join(names)}, Signature={signature}"
        )
        return known
