"""Records filled, reviewed and filed with the register on PostgreSQL, beside the same with a file of SQLite.

python -m bench.bench_register [--records N] [--runs N]

Papers are given ready-made, as in bench_filing. The server is started for the bench, on the disk, with every commit
synced; the offices take turns. Ends with status 1 above 1.5 times the file, by the median of the pairs.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.bench_filing import made_ready, reviewed
from bench.measure import line, seconds
from qrecords.services.administer import init, open_office
from qrecords.services.care.moveregister import move_register
from qrecords.services.file import file_records
from tests.servers import running, why_not

ASKED = 1.5


def office_at(root: Path, url: str) -> None:
    """Make an office, its register in a file, or on a server."""
    init(root).close()
    if url:
        move_register(root, url)


def timed(root: Path, count: int) -> tuple[float, float]:
    """Return the seconds to fill and review so many records, and to file them."""
    with closing(open_office(root)) as office:
        numbers: list[str] = []
        filled = seconds(lambda: numbers.extend(reviewed(office, count, root.parent)))
        return filled, seconds(lambda: file_records(office, numbers))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=200)
    parser.add_argument("--runs", type=int, default=3)
    asked = parser.parse_args()
    if reason := why_not():
        print(f"  left out: {reason}")
        return 0
    with TemporaryDirectory() as name, running(lasting=True) as server:
        folder = Path(name)
        made_ready(folder)
        ratios: list[float] = []
        for run in range(asked.runs):
            took: dict[str, tuple[float, float]] = {}
            for kind, url in (("file", ""), ("server", server.url(server.database()))):
                root = folder / f"{kind}{run}" / "office"
                root.parent.mkdir()
                office_at(root, url)
                took[kind] = timed(root, asked.records)
            print(f"  {took}")
            ratios.append(sum(took["server"]) / sum(took["file"]))
    figure = statistics.median(ratios)
    line(f"{asked.records} records filled and filed, PostgreSQL ÷ SQLite", figure, f"≤ {ASKED}")
    return int(figure > ASKED)


if __name__ == "__main__":
    sys.exit(main())
