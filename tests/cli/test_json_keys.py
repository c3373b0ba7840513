"""The keys of every command's --json answer, and the types of what stands there: others' programs read them.

One office is led through all commands. tests/golden/json_keys.json holds, for each command line, the places of its
answer; what is written by a form or a person (values, counts by name) is named by its place alone.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import pytest

from qrecords.cli import app
from qrecords.model.access import Account
from qrecords.office import Office
from qrecords.render.pdf import Converter
from qrecords.services import administer
from tests import faulty_disk
from tests import retention_office as kept
from tests.conftest import CHECKOUT, CommandLine, blank_scan
from tests.office_steps import sheet

KEYS = CHECKOUT / "tests" / "golden" / "json_keys.json"
# Shown by tests of their own: a year's demo takes long, the desk's server waits, jobs are begun there, register
# and objects move to a server.
ELSEWHERE = {"demo", "serve", "jobs show", "jobs stop", "move-register", "move-archive", "worker", "index copy"}
OPEN = ("values", "snapshot", "schema", "facets", "detail", "states", "added")

# A line is one command; `乙>` in front: by whom; `!`: it must be refused.
COMMANDS = """
--root {new} init --name 示例
status
forms list
forms show 06A
forms schema 01A
forms check 01A --no-pages
forms template 06A -o {folder}/06A.docx
forms check 01A --no-pages --template {folder}/06A.docx !
forms template 01A -o {folder}/01A.docx
forms sheet 02A -o {folder}/02A.xlsx
forms adopt 01A {folder}/01A.docx --no-pages
forms renew
customers add 用户单位=示例单位九 联系人=示例
customers import {customers}
customers list
products add 型号=示例 出厂编号=S9
products import {products}
products list
fill 01A {call} --dry-run
fill 01A {call}
fill 01A {call} {wrong} --keep-going !
fill 01A {wrong} !
fill 02A {row}
fill 04A {notice}
forms sheet 02A --open -o {folder}/open.xlsx
update 02A {folder}/open.xlsx --dry-run
update QR758-02A-2025-00001 {more}
update QR758-02A-2025-00001 {more} --dry-run
list --all
list
list --all -o {folder}/list.xlsx
show QR758-06A-2019-00001 --history
show QR758-01A-2019-00001
show QR758-02A-2019-00001
show QR758-02A-2025-00001
show QR758-04A-2025-00001
show QR758-06A-2019-00099 !
search 示例
search 没有这样的词 示例
search 没有这样的词
search 示例 -o {folder}/found.csv
search 示例 --save 例
search --list-saved
search --saved 例
search --forget 例
issue QR758-04A-2025-00001
require {task}
task show QR758-04A-2025-00001
task arrivals
due
due --on 2030-01-01
submit {D} !
submit QR758-01A-2025-00001
return QR758-01A-2025-00001 --reason 示例
submit 02A --month 2025-12
review 02A --month 2025-12 --opinion 同意
void QR758-01A-2025-00001 --reason 示例
fill 01A {complaint}
complaints --from 2019-01-01
complaints --from 2019-01-01 -o {folder}/complaints.xlsx
feedback QR758-01A-2025-00002 -o {folder}/feedback.docx
void QR758-01A-2025-00002 --reason 示例
print {D} --out {folder}/printed
print 02A --month 2025-12 --out {folder}/printed
fill 06A {report}
sign QR758-06A-2025-00001 --kind customer-signature --by 示例 --on 2025-12-30 --evidence {paper}
scan {coded} {lost} --kind customer-signature --by 示例 --no-ocr
scan {coded} {broken} --no-ocr !
scan-assign {page} QR758-06A-2025-00001 --kind customer-signature --by 示例 --no-ocr
scan {lost} --no-ocr
scan-drop {page} --reason 扫重了
scan-drop {page} --reason 不清楚 !
attach QR758-06A-2025-00001 {fax} --no-ocr
attach {C} {paper} --no-ocr
show QR758-06A-2025-00001
list
file {D}
file --all
file 02A --month 2025-12
correct {D} {more_of_d} --reason 示例
show {D} --history
import {past} --as-filed --no-ocr --keep-going !
compile {year} --dry-run
compile 2019 --form 06A
compile {year} --with-gaps --reason 示例
volume list
volume show {VOLUME}
volume catalogue 2019
volume find {A}
volume print-set {VOLUME} --out {folder}/set
volume verify !
copies request {A} --purpose 示例 --due {today} --for 示例军代室
copies list
乙> copies approve FS-{year}-0001
copies issue FS-{year}-0001 --out {folder}/copies
copies list --overdue -o {folder}/copies.xlsx
copies return FS-{year}-0001
copies request {A} --purpose 示例
copies refuse FS-{year}-0002 --reason 示例
accounts add wu --name 吴示例 --unit 示例单位
accounts rename wu 伍示例
accounts grant wu reader --unit 示例单位 --until {today}
accounts clearance wu 内部
accounts list
accounts show wu
accounts show
accounts roles
accounts revoke wu reader
accounts disable wu
accounts enable wu
accounts passwd wu --reset
accounts passwd wu
login wu
logout
audit list --limit 500
audit list --by 甲 --limit 2
audit verify
audit verify --head 0000 !
audit export {folder}/log.jsonl
audit close
audit clock
report draw BB --period 2019-03 --remark 示例
report draw BB --period 2199-03 !
report list
report show KF-BB-2019-001
report figures KF-BB-2019-001 --figure T01.forms.f01.now
report sign KF-BB-2019-001 --kind 拟制 --by 示例
report return KF-BB-2019-001 --reason 示例
report review KF-BB-2019-001 --by 示例
report issue KF-BB-2019-001 --to 质量部
report receipt KF-BB-2019-001 --for 质量部 --by 示例
report show KF-BB-2019-001
report correct KF-BB-2019-001 --reason 示例
report draw BB --period 2019
report review KF-BB-2019-002 --by 示例
report approve KF-BB-2019-002 --by 示例
report draw MY --period 2019
report void KF-MY-2019-001 --reason 示例
retention due --on 2026-01-01
retention hold {A} --reason 示例
retention holds
乙> retention release {A} --reason 示例
retention appraise {C} --extend-to 2031-01-01 --reason 示例
retention due
retention appraise {VOLUME} --destroy --reason 示例
乙> retention approve XH-{year}-001
retention lists
retention withdraw XH-{year}-001 --reason 示例
retention appraise {VOLUME} --destroy --reason 示例
乙> retention approve XH-{year}-002
丙> retention witness XH-{year}-002 --hash {hash} --on {today}
丁> retention witness XH-{year}-002 --hash {hash} --on {today}
retention lists
backup {folder}/kept
retention destroy XH-{year}-002
show {A}
restore {folder}/kept {folder}/again !
戊> --root {folder}/again retention replay {folder}/office
export --bag {folder}/bag --year 2019
export --bag {folder}/part {C}
--root {new} import {folder}/part
index status
index rebuild
jobs list
verify
status
--root {folder}/again rebuild !
spares -o {folder}/spares.xlsx
papers QR758-06A-2025-00001
products tracking
parts add 备件名称=示例备件 型号=BJ-1
parts import {parts}
parts list
improve
alike QR758-06A-2025-00001 -o {folder}/alike.xlsx
report evaluation KF-BB-2019-002 !
packs list
packs on ledger
packs off ledger
"""


@pytest.fixture
def words(tmp_path: Path) -> dict[str, str]:
    """Lay out what the commands read beside a copy of the office, and say where it is."""

    def write(name: str, content: Any) -> Path:
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return path

    def sample(form: str, **changes: Any) -> dict[str, Any]:
        values = json.loads((CHECKOUT / "forms" / "QR758" / form / "sample.json").read_text(encoding="utf-8")) | changes
        return {k: v for k, v in values.items() if v is not None}

    asked = {"channel": "电话", "source_record_no": None}
    open_row = {"handling_result": None, "closed_on": None, "linked_record": None, "call_at": "2025-12-05 09:00"}
    past = "表式,记录编号,日期,用户单位,题名,扫描件\n06A,QR758-06A-2016-00001,2016-05-01,示例单位,示例,paper.pdf\n"
    files = {
        "call": write("call.json", sample("01A", **asked)),
        "complaint": write("complaint.json", sample("01A", **asked, info_type=["投诉"])),
        "wrong": write("wrong.json", sample("01A", **asked, customer_unit=None)),
        "row": write("row.json", sample("02A", **open_row)),
        "more": write("more.json", {"handling_result": "示例", "closed_on": "2025-12-06"}),
        "more_of_d": write("more_of_d.json", {"reply_content": "示例"}),
        "notice": write("notice.json", sample("04A")),
        "report": write("report.json", sample("06A")),
        "task": write(
            "task.json", {"service_category": ["开通"], "on_site": True, "units": [{"product_model": "示例"}]}
        ),
        "customers": write("customers.csv", "用户单位,联系人\n示例单位八,示例\n"),
        "products": write("products.csv", "型号,出厂编号\n示例,S8\n"),
        "parts": write("parts.csv", "备件名称,型号\n示例备件二,BJ-2\n"),
        "past": write(
            "past.csv", past + past.splitlines()[1].replace("00001", "00002").replace("paper.pdf", "none.pdf")
        ),
        "broken": write("broken.pdf", "no PDF"),
        "paper": blank_scan(tmp_path / "paper.pdf"),
        "fax": tmp_path / "fax.png",
        "coded": tmp_path / "coded.png",
        "lost": tmp_path / "lost.png",
    }
    sheet(files["coded"], "QR758-06A-2025-00001/1/1")
    sheet(files["fax"], "HTTP://EXAMPLE.ORG/2")
    sheet(files["lost"], "HTTP://EXAMPLE.ORG/1")
    names = {"A": kept.A, "C": kept.C, "D": faulty_disk.D, "VOLUME": kept.VOLUME}
    today = administer.open_office(faulty_disk.workspace(tmp_path / "day")).today()  # the office's, not the machine's
    names |= {"today": today, "year": today[:4]}
    return names | {"folder": str(tmp_path), "new": str(tmp_path / "new")} | {k: str(p) for k, p in files.items()}


def test_keys_of_json_answers(
    tmp_path: Path,
    words: dict[str, str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    """Every command answers the keys it always did, no more and no less."""
    monkeypatch.setattr(Converter, "convert", faulty_disk.blank_convert)
    open_office = administer.open_office

    def opened(root: Path, name: str | None = None, **_: Any) -> Office:
        office = open_office(root)
        return replace(office, account=Account(name, name, f"uid-{name}")) if name else office

    monkeypatch.setattr(administer, "open_office", opened)
    cli = CommandLine(faulty_disk.workspace(tmp_path), capsys)
    found: dict[str, dict[str, str]] = {}
    password = "correct horse battery"  # each command may change it
    for line in filter(None, COMMANDS.splitlines()):
        asked = line.removesuffix(" !")
        who, _, command = asked.rpartition("> ")
        monkeypatch.setenv("QRECORDS_NEW_PASSWORD", password := f"{password} 9")
        answer = cli.json(*(["--account", who] if who else []), *shlex.split(command.format(**words)), ok=asked == line)
        found[line] = dict(sorted(places("", answer)))
        if "list" in answer:
            words["hash"] = answer["list"]["sha256"]
        if "passwd" in line:
            monkeypatch.setenv("QRECORDS_PASSWORD", password)
        if answer.get("unmatched"):
            words["page"] = answer["unmatched"][0].get("page", "")
    if request.config.getoption("--renew-golden"):
        lines = [
            f"{json.dumps(line, ensure_ascii=False)}: {json.dumps(told, ensure_ascii=False)}"
            for line, told in found.items()
        ]
        KEYS.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    assert found == json.loads(KEYS.read_text(encoding="utf-8"))


def places(at: str, value: object) -> Iterator[tuple[str, str]]:
    """Give each place of an answer with the type of what stands there; the entries of a list are one place."""
    if isinstance(value, dict) and at.rpartition(".")[2] not in OPEN:
        for key, inner in value.items():
            yield from places(f"{at}.{key}" if at else key, inner)
    elif isinstance(value, list):
        inside: dict[str, set[str]] = {}
        for one in value:
            for place, kind in places(f"{at}[]", one):
                inside.setdefault(place, set()).add(kind)
        yield at, "list"
        yield from ((place, " ".join(sorted(kinds))) for place, kinds in inside.items())
    else:
        yield at, type(value).__name__


def test_every_command_is_asked() -> None:
    def leaves(group: click.Group, before: str = "") -> Iterator[str]:
        for name in group.list_commands(click.Context(group)):
            command = group.get_command(click.Context(group), name)
            if isinstance(command, click.Group):
                yield from leaves(command, f"{before}{name} ")
            else:
                yield f"{before}{name}"

    lines = [re.sub(r"^(.> )?(--root \S+ )?", "", line) for line in COMMANDS.splitlines()]
    missing = [c for c in leaves(app.app) if c not in ELSEWHERE and not any(f"{x} ".startswith(f"{c} ") for x in lines)]
    assert missing == []
