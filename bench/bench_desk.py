"""The desk under load: 20 accounts asking at once through real HTTP, beside the same service calls without it.

    python -m bench.bench_desk --records 100000 --keep /var/tmp/desk-office

Pages are asked by a process of its own, one at a time, by 20 accounts at once without a pause, and by 20 accounts who
think in between; the services behind them in one process, so that the ratios say what HTTP, session and page cost.
Processor time is that of the server's processes, as many as `--processes` says. `--profile` tells where it goes, of
the service calls; `--pages` profiles whole pages in one process. `--with-worker` measures those who think twice,
quietly and while the worker reads a scan of 500 pages, or compiles a year (`--with-worker compile`), and nothing else:
each asks the pages in turn, one of each a round, so that all kinds are asked at all moments of the work; what was
asked after it had ended is not counted. Work that ends before each page was answered `--least` times is done again
(the next year), after `--asks` quiet rounds more: quiet and beside the work are measured in turns.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import math
import os
import pstats
import random
import re
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import partial
from itertools import count
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import sqlalchemy as sa
from PIL import Image, ImageDraw
from starlette.testclient import TestClient

from bench import volume_year
from bench.desk_office import ACCOUNTS, lay
from bench.measure import line
from bench.search_corpus import questions
from qrecords.model.access import Account
from qrecords.model.job import Job, JobState
from qrecords.office import Office
from qrecords.services import jobs
from qrecords.services.access.deskaccess import open_session
from qrecords.services.administer import open_office
from qrecords.services.due import due
from qrecords.services.finding.find import show
from qrecords.services.finding.search import Criteria, facets_of, search
from qrecords.services.finding.waiting import waiting
from qrecords.services.intake.drafting import drafts
from qrecords.stores.given import on_disk
from qrecords.web import asked
from qrecords.web.app import desk_app
from qrecords.web.signedin import COOKIE, Door
from tests import paper

ASKED_MS, ASKED_RATIO, ASKED_BYTES, ASKED_START = 100, 3.0, 300_000, 1.5
ASKED_BESIDE, SCANNED = 2.0, 500
FIRST_YEAR, PDFS = 2000, 30  # a year to be compiled, long before those that are there; distinct PDFs of each form
STARTS = 3
WARMINGS = 4
TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


@dataclass(frozen=True)
class Way:
    """One page: its address and the service calls behind it, for the n-th asking."""

    name: str
    address: Callable[[int], str]
    call: Callable[[Office, int], object]


@dataclass(frozen=True)
class Served:
    """The server, and what of its accounts' sessions the load process needs."""

    process: subprocess.Popen[str]
    port: int
    cookies: list[str]

    def spent(self) -> float:
        """Return the seconds of processor time the server's processes took so far; 0 where the system does not tell."""
        return sum(int(part) for stat in self._stats().values() for part in stat[11:13]) / TICKS

    def memory(self) -> float:
        """Return the MB the server's processes take, what they share counted once; 0 where the system does not tell."""
        told = [Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in self._stats()]
        return sum(int(kb) for text in told for kb in re.findall(r"(?m)^Pss: +(\d+)", text)) / 1024

    def _stats(self) -> dict[str, list[str]]:
        """Return what the system says of the process and of those it forked: not of the worker it started."""
        found = {}
        for path in Path("/proc").glob("[0-9]*/stat"):
            try:
                stat = path.read_text().rpartition(")")[2].split()
                of_desk = "web.worker" not in path.with_name("cmdline").read_text()
            except OSError:  # it ended meanwhile
                continue
            if of_desk and str(self.process.pid) in (path.parent.name, stat[1]):
                found[path.parent.name] = stat
        return found

    def browser(self) -> httpx.Client:
        """Return a browser of the first account's."""
        word, _, token = self.cookies[0].partition("=")
        return httpx.Client(base_url=f"http://127.0.0.1:{self.port}", cookies={word: token}, timeout=120)

    def asked(self, hands: int, asks: int, address: Callable[[int], str], think: float = 0.0) -> Figures:
        """Let hands ask so often each, all at once."""
        asked = [[address(n * hands + hand) for n in range(asks)] for hand in range(hands)]
        times, processor = self._load(asked, think)
        return Figures([seconds for own in times for seconds, _ in own], processor)

    def in_turn(self, hands: int, ways: Sequence[Way], number: int, think: float) -> list[list[tuple[float, float]]]:
        """Let hands ask each page once, each hand beginning with another.

        Returns for each page the seconds of each answer, and when it was there.
        """
        turns = [[ways[(hand + k) % len(ways)] for k in range(len(ways))] for hand in range(hands)]
        asked = [[way.address(number * hands + hand) for way in turn] for hand, turn in enumerate(turns)]
        times, _ = self._load(asked, think)
        by_way: dict[str, list[tuple[float, float]]] = {way.name: [] for way in ways}
        for turn, own in zip(turns, times, strict=True):
            for way, answered in zip(turn, own, strict=True):
                by_way[way.name].append(answered)
        return [*by_way.values()]

    def _load(self, asked: Sequence[Sequence[str]], think: float) -> tuple[list[list[tuple[float, float]]], float]:
        """Let each hand ask its addresses; returns what in_turn does by hand, and the server's processor time."""
        work = [{"cookie": self.cookies[hand], "addresses": one} for hand, one in enumerate(asked)]
        before = self.spent()
        told = subprocess.run(
            [sys.executable, "-m", "bench.desk_load"], check=True, capture_output=True, text=True,
            input=json.dumps({"port": self.port, "think": think, "hands": work}),
        )  # fmt: skip
        return json.loads(told.stdout)["times"], self.spent() - before


@dataclass(frozen=True)
class Figures:
    """The seconds of each asking, and the processor time they took together."""

    times: Sequence[float]
    processor: float

    @property
    def p95(self) -> float:
        """Return the 95th percentile in ms."""
        return p95(self.times)

    @property
    def each(self) -> float:
        """Return the processor time of one asking in ms."""
        return self.processor / len(self.times) * 1000

    def __str__(self) -> str:
        middle = statistics.median(self.times) * 1000
        return f"median {middle:.1f} p95 {self.p95:.1f} processor {self.each:.1f}"


def p95(times: Sequence[float]) -> float:
    """Return the 95th percentile of seconds in ms."""
    return statistics.quantiles(times, n=20)[-1] * 1000


def at_once(hands: int, asks: int, ask: Callable[[int, int], object]) -> Figures:
    """Let hands ask so often each in threads of this process, all at once."""
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

    before = time.process_time()
    threads = [threading.Thread(target=work, args=(hand,)) for hand in range(hands)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Figures(times, time.process_time() - before)


def started(root: Path) -> tuple[subprocess.Popen[str], str]:
    """Start the desk; returns the process and the address it answers at."""
    command = [sys.executable, "-m", "qrecords", "--root", str(root), "--json", "serve", "--port", "0", "--no-open"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    told = process.stdout.readline()
    while not told.rstrip().endswith("}"):
        told += process.stdout.readline()
    return process, str(json.loads(told)["address"]).partition("/in?")[0]


@dataclass(frozen=True)
class Prepared:
    """What is asked of an office: the records with a page to show, and queries."""

    shown: list[str]
    questions: list[str]


def prepared(root: Path, count: int) -> Prepared:
    """Make the office, or take one kept with what was noted of it beside it: to make it all up again takes a minute."""
    note = root.with_name(f"{root.name}.json")
    if not (note.exists() and (root / "qrecords.toml").exists()):
        laid = lay(root, count)
        found = Prepared(laid.shown, questions(laid.corpus, 200))
        note.write_text(json.dumps([count, asdict(found)], ensure_ascii=False), encoding="utf-8")
    kept, said = json.loads(note.read_text(encoding="utf-8"))
    if kept != count:
        raise SystemExit(f"{root} holds {kept} records")
    return Prepared(**said)


def ways(laid: Prepared) -> list[Way]:
    """Return what is measured."""
    numbers, asked = [*laid.shown], laid.questions
    random.Random(1).shuffle(numbers)
    return [
        Way("今日", lambda _: "/", lambda o, _: (waiting(o), due(o), drafts(o))),
        Way(
            "search",
            lambda n: str(httpx.URL("/search", params={"part": "hits", "q": asked[n % len(asked)]})),
            lambda o, n: search(o, asked[n % len(asked)], Criteria(), limit=20, facets=False),
        ),
        Way(
            "counts by kind",
            lambda n: str(httpx.URL("/search", params={"part": "facets", "q": asked[n % len(asked)]})),
            lambda o, n: facets_of(o, asked[n % len(asked)], Criteria()),
        ),
        Way(
            "record page",
            lambda n: f"/records/{numbers[n % len(numbers)]}",
            lambda o, n: show(o, numbers[n % len(numbers)], history=True),
        ),
    ]


def measure(root: Path, laid: Prepared, asks: int, think: float) -> None:
    """Measure each page, alone and asked by many."""
    with closing(open_office(root)) as office, serving(root, office) as served:
        clerks = [replace(office, account=_account(office, n)) for n in range(ACCOUNTS)]
        for way in ways(laid):
            _compare(way, clerks, served, asks, think)
        with served.browser() as browser:
            _first_page(browser)
        print(f"memory of the desk's processes: {served.memory():.0f} MB")


@contextmanager
def serving(root: Path, office: Office) -> Iterator[Served]:
    """Start the desk, with a session for each account."""
    tokens = [open_session(office.workspace, f"clerk{n}", via="desk") for n in range(ACCOUNTS)]
    process, address = started(root)
    try:
        yield Served(process, int(address.rpartition(":")[2]), [f"{COOKIE}={token}" for token in tokens])
    finally:
        process.terminate()
        process.wait()


def warmed(served: Served, way: Way) -> None:
    """Let every process load what a page needs, and keep what it keeps: who answers is chance."""
    for _ in range(WARMINGS):
        served.asked(ACCOUNTS, 1, way.address)


def scans(office: Office, folder: Path) -> Iterator[Callable[[], Job]]:
    """Give, as often as asked, what begins to read a long scan none of whose pages is there."""
    scan = on_disk(long_scan(folder / "scan.pdf"))
    while True:
        yield lambda: jobs.start(replace(office, account=_account(office, 0)), "scan", {}, files=[scan])
        rmtree(office.settings.archive_dir / "inbox" / "unmatched", ignore_errors=True)


def years(office: Office, _: Path) -> Iterator[Callable[[], Job]]:
    """Lay a whole year as bench.bench_volume does, one that was not there, and give what begins to compile it."""
    root = office.settings.root
    papers = volume_year.papers(root.with_name(f"{root.name}-papers"), PDFS, 1.0)
    with office.register.read() as tx:
        there = {row.record_year for row in tx.items.all()}
    for year in (year for year in count(FIRST_YEAR) if year not in there):
        volume_year.lay(office, papers, 1.0, year)
        yield partial(jobs.start, office, "compile", {"year": year, "with_gaps": True, "reason": "bench"})


BESIDE = {"scan": scans, "compile": years}


@dataclass
class Answers:
    """The seconds of each page's answers, by page."""

    times: list[list[float]]

    @property
    def least(self) -> int:
        """Return how often the page was answered that was answered least."""
        return min(map(len, self.times))

    def take(self, answered: Sequence[Sequence[tuple[float, float]]], until: float = math.inf) -> None:
        """Take what was asked before a moment (seconds since 1970), whenever it was answered."""
        for own, more in zip(self.times, answered, strict=True):
            own.extend(seconds for seconds, at in more if at - seconds < until)


def beside_the_worker(root: Path, laid: Prepared, asks: int, least: int, think: float, kind: str) -> None:
    """Measure each page asked by many who think: quietly and while long work is done, in turns."""
    quiet, busy = (Answers([[] for _ in ways(laid)]) for _ in range(2))
    with closing(open_office(root)) as office, serving(root, office) as served, TemporaryDirectory() as folder:
        for begin in BESIDE[kind](office, Path(folder)):
            for way in ways(laid):
                warmed(served, way)
            numbers = count()
            while (number := next(numbers)) < asks or quiet.least < least:
                quiet.take(served.in_turn(ACCOUNTS, ways(laid), number, think))
            job = begin()
            _under_way(served, office, job)
            numbers = count()
            while jobs.show_job(office, job.key).is_open:  # to its end: what it binds is let in there at once
                answered = served.in_turn(ACCOUNTS, ways(laid), next(numbers), think)
                busy.take(answered, _ended(jobs.show_job(office, job.key)))
            now = jobs.show_job(office, job.key)
            print(f"the {kind}: {now.state} {now.told}; answers of each page beside it: {busy.least}", flush=True)
            if now.state is not JobState.DONE:
                raise SystemExit(f"the {kind} did not come to its end: {now.lines[:5]}")
            if busy.least >= least:
                break
        _told(laid, quiet, busy, kind)
    rmtree(root / "archive" / "inbox" / "unmatched", ignore_errors=True)


def _under_way(served: Served, office: Office, job: Job) -> None:
    """Wait until a job tells how far it is."""
    with served.browser() as browser:
        while (now := jobs.show_job(office, job.key)).is_open and not now.total:
            assert browser.get("/jobs").status_code == 200  # whoever looks sees to it that the worker is there
            time.sleep(1)


def _ended(job: Job) -> float:
    """Return when the second was over in which a job ended, as the register notes it; never, when it has not."""
    return datetime.fromisoformat(job.ended_at).timestamp() + 1 if job.ended_at else math.inf


def _told(laid: Prepared, quiet: Answers, busy: Answers, kind: str) -> None:
    for way, before, beside in zip(ways(laid), quiet.times, busy.times, strict=True):
        told = "; ".join(
            f"{what} median {statistics.median(times) * 1000:.1f} p95 {p95(times):.1f} "
            f"most {max(times) * 1000:.0f} of {len(times)}"
            for what, times in (("quiet", before), (f"beside the {kind}", beside))
        )
        print(f"{way.name}, ms: {told}", flush=True)
        line(f"{way.name}: p95 beside the worker ÷ quiet", p95(beside) / p95(before), f"≤ {ASKED_BESIDE}")


def long_scan(path: Path) -> Path:
    """Write a scan of many pages no one made here, so that each is read whole and kept aside."""
    rng = random.Random(1)
    images = []
    for _ in range(10):
        image = Image.new("L", (1654, 2339), 255)  # A4 at 200 dpi
        pen = ImageDraw.Draw(image)
        for row in range(60, 2280, 45):
            for left in range(120, 1500, 36):
                if rng.random() < 0.7:
                    pen.rectangle((left, row, left + rng.randrange(8, 28), row + rng.randrange(8, 28)), fill=30)
        images.append(image)
    return paper.bundle([images[n % len(images)] for n in range(SCANNED)], path, 200)


def _account(office: Office, n: int) -> Account:
    with office.register.read() as tx:
        found = tx.accounts.by_name(f"clerk{n}")
    assert found is not None
    return found


def _compare(way: Way, clerks: Sequence[Office], served: Served, asks: int, think: float) -> None:
    def service(hand: int, n: int) -> None:
        way.call(clerks[hand], n)

    warmed(served, way)
    at_once(ACCOUNTS, 1, service)
    one_page, one_call = served.asked(1, asks * 4, way.address), at_once(1, asks * 4, service)
    many_pages, many_calls = served.asked(ACCOUNTS, asks, way.address), at_once(ACCOUNTS, asks, service)
    print(f"{way.name}, ms: one asks: {one_page}; service alone: {one_call}")
    print(f"  {ACCOUNTS} at once without a pause: {many_pages}; services alone: {many_calls}", flush=True)
    thinking = served.asked(ACCOUNTS, max(2, asks // 2), way.address, think)
    print(f"  {ACCOUNTS} who think {think:g} s on average: {thinking}")
    line(f"{way.name}: p95 with {ACCOUNTS} at once, ms", many_pages.p95, f"≤ {ASKED_MS}")
    line(f"{way.name}: p95 with {ACCOUNTS} who think, ms", thinking.p95, f"≤ {ASKED_MS}")
    line(f"{way.name}: one asking, page ÷ service", one_page.p95 / one_call.p95, f"≤ {ASKED_RATIO}")
    line(f"{way.name}: {ACCOUNTS} at once, page ÷ services", many_pages.p95 / many_calls.p95, f"≤ {ASKED_RATIO}")
    if one_call.processor:
        line(f"{way.name}: processor time, page ÷ service", one_page.each / one_call.each, f"≤ {ASKED_RATIO}")


def _first_page(browser: httpx.Client) -> None:
    """Count what a browser that has nothing yet gets for the first page."""
    page = browser.get("/fill")
    parts = [page, *(browser.get(path) for path in set(re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text)))]
    line("first page cold, bytes on the wire", sum(part.num_bytes_downloaded for part in parts), f"≤ {ASKED_BYTES}")


def profiled(root: Path, laid: Prepared) -> None:
    """Tell where the processor time of the service calls goes."""
    with closing(open_office(root)) as office:
        clerk = replace(office, account=_account(office, 0))
        for way in ways(laid):
            way.call(clerk, 0)
            profile = cProfile.Profile(time.process_time)
            with profile:
                for n in range(20):
                    way.call(clerk, n)
            print(f"{way.name}, 20 times")
            pstats.Stats(profile).sort_stats("cumulative").print_stats("qrecords|sqlalchemy/engine|json", 45)


def profiled_pages(root: Path, laid: Prepared) -> None:
    """Tell where the processor time of whole pages goes, without what the server itself does."""
    with closing(open_office(root)) as office:
        app = desk_app(Door(office.workspace), hosts={"127.0.0.1"})
        browser = TestClient(app, base_url="http://127.0.0.1")
        browser.cookies.set(COOKIE, open_session(office.workspace, "clerk0", via="desk"))
        for way in ways(laid):
            count = 50
            for n in range(5):
                assert browser.get(way.address(n)).status_code == 200
            counted = statements(partial(browser.get, way.address(5)))
            print(f"{way.name}: {len(counted)} statements")
            for statement in counted:
                print("   ", " ".join(statement.split())[:170])
            profile = cProfile.Profile(time.thread_time)
            begun = time.process_time()
            for n in range(count):
                browser.get(way.address(n))
            print(f"{way.name}: {(time.process_time() - begun) / count * 1000:.1f} ms each with the test's own browser")
            with within(profile):
                for n in range(count):
                    browser.get(way.address(n))
            stats = pstats.Stats(profile).sort_stats("cumulative")
            stats.print_stats(90)
            stats.sort_stats("tottime").print_stats(40)


def statements(work: Callable[[], object]) -> list[str]:
    """Return what the register is asked while something is done."""
    asked_for: list[str] = []

    def note(*given: Any) -> None:
        asked_for.append(given[2])

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        work()
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)
    return asked_for


@contextmanager
def within(profile: cProfile.Profile) -> Iterator[None]:
    """Let what a page does in its thread be profiled."""
    plain = asked.run_in_threadpool

    async def profiled(work: Callable[..., Any], *given: Any) -> Any:
        def whole() -> Any:
            profile.enable()
            try:
                return work(*given)
            finally:
                profile.disable()

        return await plain(whole)

    asked.run_in_threadpool = profiled  # type: ignore[assignment]
    try:
        yield
    finally:
        asked.run_in_threadpool = plain


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


def settled(root: Path, processes: int) -> None:
    """Let accounts search as often as the measurement does, and so many processes answer."""
    path = root / "qrecords.toml"
    text = path.read_text(encoding="utf-8")
    for name, value in (("searches_per_minute", 0), ("processes", processes)):
        text = re.sub(rf"(?m)^{name} = \d+.*\n", "", text)
        text = text.replace("[desk]\n", f"[desk]\n{name} = {value}\n")
    path.write_text(text, encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--asks", type=int, default=15, help="of each account, of each page")
    parser.add_argument("--least", type=int, default=200, help="answers of each page, quietly and beside the worker")
    parser.add_argument("--think", type=float, default=5.0, help="seconds between two pages of one account, on average")
    parser.add_argument("--keep", type=Path, help="where the office is kept for the next run")
    parser.add_argument("--processes", type=int, default=0, help="that answer; 0 = as many as the program would take")
    parser.add_argument("--profile", action="store_true", help="profile the service calls, measure nothing")
    parser.add_argument("--pages", action="store_true", help="profile whole pages, measure nothing")
    parser.add_argument(
        "--with-worker", nargs="?", const="scan", choices=BESIDE, help="measure beside the worker, nothing else"
    )
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        root = given.keep or Path(folder) / "office"
        laid = prepared(root, given.records)
        settled(root, given.processes)
        if given.profile or given.pages:
            (profiled if given.profile else profiled_pages)(root, laid)
            return
        print(f"load of the machine before: {os.getloadavg()}" if hasattr(os, "getloadavg") else "")
        if given.with_worker:
            beside_the_worker(root, laid, given.asks, given.least, given.think, given.with_worker)
        else:
            measure(root, laid, given.asks, given.think)
            starting(root)
        print(f"load of the machine after: {os.getloadavg()}" if hasattr(os, "getloadavg") else "")


if __name__ == "__main__":
    main()
