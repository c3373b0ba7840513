"""Where the forms that came with the program lie; every start may ask, so it loads nothing else."""

from __future__ import annotations

from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

_HOUSE = "QR758"  # the series the papers of the archive itself lie beside


def packaged_forms() -> Traversable:
    """Return the forms that came with the program: in the wheel, or beside the source in a checkout."""
    packaged = resources.files("qrecords") / "_forms"
    return packaged if packaged.is_dir() else Path(__file__).parents[3] / "forms"


def packaged_packs() -> Traversable:
    """Return the packs that came with the program, each a folder laid out as a series."""
    packaged = resources.files("qrecords") / "_packs"
    return packaged if packaged.is_dir() else Path(__file__).parents[3] / "packs"


def came_with(series: str, name: str) -> bool:
    """Tell whether the program comes with a file of a series: where the office's own is missing, it was lost."""
    return (packaged_forms() / series / name).is_file()


def house_file(main: Path, name: str) -> Path:
    """Return a paper of the house beside the main series; for a procedure the program does not know, its own."""
    own = main / name
    packaged = packaged_forms()
    if own.exists() or (packaged / main.name).is_dir():
        return own
    return Path(str(packaged / _HOUSE / name))
