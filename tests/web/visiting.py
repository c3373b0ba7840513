"""Looking at a screen of the desk in a real browser: what it runs, says, its faults at every size, how it prints."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from typing import Any

import pypdfium2
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.web.browsing import SIZES

RUNS_SOMETHING = """(root) => [...(root ?? document).querySelectorAll("script:not([src]):not([type='application/json']), svg, body img:not(.sheet):not(.chart):not([src^='/scans/']):not([src*='/tried.png?'])," +
  "iframe:not([title]), object, embed, [onerror], [onload], [onclick], a[href^='javascript' i]")].map((e) => e.outerHTML)"""
SAID = "document.body.innerText + [...document.querySelectorAll('input, textarea')].map((e) => e.value).join('\\n')"
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
# What of axe hangs on the size of the window; all the rest is asked at the first one.
BY_SIZE = ["scrollable-region-focusable", "meta-viewport"]


@dataclass
class Visit:
    """What was seen of one screen."""

    runs: list[str]
    said: str
    faults: list[Any]
    printed: bytes = b""


def visited(page: Page, where: str, *, whole: bool) -> Visit:
    """Go to a screen and look at it; `whole`: its faults at every size and its paper too."""
    page.goto(where, wait_until="domcontentloaded")
    page.wait_for_timeout(30)
    return seen(page, whole=whole)


def seen(page: Page, *, whole: bool) -> Visit:
    """Look at the screen that is open."""
    visit = Visit(page.evaluate(RUNS_SOMETHING), page.evaluate(SAID), [])
    if not whole:
        return visit
    page.evaluate(Axe().axe_script)
    for n, (size, (width, height)) in enumerate(SIZES.items()):
        page.set_viewport_size({"width": width, "height": height})
        rules = {"runOnly": {"type": "rule", "values": BY_SIZE}} if n else {}
        answer = page.evaluate("(options) => axe.run(options)", {"resultTypes": ["violations"], **rules})
        visit.faults += [
            (size, v["id"], [node["html"][:200] for node in v["nodes"][:3]])
            for v in answer["violations"]
            if v["impact"] in {"serious", "critical"}
        ]
        if (wide := page.evaluate(WIDER)) > 0:
            visit.faults.append((size, f"leaves the window by {wide} pixels", []))
    width, height = SIZES["1366×768"]
    page.set_viewport_size({"width": width, "height": height})
    visit.printed = page.pdf(prefer_css_page_size=True)
    return visit


def printed_text(visit: Visit) -> str:
    """Return the text of a screen's paper without what parts its words."""
    command = ["pdftotext", "-raw", "-", "-"]
    text = subprocess.run(command, input=visit.printed, capture_output=True, check=True).stdout.decode()
    return re.sub(r"\s", "", text)


def paper_of(visit: Visit) -> tuple[int, int, int]:
    """Return of a screen's paper how many pages it has, the first page's coloured points, and how bright its corner is."""
    with pypdfium2.PdfDocument(visit.printed) as document:
        pages, first = len(document), document[0].render(scale=0.5).to_pil().convert("RGB")
    red, green, blue = (band.tobytes() for band in first.split())
    coloured = sum(max(p) - min(p) > 60 for p in zip(red, green, blue, strict=True))
    return pages, coloured, int(first.convert("L").getpixel((2, 2)))  # type: ignore[arg-type]
