"""BagIt packages (RFC 8493, version 1.0): tag files around a folder's payload, written and checked.

`%`, CR and LF in a path are percent-encoded in manifests. Packages of version 0.97 are read too; in theirs a `%` stands
for itself.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from qrecords.stores import durable

PAYLOAD = "data"
_DECLARATION = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
_VERSION = re.compile(r"BagIt-Version: (0\.9[3-7]|1\.0)\r?\nTag-File-Character-Encoding: (?i:utf-8)\s*")
_ALGORITHMS = ("sha512", "sha384", "sha256", "sha1", "md5")
_STRONG = frozenset({"sha512", "sha384", "sha256"})
_LINE = re.compile(r"([0-9A-Fa-f]{32,128})[ \t]+\*?(.+)")
_MOST = 256 << 20  # bytes of a tag file
_ENCODED = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_DECODED = re.compile("%(25|0D|0A)", re.IGNORECASE)


class NotABag(Exception):
    """The folder is no whole package; the text says what is wrong, in Chinese."""


def write(folder: Path, info: Mapping[str, str]) -> None:
    """Write the tag files of a package around `folder/data`."""
    payload = _files(folder / PAYLOAD, folder)
    size = sum((folder / name).stat().st_size for name in payload)
    facts = {**info, "Payload-Oxum": f"{size}.{len(payload)}"}
    lines = "".join(f"{label}: {' '.join(value.split())}\n" for label, value in facts.items())
    durable.write_file(folder / "bagit.txt", _DECLARATION)
    durable.write_file(folder / "bag-info.txt", lines.encode())
    durable.write_file(folder / "manifest-sha512.txt", _manifest(folder, payload))
    tags = ["bag-info.txt", "bagit.txt", "manifest-sha512.txt"]
    durable.write_file(folder / "tagmanifest-sha512.txt", _manifest(folder, tags))


def check(folder: Path) -> None:
    """Raise NotABag when a package is not whole: every payload file listed, every listed file with its digest."""
    version = _VERSION.fullmatch(_text(folder / "bagit.txt"))
    if not version:
        raise NotABag("bagit.txt 缺少，或版本不认识")
    if (folder / "fetch.txt").exists():
        raise NotABag("有内容要另外下载（fetch.txt），不是完整的包")
    is_older = version[1] != "1.0"
    manifests = [a for a in _ALGORITHMS if (folder / f"manifest-{a}.txt").is_file()]
    if not _STRONG.intersection(manifests):
        raise NotABag("没有 SHA-256 或 SHA-512 的清单")
    payload = set(_files(folder / PAYLOAD, folder))
    for algorithm in manifests:
        listed = dict(_listed(folder, f"manifest-{algorithm}.txt", is_older))
        if extra := sorted(payload - set(listed)):
            raise NotABag(f"清单里没有 {extra[0]}")
        if stray := sorted(name for name in listed if not name.startswith(f"{PAYLOAD}/")):
            raise NotABag(f"清单里的 {stray[0]} 不在 {PAYLOAD} 里")
        _require(folder, algorithm, listed)
    for algorithm in _ALGORITHMS:
        if (folder / f"tagmanifest-{algorithm}.txt").is_file():
            _require(folder, algorithm, dict(_listed(folder, f"tagmanifest-{algorithm}.txt", is_older)))


def _files(top: Path, folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in top.rglob("*") if path.is_file())


def _manifest(folder: Path, names: list[str]) -> bytes:
    with durable.storage_errors(folder):
        lines = [f"{_digest(folder / name, 'sha512')}  {_encoded(name)}\n" for name in names]
    return "".join(lines).encode()


def _encoded(name: str) -> str:
    return re.sub(r"[%\r\n]", lambda found: _ENCODED[found[0]], name)


def _digest(path: Path, algorithm: str) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, algorithm).hexdigest()


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > _MOST:
            raise NotABag(f"{path.name} 太大")
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError:
        raise NotABag(f"{path.name} 不是 UTF-8") from None


def _listed(folder: Path, manifest: str, is_older: bool) -> Iterator[tuple[str, str]]:
    """Give path and digest of every line."""
    seen = set()
    for line in _text(folder / manifest).splitlines():
        if not line.strip():
            continue
        found = _LINE.fullmatch(line)
        if not found:
            raise NotABag(f"{manifest} 有读不懂的行")
        name = _decoded(found[2], is_older)
        if name.startswith("/") or {"", ".", ".."}.intersection(name.split("/")):
            raise NotABag(f"{manifest} 里有指向包外的路径")
        if name in seen:
            raise NotABag(f"{manifest} 里 {name} 有两行")
        seen.add(name)
        yield name, found[1].lower()


def _decoded(name: str, is_older: bool) -> str:
    decoded = {"25": "%25" if is_older else "%", "0D": "\r", "0A": "\n"}
    return _DECODED.sub(lambda found: decoded[found[1].upper()], name.removeprefix("./"))


def _require(folder: Path, algorithm: str, listed: Mapping[str, str]) -> None:
    for name, digest in listed.items():
        path = folder / name
        if not path.is_file():
            raise NotABag(f"缺文件 {name}")
        if _digest(path, algorithm) != digest:
            raise NotABag(f"{name} 的内容与清单不符")
