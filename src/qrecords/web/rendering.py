"""The desk's pages: templates, escaped by themselves, and what every page shows."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from functools import cache, partial
from importlib import resources
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse, Response

from qrecords import __version__
from qrecords.model.record import ACTION_LABELS, STATE_LABELS, Action
from qrecords.web.cells import facet_lists, hit_rows, linked, marked, value_text, values_table
from qrecords.web.signedin import form_token
from qrecords.web.wording import worded

if TYPE_CHECKING:
    from qrecords.web.asked import Asked

# The few screens, each with the key that opens it.
SCREENS: tuple[tuple[str, str, str], ...] = (
    ("/", "今日", "1"),
    ("/fill", "填写", "2"),
    ("/review", "审查", "3"),
    ("/search", "检索", "4"),
    ("/records", "台账", "5"),
    ("/scans", "扫描", "6"),
    ("/shelf", "档案架", "7"),
    ("/retention", "保管", "8"),
    ("/reports", "报表", "9"),
    ("/office", "管理", "0"),
)
# What a screen beyond the clerk's is for: who may none of it does not see its name.
PARTS: dict[str, tuple[Action, ...]] = {
    "/": (Action.READ,),
    "/fill": (Action.CREATE, Action.UPDATE),
    "/review": (Action.REVIEW,),
    "/search": (Action.READ,),
    "/records": (Action.READ,),
    "/shelf": (Action.READ,),
    "/reports": (Action.READ, Action.REPORT_READ),
    "/scans": (Action.ATTACH, Action.SIGN),
    "/retention": (
        Action.HOLD, Action.RELEASE, Action.APPRAISE, Action.APPROVE, Action.WITNESS, Action.DESTROY,
    ),
}  # fmt: skip


class Pages:
    """Makes pages; compiled templates are kept."""

    def __init__(self) -> None:
        self._env = _environment()

    def answer(self, asked: Asked, template: str, values: Mapping[str, Any], status: int) -> Response:
        """Return a page for who is signed in."""
        told = asked.request.cookies.get("told", "")
        who = {
            "account": asked.session.account, "office": asked.session.settings.office, "told": _told(told),
            "token": form_token(asked.request), "screens": partial(_screens, asked), "here": asked.request.url.path,
            "today_is": asked.session.today(), "once": secrets.token_hex(16),
        }  # fmt: skip
        response = HTMLResponse(self._env.get_template(template).render({**who, **values}), status)
        if told:
            response.delete_cookie("told", path="/", httponly=True, samesite="strict")
        return response

    def rows(self, macro: str, *given: Any) -> Markup:
        """Return the rows of a list, escaped: what is the same for many askings is made once (`Session.kept`)."""
        rows: Markup = getattr(self._env.get_template("lists.html").module, macro)(*given)
        return rows

    def bare(self, template: str, values: Mapping[str, Any], status: int = 200) -> Response:
        """Return a page for who is not signed in."""
        return HTMLResponse(self._env.get_template(template).render(values), status)


@cache
def _environment() -> Environment:
    """Return what templates are compiled in, once for all desks of a process."""
    made = Environment(
        loader=PackageLoader("qrecords.web"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, auto_reload=False,
    )  # fmt: skip
    made.filters |= {"value": value_text, "moment": moment_text, "marked": marked, "worded": worded, "linked": linked}
    made.globals |= {"states": {s.value: label for s, label in STATE_LABELS.items()}, "static": static_address}
    made.globals |= {"values_table": values_table, "hit_rows": hit_rows, "facet_lists": facet_lists}
    return made


def _screens(asked: Asked) -> list[tuple[str, str, str]]:
    """Return the screens an account has a part in."""
    may = asked.session.allowed_at_all({action for part in PARTS.values() for action in part})
    return [s for s in SCREENS if s[0] not in PARTS or not may.isdisjoint(PARTS[s[0]])]


def static_address(name: str) -> str:
    """Return the address of a file of the pages; another release has another one, so that browsers may keep it."""
    return f"/static/{__version__}/{name}"


def static_folder() -> str:
    """Return where the files of the pages lie."""
    return str(resources.files("qrecords.web") / "static")


def moment_text(moment: str) -> str:
    """Return an RFC 3339 moment as the office's clock shows it."""
    return moment[:16].replace("T", " ")


def action_label(action: str) -> str:
    """Return the word for a step."""
    return ACTION_LABELS.get(Action(action), action)


def _told(cookie: str) -> str:
    try:
        return str(json.loads(cookie)) if cookie else ""
    except ValueError:
        return ""
