"""Records filed on an S3 store, beside bare uploads of the same bytes to the same store, one after the other.

python -m bench.bench_s3 [--records N] [--runs N]

Papers are given ready-made, as in bench_filing. The store is started for the bench, its data in memory. Bare uploads
are unconditional puts by the same client under the same names, one after the other. Beside whole filing stands what it
puts alone: the same objects staged and published again, as many at a time as filing does. Ends with status 1 above 2
times, by the median.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import obstore

from bench.bench_filing import made_ready, reviewed
from bench.measure import line, seconds
from qrecords.model.objects import ITEM
from qrecords.office import Office
from qrecords.services.administer import init, open_office
from qrecords.services.care.movearchive import FOLDER, move_archive
from qrecords.services.care.verify import verify
from qrecords.services.file import file_records
from tests.servers import BUCKET, S3Server, storing, why_no_s3

ASKED = 2.0


def uploaded(server: S3Server, prefix: str, contents: dict[str, bytes]) -> None:
    """Put the same bytes under the same names, with no condition and nothing asked."""
    from obstore.store import S3Store

    store = S3Store(BUCKET, endpoint=server.endpoint, client_options={"allow_http": True})
    for name, data in contents.items():
        obstore.put(store, f"{prefix}/{name}", data, use_multipart=False)


def on_a_store(root: Path, server: S3Server) -> None:
    """Make an office whose objects are on the store."""
    init(root).close()
    path = root / "qrecords.toml"
    text = path.read_text(encoding="utf-8").replace('endpoint = ""', f'endpoint = "{server.endpoint}"')
    path.write_text(text, encoding="utf-8")
    move_archive(root, server.url())


def published(office: Office, object_ids: Sequence[str]) -> float:
    """Stage and publish the content of objects again under other ids, as a filing does; returns the seconds."""
    held = {i: {name: office.archive.read(i, name) for name in office.archive.names(i)} for i in object_ids}

    def publish(object_id: str) -> None:
        where = f"{object_id}-again"
        staged = office.archive.stage(
            where, held[object_id], message="示例", user="示例", created=office.clock(), intent=intent, expected_head=0
        )
        office.archive.publish(staged)

    with office.under_way() as intent, ThreadPoolExecutor(office.archive.at_once // 2) as pool:
        return seconds(lambda: [*pool.map(publish, object_ids)])


@contextmanager
def counted() -> Iterator[Counter[str]]:
    """Count the requests to stores while the block runs."""
    names, made = ("put", "get", "head", "list", "delete"), Counter[str]()
    kept = {name: getattr(obstore, name) for name in names}

    def counting(name: str) -> Callable[..., Any]:
        def ask(*given: Any, **how: Any) -> Any:
            made[name] += 1
            return kept[name](*given, **how)

        return ask

    for name in names:
        setattr(obstore, name, counting(name))
    try:
        yield made
    finally:
        for name in names:
            setattr(obstore, name, kept[name])


def timed(root: Path, server: S3Server, count: int) -> tuple[float, float, float, float]:
    """Return the seconds to file on the store, to file in a folder, to put the objects alone, and of bare uploads."""
    with closing(open_office(root)) as office:
        numbers = reviewed(office, count, root.parent)
        before = set(office.archive.blobs.names())
        with counted() as asked:
            ours = seconds(lambda: file_records(office, numbers))
        names = sorted({*office.archive.blobs.names()} - before)
        contents = {name: office.archive.blobs.get(name) for name in names}
        looked = seconds(lambda: verify(office))
        with office.register.read() as tx:
            items = [ITEM.object_id(r.archive_no) for r in tx.records.many(numbers)]
        alone = published(office, items)
    bare = seconds(lambda: uploaded(server, root.parent.name, contents))
    size = sum(map(len, contents.values()))
    print(f"  {count} records, {len(names)} names, {size / 1e6:.1f} MB: {ours:.2f} s, bare {bare:.2f} s, ", end="")
    there = seconds(lambda: move_archive(root, FOLDER))
    with closing(init(root.parent / "here")) as office:
        numbers = reviewed(office, count, root.parent)
        folder = seconds(lambda: file_records(office, numbers))
    print(f"in a folder {folder:.2f} s, verify {looked:.2f} s, moved back and compared in {there:.2f} s", flush=True)
    each = ", ".join(f"{asked[name] / count:.1f} {name}s" for name in asked)
    print(f"    requests a record: {each}; objects alone {alone:.2f} s", flush=True)
    return ours, folder, alone, bare


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=60)
    parser.add_argument("--runs", type=int, default=3)
    asked = parser.parse_args()
    if reason := why_no_s3():
        print(f"  left out: {reason}")
        return 0
    with TemporaryDirectory() as name, storing() as server:
        os.environ.update(server.environment())
        folder = Path(name)
        made_ready(folder)
        taken = []
        for run in range(asked.runs):
            root = folder / f"run{run}" / "office"
            root.parent.mkdir()
            on_a_store(root, server)
            taken.append(timed(root, server, asked.records))
    figure = statistics.median(ours / bare for ours, _, _, bare in taken)
    added = statistics.median((ours - here) / bare for ours, here, _, bare in taken)
    alone = statistics.median(put / bare for _, _, put, bare in taken)
    line("filing on a store ÷ bare uploads of the same bytes", figure, f"≤ {ASKED}")
    line("its objects staged and published alone ÷ bare uploads", alone, f"≤ {ASKED}")
    line("what the store adds to filing ÷ bare uploads", added, "≤ 1")
    print(f"  filing on a store ÷ filing in a folder: {statistics.median(o / h for o, h, _, _ in taken):.2f}")
    return int(figure > ASKED)


if __name__ == "__main__":
    sys.exit(main())
