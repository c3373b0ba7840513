"""Opens objects by their address, in whatever process: the one place that says what kind of store an address means."""

from __future__ import annotations

from pathlib import Path

from qrecords.stores.archive import Archive


def archive_at(address: str) -> Archive:
    """Return the objects at an address (ports.Objects.address): so far always an archive folder."""
    return Archive(Path(address))
