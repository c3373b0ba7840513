"""Where the forms that came with the program lie; every start may ask, so it loads nothing else."""

from __future__ import annotations

from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path


def packaged_forms() -> Traversable:
    """Return the forms that came with the program: in the wheel, or beside the source in a checkout."""
    packaged = resources.files("qrecords") / "_forms"
    return packaged if packaged.is_dir() else Path(__file__).parents[3] / "forms"
