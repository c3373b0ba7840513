"""The desk under load: 20 accounts asking at once through real HTTP, beside the same service calls without it.

    python -m bench.bench_desk --records 10000

Pages are asked one at a time and by 20 accounts at once; the services behind them likewise, so that the ratios say what
HTTP, session, page and process cost. The index and the register are made whole; only some records are on their way.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import httpx

from bench.measure import line
from bench.search_corpus import FIELDS, documents, questions
from qrecords.model.access import Account, Grant
from qrecords.model.numbering import record_no
from qrecords.model.record import Record, State
from qrecords.office import Office
from qrecords.services.access.deskaccess import open_session
from qrecords.services.administer import init, open_office
from qrecords.services.due import due
from qrecords.services.finding.find import show
from qrecords.services.finding.indexing import follow
from qrecords.services.finding.search import Criteria, search
from qrecords.services.finding.waiting import waiting
from qrecords.services.intake.drafting import drafts
from qrecords.stores.fulltext.interface import Document
from qrecords.web.signedin import COOKIE

FORMS = Path(__file__).parents[1] / "forms" / "QR758"
ACCOUNTS, OPEN = 20, 150  # records on their way at a time
ASKED_MS, ASKED_RATIO, ASKED_BYTES, ASKED_START = 100, 3.0, 300_000, 1.5
STARTS = 5


@dataclass(frozen=True)
class Way:
    """One page: its address and the service calls behind it, for the n-th asking."""

    name: str
    address: Callable[[int], str]
    call: Callable[[Office, int], object]


def an_office(root: Path, count: int) -> list[Document]:
    """Make an office of that many repair reports; returns their texts."""
    sample = json.loads((FORMS / "06A" / "sample.json").read_text(encoding="utf-8"))
    corpus = list(documents(count))
    states = [State.DRAFT, State.SUBMITTED, State.REVIEWED]

    def row(n: int, one: Document) -> tuple[Record, None]:
        texts = dict(one.texts)
        values = {**sample, **{k: texts[k] for k in (*FIELDS, "product_name", "product_model", "serial_no")}}
        values |= {"customer_unit": one.customer_unit, "notice_no": None}
        return Record(
            record_no=record_no("QR758-06A", one.year, n + 1), form_code="QR758-06A", year=one.year, values=values,
            state=states[n % 3] if n < OPEN else State.BOUND, title=one.title, date=one.date,
            customer_unit=one.customer_unit, created_at="2026-01-01T00:00:00+08:00", created_by="bench",
        ), None  # fmt: skip

    with closing(init(root)) as office:
        rows = [row(n, one) for n, one in enumerate(corpus)]
        for start in range(0, count, 5000):
            with office.register.write() as tx:
                tx.records.add(rows[start : start + 5000])
                tx.records.touch([record.record_no for record, _ in rows[start : start + 5000]])
        with office.register.write() as tx:
            for n in range(ACCOUNTS):
                account = Account(f"clerk{n}", f"示例员工{n}", None, clearance=3, grants=(Grant("desk"),))
                tx.accounts.add(account, office.now())
            tx.audit.append([office.event("accounts", "account/bench")])
        follow(office)
    return corpus


def p95(times: Sequence[float]) -> float:
    return statistics.quantiles(times, n=20)[-1] * 1000


def at_once(hands: int, asks: int, ask: Callable[[int, int], object]) -> list[float]:
    """Let hands ask so often each, all at once; returns the seconds of each asking."""
    times: list[float] = []
    begun = threading.Barrier(hands)

    def work(hand: int) -> None:
        own = []
        begun.wait()
        for n in range(asks):
            start = time.perf_counter()
            ask(hand, n * hands + hand)
            own.append(time.perf_counter() - start)
        times.extend(own)

    threads = [threading.Thread(target=work, args=(hand,)) for hand in range(hands)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times


def started(root: Path) -> tuple[subprocess.Popen[str], str]:
    """Start the desk; returns the process and the address it answers at."""
    command = [sys.executable, "-m", "qrecords", "--root", str(root), "--json", "serve", "--port", "0", "--no-open"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    told = process.stdout.readline()
    while not told.rstrip().endswith("}"):
        told += process.stdout.readline()
    return process, str(json.loads(told)["address"]).partition("/in?")[0]


def measure(root: Path, corpus: list[Document], asks: int) -> None:
    numbers = [record_no("QR758-06A", one.year, n + 1) for n, one in enumerate(corpus)]
    random.Random(1).shuffle(numbers)
    asked = questions(corpus, 200)
    ways = [
        Way("今日", lambda _: "/", lambda o, _: (waiting(o), due(o), drafts(o))),
        Way(
            "search",
            lambda n: str(httpx.URL("/search", params={"part": "hits", "q": asked[n % len(asked)]})),
            lambda o, n: search(o, asked[n % len(asked)], Criteria(), limit=20),
        ),
        Way(
            "record page",
            lambda n: f"/records/{numbers[n % len(numbers)]}",
            lambda o, n: show(o, numbers[n % len(numbers)], history=True),
        ),
    ]
    with closing(open_office(root)) as office:
        clerks = [replace(office, account=_account(office, n)) for n in range(ACCOUNTS)]
        tokens = [open_session(office.workspace, f"clerk{n}", via="desk") for n in range(ACCOUNTS)]
        process, address = started(root)
        browsers = [httpx.Client(base_url=address, cookies={COOKIE: token}, timeout=120) for token in tokens]
        try:
            for way in ways:
                _compare(way, clerks, browsers, asks)
            _first_page(browsers[0])
        finally:
            process.terminate()
            process.wait()


def _account(office: Office, n: int) -> Account:
    with office.register.read() as tx:
        found = tx.accounts.by_name(f"clerk{n}")
    assert found is not None
    return found


def _compare(way: Way, clerks: Sequence[Office], browsers: Sequence[httpx.Client], asks: int) -> None:
    def page(hand: int, n: int) -> None:
        answer = browsers[hand].get(way.address(n))
        assert answer.status_code == 200, answer.text

    def service(hand: int, n: int) -> None:
        way.call(clerks[hand], n)

    for ask in (page, service):  # everything is loaded once
        at_once(ACCOUNTS, 1, ask)
    one_page, one_call = (p95(at_once(1, asks * 4, ask)) for ask in (page, service))
    many_pages, many_calls = (p95(at_once(ACCOUNTS, asks, ask)) for ask in (page, service))
    print(f"{way.name}, p95 in ms: one asks {one_page:.0f} (service alone {one_call:.0f}), ", end="")
    print(f"{ACCOUNTS} at once {many_pages:.0f} (services alone {many_calls:.0f})")
    line(f"{way.name}: p95 with {ACCOUNTS} at once, ms", many_pages, f"≤ {ASKED_MS}")
    line(f"{way.name}: one asking, page ÷ service", one_page / one_call, f"≤ {ASKED_RATIO}")
    line(f"{way.name}: {ACCOUNTS} at once, page ÷ services", many_pages / many_calls, f"≤ {ASKED_RATIO}")


def _first_page(browser: httpx.Client) -> None:
    """Count what a browser that has nothing yet gets for the first page."""
    page = browser.get("/fill")
    parts = [page, *(browser.get(path) for path in set(re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text)))]
    line("first page cold, bytes on the wire", sum(part.num_bytes_downloaded for part in parts), f"≤ {ASKED_BYTES}")


def starting(root: Path) -> None:
    """Start the desk and ask for the state of the office in turns."""
    times: dict[str, list[float]] = {"serve": [], "status": []}
    for _ in range(STARTS):
        begun = time.perf_counter()
        process, _address = started(root)
        times["serve"].append(time.perf_counter() - begun)
        process.kill()
        process.wait()
        begun = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "qrecords", "--root", str(root), "status"], check=True, capture_output=True
        )
        times["status"].append(time.perf_counter() - begun)
    serve, status = map(statistics.median, times.values())
    print(f"serve ready after {serve:.2f} s, status {status:.2f} s")
    line("serve ready ÷ status", serve / status, f"≤ {ASKED_START}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=10_000)
    parser.add_argument("--asks", type=int, default=15, help="of each account, of each page")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "office"
        corpus = an_office(root, given.records)
        measure(root, corpus, given.asks)
        starting(root)
