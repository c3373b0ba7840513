"""Every kind of broken object OCFL has a code for, as far as the judge tells them apart, is found in our archive too.

Each object is made by the archive, then broken in one way; the digests beside the inventories are made right again, so
that only the fault itself can be found.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ocfl.validator import Validator

from qrecords.stores.archive import Archive
from qrecords.stores.ocfl import object_path
from tests.stores.test_archive import ITEM, put

Inventory = dict[str, Any]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    archive = Archive(tmp_path_factory.mktemp("whole"))
    archive.prepare()
    put(archive)
    put(archive, files={"record.json": b"{}", "more.pdf": b"%PDF"}, keep=["form.pdf"])
    return archive.root


@pytest.fixture
def home(whole: Path, tmp_path: Path) -> Path:
    shutil.copytree(whole, tmp_path / "archive")
    return tmp_path / "archive" / "objects" / object_path(ITEM)


def judged(home: Path) -> set[str]:
    judge = Validator(log_warnings=False)
    judge.validate_object(str(home))
    return set(judge.log.codes)


def ours(home: Path) -> list[str]:
    archive = Archive(home.parents[4])
    return [p.message for p in archive.check(ITEM, deep=True)]


def signed(folder: Path, data: bytes) -> None:
    (folder / "inventory.json").write_bytes(data)
    (folder / "inventory.json.sha512").write_text(f"{hashlib.sha512(data).hexdigest()} inventory.json\n")


def rewritten(home: Path, edit: Callable[[Inventory], object], *where: str) -> None:
    for name in where or ("", "v2"):
        inventory = json.loads((home / name / "inventory.json").read_bytes())
        edit(inventory)
        signed(home / name, json.dumps(inventory, ensure_ascii=False).encode())


def v2(inventory: Inventory) -> Inventory:
    block: Inventory = inventory["versions"]["v2"]
    return block


def first(mapping: dict[str, Any]) -> str:
    return min(mapping)


def renamed(mapping: dict[str, Any], old: str, new: str) -> None:
    mapping[new] = mapping.pop(old)


def set_path(inventory: Inventory, path: object) -> None:
    inventory["manifest"][first(inventory["manifest"])] = path


def without(inventory: Inventory, path: str) -> None:
    """Let an inventory forget a file, in its manifest and in every version."""
    digest = next(d for d, paths in inventory["manifest"].items() if path in paths)
    for block in (inventory["manifest"], *(v["state"] for v in inventory["versions"].values())):
        block.pop(digest, None)


def with_fixity(block: object) -> Callable[[Inventory], object]:
    return lambda i: i.update(fixity=block)


MD5 = "0123456789abcdef" * 2
NEW = "a" * 128

# In the inventories of root and newest version alike.
EDITS: dict[str, Callable[[Inventory], object]] = {
    "E008": lambda i: i.update(versions={}),
    "E009": lambda i: renamed(i["versions"], "v1", "v0"),
    "E010": lambda i: renamed(i["versions"], "v2", "v3"),
    "E017": lambda i: i.update(contentDirectory="a/b"),
    "E018": lambda i: i.update(contentDirectory=".."),
    "E019": lambda i: i.update(contentDirectory="content2"),
    "E023a": lambda i: without(i, "v2/content/more.pdf"),
    "E025a": lambda i: i.update(digestAlgorithm="md5"),
    "E025b": lambda i: renamed(i["manifest"], first(i["manifest"]), "abc"),
    "E036a": lambda i: i.pop("id"),
    "E036b": lambda i: i.pop("type"),
    "E036c": lambda i: i.pop("digestAlgorithm"),
    "E036d": lambda i: i.pop("head"),
    "E037a": lambda i: i.update(id=""),
    "E038b": lambda i: i.update(type="inventory"),
    "E038c": lambda i: i.update(type="https://ocfl.io/9.9/spec/#inventory"),
    "E038d": lambda i: i.update(type=7),
    "E040": lambda i: i.update(head="v1"),
    "E041b": lambda i: i.pop("versions"),
    "E041c": lambda i: i.update(manifest=[]),
    "E042a": lambda i: set_path(i, ["form.pdf"]),
    "E042b": lambda i: set_path(i, ["v9/content/form.pdf"]),
    "E042c": lambda i: set_path(i, ["v1/inhalt/form.pdf"]),
    "E044": lambda i: i.update(versions=[]),
    "E048": lambda i: v2(i).pop("created"),
    "E048c": lambda i: v2(i).pop("state"),
    "E049a": lambda i: v2(i).update(created="2026-03-04T09:30:00"),
    "E049b": lambda i: v2(i).update(created="2026-03-04T09:30+08:00"),
    "E049c": lambda i: v2(i).update(created="the fourth of March"),
    "E049d": lambda i: v2(i).update(created=20260304),
    "E050c": lambda i: v2(i).update(state=[]),
    "E050d": lambda i: v2(i)["state"].update({"abc": ["x"]}),
    "E050e": lambda i: v2(i)["state"].update({first(v2(i)["state"]): "form.pdf"}),
    "E050f": lambda i: v2(i)["state"].update({NEW: ["x.pdf"]}),
    "E053": lambda i: v2(i)["state"].update({first(v2(i)["state"]): ["/x.pdf"]}),
    "E052": lambda i: v2(i)["state"].update({first(v2(i)["state"]): ["a/../x.pdf"]}),
    "E054a": lambda i: v2(i).update(user="示例甲"),
    "E054b": lambda i: v2(i).update(user={"name": 1}),
    "E054c": lambda i: v2(i).update(user={"name": "示例甲", "address": 1}),
    "E056b": with_fixity({"sum": {}}),
    "E057a": with_fixity({"md5": []}),
    "E057b": with_fixity({"md5": {"abc": ["v1/content/form.pdf"]}}),
    "E057c": with_fixity({"md5": {MD5: "v1/content/form.pdf"}}),
    "E057d": with_fixity({"md5": {MD5: ["v1/content/other.pdf"]}}),
    "E092": lambda i: set_path(i, "v1/content/form.pdf"),
    "E092b": lambda i: set_path(i, ["v2/content/lost.pdf"]),
    "E093a": with_fixity({"md5": {MD5: ["v1/content/form.pdf"]}}),
    "E094": lambda i: v2(i).update(message=7),
    "E095a": lambda i: v2(i)["state"].update({d: ["same.pdf"] for d in v2(i)["state"]}),
    "E095b": lambda i: v2(i)["state"].update(dict(zip(v2(i)["state"], (["a"], ["a/b"], ["c"]), strict=True))),
    "E096": lambda i: i["manifest"].update({d.upper(): p for d, p in i["manifest"].items()}),
    "E097": with_fixity({"md5": {MD5: ["v1/content/form.pdf"], MD5.upper(): ["v1/content/form.pdf"]}}),
    "E099": lambda i: set_path(i, ["v1/content/../form.pdf"]),
    "E100": lambda i: set_path(i, ["/v1/content/form.pdf"]),
    "E101a": lambda i: i["manifest"].update({d: ["v1/content/form.pdf"] for d in i["manifest"]}),
    "E101b": lambda i: set_path(i, ["v1/content/form.pdf/inner"]),
    "E107": lambda i: i["manifest"].update({NEW: ["v2/content/unused.pdf"]}),
    "E111": with_fixity([]),
}
# In an older version's inventory, or in one of the two that must be the same.
HISTORY: dict[str, tuple[str, Callable[[Inventory], object]]] = {
    "E037b": ("v1", lambda i: i.update(id="urn:qrecords:item:other")),
    "E066b": ("v1", lambda i: i["versions"]["v1"]["state"].update({first(i["manifest"]): ["other.pdf"]})),
    "E064": ("v2", lambda i: v2(i).update(message="改过")),
}


def refill(home: Path) -> None:
    """Let v1 map a name to other content than the root inventory says."""

    def swap(inventory: Inventory) -> None:
        state = inventory["versions"]["v1"]["state"]
        one, two = sorted(state)[:2]
        state[one], state[two] = state[two], state[one]

    rewritten(home, swap, "v1")


def no_version(home: Path) -> None:
    (home / "v1").rename(home / "v7")


FILES: dict[str, Callable[[Path], object]] = {
    "E001a": lambda home: (home / "notes.txt").write_text("x"),
    "E001b": lambda home: (home / "notes").mkdir(),
    "E003a": lambda home: (home / "0=ocfl_object_1.1").unlink(),
    "E003b": lambda home: (home / "0=ocfl_object_1.0").write_text("ocfl_object_1.0\n"),
    "E003c": lambda home: (home / "0=ocfl_object_1.1").rename(home / "0=ocfl_object_x"),
    "E007": lambda home: (home / "0=ocfl_object_1.1").write_text("ocfl_object_1.0\n"),
    "E015": lambda home: (home / "v1" / "notes.txt").write_text("x"),
    "E024": lambda home: (home / "v1" / "content" / "empty").mkdir(),
    "E033": lambda home: signed(home, b"{"),
    "E046a": no_version,
    "E046b": lambda home: (home / "v3").mkdir(),
    "E058a": lambda home: (home / "inventory.json.sha512").unlink(),
    "E060": lambda home: (home / "inventory.json").write_bytes((home / "inventory.json").read_bytes() + b" "),
    "E061": lambda home: (home / "inventory.json.sha512").write_text("none\n"),
    "E063": lambda home: (home / "inventory.json").unlink(),
    "E066c": refill,
    "E067": lambda home: ((home / "extensions").mkdir(), (home / "extensions" / "x").write_text("x")),
    "E092a": lambda home: (home / "v1" / "content" / "form.pdf").write_bytes(b"other"),
}
# Known to the judge, and not to be told apart in an object of ours.
ELSEWHERE = {
    "E038a": "the judge goes by the inventory's own version", "E041a": "the judge itself stumbles over it",
    "E091": "told as E092",
    "E023b": "told as E023a",
    "E001c": "needs a device or socket file",
    "E002": "a note", "E051": "a note", "E087": "a note", "E088": "a note", "E090": "a note",
    "E003d": "about the storage root", "E003e": "about the storage root", "E004a": "about the storage root",
    "E004b": "about the storage root", "E069a": "about the storage root", "E069b": "about the storage root",
    "E069c": "about the storage root", "E069d": "about the storage root", "E069e": "about the storage root",
    "E070a": "about the storage root", "E070b": "about the storage root", "E070c": "about the storage root",
    "E071": "about the storage root", "E072": "about the storage root", "E073": "about the storage root",
    "E086": "about the storage root",
    "E006": "told as E003c", "E058b": "told as E058a", "E026a": "told as E025a", "E020": "told as E019",
    "E050a": "told as E050f", "E056a": "told as E111 since 1.1", "E066a": "told as E066b", "E066d": "told as E066c",
    "E066e": "told as E066c", "E093b": "told as E057d", "E103": "one version of the standard alone",
}  # fmt: skip


@pytest.mark.parametrize("code", sorted(EDITS))
def test_an_inventory_rewritten(home: Path, code: str) -> None:
    assert judged(home) == set()
    rewritten(home, EDITS[code])
    assert code in judged(home)
    assert ours(home)


@pytest.mark.parametrize(
    "edit",
    [
        lambda i: i.update(type="https://ocfl.io/1.0/spec/#inventory"),
        lambda i: i.pop("manifest"),
        lambda i: i.update(note="of no meaning"),
    ],
    ids=["another version of the standard", "no manifest", "a key of its own"],
)
def test_what_the_judge_lets_pass(home: Path, edit: Callable[[Inventory], object]) -> None:
    rewritten(home, edit)
    assert ours(home)


@pytest.mark.parametrize("code", sorted(HISTORY))
def test_a_history_rewritten(home: Path, code: str) -> None:
    folder, edit = HISTORY[code]
    rewritten(home, edit, folder)
    assert code in judged(home)
    assert ours(home)


@pytest.mark.parametrize("code", sorted(FILES))
def test_files_moved_and_changed(home: Path, code: str) -> None:
    FILES[code](home)
    assert code in judged(home)
    assert ours(home)


def test_no_code_of_the_judge_is_left_out() -> None:
    known = {code for code in Validator().log.validation_codes if code.startswith("E")}
    ours = {*EDITS, *HISTORY, *FILES, *ELSEWHERE}
    assert sorted(known - ours) == []
