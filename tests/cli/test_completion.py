"""What Tab offers, asked as the shells ask: bash in earnest, zsh, fish and PowerShell by their protocol."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import CommandLine


@pytest.fixture
def offered(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Return what is offered for the last of some words, in the workspace."""

    def ask(*words: str, shell: str = "bash") -> list[str]:
        monkeypatch.chdir(cli.root)
        monkeypatch.setenv("_QRECORDS_COMPLETE", f"{shell}_complete")
        monkeypatch.setenv("COMP_WORDS", " ".join(["qrecords", *words]))
        monkeypatch.setenv("COMP_CWORD", words[-1] if shell in {"fish", "powershell"} else str(len(words)))
        out = cli().out
        monkeypatch.delenv("_QRECORDS_COMPLETE")
        return out.split()

    return ask


def test_forms_are_offered_short_or_in_full(offered: Callable[..., Any]) -> None:
    assert offered("fill", "0") == [f"plain,0{n}A" for n in range(1, 10)]
    assert offered("forms", "show", "QR758-1") == ["plain,QR758-10A", "plain,QR758-11A"]
    assert offered("forms", "check", "06A", "1") == ["plain,10A", "plain,11A"]


def test_records_are_offered_the_newest_first(
    cli: CommandLine, offered: Callable[..., Any], sample: Callable[..., Any], write: Callable[..., Path]
) -> None:
    cli("fill", "03A", write([sample("03A", linked_record=None), sample("03A", subject="示例二", linked_record=None)]))
    numbers = ["QR758-03A-2025-00002", "QR758-03A-2025-00001"]
    for words in (("show", "QR758-03"), ("show", "03A-2025"), ("submit", ""), ("update", "QR")):
        assert [n.removeprefix("plain,") for n in offered(*words)] == numbers
    assert offered("show", "QR758-04") == []
    assert offered("show", "%") == [], "what is a wildcard to the database is none to a clerk"


def test_commands_and_options_are_offered(offered: Callable[..., Any]) -> None:
    assert "plain,forms" in offered("fo")
    assert "plain,adopt" in offered("forms", "ad")
    assert "plain,--keep-going" in offered("fill", "--ke")


def test_without_a_workspace_nothing_is_offered_and_nothing_fails(
    tmp_path: Path, offered: Callable[..., Any], cli: CommandLine
) -> None:
    shutil.rmtree(cli.root / "archive")
    assert offered("show", "QR") == []
    (cli.root / "qrecords.toml").unlink()
    assert offered("fill", "0") == []


@pytest.mark.parametrize(("shell", "line"), [("zsh", "10A"), ("fish", "plain,10A"), ("powershell", "10A")])
def test_other_shells_are_answered_in_their_own_way(offered: Callable[..., Any], shell: str, line: str) -> None:
    assert line in offered("fill", "10", shell=shell)


@pytest.mark.parametrize(
    ("shell", "says"),
    [("bash", "complete -o nosort"), ("zsh", "compdef"), ("fish", "complete --"), ("powershell", "ArgumentCompleter")],
)
def test_each_shell_gets_its_script(cli: CommandLine, monkeypatch: pytest.MonkeyPatch, shell: str, says: str) -> None:
    monkeypatch.setenv("_QRECORDS_COMPLETE", f"{shell}_source")
    script = cli().out
    assert says in script
    assert "_QRECORDS_COMPLETE" in script


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_bash_itself_completes(cli: CommandLine, tmp_path: Path) -> None:
    program = tmp_path / "bin" / "qrecords"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m qrecords "$@"\n')
    program.chmod(0o755)
    script = (
        'eval "$(_QRECORDS_COMPLETE=bash_source qrecords)"; COMP_WORDS=(qrecords fill 1); COMP_CWORD=2; '
        '_qrecords_completion qrecords; echo "${COMPREPLY[@]}"'
    )
    environment = os.environ | {"PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, check=True, cwd=cli.root, env=environment
    )
    assert done.stdout.split() == ["10A", "11A"]
