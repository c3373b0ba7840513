"""Pages made to be looked at: one at a time, since LibreOffice takes a core; the last ones are kept."""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from collections.abc import Mapping
from threading import Lock
from typing import Any

from qrecords.desk.session import Session
from qrecords.stores.given import GivenFile

KEPT = 64  # pages of some 50 kB


class Printer:
    """Makes previews for all sessions of the desk; the same values of the same template give the page kept."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._guard, self._at_work = Lock(), Lock()

    def page(
        self, session: Session, form_code: str, values: Mapping[str, Any], template: GivenFile | None = None
    ) -> bytes:
        """Return the PDF of values; `template`: one tried instead. MissingProgram without LibreOffice."""
        from qrecords.services.intake.preview import preview  # takes time, and the server starts without

        if template is not None:
            with self._at_work:
                return preview(session, form_code, values, template)
        key = _key(session, form_code, values)
        if (known := self._known(key)) is not None:
            return known
        with self._at_work:
            if (known := self._known(key)) is None:  # another tab asked for it meanwhile
                known = preview(session, form_code, values)
                with self._guard:
                    self._kept[key] = known
                    while len(self._kept) > KEPT:
                        self._kept.popitem(last=False)
        return known

    def _known(self, key: str) -> bytes | None:
        with self._guard:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)


def _key(session: Session, form_code: str, values: Mapping[str, Any]) -> str:
    template = session.forms.get(form_code).template_sha256
    text = json.dumps([form_code, template, values], ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
