"""What browser tests share: one Chromium, one office and its server a file, pages that complain of nothing."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from qrecords.office import Office
from qrecords.services.access.deskaccess import open_session
from qrecords.services.administer import open_office
from qrecords.web.app import desk_app
from qrecords.web.serving import listening
from qrecords.web.signedin import COOKIE, Door
from tests.conftest import at_now

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
browser_marks = [
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed (tools/system-packages.sh judges)"),
    pytest.mark.office,
]
SIZES = {"1366×768": (1366, 768), "200 %": (683, 384), "phone": (390, 844)}
HANDHELD = {"a phone": (390, 844), "a tablet": (820, 1180)}  # pointed at with a finger


@contextmanager
def served(office: Office, work: Callable[[], None] | None = None, door: Door | None = None) -> Iterator[str]:
    """Serve an office and give its address; `work` stands in for the process that does the long work."""
    place = listening("127.0.0.1", 0)
    app = desk_app(door or Door(office.workspace), hosts={"127.0.0.1"})
    app.state.work = work or app.state.work
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [place]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{place.getsockname()[1]}"
    server.should_exit = True
    thread.join(10)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, fresh: Callable[..., Path]) -> Iterator[Office]:
    """Return the office all tests of a file work in."""
    opened = open_office(fresh(tmp_path_factory.mktemp("house") / "office", at_now), clock=at_now)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def address(house: Office) -> Iterator[str]:
    with served(house) as place:
        yield place


@contextmanager
def browsing(chromium: Browser, office: Office, address: str, size: str = "1366×768") -> Iterator[BrowserContext]:
    """Give a browser someone is signed in at; what its pages complain of, and a dialog nobody expects, fail the test."""
    width, height = {**SIZES, **HANDHELD}[size]
    viewport = {"width": width, "height": height}
    touch = {"has_touch": True, "is_mobile": True} if size in HANDHELD else {}
    context = chromium.new_context(viewport=viewport, locale="zh-CN", base_url=address, **touch)  # type: ignore[arg-type]
    token = open_session(office.workspace, office.account.name, via="desk")
    context.add_cookies([{"name": COOKIE, "value": token, "url": address}])
    complaints: list[str] = []

    def watch(page: Page) -> None:
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if "Security Policy" in said.text else None)

    context.on("page", watch)
    yield context
    context.close()
    assert complaints == []


@pytest.fixture
def context(chromium: Browser, house: Office, address: str) -> Iterator[BrowserContext]:
    with browsing(chromium, house, address) as opened:
        yield opened


def begin(page: Page, form: str) -> str:
    """Begin a draft and return its key."""
    page.goto("/fill", wait_until="domcontentloaded")
    page.locator(f'form[action$="{form}"] button').click()
    page.wait_for_url("**/drafts/**", wait_until="domcontentloaded")
    page.locator("#saved").wait_for()
    return page.url.rpartition("/")[2]
