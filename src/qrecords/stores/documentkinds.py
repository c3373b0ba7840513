"""Reads documents.toml: the kinds of documents an office computes from its records."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from pydantic import ValidationError

from qrecords.errors import InvalidInput
from qrecords.model.reportkind import DocumentSeries
from qrecords.stores.definitions import definition_problems, read_definition
from qrecords.stores.packagedforms import packaged_forms

DOCUMENTS_FILE = "documents.toml"
_PACKAGED = "KF"


def documents_folder(main: Path) -> Path:
    """Return the folder beside the main series that defines the documents; of an older workspace the program's own."""
    beside = sorted(path.parent for path in main.parent.glob(f"[!.]*/{DOCUMENTS_FILE}"))
    if beside:
        return beside[0]
    with resources.as_file(packaged_forms()) as packaged:  # laid out as a folder wherever it is installed
        return packaged / _PACKAGED


def read_documents(main: Path) -> DocumentSeries:
    """Return the kinds of documents; InvalidInput names every entry that is wrong."""
    path = documents_folder(main) / DOCUMENTS_FILE
    try:
        return DocumentSeries.model_validate(read_definition(path))
    except ValidationError as error:
        problems = definition_problems(path, error)
        raise InvalidInput(f"{path} 的定义有误", remedy="请按提示修改，或从备份恢复", problems=problems) from None
