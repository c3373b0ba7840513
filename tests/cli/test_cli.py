"""The command line as a clerk meets it: help, refusals, one JSON object, exit statuses."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

from qrecords.cli import app
from qrecords.stores.register import Register
from tests.conftest import CHECKOUT, CommandLine


def all_commands() -> list[list[str]]:
    def below(group: click.Group, words: list[str]) -> list[list[str]]:
        found = []
        for name in group.list_commands(click.Context(group)):
            command = group.get_command(click.Context(group), name)
            assert command is not None
            found.append([*words, name])
            if isinstance(command, click.Group):
                found += below(command, [*words, name])
        return found

    return below(app.app, [])


@pytest.mark.parametrize("words", all_commands(), ids=" ".join)
def test_every_command_explains_itself_in_chinese(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        app.run([*words, "--help"])
    text = capsys.readouterr().out
    assert left.value.code == 0
    assert text.startswith("用法：qrecords")
    assert not [w for w in ("Usage", "Options", "Commands", "Show this message", "[OPTIONS]") if w in text]
    described = [line for line in text.splitlines()[1:] if line.strip()]
    assert any("\u4e00" <= c <= "\u9fff" for c in described[0]), "the first line says what the command does"


@pytest.mark.parametrize("words", all_commands(), ids=" ".join)
def test_every_command_is_in_a_readme(words: list[str]) -> None:
    text = "".join((CHECKOUT / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh-CN.md"))
    assert f"qrecords {' '.join(words[:1])}" in text


def test_the_help_page(golden: Callable[[str, str], None], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        app.run(["--help"])
    golden("help", capsys.readouterr().out)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["nonsense"], "没有命令 nonsense"),
        (["fill"], "缺少 表式"),
        (["fill", "06A"], "缺少 输入文件"),
        (["list", "--nonsense"], "没有选项 --nonsense"),
        (["list", "--year", "next"], "「next」不行"),
        (["list", "--state", "lost"], "可选：草稿（draft）"),
        (["list", "--month", "2026-13"], "不是月份"),
        (["review", "QR758-06A-2026-00001", "--on", "3/4/2026"], "看不出是哪一天"),
        (["show", "a", "b"], "多出了参数"),
        (["sign", "x", "--kind"], "后面要写值"),
        (["file"], "--all"),
        (["file", "--all", "x"], "--all"),
        (["print", "02A", "03A", "--month", "2026-03"], "只写一个表式编号"),
        (["void", "x", "--reason", " "], "没有写原因"),
    ],
)
@pytest.mark.parametrize("as_json", [False, True], ids=["people", "json"])
def test_a_wrong_command_line_is_told_in_chinese(cli: CommandLine, words: list[str], says: str, as_json: bool) -> None:
    if as_json:
        answer = cli.json(*words, ok=False)
        ran, told = cli("--json", *words, ok=False), answer["error"]["message"] + answer["error"]["remedy"]
        assert answer["error"]["code"] == "usage"
        assert answer["error"]["remedy"]
    else:
        ran = cli(*words, ok=False)
        told = ran.err
    assert ran.status == 2
    assert says in told


def test_json_may_stand_anywhere(cli: CommandLine) -> None:
    assert json.loads(cli("status", "--json").out)["ok"] is True


def test_outside_a_workspace_it_says_how_to_make_one(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        app.run(["list"])
    assert left.value.code == 5
    assert "qrecords init" in capsys.readouterr().err


def test_init_makes_a_workspace_once_and_again(cli: CommandLine) -> None:
    path = cli.root / "archive" / "register.sqlite"
    before = Register.open(path).register_id
    (cli.root / "qrecords.toml").write_text('[office]\norg_name = "示例公司"\n', encoding="utf-8")
    cli("init")
    assert "示例公司" in (cli.root / "qrecords.toml").read_text(encoding="utf-8")
    assert Register.open(path).register_id == before
    assert {p.name for p in cli.root.iterdir()} == {"qrecords.toml", "access.toml", "forms", "archive", "indexes"}


def test_a_wrong_setting_is_named_with_all_others(cli: CommandLine) -> None:
    wrong = '[office]\nnmae = "x"\n[volumes]\nmax_pages = "many"\n[nothing]\n'
    (cli.root / "qrecords.toml").write_text(wrong, encoding="utf-8")
    problems = cli.json("status", ok=False)["error"]["problems"]
    assert [p["field"] for p in problems] == ["office.nmae", "volumes.max_pages", "nothing"]


def test_an_unknown_user_of_the_system_is_refused(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USER", "root")
    monkeypatch.setattr("qrecords.acting.peer_uid", lambda: "4711")
    assert cli("status", ok=False).status == 4
    assert cli("--account", "root", "status", ok=False).status == 4


def test_a_fault_of_ours_is_no_traceback(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError("x")

    monkeypatch.setattr("qrecords.services.administer.status", broken)
    ran = cli("status", ok=False)
    assert ran.status == 1
    assert "程序内部错误" in ran.err


def test_the_desk_answers_before_word_excel_and_pdf_are_loaded() -> None:
    script = "import sys; from qrecords.web.serving import serve; from qrecords.web.app import load_pages\n"
    seen = "print([m for m in ('docx', 'openpyxl', 'pypdf', 'pikepdf') if m in sys.modules])\n"
    told = subprocess.run(
        [sys.executable, "-c", script + seen + "load_pages()\n" + seen], capture_output=True, text=True, check=True
    ).stdout
    assert told.splitlines() == ["[]", "['docx', 'openpyxl', 'pypdf', 'pikepdf']"]


def test_help_needs_no_heavy_library() -> None:
    script = "import sys; from qrecords.cli.app import run\ntry: run(['--help'])\nexcept SystemExit: pass\n"
    script += "print([m for m in ('sqlalchemy', 'docx', 'pydantic', 'tantivy', 'pypdf') if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert out.splitlines()[-1] == "[]"


def test_help_of_a_command_loads_no_library_for_data_or_papers() -> None:
    """Help and Tab load the module of a command, and no more than what it says."""
    script = "import sys; from importlib import import_module; from qrecords.cli.app import COMMANDS\n"
    script += "for where, _ in COMMANDS.values(): import_module(where.partition(':')[0])\n"
    script += "heavy = ['sqlalchemy', 'docx', 'openpyxl', 'jinja2', 'lxml', 'tantivy', 'pypdf', 'pypdfium2']\n"
    script += "heavy += ['starlette', 'uvicorn', 'anyio', 'multipart', 'qrecords.web']\n"  # the desk's
    script += "print([m for m in heavy if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert out.splitlines()[-1] == "[]"


@pytest.mark.parametrize("words", [["--help"], ["serve", "--help"], ["worker", "--help"]])
def test_help_loads_nothing_of_the_desk(words: list[str]) -> None:
    script = "import sys; from qrecords.cli import app\n"
    script += "try: app.run(sys.argv[1:])\n"
    script += "finally: print(*sorted(sys.modules), file=sys.stderr)"
    ran = subprocess.run([sys.executable, "-c", script, *words], capture_output=True, text=True, check=False)
    assert "Usage" in ran.stdout or "用法" in ran.stdout, ran.stdout
    loaded = set(ran.stderr.split())
    assert "qrecords.cli.app" in loaded
    assert {m for m in loaded if m.partition(".")[0] in {"starlette", "uvicorn", "anyio", "jinja2"}} == set()
    assert {m for m in loaded if m == "qrecords.web" or m.startswith("qrecords.web.")} == set()


def test_a_closed_pipe_is_no_error(tmp_path: Path) -> None:
    command = f"{sys.executable} -m qrecords --help | head -n 1; echo ${{PIPESTATUS[0]}}"
    ran = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] in {"0", "141"}
    assert "Traceback" not in ran.stderr


def test_the_log_has_a_line_for_each_step_and_the_command(cli: CommandLine, sample: Any, write: Any) -> None:
    ran = cli("--log", "--json", "fill", "01A", write(sample("01A")))
    assert ran.json["ok"]
    moment = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}"
    lines = ran.err.splitlines()
    assert any(re.fullmatch(rf"{moment} [0-9a-f]{{12}} \S+ fill \d+ ms", line) for line in lines)
    assert re.fullmatch(rf"{moment} - \S+ fill \d+ ms", lines[-1])
    assert cli("submit", "01A-2025-1").err.count(" ms") == 0, "off unless asked for"


def test_a_group_without_a_command_names_those_it_has(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        app.run(["jobs"])
    told = capsys.readouterr().err
    assert left.value.code == 2
    assert told == "✗ qrecords jobs 后面还要写办什么：list、show、stop\n→ 用 qrecords jobs --help 查看用法\n"


def test_the_name_alone_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        app.run([])
    assert left.value.code == 0 and capsys.readouterr().out.startswith("用法：qrecords")


def test_an_unknown_candidate_of_improvement_is_told(cli: CommandLine) -> None:
    ran = cli("improve", "QR758-06A-2099-00001", ok=False)
    assert (ran.status, "没有线索「QR758-06A-2099-00001」" in ran.err) == (5, True)
    assert cli("improve").status == 0
