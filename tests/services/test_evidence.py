"""Papers of a step that broke off are taken back, but never those another step or a record needs."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from qrecords.model.record import Attached
from qrecords.services.evidence import Evidence, take_back
from qrecords.services.scans.keeping import KeepScans
from tests import retention_office as kept

NAMES = ("alone", "under way", "of a record")


def test_only_what_nobody_else_keeps_is_taken_back(tmp_path: Path) -> None:
    with kept.opened(kept.copied(tmp_path)) as people:
        office = people("甲")
        (office.settings.archive_dir / "evidence").mkdir(parents=True, exist_ok=True)
        files = []
        for name in NAMES:
            digest = sha256(name.encode()).hexdigest()
            files.append(Evidence(f"{digest}.png", digest))
            (office.settings.archive_dir / "evidence" / f"{digest}.png").write_bytes(name.encode())
        alone, under_way, of_a_record = files
        with office.under_way() as broken, office.under_way() as other:
            with office.register.write() as tx:
                office.begin(tx, broken, KeepScans(tuple(files)))
                office.begin(tx, other, KeepScans((under_way,)))
                paper = Attached("file", "paper.png", of_a_record.sha256, 1)
                tx.beside.add([kept.A], paper, office.now(), office.account.name)
            take_back(office, broken, files)
            left = {path.name for path in (office.settings.archive_dir / "evidence").iterdir()}
            assert alone.name not in left
            assert {under_way.name, of_a_record.name} <= left
            with office.register.write() as tx:
                tx.intents.close(broken)
                tx.intents.close(other)
