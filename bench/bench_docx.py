"""How fast documents are filled: against plain docxtpl, and against the least that must be done.

python -m bench.bench_docx [--records N] [--runs R]

Prints medians and the two ratios; ratios hold from machine to machine, milliseconds do not. Ends with status 1 when
filling is less than 15 times as fast as a docxtpl loop, or takes more than 3 times the bare limit.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import jinja2
from docxtpl import DocxTemplate

from qrecords.render.context import form_context
from qrecords.render.docx import Template
from qrecords.render.zips import join, pack
from qrecords.stores.formfiles import FormCatalogue

FORMS = Path(__file__).resolve().parents[1] / "forms" / "QR758"
FASTER_THAN_DOCXTPL, TIMES_THE_LIMIT = 15.0, 3.0


def contexts(count: int) -> tuple[bytes, list[dict[str, Any]]]:
    folder = FormCatalogue(FORMS).get("06A")
    present = folder.form.check(folder.sample()).values
    made = []
    for number in range(count):
        text = f"示例故障 {number}:开机后功放过热,<电流> & 电压异常。\n更换电源模块后恢复。" * 3
        head = {"org_name": "示例公司", "record_no": f"QR758-06A-2026-{number:05d}", "form_title": folder.form.title}
        made.append(form_context(folder.form, {**present, "fault_symptom": text}, head))
    return folder.template.read_bytes(), made


def docxtpl_loop(data: bytes, values: list[dict[str, Any]]) -> None:
    for value in values:
        template = DocxTemplate(BytesIO(data))
        template.render(value, jinja2.Environment(undefined=jinja2.StrictUndefined), autoescape=True)
        template.save(BytesIO())


def ours(data: bytes) -> Callable[[list[dict[str, Any]]], None]:
    template = Template.load(data)

    def loop(values: list[dict[str, Any]]) -> None:
        for value in values:
            template.render(value)

    return loop


def bare_limit(data: bytes) -> Callable[[list[dict[str, Any]]], None]:
    """Plain compiled Jinja on the parts with tags, and a zip of them beside parts compressed beforehand."""
    docx = DocxTemplate(BytesIO(data))
    docx.init_docx()
    env = jinja2.Environment(autoescape=True)
    sources = {"word/document.xml": docx.get_xml()}
    for uri in (docx.HEADER_URI, docx.FOOTER_URI):
        for _, part in docx.get_headers_footers(uri):
            sources[str(part.partname).lstrip("/")] = docx.get_part_xml(part)
    compiled = {name: env.from_string(docx.patch_xml(source)) for name, source in sources.items()}
    with zipfile.ZipFile(BytesIO(data)) as archive:
        fixed = [pack(n, archive.read(n)) for n in archive.namelist() if n not in compiled]

    def loop(values: list[dict[str, Any]]) -> None:
        for value in values:
            join([*fixed, *(pack(n, t.render(value).encode()) for n, t in compiled.items())])

    return loop


def seconds(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--records", type=int, default=200)
    arguments.add_argument("--runs", type=int, default=5)
    chosen = arguments.parse_args()
    data, values = contexts(chosen.records)
    few = values[: max(10, chosen.records // 10)]
    fill, limit = ours(data), bare_limit(data)
    fill(few), limit(few)
    rows = []
    for _ in range(chosen.runs):  # the three in turn, so that a busy moment meets them all
        plain = seconds(lambda: docxtpl_loop(data, few)) / len(few)
        own = seconds(lambda: fill(values)) / len(values)
        least = seconds(lambda: limit(values)) / len(values)
        rows.append((plain, own, least, plain / own, own / least))
    plain, own, least, faster, above = (statistics.median(column) for column in zip(*rows, strict=True))
    print(f"docxtpl {plain * 1e3:.2f} ms, filled {own * 1e3:.2f} ms, bare limit {least * 1e3:.2f} ms a document")
    print(f"{faster:.1f} times as fast as docxtpl (at least {FASTER_THAN_DOCXTPL:g})")
    print(f"{above:.2f} times the bare limit (at most {TIMES_THE_LIMIT:g})")
    return 0 if faster >= FASTER_THAN_DOCXTPL and above <= TIMES_THE_LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
