"""List every form of a definition the program has come with, by its hash: python -m tools.former, before a release.

An office's file that is one of them was never changed by the office (`qrecords forms renew`). The list is made from the
history of this repository and what stands in it now; hashes known before stay, whatever the history still has.
"""

from __future__ import annotations

import subprocess
from hashlib import sha256
from pathlib import Path

from qrecords.stores.formerforms import DIGITS, TARGET, former_forms

CHECKOUT = Path(__file__).parents[1]
FOLDERS = ("forms", "packs", "src/qrecords/stores/access_template.toml")


def blobs() -> set[str]:
    """Return the hashes of all files these folders ever held."""
    listed = _git("rev-list", "--objects", "--all", "--", *FOLDERS).decode().splitlines()
    objects = {line.split(" ", 1)[0] for line in listed if " " in line and "." in line.rpartition("/")[2]}
    found = {sha256(_git("cat-file", "blob", one)).hexdigest() for one in sorted(objects)}
    now = (path for folder in FOLDERS for path in [CHECKOUT / folder, *(CHECKOUT / folder).rglob("*")])
    return found | {sha256(path.read_bytes()).hexdigest() for path in now if path.is_file()}


def _git(*arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], cwd=CHECKOUT, check=True, capture_output=True).stdout


if __name__ == "__main__":
    known = former_forms() | {one[:DIGITS] for one in blobs()}
    TARGET.write_text("".join(f"{one}\n" for one in sorted(known)), encoding="ascii")
