"""备件: what a year's spare parts may be, proposed by what repairs used; a plan begun with it, or its workbook."""

from __future__ import annotations

import base64

from starlette.responses import Response

from qrecords.errors import UsageError
from qrecords.services.intake import drafting
from qrecords.services.spares import SparePlan, plan_file, plan_values, require_spares, spare_plan
from qrecords.stores.given import GivenFile
from qrecords.web.asked import Asked, download
from qrecords.web.pages.scanning import file_name

LARGEST_KEPT = 500_000  # bytes of a list of stock the page carries, so that it need not be chosen again


def ask(asked: Asked) -> Response:
    """Show where months and stock are named."""
    require_spares(asked.session)
    return _page(asked)


def tell(asked: Asked) -> Response:
    """Show what is proposed; or begin a plan with it, or give its workbook."""
    form, stock = require_spares(asked.session), _stock(asked)
    plan = spare_plan(asked.session, asked.text("until").strip(), stock)
    if asked.text("do") == "draft":
        return asked.go(f"/drafts/{drafting.begin(asked.session, form.code, plan_values(form, plan)).key}")
    if asked.text("do") == "workbook":
        name = f"{form.code}-{plan.year}.xlsx"
        return download(name, plan_file(asked.session, plan, name))
    return _page(asked, plan, stock)


def _stock(asked: Asked) -> GivenFile | None:
    """Return the list of stock sent, or else the one the page carries."""
    if upload := asked.file("stock"):
        return GivenFile(file_name(upload.filename or ""), upload.file.read())
    if not (name := asked.text("kept_name")):
        return None
    try:
        return GivenFile(file_name(name), base64.b64decode(asked.text("kept"), validate=True))
    except ValueError as error:  # no base64, or no letters at all of its alphabet
        raise UsageError("页面带着的库存清单不完整", remedy="请重新选一次库存清单") from error


def _page(asked: Asked, plan: SparePlan | None = None, stock: GivenFile | None = None) -> Response:
    data = stock.read() if stock else b""
    kept = base64.b64encode(data).decode() if len(data) <= LARGEST_KEPT else ""
    return asked.page("spares.html", plan=plan, stock=stock, kept=kept, until=plan.until if plan else "")
