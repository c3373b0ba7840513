"""备件: what a year's spare parts may be, proposed by what repairs used; a plan begun with it, or its workbook."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.responses import Response

from qrecords.errors import UsageError
from qrecords.services.intake import drafting
from qrecords.services.spares import SparePlan, plan_file, plan_values, require_spares, spare_plan
from qrecords.stores.given import GivenFile
from qrecords.web.asked import Asked, download
from qrecords.web.pages.scanning import file_name

LARGEST_KEPT = 500_000  # bytes of a list the page carries, so that it need not be chosen again
LISTS = {"stock": "库存清单", "deliveries": "将交付的产品清单"}
KEPT = {"stock": "kept", "deliveries": "kept_deliveries"}
COLUMNS = {"stock": "备件名称、型号、库存、在途、待补", "deliveries": "型号、台数、交付日期"}
EMPTY: Mapping[str, GivenFile | None] = {}


@dataclass(frozen=True, slots=True)
class _Carried:
    """A list the page asks for, and the one it carries from before; the template words it."""

    name: str
    given: GivenFile | None

    @property
    def label(self) -> str:
        """Return how it is called."""
        return LISTS[self.name]

    @property
    def columns(self) -> str:
        """Return which columns it has."""
        return COLUMNS[self.name]

    @property
    def field(self) -> str:
        """Return the name of the field that carries it."""
        return KEPT[self.name]

    @property
    def kept(self) -> str:
        """Return it as the page carries it; "" where it is too large, or none was given."""
        data = self.given.read() if self.given else b""
        return base64.b64encode(data).decode() if len(data) <= LARGEST_KEPT else ""


def ask(asked: Asked) -> Response:
    """Show where months and stock are named."""
    require_spares(asked.session)
    return _page(asked)


def tell(asked: Asked) -> Response:
    """Show what is proposed; or begin a plan with it, or give its workbook."""
    form = require_spares(asked.session)
    given = {name: _given(asked, name) for name in LISTS}
    plan = spare_plan(asked.session, asked.text("until").strip(), given["stock"], given["deliveries"])
    if asked.text("do") == "draft":
        return asked.go(f"/drafts/{drafting.begin(asked.session, form.code, plan_values(form, plan)).key}")
    if asked.text("do") == "workbook":
        name = f"{form.code}-{plan.year}.xlsx"
        return download(name, plan_file(asked.session, plan, name))
    return _page(asked, plan, given)


def _given(asked: Asked, name: str) -> GivenFile | None:
    """Return a list sent, or else the one the page carries."""
    if upload := asked.file(name):
        return GivenFile(file_name(upload.filename or ""), upload.file.read())
    carried, kept = LISTS[name], KEPT[name]
    if not (called := asked.text(f"{kept}_name")):
        return None
    try:
        return GivenFile(file_name(called), base64.b64decode(asked.text(kept), validate=True))
    except ValueError as error:  # no base64, or no letters at all of its alphabet
        raise UsageError(f"页面带着的{carried}不完整", remedy=f"请重新选一次{carried}") from error


def _page(asked: Asked, plan: SparePlan | None = None, given: Mapping[str, GivenFile | None] = EMPTY) -> Response:
    lists = [_Carried(name, given.get(name)) for name in LISTS]
    return asked.page("spares.html", plan=plan, lists=lists, stock=lists[0].given, until=plan.until if plan else "")
