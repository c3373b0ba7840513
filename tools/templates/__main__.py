"""`python -m tools.templates` builds every template; `--check` only tells which would change."""

from __future__ import annotations

import shutil
import sys
import zipfile
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from qrecords.stores.formfiles import FormCatalogue
from qrecords.stores.packs import packs
from tools.templates import excerpt, plain
from tools.templates.registry import COPY, DOCUMENTS, FORMS, PAPERS, VOLUME

ROOT = Path(__file__).resolve().parents[2] / "forms" / "QR758"
PACKS = ROOT.parents[1] / "packs"


def build_all(root: Path = ROOT) -> dict[Path, bytes]:
    """Return every template with the path it belongs to."""
    catalogue = FormCatalogue(root)
    built = {}
    for code, build in FORMS.items():
        folder = catalogue.get(code)
        built[folder.template] = build(folder.form)
    built |= _of_packs(root)
    built |= {root / "copy" / name: build() for name, build in COPY.items()}
    built |= {root / "volume" / name: build() for name, build in VOLUME.items()}
    built |= {root.parent / "KF" / name: build() for name, build in DOCUMENTS.items()}
    return built | {root / name: build() for name, build in PAPERS.items()}


def _of_packs(root: Path) -> dict[Path, bytes]:
    """Return the templates of the packs: their forms are read beside the main series, as an office has them."""
    built = {}
    with TemporaryDirectory() as aside:
        main = Path(shutil.copytree(root, Path(aside) / root.name))
        for pack in packs():
            shutil.copytree(PACKS / pack.name, main.parent / pack.code)
        catalogue = FormCatalogue(main)
        for pack in packs():
            for code in catalogue.codes():
                if code.startswith(f"{pack.code}-"):
                    form = catalogue.get(code).form
                    built[PACKS / pack.name / form.number / "template.docx"] = plain.build(form)
                    if form.excerpts:
                        built[PACKS / pack.name / form.number / "excerpt.docx"] = excerpt.build()
    return built


def entries(data: bytes) -> dict[str, bytes]:
    """Return what a Word file holds; two of the same content may be packed by different zlibs."""
    with zipfile.ZipFile(BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def is_current(path: Path, data: bytes) -> bool:
    """Tell whether the file on disk is what would be built."""
    return path.exists() and entries(path.read_bytes()) == entries(data)


def main(arguments: list[str]) -> int:
    """Write what has changed; with --check write nothing and answer 1 when something would."""
    changed = [(path, data) for path, data in build_all().items() if not is_current(path, data)]
    for path, data in changed:
        print(f"{path.relative_to(ROOT.parents[1])}: {len(data)} bytes")
        if "--check" not in arguments:
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(data)
    return 1 if changed and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
