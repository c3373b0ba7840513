"""Packs: series that come with the program and lie in an office's forms only once it wants them (ADR 16).

A pack is a folder like any series: forms, tables, deadlines, templates. Off, its `series.toml` is called `series.off`:
the forms are none of the office's any more, but what was made on them can still be read.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from qrecords.errors import NotFound
from qrecords.stores import durable
from qrecords.stores.definitions import read_definition
from qrecords.stores.formfolders import OFF_FILE, SERIES_FILE
from qrecords.stores.packagedforms import packaged_packs


@dataclass(frozen=True, slots=True)
class Pack:
    """One pack the program comes with: its name, its series, what it is for, and the titles of its forms."""

    name: str
    code: str
    title: str
    brings: tuple[str, ...]


def packs() -> list[Pack]:
    """Return the packs the program comes with, by name."""
    with _folder() as folder:
        found = []
        for each in sorted(p for p in folder.iterdir() if (p / SERIES_FILE).is_file()):
            said = read_definition(each / SERIES_FILE)
            forms = [read_definition(path) for path in sorted(each.glob("*/form.toml"))]
            found.append(Pack(each.name, str(said["code"]), str(said["title"]), tuple(str(f["title"]) for f in forms)))
    return found


def pack_named(name: str) -> Pack:
    """Return a pack by its name; NotFound names those there are."""
    known = packs()
    found = next((p for p in known if p.name == name), None)
    if found is None:
        raise NotFound(f"没有名为「{name}」的可选部分", remedy=f"可用：{'、'.join(p.name for p in known)}")
    return found


def is_on(main: Path, pack: Pack) -> bool:
    """Tell whether an office has a pack's series among its own."""
    return (main.parent / pack.code / SERIES_FILE).is_file()


def turn_on(main: Path, pack: Pack) -> None:
    """Put a pack's series among the office's; one that was off comes back as the office left it."""
    target = main.parent / pack.code
    if (target / OFF_FILE).is_file():
        durable.move_file(target / OFF_FILE, target / SERIES_FILE)
        return
    aside = target.with_name(f".{target.name}.incoming")
    durable.remove_tree(aside)
    with _folder() as folder:
        source = folder / pack.name
        for path in sorted(p for p in source.rglob("*") if p.is_file()):
            durable.copy_file(path, aside / path.relative_to(source))
    durable.fsync_tree(aside)
    durable.replace_dir(aside, target)


def turn_off(main: Path, pack: Pack) -> None:
    """Take a pack's series from among the office's; its folder stays, for what was made on its forms."""
    folder = main.parent / pack.code
    durable.move_file(folder / SERIES_FILE, folder / OFF_FILE)


@contextmanager
def _folder() -> Iterator[Path]:
    with resources.as_file(packaged_packs()) as folder:
        yield folder
