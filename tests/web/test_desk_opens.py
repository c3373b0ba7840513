"""`qrecords serve` opens the person's browser with the link that lets in once, and opens none when told so."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.conftest import CHECKOUT, at_now

BROWSER = """#!/bin/sh
printf %s "$1" > "$0.given.new" && mv "$0.given.new" "$0.given"
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a browser that is a shell script")
@pytest.mark.parametrize("words", [[], ["--open"], ["--no-open"]], ids=["by itself", "--open", "--no-open"])
def test_the_browser_is_opened_with_the_link_that_lets_in_once(
    tmp_path: Path, fresh: Callable[..., Path], words: list[str]
) -> None:
    root, browser = fresh(tmp_path / "office", at_now), tmp_path / "browser"
    browser.write_text(BROWSER, encoding="ascii")
    browser.chmod(0o755)
    given = tmp_path / "browser.given"
    environment = os.environ | {"BROWSER": f"{browser} %s", "PYTHONPATH": str(CHECKOUT / "src")}
    command = [sys.executable, "-m", "qrecords", "--root", str(root), "serve", "--port", "0", *words]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            entrance = process.stdout.readline().strip().partition("：")[2]
            address, _, key = entrance.partition("/in?key=")
            assert address.startswith("http://127.0.0.1:")
            assert key
            if words == ["--no-open"]:
                time.sleep(1.5)  # the others are opened at once
                assert not given.exists()
            else:
                until = time.monotonic() + 20
                while not given.exists():
                    assert time.monotonic() < until
                    time.sleep(0.02)
                assert given.read_text() == entrance
            with httpx.Client(base_url=address, timeout=30) as person:
                assert person.get("/in", params={"key": key}).status_code == 303
                assert "今日" in person.get("/").text
            assert httpx.get(entrance, timeout=30).status_code == 403, "it lets in once"
        finally:
            process.terminate()
