"""A month and a year reported on in an office of 70,000 records, beside a bare pandas groupby over the same rows.

    python -m bench.bench_reports --records 70000 --keep /var/tmp/reports-office

The records are those of the sample years, many times over, in three years. Figures alone are beside pandas reading the
same rows of the register and counting the groups of the same tables; whole documents with charts, Word, PDF and
workbook are beside the time they may take. `--profile` tells where the figures' time goes.
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import json
import pstats
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from bench.measure import line
from qrecords.model.numbering import record_no
from qrecords.model.period import Period
from qrecords.model.record import Record, Signed, State
from qrecords.office import Office
from qrecords.services.administer import init, open_office
from qrecords.services.demoyear import happened
from qrecords.services.reports.draw import draw
from qrecords.services.reports.figures import figures_of

YEARS = (2023, 2024, 2025)
PERIODS = {"2025-11": 5.0, "2025": 10.0}  # seconds a document may take
RATIO, MEGABYTES = 3.0, 500
NOW = datetime(2026, 1, 20, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
BATCH = 5000
# What the tables group by, form by form.
GROUPS = {
    "04": ("service_category", "service_origin", "charge_type", "military_branch", "performing_unit", "completion"),
    "06": ("product_model", "repair_conclusion", "fault_category", "fault_liability", "military_branch"),
    "01": ("info_type", "channel", "severity", "user_satisfied", "military_branch"),
    "02": ("direction", "line", "service_category", "military_branch"),
    "05": ("training_mode", "training_occasion", "effect_rating", "military_branch"),
    "07": ("service_content", "conclusion", "military_branch"),
}  # fmt: skip


def lay(root: Path, count: int) -> None:
    """Make an office of that many records; one left there is taken."""
    with closing(init(root, clock=lambda: NOW)) as office:
        with office.register.read() as tx:
            if tx.records.counts():
                return
        records = [*_records(office, count)]
        for start in range(0, len(records), BATCH):
            part = records[start : start + BATCH]
            numbers = [r.record_no for r in part]
            reports = [r.record_no for r in part if r.form_code[-3:-1] in {"04", "05", "06", "07", "08"}]
            with office.register.write() as tx:
                tx.records.add([(record, None) for record in part])
                tx.records.sign(reports, Signed("customer-signature", "示例用户", "2025-12-31"), office.now(), "bench")
                tx.records.touch(numbers)
                tx.audit.append([office.event("submit", number) for number in numbers[::5]])


def _records(office: Office, count: int) -> Iterator[Record]:
    folders = {folder.form.number: folder for folder in office.forms.all()}
    samples = {number: folder.sample() for number, folder in folders.items()}
    keys = {number: folder.form.by_key for number, folder in folders.items()}
    years = {year: happened(samples, keys, year, last=False) for year in YEARS}
    given: dict[tuple[str, int], int] = {}
    made = 0

    def one(form: str, year: int, values: dict[str, Any], copy: int, notice: str = "") -> Record:
        known = folders[form].form
        given[form, year] = number = given.get((form, year), 0) + 1
        held = known.check(values).values | ({"notice_no": notice} if notice else {})
        if "serial_no" in held:
            held |= {"serial_no": f"{held['serial_no']}-{copy}"}
        return Record(
            record_no(known.code, year, number), known.code, year, State.FILED, held, "示例",
            str(held.get(known.date_field) or f"{year}-01-01")[:10], str(held.get("customer_unit") or ""),
            office.now(), "bench", notice_no=notice,
        )  # fmt: skip

    for copy in range(count):
        for year, brought in years.items():
            for journey in brought.journeys:
                yield (notice := one("04", year, journey.notice, copy))
                made += 1 + len(journey.reports)
                yield from (one(form, year, report, copy, notice.record_no) for form, report in journey.reports)
            others = [*(("06", r.report) for r in brought.returns), *(("02", c) for c in brought.calls)]
            others += [*(("10", r.intake) for r in brought.returns), *(("01", i) for i in brought.information)]
            made += len(others)
            yield from (one(form, year, values, copy) for form, values in others)
        if made >= count:
            return


def by_pandas(office: Office, period: Period) -> int:
    """Read the rows the figures look at and count the groups of their tables; return how many groups."""
    import pandas

    since = period.year_before.first
    query = 'SELECT record_no, form_code, date, state, "values" FROM record WHERE date >= ?'
    with office.register.read() as tx:
        rows = tx._connection.exec_driver_sql(query, (since,)).fetchall()
    groups = 0
    frames: dict[str, list[dict[str, Any]]] = {}
    for number, form, day, state, values in rows:
        frames.setdefault(form[-3:-1], []).append(json.loads(values) | {"number": number, "day": day, "state": state})
    now = period
    for form, held in frames.items():
        frame = pandas.DataFrame(held)
        for span in (now, now.preceding, now.year_before):
            within = frame[(frame.day >= span.first) & (frame.day <= span.last)]
            within = within.assign(month=within.day.str[:7])
            for field in GROUPS.get(form, ()):
                if field in within:
                    groups += len(within.explode(field).groupby([field, "month"]).number.agg(["count", list]))
    return groups


def measure(root: Path, *, profile: bool) -> None:
    gc.set_threshold(200_000, 20, 20)  # as the program runs (cli/__init__.py)
    with closing(open_office(root, clock=lambda: NOW)) as office:
        with office.register.read() as tx:
            print(f"{sum(tx.records.counts().values())} records", flush=True)
        for key, asked in PERIODS.items():
            start, wall, children = time.process_time(), time.perf_counter(), _children()
            draw(replace(office), "BB", key)
            used = time.process_time() - start + _children() - children
            print(f"  {key}: document {time.perf_counter() - wall:.1f} s of the wall", flush=True)
            line(f"{key}: the whole document, s of processor time", used, f"≤{asked:g}")
        # Before pandas is loaded: its frames are not the program's.
        line("memory, MB", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, f"≤{MEGABYTES}")
        for key in PERIODS:
            _beside_pandas(office, Period.read(key), profile=profile)


def _beside_pandas(office: Office, period: Period, *, profile: bool) -> None:
    start = time.process_time()
    by_pandas(office, period)
    bare = time.process_time() - start
    watched = cProfile.Profile()
    start = time.process_time()
    with office.register.read() as tx:
        if profile:
            watched.enable()
        figures_of(office, tx, "BB", period, level="内部")
        watched.disable()
    figures = time.process_time() - start
    print(f"  {period.key}: pandas {bare:.2f} s, figures {figures:.2f} s of processor time", flush=True)
    line(f"{period.key}: figures ÷ bare pandas groupby, processor time", figures / bare, f"≤{RATIO:g}")
    if profile:
        pstats.Stats(watched).sort_stats("tottime").print_stats(22)


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=70_000)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--profile", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = given.keep or Path(made) / "office"
        lay(folder, given.records)
        measure(folder, profile=given.profile)
