"""What reaches a terminal moves and hides nothing, wherever it came from; names a reader takes for one another are refused.

The attack: an office whose free texts, names and file names all hold escape sequences, bells, C1 codes, marks of
direction and invisible characters, every command of click's tree run on it, for people and as JSON.
"""

from __future__ import annotations

import json
import re
import sqlite3
import sys
import unicodedata
from collections.abc import Callable
from contextlib import closing
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest

from qrecords.model.audit import Event
from qrecords.model.lookalikes import looks
from qrecords.model.neutral import is_neutral, neutral, neutral_json, neutral_line
from qrecords.render.pdf import Converter
from qrecords.stores.register import Register
from tests import retention_office as kept
from tests.commands import leaves
from tests.conftest import CommandLine, blank_scan
from tests.faulty_disk import D, blank_convert, workspace
from tests.laid import laid

EVIL = "坏\x1b[31m\x07\x08\r\x9b2J\x7f\u202e\u2066\u200b\u200e\ufeff\u2028\u00ad\u3164\U000e0041"
SPOOF = f"{EVIL}\n✓ 已归档"
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="file names of POSIX")


def unsafe(text: str) -> set[str]:
    return {f"U+{ord(c):04X}" for c in text if not is_neutral(c)}


# The free texts of the register; keys, states, dates and digests decide what a command does, and are left as they are.
FREE = {
    "record": ("title", "customer_unit", "opinion", "reviewed_by", "reason", "paper_no", "created_by"),
    "signature": ("by", "recorded_by"),
    "attached": ("name", "text", "added_by"),
    "correction": ("account", "by", "reason"),
    "item": ("title", "document_no", "creator", "filed_by"),
    "volume": ("title", "compiled_by"),
    "hold": ("reason", "placed_by", "release_reason", "released_by"),
    "extension": ("reason", "decided_by"),
    "disposition": ("drawn_by",),
    "copy_request": ("purpose", "recipient", "reason", "document_no", "requested_by", "decided_by"),
    "copy": ("issued_by", "returned_by"),
    "account": ("display_name",),
    "role_grant": ("granted_by", "revoked_by"),
    "audit": ("account", "object", "detail"),
}


def spoilt(value: Any) -> Any:
    """Return values with their texts spoilt; dates, numbers and choices decide what a form does."""
    match value:
        case str():
            return value if re.match(r"[\d\s:.T+-]+$|QR758|[0-9a-f]{64}", value) else value + SPOOF
        case dict():
            return {key: spoilt(v) for key, v in value.items()}
        case list():
            return [spoilt(v) for v in value]
    return value


def spoil_register(root: Path) -> None:
    with closing(sqlite3.connect(root / "archive" / "register.sqlite")) as c:
        for (trigger,) in c.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            c.execute(f'DROP TRIGGER "{trigger}"')
        for table, columns in FREE.items():
            for column in columns:
                if (table, column) == ("audit", "detail"):
                    continue
                c.execute(f'UPDATE "{table}" SET "{column}" = "{column}" || ?', (SPOOF,))
        for table, key, column in (
            ("record", "record_no", "values"), ("correction", "id", "changes"), ("audit", "seq", "detail"),
        ):  # fmt: skip
            for name, text in c.execute(f'SELECT "{key}", "{column}" FROM "{table}"').fetchall():
                values = spoilt(json.loads(text)) | ({} if column == "changes" else {SPOOF: SPOOF})
                changed = json.dumps(values, ensure_ascii=False)
                c.execute(f'UPDATE "{table}" SET "{column}" = ? WHERE "{key}" = ?', (changed, name))
        c.commit()


@cache
def _spoilt() -> Path:
    """An office with an item of every kind, asked-for copies, a hold and lists, then spoilt by hand."""
    folder = Path(mkdtemp(prefix="neutral-"))
    root = workspace(folder)
    with kept.opened(root) as people:
        from qrecords.model.lists import CUSTOMERS
        from qrecords.services.access import copies
        from qrecords.services.disposition.hold import hold
        from qrecords.services.intake.lists import add_entry

        copies.request(people.office, kept.A, purpose="示例", count=1)
        hold(people.office, kept.C, reason="示例")
        add_entry(people.office, CUSTOMERS, {"customer_unit": "示例单位", "customer_code": "示例01"})
    spoil_register(root)
    with closing(Register.open(root / "archive" / "register.sqlite")) as register, register.write() as tx:
        # Who edits the register is found by the seals; here the answers are to be seen.
        tx.audit.seal_all(Event(0, kept.NOW.isoformat(), "x", "administer", ""))
    for path in root.glob("*.csv"):
        path.write_text(path.read_text(encoding="utf-8-sig").replace("示例", f"示例{EVIL}"), encoding="utf-8-sig")
    return root


def files(folder: Path) -> dict[str, Path]:
    """Write the files of the commands, every name of which does something to a terminal."""
    name = SPOOF.replace("/", "")
    made = {kind: folder / f"{name}.{kind}" for kind in ("json", "csv", "xlsx", "docx", "pdf", "txt")}
    values = kept.information(7, f"示例{EVIL}") | {f"栏{SPOOF}": SPOOF, "channel": SPOOF}
    made["json"].write_text(json.dumps(values, ensure_ascii=False), encoding="utf-8")
    made["csv"].write_text(
        f"表式,日期,题名,扫描件,用户代码{EVIL}\n06A{EVIL},2019-03-01,{EVIL},{EVIL}.pdf,x\n", encoding="utf-8"
    )
    for kind in ("xlsx", "docx", "txt"):
        made[kind].write_bytes(b"no such file \x1b[31m")
    blank_scan(made["pdf"])
    made["folder"] = folder / f"{name}.d"
    made["folder"].mkdir()
    return made


Words = Callable[[dict[str, Path]], list[list[object]]]
RECORD, VOLUME = kept.A, kept.VOLUME
DOCUMENT = "KF-BB-2019-001"
WAYS: dict[str, Words] = {
    "init": lambda f: [["--org", SPOOF], ["--name", EVIL], ["--engine", SPOOF], [f["txt"]]],
    "demo": lambda f: [[f["folder"]], [f["txt"]]],
    "forms adopt": lambda f: [["01A", f["docx"]], [SPOOF, f["docx"]]],
    "forms check": lambda f: [["01A", "--no-pages"], ["01A", "--template", f["docx"]], [SPOOF]],
    "forms list": lambda _: [[]],
    "forms renew": lambda _: [["--difference"], [SPOOF]],
    "forms schema": lambda _: [["01A"], [SPOOF]],
    "forms sheet": lambda f: [["01A", "-o", f["folder"] / f"{SPOOF}.xlsx"], [SPOOF]],
    "forms show": lambda _: [["01A"], [SPOOF]],
    "forms template": lambda f: [["01A", "-o", f["folder"] / f"{SPOOF}.docx"], [SPOOF]],
    "fill": lambda f: [["01A", path] for path in f.values()] + [[SPOOF, f["json"]]],
    "update": lambda f: [[RECORD, f["json"]], [SPOOF, f["json"]], [D, f["xlsx"]]],
    "customers add": lambda _: [[SPOOF], [f"customer_unit={SPOOF}"], [f"{SPOOF}=x"]],
    "customers import": lambda f: [[f["csv"]], [f["xlsx"]]],
    "customers list": lambda _: [[], [SPOOF]],
    "parts add": lambda _: [[SPOOF], [f"part_name={SPOOF}"]],
    "parts import": lambda f: [[f["csv"]], [f["xlsx"]]],
    "parts list": lambda _: [[], [SPOOF]],
    "products add": lambda _: [[SPOOF], [f"product_model={SPOOF}"]],
    "products import": lambda f: [[f["csv"]], [f["xlsx"]]],
    "products list": lambda _: [[], [SPOOF]],
    "print": lambda f: [[RECORD, "--out", f["folder"]], [SPOOF], ["02A", "--month", kept.MONTH, "--out", f["folder"]]],
    "list": lambda _: [["--all"], ["--form", SPOOF], ["--state", SPOOF]],
    "show": lambda _: [[RECORD, "--history"], [kept.C, "--history"], [kept.ROWS[0]], [SPOOF]],
    "search": lambda f: [["示例"], [SPOOF], [f"{SPOOF}:x"], ["示例", "--unit", SPOOF], ["示例", "--after", SPOOF],
                         ["示例", "-o", f["folder"] / f"{SPOOF}.csv"], [f"--{SPOOF}"]],
    "require": lambda f: [[f["json"]], [f["xlsx"]], [f["txt"]]],
    "task arrivals": lambda _: [[]],
    "task show": lambda _: [[kept.NOTICE], [SPOOF]],
    "due": lambda _: [[], ["--on", SPOOF]],
    "complaints": lambda f: [[], ["-o", f["folder"] / f"{SPOOF}.docx"], ["-o", f["folder"] / SPOOF]],
    "feedback": lambda f: [[RECORD, "-o", f["folder"] / f"{SPOOF}.docx"], [SPOOF]],
    "report draw": lambda _: [
        ["BB", "--period", "2019-05", "--answer", SPOOF, "--remark", SPOOF], [SPOOF, "--period", "2019-05"],
        ["JB", "--period", "2019", "--branch", SPOOF], ["BB", "--period", SPOOF],
    ],
    "report show": lambda _: [[DOCUMENT], [SPOOF]],
    "report evaluation": lambda f: [[DOCUMENT], [DOCUMENT, "-o", f["folder"] / f"{SPOOF}.xlsx"], [DOCUMENT, "--unit", SPOOF], [SPOOF]],
    "report figures": lambda _: [[DOCUMENT], [DOCUMENT, "--figure", SPOOF], [SPOOF]],
    "report list": lambda _: [[], ["--kind", SPOOF]],
    "report review": lambda f: [[DOCUMENT, "--by", SPOOF], [DOCUMENT, "--evidence", f["txt"]], [SPOOF]],
    "report approve": lambda _: [[DOCUMENT, "--by", SPOOF], [SPOOF]],
    "report sign": lambda _: [[DOCUMENT, "--kind", "countersign", "--by", SPOOF], [DOCUMENT, "--kind", SPOOF]],
    "report return": lambda _: [[DOCUMENT, "--reason", SPOOF], [SPOOF, "--reason", "x"]],
    "report correct": lambda _: [[DOCUMENT, "--reason", SPOOF], [SPOOF, "--reason", "x"]],
    "report issue": lambda _: [[DOCUMENT, "--to", SPOOF, "--mail", SPOOF], [SPOOF]],
    "report receipt": lambda _: [[DOCUMENT, "--for", SPOOF, "--by", SPOOF], [SPOOF, "--for", "x", "--by", "y"]],
    "report void": lambda _: [[DOCUMENT, "--reason", SPOOF], [SPOOF, "--reason", "x"]],
    "issue": lambda _: [[kept.NOTICE], [SPOOF]],
    "submit": lambda _: [[D], [SPOOF], [SPOOF, "--month", "2019-05"]],
    "sign": lambda f: [[D, "--kind", SPOOF, "--by", SPOOF], [D, "--kind", "主管", "--by", SPOOF, "--evidence", f["pdf"]],
                       [kept.NOTICE, "--kind", "用户公章", "--by", SPOOF], [kept.NOTICE, "--kind", "用户公章", "--by", "x", "--evidence", f["txt"]]],
    "scan": lambda f: [[f["pdf"], "--no-ocr"], [f["txt"]], [f["folder"]], [f["folder"] / SPOOF]],
    "scan-assign": lambda _: [[SPOOF, RECORD], [f"{'0' * 16}", SPOOF]],
    "scan-drop": lambda _: [[SPOOF, "--reason", SPOOF], [SPOOF, "--reason", "扫重了"]],
    "attach": lambda f: [[RECORD, f["pdf"], "--no-ocr"], [RECORD, f["docx"]], [SPOOF, f["pdf"]]],
    "review": lambda _: [[D, "--opinion", SPOOF], [SPOOF]],
    "return": lambda _: [[D, "--reason", SPOOF], [SPOOF, "--reason", "x"]],
    "void": lambda _: [[D, "--reason", SPOOF], [SPOOF, "--reason", "x"]],
    "file": lambda _: [["--all"], [SPOOF], [SPOOF, "--month", "2019-05"]],
    "import": lambda f: [[f["csv"], "--as-filed"], [f["json"], "--as-filed"], [f["folder"]], [f["txt"], "--as-filed"]],
    "correct": lambda f: [[RECORD, f["json"], "--reason", SPOOF], [SPOOF, f["json"], "--reason", "x"]],
    "compile": lambda _: [["2019", "--dry-run"], ["2019"], ["2019", "--form", SPOOF], [SPOOF]],
    "volume catalogue": lambda _: [["2019"]],
    "volume find": lambda _: [[RECORD], [SPOOF]],
    "volume list": lambda _: [[]],
    "volume print-set": lambda f: [[VOLUME, "--out", f["folder"] / SPOOF], [SPOOF, "--out", f["folder"] / "x"]],
    "volume show": lambda _: [[VOLUME], [SPOOF]],
    "volume verify": lambda _: [[VOLUME], [SPOOF]],
    "retention appraise": lambda _: [[VOLUME, "--extend-to", "2050-12-31", "--reason", SPOOF], [SPOOF, "--destroy", "--reason", "x"]],
    "retention approve": lambda _: [[SPOOF]],
    "retention destroy": lambda _: [[SPOOF]],
    "retention due": lambda _: [[], ["--on", SPOOF]],
    "retention hold": lambda _: [[RECORD, "--reason", SPOOF], [SPOOF, "--reason", "x"]],
    "retention holds": lambda _: [[]],
    "retention lists": lambda _: [[]],
    "retention release": lambda _: [[kept.C, "--reason", SPOOF], [SPOOF, "--reason", "x"]],
    "retention replay": lambda f: [[f["folder"]], [f["txt"]]],
    "retention withdraw": lambda _: [[SPOOF, "--reason", SPOOF]],
    "retention witness": lambda _: [[SPOOF, "--hash", SPOOF, "--on", "2026-01-01"]],
    "copies approve": lambda _: [["FZ-2026-0001"], [SPOOF]],
    "copies issue": lambda f: [[SPOOF, "--out", f["folder"]]],
    "copies list": lambda f: [[], ["-o", f["folder"] / f"{SPOOF}.xlsx"], ["-o", f["folder"] / SPOOF]],
    "copies refuse": lambda _: [[SPOOF, "--reason", SPOOF]],
    "copies request": lambda _: [[RECORD, "--purpose", SPOOF, "--for", SPOOF], [SPOOF, "--purpose", "x"]],
    "copies return": lambda _: [[SPOOF]],
    "accounts add": lambda _: [[SPOOF], ["one", "--name", SPOOF], ["one", "--unit", SPOOF], ["one", "--user", SPOOF]],
    "accounts clearance": lambda _: [[SPOOF, "内部"], ["one", SPOOF]],
    "accounts disable": lambda _: [[SPOOF]],
    "accounts enable": lambda _: [[SPOOF]],
    "accounts grant": lambda _: [[SPOOF, "clerk"], ["one", SPOOF], ["one", "unit", "--unit", SPOOF]],
    "accounts list": lambda _: [[]],
    "accounts passwd": lambda _: [[SPOOF, "--reset"]],
    "accounts rename": lambda _: [[SPOOF, "x"], ["one", SPOOF]],
    "accounts revoke": lambda _: [[SPOOF, "clerk"], ["one", SPOOF]],
    "accounts roles": lambda _: [[]],
    "accounts show": lambda _: [[], [SPOOF]],
    "login": lambda _: [[SPOOF]],
    "logout": lambda _: [[]],
    "verify": lambda f: [[], ["--deep"], ["-o", f["folder"] / f"{SPOOF}.json"], ["-o", f["folder"] / SPOOF]],
    "audit clock": lambda _: [[], ["--reason", SPOOF]],
    "audit close": lambda _: [[]],
    "audit export": lambda f: [[f["folder"] / f"{SPOOF}.jsonl"], [f["folder"] / SPOOF / "x"]],
    "audit list": lambda _: [[], ["--object", SPOOF], ["--action", SPOOF], ["--by", SPOOF]],
    "audit verify": lambda _: [[], ["--head", SPOOF]],
    "backup": lambda f: [[f["folder"]], [f["txt"]]],
    "export": lambda f: [[SPOOF, "--bag", f["folder"] / "bag"], [kept.C, "--bag", f["folder"] / SPOOF], ["--year", "2019", "--bag", f["txt"]]],
    "rebuild": lambda _: [[]],
    "restore": lambda f: [[f["folder"], f["folder"] / SPOOF], [f["txt"], f["folder"] / "x"]],
    "move-register": lambda _: [["--to", SPOOF], ["--to", f"postgresql+psycopg://{SPOOF}@127.0.0.1:1/{SPOOF}"]],
    "move-archive": lambda _: [["--to", SPOOF], ["--to", f"s3://{SPOOF}/x"]],
    "index copy": lambda f: [[f["folder"]], [f["txt"]]],
    "index rebuild": lambda _: [[], ["--engine", SPOOF]],
    "index status": lambda _: [[]],
    "papers": lambda f: [[RECORD], [RECORD, SPOOF, "-o", f["folder"] / f"{SPOOF}.docx"]],
    "spares": lambda f: [["--stock", f["folder"] / f"{SPOOF}.csv"], ["-o", f["folder"] / f"{SPOOF}.xlsx"]],
    "products tracking": lambda f: [[SPOOF], ["-o", f["folder"] / f"{SPOOF}.xlsx"]],
    "improve": lambda f: [[SPOOF], [SPOOF, "-o", f["folder"] / f"{SPOOF}.xlsx"]],
    "alike": lambda f: [[RECORD], [RECORD, "-o", f["folder"] / f"{SPOOF}.xlsx"]],
    "packs list": lambda _: [[]],
    "packs off": lambda _: [[SPOOF]],
    "packs on": lambda _: [[SPOOF]],
    "jobs list": lambda _: [[]],
    "jobs show": lambda _: [[SPOOF]],
    "jobs stop": lambda _: [[SPOOF]],
    "worker": lambda _: [["--kinds", SPOOF]],
    "serve": lambda _: [["--host", SPOOF], ["--port", SPOOF]],
    "status": lambda _: [[]],
}  # fmt: skip
# What shows no text from outside, or names the characters it refuses.
SILENT = {
    "audit clock",
    "copies refuse",
    "customers list",
    "products list",
    "parts list",
    "retention lists",
    "retention withdraw",
}
SILENT |= {
    "task arrivals",
    "volume catalogue",
    "forms list",
    "packs list",
    "jobs list",
    "jobs show",
    "jobs stop",
    "accounts roles",
    "logout",
    "index status",
    "status",
    "audit close",
    "rebuild",
    "move-register",
    "login",
    "demo",
}
DRAWS_NOTHING_FOREIGN = {"demo"}  # makes an office of samples: minutes, and only its folder comes from outside


def test_no_command_is_forgotten() -> None:
    assert set(WAYS) == {name for name, _ in leaves()}


@pytest.fixture
def spoilt_office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(Converter, "convert", blank_convert)
    monkeypatch.setenv("QRECORDS_NEW_PASSWORD", "Abcd-1234-efgh")
    monkeypatch.setenv("QRECORDS_PASSWORD", "Abcd-1234-efgh")
    return laid(_spoilt(), tmp_path / "office")


@pytest.mark.parametrize("command", sorted(WAYS))
def test_every_command_prints_neutral_text(
    spoilt_office: Path, capsys: pytest.CaptureFixture[str], command: str, tmp_path: Path
) -> None:
    cli, made = CommandLine(spoilt_office, capsys), files(tmp_path)
    shown = ""
    for words in WAYS[command](made):
        if command in DRAWS_NOTHING_FOREIGN and words == [made["folder"]]:
            continue
        for ran in (cli(*command.split(), *words, ok=False), cli("--json", *command.split(), *words, ok=False)):
            assert unsafe(ran.out + ran.err) == set(), (words, ran)
            assert "程序内部错误" not in ran.err + ran.out, (words, ran)
            assert not any(line.startswith("✓ 已归档") for line in (ran.out + ran.err).splitlines()), (
                "a line of its own"
            )
            shown += ran.out + ran.err
            if ran.out.startswith("{"):
                json.loads(ran.out)
    assert ("␛" in shown and "\\u001b" in shown) is (command not in SILENT), "what was put in comes out again, as signs"


def test_help_pages_and_wrong_words_are_neutral(cli: CommandLine) -> None:
    for words in (
        [EVIL],
        ["--" + EVIL],
        ["show", "--" + EVIL],
        ["accounts", EVIL],
        ["show", "x", EVIL, EVIL],
        ["list", "--year", EVIL],
    ):
        ran = cli(*words, ok=False)
        assert unsafe(ran.out + ran.err) == set() and ("␛" in ran.err or "\\x1b" in ran.err), words


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_what_a_library_writes_is_neutral_too(
    cli: CommandLine, capsys: pytest.CaptureFixture[str], stream: str
) -> None:
    """Warnings and the like do not pass through our own words."""
    cli("status")
    print(EVIL, file=getattr(sys, stream))
    assert unsafe("".join(capsys.readouterr())) == set()


def test_signs_tell_characters_apart_and_json_loses_none() -> None:
    bad = [chr(n) for n in range(sys.maxunicode + 1) if not is_neutral(chr(n))]
    assert len({neutral(c) for c in bad}) == len(bad) and all(unsafe(neutral(c)) == set() for c in bad)
    kinds = {unicodedata.category(c) for c in bad}
    assert kinds >= {"Cc", "Cf", "Cs", "Zl", "Zp"}
    text = json.dumps({EVIL: SPOOF, "\udcd6": "𠮷"}, ensure_ascii=False)
    assert json.loads(neutral_json(text)) == {EVIL: SPOOF, "\udcd6": "𠮷"} and unsafe(neutral_json(text)) == set()
    assert neutral("示例\n\t𠮷〇ＡÁ") == "示例\n\t𠮷〇ＡÁ"
    assert neutral_line("a\nb\n  c\n") == "a\n    b\n  c\n"


ALIKE = [
    ("clerk1", "clerkl"), ("clerk1", "clerkI"), ("admin", "аdmin"), ("admin", "Admin"), ("admin", "ａｄｍｉｎ"),
    ("bob", "b0b"), ("morn", "mom"), ("王芳", "王 芳"), ("王芳", "王\u3000芳"), ("王芳", "王\u2060芳"), ("王口", "王ロ"),
    ("阿·示例", "阿•示例"), ("长示", "⻓示"), ("示例（一部）", "示例(一部)"), ("示二", "示ニ"), ("OLGA", "ОLGА"), ("müller", "muller"),
]  # fmt: skip
APART = [("clerk1", "clerk2"), ("wangli", "wangll"), ("王芳", "王方"), ("示例一", "示例二"), ("张三", "张三（二部）")]


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_names_that_look_alike(one: str, other: str) -> None:
    assert looks(one) & looks(other)


@pytest.mark.parametrize(("one", "other"), APART)
def test_names_that_do_not(one: str, other: str) -> None:
    assert not looks(one) & looks(other)


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["add", "clerkl"], 6), (["add", "CLERK1"], 6), (["add", "сlerk1"], 3), (["add", "clerk\u200b1"], 3),
        (["add", "clerk\x1b1"], 3), (["add", "clerk2", "--name", "王 芳"], 6), (["add", "clerk2", "--name", "王\u3000芳"], 6),
        (["add", "clerk2", "--name", "⺩芳"], 6), (["add", "clerk2", "--name", "Clerk1"], 6),
        (["add", "clerk2", "--name", "王\u202e芳"], 3), (["add", "clerk2", "--name", "王\x07芳"], 3),
        (["add", "clerk2", "--unit", "一\x9b所"], 3), (["add", "clerk2", "--name", "王" * 5000], 3),
        (["rename", "clerk3", "王 芳"], 6), (["rename", "clerk3", "王\u200b芳"], 3), (["rename", "clerk3", "ｃlerk1"], 6),
        (["grant", "clerk3", "unit", "--unit", "一\x1b所"], 3),
    ],
)  # fmt: skip
def test_accounts_take_no_such_name(cli: CommandLine, words: list[str], status: int) -> None:
    cli("accounts", "add", "clerk1", "--name", "王芳")
    cli("accounts", "add", "clerk3", "--name", "示例三")
    before = cli.json("accounts", "list")["accounts"]
    refused = cli("accounts", *words, ok=False)
    assert (refused.status, bool(unsafe(refused.err))) == (status, False), refused.err
    assert cli.json("accounts", "list")["accounts"] == before
    cli("accounts", "rename", "clerk1", "王　芳")  # one's own name may be written otherwise


@pytest.mark.parametrize(
    ("words", "status"), [(["--name", "王\x1b芳"], 3), (["--name", "王\u202e芳"], 3), (["--org", "单位\x07"], 3)]
)
def test_init_takes_no_such_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], status: int
) -> None:
    cli = CommandLine(tmp_path / "new", capsys)
    ran = cli("init", *words, ok=False)
    assert (ran.status, bool(unsafe(ran.err))) == (status, False), ran.err


def test_an_office_s_name_is_kept_as_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cli = CommandLine(tmp_path / "new", capsys)
    cli("init", "--org", '示例"总厂"\\一')
    assert cli.json("status")["org_name"] == '示例"总厂"\\一'
