"""A strict machine as it is: root's file, the service account, three people and a real sudo.

Each attack is one that went through when every caller simply became the service account.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from qrecords.model.audit import Event
from qrecords.stores.register import Register
from qrecords.stores.secrets import hash_password
from tests.conftest import CHECKOUT, FORMS, blank_scan

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root makes users and sudo rules"),
]

PEOPLE = {"sys": "sysadmin", "sec": "secadmin", "aud": "auditor", "ann": "clerk", "eve": ""}
LAUNCHER = """\
#!{python} -I
from pathlib import Path
from qrecords import strict
strict.STRICT_FILE = Path({file!r})
from qrecords.cli.app import run
run()
"""


def system(*words: object, **more: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(w) for w in words], check=True, capture_output=True, text=True, **more)


@dataclass
class Machine:
    """Folders and people of one strict machine."""

    folder: Path
    names: dict[str, str]

    @property
    def root(self) -> Path:
        return self.folder / "office"

    @property
    def program(self) -> Path:
        return self.folder / "qrecords"

    def uid(self, who: str) -> int:
        return int(system("id", "-u", self.names[who]).stdout)

    def home(self, who: str) -> Path:
        return self.folder / "home" / who

    def call(
        self, who: str, *words: object, sudo: tuple[str, ...] = (), cwd: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command as a person, through sudo as he would."""
        line = ["runuser", "-u", self.names[who], "--", "sudo", "-n", *sudo, str(self.program), *map(str, words)]
        return subprocess.run(line, check=False, capture_output=True, text=True, cwd=cwd or self.home(who), timeout=300)

    def done(self, who: str, *words: object, cwd: Path | None = None) -> str:
        ran = self.call(who, *words, cwd=cwd)
        assert ran.returncode == 0, ran.stderr + ran.stdout
        return ran.stdout

    def write(self, who: str, name: str, data: Any) -> Path:
        """Lay a file into a person's home, for him alone."""
        path = self.home(who) / name
        path.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
        self.give(who, path)
        return path

    def give(self, who: str, path: Path) -> None:
        shutil.chown(path, self.names[who], self.names[who])
        path.chmod(0o700 if path.is_dir() else 0o600)

    def everything(self) -> dict[str, int]:
        """Return what lies in the people's homes, with whose it is."""
        return {str(p): p.lstat().st_uid for p in (self.folder / "home").rglob("*")}


def chown_all(folder: Path, name: str) -> None:
    system("chown", "-R", f"{name}:{name}", folder)


def python_for_all() -> Path:
    """Return an interpreter like this one that every user may run."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for place in (Path(sys.executable).resolve(), Path("/usr/bin") / version, Path("/usr/local/bin") / version):
        if place.exists() and all(p.stat().st_mode & 0o005 == 0o005 for p in (place, *place.parents)):
            return place
    pytest.fail(f"no {version} that every user may run")


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    mark = f"qr{os.getpid()}"
    folder = Path("/var/lib") / f"qrecords-test-{mark}"
    names = {who: f"{mark}{who}" for who in (*PEOPLE, "service")}
    rule = Path("/etc/sudoers.d") / f"qrecords-test-{mark}"
    made = Machine(folder, names)
    mask = os.umask(0o022)  # an earlier test's command may have shut it: other users run what is laid out here
    try:
        (folder / "home").mkdir(parents=True)
        for who, name in names.items():
            system("useradd", "--system", "--user-group", "--create-home", "--home-dir", made.home(who), name)
            made.home(who).chmod(0o700)
        shutil.copytree(CHECKOUT / "src" / "qrecords", folder / "lib" / "qrecords")
        packaged = [p for p in sys.path if p.endswith("site-packages")]
        places = [str(folder / "lib"), *packaged]
        (folder / "backups").mkdir(mode=0o700)
        file = folder / "strict.toml"
        file.write_text(f'root = "{made.root}"\nbackups = "{folder}/backups"\n', encoding="utf-8")
        system(python_for_all(), "-m", "venv", "--without-pip", folder / "venv")
        (site,) = (folder / "venv" / "lib").glob("python*/site-packages")
        (site / "qrecords.pth").write_text("\n".join(places), encoding="utf-8")
        launcher = LAUNCHER.format(python=folder / "venv" / "bin" / "python", file=str(file))
        made.program.write_text(launcher, encoding="utf-8")
        made.program.chmod(0o755)
        rule.write_text(
            "".join(f"{names[who]} ALL=(root, {names['service']}) NOPASSWD: {made.program}\n" for who in PEOPLE),
            encoding="utf-8",
        )
        rule.chmod(0o440)
        set_up(made)
        chown_all(folder / "backups", names["service"])
        yield made
    finally:
        os.umask(mask)
        rule.unlink(missing_ok=True)
        for name in names.values():
            with suppress(subprocess.CalledProcessError):
                system("userdel", name)
        shutil.rmtree(folder, ignore_errors=True)


def set_up(machine: Machine) -> None:
    """Make the office on one desk, hand it to the service account, and switch."""

    def desk(*words: object) -> None:
        system(sys.executable, "-m", "qrecords", "--root", machine.root, *words, cwd="/")

    desk("init", "--name", "示例管理员")
    for who, role in PEOPLE.items():
        uid = system("id", "-u", machine.names[who]).stdout.strip()
        if who != "eve":
            desk("accounts", "add", who, "--name", f"示例{who}", "--user", uid)
            desk("accounts", "grant", who, role)
    settings = machine.root / "qrecords.toml"
    settings.write_text(settings.read_text(encoding="utf-8").replace('"single-desk"', '"strict"', 1), encoding="utf-8")
    chown_all(machine.root, machine.names["service"])


def test_work_goes_on_as_ever_with_the_callers_own_files(machine: Machine) -> None:
    values = json.loads((FORMS / "02A" / "sample.json").read_text(encoding="utf-8"))
    source = machine.write("ann", "记录.json", values)
    told = machine.done("ann", "fill", "02A", "记录.json", "--out", "papers")
    number = "QR758-02A-2025-00001"
    (paper,) = (machine.home("ann") / "papers").iterdir()
    assert f"{paper}" in told, "the caller's own path is told, and no other"
    uid = source.stat().st_uid
    assert (paper.stat().st_uid, paper.stat().st_mode & 0o777) == (uid, 0o600)
    assert json.loads(source.read_text(encoding="utf-8")) == values
    scan = blank_scan(machine.home("ann") / "fax.pdf")
    machine.give("ann", scan)
    machine.done("ann", "attach", number, scan)
    machine.done("ann", "search", "示例", "-o", "hits.xlsx")
    machine.done("ann", "forms", "sheet", "01A")
    made = {p.name for p in machine.home("ann").iterdir() if not p.name.startswith(".")}
    assert {"hits.xlsx", "fax.pdf", "papers", "记录.json"} < made and len(made) == 5, made
    assert {machine.everything()[str(machine.home("ann") / name)] for name in made} == {uid}
    assert json.loads(machine.done("ann", "--json", "status"))["account"] == "ann"


def test_a_form_is_filled_in_a_workbook_that_comes_back(machine: Machine) -> None:
    machine.done("ann", "forms", "sheet", "10A", "-o", "sheet.xlsx")
    ran = machine.call("ann", "fill", "10A", "sheet.xlsx")
    assert ran.returncode in {0, 3}, ran.stderr
    assert "qrecords-caller" not in ran.stdout + ran.stderr


def test_a_stranger_of_the_machine_has_no_account(machine: Machine) -> None:
    refused = machine.call("eve", "status")
    assert refused.returncode == 4 and "不是这个工作区的账号" in refused.stderr


def test_nobody_becomes_the_service_account(machine: Machine) -> None:
    service = machine.names["service"]
    for words in (["status"], ["init", str(machine.home("eve") / "new")], ["forms", "list"], ["--version"]):
        refused = machine.call("ann", *words, sudo=("-u", service))
        assert refused.returncode == 4 and "不写 -u" in refused.stderr, words


def test_a_file_only_the_service_account_can_read_is_not_read_for_anyone(machine: Machine) -> None:
    number = "QR758-02A-2025-00001"
    for secret in (
        machine.root / "qrecords.toml",
        machine.root / "archive" / "register.sqlite",
        machine.home("sys") / "key.pdf",
    ):
        if not secret.exists():
            machine.give("sys", blank_scan(secret))
        link = machine.home("ann") / f"link-{secret.name}"
        link.symlink_to(secret)
        for named in (secret, link):
            for words in (["attach", number, named], ["fill", "02A", named], ["import", named, "--as-filed"]):
                refused = machine.call("ann", *words)
                assert refused.returncode not in {0, 70}, words
                assert "Traceback" not in refused.stderr
    assert "key" not in machine.done("ann", "--json", "show", number)


def test_nothing_is_written_where_the_caller_may_not(machine: Machine) -> None:
    before = machine.everything()
    inside = machine.root / "archive" / "x.xlsx"
    for target in (
        inside,
        machine.home("sys") / "x.xlsx",
        Path("/etc/qrecords-x.xlsx"),
        machine.folder / "backups" / "x.xlsx",
    ):
        refused = machine.call("ann", "search", "示例", "-o", target)
        assert refused.returncode != 0 and "没有权限" in refused.stderr, target
        assert not target.exists()
    link = machine.home("ann") / "x.xlsx"
    link.symlink_to(inside)
    machine.call("ann", "search", "示例", "-o", link)
    assert not inside.exists()
    link.unlink()
    assert machine.everything() == before


def test_no_other_workspace_and_no_program_of_one(machine: Machine) -> None:
    trap = machine.home("eve") / "trap"
    system(sys.executable, "-m", "qrecords", "--root", trap, "init", cwd="/")
    program = trap / "soffice"
    ran = machine.home("eve") / "ran"
    program.write_text(f"#!/bin/sh\nid -un > {ran}\n", encoding="utf-8")
    program.chmod(0o755)
    settings = trap / "qrecords.toml"
    text = settings.read_text(encoding="utf-8").replace('soffice = ""', f'soffice = "{program}"')
    settings.write_text(text, encoding="utf-8")
    chown_all(trap, machine.names["eve"])
    trap.chmod(0o777)
    for words in (
        ["--root", trap, "print", "x"],
        ["--root", trap, "status"],
        ["init", trap / "x"],
        ["restore", trap, trap / "y"],
    ):
        refused = machine.call("eve", *words)
        assert refused.returncode == 4 and "三员分立" in refused.stderr, words
    machine.call("eve", "fill", "01A", FORMS / "01A" / "sample.json", "--pdf", cwd=trap)
    assert not ran.exists() and not (trap / "x").exists()


def test_backups_go_where_root_said_and_come_back_by_right(machine: Machine) -> None:
    kept = machine.folder / "backups" / "daily"
    assert "备份不能放在" in machine.call("sys", "backup", machine.home("sys") / "kept").stderr
    machine.done("sys", "backup", kept)
    assert machine.call("ann", "backup", kept).returncode == 4
    for who in ("ann", "eve", "aud"):
        refused = machine.call(who, "restore", kept, machine.home(who) / "out")
        assert refused.returncode == 4 and not (machine.home(who) / "out").exists()
    aside = machine.root.with_name("lost")
    machine.root.rename(aside)
    machine.root.mkdir(mode=0o700)
    chown_all(machine.root, machine.names["service"])
    refused = machine.call("ann", "restore", kept, machine.root)
    assert refused.returncode == 4 and list(machine.root.iterdir()) == [], "who has no right reads no backup out"
    told = machine.done("sys", "restore", kept, machine.root)
    assert "已恢复到" in told
    wrong = [p for p in machine.root.rglob("*") if p.lstat().st_mode & 0o077 or p.owner() != machine.names["service"]]
    assert wrong == []
    assert json.loads(machine.done("aud", "--json", "verify", "--deep"))["problems"] == []
    events = json.loads(machine.done("aud", "--json", "audit", "list", "--object", "restore"))["events"]
    assert events
    shutil.rmtree(aside)


def test_a_file_of_root_that_others_can_write_counts_for_nothing(machine: Machine) -> None:
    file = machine.folder / "strict.toml"
    file.chmod(0o666)
    refused = machine.call("sys", "status")
    assert refused.returncode == 4 and "别人也能改写" in refused.stderr
    file.chmod(0o644)


def serving(machine: Machine) -> list[Path]:
    """Return the processes of a desk, each as its folder under /proc."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            words = (process / "cmdline").read_bytes().split(b"\0")
            if str(machine.program).encode() in words and b"serve" in words:
                found.append(process)
    return found


def test_the_desk_is_served_by_the_service_account_to_who_has_a_password(machine: Machine) -> None:
    secret = "示例Sample-2026"
    with closing(Register.open(machine.root / "archive" / "register.sqlite")) as register, register.write() as tx:
        at = next(tx.audit.between(*[tx.audit.head()[0]] * 2)).at
        tx.accounts.change("ann", password=hash_password(secret), password_set_at=at)
        tx.audit.append([Event(0, at, "sys", "password", "account/ann")])
    chown_all(machine.root, machine.names["service"])
    line = ["runuser", "-u", machine.names["sys"], "--", "sudo", "-n", str(machine.program), "serve", "--port", "0"]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd="/") as desk:
        try:
            assert desk.stdout is not None
            address = next(found[0] for line in desk.stdout if (found := re.search(r"http://[\d.]+:\d+\S*", line)))
            assert address.endswith("/login"), "no link that lets anyone in"
            assert machine.uid("service") in {p.stat().st_uid for p in serving(machine)}
            site = address.removesuffix("/login")
            with httpx.Client(base_url=site, headers={"origin": site}) as browser:
                for given, status in (("Guess-2026-示例", 403), (secret, 303)):
                    entered = browser.post("/login", data={"name": "ann", "password": given, "to": "/"})
                    assert entered.status_code == status
                assert "示例ann" in browser.get("/").text
        finally:
            for process in serving(machine):  # as the system's service manager does
                with suppress(ProcessLookupError):
                    os.kill(int(process.name), signal.SIGTERM)
            desk.wait(30)


def test_nothing_of_the_callers_is_left_lying(machine: Machine) -> None:
    assert [p for p in Path("/tmp").glob("qrecords-caller-*") if p.owner() == machine.names["service"]] == []
