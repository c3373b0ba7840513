"""A whole office lives on a real S3 store: filed, bound, destroyed, backed up, restored, and moved back."""

from __future__ import annotations

from pathlib import Path

import pytest

from qrecords.services import making
from qrecords.services.care.backup import backup, open_restored, restore
from qrecords.services.care.movearchive import FOLDER
from qrecords.services.care.verify import verify
from qrecords.services.disposition.destroy import destroy
from qrecords.services.disposition.lists import approve, draw, witness
from qrecords.services.file import file_records
from qrecords.services.finding.find import show
from qrecords.services.finding.search import Criteria, search
from qrecords.services.volumes.compile import compile_year
from tests import retention_office as kept
from tests.faulty_disk import blank_pdfs
from tests.servers import S3Server
from tests.services.test_move_archive import clock, held, moved, on, state, url_in, wait_signed

pytestmark = [pytest.mark.slow, pytest.mark.office]


@pytest.fixture
def root(tmp_path: Path, s3: S3Server) -> Path:
    root = on(kept.copied(tmp_path), s3)
    with kept.opened(root) as people:
        wait_signed(people("甲"))
    return root


def test_a_whole_office_lives_on_a_store(
    root: Path, tmp_path: Path, s3: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "to_pdf", blank_pdfs)
    before, url = state(root)[0], s3.url()
    assert any(name.startswith("archive/evidence/") for name in before)
    told = moved(root, url)
    assert told.objects + told.papers == len(before)
    assert state(root)[0] == before
    assert url_in(root) == url
    assert not (root / "archive" / "objects").exists()
    with kept.opened(root) as people:
        office = people("甲")
        assert verify(office).problems == []
        drawn = draw(office, kept.ALL, "无继续保存价值")
        approve(people("乙"), drawn.list_no)
        for name in ("丙", "丁"):
            witness(people(name), drawn.list_no, drawn.sha256, kept.TODAY)
        assert [*(root / "archive").glob("*.moved")]
        assert destroy(people("戊"), kept.LIST_NO).state == "destroyed"
        assert not [*(root / "archive").glob("*.moved")], "what it was moved out of holds nothing of it"
        assert list(show(office, kept.A).values) == ["secrecy_level"]
        numbers = kept.filled(office, "01A", kept.information(1, "示例单位九"), kept.information(2, "示例单位八"))
        kept.reviewed(office, *numbers)
        file_records(office, numbers)
        assert search(office, "示例单位九", Criteria()).total == 1
        assert compile_year(office, 2019, form_code="01A").volumes
        assert verify(office, deep=True).problems == []
        assert not (root / "archive" / "objects").exists()
        manifest = backup(office, tmp_path / "copy").manifest
        after = held(office)
    restored = tmp_path / "restored"
    restore(tmp_path / "copy", restored)
    assert open_restored(restored, manifest, clock=clock).problems == []
    assert url_in(restored) == ""
    told = moved(root, FOLDER)
    assert told.objects + told.papers == len(after)
    assert state(root)[0] == after
    told = moved(root, url)  # over what was left there, but for what was destroyed
    assert (told.bytes, state(root)[0]) == (0, after)
    with kept.opened(root) as people:
        assert verify(people("甲")).problems == []
