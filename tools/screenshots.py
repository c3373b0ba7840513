"""Pictures of the desk's screens, from the demo's office: python -m tools.screenshots [DEMO] [--out DIR] [--every DIR].

Those of the docs are renewed by running it again; a palette keeps each small. With --every each screen is taken whole
at each size into a folder, to be looked at. Needs Chromium and Playwright (extra dev).
"""

from __future__ import annotations

import argparse
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from qrecords.office import Office
from qrecords.services.administer import open_office
from qrecords.services.demo import make_demo
from qrecords.services.finding.find import list_records
from qrecords.web.signedin import Door
from tests.web.browsing import served
from tools.pictured import BACKUP, destroyed, furnish, years_later

OUT = Path(__file__).parents[1] / "docs" / "pictures"
COLOURS = 96
VIEWER_MILLISECONDS = 5000  # the browser shows a PDF some time after it has it
LARGEST = 150_000  # bytes
SIZES = {"desk": (1366, 768), "wide": (1920, 1080), "phone": (390, 844)}
TALLEST = 3000  # pixels of a whole screen that are taken


@contextmanager
def desk(office: Office) -> Iterator[str]:
    """Serve an office and give the link that lets in who opened it."""
    door = Door(office.workspace, link_account=office.account.name)
    with served(office, door=door) as address:
        yield f"{address}/in?key={door.key}"


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


def _entered(browser: Browser, entrance: str, size: tuple[int, int]) -> Page:
    """Return a page of somebody who has come in by the link."""
    width, height = size
    base = entrance.partition("/in?")[0]
    page = browser.new_context(viewport={"width": width, "height": height}, locale="zh-CN", base_url=base).new_page()
    page.goto(entrance)
    return page


def _kept(page: Page, target: Path) -> Path:
    page.wait_for_timeout(400)
    page.screenshot(path=target, animations="disabled", caret="hide")
    _small(target)
    return target


def take(root: Path, out: Path, browser: Browser, folder: Path) -> Iterator[Path]:
    """Take the pictures of the docs; gives each."""
    out.mkdir(parents=True, exist_ok=True)
    with years_later(root, folder) as later, desk(later.office) as entrance:
        page = _entered(browser, entrance, SIZES["desk"])
        page.goto(f"/retention/lists/{later.number}")
        yield _kept(page, out / "destruction.png")
        destroyed(later)
        page.goto(f"/office/backups/{quote(BACKUP)}")
        yield _kept(page, out / "backup.png")
    with closing(open_office(root)) as office, desk(office) as entrance:
        page = _entered(browser, entrance, SIZES["desk"])
        for name in screens(page, root):
            yield _kept(page, out / f"{name}.png")


def take_every(root: Path, out: Path, browser: Browser, folder: Path) -> Iterator[Path]:
    """Take every screen, whole, at each size; gives each picture."""
    place = shutil.copytree(root, folder / "每一页")
    addresses = furnish(place)
    with closing(open_office(place)) as office, desk(office) as entrance:
        page = _entered(browser, entrance, SIZES["desk"])
        for size, (width, height) in SIZES.items():
            (out / size).mkdir(parents=True, exist_ok=True)
            for name, address in {**addresses, "login": "/login", "password": "/password"}.items():
                page.set_viewport_size({"width": width, "height": height})
                page.goto(address)
                page.wait_for_timeout(800)
                tall = min(TALLEST, max(height, page.evaluate("document.documentElement.scrollHeight")))
                page.set_viewport_size({"width": width, "height": tall})
                target = out / size / f"{name}.png"
                page.screenshot(path=target, animations="disabled", caret="hide")
                yield target


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
    parser.add_argument("--every", type=Path, metavar="DIR", help="take every screen at each size into DIR instead")
    given = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        raise SystemExit("no Chromium is installed (tools/system-packages.sh)")
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        root = given.demo or folder / "demo"
        if given.demo is None:
            make_demo(root)
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        made = take_every(root, given.every, browser, folder) if given.every else take(root, given.out, browser, folder)
        for path in made:
            print(path, flush=True)
        browser.close()


if __name__ == "__main__":
    main()
