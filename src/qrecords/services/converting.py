"""The one way a Word document of the office becomes a PDF: LibreOffice as qrecords.toml says."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from qrecords.office import Office

if TYPE_CHECKING:
    from qrecords.render.pdf import OnDone


def to_pdf(office: Office, documents: Sequence[Path], folder: Path, on_done: OnDone | None = None) -> list[Path]:
    """Write STEM.pdf of each document into a folder and return them; `on_done` gets each; errors as the converter's."""
    from qrecords.render.pdf import Converter  # takes time, and filling in makes no PDF

    settings = office.settings.pdf
    converter = Converter(
        soffice=settings.soffice, workers=settings.workers, seconds_per_file=settings.seconds_per_file
    )
    return converter.convert(documents, folder, on_done)
