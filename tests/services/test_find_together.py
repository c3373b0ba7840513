"""Several offices asked side by side: all that one office would find in them together, in its order, and nothing else."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from qrecords.errors import InvalidInput
from qrecords.model.access import Account, Grant
from qrecords.office import Office
from qrecords.services.administer import open_office
from qrecords.services.finding.search import Criteria, search
from qrecords.services.finding.together import search_together
from qrecords.services.intake.fill import fill
from qrecords.stores.given import on_disk
from tests.conftest import CommandLine, at_now

DAYS = {"a": ("03", "01", "03", "02"), "b": ("02", "03", "05"), "c": ("04",)}  # of March, in the order of their numbers


@pytest.fixture(scope="module")
def laid(
    tmp_path_factory: pytest.TempPathFactory, fresh: Callable[..., Path], filling: Callable[[Office, list[Any]], None]
) -> Path:
    """Return a folder of three offices, whose numbers are the same."""
    folder = tmp_path_factory.mktemp("group")
    for name, days in DAYS.items():
        with closing(open_office(fresh(folder / name, at_now), clock=at_now)) as office:
            filling(office, [{"received_at": f"2025-03-{d} 09:00", "customer_unit": f"示例{name}{d}"} for d in days])
    return folder


@pytest.fixture(scope="module")
def filling(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Office, list[Any]], None]:
    import json

    def fill_in(office: Office, rows: list[Any]) -> None:
        sample = json.loads((office.settings.forms_dir / "01A" / "sample.json").read_text(encoding="utf-8"))
        sample = {k: v for k, v in sample.items() if k != "source_record_no"} | {"channel": "电话"}
        source = tmp_path_factory.mktemp("rows") / "rows.json"
        source.write_text(json.dumps([sample | row | {"记录编号": "新"} for row in rows]), encoding="utf-8")
        fill(office, "01A", [on_disk(source)])

    return fill_in


@pytest.fixture
def offices(laid: Path, tmp_path: Path) -> Iterator[list[Office]]:
    shutil.copytree(laid, tmp_path / "group")
    with ExitStack() as opened:
        yield [
            opened.enter_context(closing(open_office(tmp_path / "group" / name, clock=at_now))) for name in sorted(DAYS)
        ]


def listed(offices: list[Office], limit: int) -> list[tuple[str, str, str]]:
    """Return day, number and office of all hits, page by page."""
    found, after = [], ""
    while True:
        page = search_together(offices, "示例", Criteria(), limit=limit, after=after)
        found += [(h.date, h.record_no, Path(h.office).name) for h in page.hits]
        assert page.total == sum(map(len, DAYS.values()))
        if page.next is None:
            return found
        assert len(page.hits) == limit
        after = page.next


@pytest.mark.parametrize("limit", [1, 2, 3, 20])
def test_pages_hold_all_hits_once_newest_first(offices: list[Office], limit: int) -> None:
    alone = [
        (h.date, h.record_no, office.settings.root.name)
        for office in offices
        for h in search(office, "示例", Criteria()).hits
    ]
    expected = sorted(sorted(alone, key=lambda hit: hit[2]), key=lambda hit: hit[:2], reverse=True)
    assert len(expected) == sum(map(len, DAYS.values()))
    assert listed(offices, limit) == expected


def test_each_office_answers_by_the_rights_one_has_there(offices: list[Office]) -> None:
    nothing = Account("乙", "乙", "uid-乙", unit="示例一所", grants=(Grant("unit", unit="示例一所"),))
    offices[1] = Office(offices[1].workspace, nothing)
    found = search_together(offices, "示例", Criteria())
    assert (found.total, [*found.offices.values()]) == (5, [4, 0, 1])
    assert {Path(hit.office).name for hit in found.hits} == {"a", "c"}


def test_an_office_that_does_not_answer_ends_the_search(offices: list[Office], monkeypatch: pytest.MonkeyPatch) -> None:
    for place in ("x;;", ";", "2025-03-01/QR758-01A-2025-00001"):
        with pytest.raises(InvalidInput):
            search_together(offices, "示例", Criteria(), after=place)
    nobody = Account("丙", "丙", "uid-丙", grants=())
    offices[2] = Office(offices[2].workspace, nobody)
    with pytest.raises(InvalidInput, match="有的办公室没有查成") as refused:
        search_together(offices, "示例", Criteria())
    assert [Path(p.source or "").name for p in refused.value.problems] == ["c"]


def test_the_command(offices: list[Office], capsys: pytest.CaptureFixture[str]) -> None:
    first, *rest = (str(office.settings.root) for office in offices)
    cli = CommandLine(Path(first), capsys)
    found = cli.json("search", "示例", "--office", rest[0], "--office", rest[1], "--limit", 3)
    assert (found["total"], [h["date"] for h in found["hits"]]) == (8, ["2025-03-05", "2025-03-04", "2025-03-03"])
    said = cli("search", "示例", "--office", rest[0], "--office", rest[1], "--after", found["next"]).out
    assert said.count("QR758-01A-2025") == 5
    assert cli("search", "示例", "--office", rest[0], "--saved", "甲", ok=False).status == 2
