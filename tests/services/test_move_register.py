"""The register of an office goes to a real server of PostgreSQL and back; the office lives there; nothing half, ever."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from qrecords.errors import IntegrityFailure, UsageError, WrongState
from qrecords.model.audit import first_break
from qrecords.services import making
from qrecords.services.administer import init, open_office
from qrecords.services.care import moveregister
from qrecords.services.care.backup import backup, open_restored, restore
from qrecords.services.care.moveregister import FILE, move_register
from qrecords.services.care.rebuild import rebuild
from qrecords.services.care.verify import verify
from qrecords.services.disposition.destroy import destroy
from qrecords.services.disposition.lists import approve, draw, witness
from qrecords.services.file import file_records
from qrecords.services.finding.find import show
from qrecords.services.finding.search import Criteria, search
from qrecords.services.volumes.compile import compile_year
from qrecords.stores.register import Register, moving
from tests import retention_office as kept
from tests.conftest import CommandLine, at_now
from tests.faulty_disk import blank_pdfs
from tests.servers import PostgresqlServer

# Fills one record after another until it is killed or has no more, telling each number.
FILLING = """
import json, sys
from pathlib import Path
from qrecords.services.administer import open_office
from qrecords.services.intake.fill import fill
from qrecords.stores.given import on_disk
office = open_office(Path(sys.argv[1]))
for place in sys.argv[2:]:
    for record in fill(office, "01A", [on_disk(Path(place))]).records:
        print(record.record_no, flush=True)
"""


@pytest.fixture
def url(postgresql: PostgresqlServer) -> str:
    return postgresql.url(postgresql.database())


@pytest.fixture
def root(tmp_path: Path, fresh: Callable[..., Path]) -> Path:
    return fresh(tmp_path / "office", at_now)


def moved(root: Path, to: str) -> moveregister.Moved:
    return move_register(root, to, clock=at_now)


def log(root: Path) -> tuple[int, str]:
    with closing(open_office(root, clock=at_now)) as office, office.register.read() as tx:
        assert first_break(tx.audit.events()) is None
        return tx.audit.head()


def test_there_and_back_and_there_again_every_row_and_the_head_of_the_log_are_the_same(
    root: Path, url: str, cli: CommandLine, sample: Callable[..., Any], write: Callable[..., Path]
) -> None:
    entry = write(
        [sample("01A", customer_unit=f"示例'\\单位{n}%", source_record_no=None, channel="电话") for n in range(3)]
    )
    cli("fill", "01A", entry)
    told = cli.json("move-register", "--to", url)["register"]
    assert told["rows"] > 10
    assert log(root) == (told["audit_seq"], told["audit_head"])
    assert not (root / "archive" / "register.sqlite").exists()
    assert len(cli.json("list", "--all")["records"]) == 3
    assert "[register]" in (root / "qrecords.toml").read_text(encoding="utf-8")
    cli("move-register", "--to", url, ok=False)
    cli(
        "fill",
        "01A",
        write([sample("01A", customer_unit="后来的", source_record_no=None, channel="电话")], name="later.json"),
    )

    back = cli.json("move-register", "--to", FILE)["register"]
    assert log(root) == (back["audit_seq"], back["audit_head"])
    assert (root / "archive" / "register.sqlite").exists()
    assert cli.json("verify")["problems"] == []
    with pytest.raises(WrongState, match="已搬到别处"):
        Register.open(root / "none", url)
    assert cli.json("move-register", "--to", url)["register"]["audit_seq"] > back["audit_seq"]
    assert len(cli.json("list", "--all")["records"]) == 4
    assert cli.json("search", "后来的")["total"] == 1


def verify_clean(root: Path) -> bool:
    with closing(open_office(root, clock=at_now)) as office:
        return verify(office).problems == []


def test_whoever_still_has_the_old_register_open_is_told(root: Path, url: str) -> None:
    with closing(open_office(root, clock=at_now)) as before:
        moved(root, url)
        with pytest.raises(WrongState, match="已搬到别处"), before.register.write() as tx:
            tx.desk_drafts.drop("x", "y")
            tx.counters.take("n")
    with closing(open_office(root, clock=at_now)) as before:
        moved(root, FILE)
        with pytest.raises(WrongState, match="已搬到别处"), before.register.write() as tx:
            tx.counters.take("n")


@pytest.mark.parametrize(
    ("way", "broken"),
    [
        *(("there", broken) for broken in ("copy", "compare", "seal", "settings", "finish", "leave")),
        *(("back", broken) for broken in ("seal", "settings", "finish")),
    ],
)
def test_a_move_that_breaks_off_is_done_again(
    root: Path, url: str, monkeypatch: pytest.MonkeyPatch, broken: str, way: str
) -> None:
    if way == "back":
        moved(root, url)
    before = log(root)
    places: dict[str, tuple[Any, str]] = {
        "copy": (moving, "copy_rows"),
        "compare": (moving, "first_difference"),
        "seal": (moving, "seal_off"),
        "settings": (moveregister, "with_register"),
        "finish": (moving, "finish"),
        "leave": (moving.FilePlace, "leave"),
    }

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    to = url if way == "there" else FILE
    with monkeypatch.context() as patched:
        patched.setattr(*places[broken], killed)
        with pytest.raises(KeyboardInterrupt):
            moved(root, to)
    if broken in {"copy", "compare", "seal"}:  # the old one is in force
        assert log(root) == before
    if broken == "leave":  # all was done but the name of the old file
        with pytest.raises(UsageError, match="已经在"):
            moved(root, to)
    else:
        done = moved(root, to)
        assert done.audit_seq == before[0] + 1
    assert log(root)[0] == before[0] + 1
    assert verify_clean(root)


def test_a_row_that_differs_stops_the_move(root: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = log(root)
    monkeypatch.setattr(moving, "first_difference", lambda *_: "record/X")
    with pytest.raises(IntegrityFailure, match="record/X"):
        moved(root, url)
    assert log(root) == before


def test_it_waits_for_nobody_and_takes_nothing_that_is_not_its_own(
    root: Path, url: str, tmp_path: Path, postgresql: PostgresqlServer
) -> None:
    with closing(open_office(root, clock=at_now)) as other, other.under_way(), pytest.raises(WrongState, match="办事"):
        moved(root, url)
    another = tmp_path / "another"
    init(another, clock=at_now).close()
    moved(another, url)
    with pytest.raises(WrongState, match="已有登记库"):
        moved(root, url)
    settings = root / "qrecords.toml"
    own = settings.read_text(encoding="utf-8")
    moved(root, postgresql.url(postgresql.database()))
    taken = settings.read_text(encoding="utf-8").replace(known_url(root), url)
    settings.write_text(taken, encoding="utf-8")
    with pytest.raises(IntegrityFailure, match="另一个办公室"):
        open_office(root, clock=at_now)
    with pytest.raises(WrongState, match="服务器"):
        rebuild(root, clock=at_now)
    assert own != taken


def known_url(root: Path) -> str:
    import tomllib

    return str(tomllib.loads((root / "qrecords.toml").read_text(encoding="utf-8"))["register"]["url"])


def test_two_processes_fill_at_once_one_is_killed_then_the_server(
    root: Path, url: str, postgresql: PostgresqlServer, sample: Callable[..., Any], write: Callable[..., Path]
) -> None:
    moved(root, url)

    def entries(name: str) -> list[Path]:
        return [
            write([sample("01A", customer_unit=f"{name}{n}", source_record_no=None, channel="电话")], f"{name}{n}.json")
            for n in range(10)
        ]

    def filling(name: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", FILLING, str(root), *map(str, entries(name))]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    whole, killed = filling("甲"), filling("乙")
    assert killed.stdout is not None
    told = killed.stdout.readline().split()
    killed.kill()
    told += [*whole.communicate()[0].split(), *killed.communicate()[0].split()]
    cut = filling("丙")
    assert cut.stdout is not None
    told += cut.stdout.readline().split()
    postgresql.kill()
    told += cut.communicate()[0].split()
    postgresql.start()
    again = filling("丙").communicate()[0].split()
    with closing(open_office(root)) as office:
        with office.register.read() as tx:
            made = [r.record_no for r in tx.records.find()]
            assert first_break(tx.audit.events()) is None
        assert verify(office).problems == []
        assert search(office, "用户:丙9", Criteria()).total == 1
    assert len(told) == len(set(told))
    assert {*told, *again} <= {*made}
    assert len(made) <= 30
    assert sorted(made) == [f"QR758-01A-2025-{n:05d}" for n in range(1, len(made) + 1)]


def holds_word(server: PostgresqlServer) -> bool:
    server.run("CHECKPOINT")
    files = [p for p in (server.folder / "base").rglob("*") if p.is_file()]
    return any(kept.WORD.encode() in p.read_bytes() for p in files)


@pytest.mark.office
def test_a_whole_office_lives_on_a_server(
    tmp_path: Path, url: str, postgresql: PostgresqlServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "to_pdf", blank_pdfs)
    root = Path(shutil.copytree(kept._base.__wrapped__(), tmp_path / "office"))  # not the one with pages others look at
    with kept.opened(root) as people:
        drawn = draw(people("甲"), kept.ALL, "无继续保存价值")
        approve(people("乙"), drawn.list_no)
        for name in ("丙", "丁"):
            witness(people(name), drawn.list_no, drawn.sha256, kept.TODAY)
    clock = lambda: kept.NOW  # noqa: E731
    move_register(root, url, clock=clock)
    with kept.opened(root) as people:
        office = people("甲")
        assert search(office, kept.WORD, Criteria()).total == 5
        assert holds_word(postgresql)
        assert destroy(people("戊"), kept.LIST_NO).state == "destroyed"
        assert search(office, kept.WORD, Criteria()).total == 0
        assert not holds_word(postgresql), "the tables were written anew"
        assert not [*(root / "archive").glob("*.moved*")], "nor in the file it came from"
        assert list(show(office, kept.A).values) == ["secrecy_level"]
        numbers = kept.filled(office, "01A", kept.information(1, "示例单位九"), kept.information(2, "示例单位八"))
        kept.reviewed(office, *numbers)
        file_records(office, numbers)
        assert search(office, "示例单位九", Criteria()).total == 1
        assert compile_year(office, 2019, form_code="01A").volumes
        assert verify(office, deep=True).problems == []
        manifest = backup(office, tmp_path / "copy").manifest
        with office.register.read() as tx:
            assert tx.audit.hash_of(manifest.audit_seq) == manifest.audit_head
    restored = tmp_path / "restored"
    restore(tmp_path / "copy", restored)
    assert open_restored(restored, manifest, clock=clock).problems == []
    assert known_url(restored) == ""
    shutil.rmtree(restored)
    move_register(root, FILE, clock=clock)
    with kept.opened(root) as people:
        assert verify(people("甲"), deep=True).problems == []
        assert show(people("甲"), numbers[0]).state == "bound"
