"""Every command of the program's own tree, asked for a record the account may not read: nothing tells that it is there.

A new command cannot be forgotten: the list below must name each, or say why it has nothing to tell.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.commands import leaves
from tests.conftest import FORMS, CommandLine, normalised
from tests.services.test_leaks import DIFFERENCES, HIDDEN, HIDDEN_COMPLAINT, MARK, NOTICE, OPEN, an_office

SAMPLE = str(FORMS / "06A" / "sample.json")
NO_RECORD = "it is about no record"
# The words of each command, or why it is not asked; {o} is a folder for what it writes.
ASKED: dict[str, str | list[str]] = {
    "init": "it makes another office",
    "demo": "it makes another office",
    "serve": "tests/web/test_desk.py asks through HTTP",
    "worker": "it does what others asked for, and tells no more than how many",
    "login": NO_RECORD,
    "logout": NO_RECORD,
    "restore": "it makes another office, out of a backup whoever has it can read",
    "rebuild": "it wants the register gone",
    "move-register": "it moves all there is, and tells how much; by who administers alone",
    "move-archive": "it moves all there is, and tells how much; by who administers alone",
    "index copy": "it takes what it finds of this very register, by who administers alone",
    "index rebuild": [""],
    "index status": [""],
    "status": [""],
    "verify": "whoever may check all there is is told how much there is",
    "backup": ["{o}/backup"],
    "fill": [f"06A {SAMPLE}", f"06A {SAMPLE} --dry-run"],
    "update": [f"{HIDDEN} {{o}}/values.json", "06A {o}/values.json"],
    "import": ["{o}/none"],
    "show": [HIDDEN, f"{HIDDEN} --history", HIDDEN_COMPLAINT],
    "list": ["", "--form 06A", "--state 草稿", "-o {o}/ledger.csv"],
    "search": [MARK, HIDDEN, f"{MARK} -o {{o}}/hits.csv", "用户:示例单位九", "示例"],
    "print": [HIDDEN, f"{HIDDEN} {OPEN}"],
    "require": ["{o}/values.json"],
    "task show": [NOTICE, "QR758-04A-2025-00002"],
    "task arrivals": [""],
    "due": ["", "--on 2025-12-31"],
    "complaints": ["", "--from 2025-01-01 -o {o}/list.xlsx"],
    "feedback": [f"{HIDDEN_COMPLAINT} -o {{o}}/sheet.docx"],
    "issue": ["QR758-04A-2025-00002"],
    "submit": [HIDDEN],
    "sign": [f"{HIDDEN} --kind 服务人员签名 --by 示例"],
    "scan": ["{o}/page.png --dry-run"],
    "scan-assign": [f"P0A1B2C3D4E5 {HIDDEN}"],
    "scan-drop": ["P0A1B2C3D4E5 --reason 扫重了"],
    "attach": [f"{HIDDEN} {{o}}/page.png"],
    "review": [HIDDEN],
    "return": [f"{HIDDEN} --reason 示例"],
    "void": [f"{HIDDEN} --reason 示例"],
    "file": [HIDDEN, "--all", "02A --month 2025-03"],
    "correct": [f"{HIDDEN} {{o}}/values.json --reason 示例"],
    "compile": ["2025 --dry-run", "2025 --form 06A --dry-run"],
    "export": [f"{HIDDEN} --bag {{o}}/bag", "--year 2025 --bag {o}/bag"],
    "volume list": [""],
    "volume find": [HIDDEN],
    "volume show": ["750-KJ·KF·06·2025·D5-001"],
    "volume verify": ["750-KJ·KF·06·2025·D5-001"],
    "volume print-set": ["750-KJ·KF·06·2025·D5-001 --out {o}/set"],
    "volume catalogue": ["2025"],
    "retention due": ["", "--on 2040-01-01"],
    "retention hold": [f"{HIDDEN} --reason 示例", "示例单位九 --reason 示例"],
    "retention release": [f"{HIDDEN} --reason 示例", "示例单位九 --reason 示例"],
    "retention holds": [""],
    "retention lists": [""],
    "retention appraise": [f"{HIDDEN} --destroy --reason 示例", f"{HIDDEN} --extend-to 2040-01-01 --reason 示例"],
    "retention approve": ["XH-2026-001"],
    "retention witness": ["XH-2026-001 --hash 0123456789abcdef --on 2026-03-04"],
    "retention destroy": ["XH-2026-001"],
    "retention withdraw": ["XH-2026-001 --reason 示例"],
    "retention replay": ["{o}/none"],
    # What a document says is fixed by its scope: tests/services/test_reports.py draws as accounts of one branch.
    "report draw": ["JB --period 2025-02 --branch 空军", "XX --period 2025"],
    "report list": [""],
    "report show": ["KF-BB-2025-001", "KF-JB-2025-001", "KF-JB-2025-002"],
    "report figures": ["KF-BB-2025-001 --figure T01.forms.total.now", "KF-BB-2025-001", "KF-JB-2025-001", "KF-JB-2025-002"],
    "report evaluation": ["KF-BB-2025-001", "KF-BB-2025-001 -o {o}/evaluation.xlsx"],
    "report review": ["KF-BB-2025-001 --by 示例"],
    "report approve": ["KF-BB-2025-001 --by 示例"],
    "report sign": ["KF-BB-2025-001 --kind 会签 --by 示例"],
    "report return": ["KF-BB-2025-001 --reason 示例"],
    "report void": ["KF-BB-2025-001 --reason 示例"],
    "report issue": ["KF-BB-2025-001"],
    "report receipt": ["KF-BB-2025-001 --for 质量部 --by 示例"],
    "report correct": ["KF-BB-2025-001 --reason 示例", "KF-JB-2025-009 --reason 示例"],
    "papers": [HIDDEN, f"{HIDDEN} intake -o {{o}}/paper.docx"],
    "spares": ["", "-o {o}/spares.xlsx"],
    "alike": [HIDDEN, "QR758-06A-2025-00002", "QR758-06A-2025-00002 -o {o}/alike.xlsx"],
    "improve": ["", f"{HIDDEN} -o {{o}}/improve.xlsx"],
    "copies request": [f"{HIDDEN} --purpose 示例 --for 示例"],
    "copies approve": ["FB-2026-001"],
    "copies issue": ["FB-2026-001 --out {o}/copies"],
    "copies list": [""],
    "copies refuse": ["FB-2026-001 --reason 示例"],
    "copies return": ["FB-2026-001-1"],
    **dict.fromkeys(("packs list", "packs on", "packs off"), NO_RECORD),
    "jobs list": [""],
    "jobs show": ["00000000000000000000000000000000"],
    "jobs stop": ["00000000000000000000000000000000"],
    "audit list": ["", f"--object {HIDDEN}"],
    "audit verify": [""],
    "audit export": ["{o}/log.jsonl"],
    "audit close": [""],
    "audit clock": [""],
    **dict.fromkeys(("forms adopt", "forms check", "forms list", "forms renew", "forms schema", "forms show", "forms template"), NO_RECORD),
    "forms sheet": ["06A -o {o}/sheet.xlsx", "10A --open -o {o}/open.xlsx"],
    **dict.fromkeys(("customers add", "customers import", "products add", "products import", "parts add", "parts import"), NO_RECORD),
    **dict.fromkeys(("customers list", "products list", "parts list"), NO_RECORD),
    "products tracking": ["", "-o {o}/tracking.csv"],
    **{
        f"accounts {name}": NO_RECORD
        for name in (
            "add", "clearance", "disable", "enable", "grant", "list", "passwd", "rename", "revoke", "roles", "show",
        )
    },
}  # fmt: skip


def test_no_command_is_forgotten() -> None:
    assert {name for name, _ in leaves()} == set(ASKED)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give the folder of two offices that differ by one record the account may not read."""
    folder = tmp_path_factory.mktemp("two")
    for name in ("with", "without"):
        with closing(an_office(folder / name, DIFFERENCES["level"], "level", with_hidden=name == "with")) as office:
            (folder / name / "hidden.json").unlink()
            del office
    yield folder


@pytest.mark.parametrize("command", [name for name, words in ASKED.items() if not isinstance(words, str)])
def test_nothing_of_it_shows_to_any_command(
    made: Path, tmp_path: Path, command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    low = DIFFERENCES["level"].low
    monkeypatch.setattr("qrecords.desk.session.acting_account", lambda *_: low)
    told: dict[str, list[str]] = {}
    for name in ("with", "without"):
        place = tmp_path / name
        shutil.copytree(made / name, place / "office")
        (place / "values.json").write_text("{}", encoding="utf-8")
        (place / "page.png").write_bytes(b"\x89PNG\r\n\x1a\n")
        line = CommandLine(place / "office", capsys)
        told[name] = []
        for words in ASKED[command]:
            for json_too in ((), ("--json",)):
                ran = line(*json_too, *command.split(), *words.format(o=place).split(), ok=False)
                assert "没有选项" not in ran.err and "--help 查看用法" not in ran.err, (words, ran.err)
                said = f"{ran.status}\n{ran.out}\n{ran.err}".replace(str(place), "PLACE")
                told[name].append(plain(said))
    assert told["with"] == told["without"]
    assert MARK not in "".join(told["with"]) or command == "search", "but as the word that was asked"


def plain(text: str) -> str:
    """Return an answer without moments, hashes and random names, and where its objects lie."""
    text = re.sub(r"s3://[\w.-]+/[\w.-]+", "STORE", normalised(text))  # each office on servers has its own
    text = re.sub(r"[0-9a-f]{12,64}", "HASH", text)
    # Drawn again within the same second a paper is the same bytes, and stays in the version that had them first.
    text = re.sub(r"/v\d+/content/", "/vN/content/", text)
    return re.sub(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?(\.\d+)?(\+\d\d:\d\d)?", "MOMENT", text)
