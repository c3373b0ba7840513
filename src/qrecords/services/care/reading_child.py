"""The child process of a deep check: it opens what is stored, so that a hostile file ends this process and no other.

Started by `readers` with one JSON argument; takes a question a line and answers in JSON lines: one when it can
begin (`ready`), one before each file it opens (`opening`), and one with what it found. It knows nothing of register or
rights.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from qrecords.errors import QRecordsError
from qrecords.model.formats import RecordJson
from qrecords.model.objects import PAPERS
from qrecords.ports import Through
from qrecords.scanning.limits import limit
from qrecords.services.care import formats
from qrecords.services.care.formats import BROKEN, TOO_LONG, looked_into, suffix_of
from qrecords.services.care.opened import key_of, known_keys
from qrecords.stores.archives import archive_at

LATE = (*formats.LATE, "qrecords.render.volumecheck", "qrecords.render.pictures")
MEMORY = 4 << 30
LONGEST = 1 << 30  # seconds of processor time: there is a watch on the clock
_SUMMED = PAPERS  # the register keeps their SHA-256
_BESIDE = ("scans/", "attachments/")


class Child:
    """Answers the questions of one deep check about one archive."""

    def __init__(self, setup: dict[str, Any], tell: Any) -> None:
        self._archive = archive_at(setup["archive"])
        self._known = known_keys(Path(setup["known"])) if setup["known"] else set()
        self._tell = tell

    def answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Return what was found about an object, or about a volume's pages."""
        skip, slow = asked.get("skip", ()), asked.get("slow", ())
        if "object" in asked:
            return self._object(asked["object"], skip, slow)
        if slow:
            return {"too_long": slow[0]}
        return {"broken": "检查它的程序中断了"} if skip else self._volume(asked["volume"])

    def _object(self, object_id: str, skip: Collection[str], slow: Collection[str]) -> dict[str, Any]:
        through = self._archive.look_through(object_id, deep=True, sha256_of=_is_summed)
        told: dict[str, Any] = {
            "problems": [p.message for p in through.problems],
            "head": through.head,
            "sha256": {name: through.sha256[name] for name in _SUMMED if name in through.sha256},
            "unreadable": [], "active": [], "files": 0, "keys": [],
        }  # fmt: skip
        if through.problems:
            return told  # told once, with its own words; what it holds is not asked again
        told["problems"] += self._not_as_recorded(object_id, through)
        told["files"] = len(through.files)
        for name, digest in through.files.items():
            key = key_of(digest, suffix_of(name))
            if name in skip:
                told["unreadable"].append(f"{name} {TOO_LONG if name in slow else BROKEN}")
                continue
            if key not in self._known:
                self._tell({"opening": name})
                with self._archive.lent(object_id, name, through.head) as path:
                    verdict = looked_into(path, name)
                told["unreadable"] += [f"{name} {verdict.unreadable}"] if verdict.unreadable else []
                told["active"] += [f"{name} {verdict.active}"] if verdict.active else []
                if verdict.unreadable or verdict.active:
                    continue
                self._known.add(key)
            told["keys"].append(key)
        return told

    def _not_as_recorded(self, object_id: str, through: Through) -> list[str]:
        """Compare the papers beside a record with the hashes its record.json keeps, which the register keeps too."""
        if RecordJson.FILE not in through.files:
            return []
        try:
            records = self._archive.read_as(RecordJson, object_id, through.head).records
        except QRecordsError:
            return []  # told by the check of the item
        known = {a.sha256 for r in records for a in r.attached} | {
            s.evidence_sha256 for r in records for s in r.signatures
        }
        return [
            f"{name} 与归档内容里登记的不同；请从备份恢复"
            for name, sha256 in through.sha256.items()
            if name.startswith(_BESIDE) and not _is_text_of_another(name, through.files) and sha256 not in known
        ]

    def _volume(self, asked: dict[str, Any]) -> dict[str, Any]:
        from qrecords.render.volumecheck import Expected, Kept, Listed, differences, not_listed

        def one_by_one() -> Iterator[Expected]:
            for entry in asked["items"]:  # a sign of life for each: on a slow disk, many together take long
                self._tell({"opening": f"「{entry['title']}」"})
                kept = Kept.from_json(entry)
                with self._archive.lent(*kept.held) as source:
                    yield kept.at(source)

        listed = asked["listed"]
        self._tell({"opening": asked["volume"][1]})
        try:
            with self._archive.lent(*asked["volume"]) as volume:
                told = list(differences(volume, one_by_one()))
                if listed:
                    self._tell({"opening": "卷内目录"})
                    told += not_listed(volume, Listed.from_json(listed))
            return {"differences": told}
        except (QRecordsError, KeyError, TypeError, ValueError) as error:
            return {"broken": str(error)}


def _is_summed(name: str) -> bool:
    return name in _SUMMED or name.startswith(_BESIDE)


def _is_text_of_another(name: str, files: Mapping[str, Any]) -> bool:
    """Tell whether a file is the text read off a scan, which lies beside it."""
    return name.endswith(".txt") and name.removesuffix(".txt") in files


def main(setup: dict[str, Any]) -> None:
    """Answer until no question comes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever asks decides when this ends
    # What a library prints must not stand between the answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    limit(MEMORY, LONGEST)

    def tell(told: dict[str, Any]) -> None:
        answers.write(json.dumps(told, ensure_ascii=False) + "\n")
        answers.flush()

    child = Child(setup, tell)
    tell({"ready": True})
    for line in sys.stdin.buffer:
        tell(child.answer(json.loads(line)))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
