"""Search as part of an office: how soon a filed record is found, and what a whole command costs from a cold start."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.measure import line, seconds
from bench.search_corpus import FIELDS
from qrecords.model.numbering import record_no
from qrecords.model.query import parse_query
from qrecords.model.record import Record, State
from qrecords.office import Office
from qrecords.services.administer import init
from qrecords.services.finding.indexing import catch_up, follow
from qrecords.stores.fulltext.interface import Document

CHECKOUT = Path(__file__).parents[1]
FILED = 40


def filing(root: Path, corpus: list[Document]) -> None:
    """File records in an office of 1,000 and in one of all records: from each commit until a search finds it."""
    offices = [_office(root / f"office{size}", corpus[:size]) for size in (1000, len(corpus))]
    times: list[list[float]] = [[], []]
    processor: list[float] = []
    for number in range(FILED):
        for office, taken in zip(offices, times, strict=True):
            begun = time.process_time()
            taken.append(_file_and_find(office, number) * 1000)
            processor.append((time.process_time() - begun) * 1000)
    for office in offices:
        office.close()
    little, much = map(statistics.median, times)
    fastest, slowest = min(times[1]), max(times[1])
    print(
        f"filed until found, ms: median {much:.1f} ({fastest:.1f} to {slowest:.1f}); among 1,000 records {little:.1f}"
    )
    print(f"  processor time of commit and search together: {statistics.median(processor):.1f} ms")
    line("a filed record is found, ms from its commit", much, "≤ 100")
    line(f"the same among {len(corpus)} / among 1,000", much / little, "≤ 1.5")


def _file_and_find(office: Office, number: int) -> float:
    with office.register.write() as tx:
        tx.records.change([_number(number)], state=State.FILED, archive_no=f"BENCH{number:05}", record_year=2026)
    committed = time.perf_counter()
    follow(office)
    found = office.index.search(parse_query(f"编号:BENCH{number:05}"), limit=5)
    spent = time.perf_counter() - committed
    assert found.record_nos == [_number(number)]
    return spent


def _office(root: Path, corpus: list[Document]) -> Office:
    """Return an office with these records in its register and index."""
    office = init(root)
    rows: list[tuple[Record, str | None]] = [(_record(n, d), None) for n, d in enumerate(corpus)]
    with office.register.write() as tx:
        tx.records.add(rows)
        tx.records.touch([record.record_no for record, _ in rows])
    catch_up(office)
    return office


def _number(number: int) -> str:
    return record_no("QR758-06A", 2026, number + 1)


def _record(number: int, document: Document) -> Record:
    texts: dict[str, Any] = dict(document.texts)
    values = {key: texts[key] for key in (*FIELDS, "product_name", "product_model", "serial_no") if key in texts}
    return Record(
        record_no=_number(number),
        form_code="QR758-06A",
        year=2026,
        state=State.REVIEWED,
        values=values,
        title=document.title,
        date=document.date,
        customer_unit=document.customer_unit,
        created_at="2026-01-01T00:00:00+08:00",
        created_by="bench",
    )


def cold_command(runs: int = 7) -> None:
    """Run `qrecords search` and the bare imports in turns, each in a new process."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(CHECKOUT / "src"), str(CHECKOUT)])}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "office"
        with closing(init(root)) as office:
            sample = json.loads((CHECKOUT / "forms/QR758/10A/sample.json").read_text(encoding="utf-8"))
            one = Record(
                record_no("QR758-10A", 2026, 1),
                "QR758-10A",
                2026,
                State.DRAFT,
                sample,
                "示例",
                "2026-01-02",
                "示例单位",
                "",
                "",
            )
            with office.register.write() as tx:
                records = [replace(one, record_no=record_no("QR758-10A", 2026, n + 1)) for n in range(30)]
                tx.records.add([(record, None) for record in records])
                tx.records.touch([record.record_no for record in records])
            catch_up(office)
        search = [sys.executable, "-m", "qrecords", "--root", str(root), "search", "遥控盒"]
        bare = [sys.executable, "-c", "import click, tantivy, sqlalchemy"]

        def run(command: list[str]) -> None:
            subprocess.run(command, check=True, capture_output=True, env=environment)

        run(search), run(bare)
        rows = [(seconds(lambda: run(search)), seconds(lambda: run(bare))) for _ in range(runs)]
    whole, imports = (statistics.median(column) for column in zip(*rows, strict=True))
    print(f"cold, ms: qrecords search {whole * 1000:.0f}, bare imports {imports * 1000:.0f}")
    line("cold command / bare imports", statistics.median(a / b for a, b in rows), "≤ 2.5")
