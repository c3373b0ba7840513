"""An office whose objects lie in no folder: records filed, read, bound and checked over other blobs."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from qrecords.model.record import State
from qrecords.services.administer import init
from qrecords.services.care.verify import verify
from qrecords.services.finding.find import show
from qrecords.services.finding.viewing import archived_paper
from qrecords.services.volumes.check import verify_volumes
from qrecords.services.volumes.compile import compile_year
from qrecords.stores.archive import Archive
from qrecords.stores.blobs.orderedmoves import OrderedMoves
from tests.conftest import NOW
from tests.memory import MemoryBlobs
from tests.services.test_volumes import file_a_year

pytestmark = pytest.mark.office


def test_an_office_needs_no_folder_for_its_objects(tmp_path: Path) -> None:
    blobs = MemoryBlobs()
    with closing(init(tmp_path / "office", org_name="示例通信设备公司", clock=lambda: NOW)) as office:
        other = Archive(office.archive.root, moves=OrderedMoves(blobs))
        other.prepare()
        office.workspace.__dict__["archive"] = other
        (number,) = file_a_year(office, {"04": 1, "06": 1})["06"]
        shown = show(office, number)
        assert shown.state == State.FILED.value
        name, paper = archived_paper(office, number) or ("", b"")
        assert (name, paper[:5]) == (f"{number}.pdf", b"%PDF-")
        volumes = compile_year(office, 2025).volumes
        assert all(v.pdf.startswith("memory:") for v in volumes)
        assert verify_volumes(office) == (len(volumes), [])
        assert verify(office).problems == []
        blobs.delete(next(n for n in blobs.names() if n.endswith("form.pdf")))
        assert any("form.pdf" in p.message for p in verify(office).problems)
    assert not list((tmp_path / "office/archive/objects").rglob("*.pdf"))
