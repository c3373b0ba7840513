"""Pictures of the desk's screens for the docs, from the demo's office: python -m tools.screenshots [DEMO] [--out DIR].

The pictures are renewed by running it again; a palette keeps each small. Needs Chromium and Playwright (extra dev).
"""

from __future__ import annotations

import argparse
import re
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import uvicorn
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from qrecords.services.administer import open_office
from qrecords.services.demo import make_demo
from qrecords.services.finding.find import list_records
from qrecords.web.app import desk_app
from qrecords.web.serving import listening
from qrecords.web.signedin import Door

OUT = Path(__file__).parents[1] / "docs" / "pictures"
SIZE = {"width": 1366, "height": 768}
COLOURS = 96
VIEWER_MILLISECONDS = 5000  # the browser shows a PDF some time after it has it
LARGEST = 150_000  # bytes


@contextmanager
def desk(root: Path) -> Iterator[str]:
    """Serve an office and give the link that lets in."""
    with closing(open_office(root)) as office:
        door = Door(office.workspace, link_account=office.account.name)
        place = listening("127.0.0.1", 0)
        app = desk_app(door, hosts={"127.0.0.1"})
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [place]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{place.getsockname()[1]}/in?key={door.key}"
        server.should_exit = True
        thread.join(10)


def screens(page: Page, root: Path) -> Iterator[str]:
    """Go through the screens; each name is given when its screen is ready to be taken."""
    with closing(open_office(root)) as office:
        filed = [r for r in list_records(office, form_code="06A") if r.state in {"filed", "bound"}]
        register = list_records(office, form_code="10A")[-1]
    number = filed[0].record_no
    yield "today"
    ready = page.locator("form:has([data-needs-tick]) input[name=number]:not(:disabled)")
    if ready.count():  # so that something waits for review
        ready.first.check()
        page.get_by_role("button", name="提交选中的").click()
    page.goto("/fill")
    page.get_by_role("button", name=re.compile("^维修服务报告")).first.click()
    page.wait_for_url("**/drafts/**")
    page.locator("[name=fault_symptom]").fill("示例：开机后功放无输出，指示灯不亮")
    page.locator("[name=finished_on]").fill("2月30日")
    page.locator("[name=finished_on]").press("Tab")
    _printed(page)
    yield "draft"
    page.goto(f"/fill/{register.form_code}/months/{register.date[:7]}")
    yield "month"
    page.goto("/review")
    _printed(page)
    yield "review"
    page.goto("/search?q=功放")
    yield "search"
    page.goto("/search?q=功放&form=06A")
    page.goto(page.locator(".look").first.get_attribute("href") or "/")
    yield "page"
    page.goto(f"/records/{number}")
    _printed(page)
    yield "record"
    page.goto("/shelf")
    yield "shelf"


def _printed(page: Page) -> None:
    """Wait until the page printed beside is there."""
    page.wait_for_timeout(1500)
    printing = page.locator("#printing")
    while printing.count() and printing.inner_text():
        page.wait_for_timeout(300)
    page.wait_for_timeout(VIEWER_MILLISECONDS)


def take(root: Path, out: Path, chromium: str) -> list[Path]:
    """Take all pictures; returns them."""
    out.mkdir(parents=True, exist_ok=True)
    made = []
    with desk(root) as entrance, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        base = entrance.partition("/in?")[0]
        page = browser.new_context(viewport=SIZE, locale="zh-CN", base_url=base).new_page()  # type: ignore[arg-type]
        page.goto(entrance)
        for name in screens(page, root):
            target = out / f"{name}.png"
            page.wait_for_timeout(400)
            page.screenshot(path=target, animations="disabled", caret="hide")
            _small(target)
            made.append(target)
        browser.close()
    return made


def _small(path: Path) -> None:
    """Bring a picture into a palette, so that it weighs little."""
    with Image.open(path) as picture:
        small = picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    small.save(path, optimize=True)
    if path.stat().st_size > LARGEST:
        raise SystemExit(f"{path} is larger than {LARGEST} bytes")


def main() -> None:
    """Take the pictures of a given demo's office, or of one made for it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("demo", nargs="?", type=Path, help="a demo's office there already")
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        raise SystemExit("no Chromium is installed (tools/system-packages.sh)")
    with tempfile.TemporaryDirectory() as folder:
        root = given.demo or Path(folder) / "demo"
        if given.demo is None:
            make_demo(root)
        for path in take(root, given.out, chromium):
            print(path)


if __name__ == "__main__":
    main()
